/* Checking: saves that are going on, or were left unfinished. */
#include "store/check.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *text_of(const bson_t *doc, const char *key)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, doc, key) && BSON_ITER_HOLDS_UTF8(&it) ? bson_iter_utf8(&it, NULL) : "";
}

/* How many samples carry its name. */
static int count(struct msp_check *c, const bson_iter_t *id, uint64_t *out)
{
	bson_t filter = BSON_INITIALIZER;
	int r = bson_append_iter(&filter, "msp_save", 8, id) ? msp_store_count(c->store, "fs.files", &filter, out, c->err) : msp_check_memory(c);

	bson_destroy(&filter);
	return r;
}

static int tell(struct msp_check *c, const bson_t *doc, uint64_t samples)
{
	char when[MSP_TIME_TEXT] = "?";
	const char *tool = *text_of(doc, "tool") ? text_of(doc, "tool") : "mssave";
	bson_iter_t it;
	msp_time began;

	if (bson_iter_init_find(&it, doc, "began") && BSON_ITER_HOLDS_DOUBLE(&it) && msp_time_from_seconds(bson_iter_double(&it), &began) == MSP_OK)
		msp_time_format(began / MSP_NS * MSP_NS, when);
	return msp_check_found_in(c, MSP_FIND_UNFINISHED, true, "msp_saves", doc, "%s began %s on %.100s, and goes on, or was left unfinished: run it again; %"
	                          PRIu64 " samples of it", tool, when, text_of(doc, "host"), samples);
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

	(void)collection, (void)context;
	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		uint64_t samples = 0;
		bson_iter_t id;

		if (!bson_iter_init_find(&id, doc[i], "_id"))
			continue;
		c->unfinished = c->running = true;
		r = count(c, &id, &samples);
		if (r == MSP_OK)
			r = tell(c, doc[i], samples);
		if (r == MSP_OK)
			r = note_save(c, doc[i]);
	}
	return r;
}

int msp_check_saves(struct msp_check *c)
{
	return msp_check_batches(c, "msp_saves", NULL, 100, look_at, NULL);
}
