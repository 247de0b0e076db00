/* What msread does with its sources: which objects are chosen, what of them comes out, and what is told of them. */
#include "tool/recordings.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

int recordings_nomem(struct msp_recordings *r)
{
	return msp_error_set(msp_job_error(r->job), MSP_NOMEM, "out of memory");
}

/* ---- options ----------------------------------------------------------- */

static int parse_part(struct msp_recordings *r)
{
	struct msp_error *err = msp_job_error(r->job);
	const char *text = r->options.part, *slash = text ? strchr(text, '/') : NULL;
	char first[24];
	int64_t i, n;

	if (!text)
		return MSP_OK;
	if (!slash || slash - text >= (ptrdiff_t)sizeof first)
		return msp_error_set(err, MSP_USAGE, "--part %s: expected I/N, such as 3/8", text);
	memcpy(first, text, (size_t)(slash - text));
	first[slash - text] = '\0';
	if (msp_parse_int(slash + 1, 1, UINT32_MAX, &n, err) < 0 || msp_parse_int(first, 1, n, &i, err) < 0)
		return msp_error_prefix(err, "--part %s", text);
	r->part = (uint32_t)i;
	r->parts = (uint32_t)n;
	return MSP_OK;
}

static int compile(struct msp_recordings *r)
{
	r->expr = calloc(r->options.exprs.n + 1, sizeof(struct msp_expr *));
	if (!r->expr)
		return recordings_nomem(r);
	for (size_t i = 0; i < r->options.exprs.n; i++) {
		int rc = msp_job_expr(r->job, r->options.exprs.item[i], MSP_EXPR_CONDITION, &r->expr[i]);

		if (rc < 0)
			return rc;
	}
	return MSP_OK;
}

struct msp_recordings *msp_recordings_new(struct msp_job *job, const struct msp_recordings_options *options)
{
	struct msp_recordings *r = calloc(1, sizeof *r);
	int rc;

	if (!r) {
		msp_error_set(msp_job_error(job), MSP_NOMEM, "out of memory");
		return NULL;
	}
	r->job = job;
	r->options = *options;
	rc = recordings_windowed(r) && options->start != MSP_OPT_UNSET && options->end != MSP_OPT_UNSET && options->end < options->start
	             ? msp_error_set(msp_job_error(job), MSP_USAGE, "--end is before --start") : MSP_OK;
	if (rc == MSP_OK)
		rc = parse_part(r);
	if (rc == MSP_OK)
		rc = compile(r);
	if (rc == MSP_OK && (options->sort || options->group)) {
		r->arrange = msp_arrange_new(job, options->sort, options->group, options->max_memory);
		rc = r->arrange ? MSP_OK : msp_job_error(job)->status;
	}
	if (rc == MSP_OK && (options->limit >= 0 || r->arrange))
		msp_job_restream(job);
	if (rc == MSP_OK)
		return r;
	msp_recordings_free(r);
	return NULL;
}

void msp_recordings_free(struct msp_recordings *r)
{
	if (!r)
		return;
	for (size_t i = 0; r->expr && i < r->options.exprs.n; i++)
		msp_expr_free(r->expr[i]);
	free(r->expr);
	msp_arrange_free(r->arrange);
	msp_input_free(r->standard);
	free(r->share);
	free(r);
}

/* ---- choosing ---------------------------------------------------------- */

bool recordings_windowed(const struct msp_recordings *r)
{
	return r->options.start != MSP_OPT_UNSET || r->options.end != MSP_OPT_UNSET;
}

/* 1: the object is in the selection; 0: it is not; below 0: failure. What is dead for want of data has no times. */
static int selected(struct msp_recordings *r, const struct msp_object *o)
{
	if (!msp_object_is_data(o))
		return 1;
	if (recordings_windowed(r) && o->live &&
	    (o->relative || (r->options.start != MSP_OPT_UNSET && msp_object_end(o) < r->options.start) ||
	     (r->options.end != MSP_OPT_UNSET && o->start > r->options.end)))
		return 0;
	for (size_t i = 0; i < r->options.exprs.n; i++) {
		bool yes;

		if (msp_expr_test(r->expr[i], o, &yes) < 0)
			return recordings_nomem(r);
		if (!yes)
			return 0;
	}
	return 1;
}

