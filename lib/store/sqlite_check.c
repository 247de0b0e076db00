/* The file back end: is the file itself whole, and do the columns of its rows say what the documents say? */
#include "mspipe/upkeep.h"
#include "store/sqlite.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct look {
	struct msp_sqlite *q;
	bool fix;
	msp_backend_found_fn *found;
	msp_poll_fn *poll;
	void *context;
	struct msp_error *err;
	sqlite3_stmt *get, *same;
};

static int journals(struct look *k)
{
	char text[200];
	int s = MSP_OK;

	if (k->q->journal > 0) {
		snprintf(text, sizeof(text), "a rollback journal of %" PRId64 " bytes lay beside the file: somebody was writing, or was killed, and then "
		         "what was begun has been undone", k->q->journal);
		s = k->found(k->context, MSP_FIND_JOURNAL, NULL, NULL, text);
	}
	if (s == MSP_OK && k->q->log > 0) {
		snprintf(text, sizeof(text), "a write-ahead log of %" PRId64 " bytes lay beside the file: somebody has it open, or was killed; what was "
		         "committed is in the store", k->q->log);
		s = k->found(k->context, MSP_FIND_JOURNAL, NULL, NULL, text);
	}
	return s;
}

/* ---- SQLite's own check ------------------------------------------------ */

/* Called now and then while a statement runs. */
static int give_up(void *context)
{
	struct look *k = context;

	return k->poll && k->poll(k->context) ? 1 : 0;
}

static int integrity(struct look *k, bool *whole)
{
	sqlite3_stmt *st;
	int s = msp_sqlite_prepare(k->q, k->q->db, "PRAGMA integrity_check(100)", &st, k->err), code = SQLITE_ROW;

	*whole = true;
	if (s != MSP_OK)
		return s;
	sqlite3_progress_handler(k->q->db, 10000, give_up, k);
	while (s == MSP_OK && (code = sqlite3_step(st)) == SQLITE_ROW) {
		const char *line = (const char *)sqlite3_column_text(st, 0);

		if (line && strcmp(line, "ok") == 0)
			continue;
		*whole = false;
		s = k->found(k->context, MSP_FIND_FILE, NULL, NULL, line ? line : "no memory left to say what is wrong");
	}
	sqlite3_progress_handler(k->q->db, 0, NULL, NULL);
	if (s == MSP_OK && code == SQLITE_INTERRUPT)
		s = msp_error_set(k->err, MSP_INTERRUPTED, "interrupted");
	else if (s == MSP_OK && code != SQLITE_DONE)
		s = msp_sqlite_fail(k->q, k->q->db, k->err);
	(void)msp_sqlite_release(k->q, st);
	return s;
}

/* ---- rows -------------------------------------------------------------- */

/* A row of these values is the one with the rowid: the comparison converts a value as its column did. */
static int same_sql(const struct msp_table *t, struct msp_bytes *sql)
{
	char number[32];
	int r = msp_sql_text(sql, "SELECT 1 FROM ") || msp_sql_text(sql, t->quoted) || msp_sql_text(sql, " WHERE _id IS ?1 AND _key IS ?2 AND _odd IS ?3 AND _doc IS ?4");

	for (size_t i = 0; !r && i < t->columns; i++)
		r = msp_sql_text(sql, " AND ") || msp_sql_quoted(sql, t->column[i].key, '"') || msp_sql_text(sql, " IS ?");
	for (size_t i = 0; !r && i < t->uniques; i++) {
		char *name = sqlite3_mprintf("unique:%s", t->unique[i].name);

		r = !name || msp_sql_text(sql, " AND ") || msp_sql_quoted(sql, name, '"') || msp_sql_text(sql, " IS ?");
		sqlite3_free(name);
	}
	snprintf(number, sizeof(number), " AND rowid = ?%d", MSP_ROW_FIXED + 1 + (int)(t->columns + t->uniques));
	return r || msp_sql_text(sql, number) || msp_bytes_append(sql, "", 1) ? MSP_NOMEM : MSP_OK;
}

static int rewrite(struct look *k, struct msp_table *t, const bson_t *doc, int64_t row)
{
	char *sql = sqlite3_mprintf("DELETE FROM %s WHERE rowid = %lld", t->quoted, (long long)row);
	bool duplicate;
	int s = sql ? msp_sqlite_begin(k->q, k->err) : msp_sqlite_memory(k->err);

	if (s == MSP_OK) {
		s = msp_sqlite_run(k->q, sql, k->err); /* its _key may be wrong, too */
		if (s == MSP_OK)
			s = msp_table_put(k->q, t, doc, false, &duplicate, k->err);
		s = msp_sqlite_end(k->q, s, k->err);
	}
	sqlite3_free(sql);
	return s;
}

