/* The two passes of a straight line over samples, 16 samples at a time.
 *
 * The abscissa of a sample is that of its block plus its place in the block, so that the inner loop has no
 * counter to convert; the four partial sums of four lanes each are the same on every processor. */
#include "signal/trend.h"

#include <stdint.h>

#define BLOCK 16

typedef double v4 __attribute__((vector_size(32)));
typedef double v4_any __attribute__((vector_size(32), aligned(8), may_alias)); /* four doubles of an array */

/* Adds a block's sum and its moment about the block's middle. */
static ALWAYS_INLINE void add_block(const double *x, double ref, double k, v4 *sum, v4 *moment,
                                    v4 *block_moment)
{
	const v4 w0 = {-7.5, -6.5, -5.5, -4.5}, w1 = {-3.5, -2.5, -1.5, -0.5};
	const v4 w2 = {0.5, 1.5, 2.5, 3.5}, w3 = {4.5, 5.5, 6.5, 7.5};
	const v4_any *p = (const v4_any *)x;
	v4 a = p[0] - ref, b = p[1] - ref, c = p[2] - ref, d = p[3] - ref, s = (a + b) + (c + d);

	*sum += s;
	*block_moment += s * k;
	*moment += (a * w0 + b * w1) + (c * w2 + d * w3);
}

static ALWAYS_INLINE struct trend_sums sums(const double *x, size_t n, double ref)
{
	size_t whole = n / BLOCK, rest = n % BLOCK, blocks = whole + (rest != 0), i;
	double middle = ((double)blocks - 1) / 2, shift = ((double)(blocks * BLOCK) - (double)n) / 2;
	v4 sum = {0}, moment = {0}, block_moment = {0};
	struct trend_sums t;

	for (i = 0; i < whole; i++)
		add_block(x + i * BLOCK, ref, (double)(int64_t)i - middle, &sum, &moment, &block_moment);
	if (rest) {
		double last[BLOCK];

		for (i = 0; i < BLOCK; i++)
			last[i] = i < rest ? x[whole * BLOCK + i] : ref;
		add_block(last, ref, (double)(int64_t)whole - middle, &sum, &moment, &block_moment);
	}
	moment += block_moment * BLOCK;
	t.sum = (sum[0] + sum[1]) + (sum[2] + sum[3]);
	/* from the middle of the blocks to the middle of the samples */
	t.moment = ((moment[0] + moment[1]) + (moment[2] + moment[3])) + shift * t.sum;
	return t;
}

static ALWAYS_INLINE void subtract(double *x, size_t n, double a, double b)
{
	const v4 place = {0, 1, 2, 3};
	const v4 w0 = place * b, w1 = (place + 4) * b, w2 = (place + 8) * b, w3 = (place + 12) * b;
	size_t i;
	int j;

	for (i = 0; i + BLOCK <= n; i += BLOCK) {
		double base = a + b * (double)(int64_t)i;
		v4_any *p = (v4_any *)(x + i);

		p[0] -= base + w0;
		p[1] -= base + w1;
		p[2] -= base + w2;
		p[3] -= base + w3;
	}
	if (i < n) {
		double base = a + b * (double)(int64_t)i;

		for (j = 0; i < n; i++, j++)
			x[i] -= base + j * b;
	}
}

#if MSP_CPU_X86
TARGET_AVX2 static struct trend_sums sums_avx2(const double *x, size_t n, double ref)
{
	return sums(x, n, ref);
}

TARGET_AVX2 static void subtract_avx2(double *x, size_t n, double a, double b)
{
	subtract(x, n, a, b);
}

static bool avx2(int path)
{
	return path != MSP_CPU_PORTABLE && msp_cpu_has(MSP_CPU_AVX2);
}
#endif

struct trend_sums msp_trend_sums(const double *x, size_t n, double ref, int path)
{
#if MSP_CPU_X86
	if (avx2(path))
		return sums_avx2(x, n, ref);
#endif
	(void)path;
	return sums(x, n, ref);
}

void msp_subtract_line(double *x, size_t n, double a, double b, int path)
{
#if MSP_CPU_X86
	if (avx2(path)) {
		subtract_avx2(x, n, a, b);
		return;
	}
#endif
	(void)path;
	subtract(x, n, a, b);
}
