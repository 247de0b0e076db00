/* mshistory - how a stream came to be
 *
 * Reads headers only; the graph of stages is the union of what they say. */
#include "mspipe/tool.h"

#include <stdlib.h>
#include <string.h>

struct history {
	int form; /* enum msp_history_form */
	struct msp_bytes *met; /* distinct pipelines */
	size_t n;
};

static const struct msp_option options[] = {
	{.name = "sh", .type = MSP_OPT_MODE, .mode = MSP_HISTORY_SH, .mode_offset = offsetof(struct history, form),
	 .help = "print a shell pipeline that runs again to the same digest"},
	{.name = "json", .type = MSP_OPT_MODE, .mode = MSP_HISTORY_JSON, .mode_offset = offsetof(struct history, form),
	 .help = "print the stages as JSON"},
	{.name = "dot", .type = MSP_OPT_MODE, .mode = MSP_HISTORY_DOT, .mode_offset = offsetof(struct history, form),
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

static int drain(void *self, struct msp_job *job)
{
	struct history *y = self;

	return msp_history_print(y->met, y->n, (enum msp_history_form)y->form, msp_job_text(job), msp_job_error(job));
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
