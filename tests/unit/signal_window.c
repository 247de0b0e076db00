/* Windows: MsPASS's rules and what they leave open. */
#include "mspipe/signal.h"

#include "unit.h"

#include <math.h>
#include <string.h>

#define S(x) ((msp_time)((x) * 1e9))

/* npts samples 0, 1, 2 ... in each component, from t0 */
static void make(struct msp_object *o, int kind, int type, uint64_t npts, msp_time t0, double dt)
{
	msp_object_init(o);
	CHECK(msp_object_reset(o, kind, type, npts) == MSP_OK);
	o->start = t0;
	o->dt = dt;
	for (uint64_t i = 0; i < npts * o->ncomp; i++)
		if (type == MSP_F64)
			((double *)(void *)o->samples.data)[i] = (double)(i % npts);
		else
			((int32_t *)(void *)o->samples.data)[i] = (int32_t)(i % npts);
}

static struct msp_window_spec window(int ref, msp_time start, msp_time end, int short_data)
{
	struct msp_window_spec w = {.ref = ref, .start = start, .end = end, .short_data = short_data};

	return w;
}

static void gives(struct msp_object *o, const struct msp_window_spec *w, uint64_t n, int64_t first, msp_time start)
{
	struct msp_error err = {0};
	int r = msp_object_window(o, w, &err);
	const double *x = msp_object_f64(o, 0);

	CHECKF(r == MSP_OK && o->npts == n && o->start == start, "%d: %llu from %lld: %s", r, (unsigned long long)o->npts,
	       (long long)o->start, err.text);
	CHECK(o->samples.len == n * o->width * o->ncomp);
	if (r == MSP_OK && first >= 0 && x)
		CHECKF(x[0] >= (double)first && x[0] <= (double)first, "%g", x[0]);
}

static void kills(struct msp_object *o, const struct msp_window_spec *w, const char *why)
{
	struct msp_error err = {0};
	uint64_t npts = o->npts;
	int r = msp_object_window(o, w, &err);

	CHECKF(r == MSP_KILL && strcmp(err.text, why) == 0, "%d: '%s', not '%s'", r, err.text, why);
	CHECK(o->npts == npts);
	msp_object_free(o);
}

/* MsPASS's own tests: dt 0.01, 1000 samples from 0 */
static void test_mspass(void)
{
	struct msp_window_spec w = window(MSP_WINDOW_ABSOLUTE, S(2), S(3), MSP_SHORT_KILL);
	struct msp_object o;

	make(&o, MSP_TIMESERIES, MSP_F64, 1000, 0, 0.01);
	gives(&o, &w, 101, 200, S(2));
	msp_object_free(&o);
	make(&o, MSP_TIMESERIES, MSP_F64, 1000, 0, 0.01);
	w.start = 2006000000;
	gives(&o, &w, 100, 201, 2010000000);
	msp_object_free(&o);
	make(&o, MSP_TIMESERIES, MSP_F64, 1000, 0, 0.01);
	w.start = S(2);
	w.end = 3006000000;
	gives(&o, &w, 102, 200, S(2));
	msp_object_free(&o);
	make(&o, MSP_TIMESERIES, MSP_F64, 1000, 1002500000, 0.01);
	w.end = S(3);
	gives(&o, &w, 101, 100, 2002500000); /* on the grid of the object */
	CHECK(msp_object_end(&o) == 3002500000);
	msp_object_free(&o);
}

