/* msfold - the reduce of map and reduce
 *
 * Folds by key, written in the order of the keys' values when the input has ended: nothing depends on the order of arrival. */
#include "mspipe/gather.h"

struct folder {
	struct msp_keyfold_options how;
	int op; /* 1 + enum msp_fold_op */
	struct msp_keyfold *folds;
};

#define OP(o) .mode = 1 + (o), .mode_offset = offsetof(struct folder, op)

static const struct msp_option options[] = {
	{.name = "by", .letter = 'b', .type = MSP_OPT_STRING, .offset = offsetof(struct folder, how.by), .arg = "KEYS",
	 .help = "one fold for each value of KEYS (default: one of all)"},
	{.name = "mean", .type = MSP_OPT_MODE, OP(MSP_FOLD_MEAN), .help = "mean of the members (default)"},
	{.name = "sum", .type = MSP_OPT_MODE, OP(MSP_FOLD_SUM), .help = "sum of the members"},
	{.name = "max", .type = MSP_OPT_MODE, OP(MSP_FOLD_MAX), .help = "largest of the members"},
	{.name = "min", .type = MSP_OPT_MODE, OP(MSP_FOLD_MIN), .help = "smallest of the members"},
	{.name = "count", .type = MSP_OPT_MODE, OP(MSP_FOLD_COUNT), .help = "how many members there are at each sample"},
	{.name = "stats", .type = MSP_OPT_MODE, OP(MSP_FOLD_STATS), .help = "three series: mean, variance, count"},
	{.name = "align", .letter = 'a', .type = MSP_OPT_CHOICE, .offset = offsetof(struct folder, how.spec.align), .choices = "start|zero",
	 .arg = "start|zero", .def = "start", .help = "fold sample by sample from the start, or by the time axis (default start)"},
	{.name = "span", .letter = 's', .type = MSP_OPT_CHOICE, .offset = offsetof(struct folder, how.spec.span), .choices = "common|all",
	 .arg = "common|all", .def = "common", .help = "the span that all members have, or that any has (default common)"},
	{.name = "partial", .letter = 'p', .type = MSP_OPT_FLAG, .offset = offsetof(struct folder, how.partial),
	 .help = "write partial folds, for another msfold"},
	{.name = "max-mem", .type = MSP_OPT_SIZE, .offset = offsetof(struct folder, how.spec.max_memory), .arg = "SIZE", .def = "1G",
	 .flags = MSP_OPTF_NOID, .help = "memory that all folds may take (default 1G)"},
	{0},
};

static const char *needs_whole(const void *self)
{
	const struct folder *f = self;

	return f->how.partial ? NULL : "a fold needs the whole stream; of parts it is a partial one (--partial)";
}

static int start(void *self, struct msp_job *job)
{
	struct folder *f = self;

	if (!f->op)
		f->op = 1 + MSP_FOLD_MEAN; /* so that the stage is the same whether it is named or not */
	f->how.spec.op = f->op - 1;
	if (!msp_job_segments(job)) /* else a fold of each segment */
		msp_job_restream(job);
	else if (!f->how.partial)
		return msp_error_set(msp_job_error(job), MSP_USAGE,
		                     "a fold needs the whole stream; of some segments (--segments) it is a partial one (--partial)");
	f->folds = msp_keyfold_new(job, &f->how);
	return f->folds ? MSP_OK : msp_job_error(job)->status;
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct folder *f = self;

	(void)job;
	return msp_keyfold_put(f->folds, o);
}

static int drain(void *self, struct msp_job *job)
{
	struct folder *f = self;

	(void)job;
	return msp_keyfold_drain(f->folds);
}

static void stop(void *self)
{
	struct folder *f = self;

	msp_keyfold_free(f->folds);
}

const struct msp_tool msp_tool = {
	.name = "msfold",
	.summary = "reduce a stream by key, the same to the bit however it was divided",
	.options = options,
	.size = sizeof(struct folder),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_GATHERS,
	.whole = needs_whole,
	.start = start,
	.flow = flow,
	.drain = drain,
	.stop = stop,
};
