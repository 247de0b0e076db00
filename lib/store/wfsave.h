/* store/wfsave.h - what the parts of a save share */
#ifndef MSP_STORE_WFSAVE_H
#define MSP_STORE_WFSAVE_H

#include "mspipe/waveform.h"

#include "store/hold.h"
#include "store/schema.h"
#include "store/spool.h"

/* ---- ids (wfsave_id.c) */
#define MSP_WF_NAME_MAX 120 /* bytes of a collection's name */
#define MSP_WF_TAG_MAX 255
/* The _id of what stands for an object: 12 bytes of the hash of what, the object's id, the collection and the tag, with NULs between. */
void msp_wf_oid(const char *what, struct msp_id id, const char *collection, const char *tag, bson_oid_t *out);
/* The same of anything: 12 bytes of the hash of what and n bytes. MSP_NOMEM. */
int msp_wf_oid_of(const char *what, const void *data, size_t n, bson_oid_t *out) MSP_CHECKED;

/* ---- samples (wfsave_samples.c) */
/* Elements first to first + n - 1 of what is stored of o, as little-endian doubles: component after component, or sample after sample. */
void msp_wf_samples(const struct msp_object *o, bool interleaved, uint64_t first, size_t n, uint8_t *to);
/* What msp_sum says: false where it cannot be told. */
bool msp_wf_sum(const struct msp_object *o, char out[MSP_ID_TEXT]);

/* ---- documents (wfsave_doc.c, wfsave_meta.c) */
/* The ensemble that is open. */
struct msp_wf_ensemble {
	bool open;
	struct msp_id id;
	struct msp_bytes metadata;
	int64_t member;
	uint64_t number;    /* of ensembles so far */
	struct msp_id *end; /* ids of their closing brackets */
	size_t ends, room;
};

struct msp_wf_entry { /* of the error log, made here */
	char text[400];
};
#define MSP_WF_ENTRIES 16

struct msp_wf_maker {
	const struct msp_save_options *options;
	struct msp_store *store;
	const struct msp_wf_ensemble *ensemble;
	const char *collection;
	/* of the document being made */
	const struct msp_object *o;
	bool buried; /* a tombstone: nothing is tidied */
	const struct msp_schema_row *schema;
	bson_t *doc;
	bson_t keys, values, alias, raw, added; /* of msp */
	uint32_t nkeys, nraw, nadded;
	bool differs; /* keys are needed */
	uint64_t dropped;
	struct msp_wf_entry entry[MSP_WF_ENTRIES]; /* complaints of mode cautious */
	uint32_t entries, complaints; /* kept; all */
	struct msp_wf_origin *origin; /* documents that keys were taken from */
	size_t origins, origin_room;
};

/* The object's metadata into m->doc. MSP_KILL (pedantic), MSP_NOMEM, MSP_FAIL of the store. */
int msp_wf_metadata(struct msp_wf_maker *m, struct msp_error *err) MSP_CHECKED;
/* m->doc gets metadata, fields and msp; buried: as a tombstone. MSP_KILL as above. */
int msp_wf_document(struct msp_wf_maker *m, const struct msp_object *o, bool buried, bson_t *doc, struct msp_error *err) MSP_CHECKED;
/* Puts the id of its ensemble's closing bracket into a document that waited for it: the bytes are changed in place. */
void msp_wf_set_end(const struct msp_wf_ensemble *e, const bson_t *doc);
/* Appends "logdata": the object's log, and complaints. */
int msp_wf_logdata(const struct msp_wf_maker *m, const struct msp_object *o, bson_t *doc, struct msp_error *err) MSP_CHECKED;
bool msp_wf_has_log(const struct msp_wf_maker *m, const struct msp_object *o);
void msp_wf_maker_free(struct msp_wf_maker *m);

/* ---- modes (wfsave_mode.c) */
enum msp_wf_fit { MSP_WF_AS_IT_IS, MSP_WF_INSTEAD, MSP_WF_DROP, MSP_WF_KILL };
/* What is done with a value of a key of the schema; INSTEAD: converted, and appended under name to doc. */
int msp_wf_fit(const struct msp_schema_row *row, const bson_iter_t *it, int mode, const char *name, bson_t *doc);
const char *msp_wf_type_name(int schema_type);

/* ---- waiting documents (wfsave_spool.c) */
int msp_wait_add(struct msp_spool *p, uint8_t where, const bson_t *doc, struct msp_error *err) MSP_CHECKED;
/* Calls fn with up to MSP_STORE_BATCH documents of the same `where` at a time, in their order; their bytes may be changed. */
typedef int msp_wait_fn(void *context, uint8_t where, const bson_t *const *docs, size_t n, struct msp_error *err);
int msp_wait_each(struct msp_spool *p, msp_wait_fn *fn, void *context, struct msp_error *err) MSP_CHECKED;

/* ---- saves that are going on (wfsave_runs.c) */
int msp_saves_begin(struct msp_hold *h, struct msp_store *s, const struct msp_save_options *o, struct msp_error *err) MSP_CHECKED;
/* What a save's document says of what it does. */
void msp_saves_describe(const struct msp_save_options *o, bson_t *to);
/* Appends "putting". */
void msp_saves_list(bson_t *to, const bson_oid_t *ids, size_t n);
/* ids: of the files that are about to be put, or removed (the stage becomes cleaning); n 0: none. */
int msp_saves_putting(struct msp_hold *h, const bson_oid_t *ids, size_t n, bool cleaning, struct msp_error *err) MSP_CHECKED;
int msp_saves_stage(struct msp_hold *h, const char *stage, struct msp_error *err) MSP_CHECKED;
/* Is any other save, or merge? */
int msp_saves_running(struct msp_hold *self, bool *out, struct msp_error *err) MSP_CHECKED;

