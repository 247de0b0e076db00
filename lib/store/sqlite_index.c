/* The file back end: indexes that were asked for. Those that the schema names are made with their table. */
#include "store/order.h"
#include "store/sqlite.h"

#include <string.h>

static const struct msp_column *column_of(const struct msp_table *t, const char *key, bool *differs)
{
	*differs = false;
	for (size_t i = 0; i < t->columns; i++) {
		if (strcmp(t->column[i].key, key) == 0)
			return &t->column[i];
		*differs = *differs || sqlite3_stricmp(t->column[i].key, key) == 0;
	}
	return NULL;
}

static int make_columns(struct msp_sqlite *q, const struct msp_table *t, const bson_t *keys, bool *made, struct msp_error *err)
{
	bson_iter_t it;
	bool differs;
	int s = MSP_OK;

	if (!bson_iter_init(&it, keys))
		return MSP_OK;
	while (s == MSP_OK && bson_iter_next(&it)) {
		const char *key = bson_iter_key(&it);

		if (strcmp(key, "_id") == 0 || column_of(t, key, &differs))
			continue;
		if (key[0] == '_' || strncmp(key, "unique:", 7) == 0 || differs)
			return msp_error_set(err, MSP_USAGE, differs ? "key \"%s\" cannot be indexed in this store: another differs only in case" :
			                     "key \"%s\" cannot be indexed in this store", key);
		s = msp_sqlite_runf(q, err, "ALTER TABLE %s ADD COLUMN \"%w\"", t->quoted, key);
		*made = true;
	}
	return s;
}

static int create_index(struct msp_sqlite *q, const struct msp_table *t, const char *name, const bson_t *keys, struct msp_error *err)
{
	struct msp_bytes sql = {0};
	bson_iter_t it;
	char *whole = sqlite3_mprintf("%s:%s", t->name, name);
	int r = !whole || msp_sql_text(&sql, "CREATE INDEX ") || msp_sql_quoted(&sql, whole, '"') || msp_sql_text(&sql, " ON ") ||
	        msp_sql_quoted(&sql, t->name, '"'), s = MSP_OK;
	const char *separator = "(";

	for (bool more = bson_iter_init(&it, keys); !r && more && bson_iter_next(&it); separator = ",")
		r = msp_sql_text(&sql, separator) || msp_sql_quoted(&sql, strcmp(bson_iter_key(&it), "_id") ? bson_iter_key(&it) : "_key", '"') ||
		    msp_sql_text(&sql, msp_number(&it) < 0 ? " DESC" : "");
	if (r || msp_sql_text(&sql, ")") || msp_bytes_append(&sql, "", 1))
		s = msp_sqlite_memory(err);
	if (s == MSP_OK)
		s = msp_sqlite_run(q, (const char *)sql.data, err);
	sqlite3_free(whole);
	msp_bytes_free(&sql);
	return s;
}

static int remember(struct msp_sqlite *q, const char *c, const char *name, const bson_t *keys, unsigned flags, struct msp_error *err)
{
	sqlite3_stmt *st;
	int s = msp_sqlite_prepare(q, q->db, "INSERT INTO msp_indexes VALUES(?1, ?2, ?3, ?4)", &st, err);

	if (s != MSP_OK)
		return s;
	sqlite3_bind_text(st, 1, c, -1, SQLITE_STATIC);
	sqlite3_bind_text(st, 2, name, -1, SQLITE_STATIC);
	sqlite3_bind_blob(st, 3, bson_get_data(keys), (int)keys->len, SQLITE_STATIC);
	sqlite3_bind_int(st, 4, flags & MSP_INDEX_UNIQUE ? 1 : 0);
	if (sqlite3_step(st) != SQLITE_DONE)
		s = msp_sqlite_fail(q, q->db, err);
	(void)msp_sqlite_release(q, st);
	return s;
}

/* 0: there is none; 1: there is, unique or not as asked; 2: there is, but not so. */
static int existing(struct msp_sqlite *q, const char *c, const char *name, unsigned flags, int64_t *out, struct msp_error *err)
{
	char *sql = sqlite3_mprintf("SELECT 1 + (is_unique <> %d) FROM msp_indexes WHERE collection = %Q AND name = %Q",
	                            flags & MSP_INDEX_UNIQUE ? 1 : 0, c, name);
	int s = sql ? msp_sqlite_int(q, sql, out, err) : msp_sqlite_memory(err);

	sqlite3_free(sql);
	return s;
}

