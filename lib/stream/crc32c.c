/* CRC-32C. On x86-64 with SSE 4.2 and PCLMUL three lanes run at once, since the
 * crc32 instruction takes three cycles but one can start in every cycle; the lanes' CRCs are then
 * moved over the bytes that follow them by a carry-less multiplication with
 * x^(8n-33) mod P (Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using
 * CRC32 Instruction", Intel 2011). Elsewhere: a table of nibbles. */
#include "stream/wire.h"

uint32_t msp_crc32c_portable(uint32_t crc, const void *data, size_t n)
{
	/* table[i]: the CRC register after i, as 4 bits, went through it */
	static const uint32_t table[16] = {
		0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
		0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
	};
	const uint8_t *p = data;

	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		crc = (crc >> 4) ^ table[crc & 15];
		crc = (crc >> 4) ^ table[crc & 15];
	}
	return ~crc;
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

/* crc moved over the zero bytes that constant k stands for */
__attribute__((target("sse4.2,pclmul"))) static inline uint64_t move_over(uint64_t crc, uint32_t k)
{
	__m128i v = _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)crc), _mm_cvtsi32_si128((int)k), 0);

	return _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(v));
}

static inline uint64_t load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, 8);
	return v;
}

/* Three lanes of `lane` bytes each; k1, k2: x^(8*lane-33), x^(16*lane-33) mod P. */
__attribute__((target("sse4.2,pclmul"))) static inline uint64_t
three_lanes(uint64_t crc, const uint8_t *p, size_t lane, uint32_t k1, uint32_t k2)
{
	uint64_t a = crc, b = 0, c = 0;

	for (size_t i = 0; i < lane; i += 8) {
		a = _mm_crc32_u64(a, load64(p + i));
		b = _mm_crc32_u64(b, load64(p + lane + i));
		c = _mm_crc32_u64(c, load64(p + 2 * lane + i));
	}
	return move_over(a, k2) ^ move_over(b, k1) ^ c;
}

__attribute__((target("sse4.2,pclmul"))) static uint32_t crc32c_sse42(uint32_t crc0, const uint8_t *p, size_t n)
{
	enum { LONG = 2048, SHORT = 128 };
	uint64_t crc = ~crc0;

	for (; n >= 3 * LONG; p += 3 * LONG, n -= 3 * LONG)
		crc = three_lanes(crc, p, LONG, 0xa51b6135, 0x82f89c77);
	for (; n >= 3 * SHORT; p += 3 * SHORT, n -= 3 * SHORT)
		crc = three_lanes(crc, p, SHORT, 0x0d3b6092, 0xb9e02b86);
	for (; n >= 8; p += 8, n -= 8)
		crc = _mm_crc32_u64(crc, load64(p));
	for (; n > 0; p++, n--)
		crc = _mm_crc32_u8((uint32_t)crc, *p);
	return ~(uint32_t)crc;
}

uint32_t msp_crc32c(uint32_t crc, const void *data, size_t n)
{
	if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul"))
		return crc32c_sse42(crc, data, n);
	return msp_crc32c_portable(crc, data, n);
}
#else
uint32_t msp_crc32c(uint32_t crc, const void *data, size_t n)
{
	return msp_crc32c_portable(crc, data, n);
}
#endif