/* Counts one more unit of the selection; true if it is to come out here. */
static bool count(struct msp_recordings *r)
{
	uint64_t n = r->chosen;

	if (r->here)
		return recordings_ours(r);
	if (r->full || (r->options.limit >= 0 && n >= (uint64_t)r->options.limit)) {
		r->full = true;
		return false;
	}
	r->chosen++;
	return r->parts == 0 || n % r->parts == r->part - 1;
}

int recordings_choose(void *context, struct msp_object *o)
{
	struct msp_recordings *r = context;
	int rc = selected(r, o);

	return rc > 0 ? count(r) : rc;
}

/* ---- what comes out ---------------------------------------------------- */

static int put(struct msp_recordings *r, struct msp_object *o)
{
	return r->arrange ? msp_arrange_put(r->arrange, o) : msp_pass(r->job, o);
}

/* Cuts and strips a live object. 1: it is another one now; 0: it is as it was, or (*gone) nothing is left of it. */
static int trim(struct msp_recordings *r, struct msp_object *o, bool *gone)
{
	bool changed = false;

	*gone = false;
	if (!o->live || !msp_object_is_data(o))
		return 0;
	if (recordings_windowed(r)) {
		int left = msp_object_cut(o, r->options.start != MSP_OPT_UNSET ? r->options.start : INT64_MIN,
		                          r->options.end != MSP_OPT_UNSET ? r->options.end : INT64_MAX, &changed);

		if (left < 0)
			return recordings_nomem(r);
		*gone = left == 0;
	}
	if (r->options.headers && o->type != MSP_NONE) {
		msp_bytes_borrow(&o->samples, NULL, 0);
		o->type = MSP_NONE;
		o->width = 0;
		changed = true;
	}
	return changed;
}

/* The worst of the first n entries of the log, as far back as they are by the same hand as the last; the earliest of equal ones. */
static bool trouble_of(const struct msp_object *o, uint32_t n, struct msp_log_entry *out)
{
	struct msp_log_entry last, e;
	int worst = INT_MAX;

	if (!msp_object_log_get(o, n - 1, &last))
		return false;
	for (uint32_t i = n; i-- > 0 && msp_object_log_get(o, i, &e) && strcmp(e.algorithm, last.algorithm) == 0;) {
		int severity = 0;

		while (severity < MSP_INFORMATIONAL && strcmp(e.badness, msp_severity_name(severity)) != 0)
			severity++;
		if (severity <= worst) {
			worst = severity;
			*out = e;
		}
	}
	return worst != INT_MAX;
}

/* n: how many entries of its log there are to be told; one is. The reason of one that is dead comes before that of one that is not. */
static void note(struct msp_recordings *r, const struct msp_object *o, uint32_t n)
{
	struct msp_log_entry e;
	bool first = o->live ? r->dead == 0 && r->complaints == 0 : r->dead == 0;

	r->objects++;
	if (n == 0)
		return;
	if (o->live)
		r->complaints++;
	else
		r->dead++;
	if (first && trouble_of(o, n, &e))
		snprintf(r->first, sizeof r->first, "%s", e.message);
}

/* An object whose origin is here. */
int recordings_give(struct msp_recordings *r, struct msp_object *o)
{
	bool gone;
	int rc = trim(r, o, &gone);

	if (rc < 0 || gone)
		return rc;
	note(r, o, msp_object_log_count(o) > 0 ? 1 : 0);
	msp_object_origin_id(o);
	return put(r, o);
}

/* An object of a stream that is handed on. */
static int hand_on(struct msp_recordings *r, struct msp_object *o)
{
	bool gone;
	int rc = trim(r, o, &gone);

	if (rc < 0 || gone)
		return rc;
	if (rc > 0)
		o->id = msp_id_next(o->id, msp_job_stage_id(r->job), 0);
	return put(r, o);
}

