/* Filters: every path of the processor gives the same bits; design at its edges; bad data. */
#include "signal/filter.h"

#include "noise.h"
#include "unit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define N 1003

static struct msp_filter_spec spec_of(int type, int band, int corners, double f1, double f2)
{
	struct msp_filter_spec s = {.type = type, .band = band, .corners = corners, .f1 = f1, .f2 = f2};

	s.ripple = type == MSP_CHEBYSHEV1 ? 1 : type == MSP_CHEBYSHEV2 ? 40 : 0;
	return s;
}

static struct msp_filter design(int type, int band, int corners, double f1, double f2)
{
	struct msp_filter_spec s = spec_of(type, band, corners, f1, f2);
	struct msp_filter f = {0};
	struct msp_error err = {0};
	int r = msp_filter_design(&f, &s, 0.05, &err);

	CHECKF(r == MSP_OK, "%d %d %d: %s", type, band, corners, err.text);
	return f;
}

/* ---- paths --------------------------------------------------------------- */

static void test_paths(void)
{
	static const size_t lengths[] = {0, 1, 2, 5, 6, 7, 17, 18, 19, 95, 96, 97, 1000, N};
	static double x[N], want[N], got[N];
	int seen = 0;

	fill_noise(x, N, 7);
	for (int band = 0; band < 4; band++)
		for (int corners = 1; corners <= 10; corners++)
			for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++)
				for (int step = -1; step <= 1; step += 2) {
					struct msp_filter f = design(MSP_BUTTERWORTH, band, corners, 0.5, 3);
					size_t n = lengths[k], from = step < 0 && n > 0 ? n - 1 : 0;

					memcpy(want, x, sizeof x);
					msp_iir_run(f.section, f.n, want + from, n, step, MSP_CPU_PORTABLE);
					for (int path = MSP_CPU_AVX2; path <= MSP_CPU_BEST; path++) {
						if (!msp_cpu_has(path))
							continue;
						memcpy(got, x, sizeof x);
						msp_iir_run(f.section, f.n, got + from, n, step, path);
						seen |= 1 << path;
						CHECKF(memcmp(want, got, sizeof x) == 0, "path %d, band %d, corners %d, n %zu",
						       path, band, corners, n);
					}
				}
	if (seen != 14)
		printf("signal_filter: this processor has not all paths: %x\n", seen);
}

/* The recursion as it is defined, in the widest arithmetic there is. */
static void reference(const struct msp_filter *f, double *x, size_t n)
{
	for (unsigned s = 0; s < f->n; s++) {
		const struct msp_biquad *q = &f->section[s];
		long double z0 = 0, z1 = 0;

		for (size_t i = 0; i < n; i++) {
			long double v = x[i], y = q->b0 * v + z0;

			z0 = q->b1 * v - q->a1 * y + z1;
			z1 = q->b2 * v - q->a2 * y;
			x[i] = (double)y;
		}
	}
}

static void test_recursion(void)
{
	static double x[N], want[N], back[N];

	for (int corners = 1; corners <= 10; corners++) {
		struct msp_filter f = design(MSP_BUTTERWORTH, MSP_BANDPASS, corners, 0.5, 3);
		double worst = 0;

		fill_noise(x, N, 7);
		memcpy(want, x, sizeof x);
		reference(&f, want, N);
		msp_filter_apply(&f, x, N);
		for (size_t i = 0; i < N; i++)
			worst = fmax(worst, fabs(x[i] - want[i]));
		CHECKF(worst < 1e-12, "corners %d: %g", corners, worst);

		/* backward is forward of what is reversed */
		fill_noise(x, N, 7);
		for (size_t i = 0; i < N; i++)
			back[i] = x[N - 1 - i];
		msp_iir_run(f.section, f.n, x + (N - 1), N, -1, MSP_CPU_BEST);
		msp_iir_run(f.section, f.n, back, N, 1, MSP_CPU_BEST);
		worst = 0;
		for (size_t i = 0; i < N; i++)
			worst = fmax(worst, fabs(x[i] - back[N - 1 - i]));
		CHECKF(worst <= 0, "corners %d: %g", corners, worst);
	}
}

