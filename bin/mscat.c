/* mscat - concatenate streams
 *
 * Blocks are copied as they are where they are as the output wants them, else
 * decoded and written anew: raw blocks into a file, and all blocks if --level is given. */
#include "mspipe/tool.h"


struct cat {
	struct msp_object object;
};

static int start(void *self, struct msp_job *job)
{
	struct cat *c = self;

	msp_object_init(&c->object);
	msp_job_by_blocks(job);
	return MSP_OK;
}

/* Brackets and segments stay as they are; the objects are copied one by one. */
static int recode(struct cat *c, struct msp_job *job)
{
	struct msp_reader *r = msp_job_reader(job);
	int s = msp_reader_open_block(r, msp_job_error(job));

	while (s >= 0 && msp_reader_block_left(r) > 0) {
		s = msp_reader_next(r, &c->object, msp_job_error(job));
		if (s >= 0)
			s = msp_pass(job, &c->object);
	}
	return s < 0 ? s : MSP_OK;
}

static int block(void *self, struct msp_job *job, const struct msp_block *b)
{
	return msp_job_copies(job, b) ? msp_job_put_block(job, b) : recode(self, job);
}

static void stop(void *self)
{
	struct cat *c = self;

	msp_object_free(&c->object);
}

const struct msp_tool msp_tool = {
	.name = "mscat",
	.summary = "concatenate streams; re-encode (--level) or re-segment (--segment) them",
	.size = sizeof(struct cat),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_KEEPS_IDS | MSP_TOOL_NO_STAGE,
	.start = start,
	.block = block,
	.stop = stop,
};
