/* mssave - save a stream: in a stream file, as miniSEED or SAC
 *
 * Nothing has its name before the whole input was found complete. */
#include "mspipe/format.h"
#include "mspipe/tool.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

struct save {
	int to; /* options */
	const char *name;
	bool live_only;
	int64_t record_length;

	struct msp_job *job;
	const char *target;
	int format;
	bool one_each;                /* a file per object, not per distinct name */
	struct msp_outfile *file;
	struct msp_outdir *directory;
	struct msp_bytes bytes, path; /* of one object */
	struct msp_object component;
	uint64_t live, dead, left_out, refused;
	uint64_t times, rates, values, plain; /* how often a format could not hold something */
	char why[200];                /* the first that was refused */
};

#define AT(m) offsetof(struct save, m)
static const struct msp_option options[] = {
	{.name = "to", .type = MSP_OPT_CHOICE, .offset = AT(to), .arg = "FORMAT", .choices = "auto|msp|mseed|sac", .def = "auto",
	 .flags = MSP_OPTF_NOID, .help = "what to write (default: by TARGET's or PATTERN's ending)"},
	{.name = "name", .type = MSP_OPT_STRING, .offset = AT(name), .arg = "PATTERN", .flags = MSP_OPTF_NOID,
	 .help = "TARGET is a directory; names of the files in it, with %{KEY} for values"},
	{.name = "live-only", .type = MSP_OPT_FLAG, .offset = AT(live_only), .help = "leave dead objects out of an msp stream, too"},
	{.name = "record-length", .type = MSP_OPT_INT, .offset = AT(record_length), .arg = "BYTES", .def = "4096", .min = 256, .max = 32768,
	 .flags = MSP_OPTF_NOID, .help = "miniSEED: length of records, a power of two (default 4096)"},
	{0},
};

/* ---- where and what ---------------------------------------------------- */

static bool is_store(const char *target)
{
	size_t n = strlen(target);

	return strncmp(target, "mongodb://", 10) == 0 || strncmp(target, "mongodb+srv://", 14) == 0 ||
	       (n > 5 && strcmp(target + n - 5, ".msdb") == 0);
}

/* A SAC file holds one time series, so what is not called a SAC file will be a directory of them. */
static bool is_directory(const struct save *s)
{
	size_t n = strlen(s->target);
	struct stat st;

	if (s->name || (n > 0 && s->target[n - 1] == '/'))
		return true;
	if (stat(s->target, &st) == 0)
		return S_ISDIR(st.st_mode);
	return s->to == MSP_FORMAT_SAC && msp_format_of_ending(s->target) != MSP_FORMAT_SAC;
}

static int open_directory(struct save *s)
{
	struct msp_error *err = msp_job_error(s->job);
	int rc;

	if (s->format == MSP_FORMAT_MSP)
		return msp_error_set(err, MSP_USAGE, "%s: a directory takes mseed or sac, a stream is one file", s->target);
	s->one_each = !s->name || s->format == MSP_FORMAT_SAC;
	if (!s->name)
		s->name = s->format == MSP_FORMAT_SAC ? "%{net}.%{sta}.%{loc}.%{chan}.%{starttime}.sac"
		                                      : "%{net}.%{sta}.%{loc}.%{chan}.%{starttime}.mseed";
	rc = msp_name_check(s->name, err);
	if (rc < 0)
		return rc;
	s->directory = msp_outdir_open(s->target, err);
	return s->directory ? MSP_OK : err->status;
}

