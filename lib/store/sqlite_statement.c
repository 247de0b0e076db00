/* The file back end: statements, transactions, and what is said when they fail. */
#include "store/sqlite.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

/* ---- messages ---------------------------------------------------------- */

int msp_sqlite_memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

int msp_sqlite_fail(struct msp_sqlite *q, sqlite3 *db, struct msp_error *err)
{
	int code = sqlite3_errcode(db), e = sqlite3_system_errno(db);

	switch (code & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_PROTOCOL:
		if (q->interrupted) {
			q->interrupted = false;
			return msp_error_set(err, MSP_INTERRUPTED, "interrupted");
		}
		if (e == ENOLCK)
			return msp_error_set(err, MSP_FAIL, "%s: its file system has no locks", q->path);
		return msp_error_set(err, MSP_FAIL, "%s: locked by another process for more than %d s", q->path, MSP_SQLITE_BUSY_MS / 1000);
	case SQLITE_READONLY: return msp_error_set(err, MSP_FAIL, "%s: it cannot be written: read-only", q->path);
	case SQLITE_PERM: return msp_error_set(err, MSP_FAIL, "%s: Permission denied", q->path);
	case SQLITE_NOTADB: return msp_error_set(err, MSP_USAGE, "%s: not a store", q->path);
	case SQLITE_FULL: return msp_error_set(err, MSP_FAIL, "%s: No space left on device", q->path);
	case SQLITE_NOMEM: return msp_sqlite_memory(err);
	case SQLITE_CORRUPT: return msp_error_set(err, MSP_CORRUPT, "%s: damaged: %s", q->path, sqlite3_errmsg(db));
	case SQLITE_CANTOPEN:
	case SQLITE_IOERR:
		if (e)
			return msp_error_set(err, MSP_FAIL, "%s: %s", q->path, strerror(e));
		break;
	case SQLITE_TOOBIG: return msp_error_set(err, MSP_FAIL, "%s: a document too large for SQLite", q->path);
	default: break;
	}
	return msp_error_set(err, MSP_FAIL, "%s: %s", q->path, sqlite3_errmsg(db));
}

/* ---- statements -------------------------------------------------------- */

int msp_sqlite_run(struct msp_sqlite *q, const char *sql, struct msp_error *err)
{
	return sqlite3_exec(q->db, sql, NULL, NULL, NULL) == SQLITE_OK ? MSP_OK : msp_sqlite_fail(q, q->db, err);
}

int msp_sqlite_runf(struct msp_sqlite *q, struct msp_error *err, const char *fmt, ...)
{
	va_list ap;
	char *sql;
	int s;

	va_start(ap, fmt);
	sql = sqlite3_vmprintf(fmt, ap);
	va_end(ap);
	if (!sql)
		return msp_sqlite_memory(err);
	s = msp_sqlite_run(q, sql, err);
	sqlite3_free(sql);
	return s;
}

/* Preparing one takes longer than finding a document with it, and those who read samples ask the same thousands of times. */
#define KEPT_LENGTH 32768 /* bytes of a statement that is kept */

/* The place of a statement that is kept; of NULL, one for another: empty, or that which was not used for the longest time. NULL: none. */
static struct msp_statement *place_of(struct msp_sqlite *q, const sqlite3_stmt *st)
{
	struct msp_statement *oldest = NULL;

	for (size_t i = 0; i < MSP_SQLITE_KEPT; i++) {
		struct msp_statement *k = &q->kept[i];

		if (k->st == st)
			return k;
		if (!st && !k->used && (!oldest || k->at < oldest->at))
			oldest = k;
	}
	return oldest;
}

static struct msp_statement *kept(struct msp_sqlite *q, const sqlite3 *db, const char *sql)
{
	for (size_t i = 0; i < MSP_SQLITE_KEPT; i++) {
		struct msp_statement *k = &q->kept[i];

		if (k->st && !k->used && sqlite3_db_handle(k->st) == db && strcmp(sqlite3_sql(k->st), sql) == 0)
			return k;
	}
	return NULL;
}

