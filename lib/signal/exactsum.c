/* Exact sums of doubles: adding.
 *
 * A double is cut into digits at fixed bits, from the highest bin of its block downwards: q = (r + C) - C with
 * C = 1.5 * 2^52 * unit rounds r to a multiple of the bin's unit, r - q is exact. The cuts depend on the number alone,
 * never on what was added before, and digits are added without rounding; so the sum is the exact one. */
#include "signal/exactsum.h"
#include "signal/cpu.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BASE 0x1p46
#define ROUND 0x1.8p52
#define MAX_PENDING 100 /* (1 + 100) * 2^45 + carries < 2^52 */
#define FAST_LOWEST 2   /* bins whose constants are normal doubles */
#define FAST_HIGHEST 44
#define FUSED 4         /* rows that one pass adds to */

static int exponent_of(int bin)
{
	return EXACT_LOWEST + EXACT_BITS * bin;
}

/* ---- blocks -------------------------------------------------------------- */

struct msp_exactsum *msp_exactsum_new(void)
{
	return calloc(1, sizeof(struct msp_exactsum));
}

void exactsum_clear(struct msp_exactsum *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->block[i].digit);
	free(s->block);
	memset(s, 0, sizeof *s);
}

void msp_exactsum_free(struct msp_exactsum *s)
{
	if (!s)
		return;
	exactsum_clear(s);
	free(s);
}

uint64_t msp_exactsum_memory(const struct msp_exactsum *s)
{
	return s->bytes;
}

/* Makes the table cover blocks lo .. hi; grows by half, so that many small steps cost little. */
static int cover(struct msp_exactsum *s, int64_t lo, int64_t hi)
{
	int64_t first = s->base, last = s->base + (int64_t)s->n - 1;
	struct exact_block *block;
	size_t n;

	if (s->n > 0 && lo >= first && hi <= last)
		return MSP_OK;
	if (s->n == 0) {
		first = lo;
		last = hi;
	} else {
		if (lo < first)
			first = lo - (first - lo > (int64_t)s->n / 2 ? 0 : (int64_t)s->n / 2);
		if (hi > last)
			last = hi + (hi - last > (int64_t)s->n / 2 ? 0 : (int64_t)s->n / 2);
	}
	if ((uint64_t)(last - first) >= SIZE_MAX / sizeof *block - 1)
		return MSP_NOMEM;
	n = (size_t)(last - first) + 1;
	block = calloc(n, sizeof *block);
	if (!block)
		return MSP_NOMEM;
	if (s->n > 0)
		memcpy(block + (s->base - first), s->block, s->n * sizeof *block);
	free(s->block);
	s->bytes += (n - s->n) * sizeof *block;
	s->block = block;
	s->base = first;
	s->n = n;
	return MSP_OK;
}

/* Makes the block have rows for bins lo .. hi. */
static int widen(struct msp_exactsum *s, struct exact_block *b, int lo, int hi)
{
	size_t row = EXACT_BLOCK * sizeof(double), below, rows;
	double *digit;

	if (b->rows > 0) {
		lo = lo < b->lo ? lo : b->lo;
		hi = hi > b->lo + b->rows - 1 ? hi : b->lo + b->rows - 1;
	}
	rows = (size_t)(hi - lo) + 1;
	if (rows == b->rows)
		return MSP_OK;
	digit = realloc(b->digit, rows * row);
	if (!digit)
		return MSP_NOMEM;
	below = b->rows > 0 ? (size_t)(b->lo - lo) : 0;
	if (below > 0)
		memmove(digit + below * EXACT_BLOCK, digit, b->rows * row);
	memset(digit, 0, below * row);
	memset(digit + (below + b->rows) * EXACT_BLOCK, 0, (rows - below - b->rows) * row);
	s->bytes += (rows - b->rows) * row;
	b->digit = digit;
	b->lo = (uint8_t)lo;
	b->rows = (uint8_t)rows;
	return MSP_OK;
}

