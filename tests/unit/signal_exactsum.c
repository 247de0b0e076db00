/* Exact sums: against exact rational arithmetic, in any order, in any number of parts, put together in any shape. */
#include "signal/exactsum.h"

#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "exactsum_cases.h"

static struct msp_exactsum *make(void)
{
	struct msp_exactsum *s = msp_exactsum_new();

	if (!s)
		abort();
	return s;
}

static uint64_t state = 1;

static uint64_t rnd(void)
{
	uint64_t z = state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

/* The same bits, also of zeros. */
static bool same(double a, double b)
{
	return memcmp(&a, &b, sizeof a) == 0;
}

/* Every case at once, each as one sum of the grid; then alone. */
static void test_against_fractions(void)
{
	for (int reverse = 0; reverse < 2; reverse++) {
		struct msp_exactsum *all = make();
		const double *v = case_value;

		for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
			struct msp_exactsum *one = make();
			int64_t where = (int64_t)c * 3 - 100;

			for (int i = 0; i < cases[c].n; i++) {
				const double *x = v + (reverse ? cases[c].n - 1 - i : i);

				CHECK(msp_exactsum_add(all, where, x, 1) == MSP_OK && msp_exactsum_add(one, 5, x, 1) == MSP_OK);
			}
			double got = msp_exactsum_value(all, where), alone = msp_exactsum_value(one, 5);

			CHECKF(same(got, cases[c].sum), "case %zu: %a, not %a", c, got, cases[c].sum);
			CHECKF(same(alone, cases[c].sum), "case %zu alone: %a, not %a", c, alone, cases[c].sum);
			CHECK(same(msp_exactsum_value(all, where + 1), 0));
			v += cases[c].n;
			msp_exactsum_free(one);
		}
		msp_exactsum_free(all);
	}
}

/* ---- any order, any parts, any tree ---------------------------------------- */

enum { MEMBERS = 97, SAMPLES = 700 };

struct member {
	double x[SAMPLES];
	int64_t first;
	size_t n;
};

static double number(int kind)
{
	double u = (double)(int64_t)rnd() * 0x1p-63;

	switch (kind % 6) {
	case 0: return u * 1000;
	case 1: return (double)(int32_t)rnd();
	case 2: return (double)(float)u;
	case 3: return ldexp(u, (int)(rnd() % 2000) - 1000);
	case 4: return rnd() % 3 ? -0.0 : 5e-324 * (double)(int)(rnd() % 100);
	default: return rnd() % 2 ? 1e300 * u : -1e300 * u;
	}
}

static void pack(const struct msp_exactsum *s, struct msp_bytes *out)
{
	CHECK(exactsum_pack(s, -300, 1100, out) == MSP_OK);
}

static void add(struct msp_exactsum *s, const struct member *m)
{
	CHECK(msp_exactsum_add(s, m->first, m->x, m->n) == MSP_OK);
}

