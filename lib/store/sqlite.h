/* store/sqlite.h - the file back end's inside
 *
 * A collection is a table of its name. Of a row, _doc is the document (BSON) and the truth; the rest is derived from it
 * when it is written:
 * * _id: for people
 * * _key: the bytes of _id in MongoDB's order (store/order.h), unique
 * * a column for each key of the schema and for each key of an index that was asked for, typed where the schema says so
 * * _odd: 1 if a column cannot stand for its key: another type, an array, NaN; what is found by columns alone is then
 *   not all there is, so these rows are always looked at
 * * "unique:NAME": the bytes of the keys of a unique index
 * Whoever adds a column fills it for all rows in the same transaction. */
#ifndef MSP_STORE_SQLITE_H
#define MSP_STORE_SQLITE_H

#include "store/backend.h"
#include "store/match.h"

#include <sqlite3.h>

#define MSP_SQLITE_APPLICATION 0x6d736462 /* "msdb" */
#define MSP_SQLITE_FORMAT 1               /* user_version */
#define MSP_SQLITE_BUSY_MS 30000          /* for another process's lock */

enum msp_column_class {
	MSP_C_TEXT = 1, MSP_C_OID, MSP_C_DOUBLE, MSP_C_INT, MSP_C_BOOL,
	MSP_C_SHOWN, /* JSON for people; never searched */
	MSP_C_ANY,
};

struct msp_column {
	char *key;
	int class;
};

struct msp_unique {
	char *name;
	bson_t *keys;
};

struct msp_table {
	char *name;
	char *quoted; /* as an SQL identifier */
	struct msp_column *column;
	size_t columns;
	struct msp_unique *unique;
	size_t uniques;
	sqlite3_stmt *put[2]; /* insert; insert or replace */
	struct msp_table *next;
};

/* A statement that is kept, to be used again. */
struct msp_statement {
	sqlite3_stmt *st; /* NULL: none */
	bool used;        /* by somebody now */
	uint64_t at;      /* when it was taken last, by the store's clock */
};
#define MSP_SQLITE_KEPT 24

struct msp_sqlite {
	struct msp_store store;
	char *path;
	sqlite3 *db;
	sqlite3 *reader; /* for cursors, so that what they see does not stand in the way of writing; NULL: db does */
	bool wal, wrote;
	int64_t journal, log; /* bytes of a rollback journal, of a write-ahead log, that lay beside the file when it was opened */
	bool inside, spoiled; /* in a transaction of the store's user; something in it failed */
	int (*poll)(void *context); /* while it waits; NULL: nobody is asked */
	void *context;
	bool interrupted; /* poll() ended a waiting */
	int64_t waiting_since; /* ms */
	int64_t schema_version; /* of what is in tables */
	struct msp_table *tables;
	struct msp_bytes key; /* scratch */
	struct msp_statement kept[MSP_SQLITE_KEPT];
	uint64_t clock;
};

/* ---- sqlite.c */
sqlite3 *msp_sqlite_reader(struct msp_sqlite *q, struct msp_error *err);

/* ---- sqlite_statement.c */
int msp_sqlite_fail(struct msp_sqlite *q, sqlite3 *db, struct msp_error *err);
int msp_sqlite_memory(struct msp_error *err);
int msp_sqlite_run(struct msp_sqlite *q, const char *sql, struct msp_error *err) MSP_CHECKED;
/* Formats as sqlite3_mprintf(), and runs. */
int msp_sqlite_runf(struct msp_sqlite *q, struct msp_error *err, const char *fmt, ...) MSP_CHECKED;
/* A statement that nobody else uses, without values: one that was kept, or a new one. It is to be given back, before what was bound to it
 * goes, by msp_sqlite_release() (NULL is allowed), which returns what the last step did: SQLITE_OK or an error. */
