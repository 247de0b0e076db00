/* Ensembles made of objects with equal keys: msgroup, msread --group.
 *
 * * Objects are sorted by the number of their group, counted by first appearance, so that the input may be larger than memory. */
#include "tool/groups.h"

#include <stdlib.h>

struct msp_grouper {
	struct msp_job *job;
	struct msp_numbering groups;
	struct msp_sorter *sorter; /* NULL: the input is in order of groups */
	struct msp_id hash;        /* of the group being written */
	bool open;
};

static int out_of_memory(struct msp_grouper *g)
{
	return msp_error_set(msp_job_error(g->job), MSP_NOMEM, "out of memory");
}

/* ---- writing ----------------------------------------------------------- */

static int close_group(struct msp_grouper *g)
{
	if (!g->open)
		return MSP_OK;
	g->open = false;
	return msp_pass_ensemble_end(g->job);
}

/* The bracket has the keys with the values of the first member; kind, live and id are its own. */
static int open_group(struct msp_grouper *g, const struct msp_object *first, struct msp_id h)
{
	struct msp_object begin;
	int rc;

	msp_object_init(&begin);
	rc = msp_object_reset(&begin, MSP_ENSEMBLE_BEGIN, MSP_NONE, 0);
	for (uint32_t i = 0; rc == MSP_OK && i < g->groups.keys->n; i++) {
		char scratch[MSP_ID_TEXT];
		struct msp_value v;

		msp_object_get(first, g->groups.keys->key[i].name, &v, scratch);
		rc = msp_meta_set(&begin, g->groups.keys->key[i].name, &v, NULL);
		rc = rc == MSP_NOMEM ? rc : MSP_OK;
	}
	begin.id = msp_id_next(h, msp_job_stage_id(g->job), 0);
	rc = rc < 0 ? out_of_memory(g) : msp_pass(g->job, &begin);
	msp_object_free(&begin);
	g->hash = h;
	g->open = true;
	return rc;
}

/* Writes an object; the ensemble changes where the group does. */
static int write_as(struct msp_grouper *g, const struct msp_object *o, struct msp_id h)
{
	int rc = MSP_OK;

	if (!(g->open && msp_id_equal(&h, &g->hash))) {
		rc = close_group(g);
		if (rc == MSP_OK)
			rc = open_group(g, o, h);
	}
	return rc < 0 ? rc : msp_pass(g->job, o);
}

static int write_member(void *context, struct msp_object *o)
{
	struct msp_grouper *g = context;
	struct msp_id h;

	return msp_keys_hash(g->groups.keys, o, &h) < 0 ? out_of_memory(g) : write_as(g, o, h);
}

/* ---- what is called ---------------------------------------------------- */

struct msp_grouper *msp_grouper_new(struct msp_job *job, const struct msp_keys *keys, bool sorted, uint64_t max_memory)
{
	struct msp_grouper *g = calloc(1, sizeof *g);
	struct msp_sorter_options o = {.n = 1, .key = msp_numbering_key, .context = &g->groups, .max_memory = max_memory,
	                               .poll = msp_job_poll_fn(), .poll_context = job};

	if (!g)
		return NULL;
	g->job = job;
	g->groups.keys = keys;
	if (sorted)
		return g;
	g->sorter = msp_sorter_new(&o);
	if (g->sorter)
		return g;
	free(g);
	return NULL;
}

/* In order of groups: an object belongs to the group that is open or to one that was never met. */
static int put_sorted(struct msp_grouper *g, const struct msp_object *o)
{
	char name[128];
	struct msp_id h;
	uint64_t n;
	bool added;

	if (msp_keys_hash(g->groups.keys, o, &h) < 0 || msp_groups_number(&g->groups.groups, h, &n, &added) < 0)
		return out_of_memory(g);
	if (added || (g->open && msp_id_equal(&h, &g->hash)))
		return write_as(g, o, h);
	return msp_error_set(msp_job_error(g->job), MSP_FAIL,
	                     "%s belongs to a group that was closed: the input is not in order of groups (leave out "
	                     "--sorted, or use mssort first)", msp_object_name(o, name, sizeof name));
}

int msp_grouper_put(struct msp_grouper *g, struct msp_object *o)
{
	int rc;

	if (!g->sorter)
		return put_sorted(g, o);
	rc = msp_sorter_put(g->sorter, o, msp_job_error(g->job));
	return g->groups.nomem ? out_of_memory(g) : rc;
}

int msp_grouper_drain(struct msp_grouper *g)
{
	int rc = g->sorter ? msp_sorter_drain(g->sorter, write_member, g, msp_job_error(g->job)) : MSP_OK;

	if (rc == MSP_OK && g->groups.nomem)
		rc = out_of_memory(g);
	return rc < 0 ? rc : close_group(g);
}

const struct msp_groups *msp_grouper_groups(const struct msp_grouper *g)
{
	return &g->groups.groups;
}

void msp_grouper_free(struct msp_grouper *g)
{
	if (!g)
		return;
	msp_sorter_free(g->sorter);
	msp_groups_free(&g->groups.groups);
	free(g);
}
