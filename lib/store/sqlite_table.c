/* The file back end: collections as tables, and their columns. */
#include "store/order.h"
#include "store/schema.h"
#include "store/sqlite.h"

#include <stdlib.h>
#include <string.h>

static const char *const class_names[] = {"", "TEXT", "OBJECTID TEXT", "REAL", "INTEGER", "BOOLEAN", "JSON TEXT", ""};

/* ---- what is there ----------------------------------------------------- */

static void free_table(struct msp_table *t)
{
	for (size_t i = 0; i < t->columns; i++)
		free(t->column[i].key);
	for (size_t i = 0; i < t->uniques; i++) {
		free(t->unique[i].name);
		bson_destroy(t->unique[i].keys);
	}
	sqlite3_finalize(t->put[0]);
	sqlite3_finalize(t->put[1]);
	free(t->column);
	free(t->unique);
	free(t->name);
	sqlite3_free(t->quoted);
	free(t);
}

void msp_tables_forget(struct msp_sqlite *q)
{
	while (q->tables) {
		struct msp_table *next = q->tables->next;

		free_table(q->tables);
		q->tables = next;
	}
	q->schema_version = -1;
}

static int add_column(struct msp_table *t, const char *key, const char *type, struct msp_error *err)
{
	struct msp_column *more = realloc(t->column, (t->columns + 1) * sizeof(*more));
	char *copy = strdup(key);
	int class = MSP_C_ANY;

	if (more)
		t->column = more;
	if (!more || !copy) {
		free(copy);
		return msp_sqlite_memory(err);
	}
	for (int c = MSP_C_TEXT; c < MSP_C_ANY; c++)
		if (strcmp(type, class_names[c]) == 0)
			class = c;
	t->column[t->columns].key = copy;
	t->column[t->columns++].class = class;
	return MSP_OK;
}

static int load_columns(struct msp_sqlite *q, struct msp_table *t, struct msp_error *err)
{
	sqlite3_stmt *st;
	int s = msp_sqlite_prepare(q, q->db, "SELECT name, type FROM pragma_table_info(?1)", &st, err), code = SQLITE_ROW;

	if (s != MSP_OK)
		return s;
	if (sqlite3_bind_text(st, 1, t->name, -1, SQLITE_STATIC) != SQLITE_OK)
		s = msp_sqlite_fail(q, q->db, err);
	while (s == MSP_OK && (code = sqlite3_step(st)) == SQLITE_ROW) {
		const char *name = (const char *)sqlite3_column_text(st, 0), *type = (const char *)sqlite3_column_text(st, 1);

		if (!name || !type)
			s = msp_sqlite_memory(err);
		else if (name[0] != '_' && strncmp(name, "unique:", 7) != 0)
			s = add_column(t, name, type, err);
	}
	if (s == MSP_OK && code != SQLITE_DONE)
		s = msp_sqlite_fail(q, q->db, err);
	(void)msp_sqlite_release(q, st);
	return s;
}

static int load_unique(struct msp_table *t, sqlite3_stmt *st, struct msp_error *err)
{
	struct msp_unique *more = realloc(t->unique, (t->uniques + 1) * sizeof(*more));
	char *name = strdup((const char *)sqlite3_column_text(st, 0));
	bson_t keys;

	if (more)
		t->unique = more;
	if (!more || !name) {
		free(name);
		return msp_sqlite_memory(err);
	}
	if (!bson_init_static(&keys, sqlite3_column_blob(st, 1), (size_t)sqlite3_column_bytes(st, 1))) {
		free(name);
		return msp_error_set(err, MSP_CORRUPT, "an index that is damaged");
	}
	more[t->uniques].name = name;
	more[t->uniques++].keys = bson_copy(&keys);
	return MSP_OK;
}

static int load_uniques(struct msp_sqlite *q, struct msp_table *t, struct msp_error *err)
{
	sqlite3_stmt *st;
	int s = msp_sqlite_prepare(q, q->db, "SELECT name, keys FROM msp_indexes WHERE collection = ?1 AND is_unique", &st, err);
	int code = SQLITE_ROW;

	if (s != MSP_OK)
		return s;
	if (sqlite3_bind_text(st, 1, t->name, -1, SQLITE_STATIC) != SQLITE_OK)
		s = msp_sqlite_fail(q, q->db, err);
	while (s == MSP_OK && (code = sqlite3_step(st)) == SQLITE_ROW)
		s = load_unique(t, st, err);
	if (s == MSP_OK && code != SQLITE_DONE)
		s = msp_sqlite_fail(q, q->db, err);
	(void)msp_sqlite_release(q, st);
	return s;
}

