/* The file back end: changing and removing what a filter chooses. */
#include "store/edit.h"
#include "store/order.h"
#include "store/sqlite.h"

#include <stdlib.h>
#include <string.h>

/* ---- updates ----------------------------------------------------------- */

struct rows {
	int64_t *id;
	size_t n, room;
};

static int add_row(struct rows *r, int64_t id)
{
	if (r->n == r->room) {
		size_t room = r->room ? 2 * r->room : 64;
		int64_t *more = realloc(r->id, room * sizeof(*more));

		if (!more)
			return MSP_NOMEM;
		r->id = more;
		r->room = room;
	}
	r->id[r->n++] = id;
	return MSP_OK;
}

/* Which rows match; they are changed after the search has ended. */
static int matching(struct msp_sqlite *q, const struct msp_table *t, const bson_t *filter, bool one, struct rows *out, struct msp_error *err)
{
	struct msp_where plan = {0};
	sqlite3_stmt *st = NULL;
	bool odd = false;
	int s = msp_table_odd(q, q->db, t, &odd, err), code = SQLITE_DONE;

	if (s == MSP_OK)
		s = msp_where_make(t, odd, filter, &plan, err);
	if (s == MSP_OK)
		s = msp_where_prepare(q, q->db, t, &plan, "rowid", one ? " LIMIT 1" : "", &st, err);
	while (s == MSP_OK && (code = sqlite3_step(st)) == SQLITE_ROW)
		if (add_row(out, sqlite3_column_int64(st, 0)) != MSP_OK)
			s = msp_sqlite_memory(err);
	if (s == MSP_OK && code != SQLITE_DONE)
		s = msp_sqlite_fail(q, q->db, err);
	(void)msp_sqlite_release(q, st);
	msp_where_free(&plan);
	return s;
}

static bool same_id(const bson_t *a, const bson_t *b)
{
	bson_iter_t x, y;

	return bson_iter_init_find(&x, a, "_id") && bson_iter_init_find(&y, b, "_id") && msp_order(&x, &y) == 0;
}

static int update_row(struct msp_sqlite *q, struct msp_table *t, sqlite3_stmt *get, int64_t rowid, const bson_t *update,
                      struct msp_updated *u, struct msp_error *err)
{
	bson_t old, changed;
	bool duplicate;
	int s;

	sqlite3_bind_int64(get, 1, rowid);
	if (sqlite3_step(get) != SQLITE_ROW ||
	    !bson_init_static(&old, sqlite3_column_blob(get, 0), (size_t)sqlite3_column_bytes(get, 0))) {
		s = msp_sqlite_fail(q, q->db, err);
		(void)sqlite3_reset(get);
		return s;
	}
	s = msp_update_apply(update, &old, false, &changed, err);
	if (s == MSP_OK && !same_id(&old, &changed))
		s = msp_error_set(err, MSP_FAIL, "an _id cannot be changed");
	if (s == MSP_OK && changed.len > MSP_STORE_DOCUMENT_MAX)
		s = msp_error_set(err, MSP_FAIL, "the document becomes too large");
	u->matched++;
	if (s == MSP_OK && !bson_equal(&old, &changed)) {
		(void)sqlite3_reset(get);
		s = msp_table_put(q, t, &changed, true, &duplicate, err);
		u->modified++;
	}
	(void)sqlite3_reset(get);
	bson_destroy(&changed);
	return s;
}

static int insert_by_update(struct msp_sqlite *q, struct msp_table *t, const bson_t *filter, const bson_t *update, struct msp_updated *u,
                            struct msp_error *err)
{
	bson_t seed, filled, whole;
	bson_iter_t id;
	bson_oid_t oid;
	bool duplicate;
	int s = msp_update_seed(filter, &seed, err);

	bson_init(&filled);
	bson_init(&whole);
	if (s == MSP_OK) {
		bson_destroy(&filled);
		s = msp_update_apply(update, &seed, true, &filled, err);
	}
	if (s == MSP_OK) {
		if (bson_iter_init_find(&id, &filled, "_id")) {
			bson_append_iter(&whole, "_id", 3, &id);
		} else {
			bson_oid_init(&oid, NULL);
			bson_append_oid(&whole, "_id", 3, &oid);
		}
		bson_copy_to_excluding_noinit(&filled, &whole, "_id", NULL);
		s = msp_table_put(q, t, &whole, false, &duplicate, err);
		u->inserted++;
	}
	bson_destroy(&seed);
	bson_destroy(&filled);
	bson_destroy(&whole);
	return s;
}

static int update_rows(struct msp_sqlite *q, struct msp_table *t, const struct rows *rows, const bson_t *update, struct msp_updated *u,
                       struct msp_error *err)
{
	char *sql = sqlite3_mprintf("SELECT _doc FROM %s WHERE rowid = ?1", t->quoted);
	sqlite3_stmt *get = NULL;
	int s = sql ? msp_sqlite_prepare(q, q->db, sql, &get, err) : msp_sqlite_memory(err);

	sqlite3_free(sql);
	for (size_t i = 0; s == MSP_OK && i < rows->n; i++)
		s = update_row(q, t, get, rows->id[i], update, u, err);
	(void)msp_sqlite_release(q, get);
	return s;
}

int msp_sqlite_update(struct msp_store *store, const char *c, const bson_t *filter, const bson_t *update, unsigned flags,
                      struct msp_updated *out, struct msp_error *err)
{
	struct msp_sqlite *q = (struct msp_sqlite *)store;
	struct rows rows = {0};
	struct msp_table *t = NULL;
	int s = msp_update_check(update, err);

	if (s == MSP_OK)
		s = msp_sqlite_begin(q, err);
	if (s != MSP_OK)
		return s;
	s = flags & MSP_UPDATE_UPSERT ? msp_table_make(q, c, &t, err) : msp_table_find(q, c, &t, err);
	if (s == MSP_OK && t)
		s = matching(q, t, filter, flags & MSP_UPDATE_ONE, &rows, err);
	if (s == MSP_OK && t)
		s = rows.n == 0 && flags & MSP_UPDATE_UPSERT ? insert_by_update(q, t, filter, update, out, err)
		                                             : update_rows(q, t, &rows, update, out, err);
	free(rows.id);
	s = msp_sqlite_end(q, s, err);
	if (s != MSP_OK)
		memset(out, 0, sizeof(*out));
	return s;
}

int msp_sqlite_remove(struct msp_store *store, const char *c, const bson_t *filter, uint64_t *deleted, struct msp_error *err)
{
	struct msp_sqlite *q = (struct msp_sqlite *)store;
	struct msp_where plan = {0};
	struct msp_table *t = NULL;
	sqlite3_stmt *st = NULL;
	bool odd = false;
	int s = msp_sqlite_begin(q, err);

	if (s != MSP_OK)
		return s;
	s = msp_table_find(q, c, &t, err);
	if (s == MSP_OK && t)
		s = msp_table_odd(q, q->db, t, &odd, err);
	if (s == MSP_OK && t)
		s = msp_where_make(t, odd, filter, &plan, err);
	if (s == MSP_OK && t)
		s = msp_where_prepare(q, q->db, t, &plan, NULL, "", &st, err);
	if (s == MSP_OK && t) {
		if (sqlite3_step(st) != SQLITE_DONE)
			s = msp_sqlite_fail(q, q->db, err);
		*deleted = (uint64_t)sqlite3_changes64(q->db);
	}
	(void)msp_sqlite_release(q, st);
	msp_where_free(&plan);
	s = msp_sqlite_end(q, s, err);
	if (s != MSP_OK)
		*deleted = 0;
	return s;
}
