/* Several stores made into one: documents by their _id. */
#include "store/merge.h"

#include "mspipe/documents.h"
#include "store/backend.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define TOGETHER 1000 /* documents looked at together */

int msp_merge_memory(struct msp_merge *m)
{
	return msp_error_set(m->err, MSP_NOMEM, "no memory left");
}

int msp_merge_poll(struct msp_merge *m)
{
	if (m->o->poll && m->o->poll(m->o->context))
		return msp_error_set(m->err, MSP_INTERRUPTED, "interrupted");
	return m->writes ? msp_hold_beat(&m->hold, m->err) : MSP_OK;
}

int msp_merge_fail(struct msp_merge *m, int status, const char *collection, const bson_t *doc, const char *what)
{
	struct msp_bytes text = {0};
	bson_iter_t id;
	int r;

	if (bson_iter_init_find(&id, doc, "_id") && msp_document_value_json(&id, false, &text) != MSP_OK)
		r = msp_merge_memory(m);
	else
		r = msp_error_set(m->err, status, "%s: %s: the document with the _id %.*s %s", msp_store_name(m->from), collection,
		                  (int)(text.len < 100 ? text.len : 100), text.data ? (const char *)text.data : "", what);
	msp_bytes_free(&text);
	return r;
}

/* ---- comparing --------------------------------------------------------- */

static bool next_that_counts(bson_iter_t *it, const char *const *without)
{
	while (bson_iter_next(it)) {
		bool counts = strcmp(bson_iter_key(it), "_id") != 0;

		for (const char *const *k = without; counts && *k; k++)
			counts = strcmp(bson_iter_key(it), *k) != 0;
		if (counts)
			return true;
	}
	return false;
}

bool msp_merge_equal(const bson_t *a, const bson_t *b, const char *const *without)
{
	bson_iter_t x, y;

	if (!bson_iter_init(&x, a) || !bson_iter_init(&y, b))
		return false;
	for (;;) {
		bool more = next_that_counts(&x, without);

		if (more != next_that_counts(&y, without))
			return false;
		if (!more)
			return true;
		/* an element as it is stored: type, key, value */
		if (x.next_off - x.off != y.next_off - y.off || memcmp(x.raw + x.off, y.raw + y.off, x.next_off - x.off) != 0)
			return false;
	}
}

int msp_merge_filter(struct msp_merge *m, const char *key, bson_t *const *doc, size_t n, bson_t *filter)
{
	bson_t values = BSON_INITIALIZER, in;
	bson_iter_t id;
	uint32_t k = 0;
	bool ok = true;

	for (size_t i = 0; ok && i < n; i++)
		ok = bson_iter_init_find(&id, doc[i], "_id") && msp_array_add(&values, &k, &id);
	bson_init(filter);
	ok = ok && bson_append_document_begin(filter, key, -1, &in) && bson_append_array(&in, "$in", 3, &values) && bson_append_document_end(filter, &in);
	bson_destroy(&values);
	return ok ? MSP_OK : msp_merge_memory(m);
}

/* Puts copies of what c gives where map says that its counterpart is. */
static int place(struct msp_merge *m, struct msp_cursor *c, const struct msp_idmap *map, bson_t **same)
{
	const bson_t *doc;
	bson_iter_t id;
	int r;

	while ((r = msp_cursor_next(c, &doc, m->err)) == 1) {
		struct msp_id hash;
		uint64_t *at;

		if (!bson_iter_init_find(&id, doc, "_id"))
			continue;
		if (msp_value_hash(&id, &m->key, &hash) != MSP_OK)
			return msp_merge_memory(m);
		if (!msp_idmap_find(map, hash, &at))
			continue;
		bson_destroy(same[*at]);
		same[*at] = bson_copy(doc);
		if (!same[*at])
			return msp_merge_memory(m);
	}
	return r;
}

