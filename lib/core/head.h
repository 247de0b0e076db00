/* core/head.h - the fixed head of an object, as the stream writes it and the digest reads it (msp(5)) */
#ifndef MSP_CORE_HEAD_H
#define MSP_CORE_HEAD_H

#include "mspipe/core.h"

#define MSP_HEAD_SIZE 80
#define MSP_TMATRIX_SIZE 72 /* a seismogram's matrix, in place of extra bytes */

/* Flags of the head's byte 6. */
#define MSP_HEAD_LIVE 1u
#define MSP_HEAD_RELATIVE 2u
#define MSP_HEAD_SHIFT_VALID 4u
#define MSP_HEAD_CARDINAL 8u
#define MSP_HEAD_ORTHOGONAL 16u

/* Encodes the head, as the digest reads it: the length of the record (offset 0) and of the history (offset
 * 72) are 0; the stream puts them in. A document without keys counts as no bytes. Lengths must fit 32
 * bits. */
void msp_object_head(const struct msp_object *o, uint8_t out[MSP_HEAD_SIZE]);
void msp_object_tmatrix(const struct msp_object *o, uint8_t out[MSP_TMATRIX_SIZE]);
void msp_object_read_tmatrix(struct msp_object *o, const uint8_t in[MSP_TMATRIX_SIZE]);

#endif
