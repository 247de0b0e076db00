/* The file back end: opening, closing, transactions, messages. store/sqlite.h says how a store lies in its file. */
#include "store/sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Documents in a transaction. Ids are hashes: each goes to another page of its index, and the fewer times a page is written
 * for one of them, the better. */
#define BATCH 20000

/* ---- waiting ----------------------------------------------------------- */

static int64_t milliseconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Called when a lock is held by somebody else, n times before: 1 to try again. A signal ends the pause, or is noticed after it. Who has
 * waited long looks more often, so that others that write much do not always come first. */
static int busy(void *context, int n)
{
	static const long first_ms[] = {1, 2, 5, 10};
	struct msp_sqlite *q = context;
	struct timespec t = {0};
	int64_t waited;

	if (n == 0)
		q->waiting_since = milliseconds();
	waited = milliseconds() - q->waiting_since;
	if (q->poll && q->poll(q->context)) {
		q->interrupted = true;
		return 0;
	}
	if (waited > MSP_SQLITE_BUSY_MS)
		return 0;
	t.tv_nsec = (n < (int)(sizeof(first_ms) / sizeof(*first_ms)) ? first_ms[n] : waited < 5000 ? 20 : 5) * 1000000;
	(void)nanosleep(&t, NULL);
	return 1;
}

static int configure(struct msp_sqlite *q, sqlite3 *db, struct msp_error *err)
{
	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_handler(db, busy, q);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	return msp_sqlite_functions(db) == SQLITE_OK ? MSP_OK : msp_sqlite_fail(q, db, err);
}

/* ---- opening ----------------------------------------------------------- */

static int open_file(struct msp_sqlite *q, int flags, const char *extra, sqlite3 **out, struct msp_error *err)
{
	char *uri, *escaped = sqlite3_malloc64(3 * strlen(q->path) + 1), *to = escaped;
	int code, s;

	if (!escaped)
		return msp_sqlite_memory(err);
	for (const char *p = q->path; *p; p++) { /* what has a meaning in an URI */
		if (*p == '%' || *p == '?' || *p == '#') {
			sqlite3_snprintf(4, to, "%%%02x", (unsigned char)*p);
			to += 3;
		} else {
			*to++ = *p;
		}
	}
	*to = '\0';
	uri = sqlite3_mprintf("file:%s%s%s", q->path[0] == '/' && q->path[1] == '/' ? "//" : "", escaped, extra);
	sqlite3_free(escaped);
	if (!uri)
		return msp_sqlite_memory(err);
	code = sqlite3_open_v2(uri, out, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, NULL);
	sqlite3_free(uri);
	if (!*out)
		return msp_sqlite_memory(err);
	s = code == SQLITE_OK ? configure(q, *out, err) : msp_sqlite_fail(q, *out, err);
	if (s != MSP_OK) {
		sqlite3_close(*out);
		*out = NULL;
	}
	return s;
}

