/* Cutting an object to an interval of time, sample by sample. */
#include "mspipe/format.h"

#include <string.h>

/* The first sample at or after t, from 0 to npts. */
static uint64_t first_at(const struct msp_object *o, msp_time t)
{
	int64_t n = (int64_t)o->npts, i;

	if (t <= o->start)
		return 0;
	if (t > msp_object_end(o))
		return o->npts;
	i = msp_object_sample(o, t);
	i = i < 0 ? 0 : i > n ? n : i;
	while (i > 0 && msp_object_time(o, i - 1) >= t)
		i--;
	while (i < n && msp_object_time(o, i) < t)
		i++;
	return (uint64_t)i;
}

int msp_object_cut(struct msp_object *o, msp_time from, msp_time to, bool *changed)
{
	uint64_t first = first_at(o, from), last = to < INT64_MAX ? first_at(o, to + 1) : o->npts, n;
	size_t width = o->width;

	*changed = false;
	if (first >= last)
		return 0;
	if (first == 0 && last == o->npts)
		return 1;
	*changed = true;
	n = last - first;
	if (o->samples.len > 0) {
		if (msp_object_writable(o) != MSP_OK)
			return MSP_NOMEM;
		for (uint32_t c = 0; c < o->ncomp; c++)
			memmove(o->samples.data + (size_t)(c * n) * width, o->samples.data + (size_t)(c * o->npts + first) * width,
			        (size_t)n * width);
		o->samples.len = (size_t)(n * o->ncomp) * width;
	}
	o->start = msp_object_time(o, (int64_t)first);
	o->npts = n;
	return 1;
}
