/* Partial folds as objects: msp(5), section PARTIAL FOLDS. */
#include "signal/common.h"
#include "signal/fold.h"

#include <math.h>
#include <string.h>

#define EXTRA_FIXED 276
#define SHAPE 14 /* numbers */
#define MEMBERS_MAX (UINT64_C(1) << 53)
#define INDEX_MAX (INT64_C(1) << 52)

/* ---- numbers, little-endian ---------------------------------------------- */

static void put64(uint8_t *to, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		to[i] = (uint8_t)(v >> (8 * i));
}

static uint64_t get64(const uint8_t *from)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | from[i];
	return v;
}

static void put_double(uint8_t *to, double d)
{
	uint64_t v;

	memcpy(&v, &d, sizeof v);
	put64(to, v);
}

static double get_double(const uint8_t *from)
{
	uint64_t v = get64(from);
	double d;

	memcpy(&d, &v, sizeof d);
	return d;
}

/* ---- writing ------------------------------------------------------------- */

static int write_extra(const struct msp_fold *f, const struct fold_part *p, const struct msp_bytes *group, struct msp_bytes *out)
{
	uint8_t e[EXTRA_FIXED] = {'F', 'O', 'L', 'D', 1};
	const int64_t *shape = &p->shape.kind, last[5] = {p->start, p->shift, p->index, p->from, p->to};

	e[5] = (uint8_t)f->spec.op;
	e[6] = (uint8_t)f->spec.align;
	e[7] = (uint8_t)f->spec.span;
	e[8] = (uint8_t)(p->cardinal | p->orthogonal << 1 | p->shift_valid << 2);
	for (int i = 0; i < SHAPE; i++)
		put64(e + 16 + 8 * i, (uint64_t)shape[i]);
	put64(e + 128, p->members);
	memcpy(e + 136, p->combined.byte, 16);
	put_double(e + 152, p->dt);
	for (int i = 0; i < 9; i++)
		put_double(e + 160 + 8 * i, p->tmatrix[i]);
	for (int i = 0; i < 5; i++)
		put64(e + 232 + 8 * i, (uint64_t)last[i]);
	for (int i = 0; i < 4; i++)
		e[272 + i] = (uint8_t)(group->len >> (8 * i));
	if (group->len > INT32_MAX || msp_bytes_set(out, e, sizeof e) < 0)
		return MSP_NOMEM;
	return group->len ? msp_bytes_append(out, group->data, group->len) : MSP_OK;
}

static int write_extremes(const struct msp_fold *f, struct fold_part *p, int c, struct msp_bytes *out)
{
	struct extremes *x = &p->extreme[c];

	if (extremes_cover(x, p->from, p->to, f->spec.op == MSP_FOLD_MAX ? -INFINITY : INFINITY) < 0)
		return MSP_NOMEM;
	return msp_bytes_append(out, x->v + (p->from - x->base), (size_t)(p->to - p->from) * sizeof(double));
}

static int write_words(const struct msp_fold *f, struct fold_part *p, struct msp_bytes *out)
{
	out->len = 0;
	if (p->from == p->to)
		return MSP_OK;
	if (f->spec.span == MSP_SPAN_ALL && exactsum_pack(&p->edges, p->from, p->to + 1, out) < 0)
		return MSP_NOMEM;
	for (int c = 0; c < p->shape.ncomp; c++)
		if ((fold_has_sums(f) && exactsum_pack(&p->sum[c], p->from, p->to, out) < 0)
		    || (f->spec.op == MSP_FOLD_STATS && exactsum_pack(&p->square[c], p->from, p->to, out) < 0)
		    || (fold_has_extremes(f) && write_extremes(f, p, c, out) < 0))
			return MSP_NOMEM;
	return MSP_OK;
}

static int write_part(const struct msp_fold *f, struct fold_part *p, const struct msp_bytes *group, struct msp_object *o)
{
	if (msp_object_reset(o, MSP_PARTIAL_FOLD, MSP_F64, 0) < 0 || write_words(f, p, &o->samples) < 0
	    || write_extra(f, p, group, &o->extra) < 0 || msp_bytes_set(&o->metadata, p->common.data, p->common.len) < 0
	    || msp_meta_unset(o, "fold") < 0 || msp_meta_set_int(o, "fold", (int64_t)p->members) < 0)
		return MSP_NOMEM;
	o->type = MSP_F64;
	o->width = sizeof(double);
	o->live = true;
	o->ncomp = 1;
	o->npts = o->samples.len / sizeof(double);
	o->dt = p->dt;
	o->start = p->start;
	o->relative = p->shape.relative != 0;
	o->id = p->combined;
	return MSP_OK;
}

