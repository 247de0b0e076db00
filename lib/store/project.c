/* Projections, as MongoDB makes them: {"key": 1, ...} or {"key": 0, ...}, with or without _id. */
#include "store/edit.h"

#include "store/order.h"

#include <string.h>

static bool truth(const bson_iter_t *it)
{
	return bson_iter_type(it) == BSON_TYPE_BOOL ? bson_iter_bool(it) : msp_number(it) != 0;
}

/* 1: it names what is kept; 0: what is left out; -1: only _id. */
static int kind(const bson_t *projection)
{
	bson_iter_t it;

	if (bson_iter_init(&it, projection))
		while (bson_iter_next(&it))
			if (strcmp(bson_iter_key(&it), "_id") != 0)
				return truth(&it);
	return -1;
}

static bool conflict(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b), n = na < nb ? na : nb;

	return memcmp(a, b, n) == 0 && (na == nb || (na < nb ? b : a)[n] == '.');
}

int msp_project_check(const bson_t *projection, struct msp_error *err)
{
	int first = kind(projection);
	bson_iter_t it, other;

	if (!bson_iter_init(&it, projection))
		return msp_error_set(err, MSP_USAGE, "the projection is not a document");
	while (bson_iter_next(&it)) {
		const char *key = bson_iter_key(&it);
		size_t n = strlen(key);

		if (n == 0 || key[0] == '$' || key[0] == '.' || key[n - 1] == '.' || strstr(key, "..") || strstr(key, ".$"))
			return msp_error_set(err, MSP_USAGE, "projection: \"%s\" is no key", key);
		if (msp_rank(&it) != MSP_R_NUMBER && bson_iter_type(&it) != BSON_TYPE_BOOL)
			return msp_error_set(err, MSP_USAGE, "projection: the value of \"%s\" has to be 1 or 0", key);
		if (strcmp(key, "_id") != 0 && truth(&it) != (first == 1))
			return msp_error_set(err, MSP_USAGE, "projection: 1 and 0 cannot be mixed");
		if (!bson_iter_init(&other, projection))
			continue;
		while (bson_iter_next(&other) && bson_iter_key(&other) != key)
			if (conflict(bson_iter_key(&other), key))
				return msp_error_set(err, MSP_USAGE, "projection: \"%s\" is named twice", key);
	}
	return MSP_OK;
}

/* How the projection speaks of the key at the end of prefix.key: 2 names it, 1 something inside it, 0 not. */
static int named(const bson_t *projection, const char *prefix, const char *key, size_t n, bool *value)
{
	size_t p = strlen(prefix);
	bson_iter_t it;

	if (!bson_iter_init(&it, projection))
		return 0;
	while (bson_iter_next(&it)) {
		const char *k = bson_iter_key(&it);

		if (strncmp(k, prefix, p) != 0 || strncmp(k + p, key, n) != 0)
			continue;
		*value = truth(&it);
		if (k[p + n] == '\0')
			return 2;
		if (k[p + n] == '.')
			return 1;
	}
	return 0;
}

struct work {
	const bson_t *projection;
	int kind;
	struct msp_error *err;
};

static int too_large(struct work *w)
{
	return msp_error_set(w->err, MSP_FAIL, "the document becomes too large");
}

static int members(struct work *w, bson_iter_t *it, const char *prefix, bson_t *out);

/* Elements of an array are projected each; what is no document is left out by {"a.b": 1}. */
static int elements(struct work *w, bson_iter_t *it, const char *prefix, bson_t *out)
{
	const char *key;
	char buf[16];
	uint32_t i = 0;
	int r = MSP_OK;

	while (r == MSP_OK && bson_iter_next(it)) {
		bool document = bson_iter_type(it) == BSON_TYPE_DOCUMENT, array = bson_iter_type(it) == BSON_TYPE_ARRAY;
		bson_iter_t inside;
		bson_t inner;
		int n;

		if (!document && !array && w->kind == 1)
			continue;
		n = (int)bson_uint32_to_string(i++, &key, buf, sizeof(buf));
		if ((!document && !array) || !bson_iter_recurse(it, &inside)) {
			if (!bson_append_iter(out, key, n, it))
				return too_large(w);
		} else if (document) {
			if (!bson_append_document_begin(out, key, n, &inner))
				return too_large(w);
			r = members(w, &inside, prefix, &inner);
			bson_append_document_end(out, &inner);
		} else {
			if (!bson_append_array_begin(out, key, n, &inner))
				return too_large(w);
			r = elements(w, &inside, prefix, &inner);
			bson_append_array_end(out, &inner);
		}
	}
	return r;
}

static int inside_of(struct work *w, const bson_iter_t *it, const char *prefix, bson_t *out)
{
	bool array = bson_iter_type(it) == BSON_TYPE_ARRAY;
	size_t p = strlen(prefix), n = bson_iter_key_len(it);
	bson_iter_t inside;
	bson_t inner;
	char *longer;
	int r;

	if ((!array && bson_iter_type(it) != BSON_TYPE_DOCUMENT) || !bson_iter_recurse(it, &inside)) {
		if (w->kind == 1)
			return MSP_OK;
		return bson_append_iter(out, NULL, 0, it) ? MSP_OK : too_large(w);
	}
	longer = bson_malloc(p + n + 2);
	memcpy(longer, prefix, p);
	memcpy(longer + p, bson_iter_key(it), n);
	memcpy(longer + p + n, ".", 2);
	if (array) {
		r = bson_append_array_begin(out, bson_iter_key(it), (int)n, &inner) ? elements(w, &inside, longer, &inner) : too_large(w);
		if (r != MSP_FAIL)
			bson_append_array_end(out, &inner);
	} else {
		r = bson_append_document_begin(out, bson_iter_key(it), (int)n, &inner) ? members(w, &inside, longer, &inner) : too_large(w);
		if (r != MSP_FAIL)
			bson_append_document_end(out, &inner);
	}
	bson_free(longer);
	return r;
}

static int members(struct work *w, bson_iter_t *it, const char *prefix, bson_t *out)
{
	int r = MSP_OK;

	while (r == MSP_OK && bson_iter_next(it)) {
		bool id = prefix[0] == '\0' && strcmp(bson_iter_key(it), "_id") == 0, value = true, keep;
		int how = named(w->projection, prefix, bson_iter_key(it), bson_iter_key_len(it), &value);

		if (how == 1) {
			r = inside_of(w, it, prefix, out);
			continue;
		}
		if (id)
			keep = how != 2 || value;
		else if (w->kind < 0) { /* {"_id": 1} keeps nothing else, {"_id": 0} all else */
			bool only = true;

			named(w->projection, "", "_id", 3, &only);
			keep = prefix[0] != '\0' || !only;
		} else
			keep = (how == 2) == (w->kind == 1);
		if (keep && !bson_append_iter(out, bson_iter_key(it), (int)bson_iter_key_len(it), it))
			r = too_large(w);
	}
	return r;
}

int msp_project(const bson_t *projection, const bson_t *doc, bson_t *out, struct msp_error *err)
{
	struct work w = {projection, kind(projection), err};
	bson_iter_t it;

	bson_init(out);
	if (!bson_iter_init(&it, doc))
		return msp_error_set(err, MSP_CORRUPT, "a document that is none");
	return members(&w, &it, "", out);
}
