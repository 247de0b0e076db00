/* Stores: the checks that are the same for every back end. */
#include "store/backend.h"

#include "store/edit.h"
#include "store/order.h"
#include "store/part.h"
#include "store/sorted.h"
#include "store/utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define MAX_NAME 120 /* bytes of a collection's name: MongoDB's limit for database and collection is 255 */
#define MAX_MESSAGE 48000000 /* bytes of documents sent at once; MongoDB's limit is 48 000 000 */

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* ---- checks ------------------------------------------------------------ */

static int check_collection(const struct msp_store *s, const char *c, struct msp_error *err)
{
	size_t n = strlen(c);

	if (n == 0 || n > MAX_NAME || strchr(c, '$') || c[0] == '.' || c[n - 1] == '.' || c[0] == '_' || begins(c, "system.") ||
	    begins(c, "sqlite") || begins(c, "msp_indexes") || !bson_utf8_validate(c, n, false))
		return msp_error_set(err, MSP_USAGE, "%s: \"%s\" cannot be the name of a collection", s->name, c);
	return MSP_OK;
}

static int check_writable(const struct msp_store *s, const char *c, struct msp_error *err)
{
	if (!s->writable)
		return msp_error_set(err, MSP_USAGE, "%s: opened for reading only", s->name);
	return check_collection(s, c, err);
}

int msp_document_check(const bson_t *doc, bool needs_id, bool *has_id, struct msp_error *err)
{
	bson_iter_t it;

	*has_id = false;
	if (doc->len > MSP_STORE_DOCUMENT_MAX)
		return msp_error_set(err, MSP_USAGE, "a document of %u bytes; the most is %d", doc->len, MSP_STORE_DOCUMENT_MAX);
	if (!msp_bson_valid(bson_get_data(doc), doc->len) || !msp_document_is_utf8(bson_get_data(doc), doc->len))
		return msp_error_set(err, MSP_USAGE, "a document that is none, is nested too deep, or holds a string that is not UTF-8");
	if (!bson_iter_init(&it, doc))
		return msp_error_set(err, MSP_USAGE, "a document that is none");
	while (bson_iter_next(&it)) {
		const char *key = bson_iter_key(&it);
		bson_type_t type = bson_iter_type(&it);

		if (key[0] == '$')
			return msp_error_set(err, MSP_USAGE, "a document with the key \"%s\": none may begin with $", key);
		if (strcmp(key, "_id") != 0)
			continue;
		if (*has_id)
			return msp_error_set(err, MSP_USAGE, "a document with two _id");
		*has_id = true;
		if (type == BSON_TYPE_ARRAY || type == BSON_TYPE_REGEX || type == BSON_TYPE_UNDEFINED)
			return msp_error_set(err, MSP_USAGE, "an _id cannot be an array, a regular expression or undefined");
	}
	return *has_id || !needs_id ? MSP_OK : msp_error_set(err, MSP_USAGE, "a document without _id");
}

static bool bad_key(const char *key)
{
	size_t n = strlen(key);

	return n == 0 || key[0] == '$' || key[0] == '.' || key[n - 1] == '.' || strstr(key, "..") || strstr(key, ".$");
}

/* {"key": 1 or -1, ...} */
static int check_order(const bson_t *order, const char *what, bool empty_allowed, struct msp_error *err)
{
	bson_iter_t it, other;
	bool any = false;

	if (!bson_iter_init(&it, order))
		return msp_error_set(err, MSP_USAGE, "%s: not a document", what);
	for (; bson_iter_next(&it); any = true) {
		double v = msp_rank(&it) == MSP_R_NUMBER ? msp_number(&it) : 0;

		if (bad_key(bson_iter_key(&it)))
			return msp_error_set(err, MSP_USAGE, "%s: \"%s\" is no key", what, bson_iter_key(&it));
		if (v != 1 && v != -1)
			return msp_error_set(err, MSP_USAGE, "%s: the direction of \"%s\" has to be 1 or -1", what, bson_iter_key(&it));
		if (!bson_iter_init(&other, order))
			continue;
		while (bson_iter_next(&other) && bson_iter_key(&other) != bson_iter_key(&it))
			if (strcmp(bson_iter_key(&other), bson_iter_key(&it)) == 0)
				return msp_error_set(err, MSP_USAGE, "%s: \"%s\" is named twice", what, bson_iter_key(&it));
	}
	return any || empty_allowed ? MSP_OK : msp_error_set(err, MSP_USAGE, "%s: no keys", what);
}

