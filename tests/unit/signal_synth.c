/* Synthetic signals: against the formulas, and bit for bit against what they were. */
#include "mspipe/signal.h"

#include "unit.h"

#include <math.h>
#include <string.h>

static void make(struct msp_object *o, int kind, int type, uint64_t npts, int signal, double hz,
                 uint64_t seed,
                 uint64_t number)
{
	struct msp_synth_spec spec = { .signal = signal, .hz = hz, .seed = seed };

	CHECK(msp_object_reset(o, kind, type, npts) == MSP_OK);
	o->dt = 0.05;
	CHECK(msp_object_synth(o, &spec, number, NULL) == MSP_OK);
}

static void test_formulas(void)
{
	const double pi = 3.14159265358979323846;
	struct msp_object o;
	double worst = 0, *x;
	int k;

	msp_object_init(&o);
	make(&o, MSP_TIMESERIES, MSP_F64, 5000, MSP_SYNTH_SINE, 1.3, 1, 0);
	x = msp_object_f64(&o, 0);
	for (k = 0; k < 5000; k++)
		worst = fmax(worst, fabs(x[k] - 1000 * sin(2 * pi * remainder(1.3 * 0.05 * k, 1))));
	CHECKF(worst < 1e-9, "%g", worst); /* the phase that is compared with is rounded itself */
	make(&o, MSP_TIMESERIES, MSP_F64, 21, MSP_SYNTH_SINE, 1, 1, 0);
	x = msp_object_f64(&o, 0);
	CHECKF(x[0] == 0 && fabs(x[5] - 1000) < 1e-12 && fabs(x[10]) < 1e-12 && fabs(x[15] + 1000) < 1e-12,
	       "%g %g", x[5], x[10]);
	make(&o, MSP_TIMESERIES, MSP_F64, 5000, MSP_SYNTH_RICKER, 0.7, 1, 0);
	x = msp_object_f64(&o, 0);
	for (worst = 0, k = 0; k < 5000; k++) {
		double y = pi * 0.7 * ((k - 2500) * 0.05), a = y * y;
		worst = fmax(worst, fabs(x[k] - 1000 * (1 - 2 * a) * exp(-a)));
	}
	CHECKF(worst < 1e-10 && x[2500] == 1000 && x[0] == 0, "%g", worst);
	make(&o, MSP_TIMESERIES, MSP_F64, 5, MSP_SYNTH_IMPULSE, 0, 1, 0);
	x = msp_object_f64(&o, 0);
	CHECK(x[0] == 0 && x[1] == 0 && x[2] == 1000 && x[3] == 0 && x[4] == 0);
	msp_object_free(&o);
}

static void test_random(void)
{
	enum { N = 200000 };
	struct msp_object o, w;
	double *x, *y, sum = 0, square = 0, lag = 0, at = 0, deviation;
	int k, bad = 0;

	msp_object_init(&o);
	msp_object_init(&w);
	make(&o, MSP_TIMESERIES, MSP_F64, N, MSP_SYNTH_NOISE, 0, 7, 3);
	make(&w, MSP_TIMESERIES, MSP_F64, N, MSP_SYNTH_WALK, 0, 7, 3);
	x = msp_object_f64(&o, 0);
	y = msp_object_f64(&w, 0);
	for (k = 0; k < N; k++) {
		sum += x[k];
		square += x[k] * x[k];
		lag += k ? x[k] * x[k - 1] : 0;
		at += x[k];
		bad += at != y[k]; /* the walk is the running sum, exactly */
	}
	deviation = sqrt(square / N);
	CHECKF(bad == 0, "%d", bad);
	CHECKF(fabs(deviation - 36.95) < 0.3, "%g", deviation);
	CHECKF(fabs(sum / N) < 4 * 36.95 / sqrt(N), "%g", sum / N);
	CHECKF(fabs(lag / square) < 4 / sqrt(N), "%g", lag / square);
	/* another seed, another number: other samples */
	make(&w, MSP_TIMESERIES, MSP_F64, N, MSP_SYNTH_NOISE, 0, 7, 4);
	CHECK(memcmp(w.samples.data, o.samples.data, o.samples.len) != 0);
	make(&w, MSP_TIMESERIES, MSP_F64, N, MSP_SYNTH_NOISE, 0, 8, 3);
	CHECK(memcmp(w.samples.data, o.samples.data, o.samples.len) != 0);
	/* the first component of a seismogram is the time series, the others are smaller and other */
	make(&w, MSP_SEISMOGRAM, MSP_F64, N, MSP_SYNTH_NOISE, 0, 7, 3);
	CHECK(memcmp(w.samples.data, o.samples.data, o.samples.len) == 0);
	for (square = lag = 0, k = 0; k < N; k++) {
		square += pow(msp_object_f64(&w, 2)[k], 2);
		lag += msp_object_f64(&w, 2)[k] * x[k];
	}
	CHECKF(fabs(sqrt(square / N) - 36.95 / 4) < 0.1 && fabs(lag / N) < 36.95 * 36.95 / 4 * 4 / sqrt(N),
	       "%g %g",
	       sqrt(square / N), lag / N);
	msp_object_free(&o);
	msp_object_free(&w);
}

