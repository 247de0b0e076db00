/* The back end for MongoDB servers: putting, changing and removing documents. What may be repeated without harm is. */
#include "store/mongo.h"

#include <stdlib.h>
#include <string.h>

#define DUPLICATE_KEY 11000

static uint64_t number_of(const bson_t *reply, const char *key)
{
	bson_iter_t it;
	int64_t n = bson_iter_init_find(&it, reply, key) && BSON_ITER_HOLDS_NUMBER(&it) ? bson_iter_as_int64(&it) : 0;

	return n > 0 ? (uint64_t)n : 0;
}

/* Where an ordered bulk stopped: the index of its first write error. */
static bool first_error(const bson_t *reply, uint64_t *index)
{
	bson_iter_t it, list, one;

	if (!bson_iter_init_find(&it, reply, "writeErrors") || !bson_iter_recurse(&it, &list) || !bson_iter_next(&list) ||
	    !bson_iter_recurse(&list, &one) || !bson_iter_find(&one, "index") || !BSON_ITER_HOLDS_NUMBER(&one))
		return false;
	*index = (uint64_t)bson_iter_as_int64(&one);
	return true;
}

static bool add_write(mongoc_bulk_operation_t *bulk, const bson_t *doc, bool replace, bson_error_t *e)
{
	bson_t by = BSON_INITIALIZER, opts = BSON_INITIALIZER;
	bson_iter_t id;
	bool ok;

	BSON_APPEND_BOOL(&opts, "validate", false); /* lib/store/store.c has done it; libmongoc refuses more than a server does */
	if (replace) {
		ok = bson_iter_init_find(&id, doc, "_id") && bson_append_iter(&by, "_id", 3, &id) && BSON_APPEND_BOOL(&opts, "upsert", true) &&
		     mongoc_bulk_operation_replace_one_with_opts(bulk, &by, doc, &opts, e);
	} else {
		ok = mongoc_bulk_operation_insert_with_opts(bulk, doc, &opts, e);
	}
	bson_destroy(&by);
	bson_destroy(&opts);
	return ok;
}

/* How a bulk ended that failed. */
enum ended { FOR_GOOD, MAY_REPEAT, DUPLICATE /* a unique key is there already */ };

/* One bulk of the documents from *at on. *at: how far it came. */
static int write_once(struct mongo *m, const char *c, const bson_t *const *docs, size_t n, bool replace, uint64_t *at, enum ended *how,
                      struct msp_error *err)
{
	mongoc_collection_t *to = msp_mongo_collection(m, c);
	bson_t opts = BSON_INITIALIZER, reply;
	mongoc_bulk_operation_t *bulk;
	bson_error_t e;
	bool ok = true;
	uint64_t index = 0;
	int r = MSP_OK;

	*how = FOR_GOOD;
	BSON_APPEND_BOOL(&opts, "ordered", true);
	bulk = mongoc_collection_create_bulk_operation_with_opts(to, &opts);
	for (size_t i = (size_t)*at; ok && i < n; i++)
		ok = add_write(bulk, docs[i], replace, &e);
	if (!ok) {
		r = msp_mongo_fail(m, &e, err);
	} else {
		ok = mongoc_bulk_operation_execute(bulk, &reply, &e) != 0;
		if (ok) {
			*at = n;
		} else {
			*how = msp_mongo_transient(&e, &reply) ? MAY_REPEAT : FOR_GOOD;
			if (first_error(&reply, &index)) {
				*at += index;
				*how = e.code == DUPLICATE_KEY ? DUPLICATE : FOR_GOOD;
			}
			r = msp_mongo_fail(m, &e, err);
		}
		bson_destroy(&reply);
	}
	mongoc_bulk_operation_destroy(bulk);
	mongoc_collection_destroy(to);
	bson_destroy(&opts);
	return r;
}

static bool has_met(const struct mongo *m, const char *c)
{
	for (int i = 0; i < MONGO_MET; i++)
		if (m->met[i] && strcmp(m->met[i], c) == 0)
			return true;
	return false;
}

/* Without memory it is only not remembered. */
static void meet(struct mongo *m, const char *c)
{
	char **at = &m->met[m->next_met++ % MONGO_MET];

	free(*at);
	*at = strdup(c);
}

#define WORTH_TRYING 16 /* documents that are inserted before it is known whether they are there */

/* Mostly what is saved is new, and a server inserts several times as fast as it looks for what is to be replaced: so many documents are
 * inserted, up to the first that is there; that one and those behind it replace, and so do all that come later in this collection. */
