/* Exact sums of doubles: the blocks of digits, and carries. */
#include "signal/exactblock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

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

int exact_cover(struct msp_exactsum *s, int64_t lo, int64_t hi)
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

int exact_widen(struct msp_exactsum *s, struct exact_block *b, int lo, int hi)
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
	return most > EXACT_BASE / 2;
}

int exact_carry(struct msp_exactsum *s, struct exact_block *b)
{
	if (b->rows > 0 && row_is_large(b->digit + (size_t)(b->rows - 1) * EXACT_BLOCK)
	    && exact_widen(s, b, b->lo, b->lo + b->rows) < 0)
		return MSP_NOMEM;
	for (int k = 0; k + 1 < b->rows; k++) {
		double *d = b->digit + (size_t)k * EXACT_BLOCK, *up = d + EXACT_BLOCK;

		for (size_t i = 0; i < EXACT_BLOCK; i++) {
			double c = (d[i] * (1 / EXACT_BASE) + EXACT_ROUND) - EXACT_ROUND;

			d[i] -= c * EXACT_BASE;
			up[i] += c;
		}
	}
	b->pending = 0;
	return MSP_OK;
}

const struct exact_block *exact_find(const struct msp_exactsum *s, int64_t block)
{
	static const struct exact_block none;

	if (s->n == 0 || block < s->base || block - s->base >= (int64_t)s->n)
		return &none;
	return &s->block[block - s->base];
}