/* ---- reading ----------------------------------------------------------- */

/* Replaces an array by itself in MongoDB's order. */
static int sort_array(bson_t *array, struct msp_error *err)
{
	uint32_t n = bson_count_keys(array), k = 0;
	struct msp_sorted values;
	bson_iter_t it;
	bson_t sorted;

	if (n < 2)
		return MSP_OK;
	if (!bson_iter_init(&it, array) || msp_sorted_make(&it, n, &values) != MSP_OK)
		return memory(err);
	bson_init(&sorted);
	for (size_t i = 0; i < values.n; i++)
		(void)msp_array_add(&sorted, &k, values.place[i]);
	msp_sorted_free(&values);
	bson_destroy(array);
	bson_steal(array, &sorted);
	return MSP_OK;
}

static int finish_array(int s, bson_t *out, struct msp_error *err)
{
	if (s == MSP_OK)
		s = sort_array(out, err);
	if (s != MSP_OK)
		bson_destroy(out);
	return s;
}

int msp_store_collections(struct msp_store *s, bson_t *out, struct msp_error *err)
{
	bson_init(out);
	return finish_array(s->backend->collections(s, out, err), out, err);
}

int msp_store_find(struct msp_store *s, const char *c, const struct msp_find *find, struct msp_cursor **out, struct msp_error *err)
{
	static const struct msp_find all;
	struct msp_find f = find ? *find : all;
	int r = check_collection(s, c, err);

	*out = NULL;
	if (r == MSP_OK && f.projection)
		r = msp_project_check(f.projection, err);
	if (r == MSP_OK && f.sort)
		r = check_order(f.sort, "sort", true, err);
	if (r == MSP_OK && f.part && (f.part->part < 1 || f.part->part > f.part->parts))
		r = msp_error_set(err, MSP_USAGE, "part %" PRIu32 " of %" PRIu32, f.part->part, f.part->parts);
	if (f.batch == 0)
		f.batch = MSP_STORE_BATCH;
	if (r != MSP_OK)
		return r;
	if (f.part && f.part->parts == 1)
		f.part = NULL;
	return f.part && s->backend->remote ? msp_part_find(s, c, &f, out, err) : s->backend->find(s, c, &f, out, err);
}

int msp_cursor_next(struct msp_cursor *c, const bson_t **doc, struct msp_error *err)
{
	return c->store->backend->next(c, doc, err);
}

void msp_cursor_free(struct msp_cursor *c)
{
	if (c)
		c->store->backend->done(c);
}

int msp_store_count(struct msp_store *s, const char *c, const bson_t *filter, uint64_t *out, struct msp_error *err)
{
	int r = check_collection(s, c, err);

	*out = 0;
	return r == MSP_OK ? s->backend->count(s, c, filter, out, err) : r;
}

int msp_store_distinct(struct msp_store *s, const char *c, const char *key, const bson_t *filter, bson_t *out, struct msp_error *err)
{
	int r = check_collection(s, c, err);

	if (r == MSP_OK && bad_key(key))
		r = msp_error_set(err, MSP_USAGE, "distinct: \"%s\" is no key", key);
	if (r != MSP_OK)
		return r;
	bson_init(out);
	return finish_array(s->backend->distinct(s, c, key, filter, out, err), out, err);
}

/* ---- writing ----------------------------------------------------------- */

