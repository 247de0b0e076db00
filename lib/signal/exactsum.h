/* Exact sums of doubles, a series of them: struct msp_exactsum (mspipe/signal.h) from within.
 *
 * Sample i of the grid lies in block floor(i / EXACT_BLOCK). A block holds, for each of its samples, digits to the
 * base 2^EXACT_BITS: row j - lo is the digit of weight 2^(EXACT_LOWEST + EXACT_BITS * j), a whole number below
 * 2^53 in absolute value, kept as a double. Only the rows are held that something was added to. */
#ifndef SIGNAL_EXACTSUM_H
#define SIGNAL_EXACTSUM_H

#include "mspipe/signal.h"

#define EXACT_BITS 46
#define EXACT_LOWEST (-1074) /* every double is a multiple of 2^-1074 */
#define EXACT_BINS 47        /* up to 2^1088: 2^63 of the largest doubles */
#define EXACT_BLOCK 256

struct exact_block {
	double *digit; /* rows * EXACT_BLOCK */
	uint8_t lo, rows;
	uint16_t pending; /* additions since carries were done */
};

struct msp_exactsum {
	int64_t base; /* number of block[0] */
	size_t n;
	struct exact_block *block;
	uint64_t bytes;
};

void exactsum_clear(struct msp_exactsum *s); /* frees what it holds, and makes it empty */
/* dst += src; sample i of src is added to sample i + shift of dst. Carries of src are done. */
int exactsum_merge(struct msp_exactsum *dst, struct msp_exactsum *src, int64_t shift) MSP_CHECKED;

/* The sum at sample i as f * 2^e, f correctly rounded to double; 0 (e 0) where nothing was added. */
double exactsum_get(const struct msp_exactsum *s, int64_t i, int *e);
/* As above, in up to n pieces (n <= 8) of decreasing size, each f[k] * 2^e, that add up to it as far as they go. */
void exactsum_pieces(const struct msp_exactsum *s, int64_t i, double *f, int n, int *e);

/* Samples from .. to - 1 as words, whole numbers as doubles: for each block that they touch the lowest bin that is not zero, how
 * many bins, and these, lowest first, each with the digits of those of the samples that lie in the block; 0, 0 for a
 * block of zeros. The digits are in [-2^45, 2^45): equal sums have equal words, however they were made. */
int exactsum_pack(const struct msp_exactsum *s, int64_t from, int64_t to, struct msp_bytes *out) MSP_CHECKED;
/* Adds what exactsum_pack() wrote; *at counts the words read of n. MSP_CORRUPT if they are no such words. */
int exactsum_unpack(struct msp_exactsum *s, int64_t from, int64_t to, const double *word, size_t n, size_t *at) MSP_CHECKED;

#endif
