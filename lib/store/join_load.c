/* A collection's documents taken into memory: what they are found by, and the keys that objects are given. */
#include "mspipe/documents.h"
#include "store/join.h"
#include "store/path.h"
#include "store/schema.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LABEL 64 /* bytes of an _id in a message */

struct load {
	struct msp_join *j;
	const struct msp_schema_row *schema; /* NULL: the collection is none of MsPASS's */
	struct msp_bytes text;
};

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

/* ---- what objects are given -------------------------------------------- */

static bool wants_number(const struct load *l, const char *key)
{
	for (const struct msp_schema_row *r = l->schema; r; r = msp_schema_next(r))
		if (r->kind == MSP_S_KEY && strcmp(r->name, key) == 0)
			return r->type == MSP_S_DOUBLE || r->type == MSP_S_INT;
	return false;
}

/* All names begin with the prefix: it becomes shorter. */
static int meet_name(struct msp_join *j, const char *name)
{
	size_t n = 0;

	if (!j->any_name) {
		j->any_name = true;
		return msp_bytes_set(&j->prefix, name, strlen(name));
	}
	while (n < j->prefix.len && name[n] == (char)j->prefix.data[n]) /* name ends with a NUL, which the prefix does not hold */
		n++;
	j->prefix.len = n;
	return MSP_OK;
}

/* Appends a value under a name, times as seconds, as MsPASS has them. *ok false: a number is wanted, and it is none. */
static int give(struct load *l, const bson_iter_t *it, const char *key, const char *name, bson_t *out, bool *ok)
{
	struct msp_value v;
	bool fits = true;

	msp_value_of_iter(it, &v);
	*ok = true;
	if (wants_number(l, key)) {
		*ok = v.type == MSP_V_INT || v.type == MSP_V_TIME || (v.type == MSP_V_DOUBLE && isfinite(v.u.d));
		if (!*ok)
			return MSP_OK;
	}
	if (v.type == MSP_V_TIME)
		fits = BSON_APPEND_DOUBLE(out, name, msp_time_to_seconds(v.u.i));
	else
		fits = bson_append_iter(out, name, -1, it);
	return fits ? meet_name(l->j, name) : MSP_NOMEM;
}

static int give_keys(struct load *l, const bson_t *doc, struct join_doc *d, bson_t *out)
{
	struct msp_join *j = l->j;
	int s = MSP_OK;

	for (uint32_t i = 0; s == MSP_OK && i < j->nkeys; i++) {
		const struct join_key *k = &j->keys[i];
		bool array, ok = true, there;
		bson_iter_t it;

		there = msp_path_single(bson_get_data(doc), doc->len, k->key, &it, &array) && !BSON_ITER_HOLDS_NULL(&it);
		if (there)
			s = give(l, &it, k->key, k->name, out, &ok);
		if ((!there || !ok) && !k->optional && d->lacks < 0) {
			d->lacks = (int32_t)i;
			d->why = there ? JOIN_NO_NUMBER : JOIN_ABSENT;
		}
	}
	return s;
}

static int give_all(struct load *l, const bson_t *doc, bson_t *out)
{
	bson_iter_t it;
	int s = MSP_OK;

	if (!bson_iter_init(&it, doc))
		return MSP_OK;
	while (s == MSP_OK && bson_iter_next(&it)) {
		char *name;
		bool ok;

		if (BSON_ITER_HOLDS_DOCUMENT(&it) || BSON_ITER_HOLDS_ARRAY(&it) || BSON_ITER_HOLDS_NULL(&it))
			continue;
		name = msp_join_name(l->j, bson_iter_key(&it));
		if (!name)
			return MSP_NOMEM;
		if (msp_join_check_name(name, NULL) == MSP_OK && !bson_has_field(out, name))
			s = give(l, &it, bson_iter_key(&it), name, out, &ok);
		free(name);
	}
	return s;
}

static int take_values(struct load *l, const bson_t *doc, struct join_doc *d)
{
	struct msp_join *j = l->j;
	bson_t out = BSON_INITIALIZER;
	int s = j->keys ? give_keys(l, doc, d, &out) : give_all(l, doc, &out);

	d->values = j->arena.len;
	d->size = out.len;
	if (s == MSP_OK)
		s = msp_bytes_append(&j->arena, bson_get_data(&out), out.len);
	bson_destroy(&out);
	return s;
}

/* ---- documents --------------------------------------------------------- */

/* The _id for messages: of an ObjectId its digits. */
static int label(struct load *l, const bson_t *doc)
{
	bson_iter_t it;
	struct msp_value v;
	char hex[25];
	int s;

	l->text.len = 0;
	if (bson_iter_init_find(&it, doc, "_id")) {
		msp_value_of_iter(&it, &v);
		if (BSON_ITER_HOLDS_OID(&it)) {
			bson_oid_to_string(bson_iter_oid(&it), hex);
			s = msp_bytes_append(&l->text, hex, 24);
		} else {
			s = msp_value_text(&v, &l->text);
		}
		if (s != MSP_OK)
			return s;
	}
	if (l->text.len > LABEL)
		l->text.len = LABEL;
	for (size_t i = 0; i < l->text.len; i++)
		if (l->text.data[i] == 0)
			l->text.data[i] = '?';
	s = msp_bytes_append(&l->text, "", 1);
	if (s == MSP_OK)
		msp_text_harmless(l->text.data, l->text.len - 1);
	return s;
}

