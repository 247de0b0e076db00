/* Several stores made into one: what says that this is not complete yet. A document of `msp_saves`, as a save has one. */
#include "store/merge.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAVES "msp_saves"

static double now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The same for the same merge, so that doing it again ends it. */
int msp_merge_mark(struct msp_merge *m)
{
	struct msp_bytes text = {0};
	struct msp_id hash;
	int r = msp_text_append(&text, "msdb merge ") || msp_text_append(&text, msp_store_name(m->from));

	if (!r) {
		hash = msp_id_hash(text.data, text.len);
		memcpy(m->mark.bytes, hash.byte, sizeof(m->mark.bytes));
	}
	msp_bytes_free(&text);
	return r ? msp_merge_memory(m) : MSP_OK;
}

static bool by_mark(struct msp_merge *m, const char *key, bson_t *filter)
{
	bson_init(filter);
	return bson_append_oid(filter, key, -1, &m->mark);
}

int msp_merge_marked(struct msp_merge *m, bool *out)
{
	uint64_t n = 0;
	bson_t filter;
	int r = by_mark(m, "_id", &filter) ? msp_store_count(m->to, SAVES, &filter, &n, m->err) : msp_merge_memory(m);

	bson_destroy(&filter);
	*out = n > 0;
	return r;
}

int msp_merge_begin(struct msp_merge *m, const bson_t *collections)
{
	bson_t doc = BSON_INITIALIZER;
	const bson_t *docs[1] = {&doc};
	char host[256] = "";
	int r;

	if (gethostname(host, sizeof(host) - 1) != 0)
		host[0] = '\0';
	if (bson_append_oid(&doc, "_id", 3, &m->mark) && bson_append_double(&doc, "began", 5, now()) && bson_append_double(&doc, "beat", 4, now()) &&
	    bson_append_utf8(&doc, "stage", 5, "samples", -1) && bson_append_utf8(&doc, "host", 4, host, -1) &&
	    bson_append_int32(&doc, "pid", 3, (int32_t)getpid()) && bson_append_array(&doc, "collections", 11, collections) &&
	    bson_append_bool(&doc, "documents", 9, true) && bson_append_utf8(&doc, "tool", 4, "msdb merge", -1) &&
	    bson_append_utf8(&doc, "from", 4, msp_store_name(m->from), -1))
		r = msp_store_upsert(m->to, SAVES, docs, 1, NULL, m->err);
	else
		r = msp_merge_memory(m);
	bson_destroy(&doc);
	return r;
}

int msp_merge_putting(struct msp_merge *m, bson_t *const *doc, size_t n)
{
	bson_t filter, update = BSON_INITIALIZER, set, list;
	bson_iter_t id;
	bool ok;
	int r;

	ok = by_mark(m, "_id", &filter) && bson_append_document_begin(&update, "$set", 4, &set) && bson_append_double(&set, "beat", 4, now()) &&
	     bson_append_array_begin(&set, "putting", 7, &list);
	for (size_t i = 0; ok && i < n; i++) {
		char buf[16];
		const char *key;
		size_t len = bson_uint32_to_string((uint32_t)i, &key, buf, sizeof(buf));

		ok = bson_iter_init_find(&id, doc[i], "_id") && bson_append_iter(&list, key, (int)len, &id);
	}
	ok = ok && bson_append_array_end(&set, &list) && bson_append_document_end(&update, &set);
	r = ok ? msp_store_update(m->to, SAVES, &filter, &update, 0, NULL, m->err) : msp_merge_memory(m);
	bson_destroy(&filter);
	bson_destroy(&update);
	return r;
}

void msp_merge_failed(struct msp_merge *m)
{
	bson_t filter, update = BSON_INITIALIZER, set;
	int r = MSP_OK; /* of no interest: it is said already that this failed */

	if (by_mark(m, "_id", &filter) && bson_append_document_begin(&update, "$set", 4, &set) && bson_append_utf8(&set, "stage", 5, "failed", -1) &&
	    bson_append_document_end(&update, &set))
		r = msp_store_update(m->to, SAVES, &filter, &update, 0, NULL, NULL);
	(void)r;
	bson_destroy(&filter);
	bson_destroy(&update);
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
	r = by_mark(m, "_id", &filter) ? msp_store_delete(m->to, SAVES, &filter, NULL, m->err) : msp_merge_memory(m);
	bson_destroy(&filter);
	return r;
}
