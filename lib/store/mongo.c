/* The back end for MongoDB servers, on libmongoc: a module of its own, loaded when a mongodb:// store is opened. One client a store.
 * GridFS is not libmongoc's: lib/store/files.c makes it of ordinary writes. */
#include "store/mongo.h"

#include "store/order.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRIES 4          /* of what may be repeated without harm */
#define FIRST_WAIT_MS 100 /* then twice that, and so on */
#define DUPLICATE_KEY 11000
#define SELECTION_MS 4000 /* for a server that is not there, unless the URI says otherwise */

/* Visible: dlsym() looks for it. */
MSP_API msp_mongo_open_fn msp_mongo_open;

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

/* ---- errors ------------------------------------------------------------ */

static int fail(const struct mongo *m, const bson_error_t *e, struct msp_error *err)
{
	if (e->domain == MONGOC_ERROR_SERVER_SELECTION)
		return msp_error_set(err, MSP_FAIL, "%s: no server answers: %s", m->name, e->message);
	if (e->domain == MONGOC_ERROR_CLIENT && e->code == MONGOC_ERROR_CLIENT_AUTHENTICATE)
		return msp_error_set(err, MSP_FAIL, "%s: user and password are refused", m->name);
	/* BadValue, FailedToParse, TypeMismatch, and what is wrong with a regular expression: what was asked cannot be */
	if (e->domain == MONGOC_ERROR_SERVER &&
	    (e->code == 2 || e->code == 9 || e->code == 14 || e->code == 51091 || e->code == 51108 || e->code == 51075))
		return msp_error_set(err, MSP_USAGE, "%s: %s", m->name, e->message);
	return msp_error_set(err, MSP_FAIL, "%s: %s", m->name, e->message);
}

/* The server or the way to it failed, not what was asked of it. */
static bool transient(const bson_error_t *e, const bson_t *reply)
{
	if (e->domain == MONGOC_ERROR_STREAM || (e->domain == MONGOC_ERROR_SERVER_SELECTION && e->code != MONGOC_ERROR_CLIENT_AUTHENTICATE))
		return true;
	return reply && (mongoc_error_has_label(reply, "RetryableWriteError") || mongoc_error_has_label(reply, "TransientTransactionError"));
}

/* Waits before try number n; false if there is none. */
static bool again(int n)
{
	struct timespec t;
	long ms = (long)FIRST_WAIT_MS << n;

	if (n + 1 >= TRIES)
		return false;
	t.tv_sec = ms / 1000;
	t.tv_nsec = ms % 1000 * 1000000;
	(void)nanosleep(&t, NULL);
	return true;
}

/* What is written is acknowledged when it is in the server's journal (j: true, unless the URI decides it): else a server that is killed and
 * comes back has lost samples, or a history, that documents written after that refer to. */
static mongoc_collection_t *collection(struct mongo *m, const char *c)
{
	mongoc_collection_t *to = mongoc_database_get_collection(m->db, c);
	const mongoc_write_concern_t *as = mongoc_collection_get_write_concern(to);
	mongoc_write_concern_t *concern;

	if (as && mongoc_write_concern_journal_is_set(as))
		return to;
	concern = as ? mongoc_write_concern_copy(as) : mongoc_write_concern_new();
	mongoc_write_concern_set_journal(concern, true);
	mongoc_collection_set_write_concern(to, concern);
	mongoc_write_concern_destroy(concern);
	return to;
}

static const bson_t *or_all(const bson_t *filter, bson_t *empty)
{
	bson_init(empty); /* nothing to be freed */
	return filter ? filter : empty;
}

/* ---- opening ----------------------------------------------------------- */

static int close_store(struct msp_store *s, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;

	(void)err; /* every write has been acknowledged */
	if (m->db)
		mongoc_database_destroy(m->db);
	if (m->client)
		mongoc_client_destroy(m->client);
	free(m->name);
	return MSP_OK;
}

