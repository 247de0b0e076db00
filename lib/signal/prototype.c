/* Analog low-pass prototypes, and the few elementary functions that they need.
 *
 * Nothing here but + - * / and sqrt, which IEEE 754 rounds correctly: the C library's sin, exp and asinh
 * differ in the last bit between processors and versions, and then so would filters, digests and ids. */
#include "signal/filter.h"

#include <math.h>

static const double pi = 3.14159265358979323846;

double cpx_abs(struct cpx a)
{
	double x = fabs(a.re), y = fabs(a.im), big = x > y ? x : y, small = x > y ? y : x;

	if (big == 0)
		return 0;
	small /= big;
	return big * sqrt(1 + small * small);
}

/* The root with the real part >= 0. */
struct cpx cpx_sqrt(struct cpx a)
{
	double r, t;

	if (a.re == 0 && a.im == 0)
		return cpx(0, 0);
	r = sqrt((cpx_abs(a) + fabs(a.re)) / 2);
	t = a.im / (2 * r);
	if (a.re >= 0)
		return cpx(r, t);
	return a.im < 0 ? cpx(-t, -r) : cpx(t, r);
}

/* sin(pi u) and cos(pi u), 0 <= u <= 1/4: their series, at most an ulp or two off. */
static double sin_pi_small(double u)
{
	double x = pi * u, s = 1;
	int k;

	for (k = 10; k >= 1; k--)
		s = 1 - s * (x * x / ((2 * k) * (2 * k + 1)));
	return x * s;
}

static double cos_pi_small(double u)
{
	double x = pi * u, s = 1;
	int k;

	for (k = 10; k >= 1; k--)
		s = 1 - s * (x * x / ((2 * k) * (2 * k - 1)));
	return s;
}

/* sin(pi u), |u| <= 1/2 */
static double sin_pi(double u)
{
	double a = fabs(u), s = a <= 0.25 ? sin_pi_small(a) : cos_pi_small(0.5 - a);

	return u < 0 ? -s : s;
}

/* cos(pi u), |u| <= 1/2 */
static double cos_pi(double u)
{
	double a = fabs(u);

	return a <= 0.25 ? cos_pi_small(a) : sin_pi_small(0.5 - a);
}

double msp_tan_half_pi(double w)
{
	if (w <= 0.5)
		return sin_pi_small(w / 2) / cos_pi_small(w / 2);
	return cos_pi_small((1 - w) / 2) / sin_pi_small((1 - w) / 2);
}

/* exp(y) - 1, y >= 0: the series of a small fraction of y, doubled up by e -> e (e + 2). */
static double expm1_plus(double y)
{
	double e = 1;
	int k, doublings = 0;

	while (y > 0.25 && doublings < 64) {
		y /= 2;
		doublings++;
	}
	for (k = 18; k >= 2; k--)
		e = 1 + e * y / k;
	e *= y;
	while (doublings-- > 0)
		e *= e + 2;
	return e;
}

/* sinh(asinh(v) / n): the s > 0 with sinh(n asinh(s)) = v, by Newton's method from the right, where the
 * function is convex, so that it falls to the root without overshooting. */
static double sinh_part(double v, unsigned n)
{
	double s = v / n;
	int step;

	for (step = 0; step < 5000; step++) {
		double c = sqrt(1 + s * s), sh0 = 0, sh1 = s, ch0 = 1, ch1 = c, next;
		unsigned k;

		for (k = 1; k < n; k++) {
			double sh = 2 * c * sh1 - sh0, ch = 2 * c * ch1 - ch0;

			sh0 = sh1;
			sh1 = sh;
			ch0 = ch1;
			ch1 = ch;
		}
		next = s - (sh1 - v) * c / (n * ch1);
		if (!(next < s))
			break;
		s = next;
	}
	return s;
}

/* Poles of the Bessel filters of order 1 to 10 in the upper half plane (roots of the reverse Bessel
 * polynomials, computed with 60 digits), scaled so that the product of all poles is 1. */
