/* mshead - the first objects of a stream
 *
 * An ensemble counts as one: it is handed on whole. */
#include "mspipe/tool.h"

struct head {
	int64_t n;
	bool drain;
	uint64_t seen;
	bool in_ensemble;
};

static const struct msp_option options[] = {
	{.name = "number", .letter = 'n', .type = MSP_OPT_INT, .offset = offsetof(struct head, n), .arg = "N", .def = "10",
	 .min = 0, .max = 9e15, .help = "how many objects or ensembles (default 10)"},
	{.name = "drain", .type = MSP_OPT_FLAG, .offset = offsetof(struct head, drain), .flags = MSP_OPTF_NOID,
	 .help = "read the rest, too, so that no stage before dies of SIGPIPE"},
	{0},
};

static int start(void *self, struct msp_job *job)
{
	struct head *h = self;

	if (h->n == 0 && !h->drain)
		msp_job_stop_early(job);
	return MSP_OK;
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct head *h = self;
	int s = MSP_OK;

	if (h->seen < (uint64_t)h->n) {
		s = msp_pass(job, o);
		if (o->kind == MSP_ENSEMBLE_BEGIN)
			h->in_ensemble = true;
		else if (o->kind == MSP_ENSEMBLE_END)
			h->in_ensemble = false;
		h->seen += !h->in_ensemble;
	}
	if (h->seen >= (uint64_t)h->n && !h->drain)
		msp_job_stop_early(job);
	return s;
}

const struct msp_tool msp_tool = {
	.name = "mshead",
	.summary = "hand on the first objects of a stream",
	.options = options,
	.size = sizeof(struct head),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_KEEPS_IDS | MSP_TOOL_RESTREAM | MSP_TOOL_GATHERS,
	.start = start,
	.flow = flow,
};