int msp_sqlite_prepare(struct msp_sqlite *q, sqlite3 *db, const char *sql, sqlite3_stmt **out, struct msp_error *err)
{
	struct msp_statement *k = kept(q, db, sql);

	if (!k) {
		if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) != SQLITE_OK)
			return msp_sqlite_fail(q, db, err);
		k = strlen(sql) <= KEPT_LENGTH ? place_of(q, NULL) : NULL;
		if (!k)
			return MSP_OK;
		sqlite3_finalize(k->st);
		k->st = *out;
	}
	k->used = true;
	k->at = ++q->clock;
	*out = k->st;
	return MSP_OK;
}

int msp_sqlite_release(struct msp_sqlite *q, sqlite3_stmt *st)
{
	struct msp_statement *k = st ? place_of(q, st) : NULL;
	int code;

	if (!k)
		return sqlite3_finalize(st);
	code = sqlite3_reset(st); /* which also ends its reading, so that a log can be moved into its file */
	(void)sqlite3_clear_bindings(st);
	k->used = false;
	return code;
}

void msp_sqlite_let_go(struct msp_sqlite *q, const sqlite3 *db)
{
	for (size_t i = 0; i < MSP_SQLITE_KEPT; i++) {
		struct msp_statement *k = &q->kept[i];

		if (!k->st || sqlite3_db_handle(k->st) != db)
			continue;
		sqlite3_finalize(k->st);
		memset(k, 0, sizeof(*k));
	}
}

int msp_sqlite_int(struct msp_sqlite *q, const char *sql, int64_t *out, struct msp_error *err)
{
	sqlite3_stmt *st;
	int s = msp_sqlite_prepare(q, q->db, sql, &st, err);

	if (s != MSP_OK)
		return s;
	*out = 0;
	if (sqlite3_step(st) == SQLITE_ROW)
		*out = sqlite3_column_int64(st, 0);
	return msp_sqlite_release(q, st) == SQLITE_OK ? MSP_OK : msp_sqlite_fail(q, q->db, err);
}

int msp_sqlite_begin(struct msp_sqlite *q, struct msp_error *err)
{
	if (q->inside && q->spoiled) /* SQLite may have ended the transaction by itself */
		return msp_error_set(err, MSP_FAIL, "%s: a part of the transaction failed", q->path);
	return q->inside ? MSP_OK : msp_sqlite_run(q, "BEGIN IMMEDIATE", err);
}

int msp_sqlite_end(struct msp_sqlite *q, int s, struct msp_error *err)
{
	if (q->inside) {
		q->spoiled = q->spoiled || s != MSP_OK;
		return s;
	}
	if (s == MSP_OK) {
		s = msp_sqlite_run(q, "COMMIT", err);
		q->wrote = q->wrote || s == MSP_OK;
	}
	if (s != MSP_OK) {
		if (!sqlite3_get_autocommit(q->db)) /* SQLite may have rolled back by itself */
			(void)sqlite3_exec(q->db, "ROLLBACK", NULL, NULL, NULL);
		msp_tables_forget(q); /* what it made is undone */
	}
	return s;
}

int msp_sqlite_user_begin(struct msp_store *store, struct msp_error *err)
{
	struct msp_sqlite *q = (struct msp_sqlite *)store;
	int s;

	if (q->inside)
		return msp_error_set(err, MSP_USAGE, "%s: a transaction in a transaction", q->path);
	s = msp_sqlite_begin(q, err);
	q->inside = s == MSP_OK;
	q->spoiled = false;
	return s;
}

int msp_sqlite_user_end(struct msp_store *store, bool keep, struct msp_error *err)
{
	struct msp_sqlite *q = (struct msp_sqlite *)store;
	int s;

	if (!q->inside)
		return MSP_OK;
	q->inside = false;
	s = msp_sqlite_end(q, keep && !q->spoiled ? MSP_OK : MSP_FAIL, err);
	if (!keep)
		return MSP_OK;
	return q->spoiled ? msp_error_set(err, MSP_FAIL, "%s: nothing was written, as a part of it failed", q->path) : s;
}
