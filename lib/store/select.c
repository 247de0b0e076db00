/* Choosing by expressions: as much as can be by the store, the rest on what comes. */
#include "store/choice.h"

#include "store/backend.h"
#include "store/edit.h"
#include "store/place.h"
#include "store/room.h"

#include <stdlib.h>

#define LOOKED_AT 1000

static const struct msp_choice all;

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

/* ---- one filter -------------------------------------------------------- */

struct parts {
	bson_t list; /* array of filters that are not {} */
	uint32_t n;
	bson_t last; /* the last of them */
};

static int add_part(struct parts *p, const bson_t *filter, struct msp_error *err)
{
	char buf[16];
	const char *key;
	size_t len;

	if (!filter || bson_empty(filter))
		return MSP_OK;
	len = bson_uint32_to_string(p->n++, &key, buf, sizeof(buf));
	bson_destroy(&p->last);
	bson_copy_to(filter, &p->last);
	return bson_append_document(&p->list, key, (int)len, filter) ? MSP_OK : memory(err);
}

static int one_filter(struct msp_store *s, const char *collection, const struct msp_choice *c, unsigned flags, bson_t *out, bool *exact,
                      struct msp_error *err)
{
	struct parts p = {.list = BSON_INITIALIZER, .last = BSON_INITIALIZER};
	int r = add_part(&p, c->filter, err);

	*exact = true;
	flags |= s->backend->remote ? MSP_FILTER_REGEX : 0;
	for (size_t i = 0; r == MSP_OK && i < c->exprs; i++) {
		bson_t part;
		bool is;

		r = msp_expr_filter(c->expr[i], flags, msp_place, collection, &part, &is, err);
		if (r != MSP_OK)
			break;
		*exact = *exact && is;
		r = add_part(&p, &part, err);
		bson_destroy(&part);
	}
	bson_init(out);
	if (r == MSP_OK && !(p.n <= 1 ? bson_concat(out, &p.last) : bson_append_array(out, "$and", 4, &p.list)))
		r = memory(err);
	bson_destroy(&p.list);
	bson_destroy(&p.last);
	if (r != MSP_OK)
		bson_destroy(out);
	return r;
}

int msp_store_choice_filter(struct msp_store *s, const char *collection, const struct msp_choice *choice, bson_t *out, bool *exact,
                            struct msp_error *err)
{
	const struct msp_choice *c = choice ? choice : &all;
	int r = one_filter(s, collection, c, MSP_FILTER_EXACT, out, exact, err);

	if (r != MSP_OK || *exact)
		return r;
	bson_destroy(out); /* then one that is short */
	return one_filter(s, collection, c, 0, out, exact, err);
}

/* What is asked of the store. It counts and cuts documents only if no others come. */
static int question(struct msp_store *s, const char *collection, const struct msp_choice *c, bson_t *filter, bool *exact,
                    struct msp_find *find, struct msp_error *err)
{
	int r = msp_store_choice_filter(s, collection, c, filter, exact, err);

	if (r != MSP_OK)
		return r;
	*find = (struct msp_find){.filter = filter, .sort = c->sort, .batch = c->batch, .part = c->part};
	if (*exact) {
		find->projection = c->projection;
		find->limit = c->limit;
	} else if (c->projection && (r = msp_project_check(c->projection, err)) != MSP_OK) {
		bson_destroy(filter);
	}
	return r;
}

/* Whether the store, asked for all parts, would have a document. */
static int other_parts(struct msp_store *s, const char *collection, const struct msp_choice *c, bool *out, struct msp_error *err)
{
	struct msp_find any = {.limit = 1};
	struct msp_cursor *cursor = NULL;
	const bson_t *doc;
	bson_t filter;
	bool exact;
	int r = msp_store_choice_filter(s, collection, c, &filter, &exact, err);

	if (r != MSP_OK)
		return r;
	any.filter = &filter;
	r = msp_store_find(s, collection, &any, &cursor, err);
	bson_destroy(&filter);
	if (r == MSP_OK)
		r = msp_cursor_next(cursor, &doc, err);
	msp_cursor_free(cursor);
	*out = r == 1;
	return r < 0 ? r : MSP_OK;
}

/* Where nothing is chosen the store has left everything out, and no expression has complained: of a key that is nowhere,
 * perhaps. Some documents are looked at for that. */
int msp_choice_look(struct msp_store *s, const char *collection, const struct msp_choice *c, struct msp_error *err)
{
	const struct msp_find some = {.filter = c->filter, .limit = LOOKED_AT};
	struct msp_cursor *cursor;
	const bson_t *doc;
	bool is = false;
	int r;

	if (!c->exprs)
		return MSP_OK;
	r = c->part ? other_parts(s, collection, c, &is, err) : MSP_OK;
	if (r != MSP_OK || is)
		return r;
	r = msp_store_find(s, collection, &some, &cursor, err);
	if (r != MSP_OK)
		return r;
	while ((r = msp_cursor_next(cursor, &doc, err)) == 1) {
		is = true;
		for (size_t i = 0; is && i < c->exprs; i++)
			if (msp_document_test(c->expr[i], collection, doc, &is) != MSP_OK)
				r = memory(err);
		if (r != 1)
			break;
	}
	msp_cursor_free(cursor);
	return r;
}