static void set_default(mongoc_uri_t *uri, const char *option, int32_t value)
{
	if (mongoc_uri_get_option_as_int32(uri, option, -1) < 0)
		mongoc_uri_set_option_as_int32(uri, option, value);
}

static int ping(struct mongo *m, struct msp_error *err)
{
	bson_t command = BSON_INITIALIZER, reply;
	bson_error_t e;
	bool ok;

	BSON_APPEND_INT32(&command, "ping", 1);
	ok = mongoc_client_command_simple(m->client, mongoc_database_get_name(m->db), &command, NULL, &reply, &e);
	bson_destroy(&reply);
	bson_destroy(&command);
	return ok ? MSP_OK : fail(m, &e, err);
}

/* One @ at most, after user and password: with another, or after a / or ?, libmongoc would take a part of the password for a host, and
 * say it in its messages. */
static bool ambiguous(const char *text)
{
	const char *p = strstr(text, "://"), *at;

	p = p ? p + 3 : text;
	at = strrchr(p, '@');
	return at && (strchr(p, '@') != at || p + strcspn(p, "/?") < at);
}

static int connect_to(struct mongo *m, const char *text, struct msp_error *err)
{
	mongoc_uri_t *uri = ambiguous(text) ? NULL : mongoc_uri_new_with_error(text, NULL);
	const mongoc_write_concern_t *concern;
	const char *database;
	int s = MSP_OK;

	if (!uri) /* why is not said: it may be a part of the password that was taken for a host */
		return msp_error_set(err, MSP_USAGE, "%s: not a MongoDB URI (in user and password : / ? # [ ] @ and %% have to be %%-encoded)", m->name);
	database = mongoc_uri_get_database(uri);
	concern = mongoc_uri_get_write_concern(uri);
	if (!database || !*database)
		s = msp_error_set(err, MSP_USAGE, "%s: no database (mongodb://host/DATABASE)", m->name);
	else if (concern && !mongoc_write_concern_is_acknowledged(concern))
		s = msp_error_set(err, MSP_USAGE, "%s: w=0: writes that nobody acknowledges are not made", m->name);
	if (s == MSP_OK) {
		/* tryOnce would give up at the first refusal, also just after a failure that is over */
		mongoc_uri_set_option_as_bool(uri, MONGOC_URI_SERVERSELECTIONTRYONCE, false);
		set_default(uri, MONGOC_URI_SERVERSELECTIONTIMEOUTMS, SELECTION_MS);
		set_default(uri, MONGOC_URI_CONNECTTIMEOUTMS, SELECTION_MS / 2);
		m->client = mongoc_client_new_from_uri(uri);
		if (!m->client)
			s = msp_error_set(err, MSP_USAGE, "%s: not a MongoDB URI that can be used here", m->name);
	}
	if (s == MSP_OK) {
		mongoc_client_set_error_api(m->client, MONGOC_ERROR_API_VERSION_2);
		mongoc_client_set_appname(m->client, "mspipe");
		m->db = mongoc_client_get_database(m->client, database);
		s = ping(m, err);
	}
	mongoc_uri_destroy(uri);
	return s;
}

static bool server_clock(struct msp_store *s, double *now)
{
	static const char *const hello[] = {"hello", "isMaster"}; /* the second for servers before 4.4.2 */
	struct mongo *m = (struct mongo *)s;
	bool ok = false;

	for (size_t i = 0; !ok && i < sizeof(hello) / sizeof(*hello); i++) {
		bson_t command = BSON_INITIALIZER, reply;
		bson_iter_t it;

		BSON_APPEND_INT32(&command, hello[i], 1);
		ok = mongoc_client_command_simple(m->client, mongoc_database_get_name(m->db), &command, NULL, &reply, NULL) &&
		     bson_iter_init_find(&it, &reply, "localTime") && BSON_ITER_HOLDS_DATE_TIME(&it);
		if (ok)
			*now = (double)bson_iter_date_time(&it) / 1e3;
		bson_destroy(&reply);
		bson_destroy(&command);
	}
	return ok;
}

