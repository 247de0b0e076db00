/* The back end for MongoDB servers, on libmongoc: a module of its own, loaded when a mongodb:// store is opened. One client a store.
 * GridFS is not libmongoc's: lib/store/files_put.c makes it of ordinary writes. */
#include "store/mongo.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TRIES 4          /* of what may be repeated without harm */
#define FIRST_WAIT_MS 100 /* then twice that, and so on */
#define SELECTION_MS 4000 /* for a server that is not there, unless the URI says otherwise */

/* Visible: dlsym() looks for it. */
MSP_API msp_mongo_open_fn msp_mongo_open;

int msp_mongo_memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

/* ---- errors ------------------------------------------------------------ */

int msp_mongo_fail(const struct mongo *m, const bson_error_t *e, struct msp_error *err)
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
bool msp_mongo_transient(const bson_error_t *e, const bson_t *reply)
{
	if (e->domain == MONGOC_ERROR_STREAM || (e->domain == MONGOC_ERROR_SERVER_SELECTION && e->code != MONGOC_ERROR_CLIENT_AUTHENTICATE))
		return true;
	return reply && (mongoc_error_has_label(reply, "RetryableWriteError") || mongoc_error_has_label(reply, "TransientTransactionError"));
}

/* Waits before try number n; false if there is none. */
bool msp_mongo_again(int n)
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
mongoc_collection_t *msp_mongo_collection(struct mongo *m, const char *c)
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

const bson_t *msp_mongo_filter(const bson_t *filter, bson_t *empty)
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
	for (int i = 0; i < MONGO_MET; i++)
		free(m->met[i]);
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
	return ok ? MSP_OK : msp_mongo_fail(m, &e, err);
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

static const struct msp_backend backend = {
	.version = MSP_BACKEND_VERSION, .batch = MSP_STORE_BATCH, .remote = true, .close = close_store, .collections = msp_mongo_collections,
	.find = msp_mongo_find, .next = msp_mongo_next, .done = msp_mongo_done, .explain = msp_mongo_explain, .count = msp_mongo_count,
	.distinct = msp_mongo_distinct, .put = msp_mongo_put, .update = msp_mongo_update, .remove = msp_mongo_remove, .drop = msp_mongo_drop,
	.index = msp_mongo_index, .indexes = msp_mongo_indexes, .index_drop = msp_mongo_index_drop,
	.clock = server_clock,
};

int msp_mongo_open(const char *uri, const char *name, struct msp_store **out, struct msp_error *err)
{
	struct mongo *m = calloc(1, sizeof(*m));
	int s;

	*out = NULL;
	if (!m || !(m->name = strdup(name))) {
		free(m);
		return msp_mongo_memory(err);
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
