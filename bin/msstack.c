/* msstack - many time series into one
 *
 * Each ensemble is replaced by the stack of its members; objects outside ensembles make one stack, written at
 * the end. Members that were dead, or are killed here, are written as dead objects before the stack. */
#include "mspipe/signal.h"
#include "mspipe/tool.h"

struct stacker {
	int op; /* 1 + enum msp_stack_op */
	const char *weights;
	int align, span, history;
	uint64_t max_memory;
	struct msp_stack *loose, *members; /* outside ensembles; in the ensemble being read */
	struct msp_object ensemble, result;
	bool in_ensemble, any_loose;
	struct msp_id dead, loose_dead; /* sums of the ids of dead members */
};

#define OP(o) .mode = 1 + (o), .mode_offset = offsetof(struct stacker, op)

static const struct msp_option options[] = {
	{.name = "mean", .type = MSP_OPT_MODE, OP(MSP_STACK_MEAN), .help = "mean of the members (default)"},
	{.name = "sum", .type = MSP_OPT_MODE, OP(MSP_STACK_SUM), .help = "sum of the members"},
	{.name = "median", .type = MSP_OPT_MODE, OP(MSP_STACK_MEDIAN),
	 .help = "median of the members; holds them in memory"},
	{.name = "rms", .type = MSP_OPT_MODE, OP(MSP_STACK_RMS), .help = "root of the mean of the squares"},
	{.name = "weights", .letter = 'w', .type = MSP_OPT_STRING,
	 .offset = offsetof(struct stacker, weights), .arg = "KEY", OP(MSP_STACK_WEIGHTED), .help = "mean weighted by the number in KEY"},
	{.name = "align", .letter = 'a', .type = MSP_OPT_CHOICE, .offset = offsetof(struct stacker, align),
	 .choices = "start|zero", .arg = "start|zero", .def = "start",
	 .help = "add sample by sample from the start, or by the time axis (default start)"},
	{.name = "span", .letter = 's', .type = MSP_OPT_CHOICE, .offset = offsetof(struct stacker, span),
	 .choices = "common|all", .arg = "common|all", .def = "common",
	 .help = "the span that all members have, or that any has (default common)"},
	{.name = "history", .type = MSP_OPT_CHOICE, .offset = offsetof(struct stacker, history),
	 .choices = "summary|full", .arg = "summary|full", .def = "summary", .flags = MSP_OPTF_NOID,
	 .help = "record the number and the combined id of the members, or list them (default summary)"},
	{.name = "max-mem", .type = MSP_OPT_SIZE, .offset = offsetof(struct stacker, max_memory),
	 .arg = "SIZE", .def = "1G", .flags = MSP_OPTF_NOID,
	 .help = "memory that a stack may take (default 1G)"},
	{0},
};

static int start(void *self, struct msp_job *job)
{
	struct stacker *k = self;
	struct msp_stack_spec spec = {.align = k->align, .span = k->span, .weights = k->weights,
	                              .list_ids = k->history == 1, .max_memory = k->max_memory};

	msp_object_init(&k->ensemble);
	msp_object_init(&k->result);
	if (!k->op)
		k->op = 1 + MSP_STACK_MEAN; /* so that the stage is the same whether it is named or not */
	spec.op = k->op - 1;
	k->loose = msp_stack_new(&spec);
	k->members = msp_stack_new(&spec);
	if (!k->loose || !k->members)
		return msp_error_set(msp_job_error(job), MSP_NOMEM, "no memory left");
	return MSP_OK;
}

static int add_member(struct stacker *k, struct msp_job *job, struct msp_object *o)
{
	struct msp_id *dead = k->in_ensemble ? &k->dead : &k->loose_dead;
	int s = MSP_OK;

	if (!k->in_ensemble && msp_job_partial(job))
		return msp_error_set(msp_job_error(job), MSP_USAGE,
		                     "there are objects outside ensembles: their stack needs the whole "
		                     "stream (--segments)");
	k->any_loose |= !k->in_ensemble;
	if (o->live)
		s = msp_stack_add(k->in_ensemble ? k->members : k->loose, o, msp_job_error(job));
	if (!o->live || s == MSP_KILL)
		*dead = msp_id_sum(*dead, o->id);
	return o->live ? s : msp_pass(job, o);
}

/* Writes the stack: a dead object with the reason if there is none. */
static int write_stack(struct stacker *k, struct msp_job *job, struct msp_stack *stack,
                       const struct msp_object *base, struct msp_id dead)
{
	bool empty = msp_stack_fold(stack) == 0;
	int s = msp_stack_finish(stack, base, &k->result, msp_job_error(job));

	if (empty)
		k->result.id = msp_id_sum(k->result.id, dead);
	if (s == MSP_KILL)
		s = msp_job_kill(job, &k->result);
	return s < 0 ? s : msp_emit(job, &k->result);
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	static const struct msp_id none;
	struct stacker *k = self;

	switch (o->kind) {
	case MSP_TIMESERIES:
	case MSP_SEISMOGRAM:
		return add_member(k, job, o);
	case MSP_ENSEMBLE_BEGIN:
		k->in_ensemble = true;
		k->dead = none;
		if (msp_object_take(&k->ensemble, o) < 0)
			return msp_error_set(msp_job_error(job), MSP_NOMEM, "no memory left");
		return MSP_OK;
	case MSP_ENSEMBLE_END:
		k->in_ensemble = false;
		return write_stack(k, job, k->members, &k->ensemble, k->dead);
	default:
		return msp_pass(job, o);
	}
}

static int drain(void *self, struct msp_job *job)
{
	struct stacker *k = self;

	return k->any_loose ? write_stack(k, job, k->loose, NULL, k->loose_dead) : MSP_OK;
}

static void stop(void *self)
{
	struct stacker *k = self;

	msp_stack_free(k->loose);
	msp_stack_free(k->members);
	msp_object_free(&k->ensemble);
	msp_object_free(&k->result);
}

const struct msp_tool msp_tool = {
	.name = "msstack",
	.summary = "stack the members of each ensemble, or a whole stream",
	.options = options,
	.size = sizeof(struct stacker),
	.kinds = MSP_HANDLES_ALL,
	.start = start,
	.flow = flow,
	.drain = drain,
	.stop = stop,
};
