/* mssort - sort the objects of a stream by their metadata
 *
 * * Ensembles are written as they come, each with its members sorted; loose objects follow, sorted. With
 * --ensembles it is the other way round: loose objects are written as they come, ensembles follow, sorted
 * by their own metadata. */
#include "mspipe/gather.h"

#include <stddef.h>

struct sort {
	bool ensembles, reverse;
	uint64_t max_memory;
	struct msp_keys keys;
	struct msp_sorter *loose, *members;
	bool inside;
};

static const struct msp_option options[] = {
	{.name = "ensembles", .type = MSP_OPT_FLAG, .offset = offsetof(struct sort, ensembles),
	 .help = "sort whole ensembles by their own metadata"},
	{.name = "reverse", .letter = 'r', .type = MSP_OPT_FLAG, .offset = offsetof(struct sort, reverse),
	 .help = "reverse the direction of every key"},
	{.name = "max-mem", .type = MSP_OPT_SIZE, .offset = offsetof(struct sort, max_memory), .arg = "SIZE",
	 .def = "1G", .flags = MSP_OPTF_NOID,
	 .help = "objects held in memory; more go to files in $TMPDIR (default 1G)"},
	{0}};

static int start(void *self, struct msp_job *job)
{
	struct sort *s = self;
	int rc = msp_keys_parse(msp_job_operand(job, 0), true, &s->keys, msp_job_error(job));
	if (rc < 0)
		return rc;
	for (uint32_t i = 0; s->reverse && i < s->keys.n; i++)
		s->keys.key[i].descending = !s->keys.key[i].descending;
	struct msp_sorter_options o = {.n = s->keys.n, .keys = &s->keys, .max_memory = s->max_memory,
	                               .poll = msp_job_poll_fn(), .poll_context = job};
	s->loose = msp_sorter_new(&o);
	s->members = msp_sorter_new(&o);
	if (!s->loose || !s->members)
		return msp_error_set(msp_job_error(job), MSP_NOMEM, "out of memory");
	return MSP_OK;
}

static int out(void *context, struct msp_object *o)
{
	return msp_pass(context, o);
}

static int flow_ensembles(struct sort *s, struct msp_job *job, struct msp_object *o)
{
	bool gather = s->inside || o->kind == MSP_ENSEMBLE_BEGIN;
	s->inside = gather && o->kind != MSP_ENSEMBLE_END;
	return gather ? msp_sorter_put(s->loose, o, msp_job_error(job)) : msp_pass(job, o);
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct sort *s = self;
	int rc = MSP_OK;
	if (s->ensembles)
		return flow_ensembles(s, job, o);
	if (o->kind != MSP_ENSEMBLE_BEGIN && o->kind != MSP_ENSEMBLE_END)
		return msp_sorter_put(s->inside ? s->members : s->loose, o, msp_job_error(job));
	s->inside = o->kind == MSP_ENSEMBLE_BEGIN;
	if (!s->inside)
		rc = msp_sorter_drain(s->members, out, job, msp_job_error(job));
	return rc < 0 ? rc : msp_pass(job, o);
}

static int drain(void *self, struct msp_job *job)
{
	struct sort *s = self;
	int rc = msp_sorter_drain(s->loose, out, job, msp_job_error(job));
	if (rc == MSP_OK)
		msp_sorter_tell_unmet(s->loose, s->members, job);
	if (rc == MSP_OK)
		msp_job_say(job, "%llu runs in temporary files",
		            (unsigned long long)(msp_sorter_spilled(s->loose) + msp_sorter_spilled(s->members)));
	return rc;
}

static void stop(void *self)
{
	struct sort *s = self;
	msp_sorter_free(s->loose);
	msp_sorter_free(s->members);
	msp_keys_free(&s->keys);
}

const struct msp_tool msp_tool = {
	.name = "mssort",
	.summary = "sort the objects of a stream by their metadata",
	.operands = "KEYS",
	.own_operands = 1,
	.options = options,
	.size = sizeof(struct sort),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_KEEPS_IDS | MSP_TOOL_RESTREAM | MSP_TOOL_GATHERS,
	.start = start,
	.flow = flow,
	.drain = drain,
	.stop = stop,
};
