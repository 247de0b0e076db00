/* The Steim decoder, frame by frame. Whole recordings are compared with ObsPy in tests/accuracy, and with libmseed in the fuzz target. */
#include "unit.h"

#include "format/steim.h"
#include "signal/cpu.h"

#include <string.h>

static void put(uint8_t *frame, int word, uint32_t v, bool big)
{
	for (int i = 0; i < 4; i++)
		frame[4 * word + i] = (uint8_t)(v >> (big ? 24 - 8 * i : 8 * i));
}

/* One frame: X0, Xn, and up to 13 data words with their codes. */
static void frame(uint8_t out[64], int32_t first, int32_t last, int n, const uint32_t *words, const uint32_t *codes, bool big)
{
	uint32_t control = 0;

	memset(out, 0, 64);
	for (int i = 0; i < n; i++) {
		put(out, 3 + i, words[i], big);
		control |= codes[i] << (30 - 2 * (3 + i));
	}
	put(out, 0, control, big);
	put(out, 1, (uint32_t)first, big);
	put(out, 2, (uint32_t)last, big);
}

static void check_level1(bool big)
{
	/* the first difference is not used: X0 is the first sample. 4 x 8 bits, 2 x 16, 1 x 32 */
	static const uint32_t codes[] = { 1, 2, 3 };
	uint32_t words[] = { 0x7f01ff80, 0x80007fff, 0xfffffffe };
	static const int32_t want[] = { 1000, 1001, 1000, 872, -31896, 871, 869 };
	uint8_t f[64];
	int32_t out[7 + STEIM_SLACK];
	struct steim_result r;

	if (!big) { /* these lie in the order of memory */
		words[0] = 0x80ff017f;
		words[1] = 0x7fff8000;
	}
	frame(f, 1000, 869, 3, words, codes, big);
	steim_decode(1, f, 64, big, 7, out, &r);
	CHECKF(r.decoded == 7, "%u", r.decoded);
	CHECK(!r.bad_code && r.first == 1000 && r.last == 869);
	CHECK(memcmp(out, want, sizeof want) == 0);
}

static void check_level2(bool big)
{
	/* every width with its extremes: 4x8, 1x30, 2x15, 3x10, 5x6, 6x5, 7x4 */
	static const uint32_t codes[] = { 1, 2, 2, 2, 3, 3, 3 };
	uint32_t words[] = {
		0x00017f80,                                                                    /* (0) 1 127 -128 */
		1u << 30 | 0x20000000u,                                                        /* -2^29 */
		2u << 30 | 0x3fffu << 15 | 0x4000u,                                            /* 16383 -16384 */
		3u << 30 | 0x1ffu << 20 | 0x200u << 10 | 1,                                    /* 511 -512 1 */
		0u << 30 | 31u << 24 | 32u << 18 | 0u << 12 | 63u << 6 | 1,                    /* 31 -32 0 -1 1 */
		1u << 30 | 15u << 25 | 16u << 20 | 0u << 15 | 31u << 10 | 1u << 5 | 2,         /* 15 -16 0 -1 1 2 */
		2u << 30 | 7u << 24 | 8u << 20 | 0u << 16 | 15u << 12 | 1u << 8 | 2u << 4 | 3, /* 7 -8 0 -1 1 2 3 */
	};
	static const int32_t d[] = { 0, 1, 127, -128, -(1 << 29), 16383, -16384, 511, -512, 1, 31, -32, 0, -1, 1, 15, -16, 0, -1, 1, 2,
	                             7, -8, 0, -1, 1, 2, 3 };
	enum { N = sizeof d / sizeof d[0] };
	uint8_t f[64];
	int32_t out[N + STEIM_SLACK], x = -5;
	struct steim_result r;

	if (!big)
		words[0] = 0x807f0100;
	frame(f, -5, 0, 7, words, codes, big);
	steim_decode(2, f, 64, big, N, out, &r);
	CHECKF(r.decoded == N && !r.bad_code, "%u", r.decoded);
	for (int i = 0; i < N; i++) {
		x += d[i];
		CHECKF(out[i] == x, "sample %d: %d, not %d", i, out[i], x);
	}
	/* fewer samples than the frame holds, in the middle of a word */
	steim_decode(2, f, 64, big, 9, out, &r);
	CHECK(r.decoded == 9);
	/* more than it holds */
	memset(out, 0, sizeof out);
	steim_decode(2, f, 64, big, N + 5, out, &r);
	CHECK(r.decoded == N);
	/* codes that level 2 does not have */
	words[0] = 0;
	frame(f, 0, 0, 1, words, (const uint32_t[]){ 2 }, big);
	steim_decode(2, f, 64, big, 4, out, &r);
	CHECK(r.bad_code && r.decoded == 0);
	words[0] = 3u << 30;
	frame(f, 0, 0, 1, words, (const uint32_t[]){ 3 }, big);
	steim_decode(2, f, 64, big, 4, out, &r);
	CHECK(r.bad_code);
	steim_decode(1, f, 64, big, 1, out, &r);
	CHECK(!r.bad_code && r.decoded == 1);
}

