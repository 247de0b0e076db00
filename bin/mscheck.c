/* mscheck - are streams whole?
 *
 * Each FILE is judged by itself. Without --full blocks are checked by their CRCs
 * and not decoded. */
#include "mspipe/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

struct check {
	bool full, digest;
	struct msp_object object;
	uint64_t bad;
};

static const struct msp_option options[] = {
	{.name = "full", .type = MSP_OPT_FLAG, .offset = offsetof(struct check, full),
	 .help = "decode every sample and check every digest, too"},
	{.name = "digest", .type = MSP_OPT_FLAG, .offset = offsetof(struct check, digest),
	 .help = "print HEX  FILE: the digest of all objects"},
	{0},
};

/* Reads to the end. */
static int read_all(struct check *c, struct msp_reader *r, struct msp_error *err)
{
	struct msp_block b;
	int s;

	do {
		s = c->full ? msp_reader_next(r, &c->object, err) : msp_reader_next_block(r, &b, err);
	} while (s > 0 && s != MSP_READ_END);
	return s < 0 ? s : msp_reader_finish(r, err);
}

static int print(struct check *c, struct msp_job *job, const char *name, const struct msp_totals *t, uint64_t segments)
{
	char hex[MSP_ID_TEXT];
	FILE *to = msp_job_text(job);

	if (c->digest && fprintf(to, "%s  %s\n", msp_id_format(&t->digest, hex), name) < 0)
		return msp_error_errno(msp_job_error(job), MSP_FAIL, "standard output");
	msp_job_say(job, "%s: whole: %" PRIu64 " live and %" PRIu64 " dead objects, %" PRIu64 " ensembles, %" PRIu64 " segments",
	            name, t->live, t->dead, t->ensembles, segments);
	return MSP_OK;
}

/* A broken file is reported and counted, and the next one is looked at. */
static int check_fd(struct check *c, struct msp_job *job, int fd, const char *name)
{
	struct msp_reader_options o = {.poll = msp_job_poll_fn(), .context = job};
	struct msp_error *err = msp_job_error(job);
	struct msp_reader *r = msp_reader_new(&o);
	int s = r ? msp_reader_input(r, fd, name, err) : msp_error_set(err, MSP_NOMEM, "no memory left");

	if (s == MSP_OK)
		s = read_all(c, r, err);
	if (s == MSP_OK)
		s = print(c, job, name, msp_reader_sum(r), msp_reader_segments(r));
	msp_reader_free(r);
	if (s == MSP_CORRUPT) {
		msp_job_complain(job);
		c->bad++;
		return MSP_OK;
	}
	return s;
}

static int check_file(struct check *c, struct msp_job *job, const char *path)
{
	int fd, s;

	if (strcmp(path, "-") == 0 && isatty(STDIN_FILENO))
		return msp_error_set(msp_job_error(job), MSP_USAGE, "a stream is not read from a terminal: name a FILE, or use a pipe");
	if (strcmp(path, "-") == 0)
		return check_fd(c, job, STDIN_FILENO, "standard input");
	fd = msp_open_input(path, msp_job_poll_fn(), job, msp_job_error(job));
	if (fd < 0)
		return fd;
	s = check_fd(c, job, fd, path);
	close(fd);
	return s;
}

static int drain(void *self, struct msp_job *job)
{
	struct check *c = self;
	int n = msp_job_operands(job), s = MSP_OK;

	msp_object_init(&c->object);
	if (n == 0)
		s = check_file(c, job, "-");
	for (int i = 0; i < n && s == MSP_OK; i++)
		s = check_file(c, job, msp_job_operand(job, i));
	return s == MSP_OK && c->bad > 0 ? MSP_CORRUPT : s;
}

static void stop(void *self)
{
	struct check *c = self;

	msp_object_free(&c->object);
}

const struct msp_tool msp_tool = {
	.name = "mscheck",
	.summary = "check that streams are whole",
	.operands = "[FILE...]",
	.options = options,
	.size = sizeof(struct check),
	.flags = MSP_TOOL_SOURCE | MSP_TOOL_TEXT,
	.drain = drain,
	.stop = stop,
};
