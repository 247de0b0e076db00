/* store/intake.h - documents that came from a file, on their way into a store */
#ifndef MSP_STORE_INTAKE_H
#define MSP_STORE_INTAKE_H

#include "store/oidmap.h"
#include "store/spool.h"

#include "mspipe/documents.h"

#define MSP_INTAKE_MAX 64 /* collections */

struct msp_intake {
	char *keys;
	struct {
		char *name;
		uint64_t n;
	} collection[MSP_INTAKE_MAX];
	size_t collections;
	struct msp_spool spool; /* of each: number of the collection, as 4 bytes, and the document */
	struct msp_bytes doc;   /* the one being looked at */
	struct msp_oidmap renamed;
};

/* The next document of the spool, borrowed till the next call: 1; 0 at the end; below 0: failure. */
int msp_intake_next(struct msp_intake *in, size_t *collection, bson_t *doc, struct msp_error *err) MSP_CHECKED;

/* ---- intakeid.c */
/* The _id of a document that has none. */
int msp_intake_id(const char *keys, const char *collection, const bson_t *doc, bson_oid_t *out, struct msp_error *err) MSP_CHECKED;

/* ---- samesite.c */
/* Fills in->renamed: which documents of site and channel take the place of another's. */
int msp_intake_match(struct msp_intake *in, struct msp_store *s, msp_poll_fn *poll, void *context, struct msp_error *err) MSP_CHECKED;

#endif
