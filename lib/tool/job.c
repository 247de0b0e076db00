/* What a command may ask of its job (mspipe/tool.h). */
#include "tool/job.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- output of objects ------------------------------------------------- */

int msp_pass(struct msp_job *job, const struct msp_object *o)
{
	int s = msp_output_segment(job);

	if (s == MSP_OK)
		s = msp_writer_put(job->writer, o, &job->error);
	if (s < 0)
		return s;
	job->counts.out++;
	if (o->kind != MSP_ENSEMBLE_BEGIN && o->kind != MSP_ENSEMBLE_END)
		*(o->live ? &job->counts.live : &job->counts.dead) += 1;
	if (job->tool->flags & MSP_TOOL_SOURCE)
		msp_progress_tick(job);
	return msp_job_interrupted(job) ? msp_error_set(&job->error, MSP_INTERRUPTED, "interrupted") : MSP_OK;
}

int msp_emit(struct msp_job *job, struct msp_object *o)
{
	if (!(job->tool->flags & MSP_TOOL_KEEPS_IDS))
		o->id = msp_id_next(o->id, job->stage, job->emitted);
	job->emitted++;
	return msp_pass(job, o);
}

int msp_job_kill(struct msp_job *job, struct msp_object *o)
{
	int s = msp_object_kill(o, job->tool->name, job->error.text);

	if (job->counts.killed == 0) {
		char name[120];

		snprintf(job->first_killed, sizeof(job->first_killed), "%s: %.200s", msp_object_name(o, name, sizeof(name)),
		         job->error.text);
	}
	job->counts.killed++;
	job->error.status = MSP_OK;
	job->error.text[0] = '\0';
	return s < 0 ? msp_error_set(&job->error, s, "no memory left") : MSP_OK;
}

void msp_job_strict_kill_count(struct msp_job *job, uint64_t n)
{
	job->counts.killed += n;
}

bool msp_job_copies(const struct msp_job *job, const struct msp_block *b)
{
	if (job->common.level >= 0 || job->restream)
		return false;
	return b->compressed || msp_writer_level(job->writer) == 0;
}

int msp_job_put_block(struct msp_job *job, const struct msp_block *b)
{
	int s = msp_writer_put_block(job->writer, b, &job->error);

	job->counts.out += b->objects;
	job->counts.live += b->totals.live;
	job->counts.dead += b->totals.dead;
	return s;
}

/* ---- messages ---------------------------------------------------------- */

struct msp_error *msp_job_error(struct msp_job *job)
{
	return &job->error;
}

/* One write a line, so that the stages of a pipe do not mix theirs; what would play tricks on a terminal is masked as in an error's text. */
static void say(struct msp_job *job, const char *fmt, va_list ap)
{
	struct msp_error e = {0};
	char text[MSP_ERROR_TEXT];

	msp_progress_end(job);
	vsnprintf(text, sizeof(text), fmt, ap);
	msp_error_set(&e, MSP_FAIL, "%s", text);
	fprintf(stderr, "%s: %s\n", job->tool->name, e.text);
}

void msp_job_warn(struct msp_job *job, const char *fmt, ...)
{
	va_list ap;

	if (job->common.quiet)
		return;
	va_start(ap, fmt);
	say(job, fmt, ap);
	va_end(ap);
}

void msp_job_complain(struct msp_job *job)
{
	msp_progress_end(job);
	fprintf(stderr, "%s: %s\n", job->tool->name, job->error.text);
	job->error.status = MSP_OK;
	job->error.text[0] = '\0';
}

void msp_job_say(struct msp_job *job, const char *fmt, ...)
{
	va_list ap;

	if (job->common.quiet || job->common.verbosity == 0)
		return;
	va_start(ap, fmt);
	say(job, fmt, ap);
	va_end(ap);
}

/* ---- operands ---------------------------------------------------------- */

int msp_job_operands(const struct msp_job *job)
{
	return job->own;
}

const char *msp_job_operand(const struct msp_job *job, int i)
{
	return i >= 0 && i < job->own ? job->line.operand[i] : NULL;
}

void msp_job_inputs_from(struct msp_job *job, int i)
{
	job->first_input = i;
	job->own = i;
}

int msp_job_canonical_operands(struct msp_job *job, const char *text)
{
	char *copy = strdup(text);

	if (!copy)
		return msp_error_set(&job->error, MSP_NOMEM, "no memory left");
	free(job->canonical_operands);
	job->canonical_operands = copy;
	return MSP_OK;
}

/* ---- the rest ---------------------------------------------------------- */

FILE *msp_job_text(struct msp_job *job)
{
	return job->text;
}

bool msp_job_colour(const struct msp_job *job)
{
	const char *no = getenv("NO_COLOR");

	return !(no && *no) && job->text_is_stdout && isatty(STDOUT_FILENO);
}

bool msp_job_quiet(const struct msp_job *job)
{
	return job->common.quiet;
}

bool msp_job_partial(const struct msp_job *job)
{
	return job->partial;
}

bool msp_job_segments(const struct msp_job *job)
{
	return job->common.segments || job->has_end;
}

int msp_job_verbosity(const struct msp_job *job)
{
	return job->common.verbosity;
}

const struct msp_header *msp_job_header(const struct msp_job *job)
{
	return job->reader ? msp_reader_header(job->reader) : NULL;
}

const char *msp_job_input_name(const struct msp_job *job)
{
	return job->input_name;
}

struct msp_reader *msp_job_reader(struct msp_job *job)
{
	return job->reader;
}

void msp_job_by_blocks(struct msp_job *job)
{
	job->by_blocks = true;
}

void msp_job_restream(struct msp_job *job)
{
	job->restream = true;
}

void msp_job_stop_early(struct msp_job *job)
{
	job->stop_early = true;
}

void msp_job_counts(const struct msp_job *job, struct msp_counts *out)
{
	*out = job->counts;
}

bool msp_job_interrupted(const struct msp_job *job)
{
	(void)job;
	return msp_signals_stop() != 0;
}

static int poll_signals(void *context)
{
	struct msp_job *job = context;

	if (msp_signals_status())
		msp_progress_print(job);
	return msp_signals_stop() != 0;
}

void msp_job_tick(struct msp_job *job)
{
	msp_progress_tick(job);
}

msp_poll_fn *msp_job_poll_fn(void)
{
	return poll_signals;
}

int msp_job_origin(struct msp_job *job, struct msp_id origin, uint32_t part, uint32_t parts)
{
	if (job->writer && msp_writer_in_segment(job->writer))
		return msp_error_set(&job->error, MSP_USAGE, "an origin is set after the first object");
	if (parts == 0 ? part != 0 : part < 1 || part > parts)
		return msp_error_set(&job->error, MSP_USAGE, "part %u of %u", part, parts);
	job->origin = origin;
	job->origin_set = true;
	job->part = part;
	job->parts = parts;
	return MSP_OK;
}

int msp_job_output(struct msp_job *job, const char *path)
{
	job->output_path = path;
	return MSP_OK;
}

struct msp_id msp_job_stage_id(const struct msp_job *job)
{
	return job->stage;
}
