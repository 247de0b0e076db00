/* Documents chosen by a filter, an expression, or both; counted, changed and removed so. */
#include "mspipe/documents.h"

#include "store/edit.h"

#include <string.h>

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

/* ---- expressions ------------------------------------------------------- */

/* Documents hold times as seconds since 1970; in an expression they are times, as they are of a stream's objects. */
static bool is_time(const char *key)
{
	return strcmp(key, "starttime") == 0 || strcmp(key, "endtime") == 0 || strcmp(key, "time") == 0 || strcmp(key, "last_packet_time") == 0;
}

static void get_value(const void *context, const char *key, struct msp_value *out, char scratch[MSP_ID_TEXT])
{
	const struct msp_object *o = context;
	msp_time t;

	(void)scratch;
	out->type = MSP_V_UNDEFINED;
	if (!msp_meta_value(o, key, out) || !is_time(key))
		return;
	if (out->type != MSP_V_DOUBLE && out->type != MSP_V_INT)
		return;
	if (strcmp(msp_meta_string(o, "time_standard", "UTC"), "UTC") != 0)
		return;
	if (msp_time_from_seconds(out->type == MSP_V_INT ? (double)out->u.i : out->u.d, &t) == MSP_OK) {
		out->type = MSP_V_TIME;
		out->u.i = t;
	}
}

int msp_document_test(struct msp_expr *e, const bson_t *doc, bool *out)
{
	struct msp_object o;
	int r;

	msp_object_init(&o);
	msp_bytes_borrow(&o.metadata, bson_get_data(doc), doc->len);
	r = msp_expr_test_with(e, get_value, &o, out);
	msp_object_free(&o);
	return r;
}

/* ---- walking ----------------------------------------------------------- */

/* What the expression has seen is cut down now, which the store could not do before. */
static int give_projected(const struct msp_choice *choice, const bson_t *doc, msp_document_fn *fn, void *context, struct msp_error *err)
{
	bson_t cut;
	int r = msp_project(choice->projection, doc, &cut, err);

	if (r == MSP_OK)
		r = fn(context, &cut, err);
	bson_destroy(&cut);
	return r;
}

static int give(const struct msp_choice *choice, const bson_t *doc, uint64_t *left, msp_document_fn *fn, void *context, struct msp_error *err)
{
	bool take = true;
	int r = MSP_OK;

	if (choice->expr && msp_document_test(choice->expr, doc, &take) != MSP_OK)
		return memory(err);
	if (take) {
		--*left;
		r = choice->expr && choice->projection ? give_projected(choice, doc, fn, context, err) : fn(context, doc, err);
	}
	if (r == MSP_OK && choice->poll && choice->poll(choice->poll_context))
		r = msp_error_set(err, MSP_INTERRUPTED, "interrupted");
	return r;
}

int msp_store_each(struct msp_store *s, const char *collection, const struct msp_choice *choice, msp_document_fn *fn, void *context,
                   struct msp_error *err)
{
	static const struct msp_choice all;
	struct msp_find f = {0};
	struct msp_cursor *c;
	uint64_t left;
	int r = MSP_OK;

	choice = choice ? choice : &all;
	left = choice->limit ? choice->limit : UINT64_MAX;
	f.filter = choice->filter;
	f.sort = choice->sort;
	if (!choice->expr) { /* an expression has to see the document before it is cut down, and decides before it is counted */
		f.projection = choice->projection;
		f.limit = choice->limit;
	} else if (choice->projection) {
		r = msp_project_check(choice->projection, err);
	}
	if (r == MSP_OK)
		r = msp_store_find(s, collection, &f, &c, err);
	if (r != MSP_OK)
		return r;
	while (r == MSP_OK && left > 0) {
		const bson_t *doc;

		r = msp_cursor_next(c, &doc, err);
		if (r != 1)
			break;
		r = give(choice, doc, &left, fn, context, err);
	}
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
	int r;

	if (!which.expr)
		return b->act(b, which.filter, err);
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
	struct msp_choice which;

	*out = 0;
	if (!choice || !choice->expr)
		return msp_store_count(s, collection, choice ? choice->filter : NULL, out, err);
	which = *choice;
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
