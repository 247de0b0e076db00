/* store/index.h - private to index*.c: the files of an index, and what reading one gives
 *
 * index.c looks up what is to be read, index_pool.c reads it by threads, index_scan.c is what they do, index_doc.c makes documents,
 * index_write.c puts them into the store, index_gone.c finds files that are not there any more. */
#ifndef MSP_STORE_INDEX_H
#define MSP_STORE_INDEX_H

#include "mspipe/doc.h"
#include "mspipe/index.h"

#include <stdatomic.h>

/* A file that the sources name. */
struct index_file {
	const struct msp_source *source;
	char *dir, *name; /* the real path of the directory it lies in, and its name there; owned */
	bson_oid_t id;    /* of its document in msp_files, and of that in abortions */
	bool known;       /* it is in msp_files: there may be documents of it */
};

/* What reading a file gave, besides its documents. */
struct index_result {
	int format;          /* enum msp_format, INDEX_STORE */
	bool opened;         /* it was read, at least in part */
	bool complete;       /* and to its end, and was the same file all the time */
	uint64_t size;       /* when it was opened; if it could not be, when it was found */
	int64_t mtime;
	uint64_t documents;
	uint64_t troubles;
	uint64_t trouble_at; /* the first one's place in the file */
	struct msp_bytes log; /* BSON: {"0": {...}, ...} as logdata; empty: none */
	char first[256];     /* the first one's text */
};

#define INDEX_VERSION 1   /* of the documents: files that an older one indexed are read again */
#define INDEX_STORE 100 /* as format: a store's file */
#define INDEX_LOG 1000  /* troubles of a file that are told in full */

/* ---- index_doc.c: each makes a document in out; MSP_OK, MSP_NOMEM or MSP_FAIL (too large) */

/* False if dir and name can stand in no document. */
bool index_name_valid(const struct index_file *f);
void index_file_id(const char *dir, const char *name, const char *tag, bson_oid_t *out);
int index_document(const struct index_file *f, const struct index_result *r, const char *tag, const struct msp_object *o,
                   const struct msp_input_span *span, uint64_t run, struct msp_bytes *out) MSP_CHECKED;
/* Of msp_files; r NULL: the file's documents are about to be written. */
int index_entry(const struct index_file *f, const struct index_result *r, const char *tag, struct msp_bytes *out) MSP_CHECKED;
int index_abortion(const struct index_file *f, const struct index_result *r, const char *tag, struct msp_bytes *out) MSP_CHECKED;
/* Appends a trouble of the file to r. */
int index_trouble(struct index_result *r, const char *algorithm, int severity, uint64_t offset, const char *text) MSP_CHECKED;

/* ---- index_scan.c */

/* Takes a document; below 0: it could not, or the whole is to end. */
typedef int index_put_fn(void *context, const struct msp_bytes *doc);
struct index_scan {
	const char *tag;
	index_put_fn *put;
	msp_poll_fn *poll; /* non-zero: the whole is to end */
	void *context;     /* of both */
};
/* Reads a file's headers. Below 0: the whole has to end. r is zeroed by the caller. */
int index_scan(const struct index_scan *s, const struct index_file *f, struct index_result *r, struct msp_error *err) MSP_CHECKED;

/* ---- index_pool.c: many files, read by some threads, given in order */

struct index_pool;

/* A file's documents come in chunks; each call gives one. */
struct index_chunk {
	size_t file;            /* index in files */
	bool first, last;       /* of the file */
	struct msp_bytes docs;  /* BSON documents, one behind the other; borrowed till the next call */
	struct index_result *result; /* last: the file's, borrowed till the next call */
};
int index_pool_new(const struct index_file *files, size_t n, unsigned workers, const char *tag, struct index_pool **out,
                   struct msp_error *err) MSP_CHECKED;
/* 1: *out; 0: there are no more files; below 0: failure, or poll() asked for it. */
int index_pool_next(struct index_pool *p, msp_poll_fn *poll, void *context, struct index_chunk *out, struct msp_error *err) MSP_CHECKED;
void index_pool_free(struct index_pool *p); /* stops what goes on; NULL is allowed */

/* ---- index_write.c */

struct index_writer;

int index_writer_new(struct msp_store *s, const char *tag, struct msp_index_counts *counts, struct index_writer **out,
                     struct msp_error *err) MSP_CHECKED;
/* A chunk of the file; its result with the last one. What is written when is the writer's to decide. */
int index_writer_put(struct index_writer *w, const struct index_file *f, const struct index_chunk *c, struct msp_error *err) MSP_CHECKED;
int index_writer_end(struct index_writer *w, struct msp_error *err) MSP_CHECKED; /* writes the rest */
void index_writer_free(struct index_writer *w); /* NULL is allowed */
/* Removes a file's documents but those whose _id are among the n sorted ones, and which another program wrote. */
int index_remove(struct msp_store *s, const char *tag, const char *dir, const char *name, const bson_oid_t *keep, size_t n,
                 uint64_t *removed, struct msp_error *err) MSP_CHECKED;
/* Removes the documents with these _id of a collection, and clears ids. */
int index_remove_ids(struct msp_store *s, const char *collection, bson_t *ids, uint64_t *removed, struct msp_error *err) MSP_CHECKED;

/* ---- index_gone.c */

/* Whether an _id is among those of the files. */
struct index_seen {
	bson_oid_t *id; /* sorted */
	size_t n;
};
int index_oid_compare(const void *a, const void *b);
/* options->tell(), with a path that can be printed. */
int index_tell(const struct msp_index_options *options, int event, const char *path, const char *why, struct msp_error *err);
int index_find_gone(struct msp_store *s, const struct msp_sources *sources, const struct index_seen *seen,
                    const struct msp_index_options *options, struct msp_index_counts *counts, struct msp_error *err) MSP_CHECKED;

static inline int index_memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

#endif