/* ---- carries ------------------------------------------------------------- */

static bool row_is_large(const double *d)
{
	double most = 0;

	for (size_t i = 0; i < EXACT_BLOCK; i++)
		most = fabs(d[i]) > most ? fabs(d[i]) : most;
	return most > BASE / 2;
}

static int carry(struct msp_exactsum *s, struct exact_block *b)
{
	if (b->rows > 0 && row_is_large(b->digit + (size_t)(b->rows - 1) * EXACT_BLOCK)
	    && widen(s, b, b->lo, b->lo + b->rows) < 0)
		return MSP_NOMEM;
	for (int k = 0; k + 1 < b->rows; k++) {
		double *d = b->digit + (size_t)k * EXACT_BLOCK, *up = d + EXACT_BLOCK;

		for (size_t i = 0; i < EXACT_BLOCK; i++) {
			double c = (d[i] * (1 / BASE) + ROUND) - ROUND;

			d[i] -= c * BASE;
			up[i] += c;
		}
	}
	b->pending = 0;
	return MSP_OK;
}

/* ---- adding -------------------------------------------------------------- */

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
		c[j] = ldexp(1.5, exponent_of(bin - j) + 52);
		inv[j] = ldexp(1, -exponent_of(bin - j));
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
	int e = exponent_of(bin);
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
	return bin >= 45 ? HUGE_VAL : ldexp(1, exponent_of(bin) + EXACT_BITS - 1);
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
	return widen(s, b, b->rows > 0 && b->lo < bin ? b->lo : bin, bin);
}

/* n samples from sample `at` of the block on. */
static int add_to_block(struct msp_exactsum *s, struct exact_block *b, size_t at, const double *x, size_t n)
{
	double rest[EXACT_BLOCK];
	bool left = true;
	int bin;

	if (b->pending >= MAX_PENDING && carry(s, b) < 0)
		return MSP_NOMEM;
	if ((b->rows == 0 || beyond(x, n, limit_of(b->lo + b->rows - 1))) && raise_top(s, b, x, n) < 0)
		return MSP_NOMEM;
	if (b->rows == 0)
		return MSP_OK;
	b->pending++;
	for (bin = b->lo + b->rows - 1; left; x = rest) {
		if (bin < b->lo && widen(s, b, bin, bin) < 0)
			return MSP_NOMEM;
		bin -= add_some(b->digit + (size_t)(bin - b->lo) * EXACT_BLOCK + at, x, rest, n, bin - b->lo + 1, bin, &left);
	}
	return MSP_OK;
}

static int64_t block_of(int64_t i)
{
	return i >> 8; /* arithmetic: rounds down */
}

int msp_exactsum_add(struct msp_exactsum *s, int64_t first, const double *x, size_t n)
{
	size_t done, count;

	_Static_assert(EXACT_BLOCK == 256, "block_of() and the masks below");
	if (n == 0)
		return MSP_OK;
	if (cover(s, block_of(first), block_of(first + (int64_t)n - 1)) < 0)
		return MSP_NOMEM;
	for (done = 0; done < n; done += count) {
		int64_t i = first + (int64_t)done;
		size_t at = (size_t)(i & (EXACT_BLOCK - 1));

		count = EXACT_BLOCK - at < n - done ? EXACT_BLOCK - at : n - done;
		if (add_to_block(s, &s->block[block_of(i) - s->base], at, x + done, count) < 0)
			return MSP_NOMEM;
	}
	return MSP_OK;
}

/* ---- sums of sums -------------------------------------------------------- */

/* The digits of `rows` rows from bin lo on, row k at d + k * stride, n of each, are added to samples from `first` on; each at most
 * 2^45 + a few in absolute value. */
