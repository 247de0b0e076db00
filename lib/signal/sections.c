/* From zeros and poles in the z plane to second-order sections.
 *
 * The pairing is that of SciPy's zpk2sos(pairing="nearest"): the pole nearest to the unit circle takes the
 * nearest zero, then the next, so that no section has more gain than it must. The order of the sections is
 * ours (below): SciPy's lets the signal between two sections of a wide band-stop grow to 1e16 times what
 * comes out, and then no digit of the result is right. */
#include "signal/filter.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* One of each conjugate pair (im > 0), then the real roots (im == 0), each sorted by real part. */
struct roots {
	struct cpx r[MAX_ROOTS + 2];
	unsigned n;
};

static bool is_real(struct cpx a)
{
	return a.im == 0;
}

static bool before(struct cpx a, struct cpx b)
{
	if (is_real(a) != is_real(b))
		return is_real(b);
	return a.re < b.re || (a.re <= b.re && a.im < b.im);
}

static void collect(struct roots *out, const struct cpx *r, unsigned n)
{
	unsigned i, k;

	out->n = 0;
	for (i = 0; i < n; i++) {
		struct cpx a = r[i];

		if (fabs(a.im) <= 100 * DBL_EPSILON * cpx_abs(a))
			a.im = 0;
		if (a.im < 0)
			continue;
		for (k = out->n; k > 0 && before(a, out->r[k - 1]); k--)
			out->r[k] = out->r[k - 1];
		out->r[k] = a;
		out->n++;
	}
}

static struct cpx take(struct roots *set, unsigned i)
{
	struct cpx a = set->r[i];

	set->n--;
	memmove(&set->r[i], &set->r[i + 1], (set->n - i) * sizeof set->r[0]);
	return a;
}

/* The root nearest to a point, or, without one, to the unit circle. */
static unsigned nearest(const struct roots *set, const struct cpx *to, bool only_real)
{
	unsigned i, best = set->n;
	double distance = 0;

	for (i = 0; i < set->n; i++) {
		struct cpx r = set->r[i];
		double d = to ? cpx_abs(cpx(r.re - to->re, r.im - to->im)) : fabs(1 - cpx_abs(r));

		if (only_real && !is_real(r))
			continue;
		if (best == set->n || d < distance) {
			best = i;
			distance = d;
		}
	}
	return best;
}

/* (z - a)(z - b), where b is the conjugate of a or both are real */
static void quadratic(struct cpx a, struct cpx b, double *linear, double *constant)
{
	*linear = -(a.re + b.re);
	*constant = is_real(a) ? a.re * b.re : a.re * a.re + a.im * a.im;
}

static struct cpx conjugate(struct cpx a)
{
	return cpx(a.re, -a.im);
}

/* The next section, worst first. Real poles are even in number, and real zeros, so none is left alone. */
static void next_section(struct roots *z, struct roots *p, struct msp_biquad *q)
{
	struct cpx p1 = take(p, nearest(p, NULL, false)), p2 = conjugate(p1), z1, z2;

	if (is_real(p1))
		p2 = take(p, nearest(p, NULL, true));
	z1 = take(z, nearest(z, &p1, false));
	z2 = is_real(z1) ? take(z, nearest(z, &p1, true)) : conjugate(z1);
	q->b0 = 1;
	quadratic(z1, z2, &q->b1, &q->b2);
	quadratic(p1, p2, &q->a1, &q->a2);
}

/* |H| of a section at z = w on the unit circle. */
static double gain_at(const struct msp_biquad *q, struct cpx w)
{
	struct cpx v = conjugate(w), v2 = cpx_mul(v, v);

	return cpx_abs(cpx(q->b0 + q->b1 * v.re + q->b2 * v2.re, q->b1 * v.im + q->b2 * v2.im))
	       / cpx_abs(cpx(1 + q->a1 * v.re + q->a2 * v2.re, q->a1 * v.im + q->a2 * v2.im));
}

#define MAX_POINTS (MSP_FILTER_MAX_SECTIONS + 2)

/* Where the gain of a cascade has its peaks: at the ends of the frequency axis and by the poles. */
static unsigned peak_points(const struct msp_biquad *q, unsigned n, struct cpx w[MAX_POINTS])
{
	unsigned i, points = 0;

	w[points++] = cpx(1, 0);
	w[points++] = cpx(-1, 0);
	for (i = 0; i < n; i++) {
		double re = -q[i].a1 / 2, im2 = q[i].a2 - re * re;
		struct cpx p = cpx(re, im2 > 0 ? sqrt(im2) : 0);
		double r = cpx_abs(p);

		if (im2 > 0)
			w[points++] = cpx(p.re / r, p.im / r);
	}
	return points;
}

/* peak[s]: the largest gain of the sections in the set s (a bit for each). */
static void subset_peaks(const struct msp_biquad *q, unsigned n, double *peak)
{
	double gain[MAX_POINTS][MSP_FILTER_MAX_SECTIONS];
	struct cpx w[MAX_POINTS];
	unsigned points = peak_points(q, n, w), i, k, s;

	for (k = 0; k < points; k++)
		for (i = 0; i < n; i++)
			gain[k][i] = gain_at(&q[i], w[k]);
	for (s = 0; s < 1u << n; s++) {
		peak[s] = 0;
		for (k = 0; k < points; k++) {
			double g = 1;

			for (i = 0; i < n; i++)
				if (s >> i & 1)
					g *= gain[k][i];
			if (g > peak[s])
				peak[s] = g;
		}
	}
}

/* Puts the sections in the order that makes least noise. What rounding adds after the sections of a set s is
 * in proportion to the peak gain of s, and comes out multiplied by that of the others; the best order is the
 * cheapest path from the empty set to the full one (the criterion of Jackson, IEEE Trans. AU-18 (1970) 107,
 * with peaks for norms; ten sections at most, so all 1024 sets can be looked at). */
static void order(struct msp_biquad *q, unsigned n)
{
	double peak[1 << MSP_FILTER_MAX_SECTIONS], cost[1 << MSP_FILTER_MAX_SECTIONS];
	unsigned char last[1 << MSP_FILTER_MAX_SECTIONS];
	struct msp_biquad sorted[MSP_FILTER_MAX_SECTIONS];
	unsigned all = (1u << n) - 1, s, i, k;

	subset_peaks(q, n, peak);
	cost[0] = 0;
	for (s = 1; s <= all; s++) {
		last[s] = (unsigned char)n;
		for (i = 0; i < n; i++)
			if ((s >> i & 1)
			    && (last[s] == n || cost[s ^ 1u << i] < cost[s ^ 1u << last[s]]))
				last[s] = (unsigned char)i;
		cost[s] = cost[s ^ 1u << last[s]] + peak[s] * peak[all ^ s];
	}
	for (s = all, k = n; k-- > 0; s ^= 1u << last[s])
		sorted[k] = q[last[s]];
	memcpy(q, sorted, n * sizeof *q);
}

unsigned msp_sections(const struct zpk *f, struct msp_biquad out[MSP_FILTER_MAX_SECTIONS])
{
	struct zpk even = *f;
	struct roots z, p;
	unsigned i, n;

	if (even.np % 2 == 1) {
		even.p[even.np++] = cpx(0, 0);
		even.z[even.nz++] = cpx(0, 0);
	}
	collect(&z, even.z, even.nz);
	collect(&p, even.p, even.np);
	n = even.np / 2;
	for (i = n; i-- > 0;)
		next_section(&z, &p, &out[i]);
	order(out, n);
	out[0].b0 *= f->k;
	out[0].b1 *= f->k;
	out[0].b2 *= f->k;
	return n;
}