static const struct cpx bessel[MSP_FILTER_MAX_CORNERS][5] = {
	{{-1.0, 0.0}},
	{{-0.8660254037844386, 0.5}},
	{{-0.9416000265332067, 0.0}, {-0.7456403858480767, 0.7113666249728353}},
	{{-0.904758796788245, 0.27091873300387465}, {-0.6572111716718829, 0.8301614350048734}},
	{{-0.9264420773877602, 0.0}, {-0.8515536193688396, 0.4427174639443327},
	 {-0.5905759446119192, 0.907206756457455}},
	{{-0.9093906830472271, 0.1856964396793047}, {-0.7996541858328289, 0.5621717346937318},
	 {-0.5385526816693109, 0.9616876881954277}},
	{{-0.919487155649029, 0.0}, {-0.8800029341523374, 0.32166527623077396},
	 {-0.7527355434093215, 0.650469630552255}, {-0.4966917256672317, 1.0025085084544203}},
	{{-0.909683154665291, 0.1412437976671423}, {-0.8473250802359334, 0.4259017538272935},
	 {-0.71113818084854, 0.7186517314108402}, {-0.4621740412532122, 1.034388681126901}},
	{{-0.9154957797499038, 0.0}, {-0.8911217017079759, 0.25265809345821644},
	 {-0.8148021112269013, 0.50858156896315}, {-0.6743622686854762, 0.7730546212691184},
	 {-0.4331415561553619, 1.0600736701359297}},
	{{-0.9091347320900502, 0.11395831373355111}, {-0.8688459641284765, 0.343000823376631},
	 {-0.7837694413101441, 0.5759147538499947}, {-0.6417513866988316, 0.8175836167191017},
	 {-0.40832207328688613, 1.0812748428191246}},
};

static void add_pole(struct zpk *f, struct cpx p)
{
	f->p[f->np++] = p;
	if (p.im != 0)
		f->p[f->np++] = cpx(p.re, -p.im);
}

static double product_of_poles(const struct zpk *f)
{
	struct cpx k = cpx(1, 0);
	unsigned i;

	for (i = 0; i < f->np; i++)
		k = cpx_mul(k, cpx(-f->p[i].re, -f->p[i].im));
	return k.re;
}

/* Butterworth: poles on the unit circle at angles pi m / 2n from the negative real axis, m = n-1, n-3 ...;
 * Chebyshev: the same angles on an ellipse, and for the second kind the inverse of that. */
static void on_ellipse(struct zpk *f, unsigned n, double sh, double ch, bool inverse)
{
	unsigned i;

	for (i = 0; i < (n + 1) / 2; i++) {
		double u = (double)(n - 1 - 2 * i) / (2 * n);
		struct cpx p = cpx(-sh * cos_pi(u), ch * sin_pi(u));

		if (inverse)
			p = cpx_div(cpx(1, 0), cpx(p.re, -p.im));
		add_pole(f, p);
	}
}

static void chebyshev1(struct zpk *f, unsigned n, double ripple)
{
	double power = expm1_plus(ripple / 10 * 2.30258509299404568402), sh = sinh_part(1 / sqrt(power), n);

	on_ellipse(f, n, sh, sqrt(1 + sh * sh), false);
	f->k = product_of_poles(f);
	if (n % 2 == 0)
		f->k /= sqrt(1 + power);
}

static void chebyshev2(struct zpk *f, unsigned n, double attenuation)
{
	double power = expm1_plus(attenuation / 10 * 2.30258509299404568402), sh = sinh_part(sqrt(power), n);
	double zeros = 1;
	unsigned i;

	on_ellipse(f, n, sh, sqrt(1 + sh * sh), true);
	for (i = 0; i < n / 2; i++) {
		double im = 1 / sin_pi((double)(n - 1 - 2 * i) / (2 * n));

		f->z[f->nz++] = cpx(0, im);
		f->z[f->nz++] = cpx(0, -im);
		zeros *= im * im;
	}
	f->k = product_of_poles(f) / zeros;
}

void msp_prototype(const struct msp_filter_spec *spec, struct zpk *out)
{
	unsigned i, n = (unsigned)spec->corners;

	out->nz = out->np = 0;
	out->k = 1;
	switch (spec->type) {
	case MSP_BESSEL:
		for (i = 0; i < (n + 1) / 2; i++)
			add_pole(out, bessel[n - 1][i]);
		break;
	case MSP_CHEBYSHEV1:
		chebyshev1(out, n, spec->ripple);
		break;
	case MSP_CHEBYSHEV2:
		chebyshev2(out, n, spec->ripple);
		break;
	default:
		on_ellipse(out, n, 1, 1, false);
		break;
	}
}