static void shuffle(int *order)
{
	for (int i = MEMBERS - 1; i > 0; i--) {
		int j = (int)(rnd() % (uint64_t)(i + 1)), t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
}

/* Puts part b into part a: by merging, or as words. */
static void join(struct msp_exactsum *a, struct msp_exactsum *b, bool words)
{
	struct msp_bytes w = {0};
	size_t at = 0;

	if (!words) {
		CHECK(exactsum_merge(a, b, 0) == MSP_OK);
		return;
	}
	pack(b, &w);
	CHECK(exactsum_unpack(a, -300, 1100, (const double *)(const void *)w.data, w.len / 8, &at) == MSP_OK && at == w.len / 8);
	msp_bytes_free(&w);
}

static void test_parts(const struct member *m, const struct msp_bytes *want, int parts, int shape)
{
	struct msp_exactsum *p[64];
	int order[MEMBERS], left = parts;
	struct msp_bytes got = {0};

	for (int i = 0; i < MEMBERS; i++)
		order[i] = i;
	if (shape > 0)
		shuffle(order);
	for (int i = 0; i < parts; i++)
		p[i] = make();
	for (int i = 0; i < MEMBERS; i++)
		add(p[shape == 2 ? (int)(rnd() % (uint64_t)parts) : i % parts], &m[order[i]]);
	while (left > 1) { /* shape 0: a chain; 1: a balanced tree; 2: any two */
		int a = shape == 0 ? 0 : shape == 1 ? left / 2 - 1 : (int)(rnd() % (uint64_t)(left - 1));

		join(p[a], p[left - 1], left % 2 == 0);
		msp_exactsum_free(p[--left]);
	}
	pack(p[0], &got);
	CHECKF(got.len == want->len && memcmp(got.data, want->data, got.len) == 0, "%d parts, shape %d: other words", parts, shape);
	msp_bytes_free(&got);
	msp_exactsum_free(p[0]);
}

static void test_order(void)
{
	static const int parts[] = {1, 2, 3, 7, 64};
	struct member *m = calloc(MEMBERS, sizeof *m);

	if (!m)
		abort();
	for (int kind = 0; kind < 7; kind++) {
		struct msp_exactsum *s = make();
		struct msp_bytes want = {0};

		for (int i = 0; i < MEMBERS; i++) {
			m[i].first = (int64_t)(rnd() % 600) - 290;
			m[i].n = 1 + rnd() % SAMPLES;
			for (size_t k = 0; k < m[i].n; k++)
				m[i].x[k] = number(kind < 6 ? kind : (int)(rnd() % 6));
			add(s, &m[i]);
		}
		pack(s, &want);
		for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
			for (int shape = 0; shape < 3; shape++)
				test_parts(m, &want, parts[i], shape);
		msp_bytes_free(&want);
		msp_exactsum_free(s);
	}
	free(m);
}

/* Carries: more additions than a digit has room for, of one sign. */
static void test_many(void)
{
	static const double x[] = {0x1.fffffffffffffp44, 0x1.fffffffffffffp1000, -0x1.fffffffffffffp-900, 1.0 / 3, 0x1p1023};
	struct msp_exactsum *s = make();
	enum { N = 5 };

	for (int i = 0; i < 4096; i++)
		CHECK(msp_exactsum_add(s, 0, x, N) == MSP_OK);
	for (int i = 0; i < N; i++) { /* 4096 = 2^12 times a double is a double */
		double want = x[i] * 4096, got = msp_exactsum_value(s, i);

		CHECKF(same(got, want), "%d: %a, not %a", i, got, want);
	}
	for (int i = 0; i < 4096; i++) {
		double y[N];

		for (int k = 0; k < N; k++)
			y[k] = -x[k];
		CHECK(msp_exactsum_add(s, 0, y, N) == MSP_OK);
	}
	for (int i = 0; i < N; i++)
		CHECK(same(msp_exactsum_value(s, i), 0));
	msp_exactsum_free(s);
}

/* What is no packed sum is refused, and does not harm. */
static void test_broken_words(void)
{
	static const double bad[][4] = {
		{-1, 1, 0, 0}, {47, 1, 0, 0}, {0, 48, 0, 0}, {46, 2, 0, 0}, {0.5, 1, 0, 0}, {0, 3, 0, 0},
		{0, 1, 0x1p45, 0}, {0, 1, 0.5, 0}, {0, 1, 0, (double)NAN}, {(double)NAN, 1, 0, 0}, {1, (double)INFINITY, 0, 0}, {0, 0, 0, 0},
	};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct msp_exactsum *s = make();
		size_t at = 0;
		int r = exactsum_unpack(s, 10, 12, bad[i], 4, &at);

		CHECKF(i + 1 == sizeof bad / sizeof *bad ? r == MSP_OK && at == 2 : r == MSP_CORRUPT, "%zu: %d", i, r);
		at = 0;
		CHECK(exactsum_unpack(s, 10, 12, bad[i], 1, &at) == MSP_CORRUPT);
		msp_exactsum_free(s);
	}
}

int main(void)
{
	test_against_fractions();
	test_order();
	test_many();
	test_broken_words();
	return unit_end("signal_exactsum");
}
