/* What an exact sum costs: ns per sample of adding a series to a sum that does not fit into the cache, against a plain
 * loop over the same arrays, side by side, the best of several rounds. Usage: fold [SAMPLES [ROUNDS]]. Lines: NAME EXACT PLAIN. */
#include "bench.h"

#include "mspipe/signal.h"

#include <stdio.h>
#include <stdlib.h>

static void plain(double *restrict sum, const double *restrict x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum[i] += x[i];
}

/* kind 0: doubles of about one size, as filtered data are; 1: counts of a 24-bit digitizer. */
static void measure(const char *name, int kind, size_t n, int rounds)
{
	double *x = malloc(n * sizeof *x), *sum = calloc(n, sizeof *sum), exact = 1e9, loop = 1e9;
	struct msp_exactsum *s = msp_exactsum_new();
	uint64_t state = 1;

	if (!x || !sum || !s)
		abort();
	for (size_t i = 0; i < n; i++) {
		state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		x[i] = kind ? (double)((int64_t)state >> 41) : ((double)(int64_t)state * 0x1p-63) * 1000;
	}
	for (int r = 0; r <= rounds; r++) {
		double t = wall_time(), u;

		if (msp_exactsum_add(s, 0, x, n) < 0)
			abort();
		u = wall_time();
		exact = r > 0 && u - t < exact ? u - t : exact; /* the first one takes the memory */
		plain(sum, x, n);
		t = wall_time() - u;
		loop = r > 0 && t < loop ? t : loop;
	}
	printf("%s %.3f %.3f\n", name, exact / (double)n * 1e9, loop / (double)n * 1e9);
	free(x);
	free(sum);
	msp_exactsum_free(s);
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 40000000;
	int rounds = argc > 2 ? atoi(argv[2]) : 5;

	if (n == 0 || n > SIZE_MAX / 64 || rounds < 1)
		return 2;
	measure("doubles", 0, n, rounds);
	measure("counts", 1, n, rounds);
	return 0;
}
