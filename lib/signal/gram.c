/* Polynomials of least squares, in the polynomials that are orthogonal on n equally spaced points (Gram's;
 * Hildebrand, Introduction to Numerical Analysis, 7.13), so that no system of equations need be solved. */
#include "signal/gram.h"
#include "mspipe/signal.h"
#include "signal/cpu.h"

#include <math.h>
#include <string.h>

#define WIDE 16
#define BLOCK (4 * WIDE)
#define TERMS (MSP_DETREND_MAX_ORDER + 1)

typedef double v4 __attribute__((vector_size(32), may_alias));

/* The orthonormal polynomials obey root[k+1] P[k+1](t) = t P[k](t) - root[k] P[k-1](t), where t runs from
 * about -1 to 1 over the samples and root[k]^2 = k^2 (1 - k^2/n^2) / (4 k^2 - 1). */
struct gram {
	size_t n;
	int order;
	double root[TERMS + 1];
	double c[TERMS]; /* coefficients */
};

static void gram_init(struct gram *g, size_t n, int order)
{
	int k;

	g->n = n;
	g->order = order;
	g->root[0] = 0;
	for (k = 1; k <= order; k++) {
		double ratio = k / (double)n;

		g->root[k] = k * sqrt((1 - ratio) * (1 + ratio) / (4.0 * k * k - 1));
	}
}

/* Runs over BLOCK samples from `first` on (those past the end are zero): either sums x * P[k] into c[k], or
 * subtracts all c[k] * P[k] from x. */
static ALWAYS_INLINE void run_block(struct gram *g, double *x, size_t first, bool subtract)
{
	v4 t[WIDE], p[WIDE], before[WIDE], *v = (v4 *)x;
	const v4 place = {0, 1, 2, 3};
	double p0 = 1 / sqrt((double)g->n), n = (double)g->n;
	size_t i;
	int k;

	for (i = 0; i < WIDE; i++) {
		t[i] = (2 * ((double)(first + 4 * i) + place) - (n - 1)) / n;
		p[i] = (v4){p0, p0, p0, p0};
		before[i] = (v4){0};
	}
	for (k = 0;; k++) {
		double root = g->root[k], next_root, c = g->c[k];
		v4 sum = {0};

		if (subtract) {
			for (i = 0; i < WIDE; i++)
				v[i] -= c * p[i];
		} else {
			for (i = 0; i < WIDE; i++)
				sum += v[i] * p[i];
			g->c[k] += (sum[0] + sum[1]) + (sum[2] + sum[3]);
		}
		if (k == g->order)
			break;
		next_root = 1 / g->root[k + 1];
		for (i = 0; i < WIDE; i++) {
			v4 next = (t[i] * p[i] - root * before[i]) * next_root;

			before[i] = p[i];
			p[i] = next;
		}
	}
}

typedef void block_fn(struct gram *g, double *x, size_t first, bool subtract);

static void block_portable(struct gram *g, double *x, size_t first, bool subtract)
{
	run_block(g, x, first, subtract);
}

#if MSP_CPU_X86
TARGET_AVX2 static void block_avx2(struct gram *g, double *x, size_t first, bool subtract)
{
	run_block(g, x, first, subtract);
}
#else
#define block_avx2 block_portable
#endif

static void gram_sweep(struct gram *g, double *x, bool subtract, block_fn *block)
{
	_Alignas(32) double some[BLOCK];
	size_t i;

	for (i = 0; i < g->n; i += BLOCK) {
		size_t len = g->n - i < BLOCK ? g->n - i : BLOCK;

		memset(some, 0, sizeof some);
		memcpy(some, x + i, len * sizeof *x);
		block(g, some, i, subtract);
		if (subtract)
			memcpy(x + i, some, len * sizeof *x);
	}
}

/* Twice: the second round removes what the rounding of the first has left. */
void msp_subtract_polynomial(double *x, size_t n, int order, int path)
{
	bool avx2 = path != MSP_CPU_PORTABLE && msp_cpu_has(MSP_CPU_AVX2);
	block_fn *block = avx2 ? block_avx2 : block_portable;
	struct gram g;
	int round, k;

	gram_init(&g, n, order);
	for (round = 0; round < 2; round++) {
		for (k = 0; k <= order; k++)
			g.c[k] = 0;
		gram_sweep(&g, x, false, block);
		gram_sweep(&g, x, true, block);
	}
}
