/* store/place.h - what keys of expressions mean in the documents of a collection */
#ifndef MSP_STORE_PLACE_H
#define MSP_STORE_PLACE_H

#include "mspipe/expr.h"

/* An msp_expr_place_fn; context is the collection's name. */
void msp_place(const void *collection, const char *key, struct msp_place *out);
bool msp_is_waveform(const char *collection);

#endif
