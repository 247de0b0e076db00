/* The main loop: input, events, output. */
#include "mspipe/format.h"
#include "tool/job.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STDIN_NAME "standard input"
#define IDLE_S 10 /* how often a command that has idle() is called while input is waited for */

/* ---- events of the input ----------------------------------------------- */

static bool handled(const struct msp_tool *tool, const struct msp_object *o)
{
	if (tool->kinds & MSP_HANDLES_ALL)
		return true;
	if (!o->live)
		return false;
	return (o->kind == MSP_TIMESERIES && tool->kinds & MSP_HANDLES_TIMESERIES) ||
	       (o->kind == MSP_SEISMOGRAM && tool->kinds & MSP_HANDLES_SEISMOGRAM);
}

static int on_object(struct msp_job *job, struct msp_object *o)
{
	const struct msp_tool *tool = job->tool;
	int s;

	job->counts.in += o->kind != MSP_ENSEMBLE_BEGIN && o->kind != MSP_ENSEMBLE_END;
	job->emitted = 0;
	if (!handled(tool, o))
		return job->writer ? msp_pass(job, o) : MSP_OK;
	s = tool->flow(job->self, job, o);
	if (s != MSP_KILL)
		return s;
	s = msp_job_kill(job, o);
	if (s < 0)
		return s;
	return job->writer ? msp_emit(job, o) : MSP_OK;
}

static int on_block(struct msp_job *job, struct msp_error *err)
{
	struct msp_block b;
	int s = msp_reader_next_block(job->reader, &b, err);

	if (s == MSP_READ_OBJECT) {
		job->counts.in += b.totals.live + b.totals.dead;
		s = job->tool->block(job->self, job, &b);
		return s < 0 ? s : MSP_READ_OBJECT;
	}
	return s;
}

static int on_header(struct msp_job *job)
{
	const struct msp_header *h = msp_reader_header(job->reader);
	int s = msp_output_header(job, h);

	if (s == MSP_OK && job->tool->header)
		s = job->tool->header(job->self, job, h);
	return s;
}

static int on_trailer(struct msp_job *job)
{
	bool more = msp_reader_more(job->reader);

	if (job->writer && !job->restream) {
		job->pending = true;
		job->pending_more = more;
	}
	if (job->tool->trailer)
		return job->tool->trailer(job->self, job, msp_reader_totals(job->reader), more);
	return MSP_OK;
}

/* What to end with when something failed: also if it did not say why. */
static int failure(const struct msp_job *job)
{
	return job->error.status < 0 ? job->error.status : MSP_FAIL;
}

/* Everything of the input that the reader now has. */
static int read_input(struct msp_job *job, struct msp_object *o)
{
	for (;;) {
		int s = job->by_blocks ? on_block(job, &job->error) : msp_reader_next(job->reader, o, &job->error);

		if (s == MSP_READ_OBJECT && !job->by_blocks)
			s = on_object(job, o) < 0 ? failure(job) : MSP_READ_OBJECT;
		else if (s == MSP_READ_HEADER)
			s = on_header(job) < 0 ? failure(job) : MSP_READ_HEADER;
		else if (s == MSP_READ_TRAILER)
			s = on_trailer(job) < 0 ? failure(job) : MSP_READ_TRAILER;
		if (s == MSP_READ_END || job->stop_early)
			return MSP_OK;
		if (s < 0)
			return s;
		msp_progress_tick(job);
		if (msp_job_interrupted(job))
			return msp_error_set(&job->error, MSP_INTERRUPTED, "interrupted");
	}
}

static int poll_input(void *context)
{
	struct msp_job *job = context;
	int stop = msp_job_poll_fn()(job);

	if (!stop && job->tool->idle)
		job->tool->idle(job->self);
	return stop;
}

static int make_reader(struct msp_job *job)
{
	struct msp_reader_options options = {.segments = job->common.segments, .poll = poll_input, .context = job};

	options.wake = job->tool->idle ? IDLE_S : 0;
	if (job->has_end && msp_job_reads_standard_input(job)) {
		options.segments = options.has_end = true;
		options.end_origin = job->end_origin;
		options.end_index = job->end_index;
	}
	job->reader = msp_reader_new(&options);
	return job->reader ? MSP_OK : msp_error_set(&job->error, MSP_NOMEM, "no memory left");
}

