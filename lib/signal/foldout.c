/* The results of folds: which members agree, and what they make. */
#include "signal/fold.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- who is in it -------------------------------------------------------- */

static bool same_but_phase(const struct fold_shape *a, const struct fold_shape *b)
{
	struct fold_shape x = *a;

	x.phase = b->phase;
	return fold_shape_compare(&x, b) == 0;
}

/* Is b's grid the next to a's, within 1/2000 of a sample? *shift: what brings b's numbers of samples to a's. */
static bool next_to(const struct fold_part *a, const struct fold_part *b, int64_t *shift)
{
	int64_t d = b->shape.phase - a->shape.phase;

	*shift = 0;
	if (a == b || !same_but_phase(&a->shape, &b->shape))
		return false;
	if (d == 1999)
		*shift = 1; /* b is just below a, and counts from one sample before */
	else if (d == -1999)
		*shift = -1;
	else
		return d == 1 || d == -1;
	return true;
}

static uint64_t members_around(const struct msp_fold *f, size_t i)
{
	uint64_t n = f->part[i]->members;
	int64_t shift;

	for (size_t k = 0; k < f->n; k++)
		if (next_to(f->part[i], f->part[k], &shift))
			n += f->part[k]->members;
	return n;
}

/* The part around which most members are; of equals the one with most of its own, then the first in order. f->n if none is live. */
static size_t find_main(const struct msp_fold *f)
{
	uint64_t most = 0;
	size_t best = f->n;

	for (size_t i = 0; i < f->n; i++) {
		uint64_t n = f->part[i]->shape.kind == FOLD_DEAD ? 0 : members_around(f, i);

		if (n > most || (n == most && n > 0 && f->part[i]->members > f->part[best]->members)) {
			most = n;
			best = i;
		}
	}
	return best;
}

static void take_out(struct msp_fold *f, size_t i)
{
	memmove(f->part + i, f->part + i + 1, (f->n - i - 1) * sizeof(struct fold_part *));
	f->n--;
}

/* Joins what lies within 1e-3 of a sample. */
static int gather(struct msp_fold *f, struct fold_part *main)
{
	for (size_t k = 0; k < f->n; k++) {
		struct fold_part *p = f->part[k];
		int64_t shift;

		if (!next_to(main, p, &shift))
			continue;
		take_out(f, k--);
		int s = fold_join(f, main, p, shift);

		fold_part_free(p);
		if (s < 0)
			return s;
	}
	return MSP_OK;
}

/* ---- numbers ------------------------------------------------------------- */

struct pair { /* an unevaluated sum: T. J. Dekker, "A floating-point technique for extending the available precision", 1971 */
	double hi, lo;
};

static struct pair two_sum(double a, double b)
{
	double s = a + b, t = s - a;
	struct pair r = {s, (a - (s - t)) + (b - t)};

	return r;
}

static struct pair pair_of(const double f[3])
{
	struct pair a = two_sum(f[0], f[1]);

	return two_sum(a.hi, a.lo + f[2]);
}

static struct pair times(struct pair a, struct pair b)
{
	double p = a.hi * b.hi;

	return two_sum(p, fma(a.hi, b.hi, -p) + (a.hi * b.lo + a.lo * b.hi));
}

/* (n Q - S^2) / (n (n - 1)), with S and Q to 100 bits and more. */
static double variance(const struct fold_part *p, int c, int64_t i, double n)
{
	double s[3], q[3];
	struct pair a, b, one = {n, 0};
	int es, eq;

	if (n < 2)
		return 0;
	exactsum_pieces(&p->sum[c], i, s, 3, &es);
	exactsum_pieces(&p->square[c], i, q, 3, &eq);
	a = times(pair_of(q), one);
	b = times(pair_of(s), pair_of(s));
	a = two_sum(a.hi - ldexp(b.hi, 2 * es - eq), a.lo - ldexp(b.lo, 2 * es - eq));
	return a.hi > 0 ? ldexp(a.hi / n / (n - 1), eq) : 0;
}

enum { VARIANCE = 100 }; /* beside enum msp_fold_op */

