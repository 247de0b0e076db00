/* Cutting objects to a window of time. */
#include "signal/doubles.h"
#include "mspipe/signal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Padding makes samples out of a number; this many per component are enough for anybody's window. */
#define MAX_PADDED (UINT64_C(1) << 28)

int msp_window_check(const struct msp_window_spec *w, struct msp_error *err)
{
	if (w->ref < MSP_WINDOW_START || w->ref > MSP_WINDOW_ABSOLUTE)
		return msp_error_set(err, MSP_USAGE, "unknown reference of the window");
	if (w->short_data < MSP_SHORT_KILL || w->short_data > MSP_SHORT_PAD)
		return msp_error_set(err, MSP_USAGE, "unknown handling of short data");
	if (w->ref == MSP_WINDOW_KEY && (!w->key || !*w->key))
		return msp_error_set(err, MSP_USAGE, "the window's reference key has no name");
	if (w->end < w->start)
		return msp_error_set(err, MSP_USAGE, "the window ends before it starts");
	return MSP_OK;
}

/* A UTC time on the object's axis. */
static int on_axis(const struct msp_object *o, msp_time utc, msp_time *out, struct msp_error *err)
{
	*out = utc;
	if (!o->relative)
		return MSP_OK;
	if (!o->shift_valid)
		return msp_error_set(err, MSP_KILL,
		                     "the time is relative and nothing tells what it is in UTC");
	if (__builtin_sub_overflow(utc, o->shift, out))
		return msp_error_set(err, MSP_KILL, "a time is out of range");
	return MSP_OK;
}

/* The time that a key holds: UTC values are brought to the object's axis, numbers are on it. */
static int key_time(const struct msp_object *o, const char *key, msp_time *out, struct msp_error *err)
{
	char scratch[MSP_ID_TEXT];
	struct msp_value v;

	msp_object_get(o, key, &v, scratch);
	switch (v.type) {
	case MSP_V_UNDEFINED:
		return msp_error_set(err, MSP_KILL, "key '%s' is undefined", key);
	case MSP_V_TIME:
		return on_axis(o, v.u.i, out, err);
	case MSP_V_INT:
		if (__builtin_mul_overflow(v.u.i, MSP_NS, out))
			break;
		return MSP_OK;
	case MSP_V_DOUBLE:
		if (msp_time_from_seconds(v.u.d, out) < 0)
			break;
		return MSP_OK;
	default:
		break;
	}
	return msp_error_set(err, MSP_KILL, "key '%s' is not a time", key);
}

/* The window's start on the object's axis. */
static int window_start(const struct msp_object *o, const struct msp_window_spec *w, msp_time *out,
                        struct msp_error *err)
{
	msp_time ref = 0;
	int s = MSP_OK;

	switch (w->ref) {
	case MSP_WINDOW_START:
		ref = o->start;
		break;
	case MSP_WINDOW_ZERO:
		if (!o->relative)
			return msp_error_set(err, MSP_KILL,
			                     "the time is UTC and has no zero: it must be made relative");
		break;
	case MSP_WINDOW_KEY:
		s = key_time(o, w->key, &ref, err);
		break;
	default:
		return on_axis(o, w->start, out, err);
	}
	if (s < 0)
		return s;
	if (__builtin_add_overflow(ref, w->start, out))
		return msp_error_set(err, MSP_KILL, "the window is out of range");
	return MSP_OK;
}

/* Samples first .. first + n - 1 of the object, which may lie outside it. */
struct range {
	int64_t first, n;
};

static int window_range(const struct msp_object *o, const struct msp_window_spec *w, struct range *r,
                        struct msp_error *err)
{
	msp_time start = 0, offset, length;
	double first, n;
	int s = window_start(o, w, &start, err);

	if (s < 0)
		return s;
	if (!(o->dt > 0) || !isfinite(o->dt))
		return msp_error_set(err, MSP_KILL, "the sample interval is not positive");
	if (__builtin_sub_overflow(start, o->start, &offset)
	    || __builtin_sub_overflow(w->end, w->start, &length))
		return msp_error_set(err, MSP_KILL, "the window is out of range");
	first = round((double)offset / 1e9 / o->dt);
	n = round((double)length / 1e9 / o->dt) + 1;
	if (!(fabs(first) < 4e18) || !(n < 4e18))
		return msp_error_set(err, MSP_KILL, "the window is out of range");
	r->first = (int64_t)first;
	r->n = (int64_t)n;
	return MSP_OK;
}