/* ---- inputs ------------------------------------------------------------ */

static int read_stdin(struct msp_job *job, struct msp_object *o)
{
	int s;

	if (isatty(STDIN_FILENO))
		return msp_error_set(&job->error, MSP_USAGE, "a stream is not read from a terminal: name a FILE, or use a pipe");
	(void)fcntl(STDIN_FILENO, F_SETPIPE_SZ, 1 << 20);
	job->input_name = STDIN_NAME;
	s = msp_reader_input(job->reader, STDIN_FILENO, STDIN_NAME, &job->error);
	return s < 0 ? s : read_input(job, o);
}

/* Opening a named pipe waits for somebody who writes. A command that must not sleep meanwhile opens it at once, and waits for the first
 * bytes: poll(2) says nothing of a pipe that nobody has opened yet. */
static int open_input(struct msp_job *job, const char *path)
{
	struct stat st;
	int fd, flags;

	if (!job->tool->idle || stat(path, &st) != 0 || !S_ISFIFO(st.st_mode))
		return msp_open_input(path, msp_job_poll_fn(), job, &job->error);
	fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return msp_error_errno(&job->error, MSP_FAIL, "%s", path);
	flags = fcntl(fd, F_GETFL);
	if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0) {
		close(fd);
		return msp_error_errno(&job->error, MSP_FAIL, "%s", path);
	}
	return fd;
}

static int read_file(struct msp_job *job, const char *path, struct msp_object *o)
{
	int fd = open_input(job, path), s;

	if (fd < 0)
		return fd;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	job->input_name = path;
	s = msp_reader_input(job->reader, fd, path, &job->error);
	if (s == MSP_OK)
		s = read_input(job, o);
	close(fd);
	return s;
}

static int read_inputs(struct msp_job *job)
{
	struct msp_object o;
	int s = make_reader(job);

	msp_object_init(&o);
	if (s == MSP_OK && job->first_input >= job->line.operands)
		s = read_stdin(job, &o);
	for (int i = job->first_input; s == MSP_OK && i < job->line.operands && !job->stop_early; i++) {
		const char *path = job->line.operand[i];

		s = strcmp(path, "-") == 0 ? read_stdin(job, &o) : read_file(job, path, &o);
	}
	if (s == MSP_OK && !job->stop_early)
		s = msp_reader_finish(job->reader, &job->error);
	msp_object_free(&o);
	return s;
}

int msp_job_relay_some(struct msp_job *job, int fd, const char *name, msp_want_block_fn *want, void *context)
{
	int s = job->reader ? MSP_OK : make_reader(job);

	if (s < 0)
		return s;
	msp_reader_want(job->reader, want, context);
	s = msp_job_relay(job, fd, name, NULL, 0);
	msp_reader_want(job->reader, NULL, NULL);
	return s;
}

int msp_job_relay(struct msp_job *job, int fd, const char *name, const void *peeked, size_t n)
{
	struct msp_object o;
	int s;

	msp_object_init(&o);
	s = job->reader ? MSP_OK : make_reader(job);
	job->relaying = job->relayed = true;
	job->input_name = name;
	if (s == MSP_OK)
		s = msp_reader_input(job->reader, fd, name, &job->error);
	if (s == MSP_OK)
		s = msp_reader_unread(job->reader, peeked, n, &job->error);
	if (s == MSP_OK)
		s = read_input(job, &o);
	if (s == MSP_OK && job->pending && job->writer) { /* what the source makes next is a stream of its own */
		job->pending = false;
		job->index = 0;
		s = msp_writer_end(job->writer, job->pending_more, &job->error);
	}
	msp_object_free(&o);
	job->relaying = false;
	job->input_name = NULL;
	return s;
}

/* ---- a job ------------------------------------------------------------- */

/* Which operands are the command's own. */
static int divide_operands(struct msp_job *job)
{
	const struct msp_tool *tool = job->tool;
	int n = job->line.operands, own = (int)tool->own_operands;

	if (n < own)
		return msp_error_set(&job->error, MSP_USAGE, "%s: %s", n == 0 ? "missing operands" : "too few operands",
		                     tool->operands ? tool->operands : "");
	while (tool->owns && own < n && tool->owns(job->line.operand[own]))
		own++;
	job->own = tool->flags & (MSP_TOOL_SOURCE | MSP_TOOL_SINK) ? n : own;
	job->first_input = job->own;
	return MSP_OK;
}

