/* Private to the exact sums: their blocks of digits. */
#ifndef SIGNAL_EXACTBLOCK_H
#define SIGNAL_EXACTBLOCK_H

#include "signal/exactsum.h"

#define EXACT_BASE 0x1p46
#define EXACT_ROUND 0x1.8p52
#define EXACT_PENDING 100 /* (1 + 100) * 2^45 + carries < 2^52 */

static inline int exact_exponent(int bin)
{
	return EXACT_LOWEST + EXACT_BITS * bin;
}

/* The block of sample i. */
static inline int64_t exact_block_of(int64_t i)
{
	_Static_assert(EXACT_BLOCK == 256, "the shift here, and masks elsewhere");
	return i >> 8; /* arithmetic: rounds down */
}

/* Makes the table cover blocks lo .. hi; grows by half, so that many small steps cost little. */
int exact_cover(struct msp_exactsum *s, int64_t lo, int64_t hi) MSP_CHECKED;
/* Makes the block have rows for bins lo .. hi. */
int exact_widen(struct msp_exactsum *s, struct exact_block *b, int lo, int hi) MSP_CHECKED;
/* Makes digits small again, with one row more if need be; before EXACT_PENDING additions. */
int exact_carry(struct msp_exactsum *s, struct exact_block *b) MSP_CHECKED;
/* A block, an empty one if there is none. */
const struct exact_block *exact_find(const struct msp_exactsum *s, int64_t block);

#endif
