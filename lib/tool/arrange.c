/* Sorting and grouping what a source makes. Groups are made as msgroup makes them: objects are sorted by the number of their group. */
#include "mspipe/gather.h"

#include <stdlib.h>

struct msp_arrange {
	struct msp_job *job;
	struct msp_keys sort, group;
	struct msp_sorter *sorter, *grouper;
	struct msp_groups groups;
	struct msp_id hash; /* of the group being written */
	bool open, nomem;
};

static int out_of_memory(struct msp_arrange *a)
{
	return msp_error_set(msp_job_error(a->job), MSP_NOMEM, "out of memory");
}

/* The number of the object's group, for the sorter. */
static void number(const void *context, const struct msp_object *o, uint32_t i, struct msp_value *out, char scratch[MSP_ID_TEXT])
{
	struct msp_arrange *a = (struct msp_arrange *)(uintptr_t)context; /* numbering counts what it meets */
	struct msp_id h;
	uint64_t n = 0;
	bool added;

	(void)i, (void)scratch;
	if (msp_keys_hash(&a->group, o, &h) < 0 || msp_groups_number(&a->groups, h, &n, &added) < 0)
		a->nomem = true;
	*out = (struct msp_value){.type = MSP_V_INT, .u.i = (int64_t)n};
}

static int close_group(struct msp_arrange *a)
{
	struct msp_object end;
	int rc;

	if (!a->open)
		return MSP_OK;
	a->open = false;
	msp_object_init(&end);
	rc = msp_object_reset(&end, MSP_ENSEMBLE_END, MSP_NONE, 0);
	rc = rc < 0 ? out_of_memory(a) : msp_pass(a->job, &end);
	msp_object_free(&end);
	return rc;
}

/* The bracket has the keys, with the values of the first member. */
static int open_group(struct msp_arrange *a, const struct msp_object *first, struct msp_id h)
{
	struct msp_object begin;
	int rc;

	msp_object_init(&begin);
	rc = msp_object_reset(&begin, MSP_ENSEMBLE_BEGIN, MSP_NONE, 0);
	for (uint32_t i = 0; rc == MSP_OK && i < a->group.n; i++) {
		char scratch[MSP_ID_TEXT];
		struct msp_value v;

		msp_object_get(first, a->group.key[i].name, &v, scratch);
		rc = msp_meta_set(&begin, a->group.key[i].name, &v, NULL);
		rc = rc == MSP_NOMEM ? rc : MSP_OK; /* kind, live and id are the bracket's own */
	}
	begin.id = msp_id_next(h, msp_job_stage_id(a->job), 0);
	rc = rc < 0 ? out_of_memory(a) : msp_pass(a->job, &begin);
	msp_object_free(&begin);
	a->hash = h;
	a->open = true;
	return rc;
}

static int write_member(void *context, struct msp_object *o)
{
	struct msp_arrange *a = context;
	struct msp_id h;
	int rc = msp_keys_hash(&a->group, o, &h);

	if (rc < 0)
		return out_of_memory(a);
	if (!(a->open && msp_id_equal(&h, &a->hash))) {
		rc = close_group(a);
		if (rc == MSP_OK)
			rc = open_group(a, o, h);
	}
	return rc < 0 ? rc : msp_pass(a->job, o);
}

static int to_group(void *context, struct msp_object *o)
{
	struct msp_arrange *a = context;
	int rc = msp_sorter_put(a->grouper, o, msp_job_error(a->job));

	return a->nomem ? out_of_memory(a) : rc;
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
	if (rc == MSP_OK && a->grouper)
		rc = msp_sorter_drain(a->grouper, write_member, a, err);
	return rc < 0 ? rc : close_group(a);
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
		o.n = 1;
		o.keys = NULL;
		o.key = number;
		o.context = a;
		a->grouper = msp_sorter_new(&o);
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
	msp_sorter_free(a->grouper);
	msp_groups_free(&a->groups);
	msp_keys_free(&a->sort);
	msp_keys_free(&a->group);
	free(a);
}
