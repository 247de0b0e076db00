/* The file back end: rows from documents. */
#include "store/order.h"
#include "store/path.h"
#include "store/sqlite.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- a value in its column --------------------------------------------- */

/* JSON, for what the column's type cannot hold. */
static int bind_json(sqlite3_stmt *st, int at, const bson_iter_t *it)
{
	struct msp_bytes text = {0};
	struct msp_value v;
	int code = SQLITE_NOMEM;

	msp_value_of_iter(it, &v);
	if (msp_json_value(&v, &text) == MSP_OK)
		code = sqlite3_bind_text64(st, at, (const char *)text.data, text.len, SQLITE_TRANSIENT, SQLITE_UTF8);
	msp_bytes_free(&text);
	return code;
}

static int bind_text(sqlite3_stmt *st, int at, const bson_iter_t *it)
{
	uint32_t n;
	const char *s = bson_iter_utf8(it, &n);

	return sqlite3_bind_text64(st, at, s, n, SQLITE_STATIC, SQLITE_UTF8);
}

static int bind_oid(sqlite3_stmt *st, int at, const bson_iter_t *it)
{
	char hex[25];

	bson_oid_to_string(bson_iter_oid(it), hex);
	return sqlite3_bind_text(st, at, hex, 24, SQLITE_TRANSIENT);
}

/* A number that SQLite keeps as it is. A REAL column makes a double of an integer: only of one that is exact. */
static bool plain_number(const bson_iter_t *it, int class)
{
	int64_t i;

	switch (bson_iter_type(it)) {
	case BSON_TYPE_INT32: return true;
	case BSON_TYPE_INT64:
		i = bson_iter_int64(it);
		return class != MSP_C_DOUBLE || (i >= -(INT64_C(1) << 53) && i <= INT64_C(1) << 53);
	case BSON_TYPE_DOUBLE: return !isnan(bson_iter_double(it));
	default: return false;
	}
}

static int bind_number(sqlite3_stmt *st, int at, const bson_iter_t *it)
{
	if (bson_iter_type(it) == BSON_TYPE_DOUBLE)
		return sqlite3_bind_double(st, at, bson_iter_double(it));
	return sqlite3_bind_int64(st, at, bson_iter_as_int64(it));
}

static int bind_column(sqlite3_stmt *st, int at, int class, const bson_iter_t *it, bool *odd)
{
	bool any = class == MSP_C_ANY;

	switch (bson_iter_type(it)) {
	case BSON_TYPE_NULL:
	case BSON_TYPE_UNDEFINED: return sqlite3_bind_null(st, at);
	case BSON_TYPE_UTF8:
		if (any || class == MSP_C_TEXT)
			return bind_text(st, at, it);
		break;
	case BSON_TYPE_OID:
		if (any || class == MSP_C_OID)
			return bind_oid(st, at, it);
		break;
	case BSON_TYPE_BOOL:
		if (any || class == MSP_C_BOOL)
			return sqlite3_bind_int(st, at, bson_iter_bool(it));
		break;
	case BSON_TYPE_INT32:
	case BSON_TYPE_INT64:
	case BSON_TYPE_DOUBLE:
		if ((any || class == MSP_C_DOUBLE || class == MSP_C_INT) && plain_number(it, class))
			return bind_number(st, at, it);
		break;
	default: break;
	}
	*odd = *odd || class != MSP_C_SHOWN;
	return bind_json(st, at, it);
}

/* ---- a row ------------------------------------------------------------- */

static const struct msp_column *column_at(const struct msp_table *t, const char *key, size_t *hint)
{
	/* Documents of a collection have their keys in much the same order. */
	for (size_t k = 0; k < t->columns; k++) {
		size_t i = *hint + k < t->columns ? *hint + k : *hint + k - t->columns;

		if (t->column[i].key[0] == key[0] && strcmp(t->column[i].key, key) == 0) {
			*hint = i + 1 < t->columns ? i + 1 : 0;
			return &t->column[i];
		}
	}
	return NULL;
}

struct row {
	struct msp_sqlite *q;
	const struct msp_table *t;
	sqlite3_stmt *st;
	bool odd;
	struct msp_error *err;
};

static int bind_dotted(struct row *r, const bson_t *doc)
{
	bson_iter_t it;
	bool array;
	int code = SQLITE_OK;

	for (size_t i = 0; code == SQLITE_OK && i < r->t->columns; i++) {
		const struct msp_column *c = &r->t->column[i];

		if (!strchr(c->key, '.'))
			continue;
		if (msp_path_single(bson_get_data(doc), doc->len, c->key, &it, &array))
			code = bind_column(r->st, MSP_ROW_FIXED + 1 + (int)i, c->class, &it, &r->odd);
		else
			r->odd = r->odd || array;
	}
	return code;
}