/* The document with a new _id before its other keys. */
static bson_t *with_id(const bson_t *doc)
{
	bson_t *whole = bson_new();
	bson_oid_t oid;

	bson_oid_init(&oid, NULL);
	if (BSON_APPEND_OID(whole, "_id", &oid) && bson_concat(whole, doc))
		return whole;
	bson_destroy(whole);
	return NULL;
}

struct batch {
	const bson_t **doc;
	bson_t **made; /* those of doc that are ours */
	size_t n;
};

/* As many documents from the first on as one message takes; *bad: the reason why the next cannot be one. */
static int gather(struct batch *b, const bson_t *const *docs, size_t n, bool replace, int *bad, struct msp_error *err)
{
	size_t bytes = 0;

	*bad = MSP_OK;
	for (b->n = 0; b->n < n; b->n++) {
		bool has_id;

		b->made[b->n] = NULL;
		*bad = msp_document_check(docs[b->n], replace, &has_id, err);
		if (*bad != MSP_OK)
			return MSP_OK;
		if (b->n > 0 && bytes + docs[b->n]->len > MAX_MESSAGE)
			return MSP_OK;
		bytes += docs[b->n]->len;
		b->doc[b->n] = docs[b->n];
		if (has_id)
			continue;
		b->made[b->n] = with_id(docs[b->n]);
		if (!b->made[b->n])
			return memory(err);
		b->doc[b->n] = b->made[b->n];
	}
	return MSP_OK;
}

static int put(struct msp_store *s, const char *c, const bson_t *const *docs, size_t n, bool replace, uint64_t *done, struct msp_error *err)
{
	size_t room = n < s->backend->batch ? n : s->backend->batch, at = 0;
	struct batch b = {.doc = calloc(room + 1, sizeof(*b.doc)), .made = calloc(room + 1, sizeof(*b.made))};
	int r = b.doc && b.made ? check_writable(s, c, err) : memory(err), bad = MSP_OK;
	uint64_t stored, total = 0;

	while (r == MSP_OK && bad == MSP_OK && at < n) {
		struct msp_error why = {0};

		r = gather(&b, docs + at, n - at < room ? n - at : room, replace, &bad, &why);
		stored = 0;
		if (r == MSP_OK && b.n > 0)
			r = s->backend->put(s, c, b.doc, b.n, replace, &stored, err);
		if (r == MSP_OK && bad != MSP_OK)
			r = msp_error_set(err, bad, "%s: %s: %s", s->name, c, why.text);
		for (size_t i = 0; i < b.n; i++)
			bson_destroy(b.made[i]);
		total += stored;
		at += b.n;
	}
	if (done)
		*done = total;
	free(b.doc);
	free(b.made);
	return r;
}

int msp_store_insert(struct msp_store *s, const char *c, const bson_t *const *docs, size_t n, uint64_t *done, struct msp_error *err)
{
	return put(s, c, docs, n, false, done, err);
}

int msp_store_upsert(struct msp_store *s, const char *c, const bson_t *const *docs, size_t n, uint64_t *done, struct msp_error *err)
{
	return put(s, c, docs, n, true, done, err);
}

int msp_store_update(struct msp_store *s, const char *c, const bson_t *filter, const bson_t *update, unsigned flags, struct msp_updated *out,
                     struct msp_error *err)
{
	struct msp_updated none = {0}, *u = out ? out : &none;
	bson_iter_t it;
	int r = check_writable(s, c, err);

	memset(u, 0, sizeof(*u));
	/* a document without operators would replace another, which MongoDB does by another call */
	if (r == MSP_OK && (!update || !bson_iter_init(&it, update) || !bson_iter_next(&it) || bson_iter_key(&it)[0] != '$'))
		r = msp_error_set(err, MSP_USAGE, "the update has no operators ($set ...)");
	return r == MSP_OK ? s->backend->update(s, c, filter, update, flags, u, err) : r;
}

