/* What msread does with files. A foreign file that can be read twice, and of which not everything may be wanted, is: first
 * the headers, to choose, then the samples of what was chosen. An msp stream is handed on as by a filter: its segments, ids and history stay. */
#include "tool/recordings.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

static const char *name_of(const struct msp_source *s)
{
	return s->path ? s->path : "standard input";
}

static struct msp_input *open_input(struct msp_recordings *r, const struct msp_source *s, int fd, struct msp_input_options *o)
{
	if (o->format == MSP_FORMAT_UNKNOWN)
		o->format = r->options.from;
	o->offset = s->offset;
	o->size = s->end > 0 ? s->end - s->offset : 0;
	o->least = s->size == 0 ? 0 : (s->end > 0 ? s->end : s->size) - s->offset;
	o->poll = msp_job_poll_fn();
	o->context = r->job;
	return msp_input_open(fd, name_of(s), o, msp_job_error(r->job));
}

static int go_back(struct msp_recordings *r, const struct msp_source *s, int fd)
{
	if (lseek(fd, (off_t)s->offset, SEEK_SET) >= 0)
		return MSP_OK;
	return msp_error_errno(msp_job_error(r->job), MSP_FAIL, "%s", name_of(s));
}

/* Several parts have something of the file. */
static bool divided(const struct msp_recordings *r)
{
	return r->here && r->here->first < r->here->last;
}

/* The trouble of a file. */
static void tell(struct msp_recordings *r, const struct msp_source *s, const struct msp_input_skips *skips)
{
	if (skips->text > 0)
		msp_job_warn(r->job, "%s: %" PRIu64 " records of text left out", name_of(s), skips->text);
	if (skips->control + skips->empty > 0)
		msp_job_say(r->job, "%s: %" PRIu64 " records without samples", name_of(s), skips->control + skips->empty);
	msp_recordings_tell(r, name_of(s));
}

/* All objects of an input; those of a plan are chosen already. */
static int read_objects(struct msp_recordings *r, struct msp_input *in, bool planned)
{
	struct msp_object o;
	int rc = 0;

	msp_object_init(&o);
	while (!(r->full && !planned) && (rc = msp_input_next(in, &o, msp_job_error(r->job))) > 0) {
		rc = planned ? 1 : recordings_choose(r, &o);
		if (rc > 0)
			rc = recordings_give(r, &o);
		if (rc < 0)
			break;
	}
	msp_object_free(&o);
	return rc;
}

/* What is chosen of a range of a file. */
static int read_chosen(struct msp_recordings *r, const struct msp_source *s, int fd, struct msp_input_options *o)
{
	int rc = go_back(r, s, fd);
	struct msp_input *in;

	if (rc != MSP_OK)
		return rc;
	o->headers = r->options.headers;
	in = open_input(r, s, fd, o);
	rc = in ? read_objects(r, in, true) : msp_job_error(r->job)->status;
	msp_input_free(in);
	return rc;
}

static int read_plan(struct msp_recordings *r, const struct msp_source *s, int fd, struct msp_plan *plan, int format)
{
	struct msp_input_options all = {.format = format, .want = msp_plan_wants, .want_context = plan},
	                         one = {.format = format, .want = msp_input_first};
	int rc = MSP_OK;

	if (!msp_plan_apart(plan, (s->end > 0 ? s->end : s->size) - s->offset))
		return read_chosen(r, s, fd, &all);
	for (size_t i = 0; i < plan->listed && rc == MSP_OK; i++) {
		struct msp_source span = *s;

		span.offset = plan->list[i].offset;
		if (plan->list[i].end > span.offset)
			span.end = plan->list[i].end;
		rc = read_chosen(r, &span, fd, &one);
	}
	return rc;
}

static int read_planned(struct msp_recordings *r, const struct msp_source *s, int fd)
{
	struct msp_plan plan = {0};
	struct msp_input_options headers = {.headers = true};
	int rc = go_back(r, s, fd);
	struct msp_input *in = rc == MSP_OK ? open_input(r, s, fd, &headers) : NULL;

	rc = in ? msp_plan_make(&plan, in, recordings_choose, r, msp_job_error(r->job)) : msp_job_error(r->job)->status;
	if (rc == MSP_OK && divided(r))
		msp_plan_divide(&plan, r->here, r->part);
	if (rc == MSP_OK && plan.kept > 0) {
		rc = read_plan(r, s, fd, &plan, msp_input_format(in));
		if (rc == MSP_OK)
			tell(r, s, msp_input_skipped(in));
	}
	msp_input_free(in);
	msp_plan_free(&plan);
	return rc;
}

