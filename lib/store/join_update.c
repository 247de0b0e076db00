/* Waveform documents joined in the store: which document belongs to each is found first, then keys are set, in a batch of those
 * to which the same one belongs at a time. */
#include "store/join.h"

#include <stdlib.h>
#include <string.h>

#define IDS 1000       /* documents an update */
#define TOGETHER 20000 /* and a transaction */

/* A document that is to be changed: its _id, in the arena as a document {"": _id}, and what it is joined with. */
struct change {
	uint32_t doc;
	uint32_t size;
	size_t id;
};

struct work {
	struct msp_join *j;
	struct msp_store *s;
	const char *waveforms;
	struct msp_join_updated done;
	struct msp_bytes arena;
	struct change *change;
	size_t n, room;
};

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

/* ---- what is to be changed --------------------------------------------- */

static double number(const struct msp_value *v)
{
	return v->type == MSP_V_INT ? (double)v->u.i : v->type == MSP_V_DOUBLE ? v->u.d : 0;
}

/* A header of the object that the document is of: enough to find what belongs to it. Metadata are the document, borrowed. */
static void object_of(const char *waveforms, const bson_t *doc, struct msp_object *o)
{
	char scratch[MSP_ID_TEXT];
	struct msp_value v;

	msp_object_init(o);
	o->kind = MSP_TIMESERIES;
	o->live = true;
	msp_bytes_borrow(&o->metadata, bson_get_data(doc), doc->len);
	msp_document_value(waveforms, doc, "starttime", &v, scratch);
	if (v.type == MSP_V_TIME) {
		o->start = v.u.i;
	} else {
		o->relative = true;
		if (msp_time_from_seconds(number(&v), &o->start) == MSP_OK && v.type != MSP_V_UNDEFINED) {
			msp_document_value(waveforms, doc, "starttime_shift", &v, scratch);
			o->shift_valid = msp_join_time(&v, &o->shift);
		}
	}
	msp_document_value(waveforms, doc, "delta", &v, scratch);
	o->dt = number(&v);
	msp_document_value(waveforms, doc, "npts", &v, scratch);
	o->npts = v.type == MSP_V_INT && v.u.i > 0 ? (uint64_t)v.u.i : 0;
}

/* Has the document these keys with these values already? */
static bool is_there(const bson_t *doc, const uint8_t *values, size_t size)
{
	bson_iter_t want, have;

	if (!bson_iter_init_from_data(&want, values, size))
		return true;
	while (bson_iter_next(&want)) {
		struct msp_value a, b;

		if (!bson_iter_init_find(&have, doc, bson_iter_key(&want)) || bson_iter_type(&have) != bson_iter_type(&want))
			return false;
		msp_value_of_iter(&want, &a);
		msp_value_of_iter(&have, &b);
		if (msp_value_compare(&a, &b) != 0)
			return false;
	}
	return true;
}

static int add(struct work *w, const bson_t *doc, uint32_t number_of_doc, struct msp_error *err)
{
	bson_t id = BSON_INITIALIZER;
	bson_iter_t it;
	int s = MSP_OK;

	if (w->n == w->room) {
		size_t room = w->room ? 2 * w->room : 1024;
		struct change *more = realloc(w->change, room * sizeof(*more));

		if (!more)
			return memory(err);
		w->change = more;
		w->room = room;
	}
	if (bson_iter_init_find(&it, doc, "_id") && bson_append_iter(&id, "", 0, &it)) {
		w->change[w->n++] = (struct change){.doc = number_of_doc, .size = id.len, .id = w->arena.len};
		s = msp_bytes_append(&w->arena, bson_get_data(&id), id.len) == MSP_OK ? MSP_OK : memory(err);
	}
	bson_destroy(&id);
	return s;
}

static int look(void *context, const bson_t *doc, struct msp_error *err)
{
	struct work *w = context;
	const struct join_doc *d;
	struct msp_error why = {0};
	struct msp_object o;
	bool fresh;
	int s;

	w->done.documents++;
	object_of(w->waveforms, doc, &o);
	s = msp_join_choose(w->j, &o, &d, &fresh, &why);
	if (s == MSP_OK && d) {
		w->done.matched++;
		w->j->counts.joined++;
		if (!is_there(doc, w->j->arena.data + d->values, d->size))
			s = add(w, doc, (uint32_t)(d - w->j->doc), err);
	}
	msp_object_free(&o);
	return s == MSP_KILL ? MSP_OK : s == MSP_NOMEM ? memory(err) : s;
}

