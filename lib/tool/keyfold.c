/* Folds by key: one fold for each value of the keys, each of its own memory; for ensembles one for the brackets and one for each place
 * in the ensemble. */
#include "tool/keyfold.h"

#include <stdlib.h>
#include <string.h>

int keyfold_no_memory(const struct msp_keyfold *f)
{
	return msp_error_set(msp_job_error(f->job), MSP_NOMEM, "no memory left");
}

/* The names of the keys, as partial folds have them. */
static int read_keys(struct msp_keyfold *f, const char *by)
{
	int s = by ? msp_keys_parse(by, false, &f->keys, msp_job_error(f->job)) : MSP_OK;

	for (uint32_t i = 0; s == MSP_OK && i < f->keys.n; i++)
		if (msp_text_append(&f->names, f->keys.key[i].name) < 0 || msp_text_append(&f->names, "\n") < 0)
			s = keyfold_no_memory(f);
	if (s == MSP_OK && msp_bytes_append(&f->names, "", 1) < 0)
		s = keyfold_no_memory(f);
	return s;
}

struct msp_keyfold *msp_keyfold_new(struct msp_job *job, const struct msp_keyfold_options *options)
{
	struct msp_keyfold *f = calloc(1, sizeof(*f));

	if (!f) {
		msp_error_set(msp_job_error(job), MSP_NOMEM, "no memory left");
		return NULL;
	}
	f->job = job;
	f->options = *options;
	msp_object_init(&f->key);
	msp_object_init(&f->values);
	if (read_keys(f, options->by) == MSP_OK)
		return f;
	msp_keyfold_free(f);
	return NULL;
}

void msp_keyfold_free(struct msp_keyfold *f)
{
	for (size_t i = 0; f && i < f->n; i++) {
		msp_fold_free(f->slot[i]->fold);
		msp_object_free(&f->slot[i]->group);
		free(f->slot[i]);
	}
	if (!f)
		return;
	free(f->slot);
	msp_groups_free(&f->groups);
	msp_keys_free(&f->keys);
	msp_bytes_free(&f->names);
	msp_object_free(&f->key);
	msp_object_free(&f->values);
	free(f);
}

/* ---- which fold ---------------------------------------------------------- */

static int add_slot(struct msp_keyfold *f, int64_t ensemble, int64_t member)
{
	struct keyfold_slot *k;

	if (f->n == f->room) {
		size_t room = f->room ? 2 * f->room : 64;
		struct keyfold_slot **slot = realloc(f->slot, room * sizeof(struct keyfold_slot *));

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
	k->fold = msp_fold_new(&f->options.spec);
	f->slot[f->n++] = k;
	if (!k->fold || msp_bytes_set(&k->group.metadata, f->key.metadata.data, f->key.metadata.len) < 0)
		return MSP_NOMEM;
	f->memory += sizeof *k + k->group.metadata.cap;
	return MSP_OK;
}

/* The fold of f->key's values, ensemble and member. */
static int find_slot(struct msp_keyfold *f, int64_t ensemble, int64_t member, struct keyfold_slot **out)
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
		return keyfold_no_memory(f);
	*out = f->slot[number];
	return MSP_OK;
}

/* ---- members ------------------------------------------------------------- */

static int check_memory(struct msp_keyfold *f, const struct keyfold_slot *k, uint64_t before)
{
	f->memory += msp_fold_memory(k->fold) - before;
	if (f->memory + msp_groups_memory(&f->groups) <= f->options.spec.max_memory)
		return MSP_OK;
	return msp_error_set(msp_job_error(f->job), MSP_FAIL, "%zu folds need more memory than --max-mem permits", f->n);
}

/* A member that is dead, or is found to be no member, is counted. */
static int add_member(struct msp_keyfold *f, struct keyfold_slot *k, struct msp_object *o)
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

static int add_data(struct msp_keyfold *f, struct msp_object *o)
{
	struct keyfold_slot *k;
	int s;

	if (f->inside)
		s = msp_bytes_set(&f->key.metadata, f->values.metadata.data, f->values.metadata.len) < 0 ? keyfold_no_memory(f) : MSP_OK;
	else
		s = keyfold_set_values(f, &f->key, o);
	if (s == MSP_OK)
		s = find_slot(f, f->inside, f->inside ? f->member++ : 0, &k);
	return s < 0 ? s : add_member(f, k, o);
}

static int begin_ensemble(struct msp_keyfold *f, struct msp_object *o)
{
	struct keyfold_slot *k;
	int s = keyfold_set_values(f, &f->values, o);

	if (s == MSP_OK && msp_bytes_set(&f->key.metadata, f->values.metadata.data, f->values.metadata.len) < 0)
		s = keyfold_no_memory(f);
	if (s == MSP_OK)
		s = find_slot(f, 1, KEYFOLD_BRACKET, &k);
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

static int add_partial(struct msp_keyfold *f, const struct msp_object *o)
{
	struct msp_error *err = msp_job_error(f->job);
	struct msp_object theirs;
	struct msp_bytes group;
	struct keyfold_slot *k;
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
	if (ensemble < 0 || ensemble > 1 || member < (ensemble ? KEYFOLD_BRACKET : 0) || (!ensemble && member > 0))
		return msp_error_set(err, MSP_CORRUPT, "a partial fold is not as msp(5) says: group");
	s = keyfold_take_values(f, &f->key, &theirs);
	if (s == MSP_OK)
		s = find_slot(f, ensemble, member, &k);
	if (s < 0)
		return s;
	before = msp_fold_memory(k->fold);
	s = msp_fold_merge(k->fold, o, err);
	return s < 0 ? s : check_memory(f, k, before);
}

int msp_keyfold_put(struct msp_keyfold *f, struct msp_object *o)
{
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
		return msp_pass(f->job, o);
	}
}