int msp_merge_counterparts(struct msp_merge *m, const char *collection, bson_t *const *doc, size_t n, bson_t **same)
{
	struct msp_idmap map = {.values = true};
	struct msp_cursor *c = NULL;
	bson_t filter;
	struct msp_find f = {.filter = &filter};
	int r = msp_merge_filter(m, "_id", doc, n, &filter);

	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		struct msp_id hash;
		bson_iter_t id;
		uint64_t *at;

		if (!bson_iter_init_find(&id, doc[i], "_id") || msp_value_hash(&id, &m->key, &hash) != MSP_OK ||
		    msp_idmap_add(&map, hash, NULL, &at) != MSP_OK)
			r = msp_merge_memory(m);
		else
			*at = i;
	}
	if (r == MSP_OK)
		r = msp_store_find(m->to, collection, &f, &c, m->err);
	if (r == MSP_OK)
		r = place(m, c, &map, same);
	msp_cursor_free(c);
	msp_idmap_free(&map);
	bson_destroy(&filter);
	return r;
}

/* ---- walking ----------------------------------------------------------- */

static void forget(bson_t **doc, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bson_destroy(doc[i]);
		doc[i] = NULL;
	}
}

static int some(struct msp_merge *m, const char *collection, bson_t **doc, bson_t **same, size_t n, msp_merge_fn *fn)
{
	int r = msp_merge_counterparts(m, collection, doc, n, same);

	if (r == MSP_OK)
		r = fn(m, collection, doc, same, n);
	forget(doc, n);
	forget(same, n);
	return r == MSP_OK ? msp_merge_poll(m) : r;
}

int msp_merge_each(struct msp_merge *m, const char *collection, msp_merge_fn *fn)
{
	bson_t **doc = calloc(2 * TOGETHER, sizeof(bson_t *)), **same = doc ? doc + TOGETHER : NULL;
	struct msp_cursor *c = NULL;
	const bson_t *next;
	size_t n = 0;
	int r = doc ? msp_store_find(m->from, collection, NULL, &c, m->err) : msp_merge_memory(m), more = 0;

	while (r == MSP_OK && (more = msp_cursor_next(c, &next, m->err)) == 1) {
		struct msp_error why = {0};
		bool has_id;

		doc[n] = bson_copy(next);
		if (!doc[n])
			r = msp_merge_memory(m);
		else if (!m->writes && msp_document_check(next, true, &has_id, &why) != MSP_OK) /* it would end the writing */
			r = msp_merge_fail(m, MSP_CORRUPT, collection, doc[n++], "is damaged");
		else if (++n == TOGETHER) {
			r = some(m, collection, doc, same, n, fn);
			n = 0;
		}
	}
	if (r == MSP_OK && more < 0)
		r = more;
	if (r == MSP_OK && n > 0)
		r = some(m, collection, doc, same, n, fn);
	else if (doc)
		forget(doc, n);
	msp_cursor_free(c);
	free(doc);
	return r;
}

/* ---- documents --------------------------------------------------------- */

static bool is_same(const char *collection, const bson_t *a, const bson_t *b)
{
	static const char *const none[] = {NULL}, *const time[] = {"time", NULL};

	/* one for each pipeline, which many tasks ran, each at its time */
	return msp_merge_equal(a, b, strcmp(collection, "history_global") == 0 ? time : none);
}

/* Compares, or writes what is missing. */
static int merge_documents(struct msp_merge *m, const char *collection, bson_t **doc, bson_t *const *same, size_t n)
{
	struct msp_load *load = NULL;
	uint64_t added = 0, replaced = 0;
	int r = m->writes ? msp_load_new(m->to, collection, &load, m->err) : MSP_OK;

	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		if (same[i] && is_same(collection, doc[i], same[i]))
			continue;
		if (same[i] && !m->o->replace) {
			r = msp_merge_fail(m, MSP_FAIL, collection, doc[i], "differs from the store's");
			continue;
		}
		added += !same[i];
		replaced += same[i] != NULL;
		if (m->writes)
			r = msp_load_add(load, doc[i], m->err);
	}
	if (m->writes && r == MSP_OK)
		r = msp_load_end(load, NULL, m->err);
	else
		msp_load_abort(load);
	if (!m->writes) {
		m->totals->documents += added;
		m->totals->replaced += replaced;
		m->totals->there += n - added - replaced;
	}
	return r;
}

static bool skipped(const char *name)
{
	return strcmp(name, "fs.chunks") == 0 || strcmp(name, "fs.files") == 0 || strcmp(name, "msp_saves") == 0;
}

