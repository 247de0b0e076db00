/* mspipe/store.h - catalogues: collections of documents, and files of samples
 *
 * One interface, two back ends: a MongoDB server, and a single file (SQLite). Documents, filters, updates and
 * GridFS files are MongoDB's; what a back end cannot do it refuses by name, and never answers differently.
 * These functions are in libmspipe-store, a library of its own.
 *
 * * A store and what was made from it belong to one thread. All functions return enum msp_status unless they
 * say otherwise, and give the reason in err (may be NULL); a password of a URI is never in it. */
#ifndef MSPIPE_STORE_H
#define MSPIPE_STORE_H

#include "mspipe/core.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MSP_STORE_DOCUMENT_MAX 16777216 /* bytes of a document */
#define MSP_STORE_BATCH 1000            /* documents a round trip */
#define MSP_STORE_CHUNK 261120          /* bytes of a GridFS chunk */

/* ---- stores ------------------------------------------------------------ */

struct msp_store; /* opaque */

#define MSP_STORE_WRITE 1u  /* it will be changed */
#define MSP_STORE_CREATE 2u /* and a file that is not there is made; implies MSP_STORE_WRITE */

/* True if text names a store: it ends with .msdb, or begins with mongodb: or mongodb+srv://. */
MSP_API bool msp_store_is(const char *text);
/* Opens `path.msdb`, or `mongodb://[user:password@]host[:port]/database[?options]`, which is anything that
 * libmongoc takes and names a database. `mongodb:` alone is the URI in MSP_MONGODB_URI, `mongodb:@FILE` the one in the
 * first line of FILE. MSP_USAGE: not the name of a store, or a file that is none; MSP_FAIL:
 * it cannot be reached, read or written. */
MSP_API int msp_store_open(const char *uri, unsigned flags, struct msp_store **out,
                           struct msp_error *err) MSP_CHECKED;
/* The same; poll (may be NULL) is asked while another process's lock is waited for: not 0 ends the waiting, with MSP_INTERRUPTED. Without it
 * a signal is not noticed before the lock is free, or after 30 s. */
MSP_API int msp_store_open_with(const char *uri, unsigned flags, int (*poll)(void *context), void *context, struct msp_store **out,
                                struct msp_error *err) MSP_CHECKED;
/* Whether it names a file that is not there, and would be made. */
MSP_API bool msp_store_is_new(const char *uri);
/* Whether a file of this name can be made, as far as can be told without making it: MSP_FAIL with the reason if not. */
MSP_API int msp_store_makeable(const char *uri, struct msp_error *err) MSP_CHECKED;
/* Closes s (NULL is allowed), and says whether all that was written is on the disk. */
MSP_API int msp_store_close(struct msp_store *s, struct msp_error *err);
/* For messages: the URI without password and options. Borrowed from s. */
MSP_API const char *msp_store_name(const struct msp_store *s);

/* Names of the collections, sorted, as an array of strings; out is initialised here, and is the caller's to
 * bson_destroy() after MSP_OK. So it is with every bson_t *out below. */
MSP_API int msp_store_collections(struct msp_store *s, bson_t *out, struct msp_error *err) MSP_CHECKED;

/* ---- reading ----------------------------------------------------------- */

struct msp_cursor; /* opaque */

/* One of the parts into which documents are divided by a hash of each: 128 bits, of which the first 64, big-endian, divided by parts leave part - 1
 * for those of the part. */
struct msp_part {
	uint32_t part, parts; /* 1 <= part <= parts */
	/* Of a document, or of what the projection keys leaves of it (beside _id). MSP_OK or MSP_NOMEM. NULL: the hash of the _id, the same for all that
	 * MongoDB finds equal. */
	int (*hash)(void *context, const bson_t *doc, struct msp_id *out);
	void *context;
	const bson_t *keys;
};

struct msp_find {
	const bson_t *filter;     /* NULL: every document */
	const bson_t *projection; /* NULL: whole documents; {"key": 1, ...} or {"key": 0, ...} */
	const bson_t *sort;       /* NULL: any order; {"key": 1 or -1, ...} */
	uint64_t limit;           /* 0: none */
	uint32_t batch;           /* documents a round trip; 0: MSP_STORE_BATCH */
	const struct msp_part *part; /* NULL: all of them; else those of the part, of which there are at most limit */
};