/* A whole ensemble counts as one. */
int msp_recordings_flow(struct msp_recordings *r, struct msp_object *o)
{
	int rc;

	if (o->kind == MSP_ENSEMBLE_BEGIN) {
		r->inside = true;
		r->keep_ensemble = count(r);
		rc = r->keep_ensemble ? put(r, o) : MSP_OK;
	} else if (o->kind == MSP_ENSEMBLE_END) {
		r->inside = false;
		rc = r->keep_ensemble ? put(r, o) : MSP_OK;
	} else if (r->inside) {
		rc = r->keep_ensemble ? selected(r, o) : 0;
		if (rc > 0)
			rc = hand_on(r, o);
	} else {
		rc = recordings_choose(r, o);
		if (rc > 0)
			rc = hand_on(r, o);
	}
	if (r->full)
		msp_job_stop_early(r->job);
	return rc < 0 ? rc : MSP_OK;
}

/* ---- objects of other sources ------------------------------------------ */

int msp_recordings_put(struct msp_recordings *r, struct msp_object *o, unsigned flags)
{
	bool gone = false;
	int rc = 0;

	if (msp_object_is_data(o)) {
		if (o->live && recordings_windowed(r) && o->relative)
			return MSP_OK;
		rc = trim(r, o, &gone);
		if (rc < 0 || gone)
			return rc;
		note(r, o, flags & MSP_RECORDING_TROUBLE ? msp_object_log_count(o) : 0);
		rc |= (flags & MSP_RECORDING_CHANGED) != 0;
	}
	if (rc > 0 && flags & MSP_RECORDING_ORIGIN)
		msp_object_origin_id(o);
	else if (rc > 0)
		o->id = msp_id_next(o->id, msp_job_stage_id(r->job), 0);
	return flags & MSP_RECORDING_ARRANGE ? put(r, o) : msp_pass(r->job, o);
}

struct msp_expr *const *msp_recordings_exprs(const struct msp_recordings *r)
{
	return r->expr;
}

void msp_recordings_part(const struct msp_recordings *r, uint32_t *part, uint32_t *parts)
{
	*part = r->part;
	*parts = r->parts;
}

uint64_t msp_recordings_left(const struct msp_recordings *r)
{
	return r->options.limit < 0 ? UINT64_MAX : (uint64_t)r->options.limit - r->chosen;
}

void msp_recordings_count(struct msp_recordings *r, uint64_t chosen)
{
	r->own_due = true;
	r->chosen += chosen;
	r->full |= r->options.limit >= 0 && r->chosen >= (uint64_t)r->options.limit;
}

bool msp_recordings_full(const struct msp_recordings *r)
{
	return r->full;
}

uint64_t msp_recordings_bytes(const struct msp_recordings *r)
{
	return r->bytes;
}

void msp_recordings_tell(struct msp_recordings *r, const char *name)
{
	uint64_t bad = r->dead > 0 ? r->dead : r->complaints;

	if (bad > 0 && r->told++ < RECORDINGS_NAMED)
		msp_job_warn(r->job, "%s: %" PRIu64 " of %" PRIu64 " objects %s %s: %s", name, bad, r->objects, bad == 1 ? "is" : "are",
		             r->dead > 0 ? "dead" : "doubtful", r->first);
	msp_job_strict_kill_count(r->job, r->dead);
	r->all_dead += r->dead;
	r->objects = r->dead = r->complaints = 0;
	r->first[0] = '\0';
}

int msp_recordings_drain(struct msp_recordings *r)
{
	int rc = r->arrange ? msp_arrange_drain(r->arrange) : recordings_settle(r);

	for (size_t i = 0; i < r->options.exprs.n; i++)
		msp_job_complaints(r->job, r->expr[i], "comparisons with it are false");
	if (r->told > RECORDINGS_NAMED)
		msp_job_warn(r->job, "%" PRIu64 " dead objects in all; %" PRIu64 " more sources have some", r->all_dead,
		             r->told - RECORDINGS_NAMED);
	return rc;
}