/* Zero-phase filtering of an impulse in the middle is symmetric, and its sum is the gain at frequency 0. */
static void test_zero_phase(void)
{
	struct msp_filter f = design(MSP_BUTTERWORTH, MSP_LOWPASS, 4, 2, 0);
	static double x[2001];
	double worst = 0, sum = 0;

	f.spec.zero_phase = true;
	x[1000] = 1;
	msp_filter_apply(&f, x, 2001);
	for (int i = 0; i <= 1000; i++)
		worst = fmax(worst, fabs(x[i] - x[2000 - i]));
	for (int i = 0; i <= 2000; i++)
		sum += x[i];
	CHECKF(worst < 1e-12, "%g", worst);
	CHECKF(fabs(sum - 1) < 1e-12, "%.17g", sum);
}

/* An impulse that has died away leaves zeros, not subnormal numbers, which cost a hundred times more. */
static void test_ringing_down(void)
{
	static const double corner[] = {0.01, 0.5, 3, 9};
	size_t n = 1000000, subnormal;
	double *x = malloc(n * sizeof *x);

	CHECK(x != NULL);
	for (size_t k = 0; x && k < sizeof corner / sizeof *corner; k++) {
		struct msp_filter f = design(MSP_BUTTERWORTH, MSP_HIGHPASS, 4, corner[k], 0);

		memset(x, 0, n * sizeof *x);
		x[3] = 1;
		msp_filter_apply(&f, x, n);
		subnormal = 0;
		for (size_t i = 0; i < n; i++)
			subnormal += fpclassify(x[i]) == FP_SUBNORMAL;
		CHECKF(subnormal < 400, "%zu at %g Hz", subnormal, corner[k]);
		CHECKF(x[n - 1] == 0, "%g at %g Hz", x[n - 1], corner[k]);
	}
	free(x);
}

/* ---- design -------------------------------------------------------------- */

static double gain_at(const struct msp_filter *f, double hz)
{
	double w = 6.283185307179586 * hz * f->dt, c1 = cos(w), s1 = sin(w), c2 = cos(2 * w), s2 = sin(2 * w), g = 1;

	for (unsigned i = 0; i < f->n; i++) {
		const struct msp_biquad *q = &f->section[i];

		g *= hypot(q->b0 + q->b1 * c1 + q->b2 * c2, q->b1 * s1 + q->b2 * s2)
		     / hypot(1 + q->a1 * c1 + q->a2 * c2, q->a1 * s1 + q->a2 * s2);
	}
	return g;
}

static void test_gains(void)
{
	struct msp_filter f;

	for (int n = 1; n <= 10; n++) {
		f = design(MSP_BUTTERWORTH, MSP_LOWPASS, n, 2, 0);
		CHECKF(fabs(gain_at(&f, 2) - sqrt(0.5)) < 1e-12, "%d: %.17g", n, gain_at(&f, 2));
		CHECK(fabs(gain_at(&f, 0) - 1) < 1e-12);
		f = design(MSP_BUTTERWORTH, MSP_HIGHPASS, n, 2, 0);
		CHECK(fabs(gain_at(&f, 2) - sqrt(0.5)) < 1e-12);
		CHECK(fabs(gain_at(&f, 10) - 1) < 1e-12);
		f = design(MSP_BUTTERWORTH, MSP_BANDPASS, n, 1, 4);
		CHECKF(fabs(gain_at(&f, 1) - sqrt(0.5)) < 1e-11, "%d: %.17g", n, gain_at(&f, 1));
		CHECKF(fabs(gain_at(&f, 4) - sqrt(0.5)) < 1e-11, "%d: %.17g", n, gain_at(&f, 4));
		f = design(MSP_BUTTERWORTH, MSP_BANDSTOP, n, 1, 4);
		CHECK(fabs(gain_at(&f, 1) - sqrt(0.5)) < 1e-11);
		CHECK(fabs(gain_at(&f, 0) - 1) < 1e-11);
		f = design(MSP_CHEBYSHEV1, MSP_LOWPASS, n, 2, 0); /* 1 dB at the corner */
		CHECKF(fabs(20 * log10(gain_at(&f, 2)) + 1) < 1e-9, "%d: %g dB", n, 20 * log10(gain_at(&f, 2)));
		f = design(MSP_CHEBYSHEV2, MSP_LOWPASS, n, 2, 0); /* 40 dB at the corner */
		CHECKF(fabs(20 * log10(gain_at(&f, 2)) + 40) < 1e-8, "%d: %g dB", n, 20 * log10(gain_at(&f, 2)));
		f = design(MSP_BESSEL, MSP_LOWPASS, n, 2, 0);
		CHECK(fabs(gain_at(&f, 0) - 1) < 1e-12);
	}
}

