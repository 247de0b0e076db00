/* Checking: saves that are going on, or were left unfinished. */
#include "mspipe/waveform.h"
#include "store/check.h"
#include "store/hold.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* A merge has written documents that point at each other, some of which are not there yet: taking back its samples alone would not make
 * the store whole. What it was made from is still there, and it can be done again. */
static bool is_merge(const bson_t *doc)
{
	return strcmp(msp_hold_text(doc, "tool"), "msdb merge") == 0;
}

static int tell(struct msp_check *c, const bson_t *doc, const struct msp_save_state *state)
{
	char when[MSP_TIME_TEXT] = "?";
	char silent[80] = "";
	const char *tool = *msp_hold_text(doc, "tool") ? msp_hold_text(doc, "tool") : "mssave";
	bson_iter_t it;
	msp_time began;

	if (bson_iter_init_find(&it, doc, "began") && BSON_ITER_HOLDS_DOUBLE(&it) && msp_time_from_seconds(bson_iter_double(&it), &began) == MSP_OK)
		msp_time_format(began / MSP_NS * MSP_NS, when);
	if (state->running && state->elsewhere)
		snprintf(silent, sizeof(silent), " (heard of %.0f s ago; dead after %d)", state->silent, MSP_HOLD_DEAD_S);
	return msp_check_found_in(c, MSP_FIND_UNFINISHED, state->running || is_merge(doc), "msp_saves", doc,
	                          "%s began %s on %.100s, %s%s; %" PRIu64 " samples of it%s", tool, when, msp_hold_text(doc, "host"),
	                          state->running ? "and may be going on" : "and was left unfinished", silent, state->samples,
	                          state->running ? "" : is_merge(doc) ? ": run it again" : ": run it again, or --fix removes them");
}

static int note(struct msp_check *c, struct msp_idmap *set, const bson_iter_t *value)
{
	struct msp_id hash;

	if (msp_value_hash(value, &c->key, &hash) != MSP_OK || msp_idmap_add(set, hash, NULL, NULL) != MSP_OK)
		return msp_check_memory(c);
	return MSP_OK;
}

/* Itself, and the files whose chunks it was putting when it was last heard of. */
static int note_save(struct msp_check *c, const bson_t *doc)
{
	bson_iter_t it, one;
	int r = bson_iter_init_find(&it, doc, "_id") ? note(c, &c->saves, &it) : MSP_OK;

	if (r == MSP_OK && bson_iter_init_find(&it, doc, "putting") && bson_iter_recurse(&it, &one))
		while (r == MSP_OK && bson_iter_next(&one))
			r = note(c, &c->putting, &one);
	return r;
}

/* Those that may be discarded. */
struct ended {
	bson_oid_t *id;
	size_t n, room;
};

static int note_ended(struct msp_check *c, struct ended *e, const bson_oid_t *id)
{
	if (e->n == e->room) {
		size_t room = 2 * e->room + 64;
		bson_oid_t *grown = realloc(e->id, room * sizeof(*grown));

		if (!grown)
			return msp_check_memory(c);
		e->id = grown;
		e->room = room;
	}
	bson_oid_copy(id, &e->id[e->n++]);
	return MSP_OK;
}

static int look_at(struct msp_check *c, const char *collection, bson_t **doc, size_t n, void *context)
{
	int r = MSP_OK;

	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		struct msp_save_state state;
		bson_iter_t id;

		if (!bson_iter_init_find(&id, doc[i], "_id") || !BSON_ITER_HOLDS_OID(&id)) {
			r = msp_check_found_in(c, MSP_FIND_VALUE, true, collection, doc[i], "it stands for no save: its _id is no ObjectId");
			continue;
		}
		r = msp_save_look(c->store, doc[i], &state, c->err);
		if (r == MSP_OK)
			r = tell(c, doc[i], &state);
		if (r == MSP_OK)
			r = note_save(c, doc[i]);
		if (r == MSP_OK && !is_merge(doc[i]))
			r = note_ended(c, context, bson_iter_oid(&id));
		c->running = c->running || state.running;
		c->unfinished = true;
	}
	return r;
}

/* Not while they are being read: what is looked at meanwhile would be what was there when that began. */
static int discard(struct msp_check *c, const struct ended *e)
{
	int r = MSP_OK;

	for (size_t i = 0; r == MSP_OK && i < e->n; i++) {
		uint64_t removed;

		r = msp_save_discard(c->store, &e->id[i], &removed, c->err);
		c->totals->fixed[MSP_FIND_UNFINISHED] += r == MSP_OK;
		if (r == MSP_OK && c->o->poll && c->o->poll(c->o->context))
			r = msp_error_set(c->err, MSP_INTERRUPTED, "interrupted");
	}
	return r;
}

/* What was not removed. */
static int note_left(struct msp_check *c, const char *collection, bson_t **doc, size_t n, void *context)
{
	int r = MSP_OK;

	(void)collection, (void)context;
	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		c->unfinished = true;
		r = note_save(c, doc[i]);
	}
	return r;
}

int msp_check_saves(struct msp_check *c)
{
	struct ended e = {0};
	int r = msp_check_batches(c, MSP_SAVES, NULL, 100, look_at, &e);

	if (r == MSP_OK && c->unfinished && c->o->fix && !c->running) {
		r = discard(c, &e);
		c->unfinished = false;
		msp_idmap_clear(&c->saves);
		msp_idmap_clear(&c->putting);
		if (r == MSP_OK)
			r = msp_check_batches(c, MSP_SAVES, NULL, 100, note_left, NULL);
	}
	free(e.id);
	return r;
}