static int unique_key(struct row *r, const struct msp_unique *u, const bson_t *doc)
{
	struct msp_bytes *key = &r->q->key;
	bson_iter_t k, it;
	bool array = false;

	key->len = 0;
	if (!bson_iter_init(&k, u->keys))
		return MSP_OK;
	while (bson_iter_next(&k)) {
		bool there = msp_path_single(bson_get_data(doc), doc->len, bson_iter_key(&k), &it, &array);

		if (array || (there && bson_iter_type(&it) == BSON_TYPE_ARRAY))
			return msp_error_set(r->err, MSP_USAGE, "%s: %s: the key \"%s\" of a unique index holds an array, which this store has no form of",
			                     r->q->path, r->t->name, bson_iter_key(&k));
		if (msp_order_key(there ? &it : NULL, key) != MSP_OK)
			return msp_sqlite_memory(r->err);
	}
	return MSP_OK;
}

static int bind_uniques(struct row *r, const bson_t *doc)
{
	for (size_t i = 0; i < r->t->uniques; i++) {
		int s = unique_key(r, &r->t->unique[i], doc);

		if (s != MSP_OK)
			return s;
		if (sqlite3_bind_blob64(r->st, MSP_ROW_FIXED + 1 + (int)(r->t->columns + i), r->q->key.data, r->q->key.len, SQLITE_TRANSIENT) != SQLITE_OK)
			return msp_sqlite_fail(r->q, r->q->db, r->err);
	}
	return MSP_OK;
}

static int bind_id(struct row *r, const bson_iter_t *id)
{
	struct msp_bytes *key = &r->q->key;
	bool odd = false;

	key->len = 0;
	if (msp_order_key(id, key) != MSP_OK)
		return SQLITE_NOMEM;
	if (bind_column(r->st, 1, MSP_C_ANY, id, &odd) != SQLITE_OK)
		return SQLITE_NOMEM;
	return sqlite3_bind_blob64(r->st, 2, key->data, key->len, SQLITE_TRANSIENT);
}

static int bind_row(struct row *r, const bson_t *doc)
{
	size_t hint = 0;
	bson_iter_t it;
	int code = SQLITE_OK;

	(void)sqlite3_clear_bindings(r->st);
	r->odd = false;
	if (!bson_iter_init(&it, doc))
		return msp_error_set(r->err, MSP_USAGE, "not a document");
	while (code == SQLITE_OK && bson_iter_next(&it)) {
		const char *key = bson_iter_key(&it);
		const struct msp_column *c;

		if (strcmp(key, "_id") == 0)
			code = bind_id(r, &it);
		else if ((c = column_at(r->t, key, &hint)) != NULL)
			code = bind_column(r->st, MSP_ROW_FIXED + 1 + (int)(c - r->t->column), c->class, &it, &r->odd);
	}
	if (code == SQLITE_OK)
		code = bind_dotted(r, doc);
	if (code == SQLITE_OK && r->odd)
		code = sqlite3_bind_int(r->st, 3, 1);
	if (code == SQLITE_OK)
		code = sqlite3_bind_blob64(r->st, 4, bson_get_data(doc), doc->len, SQLITE_STATIC);
	return code == SQLITE_OK ? bind_uniques(r, doc) : msp_sqlite_fail(r->q, r->q->db, r->err);
}

int msp_row_bind(struct msp_sqlite *q, const struct msp_table *t, sqlite3_stmt *st, const bson_t *doc, struct msp_error *err)
{
	struct row r = {.q = q, .t = t, .st = st, .err = err};

	return bind_row(&r, doc);
}

/* ---- statements -------------------------------------------------------- */

static int name_columns(struct msp_bytes *sql, const struct msp_table *t, const char *before, const char *after)
{
	int r = 0;

	for (size_t i = 0; !r && i < t->columns; i++)
		r = msp_sql_text(sql, before) || msp_sql_quoted(sql, t->column[i].key, '"') ||
		    (after && (msp_sql_text(sql, after) || msp_sql_quoted(sql, t->column[i].key, '"')));
	for (size_t i = 0; !r && i < t->uniques; i++) {
		char *name = sqlite3_mprintf("unique:%s", t->unique[i].name);

		r = !name || msp_sql_text(sql, before) || msp_sql_quoted(sql, name, '"') ||
		    (after && (msp_sql_text(sql, after) || msp_sql_quoted(sql, name, '"')));
		sqlite3_free(name);
	}
	return r;
}

static int put_sql(const struct msp_table *t, bool replace, struct msp_bytes *sql)
{
	int r = msp_sql_text(sql, "INSERT INTO ") || msp_sql_text(sql, t->quoted) || msp_sql_text(sql, "(_id, _key, _odd, _doc") ||
	        name_columns(sql, t, ", ", NULL) || msp_sql_text(sql, ") VALUES(?1, ?2, ?3, ?4");

	for (size_t i = 0; !r && i < t->columns + t->uniques; i++)
		r = msp_sql_text(sql, ", ?");
	r = r || msp_sql_text(sql, ")");
	if (!r && replace)
		r = msp_sql_text(sql, " ON CONFLICT(_key) DO UPDATE SET _id = excluded._id, _odd = excluded._odd, _doc = excluded._doc") ||
		    name_columns(sql, t, ", ", " = excluded.");
	return r || msp_bytes_append(sql, "", 1) ? MSP_NOMEM : MSP_OK;
}

