/* store/check.h - the parts of msp_store_check() */
#ifndef MSP_STORE_CHECK_H
#define MSP_STORE_CHECK_H

#include "mspipe/upkeep.h"
#include "store/idmap.h"
#include "store/schema.h"
#include "store/tally.h"

struct msp_check {
	struct msp_store *store;
	const struct msp_check_options *o;
	struct msp_check_totals *totals;
	struct msp_error *err;
	bson_t collections;      /* names of all that there are */
	struct msp_idmap saves;  /* ids of unfinished saves */
	struct msp_idmap putting; /* ids of files that they were putting */
	bool unfinished;         /* there are any */
	bool running;            /* one of them may be going on */
	const struct msp_schema_row *elsewhere[32]; /* keys that refer to another store, which was said */
	size_t elsewheres;
	struct msp_bytes key;    /* scratch */
	struct msp_bytes base;   /* the directory that a relative one begins in, with a / at its end; or empty */
	struct msp_check_file {  /* files that were looked at, each where the hash of its name puts it */
		struct msp_id name;
		int trouble;     /* 0: it is there; else enum msp_file_trouble */
		int error;       /* of the system */
		uint64_t size;
	} file[512];
};

/* ---- check.c */
int msp_check_memory(struct msp_check *c);
/* Counts and tells it. left: no fix for this one. id: where the _id is, or NULL. */
int msp_check_found(struct msp_check *c, int kind, bool left, const char *collection, const bson_iter_t *id, const char *fmt, ...)
	MSP_PRINTF(6, 7) MSP_CHECKED;
/* The same; doc is the document. */
int msp_check_found_in(struct msp_check *c, int kind, bool left, const char *collection, const bson_t *doc, const char *fmt, ...)
	MSP_PRINTF(6, 7) MSP_CHECKED;
/* Are the documents of this collection to be looked at? */
bool msp_check_wants(const struct msp_check *c, const char *collection);
/* Is it one of GridFS, or of saves? */
bool msp_check_internal(const char *collection);

/* Documents of a collection, copies, some at a time. */
typedef int msp_batch_fn(struct msp_check *c, const char *collection, bson_t **doc, size_t n, void *context);
int msp_check_batches(struct msp_check *c, const char *collection, const bson_t *projection, size_t size, msp_batch_fn *fn, void *context) MSP_CHECKED;

/* ---- check_look.c: which of these values are there? */
struct msp_lookup {
	struct msp_check *c;
	bson_t values;           /* array, each value once */
	uint32_t n;
	struct msp_idmap asked;
	struct msp_idmap there;  /* of those asked for: hash -> what payload() gave */
};
void msp_lookup_begin(struct msp_check *c, struct msp_lookup *l); /* empties it; zero-initialised before the first */
/* What is a pattern or an operator in a filter is not asked for, and not there. */
int msp_lookup_add(struct msp_lookup *l, const bson_iter_t *value) MSP_CHECKED;
/* Asks collection for documents whose key is one of the values. extra: a second key that payload() wants, or NULL. May be called for several
 * collections. */
int msp_lookup_run(struct msp_lookup *l, const char *collection, const char *key, const char *extra, uint64_t (*payload)(const bson_t *doc)) MSP_CHECKED;
/* payload: what was given, if it is there. MSP_NOMEM only. */
int msp_lookup_find(struct msp_lookup *l, const bson_iter_t *value, bool *there, uint64_t *payload) MSP_CHECKED;
void msp_lookup_free(struct msp_lookup *l);
/* Fills filter with {key: {"$in": values}}. */
int msp_filter_in(struct msp_check *c, const char *key, const bson_t *values, bson_t *filter) MSP_CHECKED;

/* Removes what the filter {key: {"$in": values}} finds. removed may be NULL. */
int msp_check_remove(struct msp_check *c, const char *collection, const char *key, const bson_t *values, uint64_t *removed) MSP_CHECKED;
/* {key: 1, ...}; key: NULL at its end. */
int msp_check_projection(struct msp_check *c, bson_t *projection, const char *const *key) MSP_CHECKED;

/* ---- check_keys.c: a document against the schema */
/* *doc is replaced where a value was converted, or could be. */
int msp_check_keys(struct msp_check *c, const char *collection, bson_t **doc) MSP_CHECKED;

/* Is the _id that of the object? */
int msp_check_id(struct msp_check *c, const char *collection, const bson_t *doc) MSP_CHECKED;

/* ---- check_refs.c: references to other documents */
int msp_check_references(struct msp_check *c, const char *collection, bson_t **doc, size_t n) MSP_CHECKED;

/* ---- check_samples.c: are a document's samples there? */
int msp_check_samples(struct msp_check *c, const char *collection, bson_t **doc, size_t n) MSP_CHECKED;

/* ---- check_bury.c: documents without samples go to `abortions` */
/* why[i] NULL: this one stays. */
int msp_check_bury(struct msp_check *c, const char *collection, bson_t **doc, char *const *why, size_t n) MSP_CHECKED;

/* ---- check_shared.c: samples of no document, and of more than one */
int msp_check_shared(struct msp_check *c) MSP_CHECKED;

/* ---- check_chunks.c: chunks of no file. wanted: how many all files together should have; from_graves: `abortions` refers to some */
int msp_check_chunks(struct msp_check *c, uint64_t wanted, bool from_graves) MSP_CHECKED;

/* ---- check_saves.c: saves that are not finished */
int msp_check_saves(struct msp_check *c) MSP_CHECKED;

/* ---- tally.c, of these files: fills it from a store; values: array of their _ids. Files that are not there are not in it. */
int msp_check_tally(struct msp_check *c, const bson_t *values, struct msp_tally *t) MSP_CHECKED;

#endif