static int room(struct msp_join *j, struct msp_error *err)
{
	size_t n = j->doc_room ? 2 * (size_t)j->doc_room : 128;
	struct join_doc *doc;
	struct join_entry *entry;

	if (j->ndocs < j->doc_room)
		return MSP_OK;
	if (n > INT32_MAX)
		return msp_error_set(err, MSP_FAIL, "%s: more documents than can be joined", j->collection);
	doc = realloc(j->doc, n * sizeof(*doc));
	if (doc)
		j->doc = doc;
	entry = doc ? realloc(j->entry, n * sizeof(*entry)) : NULL;
	if (!entry)
		return memory(err);
	j->entry = entry;
	j->doc_room = (uint32_t)n;
	return MSP_OK;
}

static int take(struct load *l, const bson_t *doc, struct msp_error *err)
{
	struct msp_join *j = l->j;
	struct join_doc d = {.lacks = -1};
	struct join_entry e = {.start = INT64_MIN, .end = INT64_MAX, .doc = j->ndocs};
	const char *why;
	int s = label(l, doc) == MSP_OK ? room(j, err) : memory(err);

	if (s != MSP_OK)
		return s;
	why = msp_join_document_key(j, doc, &d, &e, &s);
	if (s != MSP_OK)
		return memory(err);
	if (why) {
		if (j->counts.unused++ == 0)
			snprintf(j->unused_why, sizeof(j->unused_why), "of %s, %s", (const char *)l->text.data, why);
		return MSP_OK;
	}
	s = msp_join_add_group(j, &e.group, err);
	if (s != MSP_OK)
		return s;
	j->group[e.group].n++;
	s = take_values(l, doc, &d);
	d.label = j->arena.len;
	if (s != MSP_OK || msp_bytes_append(&j->arena, l->text.data, l->text.len) != MSP_OK)
		return memory(err);
	j->doc[j->ndocs] = d;
	j->entry[j->ndocs++] = e;
	j->counts.documents++;
	return MSP_OK;
}

int msp_join_take(struct msp_join *j, const bson_t *doc, struct msp_error *err)
{
	struct load l = {.j = j, .schema = msp_schema(j->collection)};
	int s = take(&l, doc, err);

	msp_bytes_free(&l.text);
	return s;
}

/* ---- order ------------------------------------------------------------- */

/* By group, then by start; documents came in the order of their _id. */
static int order(const void *a, const void *b)
{
	const struct join_entry *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->doc < y->doc ? -1 : x->doc > y->doc;
}

void msp_join_settle(struct msp_join *j)
{
	uint32_t at = 0;

	if (j->ndocs)
		qsort(j->entry, j->ndocs, sizeof(*j->entry), order);
	for (uint32_t g = 0; g < j->ngroups; g++) {
		msp_time reach = INT64_MIN;

		j->group[g].first = at;
		for (uint32_t i = 0; i < j->group[g].n; i++, at++) {
			reach = j->entry[at].end > reach ? j->entry[at].end : reach;
			j->entry[at].reach = reach;
		}
	}
}

/* Only what is needed: documents may hold whole responses. Not where a key lies deeper: two could name parts of each other. */
static bool project(const struct msp_join *j, bson_t *out)
{
	static const char *const fixed[] = {"_id", "net", "sta", "loc", "chan", "starttime", "endtime"};
	const char *key;

	if (!j->keys)
		return false;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		BSON_APPEND_INT32(out, fixed[i], 1);
	for (uint32_t i = 0; i < 1 + j->nkeys + j->npairs; i++) {
		key = i == 0 ? j->time_key : i <= j->nkeys ? j->keys[i - 1].key : j->pairs[i - 1 - j->nkeys].document;
		if (strpbrk(key, ".$"))
			return false;
		if (!bson_has_field(out, key))
			BSON_APPEND_INT32(out, key, 1);
	}
	return true;
}

static int each(void *context, const bson_t *doc, struct msp_error *err)
{
	return msp_join_take(context, doc, err);
}

int msp_join_load(struct msp_join *j, struct msp_store *s, const struct msp_join_options *o, struct msp_error *err)
{
	bson_t projection = BSON_INITIALIZER, by_id = BSON_INITIALIZER;
	struct msp_choice choice = {.filter = o->filter, .expr = &o->expr, .exprs = o->expr != NULL, .sort = &by_id, .poll = o->poll,
	                            .poll_context = o->poll_context};
	int r;

	BSON_APPEND_INT32(&by_id, "_id", 1);
	if (project(j, &projection))
		choice.projection = &projection;
	r = msp_store_each(s, j->collection, &choice, each, j, err);
	if (r == MSP_OK)
		msp_join_settle(j);
	bson_destroy(&projection);
	bson_destroy(&by_id);
	return r;
}
