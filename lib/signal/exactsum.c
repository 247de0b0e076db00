/* Exact sums of doubles: adding.
 *
 * A double is cut into digits at fixed bits, from the highest bin of its block downwards: q = (r + C) - C with
 * C = 1.5 * 2^52 * unit rounds r to a multiple of the bin's unit, r - q is exact. The cuts depend on the number alone,
 * never on what was added before, and digits are added without rounding; so the sum is the exact one. */
#include "signal/exactblock.h"
#include "signal/cpu.h"

#include <math.h>

#define FAST_LOWEST 2 /* bins whose constants are normal doubles */
#define FAST_HIGHEST 44
#define FUSED 4       /* rows that one pass adds to */

typedef double vec __attribute__((vector_size(32), aligned(8), may_alias));
typedef int64_t mask __attribute__((vector_size(32)));

/* Adds x[0..n-1] to k rows, the highest first at row, each next one EXACT_BLOCK before; what is left goes to rest. True
 * if anything is left. */
static ALWAYS_INLINE bool add_rows(double *row, const double *x, double *rest, size_t n, const int k, int bin)
{
	double c[FUSED], inv[FUSED], left = 0;
	mask any = {0};
	size_t i;
	int j;

	for (j = 0; j < k; j++) {
		c[j] = ldexp(1.5, exact_exponent(bin - j) + 52);
		inv[j] = ldexp(1, -exact_exponent(bin - j));
	}
	for (i = 0; i + 4 <= n; i += 4) {
		vec r = *(const vec *)(x + i);

		for (j = 0; j < k; j++) {
			vec *d = (vec *)(row + i - (size_t)j * EXACT_BLOCK), q = (r + c[j]) - c[j];

			*d += q * inv[j];
			r -= q;
		}
		any |= (mask)(r != 0);
		*(vec *)(rest + i) = r;
	}
	for (; i < n; i++) {
		double r = x[i];

		for (j = 0; j < k; j++) {
			double q = (r + c[j]) - c[j];

			row[i - (size_t)j * EXACT_BLOCK] += q * inv[j];
			r -= q;
		}
		rest[i] = r;
		left += fabs(r);
	}
	return left > 0 || (any[0] | any[1] | any[2] | any[3]) != 0;
}

static ALWAYS_INLINE bool add_fused(double *row, const double *x, double *rest, size_t n, int k, int bin)
{
	switch (k) {
	case 1: return add_rows(row, x, rest, n, 1, bin);
	case 2: return add_rows(row, x, rest, n, 2, bin);
	case 3: return add_rows(row, x, rest, n, 3, bin);
	default: return add_rows(row, x, rest, n, FUSED, bin);
	}
}

static bool add_portable(double *row, const double *x, double *rest, size_t n, int k, int bin)
{
	return add_fused(row, x, rest, n, k, bin);
}

#if MSP_CPU_X86
TARGET_AVX2 static bool add_avx2(double *row, const double *x, double *rest, size_t n, int k, int bin)
{
	return add_fused(row, x, rest, n, k, bin);
}
#endif

/* One row whose constants would leave the range of doubles. The largest and smallest numbers are rare. */
static bool add_extreme(double *row, const double *x, double *rest, size_t n, int bin)
{
	int e = exact_exponent(bin);
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		double d = rint(scalbn(x[i], -e));

		if (isinf(scalbn(d, e))) /* rounded to 2^1024: one less, and the next digit is larger than others */
			d -= copysign(1, d);
		row[i] += d;
		rest[i] = x[i] - scalbn(d, e);
		any |= rest[i] != 0;
	}
	return any;
}

/* Adds to the rows of bins top .. lo; k of them at most. Returns how many rows it did. */
static int add_some(double *row, const double *x, double *rest, size_t n, int k, int bin, bool *left)
{
	if (bin > FAST_HIGHEST || bin < FAST_LOWEST) {
		*left = add_extreme(row, x, rest, n, bin);
		return 1;
	}
	if (k > bin - FAST_LOWEST + 1)
		k = bin - FAST_LOWEST + 1;
	if (k > FUSED)
		k = FUSED;
#if MSP_CPU_X86
	if (msp_cpu_has(MSP_CPU_AVX2)) {
		*left = add_avx2(row, x, rest, n, k, bin);
		return k;
	}
#endif
	*left = add_portable(row, x, rest, n, k, bin);
	return k;
}

