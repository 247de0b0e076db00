/* Checking: documents whose samples are lost go to `abortions`, whole, with the reason. */
#include "store/check.h"

#include "store/backend.h"
#include "store/room.h"

#include <stdlib.h>
#include <string.h>

/* What is made here for one document: a bson_t lies at 128 bytes. */
struct boxed {
	bson_t doc;
};

/* The same for the same document, so that what was interrupted is not buried twice; and none of another collection's. */
static int grave_id(struct msp_check *c, const char *collection, const bson_iter_t *id, bson_oid_t *out)
{
	struct msp_bytes text = {0};
	struct msp_id hash;
	int r = msp_value_hash(id, &c->key, &hash) || msp_bytes_append(&text, "abortion", 9) || msp_bytes_append(&text, collection, strlen(collection) + 1) ||
	        msp_bytes_append(&text, hash.byte, sizeof(hash.byte));

	if (!r) {
		hash = msp_id_hash(text.data, text.len);
		memcpy(out->bytes, hash.byte, sizeof(out->bytes));
	}
	msp_bytes_free(&text);
	return r ? msp_check_memory(c) : MSP_OK;
}

/* As MsPASS writes an error log. */
static bool add_log(bson_t *out, const char *why)
{
	bson_t list, entry;

	return bson_append_array_begin(out, "logdata", 7, &list) && bson_append_document_begin(&list, "0", 1, &entry) &&
	       bson_append_int32(&entry, "job_id", 6, 0) && bson_append_utf8(&entry, "algorithm", 9, "msdb", 4) &&
	       bson_append_utf8(&entry, "badness", 7, "ErrorSeverity.Invalid", -1) &&
	       bson_append_utf8(&entry, "error_message", 13, why, -1) && bson_append_int32(&entry, "process_id", 10, 0) &&
	       bson_append_document_end(&list, &entry) && bson_append_array_end(out, &list);
}

static int grave(struct msp_check *c, const char *collection, const bson_t *doc, const char *why, bson_t *out)
{
	const char *type = strcmp(collection, "wf_Seismogram") == 0 || bson_has_field(doc, "tmatrix") ? "Seismogram" : "TimeSeries";
	bson_iter_t id, tag;
	bson_oid_t oid;
	bson_t own;
	int r;

	bson_init(out);
	if (!bson_iter_init_find(&id, doc, "_id"))
		return msp_error_set(c->err, MSP_CORRUPT, "%s: %s: a document without _id", msp_store_name(c->store), collection);
	r = grave_id(c, collection, &id, &oid);
	if (r != MSP_OK)
		return r;
	if (!bson_append_oid(out, "_id", 3, &oid) || !bson_append_document(out, "tombstone", 9, doc) || !bson_append_utf8(out, "type", 4, type, -1) ||
	    !add_log(out, why) || !bson_append_document_begin(out, "msp", 3, &own) || !bson_append_utf8(&own, "collection", 10, collection, -1) ||
	    !bson_append_document_end(out, &own))
		return msp_check_memory(c);
	if (bson_iter_init_find(&tag, doc, "data_tag") && BSON_ITER_HOLDS_UTF8(&tag) && !bson_append_iter(out, "data_tag", 8, &tag))
		return msp_check_memory(c);
	return MSP_OK;
}

static int move(struct msp_check *c, const char *collection, const bson_t *const *graves, size_t n, const bson_t *ids)
{
	bson_t filter;
	uint64_t removed = 0;
	int r = msp_store_upsert(c->store, "abortions", graves, n, NULL, c->err);

	if (r != MSP_OK)
		return r;
	r = msp_filter_in(c, "_id", ids, &filter);
	if (r == MSP_OK)
		r = msp_store_delete(c->store, collection, &filter, &removed, c->err);
	c->totals->fixed[MSP_FIND_NO_SAMPLES] += removed;
	bson_destroy(&filter);
	return r;
}

int msp_check_bury(struct msp_check *c, const char *collection, bson_t **doc, char *const *why, size_t n)
{
	struct boxed *made = msp_room((n + 1) * sizeof(*made));
	const bson_t **graves = calloc(n + 1, sizeof(*graves));
	bson_t ids = BSON_INITIALIZER;
	uint32_t listed = 0;
	size_t k = 0;
	int r = made && graves ? MSP_OK : msp_check_memory(c);

	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		struct msp_error none = {0};
		bson_iter_t id;
		bool has_id;

		/* One that is damaged itself, a string that is no UTF-8, say, cannot be moved as it is: it stays. */
		if (!why[i] || msp_document_check(doc[i], true, &has_id, &none) != MSP_OK)
			continue;
		graves[k] = &made[k].doc;
		r = grave(c, collection, doc[i], why[i], &made[k++].doc);
		if (r == MSP_OK && (!bson_iter_init_find(&id, doc[i], "_id") || !msp_array_add(&ids, &listed, &id)))
			r = msp_check_memory(c);
	}
	if (r == MSP_OK && k > 0)
		r = move(c, collection, graves, k, &ids);
	while (k > 0)
		bson_destroy(&made[--k].doc);
	bson_destroy(&ids);
	free(graves);
	free(made);
	return r;
}
