/* Encodings of a sample area: byte shuffle and delta coding (msp(5), Samples).
 * Shuffled bytes of one rank lie together, so that zstd sees the slowly changing
 * sign and exponent bytes as such; differences make smooth signals small. */
#include "stream/encode.h"
#include "signal/cpu.h"

#include <string.h>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

enum { CHUNK = 2048 }; /* words coded at a time: stays in the first-level cache */

int msp_encoding_known(uint8_t enc)
{
	return enc == ENC_RAW || (enc >= ENC_SHUFFLE && enc <= ENC_SHUFFLE + ENC_DELTA_MAX);
}

/* ---- shuffle: n words of w bytes; byte j of word i goes to j * stride + i ---- */

static ALWAYS_INLINE void shuffle_plain(unsigned w, const uint8_t *src, uint8_t *dst, size_t n, size_t stride)
{
	for (unsigned j = 0; j < w; j++)
		for (size_t i = 0; i < n; i++)
			dst[j * stride + i] = src[i * w + j];
}

static ALWAYS_INLINE void unshuffle_plain(unsigned w, const uint8_t *src, uint8_t *dst, size_t n, size_t stride)
{
	for (unsigned j = 0; j < w; j++)
		for (size_t i = 0; i < n; i++)
			dst[i * w + j] = src[j * stride + i];
}

#if defined(__SSE2__)
/* Interleaving the bytes of two registers rotates the bits of a byte's address:
 * the register's bit comes in below, the upper half's bit goes out to the register.
 * Four such steps bring 16 words into byte order, log2(w) steps bring them back. */
static ALWAYS_INLINE void interleave(__m128i *v, unsigned count, unsigned bit)
{
	for (unsigned k = 0; k < count; k++) {
		if (k & bit)
			continue;
		__m128i a = v[k], b = v[k | bit];
		v[k] = _mm_unpacklo_epi8(a, b);
		v[k | bit] = _mm_unpackhi_epi8(a, b);
	}
}

static ALWAYS_INLINE void shuffle8(const uint8_t *src, uint8_t *dst, size_t n, size_t stride)
{
	static const unsigned plane[8] = {0, 2, 4, 6, 1, 3, 5, 7}; /* which byte rank each register ends as */
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		__m128i v[8];
		for (unsigned k = 0; k < 8; k++)
			v[k] = _mm_loadu_si128((const __m128i *)(const void *)(src + i * 8 + k * 16));
		interleave(v, 8, 4);
		interleave(v, 8, 2);
		interleave(v, 8, 1);
		interleave(v, 8, 4);
		for (unsigned k = 0; k < 8; k++)
			_mm_storeu_si128((__m128i *)(void *)(dst + plane[k] * stride + i), v[k]);
	}
	shuffle_plain(8, src + i * 8, dst + i, n - i, stride);
}

static ALWAYS_INLINE void shuffle4(const uint8_t *src, uint8_t *dst, size_t n, size_t stride)
{
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		__m128i v[4];
		for (unsigned k = 0; k < 4; k++)
			v[k] = _mm_loadu_si128((const __m128i *)(const void *)(src + i * 4 + k * 16));
		interleave(v, 4, 2);
		interleave(v, 4, 1);
		interleave(v, 4, 2);
		interleave(v, 4, 1);
		for (unsigned k = 0; k < 4; k++)
			_mm_storeu_si128((__m128i *)(void *)(dst + k * stride + i), v[k]);
	}
	shuffle_plain(4, src + i * 4, dst + i, n - i, stride);
}

static ALWAYS_INLINE void unshuffle8(const uint8_t *src, uint8_t *dst, size_t n, size_t stride)
{
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		__m128i v[8];
		for (unsigned k = 0; k < 8; k++)
			v[k] = _mm_loadu_si128((const __m128i *)(const void *)(src + k * stride + i));
		interleave(v, 8, 4);
		interleave(v, 8, 2);
		interleave(v, 8, 1);
		for (unsigned k = 0; k < 8; k++)
			_mm_storeu_si128((__m128i *)(void *)(dst + i * 8 + k * 16), v[k]);
	}
	unshuffle_plain(8, src + i, dst + i * 8, n - i, stride);
}

