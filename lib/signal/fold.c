/* Folds: members into parts, parts into parts. */
#include "signal/fold.h"
#include "signal/common.h"
#include "signal/doubles.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SQUARE_LIMIT 1e150 /* squares of more may overflow */
#define AXIS_UNIT 0x1p30
#define PHASES 2000        /* a sample */

int fold_no_memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left for a fold");
}

struct msp_fold *msp_fold_new(const struct msp_fold_spec *spec)
{
	struct msp_fold *f = calloc(1, sizeof *f);

	if (f)
		f->spec = *spec;
	return f;
}

struct fold_part *fold_part_new(void)
{
	return calloc(1, sizeof(struct fold_part));
}

void fold_part_free(struct fold_part *p)
{
	if (!p)
		return;
	for (int c = 0; c < 3; c++) {
		exactsum_clear(&p->sum[c]);
		exactsum_clear(&p->square[c]);
		free(p->extreme[c].v);
	}
	exactsum_clear(&p->edges);
	msp_bytes_free(&p->common);
	free(p);
}

void msp_fold_free(struct msp_fold *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++)
		fold_part_free(f->part[i]);
	free(f->part);
	free(f);
}

uint64_t msp_fold_memory(const struct msp_fold *f)
{
	uint64_t bytes = sizeof *f;

	for (size_t i = 0; i < f->n; i++) {
		const struct fold_part *p = f->part[i];

		bytes += sizeof *p + sizeof(struct fold_part *) + p->common.cap + p->edges.bytes;
		for (int c = 0; c < 3; c++)
			bytes += p->sum[c].bytes + p->square[c].bytes + p->extreme[c].n * sizeof(double);
	}
	return bytes;
}

bool fold_has_sums(const struct msp_fold *f)
{
	return f->spec.op == MSP_FOLD_MEAN || f->spec.op == MSP_FOLD_SUM || f->spec.op == MSP_FOLD_STATS;
}

bool fold_has_extremes(const struct msp_fold *f)
{
	return f->spec.op == MSP_FOLD_MAX || f->spec.op == MSP_FOLD_MIN;
}

/* ---- shapes -------------------------------------------------------------- */

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

static int shape_of(const struct msp_fold *f, const struct msp_object *o, struct fold_part *p, struct msp_error *err)
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

/* ---- samples ------------------------------------------------------------- */

int fold_check_span(const struct msp_fold *f, int64_t from, int64_t to, int64_t ncomp, struct msp_error *err)
{
	uint64_t n = (uint64_t)to - (uint64_t)from, each = (fold_has_extremes(f) ? 16 : 8) * (uint64_t)ncomp;
	uint64_t most = f->spec.max_memory ? f->spec.max_memory : SIZE_MAX / 4;

	if (to >= from && n <= most / each)
		return MSP_OK;
	return msp_error_set(err, MSP_FAIL, "a fold would span %" PRIu64 " samples: more than the permitted memory holds (--max-mem)",
	                     n);
}

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

/* -0 is less than +0, so that the order does not matter. */
static double larger(double a, double b)
{
	if (a == b)
		return signbit(a) ? b : a;
	return a > b ? a : b;
}

static int add_extremes(const struct msp_fold *f, struct extremes *x, int64_t at, const double *v, size_t n)
{
	bool max = f->spec.op == MSP_FOLD_MAX;
	size_t i;

	if (n == 0)
		return MSP_OK;
	if (extremes_cover(x, at, at + (int64_t)n, max ? -INFINITY : INFINITY) < 0)
		return MSP_NOMEM;
	for (i = 0; i < n; i++) {
		double *to = x->v + (at - x->base) + i;

		*to = max ? larger(*to, v[i]) : -larger(-*to, -v[i]);
	}
	return MSP_OK;
}

/* Each square as two doubles, which are exact together. */
static int add_squares(struct msp_exactsum *s, int64_t at, const double *x, size_t n)
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

static int check_samples(const struct msp_fold *f, struct msp_object *o, struct msp_error *err)
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

/* ---- parts --------------------------------------------------------------- */