static int put_statement(struct msp_sqlite *q, struct msp_table *t, bool replace, sqlite3_stmt **out, struct msp_error *err)
{
	struct msp_bytes sql = {0};
	int s = MSP_OK;

	if (!t->put[replace]) {
		s = put_sql(t, replace, &sql);
		if (s == MSP_OK)
			s = sqlite3_prepare_v3(q->db, (const char *)sql.data, -1, SQLITE_PREPARE_PERSISTENT, &t->put[replace], NULL) == SQLITE_OK
			    ? MSP_OK : msp_sqlite_fail(q, q->db, err);
		else
			(void)msp_sqlite_memory(err);
		msp_bytes_free(&sql);
	}
	*out = t->put[replace];
	return s;
}

static int conflict(struct row *r, const bson_t *doc)
{
	const char *what = sqlite3_errmsg(r->q->db), *at = strstr(what, ".unique:");
	struct msp_bytes text = {0};
	struct msp_value v;
	bson_iter_t id;

	if (at)
		return msp_error_set(r->err, MSP_FAIL, "%s: %s: a document with the same key of the unique index %s is there already", r->q->path,
		                     r->t->name, at + 8);
	if (bson_iter_init_find(&id, doc, "_id")) {
		msp_value_of_iter(&id, &v);
		if (msp_json_value(&v, &text) != MSP_OK)
			text.len = 0;
	}
	msp_error_set(r->err, MSP_FAIL, "%s: %s: a document with the _id %.*s is there already", r->q->path, r->t->name,
	              (int)(text.len < 200 ? text.len : 200), text.data ? (const char *)text.data : "");
	msp_bytes_free(&text);
	return MSP_FAIL;
}

int msp_table_put(struct msp_sqlite *q, struct msp_table *t, const bson_t *doc, bool replace, bool *duplicate, struct msp_error *err)
{
	struct row r = {.q = q, .t = t, .err = err};
	int s = put_statement(q, t, replace, &r.st, err), code;

	if (s != MSP_OK)
		return s;
	s = bind_row(&r, doc);
	if (s == MSP_OK) {
		code = sqlite3_step(r.st);
		if ((code & 0xff) == SQLITE_CONSTRAINT) {
			s = conflict(&r, doc);
			*duplicate = true;
		} else if (code != SQLITE_DONE) {
			s = msp_sqlite_fail(q, q->db, err);
		}
	} else if (s == MSP_USAGE) {
		*duplicate = true;
	}
	(void)sqlite3_reset(r.st);
	return s;
}

int msp_sqlite_put(struct msp_store *store, const char *c, const bson_t *const *docs, size_t n, bool replace, uint64_t *done,
                   struct msp_error *err)
{
	struct msp_sqlite *q = (struct msp_sqlite *)store;
	struct msp_table *t;
	bool duplicate = false;
	size_t i = 0;
	int s = msp_sqlite_begin(q, err), end;

	if (s != MSP_OK)
		return s;
	s = msp_table_make(q, c, &t, err);
	for (; s == MSP_OK && i < n; i++)
		s = msp_table_put(q, t, docs[i], replace, &duplicate, err);
	if (!duplicate) {
		s = msp_sqlite_end(q, s, err);
		*done = s == MSP_OK ? n : 0;
		return s;
	}
	i--; /* what came before the one refused stays */
	end = msp_sqlite_end(q, MSP_OK, err);
	*done = end == MSP_OK ? i : 0;
	return end == MSP_OK ? s : end;
}

/* ---- after a column was added ------------------------------------------ */

int msp_table_refill(struct msp_sqlite *q, struct msp_table *t, struct msp_error *err)
{
	char *sql = sqlite3_mprintf("SELECT rowid, _doc FROM %s WHERE rowid > ?1 ORDER BY rowid LIMIT 1", t->quoted);
	sqlite3_stmt *get = NULL;
	int64_t last = 0;
	int s = sql ? msp_sqlite_prepare(q, q->db, sql, &get, err) : msp_sqlite_memory(err), code = SQLITE_ROW;

	sqlite3_free(sql);
	while (s == MSP_OK) {
		bool duplicate;
		bson_t doc, copy;

		sqlite3_bind_int64(get, 1, last);
		code = sqlite3_step(get);
		if (code != SQLITE_ROW)
			break;
		last = sqlite3_column_int64(get, 0);
		if (!bson_init_static(&doc, sqlite3_column_blob(get, 1), (size_t)sqlite3_column_bytes(get, 1))) {
			s = msp_error_set(err, MSP_CORRUPT, "%s: a document that is damaged", q->path);
			break;
		}
		bson_copy_to(&doc, &copy);
		(void)sqlite3_reset(get);
		s = msp_table_put(q, t, &copy, true, &duplicate, err);
		bson_destroy(&copy);
	}
	if (s == MSP_OK && code != SQLITE_DONE)
		s = msp_sqlite_fail(q, q->db, err);
	(void)msp_sqlite_release(q, get);
	return s;
}
