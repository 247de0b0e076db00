/* Folds: members into parts, parts into parts. */
#include "signal/fold.h"
#include "signal/common.h"
#include "signal/doubles.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

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

int fold_check_span(const struct msp_fold *f, int64_t from, int64_t to, int64_t ncomp, struct msp_error *err)
{
	uint64_t n = (uint64_t)to - (uint64_t)from, each = (fold_has_extremes(f) ? 16 : 8) * (uint64_t)ncomp;
	uint64_t most = f->spec.max_memory ? f->spec.max_memory : SIZE_MAX / 4;

	if (to >= from && n <= most / each)
		return MSP_OK;
	return msp_error_set(err, MSP_FAIL, "a fold would span %" PRIu64 " samples: more than the permitted memory holds (--max-mem)",
	                     n);
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
		    || extremes_add(f, &a->extreme[c], x->base + shift, x->v, x->n) < 0)
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
		if (fold_larger(a->tmatrix[i], b->tmatrix[i]) == a->tmatrix[i])
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
		    || (f->spec.op == MSP_FOLD_STATS && fold_add_squares(&p->square[c], from, x, n) < 0)
		    || (fold_has_extremes(f) && extremes_add(f, &p->extreme[c], from, x, n) < 0))
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
	s = fold_shape_of(f, o, p, err);
	if (s == MSP_OK && !bracket)
		s = fold_check_samples(f, o, err);
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
