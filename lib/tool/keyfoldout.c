/* Folds by key: the results. */
#include "tool/keyfold.h"
#include "tool/groups.h"

#include <inttypes.h>
#include <stdlib.h>

static bool same_ensemble(const struct msp_keyfold *f, const struct keyfold_slot *a, const struct keyfold_slot *b)
{
	struct keyfold_slot x = *a;

	x.member = b->member;
	const struct keyfold_slot *p = &x;
	return keyfold_order(&p, &b, (void *)(uintptr_t)f) == 0;
}

/* The keys that the fold is by, where not all members write them alike. Fields of the object are not metadata. */
static int set_keys(const struct msp_keyfold *f, struct msp_object *o)
{
	for (uint32_t i = 0; i < f->keys.n; i++) {
		struct msp_value v;
		bson_iter_t it;

		if (msp_meta_find(o, f->keys.key[i].name, &it) || !keyfold_value(&f->now->group, i, &v))
			continue;
		if (msp_meta_set(o, f->keys.key[i].name, &v, NULL) == MSP_NOMEM)
			return keyfold_no_memory(f);
	}
	return MSP_OK;
}

static int write_result(void *context, struct msp_object *o, const char *reason)
{
	struct msp_keyfold *f = context;
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

static int write_slot(struct msp_keyfold *f, struct keyfold_slot *k)
{
	struct msp_error *err = msp_job_error(f->job);
	int s;

	f->now = k;
	f->output = 0;
	s = f->options.partial ? msp_fold_partials(k->fold, &k->group.metadata, write_partial, f, err)
	                       : msp_fold_results(k->fold, write_result, f, err);
	msp_fold_free(k->fold); /* what is written is not needed any more */
	k->fold = NULL;
	return s;
}

int msp_keyfold_drain(struct msp_keyfold *f)
{
	const struct keyfold_slot *open = NULL;
	int s = MSP_OK;

	if (f->n > 0)
		qsort_r(f->slot, f->n, sizeof(struct keyfold_slot *), keyfold_order, f);
	for (size_t i = 0; i < f->n && s >= 0; i++) {
		struct keyfold_slot *k = f->slot[i];

		if (open && !same_ensemble(f, open, k)) {
			open = NULL;
			s = msp_pass_ensemble_end(f->job);
		}
		if (s >= 0)
			s = write_slot(f, k);
		if (!f->options.partial && k->ensemble && k->member == KEYFOLD_BRACKET)
			open = k;
	}
	if (open && s >= 0)
		s = msp_pass_ensemble_end(f->job);
	msp_job_say(f->job, "%zu folds, %" PRIu64 " bytes of memory", f->n, f->memory);
	return s < 0 ? s : MSP_OK;
}
