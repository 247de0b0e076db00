/* Design of recursive filters: from corners in Hz to second-order sections. */
#include "signal/filter.h"

#include <math.h>
#include <string.h>

static int check_band(const struct msp_filter_spec *s, struct msp_error *err)
{
	bool two = s->band == MSP_BANDPASS || s->band == MSP_BANDSTOP;
	char a[32], b[32];

	if (!(s->f1 > 0) || !isfinite(s->f1) || (two && (!(s->f2 > 0) || !isfinite(s->f2))))
		return msp_error_set(err, MSP_USAGE, "a corner frequency must be above 0 Hz");
	if (two && !(s->f1 < s->f2))
		return msp_error_set(err, MSP_USAGE, "the lower corner, %s Hz, is not below the upper, %s Hz",
		                     msp_double_format(s->f1, a), msp_double_format(s->f2, b));
	return MSP_OK;
}

int msp_filter_check(const struct msp_filter_spec *s, struct msp_error *err)
{
	if (s->type < MSP_BUTTERWORTH || s->type > MSP_CHEBYSHEV2)
		return msp_error_set(err, MSP_USAGE, "unknown type of filter");
	if (s->band < MSP_LOWPASS || s->band > MSP_BANDSTOP)
		return msp_error_set(err, MSP_USAGE, "unknown kind of band");
	if (s->corners < 1 || s->corners > MSP_FILTER_MAX_CORNERS)
		return msp_error_set(err, MSP_USAGE, "corners must be 1 to %d, not %d",
		                     MSP_FILTER_MAX_CORNERS, s->corners);
	/* 300 dB is the whole precision of a double */
	if (s->type >= MSP_CHEBYSHEV1 && !(s->ripple >= 1e-6 && s->ripple <= 300))
		return msp_error_set(err, MSP_USAGE, "a Chebyshev filter needs its ripple or attenuation in "
		                     "dB, 1e-6 to 300");
	return check_band(s, err);
}

/* k * prod(at - z) / prod(at - p), a real number by symmetry. The factors alternate, so that the product
 * neither overflows nor underflows on the way. */
static double gain(const struct zpk *f, double at, double k)
{
	struct cpx g = cpx(1, 0);
	unsigned i;

	for (i = 0; i < f->nz || i < f->np; i++) {
		if (i < f->nz)
			g = cpx_mul(g, cpx(at - f->z[i].re, -f->z[i].im));
		if (i < f->np)
			g = cpx_div(g, cpx(at - f->p[i].re, -f->p[i].im));
	}
	return k * g.re;
}

static void low_to_low(struct zpk *f, double w)
{
	unsigned i;

	for (i = 0; i < f->nz; i++)
		f->z[i] = cpx(f->z[i].re * w, f->z[i].im * w);
	for (i = 0; i < f->np; i++)
		f->p[i] = cpx(f->p[i].re * w, f->p[i].im * w);
	for (i = f->nz; i < f->np; i++)
		f->k *= w;
}

static void low_to_high(struct zpk *f, double w)
{
	unsigned i;

	f->k = gain(f, 0, f->k);
	for (i = 0; i < f->nz; i++)
		f->z[i] = cpx_div(cpx(w, 0), f->z[i]);
	for (i = 0; i < f->np; i++)
		f->p[i] = cpx_div(cpx(w, 0), f->p[i]);
	while (f->nz < f->np)
		f->z[f->nz++] = cpx(0, 0);
}

/* Each root r becomes the two of s^2 - 2 r s + w^2. */
static unsigned split(struct cpx *r, unsigned n, double w)
{
	unsigned i;

	for (i = 0; i < n; i++) {
		struct cpx a = r[i], d = cpx_mul(a, a);

		d = cpx_sqrt(cpx(d.re - w * w, d.im));
		r[i] = cpx(a.re + d.re, a.im + d.im);
		r[n + i] = cpx(a.re - d.re, a.im - d.im);
	}
	return 2 * n;
}

static void low_to_band(struct zpk *f, double w, double width)
{
	unsigned degree = f->np - f->nz, i;

	low_to_low(f, width);
	for (i = 0; i < f->nz; i++)
		f->z[i] = cpx(f->z[i].re / 2, f->z[i].im / 2);
	for (i = 0; i < f->np; i++)
		f->p[i] = cpx(f->p[i].re / 2, f->p[i].im / 2);
	f->nz = split(f->z, f->nz, w);
	f->np = split(f->p, f->np, w);
	for (i = 0; i < degree; i++)
		f->z[f->nz++] = cpx(0, 0);
}

