/* Stacks: many objects into one. */
#include "mspipe/doc.h"
#include "signal/accumulate.h"
#include "signal/common.h"
#include "signal/doubles.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DT_TOLERANCE 1e-6   /* relative */
#define GRID_TOLERANCE 1e-3 /* of a sample */
#define AXIS_TOLERANCE 1e-9
#define RMS_LIMIT 1e150     /* squares of more may overflow */

struct msp_stack {
	struct msp_stack_spec spec;
	struct accumulate sums;
	uint64_t fold;
	/* of the first member: what the others must agree with */
	uint16_t kind;
	uint32_t ncomp;
	bool relative, cardinal, orthogonal;
	double dt, tmatrix[9];
	msp_time origin; /* MSP_ALIGN_ZERO: time of sample 0 of the grid */
	/* of all members */
	msp_time earliest, shift;
	bool shift_valid;
	struct msp_bytes common; /* metadata that all have alike */
	struct msp_id combined;
	struct msp_bytes ids;
};

struct msp_stack *msp_stack_new(const struct msp_stack_spec *spec)
{
	struct msp_stack *s = calloc(1, sizeof *s);

	if (s)
		s->spec = *spec;
	return s;
}

static void clear(struct msp_stack *s)
{
	struct msp_stack_spec spec = s->spec;

	accumulate_free(&s->sums);
	msp_bytes_free(&s->common);
	msp_bytes_free(&s->ids);
	memset(s, 0, sizeof *s);
	s->spec = spec;
}

void msp_stack_free(struct msp_stack *s)
{
	if (!s)
		return;
	clear(s);
	free(s);
}

uint64_t msp_stack_fold(const struct msp_stack *s)
{
	return s->fold;
}

/* ---- may it enter? ------------------------------------------------------ */

static const char *kind_name(uint16_t kind)
{
	return kind == MSP_SEISMOGRAM ? "a seismogram" : "a time series";
}

static int same_shape(const struct msp_stack *s, const struct msp_object *o, struct msp_error *err)
{
	char a[32], b[32];
	int i;

	if (o->kind != s->kind || o->ncomp != s->ncomp)
		return msp_error_set(err, MSP_KILL, "%s cannot enter a stack of which the first member is %s",
		                     kind_name(o->kind), kind_name(s->kind));
	if (!(fabs(o->dt - s->dt) <= DT_TOLERANCE * s->dt))
		return msp_error_set(err, MSP_KILL, "sample interval %s s is not that of the stack, %s s",
		                     msp_double_format(o->dt, a), msp_double_format(s->dt, b));
	if (o->relative != s->relative)
		return msp_error_set(err, MSP_KILL, "its time is %s, that of the stack is %s",
		                     o->relative ? "relative" : "UTC", s->relative ? "relative" : "UTC");
	for (i = 0; o->kind == MSP_SEISMOGRAM && i < 9; i++)
		if (!(fabs(o->tmatrix[i] - s->tmatrix[i]) <= AXIS_TOLERANCE))
			return msp_error_set(err, MSP_KILL,
			                     "its components do not point where those of the stack do");
	return MSP_OK;
}

/* Where its first sample falls on the stack's grid. */
static int grid_position(const struct msp_stack *s, const struct msp_object *o, int64_t *first,
                         struct msp_error *err)
{
	msp_time offset;
	double at;
	char text[32];

	*first = 0;
	if (s->spec.align == MSP_ALIGN_START || s->fold == 0)
		return MSP_OK;
	if (__builtin_sub_overflow(o->start, s->origin, &offset))
		return msp_error_set(err, MSP_KILL, "its time is out of range");
	at = (double)offset / 1e9 / s->dt;
	if (!(fabs(at) < 1e15))
		return msp_error_set(err, MSP_KILL, "its time is out of range");
	*first = (int64_t)round(at);
	at = fabs(at - (double)*first);
	if (at <= GRID_TOLERANCE)
		return MSP_OK;
	snprintf(text, sizeof text, "%.3f", at);
	return msp_error_set(err, MSP_KILL, "its samples lie %s of a sample beside those of the stack", text);
}

