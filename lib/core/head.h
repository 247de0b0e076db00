/* core/head.h - the fixed head of an object, as the stream writes it and the digest reads it (msp(5)) */
#ifndef MSP_CORE_HEAD_H
#define MSP_CORE_HEAD_H

#include "mspipe/core.h"

#define MSP_HEAD_SIZE 80
#define MSP_TMATRIX_SIZE 72

/* Flags of the head's byte 6. */
#define MSP_HEAD_LIVE 1u
#define MSP_HEAD_RELATIVE 2u
#define MSP_HEAD_SHIFT_VALID 4u
#define MSP_HEAD_CARDINAL 8u
#define MSP_HEAD_ORTHOGONAL 16u

/* What follows the head, in the form in which it is stored. */
struct msp_head_parts {
	uint8_t tmatrix[MSP_TMATRIX_SIZE];
	const uint8_t *extra; /* a seismogram's tmatrix (points into this struct: do not copy it), else o->extra */
	size_t extra_len;
	size_t metadata_len; /* of o->metadata; an empty document counts as none */
	size_t elog_len, history_len, samples_len;
};
void msp_object_parts(const struct msp_object *o, struct msp_head_parts *out);

/* Encodes the head. size and history_len are what the stream writes there; both 0 for the digest. Lengths must fit 32 bits. */
void msp_object_head(const struct msp_object *o, const struct msp_head_parts *parts, uint32_t size,
                     uint32_t history_len, uint8_t out[MSP_HEAD_SIZE]);

#endif
