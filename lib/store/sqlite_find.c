/* The file back end: reading. */
#include "store/edit.h"
#include "store/idmap.h"
#include "store/path.h"
#include "store/room.h"
#include "store/sqlite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- cursors ----------------------------------------------------------- */

struct cursor {
	struct msp_cursor base;
	sqlite3 *db;
	sqlite3_stmt *st; /* NULL: there is no such collection */
	struct msp_question ask;
	bool projects, made;
	bson_t projection, doc;
};

int msp_sqlite_tail(const struct msp_table *t, bool odd, const struct msp_find *f, struct msp_bytes *tail, struct msp_error *err)
{
	char limit[32];

	if (msp_where_order(t, odd, f->sort, tail, err) != MSP_OK)
		return MSP_NOMEM;
	snprintf(limit, sizeof(limit), " LIMIT %" PRIu64, f->limit > INT64_MAX ? (uint64_t)INT64_MAX : f->limit);
	return msp_sql_text(tail, f->limit ? limit : "") || msp_bytes_append(tail, "", 1) ? msp_sqlite_memory(err) : MSP_OK;
}

static int start(struct msp_sqlite *q, struct cursor *c, const struct msp_find *f, struct msp_error *err)
{
	struct msp_bytes tail = {0};
	int s = msp_sqlite_tail(c->ask.table, c->ask.odd, f, &tail, err);

	if (s == MSP_OK)
		s = msp_where_prepare(q, c->db, c->ask.table, &c->ask.where, "_doc", (const char *)tail.data, &c->st, err);
	msp_bytes_free(&tail);
	return s;
}

int msp_sqlite_find(struct msp_store *store, const char *name, const struct msp_find *f, struct msp_cursor **out, struct msp_error *err)
{
	struct msp_sqlite *q = (struct msp_sqlite *)store;
	struct cursor *c = msp_room(sizeof(*c));
	int s;

	if (!c)
		return msp_sqlite_memory(err);
	c->base.store = store;
	if (f->projection && !bson_empty(f->projection)) {
		bson_copy_to(f->projection, &c->projection);
		c->projects = true;
	}
	c->db = msp_sqlite_reader(q, err);
	s = c->db ? msp_question_make(q, c->db, name, f->filter, f->part, &c->ask, err) : err ? err->status : MSP_FAIL;
	if (s == MSP_OK && c->ask.table)
		s = start(q, c, f, err);
	if (s != MSP_OK) {
		msp_sqlite_done(&c->base);
		return s;
	}
	*out = &c->base;
	return MSP_OK;
}

int msp_sqlite_next(struct msp_cursor *base, const bson_t **doc, struct msp_error *err)
{
	struct cursor *c = (struct cursor *)base;
	struct msp_sqlite *q = (struct msp_sqlite *)base->store;
	bson_t whole;
	int code = c->st ? sqlite3_step(c->st) : SQLITE_DONE, s;

	if (c->made)
		bson_destroy(&c->doc);
	c->made = false;
	if (code == SQLITE_DONE) {
		(void)msp_sqlite_release(q, c->st); /* so that a log can be moved into its file */
		c->st = NULL;
		return 0;
	}
	if (code != SQLITE_ROW)
		return msp_sqlite_fail(q, c->db, err);
	if (!sqlite3_column_blob(c->st, 0) ||
	    !bson_init_static(&whole, sqlite3_column_blob(c->st, 0), (size_t)sqlite3_column_bytes(c->st, 0)))
		return msp_error_set(err, MSP_CORRUPT, "%s: a document that is damaged", q->path);
	if (c->projects) {
		s = msp_project(&c->projection, &whole, &c->doc, err);
		c->made = true;
		if (s != MSP_OK)
			return s;
	} else {
		(void)bson_init_static(&c->doc, bson_get_data(&whole), whole.len);
	}
	*doc = &c->doc;
	return 1;
}

void msp_sqlite_done(struct msp_cursor *base)
{
	struct cursor *c = (struct cursor *)base;

	if (c->made)
		bson_destroy(&c->doc);
	if (c->projects)
		bson_destroy(&c->projection);
	(void)msp_sqlite_release((struct msp_sqlite *)base->store, c->st);
	msp_where_free(&c->ask.where);
	free(c);
}

/* ---- counting, distinct ------------------------------------------------ */

int msp_sqlite_count(struct msp_store *store, const char *name, const bson_t *filter, uint64_t *out, struct msp_error *err)
{
	struct msp_sqlite *q = (struct msp_sqlite *)store;
	struct msp_question ask = {0};
	sqlite3_stmt *st = NULL;
	int s = msp_question_make(q, q->db, name, filter, NULL, &ask, err);

	*out = 0;
	if (s == MSP_OK && ask.table)
		s = msp_where_prepare(q, q->db, ask.table, &ask.where, "count(*)", "", &st, err);
	if (s == MSP_OK && ask.table) {
		if (sqlite3_step(st) == SQLITE_ROW)
			*out = (uint64_t)sqlite3_column_int64(st, 0);
		else
			s = msp_sqlite_fail(q, q->db, err);
	}
	(void)msp_sqlite_release(q, st);
	msp_where_free(&ask.where);
	return s;
}

struct seen {
	struct msp_idmap values;
	struct msp_bytes key;
	bson_t *out;
	uint32_t n;
};

static int see(void *context, const bson_iter_t *value)
{
	struct seen *s = context;
	struct msp_id hash;
	bool fresh;

	if (!value)
		return MSP_OK;
	if (msp_value_hash(value, &s->key, &hash) != MSP_OK || msp_idmap_add(&s->values, hash, &fresh, NULL) != MSP_OK)
		return MSP_NOMEM;
	return !fresh || msp_array_add(s->out, &s->n, value) ? MSP_OK : MSP_FAIL;
}

int msp_sqlite_distinct(struct msp_store *store, const char *name, const char *key, const bson_t *filter, bson_t *out, struct msp_error *err)
{
	struct msp_find f = {.filter = filter};
	struct msp_cursor *c;
	struct seen seen = {.out = out};
	const bson_t *doc;
	int s = msp_sqlite_find(store, name, &f, &c, err), more = 1;

	if (s != MSP_OK)
		return s;
	while (s == MSP_OK && (more = msp_sqlite_next(c, &doc, err)) == 1) {
		s = msp_path_each(bson_get_data(doc), doc->len, key, MSP_PATH_ELEMENTS, see, &seen);
		if (s == MSP_NOMEM)
			(void)msp_sqlite_memory(err);
		else if (s != MSP_OK)
			msp_error_set(err, s, "the values are more than a document can hold");
	}
	msp_sqlite_done(c);
	msp_idmap_free(&seen.values);
	msp_bytes_free(&seen.key);
	return s != MSP_OK ? s : more < 0 ? more : MSP_OK;
}