static ALWAYS_INLINE bool any_beyond(const double *x, size_t n, double limit)
{
	mask any = {0};
	double most = 0;
	size_t i;

	for (i = 0; i + 4 <= n; i += 4) {
		vec v = *(const vec *)(x + i);

		any |= (mask)(v > limit) | (mask)(v < -limit);
	}
	for (; i < n; i++)
		most = fabs(x[i]) > most ? fabs(x[i]) : most;
	return most > limit || (any[0] | any[1] | any[2] | any[3]) != 0;
}

#if MSP_CPU_X86
TARGET_AVX2 static bool beyond_avx2(const double *x, size_t n, double limit)
{
	return any_beyond(x, n, limit);
}
#endif

static bool beyond(const double *x, size_t n, double limit)
{
#if MSP_CPU_X86
	if (msp_cpu_has(MSP_CPU_AVX2))
		return beyond_avx2(x, n, limit);
#endif
	return any_beyond(x, n, limit);
}

/* What the rows up to a bin can take: half the unit of the next. */
static double limit_of(int bin)
{
	return bin >= 45 ? HUGE_VAL : ldexp(1, exact_exponent(bin) + EXACT_BITS - 1);
}

/* The lowest bin that can take |x|; x is not 0. */
static int bin_of(double x)
{
	int e, bin;

	(void)frexp(x, &e);
	bin = (e - EXACT_LOWEST - (EXACT_BITS - 1) + EXACT_BITS - 1) / EXACT_BITS;
	bin = bin > 1 ? bin - 1 : 0;
	while (fabs(x) > limit_of(bin))
		bin++;
	return bin;
}

/* Makes the top row one that can take all of x. False if all are 0 and there is no row. */
static int raise_top(struct msp_exactsum *s, struct exact_block *b, const double *x, size_t n)
{
	double most = 0;
	int bin;

	for (size_t i = 0; i < n; i++)
		most = fabs(x[i]) > most ? fabs(x[i]) : most;
	if (most == 0)
		return MSP_OK;
	bin = bin_of(most);
	return exact_widen(s, b, b->rows > 0 && b->lo < bin ? b->lo : bin, bin);
}

/* n samples from sample `at` of the block on. */
static int add_to_block(struct msp_exactsum *s, struct exact_block *b, size_t at, const double *x, size_t n)
{
	double rest[EXACT_BLOCK];
	bool left = true;
	int bin;

	if (b->pending >= EXACT_PENDING && exact_carry(s, b) < 0)
		return MSP_NOMEM;
	if ((b->rows == 0 || beyond(x, n, limit_of(b->lo + b->rows - 1))) && raise_top(s, b, x, n) < 0)
		return MSP_NOMEM;
	if (b->rows == 0)
		return MSP_OK;
	b->pending++;
	for (bin = b->lo + b->rows - 1; left; x = rest) {
		if (bin < b->lo && exact_widen(s, b, bin, bin) < 0)
			return MSP_NOMEM;
		bin -= add_some(b->digit + (size_t)(bin - b->lo) * EXACT_BLOCK + at, x, rest, n, bin - b->lo + 1, bin, &left);
	}
	return MSP_OK;
}

int msp_exactsum_add(struct msp_exactsum *s, int64_t first, const double *x, size_t n)
{
	size_t done, count;

	if (n == 0)
		return MSP_OK;
	if (exact_cover(s, exact_block_of(first), exact_block_of(first + (int64_t)n - 1)) < 0)
		return MSP_NOMEM;
	for (done = 0; done < n; done += count) {
		int64_t i = first + (int64_t)done;
		size_t at = (size_t)(i & (EXACT_BLOCK - 1));

		count = EXACT_BLOCK - at < n - done ? EXACT_BLOCK - at : n - done;
		if (add_to_block(s, &s->block[exact_block_of(i) - s->base], at, x + done, count) < 0)
			return MSP_NOMEM;
	}
	return MSP_OK;
}