static int start(void *self, struct msp_job *job)
{
	struct save *s = self;
	struct msp_error *err = msp_job_error(job);
	bool directory;

	s->job = job;
	if (msp_job_operands(job) < 1)
		return msp_error_set(err, MSP_USAGE, "missing operand: TARGET");
	s->target = msp_job_operand(job, 0);
	msp_job_inputs_from(job, 1);
	if (is_store(s->target))
		return msp_error_set(err, MSP_USAGE, "%s: stores are not in this version", s->target);
	if ((s->record_length & (s->record_length - 1)) != 0)
		return msp_error_set(err, MSP_USAGE, "--record-length %" PRId64 ": not a power of two", s->record_length);
	directory = is_directory(s);
	s->format = s->to ? s->to : msp_format_of_ending(s->name ? s->name : s->target);
	if (s->format == MSP_FORMAT_UNKNOWN)
		return msp_error_set(err, MSP_USAGE, "%s: what format? Say --to msp, mseed or sac", s->target);
	if (directory)
		return open_directory(s);
	if (s->format == MSP_FORMAT_MSP)
		return msp_job_output(job, s->target);
	s->file = msp_outfile_open(s->target, err);
	return s->file ? MSP_OK : err->status;
}

/* ---- one object -------------------------------------------------------- */

static void note(struct save *s, const struct msp_format_notes *n)
{
	s->times += n->time_rounded;
	s->rates += n->rate_rounded;
	s->values += n->value_rounded;
	s->plain += n->not_steim;
}

static int refuse(struct save *s, const struct msp_object *o)
{
	struct msp_error *err = msp_job_error(s->job);
	char name[100];

	if (s->refused++ == 0)
		snprintf(s->why, sizeof s->why, "%s: %.90s", msp_object_name(o, name, sizeof name), err->text);
	err->status = MSP_OK;
	err->text[0] = '\0';
	return MSP_OK;
}

/* A name that no other object has: a number goes before the ending. */
static int make_unique(struct save *s)
{
	struct msp_error *err = msp_job_error(s->job);
	char name[256 + 24], *base = (char *)s->path.data, *dot = strrchr(base, '.');
	int stem = (int)(dot && dot != base ? dot - base : (ptrdiff_t)strlen(base));

	for (uint64_t k = 2; msp_outdir_has(s->directory, (char *)s->path.data); k++) {
		snprintf(name, sizeof name, "%.*s-%" PRIu64 "%s", stem, base, k, base + stem);
		if (!msp_outdir_has(s->directory, name))
			return msp_bytes_set(&s->path, name, strlen(name) + 1) == MSP_OK
			           ? MSP_OK
			           : msp_error_set(err, MSP_NOMEM, "out of memory");
	}
	return MSP_OK;
}

static int write_bytes(struct save *s, const struct msp_object *o)
{
	struct msp_error *err = msp_job_error(s->job);
	int rc;

	if (s->file && s->format == MSP_FORMAT_SAC && s->live > 0)
		return msp_error_set(err, MSP_FAIL, "%s: a SAC file holds one time series, and there are more: name a directory", s->target);
	if (s->file)
		return msp_write_all(msp_outfile_fd(s->file), s->bytes.data, s->bytes.len, s->target, msp_job_poll_fn(), s->job, err);
	rc = msp_name_expand(s->name, o, &s->path, err);
	if (rc == MSP_OK && s->one_each)
		rc = make_unique(s);
	return rc == MSP_OK ? msp_outdir_add(s->directory, (char *)s->path.data, s->bytes.data, s->bytes.len, err) : rc;
}

static int save_one(struct save *s, const struct msp_object *o)
{
	struct msp_mseed_options mseed = {.record_length = (uint32_t)s->record_length};
	struct msp_error *err = msp_job_error(s->job);
	struct msp_format_notes notes = {0};
	int rc;

	s->bytes.len = 0;
	rc = s->format == MSP_FORMAT_SAC ? msp_sac_write(o, &s->bytes, &notes, err)
	                                 : msp_mseed_write(o, &mseed, &s->bytes, &notes, err);
	if (rc == MSP_OK)
		rc = write_bytes(s, o);
	if (rc == MSP_KILL)
		return refuse(s, o);
	if (rc < 0)
		return rc;
	s->live++;
	note(s, &notes);
	return MSP_OK;
}