static void test_types(void)
{
	struct msp_object d, f, i;
	int k, bad = 0;

	msp_object_init(&d);
	msp_object_init(&f);
	msp_object_init(&i);
	make(&d, MSP_TIMESERIES, MSP_F64, 3000, MSP_SYNTH_WALK, 0, 1, 0);
	make(&f, MSP_TIMESERIES, MSP_F32, 3000, MSP_SYNTH_WALK, 0, 1, 0);
	make(&i, MSP_TIMESERIES, MSP_I32, 3000, MSP_SYNTH_WALK, 0, 1, 0);
	for (k = 0; k < 3000; k++) {
		double x = msp_object_f64(&d, 0)[k];
		float y;
		int32_t n;
		memcpy(&y, f.samples.data + 4 * k, 4);
		memcpy(&n, i.samples.data + 4 * k, 4);
		bad += (float)x != y || floor(x + 0.5) != n;
	}
	CHECKF(bad == 0, "%d", bad);
	d.type = 9;
	CHECK(msp_object_synth(&d, &(struct msp_synth_spec){ .signal = MSP_SYNTH_WALK }, 0,
	                       NULL) == MSP_USAGE);
	make(&i, MSP_TIMESERIES, MSP_I32, 0, MSP_SYNTH_WALK, 0, 1, 0);
	CHECK(i.samples.len == 0);
	msp_object_free(&d);
	msp_object_free(&f);
	msp_object_free(&i);
}

/* Made once; must come out of every compiler, library and machine. */
static void test_bits(void)
{
	static const struct { int signal; double hz; const char *id; } want[] = {
		{ MSP_SYNTH_WALK, 0, "861cbdcc109c5fd3d5b32d8f82844b8a" },
		{ MSP_SYNTH_NOISE, 0, "11c97d301d51c4a5ec4ff77e8730089c" },
		{ MSP_SYNTH_SINE, 1.1, "eb065a45980ea6bd2729908f818f3a57" },
		{ MSP_SYNTH_IMPULSE, 0, "8d81f6a48e0e0b3cb7afb6e456d47911" },
		{ MSP_SYNTH_RICKER, 0.9, "582fb4eaad3e37568e400a1207915931" },
	};
	struct msp_object o;
	char buf[MSP_ID_TEXT];
	size_t k;

	msp_object_init(&o);
	for (k = 0; k < sizeof want / sizeof want[0]; k++) {
		struct msp_id id;
		make(&o, MSP_SEISMOGRAM, MSP_F64, 3001, want[k].signal, want[k].hz, 5, 6);
		id = msp_object_digest(&o);
		CHECKF(strcmp(msp_id_format(&id, buf), want[k].id) == 0, "signal %d: %s", want[k].signal,
		       buf);
	}
	msp_object_free(&o);
}

int main(void)
{
	test_formulas();
	test_random();
	test_types();
	test_bits();
	return unit_end("signal_synth");
}
