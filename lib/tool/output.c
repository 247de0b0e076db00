/* A job's output: where it goes, its segments and their headers, and when it may be taken for whole.
 *
 * A filter's output has the segments of its input, one to one: same origin, same index. The trailer of a segment is held back until the next
 * one begins or the whole input was found complete, so that a failure anywhere leaves a stream without its last trailer. */
#include "tool/job.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STDOUT_NAME "standard output"

static int refuse_terminal(struct msp_job *job)
{
	return msp_error_set(&job->error, MSP_USAGE,
	                     "a stream is not written to a terminal: use -o FILE, or look at it with `| msls` or `| msdump`");
}

static int open_file(struct msp_job *job, int *fd)
{
	job->outfile = msp_outfile_open(job->output_path, &job->error);
	if (!job->outfile)
		return job->error.status;
	*fd = msp_outfile_fd(job->outfile);
	return MSP_OK;
}

static int open_text(struct msp_job *job)
{
	int fd = STDOUT_FILENO, s;

	if (job->output_path) {
		s = open_file(job, &fd);
		if (s < 0)
			return s;
		fd = dup(fd);
		job->text = fd < 0 ? NULL : fdopen(fd, "w");
	} else {
		job->text = stdout;
		job->text_is_stdout = true;
	}
	if (!job->text)
		return msp_error_errno(&job->error, MSP_FAIL, "%s", job->output_path);
	setvbuf(job->text, NULL, isatty(fd) ? _IOLBF : _IOFBF, 1 << 16);
	return MSP_OK;
}

/* Of standard output: MSP_LEVEL, unless --level was given. */
static int level_of_output(struct msp_job *job, int *level)
{
	const char *value = job->common.level < 0 && !job->output_path ? getenv("MSP_LEVEL") : NULL;
	int64_t n;

	*level = (int)job->common.level;
	if (!value || !*value)
		return MSP_OK;
	if (msp_parse_int(value, 0, 19, &n, &job->error) < 0)
		return msp_error_prefix(&job->error, "MSP_LEVEL=%s", value);
	*level = (int)n;
	return MSP_OK;
}

int msp_output_open(struct msp_job *job)
{
	struct msp_writer_options options = {.poll = msp_job_poll_fn(), .context = job};
	int fd = STDOUT_FILENO, s;

	if (job->tool->flags & MSP_TOOL_TEXT)
		return open_text(job);
	if (job->tool->flags & MSP_TOOL_SINK && !job->output_path)
		return MSP_OK;
	s = level_of_output(job, &options.level);
	if (s < 0)
		return s;
	if (job->output_path) {
		s = open_file(job, &fd);
		if (s < 0)
			return s;
	} else if (isatty(fd)) {
		return refuse_terminal(job);
	} else {
		(void)fcntl(fd, F_SETPIPE_SZ, 1 << 20); /* fewer switches between stages; no matter if refused */
	}
	if (isatty(fd))
		return refuse_terminal(job);
	options.flushed = job->output_path != NULL;
	job->writer = msp_writer_new(fd, job->output_path ? job->output_path : STDOUT_NAME, &options);
	return job->writer ? MSP_OK : msp_error_set(&job->error, MSP_NOMEM, "no memory left");
}

/* ---- segments of a filter ---------------------------------------------- */

/* The trailer that was held back. more is the input's, or false where the stream ends here. */
static int write_pending(struct msp_job *job)
{
	if (!job->pending)
		return MSP_OK;
	job->pending = false;
	return msp_writer_end(job->writer, job->pending_more, &job->error);
}

static int append_stage(struct msp_job *job, const struct msp_bytes *in, size_t n)
{
	return msp_pipeline_merge(&job->pipeline, in, n, job->tool->name, MSP_VERSION, job->line.identities,
	                          (const char *const *)job->line.identity, &job->error);
}

