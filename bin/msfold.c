/* msfold - the reduce of map and reduce
 *
 * One fold for each value of the keys, each of its own memory; for ensembles one for the brackets and one for each place in the
 * ensemble. Written in the order of the keys' values when the input has ended: nothing depends on the order of arrival. */
#include "mspipe/gather.h"
#include "mspipe/signal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BRACKET (-1)

struct slot {
	struct msp_fold *fold;
	struct msp_object group; /* its metadata say which: by, ensemble, member, values */
	int64_t ensemble, member;
};

struct folder {
	const char *by;
	int op; /* 1 + enum msp_fold_op */
	int align, span;
	bool partial;
	uint64_t max_memory, memory;
	struct msp_keys keys;
	struct msp_bytes names; /* of the keys, a line each */
	struct msp_groups groups;
	struct slot **slot;
	size_t n, room;
	struct msp_object key, values; /* being looked up; of the ensemble being read */
	bool inside;
	int64_t member;
	/* while results are written */
	struct msp_job *job;
	const struct slot *now;
	uint64_t output;
};

#define OP(o) .mode = 1 + (o), .mode_offset = offsetof(struct folder, op)

static const struct msp_option options[] = {
	{.name = "by", .letter = 'b', .type = MSP_OPT_STRING, .offset = offsetof(struct folder, by), .arg = "KEYS",
	 .help = "one fold for each value of KEYS (default: one of all)"},
	{.name = "mean", .type = MSP_OPT_MODE, OP(MSP_FOLD_MEAN), .help = "mean of the members (default)"},
	{.name = "sum", .type = MSP_OPT_MODE, OP(MSP_FOLD_SUM), .help = "sum of the members"},
	{.name = "max", .type = MSP_OPT_MODE, OP(MSP_FOLD_MAX), .help = "largest of the members"},
	{.name = "min", .type = MSP_OPT_MODE, OP(MSP_FOLD_MIN), .help = "smallest of the members"},
	{.name = "count", .type = MSP_OPT_MODE, OP(MSP_FOLD_COUNT), .help = "how many members there are at each sample"},
	{.name = "stats", .type = MSP_OPT_MODE, OP(MSP_FOLD_STATS), .help = "three series: mean, variance, count"},
	{.name = "align", .letter = 'a', .type = MSP_OPT_CHOICE, .offset = offsetof(struct folder, align), .choices = "start|zero",
	 .arg = "start|zero", .def = "start", .help = "fold sample by sample from the start, or by the time axis (default start)"},
	{.name = "span", .letter = 's', .type = MSP_OPT_CHOICE, .offset = offsetof(struct folder, span), .choices = "common|all",
	 .arg = "common|all", .def = "common", .help = "the span that all members have, or that any has (default common)"},
	{.name = "partial", .letter = 'p', .type = MSP_OPT_FLAG, .offset = offsetof(struct folder, partial),
	 .help = "write partial folds, for another msfold"},
	{.name = "max-mem", .type = MSP_OPT_SIZE, .offset = offsetof(struct folder, max_memory), .arg = "SIZE", .def = "1G",
	 .flags = MSP_OPTF_NOID, .help = "memory that all folds may take (default 1G)"},
	{0},
};

static int no_memory(struct msp_job *job)
{
	return msp_error_set(msp_job_error(job), MSP_NOMEM, "no memory left");
}

static const char *needs_whole(const void *self)
{
	const struct folder *f = self;

	return f->partial ? NULL : "a fold needs the whole stream; of parts it is a partial one (--partial)";
}

/* ---- start --------------------------------------------------------------- */

static int start(void *self, struct msp_job *job)
{
	struct folder *f = self;
	int s = MSP_OK;

	msp_object_init(&f->key);
	msp_object_init(&f->values);
	if (!f->op)
		f->op = 1 + MSP_FOLD_MEAN; /* so that the stage is the same whether it is named or not */
	f->job = job;
	if (!msp_job_segments(job)) /* else a fold of each segment */
		msp_job_restream(job);
	else if (!f->partial)
		return msp_error_set(msp_job_error(job), MSP_USAGE,
		                     "a fold needs the whole stream; of some segments (--segments) it is a partial one (--partial)");
	if (f->by)
		s = msp_keys_parse(f->by, false, &f->keys, msp_job_error(job));
	for (uint32_t i = 0; s == MSP_OK && i < f->keys.n; i++)
		if (msp_bytes_append(&f->names, f->keys.key[i].name, strlen(f->keys.key[i].name)) < 0
		    || msp_bytes_append(&f->names, "\n", 1) < 0)
			s = no_memory(job);
	if (s == MSP_OK && msp_bytes_append(&f->names, "", 1) < 0)
		s = no_memory(job);
	return s;
}

