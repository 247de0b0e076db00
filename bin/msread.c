/* msread - read recordings: files, directories, lists, streams
 *
 * A foreign file that can be read twice, and of which not everything may be wanted, is: first the headers, to choose,
 * then the samples of what was chosen. An msp stream is handed on as by a filter: its segments, ids and history stay. */
#include "mspipe/format.h"
#include "mspipe/gather.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAMED 10 /* files whose dead objects are told one by one */

struct read {
	struct msp_strings exprs; /* options */
	int from;
	msp_time start, end;
	const char *part_text, *sort_text, *group_text;
	int64_t limit;
	bool headers;
	uint64_t max_memory;

	struct msp_job *job;
	struct msp_sources sources;
	struct msp_expr **expr;
	uint32_t part, parts;
	uint64_t chosen;            /* units that the selection had so far: what --part and --limit count */
	bool full;                  /* --limit is reached */
	bool inside, keep_ensemble; /* of a relayed stream */
	struct msp_arrange *arrange; /* --sort, --group */
	struct msp_input *standard; /* standard input, looked at already */
	uint64_t bytes, told;       /* bytes met; files whose troubles were told */
	uint64_t objects, dead, complaints; /* of the file being read */
	char first[200];            /* its first trouble */
	uint64_t all_dead;
};

#define AT(m) offsetof(struct read, m)
static const struct msp_option options[] = {
	{.name = "expr", .letter = 'e', .type = MSP_OPT_STRINGS, .offset = AT(exprs), .arg = "EXPR",
	 .help = "only objects for which EXPR is true, see msexpr(7); several must all be"},
	{.name = "from", .type = MSP_OPT_CHOICE, .offset = AT(from), .arg = "FORMAT", .choices = "auto|msp|mseed|sac", .def = "auto",
	 .help = "what the sources are (default: told by their content)"},
	{.name = "start", .type = MSP_OPT_TIME, .offset = AT(start), .arg = "T", .help = "no samples before T"},
	{.name = "end", .type = MSP_OPT_TIME, .offset = AT(end), .arg = "T", .help = "no samples after T"},
	{.name = "part", .type = MSP_OPT_STRING, .offset = AT(part_text), .arg = "I/N", .flags = MSP_OPTF_NOID,
	 .help = "the I-th of N parts of the selection, I from 1"},
	{.name = "limit", .type = MSP_OPT_INT, .offset = AT(limit), .arg = "N", .def = "-1", .min = 0, .max = 9e15,
	 .help = "only the first N objects of the selection"},
	{.name = "headers", .type = MSP_OPT_FLAG, .offset = AT(headers), .help = "no samples"},
	{.name = "sort", .type = MSP_OPT_STRING, .offset = AT(sort_text), .arg = "KEYS",
	 .help = "sort by these keys, such as sta,-starttime"},
	{.name = "group", .type = MSP_OPT_STRING, .offset = AT(group_text), .arg = "KEYS",
	 .help = "make an ensemble of the objects that are equal in these keys"},
	{.name = "max-mem", .type = MSP_OPT_SIZE, .offset = AT(max_memory), .arg = "SIZE", .def = "1G", .flags = MSP_OPTF_NOID,
	 .help = "--sort, --group: objects held in memory; more go to files in $TMPDIR (default 1G)"},
	{0},
};

static int out_of_memory(struct read *r)
{
	return msp_error_set(msp_job_error(r->job), MSP_NOMEM, "out of memory");
}

/* ---- options ----------------------------------------------------------- */

static int parse_part(struct read *r)
{
	struct msp_error *err = msp_job_error(r->job);
	const char *slash = r->part_text ? strchr(r->part_text, '/') : NULL;
	char first[24];
	int64_t i, n;

	if (!r->part_text)
		return MSP_OK;
	if (!slash || slash - r->part_text >= (ptrdiff_t)sizeof first)
		return msp_error_set(err, MSP_USAGE, "--part %s: expected I/N, such as 3/8", r->part_text);
	memcpy(first, r->part_text, (size_t)(slash - r->part_text));
	first[slash - r->part_text] = '\0';
	if (msp_parse_int(slash + 1, 1, UINT32_MAX, &n, err) < 0 || msp_parse_int(first, 1, n, &i, err) < 0)
		return msp_error_prefix(err, "--part %s", r->part_text);
	r->part = (uint32_t)i;
	r->parts = (uint32_t)n;
	return MSP_OK;
}

