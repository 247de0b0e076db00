/* msgroup - make ensembles of objects with equal keys, or take ensembles apart
 *
 * * Objects are sorted by the number of their group, counted by first appearance, so that the input may be
 * larger than memory. Brackets of the input go; what an ensemble knew and its members do not is copied to
 * the members first. */
#include "mspipe/gather.h"

#include <inttypes.h>
#include <stddef.h>

struct group {
	bool undo, sorted;
	uint64_t max_memory;
	struct msp_keys keys;
	struct msp_groups groups;
	struct msp_sorter *sorter;
	struct msp_job *job;
	struct group *self;        /* for number() */
	struct msp_object bracket; /* of the input: being taken apart */
	struct msp_id hash;        /* of the group being written */
	bool open, nomem;
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

static int hash(struct group *g, const struct msp_object *o, struct msp_id *out)
{
	return msp_keys_hash(&g->keys, o, out) < 0 ? out_of_memory(g) : MSP_OK;
}

/* The number of the object's group, for the sorter. */
static void number(const void *context, const struct msp_object *o, uint32_t i, struct msp_value *out,
                   char scratch[MSP_ID_TEXT])
{
	struct group *g = *(struct group *const *)context;
	struct msp_id h;
	uint64_t n = 0;
	bool added;
	(void)i, (void)scratch;
	if (msp_keys_hash(&g->keys, o, &h) < 0 || msp_groups_number(&g->groups, h, &n, &added) < 0)
		g->nomem = true;
	*out = (struct msp_value){.type = MSP_V_INT, .u.i = (int64_t)n};
}

static int close_group(struct group *g)
{
	struct msp_object end;
	if (!g->open)
		return MSP_OK;
	g->open = false;
	msp_object_init(&end);
	int rc = msp_object_reset(&end, MSP_ENSEMBLE_END, MSP_NONE, 0);
	rc = rc < 0 ? out_of_memory(g) : msp_pass(g->job, &end);
	msp_object_free(&end);
	return rc;
}

/* The bracket has the keys with the values of the first member; kind, live and id are its own. */
static int open_group(struct group *g, const struct msp_object *first, struct msp_id h)
{
	struct msp_object begin;
	msp_object_init(&begin);
	int rc = msp_object_reset(&begin, MSP_ENSEMBLE_BEGIN, MSP_NONE, 0);
	for (uint32_t i = 0; rc == MSP_OK && i < g->keys.n; i++) {
		struct msp_value v;
		char scratch[MSP_ID_TEXT];
		msp_object_get(first, g->keys.key[i].name, &v, scratch);
		rc = msp_meta_set(&begin, g->keys.key[i].name, &v, NULL);
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
static int write_member(void *context, struct msp_object *o)
{
	struct group *g = context;
	struct msp_id h;
	int rc = hash(g, o, &h);
	if (rc == MSP_OK && !(g->open && msp_id_equal(&h, &g->hash))) {
		rc = close_group(g);
		if (rc == MSP_OK)
			rc = open_group(g, o, h);
	}
	return rc < 0 ? rc : msp_pass(g->job, o);
}

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

static int check_sorted(struct group *g, const struct msp_object *o, const struct msp_id *h, bool added)
{
	char name[128];
	if (added || (g->open && msp_id_equal(h, &g->hash)))
		return MSP_OK;
	return msp_error_set(msp_job_error(g->job), MSP_FAIL,
	                     "%s belongs to a group that was closed: the input is not in order of groups (leave out "
	                     "--sorted, or use mssort first)", msp_object_name(o, name, sizeof name));
}

static int gather(struct group *g, struct msp_object *o)
{
	struct msp_error *err = msp_job_error(g->job);
	struct msp_id h;
	uint64_t n;
	bool added;
	int rc = hash(g, o, &h);
	if (rc < 0 || msp_groups_number(&g->groups, h, &n, &added) < 0)
		return out_of_memory(g);
	if (msp_groups_memory(&g->groups) > g->max_memory)
		return msp_error_set(err, MSP_FAIL, "the list of %" PRIu64 " groups is larger than --max-mem", g->groups.n);
	count_incomplete(g, o);
	if (g->sorted) {
		rc = check_sorted(g, o, &h, added);
		return rc < 0 ? rc : write_member(g, o);
	}
	rc = msp_sorter_put(g->sorter, o, err);
	return g->nomem ? out_of_memory(g) : rc;
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
	struct msp_sorter_options o = {.n = 1, .key = number, .context = &g->self, .max_memory = g->max_memory,
	                               .poll = msp_job_poll_fn(), .poll_context = job};
	g->self = g;
	g->sorter = msp_sorter_new(&o);
	return g->sorter ? MSP_OK : out_of_memory(g);
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
	int rc = MSP_OK;
	if (g->undo)
		return rc;
	if (!g->sorted)
		rc = msp_sorter_drain(g->sorter, write_member, g, msp_job_error(job));
	if (rc == MSP_OK && g->nomem)
		rc = out_of_memory(g);
	if (rc == MSP_OK)
		rc = close_group(g);
	if (g->incomplete)
		msp_job_warn(job, "%" PRIu64 " object%s a key of %s: grouped with it undefined", g->incomplete,
		             g->incomplete == 1 ? " lacks" : "s lack", msp_job_operand(job, 0));
	return rc;
}

static void stop(void *self)
{
	struct group *g = self;
	msp_sorter_free(g->sorter);
	msp_groups_free(&g->groups);
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
	.start = start,
	.flow = flow,
	.drain = drain,
	.stop = stop,
};
