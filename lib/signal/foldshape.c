/* Folds: what members must have alike, and where they lie on the grid of samples. */
#include "signal/fold.h"

#include <math.h>
#include <string.h>

#define AXIS_UNIT 0x1p30
#define PHASES 2000 /* a sample */

int fold_shape_compare(const struct fold_shape *a, const struct fold_shape *b)
{
	const int64_t *x = &a->kind, *y = &b->kind;

	_Static_assert(sizeof *a == 14 * sizeof *x, "a shape is a list of numbers");
	for (size_t i = 0; i < sizeof *a / sizeof *x; i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

/* start / dt as a whole number of samples and a phase, in pairs of doubles: start in ns and dt * 1e9 are exact, and what is left
 * after the subtraction is right to far below a phase. */
static bool grid_place(msp_time start, double dt, int64_t *index, int64_t *phase)
{
	double hi = (double)(start - start % 4096), lo = (double)(start % 4096);
	double p = dt * 1e9, e = fma(dt, 1e9, -p), n = rint(((double)start) / p), t, rest;

	if (!(fabs(n) < 0x1p50))
		return false;
	t = n * p;
	rest = (((hi - t) - fma(n, p, -t)) + lo - n * e) / p;
	if (fabs(rest) > 0.5) { /* the quotient was rounded to the wrong side */
		n += rest > 0 ? 1 : -1;
		rest += rest > 0 ? -1 : 1;
	}
	*index = (int64_t)n;
	*phase = (int64_t)rint(rest * PHASES);
	if (*phase <= -PHASES / 2) {
		*phase += PHASES;
		*index -= 1;
	} else if (*phase > PHASES / 2) {
		*phase -= PHASES;
		*index += 1;
	}
	return true;
}

static int64_t dt_class(double dt, bool exact)
{
	int64_t bits;

	memcpy(&bits, &dt, sizeof bits);
	return exact ? bits : (bits + (INT64_C(1) << 33)) >> 34; /* 18 bits of the mantissa, rounded */
}

int fold_shape_of(const struct msp_fold *f, const struct msp_object *o, struct fold_part *p, struct msp_error *err)
{
	bool zero = f->spec.align == MSP_ALIGN_ZERO;

	p->shape.kind = o->kind;
	if (o->kind == MSP_ENSEMBLE_BEGIN)
		return MSP_OK;
	if (o->npts == 0)
		return msp_error_set(err, MSP_KILL, "no samples");
	if (!(o->dt > 0) || !isfinite(o->dt))
		return msp_error_set(err, MSP_KILL, "the sample interval is not positive");
	if (o->npts >= (uint64_t)1 << 50 || (zero && !grid_place(o->start, o->dt, &p->index, &p->shape.phase)))
		return msp_error_set(err, MSP_KILL, "its time is out of range");
	p->shape.relative = o->relative;
	p->shape.ncomp = o->ncomp;
	p->shape.dt = dt_class(o->dt, zero);
	for (int i = 0; o->kind == MSP_SEISMOGRAM && i < 9; i++) {
		if (!(fabs(o->tmatrix[i]) < 0x1p20))
			return msp_error_set(err, MSP_KILL, "its axes are no directions");
		p->shape.axes[i] = (int64_t)rint(o->tmatrix[i] * AXIS_UNIT);
	}
	return MSP_OK;
}
