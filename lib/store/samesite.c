/* Stations and channels that are in a store already, made by somebody else: found by codes and times, as MsPASS finds duplicates. */
#include "store/intake.h"

#include "store/room.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAME 10.0 /* s */
#define BATCH 256 /* documents that are asked for at once */

struct entry {
	char *code[4]; /* net, sta, loc, chan; "" where there is none */
	double start, end;
	bson_oid_t id, other;
	bool known, found; /* the store has it by its own _id; found: other is the nearest of others */
	double distance;
};

struct matcher {
	struct msp_intake *in;
	struct msp_store *store;
	struct msp_error *err;
	const char *collection;
	struct msp_oidmap own, taken; /* ids of this file's documents; of those whose place was taken */
	struct entry entry[BATCH];
	size_t n;
};

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

static const char *const keys[4] = {"net", "sta", "loc", "chan"};

/* ---- a document --------------------------------------------------------------- */

static void clear(struct entry *e)
{
	for (size_t i = 0; i < 4; i++)
		free(e->code[i]);
	memset(e, 0, sizeof(*e));
}

static bool get_number(const bson_t *doc, const char *key, double *out)
{
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, key) || !BSON_ITER_HOLDS_NUMBER(&it))
		return false;
	*out = BSON_ITER_HOLDS_DOUBLE(&it) ? bson_iter_double(&it) : (double)bson_iter_as_int64(&it);
	return true;
}

/* 1; 0: not one that can be compared; MSP_NOMEM. */
static int get(const bson_t *doc, struct entry *e)
{
	bson_iter_t it;

	memset(e, 0, sizeof(*e));
	if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
		return 0;
	e->id = *bson_iter_oid(&it);
	if (!get_number(doc, "starttime", &e->start) || !get_number(doc, "endtime", &e->end))
		return 0;
	for (size_t i = 0; i < 4; i++) {
		bool there = bson_iter_init_find(&it, doc, keys[i]) && BSON_ITER_HOLDS_UTF8(&it);

		e->code[i] = strdup(there ? bson_iter_utf8(&it, NULL) : "");
		if (!e->code[i])
			return MSP_NOMEM;
	}
	return 1;
}

/* ---- a batch ---------------------------------------------------------------------- */

static bool same(const struct entry *a, const struct entry *b)
{
	for (size_t i = 0; i < 4; i++)
		if (strcmp(a->code[i], b->code[i]) != 0)
			return false;
	return fabs(a->start - b->start) <= SAME && fabs(a->end - b->end) <= SAME;
}

/* A document of the store against those of the batch. */
static void compare(struct matcher *m, const struct entry *there)
{
	bool ours = msp_oidmap_get(&m->own, &there->id) != NULL;

	for (size_t i = 0; i < m->n; i++) {
		struct entry *e = &m->entry[i];
		double distance = fabs(e->start - there->start);

		if (bson_oid_equal(&e->id, &there->id))
			e->known = true;
		else if (!ours && same(e, there) &&
		         (!e->found || distance < e->distance || (distance == e->distance && bson_oid_compare(&there->id, &e->other) < 0))) {
			e->found = true;
			e->distance = distance;
			e->other = there->id;
		}
	}
}

/* {"sta": {"$in": [...]}} */
static bool make_filter(const struct matcher *m, bson_t *out)
{
	bson_t in, list;
	bool ok = bson_append_document_begin(out, "sta", 3, &in) && bson_append_array_begin(&in, "$in", 3, &list);
	uint32_t k = 0;

	for (size_t i = 0; ok && i < m->n; i++) {
		char buf[16];
		const char *key;

		if (i > 0 && strcmp(m->entry[i].code[1], m->entry[i - 1].code[1]) == 0)
			continue;
		(void)bson_uint32_to_string(k++, &key, buf, sizeof(buf));
		ok = bson_append_utf8(&list, key, -1, m->entry[i].code[1], -1);
	}
	return ok && bson_append_array_end(&in, &list) && bson_append_document_end(out, &in);
}

static int look(void *context, const bson_t *doc, struct msp_error *err)
{
	struct matcher *m = context;
	struct entry there;
	int s = get(doc, &there);

	if (s == 1)
		compare(m, &there);
	clear(&there);
	return s < 0 ? memory(err) : MSP_OK;
}