static int compare(struct look *k, struct msp_table *t, int64_t row, const bson_t *doc, bool *differs)
{
	int s = msp_row_bind(k->q, t, k->same, doc, k->err), code;

	if (s != MSP_OK)
		return s;
	sqlite3_bind_int64(k->same, MSP_ROW_FIXED + 1 + (int)(t->columns + t->uniques), row);
	code = sqlite3_step(k->same);
	*differs = code == SQLITE_DONE;
	(void)sqlite3_reset(k->same);
	return code == SQLITE_ROW || code == SQLITE_DONE ? MSP_OK : msp_sqlite_fail(k->q, k->q->db, k->err);
}

/* The next row after *last, as a copy: it may be written anew. 0: there is none. */
static int next_row(struct look *k, const struct msp_table *t, int64_t *last, bson_t **doc)
{
	bson_t in_place;
	int code, s = 1;

	sqlite3_bind_int64(k->get, 1, *last);
	code = sqlite3_step(k->get);
	if (code != SQLITE_ROW) {
		(void)sqlite3_reset(k->get);
		return code == SQLITE_DONE ? 0 : msp_sqlite_fail(k->q, k->q->db, k->err);
	}
	*last = sqlite3_column_int64(k->get, 0);
	*doc = NULL;
	if (!sqlite3_column_blob(k->get, 1) || !msp_bson_valid(sqlite3_column_blob(k->get, 1), (size_t)sqlite3_column_bytes(k->get, 1)) ||
	    !bson_init_static(&in_place, sqlite3_column_blob(k->get, 1), (size_t)sqlite3_column_bytes(k->get, 1))) {
		char text[80];

		snprintf(text, sizeof(text), "the document of row %" PRId64 " is none", *last);
		s = k->found(k->context, MSP_FIND_FILE, t->name, NULL, text);
		s = s == MSP_OK ? 1 : s;
	} else {
		*doc = bson_copy(&in_place);
	}
	(void)sqlite3_reset(k->get);
	return s;
}

static int look_at_row(struct look *k, struct msp_table *t, int64_t row, const bson_t *doc)
{
	bson_iter_t id;
	bool differs = false;
	int s = compare(k, t, row, doc, &differs);

	if (s != MSP_OK || !differs)
		return s;
	if (k->fix)
		s = rewrite(k, t, doc, row);
	return s == MSP_OK ? k->found(k->context, MSP_FIND_COLUMNS, t->name, bson_iter_init_find(&id, doc, "_id") ? &id : NULL,
	                              "its columns say something else than the document") : s;
}

static int rows(struct look *k, struct msp_table *t)
{
	struct msp_bytes sql = {0};
	char *get = sqlite3_mprintf("SELECT rowid, _doc FROM %s WHERE rowid > ?1 ORDER BY rowid LIMIT 1", t->quoted);
	int64_t last = INT64_MIN;
	bson_t *doc = NULL;
	int s = get && same_sql(t, &sql) == MSP_OK ? msp_sqlite_prepare(k->q, k->q->db, get, &k->get, k->err) : msp_sqlite_memory(k->err), more = 1;

	if (s == MSP_OK)
		s = msp_sqlite_prepare(k->q, k->q->db, (const char *)sql.data, &k->same, k->err);
	while (s == MSP_OK && (more = next_row(k, t, &last, &doc)) == 1) {
		if (doc)
			s = look_at_row(k, t, last, doc);
		bson_destroy(doc);
		if (s == MSP_OK && give_up(k))
			s = msp_error_set(k->err, MSP_INTERRUPTED, "interrupted");
	}
	(void)msp_sqlite_release(k->q, k->get);
	(void)msp_sqlite_release(k->q, k->same);
	k->get = k->same = NULL;
	sqlite3_free(get);
	msp_bytes_free(&sql);
	return s == MSP_OK && more < 0 ? more : s;
}

int msp_sqlite_check(struct msp_store *store, bool fix, msp_backend_found_fn *found, msp_poll_fn *poll, void *context, struct msp_error *err)
{
	struct look k = {.q = (struct msp_sqlite *)store, .fix = fix, .found = found, .poll = poll, .context = context, .err = err};
	bson_t names = BSON_INITIALIZER;
	bson_iter_t it;
	bool whole = false;
	int s = journals(&k);

	if (s == MSP_OK)
		s = integrity(&k, &whole);
	if (s == MSP_OK && whole) /* of a damaged file it cannot be said what belongs to what */
		s = msp_sqlite_collections(store, &names, err);
	if (s == MSP_OK && !fix) /* each row would take its lock anew */
		s = msp_sqlite_run(k.q, "BEGIN", err);
	if (s == MSP_OK && bson_iter_init(&it, &names))
		while (s == MSP_OK && bson_iter_next(&it)) {
			struct msp_table *t;

			s = msp_table_find(k.q, bson_iter_utf8(&it, NULL), &t, err);
			if (s == MSP_OK && t)
				s = rows(&k, t);
		}
	if (!sqlite3_get_autocommit(k.q->db))
		(void)sqlite3_exec(k.q->db, "ROLLBACK", NULL, NULL, NULL); /* of what only read */
	bson_destroy(&names);
	return s;
}
