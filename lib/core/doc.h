/* core/doc.h - building BSON documents (bsonspec.org, version 1.1)
 *
 * libbson's own builder ends the process when memory runs out. Every call may be made after one has failed; msp_doc_end() tells. */
#ifndef MSP_CORE_DOC_H
#define MSP_CORE_DOC_H

#include "mspipe/core.h"

struct msp_doc {
	struct msp_bytes *out;
	size_t begin;
	bool failed;
};

#define MSP_DOC_INDEX 12 /* bytes of the key of an array's element */

void msp_doc_begin(struct msp_doc *d, struct msp_bytes *out); /* out is emptied */
void msp_doc_string(struct msp_doc *d, const char *key, const char *text);
void msp_doc_int32(struct msp_doc *d, const char *key, int32_t v);
void msp_doc_int64(struct msp_doc *d, const char *key, int64_t v);
/* int32 where it fits, as MsPASS */
void msp_doc_int(struct msp_doc *d, const char *key, int64_t v);
void msp_doc_double(struct msp_doc *d, const char *key, double v);
/* Subdocuments and arrays, to any depth: what is added before msp_doc_close() with the mark that was given is inside. */
size_t msp_doc_open(struct msp_doc *d, const char *key);
size_t msp_doc_open_array(struct msp_doc *d, const char *key);
void msp_doc_close(struct msp_doc *d, size_t mark);
/* The key of element i of an array. */
const char *msp_doc_index(uint32_t i, char buf[MSP_DOC_INDEX]);
/* MSP_OK; MSP_NOMEM; MSP_FAIL if the document is longer than BSON can say (2 GiB). */
int msp_doc_end(struct msp_doc *d) MSP_CHECKED;

#endif
