/* mshistory - how a stream came to be
 *
 * Reads headers only; the graph of stages is the union of what they say. */
#include "mspipe/tool.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT, SH, JSON, DOT };
enum { EXPANSIONS = 10000 }; /* a graph may be small and its pipeline endless: stages that are read by many are written for each */

struct history {
	int form;
	struct msp_bytes *met; /* distinct pipelines */
	size_t n;
	uint64_t expanded;
};

static const struct msp_option options[] = {
	{.name = "sh", .type = MSP_OPT_MODE, .mode = SH, .mode_offset = offsetof(struct history, form),
	 .help = "print a shell pipeline that runs again to the same digest"},
	{.name = "json", .type = MSP_OPT_MODE, .mode = JSON, .mode_offset = offsetof(struct history, form),
	 .help = "print the stages as JSON"},
	{.name = "dot", .type = MSP_OPT_MODE, .mode = DOT, .mode_offset = offsetof(struct history, form),
	 .help = "print a graph for dot(1)"},
	{0},
};

static int start(void *self, struct msp_job *job)
{
	(void)self;
	msp_job_by_blocks(job);
	return MSP_OK;
}

static int block(void *self, struct msp_job *job, const struct msp_block *b)
{
	(void)self;
	(void)job;
	(void)b;
	return MSP_OK;
}

static int no_memory(struct msp_job *job)
{
	return msp_error_set(msp_job_error(job), MSP_NOMEM, "no memory left");
}

static int header(void *self, struct msp_job *job, const struct msp_header *h)
{
	struct history *y = self;
	struct msp_bytes *met;

	for (size_t i = y->n; i-- > 0;)
		if (y->met[i].len == h->pipeline.len && memcmp(y->met[i].data, h->pipeline.data, h->pipeline.len) == 0)
			return MSP_OK;
	if (h->pipeline.len == 0)
		return MSP_OK;
	met = realloc(y->met, (y->n + 1) * sizeof(*met));
	if (!met)
		return no_memory(job);
	y->met = met;
	memset(&met[y->n], 0, sizeof(*met));
	if (msp_bytes_set(&met[y->n], h->pipeline.data, h->pipeline.len) < 0)
		return no_memory(job);
	y->n++;
	return MSP_OK;
}

/* A word for the shell. */
static void put_word(const char *word, FILE *to)
{
	if (*word && strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%^") == strlen(word)) {
		fputs(word, to);
		return;
	}
	fputc('\'', to);
	for (; *word; word++) {
		if (*word == '\'')
			fputs("'\\''", to);
		else
			fputc(*word, to);
	}
	fputc('\'', to);
}

static void put_command(const struct msp_stage *s, FILE *to)
{
	for (uint32_t i = 0; i < s->argc; i++) {
		if (i > 0)
			fputc(' ', to);
		put_word(s->argv[i], to);
	}
}

/* JSON or dot: a string in double quotes. */
static void put_quoted(const char *text, FILE *to)
{
	fputc('"', to);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(to, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(to, "\\u%04x", c);
		else
			fputc(c, to);
	}
	fputc('"', to);
}

/* ---- forms ------------------------------------------------------------- */

static int put_pipeline(struct history *y, struct msp_job *job, const struct msp_stage *stages, const uint32_t *ends, uint32_t n);

/* What stage i read, and then the stage itself. */
static int put_stage(struct history *y, struct msp_job *job, const struct msp_stage *stages, uint32_t i)
{
	FILE *to = msp_job_text(job);

	if (y->expanded++ >= EXPANSIONS)
		return msp_error_set(msp_job_error(job), MSP_FAIL, "the history is too entangled for a pipeline: use --json or --dot");
	if (stages[i].nin > 0) {
		int s = put_pipeline(y, job, stages, stages[i].in, stages[i].nin);
		if (s < 0)
			return s;
		fputs(" |\n\t", to);
	}
	put_command(&stages[i], to);
	return MSP_OK;
}

/* Several streams one after the other are one. */
static int put_pipeline(struct history *y, struct msp_job *job, const struct msp_stage *stages, const uint32_t *ends, uint32_t n)
{
	FILE *to = msp_job_text(job);
	int s = MSP_OK;

	if (n == 1)
		return put_stage(y, job, stages, ends[0]);
	fputs("{ ", to);
	for (uint32_t i = 0; i < n && s == MSP_OK; i++) {
		s = put_stage(y, job, stages, ends[i]);
		fputs(";\n", to);
	}
	fputc('}', to);
	return s;
}

