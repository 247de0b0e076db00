/* An object in time: its samples' times, its time standard, its name. */
#include "core/timebase.h"

#include <math.h>
#include <stdio.h>

msp_time msp_object_time(const struct msp_object *o, int64_t i)
{
	return msp_time_add(o->start, msp_time_of_samples(i, o->dt));
}

msp_time msp_object_end(const struct msp_object *o)
{
	if (o->npts == 0)
		return o->start;
	return msp_object_time(o, o->npts - 1 > INT64_MAX ? INT64_MAX : (int64_t)(o->npts - 1));
}

int64_t msp_object_sample(const struct msp_object *o, msp_time t)
{
	/* In doubles on purpose: 0.025 / 0.05 is one half, as everybody expects, though neither number is
	 * what it is written as; the exact quotient of the binary numbers would be just below. */
	int64_t ns;
	double n;

	if (__builtin_sub_overflow(t, o->start, &ns))
		n = ((double)t - (double)o->start) / 1e9 / o->dt;
	else
		n = (double)ns / 1e9 / o->dt;
	n = round(n);
	if (isnan(n))
		return 0;
	if (n >= 0x1p63)
		return INT64_MAX;
	if (n < -0x1p63)
		return INT64_MIN;
	return (int64_t)n;
}

void msp_object_ator(struct msp_object *o, msp_time reference)
{
	msp_time start;

	if (!o->live || o->relative)
		return;
	if (__builtin_sub_overflow(o->start, reference, &start))
		start = o->start < reference ? INT64_MIN : INT64_MAX;
	o->start = start;
	o->shift = reference;
	o->relative = true;
	o->shift_valid = true;
}

int msp_object_rtoa(struct msp_object *o, struct msp_error *err)
{
	msp_time start;

	if (!o->live || !o->relative)
		return MSP_OK;
	if (!o->shift_valid)
		return msp_error_set(err, MSP_KILL, "relative time without a shift cannot be made UTC");
	if (__builtin_add_overflow(o->start, o->shift, &start))
		return msp_error_set(err, MSP_KILL, "start time plus shift is out of range");
	o->start = start;
	o->shift = 0;
	o->relative = false;
	o->shift_valid = false;
	return MSP_OK;
}

/* Adds text to buf, as much as fits. */
static size_t add(char *buf, size_t size, size_t at, const char *text)
{
	while (*text && at + 1 < size)
		buf[at++] = *text++;
	buf[at] = '\0';
	return at;
}

char *msp_object_name(const struct msp_object *o, char *buf, size_t size)
{
	const char *net = msp_meta_string(o, "net", ""), *sta = msp_meta_string(o, "sta", "");
	const char *loc = msp_meta_string(o, "loc", ""), *chan = msp_meta_string(o, "chan", "");
	char time[MSP_TIME_TEXT];
	size_t at = 0;

	if (size == 0)
		return buf;
	buf[0] = '\0';
	if (*net || *sta || *loc || *chan) {
		at = add(buf, size, at, net);
		at = add(buf, size, add(buf, size, at, "."), sta);
		at = add(buf, size, add(buf, size, at, "."), loc);
		at = add(buf, size, add(buf, size, at, "."), chan);
		msp_text_harmless(buf, at);
	}
	if (!msp_object_is_data(o)) {
		if (at == 0)
			add(buf, size, at, o->kind == MSP_ENSEMBLE_BEGIN || o->kind == MSP_ENSEMBLE_END ?
			    "ensemble" : "object");
		return buf;
	}
	if (at)
		at = add(buf, size, at, " ");
	if (o->relative)
		add(buf, size, add(buf, size, at, msp_seconds_format(o->start, time)), " s");
	else
		add(buf, size, at, msp_time_format(o->start, time));
	return buf;
}