static double value(const struct fold_part *p, int what, int c, int64_t i, double n)
{
	int e;
	double v;

	if (!(n > 0))
		return 0;
	switch (what) {
	case MSP_FOLD_COUNT: return n;
	case VARIANCE: return variance(p, c, i, n);
	case MSP_FOLD_MAX:
	case MSP_FOLD_MIN: return p->extreme[c].v[i - p->extreme[c].base];
	default: v = exactsum_get(&p->sum[c], i, &e);
	}
	return ldexp(what == MSP_FOLD_MEAN ? v / n : v, e);
}

/* The samples of out, and why there are none. */
static int fill(const struct msp_fold *f, const struct fold_part *p, int what, struct msp_object *out, struct msp_error *why)
{
	size_t n = (size_t)(p->to - p->from), c, k;
	double count = (double)p->members;

	for (c = 0; c < out->ncomp; c++) {
		double *x = msp_object_f64(out, (uint32_t)c), here = 0;

		for (k = 0; k < n; k++) {
			int64_t i = p->from + (int64_t)k;

			if (f->spec.span == MSP_SPAN_ALL)
				here += msp_exactsum_value(&p->edges, i);
			x[k] = value(p, what, (int)c, i, f->spec.span == MSP_SPAN_ALL ? here : count);
		}
		k = msp_find_nonfinite(x, n);
		if (k < n)
			return msp_error_set(why, MSP_KILL, "sample %zu of the fold is beyond the range of a double", k);
	}
	return MSP_OK;
}

/* ---- objects ------------------------------------------------------------- */

static int write_history(const struct fold_part *p, struct msp_object *out)
{
	char hex[MSP_ID_TEXT];
	struct msp_object scratch; /* a document is made as metadata are */
	int s;

	msp_object_init(&scratch);
	s = msp_meta_set_int(&scratch, "inputs", (int64_t)p->members);
	if (s == MSP_OK)
		s = msp_meta_set_string(&scratch, "combined", msp_id_format(&p->combined, hex));
	if (s == MSP_OK)
		s = msp_bytes_set(&out->history, scratch.metadata.data, scratch.metadata.len);
	msp_object_free(&scratch);
	return s;
}