/* ---- reading ----------------------------------------------------------- */

struct cursor {
	struct msp_cursor base;
	mongoc_collection_t *from;
	mongoc_cursor_t *cursor;
};

static int collections(struct msp_store *s, bson_t *out, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	bson_error_t e;
	char **names = mongoc_database_get_collection_names_with_opts(m->db, NULL, &e), buf[16];
	const char *key;
	uint32_t n = 0;

	if (!names)
		return fail(m, &e, err);
	for (char **p = names; *p; p++) {
		size_t len;

		if (strncmp(*p, "system.", 7) == 0)
			continue;
		len = bson_uint32_to_string(n++, &key, buf, sizeof(buf));
		bson_append_utf8(out, key, (int)len, *p, -1);
	}
	bson_strfreev(names);
	return MSP_OK;
}

static int find(struct msp_store *s, const char *c, const struct msp_find *f, struct msp_cursor **out, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	struct cursor *k = calloc(1, sizeof(*k));
	bson_t opts = BSON_INITIALIZER, empty;
	bson_error_t e;

	if (!k)
		return memory(err);
	if (f->projection)
		BSON_APPEND_DOCUMENT(&opts, "projection", f->projection);
	if (f->sort)
		BSON_APPEND_DOCUMENT(&opts, "sort", f->sort);
	if (f->limit)
		BSON_APPEND_INT64(&opts, "limit", f->limit > INT64_MAX ? INT64_MAX : (int64_t)f->limit);
	BSON_APPEND_INT32(&opts, "batchSize", f->batch > INT32_MAX ? INT32_MAX : (int32_t)f->batch);
	k->base.store = s;
	k->from = collection(m, c);
	k->cursor = mongoc_collection_find_with_opts(k->from, or_all(f->filter, &empty), &opts, NULL);
	bson_destroy(&opts);
	if (mongoc_cursor_error(k->cursor, &e)) {
		fail(m, &e, err);
		s->backend->done(&k->base);
		return MSP_USAGE;
	}
	*out = &k->base;
	return MSP_OK;
}

static int next(struct msp_cursor *c, const bson_t **doc, struct msp_error *err)
{
	struct cursor *k = (struct cursor *)c;
	bson_error_t e;

	if (mongoc_cursor_next(k->cursor, doc))
		return 1;
	return mongoc_cursor_error(k->cursor, &e) ? fail((struct mongo *)c->store, &e, err) : 0;
}

static void done(struct msp_cursor *c)
{
	struct cursor *k = (struct cursor *)c;

	mongoc_cursor_destroy(k->cursor);
	mongoc_collection_destroy(k->from);
	free(k);
}

static int count(struct msp_store *s, const char *c, const bson_t *filter, uint64_t *out, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	mongoc_collection_t *from = collection(m, c);
	bson_error_t e;
	bson_t empty, reply;
	int64_t n = -1;

	for (int try = 0; n < 0; try++) {
		bool repeat;

		n = mongoc_collection_count_documents(from, or_all(filter, &empty), NULL, NULL, &reply, &e);
		repeat = n < 0 && transient(&e, &reply);
		bson_destroy(&reply);
		if (n < 0 && !(repeat && again(try)))
			break;
	}
	mongoc_collection_destroy(from);
	if (n < 0)
		return fail(m, &e, err);
	*out = (uint64_t)n;
	return MSP_OK;
}

static int distinct(struct msp_store *s, const char *c, const char *key, const bson_t *filter, bson_t *out, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	bson_t command = BSON_INITIALIZER, reply;
	bson_error_t e;
	bson_iter_t it, value;
	uint32_t n = 0;
	int r = MSP_OK;

	BSON_APPEND_UTF8(&command, "distinct", c);
	BSON_APPEND_UTF8(&command, "key", key);
	if (filter)
		BSON_APPEND_DOCUMENT(&command, "query", filter);
	if (!mongoc_database_read_command_with_opts(m->db, &command, NULL, NULL, &reply, &e))
		r = fail(m, &e, err);
	else if (bson_iter_init_find(&it, &reply, "values") && bson_iter_recurse(&it, &value))
		while (r == MSP_OK && bson_iter_next(&value))
			r = msp_array_add(out, &n, &value) ? MSP_OK : memory(err);
	bson_destroy(&reply);
	bson_destroy(&command);
	return r;
}