/* ---- changing ---------------------------------------------------------- */

static int order(const void *a, const void *b)
{
	const struct change *x = a, *y = b;

	if (x->doc != y->doc)
		return x->doc < y->doc ? -1 : 1;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* {"_id": {"$in": [...]}} of n changes */
static bool filter_of(const struct work *w, const struct change *c, size_t n, bson_t *filter)
{
	bson_t in, ids;
	bool fits = bson_append_document_begin(filter, "_id", 3, &in) && bson_append_array_begin(&in, "$in", 3, &ids);

	for (size_t i = 0; fits && i < n; i++) {
		char buf[16];
		const char *key;
		size_t len = bson_uint32_to_string((uint32_t)i, &key, buf, sizeof(buf));
		bson_iter_t it;

		fits = bson_iter_init_from_data(&it, w->arena.data + c[i].id, c[i].size) && bson_iter_next(&it) &&
		       bson_append_iter(&ids, key, (int)len, &it);
	}
	return fits && bson_append_array_end(&in, &ids) && bson_append_document_end(filter, &in);
}

static int change(struct work *w, const struct change *c, size_t n, struct msp_error *err)
{
	const struct join_doc *d = &w->j->doc[c->doc];
	bson_t filter = BSON_INITIALIZER, update = BSON_INITIALIZER, values;
	struct msp_updated u = {0};
	int s = MSP_NOMEM;

	if (filter_of(w, c, n, &filter) && bson_init_static(&values, w->j->arena.data + d->values, d->size) &&
	    BSON_APPEND_DOCUMENT(&update, "$set", &values))
		s = msp_store_update(w->s, w->waveforms, &filter, &update, 0, &u, err);
	else
		s = memory(err);
	w->done.changed += u.modified;
	bson_destroy(&filter);
	bson_destroy(&update);
	return s;
}

/* From one on, as many as one update takes. */
static size_t alike(const struct work *w, size_t at)
{
	size_t n = 1;

	while (at + n < w->n && n < IDS && w->change[at + n].doc == w->change[at].doc)
		n++;
	return n;
}

/* Some updates in one transaction, where the store has such: each would wait for the disk. */
static int change_some(struct work *w, size_t *at, struct msp_error *err)
{
	uint64_t before = w->done.changed;
	size_t end = *at + TOGETHER, n;
	int s = msp_store_begin(w->s, err);

	if (s != MSP_OK)
		return s;
	for (; s == MSP_OK && *at < w->n && *at < end; *at += n) {
		n = alike(w, *at);
		s = change(w, w->change + *at, n, err);
	}
	if (s == MSP_OK)
		s = msp_store_commit(w->s, err);
	else
		msp_store_rollback(w->s);
	if (s != MSP_OK)
		w->done.changed = before;
	return s;
}

static int change_all(struct work *w, const struct msp_choice *choice, struct msp_error *err)
{
	size_t at = 0;
	int s = MSP_OK;

	if (w->n)
		qsort(w->change, w->n, sizeof(*w->change), order);
	while (s == MSP_OK && at < w->n) {
		s = change_some(w, &at, err);
		if (s == MSP_OK && choice && choice->poll && choice->poll(choice->poll_context))
			s = msp_error_set(err, MSP_INTERRUPTED, "interrupted");
	}
	return s;
}

int msp_join_update(struct msp_join *j, struct msp_store *s, const char *waveforms, const struct msp_choice *choice,
                    struct msp_join_updated *out, struct msp_error *err)
{
	struct work w = {.j = j, .s = s, .waveforms = waveforms};
	struct msp_choice c = {0};
	int r;

	if (choice)
		c = *choice;
	c.projection = c.sort = NULL;
	c.limit = 0;
	j->updating = true;
	r = msp_store_each(s, waveforms, &c, look, &w, err);
	if (r == MSP_OK)
		r = change_all(&w, choice, err);
	*out = w.done;
	free(w.change);
	msp_bytes_free(&w.arena);
	return r;
}
