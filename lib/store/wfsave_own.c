/* Files that documents are about to name: are they there, and whose are they. */
#include "store/wfsave.h"

#include "store/gridfs.h"

#include <stdlib.h>
#include <string.h>

#define TOGETHER MSP_WF_TOGETHER

static int by_bytes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(bson_oid_t));
}

/* Sorts, and keeps one of each. */
static size_t distinct(bson_oid_t *ids, size_t n)
{
	size_t k = 0;

	qsort(ids, n, sizeof(*ids), by_bytes);
	for (size_t i = 0; i < n; i++)
		if (k == 0 || !bson_oid_equal(&ids[k - 1], &ids[i]))
			ids[k++] = ids[i];
	return k;
}

static int take_over(struct msp_store *s, const bson_oid_t *id, const bson_oid_t *ids, size_t n, struct msp_error *err)
{
	bson_t filter, update = BSON_INITIALIZER, set = BSON_INITIALIZER, other = BSON_INITIALIZER;
	int r;

	if (msp_ids_among(&filter, "_id", ids, n) && BSON_APPEND_OID(&other, "$ne", id) && BSON_APPEND_DOCUMENT(&filter, "msp_save", &other) &&
	    BSON_APPEND_OID(&set, "msp_save", id) && BSON_APPEND_DOCUMENT(&update, "$set", &set))
		r = msp_store_update(s, MSP_GRIDFS_FILES, &filter, &update, 0, NULL, err);
	else
		r = msp_wf_nomem(err);
	bson_destroy(&filter);
	bson_destroy(&update);
	bson_destroy(&set);
	bson_destroy(&other);
	return r;
}

int msp_saves_own(struct msp_store *s, const bson_oid_t *id, const bson_t *const *docs, size_t n, struct msp_error *err)
{
	bson_oid_t ids[MSP_STORE_BATCH];
	bson_iter_t it;
	bson_t filter;
	uint64_t there = 0;
	size_t k = 0;
	int r;

	for (size_t i = 0; i < n && i < MSP_STORE_BATCH; i++)
		if (bson_iter_init_find(&it, docs[i], "gridfs_id") && BSON_ITER_HOLDS_OID(&it))
			bson_oid_copy(bson_iter_oid(&it), &ids[k++]);
	k = distinct(ids, k);
	r = take_over(s, id, ids, k, err);
	if (r != MSP_OK)
		return r;
	r = msp_ids_among(&filter, "_id", ids, k) ? msp_store_count(s, MSP_GRIDFS_FILES, &filter, &there, err) : msp_wf_nomem(err);
	bson_destroy(&filter);
	if (r == MSP_OK && there != k)
		r = msp_error_set(err, MSP_FAIL, "%s: samples of %llu objects were removed by somebody else meanwhile: save again", msp_store_name(s),
		                  (unsigned long long)(k - there));
	return r;
}

int msp_saves_drop_gridfs(struct msp_save *v, int where, const bson_t *const *docs, size_t n, struct msp_error *err)
{
	bson_oid_t ids[TOGETHER], found[TOGETHER];
	int r = MSP_OK;

	for (size_t i = 0; r == MSP_OK && i < n;) {
		size_t k = 0, m = 0;
		bson_t filter;

		for (; i < n && k < TOGETHER; i++) {
			bson_iter_t it, id;
			struct msp_id object;

			if (bson_iter_init(&it, docs[i]) && bson_iter_find_descendant(&it, "msp.id", &id) && BSON_ITER_HOLDS_UTF8(&id) &&
			    msp_id_parse(bson_iter_utf8(&id, NULL), &object) == MSP_OK)
				msp_wf_oid("fs.files", object, msp_save_place(v, where), v->options.tag, &ids[k++]);
		}
		r = msp_ids_among(&filter, "_id", ids, k) ? msp_ids_of(v->store, MSP_GRIDFS_FILES, &filter, "_id", found, &m, err) : msp_wf_nomem(err);
		bson_destroy(&filter);
		if (r == MSP_OK && m > 0)
			r = msp_saves_set_putting(v->store, &v->id, found, m, false, err);
		if (r == MSP_OK && m > 0)
			r = msp_files_remove(v->store, found, m, err);
	}
	return r;
}