int msp_store_delete(struct msp_store *s, const char *c, const bson_t *filter, uint64_t *deleted, struct msp_error *err)
{
	uint64_t n = 0;
	int r = check_writable(s, c, err);

	if (r == MSP_OK)
		r = s->backend->remove(s, c, filter, &n, err);
	if (deleted)
		*deleted = n;
	return r;
}

int msp_store_drop(struct msp_store *s, const char *c, struct msp_error *err)
{
	int r = check_writable(s, c, err);

	return r == MSP_OK ? s->backend->drop(s, c, err) : r;
}

/* ---- time -------------------------------------------------------------- */

double msp_store_clock(struct msp_store *s)
{
	struct timespec t = {0};
	double now;

	if (s->backend->clock && s->backend->clock(s, &now))
		return now;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- transactions ------------------------------------------------------- */

int msp_store_begin(struct msp_store *s, struct msp_error *err)
{
	if (!s->writable)
		return msp_error_set(err, MSP_USAGE, "%s: opened for reading only", s->name);
	return s->backend->begin ? s->backend->begin(s, err) : MSP_OK;
}

int msp_store_commit(struct msp_store *s, struct msp_error *err)
{
	return s->backend->end ? s->backend->end(s, true, err) : MSP_OK;
}

void msp_store_rollback(struct msp_store *s)
{
	if (s->backend->end)
		(void)s->backend->end(s, false, NULL);
}

/* ---- indexes ----------------------------------------------------------- */

static int index_name(const bson_t *keys, struct msp_bytes *out)
{
	bson_iter_t it;
	int r = 0;

	if (bson_iter_init(&it, keys))
		while (!r && bson_iter_next(&it))
			r = (out->len && msp_bytes_append(out, "_", 1)) || msp_bytes_append(out, bson_iter_key(&it), bson_iter_key_len(&it)) ||
			    msp_bytes_append(out, msp_number(&it) < 0 ? "_-1" : "_1", msp_number(&it) < 0 ? 3 : 2);
	return r || msp_bytes_append(out, "", 1) ? MSP_NOMEM : MSP_OK;
}

int msp_store_index(struct msp_store *s, const char *c, const bson_t *keys, unsigned flags, struct msp_error *err)
{
	struct msp_bytes name = {0};
	int r = check_writable(s, c, err);

	if (r == MSP_OK)
		r = check_order(keys, "index", false, err);
	if (r == MSP_OK && index_name(keys, &name) != MSP_OK)
		r = memory(err);
	if (r == MSP_OK && name.len > MAX_NAME)
		r = msp_error_set(err, MSP_USAGE, "index: its keys are too long");
	if (r == MSP_OK && strncmp((const char *)name.data, "_id_1", 6) != 0) /* that of _id is always there */
		r = s->backend->index(s, c, (const char *)name.data, keys, flags, err);
	msp_bytes_free(&name);
	return r;
}

int msp_store_indexes(struct msp_store *s, const char *c, bson_t *out, struct msp_error *err)
{
	int r = check_collection(s, c, err);

	if (r != MSP_OK)
		return r;
	bson_init(out);
	return finish_array(s->backend->indexes(s, c, out, err), out, err);
}

int msp_store_index_drop(struct msp_store *s, const char *c, const char *name, struct msp_error *err)
{
	int r = check_writable(s, c, err);

	return r == MSP_OK ? s->backend->index_drop(s, c, name, err) : r;
}

int msp_store_index_drop_keys(struct msp_store *s, const char *c, const bson_t *keys, struct msp_error *err)
{
	struct msp_bytes name = {0};
	int r = check_order(keys, "index", false, err);

	if (r == MSP_OK && index_name(keys, &name) != MSP_OK)
		r = memory(err);
	if (r == MSP_OK)
		r = msp_store_index_drop(s, c, (const char *)name.data, err);
	msp_bytes_free(&name);
	return r;
}