static void test_references(void)
{
	struct msp_window_spec w = window(MSP_WINDOW_START, S(1), S(2), MSP_SHORT_KILL);
	struct msp_value v = {.type = MSP_V_STRING, .u.s = {"noon", 4}};
	struct msp_error err = {0};
	struct msp_object o;

	make(&o, MSP_TIMESERIES, MSP_F64, 1000, S(500), 0.01);
	gives(&o, &w, 101, 100, S(501));
	msp_object_free(&o);

	make(&o, MSP_TIMESERIES, MSP_F64, 1000, S(500), 0.01);
	w.ref = MSP_WINDOW_ZERO;
	kills(&o, &w, "the time is UTC and has no zero: it must be made relative");
	make(&o, MSP_TIMESERIES, MSP_F64, 1000, S(-5), 0.01);
	o.relative = true;
	w.start = S(-1);
	gives(&o, &w, 301, 400, S(-1));
	msp_object_free(&o);

	w = window(MSP_WINDOW_KEY, S(-1), S(2), MSP_SHORT_KILL);
	w.key = "arrival";
	make(&o, MSP_TIMESERIES, MSP_F64, 1000, S(500), 0.01);
	kills(&o, &w, "key 'arrival' is undefined");
	make(&o, MSP_TIMESERIES, MSP_F64, 1000, S(500), 0.01);
	CHECK(msp_meta_set(&o, "arrival", &v, &err) == MSP_OK);
	kills(&o, &w, "key 'arrival' is not a time");
	make(&o, MSP_TIMESERIES, MSP_F64, 1000, S(500), 0.01);
	CHECK(msp_meta_set_double(&o, "arrival", NAN) == MSP_OK);
	kills(&o, &w, "key 'arrival' is not a time");
	make(&o, MSP_TIMESERIES, MSP_F64, 1000, S(500), 0.01);
	CHECK(msp_meta_set_int(&o, "arrival", INT64_MAX) == MSP_OK);
	kills(&o, &w, "key 'arrival' is not a time");
	make(&o, MSP_TIMESERIES, MSP_F64, 1000, S(500), 0.01);
	CHECK(msp_meta_set_double(&o, "arrival", 503.5) == MSP_OK);
	gives(&o, &w, 301, 250, S(502.5));
	CHECK(msp_meta_set_int(&o, "arrival", 504) == MSP_OK);
	w.start = 0;
	w.end = 0;
	gives(&o, &w, 1, 400, S(504));
	msp_object_free(&o);

	/* times in UTC and an object with relative time */
	w = window(MSP_WINDOW_ABSOLUTE, S(1001), S(1002), MSP_SHORT_KILL);
	make(&o, MSP_TIMESERIES, MSP_F64, 1000, S(-5), 0.01);
	o.relative = true;
	kills(&o, &w, "the time is relative and nothing tells what it is in UTC");
	make(&o, MSP_TIMESERIES, MSP_F64, 1000, S(-5), 0.01);
	o.relative = o.shift_valid = true;
	o.shift = S(1000);
	gives(&o, &w, 101, 600, S(1));
	CHECK(o.relative && o.shift == S(1000));
	/* a field that is a time works as a key */
	w = window(MSP_WINDOW_KEY, 0, S(0.5), MSP_SHORT_KILL);
	w.key = "starttime";
	gives(&o, &w, 51, 600, S(1));
	msp_object_free(&o);
}

static void test_short(void)
{
	struct msp_window_spec w = window(MSP_WINDOW_ABSOLUTE, S(-1), S(2), MSP_SHORT_KILL);
	struct msp_log_entry e;
	struct msp_object o;

	make(&o, MSP_TIMESERIES, MSP_F64, 300, 0, 0.01);
	kills(&o, &w, "the window begins 100 samples before the data");
	make(&o, MSP_TIMESERIES, MSP_F64, 100, 0, 0.01);
	kills(&o, &w, "the window begins 100 samples before the data and ends 101 samples after them");
	make(&o, MSP_TIMESERIES, MSP_F64, 100, S(-1), 0.01);
	kills(&o, &w, "the window ends 201 samples after the data");

	w.short_data = MSP_SHORT_TRUNCATE;
	make(&o, MSP_TIMESERIES, MSP_F64, 100, 0, 0.01);
	gives(&o, &w, 100, 0, 0);
	CHECK(msp_object_log_count(&o) == 1 && msp_object_log_get(&o, 0, &e) && strcmp(e.badness, "Complaint") == 0);
	CHECK(strcmp(e.message, "the window begins 100 samples before the data and ends 101 samples after them: truncated") == 0);
	msp_object_free(&o);

	w.short_data = MSP_SHORT_PAD;
	make(&o, MSP_SEISMOGRAM, MSP_F64, 100, 0, 0.01);
	gives(&o, &w, 301, 0, S(-1));
	for (uint32_t c = 0; c < 3; c++)
		for (int i = 0; i < 301; i++) {
			double want = i >= 100 && i < 200 ? i - 100 : 0, got = msp_object_f64(&o, c)[i];

			CHECKF(got >= want && got <= want, "%u %d: %g", c, i, got);
		}
	CHECK(msp_object_log_count(&o) == 1);
	msp_object_free(&o);

	/* half a sample is not short; more is */
	w = window(MSP_WINDOW_ABSOLUTE, -4 * S(0.001), S(0.994), MSP_SHORT_KILL);
	make(&o, MSP_TIMESERIES, MSP_F64, 100, 0, 0.01);
	kills(&o, &w, "the window ends 1 samples after the data"); /* 101 samples are asked for */
	w.end = S(0.99);
	make(&o, MSP_TIMESERIES, MSP_F64, 100, 0, 0.01);
	gives(&o, &w, 100, 0, 0);
	CHECK(msp_object_log_count(&o) == 0);
	msp_object_free(&o);
	w.start = -6 * S(0.001);
	make(&o, MSP_TIMESERIES, MSP_F64, 100, 0, 0.01);
	kills(&o, &w, "the window begins 1 samples before the data");
}

