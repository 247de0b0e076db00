/* Stacks: every operation, alignment and span; what may not enter; metadata, ids and history of the result. */
#include "mspipe/signal.h"

#include "unit.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define S(x) ((msp_time)((x) * 1e9))

static struct msp_object *series(msp_time start, double dt, int n, ...)
{
	static uint8_t serial;
	struct msp_object *o = malloc(sizeof *o);
	va_list ap;

	if (!o)
		abort();
	msp_object_init(o);
	if (msp_object_reset(o, MSP_TIMESERIES, MSP_F64, (uint64_t)n) < 0)
		abort();
	va_start(ap, n);
	for (int i = 0; i < n; i++)
		msp_object_f64(o, 0)[i] = va_arg(ap, double);
	va_end(ap);
	o->start = start;
	o->dt = dt;
	o->id.byte[15] = ++serial;
	return o;
}

static void drop(struct msp_object *o)
{
	msp_object_free(o);
	free(o);
}

static void enters(struct msp_stack *s, struct msp_object *o)
{
	struct msp_error err = {0};
	int r = msp_stack_add(s, o, &err);

	CHECKF(r == MSP_OK, "%d: %s", r, err.text);
	drop(o);
}

static void refused(struct msp_stack *s, struct msp_object *o, int status, const char *why)
{
	struct msp_error err = {0};
	uint64_t fold = msp_stack_fold(s);
	int r = msp_stack_add(s, o, &err);

	CHECKF(r == status && strcmp(err.text, why) == 0, "%d: '%s', not '%s'", r, err.text, why);
	CHECK(msp_stack_fold(s) == fold);
	drop(o);
}

static struct msp_stack *make(int op, int align, int span)
{
	struct msp_stack_spec spec = {.op = op, .align = align, .span = span, .weights = "w"};
	struct msp_stack *s = msp_stack_new(&spec);

	if (!s)
		abort();
	return s;
}

/* Ends the stack and compares it with n numbers. */
static void gives(struct msp_stack *s, msp_time start, int n, ...)
{
	struct msp_error err = {0};
	struct msp_object out;
	va_list ap;
	int r;

	msp_object_init(&out);
	r = msp_stack_finish(s, NULL, &out, &err);
	CHECKF(r == MSP_OK && out.npts == (uint64_t)n && out.start == start, "%d %s: %llu from %lld", r, err.text,
	       (unsigned long long)out.npts, (long long)out.start);
	va_start(ap, n);
	for (int i = 0; r == MSP_OK && i < n && i < (int)out.npts; i++) {
		double want = va_arg(ap, double), got = msp_object_f64(&out, 0)[i];

		CHECKF(fabs(got - want) <= 1e-15 * fabs(want), "sample %d: %.17g, not %.17g", i, got, want);
	}
	va_end(ap);
	CHECK(msp_stack_fold(s) == 0);
	msp_object_free(&out);
	msp_stack_free(s);
}

static void fails(struct msp_stack *s, const char *why)
{
	struct msp_error err = {0};
	struct msp_object out;
	int r;

	msp_object_init(&out);
	r = msp_stack_finish(s, NULL, &out, &err);
	CHECKF(r == MSP_KILL && strcmp(err.text, why) == 0, "%d: '%s', not '%s'", r, err.text, why);
	CHECK(out.live && out.npts == 0 && out.samples.len == 0);
	msp_object_free(&out);
	msp_stack_free(s);
}

static struct msp_object *weighted(struct msp_object *o, double w)
{
	if (msp_meta_set_double(o, "w", w) < 0)
		abort();
	return o;
}

