/* Building a BSON document of a few known keys. See doc.c. */
#ifndef FORMAT_DOC_H
#define FORMAT_DOC_H

#include "mspipe/core.h"

/* A document that is appended to bytes; one level of subdocuments. Every call may be made after one has failed. */
struct doc {
	struct msp_bytes *out;
	size_t outer, inner; /* where the lengths are */
	bool failed;
};

void doc_begin(struct doc *d, struct msp_bytes *out); /* out is emptied */
void doc_string(struct doc *d, const char *key, const char *text);
void doc_int32(struct doc *d, const char *key, int32_t v);
void doc_int64(struct doc *d, const char *key, int64_t v);
void doc_double(struct doc *d, const char *key, double v);
void doc_sub(struct doc *d, const char *key);
void doc_sub_end(struct doc *d);
int doc_end(struct doc *d) MSP_CHECKED; /* MSP_OK or MSP_NOMEM */

#endif
