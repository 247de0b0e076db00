/* Several stores made into one: what says that this is not complete yet. A document of `msp_saves`, as a save has one. */
#include "store/merge.h"

#include <string.h>

/* The same for the same merge, so that doing it again ends it. */
int msp_merge_mark(struct msp_merge *m)
{
	struct msp_bytes text = {0};
	struct msp_id hash;
	int r = msp_text_append(&text, "msdb merge ") || msp_text_append(&text, msp_store_name(m->from));

	if (!r) {
		hash = msp_id_hash(text.data, text.len);
		memcpy(m->hold.id.bytes, hash.byte, sizeof(m->hold.id.bytes));
	}
	msp_bytes_free(&text);
	return r ? msp_merge_memory(m) : MSP_OK;
}

static bool by_mark(struct msp_merge *m, const char *key, bson_t *filter)
{
	bson_init(filter);
	return bson_append_oid(filter, key, -1, &m->hold.id);
}

int msp_merge_marked(struct msp_merge *m, bool *out)
{
	uint64_t n = 0;
	bson_t filter;
	int r = by_mark(m, "_id", &filter) ? msp_store_count(m->to, MSP_SAVES, &filter, &n, m->err) : msp_merge_memory(m);

	bson_destroy(&filter);
	*out = n > 0;
	return r;
}

int msp_merge_begin(struct msp_merge *m, const bson_t *collections)
{
	bson_t keys = BSON_INITIALIZER;
	int r;

	m->hold.shared = true; /* the same merge may be made twice at once */
	if (bson_append_array(&keys, "collections", 11, collections) && bson_append_bool(&keys, "documents", 9, true) &&
	    bson_append_utf8(&keys, "tool", 4, "msdb merge", -1) && bson_append_utf8(&keys, "from", 4, msp_store_name(m->from), -1))
		r = msp_hold_begin(&m->hold, m->to, &keys, m->err);
	else
		r = msp_merge_memory(m);
	bson_destroy(&keys);
	return r;
}

int msp_merge_putting(struct msp_merge *m, bson_t *const *doc, size_t n)
{
	bson_t set = BSON_INITIALIZER, list;
	bson_iter_t id;
	bool ok = bson_append_array_begin(&set, "putting", 7, &list);

	for (size_t i = 0; ok && i < n; i++) {
		char buf[16];
		const char *key;
		size_t len = bson_uint32_to_string((uint32_t)i, &key, buf, sizeof(buf));

		ok = bson_iter_init_find(&id, doc[i], "_id") && bson_append_iter(&list, key, (int)len, &id);
	}
	if (ok && bson_append_array_end(&set, &list))
		return msp_hold_set(&m->hold, &set, m->err);
	bson_destroy(&set);
	return msp_merge_memory(m);
}

/* Everything is there: the files are as they were, and nothing stands for the merge any more. */
int msp_merge_end(struct msp_merge *m)
{
	bson_t filter, update = BSON_INITIALIZER, unset;
	int r;

	if (by_mark(m, "msp_save", &filter) && bson_append_document_begin(&update, "$unset", 6, &unset) &&
	    bson_append_utf8(&unset, "msp_save", 8, "", 0) && bson_append_document_end(&update, &unset))
		r = msp_store_update(m->to, "fs.files", &filter, &update, 0, NULL, m->err);
	else
		r = msp_merge_memory(m);
	bson_destroy(&filter);
	bson_destroy(&update);
	if (r != MSP_OK)
		return r;
	r = by_mark(m, "_id", &filter) ? msp_store_delete(m->to, MSP_SAVES, &filter, NULL, m->err) : msp_merge_memory(m);
	bson_destroy(&filter);
	return r;
}
