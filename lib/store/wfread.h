/* store/wfread.h - what the parts of the reader of waveform documents share: wfread*.c, wfsamples*.c */
#ifndef MSP_STORE_WFREAD_H
#define MSP_STORE_WFREAD_H

#include "mspipe/format.h"
#include "mspipe/waveform.h"

#define WF_FILES 8 /* files that are kept open */
#define WF_ALGORITHM "store" /* of what is logged on objects */

/* A document's bytes, borrowed. */
struct wf_doc {
	const uint8_t *data;
	size_t len; /* 0: there is none */
};

/* Before its first element; false if there is no document. */
bool wf_begin(const struct wf_doc *d, bson_iter_t *out);
/* Finds a key at top level. */
bool wf_find(const struct wf_doc *d, const char *key, bson_iter_t *out);
/* The subdocument of a key; empty if there is none. */
struct wf_doc wf_sub(const struct wf_doc *d, const char *key);
/* The array of a key; empty if there is none. */
struct wf_doc wf_list(const struct wf_doc *d, const char *key);
/* A number of any type but a truth value; a whole number that an int64 holds. */
bool wf_number(const struct wf_doc *d, const char *key, double *out);
bool wf_integer(const struct wf_doc *d, const char *key, int64_t *out);
/* A string without NUL, borrowed; NULL if there is none. */
const char *wf_string(const struct wf_doc *d, const char *key);
const char *wf_text(const bson_iter_t *it);

/* What a document says of its object. */
struct wf_head {
	struct wf_doc whole; /* the document */
	struct wf_doc doc;   /* where the object's keys are: whole, or its tombstone */
	struct wf_doc msp;   /* the subdocument of that name */
	bool dead;           /* a document of the dead */
	int type;            /* the samples' as they were saved: enum msp_type */
	char sum[MSP_ID_TEXT]; /* of the samples that GridFS gave, as they were saved; empty: not known */
};

struct wf_file {
	char *path;
	int fd;
	uint64_t size;
	uint64_t used; /* by the reader's clock */
};

struct msp_wfread {
	struct msp_store *store;
	struct msp_wfread_options options;
	char *base; /* with a slash at its end; "" is the current directory */
	struct wf_file file[WF_FILES];
	uint64_t clock;
	struct msp_bytes path, clean, notes, scrap;
	uint64_t dropped; /* keys, by the mode; the first of them */
	char first_dropped[64];
	const char *collection;
	struct wf_head head;
	bool begun, over, own_id;
	bool trouble; /* something was found here, and logged, that is wrong with the object */
	/* a formatted file: what is being read of it */
	struct msp_input *input;
	struct msp_plan plan;
	struct msp_codes codes;
	struct msp_object ahead, meta; /* the next object; the document's metadata, log and times */
	bool has_ahead, several, guess;
	bool one_run, pieces; /* the document is msindex's, of one run; which came in pieces, since not all of it can be decoded */
};

/* wfread_doc.c: what the object is, into o, which was reset to its kind. MSP_KILL: err says what the document lacks, and o has
 * what it could be given. wfread_meta.c: metadata and history. wfread_log.c: error log. */
int wf_kind(const struct msp_wfread *r);
int wf_fields(struct msp_wfread *r, struct msp_object *o, struct msp_error *err) MSP_CHECKED;
int wf_metadata(struct msp_wfread *r, struct msp_object *o) MSP_CHECKED;
int wf_log(struct msp_wfread *r, struct msp_object *o, struct msp_error *err) MSP_CHECKED;
/* --ids: the document's _id, and its keys that are no metadata of an object that was saved. */
int wf_ids(struct msp_wfread *r, struct msp_object *o) MSP_CHECKED;
/* msp_object_log() of what was found here. */
int wf_note(struct msp_wfread *r, struct msp_object *o, int severity, const char *message) MSP_CHECKED;

/* wfread_mode.c: the document as the schema has it, in r->clean, and complaints, one a line, in r->notes. MSP_KILL with the
 * reason. */
int wf_clean(struct msp_wfread *r, struct msp_error *err) MSP_CHECKED;

/* wfsamples.c: samples of storage_mode gridfs, and of file with format binary. MSP_KILL: they cannot be had. */
int wf_gridfs(struct msp_wfread *r, struct msp_object *o, struct msp_error *err) MSP_CHECKED;
int wf_binary(struct msp_wfread *r, struct msp_object *o, struct msp_error *err) MSP_CHECKED;
/* From doubles to the type that was saved: 1; 0: they are not of that type, and stay; MSP_NOMEM. */
int wf_convert(struct msp_wfread *r, struct msp_object *o, int type) MSP_CHECKED;

/* wfsamples_file.c: the file that the document names, at its offset. Below 0: MSP_KILL or worse. */
int wf_open(struct msp_wfread *r, const struct wf_file **out, uint64_t *offset, struct msp_error *err) MSP_CHECKED;
void wf_close_files(struct msp_wfread *r);

/* wfsamples_format.c: miniSEED and SAC. Begin: MSP_KILL or worse; next: as msp_wfread_next(). */
int wf_format_begin(struct msp_wfread *r, int format, struct msp_error *err) MSP_CHECKED;
int wf_format_next(struct msp_wfread *r, struct msp_object *o, struct msp_error *err) MSP_CHECKED;
void wf_format_end(struct msp_wfread *r);

#endif