/* A collection that is not there has no documents. find may be NULL: all documents. What it points at is not
 * used after the call, but for part, which has to stay till the cursor is freed. MSP_USAGE: a filter, projection or sort that cannot be. */
MSP_API int msp_store_find(struct msp_store *s, const char *collection, const struct msp_find *find,
                           struct msp_cursor **out, struct msp_error *err) MSP_CHECKED;
/* 1: *doc is the next document, borrowed till the next call; 0: there are no more; below 0: enum msp_status. */
MSP_API int msp_cursor_next(struct msp_cursor *c, const bson_t **doc, struct msp_error *err) MSP_CHECKED;
MSP_API void msp_cursor_free(struct msp_cursor *c); /* NULL is allowed; before its store is closed */

MSP_API int msp_store_count(struct msp_store *s, const char *collection, const bson_t *filter, uint64_t *out,
                            struct msp_error *err) MSP_CHECKED;
/* The different values of a key, elements of arrays one by one, as an array in MongoDB's order of values. */
MSP_API int msp_store_distinct(struct msp_store *s, const char *collection, const char *key,
                               const bson_t *filter, bson_t *out, struct msp_error *err) MSP_CHECKED;

/* ---- writing ----------------------------------------------------------- */

/* Inserts n documents in order. One without _id gets one (an ObjectId). At the first that cannot be stored
 * (MSP_FAIL: its _id, or another unique key, is there already; MSP_USAGE: it is no document of a store) those
 * before it are stored; *done (may be NULL) is their number. */
MSP_API int msp_store_insert(struct msp_store *s, const char *collection, const bson_t *const *docs, size_t n,
                             uint64_t *done, struct msp_error *err) MSP_CHECKED;
/* The same, but a document takes the place of the one with its _id; every document needs one. So it may be
 * repeated after a failure. */
MSP_API int msp_store_upsert(struct msp_store *s, const char *collection, const bson_t *const *docs, size_t n,
                             uint64_t *done, struct msp_error *err) MSP_CHECKED;

#define MSP_UPDATE_ONE 1u    /* only the first document that matches */
#define MSP_UPDATE_UPSERT 2u /* where none matches, insert one */

struct msp_updated {
	uint64_t matched, modified, inserted;
};
/* update: operators $set, $unset, $inc, $rename, $setOnInsert; MongoDB takes all of its own. Each document
 * changes as a whole. *out may be NULL. */
MSP_API int msp_store_update(struct msp_store *s, const char *collection, const bson_t *filter,
                             const bson_t *update, unsigned flags, struct msp_updated *out,
                             struct msp_error *err) MSP_CHECKED;
/* Deletes what matches; filter NULL or empty: every document. *deleted may be NULL. */
MSP_API int msp_store_delete(struct msp_store *s, const char *collection, const bson_t *filter,
                             uint64_t *deleted, struct msp_error *err) MSP_CHECKED;
/* Removes a collection with its indexes; one that is not there: MSP_OK. */
MSP_API int msp_store_drop(struct msp_store *s, const char *collection, struct msp_error *err) MSP_CHECKED;

/* What is written between begin and commit is there as a whole or, after a rollback, a failure or the end of the process,
 * not at all: in a file. A server writes at once, and begin, commit and rollback do nothing: what goes there has to be such that it may be
 * written again. Whether what is read meanwhile is already what was written is not said. MSP_FAIL from commit: nothing is written. */
MSP_API int msp_store_begin(struct msp_store *s, struct msp_error *err) MSP_CHECKED;
MSP_API int msp_store_commit(struct msp_store *s, struct msp_error *err) MSP_CHECKED;
MSP_API void msp_store_rollback(struct msp_store *s);

/* ---- indexes ----------------------------------------------------------- */

#define MSP_INDEX_UNIQUE 1u
/* keys: {"sta": 1, "starttime": -1}. One that is there already: MSP_OK. MSP_FAIL: documents contradict it. */
MSP_API int msp_store_index(struct msp_store *s, const char *collection, const bson_t *keys, unsigned flags,
                            struct msp_error *err) MSP_CHECKED;
