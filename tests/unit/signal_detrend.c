/* Trends: same bits on every path, exact cases, big numbers, bad data. */
#include "mspipe/signal.h"
#include "signal/gram.h"
#include "signal/trend.h"

#include "noise.h"
#include "unit.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define N 200

static void test_paths(void)
{
	double x[N], want[N], got[N];

	for (size_t n = 0; n <= N; n++) {
		struct trend_sums a, b;

		fill_noise(x, N, 3);
		memcpy(want, x, sizeof x);
		a = msp_trend_sums(x, n, x[0], MSP_CPU_PORTABLE);
		msp_subtract_line(want, n, 0.3, -0.01, MSP_CPU_PORTABLE);
		if (n > 7)
			msp_subtract_polynomial(want, n, 7, MSP_CPU_PORTABLE);
		for (int path = MSP_CPU_AVX2; path <= MSP_CPU_BEST; path++) {
			if (!msp_cpu_has(path))
				continue;
			memcpy(got, x, sizeof x);
			b = msp_trend_sums(x, n, x[0], path);
			msp_subtract_line(got, n, 0.3, -0.01, path);
			if (n > 7)
				msp_subtract_polynomial(got, n, 7, path);
			CHECKF(memcmp(&a, &b, sizeof a) == 0, "path %d, n %zu", path, n);
			CHECKF(memcmp(want, got, sizeof want) == 0, "path %d, n %zu", path, n);
		}
	}
}

/* The sums as they are defined. */
static void test_sums(void)
{
	double x[N];

	fill_noise(x, N, 3);
	for (size_t n = 1; n <= N; n++) {
		struct trend_sums t = msp_trend_sums(x, n, 0.25, MSP_CPU_BEST);
		long double sum = 0, moment = 0;

		for (size_t i = 0; i < n; i++) {
			sum += x[i] - 0.25L;
			moment += (x[i] - 0.25L) * ((long double)i - (long double)(n - 1) / 2);
		}
		CHECKF(fabsl(t.sum - sum) < 1e-12L, "n %zu", n);
		CHECKF(fabsl(t.moment - moment) < 1e-10L, "n %zu: %g", n, (double)(t.moment - moment));
	}
}

/* What is a polynomial of the order removed leaves nothing. */
static void test_nothing_left(void)
{
	double x[N], worst;

	for (int order = 0; order <= 8; order++)
		for (size_t n = (size_t)order + 1; n <= N; n += 13) {
			for (size_t i = 0; i < n; i++) {
				double t = (double)i / (double)n, p = 1e6;

				for (int k = 0; k < order; k++)
					p = p * t + 1000 * (k - 3);
				x[i] = p;
			}
			CHECK(msp_detrend(x, n, MSP_DETREND_POLYNOMIAL, order, NULL) == MSP_OK);
			worst = 0;
			for (size_t i = 0; i < n; i++)
				worst = fmax(worst, fabs(x[i]));
			CHECKF(worst < 1e-8, "order %d, n %zu: %g", order, n, worst);
		}
	for (size_t i = 0; i < N; i++)
		x[i] = 7e9 - 3 * (double)i;
	CHECK(msp_detrend(x, N, MSP_DETREND_LINEAR, 0, NULL) == MSP_OK);
	worst = 0;
	for (size_t i = 0; i < N; i++)
		worst = fmax(worst, fabs(x[i]));
	CHECKF(worst < 1e-5, "%g", worst);
	/* a constant has no trend at all: exactly zero */
	for (int method = MSP_DETREND_MEAN; method <= MSP_DETREND_SIMPLE; method++) {
		for (size_t i = 0; i < N; i++)
			x[i] = 0.1;
		CHECK(msp_detrend(x, N, method, 0, NULL) == MSP_OK);
		for (size_t i = 0; i < N; i++)
			CHECKF(x[i] <= 0 && x[i] >= 0, "method %d, sample %zu: %g", method, i, x[i]);
	}
}

/* Detrending is a projection: twice is once. */
static void test_projection(void)
{
	double x[N], once[N];

	for (int method = MSP_DETREND_MEAN; method <= MSP_DETREND_POLYNOMIAL; method++) {
		double worst = 0;

		fill_noise(x, N, 3);
		CHECK(msp_detrend(x, N, method, 6, NULL) == MSP_OK);
		memcpy(once, x, sizeof x);
		CHECK(msp_detrend(x, N, method, 6, NULL) == MSP_OK);
		for (size_t i = 0; i < N; i++)
			worst = fmax(worst, fabs(x[i] - once[i]));
		CHECKF(worst < 1e-14, "method %d: %g", method, worst);
	}
}

