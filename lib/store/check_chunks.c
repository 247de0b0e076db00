/* Checking: chunks of no file. */
#include "store/check.h"

#include "store/backend.h"

#include <inttypes.h>
#include <string.h>

#define TOGETHER 1000

struct loose {
	struct msp_idmap map; /* files_id -> number of chunks */
	bson_t ids;           /* each files_id once */
	uint32_t n;
	uint64_t nameless;    /* chunks with none that can be one */
};

static bool has_files_id(const bson_t *doc, bson_iter_t *id)
{
	return bson_iter_init_find(id, doc, "files_id") && msp_literal(id);
}

static int look_at_chunks(struct msp_check *c, const char *collection, bson_t **doc, size_t n, void *context)
{
	struct loose *w = context;
	struct msp_lookup l = {0};
	bson_iter_t id;
	int r = MSP_OK;

	(void)collection;
	msp_lookup_begin(c, &l);
	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		if (has_files_id(doc[i], &id))
			r = msp_lookup_add(&l, &id);
		else
			w->nameless++;
	}
	if (r == MSP_OK)
		r = msp_lookup_run(&l, "fs.files", "_id", NULL, NULL);
	for (size_t i = 0; r == MSP_OK && l.there.n < l.n && i < n; i++) {
		struct msp_id hash;
		bool there, fresh;
		uint64_t *count;

		if (!has_files_id(doc[i], &id))
			continue;
		r = msp_lookup_find(&l, &id, &there, NULL);
		if (r != MSP_OK || there)
			continue;
		if (msp_value_hash(&id, &c->key, &hash) != MSP_OK || msp_idmap_add(&w->map, hash, &fresh, &count) != MSP_OK ||
		    (fresh && !msp_array_add(&w->ids, &w->n, &id)))
			r = msp_check_memory(c);
		else
			++*count;
	}
	msp_lookup_free(&l);
	return r;
}

/* What an unfinished save was putting is its own. */
static int kind_of_loose(struct msp_check *c, struct msp_id files_id)
{
	return msp_idmap_find(&c->putting, files_id, NULL) ? MSP_FIND_UNFINISHED : MSP_FIND_CHUNKS;
}

static int tell_loose(struct msp_check *c, struct loose *w)
{
	bson_iter_t id;
	int r = MSP_OK;

	if (!bson_iter_init(&id, &w->ids))
		return MSP_OK;
	while (r == MSP_OK && bson_iter_next(&id)) {
		struct msp_bytes text = {0};
		struct msp_id hash;
		struct msp_value v;
		uint64_t *count = NULL;

		msp_value_of_iter(&id, &v);
		if (msp_value_hash(&id, &c->key, &hash) != MSP_OK || !msp_idmap_find(&w->map, hash, &count) || msp_json_value(&v, &text) != MSP_OK)
			r = msp_check_memory(c);
		else
			r = msp_check_found(c, kind_of_loose(c, hash), c->running, "fs.chunks", NULL, "%" PRIu64 " chunk%s with files_id %.*s: no such file", *count,
			                    *count == 1 ? "" : "s", (int)(text.len < 100 ? text.len : 100), (const char *)text.data);
		msp_bytes_free(&text);
	}
	return r;
}

/* Of those in values that are still of no file. */
static int remove_some(struct msp_check *c, struct msp_lookup *l)
{
	bson_t ids = BSON_INITIALIZER;
	uint32_t k = 0;
	bson_iter_t id;
	bool there;
	int r = msp_lookup_run(l, "fs.files", "_id", NULL, NULL);

	for (bool more = bson_iter_init(&id, &l->values); r == MSP_OK && more && bson_iter_next(&id);) {
		r = msp_lookup_find(l, &id, &there, NULL);
		if (r == MSP_OK && !there && !msp_array_add(&ids, &k, &id))
			r = msp_check_memory(c);
	}
	if (r == MSP_OK && k > 0)
		r = msp_check_remove(c, "fs.chunks", "files_id", &ids, NULL);
	c->totals->fixed[MSP_FIND_CHUNKS] += r == MSP_OK ? k : 0;
	bson_destroy(&ids);
	return r;
}

static int remove_loose(struct msp_check *c, struct loose *w)
{
	struct msp_lookup l = {0};
	struct msp_id hash;
	bson_iter_t id;
	bool more = bson_iter_init(&id, &w->ids);
	int r = MSP_OK;

	while (r == MSP_OK && more) {
		msp_lookup_begin(c, &l);
		while (r == MSP_OK && l.n < TOGETHER && (more = bson_iter_next(&id))) {
			r = msp_value_hash(&id, &c->key, &hash) == MSP_OK ? MSP_OK : msp_check_memory(c);
			if (r == MSP_OK && kind_of_loose(c, hash) == MSP_FIND_CHUNKS) /* the others go with their save */
				r = msp_lookup_add(&l, &id);
		}
		if (r == MSP_OK && l.n > 0)
			r = remove_some(c, &l);
	}
	msp_lookup_free(&l);
	return r;
}

/* Chunks are as many as the files' lengths ask for, and nothing else was wrong: then there is none too many. */
static int chunks_are_as_many(struct msp_check *c, uint64_t wanted, bool from_graves, bool *out)
{
	const uint64_t *found = c->totals->found;
	uint64_t chunks = 0;
	int r = msp_store_count(c->store, "fs.chunks", NULL, &chunks, c->err);

	*out = chunks == wanted && c->o->n == 0 && !from_graves && !found[MSP_FIND_ORPHAN] && !found[MSP_FIND_NO_SAMPLES] &&
	       !found[MSP_FIND_BROKEN] && !found[MSP_FIND_SHARED] && !c->unfinished;
	return r;
}

int msp_check_chunks(struct msp_check *c, uint64_t wanted, bool from_graves)
{
	static const char *const keys[] = {"files_id", NULL};
	struct loose w = {.map.values = true, .ids = BSON_INITIALIZER};
	bson_t projection;
	bool fine = false;
	int r = chunks_are_as_many(c, wanted, from_graves, &fine);

	if (r != MSP_OK || fine)
		return r;
	r = msp_check_projection(c, &projection, keys);
	if (r == MSP_OK)
		r = msp_check_batches(c, "fs.chunks", &projection, TOGETHER, look_at_chunks, &w);
	if (r == MSP_OK)
		r = tell_loose(c, &w);
	if (r == MSP_OK && w.nameless > 0)
		r = msp_check_found(c, MSP_FIND_CHUNKS, true, "fs.chunks", NULL, "%" PRIu64 " chunk%s without a files_id", w.nameless, w.nameless == 1 ? "" : "s");
	if (r == MSP_OK && w.n > 0 && c->o->fix && !c->running)
		r = remove_loose(c, &w);
	bson_destroy(&projection);
	bson_destroy(&w.ids);
	msp_idmap_free(&w.map);
	return r;
}
