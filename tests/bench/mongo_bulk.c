/* mongo_bulk URI N - what the store costs over libmongoc: N documents as of wf_TimeSeries, put into a collection of a MongoDB server by
 * msp_store_upsert(), and into another by a loop of bulk inserts; then, being there, put again, by the store and by a loop of bulk replacements
 * with upsert. 1000 documents a round trip, in turn, with the same write concern. Prints "seconds of the store, of the loop, of the store
 * again, of the loop again". The collections are removed. */
#include "bench.h"
#include "wfdocument.h"

#include "mspipe/store.h"

#include <mongoc/mongoc.h>
#include <stdlib.h>

#define BULK MSP_STORE_BATCH

static struct msp_error err;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "mongo_bulk: %s: %s\n", what, why);
	exit(1);
}

static double by_store(struct msp_store *s, const bson_t *const *doc, size_t n)
{
	double t = wall_time();

	if (msp_store_upsert(s, "by_store", doc, n, NULL, &err) != MSP_OK)
		die("the store", err.text);
	return wall_time() - t;
}

static double by_loop(mongoc_collection_t *c, const bson_t *const *doc, size_t n, bool replace)
{
	double t = wall_time();
	mongoc_bulk_operation_t *bulk = mongoc_collection_create_bulk_operation_with_opts(c, NULL);
	bson_t opts = BSON_INITIALIZER, reply;
	bson_error_t e;

	if (replace)
		BSON_APPEND_BOOL(&opts, "upsert", true);
	for (size_t i = 0; i < n; i++) {
		bson_t by = BSON_INITIALIZER;
		bson_iter_t id;

		if (!replace) {
			if (!mongoc_bulk_operation_insert_with_opts(bulk, doc[i], NULL, &e))
				die("a document", e.message);
			continue;
		}
		if (!bson_iter_init_find(&id, doc[i], "_id") || !bson_append_iter(&by, "_id", 3, &id) ||
		    !mongoc_bulk_operation_replace_one_with_opts(bulk, &by, doc[i], &opts, &e))
			die("a document", e.message);
		bson_destroy(&by);
	}
	if (!mongoc_bulk_operation_execute(bulk, &reply, &e))
		die("the loop", e.message);
	bson_destroy(&reply);
	bson_destroy(&opts);
	mongoc_bulk_operation_destroy(bulk);
	return wall_time() - t;
}

/* One of them first, then the other. */
static void both(struct msp_store *s, mongoc_collection_t *c, uint64_t from, size_t n, bool again, double seconds[2])
{
	static bson_t made[BULK];
	static const bson_t *doc[BULK];

	for (size_t i = 0; i < n; i++) {
		make_wf_document(&made[i], from + i);
		doc[i] = &made[i];
	}
	if (from / BULK % 2 == 0)
		seconds[0] += by_store(s, doc, n);
	seconds[1] += by_loop(c, doc, n, again);
	if (from / BULK % 2)
		seconds[0] += by_store(s, doc, n);
	for (size_t i = 0; i < n; i++)
		bson_destroy(&made[i]);
}

static mongoc_client_t *connect_to(const char *text, mongoc_collection_t **c)
{
	mongoc_uri_t *uri = mongoc_uri_new_with_error(text, NULL);
	mongoc_write_concern_t *concern = mongoc_write_concern_new();
	mongoc_client_t *client;

	if (!uri || !mongoc_uri_get_database(uri))
		die(text, "not a URI that ends with a database");
	client = mongoc_client_new_from_uri(uri);
	*c = mongoc_client_get_collection(client, mongoc_uri_get_database(uri), "by_loop");
	mongoc_write_concern_set_journal(concern, true); /* as the store has it */
	mongoc_collection_set_write_concern(*c, concern);
	mongoc_write_concern_destroy(concern);
	mongoc_uri_destroy(uri);
	return client;
}

static void count(struct msp_store *s, const char *collection, uint64_t n)
{
	uint64_t there;

	if (msp_store_count(s, collection, NULL, &there, &err) != MSP_OK || there != n)
		die(collection, "not all documents are there");
}

int main(int argc, char **argv)
{
	uint64_t n = argc == 3 ? strtoull(argv[2], NULL, 10) : 0;
	double first[2] = {0}, again[2] = {0};
	struct msp_store *s;
	mongoc_collection_t *c;
	mongoc_client_t *client;

	if (n == 0)
		return 2;
	mongoc_init();
	client = connect_to(argv[1], &c);
	if (msp_store_open(argv[1], MSP_STORE_CREATE, &s, &err) != MSP_OK)
		die(argv[1], err.text);
	for (int round = 0; round < 2; round++)
		for (uint64_t i = 0; i < n; i += BULK)
			both(s, c, i, n - i < BULK ? (size_t)(n - i) : BULK, round > 0, round > 0 ? again : first);
	count(s, "by_store", n);
	count(s, "by_loop", n);
	if (msp_store_drop(s, "by_store", &err) != MSP_OK || msp_store_drop(s, "by_loop", &err) != MSP_OK || msp_store_close(s, &err) != MSP_OK)
		die("the end", err.text);
	mongoc_collection_destroy(c);
	mongoc_client_destroy(client);
	printf("%.3f %.3f %.3f %.3f\n", first[0], first[1], again[0], again[1]);
	return 0;
}