static void test_big(void)
{
	double x[N], small[N];

	for (int method = MSP_DETREND_MEAN; method <= MSP_DETREND_POLYNOMIAL; method++) {
		double worst = 0;

		fill_noise(small, N, 3);
		for (size_t i = 0; i < N; i++)
			x[i] = small[i] * 1e307;
		CHECK(msp_detrend(small, N, method, 3, NULL) == MSP_OK);
		CHECK(msp_detrend(x, N, method, 3, NULL) == MSP_OK);
		for (size_t i = 0; i < N; i++)
			worst = fmax(worst, fabs(x[i] / 1e307 - small[i]));
		CHECKF(worst < 1e-14, "method %d: %g", method, worst);
	}
	/* what cannot be told in a double kills */
	for (size_t i = 0; i < N; i++)
		x[i] = i == 0 ? -DBL_MAX : DBL_MAX;
	for (int method = MSP_DETREND_MEAN; method <= MSP_DETREND_POLYNOMIAL; method++) {
		struct msp_error err = {0};
		double y[N];
		int r;

		memcpy(y, x, sizeof x);
		r = msp_detrend(y, N, method, 3, &err);
		CHECKF(r == MSP_KILL ? strstr(err.text, "beyond the range") != NULL : msp_find_nonfinite(y, N) == N,
		       "method %d: %d %s", method, r, err.text);
		CHECK(method != MSP_DETREND_MEAN || r == MSP_KILL);
	}
	x[0] = DBL_MAX;
	CHECK(msp_detrend(x, N, MSP_DETREND_LINEAR, 0, NULL) == MSP_OK && fabs(x[5]) < 1e294);
}

static void refuses(size_t n, int method, int order, int status, const char *why)
{
	struct msp_error err = {0};
	double x[N] = {0};
	int r = msp_detrend(x, n, method, order, &err);

	CHECKF(r == status && strcmp(err.text, why) == 0, "%d: '%s', not '%s'", r, err.text, why);
}

static void test_refusals(void)
{
	double x[N];

	refuses(0, MSP_DETREND_MEAN, 0, MSP_KILL, "no samples");
	refuses(0, MSP_DETREND_POLYNOMIAL, 3, MSP_KILL, "no samples");
	refuses(1, MSP_DETREND_LINEAR, 0, MSP_KILL, "1 sample: this trend needs 2");
	refuses(1, MSP_DETREND_SIMPLE, 0, MSP_KILL, "1 sample: this trend needs 2");
	refuses(3, MSP_DETREND_POLYNOMIAL, 3, MSP_KILL, "3 samples: this trend needs 4");
	refuses(9, MSP_DETREND_POLYNOMIAL, 31, MSP_USAGE, "the order of the polynomial must be 0 to 30, not 31");
	refuses(9, MSP_DETREND_POLYNOMIAL, -1, MSP_USAGE, "the order of the polynomial must be 0 to 30, not -1");
	refuses(9, 0, 0, MSP_USAGE, "unknown method of detrending");
	refuses(9, 5, 0, MSP_USAGE, "unknown method of detrending");
	for (int method = MSP_DETREND_MEAN; method <= MSP_DETREND_POLYNOMIAL; method++)
		for (size_t bad = 0; bad < N; bad += 33)
			for (int k = 0; k < 2; k++) {
				struct msp_error err = {0};
				char want[64];

				fill_noise(x, N, 3);
				x[bad] = k ? NAN : -INFINITY;
				snprintf(want, sizeof want, "sample %zu is %s", bad, k ? "NaN" : "infinite");
				CHECK(msp_detrend(x, N, method, 2, &err) == MSP_KILL);
				CHECKF(strcmp(err.text, want) == 0, "'%s', not '%s'", err.text, want);
			}
}

static void test_objects(void)
{
	struct msp_error err = {0};
	struct msp_object o;

	msp_object_init(&o);
	CHECK(msp_object_reset(&o, MSP_SEISMOGRAM, MSP_F32, 4) == MSP_OK);
	for (int i = 0; i < 12; i++)
		((float *)(void *)o.samples.data)[i] = (float)(i * i);
	CHECK(msp_object_detrend(&o, MSP_DETREND_SIMPLE, 0, &err) == MSP_OK && o.type == MSP_F64);
	for (uint32_t c = 0; c < 3; c++) {
		const double *x = msp_object_f64(&o, c);

		/* i^2 less its chord over 4 samples: -(i)(3-i) */
		CHECK(fabs(x[0]) < 1e-12 && fabs(x[1] + 2) < 1e-12 && fabs(x[2] + 2) < 1e-12 && fabs(x[3]) < 1e-12);
	}
	CHECK(msp_object_kill(&o, "test", "dead") == MSP_OK);
	CHECK(msp_object_detrend(&o, MSP_DETREND_LINEAR, 0, &err) == MSP_OK);
	msp_object_free(&o);
	o.kind = MSP_ENSEMBLE_BEGIN;
	CHECK(msp_object_detrend(&o, MSP_DETREND_LINEAR, 0, &err) == MSP_OK);
}

int main(void)
{
	test_paths();
	test_sums();
	test_nothing_left();
	test_projection();
	test_big();
	test_refusals();
	test_objects();
	return unit_end("signal_detrend");
}