static int add_digits(struct msp_exactsum *s, int64_t first, const double *d, size_t stride, size_t n, int lo, int rows)
{
	size_t done, count;

	if (cover(s, block_of(first), block_of(first + (int64_t)n - 1)) < 0)
		return MSP_NOMEM;
	for (done = 0; done < n; done += count) {
		int64_t i = first + (int64_t)done;
		struct exact_block *b = &s->block[block_of(i) - s->base];
		size_t at = (size_t)(i & (EXACT_BLOCK - 1));

		count = EXACT_BLOCK - at < n - done ? EXACT_BLOCK - at : n - done;
		if ((b->pending >= MAX_PENDING && carry(s, b) < 0) || widen(s, b, lo, lo + rows - 1) < 0)
			return MSP_NOMEM;
		b->pending++;
		for (int k = 0; k < rows; k++) {
			double *to = b->digit + (size_t)(lo - b->lo + k) * EXACT_BLOCK + at;
			const double *from = d + (size_t)k * stride + done;

			for (size_t m = 0; m < count; m++)
				to[m] += from[m];
		}
	}
	return MSP_OK;
}

int exactsum_merge(struct msp_exactsum *dst, struct msp_exactsum *src, int64_t shift)
{
	for (size_t k = 0; k < src->n; k++) {
		struct exact_block *b = &src->block[k];
		int64_t first = (src->base + (int64_t)k) * EXACT_BLOCK + shift;

		if (b->rows == 0)
			continue;
		if (carry(src, b) < 0 || add_digits(dst, first, b->digit, EXACT_BLOCK, EXACT_BLOCK, b->lo, b->rows) < 0)
			return MSP_NOMEM;
	}
	return MSP_OK;
}

static const struct exact_block *find(const struct msp_exactsum *s, int64_t block)
{
	static const struct exact_block none;

	if (s->n == 0 || block < s->base || block - s->base >= (int64_t)s->n)
		return &none;
	return &s->block[block - s->base];
}

/* The canonical digits of one sample of a block: d[0 .. EXACT_BINS - 1]; which are not 0: lo .. hi. False: none. */
static bool digits_of(const struct exact_block *b, size_t at, double *d, int *lo, int *hi)
{
	double c = 0;
	int k, bin;

	*lo = EXACT_BINS;
	*hi = -1;
	for (k = 0; k < b->rows || c != 0; k++) {
		double v = (k < b->rows ? b->digit[(size_t)k * EXACT_BLOCK + at] : 0) + c;

		c = floor(v * (1 / BASE) + 0.5);
		bin = b->lo + k;
		d[bin] = v - c * BASE;
		if (d[bin] != 0) {
			*lo = bin < *lo ? bin : *lo;
			*hi = bin;
		}
	}
	return *hi >= 0;
}

/* ---- as words ------------------------------------------------------------ */

static int put(struct msp_bytes *out, const double *word, size_t n)
{
	return msp_bytes_append(out, word, n * sizeof *word);
}

static int pack_block(const struct exact_block *b, size_t at, size_t n, struct msp_bytes *out)
{
	double d[EXACT_BINS], *all = NULL, head[2] = {0, 0};
	int lo = EXACT_BINS, hi = -1, l, h, s;
	size_t rows = (size_t)b->rows + 1, i;

	if (b->rows > 0 && !(all = calloc(rows * EXACT_BLOCK, sizeof *all)))
		return MSP_NOMEM;
	for (i = 0; b->rows > 0 && i < n; i++) {
		if (!digits_of(b, at + i, d, &l, &h))
			continue;
		lo = l < lo ? l : lo;
		hi = h > hi ? h : hi;
		for (; l <= h; l++)
			all[(size_t)(l - b->lo) * EXACT_BLOCK + i] = d[l];
	}
	if (hi >= 0) {
		head[0] = lo;
		head[1] = hi - lo + 1;
	}
	s = put(out, head, 2);
	for (; s == MSP_OK && lo <= hi; lo++)
		s = put(out, all + (size_t)(lo - b->lo) * EXACT_BLOCK, n);
	free(all);
	return s;
}