static int decide(struct matcher *m)
{
	int s = MSP_OK;

	for (size_t i = 0; s == MSP_OK && i < m->n; i++) {
		const struct entry *e = &m->entry[i];

		if (e->known || !e->found || msp_oidmap_get(&m->taken, &e->other))
			continue;
		s = msp_oidmap_set(&m->taken, &e->other, &e->id);
		if (s == MSP_OK)
			s = msp_oidmap_set(&m->in->renamed, &e->id, &e->other);
	}
	return s == MSP_OK ? s : memory(m->err);
}

static int match_batch(struct matcher *m, msp_poll_fn *poll, void *context)
{
	static const char *const wanted[] = {"net", "sta", "loc", "chan", "starttime", "endtime"};
	bson_t filter = BSON_INITIALIZER, projection = BSON_INITIALIZER;
	struct msp_choice choice = {.filter = &filter, .projection = &projection, .poll = poll, .poll_context = context};
	bool ok = make_filter(m, &filter);
	int s;

	for (size_t i = 0; ok && i < sizeof(wanted) / sizeof(*wanted); i++)
		ok = bson_append_int32(&projection, wanted[i], -1, 1);
	s = !ok ? memory(m->err) : m->n ? msp_store_each(m->store, m->collection, &choice, look, m, m->err) : MSP_OK;
	if (s == MSP_OK)
		s = decide(m);
	for (size_t i = 0; i < m->n; i++)
		clear(&m->entry[i]);
	m->n = 0;
	bson_destroy(&filter);
	bson_destroy(&projection);
	return s;
}

/* ---- a collection ------------------------------------------------------------------ */

static int note_own(struct matcher *m, size_t wanted, bson_t *doc)
{
	size_t collection;
	bson_iter_t it;
	int s = msp_spool_rewind(&m->in->spool, m->err), more = 1;

	while (s == MSP_OK && (more = msp_intake_next(m->in, &collection, doc, m->err)) == 1)
		if (collection == wanted && bson_iter_init_find(&it, doc, "_id") && BSON_ITER_HOLDS_OID(&it) &&
		    msp_oidmap_set(&m->own, bson_iter_oid(&it), bson_iter_oid(&it)) != MSP_OK)
			s = memory(m->err);
	return s == MSP_OK && more < 0 ? more : s;
}

static int match(struct matcher *m, size_t wanted, msp_poll_fn *poll, void *context)
{
	bson_t *doc = msp_room(sizeof(*doc));
	size_t collection;
	int s = doc ? note_own(m, wanted, doc) : memory(m->err), more = 1, got;

	if (s == MSP_OK)
		s = msp_spool_rewind(&m->in->spool, m->err);
	while (s == MSP_OK && (more = msp_intake_next(m->in, &collection, doc, m->err)) == 1) {
		if (collection != wanted)
			continue;
		got = get(doc, &m->entry[m->n]);
		if (got == 1)
			m->n++;
		else
			clear(&m->entry[m->n]);
		if (got < 0)
			s = memory(m->err);
		else if (m->n == BATCH)
			s = match_batch(m, poll, context);
	}
	if (s == MSP_OK && more < 0)
		s = more;
	if (s == MSP_OK)
		s = match_batch(m, poll, context);
	for (size_t i = 0; i < m->n; i++)
		clear(&m->entry[i]);
	m->n = 0;
	free(doc);
	return s;
}

int msp_intake_match(struct msp_intake *in, struct msp_store *store, msp_poll_fn *poll, void *context, struct msp_error *err)
{
	int s = MSP_OK;

	for (size_t i = 0; s == MSP_OK && i < in->collections; i++) {
		struct matcher *m;
		uint64_t there = 0;

		if (strcmp(in->collection[i].name, "site") != 0 && strcmp(in->collection[i].name, "channel") != 0)
			continue;
		s = msp_store_count(store, in->collection[i].name, NULL, &there, err);
		if (s != MSP_OK || there == 0)
			continue;
		m = calloc(1, sizeof(*m));
		if (!m)
			return memory(err);
		m->in = in;
		m->store = store;
		m->err = err;
		m->collection = in->collection[i].name;
		s = match(m, i, poll, context);
		msp_oidmap_free(&m->own);
		msp_oidmap_free(&m->taken);
		free(m);
	}
	return s;
}
