/* White noise in [-1, 1), the same everywhere: what tests and the benchmark compute with. */
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

#endif