static int compile(struct read *r)
{
	r->expr = calloc(r->exprs.n + 1, sizeof(struct msp_expr *));
	if (!r->expr)
		return out_of_memory(r);
	for (size_t i = 0; i < r->exprs.n; i++) {
		int rc = msp_job_expr(r->job, r->exprs.item[i], MSP_EXPR_CONDITION, &r->expr[i]);

		if (rc < 0)
			return rc;
	}
	return MSP_OK;
}

static int find_sources(struct read *r)
{
	struct msp_error *err = msp_job_error(r->job);
	int n = msp_job_operands(r->job), rc = n == 0 ? msp_sources_add(&r->sources, "-", err) : MSP_OK;

	for (int i = 0; i < n && rc == MSP_OK; i++)
		rc = msp_sources_add(&r->sources, msp_job_operand(r->job, i), err);
	return rc;
}

static int start(void *self, struct msp_job *job)
{
	struct read *r = self;
	int rc;

	r->job = job;
	if (r->start != MSP_OPT_UNSET && r->end != MSP_OPT_UNSET && r->end < r->start)
		return msp_error_set(msp_job_error(job), MSP_USAGE, "--end is before --start");
	rc = parse_part(r);
	if (rc == MSP_OK)
		rc = compile(r);
	if (rc == MSP_OK && (r->sort_text || r->group_text)) {
		r->arrange = msp_arrange_new(job, r->sort_text, r->group_text, r->max_memory);
		rc = r->arrange ? MSP_OK : msp_job_error(job)->status;
	}
	if (rc == MSP_OK)
		rc = find_sources(r);
	if (rc == MSP_OK) /* where the sources lie makes no difference to what becomes of the objects */
		rc = msp_job_canonical_operands(job, "");
	if (rc == MSP_OK && (r->limit >= 0 || r->arrange))
		msp_job_restream(job);
	return rc;
}

/* ---- choosing ---------------------------------------------------------- */

static bool windowed(const struct read *r)
{
	return r->start != MSP_OPT_UNSET || r->end != MSP_OPT_UNSET;
}

/* 1: the object is in the selection; 0: it is not; below 0: failure. What is dead for want of data has no times. */
static int selected(struct read *r, const struct msp_object *o)
{
	if (!msp_object_is_data(o))
		return 1;
	if (windowed(r) && o->live &&
	    (o->relative || (r->start != MSP_OPT_UNSET && msp_object_end(o) < r->start) || (r->end != MSP_OPT_UNSET && o->start > r->end)))
		return 0;
	for (size_t i = 0; i < r->exprs.n; i++) {
		bool yes;

		if (msp_expr_test(r->expr[i], o, &yes) < 0)
			return out_of_memory(r);
		if (!yes)
			return 0;
	}
	return 1;
}

/* Counts one more unit of the selection; true if it is to come out here. */
static bool count(struct read *r)
{
	uint64_t n = r->chosen;

	if (r->full || (r->limit >= 0 && n >= (uint64_t)r->limit)) {
		r->full = true;
		return false;
	}
	r->chosen++;
	return r->parts == 0 || n % r->parts == r->part - 1;
}

static int choose(void *context, struct msp_object *o)
{
	struct read *r = context;
	int rc = selected(r, o);

	return rc > 0 ? count(r) : rc;
}

/* ---- what comes out ---------------------------------------------------- */

static int put(struct read *r, struct msp_object *o)
{
	return r->arrange ? msp_arrange_put(r->arrange, o) : msp_pass(r->job, o);
}

/* Cuts and strips a live object. 1: it is another one now; 0: it is as it was, or (*gone) nothing is left of it. */
static int trim(struct read *r, struct msp_object *o, bool *gone)
{
	bool changed = false;

	*gone = false;
	if (!o->live || !msp_object_is_data(o))
		return 0;
	if (windowed(r)) {
		int left = msp_object_cut(o, r->start != MSP_OPT_UNSET ? r->start : INT64_MIN,
		                          r->end != MSP_OPT_UNSET ? r->end : INT64_MAX, &changed);

		if (left < 0)
			return out_of_memory(r);
		*gone = left == 0;
	}
	if (r->headers && o->type != MSP_NONE) {
		msp_bytes_borrow(&o->samples, NULL, 0);
		o->type = MSP_NONE;
		o->width = 0;
		changed = true;
	}
	return changed;
}