/* ---- what they have put (wfsave_clean.c) */
struct msp_save;
#define MSP_WF_TOGETHER 512 /* files removed a round trip; not less than are put at a time */
/* The filter {key: {$in: ids}}; to be destroyed, whatever comes. */
bool msp_ids_among(bson_t *filter, const char *key, const bson_oid_t *ids, size_t n);
/* Up to MSP_WF_TOGETHER values, those that are ObjectIds, of a key of the documents that match. */
int msp_ids_of(struct msp_store *s, const char *collection, const bson_t *filter, const char *key, bson_oid_t *ids, size_t *n,
               struct msp_error *err) MSP_CHECKED;
/* Takes those out of ids (at most MSP_WF_TOGETHER) of which there is a file. */
int msp_files_missing(struct msp_store *s, bson_oid_t *ids, size_t *n, struct msp_error *err) MSP_CHECKED;
/* Files with their chunks, those that are this save's (and chunks of those that are not there). */
int msp_files_remove(struct msp_hold *h, const bson_oid_t *ids, size_t n, struct msp_error *err) MSP_CHECKED;
/* The save is complete: its document goes, and those of dead ones of which nothing is left. */
int msp_saves_end(struct msp_hold *h, struct msp_error *err) MSP_CHECKED;
/* The save has failed before its documents were written. */
void msp_saves_undo(struct msp_hold *h);

/* ---- documents of waveforms (wfsave_own.c) */
/* Writes documents that name files in GridFS, which are this save's from now on. MSP_FAIL: some are not there, or the save was declared dead. */
int msp_saves_write(struct msp_save *v, uint8_t where, const bson_t *const *docs, size_t n, struct msp_error *err) MSP_CHECKED;
/* Documents of objects whose samples lie in a file now; those in GridFS are removed. */
int msp_saves_write_named(struct msp_save *v, uint8_t where, const bson_t *const *docs, size_t n, struct msp_error *err) MSP_CHECKED;
/* The save was declared dead, and may have put something since: that becomes a new one's, to be undone. */
int msp_saves_strand(struct msp_save *v, struct msp_error *err) MSP_CHECKED;

/* ---- samples on their way (wfsave_put.c, wfsave_file.c) */
struct msp_wf_waiting { /* an object whose samples wait to be put */
	bson_t *doc;        /* complete but for where the samples lie */
	uint8_t where;
	bson_oid_t file;    /* GridFS */
	char sum[MSP_ID_TEXT];
	uint64_t bytes;     /* of samples, as stored */
	size_t first, chunks; /* GridFS: which of the batch's chunks; file: first is the place in the batch */
	bool there;
};
#define MSP_WF_BATCH_BYTES ((size_t)16 << 20)
#define MSP_WF_BATCH MSP_WF_TOGETHER

struct msp_wf_batch {
	struct msp_wf_waiting waiting[MSP_WF_BATCH];
	size_t n;
	struct msp_bytes data; /* chunk documents one after the other; of a file, samples */
	size_t *chunk;         /* where each begins */
	size_t chunks, chunk_room;
};

struct msp_save {
	struct msp_store *store;
	struct msp_save_options options;
	char *collection, *tag, *directory; /* owned copies; directory absolute */
	struct msp_hold hold;
	bool begun, committing;
	struct msp_wf_ensemble ensemble;
	struct msp_wf_maker maker;
	struct msp_wf_batch batch;
	struct msp_spool first, last; /* what documents name; the waveform documents */
	struct msp_outfile *file;
	uint64_t file_size;
	char file_name[MSP_ID_TEXT + 4]; /* known in the end */
	struct msp_id file_hash;
	struct msp_bytes pipeline; /* of the segment being read, till its first object comes */
	bson_oid_t history;
	bool has_history;
	struct msp_id *pipelines; /* hashes of those met */
	size_t npipelines, pipeline_room;
	struct msp_object corpse;
	struct msp_saved saved;
};

enum msp_where {
	MSP_AT_TIMESERIES, MSP_AT_SEISMOGRAM, MSP_AT_ELOG, MSP_AT_CEMETERY, MSP_AT_ABORTIONS, MSP_AT_OBJECT_HISTORY, MSP_AT_GLOBAL_HISTORY,
};
const char *msp_save_place(const struct msp_save *v, int where);

/* GridFS: takes o's samples; doc is consumed whatever comes. */
int msp_put_object(struct msp_save *v, const struct msp_object *o, uint8_t where, bson_t *doc, struct msp_error *err) MSP_CHECKED;
int msp_put_batch(struct msp_save *v, struct msp_error *err) MSP_CHECKED;
/* One file: the same. */
int msp_file_object(struct msp_save *v, const struct msp_object *o, uint8_t where, bson_t *doc, struct msp_error *err) MSP_CHECKED;
int msp_file_flush(struct msp_save *v, struct msp_error *err) MSP_CHECKED;
int msp_file_open(struct msp_save *v, struct msp_error *err) MSP_CHECKED;
int msp_file_commit(struct msp_save *v, struct msp_error *err) MSP_CHECKED;
void msp_batch_free(struct msp_wf_batch *b);
/* History documents of a segment's pipeline; v->history. (wfhistory.c) */
int msp_save_pipeline(struct msp_save *v, const struct msp_bytes *pipeline, struct msp_error *err) MSP_CHECKED;

int msp_wf_nomem(struct msp_error *err);

#endif