static int put_sh(struct history *y, struct msp_job *job, const struct msp_stage *stages, const struct msp_stage *end)
{
	int s;

	fputs("set -e\n", msp_job_text(job));
	s = put_pipeline(y, job, stages, end->in, end->nin);
	fputc('\n', msp_job_text(job));
	return s;
}

static void put_text(const struct msp_stage *stages, uint32_t n, FILE *to)
{
	for (uint32_t i = 0; i < n; i++) {
		fprintf(to, "%" PRIu32 "\t", i + 1);
		put_command(&stages[i], to);
		fprintf(to, "\t(%s", stages[i].version);
		for (uint32_t k = 0; k < stages[i].nin; k++)
			fprintf(to, "%s%" PRIu32, k ? ", " : "; reads ", stages[i].in[k] + 1);
		fputs(")\n", to);
	}
}

static void put_json(const struct msp_stage *stages, uint32_t n, FILE *to)
{
	fputs("{\"stages\":[", to);
	for (uint32_t i = 0; i < n; i++) {
		fputs(i ? ",{\"tool\":" : "{\"tool\":", to);
		put_quoted(stages[i].tool, to);
		fputs(",\"version\":", to);
		put_quoted(stages[i].version, to);
		fputs(",\"argv\":[", to);
		for (uint32_t k = 0; k < stages[i].argc; k++) {
			fputs(k ? "," : "", to);
			put_quoted(stages[i].argv[k], to);
		}
		fputs("],\"in\":[", to);
		for (uint32_t k = 0; k < stages[i].nin; k++)
			fprintf(to, "%s%" PRIu32, k ? "," : "", stages[i].in[k]);
		fputs("]}", to);
	}
	fputs("]}\n", to);
}

static void put_dot(const struct msp_stage *stages, uint32_t n, FILE *to)
{
	fputs("digraph history {\n\trankdir=LR; node [shape=box];\n", to);
	for (uint32_t i = 0; i < n; i++) {
		char *text = NULL;
		size_t size = 0;
		FILE *label = open_memstream(&text, &size);

		if (label) {
			put_command(&stages[i], label);
			fclose(label);
		}
		fprintf(to, "\ts%" PRIu32 " [label=", i);
		put_quoted(text ? text : stages[i].tool, to);
		fputs("];\n", to);
		free(text);
		for (uint32_t k = 0; k < stages[i].nin; k++)
			fprintf(to, "\ts%" PRIu32 " -> s%" PRIu32 ";\n", stages[i].in[k], i);
	}
	fputs("}\n", to);
}

static int drain(void *self, struct msp_job *job)
{
	struct history *y = self;
	static const char *const argv[] = {"mshistory"};
	struct msp_bytes graph = {0};
	struct msp_stage *stages = NULL;
	uint32_t n = 0;
	int s;

	if (y->n == 0)
		return msp_error_set(msp_job_error(job), MSP_FAIL, "the stream has no history");
	/* the union of all, ending in a stage that stands for this command and is not shown */
	s = msp_pipeline_merge(&graph, y->met, y->n, argv[0], MSP_VERSION, 1, argv, msp_job_error(job));
	if (s == MSP_OK)
		s = msp_pipeline_stages(&graph, &stages, &n, msp_job_error(job));
	if (s == MSP_OK && n > 0) {
		if (y->form == SH)
			s = put_sh(y, job, stages, &stages[n - 1]);
		else if (y->form == JSON)
			put_json(stages, n - 1, msp_job_text(job));
		else if (y->form == DOT)
			put_dot(stages, n - 1, msp_job_text(job));
		else
			put_text(stages, n - 1, msp_job_text(job));
	}
	msp_stages_free(stages, n);
	msp_bytes_free(&graph);
	return s;
}

static void stop(void *self)
{
	struct history *y = self;

	for (size_t i = 0; i < y->n; i++)
		msp_bytes_free(&y->met[i]);
	free(y->met);
}

const struct msp_tool msp_tool = {
	.name = "mshistory",
	.summary = "print how a stream came to be",
	.options = options,
	.size = sizeof(struct history),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_TEXT,
	.start = start,
	.block = block,
	.header = header,
	.drain = drain,
	.stop = stop,
};