/* ---- writing ----------------------------------------------------------- */

static uint64_t number_of(const bson_t *reply, const char *key)
{
	bson_iter_t it;
	int64_t n = bson_iter_init_find(&it, reply, key) && BSON_ITER_HOLDS_NUMBER(&it) ? bson_iter_as_int64(&it) : 0;

	return n > 0 ? (uint64_t)n : 0;
}

/* Where an ordered bulk stopped: the index of its first write error. */
static bool first_error(const bson_t *reply, uint64_t *index)
{
	bson_iter_t it, list, one;

	if (!bson_iter_init_find(&it, reply, "writeErrors") || !bson_iter_recurse(&it, &list) || !bson_iter_next(&list) ||
	    !bson_iter_recurse(&list, &one) || !bson_iter_find(&one, "index") || !BSON_ITER_HOLDS_NUMBER(&one))
		return false;
	*index = (uint64_t)bson_iter_as_int64(&one);
	return true;
}

static bool add_write(mongoc_bulk_operation_t *bulk, const bson_t *doc, bool replace, bson_error_t *e)
{
	bson_t by = BSON_INITIALIZER, opts = BSON_INITIALIZER;
	bson_iter_t id;
	bool ok;

	BSON_APPEND_BOOL(&opts, "validate", false); /* lib/store/store.c has done it; libmongoc refuses more than a server does */
	if (replace) {
		ok = bson_iter_init_find(&id, doc, "_id") && bson_append_iter(&by, "_id", 3, &id) && BSON_APPEND_BOOL(&opts, "upsert", true) &&
		     mongoc_bulk_operation_replace_one_with_opts(bulk, &by, doc, &opts, e);
	} else {
		ok = mongoc_bulk_operation_insert_with_opts(bulk, doc, &opts, e);
	}
	bson_destroy(&by);
	bson_destroy(&opts);
	return ok;
}

/* One bulk of the documents from *at on. *at: how far it came. */
static int write_once(struct mongo *m, const char *c, const bson_t *const *docs, size_t n, bool replace, uint64_t *at, bool *repeat,
                      struct msp_error *err)
{
	mongoc_collection_t *to = collection(m, c);
	bson_t opts = BSON_INITIALIZER, reply;
	mongoc_bulk_operation_t *bulk;
	bson_error_t e;
	bool ok = true;
	uint64_t index = 0;
	int r = MSP_OK;

	BSON_APPEND_BOOL(&opts, "ordered", true);
	bulk = mongoc_collection_create_bulk_operation_with_opts(to, &opts);
	for (size_t i = (size_t)*at; ok && i < n; i++)
		ok = add_write(bulk, docs[i], replace, &e);
	if (!ok) {
		r = fail(m, &e, err);
	} else {
		ok = mongoc_bulk_operation_execute(bulk, &reply, &e) != 0;
		if (ok) {
			*at = n;
		} else {
			*repeat = transient(&e, &reply);
			if (first_error(&reply, &index)) {
				*at += index;
				/* two that insert the same _id at once: the one that came second finds it, and replaces it */
				*repeat = replace && e.code == DUPLICATE_KEY;
			}
			r = fail(m, &e, err);
		}
		bson_destroy(&reply);
	}
	mongoc_bulk_operation_destroy(bulk);
	mongoc_collection_destroy(to);
	bson_destroy(&opts);
	return r;
}

static int put(struct msp_store *s, const char *c, const bson_t *const *docs, size_t n, bool replace, uint64_t *stored, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	int r;

	*stored = 0;
	for (int try = 0;; try++) {
		bool repeat = false;

		/* An insert whose answer was lost may be there: again, it would contradict itself. By _id it does no harm. */
		r = write_once(m, c, docs, n, replace || try > 0, stored, &repeat, err);
		if (r == MSP_OK || !repeat || !replace || !again(try))
			return r;
	}
}

