/* mspipe/upkeep.h - is a store whole? and: several stores made into one
 *
 * * Built on store.h, the same for both back ends; in libmspipe-store. What is said there of results, errors and
 * ownership holds here. */
#ifndef MSPIPE_UPKEEP_H
#define MSPIPE_UPKEEP_H

#include "mspipe/store.h"
#include "mspipe/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- checking ---------------------------------------------------------- */

/* What can be found. */
enum msp_finding_kind {
	MSP_FIND_FILE,       /* the store's file is damaged */
	MSP_FIND_COLUMNS,    /* columns of the store's file say something else than the document */
	MSP_FIND_JOURNAL,    /* a journal lay beside the store's file */
	MSP_FIND_INDEX,      /* fs.chunks without its index */
	MSP_FIND_NO_SAMPLES, /* a document whose samples are missing, or not whole */
	MSP_FIND_NPTS,       /* a document whose samples are of another length than it says */
	MSP_FIND_BROKEN,     /* fs.files: a named file whose chunks are not whole */
	MSP_FIND_ORPHAN,     /* fs.files: samples to which no document refers */
	MSP_FIND_CHUNKS,     /* chunks of no file */
	MSP_FIND_DANGLING,   /* a reference to a document that is not there */
	MSP_FIND_ELSEWHERE,  /* references to site, channel or source, and the store has no such collection */
	MSP_FIND_MISSING,    /* a required key is missing */
	MSP_FIND_TYPE,       /* a value of another type than the schema's */
	MSP_FIND_VALUE,      /* a value that cannot be */
	MSP_FIND_PLACE,      /* a place in a file that another document of the collection has, too */
	MSP_FIND_SHARED,     /* samples in GridFS that another document has, too */
	MSP_FIND_ID,         /* an _id that is not the one of the object and tag that the document says it is */
	MSP_FIND_UNFINISHED, /* a save or merge that is going on, or was left unfinished */
	MSP_FINDINGS
};

struct msp_finding_rule {
	const char *name; /* one word: "no-samples" */
	bool wrong;       /* false: said, but nothing is damaged */
	const char *fix;  /* what is done about it, "moved to abortions"; NULL: nothing */
};
MSP_API const struct msp_finding_rule *msp_finding_rule(int kind); /* NULL if there is no such kind */

struct msp_finding {
	int kind;               /* enum msp_finding_kind */
	const char *collection; /* NULL: it is about the store as a whole */
	const bson_iter_t *id;  /* the document's _id, or NULL */
	const char *what;       /* one line, harmless for a terminal */
	bool left;              /* nothing is done about this one, whatever the rule: `what` says why */
};

struct msp_check_options {
	const char *const *collections; /* those whose documents are looked at; none: all */
	size_t n;
	bool fix;         /* do what the rules say; else nothing is changed. Nobody else should write meanwhile */
	const char *base; /* where a relative `dir` begins; NULL: the directory of the store's file, or, for MongoDB, the current one */
	/* Each finding, when it is found. Below 0 ends the check, which returns that. May be NULL. */
	int (*found)(void *context, const struct msp_finding *f);
	msp_poll_fn *poll; /* non-zero gives up: MSP_INTERRUPTED. May be NULL */
	void *context;     /* of both */
};

struct msp_check_totals {
	uint64_t found[MSP_FINDINGS], fixed[MSP_FINDINGS];
};

/* Appends a finding as a line: COLLECTION, _id (JSON), kind and what, separated by tabs, - where there is none; and the totals, a line
 * for each kind that was found: `# no-samples: 3, 2 moved to abortions`. *left (may be NULL): what is still wrong. MSP_NOMEM only. */
MSP_API int msp_finding_line(const struct msp_finding *f, struct msp_bytes *out) MSP_CHECKED;
MSP_API int msp_check_lines(const struct msp_check_totals *t, bool fix, struct msp_bytes *out, uint64_t *left) MSP_CHECKED;

/* Looks at everything: documents against the schema, references, samples in GridFS (every chunk is read) and in files (their
 * lengths), the store's own file. Takes at most about 50 MB beside what the back end does, however many documents there are.
 * MSP_OK whatever is found. */
MSP_API int msp_store_check(struct msp_store *s, const struct msp_check_options *options, struct msp_check_totals *out,
                            struct msp_error *err) MSP_CHECKED;

/* ---- merging ----------------------------------------------------------- */

struct msp_merge_options {
	bool replace;      /* where both have a document of one _id, and they differ, from's is taken */
	msp_poll_fn *poll; /* non-zero gives up: MSP_INTERRUPTED. May be NULL */
	void *context;
};

struct msp_merge_totals {
	uint64_t documents, files; /* added */
	uint64_t replaced;         /* of both */
	uint64_t there;            /* of both, that were there already, the same */
};

/* Adds all that is in from to `to`: files of GridFS with their chunks, other documents, indexes. First all is compared, and
 * nothing is written if a document of the same _id differs (MSP_FAIL, which names it). A file of the same content is the same whenever it
 * was uploaded; a history_global document is, whatever its time. Then files are copied, then documents, waveforms last; a document in
 * `msp_saves` stands for what is not complete. Once it was interrupted, the same again completes it.
 * MSP_CORRUPT: from has a save that is not finished, or chunks that are not whole. MSP_USAGE: they are one store. */
MSP_API int msp_store_merge(struct msp_store *to, struct msp_store *from, const struct msp_merge_options *options,
                            struct msp_merge_totals *out, struct msp_error *err) MSP_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
