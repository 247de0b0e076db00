/* msgroup - make ensembles of objects with equal keys, or take ensembles apart
 *
 * * Brackets of the input go; what an ensemble knew and its members do not is copied to the members first. */
#include "mspipe/gather.h"

#include <inttypes.h>
#include <stddef.h>

struct group {
	bool undo, sorted;
	uint64_t max_memory;
	struct msp_keys keys;
	struct msp_grouper *grouper;
	struct msp_job *job;
	struct msp_object bracket; /* of the input: being taken apart */
	uint64_t incomplete;       /* objects without one of the keys */
};

static const struct msp_option options[] = {
	{.name = "undo", .type = MSP_OPT_FLAG, .offset = offsetof(struct group, undo),
	 .help = "take ensembles apart, members become loose objects"},
	{.name = "sorted", .type = MSP_OPT_FLAG, .offset = offsetof(struct group, sorted), .flags = MSP_OPTF_NOID,
	 .help = "the input is in order of groups: write them as they come"},
	{.name = "max-mem", .type = MSP_OPT_SIZE, .offset = offsetof(struct group, max_memory), .arg = "SIZE",
	 .def = "1G", .flags = MSP_OPTF_NOID,
	 .help = "objects held in memory; more go to files in $TMPDIR (default 1G)"},
	{0}};

static int out_of_memory(struct group *g)
{
	return msp_error_set(msp_job_error(g->job), MSP_NOMEM, "out of memory");
}

/* ---- taking ensembles apart -------------------------------------------- */

/* Copies what the member lacks from its ensemble. A member that is changed has another id. */
static int inherit(struct group *g, struct msp_object *o)
{
	bson_iter_t i;
	bool changed = false;
	if (!msp_meta_begin(&g->bracket, &i))
		return MSP_OK;
	while (bson_iter_next(&i)) {
		const char *key = bson_iter_key(&i);
		char scratch[MSP_ID_TEXT];
		struct msp_value v;
		msp_object_get(o, key, &v, scratch);
		if (v.type != MSP_V_UNDEFINED || !msp_meta_value(&g->bracket, key, &v))
			continue;
		int rc = msp_meta_set(o, key, &v, NULL);
		if (rc == MSP_NOMEM)
			return out_of_memory(g);
		changed = changed || rc == MSP_OK; /* a field of the object is never lacking */
	}
	if (changed)
		o->id = msp_id_next(o->id, msp_job_stage_id(g->job), 0);
	return MSP_OK;
}

/* ---- making ensembles -------------------------------------------------- */

static void count_incomplete(struct group *g, const struct msp_object *o)
{
	for (uint32_t i = 0; i < g->keys.n; i++) {
		struct msp_value v;
		char scratch[MSP_ID_TEXT];
		msp_object_get(o, g->keys.key[i].name, &v, scratch);
		if (v.type == MSP_V_UNDEFINED) {
			g->incomplete++;
			return;
		}
	}
}

static int gather(struct group *g, struct msp_object *o)
{
	count_incomplete(g, o);
	int rc = msp_grouper_put(g->grouper, o);
	const struct msp_groups *met = msp_grouper_groups(g->grouper);
	if (rc == MSP_OK && msp_groups_memory(met) > g->max_memory)
		return msp_error_set(msp_job_error(g->job), MSP_FAIL,
		                     "the list of %" PRIu64 " groups is larger than --max-mem", met->n);
	return rc;
}

static const char *whole(const void *self)
{
	return ((const struct group *)self)->undo ? NULL : "a group may have objects in several parts";
}

/* ---- the command ------------------------------------------------------- */

static int start(void *self, struct msp_job *job)
{
	struct group *g = self;
	struct msp_error *err = msp_job_error(job);
	g->job = job;
	msp_object_init(&g->bracket);
	if (g->undo)
		return g->sorted ? msp_error_set(err, MSP_USAGE, "--undo and --sorted exclude each other") : MSP_OK;
	msp_job_inputs_from(job, 1);
	msp_job_restream(job);
	if (!msp_job_operand(job, 0))
		return msp_error_set(err, MSP_USAGE, "missing operand: KEYS, or --undo");
	int rc = msp_keys_parse(msp_job_operand(job, 0), false, &g->keys, err);
	if (rc < 0)
		return rc;
	g->grouper = msp_grouper_new(job, &g->keys, g->sorted, g->max_memory);
	return g->grouper ? MSP_OK : out_of_memory(g);
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct group *g = self;
	if (o->kind == MSP_ENSEMBLE_BEGIN)
		return msp_object_take(&g->bracket, o) < 0 ? out_of_memory(g) : MSP_OK;
	if (o->kind == MSP_ENSEMBLE_END) {
		msp_object_free(&g->bracket);
		return MSP_OK;
	}
	if (!msp_object_is_data(o))
		return msp_pass(job, o);
	int rc = inherit(g, o);
	if (rc < 0)
		return rc;
	return g->undo ? msp_pass(job, o) : gather(g, o);
}

static int drain(void *self, struct msp_job *job)
{
	struct group *g = self;
	if (g->undo)
		return MSP_OK;
	int rc = msp_grouper_drain(g->grouper);
	if (g->incomplete)
		msp_job_warn(job, "%" PRIu64 " object%s a key of %s: grouped with it undefined", g->incomplete,
		             g->incomplete == 1 ? " lacks" : "s lack", msp_job_operand(job, 0));
	return rc;
}

static void stop(void *self)
{
	struct group *g = self;
	msp_grouper_free(g->grouper);
	msp_keys_free(&g->keys);
	msp_object_free(&g->bracket);
}

const struct msp_tool msp_tool = {
	.name = "msgroup",
	.summary = "make ensembles of objects with equal keys",
	.operands = "KEYS | --undo",
	.options = options,
	.size = sizeof(struct group),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_KEEPS_IDS | MSP_TOOL_GATHERS,
	.whole = whole,
	.start = start,
	.flow = flow,
	.drain = drain,
	.stop = stop,
};