static int make_index(struct msp_sqlite *q, const char *c, const char *name, const bson_t *keys, unsigned flags, struct msp_error *err)
{
	struct msp_table *t;
	int64_t there = 0;
	bool made = false;
	int s = msp_table_make(q, c, &t, err);

	if (s == MSP_OK)
		s = existing(q, c, name, flags, &there, err);
	if (s != MSP_OK || there == 1)
		return s;
	if (there == 2)
		return msp_error_set(err, MSP_FAIL, "%s: %s: there is an index %s already, unique or not as this is not", q->path, c, name);
	s = make_columns(q, t, keys, &made, err);
	if (s == MSP_OK)
		s = create_index(q, t, name, keys, err);
	if (s == MSP_OK)
		s = remember(q, c, name, keys, flags, err);
	if (s == MSP_OK && flags & MSP_INDEX_UNIQUE)
		s = msp_sqlite_runf(q, err, "ALTER TABLE %s ADD COLUMN \"unique:%w\" BLOB; CREATE UNIQUE INDEX \"unique:%w:%w\" ON %s(\"unique:%w\")",
		                    t->quoted, name, c, name, t->quoted, name);
	if (s != MSP_OK || !(made || flags & MSP_INDEX_UNIQUE))
		return s;
	msp_tables_forget(q);
	s = msp_table_find(q, c, &t, err);
	return s == MSP_OK ? msp_table_refill(q, t, err) : s;
}

int msp_sqlite_index(struct msp_store *store, const char *c, const char *name, const bson_t *keys, unsigned flags, struct msp_error *err)
{
	struct msp_sqlite *q = (struct msp_sqlite *)store;
	int s = msp_sqlite_begin(q, err);

	if (s != MSP_OK)
		return s;
	s = make_index(q, c, name, keys, flags, err);
	return msp_sqlite_end(q, s, err);
}

int msp_sqlite_indexes(struct msp_store *store, const char *c, bson_t *out, struct msp_error *err)
{
	struct msp_sqlite *q = (struct msp_sqlite *)store;
	sqlite3_stmt *st;
	uint32_t n = 0;
	int s = msp_sqlite_prepare(q, q->db, "SELECT name, keys, is_unique FROM msp_indexes WHERE collection = ?1", &st, err), code;

	if (s != MSP_OK)
		return s;
	sqlite3_bind_text(st, 1, c, -1, SQLITE_STATIC);
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		char buf[16];
		const char *key;
		size_t len = bson_uint32_to_string(n++, &key, buf, sizeof(buf));
		bson_t one, keys;

		if (!bson_init_static(&keys, sqlite3_column_blob(st, 1), (size_t)sqlite3_column_bytes(st, 1)) ||
		    !bson_append_document_begin(out, key, (int)len, &one))
			continue;
		bson_append_utf8(&one, "name", 4, (const char *)sqlite3_column_text(st, 0), -1);
		bson_append_document(&one, "key", 3, &keys);
		if (sqlite3_column_int(st, 2))
			bson_append_bool(&one, "unique", 6, true);
		bson_append_document_end(out, &one);
	}
	if (code != SQLITE_DONE)
		s = msp_sqlite_fail(q, q->db, err);
	(void)msp_sqlite_release(q, st);
	return s;
}

int msp_sqlite_index_drop(struct msp_store *store, const char *c, const char *name, struct msp_error *err)
{
	struct msp_sqlite *q = (struct msp_sqlite *)store;
	int64_t there = 0;
	int s = msp_sqlite_begin(q, err);

	if (s != MSP_OK)
		return s;
	s = existing(q, c, name, MSP_INDEX_UNIQUE, &there, err);
	if (s == MSP_OK && there == 0)
		s = msp_error_set(err, MSP_USAGE, "%s: %s has no index %s", q->path, c, name);
	msp_tables_forget(q);
	if (s == MSP_OK)
		s = msp_sqlite_runf(q, err, "DROP INDEX \"%w:%w\"; DELETE FROM msp_indexes WHERE collection = %Q AND name = %Q", c, name, c, name);
	if (s == MSP_OK && there == 1)
		s = msp_sqlite_runf(q, err, "DROP INDEX \"unique:%w:%w\"; ALTER TABLE \"%w\" DROP COLUMN \"unique:%w\"", c, name, c, name);
	return msp_sqlite_end(q, s, err);
}