static int replace_all(struct mongo *m, const char *c, const bson_t *const *docs, size_t n, uint64_t *stored, struct msp_error *err)
{
	bool insert = n >= WORTH_TRYING && !has_met(m, c);

	for (int try = 0;;) {
		enum ended how;
		int r = write_once(m, c, docs, n, !insert, stored, &how, err);

		if (r == MSP_OK || how == FOR_GOOD)
			return r;
		if (insert && how == DUPLICATE)
			meet(m, c);
		/* two that insert the same _id at once: the one that came second finds it, and replaces it; and what an insert whose answer was lost has
		 * written may be written again by _id */
		else if (!msp_mongo_again(try++))
			return r;
		insert = false;
	}
}

int msp_mongo_put(struct msp_store *s, const char *c, const bson_t *const *docs, size_t n, bool replace, uint64_t *stored, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	enum ended how;

	*stored = 0;
	return replace ? replace_all(m, c, docs, n, stored, err) : write_once(m, c, docs, n, false, stored, &how, err);
}

/* Twice is as once: what it sets does not depend on what is there, and it inserts at most the _id that it names. */
static bool repeatable(const bson_t *filter, const bson_t *change, unsigned flags)
{
	bson_iter_t it;
	bool ok = bson_iter_init(&it, change) && (!(flags & MSP_UPDATE_UPSERT) || bson_has_field(filter, "_id"));

	while (ok && bson_iter_next(&it))
		ok = strcmp(bson_iter_key(&it), "$set") == 0 || strcmp(bson_iter_key(&it), "$unset") == 0 ||
		     strcmp(bson_iter_key(&it), "$setOnInsert") == 0;
	/* one of several that match might be another one the second time */
	return ok && (!(flags & MSP_UPDATE_ONE) || bson_has_field(filter, "_id"));
}

int msp_mongo_update(struct msp_store *s, const char *c, const bson_t *filter, const bson_t *change, unsigned flags, struct msp_updated *out,
                  struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	mongoc_collection_t *in = msp_mongo_collection(m, c);
	bson_t opts = BSON_INITIALIZER, empty;
	bson_error_t e;
	bson_iter_t id;
	bool ok = false;

	if (flags & MSP_UPDATE_UPSERT)
		BSON_APPEND_BOOL(&opts, "upsert", true);
	filter = msp_mongo_filter(filter, &empty);
	for (int try = 0; !ok; try++) {
		bson_t reply;
		bool repeat;

		ok = flags & MSP_UPDATE_ONE ? mongoc_collection_update_one(in, filter, change, &opts, &reply, &e)
		                            : mongoc_collection_update_many(in, filter, change, &opts, &reply, &e);
		if (ok) {
			out->matched = number_of(&reply, "matchedCount");
			out->modified = number_of(&reply, "modifiedCount");
			out->inserted = bson_iter_init_find(&id, &reply, "upsertedId");
		}
		repeat = !ok && (msp_mongo_transient(&e, &reply) || e.code == DUPLICATE_KEY) && repeatable(filter, change, flags);
		bson_destroy(&reply);
		if (!ok && !(repeat && msp_mongo_again(try)))
			break;
	}
	bson_destroy(&opts);
	mongoc_collection_destroy(in);
	return ok ? MSP_OK : msp_mongo_fail(m, &e, err);
}

int msp_mongo_remove(struct msp_store *s, const char *c, const bson_t *filter, uint64_t *deleted, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	mongoc_collection_t *from = msp_mongo_collection(m, c);
	bson_error_t e;
	bool ok = false;

	for (int try = 0; !ok; try++) {
		bson_t reply, empty;
		bool repeat;

		ok = mongoc_collection_delete_many(from, msp_mongo_filter(filter, &empty), NULL, &reply, &e);
		*deleted += number_of(&reply, "deletedCount");
		repeat = !ok && msp_mongo_transient(&e, &reply);
		bson_destroy(&reply);
		if (!ok && !(repeat && msp_mongo_again(try)))
			break;
	}
	mongoc_collection_destroy(from);
	return ok ? MSP_OK : msp_mongo_fail(m, &e, err);
}

int msp_mongo_drop(struct msp_store *s, const char *c, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	mongoc_collection_t *from = msp_mongo_collection(m, c);
	bson_error_t e;
	bool ok = mongoc_collection_drop_with_opts(from, NULL, &e);

	mongoc_collection_destroy(from);
	return ok || e.code == 26 || strstr(e.message, "ns not found") ? MSP_OK : msp_mongo_fail(m, &e, err);
}