static void note(struct read *r, const struct msp_object *o)
{
	struct msp_log_entry e;

	r->objects++;
	if (msp_object_log_count(o) == 0)
		return;
	if (o->live)
		r->complaints++;
	else
		r->dead++;
	if (r->first[0] == '\0' && msp_object_log_get(o, 0, &e))
		snprintf(r->first, sizeof r->first, "%s", e.message);
}

/* An object whose origin is here. */
static int give(struct read *r, struct msp_object *o)
{
	bool gone;
	int rc = trim(r, o, &gone);

	if (rc < 0 || gone)
		return rc;
	note(r, o);
	msp_object_origin_id(o);
	return put(r, o);
}

/* An object of a stream that is handed on. */
static int hand_on(struct read *r, struct msp_object *o)
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
static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct read *r = self;
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
		rc = choose(r, o);
		if (rc > 0)
			rc = hand_on(r, o);
	}
	if (r->full)
		msp_job_stop_early(job);
	return rc < 0 ? rc : MSP_OK;
}

/* ---- sources ----------------------------------------------------------- */

static const char *name_of(const struct msp_source *s)
{
	return s->path ? s->path : "standard input";
}

static struct msp_input *open_input(struct read *r, const struct msp_source *s, int fd, struct msp_input_options *o)
{
	o->format = r->from;
	o->offset = s->offset;
	o->size = s->end > 0 ? s->end - s->offset : 0;
	o->least = s->size == 0 ? 0 : (s->end > 0 ? s->end : s->size) - s->offset;
	o->poll = msp_job_poll_fn();
	o->context = r->job;
	return msp_input_open(fd, name_of(s), o, msp_job_error(r->job));
}

static int go_back(struct read *r, const struct msp_source *s, int fd)
{
	if (lseek(fd, (off_t)s->offset, SEEK_SET) >= 0)
		return MSP_OK;
	return msp_error_errno(msp_job_error(r->job), MSP_FAIL, "%s", name_of(s));
}

/* The trouble of a file, in one line. */
static void tell(struct read *r, const struct msp_source *s, const struct msp_input_skips *skips)
{
	if (skips->text > 0)
		msp_job_warn(r->job, "%s: %" PRIu64 " records of text left out", name_of(s), skips->text);
	if (skips->control + skips->empty > 0)
		msp_job_say(r->job, "%s: %" PRIu64 " records without samples", name_of(s), skips->control + skips->empty);
	if ((r->dead > 0 || r->complaints > 0) && r->told++ < NAMED)
		msp_job_warn(r->job, "%s: %" PRIu64 " of %" PRIu64 " objects %s %s: %s", name_of(s), r->dead > 0 ? r->dead : r->complaints,
		             r->objects, (r->dead > 0 ? r->dead : r->complaints) == 1 ? "is" : "are", r->dead > 0 ? "dead" : "doubtful",
		             r->first);
	msp_job_strict_kill_count(r->job, r->dead);
	r->all_dead += r->dead;
	r->objects = r->dead = r->complaints = 0;
	r->first[0] = '\0';
}

/* All objects of an input; those of a plan are chosen already. */
static int read_objects(struct read *r, struct msp_input *in, bool planned)
{
	struct msp_object o;
	int rc = 0;

	msp_object_init(&o);
	while (!(r->full && !planned) && (rc = msp_input_next(in, &o, msp_job_error(r->job))) > 0) {
		rc = planned ? 1 : choose(r, &o);
		if (rc > 0)
			rc = give(r, &o);
		if (rc < 0)
			break;
	}
	msp_object_free(&o);
	return rc;
}

static int read_planned(struct read *r, const struct msp_source *s, int fd)
{
	struct msp_plan plan = {0};
	struct msp_input_options first = {.headers = true}, second = {.headers = r->headers, .want = msp_plan_wants, .want_context = &plan};
	struct msp_input *in;
	int rc = go_back(r, s, fd);

	in = rc == MSP_OK ? open_input(r, s, fd, &first) : NULL;
	rc = in ? msp_plan_make(&plan, in, choose, r, msp_job_error(r->job)) : msp_job_error(r->job)->status;
	msp_input_free(in);
	if (rc == MSP_OK && plan.kept > 0 && (rc = go_back(r, s, fd)) == MSP_OK) {
		in = open_input(r, s, fd, &second);
		rc = in ? read_objects(r, in, true) : msp_job_error(r->job)->status;
		if (in)
			tell(r, s, msp_input_skipped(in));
		msp_input_free(in);
	}
	msp_plan_free(&plan);
	return rc;
}

