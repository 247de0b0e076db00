/* Sums, means and medians of series that need not cover the same span.
 *
 * Sums and means are exact till they are rounded once, so that the order of arrival does not matter. Sums of squares and weighted
 * sums are plain sums in the order of arrival: another order may change the last bits. */
#include "signal/accumulate.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void accumulate_init(struct accumulate *a, const struct msp_stack_spec *spec, uint32_t ncomp)
{
	memset(a, 0, sizeof *a);
	a->op = spec->op;
	a->all = spec->span == MSP_SPAN_ALL;
	a->ncomp = ncomp;
	a->max_memory = spec->max_memory ? spec->max_memory : UINT64_MAX;
}

void accumulate_free(struct accumulate *a)
{
	uint64_t i;

	if (a->held)
		for (i = 0; i < a->members; i++)
			free(a->held[i].x);
	free(a->held);
	for (i = 0; i < 3; i++)
		exactsum_clear(&a->exact[i]);
	free(a->sum);
	free(a->weight);
	memset(a, 0, sizeof *a);
}

static bool is_exact(const struct accumulate *a)
{
	return a->op == MSP_STACK_MEAN || a->op == MSP_STACK_SUM;
}

/* The span after a member first .. first + n - 1 has come: joint or common. */
static void next_span(const struct accumulate *a, int64_t first, uint64_t n, int64_t *lo, uint64_t *len)
{
	int64_t hi = first + (int64_t)n, end = a->first + (int64_t)a->n;

	*lo = first;
	if (a->members > 0) {
		if (a->all ? a->first < first : a->first > first)
			*lo = a->first;
		if (a->all ? end > hi : end < hi)
			hi = end;
	}
	*len = hi > *lo ? (uint64_t)(hi - *lo) : 0;
}

static int check_span(const struct accumulate *a, uint64_t n, struct msp_error *err)
{
	uint64_t arrays = a->ncomp + (a->all ? 1 : 0);

	if (n <= SIZE_MAX / sizeof(double) / arrays && n * arrays * sizeof(double) <= a->max_memory)
		return MSP_OK;
	return msp_error_set(err, MSP_KILL, "with it the stack would span %" PRIu64 " samples: more than the "
	                     "permitted memory holds", n);
}

/* Room for samples lo .. lo + n - 1, with what was summed kept. */
static int make_room(struct accumulate *a, int64_t lo, uint64_t n)
{
	double *sum = NULL, *weight = NULL;
	size_t shift = (size_t)(a->base - lo), c;

	if (a->room > 0 && lo >= a->base && lo + (int64_t)n <= a->base + (int64_t)a->room)
		return MSP_OK;
	if (!is_exact(a))
		sum = calloc((size_t)n * a->ncomp + 1, sizeof *sum);
	if (a->all)
		weight = calloc((size_t)n + 1, sizeof *weight);
	if ((!sum && !is_exact(a)) || (a->all && !weight)) {
		free(sum);
		free(weight);
		return MSP_NOMEM;
	}
	for (c = 0; a->sum && c < a->ncomp; c++)
		memcpy(sum + c * n + shift, a->sum + c * a->room, (size_t)a->room * sizeof *sum);
	if (a->weight)
		memcpy(weight + shift, a->weight, (size_t)a->room * sizeof *weight);
	free(a->sum);
	free(a->weight);
	a->sum = sum;
	a->weight = weight;
	a->base = lo;
	a->room = n;
	return MSP_OK;
}

static void add_series(double *sum, const double *x, size_t n, int op, double weight)
{
	size_t i;

	if (op == MSP_STACK_RMS)
		for (i = 0; i < n; i++)
			sum[i] += x[i] * x[i];
	else if (op == MSP_STACK_WEIGHTED)
		for (i = 0; i < n; i++)
			sum[i] += weight * x[i];
	else
		for (i = 0; i < n; i++)
			sum[i] += x[i];
}

static int hold(struct accumulate *a, const double *x, int64_t first, uint64_t n, struct msp_error *err)
{
	size_t bytes = (size_t)n * a->ncomp * sizeof *x;
	struct held *h;

	if (a->max_memory - a->held_bytes < bytes)
		return msp_error_set(err, MSP_FAIL, "a median of more than %" PRIu64 " members does not fit "
		                     "into the permitted memory (--max-mem)", a->members);
	if (a->members == a->held_room) {
		uint64_t room = a->held_room ? 2 * a->held_room : 16;

		h = realloc(a->held, (size_t)room * sizeof *h);
		if (!h)
			return MSP_NOMEM;
		a->held = h;
		a->held_room = room;
	}
	h = &a->held[a->members];
	h->first = first;
	h->n = n;
	h->x = malloc(bytes + 1);
	if (!h->x)
		return MSP_NOMEM;
	memcpy(h->x, x, bytes);
	a->held_bytes += bytes;
	return MSP_OK;
}

