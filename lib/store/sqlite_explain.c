/* The file back end: what it would do. */
#include "store/sqlite.h"

#include <string.h>

static int put(struct msp_bytes *out, const char *text)
{
	return msp_text_append(out, text);
}

/* The statement with its values in place. msp_match() is the filter, evaluated on the document. */
static int put_sql(sqlite3_stmt *st, struct msp_bytes *out, struct msp_error *err)
{
	char *sql = sqlite3_expanded_sql(st);
	size_t from = out->len;
	int s = sql && !put(out, "sql: ") && !put(out, sql) ? MSP_OK : msp_sqlite_memory(err);

	for (size_t i = from; s == MSP_OK && i < out->len; i++) /* of values that hold line ends, too, one line is made */
		if (out->data[i] < ' ' || out->data[i] == 0x7f)
			out->data[i] = '?';
	sqlite3_free(sql);
	return s == MSP_OK && put(out, "\n") ? msp_sqlite_memory(err) : s;
}

/* "SEARCH t USING INDEX t:sta starttime (sta=? AND starttime>?)" -> "sta starttime (sta=? AND starttime>?)"; NULL: none is
 * used */
static const char *index_in(const char *detail, const struct msp_table *t)
{
	const char *at = strstr(detail, " INDEX ");
	size_t n = strlen(t->name);

	if (!at)
		return NULL;
	at += 7;
	if (strncmp(at, "sqlite_autoindex_", 17) == 0)
		return "_id";
	return strncmp(at, t->name, n) == 0 && at[n] == ':' ? at + n + 1 : at;
}

static int put_plan(struct msp_sqlite *q, sqlite3 *db, const struct msp_table *t, sqlite3_stmt *of, struct msp_bytes *out, struct msp_error *err)
{
	char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sqlite3_sql(of));
	sqlite3_stmt *st = NULL;
	const char *between = "index: ";
	int s = sql ? msp_sqlite_prepare(q, db, sql, &st, err) : msp_sqlite_memory(err);

	sqlite3_free(sql);
	while (s == MSP_OK && sqlite3_step(st) == SQLITE_ROW) {
		const char *detail = (const char *)sqlite3_column_text(st, 3), *name = detail ? index_in(detail, t) : NULL;

		if (!name)
			continue;
		if (put(out, between) || put(out, name))
			s = msp_sqlite_memory(err);
		between = "; ";
	}
	if (s == MSP_OK && put(out, *between == ';' ? "\n" : "index: none\n"))
		s = msp_sqlite_memory(err);
	if (msp_sqlite_release(q, st) != SQLITE_OK && s == MSP_OK)
		s = msp_sqlite_fail(q, db, err);
	return s;
}

int msp_sqlite_explain(struct msp_store *store, const char *name, const struct msp_find *f, struct msp_bytes *out, struct msp_error *err)
{
	struct msp_sqlite *q = (struct msp_sqlite *)store;
	struct msp_question ask = {0};
	struct msp_bytes tail = {0};
	sqlite3_stmt *st = NULL;
	int s = msp_question_make(q, q->db, name, f->filter, f->part, &ask, err);

	if (s == MSP_OK && !ask.table)
		s = put(out, "sql: none, there is no such collection\n") ? msp_sqlite_memory(err) : MSP_OK;
	else if (s == MSP_OK)
		s = msp_sqlite_tail(ask.table, ask.odd, f, &tail, err);
	if (s == MSP_OK && ask.table)
		s = msp_where_prepare(q, q->db, ask.table, &ask.where, "_doc", (const char *)tail.data, &st, err);
	if (s == MSP_OK && ask.table)
		s = put_sql(st, out, err);
	if (s == MSP_OK && ask.table)
		s = put_plan(q, q->db, ask.table, st, out, err);
	(void)msp_sqlite_release(q, st);
	msp_bytes_free(&tail);
	msp_where_free(&ask.where);
	return s;
}