static ALWAYS_INLINE void unshuffle4(const uint8_t *src, uint8_t *dst, size_t n, size_t stride)
{
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		__m128i v[4];
		for (unsigned k = 0; k < 4; k++)
			v[k] = _mm_loadu_si128((const __m128i *)(const void *)(src + k * stride + i));
		interleave(v, 4, 2);
		interleave(v, 4, 1);
		for (unsigned k = 0; k < 4; k++)
			_mm_storeu_si128((__m128i *)(void *)(dst + i * 4 + k * 16), v[k]);
	}
	unshuffle_plain(4, src + i, dst + i * 4, n - i, stride);
}
#else
#define shuffle8(s, d, n, st) shuffle_plain(8, s, d, n, st)
#define shuffle4(s, d, n, st) shuffle_plain(4, s, d, n, st)
#define unshuffle8(s, d, n, st) unshuffle_plain(8, s, d, n, st)
#define unshuffle4(s, d, n, st) unshuffle_plain(4, s, d, n, st)
#endif

/* ---- delta, for both widths -------------------------------------------- */

#define DELTA(W, U, I)                                                                                        \
	/* The integers have the order of the floating-point numbers that they stand for. */                  \
	static ALWAYS_INLINE U ordered##W(U x)                                                                \
	{                                                                                                     \
		return x ^ ((U)((I)x >> (W - 1)) >> 1);                                                       \
	}                                                                                                     \
	static ALWAYS_INLINE U zigzag##W(U d)                                                                 \
	{                                                                                                     \
		return (U)(d << 1) ^ (U)((I)d >> (W - 1));                                                    \
	}                                                                                                     \
	/* x[0..2] are the words before the first, 0 at the beginning. */                                     \
	static ALWAYS_INLINE void delta##W(unsigned order, const U *x, U *out, size_t n)                      \
	{                                                                                                     \
		if (order == 1)                                                                               \
			for (size_t i = 0; i < n; i++)                                                        \
				out[i] = zigzag##W((U)(x[i + 3] - x[i + 2]));                                 \
		else if (order == 2)                                                                          \
			for (size_t i = 0; i < n; i++)                                                        \
				out[i] = zigzag##W((U)(x[i + 3] - 2 * x[i + 2] + x[i + 1]));                  \
		else                                                                                          \
			for (size_t i = 0; i < n; i++)                                                        \
				out[i] = zigzag##W((U)(x[i + 3] - 3 * x[i + 2] + 3 * x[i + 1] - x[i]));       \
	}                                                                                                     \
	static ALWAYS_INLINE void encode_delta##W(unsigned order, int floating, const uint8_t *src, uint8_t *dst, size_t n) \
	{                                                                                                     \
		U buf[CHUNK + 3] = {0}, out[CHUNK];                                                           \
		U *x = buf + 3;                                                                               \
		for (size_t i = 0; i < n; i += CHUNK) {                                                       \
			size_t m = n - i < CHUNK ? n - i : CHUNK;                                             \
			memcpy(x, src + i * sizeof(U), m * sizeof(U));                                        \
			if (floating)                                                                         \
				for (size_t k = 0; k < m; k++)                                                \
					x[k] = ordered##W(x[k]);                                              \
			delta##W(order, buf, out, m);                                                         \
			shuffle_to(sizeof(U), (const uint8_t *)out, dst + i, m, n);                           \
			if (m == CHUNK)                                                                       \
				memcpy(buf, x + CHUNK - 3, 3 * sizeof(U));                                    \
		}                                                                                             \
	}                                                                                                     \
	static ALWAYS_INLINE void decode_delta##W(unsigned order, int floating, const uint8_t *src, uint8_t *dst, size_t n) \
	{                                                                                                     \
		U a = 0, b = 0, c = 0, z[CHUNK];                                                              \
		for (size_t i = 0; i < n; i += CHUNK) {                                                       \
			size_t m = n - i < CHUNK ? n - i : CHUNK;                                             \
			unshuffle_from(sizeof(U), src + i, (uint8_t *)z, m, n);                               \
			for (size_t k = 0; k < m; k++)                                                        \
				z[k] = (z[k] >> 1) ^ (U)(0 - (z[k] & 1));                                     \
			if (order == 3)                                                                       \
				for (size_t k = 0; k < m; k++)                                                \
					z[k] = a = (U)(a + (b = (U)(b + (c = (U)(c + z[k])))));               \
			else if (order == 2)                                                                  \
				for (size_t k = 0; k < m; k++)                                                \
					z[k] = a = (U)(a + (b = (U)(b + z[k])));                              \
			else                                                                                  \
				for (size_t k = 0; k < m; k++)                                                \
					z[k] = a = (U)(a + z[k]);                                             \
			if (floating)                                                                         \
				for (size_t k = 0; k < m; k++)                                                \
					z[k] = ordered##W(z[k]);                                              \
			memcpy(dst + i * sizeof(U), z, m * sizeof(U));                                        \
		}                                                                                             \
	}

