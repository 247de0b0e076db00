/* Stores: documents into them, a batch at a time, and what is checked before. */
#include "store/backend.h"

#include "store/utf8.h"

#include <stdlib.h>
#include <string.h>

#define MAX_MESSAGE 48000000 /* bytes of documents sent at once; MongoDB's limit is 48 000 000 */

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

int msp_document_check(const bson_t *doc, bool needs_id, bool *has_id, struct msp_error *err)
{
	bson_iter_t it;

	*has_id = false;
	if (doc->len > MSP_STORE_DOCUMENT_MAX)
		return msp_error_set(err, MSP_USAGE, "a document of %u bytes; the most is %d", doc->len, MSP_STORE_DOCUMENT_MAX);
	if (!msp_bson_valid(bson_get_data(doc), doc->len) || !msp_document_is_utf8(bson_get_data(doc), doc->len))
		return msp_error_set(err, MSP_USAGE, "a document that is none, is nested too deep, or holds a string that is not UTF-8");
	if (!bson_iter_init(&it, doc))
		return msp_error_set(err, MSP_USAGE, "a document that is none");
	while (bson_iter_next(&it)) {
		const char *key = bson_iter_key(&it);
		bson_type_t type = bson_iter_type(&it);

		if (key[0] == '$')
			return msp_error_set(err, MSP_USAGE, "a document with the key \"%s\": none may begin with $", key);
		if (strcmp(key, "_id") != 0)
			continue;
		if (*has_id)
			return msp_error_set(err, MSP_USAGE, "a document with two _id");
		*has_id = true;
		if (type == BSON_TYPE_ARRAY || type == BSON_TYPE_REGEX || type == BSON_TYPE_UNDEFINED)
			return msp_error_set(err, MSP_USAGE, "an _id cannot be an array, a regular expression or undefined");
		if (!msp_literal(&it))
			return msp_error_set(err, MSP_USAGE, "an _id cannot be a document with a key that begins with $");
	}
	return *has_id || !needs_id ? MSP_OK : msp_error_set(err, MSP_USAGE, "a document without _id");
}

/* The document with a new _id before its other keys. */
static bson_t *with_id(const bson_t *doc)
{
	bson_t *whole = bson_new();
	bson_oid_t oid;

	bson_oid_init(&oid, NULL);
	if (BSON_APPEND_OID(whole, "_id", &oid) && bson_concat(whole, doc))
		return whole;
	bson_destroy(whole);
	return NULL;
}

struct batch {
	const bson_t **doc;
	bson_t **made; /* those of doc that are ours */
	size_t n;
};

/* As many documents from the first on as one message takes; *bad: the reason why the next cannot be one. */
static int gather(struct batch *b, const bson_t *const *docs, size_t n, bool replace, int *bad, struct msp_error *err)
{
	size_t bytes = 0;

	*bad = MSP_OK;
	for (b->n = 0; b->n < n; b->n++) {
		bool has_id;

		b->made[b->n] = NULL;
		*bad = msp_document_check(docs[b->n], replace, &has_id, err);
		if (*bad != MSP_OK)
			return MSP_OK;
		if (b->n > 0 && bytes + docs[b->n]->len > MAX_MESSAGE)
			return MSP_OK;
		bytes += docs[b->n]->len;
		b->doc[b->n] = docs[b->n];
		if (has_id)
			continue;
		b->made[b->n] = with_id(docs[b->n]);
		if (!b->made[b->n])
			return memory(err);
		b->doc[b->n] = b->made[b->n];
	}
	return MSP_OK;
}

static int put(struct msp_store *s, const char *c, const bson_t *const *docs, size_t n, bool replace, uint64_t *done, struct msp_error *err)
{
	size_t room = n < s->backend->batch ? n : s->backend->batch, at = 0;
	struct batch b = {.doc = calloc(room + 1, sizeof(*b.doc)), .made = calloc(room + 1, sizeof(*b.made))};
	int r = b.doc && b.made ? msp_arg_writable(s, c, err) : memory(err), bad = MSP_OK;
	uint64_t stored, total = 0;

	while (r == MSP_OK && bad == MSP_OK && at < n) {
		struct msp_error why = {0};

		r = gather(&b, docs + at, n - at < room ? n - at : room, replace, &bad, &why);
		stored = 0;
		if (r == MSP_OK && b.n > 0)
			r = s->backend->put(s, c, b.doc, b.n, replace, &stored, err);
		if (r == MSP_OK && bad != MSP_OK)
			r = msp_error_set(err, bad, "%s: %s: %s", s->name, c, why.text);
		for (size_t i = 0; i < b.n; i++)
			bson_destroy(b.made[i]);
		total += stored;
		at += b.n;
	}
	if (done)
		*done = total;
	free(b.doc);
	free(b.made);
	return r;
}

int msp_store_insert(struct msp_store *s, const char *c, const bson_t *const *docs, size_t n, uint64_t *done, struct msp_error *err)
{
	return put(s, c, docs, n, false, done, err);
}

int msp_store_upsert(struct msp_store *s, const char *c, const bson_t *const *docs, size_t n, uint64_t *done, struct msp_error *err)
{
	return put(s, c, docs, n, true, done, err);
}

int msp_store_update(struct msp_store *s, const char *c, const bson_t *filter, const bson_t *update, unsigned flags, struct msp_updated *out,
                     struct msp_error *err)
{
	struct msp_updated none = {0}, *u = out ? out : &none;
	bson_iter_t it;
	int r = msp_arg_writable(s, c, err);

	memset(u, 0, sizeof(*u));
	/* a document without operators would replace another, which MongoDB does by another call */
	if (r == MSP_OK && (!update || !bson_iter_init(&it, update) || !bson_iter_next(&it) || bson_iter_key(&it)[0] != '$'))
		r = msp_error_set(err, MSP_USAGE, "the update has no operators ($set ...)");
	return r == MSP_OK ? s->backend->update(s, c, filter, update, flags, u, err) : r;
}

int msp_store_delete(struct msp_store *s, const char *c, const bson_t *filter, uint64_t *deleted, struct msp_error *err)
{
	uint64_t n = 0;
	int r = msp_arg_writable(s, c, err);

	if (r == MSP_OK)
		r = s->backend->remove(s, c, filter, &n, err);
	if (deleted)
		*deleted = n;
	return r;
}