/* Twice is as once: what it sets does not depend on what is there, and it inserts at most the _id that it names. */
static bool repeatable(const bson_t *filter, const bson_t *change, unsigned flags)
{
	bson_iter_t it;
	bool ok = bson_iter_init(&it, change) && (!(flags & MSP_UPDATE_UPSERT) || bson_has_field(filter, "_id"));

	while (ok && bson_iter_next(&it))
		ok = strcmp(bson_iter_key(&it), "$set") == 0 || strcmp(bson_iter_key(&it), "$unset") == 0 ||
		     strcmp(bson_iter_key(&it), "$setOnInsert") == 0;
	/* one of several that match might be another one the second time */
	return ok && (!(flags & MSP_UPDATE_ONE) || bson_has_field(filter, "_id"));
}

static int update(struct msp_store *s, const char *c, const bson_t *filter, const bson_t *change, unsigned flags, struct msp_updated *out,
                  struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	mongoc_collection_t *in = collection(m, c);
	bson_t opts = BSON_INITIALIZER, empty;
	bson_error_t e;
	bson_iter_t id;
	bool ok = false;

	if (flags & MSP_UPDATE_UPSERT)
		BSON_APPEND_BOOL(&opts, "upsert", true);
	filter = or_all(filter, &empty);
	for (int try = 0; !ok; try++) {
		bson_t reply;
		bool repeat;

		ok = flags & MSP_UPDATE_ONE ? mongoc_collection_update_one(in, filter, change, &opts, &reply, &e)
		                            : mongoc_collection_update_many(in, filter, change, &opts, &reply, &e);
		if (ok) {
			out->matched = number_of(&reply, "matchedCount");
			out->modified = number_of(&reply, "modifiedCount");
			out->inserted = bson_iter_init_find(&id, &reply, "upsertedId");
		}
		repeat = !ok && (transient(&e, &reply) || e.code == DUPLICATE_KEY) && repeatable(filter, change, flags);
		bson_destroy(&reply);
		if (!ok && !(repeat && again(try)))
			break;
	}
	bson_destroy(&opts);
	mongoc_collection_destroy(in);
	return ok ? MSP_OK : fail(m, &e, err);
}

static int remove_all(struct msp_store *s, const char *c, const bson_t *filter, uint64_t *deleted, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	mongoc_collection_t *from = collection(m, c);
	bson_error_t e;
	bool ok = false;

	for (int try = 0; !ok; try++) {
		bson_t reply, empty;
		bool repeat;

		ok = mongoc_collection_delete_many(from, or_all(filter, &empty), NULL, &reply, &e);
		*deleted += number_of(&reply, "deletedCount");
		repeat = !ok && transient(&e, &reply);
		bson_destroy(&reply);
		if (!ok && !(repeat && again(try)))
			break;
	}
	mongoc_collection_destroy(from);
	return ok ? MSP_OK : fail(m, &e, err);
}

static int drop(struct msp_store *s, const char *c, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	mongoc_collection_t *from = collection(m, c);
	bson_error_t e;
	bool ok = mongoc_collection_drop_with_opts(from, NULL, &e);

	mongoc_collection_destroy(from);
	return ok || e.code == 26 || strstr(e.message, "ns not found") ? MSP_OK : fail(m, &e, err);
}

/* ---- indexes ----------------------------------------------------------- */

