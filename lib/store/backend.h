/* store/backend.h - what a back end provides; lib/store/store.c checks arguments before it calls these */
#ifndef MSP_STORE_BACKEND_H
#define MSP_STORE_BACKEND_H

#include "mspipe/store.h"
#include "mspipe/stream.h"

/* A finding of a back end about its own file: enum msp_finding_kind of mspipe/upkeep.h. Below 0 ends the check. */
typedef int msp_backend_found_fn(void *context, int kind, const char *collection, const bson_iter_t *id, const char *what);

/* Changes with this struct: the back end for MongoDB is a module of its own. */
#define MSP_BACKEND_VERSION 6u

struct msp_backend {
	unsigned version;
	size_t batch; /* documents that put() takes at once */
	bool remote; /* documents come over a network: what it leaves out saves the most */
	int (*close)(struct msp_store *s, struct msp_error *err); /* frees all but the struct's own name */
	int (*collections)(struct msp_store *s, bson_t *out, struct msp_error *err); /* out: an empty array; any order */
	int (*find)(struct msp_store *s, const char *c, const struct msp_find *f, struct msp_cursor **out, struct msp_error *err);
	int (*next)(struct msp_cursor *c, const bson_t **doc, struct msp_error *err);
	void (*done)(struct msp_cursor *c);
	/* Appends lines of msp_store_explain(): how it would find. */
	int (*explain)(struct msp_store *s, const char *c, const struct msp_find *f, struct msp_bytes *out, struct msp_error *err);
	int (*count)(struct msp_store *s, const char *c, const bson_t *filter, uint64_t *out, struct msp_error *err);
	int (*distinct)(struct msp_store *s, const char *c, const char *key, const bson_t *filter, bson_t *out, struct msp_error *err);
	/* Each document is valid and has an _id; n <= batch, and what fits in a message. */
	int (*put)(struct msp_store *s, const char *c, const bson_t *const *docs, size_t n, bool replace, uint64_t *done,
	           struct msp_error *err);
	int (*update)(struct msp_store *s, const char *c, const bson_t *filter, const bson_t *update, unsigned flags,
	              struct msp_updated *out, struct msp_error *err);
	int (*remove)(struct msp_store *s, const char *c, const bson_t *filter, uint64_t *deleted, struct msp_error *err);
	int (*drop)(struct msp_store *s, const char *c, struct msp_error *err);
	int (*index)(struct msp_store *s, const char *c, const char *name, const bson_t *keys, unsigned flags, struct msp_error *err);
	int (*indexes)(struct msp_store *s, const char *c, bson_t *out, struct msp_error *err); /* out: an empty array; any order */
	int (*index_drop)(struct msp_store *s, const char *c, const char *name, struct msp_error *err);
	/* Looks at the store's own file; NULL: it has none. context is found's and poll's. */
	int (*check)(struct msp_store *s, bool fix, msp_backend_found_fn *found, msp_poll_fn *poll, void *context, struct msp_error *err);
	/* The time by the clock that all who use the store have in common, s since the epoch. False: it cannot be told. */
	bool (*clock)(struct msp_store *s, double *now);
	/* Transactions; NULL: the back end has none. */
	int (*begin)(struct msp_store *s, struct msp_error *err);
	int (*end)(struct msp_store *s, bool keep, struct msp_error *err);
};

struct msp_store {
	const struct msp_backend *backend;
	char *name;      /* for messages */
	bool writable;
	bool files_ready; /* the indexes of fs.files and fs.chunks have been asked for */
};

struct msp_cursor {
	struct msp_store *store;
};

/* Back ends: *out is an msp_store at the beginning of something larger, with name NULL. */
int msp_sqlite_open(const char *path, unsigned flags, int (*poll)(void *context), void *context, struct msp_store **out,
                    struct msp_error *err) MSP_CHECKED;
typedef int msp_mongo_open_fn(const char *uri, const char *name, struct msp_store **out, struct msp_error *err);

/* Whether it can be a document of a store: MSP_USAGE with the reason if not. *has_id: it has an _id. (store_write.c) */
int msp_document_check(const bson_t *doc, bool needs_id, bool *has_id, struct msp_error *err) MSP_CHECKED;

/* Sorts an array that a back end has filled, if s is MSP_OK; destroys it, if not. (store.c) */
int msp_array_finish(int s, bson_t *out, struct msp_error *err) MSP_CHECKED;

/* Of arguments, for store*.c: the name of a collection; that, and that the store may be written; {"key": 1 or -1, ...}, which what names in
 * messages. (store.c) */
int msp_arg_collection(const struct msp_store *s, const char *c, struct msp_error *err) MSP_CHECKED;
int msp_arg_writable(const struct msp_store *s, const char *c, struct msp_error *err) MSP_CHECKED;
int msp_arg_order(const bson_t *order, const char *what, bool empty_allowed, struct msp_error *err) MSP_CHECKED;
#define MSP_STORE_NAME_MAX 120 /* bytes of a collection's name, or an index's: MongoDB's limit for database and collection is 255 */

/* The time by the store's clock or, where it has none, by this machine's. (store.c) */
double msp_store_clock(struct msp_store *s);

/* Does it stand for itself in a filter, and not for a pattern or an operator, which would find other documents? What does not
 * is no _id: msp_document_check() refuses it, as MongoDB does. */
static inline bool msp_literal(const bson_iter_t *value)
{
	bson_iter_t inner;

	if (BSON_ITER_HOLDS_REGEX(value))
		return false;
	return !BSON_ITER_HOLDS_DOCUMENT(value) || !bson_iter_recurse(value, &inner) || !bson_iter_next(&inner) || bson_iter_key(&inner)[0] != '$';
}

/* Appends a value to an array that is being made. False if it becomes too large. */
static inline bool msp_array_add(bson_t *array, uint32_t *n, const bson_iter_t *value)
{
	char buf[16];
	const char *key;
	size_t len = bson_uint32_to_string((*n)++, &key, buf, sizeof(buf));

	return bson_append_iter(array, key, (int)len, value);
}

#endif