static int add_sums(struct accumulate *a, const double *x, int64_t first, uint64_t n, int64_t lo,
                    uint64_t len, double weight)
{
	int64_t from = first > lo ? first : lo, to = first + (int64_t)n;
	size_t count, skip, at, c, i;

	if (to > lo + (int64_t)len)
		to = lo + (int64_t)len;
	if (a->members == 0 || a->all)
		if (make_room(a, lo, len) < 0)
			return MSP_NOMEM;
	if (to <= from)
		return MSP_OK;
	count = (size_t)(to - from);
	skip = (size_t)(from - first);
	at = (size_t)(from - a->base);
	for (c = 0; c < a->ncomp; c++) {
		if (!is_exact(a))
			add_series(a->sum + c * a->room + at, x + c * n + skip, count, a->op, weight);
		else if (msp_exactsum_add(&a->exact[c], from, x + c * n + skip, count) < 0)
			return MSP_NOMEM;
	}
	if (a->all)
		for (i = 0; i < count; i++)
			a->weight[at + i] += weight;
	return MSP_OK;
}

int accumulate_add(struct accumulate *a, const double *x, int64_t first, uint64_t n, double weight,
                   struct msp_error *err)
{
	uint64_t len;
	int64_t lo;
	int s;

	next_span(a, first, n, &lo, &len);
	if ((s = check_span(a, len, err)) < 0)
		return s;
	if (a->op != MSP_STACK_WEIGHTED)
		weight = 1;
	s = a->op == MSP_STACK_MEDIAN ? hold(a, x, first, n, err) : add_sums(a, x, first, n, lo, len, weight);
	if (s < 0)
		return s;
	a->first = lo;
	a->n = len;
	a->members++;
	a->total += weight;
	return MSP_OK;
}

/* The k-th smallest of v[0..n-1] comes to v[k], smaller ones before it (Hoare's selection). */
static void select_nth(double *v, size_t n, size_t k)
{
	size_t lo = 0, hi = n - 1;

	while (lo < hi) {
		double pivot = v[k], t;
		size_t i = lo, j = hi;

		for (;;) {
			while (v[i] < pivot)
				i++;
			while (pivot < v[j])
				j--;
			if (i <= j) {
				t = v[i];
				v[i++] = v[j];
				v[j] = t;
				if (j == 0)
					break;
				j--;
			}
			if (i > j)
				break;
		}
		if (j < k)
			lo = i;
		if (k < i)
			hi = j;
	}
}

static double median(double *v, size_t n)
{
	double upper, lower;
	size_t i;

	if (n == 0)
		return 0;
	select_nth(v, n, n / 2);
	upper = v[n / 2];
	if (n % 2 == 1)
		return upper;
	lower = v[0];
	for (i = 1; i < n / 2; i++)
		if (v[i] > lower)
			lower = v[i];
	return isfinite(lower + upper) ? (lower + upper) / 2 : lower / 2 + upper / 2;
}

static int finish_median(struct accumulate *a, double *out)
{
	double *v = malloc((size_t)(a->members + 1) * sizeof *v);
	uint64_t c, i, m;

	if (!v)
		return MSP_NOMEM;
	for (c = 0; c < a->ncomp; c++)
		for (i = 0; i < a->n; i++) {
			int64_t at = a->first + (int64_t)i;
			size_t n = 0;

			for (m = 0; m < a->members; m++) {
				const struct held *h = &a->held[m];

				if (at >= h->first && at < h->first + (int64_t)h->n)
					v[n++] = h->x[c * h->n + (uint64_t)(at - h->first)];
			}
			out[c * a->n + i] = median(v, n);
		}
	free(v);
	return MSP_OK;
}

/* v * 2^e is the sum. A sum beyond the range of a double can have a mean within. */
static double mean_or_sum(const struct accumulate *a, double v, int e, double w)
{
	if (a->op != MSP_STACK_SUM)
		v = w > 0 ? v / w : 0;
	return ldexp(a->op == MSP_STACK_RMS ? sqrt(v) : v, e);
}

static void finish_sums(const struct accumulate *a, double *out)
{
	size_t shift = (size_t)(a->first - a->base), c, i;

	for (c = 0; c < a->ncomp; c++)
		for (i = 0; i < a->n; i++) {
			double w = a->all ? a->weight[shift + i] : a->total, v;
			int e = 0;

			v = is_exact(a) ? exactsum_get(&a->exact[c], a->first + (int64_t)i, &e) : a->sum[c * a->room + shift + i];
			out[c * a->n + i] = mean_or_sum(a, v, e, w);
		}
}

int accumulate_finish(struct accumulate *a, double *out, struct msp_error *err)
{
	size_t n = (size_t)(a->n * a->ncomp), bad;

	if (a->op != MSP_STACK_MEDIAN)
		finish_sums(a, out);
	else if (finish_median(a, out) < 0)
		return MSP_NOMEM;
	bad = msp_find_nonfinite(out, n);
	if (bad == n)
		return MSP_OK;
	return msp_error_set(err, MSP_KILL, "sample %zu of the stack is beyond the range of a double",
	                     bad % (size_t)a->n);
}
