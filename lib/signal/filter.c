/* Filtering objects. */
#include "signal/filter.h"
#include "signal/doubles.h"

#include <math.h>

/* The last sample of a recursion that has once met infinity is not finite. */
static int filter_component(const struct msp_filter *f, double *x, size_t n, struct msp_error *err)
{
	int s = msp_check_finite(x, n, err);

	if (s < 0)
		return s;
	msp_filter_apply(f, x, n);
	if (isfinite(x[0]) && isfinite(x[n - 1]))
		return MSP_OK;
	return msp_error_set(err, MSP_KILL, "the filtered data are beyond the range of a double");
}

int msp_object_filter(struct msp_object *o, struct msp_filter *f, struct msp_error *err)
{
	uint32_t c;
	int s;

	if (!msp_object_is_data(o) || !o->live)
		return MSP_OK;
	/* bits, not values: a dt that is NaN must not match */
	if (!(f->dt > 0) || f->dt < o->dt || f->dt > o->dt || isnan(o->dt)) {
		struct msp_filter_spec spec = f->spec;

		if ((s = msp_filter_design(f, &spec, o->dt, err)) < 0)
			return s;
	}
	if (o->npts == 0)
		return msp_error_set(err, MSP_KILL, "no samples");
	if ((s = signal_doubles(o, err)) < 0)
		return s;
	for (c = 0; c < o->ncomp; c++)
		if ((s = filter_component(f, msp_object_f64(o, c), (size_t)o->npts, err)) < 0)
			return s;
	return MSP_OK;
}