/* ---- a cursor over another --------------------------------------------- */

struct selection {
	struct msp_cursor base;
	struct msp_store self; /* what base.store is, with the functions of this file */
	struct msp_store *store;
	struct msp_cursor *from;
	const char *collection;
	struct msp_choice choice;
	uint64_t left;
	bool exact, came, made; /* came: a document has */
	bson_t cut; /* the document cut down to the projection */
};

static int is_chosen(struct selection *k, const bson_t *doc, bool *out, struct msp_error *err)
{
	*out = true;
	for (size_t i = 0; *out && !k->exact && i < k->choice.exprs; i++)
		if (msp_document_test(k->choice.expr[i], k->collection, doc, out) != MSP_OK)
			return memory(err);
	return MSP_OK;
}

static int next(struct msp_cursor *c, const bson_t **doc, struct msp_error *err)
{
	struct selection *k = (struct selection *)c;
	bool take = false;
	int r = k->left > 0 ? 1 : 0;

	if (k->made)
		bson_destroy(&k->cut);
	k->made = false;
	while (r == 1 && !take) {
		if (k->choice.poll && k->choice.poll(k->choice.poll_context))
			return msp_error_set(err, MSP_INTERRUPTED, "interrupted");
		r = msp_cursor_next(k->from, doc, err);
		if (r == 0 && !k->came)
			return msp_choice_look(k->store, k->collection, &k->choice, err);
		k->came = true;
		if (r == 1 && is_chosen(k, *doc, &take, err) != MSP_OK)
			return MSP_NOMEM;
	}
	if (r != 1)
		return r;
	k->left--;
	if (k->exact || !k->choice.projection)
		return 1;
	r = msp_project(k->choice.projection, *doc, &k->cut, err);
	k->made = true;
	*doc = &k->cut;
	return r == MSP_OK ? 1 : r;
}

static void done(struct msp_cursor *c)
{
	struct selection *k = (struct selection *)c;

	msp_cursor_free(k->from);
	if (k->made)
		bson_destroy(&k->cut);
	free(k);
}

static const struct msp_backend over = {.next = next, .done = done};

int msp_store_select(struct msp_store *s, const char *collection, const struct msp_choice *choice, struct msp_cursor **out,
                     struct msp_error *err)
{
	struct selection *k = msp_room(sizeof(*k));
	struct msp_find find;
	bson_t filter;
	int r;

	*out = NULL;
	if (!k)
		return memory(err);
	k->self.backend = &over;
	k->base.store = &k->self;
	k->store = s;
	k->collection = collection;
	k->choice = choice ? *choice : all;
	k->left = k->choice.limit ? k->choice.limit : UINT64_MAX;
	r = question(s, collection, &k->choice, &filter, &k->exact, &find, err);
	if (r == MSP_OK) {
		r = msp_store_find(s, collection, &find, &k->from, err);
		bson_destroy(&filter);
	}
	if (r != MSP_OK) {
		free(k);
		return r;
	}
	*out = &k->base;
	return MSP_OK;
}

/* ---- explaining -------------------------------------------------------- */

static int put_line(struct msp_bytes *out, const char *what, const void *text, size_t n)
{
	return msp_text_append(out, what) || msp_bytes_append(out, text, n) || msp_bytes_append(out, "\n", 1) ? MSP_NOMEM : MSP_OK;
}

static int explain(struct msp_store *s, const char *collection, const struct msp_choice *c, const struct msp_find *find, bool exact,
                   struct msp_bytes *out, struct msp_error *err)
{
	struct msp_bytes text = {0};
	int r = msp_json_document(bson_get_data(find->filter), find->filter->len, &text) || put_line(out, "filter: ", text.data, text.len)
	        ? memory(err) : MSP_OK;

	if (r == MSP_OK)
		r = s->backend->explain(s, collection, find, out, err);
	if (r == MSP_OK && s->backend->remote && find->part)
		r = msp_text_append(out, "part: told by the _id or the group of all; only its documents are fetched\n") ? memory(err) : MSP_OK;
	for (size_t i = 0; r == MSP_OK && !exact && i < c->exprs; i++) {
		text.len = 0;
		if (msp_expr_text(c->expr[i], &text) || put_line(out, "after the fetch: ", text.data, text.len))
			r = memory(err);
	}
	msp_bytes_free(&text);
	return r;
}

int msp_store_explain(struct msp_store *s, const char *collection, const struct msp_choice *choice, struct msp_bytes *out,
                      struct msp_error *err)
{
	const struct msp_choice *c = choice ? choice : &all;
	struct msp_find find;
	bson_t filter;
	bool exact;
	int r = question(s, collection, c, &filter, &exact, &find, err);

	if (r != MSP_OK)
		return r;
	r = explain(s, collection, c, &find, exact, out, err);
	bson_destroy(&filter);
	return r;
}
