/* msdump - the objects of a stream as text, JSON or CSV
 * reads: everything   writes: text   kills: nothing */
#include "mspipe/tool.h"

#define FORM(f) .type = MSP_OPT_MODE, .mode = (f), .mode_offset = offsetof(struct msp_dump, form)

static const struct msp_option options[] = {
	{.name = "text", FORM(MSP_DUMP_TEXT), .help = "for people (the default)"},
	{.name = "json", FORM(MSP_DUMP_JSON), .help = "a JSON document per line"},
	{.name = "csv", FORM(MSP_DUMP_CSV), .help = "time, value; samples are always printed"},
	{.name = "samples", .letter = 's', .type = MSP_OPT_FLAG, .offset = offsetof(struct msp_dump, samples),
	 .help = "print the samples, too"},
	{0},
};

static int print(void *job, const void *text, size_t n)
{
	return msp_job_print(job, text, n);
}

static int start(void *self, struct msp_job *job)
{
	struct msp_dump *d = self;

	d->write = print;
	d->context = job;
	return MSP_OK;
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	int r = msp_dump_object(self, o);

	return r == MSP_NOMEM ? msp_error_set(msp_job_error(job), r, "out of memory") : r;
}

static void stop(void *self)
{
	msp_dump_free(self);
}

const struct msp_tool msp_tool = {
	.name = "msdump",
	.summary = "print the objects of a stream as text, JSON or CSV",
	.options = options,
	.size = sizeof(struct msp_dump),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_TEXT,
	.start = start,
	.flow = flow,
	.stop = stop,
};