/* The pipeline of the input with this stage added; most segments of a stream have the same. */
static int make_pipeline(struct msp_job *job, const struct msp_bytes *in)
{
	struct msp_id hash = msp_id_hash(in->data, in->len);
	int s;

	if (job->pipeline_made && msp_id_equal(&hash, &job->pipeline_of))
		return MSP_OK;
	s = job->silent ? msp_bytes_set(&job->pipeline, in->data, in->len) : append_stage(job, in, 1);
	if (s == MSP_NOMEM && job->silent)
		(void)msp_error_set(&job->error, s, "no memory left");
	job->pipeline_made = s == MSP_OK;
	job->pipeline_of = hash;
	return s;
}

static int relayed_part(struct msp_job *job, struct msp_header *out)
{
	if (!job->relaying || job->parts == 0)
		return MSP_OK;
	if (out->parts != 0)
		return msp_error_set(&job->error, MSP_USAGE, "%s is part %u of %u of a stream already: it is not split again",
		                     job->input_name, out->part, out->parts);
	out->part = job->part;
	out->parts = job->parts;
	return MSP_OK;
}

static int begin_as_input(struct msp_job *job, const struct msp_header *h)
{
	struct msp_header out = *h;
	int s = write_pending(job);

	if (s == MSP_OK)
		s = relayed_part(job, &out);
	if (s == MSP_OK)
		s = make_pipeline(job, &h->pipeline);
	if (s < 0)
		return s;
	out.pipeline = job->pipeline;
	return msp_writer_begin(job->writer, &out, &job->error);
}

/* ---- segments of one's own --------------------------------------------- */

/* Which part the new stream is: that of the input, if all of it is of one. */
static int meet_part(struct msp_job *job, const struct msp_header *h)
{
	if (job->origin_set) {
		if (h->parts != 0 && job->parts != 0)
			return msp_error_set(&job->error, MSP_USAGE, "%s is part %u of %u of a stream already: it is not split again",
			                     job->input_name, h->part, h->parts);
	} else if (!job->any_met) {
		job->part = h->part;
		job->parts = h->parts;
	} else if (job->parts != 0 && (job->part != h->part || job->parts != h->parts)) {
		job->part = job->parts = 0;
		job->met_grew = true;
	}
	return MSP_OK;
}

/* Notes where the input comes from; the new stream's origin and history are made of all that was met. */
static int meet(struct msp_job *job, const struct msp_header *h)
{
	struct msp_id pipeline = msp_id_hash(h->pipeline.data, h->pipeline.len);
	struct msp_bytes *met;
	int s = meet_part(job, h);

	if (s < 0 || (job->any_met && msp_id_equal(&pipeline, &job->last_pipeline) && msp_id_equal(&h->origin, &job->last_origin)))
		return s;
	job->any_met = job->met_grew = true;
	job->last_pipeline = pipeline;
	job->last_origin = h->origin;
	job->origins_met = msp_id_sum(job->origins_met, msp_id_next(h->origin, pipeline, 0));
	for (size_t i = 0; i < job->met_n; i++)
		if (job->met[i].len == h->pipeline.len &&
		    (h->pipeline.len == 0 || memcmp(job->met[i].data, h->pipeline.data, h->pipeline.len) == 0))
			return MSP_OK;
	met = realloc(job->met, (job->met_n + 1) * sizeof(*met));
	if (!met)
		return msp_error_set(&job->error, MSP_NOMEM, "no memory left");
	job->met = met;
	memset(&met[job->met_n], 0, sizeof(*met));
	if (msp_bytes_set(&met[job->met_n], h->pipeline.data, h->pipeline.len) < 0)
		return msp_error_set(&job->error, MSP_NOMEM, "no memory left");
	job->met_n++;
	return MSP_OK;
}

static int begin_own(struct msp_job *job)
{
	struct msp_header h = {.index = job->index, .part = job->part, .parts = job->parts};
	int s;

	if (job->index == 0) {
		if (!job->origin_set)
			h.origin = job->restream ? msp_id_next(job->origins_met, job->stage, job->streams)
			                         : msp_id_next(job->stage, job->stage, job->streams);
		else
			h.origin = job->streams == 0 ? job->origin : msp_id_next(job->origin, job->stage, job->streams);
		job->own_origin = h.origin;
		s = append_stage(job, job->met, job->met_n);
		if (s < 0)
			return s;
		job->pipeline_made = false;
		job->met_grew = false;
		job->streams++;
	}
	h.origin = job->own_origin;
	h.pipeline = job->pipeline;
	job->index++;
	return msp_writer_begin(job->writer, &h, &job->error);
}

