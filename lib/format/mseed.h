/* The door to libmseed: what of it this room uses. See mseed.c. */
#ifndef FORMAT_MSEED_H
#define FORMAT_MSEED_H

#include "format/record.h"

/* What kind of samples an encoding gives: MSP_I32, MSP_F32, MSP_F64; MSP_NONE for text and unknown encodings. */
int mseed_type(int encoding);

/* What decoding a record found. */
struct mseed_check {
	bool mismatch;      /* Steim: the last sample is not what the record says it is */
	int32_t got, said;
	bool nomem;         /* it failed only for want of memory */
};
/* Decodes the r->nsamp samples of a record of r->length bytes into out, which has room for STEIM_SLACK more. False: why
 * says what is wrong. Never writes past the room, whatever the record holds. */
bool mseed_decode(const struct record *r, const uint8_t *p, void *out, struct mseed_check *check, char why[RECORD_WHY]);

#endif