static void refuses(struct msp_filter_spec s, double dt, int status, const char *why)
{
	struct msp_filter f = {0};
	struct msp_error err = {0};
	int r = msp_filter_design(&f, &s, dt, &err);

	CHECKF(r == status && strstr(err.text, why), "%d: '%s', not '%s'", r, err.text, why);
	CHECK(f.n == 0);
}

static void test_refusals(void)
{
	struct msp_filter_spec s = spec_of(MSP_BUTTERWORTH, MSP_LOWPASS, 4, 25, 0);
	struct msp_filter f;
	struct msp_error err = {0};

	refuses(s, 0.05, MSP_KILL, "corner 25 Hz is at or above the Nyquist frequency 10 Hz");
	s.f1 = 10;
	refuses(s, 0.05, MSP_KILL, "corner 10 Hz is at or above the Nyquist frequency 10 Hz");
	refuses(s, 0, MSP_KILL, "sample interval");
	refuses(s, -1, MSP_KILL, "sample interval");
	refuses(s, NAN, MSP_KILL, "sample interval");
	refuses(s, INFINITY, MSP_KILL, "sample interval");
	s.f1 = 9.999999;
	CHECK(msp_filter_design(&f, &s, 0.05, &err) == MSP_OK);
	s.f1 = 1e-14;
	refuses(s, 0.05, MSP_KILL, "stable");
	s.f1 = 0;
	refuses(s, 0.05, MSP_USAGE, "above 0 Hz");
	s.f1 = NAN;
	refuses(s, 0.05, MSP_USAGE, "above 0 Hz");
	refuses(spec_of(MSP_BUTTERWORTH, MSP_BANDPASS, 4, 2, 1), 0.05, MSP_USAGE, "2 Hz, is not below the upper, 1 Hz");
	refuses(spec_of(MSP_BUTTERWORTH, MSP_BANDPASS, 4, 2, 2), 0.05, MSP_USAGE, "not below");
	refuses(spec_of(MSP_BUTTERWORTH, MSP_BANDPASS, 4, 2, INFINITY), 0.05, MSP_USAGE, "above 0 Hz");
	refuses(spec_of(MSP_BUTTERWORTH, MSP_BANDSTOP, 4, 2, 12), 0.05, MSP_KILL, "corner 12 Hz");
	refuses(spec_of(MSP_BUTTERWORTH, MSP_LOWPASS, 0, 2, 0), 0.05, MSP_USAGE, "1 to 10");
	refuses(spec_of(MSP_BUTTERWORTH, MSP_LOWPASS, 11, 2, 0), 0.05, MSP_USAGE, "1 to 10");
	refuses(spec_of(4, MSP_LOWPASS, 4, 2, 0), 0.05, MSP_USAGE, "type");
	refuses(spec_of(MSP_BUTTERWORTH, 4, 4, 2, 0), 0.05, MSP_USAGE, "band");
	s = spec_of(MSP_CHEBYSHEV1, MSP_LOWPASS, 4, 2, 0);
	s.ripple = 0;
	refuses(s, 0.05, MSP_USAGE, "dB");
	s.ripple = NAN;
	refuses(s, 0.05, MSP_USAGE, "dB");
}

/* ---- objects -------------------------------------------------------------- */

static void make(struct msp_object *o, int kind, int type, uint64_t n)
{
	msp_object_init(o);
	CHECK(msp_object_reset(o, kind, type, n) == MSP_OK);
	o->dt = 0.05;
	if (n > 0)
		memset(o->samples.data, 0, o->samples.len);
}

static void kills(struct msp_object *o, const char *why)
{
	struct msp_filter f = {.spec = spec_of(MSP_BUTTERWORTH, MSP_BANDPASS, 4, 0.5, 3)};
	struct msp_error err = {0};
	int r = msp_object_filter(o, &f, &err);

	CHECKF(r == MSP_KILL && strcmp(err.text, why) == 0, "%d: '%s', not '%s'", r, err.text, why);
	msp_object_free(o);
}