/* ---- which fold ---------------------------------------------------------- */

/* One form for what is equal: 1.0 and true are 1, times are text. */
static void canonical(struct msp_value *v, char time[MSP_TIME_TEXT])
{
	if (v->type == MSP_V_BOOL) {
		*v = (struct msp_value){.type = MSP_V_INT, .u.i = v->u.b};
	} else if (v->type == MSP_V_TIME) {
		msp_time_format(v->u.i, time);
		*v = (struct msp_value){.type = MSP_V_STRING, .u.s = {time, strlen(time)}};
	} else if (v->type == MSP_V_DOUBLE && v->u.d == floor(v->u.d) && fabs(v->u.d) < 0x1p62) {
		*v = (struct msp_value){.type = MSP_V_INT, .u.i = (int64_t)v->u.d};
	} else if (v->type == MSP_V_DOUBLE && isnan(v->u.d)) {
		v->u.d = (double)NAN;
	}
}

static char *value_key(uint32_t i, char buf[24])
{
	snprintf(buf, 24, "values.%" PRIu32, i);
	return buf;
}

/* Writes the values of the keys of o into the group. */
static int set_values(struct folder *f, struct msp_object *group, const struct msp_object *o)
{
	char scratch[MSP_ID_TEXT], time[MSP_TIME_TEXT], key[24];
	int s = MSP_OK;

	group->metadata.len = 0;
	for (uint32_t i = 0; s == MSP_OK && i < f->keys.n; i++) {
		struct msp_value v;

		msp_object_get(o, f->keys.key[i].name, &v, scratch);
		canonical(&v, time);
		if (v.type != MSP_V_UNDEFINED)
			s = msp_meta_set(group, value_key(i, key), &v, NULL);
	}
	return s == MSP_OK ? MSP_OK : no_memory(f->job);
}

/* The same from a partial fold, whose keys must include ours. */
static int take_values(struct folder *f, struct msp_object *group, const struct msp_object *theirs)
{
	const char *names = msp_meta_string(theirs, "by", ""), *p;
	char from[24], to[24];
	int s = MSP_OK;

	group->metadata.len = 0;
	for (uint32_t i = 0; s == MSP_OK && i < f->keys.n; i++) {
		const char *name = f->keys.key[i].name;
		struct msp_value v;
		uint32_t k = 0;

		for (p = names; *p; p = strchr(p, '\n') + 1, k++)
			if (!strchr(p, '\n') || (strncmp(p, name, strlen(name)) == 0 && p[strlen(name)] == '\n'))
				break;
		if (!*p || !strchr(p, '\n'))
			return msp_error_set(msp_job_error(f->job), MSP_USAGE, "a partial fold was not made by key '%s'", name);
		if (msp_meta_value(theirs, value_key(k, from), &v))
			s = msp_meta_set(group, value_key(i, to), &v, NULL);
	}
	return s == MSP_OK ? MSP_OK : no_memory(f->job);
}

static int add_slot(struct folder *f, int64_t ensemble, int64_t member)
{
	struct msp_fold_spec spec = {.op = f->op - 1, .align = f->align, .span = f->span, .max_memory = f->max_memory};
	struct slot *k;

	if (f->n == f->room) {
		size_t room = f->room ? 2 * f->room : 64;
		struct slot **slot = realloc(f->slot, room * sizeof(struct slot *));

		if (!slot)
			return MSP_NOMEM;
		f->slot = slot;
		f->room = room;
	}
	k = calloc(1, sizeof *k);
	if (!k)
		return MSP_NOMEM;
	msp_object_init(&k->group);
	k->ensemble = ensemble;
	k->member = member;
	k->fold = msp_fold_new(&spec);
	f->slot[f->n++] = k;
	if (!k->fold || msp_bytes_set(&k->group.metadata, f->key.metadata.data, f->key.metadata.len) < 0)
		return MSP_NOMEM;
	f->memory += sizeof *k + k->group.metadata.cap;
	return MSP_OK;
}

