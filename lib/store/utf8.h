/* store/utf8.h - text of documents */
#ifndef MSP_STORE_UTF8_H
#define MSP_STORE_UTF8_H

#include "mspipe/core.h"

/* Of bytes that are a document (msp_bson_valid()): every key and string, at any depth. NUL in a string is allowed. */
bool msp_document_is_utf8(const uint8_t *data, size_t n);
/* The same of the element at which an iterator stands. */
bool msp_element_is_utf8(const bson_iter_t *it);

#endif
