/* mspipe/doc.h - building BSON documents (bsonspec.org, version 1.1)
 *
 * libbson's own builder ends the process when memory runs out, and checks what need not be checked again. Here every call
 * may be made after one has failed; msp_doc_end() tells. */
#ifndef MSPIPE_DOC_H
#define MSPIPE_DOC_H

#include "mspipe/core.h"

#ifdef __cplusplus
extern "C" {
#endif

struct msp_doc {
	struct msp_bytes *out;
	size_t begin;
	bool failed;
};

#define MSP_DOC_INDEX 12 /* bytes of the key of an array's element */

MSP_API void msp_doc_begin(struct msp_doc *d, struct msp_bytes *out); /* out is emptied */
MSP_API void msp_doc_string(struct msp_doc *d, const char *key, const char *text);
MSP_API void msp_doc_bool(struct msp_doc *d, const char *key, bool v);
MSP_API void msp_doc_int32(struct msp_doc *d, const char *key, int32_t v);
MSP_API void msp_doc_int64(struct msp_doc *d, const char *key, int64_t v);
/* int32 where it fits, as MsPASS */
MSP_API void msp_doc_int(struct msp_doc *d, const char *key, int64_t v);
MSP_API void msp_doc_double(struct msp_doc *d, const char *key, double v);
MSP_API void msp_doc_oid(struct msp_doc *d, const char *key, const bson_oid_t *oid);
/* The element at which an iterator stands, as it is: under another key unless that is NULL. */
MSP_API void msp_doc_iter(struct msp_doc *d, const char *key, const bson_iter_t *it);
/* Subdocuments and arrays, to any depth: what is added before msp_doc_close() with the mark that was given is inside. */
MSP_API size_t msp_doc_open(struct msp_doc *d, const char *key);
MSP_API size_t msp_doc_open_array(struct msp_doc *d, const char *key);
MSP_API void msp_doc_close(struct msp_doc *d, size_t mark);
/* The key of element i of an array. Returns buf. */
MSP_API const char *msp_doc_index(uint32_t i, char buf[MSP_DOC_INDEX]);
/* MSP_OK; MSP_NOMEM; MSP_FAIL if the document is longer than BSON can say (2 GiB). */
MSP_API int msp_doc_end(struct msp_doc *d) MSP_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
