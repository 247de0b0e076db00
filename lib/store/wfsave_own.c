/* Documents of waveforms, written by somebody who holds what they name: files that are there, and are his. */
#include "store/wfsave.h"

#include "store/backend.h"
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

/* The files among ids that are there are this save's from now on, and no other's to remove. */
static int take_over(struct msp_hold *h, const bson_oid_t *ids, size_t n, struct msp_error *err)
{
	bson_t filter, update = BSON_INITIALIZER, set = BSON_INITIALIZER, other = BSON_INITIALIZER;
	int r;

	if (msp_ids_among(&filter, "_id", ids, n) && BSON_APPEND_OID(&other, "$ne", &h->id) && BSON_APPEND_DOCUMENT(&filter, "msp_save", &other) &&
	    BSON_APPEND_OID(&set, "msp_save", &h->id) && BSON_APPEND_DOCUMENT(&update, "$set", &set))
		r = msp_store_update(h->store, MSP_GRIDFS_FILES, &filter, &update, 0, NULL, err);
	else
		r = msp_wf_nomem(err);
	bson_destroy(&filter);
	bson_destroy(&update);
	bson_destroy(&set);
	bson_destroy(&other);
	return r;
}

static size_t files_of(const bson_t *const *docs, size_t n, bson_oid_t *ids)
{
	bson_iter_t it;
	size_t k = 0;

	for (size_t i = 0; i < n && i < MSP_STORE_BATCH; i++)
		if (bson_iter_init_find(&it, docs[i], "gridfs_id") && BSON_ITER_HOLDS_OID(&it))
			bson_oid_copy(bson_iter_oid(&it), &ids[k++]);
	return distinct(ids, k);
}

/* So are those that these documents name. MSP_FAIL: some are gone. */
static int own(struct msp_save *v, const bson_t *const *docs, size_t n, struct msp_error *err)
{
	bson_oid_t ids[MSP_STORE_BATCH];
	size_t k = files_of(docs, n, ids);
	uint64_t there = 0;
	int r = take_over(&v->hold, ids, k, err);
	bson_t filter;

	if (r != MSP_OK)
		return r;
	r = msp_ids_among(&filter, "_id", ids, k) ? msp_store_count(v->store, MSP_GRIDFS_FILES, &filter, &there, err) : msp_wf_nomem(err);
	bson_destroy(&filter);
	if (r == MSP_OK && there != k)
		r = msp_error_set(err, MSP_FAIL, "%s: samples of %llu objects were removed by somebody else meanwhile: save again",
		                  msp_store_name(v->store), (unsigned long long)(k - there));
	return r;
}

/* ---- declared dead ----------------------------------------------------- */

int msp_saves_strand(struct msp_save *v, struct msp_error *err)
{
	bson_t keys = BSON_INITIALIZER, filter = BSON_INITIALIZER, update = BSON_INITIALIZER, set = BSON_INITIALIZER;
	bson_oid_t old = v->hold.id, ids[MSP_WF_BATCH];
	size_t n = 0;
	int r;

	for (size_t i = 0; i < v->batch.n; i++)
		if (!v->batch.waiting[i].there)
			ids[n++] = v->batch.waiting[i].file;
	memset(&v->hold, 0, sizeof(v->hold));
	bson_oid_init(&v->hold.id, NULL);
	msp_saves_describe(&v->options, &keys);
	msp_saves_list(&keys, ids, n);
	BSON_APPEND_BOOL(&keys, "documents", true);
	r = msp_hold_begin(&v->hold, v->store, &keys, err);
	v->begun = r == MSP_OK;
	v->committing = false; /* what no document names is to be removed */
	if (r == MSP_OK)
		r = BSON_APPEND_OID(&filter, "msp_save", &old) && BSON_APPEND_OID(&set, "msp_save", &v->hold.id) && BSON_APPEND_DOCUMENT(&update, "$set", &set)
		            ? msp_store_update(v->store, MSP_GRIDFS_FILES, &filter, &update, 0, NULL, err)
		            : msp_wf_nomem(err);
	bson_destroy(&keys);
	bson_destroy(&filter);
	bson_destroy(&update);
	bson_destroy(&set);
	return r;
}