static size_t search(const struct msp_fold *f, const struct fold_shape *shape, bool *found)
{
	size_t lo = 0, hi = f->n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (fold_shape_compare(&f->part[mid]->shape, shape) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	*found = lo < f->n && fold_shape_compare(&f->part[lo]->shape, shape) == 0;
	return lo;
}

static int insert(struct msp_fold *f, size_t at, struct fold_part *p)
{
	struct fold_part **part = realloc(f->part, (f->n + 1) * sizeof(struct fold_part *));

	if (!part)
		return MSP_NOMEM;
	f->part = part;
	memmove(part + at + 1, part + at, (f->n - at) * sizeof(struct fold_part *));
	part[at] = p;
	f->n++;
	return MSP_OK;
}

/* The span of two; common spans that do not meet are 0, 0. */
static void join_spans(const struct msp_fold *f, const struct fold_part *a, int64_t from, int64_t to, int64_t *lo, int64_t *hi)
{
	bool all = f->spec.span == MSP_SPAN_ALL;

	*lo = (a->from < from) == all ? a->from : from;
	*hi = (a->to > to) == all ? a->to : to;
	if (!all && (*lo >= *hi || a->from == a->to || from == to))
		*lo = *hi = 0;
}

static void forget_samples(struct fold_part *p)
{
	for (int c = 0; c < 3; c++) {
		exactsum_clear(&p->sum[c]);
		exactsum_clear(&p->square[c]);
		free(p->extreme[c].v);
		p->extreme[c] = (struct extremes){0};
	}
}

static int join_samples(const struct msp_fold *f, struct fold_part *a, struct fold_part *b, int64_t shift)
{
	for (int c = 0; c < 3; c++) {
		struct extremes *x = &b->extreme[c];

		if (exactsum_merge(&a->sum[c], &b->sum[c], shift) < 0 || exactsum_merge(&a->square[c], &b->square[c], shift) < 0
		    || add_extremes(f, &a->extreme[c], x->base + shift, x->v, x->n) < 0)
			return MSP_NOMEM;
	}
	return exactsum_merge(&a->edges, &b->edges, shift);
}

/* Everything but samples, spans and edges, which a single member has not as a part has. */
static int join_heads(struct fold_part *a, const struct fold_part *b, int64_t shift)
{
	a->members += b->members;
	a->combined = msp_id_sum(a->combined, b->combined);
	if (b->dt < a->dt)
		a->dt = b->dt;
	for (int i = 0; i < 9; i++) {
		if (a->tmatrix[i] == b->tmatrix[i] && signbit(a->tmatrix[i]) == signbit(b->tmatrix[i]))
			continue;
		if (larger(a->tmatrix[i], b->tmatrix[i]) == a->tmatrix[i])
			memcpy(a->tmatrix, b->tmatrix, sizeof a->tmatrix);
		break;
	}
	a->cardinal = a->cardinal && b->cardinal;
	a->orthogonal = a->orthogonal && b->orthogonal;
	a->shift_valid = a->shift_valid && b->shift_valid && a->shift == b->shift;
	a->shift = a->shift_valid ? a->shift : 0;
	if (b->start < a->start || (b->start == a->start && b->index + shift < a->index)) {
		a->start = b->start;
		a->index = b->index + shift;
	}
	return common_intersect(&a->common, &b->common);
}

int fold_join(const struct msp_fold *f, struct fold_part *a, struct fold_part *b, int64_t shift)
{
	int64_t lo, hi;

	join_spans(f, a, b->from + (b->from < b->to ? shift : 0), b->to + (b->from < b->to ? shift : 0), &lo, &hi);
	if (join_heads(a, b, shift) < 0 || join_samples(f, a, b, shift) < 0)
		return MSP_NOMEM;
	a->from = lo;
	a->to = hi;
	if (lo == hi)
		forget_samples(a);
	return MSP_OK;
}

int fold_take(struct msp_fold *f, struct fold_part *p)
{
	bool found;
	size_t at = search(f, &p->shape, &found);
	int s = found ? fold_join(f, f->part[at], p, 0) : insert(f, at, p);

	if (found || s < 0)
		fold_part_free(p);
	return s;
}

/* ---- members ------------------------------------------------------------- */

static int describe(struct fold_part *p, const struct msp_object *o)
{
	p->members = 1;
	p->combined = o->id;
	p->dt = o->dt;
	p->cardinal = o->cardinal;
	p->orthogonal = o->orthogonal;
	p->shift_valid = o->shift_valid;
	p->shift = o->shift_valid ? o->shift : 0;
	p->start = o->start;
	if (o->kind == MSP_SEISMOGRAM)
		memcpy(p->tmatrix, o->tmatrix, sizeof p->tmatrix);
	if (o->kind == MSP_ENSEMBLE_BEGIN) {
		p->dt = 0;
		p->start = 0;
		p->cardinal = p->orthogonal = p->shift_valid = false;
		p->shift = 0;
	}
	return common_sort(&p->common, &o->metadata);
}

/* The samples of o, the first of which is sample `first` of the grid, as far as the span lo .. hi - 1 asks for them. */
static int add_samples(const struct msp_fold *f, struct fold_part *p, struct msp_object *o, int64_t first, int64_t lo, int64_t hi)
{
	int64_t end = first + (int64_t)o->npts, from = first > lo ? first : lo, to = end < hi ? end : hi;
	static const double edge[2] = {1, -1};

	if (f->spec.span == MSP_SPAN_ALL
	    && (msp_exactsum_add(&p->edges, first, &edge[0], 1) < 0 || msp_exactsum_add(&p->edges, end, &edge[1], 1) < 0))
		return MSP_NOMEM;
	for (uint32_t c = 0; c < o->ncomp && from < to; c++) {
		const double *x = msp_object_f64(o, c) + (from - first);
		size_t n = (size_t)(to - from);

		if ((fold_has_sums(f) && msp_exactsum_add(&p->sum[c], from, x, n) < 0)
		    || (f->spec.op == MSP_FOLD_STATS && add_squares(&p->square[c], from, x, n) < 0)
		    || (fold_has_extremes(f) && add_extremes(f, &p->extreme[c], from, x, n) < 0))
			return MSP_NOMEM;
	}
	return MSP_OK;
}

/* A member joins the part of its shape, or becomes one. new is freed or taken. */
static int enter(struct msp_fold *f, struct fold_part *new, struct msp_object *o, struct msp_error *err)
{
	int64_t first = new->index, end = first + (int64_t)o->npts, lo = first, hi = end;
	struct fold_part *p = new;
	bool found;
	size_t at = search(f, &new->shape, &found);
	int s;

	if (o->kind == MSP_ENSEMBLE_BEGIN)
		lo = hi = 0;
	if (found) {
		p = f->part[at];
		join_spans(f, p, lo, hi, &lo, &hi);
	}
	s = fold_check_span(f, lo, hi, o->kind == MSP_ENSEMBLE_BEGIN ? 1 : o->ncomp, err);
	if (s == MSP_OK && found)
		s = join_heads(p, new, 0);
	else if (s == MSP_OK)
		s = insert(f, at, new);
	if (found || s < 0)
		fold_part_free(new);
	if (s == MSP_OK && o->kind != MSP_ENSEMBLE_BEGIN)
		s = add_samples(f, p, o, first, lo, hi);
	if (s < 0)
		return s == MSP_NOMEM ? fold_no_memory(err) : s;
	p->from = lo;
	p->to = hi;
	if (lo == hi)
		forget_samples(p);
	return MSP_OK;
}

int msp_fold_add(struct msp_fold *f, struct msp_object *o, struct msp_error *err)
{
	bool bracket = o->kind == MSP_ENSEMBLE_BEGIN;
	struct fold_part *p;
	int s;

	if (!bracket && (!msp_object_is_data(o) || !o->live))
		return msp_error_set(err, MSP_USAGE, "only live data can enter a fold");
	if (!bracket && o->type == MSP_NONE)
		return msp_error_set(err, MSP_KILL, "it has no samples: only its header was read");
	p = fold_part_new();
	if (!p)
		return fold_no_memory(err);
	s = shape_of(f, o, p, err);
	if (s == MSP_OK && !bracket)
		s = check_samples(f, o, err);
	if (s == MSP_OK && describe(p, o) < 0)
		s = fold_no_memory(err);
	if (s == MSP_OK)
		return enter(f, p, o, err);
	fold_part_free(p);
	return s;
}

int msp_fold_dead(struct msp_fold *f, struct msp_id id, uint64_t n, struct msp_error *err)
{
	struct fold_part *p = fold_part_new();

	if (!p)
		return fold_no_memory(err);
	p->shape.kind = FOLD_DEAD;
	p->members = n;
	p->combined = id;
	return fold_take(f, p) < 0 ? fold_no_memory(err) : MSP_OK;
}