static int make_index(struct msp_store *s, const char *c, const char *name, const bson_t *keys, unsigned flags, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	bson_t *command;
	bson_error_t e;
	bool ok = false;

	command = BCON_NEW("createIndexes", BCON_UTF8(c), "indexes", "[", "{", "key", BCON_DOCUMENT(keys), "name", BCON_UTF8(name), "}", "]");
	if (flags & MSP_INDEX_UNIQUE) {
		bson_destroy(command);
		command = BCON_NEW("createIndexes", BCON_UTF8(c), "indexes", "[", "{", "key", BCON_DOCUMENT(keys), "name", BCON_UTF8(name),
		                   "unique", BCON_BOOL(true), "}", "]");
	}
	for (int try = 0; !ok; try++) {
		bson_t reply;
		bool repeat;

		ok = mongoc_database_write_command_with_opts(m->db, command, NULL, &reply, &e);
		repeat = !ok && transient(&e, &reply);
		bson_destroy(&reply);
		if (!ok && !(repeat && again(try)))
			break;
	}
	bson_destroy(command);
	return ok ? MSP_OK : fail(m, &e, err);
}

static void describe(const bson_t *index, bson_t *out)
{
	bson_iter_t it;

	if (bson_iter_init_find(&it, index, "name"))
		bson_append_iter(out, "name", 4, &it);
	if (bson_iter_init_find(&it, index, "key"))
		bson_append_iter(out, "key", 3, &it);
	if (bson_iter_init_find(&it, index, "unique") && bson_iter_as_bool(&it))
		BSON_APPEND_BOOL(out, "unique", true);
}

static int indexes(struct msp_store *s, const char *c, bson_t *out, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	mongoc_collection_t *of = collection(m, c);
	mongoc_cursor_t *cursor = mongoc_collection_find_indexes_with_opts(of, NULL);
	const bson_t *doc;
	bson_error_t e = {0};
	uint32_t n = 0;
	int r = MSP_OK;

	while (mongoc_cursor_next(cursor, &doc)) {
		bson_iter_t it;
		bson_t one;
		char buf[16];
		const char *key;
		size_t len;

		if (bson_iter_init_find(&it, doc, "name") && BSON_ITER_HOLDS_UTF8(&it) && strcmp(bson_iter_utf8(&it, NULL), "_id_") == 0)
			continue;
		len = bson_uint32_to_string(n++, &key, buf, sizeof(buf));
		bson_append_document_begin(out, key, (int)len, &one);
		describe(doc, &one);
		bson_append_document_end(out, &one);
	}
	if (mongoc_cursor_error(cursor, &e) && e.code != 26) /* 26: there is no such collection */
		r = fail(m, &e, err);
	mongoc_cursor_destroy(cursor);
	mongoc_collection_destroy(of);
	return r;
}

static int index_drop(struct msp_store *s, const char *c, const char *name, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	mongoc_collection_t *of = collection(m, c);
	bson_error_t e;
	bool ok = mongoc_collection_drop_index(of, name, &e);

	mongoc_collection_destroy(of);
	if (ok)
		return MSP_OK;
	fail(m, &e, err);
	return e.code == 26 || e.code == 27 || e.domain == MONGOC_ERROR_SERVER ? msp_error_set(err, MSP_USAGE, "%s: %s has no index %s", m->name, c, name) : MSP_FAIL;
}

static const struct msp_backend backend = {
	.version = MSP_BACKEND_VERSION, .batch = MSP_STORE_BATCH, .remote = true, .explain = msp_mongo_explain, .close = close_store, .collections = collections, .find = find, .next = next, .done = done,
	.count = count, .distinct = distinct, .put = put, .update = update, .remove = remove_all, .drop = drop, .index = make_index,
	.indexes = indexes, .index_drop = index_drop, .clock = server_clock,
};

int msp_mongo_open(const char *uri, const char *name, struct msp_store **out, struct msp_error *err)
{
	struct mongo *m = calloc(1, sizeof(*m));
	int s;

	*out = NULL;
	if (!m || !(m->name = strdup(name))) {
		free(m);
		return memory(err);
	}
	mongoc_log_set_handler(NULL, NULL); /* it would print */
	mongoc_init();
	m->store.backend = &backend;
	s = connect_to(m, uri, err);
	if (s != MSP_OK) {
		(void)close_store(&m->store, NULL);
		free(m);
		return s;
	}
	*out = &m->store;
	return MSP_OK;
}
