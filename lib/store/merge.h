/* store/merge.h - the parts of msp_store_merge() */
#ifndef MSP_STORE_MERGE_H
#define MSP_STORE_MERGE_H

#include "mspipe/upkeep.h"
#include "store/hold.h"
#include "store/idmap.h"

struct msp_merge {
	struct msp_store *to, *from;
	const struct msp_merge_options *o;
	struct msp_merge_totals *totals;
	struct msp_error *err;
	bool writes;      /* false: only compares */
	struct msp_hold hold; /* of the document in msp_saves that stands for this merge */
	struct msp_bytes key; /* scratch */
};

/* ---- merge.c */
int msp_merge_memory(struct msp_merge *m);
int msp_merge_poll(struct msp_merge *m) MSP_CHECKED;
/* "COLLECTION: the document with the _id X" and what, of status. */
int msp_merge_fail(struct msp_merge *m, int status, const char *collection, const bson_t *doc, const char *what);
/* {key: {"$in": values of key_of in docs}}; filter is the caller's to destroy. */
int msp_merge_filter(struct msp_merge *m, const char *key, bson_t *const *doc, size_t n, bson_t *filter) MSP_CHECKED;

/* What `to` has of these documents: same[i] is the document with the _id of doc[i], a copy, or NULL. */
int msp_merge_counterparts(struct msp_merge *m, const char *collection, bson_t *const *doc, size_t n, bson_t **same) MSP_CHECKED;
/* Whether two documents are equal but for their _id, and for the keys in without (NULL at its end). */
bool msp_merge_equal(const bson_t *a, const bson_t *b, const char *const *without);

typedef int msp_merge_fn(struct msp_merge *m, const char *collection, bson_t **doc, bson_t *const *same, size_t n);
/* from's documents of a collection, some at a time, with their counterparts. */
int msp_merge_each(struct msp_merge *m, const char *collection, msp_merge_fn *fn) MSP_CHECKED;

/* ---- merge_files.c */
int msp_merge_files(struct msp_merge *m, const char *collection, bson_t **doc, bson_t *const *same, size_t n) MSP_CHECKED;

/* ---- merge_mark.c */
int msp_merge_mark(struct msp_merge *m) MSP_CHECKED; /* sets the id of hold */
/* Does a merge like this one stand unfinished? */
int msp_merge_marked(struct msp_merge *m, bool *out) MSP_CHECKED;
int msp_merge_begin(struct msp_merge *m, const bson_t *collections) MSP_CHECKED;
/* Files that are about to be put. */
int msp_merge_putting(struct msp_merge *m, bson_t *const *doc, size_t n) MSP_CHECKED;
int msp_merge_end(struct msp_merge *m) MSP_CHECKED;

#endif
