/* Metadata that many objects have alike. */
#ifndef SIGNAL_COMMON_H
#define SIGNAL_COMMON_H

#include "mspipe/core.h"

/* Removes from the document `common` (owned) each element that `other` does not have with the same value. */
int common_keep(struct msp_bytes *common, const struct msp_bytes *other) MSP_CHECKED;

/* Appends to the document `doc` (owned) the elements of `more` whose keys it has not. */
int common_merge(struct msp_bytes *doc, const struct msp_bytes *more) MSP_CHECKED;

#endif