static void check_bounds(void)
{
	int32_t out[4 + STEIM_SLACK];
	struct steim_result r;
	uint8_t f[64] = { 0 };

	steim_decode(2, f, 63, true, 4, out, &r);
	CHECK(r.decoded == 0);
	steim_decode(2, f, 64, true, 4, out, &r);
	CHECK(r.decoded == 0 && !r.bad_code);
	/* sums wrap, as they do in every other decoder */
	frame(f, INT32_MAX, INT32_MIN, 2, (const uint32_t[]){ 0, 1 }, (const uint32_t[]){ 3, 3 }, true);
	steim_decode(1, f, 64, true, 2, out, &r);
	CHECK(r.decoded == 2 && out[0] == INT32_MAX && out[1] == INT32_MIN);
}

static uint32_t chance(void)
{
	static uint64_t x = 1;

	x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(x >> 32);
}

/* A frame of chance; few of its codes do not exist. */
static void chance_frame(uint8_t *f, bool big)
{
	uint32_t control = 0;

	for (int k = 1; k < 16; k++) {
		uint32_t w = chance(), code = chance() >> 30;
		bool wrong = (code == 2 && w >> 30 == 0) || (code == 3 && w >> 30 == 3);

		if (wrong && chance() % 64 != 0)
			w ^= 1u << 30;
		put(f, k, w, big);
		control |= code << (30 - 2 * k);
	}
	put(f, 0, control, big);
}

/* The same by all instructions. */
static void check_paths(void)
{
	enum { FRAMES = 8, N = 500 };
	uint8_t f[FRAMES * 64];
	unsigned bad = 0, full = 0;

	for (int i = 0; i < 4000; i++) {
		int32_t out[2][N + STEIM_SLACK];
		struct steim_result r[2];
		bool big = i % 3 != 0;

		for (int k = 0; k < FRAMES; k++)
			chance_frame(f + (size_t)k * 64, big);
		for (int path = 0; path < 2; path++)
			steim_decode_path(path ? MSP_CPU_BEST : MSP_CPU_PORTABLE, 1 + i % 2, f, sizeof f, big, (uint32_t)(1 + i % N), out[path], &r[path]);
		CHECKF(r[0].decoded == r[1].decoded && r[0].bad_code == r[1].bad_code, "%d: %u, %u", i, r[0].decoded, r[1].decoded);
		CHECKF(memcmp(out[0], out[1], 4 * (size_t)r[0].decoded) == 0, "%d", i);
		CHECK(r[0].decoded == 0 || out[0][0] == r[0].first);
		bad += r[0].bad_code;
		full += r[0].decoded == (uint32_t)(1 + i % N);
	}
	CHECKF(bad > 100 && full > 1000, "%u, %u", bad, full);
}

int main(void)
{
	check_level1(true);
	check_level1(false);
	check_level2(true);
	check_level2(false);
	check_bounds();
	check_paths();
	return unit_end("steim");
}