/* The table's name as it is spelled, if there is one that SQLite takes for it. */
static int spelled(struct msp_sqlite *q, const char *name, char **out, struct msp_error *err)
{
	sqlite3_stmt *st;
	int s = msp_sqlite_prepare(q, q->db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name = ?1 COLLATE NOCASE", &st, err), code;

	*out = NULL;
	if (s != MSP_OK)
		return s;
	sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	code = sqlite3_step(st);
	if (code == SQLITE_ROW && !(*out = strdup((const char *)sqlite3_column_text(st, 0))))
		s = msp_sqlite_memory(err);
	else if (code != SQLITE_ROW && code != SQLITE_DONE)
		s = msp_sqlite_fail(q, q->db, err);
	(void)msp_sqlite_release(q, st);
	return s;
}

static int load(struct msp_sqlite *q, const char *name, struct msp_table **out, struct msp_error *err)
{
	struct msp_table *t = calloc(1, sizeof(*t));
	int s = MSP_OK;

	if (t) {
		t->name = strdup(name);
		t->quoted = sqlite3_mprintf("\"%w\"", name);
	}
	if (!t || !t->name || !t->quoted)
		s = msp_sqlite_memory(err);
	if (s == MSP_OK)
		s = load_columns(q, t, err);
	if (s == MSP_OK)
		s = load_uniques(q, t, err);
	if (s != MSP_OK) {
		if (t)
			free_table(t);
		return s;
	}
	t->next = q->tables;
	q->tables = *out = t;
	return MSP_OK;
}

int msp_table_find(struct msp_sqlite *q, const char *name, struct msp_table **out, struct msp_error *err)
{
	int64_t version = 0;
	char *spelling;
	int s = msp_sqlite_int(q, "PRAGMA schema_version", &version, err);

	*out = NULL;
	if (s != MSP_OK)
		return s;
	if (version != q->schema_version) /* somebody has changed something */
		msp_tables_forget(q);
	q->schema_version = version;
	for (*out = q->tables; *out; *out = (*out)->next)
		if (strcmp((*out)->name, name) == 0)
			return MSP_OK;
	s = spelled(q, name, &spelling, err);
	if (s == MSP_OK && spelling && strcmp(spelling, name) == 0)
		s = load(q, name, out, err);
	free(spelling);
	return s;
}

/* ---- making ------------------------------------------------------------ */

static int class_of(int type)
{
	switch (type) {
	case MSP_S_INT: return MSP_C_INT;
	case MSP_S_DOUBLE: return MSP_C_DOUBLE;
	case MSP_S_TEXT: return MSP_C_TEXT;
	case MSP_S_TRUTH: return MSP_C_BOOL;
	case MSP_S_OID: return MSP_C_OID;
	case MSP_S_BYTES: return 0; /* a second copy would be of no use */
	default: return MSP_C_SHOWN;
	}
}

static int create(struct msp_sqlite *q, const char *name, const struct msp_schema_row *schema, struct msp_error *err)
{
	struct msp_bytes sql = {0};
	int s = msp_sql_text(&sql, "CREATE TABLE ") || msp_sql_quoted(&sql, name, '"') || msp_sql_text(&sql, "(_id, ") ? MSP_NOMEM : MSP_OK;

	for (const struct msp_schema_row *r = schema; s == MSP_OK && r; r = msp_schema_next(r)) {
		if (r->kind != MSP_S_KEY || !class_of(r->type))
			continue;
		s = msp_sql_quoted(&sql, r->name, '"') || msp_sql_text(&sql, " ") || msp_sql_text(&sql, class_names[class_of(r->type)]) ||
		    msp_sql_text(&sql, ", ") ? MSP_NOMEM : MSP_OK;
	}
	if (s != MSP_OK || msp_sql_text(&sql, "_key BLOB PRIMARY KEY NOT NULL, _odd INTEGER, _doc BLOB NOT NULL)") || msp_bytes_append(&sql, "", 1))
		s = msp_sqlite_memory(err);
	if (s == MSP_OK)
		s = msp_sqlite_run(q, (const char *)sql.data, err);
	msp_bytes_free(&sql);
	if (s == MSP_OK)
		s = msp_sqlite_runf(q, err, "CREATE INDEX \"%w:_odd\" ON \"%w\"(_odd) WHERE _odd IS NOT NULL", name, name);
	return s;
}

static int built_in_index(struct msp_sqlite *q, const char *table, const char *keys, struct msp_error *err)
{
	struct msp_bytes sql = {0};
	int s = MSP_OK, r = msp_sql_text(&sql, "CREATE INDEX ");
	char *name = sqlite3_mprintf("%s:%s", table, keys);

	if (!name)
		r = MSP_NOMEM;
	r = r || msp_sql_quoted(&sql, name, '"') || msp_sql_text(&sql, " ON ") || msp_sql_quoted(&sql, table, '"') || msp_sql_text(&sql, "(");
	while (!r && *keys) {
		size_t n = strcspn(keys, " ");

		r = msp_sql_text(&sql, "\"") || msp_bytes_append(&sql, keys, n) || msp_sql_text(&sql, keys[n] ? "\"," : "\")");
		keys += n + (keys[n] == ' ');
	}
	if (r || msp_bytes_append(&sql, "", 1))
		s = msp_sqlite_memory(err);
	if (s == MSP_OK)
		s = msp_sqlite_run(q, (const char *)sql.data, err);
	sqlite3_free(name);
	msp_bytes_free(&sql);
	return s;
}

int msp_table_make(struct msp_sqlite *q, const char *name, struct msp_table **out, struct msp_error *err)
{
	const struct msp_schema_row *schema = msp_schema(name);
	char *spelling = NULL;
	int s = msp_table_find(q, name, out, err);

	if (s != MSP_OK || *out)
		return s;
	s = spelled(q, name, &spelling, err);
	if (s == MSP_OK && spelling)
		s = msp_error_set(err, MSP_USAGE, "%s: collection %s: there is %s, which differs only in case", q->path, name, spelling);
	free(spelling);
	if (s == MSP_OK)
		s = create(q, name, schema, err);
	for (const struct msp_schema_row *r = schema; s == MSP_OK && r; r = msp_schema_next(r))
		if (r->kind == MSP_S_INDEX)
			s = built_in_index(q, name, r->name, err);
	return s == MSP_OK ? msp_table_find(q, name, out, err) : s;
}

/* ---- collections ------------------------------------------------------- */

int msp_sqlite_collections(struct msp_store *store, bson_t *out, struct msp_error *err)
{
	struct msp_sqlite *q = (struct msp_sqlite *)store;
	sqlite3_stmt *st;
	uint32_t n = 0;
	int s = msp_sqlite_prepare(q, q->db, "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!' AND name <> 'msp_indexes'",
	                           &st, err), code;

	if (s != MSP_OK)
		return s;
	while ((code = sqlite3_step(st)) == SQLITE_ROW) {
		char buf[16];
		const char *key;
		size_t len = bson_uint32_to_string(n++, &key, buf, sizeof(buf));

		bson_append_utf8(out, key, (int)len, (const char *)sqlite3_column_text(st, 0), -1);
	}
	if (code != SQLITE_DONE)
		s = msp_sqlite_fail(q, q->db, err);
	(void)msp_sqlite_release(q, st);
	return s;
}

int msp_sqlite_drop(struct msp_store *store, const char *c, struct msp_error *err)
{
	struct msp_sqlite *q = (struct msp_sqlite *)store;
	struct msp_table *t;
	int s = msp_sqlite_begin(q, err);

	if (s != MSP_OK)
		return s;
	s = msp_table_find(q, c, &t, err);
	if (s == MSP_OK && t) {
		msp_tables_forget(q); /* its statements would stand in the way */
		s = msp_sqlite_runf(q, err, "DROP TABLE \"%w\"; DELETE FROM msp_indexes WHERE collection = %Q", c, c);
	}
	return msp_sqlite_end(q, s, err);
}