int msp_output_end_stream(struct msp_job *job)
{
	job->index = 0;
	return msp_writer_end(job->writer, false, &job->error);
}

int msp_output_segment(struct msp_job *job)
{
	struct msp_writer *w = job->writer;

	if (!job->restream && (job->relaying || !(job->tool->flags & MSP_TOOL_SOURCE)))
		return MSP_OK; /* the input's segment is open, or its trailer is held back */
	if (msp_writer_in_segment(w) && !msp_writer_in_ensemble(w)) {
		int s = MSP_OK;

		/* another input with another history: what follows is another stream */
		if (job->restream && job->met_grew)
			s = msp_output_end_stream(job);
		else if (msp_writer_segment_bytes(w) >= job->common.segment)
			s = msp_writer_end(w, true, &job->error);
		if (s < 0)
			return s;
	}
	return msp_writer_in_segment(w) ? MSP_OK : begin_own(job);
}

int msp_job_own_segment(struct msp_job *job)
{
	return job->restream || !job->writer ? MSP_OK : msp_output_segment(job);
}

/* ---- the life of the output -------------------------------------------- */

int msp_output_header(struct msp_job *job, const struct msp_header *h)
{
	if (!job->writer)
		return MSP_OK;
	if (job->restream)
		return meet(job, h);
	if (job->relaying && msp_writer_in_segment(job->writer) && !job->pending) {
		int s = msp_output_end_stream(job); /* a source's own objects came before */
		if (s < 0)
			return s;
	}
	return begin_as_input(job, h);
}

int msp_output_finish(struct msp_job *job)
{
	if (!job->writer)
		return MSP_OK;
	if (job->pending)
		return write_pending(job);
	if (!msp_writer_in_segment(job->writer)) {
		int s;

		if ((job->relayed && !job->restream) || (job->streams > 0 && job->index == 0))
			return MSP_OK;
		s = begin_own(job); /* nothing came: an empty stream */
		if (s < 0)
			return s;
	}
	return msp_writer_end(job->writer, false, &job->error);
}

static int text_failed(struct msp_job *job)
{
	return msp_error_errno(&job->error, errno == EPIPE ? MSP_PIPE : MSP_FAIL, "%s",
	                       job->output_path ? job->output_path : STDOUT_NAME);
}

int msp_job_print(struct msp_job *job, const void *data, size_t n)
{
	return n > 0 && fwrite(data, 1, n, job->text) != n ? text_failed(job) : MSP_OK;
}

static int close_text(struct msp_job *job)
{
	bool bad = ferror(job->text) != 0;
	int saved = 0;
	FILE *text = job->text;

	errno = 0;
	if (fflush(text) != 0) {
		bad = true;
		saved = errno;
	}
	job->text = NULL;
	if (fclose(text) != 0) {
		bad = true;
		saved = saved ? saved : errno;
	}
	if (!bad)
		return MSP_OK;
	errno = saved ? saved : EIO;
	return text_failed(job);
}

int msp_output_close(struct msp_job *job)
{
	struct msp_outfile *f = job->outfile;

	if (job->text) {
		int s = close_text(job);
		if (s < 0)
			return s;
	}
	job->outfile = NULL;
	if (f)
		return msp_outfile_commit(f, &job->error);
	/* close(2) is where some file systems first say that a write has failed */
	if (job->writer && close(STDOUT_FILENO) != 0)
		return msp_error_errno(&job->error, MSP_FAIL, STDOUT_NAME);
	return MSP_OK;
}

void msp_output_abort(struct msp_job *job)
{
	if (job->text && !job->text_is_stdout)
		fclose(job->text);
	else if (job->text)
		fflush(job->text);
	job->text = NULL;
	msp_outfile_abort(job->outfile);
	job->outfile = NULL;
}