int exactsum_pack(const struct msp_exactsum *s, int64_t from, int64_t to, struct msp_bytes *out)
{
	int64_t i, end;

	for (i = from; i < to; i = end) {
		end = (block_of(i) + 1) * EXACT_BLOCK;
		if (end > to)
			end = to;
		if (pack_block(find(s, block_of(i)), (size_t)(i & (EXACT_BLOCK - 1)), (size_t)(end - i), out) < 0)
			return MSP_NOMEM;
	}
	return MSP_OK;
}

static bool small_whole(double v, double least, double most)
{
	return v >= least && v <= most && v == floor(v);
}

int exactsum_unpack(struct msp_exactsum *s, int64_t from, int64_t to, const double *word, size_t n, size_t *at)
{
	int64_t i, end;

	for (i = from; i < to; i = end) {
		size_t count, k, rows;

		end = (block_of(i) + 1) * EXACT_BLOCK;
		if (end > to)
			end = to;
		count = (size_t)(end - i);
		if (n - *at < 2 || !small_whole(word[*at], 0, EXACT_BINS - 1)
		    || !small_whole(word[*at + 1], 0, EXACT_BINS - word[*at]))
			return MSP_CORRUPT;
		rows = (size_t)word[*at + 1];
		if ((n - *at - 2) / count < rows)
			return MSP_CORRUPT;
		for (k = 0; k < rows * count; k++)
			if (!small_whole(word[*at + 2 + k], -BASE / 2, BASE / 2 - 1))
				return MSP_CORRUPT;
		if (rows > 0 && add_digits(s, i, word + *at + 2, count, count, (int)word[*at], (int)rows) < 0)
			return MSP_NOMEM;
		*at += 2 + rows * count;
	}
	return MSP_OK;
}

/* ---- values -------------------------------------------------------------- */

/* The digit of bin hi - k in units of bin hi. Far below only the sign counts. */
static double scaled(double d, int k)
{
	return ldexp(d, -EXACT_BITS * (k < 20 ? k : 20));
}

double exactsum_get(const struct msp_exactsum *s, int64_t i, int *e)
{
	const struct exact_block *b = find(s, block_of(i));
	double d[EXACT_BINS], sum, low = 0, next = 0;
	int lo, hi, bin;

	*e = 0;
	if (b->rows == 0 || !digits_of(b, (size_t)(i & (EXACT_BLOCK - 1)), d, &lo, &hi))
		return 0;
	*e = exponent_of(hi);
	sum = d[hi];
	for (bin = hi - 1; bin >= lo && low == 0; bin--) {
		double v = scaled(d[bin], hi - bin), t = sum + v;

		low = v - (t - sum);
		sum = t;
	}
	for (; bin >= lo && next == 0; bin--)
		next = d[bin];
	/* a tie was rounded to even; what follows may decide otherwise (as Python's fsum does) */
	if ((low < 0 && next < 0) || (low > 0 && next > 0)) {
		double twice = low * 2, t = sum + twice;

		if (twice == t - sum)
			sum = t;
	}
	return sum;
}

void exactsum_pieces(const struct msp_exactsum *s, int64_t i, double *f, int n, int *e)
{
	const struct exact_block *b = find(s, block_of(i));
	double d[EXACT_BINS];
	int lo, hi, k;

	*e = 0;
	for (k = 0; k < n; k++)
		f[k] = 0;
	if (b->rows == 0 || !digits_of(b, (size_t)(i & (EXACT_BLOCK - 1)), d, &lo, &hi))
		return;
	*e = exponent_of(hi);
	for (k = 0; k < n && hi - k >= lo; k++)
		f[k] = scaled(d[hi - k], k);
}

double msp_exactsum_value(const struct msp_exactsum *s, int64_t i)
{
	int e;
	double f = exactsum_get(s, i, &e);

	return ldexp(f, e);
}
