/* store/path.h - dotted keys in documents and arrays, as MongoDB follows them */
#ifndef MSP_STORE_PATH_H
#define MSP_STORE_PATH_H

#include "mspipe/core.h"

#define MSP_PATH_ELEMENTS 1u /* an array at the end: its elements ... */
#define MSP_PATH_WHOLE 2u    /* ... and, or only, the array itself */

/* Called with each value; value NULL: the key is missing there. Anything but 0 ends the walk and is its result. */
typedef int msp_path_fn(void *context, const bson_iter_t *value);

/* Every value that path leads to. A document in an array is entered without being named; a number names an element. */
int msp_path_each(const uint8_t *doc, size_t n, const char *path, unsigned flags, msp_path_fn *fn, void *context);
/* The value at path without entering arrays by name: what a single value is, for columns. False if it is missing or lies within
 * an array (*array then). */
bool msp_path_single(const uint8_t *doc, size_t n, const char *path, bson_iter_t *out, bool *array);

/* The key of order among sorted documents: of an array, its least element (its greatest if descending). */
int msp_path_sort_key(const uint8_t *doc, size_t n, const char *path, bool descending, struct msp_bytes *out) MSP_CHECKED;

#endif