/* waveforms: those, or the others. */
static int collections(struct msp_merge *m, const bson_t *names, bool waveforms)
{
	bson_iter_t it;
	int r = MSP_OK;

	if (bson_iter_init(&it, names))
		while (r == MSP_OK && bson_iter_next(&it)) {
			const char *name = bson_iter_utf8(&it, NULL);

			if (!skipped(name) && (strncmp(name, "wf_", 3) == 0) == waveforms)
				r = msp_merge_each(m, name, merge_documents);
		}
	return r;
}

static int all(struct msp_merge *m, const bson_t *names)
{
	int r = msp_merge_each(m, "fs.files", msp_merge_files);

	if (r == MSP_OK)
		r = collections(m, names, false);
	return r == MSP_OK ? collections(m, names, true) : r;
}

/* ---- indexes ----------------------------------------------------------- */

static int indexes_of(struct msp_merge *m, const char *collection)
{
	bson_t list, one, keys;
	bson_iter_t it, key, unique;
	int r = msp_store_indexes(m->from, collection, &list, m->err);

	if (r != MSP_OK)
		return r;
	for (bool more = bson_iter_init(&it, &list); r == MSP_OK && more && bson_iter_next(&it);) {
		const uint8_t *data;
		uint32_t n;

		bson_iter_document(&it, &n, &data);
		if (!bson_init_static(&one, data, n) || !bson_iter_init_find(&key, &one, "key") || !BSON_ITER_HOLDS_DOCUMENT(&key))
			continue;
		bson_iter_document(&key, &n, &data);
		if (bson_init_static(&keys, data, n))
			r = msp_store_index(m->to, collection, &keys, bson_iter_init_find(&unique, &one, "unique") ? MSP_INDEX_UNIQUE : 0, m->err);
	}
	bson_destroy(&list);
	return r;
}

/* Before documents: a unique one refuses what contradicts it. */
static int indexes(struct msp_merge *m, const bson_t *names)
{
	bson_iter_t it;
	int r = MSP_OK;

	if (bson_iter_init(&it, names))
		while (r == MSP_OK && bson_iter_next(&it))
			if (!skipped(bson_iter_utf8(&it, NULL)))
				r = indexes_of(m, bson_iter_utf8(&it, NULL));
	return r;
}

/* ---- all of it --------------------------------------------------------- */

static int can_be_merged(struct msp_merge *m)
{
	const char *from = msp_store_name(m->from), *to = msp_store_name(m->to);
	struct stat a, b;
	uint64_t saves = 0;
	int r;

	if (strcmp(from, to) == 0 || (stat(from, &a) == 0 && stat(to, &b) == 0 && a.st_dev == b.st_dev && a.st_ino == b.st_ino))
		return msp_error_set(m->err, MSP_USAGE, "%s: the store itself", from);
	r = msp_store_count(m->from, "msp_saves", NULL, &saves, m->err);
	if (r == MSP_OK && saves > 0)
		r = msp_error_set(m->err, MSP_CORRUPT, "%s: a save into it is not finished; run that again, or see msdb check", from);
	return r;
}

int msp_store_merge(struct msp_store *to, struct msp_store *from, const struct msp_merge_options *options, struct msp_merge_totals *out,
                    struct msp_error *err)
{
	static const struct msp_merge_options plain;
	struct msp_error own = {0};
	struct msp_merge m = {.to = to, .from = from, .o = options ? options : &plain, .totals = out, .err = err ? err : &own};
	bson_t names;
	bool marked = false;
	int r;

	memset(out, 0, sizeof(*out));
	r = can_be_merged(&m);
	if (r == MSP_OK)
		r = msp_merge_mark(&m);
	if (r == MSP_OK)
		r = msp_merge_marked(&m, &marked);
	if (r == MSP_OK)
		r = msp_store_collections(from, &names, m.err);
	if (r != MSP_OK)
		return r;
	r = all(&m, &names);
	if (r == MSP_OK && (marked || out->documents + out->files + out->replaced > 0)) {
		m.writes = true;
		r = msp_merge_begin(&m, &names);
		if (r == MSP_OK)
			r = indexes(&m, &names);
		if (r == MSP_OK)
			r = all(&m, &names);
		if (r == MSP_OK)
			r = msp_merge_end(&m);
		if (r != MSP_OK)
			msp_hold_leave(&m.hold, "failed");
	}
	bson_destroy(&names);
	msp_bytes_free(&m.key);
	return r;
}
