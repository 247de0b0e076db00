/* core/endian.h - little-endian numbers in byte buffers, whatever the machine and the alignment */
#ifndef MSP_CORE_ENDIAN_H
#define MSP_CORE_ENDIAN_H

#include <stdint.h>
#include <string.h>

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define MSP_BIG_ENDIAN 1
#else
#define MSP_BIG_ENDIAN 0
#endif

static inline uint16_t msp_swap16(uint16_t v)
{
	return (uint16_t)(MSP_BIG_ENDIAN ? __builtin_bswap16(v) : v);
}

static inline uint32_t msp_swap32(uint32_t v)
{
	return MSP_BIG_ENDIAN ? __builtin_bswap32(v) : v;
}

static inline uint64_t msp_swap64(uint64_t v)
{
	return MSP_BIG_ENDIAN ? __builtin_bswap64(v) : v;
}

static inline void msp_put_u16(uint8_t *p, uint16_t v)
{
	v = msp_swap16(v);
	memcpy(p, &v, sizeof v);
}

static inline void msp_put_u32(uint8_t *p, uint32_t v)
{
	v = msp_swap32(v);
	memcpy(p, &v, sizeof v);
}

static inline void msp_put_u64(uint8_t *p, uint64_t v)
{
	v = msp_swap64(v);
	memcpy(p, &v, sizeof v);
}

static inline void msp_put_f64(uint8_t *p, double d)
{
	uint64_t v;

	memcpy(&v, &d, sizeof v);
	msp_put_u64(p, v);
}

static inline uint16_t msp_get_u16(const uint8_t *p)
{
	uint16_t v;

	memcpy(&v, p, sizeof v);
	return msp_swap16(v);
}

static inline uint32_t msp_get_u32(const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof v);
	return msp_swap32(v);
}

static inline uint64_t msp_get_u64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof v);
	return msp_swap64(v);
}

static inline double msp_get_f64(const uint8_t *p)
{
	uint64_t v = msp_get_u64(p);
	double d;

	memcpy(&d, &v, sizeof d);
	return d;
}

#endif