int msp_sqlite_prepare(struct msp_sqlite *q, sqlite3 *db, const char *sql, sqlite3_stmt **out, struct msp_error *err) MSP_CHECKED;
int msp_sqlite_release(struct msp_sqlite *q, sqlite3_stmt *st);
/* Before db is closed: its statements are kept no longer. */
void msp_sqlite_let_go(struct msp_sqlite *q, const sqlite3 *db);
int msp_sqlite_int(struct msp_sqlite *q, const char *sql, int64_t *out, struct msp_error *err) MSP_CHECKED;
/* A transaction that writes, or a part of that of the store's user; end: commits if s is MSP_OK, else rolls back; returns what became of it. */
int msp_sqlite_begin(struct msp_sqlite *q, struct msp_error *err) MSP_CHECKED;
int msp_sqlite_end(struct msp_sqlite *q, int s, struct msp_error *err) MSP_CHECKED;
/* That of the store's user. */
int msp_sqlite_user_begin(struct msp_store *s, struct msp_error *err) MSP_CHECKED;
int msp_sqlite_user_end(struct msp_store *s, bool keep, struct msp_error *err);

/* ---- sqlite_function.c */
/* Gives SQL its functions; an error of SQLite's. */
int msp_sqlite_functions(sqlite3 *db) MSP_CHECKED;

/* ---- sqlite_table.c */
/* *out NULL: there is no such collection. */
int msp_table_find(struct msp_sqlite *q, const char *name, struct msp_table **out, struct msp_error *err) MSP_CHECKED;
/* Inside a transaction: makes it if it is not there. */
int msp_table_make(struct msp_sqlite *q, const char *name, struct msp_table **out, struct msp_error *err) MSP_CHECKED;
void msp_tables_forget(struct msp_sqlite *q);
int msp_sqlite_collections(struct msp_store *s, bson_t *out, struct msp_error *err) MSP_CHECKED;
int msp_sqlite_drop(struct msp_store *s, const char *c, struct msp_error *err) MSP_CHECKED;

/* ---- sqlite_index.c */
int msp_sqlite_index(struct msp_store *s, const char *c, const char *name, const bson_t *keys, unsigned flags, struct msp_error *err) MSP_CHECKED;
int msp_sqlite_indexes(struct msp_store *s, const char *c, bson_t *out, struct msp_error *err) MSP_CHECKED;
int msp_sqlite_index_drop(struct msp_store *s, const char *c, const char *name, struct msp_error *err) MSP_CHECKED;

/* ---- sqlite_write.c */
int msp_sqlite_put(struct msp_store *s, const char *c, const bson_t *const *docs, size_t n, bool replace, uint64_t *done,
                   struct msp_error *err) MSP_CHECKED;
/* One row, inside a transaction. *duplicate: it was refused because of a unique key, and the transaction is as it was. */
int msp_table_put(struct msp_sqlite *q, struct msp_table *t, const bson_t *doc, bool replace, bool *duplicate, struct msp_error *err) MSP_CHECKED;
/* Writes all rows' derived columns anew: after a column was added. */
int msp_table_refill(struct msp_sqlite *q, struct msp_table *t, struct msp_error *err) MSP_CHECKED;

/* Binds what a row of this document consists of to parameters of st: 1 _id, 2 _key, 3 _odd, 4 _doc, then columns, then unique keys. */
int msp_row_bind(struct msp_sqlite *q, const struct msp_table *t, sqlite3_stmt *st, const bson_t *doc, struct msp_error *err) MSP_CHECKED;
#define MSP_ROW_FIXED 4

/* ---- sqlite_check.c */
int msp_sqlite_check(struct msp_store *s, bool fix, msp_backend_found_fn *found, msp_poll_fn *poll, void *context, struct msp_error *err) MSP_CHECKED;

/* ---- sqlite_update.c */
int msp_sqlite_update(struct msp_store *s, const char *c, const bson_t *filter, const bson_t *update, unsigned flags,
                      struct msp_updated *out, struct msp_error *err) MSP_CHECKED;