/* The fold of f->key's values, ensemble and member. */
static int find_slot(struct folder *f, int64_t ensemble, int64_t member, struct slot **out)
{
	const struct msp_bytes *doc = &f->key.metadata;
	uint64_t number;
	bool added;
	int s = MSP_OK;

	if (f->keys.n > 0)
		s = msp_meta_set_string(&f->key, "by", (const char *)f->names.data);
	if (s == MSP_OK)
		s = msp_meta_set_int(&f->key, "ensemble", ensemble);
	if (s == MSP_OK)
		s = msp_meta_set_int(&f->key, "member", member);
	if (s == MSP_OK)
		s = msp_groups_number(&f->groups, msp_id_hash(doc->data, doc->len), &number, &added);
	if (s == MSP_OK && added)
		s = add_slot(f, ensemble, member);
	if (s < 0)
		return no_memory(f->job);
	*out = f->slot[number];
	return MSP_OK;
}

/* ---- members ------------------------------------------------------------- */

static int check_memory(struct folder *f, const struct slot *k, uint64_t before)
{
	f->memory += msp_fold_memory(k->fold) - before;
	if (f->memory + msp_groups_memory(&f->groups) <= f->max_memory)
		return MSP_OK;
	return msp_error_set(msp_job_error(f->job), MSP_FAIL, "%zu folds need more memory than --max-mem permits", f->n);
}

/* A member that is dead, or is found to be no member, is counted. */
static int add_member(struct folder *f, struct slot *k, struct msp_object *o)
{
	struct msp_error *err = msp_job_error(f->job);
	uint64_t before = msp_fold_memory(k->fold);
	int s = MSP_OK;

	if (o->live) {
		s = msp_fold_add(k->fold, o, err);
		if (s == MSP_KILL)
			s = msp_job_kill(f->job, o);
	}
	if (s == MSP_OK && !o->live)
		s = msp_fold_dead(k->fold, o->id, 1, err);
	return s < 0 ? s : check_memory(f, k, before);
}

static int add_data(struct folder *f, struct msp_object *o)
{
	struct slot *k;
	int s;

	if (f->inside)
		s = msp_bytes_set(&f->key.metadata, f->values.metadata.data, f->values.metadata.len) < 0 ? no_memory(f->job) : MSP_OK;
	else
		s = set_values(f, &f->key, o);
	if (s == MSP_OK)
		s = find_slot(f, f->inside, f->inside ? f->member++ : 0, &k);
	return s < 0 ? s : add_member(f, k, o);
}

static int begin_ensemble(struct folder *f, struct msp_object *o)
{
	struct slot *k;
	int s = set_values(f, &f->values, o);

	if (s == MSP_OK && msp_bytes_set(&f->key.metadata, f->values.metadata.data, f->values.metadata.len) < 0)
		s = no_memory(f->job);
	if (s == MSP_OK)
		s = find_slot(f, 1, BRACKET, &k);
	if (s < 0)
		return s;
	f->inside = true;
	f->member = 0;
	o->live = true;
	return add_member(f, k, o);
}

static int64_t whole(const struct msp_object *o, const char *key)
{
	struct msp_value v;

	return msp_meta_value(o, key, &v) && v.type == MSP_V_INT ? v.u.i : INT64_MIN;
}

static int add_partial(struct folder *f, const struct msp_object *o)
{
	struct msp_error *err = msp_job_error(f->job);
	struct msp_object theirs;
	struct msp_bytes group;
	struct slot *k;
	int64_t ensemble, member;
	uint64_t before;
	int s;

	msp_object_init(&theirs);
	s = msp_fold_group(o, &group, err);
	if (s < 0)
		return s;
	theirs.metadata = group; /* borrowed */
	if (!msp_bson_valid(group.data, group.len))
		return msp_error_set(err, MSP_CORRUPT, "a partial fold is not as msp(5) says: group");
	ensemble = whole(&theirs, "ensemble");
	member = whole(&theirs, "member");
	if (ensemble < 0 || ensemble > 1 || member < (ensemble ? BRACKET : 0) || (!ensemble && member > 0))
		return msp_error_set(err, MSP_CORRUPT, "a partial fold is not as msp(5) says: group");
	s = take_values(f, &f->key, &theirs);
	if (s == MSP_OK)
		s = find_slot(f, ensemble, member, &k);
	if (s < 0)
		return s;
	before = msp_fold_memory(k->fold);
	s = msp_fold_merge(k->fold, o, err);
	return s < 0 ? s : check_memory(f, k, before);
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct folder *f = self;

	switch (o->kind) {
	case MSP_TIMESERIES:
	case MSP_SEISMOGRAM:
		return add_data(f, o);
	case MSP_ENSEMBLE_BEGIN:
		return begin_ensemble(f, o);
	case MSP_ENSEMBLE_END:
		f->inside = false;
		return MSP_OK;
	case MSP_PARTIAL_FOLD:
		return add_partial(f, o);
	default:
		return msp_pass(job, o);
	}
}