/* Keeps samples first .. first + n - 1, all of them inside. */
static int keep(struct msp_object *o, uint64_t first, uint64_t n)
{
	size_t width = o->width, c;

	if (o->samples.len == 0) {
		/* only its header was read */
	} else if (o->ncomp == 1 && o->samples.cap == 0) {
		/* borrowed: only look at less of it */
		msp_bytes_borrow(&o->samples, o->samples.data + first * width, (size_t)n * width);
	} else {
		if (msp_object_writable(o) < 0)
			return MSP_NOMEM;
		for (c = 0; c < o->ncomp; c++)
			memmove(o->samples.data + c * n * width,
			        o->samples.data + (c * o->npts + first) * width, (size_t)n * width);
		o->samples.len = (size_t)n * width * o->ncomp;
	}
	o->npts = n;
	return MSP_OK;
}

/* Makes the object r, of which it has samples from .. to - 1; zeros elsewhere. */
static int pad(struct msp_object *o, const struct range *r, uint64_t from, uint64_t to, struct msp_error *err)
{
	struct msp_bytes b = {0};
	size_t width = o->width, n = (size_t)r->n, c;
	uint8_t *dst;
	int s = signal_has_samples(o, err);

	if (s < 0)
		return s;
	if ((uint64_t)r->n > MAX_PADDED)
		return msp_error_set(err, MSP_KILL, "the window has %" PRId64 " samples: too many to pad",
		                     r->n);
	if (msp_bytes_reserve(&b, n * width * o->ncomp) < 0)
		return MSP_NOMEM;
	memset(b.data, 0, n * width * o->ncomp);
	for (c = 0; c < o->ncomp; c++) {
		dst = b.data + (c * n + (size_t)((int64_t)from - r->first)) * width;
		memcpy(dst, o->samples.data + (c * o->npts + from) * width, (size_t)(to - from) * width);
	}
	b.len = n * width * o->ncomp;
	msp_bytes_free(&o->samples);
	o->samples = b;
	o->npts = n;
	return MSP_OK;
}

/* "the window begins 12 samples before the data and ends 3 after them" */
static void say_short(const struct msp_object *o, const struct range *r, char *text, size_t size)
{
	int64_t before = r->first < 0 ? -r->first : 0, after = r->first + r->n - (int64_t)o->npts;

	if (before > 0 && after > 0)
		snprintf(text, size, "the window begins %" PRId64 " samples before the data and ends %" PRId64
		         " samples after them", before, after);
	else if (before > 0)
		snprintf(text, size, "the window begins %" PRId64 " samples before the data", before);
	else
		snprintf(text, size, "the window ends %" PRId64 " samples after the data", after);
}

static int window_short(struct msp_object *o, const struct msp_window_spec *w, const struct range *r,
                        struct msp_error *err)
{
	uint64_t from = r->first < 0 ? 0 : (uint64_t)r->first, to = (uint64_t)(r->first + r->n);
	msp_time start;
	char why[128], text[160];
	int s;

	if (to > o->npts)
		to = o->npts;
	say_short(o, r, why, sizeof why);
	if (w->short_data == MSP_SHORT_KILL)
		return msp_error_set(err, MSP_KILL, "%s", why);
	start = msp_object_time(o, w->short_data == MSP_SHORT_PAD ? r->first : (int64_t)from);
	s = w->short_data == MSP_SHORT_PAD ? pad(o, r, from, to, err) : keep(o, from, to - from);
	if (s < 0)
		return s;
	o->start = start;
	snprintf(text, sizeof text, "%s: %s", why,
	         w->short_data == MSP_SHORT_PAD ? "padded with zeros" : "truncated");
	return msp_object_log(o, "mswindow", MSP_COMPLAINT, text);
}

static int window(struct msp_object *o, const struct msp_window_spec *w, struct msp_error *err)
{
	struct range r = {0, 0};
	msp_time start;
	int s;

	if ((s = msp_window_check(w, err)) < 0 || (s = window_range(o, w, &r, err)) < 0)
		return s;
	if (o->npts == 0 || r.first + r.n <= 0 || r.first >= (int64_t)o->npts)
		return msp_error_set(err, MSP_KILL, "the window is wholly outside the data");
	if (r.first < 0 || r.first + r.n > (int64_t)o->npts)
		return window_short(o, w, &r, err);
	start = msp_object_time(o, r.first);
	if ((s = keep(o, (uint64_t)r.first, (uint64_t)r.n)) < 0)
		return s;
	o->start = start;
	return MSP_OK;
}

int msp_object_window(struct msp_object *o, const struct msp_window_spec *w, struct msp_error *err)
{
	int s = MSP_OK;

	if (msp_object_is_data(o) && o->live)
		s = window(o, w, err);
	return s == MSP_NOMEM ? signal_no_memory(err) : s;
}