static int read_source(struct read *r, const struct msp_source *s, struct msp_input *in, int fd)
{
	const void *peeked;
	size_t n;

	peeked = msp_input_peeked(in, &n);
	r->bytes += n;
	if (msp_input_format(in) == MSP_FORMAT_MSP && s->offset + s->end > 0)
		return msp_error_set(msp_job_error(r->job), MSP_USAGE, "%s: a range of bytes is no msp stream", name_of(s));
	if (msp_input_format(in) == MSP_FORMAT_MSP)
		return msp_job_relay(r->job, fd, name_of(s), peeked, n);
	if (s->path && s->size > 0 && (r->exprs.n > 0 || r->parts > 0 || windowed(r) || r->limit >= 0))
		return read_planned(r, s, fd);
	if (read_objects(r, in, false) < 0)
		return msp_job_error(r->job)->status;
	tell(r, s, msp_input_skipped(in));
	return MSP_OK;
}

/* A file of a directory that cannot be opened: one dead object stands for it, and the others are read. */
static int unreadable(struct read *r, const struct msp_source *s)
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

static int open_source(struct read *r, const struct msp_source *s)
{
	struct msp_input_options o = {.headers = r->headers};
	uint64_t size;
	struct msp_input *in = s->path ? NULL : r->standard;
	int fd = msp_source_open(s, &size, msp_job_poll_fn(), r->job, msp_job_error(r->job)), rc;

	if (fd == MSP_FAIL && s->found)
		return unreadable(r, s);
	if (fd < 0)
		return fd;
	if (!in)
		in = open_input(r, s, fd, &o);
	rc = in ? read_source(r, s, in, fd) : msp_job_error(r->job)->status;
	if (in != r->standard)
		msp_input_free(in);
	if (s->path)
		close(fd);
	return rc;
}

/* ---- the whole --------------------------------------------------------- */

/* The stream's origin: what the sources are and what is selected, but not which part. */
static int set_origin(struct read *r)
{
	struct msp_input_options o = {.headers = r->headers};
	const struct msp_source input = {0};
	const void *head = NULL;
	struct msp_id id;
	uint64_t size;
	size_t n = 0;
	int rc;

	if (r->sources.standard_inputs > 0) {
		int fd = msp_source_open(&input, &size, msp_job_poll_fn(), r->job, msp_job_error(r->job));

		if (fd < 0)
			return fd;
		r->standard = open_input(r, &input, fd, &o);
		if (!r->standard)
			return msp_job_error(r->job)->status;
		head = msp_input_peeked(r->standard, &n);
		n = n < MSP_FORMAT_SNIFF ? n : MSP_FORMAT_SNIFF;
	}
	rc = msp_sources_hash(&r->sources, head, n, &id, msp_job_error(r->job));
	return rc < 0 ? rc : msp_job_origin(r->job, msp_id_next(id, msp_job_stage_id(r->job), 0), r->part, r->parts);
}

static int drain(void *self, struct msp_job *job)
{
	struct read *r = self;
	int rc = set_origin(r);

	for (size_t i = 0; i < r->sources.n && rc == MSP_OK && !r->full; i++)
		rc = open_source(r, &r->sources.item[i]);
	if (rc == MSP_OK && r->bytes == 0 && r->sources.n > 0 && !r->full)
		return msp_error_set(msp_job_error(job), MSP_CORRUPT, "%s: no input: %s", name_of(&r->sources.item[0]),
		                     r->sources.n == 1 ? "it is empty" : "all sources are empty");
	if (rc == MSP_OK && r->arrange)
		rc = msp_arrange_drain(r->arrange);
	for (size_t i = 0; i < r->exprs.n; i++)
		msp_job_complaints(job, r->expr[i], "comparisons with it are false");
	if (r->told > NAMED)
		msp_job_warn(job, "%" PRIu64 " dead objects in all; %" PRIu64 " more files have some", r->all_dead, r->told - NAMED);
	return rc;
}

static void stop(void *self)
{
	struct read *r = self;

	for (size_t i = 0; r->expr && i < r->exprs.n; i++)
		msp_expr_free(r->expr[i]);
	free(r->expr);
	msp_arrange_free(r->arrange);
	msp_input_free(r->standard);
	msp_sources_free(&r->sources);
}

const struct msp_tool msp_tool = {
	.name = "msread",
	.summary = "read recordings (miniSEED, SAC, msp) as a stream",
	.operands = "SOURCE...",
	.options = options,
	.size = sizeof(struct read),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_SOURCE,
	.start = start,
	.flow = flow,
	.drain = drain,
	.stop = stop,
};
