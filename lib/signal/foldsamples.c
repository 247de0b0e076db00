/* Folds: extremes and squares of samples. */
#include "signal/fold.h"
#include "signal/doubles.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SQUARE_LIMIT 1e150 /* squares of more may overflow */

int extremes_cover(struct extremes *x, int64_t from, int64_t to, double fill)
{
	int64_t lo = x->n && x->base < from ? x->base : from, end = x->base + (int64_t)x->n;
	int64_t hi = x->n && end > to ? end : to;
	size_t n = (size_t)(hi - lo), i;
	double *v;

	if (x->n == n)
		return MSP_OK;
	v = malloc(n * sizeof *v);
	if (!v)
		return MSP_NOMEM;
	for (i = 0; i < n; i++)
		v[i] = fill;
	if (x->n)
		memcpy(v + (x->base - lo), x->v, x->n * sizeof *v);
	free(x->v);
	x->v = v;
	x->base = lo;
	x->n = n;
	return MSP_OK;
}

int extremes_add(const struct msp_fold *f, struct extremes *x, int64_t at, const double *v, size_t n)
{
	bool max = f->spec.op == MSP_FOLD_MAX;
	size_t i;

	if (n == 0)
		return MSP_OK;
	if (extremes_cover(x, at, at + (int64_t)n, max ? -INFINITY : INFINITY) < 0)
		return MSP_NOMEM;
	for (i = 0; i < n; i++) {
		double *to = x->v + (at - x->base) + i;

		*to = max ? fold_larger(*to, v[i]) : -fold_larger(-*to, -v[i]);
	}
	return MSP_OK;
}

int fold_add_squares(struct msp_exactsum *s, int64_t at, const double *x, size_t n)
{
	double p[EXACT_BLOCK], e[EXACT_BLOCK];
	size_t i, k, m;

	for (i = 0; i < n; i += m) {
		m = n - i < EXACT_BLOCK ? n - i : EXACT_BLOCK;
		for (k = 0; k < m; k++) {
			p[k] = x[i + k] * x[i + k];
			e[k] = fma(x[i + k], x[i + k], -p[k]);
		}
		if (msp_exactsum_add(s, at + (int64_t)i, p, m) < 0 || msp_exactsum_add(s, at + (int64_t)i, e, m) < 0)
			return MSP_NOMEM;
	}
	return MSP_OK;
}

int fold_check_samples(const struct msp_fold *f, struct msp_object *o, struct msp_error *err)
{
	int s = msp_object_to_f64(o, err);
	size_t i;

	if (s < 0)
		return s == MSP_NOMEM ? fold_no_memory(err) : s;
	for (uint32_t c = 0; c < o->ncomp; c++) {
		const double *x = msp_object_f64(o, c);

		if ((s = msp_check_finite(x, (size_t)o->npts, err)) < 0)
			return s;
		for (i = 0; f->spec.op == MSP_FOLD_STATS && i < o->npts; i++)
			if (fabs(x[i]) > SQUARE_LIMIT)
				return msp_error_set(err, MSP_KILL, "the square of sample %zu is beyond the range of a double", i);
	}
	return MSP_OK;
}
