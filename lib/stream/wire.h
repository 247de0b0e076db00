/* Private to lib/stream: the format's constants and little-endian access. See msp(5). */
#ifndef STREAM_WIRE_H
#define STREAM_WIRE_H

#include "core/head.h"
#include "mspipe/stream.h"

#include <string.h>

#define WIRE_HEADER 0x184D2A50u
#define WIRE_BLOCK 0x184D2A51u
#define WIRE_TRAILER 0x184D2A52u
#define WIRE_ZSTD 0xFD2FB528u

#define HEADER_FIXED 52u /* bytes before the pipeline */
#define BLOCK_SIZE 104u
#define TRAILER_SIZE 96u
#define PIPELINE_MAX (16u << 20)
#define BLOCK_TARGET ((size_t)1 << 20) /* payload of a block */
/* Raw blocks are as large as one zstd block may be: their payload then lies in one piece, RAW_LEAD bytes into the frame, and is used where it lies. */
#define RAW_BLOCK ((size_t)128 << 10)
#define RAW_LEAD ((size_t)16)

#define SEGMENT_END "MSP SEGMENT END\n"

enum { AREA_W8, AREA_F4, AREA_I4, AREAS };

static inline void put16(uint8_t *p, uint16_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static inline void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static inline void put64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}

static inline uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t get32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint64_t get64(const uint8_t *p)
{
	return (uint64_t)get32(p) | (uint64_t)get32(p + 4) << 32;
}

/* CRC-32C of n more bytes; begin with 0. */
uint32_t msp_crc32c(uint32_t crc, const void *data, size_t n);
/* For its test: 0, the portable implementation; 1 and 2, those that want more of the processor; NULL if this one has not got it. */
typedef uint32_t msp_crc32c_fn(uint32_t crc, const void *data, size_t n);
msp_crc32c_fn *msp_crc32c_path(int path);
uint32_t msp_crc32c_portable(uint32_t crc, const void *data, size_t n);

/* Which area the samples of an object lie in; -1: no samples; -2: the width is not one of the format's. */
static inline int area_of(uint8_t type, uint8_t width)
{
	if (width == 0)
		return -1;
	if (width == 8)
		return AREA_W8;
	if (width == 4)
		return type == MSP_F32 ? AREA_F4 : AREA_I4;
	return -2;
}

#endif
