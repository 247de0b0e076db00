/* The file back end: filters and orders as SQL. */
#include "store/order.h"
#include "store/sqlite.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int msp_sql_text(struct msp_bytes *out, const char *text)
{
	return msp_bytes_append(out, text, strlen(text));
}

int msp_sql_quoted(struct msp_bytes *out, const char *text, char quote)
{
	int r = msp_bytes_append(out, &quote, 1);

	for (; !r && *text; text++) {
		if (*text == quote)
			r = msp_bytes_append(out, text, 1);
		r = r ? r : msp_bytes_append(out, text, 1);
	}
	return r ? r : msp_bytes_append(out, &quote, 1);
}

void msp_where_free(struct msp_where *p)
{
	for (size_t i = 0; i < p->values; i++)
		msp_bytes_free(&p->value[i]);
	free(p->value);
	msp_bytes_free(&p->sql);
	msp_filter_free(p->filter);
	memset(p, 0, sizeof(*p));
}

int msp_where_make(const struct msp_table *t, bool odd, const bson_t *filter, struct msp_where *out, struct msp_error *err)
{
	bool trivial = false;
	int s;

	memset(out, 0, sizeof(*out));
	s = msp_filter_compile(filter, &out->filter, err);
	if (s != MSP_OK)
		return s;
	if (msp_sql_text(&out->sql, " WHERE (") || msp_where_conditions(out, t, &trivial))
		s = msp_sqlite_memory(err);
	out->exact = out->exact && (!odd || !out->filter->root->child); /* of odd rows nothing is known */
	if (s == MSP_OK && trivial)
		out->sql.len = 0;
	else if (s == MSP_OK && msp_sql_text(&out->sql, odd ? " OR _odd = 1)" : ")"))
		s = msp_sqlite_memory(err);
	if (s == MSP_OK && !out->exact &&
	    (msp_sql_text(&out->sql, trivial ? " WHERE" : " AND") || msp_sql_text(&out->sql, " msp_match(?1, _doc)")))
		s = msp_sqlite_memory(err);
	if (s != MSP_OK)
		msp_where_free(out);
	return s;
}

/* Of so many parts a row's _key is looked up in its index before the row is read: of fewer, there is one of the part in almost every page. */
#define FEW_PARTS 8

int msp_where_part(struct msp_where *p, const struct msp_table *t, const struct msp_part *part, struct msp_error *err)
{
	bool first = p->sql.len == 0, by_index = first && part && !part->hash && part->parts >= FEW_PARTS;
	char text[64];
	int r;

	if (!part)
		return MSP_OK;
	p->part = part;
	r = msp_sql_text(&p->sql, first ? " WHERE " : " AND ");
	if (part->hash)
		return r || msp_sql_text(&p->sql, "msp_in_part(?1, _doc)") ? msp_sqlite_memory(err) : MSP_OK;
	snprintf(text, sizeof(text), "msp_part(_key, %" PRIu32 ") = %" PRIu32, part->parts, part->part - 1);
	if (by_index)
		r = r || msp_sql_text(&p->sql, "rowid IN (SELECT rowid FROM ") || msp_sql_text(&p->sql, t->quoted) || msp_sql_text(&p->sql, " WHERE ");
	return r || msp_sql_text(&p->sql, text) || msp_sql_text(&p->sql, by_index ? ")" : "") ? msp_sqlite_memory(err) : MSP_OK;
}

static int bind_all(struct msp_sqlite *q, sqlite3 *db, const struct msp_where *p, sqlite3_stmt *st, struct msp_error *err)
{
	union { const struct msp_where *in; void *out; } self = {.in = p}; /* it is only read */
	int code = sqlite3_bind_parameter_count(st) >= 1 ? sqlite3_bind_pointer(st, 1, self.out, "msp_where", NULL) : SQLITE_OK;

	for (size_t k = 0; code == SQLITE_OK && k < p->values; k++) {
		const uint8_t *v = p->value[k].data;
		size_t n = p->value[k].len - 1;
		int at = (int)k + 2;
		int64_t i;
		double d;

		if (at > sqlite3_bind_parameter_count(st)) /* it belonged to a condition that was given up */
			break;
		switch (v[0]) {
		case 't': code = sqlite3_bind_text64(st, at, (const char *)v + 1, n, SQLITE_STATIC, SQLITE_UTF8); break;
		case 'b': code = sqlite3_bind_blob64(st, at, v + 1, n, SQLITE_STATIC); break;
		case 'i':
			memcpy(&i, v + 1, sizeof(i));
			code = sqlite3_bind_int64(st, at, i);
			break;
		default:
			memcpy(&d, v + 1, sizeof(d));
			code = sqlite3_bind_double(st, at, d);
			break;
		}
	}
	return code == SQLITE_OK ? MSP_OK : msp_sqlite_fail(q, db, err);
}

