/* What a store is asked to do by a word: looking and changing. */
#include "store/request.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void request_say(const struct msp_request *q, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) >= 0) {
		q->say(q->context, text);
		free(text);
	}
	va_end(ap);
}

int request_print(const struct msp_request *q, int made, struct msp_bytes *text, struct msp_error *err)
{
	int r = made == MSP_OK ? q->print(q->context, text->data, text->len) : msp_error_set(err, MSP_NOMEM, "no memory left");

	msp_bytes_free(text);
	return r;
}

int request_interrupted(void *context)
{
	const struct msp_request *q = context;

	return q->poll(q->context);
}

/* ---- looking ----------------------------------------------------------- */

static int list(const struct msp_request *q, struct msp_error *err)
{
	return msp_store_print_collections(q->store, q->print, q->context, err);
}

static int explain(const struct msp_request *q, struct msp_error *err)
{
	struct msp_bytes text = {0};
	int r = msp_store_explain(q->store, q->argument[0], &q->choice, &text, err);

	if (r == MSP_OK)
		return request_print(q, MSP_OK, &text, err);
	msp_bytes_free(&text);
	return r;
}

static int count(const struct msp_request *q, struct msp_error *err)
{
	uint64_t n;
	char text[32];
	int r;

	if (q->explain)
		return explain(q, err);
	r = msp_store_count_chosen(q->store, q->argument[0], &q->choice, &n, err);
	return r == MSP_OK ? q->print(q->context, text, (size_t)snprintf(text, sizeof(text), "%" PRIu64 "\n", n)) : r;
}

static int find(const struct msp_request *q, struct msp_error *err)
{
	return q->explain ? explain(q, err) :
	       msp_store_print_documents(q->store, q->argument[0], &q->choice, q->canonical, q->print, q->context, err);
}

static int distinct(const struct msp_request *q, struct msp_error *err)
{
	return msp_store_print_values(q->store, q->argument[0], q->argument[1], &q->choice, q->canonical, q->print, q->context, err);
}

/* ---- changing ---------------------------------------------------------- */

static int update(const struct msp_request *q, struct msp_error *err)
{
	const char *text = q->argument[1];
	struct msp_updated sum;
	bson_t change;
	int r = msp_json_parse(text, strlen(text), &change, NULL, err);

	if (r != MSP_OK)
		return msp_error_prefix(err, "UPDATE");
	r = msp_store_update_chosen(q->store, q->argument[0], &q->choice, &change, &sum, err);
	bson_destroy(&change);
	if (r == MSP_OK)
		request_say(q, "%" PRIu64 " documents matched, %" PRIu64 " changed", sum.matched, sum.modified);
	return r;
}

static int delete(const struct msp_request *q, struct msp_error *err)
{
	uint64_t n;
	int r = msp_store_delete_chosen(q->store, q->argument[0], &q->choice, &n, err);

	if (r == MSP_OK)
		request_say(q, "%" PRIu64 " documents deleted", n);
	return r;
}

static int make_index(const struct msp_request *q, struct msp_error *err)
{
	const char *collection = q->argument[0];
	bson_t keys;
	int r;

	if (q->arguments < 2)
		return msp_store_print_indexes(q->store, collection, q->print, q->context, err);
	r = msp_keys_document(q->argument[1], true, &keys, err);
	if (r != MSP_OK)
		return r;
	r = q->drop ? msp_store_index_drop_keys(q->store, collection, &keys, err)
	            : msp_store_index(q->store, collection, &keys, q->unique ? MSP_INDEX_UNIQUE : 0, err);
	bson_destroy(&keys);
	return r;
}

/* ---- by a word ----------------------------------------------------------- */

static request_fn *const work[MSP_DO_COUNT_OF] = {
	[MSP_DO_LS] = list,
	[MSP_DO_COUNT] = count,
	[MSP_DO_FIND] = find,
	[MSP_DO_DISTINCT] = distinct,
	[MSP_DO_UPDATE] = update,
	[MSP_DO_DELETE] = delete,
	[MSP_DO_INDEX] = make_index,
	[MSP_DO_JOIN] = request_join,
	[MSP_DO_EXPORT] = request_export,
	[MSP_DO_IMPORT] = request_import,
	[MSP_DO_CHECK] = request_check,
	[MSP_DO_MERGE] = request_merge,
};

int msp_request_ready(const struct msp_request *q, enum msp_request_verb verb, struct msp_error *err)
{
	int r = MSP_OK;

	for (int i = 0; r == MSP_OK && i < q->arguments; i++) {
		struct msp_store *from = NULL;

		if (verb == MSP_DO_MERGE) {
			r = msp_store_open(q->argument[i], 0, &from, err);
			(void)msp_store_close(from, NULL);
		} else if (verb == MSP_DO_IMPORT && access(q->argument[i], R_OK) != 0) {
			r = msp_error_errno(err, MSP_FAIL, "%s", q->argument[i]);
		}
	}
	return r;
}

int msp_request_do(struct msp_request *q, enum msp_request_verb verb, struct msp_error *err)
{
	q->choice.poll = request_interrupted;
	q->choice.poll_context = q;
	return work[verb](q, err);
}
