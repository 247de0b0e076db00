/* What a file holds taken into a store, all of it or nothing. */
#include "store/intake.h"

#include "store/backend.h"
#include "store/room.h"

#include <stdlib.h>
#include <string.h>

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

int msp_intake_new(const char *keys, struct msp_intake **out, struct msp_error *err)
{
	struct msp_intake *in = calloc(1, sizeof(*in));

	*out = NULL;
	if (!in || (keys && !(in->keys = strdup(keys)))) {
		free(in);
		return memory(err);
	}
	*out = in;
	return MSP_OK;
}

void msp_intake_free(struct msp_intake *in)
{
	if (!in)
		return;
	for (size_t i = 0; i < in->collections; i++)
		free(in->collection[i].name);
	msp_spool_free(&in->spool);
	msp_bytes_free(&in->doc);
	msp_oidmap_free(&in->renamed);
	free(in->keys);
	free(in);
}

const char *msp_intake_collection(const struct msp_intake *in, size_t i, uint64_t *documents)
{
	if (i >= in->collections)
		return NULL;
	*documents = in->collection[i].n;
	return in->collection[i].name;
}

/* ---- adding --------------------------------------------------------------- */

static int number_of(struct msp_intake *in, const char *name, uint32_t *out, struct msp_error *err)
{
	size_t i = 0;

	while (i < in->collections && strcmp(in->collection[i].name, name) != 0)
		i++;
	if (i == MSP_INTAKE_MAX)
		return msp_error_set(err, MSP_FAIL, "too many collections");
	if (i == in->collections) {
		in->collection[i].name = strdup(name);
		if (!in->collection[i].name)
			return memory(err);
		in->collections++;
	}
	in->collection[i].n++;
	*out = (uint32_t)i;
	return MSP_OK;
}

int msp_intake_add(struct msp_intake *in, const char *collection, const bson_t *doc, struct msp_error *err)
{
	bson_t whole = BSON_INITIALIZER;
	bson_oid_t id;
	struct msp_error why = {0};
	uint32_t number = 0;
	bool has_id;
	int s;

	/* now, when it can be said where it came from, and nothing has been stored yet */
	if (msp_document_check(doc, false, &has_id, &why) != MSP_OK)
		return msp_error_set(err, MSP_CORRUPT, "%s", why.text);
	s = number_of(in, collection, &number, err);
	if (s != MSP_OK)
		return s;
	if (has_id)
		return msp_spool_put_document(&in->spool, number, doc, err);
	s = msp_intake_id(in->keys, collection, doc, &id, err);
	if (s == MSP_OK)
		s = bson_append_oid(&whole, "_id", 3, &id) && bson_concat(&whole, doc) ? msp_spool_put_document(&in->spool, number, &whole, err)
		                                                                            : memory(err);
	bson_destroy(&whole);
	return s;
}

/* ---- storing ---------------------------------------------------------------- */

int msp_intake_next(struct msp_intake *in, size_t *collection, bson_t *doc, struct msp_error *err)
{
	uint32_t number;
	int s = msp_spool_get_number(&in->spool, &number, err);

	if (s != 1)
		return s;
	in->doc.len = 0;
	s = msp_spool_get_document(&in->spool, &in->doc, err);
	if (s == MSP_OK && (number >= in->collections || !bson_init_static(doc, in->doc.data, in->doc.len)))
		s = msp_error_set(err, MSP_FAIL, "a temporary file was changed");
	*collection = number;
	return s == MSP_OK ? 1 : s;
}

/* Every ObjectId of the document that stands for one that was renamed. True if its _id was. */
static bool rename_ids(const struct msp_intake *in, bson_t *doc)
{
	const bson_oid_t *to;
	bson_iter_t it;
	bool own = false;

	if (in->renamed.n == 0 || !bson_iter_init(&it, doc))
		return false;
	while (bson_iter_next(&it))
		if (bson_iter_type(&it) == BSON_TYPE_OID && (to = msp_oidmap_get(&in->renamed, bson_iter_oid(&it))) != NULL) {
			own = own || strcmp(bson_iter_key(&it), "_id") == 0;
			bson_iter_overwrite_oid(&it, to);
		}
	return own;
}

static int store_all(struct msp_intake *in, struct msp_load **load, msp_poll_fn *poll, void *context, struct msp_intake_counts *counts,
                     struct msp_error *err)
{
	size_t collection;
	bson_t *doc = msp_room(sizeof(*doc));
	int s = doc ? msp_spool_rewind(&in->spool, err) : memory(err), more = 1;

	while (s == MSP_OK && (more = msp_intake_next(in, &collection, doc, err)) == 1) {
		counts->matched += rename_ids(in, doc);
		counts->documents++;
		s = msp_load_add(load[collection], doc, err);
		if (s == MSP_OK && poll && poll(context))
			s = msp_error_set(err, MSP_INTERRUPTED, "interrupted");
	}
	free(doc);
	return s == MSP_OK && more < 0 ? more : s;
}

static int store_in(struct msp_intake *in, struct msp_store *store, msp_poll_fn *poll, void *context, struct msp_intake_counts *counts,
                    struct msp_error *err)
{
	struct msp_load *load[MSP_INTAKE_MAX] = {0};
	int s = msp_store_begin(store, err);

	if (s != MSP_OK)
		return s;
	for (size_t i = 0; s == MSP_OK && i < in->collections; i++)
		s = msp_load_new(store, in->collection[i].name, &load[i], err);
	if (s == MSP_OK)
		s = store_all(in, load, poll, context, counts, err);
	for (size_t i = 0; i < in->collections; i++) {
		if (s == MSP_OK)
			s = msp_load_end(load[i], NULL, err);
		else
			msp_load_abort(load[i]);
	}
	if (s == MSP_OK)
		return msp_store_commit(store, err);
	msp_store_rollback(store);
	return s;
}

int msp_intake_end(struct msp_intake *in, struct msp_store *store, msp_poll_fn *poll, void *context, struct msp_intake_counts *counts,
                   struct msp_error *err)
{
	struct msp_intake_counts sum = {0};
	int s = msp_intake_match(in, store, poll, context, err);

	if (s == MSP_OK && in->collections > 0)
		s = store_in(in, store, poll, context, &sum, err);
	if (counts)
		*counts = sum;
	return s;
}
