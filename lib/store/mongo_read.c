/* The back end for MongoDB servers: collections, documents, and what is counted of them. */
#include "store/mongo.h"

#include <stdlib.h>
#include <string.h>

struct cursor {
	struct msp_cursor base;
	mongoc_collection_t *from;
	mongoc_cursor_t *cursor;
};

int msp_mongo_collections(struct msp_store *s, bson_t *out, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	bson_error_t e;
	char **names = mongoc_database_get_collection_names_with_opts(m->db, NULL, &e), buf[16];
	const char *key;
	uint32_t n = 0;

	if (!names)
		return msp_mongo_fail(m, &e, err);
	for (char **p = names; *p; p++) {
		size_t len;

		if (strncmp(*p, "system.", 7) == 0)
			continue;
		len = bson_uint32_to_string(n++, &key, buf, sizeof(buf));
		bson_append_utf8(out, key, (int)len, *p, -1);
	}
	bson_strfreev(names);
	return MSP_OK;
}

int msp_mongo_find(struct msp_store *s, const char *c, const struct msp_find *f, struct msp_cursor **out, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	struct cursor *k = calloc(1, sizeof(*k));
	bson_t opts = BSON_INITIALIZER, empty;
	bson_error_t e;

	if (!k)
		return msp_mongo_memory(err);
	if (f->projection)
		BSON_APPEND_DOCUMENT(&opts, "projection", f->projection);
	if (f->sort)
		BSON_APPEND_DOCUMENT(&opts, "sort", f->sort);
	if (f->limit)
		BSON_APPEND_INT64(&opts, "limit", f->limit > INT64_MAX ? INT64_MAX : (int64_t)f->limit);
	BSON_APPEND_INT32(&opts, "batchSize", f->batch > INT32_MAX ? INT32_MAX : (int32_t)f->batch);
	k->base.store = s;
	k->from = msp_mongo_collection(m, c);
	k->cursor = mongoc_collection_find_with_opts(k->from, msp_mongo_filter(f->filter, &empty), &opts, NULL);
	bson_destroy(&opts);
	if (mongoc_cursor_error(k->cursor, &e)) {
		msp_mongo_fail(m, &e, err);
		s->backend->done(&k->base);
		return MSP_USAGE;
	}
	*out = &k->base;
	return MSP_OK;
}

int msp_mongo_next(struct msp_cursor *c, const bson_t **doc, struct msp_error *err)
{
	struct cursor *k = (struct cursor *)c;
	bson_error_t e;

	if (mongoc_cursor_next(k->cursor, doc))
		return 1;
	return mongoc_cursor_error(k->cursor, &e) ? msp_mongo_fail((struct mongo *)c->store, &e, err) : 0;
}

void msp_mongo_done(struct msp_cursor *c)
{
	struct cursor *k = (struct cursor *)c;

	mongoc_cursor_destroy(k->cursor);
	mongoc_collection_destroy(k->from);
	free(k);
}

int msp_mongo_count(struct msp_store *s, const char *c, const bson_t *filter, uint64_t *out, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	mongoc_collection_t *from = msp_mongo_collection(m, c);
	bson_error_t e;
	bson_t empty, reply;
	int64_t n = -1;

	for (int try = 0; n < 0; try++) {
		bool repeat;

		n = mongoc_collection_count_documents(from, msp_mongo_filter(filter, &empty), NULL, NULL, &reply, &e);
		repeat = n < 0 && msp_mongo_transient(&e, &reply);
		bson_destroy(&reply);
		if (n < 0 && !(repeat && msp_mongo_again(try)))
			break;
	}
	mongoc_collection_destroy(from);
	if (n < 0)
		return msp_mongo_fail(m, &e, err);
	*out = (uint64_t)n;
	return MSP_OK;
}

int msp_mongo_distinct(struct msp_store *s, const char *c, const char *key, const bson_t *filter, bson_t *out, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	bson_t command = BSON_INITIALIZER, reply;
	bson_error_t e;
	bson_iter_t it, value;
	uint32_t n = 0;
	int r = MSP_OK;

	BSON_APPEND_UTF8(&command, "distinct", c);
	BSON_APPEND_UTF8(&command, "key", key);
	if (filter)
		BSON_APPEND_DOCUMENT(&command, "query", filter);
	if (!mongoc_database_read_command_with_opts(m->db, &command, NULL, NULL, &reply, &e))
		r = msp_mongo_fail(m, &e, err);
	else if (bson_iter_init_find(&it, &reply, "values") && bson_iter_recurse(&it, &value))
		while (r == MSP_OK && bson_iter_next(&value))
			r = msp_array_add(out, &n, &value) ? MSP_OK : msp_mongo_memory(err);
	bson_destroy(&reply);
	bson_destroy(&command);
	return r;
}
