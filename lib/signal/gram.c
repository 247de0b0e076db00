/* Polynomials of least squares, in the polynomials that are orthogonal on n equally spaced points (Gram's;
 * Hildebrand, Introduction to Numerical Analysis, 7.13), so that no system of equations need be solved. */
#include "signal/gram.h"
#include "mspipe/signal.h"

#include <math.h>

#define BLOCK 64
#define TERMS (MSP_DETREND_MAX_ORDER + 1)

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

/* Runs over a block: either sums x * P[k] into c[k], or subtracts all c[k] * P[k] from x. */
static void gram_block(struct gram *g, double *x, size_t first, size_t len, bool subtract)
{
	double t[BLOCK], p[BLOCK], before[BLOCK], fit[BLOCK];
	double p0 = 1 / sqrt((double)g->n);
	size_t i;
	int k;

	for (i = 0; i < len; i++) {
		t[i] = (2 * (double)(first + i) - ((double)g->n - 1)) / (double)g->n;
		p[i] = p0;
		before[i] = fit[i] = 0;
	}
	for (k = 0;; k++) {
		double sum = 0, next_root;

		if (subtract)
			for (i = 0; i < len; i++)
				fit[i] += g->c[k] * p[i];
		else
			for (i = 0; i < len; i++)
				sum += x[i] * p[i];
		if (!subtract)
			g->c[k] += sum;
		if (k == g->order)
			break;
		next_root = 1 / g->root[k + 1];
		for (i = 0; i < len; i++) {
			double next = (t[i] * p[i] - g->root[k] * before[i]) * next_root;

			before[i] = p[i];
			p[i] = next;
		}
	}
	if (subtract)
		for (i = 0; i < len; i++)
			x[i] -= fit[i];
}

static void gram_sweep(struct gram *g, double *x, bool subtract)
{
	size_t i;

	for (i = 0; i < g->n; i += BLOCK)
		gram_block(g, x + i, i, g->n - i < BLOCK ? g->n - i : BLOCK, subtract);
}

/* Twice: the second round removes what the rounding of the first has left. */
void msp_subtract_polynomial(double *x, size_t n, int order)
{
	struct gram g;
	int round, k;

	gram_init(&g, n, order);
	for (round = 0; round < 2; round++) {
		for (k = 0; k <= order; k++)
			g.c[k] = 0;
		gram_sweep(&g, x, false);
		gram_sweep(&g, x, true);
	}
}
