/* Many documents on their way into a collection, a batch at a time. */
#include "mspipe/documents.h"

#include <stdlib.h>
#include <string.h>

#define LOAD_BYTES 8000000 /* of documents at once */
#define LOAD_DOCUMENTS 10000

struct msp_load {
	struct msp_store *store;
	char *collection;
	bson_t *doc[LOAD_DOCUMENTS];
	size_t n, bytes;
	uint64_t documents;
};

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

int msp_load_new(struct msp_store *s, const char *collection, struct msp_load **out, struct msp_error *err)
{
	struct msp_load *l = calloc(1, sizeof(*l));

	*out = NULL;
	if (!l || !(l->collection = strdup(collection))) {
		free(l);
		return memory(err);
	}
	l->store = s;
	*out = l;
	return MSP_OK;
}

static void forget(struct msp_load *l)
{
	while (l->n > 0)
		bson_destroy(l->doc[--l->n]);
	l->bytes = 0;
}

static int send(struct msp_load *l, struct msp_error *err)
{
	int r = MSP_OK;

	if (l->n > 0)
		r = msp_store_upsert(l->store, l->collection, (const bson_t *const *)l->doc, l->n, NULL, err);
	l->documents += l->n;
	forget(l);
	return r;
}

/* A document without _id gets one from what it holds, so that importing again doubles nothing. */
static bson_t *with_id(const bson_t *doc)
{
	struct msp_id id = msp_id_hash(bson_get_data(doc), doc->len);
	bson_t *whole = bson_new();
	bson_oid_t oid;

	memcpy(oid.bytes, id.byte, sizeof(oid.bytes));
	if (bson_append_oid(whole, "_id", 3, &oid) && bson_concat(whole, doc))
		return whole;
	bson_destroy(whole);
	return NULL;
}

int msp_load_add(struct msp_load *l, const bson_t *doc, struct msp_error *err)
{
	bson_t *whole = bson_has_field(doc, "_id") ? bson_copy(doc) : with_id(doc);

	if (!whole)
		return memory(err);
	l->doc[l->n++] = whole;
	l->bytes += whole->len;
	return l->n == LOAD_DOCUMENTS || l->bytes >= LOAD_BYTES ? send(l, err) : MSP_OK;
}

int msp_load_end(struct msp_load *l, uint64_t *documents, struct msp_error *err)
{
	int r = send(l, err);

	if (documents)
		*documents = l->documents;
	msp_load_abort(l);
	return r;
}

void msp_load_abort(struct msp_load *l)
{
	if (!l)
		return;
	forget(l);
	free(l->collection);
	free(l);
}
