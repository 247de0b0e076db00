/* Parts of a collection that comes over a network: first what tells the parts, of all documents, then those of the part, so many at a
 * time. Their order is the store's own, in which the samples mostly lie as well: not that of the _ids, as an index would give them. */
#include "store/part.h"

#include "store/backend.h"
#include "store/edit.h"
#include "store/idmap.h"
#include "store/room.h"

#define FEW_PARTS 4     /* of fewer all documents are fetched: there would be more to ask for than to leave out */
#define LOOKED_AT 10000 /* of the first a round trip: some tens of bytes each */
#define TOGETHER 250    /* of the second, at most */
#define MOST 1000000    /* bytes of their _ids */

struct parted {
	struct msp_cursor base;
	struct msp_store self; /* what base.store is, with the functions of this file */
	struct msp_store *store;
	char *collection;
	const struct msp_part *part;
	bool whole; /* the first are the documents themselves */
	struct msp_cursor *all; /* NULL: it has come to its end */
	bson_t *projection; /* NULL: none */
	uint64_t left; /* of the limit */
	uint32_t together;
	bson_t **doc; /* those that were fetched, in their order; NULL: it is gone meanwhile */
	size_t n, at;
	struct msp_idmap place; /* of an _id's hash, in doc */
	struct msp_bytes scratch;
	bson_t cut; /* the document cut down to the projection */
	bool made;
};

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

static void forget(struct parted *p)
{
	for (size_t i = 0; i < p->n; i++)
		bson_destroy(p->doc[i]);
	p->n = p->at = 0;
	msp_idmap_clear(&p->place);
}

static void done(struct msp_cursor *c)
{
	struct parted *p = (struct parted *)c;

	msp_cursor_free(p->all);
	forget(p);
	if (p->made)
		bson_destroy(&p->cut);
	bson_destroy(p->projection);
	msp_idmap_free(&p->place);
	msp_bytes_free(&p->scratch);
	free(p->doc);
	free(p->collection);
	free(p);
}

/* Adds the document's _id to the list, and a place for the document. */
static int take(struct parted *p, const bson_t *doc, bson_t *list, struct msp_error *err)
{
	struct msp_id hash;
	char buf[16];
	const char *key;
	bson_iter_t id;
	uint64_t *at;
	bool fresh;
	int r = msp_part_has(p->part, doc, &p->scratch);
	size_t len = bson_uint32_to_string((uint32_t)p->n, &key, buf, sizeof(buf));

	if (r <= 0)
		return r < 0 ? memory(err) : MSP_OK;
	if (!bson_iter_init_find(&id, doc, "_id") || msp_value_hash(&id, &p->scratch, &hash) != MSP_OK ||
	    msp_idmap_add(&p->place, hash, &fresh, &at) != MSP_OK)
		return memory(err);
	if (!fresh) /* it was moved while it was looked for */
		return MSP_OK;
	if (!bson_append_iter(list, key, (int)len, &id))
		return memory(err);
	*at = p->n;
	p->doc[p->n++] = p->whole ? bson_copy(doc) : NULL;
	return MSP_OK;
}

static int look(struct parted *p, bson_t *list, struct msp_error *err)
{
	size_t want = p->left < p->together ? (size_t)p->left : p->together;
	const bson_t *doc;
	int r = MSP_OK;

	while (r == MSP_OK && p->all && p->n < want && list->len < MOST) {
		r = msp_cursor_next(p->all, &doc, err);
		if (r == 1) {
			r = take(p, doc, list, err);
		} else if (r == 0) {
			msp_cursor_free(p->all);
			p->all = NULL;
		}
	}
	return r;
}

/* {_id: {$in: list}}. Nothing else is asked: that they match was found just now, and some servers use the index of _id only so. */
static bool these(const bson_t *list, bson_t *out)
{
	bson_t in = BSON_INITIALIZER;
	bool ok = BSON_APPEND_ARRAY(&in, "$in", list);

	bson_init(out);
	ok = ok && BSON_APPEND_DOCUMENT(out, "_id", &in);
	bson_destroy(&in);
	return ok;
}