/* Of these documents, those whose samples are gone go too. */
static int take_back(struct msp_save *v, uint8_t where, const bson_t *const *docs, size_t n, struct msp_error *err)
{
	bson_oid_t ids[MSP_STORE_BATCH];
	size_t k = files_of(docs, n, ids);
	int r = take_over(&v->hold, ids, k, err);

	for (size_t at = 0; r == MSP_OK && at < k; at += TOGETHER) {
		bson_oid_t gone[TOGETHER];
		size_t m = k - at < TOGETHER ? k - at : TOGETHER;
		bson_t filter;

		memcpy(gone, ids + at, m * sizeof(*ids));
		r = msp_files_missing(v->store, gone, &m, err);
		if (r != MSP_OK || m == 0)
			continue;
		r = msp_ids_among(&filter, "gridfs_id", gone, m) ? msp_store_delete(v->store, msp_save_place(v, where), &filter, NULL, err) : msp_wf_nomem(err);
		bson_destroy(&filter);
	}
	return r;
}

/* Writing took so long that this save may have been declared dead between the last look and the writing. */
static int look_again(struct msp_save *v, uint8_t where, const bson_t *const *docs, size_t n, struct msp_error *err)
{
	int r = msp_hold_set(&v->hold, NULL, err);

	if (v->hold.lost && msp_saves_strand(v, NULL) == MSP_OK && take_back(v, where, docs, n, NULL) != MSP_OK)
		v->committing = true; /* nothing is taken away where it is not known what is there */
	return r;
}

/* ---- writing documents ------------------------------------------------- */

int msp_saves_write(struct msp_save *v, uint8_t where, const bson_t *const *docs, size_t n, struct msp_error *err)
{
	int r = msp_store_begin(v->store, err);

	if (r != MSP_OK)
		return r;
	r = msp_hold_set(&v->hold, NULL, err);
	if (r == MSP_OK)
		r = own(v, docs, n, err);
	if (r == MSP_OK)
		r = msp_store_upsert(v->store, msp_save_place(v, where), docs, n, NULL, err);
	if (r == MSP_OK)
		r = msp_store_commit(v->store, err);
	else
		msp_store_rollback(v->store);
	if (!v->hold.lost && msp_hold_late(&v->hold) && !v->store->backend->begin)
		return look_again(v, where, docs, n, r == MSP_OK ? err : NULL) == MSP_OK ? r : r == MSP_OK ? MSP_FAIL : r;
	return r;
}

/* Files with samples of the same objects, n of them at most. */
static int find_gridfs(struct msp_save *v, uint8_t where, const bson_t *const *docs, size_t n, bson_oid_t *found, size_t *m, struct msp_error *err)
{
	bson_oid_t ids[TOGETHER];
	bson_t filter;
	size_t k = 0;
	int r;

	for (size_t i = 0; i < n; i++) {
		bson_iter_t it, id;
		struct msp_id object;

		if (bson_iter_init(&it, docs[i]) && bson_iter_find_descendant(&it, "msp.id", &id) && BSON_ITER_HOLDS_UTF8(&id) &&
		    msp_id_parse(bson_iter_utf8(&id, NULL), &object) == MSP_OK)
			msp_wf_oid("fs.files", object, msp_save_place(v, where), v->options.tag, &ids[k++]);
	}
	r = msp_ids_among(&filter, "_id", ids, k) ? msp_ids_of(v->store, MSP_GRIDFS_FILES, &filter, "_id", found, m, err) : msp_wf_nomem(err);
	bson_destroy(&filter);
	return r;
}

/* Samples that lie in GridFS become this save's first, and go last: they are never missing, and never nobody's. */
static int write_some(struct msp_save *v, uint8_t where, const bson_t *const *docs, size_t n, struct msp_error *err)
{
	bson_oid_t found[TOGETHER];
	size_t m = 0;
	int r = find_gridfs(v, where, docs, n, found, &m, err);

	if (r == MSP_OK)
		r = msp_saves_putting(&v->hold, found, m, false, err);
	if (r == MSP_OK && m > 0)
		r = take_over(&v->hold, found, m, err);
	if (r == MSP_OK)
		r = msp_store_upsert(v->store, msp_save_place(v, where), docs, n, NULL, err);
	return r == MSP_OK && m > 0 ? msp_files_remove(&v->hold, found, m, err) : r;
}

int msp_saves_write_named(struct msp_save *v, uint8_t where, const bson_t *const *docs, size_t n, struct msp_error *err)
{
	int r = MSP_OK;

	for (size_t at = 0; r == MSP_OK && at < n; at += TOGETHER)
		r = write_some(v, where, docs + at, n - at < TOGETHER ? n - at : TOGETHER, err);
	return r;
}
