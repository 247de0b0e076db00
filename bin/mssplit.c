/* mssplit - one stream into parts
 *
 * Each part is a file that knows of which stream it is which part. Where the number of parts is known only in the end (--size), it is
 * written into the headers then. No part gets its name before the whole input was read and found complete, and all parts are on the disk. */
#include "mspipe/gather.h"

struct split {
	struct msp_divider_options how;
	struct msp_divider *divider;
};

static const struct msp_option options[] = {
	{.name = "number", .letter = 'n', .type = MSP_OPT_INT, .offset = offsetof(struct split, how.number), .arg = "N", .min = 1,
	 .max = MSP_PARTS_MAX, .help = "N parts of about the same size"},
	{.name = "size", .type = MSP_OPT_SIZE, .offset = offsetof(struct split, how.size), .arg = "SIZE",
	 .help = "parts of about SIZE, in the order of the input"},
	{.name = "by", .letter = 'b', .type = MSP_OPT_STRING, .offset = offsetof(struct split, how.by), .arg = "KEYS",
	 .help = "a part for each value of KEYS"},
	{.name = "prefix", .letter = 'P', .type = MSP_OPT_STRING, .offset = offsetof(struct split, how.prefix), .arg = "P", .def = "part",
	 .help = "how the names of the parts begin (default part: part.0001.msp ...)"},
	{.name = "max-mem", .type = MSP_OPT_SIZE, .offset = offsetof(struct split, how.max_memory), .arg = "SIZE", .def = "1G",
	 .help = "--by: objects held in memory; more go to files in $TMPDIR (default 1G)"},
	{0},
};

static int start(void *self, struct msp_job *job)
{
	struct split *k = self;
	const struct msp_divider_options *how = &k->how;

	msp_job_inputs_from(job, 0);
	if ((how->number != 0) + (how->size != 0) + (how->by != NULL) != 1)
		return msp_error_set(msp_job_error(job), MSP_USAGE, "give one of --number, --size and --by");
	if (!how->prefix[0])
		return msp_error_set(msp_job_error(job), MSP_USAGE, "--prefix is empty");
	k->divider = msp_divider_new(job, how);
	return k->divider ? MSP_OK : msp_job_error(job)->status;
}

static int header(void *self, struct msp_job *job, const struct msp_header *h)
{
	struct split *k = self;

	(void)job;
	return msp_divider_header(k->divider, h);
}

static int block(void *self, struct msp_job *job, const struct msp_block *b)
{
	struct split *k = self;

	(void)job;
	return msp_divider_block(k->divider, b);
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct split *k = self;

	(void)job;
	return msp_divider_put(k->divider, o);
}

static int drain(void *self, struct msp_job *job)
{
	struct split *k = self;
	size_t n;
	int s = msp_divider_commit(k->divider, &n);

	if (s == MSP_OK)
		msp_job_say(job, "%zu part%s", n, n == 1 ? "" : "s");
	return s;
}

static void stop(void *self)
{
	struct split *k = self;

	msp_divider_free(k->divider);
}

const struct msp_tool msp_tool = {
	.name = "mssplit",
	.summary = "divide a stream into parts that know of each other",
	.operands = "[FILE...]",
	.options = options,
	.size = sizeof(struct split),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_SINK | MSP_TOOL_KEEPS_IDS | MSP_TOOL_RESTREAM | MSP_TOOL_GATHERS,
	.start = start,
	.flow = flow,
	.block = block,
	.header = header,
	.drain = drain,
	.stop = stop,
};