static void low_to_stop(struct zpk *f, double w, double width)
{
	unsigned degree = f->np - f->nz, i;

	f->k = gain(f, 0, f->k);
	for (i = 0; i < f->nz; i++)
		f->z[i] = cpx_div(cpx(width / 2, 0), f->z[i]);
	for (i = 0; i < f->np; i++)
		f->p[i] = cpx_div(cpx(width / 2, 0), f->p[i]);
	f->nz = split(f->z, f->nz, w);
	f->np = split(f->p, f->np, w);
	for (i = 0; i < degree; i++) {
		f->z[f->nz++] = cpx(0, w);
		f->z[f->nz++] = cpx(0, -w);
	}
}

/* s = 4 (z - 1) / (z + 1), that is, a sampling frequency of 2 */
static void bilinear(struct zpk *f)
{
	unsigned i;

	f->k = gain(f, 4, f->k);
	for (i = 0; i < f->nz; i++)
		f->z[i] = cpx_div(cpx(4 + f->z[i].re, f->z[i].im), cpx(4 - f->z[i].re, -f->z[i].im));
	for (i = 0; i < f->np; i++)
		f->p[i] = cpx_div(cpx(4 + f->p[i].re, f->p[i].im), cpx(4 - f->p[i].re, -f->p[i].im));
	while (f->nz < f->np)
		f->z[f->nz++] = cpx(-1, 0);
}

static int below_nyquist(double f, double dt, struct msp_error *err)
{
	char a[32], b[32];

	if (2 * f * dt < 1)
		return MSP_OK;
	return msp_error_set(err, MSP_KILL, "corner %s Hz is at or above the Nyquist frequency %s Hz",
	                     msp_double_format(f, a), msp_double_format(0.5 / dt, b));
}

/* Poles that rounding has put on or outside the unit circle (the stability triangle of a1, a2). */
static bool stable(const struct msp_filter *f)
{
	unsigned i;

	for (i = 0; i < f->n; i++) {
		const struct msp_biquad *q = &f->section[i];

		if (!isfinite(q->b0 + q->b1 + q->b2) || !(q->a2 < 1) || !(fabs(q->a1) < 1 + q->a2))
			return false;
	}
	return true;
}

static void transform(struct zpk *f, const struct msp_filter_spec *spec, double dt)
{
	double w1 = 4 * msp_tan_half_pi(2 * spec->f1 * dt), w2 = 0;

	if (spec->band == MSP_LOWPASS) {
		low_to_low(f, w1);
	} else if (spec->band == MSP_HIGHPASS) {
		low_to_high(f, w1);
	} else {
		w2 = 4 * msp_tan_half_pi(2 * spec->f2 * dt);
		if (spec->band == MSP_BANDPASS)
			low_to_band(f, sqrt(w1 * w2), w2 - w1);
		else
			low_to_stop(f, sqrt(w1 * w2), w2 - w1);
	}
	bilinear(f);
}

int msp_filter_design(struct msp_filter *f, const struct msp_filter_spec *spec, double dt,
                      struct msp_error *err)
{
	struct msp_filter made = {.spec = *spec, .dt = dt};
	struct zpk proto;
	int s;

	if ((s = msp_filter_check(spec, err)) < 0)
		return s;
	if (!(dt > 0) || !isfinite(dt))
		return msp_error_set(err, MSP_KILL, "the sample interval is not positive");
	if ((s = below_nyquist(spec->f1, dt, err)) < 0)
		return s;
	if (spec->band >= MSP_BANDPASS && (s = below_nyquist(spec->f2, dt, err)) < 0)
		return s;
	memset(&proto, 0, sizeof proto);
	msp_prototype(spec, &proto);
	transform(&proto, spec, dt);
	made.n = msp_sections(&proto, made.section);
	if (!stable(&made))
		return msp_error_set(err, MSP_KILL, "the corners are too low or too close for this sample "
		                     "interval: the filter would not be stable");
	*f = made;
	return MSP_OK;
}
