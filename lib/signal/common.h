/* Metadata that many objects have alike. */
#ifndef SIGNAL_COMMON_H
#define SIGNAL_COMMON_H

#include "mspipe/core.h"

/* Removes from the document `common` (owned) each element that `other` does not have with the same value. */
int common_keep(struct msp_bytes *common, const struct msp_bytes *other) MSP_CHECKED;

/* Appends to the document `doc` (owned) the elements of `more` whose keys it has not. */
int common_merge(struct msp_bytes *doc, const struct msp_bytes *more) MSP_CHECKED;

/* The elements of a document sorted by key; of equal keys only the first. */
int common_sort(struct msp_bytes *out, const struct msp_bytes *doc) MSP_CHECKED;

/* As common_keep(), of two documents that common_sort() made: the same whichever is which. */
int common_intersect(struct msp_bytes *a, const struct msp_bytes *b) MSP_CHECKED;

#endif