/* ---- results ------------------------------------------------------------- */

/* By the values of the keys; then what is loose, then the bracket and the members of the ensemble. */
static int order(const void *a, const void *b, void *context)
{
	const struct slot *x = *(struct slot *const *)a, *y = *(struct slot *const *)b;
	const struct folder *f = context;
	char key[24];

	for (uint32_t i = 0; i < f->keys.n; i++) {
		struct msp_value v = {0}, w = {0};
		int c;

		msp_meta_value(&x->group, value_key(i, key), &v);
		msp_meta_value(&y->group, key, &w);
		c = msp_value_compare(&v, &w);
		if (c)
			return c;
	}
	if (x->ensemble != y->ensemble)
		return x->ensemble < y->ensemble ? -1 : 1;
	return (x->member > y->member) - (x->member < y->member);
}

static bool same_ensemble(const struct folder *f, const struct slot *a, const struct slot *b)
{
	struct slot x = *a;

	x.member = b->member;
	const struct slot *p = &x;
	return order(&p, &b, (void *)(uintptr_t)f) == 0;
}

/* The keys that the fold is by, where not all members write them alike. Fields of the object are not metadata. */
static int set_keys(const struct folder *f, struct msp_object *o)
{
	char key[24];

	for (uint32_t i = 0; i < f->keys.n; i++) {
		struct msp_value v;
		bson_iter_t it;

		if (msp_meta_find(o, f->keys.key[i].name, &it) || !msp_meta_value(&f->now->group, value_key(i, key), &v))
			continue;
		if (msp_meta_set(o, f->keys.key[i].name, &v, NULL) == MSP_NOMEM)
			return no_memory(f->job);
	}
	return MSP_OK;
}

static int write_result(void *context, struct msp_object *o, const char *reason)
{
	struct folder *f = context;
	int s = set_keys(f, o);

	o->id = msp_id_next(o->id, msp_job_stage_id(f->job), f->output++);
	if (s == MSP_OK && reason) {
		(void)msp_error_set(msp_job_error(f->job), MSP_KILL, "%s", reason);
		s = msp_job_kill(f->job, o);
	}
	return s < 0 ? s : msp_pass(f->job, o);
}

static int write_partial(void *context, struct msp_object *o, const char *reason)
{
	(void)reason; /* they are never killed */
	return write_result(context, o, NULL);
}

static int end_ensemble(struct msp_job *job)
{
	struct msp_object end;
	int s;

	msp_object_init(&end);
	s = msp_object_reset(&end, MSP_ENSEMBLE_END, MSP_NONE, 0) < 0 ? no_memory(job) : msp_pass(job, &end);
	msp_object_free(&end);
	return s;
}

static int write_slot(struct folder *f, struct slot *k)
{
	struct msp_error *err = msp_job_error(f->job);
	int s;

	f->now = k;
	f->output = 0;
	s = f->partial ? msp_fold_partials(k->fold, &k->group.metadata, write_partial, f, err)
	               : msp_fold_results(k->fold, write_result, f, err);
	msp_fold_free(k->fold); /* what is written is not needed any more */
	k->fold = NULL;
	return s;
}

static int drain(void *self, struct msp_job *job)
{
	struct folder *f = self;
	const struct slot *open = NULL;
	int s = MSP_OK;

	if (f->n > 0)
		qsort_r(f->slot, f->n, sizeof(struct slot *), order, f);
	for (size_t i = 0; i < f->n && s >= 0; i++) {
		struct slot *k = f->slot[i];

		if (open && !same_ensemble(f, open, k)) {
			open = NULL;
			s = end_ensemble(job);
		}
		if (s >= 0)
			s = write_slot(f, k);
		if (!f->partial && k->ensemble && k->member == BRACKET)
			open = k;
	}
	if (open && s >= 0)
		s = end_ensemble(job);
	msp_job_say(job, "%zu folds, %" PRIu64 " bytes of memory", f->n, f->memory);
	return s < 0 ? s : MSP_OK;
}

static void stop(void *self)
{
	struct folder *f = self;

	for (size_t i = 0; i < f->n; i++) {
		msp_fold_free(f->slot[i]->fold);
		msp_object_free(&f->slot[i]->group);
		free(f->slot[i]);
	}
	free(f->slot);
	msp_groups_free(&f->groups);
	msp_keys_free(&f->keys);
	msp_bytes_free(&f->names);
	msp_object_free(&f->key);
	msp_object_free(&f->values);
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