int msp_sqlite_remove(struct msp_store *s, const char *c, const bson_t *filter, uint64_t *deleted, struct msp_error *err) MSP_CHECKED;

/* ---- sqlite_condition.c, sqlite_where.c */
/* A condition that no row fails whose document matches: SQL text, and the values of its ?NNN, numbered from 2 (?1 is this
 * struct). exact: nor does another pass it, so the filter need not be asked. */
struct msp_where {
	struct msp_bytes sql;
	struct msp_bytes *value; /* rank, then bytes to be bound */
	size_t values;
	bool exact;
	struct msp_filter *filter;
	const struct msp_part *part; /* NULL: all */
};
/* Appends the condition that is made of out's filter, for rows that are not odd; sets exact. *trivial: all of these pass. */
int msp_where_conditions(struct msp_where *out, const struct msp_table *t, bool *trivial) MSP_CHECKED;
/* t is in use in db; odd: it has rows that are. */
int msp_where_make(const struct msp_table *t, bool odd, const bson_t *filter, struct msp_where *out,
                  struct msp_error *err) MSP_CHECKED;
/* Only those of a part, too. */
int msp_where_part(struct msp_where *p, const struct msp_table *t, const struct msp_part *part, struct msp_error *err) MSP_CHECKED;
void msp_where_free(struct msp_where *p);
/* "SELECT what FROM t WHERE plan tail", or with what NULL "DELETE"; bound, ready to be stepped. p has to live as long. */
int msp_where_prepare(struct msp_sqlite *q, sqlite3 *db, const struct msp_table *t, const struct msp_where *p, const char *what,
                     const char *tail, sqlite3_stmt **out, struct msp_error *err) MSP_CHECKED;
int msp_table_odd(struct msp_sqlite *q, sqlite3 *db, const struct msp_table *t, bool *out, struct msp_error *err) MSP_CHECKED;
/* What is asked of a collection. */
struct msp_question {
	struct msp_table *table; /* NULL: there is no such collection */
	bool odd;                /* it has rows that are */
	struct msp_where where;  /* without a collection, only that the filter is one has been found */
};
/* out: zero; msp_where_free(&out->where), whatever comes. */
int msp_question_make(struct msp_sqlite *q, sqlite3 *db, const char *name, const bson_t *filter, const struct msp_part *part,
                      struct msp_question *out, struct msp_error *err) MSP_CHECKED;
/* "ORDER BY ..." for a sort document. */
int msp_where_order(const struct msp_table *t, bool odd, const bson_t *sort, struct msp_bytes *out, struct msp_error *err) MSP_CHECKED;
int msp_sql_text(struct msp_bytes *out, const char *text) MSP_CHECKED;
int msp_sql_quoted(struct msp_bytes *out, const char *text, char quote) MSP_CHECKED;
/* ---- sqlite_find.c */
int msp_sqlite_find(struct msp_store *s, const char *c, const struct msp_find *f, struct msp_cursor **out, struct msp_error *err) MSP_CHECKED;
/* find's statement: "ORDER BY ... LIMIT ..." with its NUL. */
int msp_sqlite_tail(const struct msp_table *t, bool odd, const struct msp_find *f, struct msp_bytes *tail, struct msp_error *err) MSP_CHECKED;
int msp_sqlite_next(struct msp_cursor *c, const bson_t **doc, struct msp_error *err) MSP_CHECKED;
void msp_sqlite_done(struct msp_cursor *c);
int msp_sqlite_count(struct msp_store *s, const char *c, const bson_t *filter, uint64_t *out, struct msp_error *err) MSP_CHECKED;
int msp_sqlite_distinct(struct msp_store *s, const char *c, const char *key, const bson_t *filter, bson_t *out, struct msp_error *err) MSP_CHECKED;
/* ---- sqlite_explain.c */
int msp_sqlite_explain(struct msp_store *s, const char *c, const struct msp_find *f, struct msp_bytes *out, struct msp_error *err) MSP_CHECKED;

#endif