static int make_new(struct msp_sqlite *q, struct msp_error *err)
{
	int64_t application = 0, tables = 0;
	int s;

	/* Most of a store is samples, which then lie in a quarter of the pages. */
	(void)sqlite3_exec(q->db, "PRAGMA page_size = 16384", NULL, NULL, NULL);
	/* Where there can be no write-ahead log (no shared memory there), SQLite stays with its rollback journal. */
	(void)sqlite3_exec(q->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
	s = msp_sqlite_begin(q, err);
	if (s != MSP_OK)
		return s;
	s = msp_sqlite_int(q, "PRAGMA application_id", &application, err);
	if (s == MSP_OK && application == 0) /* nobody was faster */
		s = msp_sqlite_int(q, "SELECT count(*) FROM sqlite_schema", &tables, err);
	if (s == MSP_OK && tables > 0)
		s = msp_error_set(err, MSP_USAGE, "%s: not a store, but a database of something else", q->path);
	if (s == MSP_OK && application == 0)
		s = msp_sqlite_runf(q, err, "PRAGMA application_id = %d; PRAGMA user_version = %d;"
			"CREATE TABLE msp_indexes(collection TEXT NOT NULL, name TEXT NOT NULL, keys BLOB NOT NULL, is_unique INTEGER NOT NULL,"
			"PRIMARY KEY(collection, name)) WITHOUT ROWID", MSP_SQLITE_APPLICATION, MSP_SQLITE_FORMAT);
	return msp_sqlite_end(q, s, err);
}

static int check(struct msp_sqlite *q, unsigned flags, struct msp_error *err)
{
	int64_t application = 0, version = 0, tables = 0;
	/* In this order: somebody else may make the store at this moment, and what has tables then has its id before. */
	int s = msp_sqlite_int(q, "SELECT count(*) FROM sqlite_schema", &tables, err);

	if (s == MSP_OK)
		s = msp_sqlite_int(q, "PRAGMA application_id", &application, err);
	if (s == MSP_OK && application == 0 && tables == 0 && flags & MSP_STORE_CREATE) {
		s = make_new(q, err);
		application = MSP_SQLITE_APPLICATION;
	}
	if (s == MSP_OK && application != MSP_SQLITE_APPLICATION)
		return msp_error_set(err, MSP_USAGE, tables ? "%s: not a store, but a database of something else" : "%s: empty: not a store",
		                     q->path);
	if (s == MSP_OK)
		s = msp_sqlite_int(q, "PRAGMA user_version", &version, err);
	if (s == MSP_OK && version != MSP_SQLITE_FORMAT)
		return msp_error_set(err, MSP_USAGE, "%s: a store of format %lld; this program reads format %d", q->path, (long long)version,
		                     MSP_SQLITE_FORMAT);
	return s;
}

static int settle(struct msp_sqlite *q, struct msp_error *err)
{
	sqlite3_stmt *st;
	int s = msp_sqlite_prepare(q, q->db, "PRAGMA journal_mode", &st, err);

	if (s != MSP_OK)
		return s;
	q->wal = sqlite3_step(st) == SQLITE_ROW && sqlite3_stricmp((const char *)sqlite3_column_text(st, 0), "wal") == 0;
	if (msp_sqlite_release(q, st) != SQLITE_OK)
		return msp_sqlite_fail(q, q->db, err);
	/* With a log, what was committed survives any crash of the program, and the disk is waited for when the store is closed. */
	return msp_sqlite_run(q, q->wal ? "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 2000; PRAGMA cache_size = -32000"
	                             : "PRAGMA synchronous = FULL; PRAGMA cache_size = -32000", err);
}

/* A store with a log, in a directory that cannot be written, cannot be read the usual way; if there is no log now, as it is. */
static int open_unchanging(struct msp_sqlite *q, struct msp_error *err)
{
	char *log = sqlite3_mprintf("%s-wal", q->path);
	struct stat st;
	bool none = log && stat(log, &st) != 0 && errno == ENOENT;

	sqlite3_free(log);
	if (!none)
		return msp_error_set(err, MSP_FAIL, "%s: its log lies beside it (somebody writes to it, or was killed), and is of use only where it can be written",
		                     q->path);
	msp_sqlite_let_go(q, q->db);
	sqlite3_close(q->db);
	q->db = NULL;
	return open_file(q, SQLITE_OPEN_READONLY, "?immutable=1", &q->db, err);
}

/* A file in the directory of the store that is gone when it is closed; -1 if there can be none. The store's own file is not opened for
 * this: closing it would let go every lock that this process has on it. */
static int open_beside(const char *path)
{
	const char *slash = strrchr(path, '/');
	char *name = sqlite3_mprintf("%.*s", slash ? (int)(slash + 1 - path) : 2, slash ? path : "./");
	int fd = name ? open(name, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600) : -1;

	sqlite3_free(name);
	if (fd >= 0)
		return fd;
	name = sqlite3_mprintf("%s-lock-XXXXXX", path);
	fd = name ? mkostemp(name, O_CLOEXEC) : -1;
	if (fd >= 0)
		(void)unlink(name);
	sqlite3_free(name);
	return fd;
}

/* SQLite takes a file system without locks for one where somebody else holds them, and waits. */
static int check_locks(struct msp_sqlite *q, struct msp_error *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	int fd = open_beside(q->path), s = MSP_OK;

	if (fd < 0)
		return MSP_OK; /* SQLite will say why, if it needs to write there too */
	if (fcntl(fd, F_SETLK, &lock) != 0 && (errno == ENOLCK || errno == ENOSYS || errno == EOPNOTSUPP || errno == EINVAL))
		s = msp_error_set(err, MSP_FAIL, "%s: its file system has no locks", q->path);
	close(fd);
	return s;
}

/* The clock of whoever keeps the files: one for all hosts that share them. */
static bool file_clock(struct msp_store *store, double *now)
{
	struct msp_sqlite *q = (struct msp_sqlite *)store;
	int fd = open_beside(q->path);
	struct stat st;
	bool ok = fd >= 0 && futimens(fd, NULL) == 0 && fstat(fd, &st) == 0;

	if (ok)
		*now = (double)st.st_mtim.tv_sec + (double)st.st_mtim.tv_nsec / 1e9;
	if (fd >= 0)
		close(fd);
	return ok;
}

/* So that what stands in the way of a new file is said: SQLite would say something of an attempt to read it. */
static int create_file(struct msp_sqlite *q, struct msp_error *err)
{
	int fd = open(q->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0 && errno != EEXIST)
		return msp_error_errno(err, MSP_FAIL, "%s", q->path);
	if (fd >= 0)
		close(fd);
	return MSP_OK;
}

/* Of a file beside the store's; 0 if there is none. */
static int64_t size_beside(const struct msp_sqlite *q, const char *suffix)
{
	char *path = sqlite3_mprintf("%s%s", q->path, suffix);
	struct stat st;
	int64_t size = path && stat(path, &st) == 0 ? st.st_size : 0;

	sqlite3_free(path);
	return size;
}

static int open_store(struct msp_sqlite *q, unsigned flags, struct msp_error *err)
{
	bool writes = flags & (MSP_STORE_WRITE | MSP_STORE_CREATE);
	int s, code;
	struct stat st;

	if (stat(q->path, &st) != 0) {
		if (errno != ENOENT || !(flags & MSP_STORE_CREATE))
			return msp_error_errno(err, MSP_FAIL, "%s", q->path);
		s = create_file(q, err);
		if (s != MSP_OK)
			return s;
	} else if (!S_ISREG(st.st_mode)) {
		return msp_error_set(err, MSP_USAGE, "%s: not a store: not a file", q->path);
	} else if (access(q->path, writes ? R_OK | W_OK : R_OK) != 0) {
		return msp_error_errno(err, MSP_FAIL, "%s", q->path);
	}
	q->journal = size_beside(q, "-journal");
	q->log = size_beside(q, "-wal");
	s = check_locks(q, err);
	if (s == MSP_OK)
		s = open_file(q, SQLITE_OPEN_READWRITE, "", &q->db, err); /* read-only, the last reader would leave the log's files behind */
	if (s != MSP_OK)
		return s;
	s = check(q, flags, err);
	code = sqlite3_errcode(q->db) & 0xff;
	if (s == MSP_FAIL && !writes && (code == SQLITE_CANTOPEN || code == SQLITE_READONLY)) {
		s = open_unchanging(q, err);
		if (s == MSP_OK)
			s = check(q, flags, err);
	}
	if (s == MSP_OK)
		s = settle(q, err);
	return s == MSP_OK && !writes ? msp_sqlite_run(q, "PRAGMA query_only = 1", err) : s;
}

sqlite3 *msp_sqlite_reader(struct msp_sqlite *q, struct msp_error *err)
{
	if (!q->wal || !q->store.writable)
		return q->db;
	if (!q->reader && open_file(q, SQLITE_OPEN_READWRITE, "", &q->reader, err) != MSP_OK)
		return NULL;
	return q->reader;
}

/* ---- closing ----------------------------------------------------------- */

static int sync_file(struct msp_sqlite *q, const char *suffix, struct msp_error *err)
{
	char *path = sqlite3_mprintf("%s%s", q->path, suffix);
	int fd, s = MSP_OK;

	if (!path)
		return msp_sqlite_memory(err);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
			s = msp_error_errno(err, MSP_FAIL, "%s", path);
		close(fd);
	} else if (errno != ENOENT) {
		s = msp_error_errno(err, MSP_FAIL, "%s", path);
	}
	sqlite3_free(path);
	return s;
}

