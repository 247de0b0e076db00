/* What the files of the recursive filters share. */
#ifndef SIGNAL_FILTER_H
#define SIGNAL_FILTER_H

#include "mspipe/signal.h"
#include "signal/cpu.h"

/* Complex numbers with arithmetic of our own: what C's complex types do for products and quotients is up to
 * the compiler's run-time library, and a filter must have the same coefficients everywhere. */
struct cpx {
	double re, im;
};

/* A band-pass has twice the poles of its prototype. */
#define MAX_ROOTS (2 * MSP_FILTER_MAX_CORNERS)

/* A transfer function k * prod(s - z) / prod(s - p), with z and p closed under conjugation. */
struct zpk {
	unsigned nz, np;
	struct cpx z[MAX_ROOTS + 2], p[MAX_ROOTS + 2]; /* room to pad to an even number */
	double k;
};

static inline struct cpx cpx(double re, double im)
{
	return (struct cpx){re, im};
}

static inline struct cpx cpx_mul(struct cpx a, struct cpx b)
{
	return cpx(a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re);
}

/* Smith's quotient: no needless overflow. */
static inline struct cpx cpx_div(struct cpx a, struct cpx b)
{
	double r, d;

	if ((b.re < 0 ? -b.re : b.re) >= (b.im < 0 ? -b.im : b.im)) {
		r = b.im / b.re;
		d = b.re + b.im * r;
		return cpx((a.re + a.im * r) / d, (a.im - a.re * r) / d);
	}
	r = b.re / b.im;
	d = b.re * r + b.im;
	return cpx((a.re * r + a.im) / d, (a.im * r - a.re) / d);
}

double cpx_abs(struct cpx a);
struct cpx cpx_sqrt(struct cpx a);

/* The analog low-pass prototype with its corner at 1 rad/s. */
void msp_prototype(const struct msp_filter_spec *spec, struct zpk *out);

/* tan(pi/2 * w) for 0 < w < 1. */
double msp_tan_half_pi(double w);

/* Pairs poles with zeros and writes the sections in order, the gain in the first; returns their number. */
unsigned msp_sections(const struct zpk *f, struct msp_biquad out[MSP_FILTER_MAX_SECTIONS]);

/* Runs all sections over x[0], x[step], ... x[(n - 1) * step] in place; step is 1 or -1.
 * path: enum msp_cpu. */
void msp_iir_run(const struct msp_biquad *q, unsigned sections, double *x, size_t n, ptrdiff_t step,
                 int path);

#endif