static void test_operations(void)
{
	struct msp_stack *s = make(MSP_STACK_MEAN, MSP_ALIGN_START, MSP_SPAN_COMMON);

	enters(s, series(S(5), 1, 3, 1.0, 2.0, 3.0));
	enters(s, series(S(4), 1, 4, 3.0, 4.0, 5.0, 9.0));
	gives(s, S(4), 3, 2.0, 3.0, 4.0);

	s = make(MSP_STACK_SUM, MSP_ALIGN_START, MSP_SPAN_ALL);
	enters(s, series(S(5), 1, 3, 1.0, 2.0, 3.0));
	enters(s, series(S(5), 1, 5, 3.0, 4.0, 5.0, 9.0, 7.0));
	enters(s, series(S(5), 1, 1, 1.0));
	gives(s, S(5), 5, 5.0, 6.0, 8.0, 9.0, 7.0);

	s = make(MSP_STACK_RMS, MSP_ALIGN_START, MSP_SPAN_ALL);
	enters(s, series(0, 1, 2, 3.0, -1.0));
	enters(s, series(0, 1, 1, 4.0));
	gives(s, 0, 2, sqrt(12.5), 1.0);

	s = make(MSP_STACK_WEIGHTED, MSP_ALIGN_START, MSP_SPAN_COMMON);
	enters(s, weighted(series(0, 1, 2, 1.0, 2.0), 3));
	enters(s, weighted(series(0, 1, 2, 5.0, 6.0), 1));
	enters(s, weighted(series(0, 1, 2, 1e9, 1e9), 0));
	gives(s, 0, 2, 2.0, 3.0);

	for (int span = MSP_SPAN_COMMON; span <= MSP_SPAN_ALL; span++) {
		s = make(MSP_STACK_MEDIAN, MSP_ALIGN_START, span);
		enters(s, series(0, 1, 2, 9.0, 2.0));
		enters(s, series(0, 1, 3, -1.0, 4.0, 8.0));
		enters(s, series(0, 1, 3, 3.0, 4.0, 7.0));
		if (span == MSP_SPAN_COMMON) {
			gives(s, 0, 2, 3.0, 4.0);
		} else {
			enters(s, series(0, 1, 3, 5.0, 0.0, 7.0));
			gives(s, 0, 3, 4.0, 3.0, 7.0);
		}
	}
	s = make(MSP_STACK_MEDIAN, MSP_ALIGN_START, MSP_SPAN_COMMON);
	enters(s, series(0, 1, 1, 1.6e308));
	enters(s, series(0, 1, 1, 1.2e308));
	gives(s, 0, 1, 1.4e308);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Medians of many numbers with ties, against sorting. */
static void test_medians(void)
{
	for (int m = 1; m <= 40; m++) {
		struct msp_stack *s = make(MSP_STACK_MEDIAN, MSP_ALIGN_START, MSP_SPAN_COMMON);
		double v[40];

		for (int i = 0; i < m; i++) {
			v[i] = (i * 7919 + m * 31) % 13;
			enters(s, series(0, 1, 1, v[i]));
		}
		qsort(v, (size_t)m, sizeof *v, by_value);
		gives(s, 0, 1, m % 2 ? v[m / 2] : (v[m / 2 - 1] + v[m / 2]) / 2);
	}
}

static void test_alignment(void)
{
	struct msp_stack *s;

	for (int op = MSP_STACK_MEAN; op <= MSP_STACK_MEDIAN; op++) {
		s = make(op, MSP_ALIGN_ZERO, MSP_SPAN_COMMON);
		enters(s, series(S(10), 0.5, 4, 1.0, 2.0, 3.0, 4.0));
		enters(s, series(S(10.5), 0.5, 4, 2.0, 3.0, 4.0, 5.0));
		enters(s, series(S(9), 0.5, 5, 7.0, 0.0, 1.0, 2.0, 3.0));
		if (op == MSP_STACK_SUM)
			gives(s, S(10.5), 2, 6.0, 9.0);
		else
			gives(s, S(10.5), 2, 2.0, 3.0);
		s = make(op, MSP_ALIGN_ZERO, MSP_SPAN_ALL);
		enters(s, series(S(10), 0.5, 2, 1.0, 2.0));
		enters(s, series(S(12), 0.5, 1, 5.0));
		enters(s, series(S(9.5), 0.5, 2, 7.0, 1.0));
		if (op == MSP_STACK_SUM)
			gives(s, S(9.5), 6, 7.0, 2.0, 2.0, 0.0, 0.0, 5.0);
		else
			gives(s, S(9.5), 6, 7.0, 1.0, 2.0, 0.0, 0.0, 5.0);
	}
	s = make(MSP_STACK_MEAN, MSP_ALIGN_ZERO, MSP_SPAN_COMMON);
	enters(s, series(0, 1, 2, 1.0, 2.0));
	enters(s, series(S(0.0009), 1, 2, 3.0, 2.0));
	refused(s, series(S(0.39), 1, 2, 1.0, 2.0), MSP_KILL, "its samples lie 0.390 of a sample beside those of the stack");
	gives(s, 0, 2, 2.0, 2.0);
	s = make(MSP_STACK_MEAN, MSP_ALIGN_ZERO, MSP_SPAN_COMMON);
	enters(s, series(0, 1, 2, 1.0, 2.0));
	enters(s, series(S(2), 1, 2, 1.0, 2.0));
	enters(s, series(S(1), 1, 2, 1.0, 2.0));
	fails(s, "the members have no time in common");
}

static void test_refusals(void)
{
	struct msp_stack *s = make(MSP_STACK_MEAN, MSP_ALIGN_START, MSP_SPAN_COMMON);
	struct msp_object *o;

	refused(s, series(0, 0, 1, 1.0), MSP_KILL, "the sample interval is not positive");
	refused(s, series(0, 1, 0), MSP_KILL, "no samples");
	enters(s, series(0, 0.05, 2, 1.0, 2.0));
	refused(s, series(0, 0.1, 2, 1.0, 2.0), MSP_KILL, "sample interval 0.1 s is not that of the stack, 0.05 s");
	refused(s, series(0, NAN, 2, 1.0, 2.0), MSP_KILL, "sample interval nan s is not that of the stack, 0.05 s");
	refused(s, series(0, 0.05, 2, 1.0, (double)NAN), MSP_KILL, "sample 1 is NaN");
	o = series(0, 0.05, 2, 1.0, 2.0);
	o->relative = true;
	refused(s, o, MSP_KILL, "its time is relative, that of the stack is UTC");
	o = series(0, 0.05, 2, 1.0, 2.0);
	CHECK(msp_object_reset(o, MSP_SEISMOGRAM, MSP_F64, 2) == MSP_OK);
	o->dt = 0.05;
	refused(s, o, MSP_KILL, "a seismogram cannot enter a stack of which the first member is a time series");
	o = series(0, 0.05, 2, 1.0, 2.0);
	CHECK(msp_object_kill(o, "test", "dead") == MSP_OK);
	refused(s, o, MSP_USAGE, "only live data can enter a stack");
	enters(s, series(0, 0.05 * (1 + 5e-7), 2, 3.0, 4.0));
	gives(s, 0, 2, 2.0, 3.0);

	s = make(MSP_STACK_WEIGHTED, MSP_ALIGN_START, MSP_SPAN_COMMON);
	refused(s, series(0, 1, 1, 1.0), MSP_KILL, "no weight: key 'w' is undefined");
	o = series(0, 1, 1, 1.0);
	CHECK(msp_meta_set_string(o, "w", "much") == MSP_OK);
	refused(s, o, MSP_KILL, "no weight: key 'w' is not a number");
	refused(s, weighted(series(0, 1, 1, 1.0), -1), MSP_KILL, "weight -1 is not a finite number of 0 or more");
	refused(s, weighted(series(0, 1, 1, 1.0), NAN), MSP_KILL, "weight nan is not a finite number of 0 or more");
	enters(s, weighted(series(0, 1, 1, 1.0), 0));
	fails(s, "the weights sum to zero");

	s = make(MSP_STACK_RMS, MSP_ALIGN_START, MSP_SPAN_COMMON);
	refused(s, series(0, 1, 2, 1.0, 1e200), MSP_KILL, "the square of sample 1 is beyond the range of a double");
	fails(s, "no live member");
	s = make(MSP_STACK_SUM, MSP_ALIGN_START, MSP_SPAN_COMMON);
	enters(s, series(0, 1, 2, 1.0, 1.7e308));
	enters(s, series(0, 1, 2, 1.0, 1.7e308));
	fails(s, "sample 1 of the stack is beyond the range of a double");
}

static void test_memory(void)
{
	struct msp_stack_spec spec = {.op = MSP_STACK_SUM, .align = MSP_ALIGN_ZERO, .span = MSP_SPAN_ALL, .max_memory = 4096};
	struct msp_stack *s = msp_stack_new(&spec);

	CHECK(s != NULL);
	enters(s, series(0, 1, 2, 1.0, 2.0));
	refused(s, series(S(1000), 1, 1, 1.0), MSP_KILL,
	        "with it the stack would span 1001 samples: more than the permitted memory holds");
	refused(s, series(S(9e9), 1, 1, 1.0), MSP_KILL,
	        "with it the stack would span 9000000001 samples: more than the permitted memory holds");
	enters(s, series(S(2), 1, 1, 3.0));
	gives(s, 0, 3, 1.0, 2.0, 3.0);
	spec.op = MSP_STACK_MEDIAN;
	spec.max_memory = 50;
	s = msp_stack_new(&spec);
	CHECK(s != NULL);
	enters(s, series(0, 1, 2, 1.0, 2.0));
	enters(s, series(0, 1, 2, 1.0, 2.0));
	enters(s, series(0, 1, 2, 1.0, 2.0));
	refused(s, series(0, 1, 2, 1.0, 2.0), MSP_FAIL,
	        "a median of more than 3 members does not fit into the permitted memory (--max-mem)");
	msp_stack_free(s);
}

/* ---- what the result carries ---------------------------------------------- */

static bool same_text(const struct msp_object *o, const char *key, const char *want)
{
	return strcmp(msp_meta_string(o, key, "?"), want) == 0;
}

static void test_metadata(void)
{
	static const char *const chans[] = {"BHE", "BHN", "BHZ"};
	struct msp_stack *s = make(MSP_STACK_MEAN, MSP_ALIGN_START, MSP_SPAN_COMMON);
	struct msp_object base, out, *o;
	struct msp_error err = {0};
	struct msp_value v;
	bson_iter_t it;

	msp_object_init(&base);
	msp_object_init(&out);
	base.kind = MSP_ENSEMBLE_BEGIN;
	CHECK(msp_meta_set_string(&base, "event", "maule") == MSP_OK && msp_meta_set_string(&base, "net", "ensemble") == MSP_OK);
	for (int i = 0; i < 3; i++) {
		o = series(0, 1, 1, 1.0);
		CHECK(msp_meta_set_string(o, "net", "IU") == MSP_OK);
		CHECK(msp_meta_set_string(o, "chan", chans[i]) == MSP_OK);
		if (i == 1)
			CHECK(msp_meta_set_int(o, "odd", 1) == MSP_OK);
		CHECK(msp_meta_set_string(o, "sta", "ANMO") == MSP_OK);
		CHECK(msp_meta_set_double(o, "site.lat", 34.9) == MSP_OK);
		CHECK(msp_meta_set_int(o, "fold", 17) == MSP_OK);
		enters(s, o);
	}
	CHECK(msp_stack_finish(s, &base, &out, &err) == MSP_OK);
	CHECK(same_text(&out, "event", "maule") && same_text(&out, "net", "ensemble") && same_text(&out, "sta", "ANMO"));
	CHECK(same_text(&out, "chan", "?") && !msp_meta_find(&out, "odd", &it));
	CHECK(msp_meta_value(&out, "site.lat", &v) && v.type == MSP_V_DOUBLE);
	CHECK(msp_meta_value(&out, "fold", &v) && v.type == MSP_V_INT && v.u.i == 3);
	CHECK(msp_bson_valid(out.metadata.data, out.metadata.len));
	CHECK(out.live && out.type == MSP_F64 && out.kind == MSP_TIMESERIES);
	/* nothing in it: the ensemble's metadata, and a reason */
	CHECK(msp_stack_finish(s, &base, &out, &err) == MSP_KILL && same_text(&out, "event", "maule"));
	CHECK(msp_meta_value(&out, "fold", &v) && v.u.i == 0);
	msp_object_free(&base);
	msp_object_free(&out);
	msp_stack_free(s);
}

static void test_lineage(void)
{
	struct msp_stack_spec spec = {.op = MSP_STACK_SUM, .list_ids = true};
	struct msp_id sum = {{0}}, back = {{0}};
	struct msp_error err = {0};
	struct msp_object out;
	char hex[MSP_ID_TEXT];
	bson_iter_t it, ids;
	uint32_t len;

	msp_object_init(&out);
	for (int order = 0; order < 2; order++) {
		struct msp_stack *s = msp_stack_new(&spec);
		int listed = 0;

		CHECK(s != NULL);
		for (int i = 0; i < 5; i++) {
			struct msp_object *o = series(0, 1, 1, 1.0);

			memset(o->id.byte, order ? 200 - 40 * i : 40 + 40 * i, 16);
			sum = i ? msp_id_sum(sum, o->id) : o->id;
			enters(s, o);
		}
		if (order == 0)
			back = sum;
		CHECK(msp_stack_finish(s, NULL, &out, &err) == MSP_OK);
		CHECK(msp_id_equal(&out.id, &sum) && msp_id_equal(&out.id, &back));
		CHECK(bson_iter_init_from_data(&it, out.history.data, out.history.len));
		CHECK(bson_iter_find(&it, "inputs") && bson_iter_int32(&it) == 5);
		CHECK(bson_iter_find(&it, "combined") && strcmp(bson_iter_utf8(&it, &len), msp_id_format(&sum, hex)) == 0);
		CHECK(bson_iter_find(&it, "ids") && bson_iter_recurse(&it, &ids));
		while (bson_iter_next(&ids))
			listed++;
		CHECKF(listed == 5, "%d", listed);
		msp_stack_free(s);
	}
	msp_object_free(&out);
}

static struct msp_object *seismogram(double first, double azimuth)
{
	struct msp_object *o = series(0, 1, 0);

	if (msp_object_reset(o, MSP_SEISMOGRAM, MSP_F64, 2) < 0)
		abort();
	for (uint32_t i = 0; i < 6; i++)
		msp_object_f64(o, 0)[i] = first + i;
	o->dt = 1;
	o->tmatrix[0] = azimuth;
	return o;
}

static void test_seismograms(void)
{
	for (int op = MSP_STACK_MEAN; op <= MSP_STACK_MEDIAN; op++) {
		struct msp_stack *s = make(op, MSP_ALIGN_START, MSP_SPAN_ALL);
		struct msp_error err = {0};
		struct msp_object out;

		msp_object_init(&out);
		enters(s, seismogram(0, 1));
		enters(s, seismogram(10, 1));
		refused(s, seismogram(10, 0.5), MSP_KILL, "its components do not point where those of the stack do");
		refused(s, series(0, 1, 1, 1.0), MSP_KILL,
		        "a time series cannot enter a stack of which the first member is a seismogram");
		CHECK(msp_stack_finish(s, NULL, &out, &err) == MSP_OK && out.kind == MSP_SEISMOGRAM && out.ncomp == 3);
		for (uint32_t i = 0; i < 6; i++) {
			double want = op == MSP_STACK_SUM ? 10 + 2.0 * i : 5.0 + i, got = msp_object_f64(&out, 0)[i];

			CHECKF(fabs(got - want) < 1e-12, "op %d, %u: %g", op, i, got);
		}
		msp_object_free(&out);
		msp_stack_free(s);
	}
}

/* Relative times keep a shift that all have. */
static void test_shift(void)
{
	for (int same = 0; same < 2; same++) {
		struct msp_stack *s = make(MSP_STACK_MEAN, MSP_ALIGN_ZERO, MSP_SPAN_COMMON);
		struct msp_error err = {0};
		struct msp_object out, *o;

		msp_object_init(&out);
		for (int i = 0; i < 3; i++) {
			o = series(S(-1), 1, 2, 1.0, 2.0);
			o->relative = o->shift_valid = true;
			o->shift = same ? 7 : 7 + i;
			enters(s, o);
		}
		CHECK(msp_stack_finish(s, NULL, &out, &err) == MSP_OK && out.relative && out.start == S(-1));
		CHECK(out.shift_valid == (same == 1) && out.shift == (same ? 7 : 0));
		msp_object_free(&out);
		msp_stack_free(s);
	}
}

int main(void)
{
	test_operations();
	test_medians();
	test_alignment();
	test_refusals();
	test_memory();
	test_metadata();
	test_lineage();
	test_seismograms();
	test_shift();
	return unit_end("signal_stack");
}
