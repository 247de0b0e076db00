/* Random numbers, the same everywhere: white noise in [-1, 1), what tests and the benchmark compute with; whole numbers below n, with which
 * tests choose (Marsaglia 2003, xorshift; the state must not be 0). */
#ifndef TESTS_UNIT_NOISE_H
#define TESTS_UNIT_NOISE_H

#include <stddef.h>
#include <stdint.h>

static inline double noise(uint64_t *state)
{
	*state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (double)(*state >> 11) * 0x1p-52 - 1;
}

static inline void fill_noise(double *x, size_t n, uint64_t seed)
{
	for (size_t i = 0; i < n; i++)
		x[i] = noise(&seed);
}

static inline uint64_t random_below(uint64_t *state, uint64_t n)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state % n;
}

#endif