int msp_fold_partials(struct msp_fold *f, const struct msp_bytes *group, msp_fold_out_fn *out, void *context,
                      struct msp_error *err)
{
	struct msp_object o;
	int s = MSP_OK;

	msp_object_init(&o);
	for (size_t i = 0; i < f->n && s >= 0; i++) {
		s = write_part(f, f->part[i], group, &o);
		if (s < 0)
			s = fold_no_memory(err);
		else
			s = out(context, &o, NULL);
	}
	msp_object_free(&o);
	return s < 0 ? s : MSP_OK;
}

/* ---- reading ------------------------------------------------------------- */

static int no_fold(struct msp_error *err, const char *what)
{
	return msp_error_set(err, MSP_CORRUPT, "a partial fold is not as msp(5) says: %s", what);
}

int msp_fold_group(const struct msp_object *o, struct msp_bytes *group, struct msp_error *err)
{
	const uint8_t *e = o->extra.data;
	uint32_t n;

	if (o->kind != MSP_PARTIAL_FOLD || o->extra.len < EXTRA_FIXED || memcmp(e, "FOLD\1", 5) != 0)
		return no_fold(err, "extra");
	n = e[272] | (uint32_t)e[273] << 8 | (uint32_t)e[274] << 16 | (uint32_t)e[275] << 24;
	if (n != o->extra.len - EXTRA_FIXED)
		return no_fold(err, "group");
	*group = (struct msp_bytes){o->extra.data + EXTRA_FIXED, n, 0};
	return MSP_OK;
}

static int check_spec(const struct msp_fold *f, const uint8_t *e, struct msp_error *err)
{
	static const char *const op[] = {"--mean", "--sum", "--max", "--min", "--count", "--stats"};
	static const char *const align[] = {"start", "zero"}, *const span[] = {"common", "all"};

	if (e[5] > MSP_FOLD_STATS || e[6] > 1 || e[7] > 1)
		return no_fold(err, "operation");
	if (e[5] == f->spec.op && e[6] == f->spec.align && e[7] == f->spec.span)
		return MSP_OK;
	return msp_error_set(err, MSP_USAGE, "a partial fold was made with %s --align %s --span %s: it cannot be folded with "
	                     "%s --align %s --span %s", op[e[5]], align[e[6]], span[e[7]], op[f->spec.op],
	                     align[f->spec.align], span[f->spec.span]);
}

static bool read_fixed(struct fold_part *p, const uint8_t *e)
{
	int64_t *shape = &p->shape.kind;
	int64_t *last[5] = {&p->start, &p->shift, &p->index, &p->from, &p->to};

	p->cardinal = e[8] & 1;
	p->orthogonal = e[8] & 2;
	p->shift_valid = e[8] & 4;
	for (int i = 0; i < SHAPE; i++)
		shape[i] = (int64_t)get64(e + 16 + 8 * i);
	p->members = get64(e + 128);
	memcpy(p->combined.byte, e + 136, 16);
	p->dt = get_double(e + 152);
	for (int i = 0; i < 9; i++)
		p->tmatrix[i] = get_double(e + 160 + 8 * i);
	for (int i = 0; i < 5; i++)
		*last[i] = (int64_t)get64(e + 232 + 8 * i);
	for (int i = 9; i < 16; i++)
		if (e[i])
			return false;
	return (e[8] & ~7) == 0;
}

static bool plausible(const struct fold_part *p)
{
	const struct fold_shape *s = &p->shape;
	bool data = s->kind == MSP_TIMESERIES || s->kind == MSP_SEISMOGRAM;
	bool ok = p->members > 0 && p->members < MEMBERS_MAX && s->relative >> 1 == 0 && (data || s->kind == FOLD_DEAD ||
	          s->kind == MSP_ENSEMBLE_BEGIN) && p->from > -INDEX_MAX && p->to < INDEX_MAX && p->from <= p->to
	          && p->index > -INDEX_MAX && p->index < INDEX_MAX;

	if (!ok || !data)
		return ok && p->from == 0 && p->to == 0;
	for (int i = 0; i < 9; i++)
		ok = ok && isfinite(p->tmatrix[i]);
	return ok && s->ncomp == (s->kind == MSP_SEISMOGRAM ? 3 : 1) && p->dt > 0 && isfinite(p->dt) && s->phase >= -999
	       && s->phase <= 1000;
}

