/* mspipe/waveform.h - waveform documents of a store as objects, and objects as waveform documents
 *
 * * A waveform document stands in wf_TimeSeries, wf_Seismogram or wf_miniseed and has MsPASS's keys: what the object is
 * (npts, delta, starttime, time_standard ...), where its samples lie (storage_mode, gridfs_id, dir, dfile, foff ...), and its
 * metadata. Samples are little-endian doubles: in GridFS component after component, in files of format "binary" sample after sample.
 *
 * * One key is mspipe's own: the subdocument `msp`, with which an object that was saved is read as the very same object, id and
 * digest included. A document without it, or which somebody changed since, is read as well.
 *     id      string, 32 hex digits: the object's id
 *     type    string: "f64", "f32" or "i32", to which the stored doubles go back, exactly; "none": it has no samples
 *     start   int64, ns: of the object's own axis. Where it differs from starttime by more than a microsecond, starttime counts
 *     shift   int64, ns: of a relative object whose shift is valid; against starttime_shift as start against starttime
 *     kind    string: "timeseries" or "seismogram", in `cemetery` only
 *     keys    array of strings: the object's metadata keys in their order. Absent where they are the document's own, in its
 *             order, less those that are msp_wf_bookkeeping()
 *     values  document: the values of those in keys that the document cannot hold itself: they are blank strings, or
 *             their names are msp_wf_bookkeeping(), or they were dropped for MsPASS's sake
 *     alias   document {NAME: KEY}: the document's NAME, a schema's spelling (sta), stands for the object's own KEY (station), which
 *             stands in keys, and not in values
 *     raw     array of binaries: elements of the metadata as BSON has them (type, key, NUL, value) that no document of a store
 *             may hold (not UTF-8; `$` or `.` in the key); in keys an int32, the index here, marks their place
 *     history document: of an object made from several, its history
 *     ensemble of a member of an ensemble, a document: id and end, strings, 32 hex digits, of its brackets; member, int, from 0;
 *             metadata, document, the opening bracket's own; keys, array of strings: those of metadata that the document has, because members carry
 *             them in MsPASS, and the member itself has not. A member's own value is never replaced by the ensemble's
 * type may be "none" of dead objects that never had samples.
 * So the metadata are, with keys: each of keys, by its value in the document, or, if that has none or the name is bookkeeping, in
 * values; then what the document has besides. In `cemetery` all of this is in the tombstone.
 * These functions are in libmspipe-store. */
#ifndef MSPIPE_WAVEFORM_H
#define MSPIPE_WAVEFORM_H

#include "mspipe/expr.h"
#include "mspipe/store.h"
#include "mspipe/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/* True for the keys of a document that are no metadata of its object: _id msp storage_mode format dir dfile foff nbytes url
 * gridfs_id npts delta sampling_rate starttime starttime_shift endtime time_standard utc_convertible last_packet_time
 * sample_rate_tolerance tmatrix cardinal orthogonal elog_id history_object_id data_tag. (The last three are metadata all the
 * same where a document of wf_TimeSeries or wf_Seismogram has no `msp`: so MsPASS reads them.) */
MSP_API bool msp_wf_bookkeeping(const char *key);

/* ---- reading ----------------------------------------------------------- */

/* MsPASS's reading modes: PROMISCUOUS copies every key. CAUTIOUS drops keys that the collection's schema has not, converts values
 * of a wrong type or drops them, each with a Complaint in the error log, and kills where a required key cannot be had. PEDANTIC
 * kills where a value has a wrong type. */
enum msp_wf_mode { MSP_WF_PROMISCUOUS, MSP_WF_CAUTIOUS, MSP_WF_PEDANTIC };

struct msp_wfread_options {
	int mode;         /* enum msp_wf_mode */
	bool headers;     /* no samples are looked for: live objects of type MSP_NONE, from the document alone */
	bool ids;         /* metadata get the document's _id, as wf_TimeSeries_id, and data_tag, elog_id, history_object_id */
	bool ensembles;   /* members of ensembles are to stand in these: they get none of the ensemble's own keys */
	const char *base; /* where a relative dir begins; NULL: the directory of the store's file, or, for MongoDB, the current one */
	msp_poll_fn *poll;
	void *context;
};

struct msp_wfread; /* opaque: reads documents' objects; keeps the files open that it read last */

/* What it reads borrows from s, which has to live longer. */
MSP_API int msp_wfread_new(struct msp_store *s, const struct msp_wfread_options *options, struct msp_wfread **out,
                           struct msp_error *err) MSP_CHECKED;