/* Everything but samples; fold counts the live members. */
static int write_frame(const struct fold_part *p, uint64_t fold, uint64_t n, struct msp_object *out)
{
	int kind = p->shape.kind == FOLD_DEAD ? MSP_TIMESERIES : (int)p->shape.kind;

	if (msp_object_reset(out, kind, kind == MSP_ENSEMBLE_BEGIN ? MSP_NONE : MSP_F64, n) < 0)
		return MSP_NOMEM;
	out->id = p->combined;
	if (kind != MSP_ENSEMBLE_BEGIN) {
		out->dt = p->dt;
		out->relative = p->shape.relative != 0;
		out->shift_valid = p->shift_valid;
		out->shift = p->shift;
		out->start = p->start + msp_time_of_samples(p->from < p->to ? p->from - p->index : 0, p->dt);
		out->cardinal = p->cardinal;
		out->orthogonal = p->orthogonal;
	}
	if (kind == MSP_SEISMOGRAM)
		memcpy(out->tmatrix, p->tmatrix, sizeof out->tmatrix);
	if (msp_bytes_set(&out->metadata, p->common.data, p->common.len) < 0 || msp_meta_unset(out, "fold") < 0
	    || msp_meta_set_int(out, "fold", (int64_t)fold) < 0)
		return MSP_NOMEM;
	return kind == MSP_ENSEMBLE_BEGIN ? MSP_OK : write_history(p, out);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void say_difference(const struct fold_part *p, const struct fold_part *main, char *text, size_t size)
{
	const struct fold_shape *a = &p->shape, *b = &main->shape;
	char x[32], y[32];

	if (a->kind != b->kind)
		snprintf(text, size, "%s, not %s", a->kind == MSP_SEISMOGRAM ? "seismograms" : "time series",
		         b->kind == MSP_SEISMOGRAM ? "seismograms" : "time series");
	else if (a->relative != b->relative)
		snprintf(text, size, "%s times, not %s", a->relative ? "relative" : "UTC", b->relative ? "relative" : "UTC");
	else if (a->dt != b->dt)
		snprintf(text, size, "sample interval %s s, not %s s", msp_double_format(p->dt, x), msp_double_format(main->dt, y));
	else if (memcmp(a->axes, b->axes, sizeof a->axes) != 0)
		snprintf(text, size, "their components point elsewhere");
	else
		snprintf(text, size, "their samples lie %.3f of a sample beside", (double)llabs((a->phase - b->phase + 3000) % 2000 - 1000) / 2000);
}

static int log_dead(struct msp_object *o, uint64_t dead)
{
	char text[80];

	if (dead == 0)
		return MSP_OK;
	snprintf(text, sizeof text, "%" PRIu64 " dead member%s not in it", dead, dead == 1 ? " is" : "s are");
	return msp_object_log(o, "msfold", MSP_COMPLAINT, text);
}

/* ---- giving -------------------------------------------------------------- */

struct giving {
	struct msp_fold *fold;
	struct msp_object out;
	uint64_t dead;
	msp_fold_out_fn *give;
	void *context;
	struct msp_error *err;
};

static int give_nothing(struct giving *g, const struct fold_part *p, uint64_t fold, const char *reason)
{
	if (write_frame(p, fold, 0, &g->out) < 0 || log_dead(&g->out, g->dead) < 0)
		return fold_no_memory(g->err);
	return g->give(g->context, &g->out, reason);
}

static int give_one(struct giving *g, const struct fold_part *p, int what, const char *statistic)
{
	bool bracket = p->shape.kind == MSP_ENSEMBLE_BEGIN;
	struct msp_error why = {0};

	if (!bracket && p->from == p->to)
		return give_nothing(g, p, p->members, "the members have no time in common");
	if (write_frame(p, p->members, (uint64_t)(p->to - p->from), &g->out) < 0 || (!bracket && log_dead(&g->out, g->dead) < 0)
	    || (statistic && msp_meta_set_string(&g->out, "statistic", statistic) < 0))
		return fold_no_memory(g->err);
	if (!bracket && fill(g->fold, p, what, &g->out, &why) < 0) {
		g->out.npts = 0;
		g->out.samples.len = 0;
	}
	return g->give(g->context, &g->out, why.status < 0 ? why.text : NULL);
}

static int give_main(struct giving *g, const struct fold_part *p)
{
	int s;

	if (g->fold->spec.op != MSP_FOLD_STATS || p->shape.kind == MSP_ENSEMBLE_BEGIN)
		return give_one(g, p, g->fold->spec.op, NULL);
	s = give_one(g, p, MSP_FOLD_MEAN, "mean");
	if (s >= 0)
		s = give_one(g, p, VARIANCE, "variance");
	return s < 0 ? s : give_one(g, p, MSP_FOLD_COUNT, "count");
}

static int give_others(struct giving *g, const struct fold_part *main)
{
	char what[120], reason[240];
	int s = MSP_OK;

	g->dead = 0;
	for (size_t i = 0; i < g->fold->n && s >= 0; i++) {
		const struct fold_part *p = g->fold->part[i];

		if (p->shape.kind == FOLD_DEAD)
			continue;
		say_difference(p, main, what, sizeof what);
		snprintf(reason, sizeof reason, "%" PRIu64 " member%s cannot be folded with the other %" PRIu64 ": %s", p->members,
		         plural(p->members), main->members, what);
		s = give_nothing(g, p, p->members, reason);
	}
	return s;
}

static int give_all(struct giving *g)
{
	struct msp_fold *f = g->fold;
	struct fold_part *main;
	size_t at = find_main(f);
	int s;

	if (f->n > 0 && f->part[0]->shape.kind == FOLD_DEAD) /* the first in order */
		g->dead = f->part[0]->members;
	if (at == f->n)
		return f->n == 0 ? MSP_OK : give_nothing(g, f->part[0], 0, "no live member");
	main = f->part[at];
	take_out(f, at);
	s = gather(f, main) < 0 ? fold_no_memory(g->err) : give_main(g, main);
	if (s >= 0)
		s = give_others(g, main);
	fold_part_free(main);
	return s;
}

int msp_fold_results(struct msp_fold *f, msp_fold_out_fn *out, void *context, struct msp_error *err)
{
	struct giving g = {.fold = f, .give = out, .context = context, .err = err};
	int s;

	msp_object_init(&g.out);
	s = give_all(&g);
	msp_object_free(&g.out);
	while (f->n > 0)
		fold_part_free(f->part[--f->n]);
	return s < 0 ? s : MSP_OK;
}
