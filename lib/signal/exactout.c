/* Exact sums of doubles: sums of sums, as words, and what they are. */
#include "signal/exactblock.h"

#include <math.h>
#include <stdlib.h>

/* ---- sums of sums -------------------------------------------------------- */

/* The digits of `rows` rows from bin lo on, row k at d + k * stride, n of each, are added to samples from `first` on; each at most
 * 2^45 + a few in absolute value. */
static int add_digits(struct msp_exactsum *s, int64_t first, const double *d, size_t stride, size_t n, int lo, int rows)
{
	size_t done, count;

	if (exact_cover(s, exact_block_of(first), exact_block_of(first + (int64_t)n - 1)) < 0)
		return MSP_NOMEM;
	for (done = 0; done < n; done += count) {
		int64_t i = first + (int64_t)done;
		struct exact_block *b = &s->block[exact_block_of(i) - s->base];
		size_t at = (size_t)(i & (EXACT_BLOCK - 1));

		count = EXACT_BLOCK - at < n - done ? EXACT_BLOCK - at : n - done;
		if ((b->pending >= EXACT_PENDING && exact_carry(s, b) < 0) || exact_widen(s, b, lo, lo + rows - 1) < 0)
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
		if (exact_carry(src, b) < 0 || add_digits(dst, first, b->digit, EXACT_BLOCK, EXACT_BLOCK, b->lo, b->rows) < 0)
			return MSP_NOMEM;
	}
	return MSP_OK;
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

		c = floor(v * (1 / EXACT_BASE) + 0.5);
		bin = b->lo + k;
		d[bin] = v - c * EXACT_BASE;
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
		end = (exact_block_of(i) + 1) * EXACT_BLOCK;
		if (end > to)
			end = to;
		if (pack_block(exact_find(s, exact_block_of(i)), (size_t)(i & (EXACT_BLOCK - 1)), (size_t)(end - i), out) < 0)
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

		end = (exact_block_of(i) + 1) * EXACT_BLOCK;
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
			if (!small_whole(word[*at + 2 + k], -EXACT_BASE / 2, EXACT_BASE / 2 - 1))
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
	const struct exact_block *b = exact_find(s, exact_block_of(i));
	double d[EXACT_BINS], sum, low = 0, next = 0;
	int lo, hi, bin;

	*e = 0;
	if (b->rows == 0 || !digits_of(b, (size_t)(i & (EXACT_BLOCK - 1)), d, &lo, &hi))
		return 0;
	*e = exact_exponent(hi);
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
	const struct exact_block *b = exact_find(s, exact_block_of(i));
	double d[EXACT_BINS];
	int lo, hi, k;

	*e = 0;
	for (k = 0; k < n; k++)
		f[k] = 0;
	if (b->rows == 0 || !digits_of(b, (size_t)(i & (EXACT_BLOCK - 1)), d, &lo, &hi))
		return;
	*e = exact_exponent(hi);
	for (k = 0; k < n && hi - k >= lo; k++)
		f[k] = scaled(d[hi - k], k);
}

double msp_exactsum_value(const struct msp_exactsum *s, int64_t i)
{
	int e;
	double f = exactsum_get(s, i, &e);

	return ldexp(f, e);
}
