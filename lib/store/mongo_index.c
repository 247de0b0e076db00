/* The back end for MongoDB servers: indexes. */
#include "store/mongo.h"

#include <string.h>

int msp_mongo_index(struct msp_store *s, const char *c, const char *name, const bson_t *keys, unsigned flags, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	bson_t *command;
	bson_error_t e;
	bool ok = false;

	command = BCON_NEW("createIndexes", BCON_UTF8(c), "indexes", "[", "{", "key", BCON_DOCUMENT(keys), "name", BCON_UTF8(name), "}", "]");
	if (flags & MSP_INDEX_UNIQUE) {
		bson_destroy(command);
		command = BCON_NEW("createIndexes", BCON_UTF8(c), "indexes", "[", "{", "key", BCON_DOCUMENT(keys), "name", BCON_UTF8(name),
		                   "unique", BCON_BOOL(true), "}", "]");
	}
	for (int try = 0; !ok; try++) {
		bson_t reply;
		bool repeat;

		ok = mongoc_database_write_command_with_opts(m->db, command, NULL, &reply, &e);
		repeat = !ok && msp_mongo_transient(&e, &reply);
		bson_destroy(&reply);
		if (!ok && !(repeat && msp_mongo_again(try)))
			break;
	}
	bson_destroy(command);
	return ok ? MSP_OK : msp_mongo_fail(m, &e, err);
}

static void describe(const bson_t *index, bson_t *out)
{
	bson_iter_t it;

	if (bson_iter_init_find(&it, index, "name"))
		bson_append_iter(out, "name", 4, &it);
	if (bson_iter_init_find(&it, index, "key"))
		bson_append_iter(out, "key", 3, &it);
	if (bson_iter_init_find(&it, index, "unique") && bson_iter_as_bool(&it))
		BSON_APPEND_BOOL(out, "unique", true);
}

int msp_mongo_indexes(struct msp_store *s, const char *c, bson_t *out, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	mongoc_collection_t *of = msp_mongo_collection(m, c);
	mongoc_cursor_t *cursor = mongoc_collection_find_indexes_with_opts(of, NULL);
	const bson_t *doc;
	bson_error_t e = {0};
	uint32_t n = 0;
	int r = MSP_OK;

	while (mongoc_cursor_next(cursor, &doc)) {
		bson_iter_t it;
		bson_t one;
		char buf[16];
		const char *key;
		size_t len;

		if (bson_iter_init_find(&it, doc, "name") && BSON_ITER_HOLDS_UTF8(&it) && strcmp(bson_iter_utf8(&it, NULL), "_id_") == 0)
			continue;
		len = bson_uint32_to_string(n++, &key, buf, sizeof(buf));
		bson_append_document_begin(out, key, (int)len, &one);
		describe(doc, &one);
		bson_append_document_end(out, &one);
	}
	if (mongoc_cursor_error(cursor, &e) && e.code != 26) /* 26: there is no such collection */
		r = msp_mongo_fail(m, &e, err);
	mongoc_cursor_destroy(cursor);
	mongoc_collection_destroy(of);
	return r;
}

int msp_mongo_index_drop(struct msp_store *s, const char *c, const char *name, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	mongoc_collection_t *of = msp_mongo_collection(m, c);
	bson_error_t e;
	bool ok = mongoc_collection_drop_index(of, name, &e);

	mongoc_collection_destroy(of);
	if (ok)
		return MSP_OK;
	(void)msp_mongo_fail(m, &e, err);
	return e.code == 26 || e.code == 27 || e.domain == MONGOC_ERROR_SERVER
	       ? msp_error_set(err, MSP_USAGE, "%s: %s has no index %s", m->name, c, name) : MSP_FAIL;
}
