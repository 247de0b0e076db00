/* mspipe/join.h - a collection's attributes put on objects: stations, channels, earthquakes, arrivals
 *
 * * A join reads a collection once, keeps what it needs of it in memory, and then finds the document that
 * belongs to an object: by an id, by SEED codes and time, by equal values, by an origin time, by an arrival
 * in the object's span. The document's keys become metadata of the object, flat, with the collection's name
 * in front, as in MsPASS: channel_lat, channel_hang, and channel_id for its _id.
 * These functions are in libmspipe-store. A join belongs to one thread; the store may be closed after it was
 * opened. */
#ifndef MSPIPE_JOIN_H
#define MSPIPE_JOIN_H

#include "mspipe/documents.h"
#include "mspipe/expr.h"
#include "mspipe/store.h"
#include "mspipe/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What becomes of an object that several documents match equally well. */
enum msp_join_ambiguous {
	MSP_JOIN_KILL,  /* MSP_KILL */
	MSP_JOIN_FIRST, /* that which begins first is taken (of equal ones, that of the smallest _id), and a Complaint logged */
	MSP_JOIN_LAST,  /* as before, the one that begins last */
};

/* Zero-initialise, and set collection. Texts are borrowed till msp_join_open() returns. */
struct msp_join_options {
	const char *collection; /* "channel" */
	/* How: "id": the object's COLLECTION_id is the document's _id. "seed": net, sta, loc, chan, as far as the
	 * document has them (the one that has most is taken), and starttime <= time of the object's first sample <
	 * endtime. "KEY=KEY,...": the object's first KEY equals the document's second. "origin:TOL": the document's time is within TOL (seconds, or with a
	 * unit) of the object's. "arrival": sta, net where both have one, and the document's time in the object's span.
	 * NULL: seed for channel and site, arrival for arrival, else id. */
	const char *match;
	/* "KEY,KEY:NEW,KEY?,KEY:NEW?": which keys; under which name, if not COLLECTION_KEY; with a question mark: only if the
	 * document has it, and its not having it is no fault. NULL: _id and the usual ones of channel, site, source and
	 * arrival; for any other collection, every key but those that are documents or arrays. */
	const char *keys;
	const bson_t *filter;   /* only documents that match; NULL: all */
	struct msp_expr *expr;  /* and for which this is true; NULL: all. The documents' times are times in it */
	const char *time_key;   /* origin: the document's; NULL: "time" */
	const char *object_time; /* origin: the object's; NULL: "starttime", the first sample's */
	double offset;          /* origin: seconds to be subtracted from the object's time */
	bool unique;            /* origin: more than one document within TOL is ambiguous, not only equally near ones */
	bool whole;             /* seed: the object's last sample, too, must be before the endtime */
	bool optional;          /* no match, or a document without all its keys, is no reason to kill */
	int ambiguous;          /* enum msp_join_ambiguous */
	const char *algorithm;  /* for what is logged on objects; NULL: "join" */
	msp_poll_fn *poll;      /* while documents are read: non-zero gives up (MSP_INTERRUPTED); may be NULL */
	void *poll_context;
};

struct msp_join; /* opaque */

/* Reads the collection. MSP_USAGE: match or keys cannot be read; a collection without documents is MSP_FAIL. */
MSP_API int msp_join_open(struct msp_store *s, const struct msp_join_options *options, struct msp_join **out,
                          struct msp_error *err) MSP_CHECKED;
/* Finds o's document and puts its keys on o, in place of those that o has under the same names. Dead objects
 * are left as they are. An ensemble's bracket is matched by its metadata. MSP_KILL: it has none, or several, or
 * that has not the keys it should; the reason is in err, and o's metadata are as they were. MSP_NOMEM. */
MSP_API int msp_join_object(struct msp_join *j, struct msp_object *o, struct msp_error *err) MSP_CHECKED;
MSP_API void msp_join_free(struct msp_join *j); /* NULL is allowed */

/* What happened so far. */
struct msp_join_counts {
	uint64_t documents;  /* in memory */
	uint64_t unused;     /* documents that cannot match anything: without codes, with times that are none ... */
	uint64_t joined;     /* objects that were given keys */
	uint64_t unmatched;  /* objects without a document */
	uint64_t ambiguous;  /* objects with several */
	uint64_t straddling; /* seed: objects whose epoch ends before they do: joined, and logged as Suspect */
	uint64_t incomplete; /* objects whose document has not all the keys that it should */
};
MSP_API void msp_join_counts(const struct msp_join *j, struct msp_join_counts *out);
/* What a user should be told at the end, a sentence for each i from 0 on, put in buf: `channel: 3 objects
 * match no document`. False if there is no i-th. */
MSP_API bool msp_join_remark(const struct msp_join *j, unsigned i, char *buf, size_t size);

/* ---- documents ---------------------------------------------------------- */

struct msp_join_updated {
	uint64_t documents; /* that were chosen */
	uint64_t matched;   /* of these, with a match */
	uint64_t changed;   /* of these, that had not all the keys and values yet */
};
/* Joins the documents of a collection of waveforms, as objects are joined, and sets the keys in them, in the store: with keys
 * "_id", a wf_miniseed document gets its channel_id (MsPASS's bulk_normalize). One without a match, or with several where those kill,
 * stays as it is. choice (may be NULL): which documents; its projection, sort and limit are not looked at. Their _id values
 * are held in memory. On failure some are changed; doing it again completes it. */
MSP_API int msp_join_update(struct msp_join *j, struct msp_store *s, const char *waveforms, const struct msp_choice *choice,
                            struct msp_join_updated *out, struct msp_error *err) MSP_CHECKED;

/* ---- several at once ---------------------------------------------------- */

/* "channel,site:MATCH,...": a collection, and how, if not the default. A MATCH may hold commas: what has an equals
 * sign and no colon goes with the one before. */
struct msp_joins {
	size_t n;
	struct msp_join **join;
};
/* Opens one join for each; of options, collection and match are not used, and keys only if there is one. */
MSP_API int msp_joins_open(struct msp_store *s, const char *list, const struct msp_join_options *options, struct msp_joins *out,
                           struct msp_error *err) MSP_CHECKED;
/* msp_join_object() with each, in order, up to the first that does not give MSP_OK. */
MSP_API int msp_joins_object(struct msp_joins *j, struct msp_object *o, struct msp_error *err) MSP_CHECKED;
MSP_API void msp_joins_free(struct msp_joins *j);

#ifdef __cplusplus
}
#endif
#endif
