/* Checking: saves that are going on, or were left unfinished. */
#include "mspipe/waveform.h"
#include "store/check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const bson_t *doc, const char *key)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, doc, key) && BSON_ITER_HOLDS_UTF8(&it) ? bson_iter_utf8(&it, NULL) : "";
}

/* A merge has written documents that point at each other, some of which are not there yet: taking back its samples alone would not make
 * the store whole. What it was made from is still there, and it can be done again. */
static bool is_merge(const bson_t *doc)
{
	return strcmp(text_of(doc, "tool"), "msdb merge") == 0;
}

static int tell(struct msp_check *c, const bson_t *doc, const struct msp_save_state *state)
{
	char when[MSP_TIME_TEXT] = "?";
	const char *tool = *text_of(doc, "tool") ? text_of(doc, "tool") : "mssave";
	bson_iter_t it;
	msp_time began;

	if (bson_iter_init_find(&it, doc, "began") && BSON_ITER_HOLDS_DOUBLE(&it) && msp_time_from_seconds(bson_iter_double(&it), &began) == MSP_OK)
		msp_time_format(began / MSP_NS * MSP_NS, when);
	return msp_check_found_in(c, MSP_FIND_UNFINISHED, state->running || is_merge(doc), "msp_saves", doc, "%s began %s on %.100s, %s; %" PRIu64 " samples of it%s", tool,
	                          when, text_of(doc, "host"), state->running ? "and may be going on" : "and was left unfinished", state->samples,
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

static int look_at(struct msp_check *c, const char *collection, bson_t **doc, size_t n, void *context)
{
	int r = MSP_OK;

	(void)context;
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
		c->running = c->running || state.running;
		c->unfinished = true;
	}
	return r;
}

static int discard(struct msp_check *c, const char *collection, bson_t **doc, size_t n, void *context)
{
	int r = MSP_OK;

	(void)collection, (void)context;
	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		uint64_t removed;
		bson_iter_t id;

		if (is_merge(doc[i]) || !bson_iter_init_find(&id, doc[i], "_id") || !BSON_ITER_HOLDS_OID(&id))
			continue;
		r = msp_save_discard(c->store, bson_iter_oid(&id), &removed, c->err);
		c->totals->fixed[MSP_FIND_UNFINISHED] += r == MSP_OK;
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
	int r = msp_check_batches(c, "msp_saves", NULL, 100, look_at, NULL);

	if (r != MSP_OK || !c->unfinished || !c->o->fix || c->running)
		return r;
	r = msp_check_batches(c, "msp_saves", NULL, 100, discard, NULL);
	c->unfinished = false;
	msp_idmap_clear(&c->saves);
	msp_idmap_clear(&c->putting);
	return r == MSP_OK ? msp_check_batches(c, "msp_saves", NULL, 100, note_left, NULL) : r;
}