static int close_store(struct msp_store *store, struct msp_error *err)
{
	struct msp_sqlite *q = (struct msp_sqlite *)store;
	int s = MSP_OK;

	(void)msp_sqlite_user_end(store, false, NULL);
	msp_tables_forget(q);
	msp_sqlite_let_go(q, q->db);
	msp_sqlite_let_go(q, q->reader);
	sqlite3_close(q->reader);
	if (q->db && q->wal && q->wrote) {
		s = sync_file(q, "-wal", err);
		/* Moves the log into the file; others that are reading may stand in the way, and then they do it. */
		if (s == MSP_OK && sqlite3_wal_checkpoint_v2(q->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) != SQLITE_OK &&
		    (sqlite3_errcode(q->db) & 0xff) != SQLITE_BUSY && (sqlite3_errcode(q->db) & 0xff) != SQLITE_LOCKED)
			s = msp_sqlite_fail(q, q->db, err);
	}
	sqlite3_close(q->db);
	free(q->path);
	msp_bytes_free(&q->key);
	return s;
}

static const struct msp_backend backend = {
	.version = MSP_BACKEND_VERSION, .batch = BATCH, .close = close_store, .collections = msp_sqlite_collections, .find = msp_sqlite_find,
	.next = msp_sqlite_next, .done = msp_sqlite_done, .explain = msp_sqlite_explain, .count = msp_sqlite_count, .distinct = msp_sqlite_distinct,
	.put = msp_sqlite_put, .update = msp_sqlite_update, .remove = msp_sqlite_remove, .drop = msp_sqlite_drop,
	.index = msp_sqlite_index, .indexes = msp_sqlite_indexes, .index_drop = msp_sqlite_index_drop, .check = msp_sqlite_check,
	.clock = file_clock, .begin = msp_sqlite_user_begin, .end = msp_sqlite_user_end,
};

int msp_sqlite_open(const char *path, unsigned flags, int (*poll)(void *context), void *context, struct msp_store **out, struct msp_error *err)
{
	struct msp_sqlite *q = calloc(1, sizeof(*q));
	int s;

	*out = NULL;
	if (!q || !(q->path = strdup(path))) {
		free(q);
		return msp_sqlite_memory(err);
	}
	q->store.backend = &backend;
	q->store.writable = flags & (MSP_STORE_WRITE | MSP_STORE_CREATE);
	q->schema_version = -1;
	q->poll = poll;
	q->context = context;
	s = open_store(q, flags, err);
	if (s != MSP_OK) {
		(void)close_store(&q->store, NULL);
		free(q);
		return s;
	}
	*out = &q->store;
	return MSP_OK;
}