static int save_components(struct save *s, const struct msp_object *o)
{
	int rc = MSP_OK;

	for (uint32_t c = 0; c < 3 && rc == MSP_OK; c++) {
		rc = msp_seismogram_component(o, c, &s->component);
		if (rc < 0)
			return msp_error_set(msp_job_error(s->job), rc == MSP_NOMEM ? rc : MSP_CORRUPT, "component %u cannot be taken", c);
		rc = save_one(s, &s->component);
	}
	return rc;
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct save *s = self;
	bool data = msp_object_is_data(o);

	if (s->format == MSP_FORMAT_MSP) {
		if (data && !o->live && s->live_only) {
			s->left_out++;
			return MSP_OK;
		}
		s->live += data && o->live;
		s->dead += data && !o->live;
		return msp_pass(job, o);
	}
	if (o->kind == MSP_ENSEMBLE_BEGIN || o->kind == MSP_ENSEMBLE_END)
		return MSP_OK;
	if (data && !o->live) {
		s->left_out++;
		return MSP_OK;
	}
	if (o->kind == MSP_SEISMOGRAM && o->type != MSP_NONE)
		return save_components(s, o);
	return save_one(s, o);
}

/* ---- the end ----------------------------------------------------------- */

static void tell_losses(struct save *s)
{
	struct msp_job *job = s->job;

	if (s->left_out > 0 && !(s->live_only && s->format == MSP_FORMAT_MSP))
		msp_job_warn(job, "%s: %" PRIu64 " dead object%s left out", s->target, s->left_out, s->left_out == 1 ? "" : "s");
	if (s->refused > 0)
		msp_job_warn(job, "%s: %" PRIu64 " object%s not saved: the first: %s", s->target, s->refused, s->refused == 1 ? "" : "s", s->why);
	msp_job_strict_kill_count(job, s->refused);
}

static void tell(struct save *s)
{
	struct msp_job *job = s->job;

	tell_losses(s);
	if (s->times > 0)
		msp_job_say(job, "%" PRIu64 " times are rounded to what %s holds", s->times, msp_format_name(s->format));
	if (s->rates > 0)
		msp_job_say(job, "%" PRIu64 " sample intervals are rounded to what %s holds", s->rates, msp_format_name(s->format));
	if (s->values > 0)
		msp_job_say(job, "%" PRIu64 " objects have values that float32 does not hold exactly", s->values);
	if (s->plain > 0)
		msp_job_say(job, "%" PRIu64 " objects are written as INT32: their differences exceed Steim-2's 30 bits", s->plain);
	msp_job_say(job, "saved %" PRIu64 " live, %" PRIu64 " dead in %s", s->live, s->dead, s->target);
}

static int drain(void *self, struct msp_job *job)
{
	struct save *s = self;
	struct msp_error *err = msp_job_error(job);
	int rc = MSP_OK;

	if (s->file && s->format == MSP_FORMAT_SAC && s->live == 0) {
		/* there is no empty SAC file, and an older one must not be taken for the result */
		tell_losses(s);
		return msp_error_set(err, MSP_FAIL, "%s: not written: nothing to save", s->target);
	}
	if (s->file) {
		rc = msp_outfile_commit(s->file, err);
		s->file = NULL;
	}
	if (s->directory) {
		rc = msp_outdir_commit(s->directory, err);
		s->directory = NULL;
	}
	if (rc == MSP_OK)
		tell(s);
	return rc;
}

static void stop(void *self)
{
	struct save *s = self;

	msp_outfile_abort(s->file);
	msp_outdir_abort(s->directory);
	msp_bytes_free(&s->bytes);
	msp_bytes_free(&s->path);
	msp_object_free(&s->component);
}

const struct msp_tool msp_tool = {
	.name = "mssave",
	.summary = "save a stream as msp, miniSEED or SAC",
	.operands = "TARGET",
	.own_operands = 1,
	.options = options,
	.size = sizeof(struct save),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_SINK | MSP_TOOL_KEEPS_IDS,
	.start = start,
	.flow = flow,
	.drain = drain,
	.stop = stop,
};