static ALWAYS_INLINE void shuffle_to(size_t width, const uint8_t *src, uint8_t *dst, size_t n, size_t stride)
{
	if (width == 8)
		shuffle8(src, dst, n, stride);
	else
		shuffle4(src, dst, n, stride);
}

static ALWAYS_INLINE void unshuffle_from(size_t width, const uint8_t *src, uint8_t *dst, size_t n, size_t stride)
{
	if (width == 8)
		unshuffle8(src, dst, n, stride);
	else
		unshuffle4(src, dst, n, stride);
}

DELTA(64, uint64_t, int64_t)
DELTA(32, uint32_t, int32_t)

/* Encodes or, back, decodes. */
static ALWAYS_INLINE void code(bool back, uint8_t enc, unsigned width, int floating, const uint8_t *src, uint8_t *dst, size_t n)
{
	unsigned order = enc & 3u;

	if (n == 0)
		return;
	if (enc == ENC_RAW)
		memcpy(dst, src, n * width);
	else if (order == 0)
		back ? unshuffle_from(width, src, dst, n, n) : shuffle_to(width, src, dst, n, n);
	else if (width == 8)
		back ? decode_delta64(order, floating, src, dst, n) : encode_delta64(order, floating, src, dst, n);
	else
		back ? decode_delta32(order, floating, src, dst, n) : encode_delta32(order, floating, src, dst, n);
}

/* ---- on this processor --------------------------------------------------- */

#if MSP_CPU_X86
TARGET_AVX512 static void code_avx512(bool back, uint8_t enc, unsigned width, int floating, const uint8_t *src, uint8_t *dst, size_t n)
{
	code(back, enc, width, floating, src, dst, n);
}

TARGET_AVX2 static void code_avx2(bool back, uint8_t enc, unsigned width, int floating, const uint8_t *src, uint8_t *dst, size_t n)
{
	code(back, enc, width, floating, src, dst, n);
}
#endif

static void code_path(int path, bool back, uint8_t enc, unsigned width, int floating, const uint8_t *src, uint8_t *dst, size_t n)
{
#if MSP_CPU_X86
	if (path >= MSP_CPU_AVX512 && msp_cpu_has(MSP_CPU_AVX512)) {
		code_avx512(back, enc, width, floating, src, dst, n);
		return;
	}
	if (path >= MSP_CPU_AVX2 && msp_cpu_has(MSP_CPU_AVX2)) {
		code_avx2(back, enc, width, floating, src, dst, n);
		return;
	}
#endif
	code(back, enc, width, floating, src, dst, n);
}

void msp_encode_path(int path, uint8_t enc, unsigned width, int floating, const uint8_t *src, uint8_t *dst, size_t n)
{
	code_path(path, false, enc, width, floating, src, dst, n);
}

void msp_decode_path(int path, uint8_t enc, unsigned width, int floating, const uint8_t *src, uint8_t *dst, size_t n)
{
	code_path(path, true, enc, width, floating, src, dst, n);
}

void msp_encode(uint8_t enc, unsigned width, int floating, const uint8_t *src, uint8_t *dst, size_t n)
{
	code_path(MSP_CPU_BEST, false, enc, width, floating, src, dst, n);
}

void msp_decode(uint8_t enc, unsigned width, int floating, const uint8_t *src, uint8_t *dst, size_t n)
{
	code_path(MSP_CPU_BEST, true, enc, width, floating, src, dst, n);
}