MSP_API void msp_wfread_free(struct msp_wfread *r); /* NULL is allowed */
/* Begins a document of a collection; doc has to stay till its last object was given. */
MSP_API int msp_wfread_begin(struct msp_wfread *r, const char *collection, const bson_t *doc, struct msp_error *err) MSP_CHECKED;
/* The document's next object: 1; 0: it has no more; below 0: the store fails, or memory or a signal ends it. A document gives
 * at least one object: what cannot be read (a missing or short file, missing chunks, a wrong npts, a storage_mode that is not
 * read here, a document without required keys) is a dead one with the document's metadata and the reason. It gives several
 * where the bytes of a miniSEED file that it names are not one contiguous run: nothing is merged. o is reset, filled, and owns what it has. */
MSP_API int msp_wfread_next(struct msp_wfread *r, struct msp_object *o, struct msp_error *err) MSP_CHECKED;
/* Whether the object last given has its origin here, in what the document says and its samples: its id is
 * msp_object_origin_id(). Else it has the id that it was saved with. */
MSP_API bool msp_wfread_is_origin(const struct msp_wfread *r);
/* Whether something is wrong with it that was found here, not only in the log that the store has: the last entry of its log
 * says what. */
MSP_API bool msp_wfread_trouble(const struct msp_wfread *r);

/* ---- choosing documents and reading them ------------------------------- */

/* Zero-initialise; then start and end are to be set. Everything is borrowed till msp_waves_free(). Keys are those
 * of documents, or of objects: t0 is starttime, dt delta. */
struct msp_waves_options {
	struct msp_wfread_options read;
	const char *collection; /* NULL: wf_TimeSeries and wf_Seismogram if one of them has documents, else wf_miniseed */
	const char *query;      /* a MongoDB filter, JSON; NULL: none */
	struct msp_expr *const *expr; /* n_expr of them, each of which has to be true of the document: msp_document_test() */
	size_t n_expr;
	const char *tag;        /* the data_tag; NULL: any */
	msp_time start, end;    /* only what may have samples between them; INT64_MIN, INT64_MAX: all */
	const char *sort;       /* a list of keys; NULL: the order of the store. See msp_waves_sorted() */
	const char *group;      /* a list of keys: in each collection an ensemble for each set of values, in their order; NULL: none */
	const char *join;       /* collections that are joined: msp_joins_open(); what has no match is killed. NULL: none */
	const char *algorithm;  /* for what a join logs */
	uint64_t limit;         /* only the first so many documents, in the order that is asked for; 0: all */
	uint32_t part, parts;   /* the part-th of parts, by a hash of the document's _id or its group's values; 0, 0: all */
	bool count;             /* msp_waves_chosen() is wanted, so that documents of other parts cannot be left out by the store */
};

struct msp_waves; /* opaque: the objects of the documents that were chosen */

/* MSP_USAGE with the reason if query, sort or group cannot be read. */
MSP_API int msp_waves_check(const struct msp_waves_options *options, struct msp_error *err) MSP_CHECKED;
/* Reads also the collections that are joined. */
MSP_API int msp_waves_open(struct msp_store *s, const struct msp_waves_options *options, struct msp_waves **out,
                           struct msp_error *err) MSP_CHECKED;
/* The next object, and with group the brackets around them: as msp_wfread_next(). The documents are chosen by the store,
 * as far as the expressions can be told it; the rest is evaluated here. */
MSP_API int msp_waves_next(struct msp_waves *w, struct msp_object *o, struct msp_error *err) MSP_CHECKED;
/* Whether sort has been done: it is not where objects of several collections are to be mixed, or where a key is not of
 * the collection's schema, so that documents and objects may be ordered differently. */
MSP_API bool msp_waves_sorted(const struct msp_waves *w);
/* Of the object last given: msp_wfread_is_origin(), msp_wfread_trouble(); whether it is not as it was saved: it was joined. */
MSP_API bool msp_waves_is_origin(const struct msp_waves *w);
MSP_API bool msp_waves_trouble(const struct msp_waves *w);
MSP_API bool msp_waves_changed(const struct msp_waves *w);
MSP_API uint64_t msp_waves_chosen(const struct msp_waves *w); /* documents so far; with count or limit, those of other parts included */
/* Whether any of the collections has a document; what was asked for, for messages. */
MSP_API bool msp_waves_any(const struct msp_waves *w, const char **collections);
/* What a store is asked, and how, for a person: a line each. Appends. */
MSP_API int msp_waves_explain(struct msp_waves *w, struct msp_bytes *out, struct msp_error *err) MSP_CHECKED;
/* What a user should be told of the joins at the end, as msp_join_remark(). */
MSP_API bool msp_waves_remark(const struct msp_waves *w, unsigned i, char *buf, size_t size);
MSP_API void msp_waves_free(struct msp_waves *w); /* NULL is allowed; before the store is closed */