static void test_outside(void)
{
	static const double dts[] = {0, -1, NAN, INFINITY};
	struct msp_window_spec w;
	struct msp_object o;

	for (int how = MSP_SHORT_KILL; how <= MSP_SHORT_PAD; how++) {
		w = window(MSP_WINDOW_ABSOLUTE, S(1), S(2), how);
		make(&o, MSP_TIMESERIES, MSP_F64, 100, 0, 0.01);
		kills(&o, &w, "the window is wholly outside the data");
		w = window(MSP_WINDOW_ABSOLUTE, S(-2), S(-0.01), how);
		make(&o, MSP_TIMESERIES, MSP_F64, 100, 0, 0.01);
		kills(&o, &w, "the window is wholly outside the data");
		make(&o, MSP_TIMESERIES, MSP_F64, 0, S(-1), 0.01);
		kills(&o, &w, "the window is wholly outside the data");
		w = window(MSP_WINDOW_START, INT64_MIN, INT64_MAX, how);
		make(&o, MSP_TIMESERIES, MSP_F64, 10, S(-5), 1e-9);
		kills(&o, &w, "the window is out of range");
		w = window(MSP_WINDOW_START, 0, S(100), how);
		for (int i = 0; i < 4; i++) {
			make(&o, MSP_TIMESERIES, MSP_F64, 10, 0, dts[i]);
			kills(&o, &w, "the sample interval is not positive");
		}
	}
	w = window(MSP_WINDOW_START, 0, S(100), MSP_SHORT_PAD);
	make(&o, MSP_TIMESERIES, MSP_F64, 10, 0, 1e-9);
	kills(&o, &w, "the window has 100000000001 samples: too many to pad");
	CHECK(msp_window_check(&w, NULL) == MSP_OK);
	w.end = -1;
	CHECK(msp_window_check(&w, NULL) == MSP_USAGE);
	w = window(MSP_WINDOW_KEY, 0, 1, MSP_SHORT_PAD);
	CHECK(msp_window_check(&w, NULL) == MSP_USAGE);
}

/* Integers stay integers; borrowed samples are not written to; components keep their places. */
static void test_samples(void)
{
	struct msp_window_spec w = window(MSP_WINDOW_START, S(2), S(5), MSP_SHORT_KILL);
	int32_t source[30], copy[30];
	struct msp_error err = {0};
	struct msp_object o;

	for (int i = 0; i < 30; i++)
		source[i] = copy[i] = i;
	for (int kind = MSP_TIMESERIES; kind <= MSP_SEISMOGRAM; kind++)
		for (int borrowed = 0; borrowed < 2; borrowed++) {
			uint64_t n = kind == MSP_TIMESERIES ? 30 : 10;

			make(&o, kind, MSP_I32, n, 0, 1);
			if (borrowed)
				msp_bytes_borrow(&o.samples, source, sizeof source);
			else
				memcpy(o.samples.data, source, sizeof source);
			CHECK(msp_object_window(&o, &w, &err) == MSP_OK && o.type == MSP_I32 && o.npts == 4);
			CHECK(o.samples.len == 16 * o.ncomp);
			for (uint32_t c = 0; c < o.ncomp; c++)
				for (int i = 0; i < 4; i++)
					CHECK(((int32_t *)(void *)o.samples.data)[4 * c + (uint32_t)i] == (int32_t)(c * n) + 2 + i);
			CHECK(memcmp(source, copy, sizeof source) == 0);
			msp_object_free(&o);
		}
	make(&o, MSP_TIMESERIES, MSP_F64, 3, 0, 1);
	CHECK(msp_object_kill(&o, "test", "dead") == MSP_OK);
	CHECK(msp_object_window(&o, &w, &err) == MSP_OK && o.npts == 3);
	msp_object_free(&o);
}

int main(void)
{
	test_mspass();
	test_references();
	test_short();
	test_outside();
	test_samples();
	return unit_end("signal_window");
}
