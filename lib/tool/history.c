/* The history of streams, printed: as text, as a shell pipeline, as JSON, as a graph. */
#include "mspipe/tool.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A graph may be small and its pipeline endless: a stage that is read by several is written for each. */
enum { EXPANSIONS = 10000 };

struct print {
	FILE *to;
	const struct msp_stage *stages;
	uint64_t expanded;
	struct msp_error *err;
};

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

/* JSON or dot: a string in double quotes, valid whatever the bytes are. */
static int put_quoted(const char *text, FILE *to)
{
	struct msp_bytes b = {0};
	int s = msp_json_string(text, strlen(text), &b);

	if (s == MSP_OK)
		fwrite(b.data, 1, b.len, to);
	msp_bytes_free(&b);
	return s;
}

/* The command on one line, for the eye: a name with a newline or an escape in it neither breaks the line nor drives
 * the terminal. To be freed; NULL: no memory. */
static char *one_line(const struct msp_stage *s)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	put_command(s, f);
	if (fclose(f) != 0) {
		free(text);
		return NULL;
	}
	msp_text_harmless(text, size);
	return text;
}

/* ---- forms ------------------------------------------------------------- */

static int put_pipeline(struct print *p, const uint32_t *ends, uint32_t n);

/* What stage i read, and then the stage itself. */
static int put_stage(struct print *p, uint32_t i)
{
	const struct msp_stage *stage = &p->stages[i];

	if (p->expanded++ >= EXPANSIONS)
		return msp_error_set(p->err, MSP_FAIL, "the history is too entangled for a pipeline: use --json or --dot");
	if (stage->nin > 0) {
		int s = put_pipeline(p, stage->in, stage->nin);
		if (s < 0)
			return s;
		fputs(" |\n\t", p->to);
	}
	put_command(stage, p->to);
	return MSP_OK;
}

/* Several streams one after the other are one. */
static int put_pipeline(struct print *p, const uint32_t *ends, uint32_t n)
{
	int s = MSP_OK;

	if (n == 1)
		return put_stage(p, ends[0]);
	fputs("{ ", p->to);
	for (uint32_t i = 0; i < n && s == MSP_OK; i++) {
		s = put_stage(p, ends[i]);
		fputs(";\n", p->to);
	}
	fputc('}', p->to);
	return s;
}

static int put_sh(const struct msp_stage *stages, const struct msp_stage *end, FILE *to, struct msp_error *err)
{
	struct print p = {to, stages, 0, err};
	int s;

	fputs("set -e\n", to);
	s = put_pipeline(&p, end->in, end->nin);
	fputc('\n', to);
	return s;
}

static int put_text(const struct msp_stage *stages, uint32_t n, FILE *to)
{
	for (uint32_t i = 0; i < n; i++) {
		char *line = one_line(&stages[i]), *version = strdup(stages[i].version);

		if (line && version) {
			msp_text_harmless(version, strlen(version));
			fprintf(to, "%" PRIu32 "\t%s\t(%s", i + 1, line, version);
		}
		for (uint32_t k = 0; line && version && k < stages[i].nin; k++)
			fprintf(to, "%s%" PRIu32, k ? ", " : "; reads ", stages[i].in[k] + 1);
		free(version);
		free(line);
		if (!line || !version)
			return MSP_NOMEM;
		fputs(")\n", to);
	}
	return MSP_OK;
}

static int put_json_stage(const struct msp_stage *s, FILE *to)
{
	int r;

	fputs("{\"tool\":", to);
	r = put_quoted(s->tool, to);
	fputs(",\"version\":", to);
	if (r == MSP_OK)
		r = put_quoted(s->version, to);
	fputs(",\"argv\":[", to);
	for (uint32_t k = 0; k < s->argc && r == MSP_OK; k++) {
		fputs(k ? "," : "", to);
		r = put_quoted(s->argv[k], to);
	}
	fputs("],\"in\":[", to);
	for (uint32_t k = 0; k < s->nin; k++)
		fprintf(to, "%s%" PRIu32, k ? "," : "", s->in[k]);
	fputs("]}", to);
	return r;
}

static int put_json(const struct msp_stage *stages, uint32_t n, FILE *to)
{
	int r = MSP_OK;

	fputs("{\"stages\":[", to);
	for (uint32_t i = 0; i < n && r == MSP_OK; i++) {
		fputs(i ? "," : "", to);
		r = put_json_stage(&stages[i], to);
	}
	fputs("]}\n", to);
	return r;
}

static int put_dot(const struct msp_stage *stages, uint32_t n, FILE *to)
{
	int r = MSP_OK;

	fputs("digraph history {\n\trankdir=LR; node [shape=box];\n", to);
	for (uint32_t i = 0; i < n && r == MSP_OK; i++) {
		char *label = one_line(&stages[i]);

		fprintf(to, "\ts%" PRIu32 " [label=", i);
		r = label ? put_quoted(label, to) : MSP_NOMEM;
		fputs("];\n", to);
		free(label);
		for (uint32_t k = 0; k < stages[i].nin; k++)
			fprintf(to, "\ts%" PRIu32 " -> s%" PRIu32 ";\n", stages[i].in[k], i);
	}
	fputs("}\n", to);
	return r;
}

int msp_history_print(const struct msp_bytes *pipelines, size_t n, enum msp_history_form form, FILE *to, struct msp_error *err)
{
	static const char *const argv[] = {"mspipe"};
	struct msp_bytes graph = {0};
	struct msp_stage *stages = NULL;
	uint32_t count = 0;
	int s;

	if (n == 0)
		return msp_error_set(err, MSP_FAIL, "the stream has no history");
	/* the union of all, ending in a stage that stands for the reader and is not shown */
	s = msp_pipeline_merge(&graph, pipelines, n, argv[0], MSP_VERSION, 1, argv, err);
	if (s == MSP_OK)
		s = msp_pipeline_stages(&graph, &stages, &count, err);
	if (s == MSP_OK && form == MSP_HISTORY_SH)
		s = put_sh(stages, &stages[count - 1], to, err);
	else if (s == MSP_OK && form == MSP_HISTORY_JSON)
		s = put_json(stages, count - 1, to);
	else if (s == MSP_OK && form == MSP_HISTORY_DOT)
		s = put_dot(stages, count - 1, to);
	else if (s == MSP_OK)
		s = put_text(stages, count - 1, to);
	msp_stages_free(stages, count);
	msp_bytes_free(&graph);
	return s == MSP_NOMEM ? msp_error_set(err, MSP_NOMEM, "no memory left") : s;
}