/* Array of {"name": ..., "key": {...}} and, for a unique one, "unique": true; sorted by name; without that of _id. */
MSP_API int msp_store_indexes(struct msp_store *s, const char *collection, bson_t *out,
                              struct msp_error *err) MSP_CHECKED;
/* By its name: keys and directions joined by "_" (sta_1_starttime_-1). MSP_USAGE if there is no such index. */
MSP_API int msp_store_index_drop(struct msp_store *s, const char *collection, const char *name,
                                 struct msp_error *err) MSP_CHECKED;
/* By its keys, as they were given to msp_store_index(). */
MSP_API int msp_store_index_drop_keys(struct msp_store *s, const char *collection, const bson_t *keys,
                                      struct msp_error *err) MSP_CHECKED;

/* ---- files (GridFS, bucket "fs") --------------------------------------- */

struct msp_put; /* opaque: a file being written */
struct msp_get; /* opaque: a file being read */

#define MSP_PUT_REPLACE 1u /* a file with this id may be there, and is replaced */

/* Begins a file with this id; attributes (may be NULL) are further keys of its document in fs.files. The file
 * is there after msp_put_close(), not before. MSP_FAIL if the id is there, unless it may be replaced: then
 * chunks change one by one, and a reader in between may see old and new ones. */
MSP_API int msp_store_put(struct msp_store *s, const bson_value_t *id, const bson_t *attributes, unsigned flags,
                          struct msp_put **out, struct msp_error *err) MSP_CHECKED;
MSP_API int msp_put_write(struct msp_put *p, const void *data, size_t n, struct msp_error *err) MSP_CHECKED;
/* Completes the file and frees p. */
MSP_API int msp_put_close(struct msp_put *p, struct msp_error *err) MSP_CHECKED;
/* Frees p without completing the file; chunks that were written are removed if the file is new. NULL is allowed. */
MSP_API void msp_put_abort(struct msp_put *p);

/* Opens a file; *length (may be NULL) is its size. MSP_FAIL if there is none, or it is larger than 2^63. */
MSP_API int msp_store_get(struct msp_store *s, const bson_value_t *id, struct msp_get **out, uint64_t *length,
                          struct msp_error *err) MSP_CHECKED;
/* Reads up to n bytes; *got 0 is the end. MSP_CORRUPT if chunks are missing, doubled or of a wrong size. */
MSP_API int msp_get_read(struct msp_get *g, void *buf, size_t n, size_t *got, struct msp_error *err) MSP_CHECKED;
MSP_API void msp_get_free(struct msp_get *g); /* NULL is allowed */
/* Removes a file and its chunks; none there: MSP_OK. */
MSP_API int msp_store_unput(struct msp_store *s, const bson_value_t *id, struct msp_error *err) MSP_CHECKED;

/* ---- filters, in memory ------------------------------------------------ */

/* A MongoDB filter, evaluated as MongoDB does: equality (null is also a missing key), dotted keys into documents
 * and arrays, $eq $ne $gt $gte $lt $lte $in $nin $exists $type $and $or $nor $not $regex $options $size $all
 * $elemMatch. Other operators are refused by name (MSP_USAGE). Regular expressions are PCRE's. Not for two threads at once. */
struct msp_filter;
MSP_API int msp_filter_compile(const bson_t *filter, struct msp_filter **out, struct msp_error *err) MSP_CHECKED;
/* 1, 0, or MSP_FAIL: a regular expression takes more steps than are allowed (a million). */
MSP_API int msp_filter_match(const struct msp_filter *f, const bson_t *doc);
MSP_API void msp_filter_free(struct msp_filter *f); /* NULL is allowed */

/* ---- JSON -------------------------------------------------------------- */

/* Reads one JSON object at text (n bytes; white space before it is skipped) into a document. MongoDB Extended JSON
 * version 2, canonical or relaxed, and the older forms of $binary and $date; {"$regex": ...} and {"$type": ...}
 * stay what they are in a filter. *used (may be NULL) is the number of bytes read; without it, only white space
 * may follow. A whole number is an int32 if it fits, an int64, or a double. MSP_USAGE with the place. */
MSP_API int msp_json_parse(const char *text, size_t n, bson_t *out, size_t *used, struct msp_error *err) MSP_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
