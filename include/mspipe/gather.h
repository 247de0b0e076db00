/* mspipe/gather.h - what commands that select, sort and group share
 *
 * * Sorting and grouping need the whole input, and the input may be larger than memory: a sorter keeps
 * what fits and puts the rest in sorted runs, which are msp streams in temporary files without a name. */
#ifndef MSPIPE_GATHER_H
#define MSPIPE_GATHER_H

#include "mspipe/expr.h"
#include "mspipe/signal.h"
#include "mspipe/tool.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- sorting ----------------------------------------------------------- */

struct msp_sorter; /* opaque */

/* The i-th value that a unit is sorted by, from its first object. As msp_object_get(). */
typedef void msp_sorter_key_fn(const void *context, const struct msp_object *first, uint32_t i,
                               struct msp_value *out, char scratch[MSP_ID_TEXT]);

struct msp_sorter_options {
	uint32_t n;              /* values per unit */
	msp_sorter_key_fn *key;  /* NULL: the values of `keys` */
	const void *context;     /* for key() */
	const struct msp_keys *keys; /* names and directions; may be NULL if key() is not: all ascending */
	uint64_t max_memory;     /* bytes of objects to hold */
	msp_poll_fn *poll;       /* as for a reader */
	void *poll_context;
};

/* A unit is an object outside ensembles or a whole ensemble, brackets included. Units come out in the
 * order of their values by msp_value_compare(), those that are equal in the order in which they came.
 * NULL: no memory. */
MSP_API struct msp_sorter *msp_sorter_new(const struct msp_sorter_options *options) MSP_CHECKED;
MSP_API void msp_sorter_free(struct msp_sorter *s); /* NULL is allowed; no file is left */
/* Takes o (msp_object_take()). When max_memory is exceeded, what is held is written to a file in $TMPDIR,
 * or /tmp. MSP_FAIL names the directory. */
MSP_API int msp_sorter_put(struct msp_sorter *s, struct msp_object *o, struct msp_error *err) MSP_CHECKED;
/* Gives everything to out(), in order; o is valid during the call. Stops when out() gives less than 0.
 * Then the sorter is empty and can be used again. */
MSP_API int msp_sorter_drain(struct msp_sorter *s, int (*out)(void *context, struct msp_object *o),
                             void *context, struct msp_error *err) MSP_CHECKED;
/* Runs written to files so far, merged ones included. */
MSP_API uint64_t msp_sorter_spilled(const struct msp_sorter *s);
/* Warns of keys that none of the objects had that were put into s or into other (of the same keys, or NULL): misspelt, surely. */
MSP_API void msp_sorter_tell_unmet(const struct msp_sorter *s, const struct msp_sorter *other, struct msp_job *job);

/* ---- grouping ---------------------------------------------------------- */

/* Hash of the values of keys: equal where msp_value_compare() finds each of them equal; an undefined value
 * counts, too. MSP_NOMEM only. */
MSP_API int msp_keys_hash(const struct msp_keys *keys, const struct msp_object *o,
                          struct msp_id *out) MSP_CHECKED;

/* Numbers distinct hashes from 0 in order of appearance. Zero-initialise. */
struct msp_groups {
	struct msp_group_slot *slot;
	uint64_t n, room;
};
/* The number of hash; added if it is new. MSP_NOMEM. */
MSP_API int msp_groups_number(struct msp_groups *g, struct msp_id hash, uint64_t *number,
                              bool *added) MSP_CHECKED;
MSP_API uint64_t msp_groups_memory(const struct msp_groups *g); /* bytes */
MSP_API void msp_groups_free(struct msp_groups *g);

struct msp_grouper; /* opaque */

/* Makes ensembles, one per group, in the order of the groups' first objects, and writes them by msp_pass(). sorted: the input is in order of
 * groups already, they are written as they come and nothing is held. keys are borrowed. NULL: no memory. */
MSP_API struct msp_grouper *msp_grouper_new(struct msp_job *job, const struct msp_keys *keys, bool sorted,
                                            uint64_t max_memory) MSP_CHECKED;
/* Takes o, which is no bracket. MSP_FAIL with sorted, if its group was closed. The reason is in msp_job_error(). */
MSP_API int msp_grouper_put(struct msp_grouper *g, struct msp_object *o) MSP_CHECKED;
MSP_API int msp_grouper_drain(struct msp_grouper *g) MSP_CHECKED;
/* The groups met so far. */
MSP_API const struct msp_groups *msp_grouper_groups(const struct msp_grouper *g);
MSP_API void msp_grouper_free(struct msp_grouper *g); /* NULL is allowed */

/* ---- folding by key (msfold) --------------------------------------------- */

struct msp_keyfold; /* opaque: a fold for each value of the keys */

struct msp_keyfold_options {
	const char *by;            /* a list of keys; NULL: one fold of all */
	bool partial;              /* partial folds are wanted, for another keyfold */
	struct msp_fold_spec spec; /* of each; max_memory: of all together */
};
/* NULL is returned, and msp_job_error() says why, if `by` is no list of keys or memory ran out. The options' strings are borrowed. */
MSP_API struct msp_keyfold *msp_keyfold_new(struct msp_job *job, const struct msp_keyfold_options *options) MSP_CHECKED;
/* Adds data to the fold of its keys' values: outside ensembles to one, inside to one for each place in the ensemble, whose keys are those of
 * the bracket; brackets to one of their own. Partial folds are added where they belong. What is dead, or is found to be no member (and
 * killed by msp_job_kill()), is counted; other kinds are passed on. MSP_FAIL: more than spec.max_memory; MSP_USAGE, MSP_CORRUPT: a partial
 * fold that does not fit. The reason is in msp_job_error(). */
