/* Documents chosen by a filter, an expression, or both; counted, changed and removed so. */
#include "store/choice.h"

#include "store/edit.h"

#include <string.h>

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

/* ---- walking ----------------------------------------------------------- */

int msp_store_each(struct msp_store *s, const char *collection, const struct msp_choice *choice, msp_document_fn *fn, void *context,
                   struct msp_error *err)
{
	struct msp_cursor *c;
	const bson_t *doc;
	int r = msp_store_select(s, collection, choice, &c, err);

	if (r != MSP_OK)
		return r;
	while (r == MSP_OK && (r = msp_cursor_next(c, &doc, err)) == 1)
		r = fn(context, doc, err);
	msp_cursor_free(c);
	return r;
}

/* ---- acting ------------------------------------------------------------ */

/* The _id of chosen documents, a thousand at a time. */
struct batch {
	bson_t ids;
	uint32_t n;
	int (*act)(struct batch *b, const bson_t *filter, struct msp_error *err);
	struct msp_store *store;
	const char *collection;
	const bson_t *update;
	struct msp_updated sum;
	uint64_t deleted;
};

static int act_on_batch(struct batch *b, struct msp_error *err)
{
	bson_t filter = BSON_INITIALIZER, in;
	int r = MSP_OK;

	if (b->n > 0) {
		if (bson_append_document_begin(&filter, "_id", 3, &in) && bson_append_array(&in, "$in", 3, &b->ids) &&
		    bson_append_document_end(&filter, &in))
			r = b->act(b, &filter, err);
		else
			r = memory(err);
	}
	bson_destroy(&filter);
	bson_reinit(&b->ids);
	b->n = 0;
	return r;
}

static int add_id(void *context, const bson_t *doc, struct msp_error *err)
{
	struct batch *b = context;
	const char *key;
	char buf[16];
	bson_iter_t id;
	size_t len = bson_uint32_to_string(b->n, &key, buf, sizeof(buf));

	if (!bson_iter_init_find(&id, doc, "_id"))
		return MSP_OK;
	if (!bson_append_iter(&b->ids, key, (int)len, &id))
		return memory(err);
	return ++b->n == MSP_STORE_BATCH ? act_on_batch(b, err) : MSP_OK;
}

static int act_on_chosen(const struct msp_choice *choice, struct batch *b, struct msp_error *err)
{
	static const struct msp_choice all;
	struct msp_choice which = choice ? *choice : all;
	bson_t filter;
	bool exact;
	int r = msp_store_choice_filter(b->store, b->collection, &which, &filter, &exact, err);

	if (r != MSP_OK)
		return r;
	if (exact) {
		r = b->act(b, &filter, err);
		bson_destroy(&filter);
		return r == MSP_OK && !b->sum.matched && !b->deleted ? msp_choice_look(b->store, b->collection, &which, err) : r;
	}
	bson_destroy(&filter);
	which.projection = which.sort = NULL;
	which.limit = 0;
	bson_init(&b->ids);
	r = msp_store_each(b->store, b->collection, &which, add_id, b, err);
	if (r == MSP_OK)
		r = act_on_batch(b, err);
	bson_destroy(&b->ids);
	return r;
}

static int update_some(struct batch *b, const bson_t *filter, struct msp_error *err)
{
	struct msp_updated u;
	int r = msp_store_update(b->store, b->collection, filter, b->update, 0, &u, err);

	b->sum.matched += u.matched;
	b->sum.modified += u.modified;
	return r;
}

int msp_store_update_chosen(struct msp_store *s, const char *collection, const struct msp_choice *choice, const bson_t *update,
                            struct msp_updated *out, struct msp_error *err)
{
	struct batch b = {.act = update_some, .store = s, .collection = collection, .update = update};
	int r = act_on_chosen(choice, &b, err);

	*out = b.sum;
	return r;
}

static int delete_some(struct batch *b, const bson_t *filter, struct msp_error *err)
{
	uint64_t n = 0;
	int r = msp_store_delete(b->store, b->collection, filter, &n, err);

	b->deleted += n;
	return r;
}

int msp_store_delete_chosen(struct msp_store *s, const char *collection, const struct msp_choice *choice, uint64_t *out, struct msp_error *err)
{
	struct batch b = {.act = delete_some, .store = s, .collection = collection};
	int r = act_on_chosen(choice, &b, err);

	*out = b.deleted;
	return r;
}

static int count_one(void *context, const bson_t *doc, struct msp_error *err)
{
	(void)doc, (void)err;
	++*(uint64_t *)context;
	return MSP_OK;
}

int msp_store_count_chosen(struct msp_store *s, const char *collection, const struct msp_choice *choice, uint64_t *out, struct msp_error *err)
{
	static const struct msp_choice all;
	struct msp_choice which = choice ? *choice : all;
	bson_t filter;
	bool exact;
	int r = msp_store_choice_filter(s, collection, &which, &filter, &exact, err);

	*out = 0;
	if (r != MSP_OK)
		return r;
	if (exact)
		r = msp_store_count(s, collection, &filter, out, err);
	bson_destroy(&filter);
	if (exact)
		return r == MSP_OK && *out == 0 ? msp_choice_look(s, collection, &which, err) : r;
	which.projection = which.sort = NULL;
	which.limit = 0;
	return msp_store_each(s, collection, &which, count_one, out, err);
}

/* ---- keys -------------------------------------------------------------- */

int msp_keys_document(const char *text, bool descending, bson_t *out, struct msp_error *err)
{
	struct msp_keys keys;
	int r = msp_keys_parse(text, descending, &keys, err);

	if (r != MSP_OK)
		return r;
	bson_init(out);
	for (uint32_t i = 0; r == MSP_OK && i < keys.n; i++)
		if (!bson_append_int32(out, keys.key[i].name, -1, keys.key[i].descending ? -1 : 1))
			r = memory(err);
	msp_keys_free(&keys);
	if (r != MSP_OK)
		bson_destroy(out);
	return r;
}

/* ---- as typed ---------------------------------------------------------- */

/* made -> *out, if r says that it was; option: whose value it is. */
static int keep(int r, bson_t *made, const bson_t **out, const char *option, struct msp_error *err)
{
	if (r != MSP_OK)
		return err ? msp_error_prefix(err, "%s", option) : r;
	*out = bson_copy(made);
	bson_destroy(made);
	return *out ? MSP_OK : memory(err);
}

int msp_choice_read(struct msp_choice *choice, const char *query, const char *sort, const char *keys, struct msp_error *err)
{
	bson_t made;
	int r = MSP_OK;

	choice->filter = choice->sort = choice->projection = NULL;
	if (query)
		r = keep(msp_json_parse(query, strlen(query), &made, NULL, err), &made, &choice->filter, "--query", err);
	if (r == MSP_OK && sort)
		r = keep(msp_keys_document(sort, true, &made, err), &made, &choice->sort, "--sort", err);
	if (r == MSP_OK && keys)
		r = keep(msp_keys_document(keys, false, &made, err), &made, &choice->projection, "--keys", err);
	if (r != MSP_OK)
		msp_choice_free(choice);
	return r;
}

static void drop(const bson_t **doc)
{
	bson_destroy((bson_t *)(uintptr_t)*doc);
	*doc = NULL;
}

void msp_choice_free(struct msp_choice *choice)
{
	drop(&choice->filter);
	drop(&choice->sort);
	drop(&choice->projection);
}
