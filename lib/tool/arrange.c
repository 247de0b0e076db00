/* Sorting and grouping what a source makes. */
#include "mspipe/gather.h"

#include <stdlib.h>

struct msp_arrange {
	struct msp_job *job;
	struct msp_keys sort, group;
	struct msp_sorter *sorter;
	struct msp_grouper *grouper;
};

static int out_of_memory(struct msp_arrange *a)
{
	return msp_error_set(msp_job_error(a->job), MSP_NOMEM, "out of memory");
}

static int to_group(void *context, struct msp_object *o)
{
	return msp_grouper_put(((struct msp_arrange *)context)->grouper, o);
}

static int to_output(void *context, struct msp_object *o)
{
	return msp_pass(((struct msp_arrange *)context)->job, o);
}

int msp_arrange_put(struct msp_arrange *a, struct msp_object *o)
{
	bool bracket = o->kind == MSP_ENSEMBLE_BEGIN || o->kind == MSP_ENSEMBLE_END;

	if (bracket && a->grouper)
		return MSP_OK;
	return a->sorter ? msp_sorter_put(a->sorter, o, msp_job_error(a->job)) : to_group(a, o);
}

int msp_arrange_drain(struct msp_arrange *a)
{
	struct msp_error *err = msp_job_error(a->job);
	int rc = MSP_OK;

	if (a->sorter)
		rc = msp_sorter_drain(a->sorter, a->grouper ? to_group : to_output, a, err);
	return rc == MSP_OK && a->grouper ? msp_grouper_drain(a->grouper) : rc;
}

static int prepare(struct msp_arrange *a, const char *sort, const char *group, uint64_t max_memory)
{
	struct msp_sorter_options o = {.max_memory = max_memory, .poll = msp_job_poll_fn(), .poll_context = a->job};
	struct msp_error *err = msp_job_error(a->job);

	if (sort) {
		if (msp_keys_parse(sort, true, &a->sort, err) < 0)
			return msp_error_prefix(err, "--sort");
		o.n = a->sort.n;
		o.keys = &a->sort;
		a->sorter = msp_sorter_new(&o);
		if (!a->sorter)
			return out_of_memory(a);
	}
	if (group) {
		if (msp_keys_parse(group, false, &a->group, err) < 0)
			return msp_error_prefix(err, "--group");
		a->grouper = msp_grouper_new(a->job, &a->group, false, max_memory);
		if (!a->grouper)
			return out_of_memory(a);
	}
	return MSP_OK;
}

struct msp_arrange *msp_arrange_new(struct msp_job *job, const char *sort, const char *group, uint64_t max_memory)
{
	struct msp_arrange *a = calloc(1, sizeof(*a));

	if (!a) {
		msp_error_set(msp_job_error(job), MSP_NOMEM, "out of memory");
		return NULL;
	}
	a->job = job;
	if (prepare(a, sort, group, max_memory) < 0) {
		msp_arrange_free(a);
		return NULL;
	}
	return a;
}

void msp_arrange_free(struct msp_arrange *a)
{
	if (!a)
		return;
	msp_sorter_free(a->sorter);
	msp_grouper_free(a->grouper);
	msp_keys_free(&a->sort);
	msp_keys_free(&a->group);
	free(a);
}