static int member_weight(const struct msp_stack *s, const struct msp_object *o, double *w,
                         struct msp_error *err)
{
	char scratch[MSP_ID_TEXT], text[32];
	struct msp_value v;

	*w = 1;
	if (s->spec.op != MSP_STACK_WEIGHTED)
		return MSP_OK;
	msp_object_get(o, s->spec.weights, &v, scratch);
	if (v.type == MSP_V_INT)
		*w = (double)v.u.i;
	else if (v.type == MSP_V_DOUBLE)
		*w = v.u.d;
	else
		return msp_error_set(err, MSP_KILL, "no weight: key '%s' is %s", s->spec.weights,
		                     v.type == MSP_V_UNDEFINED ? "undefined" : "not a number");
	if (*w >= 0 && isfinite(*w))
		return MSP_OK;
	return msp_error_set(err, MSP_KILL, "weight %s is not a finite number of 0 or more",
	                     msp_double_format(*w, text));
}

static int check_samples(const struct msp_stack *s, struct msp_object *o, struct msp_error *err)
{
	size_t n = (size_t)o->npts, i;
	uint32_t c;
	int st;

	if (n == 0)
		return msp_error_set(err, MSP_KILL, "no samples");
	if ((st = signal_doubles(o, err)) < 0)
		return st;
	for (c = 0; c < o->ncomp; c++) {
		const double *x = msp_object_f64(o, c);

		if ((st = msp_check_finite(x, n, err)) < 0)
			return st;
		for (i = 0; s->spec.op == MSP_STACK_RMS && i < n; i++)
			if (fabs(x[i]) > RMS_LIMIT)
				return msp_error_set(err, MSP_KILL, "the square of sample %zu is beyond the range "
				                     "of a double", i);
	}
	return MSP_OK;
}

/* ---- adding ------------------------------------------------------------- */

static int remember_first(struct msp_stack *s, const struct msp_object *o, struct msp_error *err)
{
	if (!(o->dt > 0) || !isfinite(o->dt))
		return msp_error_set(err, MSP_KILL, "the sample interval is not positive");
	s->kind = o->kind;
	s->ncomp = o->ncomp;
	s->relative = o->relative;
	s->cardinal = o->cardinal;
	s->orthogonal = o->orthogonal;
	s->dt = o->dt;
	memcpy(s->tmatrix, o->tmatrix, sizeof s->tmatrix);
	s->origin = s->earliest = o->start;
	s->shift = o->shift;
	s->shift_valid = o->shift_valid;
	accumulate_free(&s->sums);
	accumulate_init(&s->sums, &s->spec, o->ncomp);
	return MSP_OK;
}

static int remember(struct msp_stack *s, const struct msp_object *o)
{
	if (s->fold == 0) {
		if (msp_bytes_set(&s->common, o->metadata.data, o->metadata.len) < 0)
			return MSP_NOMEM;
	} else if (common_keep(&s->common, &o->metadata) < 0) {
		return MSP_NOMEM;
	}
	if (s->spec.list_ids && msp_bytes_append(&s->ids, o->id.byte, sizeof o->id.byte) < 0)
		return MSP_NOMEM;
	if (o->start < s->earliest)
		s->earliest = o->start;
	if (!o->shift_valid || o->shift != s->shift)
		s->shift_valid = false;
	s->combined = s->fold ? msp_id_sum(s->combined, o->id) : o->id;
	s->fold++;
	return MSP_OK;
}

int msp_stack_add(struct msp_stack *s, struct msp_object *o, struct msp_error *err)
{
	int64_t first;
	double weight;
	int st;

	if (!msp_object_is_data(o) || !o->live)
		return msp_error_set(err, MSP_USAGE, "only live data can enter a stack");
	st = s->fold == 0 ? remember_first(s, o, err) : same_shape(s, o, err);
	if (st < 0 || (st = grid_position(s, o, &first, err)) < 0
	    || (st = member_weight(s, o, &weight, err)) < 0 || (st = check_samples(s, o, err)) < 0)
		return st;
	st = accumulate_add(&s->sums, msp_object_f64(o, 0), first, o->npts, weight, err);
	if (st == MSP_OK)
		st = remember(s, o);
	return st == MSP_NOMEM ? signal_no_memory(err) : st;
}