/* ---- saving ------------------------------------------------------------ */

/* A save puts samples into the store, or into one file, as objects come, and documents only when all has come:
 * * every _id is made from the object's id, the collection and the tag. So saving again writes the same documents in the same places; samples
 *   that are there already are not written again
 * * while a save is not complete, a document in `msp_saves` stands for it, and the fs.files documents of its samples name it (msp_save).
 *   One that fails removes the samples that it put; one that is killed leaves them, for the next that needs them or for msp_save_discard()
 * * it changes that document at least every 30 s (by the store's clock): on another host, who was silent for five minutes is dead, and
 *   whoever removes his samples says so in his document first. A save that was declared dead fails before it writes documents
 * * no document is written before its samples are found to be there */

struct msp_save_options {
	const char *collection; /* NULL: wf_TimeSeries and wf_Seismogram, by the kind of object */
	const char *tag;        /* data_tag; NULL: none */
	const char *directory;  /* samples go into one file in it (made if missing); NULL: into GridFS */
	int mode;               /* enum msp_wf_mode: what is done with keys that the schema has differently, see mssave(1) */
	bool live_only;         /* dead objects are left out */
	msp_poll_fn *poll;      /* for waits and writes; not asked any more while documents are written */
	void *context;
};

struct msp_saved {
	uint64_t live, dead;  /* saved; the dead in `cemetery` */
	uint64_t aborted;     /* of the dead, those that were never data (no sample interval): in `abortions` */
	uint64_t left_out;    /* dead, with live_only */
	uint64_t killed;      /* of the dead, those that died here */
	uint64_t refused;     /* objects that no document can hold: of unknown kind, or too large */
	uint64_t dropped;     /* keys left out by MsPASS's rules */
	uint64_t there;       /* objects whose samples were there already */
	char why[200];        /* the first that was killed or refused, and why */
};

struct msp_save; /* opaque */

/* What can be said of options without a store: MSP_USAGE with the reason. */
MSP_API int msp_save_check(const struct msp_save_options *options, struct msp_error *err) MSP_CHECKED;
/* Begins a save into s, open for writing, which has to live longer. MSP_FAIL also if another save removes its samples for too long. */
MSP_API int msp_save_begin(struct msp_store *s, const struct msp_save_options *options, struct msp_save **out,
                           struct msp_error *err) MSP_CHECKED;
/* The objects that follow come from a segment with this header: for the history. */
MSP_API int msp_save_header(struct msp_save *v, const struct msp_header *h, struct msp_error *err) MSP_CHECKED;
/* Saves a data object, or takes note of a bracket. o is not changed. What cannot be saved live is buried with the reason. */
MSP_API int msp_save_object(struct msp_save *v, const struct msp_object *o, struct msp_error *err) MSP_CHECKED;
/* While nothing comes, every few seconds: the save's sign of life, if it is time for one. What that finds, the next call says. */
MSP_API void msp_save_idle(struct msp_save *v);
/* All has come: writes the documents. On failure what was written stays, each document with its samples, and saving again
 * completes it. Frees v in any case. */
MSP_API int msp_save_commit(struct msp_save *v, struct msp_saved *out, struct msp_error *err) MSP_CHECKED;
/* Removes what was put, as far as no other save may rely on it, and frees v. NULL is allowed. */
MSP_API void msp_save_abort(struct msp_save *v);

/* A document of `msp_saves`: a save that is going on, or was left unfinished. */
struct msp_save_state {
	bson_oid_t id;
	bool running;     /* its process is alive; on another host: it was heard of in the last five minutes */
	bool elsewhere;   /* on another host */
	double silent;    /* s since it was last heard of, by the store's clock */
	uint64_t samples; /* fs.files documents that it put and nobody took over */
};
MSP_API int msp_save_look(struct msp_store *s, const bson_t *doc, struct msp_save_state *out, struct msp_error *err) MSP_CHECKED;
/* Removes the samples of an unfinished save that no document names, and its document. MSP_FAIL if it, or any other save, is running. */
MSP_API int msp_save_discard(struct msp_store *s, const bson_oid_t *id, uint64_t *removed, struct msp_error *err) MSP_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
