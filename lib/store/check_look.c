/* Which of some values are there? Asked of a store together. */
#include "store/check.h"

#include "store/backend.h"

#include <string.h>

void msp_lookup_begin(struct msp_check *c, struct msp_lookup *l)
{
	if (l->c)
		bson_destroy(&l->values);
	l->c = c;
	l->there.values = true;
	bson_init(&l->values);
	l->n = 0;
	msp_idmap_clear(&l->asked);
	msp_idmap_clear(&l->there);
}

void msp_lookup_free(struct msp_lookup *l)
{
	if (!l->c)
		return;
	bson_destroy(&l->values);
	msp_idmap_free(&l->asked);
	msp_idmap_free(&l->there);
	l->c = NULL;
}

int msp_lookup_add(struct msp_lookup *l, const bson_iter_t *value)
{
	struct msp_id hash;
	bool fresh;

	if (!msp_literal(value))
		return MSP_OK;
	if (msp_value_hash(value, &l->c->key, &hash) != MSP_OK || msp_idmap_add(&l->asked, hash, &fresh, NULL) != MSP_OK ||
	    (fresh && !msp_array_add(&l->values, &l->n, value)))
		return msp_check_memory(l->c);
	return MSP_OK;
}

int msp_filter_in(struct msp_check *c, const char *key, const bson_t *values, bson_t *filter)
{
	bson_t in;

	bson_init(filter);
	if (bson_append_document_begin(filter, key, -1, &in) && bson_append_array(&in, "$in", 3, values) && bson_append_document_end(filter, &in))
		return MSP_OK;
	return msp_check_memory(c);
}

static int take(struct msp_lookup *l, const bson_t *doc, const char *key, uint64_t (*payload)(const bson_t *doc))
{
	bson_iter_t it, value;
	struct msp_id hash;
	uint64_t *at;

	if (!bson_iter_init(&it, doc) || !bson_iter_find_descendant(&it, key, &value))
		return MSP_OK;
	if (msp_value_hash(&value, &l->c->key, &hash) != MSP_OK || msp_idmap_add(&l->there, hash, NULL, &at) != MSP_OK)
		return msp_check_memory(l->c);
	*at = payload ? payload(doc) : 0;
	return MSP_OK;
}

int msp_lookup_run(struct msp_lookup *l, const char *collection, const char *key, const char *extra, uint64_t (*payload)(const bson_t *doc))
{
	struct msp_check *c = l->c;
	bson_t filter, projection = BSON_INITIALIZER;
	struct msp_find f = {.filter = &filter, .projection = &projection};
	struct msp_cursor *cursor = NULL;
	const bson_t *doc;
	int r = msp_filter_in(c, key, &l->values, &filter), more = 0;

	if (r == MSP_OK && (!bson_append_int32(&projection, key, -1, 1) || (extra && !bson_append_int32(&projection, extra, -1, 1))))
		r = msp_check_memory(c);
	if (r == MSP_OK && l->n > 0)
		r = msp_store_find(c->store, collection, &f, &cursor, c->err);
	while (r == MSP_OK && cursor && (more = msp_cursor_next(cursor, &doc, c->err)) == 1)
		r = take(l, doc, key, payload);
	msp_cursor_free(cursor);
	bson_destroy(&filter);
	bson_destroy(&projection);
	return r == MSP_OK && more < 0 ? more : r;
}

int msp_lookup_find(struct msp_lookup *l, const bson_iter_t *value, bool *there, uint64_t *payload)
{
	struct msp_id hash;
	uint64_t *at;

	if (msp_value_hash(value, &l->c->key, &hash) != MSP_OK)
		return msp_check_memory(l->c);
	*there = msp_idmap_find(&l->there, hash, &at);
	if (*there && payload)
		*payload = *at;
	return MSP_OK;
}

int msp_check_remove(struct msp_check *c, const char *collection, const char *key, const bson_t *values, uint64_t *removed)
{
	bson_t filter;
	int r = msp_filter_in(c, key, values, &filter);

	if (r == MSP_OK)
		r = msp_store_delete(c->store, collection, &filter, removed, c->err);
	bson_destroy(&filter);
	return r;
}

int msp_check_projection(struct msp_check *c, bson_t *projection, const char *const *key)
{
	bson_init(projection);
	for (; *key; key++)
		if (!bson_append_int32(projection, *key, -1, 1))
			return msp_check_memory(c);
	return MSP_OK;
}