static void test_objects(void)
{
	struct msp_filter f = {.spec = spec_of(MSP_BUTTERWORTH, MSP_BANDPASS, 4, 0.5, 3)};
	struct msp_error err = {0};
	struct msp_object o, s;
	double want[100];

	make(&o, MSP_TIMESERIES, MSP_F64, 100);
	msp_object_f64(&o, 0)[17] = NAN;
	kills(&o, "sample 17 is NaN");
	make(&o, MSP_TIMESERIES, MSP_F64, 100);
	msp_object_f64(&o, 0)[99] = -INFINITY;
	kills(&o, "sample 99 is infinite");
	make(&o, MSP_TIMESERIES, MSP_F64, 0);
	kills(&o, "no samples");
	make(&o, MSP_TIMESERIES, MSP_F64, 10);
	o.dt = 0.5;
	kills(&o, "corner 3 Hz is at or above the Nyquist frequency 1 Hz");
	make(&o, MSP_TIMESERIES, MSP_F64, 300);
	for (int i = 0; i < 300; i++)
		msp_object_f64(&o, 0)[i] = i / 7 % 2 ? DBL_MAX : -DBL_MAX;
	kills(&o, "the filtered data are beyond the range of a double");

	/* integers become doubles; components are filtered alike; the design follows dt */
	make(&o, MSP_TIMESERIES, MSP_I32, 100);
	((int32_t *)(void *)o.samples.data)[10] = 1;
	CHECK(msp_object_filter(&o, &f, &err) == MSP_OK);
	CHECK(o.type == MSP_F64 && f.n == 4 && f.dt == 0.05);
	memcpy(want, msp_object_f64(&o, 0), sizeof want);
	make(&s, MSP_SEISMOGRAM, MSP_F64, 100);
	for (uint32_t c = 0; c < 3; c++)
		msp_object_f64(&s, c)[10] = 1;
	CHECK(msp_object_filter(&s, &f, &err) == MSP_OK);
	for (uint32_t c = 0; c < 3; c++)
		CHECK(memcmp(want, msp_object_f64(&s, c), sizeof want) == 0);
	s.dt = 0.01;
	CHECK(msp_object_filter(&s, &f, &err) == MSP_OK && f.dt == 0.01);
	/* one sample: its product with the first coefficients */
	CHECK(msp_object_reset(&o, MSP_TIMESERIES, MSP_F64, 1) == MSP_OK);
	o.dt = 0.05;
	msp_object_f64(&o, 0)[0] = 2;
	CHECK(msp_object_filter(&o, &f, &err) == MSP_OK);
	CHECK(fabs(msp_object_f64(&o, 0)[0] - 2 * f.section[0].b0) <= 1e-18);
	/* the dead stay as they are */
	CHECK(msp_object_kill(&o, "test", "dead") == MSP_OK);
	o.dt = 0.5;
	CHECK(msp_object_filter(&o, &f, &err) == MSP_OK && f.dt == 0.05);
	msp_object_free(&o);
	msp_object_free(&s);
}

static void test_finite(void)
{
	double x[50];

	for (size_t n = 0; n <= 50; n++)
		for (size_t bad = 0; bad < n; bad++)
			for (int k = 0; k < 3; k++) {
				fill_noise(x, n, 7);
				CHECK(msp_find_nonfinite(x, n) == n);
				x[bad] = k == 0 ? NAN : k == 1 ? INFINITY : -INFINITY;
				if (bad + 1 < n)
					x[n - 1] = INFINITY;
				CHECKF(msp_find_nonfinite(x, n) == bad, "%zu of %zu", bad, n);
			}
	for (size_t i = 0; i < 50; i++)
		x[i] = i % 2 ? DBL_MAX : -DBL_TRUE_MIN;
	CHECK(msp_find_nonfinite(x, 50) == 50);
}

int main(void)
{
	test_paths();
	test_recursion();
	test_zero_phase();
	test_ringing_down();
	test_gains();
	test_refusals();
	test_objects();
	test_finite();
	return unit_end("signal_filter");
}