static int add_own_operands(struct msp_job *job)
{
	bool guard = true;

	for (int i = 0; i < job->own; i++) {
		const char *operand = job->line.operand[i];

		/* what looks like an option is kept apart from them */
		if (guard && operand[0] == '-' && operand[1] != '\0' && strspn(operand + 1, "0123456789.") == 0) {
			if (msp_command_line_remember(&job->line, "", "--") < 0)
				return msp_error_set(&job->error, MSP_NOMEM, "no memory left");
			guard = false;
		}
		if (msp_command_line_remember(&job->line, "", operand) < 0)
			return msp_error_set(&job->error, MSP_NOMEM, "no memory left");
	}
	return MSP_OK;
}

/* A sink's operand says where, not what: in the history it is "-", and a sink that only saves is no stage at all. */
static int sink_operands(struct msp_job *job)
{
	job->silent = job->line.identities == 1;
	if (msp_command_line_remember(&job->line, "", "-") < 0)
		return msp_error_set(&job->error, MSP_NOMEM, "no memory left");
	return MSP_OK;
}

/* -o day.mseed does not make miniSEED, whatever its name says. */
static void warn_of_ending(struct msp_job *job)
{
	int format = job->output_path ? msp_format_of_ending(job->output_path) : MSP_FORMAT_UNKNOWN;

	if (!(job->tool->flags & (MSP_TOOL_TEXT | MSP_TOOL_SINK)) && format != MSP_FORMAT_UNKNOWN && format != MSP_FORMAT_MSP)
		msp_job_warn(job, "%s: -o writes an msp stream; for miniSEED or SAC pipe it to mssave", job->output_path);
}

static int prepare(struct msp_job *job)
{
	const struct msp_tool *tool = job->tool;
	int s = divide_operands(job);

	if (s == MSP_OK)
		s = msp_job_read_environment(job);
	if (s < 0)
		return s;
	if (job->common.output && strcmp(job->common.output, "-") != 0) /* -o -: standard output */
		job->output_path = job->common.output;
	job->restream = tool->flags & MSP_TOOL_RESTREAM || (job->line.segment_given && !(tool->flags & MSP_TOOL_SOURCE));
	job->silent = (tool->flags & MSP_TOOL_NO_STAGE) != 0;
	job->started = true;
	if (tool->start)
		s = tool->start(job->self, job);
	if (s < 0)
		return s;
	if (job->restream && msp_job_segments(job))
		return msp_error_set(&job->error, MSP_USAGE,
		                     "it handles a stream as a whole, and cannot be given some segments of one (--segments)");
	if (job->partial && msp_tool_whole(tool, job->self))
		return msp_error_set(&job->error, MSP_USAGE, "%s, and it is given a part of a stream", msp_tool_whole(tool, job->self));
	if (tool->flags & MSP_TOOL_SINK && job->output_path)
		s = sink_operands(job);
	else
		s = add_own_operands(job);
	if (s == MSP_OK)
		s = msp_job_identify(job);
	if (s == MSP_OK)
		warn_of_ending(job);
	return s;
}

static int flow(struct msp_job *job)
{
	int s = MSP_OK;

	if (!(job->tool->flags & MSP_TOOL_SOURCE))
		s = read_inputs(job);
	job->emitted = 0;
	if (s == MSP_OK && job->tool->drain)
		s = job->tool->drain(job->self, job);
	if (s == MSP_OK && job->reader && job->tool->flags & MSP_TOOL_SOURCE && !job->stop_early)
		s = msp_reader_finish(job->reader, &job->error); /* of what was relayed */
	if (s == MSP_OK)
		s = msp_output_finish(job);
	return s;
}

int msp_job_run(struct msp_job *job)
{
	int s = prepare(job);

	if (s == MSP_OK)
		s = msp_output_open(job);
	if (s == MSP_OK) {
		msp_progress_begin(job);
		s = flow(job);
	}
	if (s == MSP_OK && msp_job_interrupted(job))
		s = msp_error_set(&job->error, MSP_INTERRUPTED, "interrupted");
	if (s == MSP_OK)
		s = msp_output_close(job);
	msp_progress_end(job);
	return s;
}