/* Headers are read first, to choose what else is. */
static bool planned(const struct msp_recordings *r, const struct msp_source *s)
{
	return s->path && s->size > 0 && (r->options.exprs.n > 0 || (r->here ? divided(r) : r->parts > 0) || recordings_windowed(r) ||
	                                  r->options.limit >= 0);
}

static int read_source(struct msp_recordings *r, const struct msp_source *s, struct msp_input *in, int fd)
{
	const void *peeked;
	size_t n;

	peeked = msp_input_peeked(in, &n);
	r->bytes += n;
	if (msp_input_format(in) == MSP_FORMAT_MSP && s->offset + s->end > 0)
		return msp_error_set(msp_job_error(r->job), MSP_USAGE, "%s: a range of bytes is no msp stream", name_of(s));
	if (msp_input_format(in) == MSP_FORMAT_MSP) {
		int rc = recordings_settle(r);

		return rc == MSP_OK ? msp_job_relay(r->job, fd, name_of(s), peeked, n) : rc;
	}
	r->own_due = true;
	if (planned(r, s))
		return read_planned(r, s, fd);
	if (read_objects(r, in, false) < 0)
		return msp_job_error(r->job)->status;
	if (n > 0 || r->sources->n > 1) /* nothing at all is said in the end */
		tell(r, s, msp_input_skipped(in));
	return MSP_OK;
}

/* A file of a directory that cannot be opened: one dead object stands for it, and the others are read. */
static int unreadable(struct msp_recordings *r, const struct msp_source *s)
{
	static const struct msp_input_skips none;
	struct msp_error *err = msp_job_error(r->job);
	size_t n = strlen(s->path) + 2; /* PATH: REASON */
	struct msp_input *in;
	int rc;

	in = msp_input_dead(s->path, strlen(err->text) > n ? err->text + n : err->text, err);
	if (!in)
		return err->status;
	memset(err, 0, sizeof *err);
	rc = read_objects(r, in, false);
	msp_input_free(in);
	if (rc == MSP_OK)
		tell(r, s, &none);
	return rc;
}

static int read_open(struct msp_recordings *r, const struct msp_source *s, int fd)
{
	struct msp_input_options o = {.headers = r->options.headers};
	struct msp_input *in = s->path ? NULL : r->standard;
	int rc;

	if (r->here && planned(r, s)) { /* it is no stream: nothing needs to be looked at before */
		r->own_due = true;
		r->bytes += s->size;
		return read_planned(r, s, fd);
	}
	if (!in)
		in = open_input(r, s, fd, &o);
	rc = in ? read_source(r, s, in, fd) : msp_job_error(r->job)->status;
	if (in != r->standard)
		msp_input_free(in);
	return rc;
}

int msp_recordings_read(struct msp_recordings *r, const struct msp_source *s)
{
	uint64_t size;
	int fd, rc = 0;

	if (!recordings_enter(r, s))
		return MSP_OK;
	fd = msp_source_open(s, &size, msp_job_poll_fn(), r->job, msp_job_error(r->job));
	if (fd == MSP_FAIL && s->found && r->here && r->here->first != r->part)
		return MSP_OK; /* it could be read when it was found; one part tells */
	if (fd == MSP_FAIL && s->found)
		return unreadable(r, s);
	if (fd < 0)
		return fd;
	if (r->here)
		rc = recordings_part(r, s, fd);
	if (rc == 0)
		rc = read_open(r, s, fd);
	if (s->path)
		close(fd);
	return rc < 0 ? rc : MSP_OK;
}

/* The stream's origin: what the sources are and what is selected, but not which part. */
int msp_recordings_origin(struct msp_recordings *r, const struct msp_sources *sources)
{
	struct msp_input_options o = {.headers = r->options.headers};
	const struct msp_source input = {0};
	const void *head = NULL;
	struct msp_id id;
	uint64_t size;
	size_t n = 0;
	int rc;

	r->sources = sources;
	rc = recordings_share(r);
	if (rc != MSP_OK)
		return rc;
	if (sources->standard_inputs > 0) {
		int fd = msp_source_open(&input, &size, msp_job_poll_fn(), r->job, msp_job_error(r->job));

		if (fd < 0)
			return fd;
		r->standard = open_input(r, &input, fd, &o);
		if (!r->standard)
			return msp_job_error(r->job)->status;
		head = msp_input_peeked(r->standard, &n);
		n = n < MSP_FORMAT_SNIFF ? n : MSP_FORMAT_SNIFF;
	}
	rc = msp_sources_hash(sources, head, n, &id, msp_job_error(r->job));
	return rc < 0 ? rc : msp_job_origin(r->job, msp_id_next(id, msp_job_stage_id(r->job), 0), r->part, r->parts);
}