/* ---- the result --------------------------------------------------------- */

static int write_history(const struct msp_stack *s, struct msp_object *out)
{
	char hex[MSP_ID_TEXT], key[MSP_DOC_INDEX];
	struct msp_doc doc;

	msp_doc_begin(&doc, &out->history);
	msp_doc_int(&doc, "inputs", (int64_t)s->fold);
	msp_doc_string(&doc, "combined", msp_id_format(&s->combined, hex));
	if (s->spec.list_ids) {
		size_t list = msp_doc_open_array(&doc, "ids"), i;

		for (i = 0; i < s->ids.len / sizeof s->combined.byte; i++) {
			struct msp_id id;

			memcpy(id.byte, s->ids.data + i * sizeof id.byte, sizeof id.byte);
			msp_doc_string(&doc, msp_doc_index((uint32_t)i, key), msp_id_format(&id, hex));
		}
		msp_doc_close(&doc, list);
	}
	return msp_doc_end(&doc);
}

static int write_metadata(const struct msp_stack *s, const struct msp_object *base, struct msp_object *out)
{
	if (base && msp_bytes_set(&out->metadata, base->metadata.data, base->metadata.len) < 0)
		return MSP_NOMEM;
	if (common_merge(&out->metadata, &s->common) < 0)
		return MSP_NOMEM;
	return msp_meta_set_int(out, "fold", (int64_t)s->fold);
}

static msp_time result_start(const struct msp_stack *s)
{
	if (s->spec.align == MSP_ALIGN_START)
		return s->earliest;
	return s->origin + msp_time_of_samples(s->sums.first, s->dt);
}

/* Everything but the samples. */
static int write_frame(const struct msp_stack *s, const struct msp_object *base, struct msp_object *out,
                       uint64_t n)
{
	if (msp_object_reset(out, s->fold ? s->kind : MSP_TIMESERIES, MSP_F64, n) < 0)
		return MSP_NOMEM;
	if (s->fold) {
		out->dt = s->dt;
		out->relative = s->relative;
		out->shift_valid = s->shift_valid;
		out->shift = s->shift_valid ? s->shift : 0;
		out->start = result_start(s);
		out->cardinal = s->cardinal;
		out->orthogonal = s->orthogonal;
		memcpy(out->tmatrix, s->tmatrix, sizeof out->tmatrix);
		out->id = s->combined;
	} else if (base) {
		out->id = base->id;
	}
	if (write_metadata(s, base, out) < 0)
		return MSP_NOMEM;
	return write_history(s, out);
}

/* Why there can be no stack, or OK. */
static int check_result(const struct msp_stack *s, struct msp_error *err)
{
	if (s->fold == 0)
		return msp_error_set(err, MSP_KILL, "no live member");
	if (s->sums.n == 0)
		return msp_error_set(err, MSP_KILL, "the members have no time in common");
	if (s->spec.op == MSP_STACK_WEIGHTED && !(s->sums.total > 0))
		return msp_error_set(err, MSP_KILL, "the weights sum to zero");
	return MSP_OK;
}

int msp_stack_finish(struct msp_stack *s, const struct msp_object *base, struct msp_object *out,
                     struct msp_error *err)
{
	int result = check_result(s, err), st;

	st = write_frame(s, base, out, result < 0 ? 0 : s->sums.n);
	if (st == MSP_OK && result == MSP_OK) {
		result = accumulate_finish(&s->sums, msp_object_f64(out, 0), err);
		if (result == MSP_KILL) {
			out->npts = 0;
			out->samples.len = 0;
		}
	}
	clear(s);
	if (st == MSP_NOMEM || result == MSP_NOMEM)
		return signal_no_memory(err);
	return st < 0 ? st : result;
}