int msp_where_prepare(struct msp_sqlite *q, sqlite3 *db, const struct msp_table *t, const struct msp_where *p, const char *what,
                     const char *tail, sqlite3_stmt **out, struct msp_error *err)
{
	struct msp_bytes sql = {0};
	int s = MSP_OK;

	*out = NULL;
	if (msp_sql_text(&sql, what ? "SELECT " : "DELETE") || msp_sql_text(&sql, what ? what : "") || msp_sql_text(&sql, " FROM ") ||
	    msp_sql_text(&sql, t->quoted) || msp_bytes_append(&sql, p->sql.data ? (const void *)p->sql.data : "", p->sql.len) ||
	    msp_sql_text(&sql, tail) || msp_bytes_append(&sql, "", 1))
		s = msp_sqlite_memory(err);
	if (s == MSP_OK)
		s = msp_sqlite_prepare(q, db, (const char *)sql.data, out, err);
	msp_bytes_free(&sql);
	if (s == MSP_OK)
		s = bind_all(q, db, p, *out, err);
	if (s != MSP_OK) {
		(void)msp_sqlite_release(q, *out);
		*out = NULL;
	}
	return s;
}

int msp_table_odd(struct msp_sqlite *q, sqlite3 *db, const struct msp_table *t, bool *out, struct msp_error *err)
{
	char *sql = sqlite3_mprintf("SELECT 1 FROM %s WHERE _odd = 1 LIMIT 1", t->quoted);
	sqlite3_stmt *st = NULL;
	int s = sql ? msp_sqlite_prepare(q, db, sql, &st, err) : msp_sqlite_memory(err);

	sqlite3_free(sql);
	if (s != MSP_OK)
		return s;
	*out = sqlite3_step(st) == SQLITE_ROW;
	return msp_sqlite_release(q, st) == SQLITE_OK ? MSP_OK : msp_sqlite_fail(q, db, err);
}

int msp_question_make(struct msp_sqlite *q, sqlite3 *db, const char *name, const bson_t *filter, const struct msp_part *part,
                      struct msp_question *out, struct msp_error *err)
{
	int s = msp_table_find(q, name, &out->table, err);

	if (s != MSP_OK)
		return s;
	if (!out->table) /* also where there is nothing a filter has to be one */
		return msp_filter_compile(filter, &out->where.filter, err);
	s = msp_table_odd(q, db, out->table, &out->odd, err);
	if (s == MSP_OK)
		s = msp_where_make(out->table, out->odd, filter, &out->where, err);
	return s == MSP_OK ? msp_where_part(&out->where, out->table, part, err) : s;
}

/* ---- order ------------------------------------------------------------- */

static bool sorts_by_column(const struct msp_table *t, bool odd, const char *key)
{
	for (size_t i = 0; !odd && i < t->columns; i++)
		if (strcmp(t->column[i].key, key) == 0)
			return t->column[i].class != MSP_C_ANY && t->column[i].class != MSP_C_SHOWN;
	return false;
}

int msp_where_order(const struct msp_table *t, bool odd, const bson_t *sort, struct msp_bytes *out, struct msp_error *err)
{
	const char *separator = " ORDER BY ";
	bson_iter_t it;

	if (!sort || !bson_iter_init(&it, sort))
		return MSP_OK;
	for (; bson_iter_next(&it); separator = ", ") {
		const char *key = bson_iter_key(&it);
		bool descending = msp_number(&it) < 0;
		int r = msp_sql_text(out, separator);

		if (strcmp(key, "_id") == 0)
			r = r || msp_sql_text(out, "_key");
		else if (sorts_by_column(t, odd, key))
			r = r || msp_sql_quoted(out, key, '"');
		else
			r = r || msp_sql_text(out, "msp_order(_doc, ") || msp_sql_quoted(out, key, '\'') ||
			    msp_sql_text(out, descending ? ", 1)" : ", 0)");
		if (r || msp_sql_text(out, descending ? " DESC" : ""))
			return msp_sqlite_memory(err);
	}
	if (strcmp(separator, ", ") == 0 && msp_sql_text(out, ", rowid"))
		return msp_sqlite_memory(err);
	return MSP_OK;
}
