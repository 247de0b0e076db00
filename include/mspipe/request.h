/* mspipe/request.h - what a store can be asked to do by a word (msdb)
 *
 * * Built on documents.h, upkeep.h and join.h, the same for both back ends; in libmspipe-store. What is said there of results, errors
 * and ownership holds here. */
#ifndef MSPIPE_REQUEST_H
#define MSPIPE_REQUEST_H

#include "mspipe/documents.h"
#include "mspipe/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Zero-initialise, set what is wanted and how to tell of it. Everything is borrowed. */
struct msp_request {
	struct msp_store *store;
	const char *const *argument; /* the words after the verb: COLLECTION, KEY, UPDATE, files ... as the verb has them */
	int arguments;
	struct msp_choice choice;    /* count, find, distinct, update, delete, join: of which documents. poll is put there for it */
	bool explain;                /* count, find: only say how it would be done */
	bool canonical;              /* find, distinct: JSON that keeps every type */
	bool unique, drop;           /* index: of keys that no two documents may share; remove it */
	bool fix;                    /* check: put right what can be */
	uint64_t lines;              /* check: at most so many of each kind; 0: all */
	bool replace;                /* merge: where documents of one _id differ, take the other store's */
	const char *collection;      /* import: into this one, whatever the file's name */
	const char *match, *keys;    /* join: as in struct msp_join_options; keys NULL: _id */
	int ambiguous;               /* join: enum msp_join_ambiguous */

	/* How it is told; all have to be there. Below 0 from print and flush ends the work, which returns that. */
	msp_print_fn *print;                            /* what was asked for: lines of text */
	int (*flush)(void *context);                    /* all was printed that there is, before a failure tells of it */
	void (*say)(void *context, const char *text);   /* what was done, for who wants to know */
	void (*warn)(void *context, const char *text);  /* what should be known */
	msp_poll_fn *poll;                              /* non-zero gives up (MSP_INTERRUPTED) */
	void *context;                                  /* of all of them */
};

/* What can be asked for, and its arguments. */
enum msp_request_verb {
	MSP_DO_LS,
	MSP_DO_COUNT,    /* COLLECTION */
	MSP_DO_FIND,     /* COLLECTION */
	MSP_DO_DISTINCT, /* COLLECTION KEY */
	MSP_DO_UPDATE,   /* COLLECTION UPDATE, as msp_store_update_chosen(), JSON */
	MSP_DO_DELETE,   /* COLLECTION */
	MSP_DO_INDEX,    /* COLLECTION [KEYS]: makes one, or prints which there are */
	MSP_DO_JOIN,     /* WAVEFORMS COLLECTION */
	MSP_DO_EXPORT,   /* DIRECTORY [COLLECTION...] */
	MSP_DO_IMPORT,   /* FILE... */
	MSP_DO_CHECK,    /* [COLLECTION...]; MSP_CORRUPT: something is, and stays, wrong */
	MSP_DO_MERGE,    /* FROM... */
	MSP_DO_COUNT_OF
};

/* Before a store is made for it: whether what it reads besides is there, and can be opened. */
MSP_API int msp_request_ready(const struct msp_request *q, enum msp_request_verb verb, struct msp_error *err) MSP_CHECKED;
/* Does it. There must be as many arguments as the verb wants. */
MSP_API int msp_request_do(struct msp_request *q, enum msp_request_verb verb, struct msp_error *err) MSP_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
