/* CRC-32C. On x86-64 with SSE 4.2 and PCLMUL three lanes run at once, since the
 * crc32 instruction takes three cycles but one can start in every cycle; the lanes' CRCs are then
 * moved over the bytes that follow them by a carry-less multiplication with
 * x^(8n-33) mod P (Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using
 * CRC32 Instruction", Intel 2011). With AVX-512 and VPCLMULQDQ sixteen pieces of 128 bits are folded at once
 * (Gopal et al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ Instruction", Intel 2009): four times as fast
 * where the bytes are in the cache. Elsewhere: a table of nibbles. */
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

__attribute__((target("sse4.2,pclmul"))) static uint32_t sse42(uint32_t crc0, const void *data, size_t n)
{
	enum { LONG = 2048, SHORT = 128 };
	const uint8_t *p = data;
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

#define TARGET_FOLD __attribute__((target("sse4.2,pclmul,avx512f,avx512vl,avx512dq,vpclmulqdq")))

/* Moves each 128 bits of a over a distance d and adds b. k: x^(d+63) mod P and x^(d-1) mod P, reflected, in each 128 bits. */
TARGET_FOLD static inline __m512i fold(__m512i a, __m512i k, __m512i b)
{
	return _mm512_ternarylogic_epi64(_mm512_clmulepi64_epi128(a, k, 0x00), _mm512_clmulepi64_epi128(a, k, 0x11), b, 0x96);
}

TARGET_FOLD static inline __m512i load512(const uint8_t *p)
{
	return _mm512_loadu_si512((const void *)p);
}

TARGET_FOLD static uint32_t avx512(uint32_t crc, const void *data, size_t n)
{
	const uint8_t *p = data;
	const __m512i over2048 = _mm512_set4_epi64(0x1426a81500000000, (long long)0xe9a5d8be00000000,
	                                           0x1426a81500000000, (long long)0xe9a5d8be00000000);
	const __m512i over512 = _mm512_set4_epi64(0x75bba45b00000000, 0x1c19243b00000000, 0x75bba45b00000000, 0x1c19243b00000000);
	/* of the four pieces of 128 bits the first is moved over 384 bits, the last stays */
	const __m512i to_end = _mm512_set_epi64(0, 0, 0x3171d43000000000, 0x3743f7bd00000000, (long long)0xa2158b3400000000,
	                                        0x33ccbbbc00000000, 0x6051243f00000000, (long long)0xa46ef4aa00000000);
	__m512i a, b, c, d;
	uint64_t word[8], rest;

	if (n < 1024)
		return sse42(crc, data, n);
	a = _mm512_xor_si512(load512(p), _mm512_zextsi128_si512(_mm_cvtsi32_si128((int)~crc)));
	b = load512(p + 64);
	c = load512(p + 128);
	d = load512(p + 192);
	for (p += 256, n -= 256; n >= 256; p += 256, n -= 256) {
		a = fold(a, over2048, load512(p));
		b = fold(b, over2048, load512(p + 64));
		c = fold(c, over2048, load512(p + 128));
		d = fold(d, over2048, load512(p + 192));
	}
	b = fold(a, over512, b);
	c = fold(b, over512, c);
	d = fold(c, over512, d);
	a = fold(d, to_end, _mm512_maskz_mov_epi64(0xc0, d));
	_mm512_storeu_si512(word, a);
	rest = _mm_crc32_u64(0, word[0] ^ word[2] ^ word[4] ^ word[6]);
	rest = _mm_crc32_u64(rest, word[1] ^ word[3] ^ word[5] ^ word[7]);
	return sse42(~(uint32_t)rest, p, n);
}

static bool has_avx512(void)
{
	return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
	       __builtin_cpu_supports("vpclmulqdq");
}

msp_crc32c_fn *msp_crc32c_path(int path)
{
	bool can = __builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul");

	if (path == 2)
		return can && has_avx512() ? avx512 : NULL;
	return path == 0 ? msp_crc32c_portable : can ? sse42 : NULL;
}
#else
msp_crc32c_fn *msp_crc32c_path(int path)
{
	return path == 0 ? msp_crc32c_portable : NULL;
}
#endif

uint32_t msp_crc32c(uint32_t crc, const void *data, size_t n)
{
	for (int path = 2; path > 0; path--) {
		msp_crc32c_fn *f = msp_crc32c_path(path);

		if (f)
			return f(crc, data, n);
	}
	return msp_crc32c_portable(crc, data, n);
}