static int read_extremes(struct fold_part *p, int c, const double *word, size_t n, size_t *at)
{
	size_t m = (size_t)(p->to - p->from), i;
	struct extremes *x = &p->extreme[c];

	if (n - *at < m)
		return MSP_CORRUPT;
	for (i = 0; i < m; i++)
		if (isnan(word[*at + i]))
			return MSP_CORRUPT;
	if (extremes_cover(x, p->from, p->to, 0) < 0)
		return MSP_NOMEM;
	memcpy(x->v, word + *at, m * sizeof *word);
	*at += m;
	return MSP_OK;
}

static int read_words(const struct msp_fold *f, struct fold_part *p, const double *word, size_t n)
{
	size_t at = 0;
	int s = MSP_OK;

	if (p->from == p->to)
		return n == 0 ? MSP_OK : MSP_CORRUPT;
	if (f->spec.span == MSP_SPAN_ALL)
		s = exactsum_unpack(&p->edges, p->from, p->to + 1, word, n, &at);
	for (int c = 0; c < p->shape.ncomp && s == MSP_OK; c++) {
		if (fold_has_sums(f))
			s = exactsum_unpack(&p->sum[c], p->from, p->to, word, n, &at);
		if (s == MSP_OK && f->spec.op == MSP_FOLD_STATS)
			s = exactsum_unpack(&p->square[c], p->from, p->to, word, n, &at);
		if (s == MSP_OK && fold_has_extremes(f))
			s = read_extremes(p, c, word, n, &at);
	}
	return s == MSP_OK && at != n ? MSP_CORRUPT : s;
}

/* The samples lie as the stream left them: copied where they are not aligned as doubles are. */
static int read_samples(const struct msp_fold *f, struct fold_part *p, const struct msp_object *o)
{
	struct msp_bytes copy = {0};
	int s;

	if ((uintptr_t)o->samples.data % _Alignof(double) == 0)
		return read_words(f, p, (const double *)(const void *)o->samples.data, o->samples.len / sizeof(double));
	s = msp_bytes_set(&copy, o->samples.data, o->samples.len);
	if (s == MSP_OK)
		s = read_words(f, p, (const double *)(const void *)copy.data, copy.len / sizeof(double));
	msp_bytes_free(&copy);
	return s;
}

/* The metadata without fold, in order: what came from another program may not be. */
static int read_metadata(struct fold_part *p, const struct msp_object *o)
{
	struct msp_object m;
	int s;

	msp_object_init(&m);
	s = msp_bytes_set(&m.metadata, o->metadata.data, o->metadata.len);
	if (s == MSP_OK)
		s = msp_meta_unset(&m, "fold");
	if (s == MSP_OK)
		s = common_sort(&p->common, &m.metadata);
	msp_object_free(&m);
	return s;
}

int msp_fold_merge(struct msp_fold *f, const struct msp_object *o, struct msp_error *err)
{
	struct msp_bytes group;
	struct fold_part *p;
	int s = msp_fold_group(o, &group, err);

	if (s == MSP_OK)
		s = check_spec(f, o->extra.data, err);
	if (s < 0)
		return s;
	if (!o->live || o->type != MSP_F64)
		return no_fold(err, "it was changed by a command that does not know it");
	p = fold_part_new();
	if (!p)
		return fold_no_memory(err);
	if (!read_fixed(p, o->extra.data) || !plausible(p))
		s = no_fold(err, "extra");
	if (s == MSP_OK && p->shape.kind != FOLD_DEAD && p->shape.kind != MSP_ENSEMBLE_BEGIN)
		s = fold_check_span(f, p->from, p->to, p->shape.ncomp, err);
	if (s == MSP_OK && (s = read_samples(f, p, o)) == MSP_CORRUPT)
		s = no_fold(err, "samples");
	if (s == MSP_OK)
		s = read_metadata(p, o);
	if (s == MSP_OK) {
		s = fold_take(f, p);
		p = NULL;
	}
	fold_part_free(p);
	return s == MSP_NOMEM ? fold_no_memory(err) : s;
}