MSP_API int msp_keyfold_put(struct msp_keyfold *f, struct msp_object *o) MSP_CHECKED;
/* Writes all by msp_pass(), in the order of the keys' values: results, ensembles as ensembles, with the keys that not all members write
 * alike and ids of this stage; or partial folds. Nothing depends on the order of arrival. */
MSP_API int msp_keyfold_drain(struct msp_keyfold *f) MSP_CHECKED;
MSP_API void msp_keyfold_free(struct msp_keyfold *f); /* NULL is allowed */

/* ---- dividing into parts (mssplit) --------------------------------------- */

struct msp_divider; /* opaque: files that know of which stream they are which part */

/* One of number, size and by. Strings are borrowed. */
struct msp_divider_options {
	int64_t number;      /* so many parts of about the same size */
	uint64_t size;       /* parts of about so many bytes, in the order of the input */
	const char *by;      /* a part for each value of these keys */
	const char *prefix;  /* how the files' names begin: PREFIX.0001.msp, or PREFIX.VALUE.VALUE.msp */
	uint64_t max_memory; /* by: bytes of objects to hold; more go to files in $TMPDIR */
};
/* In start(): by number and by size the job gives whole blocks from now on. NULL is returned, and msp_job_error() says why: more parts than
 * files may be open, a file that cannot be made, keys that are none, no memory. */
MSP_API struct msp_divider *msp_divider_new(struct msp_job *job, const struct msp_divider_options *options) MSP_CHECKED;
/* A segment of the input begins. MSP_USAGE if it is a part already. */
MSP_API int msp_divider_header(struct msp_divider *d, const struct msp_header *h) MSP_CHECKED;
/* By number and by size: the block that the job's reader has. Ensembles stay whole. */
MSP_API int msp_divider_block(struct msp_divider *d, const struct msp_block *b) MSP_CHECKED;
/* By keys. Takes o. */
MSP_API int msp_divider_put(struct msp_divider *d, struct msp_object *o) MSP_CHECKED;
/* The input is complete: all files appear, or none. *parts: how many. The reason of a failure is in msp_job_error(). */
MSP_API int msp_divider_commit(struct msp_divider *d, size_t *parts) MSP_CHECKED;
MSP_API void msp_divider_free(struct msp_divider *d); /* what was not committed leaves nothing. NULL is allowed */

/* ---- sorting and grouping what a source makes (msread --sort, --group) -- */

struct msp_arrange; /* opaque */

/* sort, group: lists of keys, or NULL. NULL is returned, and msp_job_error() says why, if they are none or memory ran out. */
MSP_API struct msp_arrange *msp_arrange_new(struct msp_job *job, const char *sort, const char *group,
                                            uint64_t max_memory) MSP_CHECKED;
/* Takes o. With groups, brackets that come are dropped. */
MSP_API int msp_arrange_put(struct msp_arrange *a, struct msp_object *o) MSP_CHECKED;
/* Writes all by msp_pass(): sorted; then, if groups are wanted, one ensemble per group, groups in the order of
 * their first objects. */
MSP_API int msp_arrange_drain(struct msp_arrange *a) MSP_CHECKED;
MSP_API void msp_arrange_free(struct msp_arrange *a); /* NULL is allowed */

/* ---- editing metadata (msset) -------------------------------------------- */

struct msp_edits; /* opaque: what is to be done to each object */

struct msp_edits_options {
	struct msp_strings remove, rename; /* KEY; OLD:NEW */
	bool optional;  /* an assignment whose value is undefined is skipped; else it kills the object */
	bool ensembles; /* brackets are edited, not data */
};
/* True for KEY=..., spaces allowed: an assignment. */
MSP_API bool msp_edits_assigns(const char *text);
/* In start(): the job's operands are the assignments, and enter the stage's identity in a canonical form. NULL is returned, and msp_job_error()
 * says why, if one of the edits could be done to no object (MSP_USAGE) or memory ran out. The options' strings are borrowed. */
MSP_API struct msp_edits *msp_edits_new(struct msp_job *job, const struct msp_edits_options *options) MSP_CHECKED;
/* First the assignments, in order, each seeing what those before it have set; then renames; then removals. MSP_KILL with the reason: o does
 * not allow it. MSP_NOMEM. */
MSP_API int msp_edits_apply(struct msp_edits *e, struct msp_object *o, struct msp_error *err) MSP_CHECKED;
/* Says on stderr what could not be evaluated, and with -v how much was skipped. */
MSP_API void msp_edits_tell(const struct msp_edits *e, struct msp_job *job);
MSP_API void msp_edits_free(struct msp_edits *e); /* NULL is allowed */

/* ---- expressions on a command line ------------------------------------- */

/* msp_expr_compile() of what a user typed. On failure the expression is shown with a mark under the place,
 * and the reason is in msp_job_error(). */
MSP_API int msp_job_expr(struct msp_job *job, const char *text, unsigned flags,
                         struct msp_expr **out) MSP_CHECKED;
/* Says on stderr what could not be evaluated: `3 objects have no key "site.lat": EFFECT`. effect may be
 * NULL. */
MSP_API void msp_job_complaints(struct msp_job *job, const struct msp_expr *e, const char *effect);

#ifdef __cplusplus
}
#endif
#endif