static int keep(struct parted *p, const bson_t *doc, struct msp_error *err)
{
	struct msp_id hash;
	bson_iter_t id;
	uint64_t *at;

	if (!bson_iter_init_find(&id, doc, "_id") || msp_value_hash(&id, &p->scratch, &hash) != MSP_OK)
		return memory(err);
	if (!msp_idmap_find(&p->place, hash, &at) || p->doc[*at])
		return MSP_OK;
	p->doc[*at] = bson_copy(doc);
	return MSP_OK;
}

static int fetch(struct parted *p, const bson_t *list, struct msp_error *err)
{
	struct msp_cursor *c = NULL;
	struct msp_find f = {.batch = p->together};
	const bson_t *doc;
	bson_t filter;
	int r = these(list, &filter) ? MSP_OK : memory(err);

	f.filter = &filter;
	if (r == MSP_OK)
		r = msp_store_find(p->store, p->collection, &f, &c, err);
	while (r == MSP_OK && (r = msp_cursor_next(c, &doc, err)) == 1)
		r = keep(p, doc, err);
	msp_cursor_free(c);
	bson_destroy(&filter);
	return r;
}

static int more(struct parted *p, struct msp_error *err)
{
	bson_t list = BSON_INITIALIZER;
	int r;

	forget(p);
	r = look(p, &list, err);
	if (r == MSP_OK && p->n > 0 && !p->whole)
		r = fetch(p, &list, err);
	bson_destroy(&list);
	return r;
}

static int give(struct parted *p, const bson_t *from, const bson_t **doc, struct msp_error *err)
{
	int r;

	*doc = from;
	p->left--;
	if (!p->projection)
		return 1;
	r = msp_project(p->projection, from, &p->cut, err);
	p->made = true;
	*doc = &p->cut;
	return r == MSP_OK ? 1 : r;
}

static int next(struct msp_cursor *c, const bson_t **doc, struct msp_error *err)
{
	struct parted *p = (struct parted *)c;
	int r = MSP_OK;

	if (p->made)
		bson_destroy(&p->cut);
	p->made = false;
	while (r == MSP_OK && p->left > 0) {
		for (; p->at < p->n; p->at++)
			if (p->doc[p->at])
				return give(p, p->doc[p->at++], doc, err);
		if (!p->all)
			break;
		r = more(p, err);
	}
	return r;
}

static const struct msp_backend over = {.next = next, .done = done};

static bool make(struct parted *p, struct msp_store *s, const char *collection, const struct msp_find *f)
{
	p->self.backend = &over;
	p->base.store = &p->self;
	p->store = s;
	p->part = f->part;
	p->whole = f->part->parts < FEW_PARTS || (f->part->hash && !f->part->keys);
	p->left = f->limit ? f->limit : UINT64_MAX;
	p->together = f->batch < TOGETHER ? f->batch : TOGETHER;
	p->place.values = true;
	p->collection = strdup(collection);
	p->doc = calloc(p->together, sizeof(bson_t *));
	p->projection = f->projection && !bson_empty(f->projection) ? bson_copy(f->projection) : NULL;
	return p->collection && p->doc;
}

int msp_part_find(struct msp_store *s, const char *collection, const struct msp_find *f, struct msp_cursor **out, struct msp_error *err)
{
	struct parted *p = msp_room(sizeof(*p));
	bson_t *id = BCON_NEW("_id", BCON_INT32(1));
	struct msp_find look_at = {.filter = f->filter, .sort = f->sort, .batch = f->batch};
	int r = p && make(p, s, collection, f) ? MSP_OK : memory(err);

	if (r == MSP_OK && !p->whole) {
		look_at.projection = f->part->hash ? f->part->keys : id;
		look_at.batch = LOOKED_AT;
	}
	if (r == MSP_OK)
		r = msp_store_find(s, collection, &look_at, &p->all, err);
	bson_destroy(id);
	if (r != MSP_OK) {
		if (p)
			done(&p->base);
		return r;
	}
	*out = &p->base;
	return MSP_OK;
}
