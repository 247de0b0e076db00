/* Dotted keys in documents and arrays, as MongoDB follows them. */
#include "store/path.h"

#include "store/order.h"

#include <string.h>

static size_t step(const char *path)
{
	return strcspn(path, ".");
}

static bool is_step(const bson_iter_t *it, const char *path, size_t n)
{
	return bson_iter_key_len(it) == n && memcmp(bson_iter_key(it), path, n) == 0;
}

static bool find(const uint8_t *doc, size_t n, const char *path, size_t len, bson_iter_t *it)
{
	if (!bson_iter_init_from_data(it, doc, n))
		return false;
	while (bson_iter_next(it))
		if (is_step(it, path, len))
			return true;
	return false;
}

static void inside(const bson_iter_t *it, const uint8_t **doc, size_t *n)
{
	uint32_t len = 0;

	*doc = NULL;
	if (bson_iter_type(it) == BSON_TYPE_ARRAY)
		bson_iter_array(it, &len, doc);
	else
		bson_iter_document(it, &len, doc);
	*n = len;
}

static int leaf(const bson_iter_t *it, unsigned flags, msp_path_fn *fn, void *context)
{
	bson_iter_t e;
	int r = 0;

	if (bson_iter_type(it) != BSON_TYPE_ARRAY)
		return fn(context, it);
	if (flags & MSP_PATH_ELEMENTS && bson_iter_recurse(it, &e))
		while (r == 0 && bson_iter_next(&e))
			r = fn(context, &e);
	if (r == 0 && flags & MSP_PATH_WHOLE)
		r = fn(context, it);
	return r;
}

static int in_array(const bson_iter_t *array, const char *path, unsigned flags, msp_path_fn *fn, void *context)
{
	size_t len = step(path), n;
	const uint8_t *doc;
	bson_iter_t e;
	int r = 0;

	if (!bson_iter_recurse(array, &e))
		return 0;
	while (r == 0 && bson_iter_next(&e)) {
		bool named = is_step(&e, path, len), document = bson_iter_type(&e) == BSON_TYPE_DOCUMENT;

		if (document) {
			inside(&e, &doc, &n);
			r = msp_path_each(doc, n, path, flags, fn, context);
		}
		if (r || !named)
			continue;
		if (!path[len]) {
			r = fn(context, &e);
		} else if (document) {
			inside(&e, &doc, &n);
			r = msp_path_each(doc, n, path + len + 1, flags, fn, context);
		} else if (bson_iter_type(&e) == BSON_TYPE_ARRAY) {
			r = in_array(&e, path + len + 1, flags, fn, context);
		}
	}
	return r;
}

int msp_path_each(const uint8_t *doc, size_t n, const char *path, unsigned flags, msp_path_fn *fn, void *context)
{
	for (;;) {
		size_t len = step(path);
		bson_iter_t it;

		if (!find(doc, n, path, len, &it))
			return fn(context, NULL);
		if (!path[len])
			return leaf(&it, flags, fn, context);
		path += len + 1;
		if (bson_iter_type(&it) == BSON_TYPE_ARRAY)
			return in_array(&it, path, flags, fn, context);
		if (bson_iter_type(&it) != BSON_TYPE_DOCUMENT)
			return fn(context, NULL);
		inside(&it, &doc, &n);
	}
}

bool msp_path_single(const uint8_t *doc, size_t n, const char *path, bson_iter_t *out, bool *array)
{
	*array = false;
	for (;;) {
		size_t len = step(path);

		if (!find(doc, n, path, len, out))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
		*array = bson_iter_type(out) == BSON_TYPE_ARRAY;
		if (*array || bson_iter_type(out) != BSON_TYPE_DOCUMENT)
			return false;
		inside(out, &doc, &n);
	}
}

/* ---- sorting ----------------------------------------------------------- */

struct extreme {
	bool descending, any;
	struct msp_bytes best, next;
};

static int consider(void *context, const bson_iter_t *value)
{
	struct extreme *x = context;
	struct msp_bytes old;
	size_t n;
	int c;

	x->next.len = 0;
	if (msp_order_key(value, &x->next) != MSP_OK)
		return MSP_NOMEM;
	if (x->any) {
		n = x->next.len < x->best.len ? x->next.len : x->best.len;
		c = memcmp(x->next.data, x->best.data, n);
		if (c == 0)
			c = (x->next.len > x->best.len) - (x->next.len < x->best.len);
		if (x->descending ? c <= 0 : c >= 0)
			return 0;
	}
	old = x->best;
	x->best = x->next;
	x->next = old;
	x->any = true;
	return 0;
}

int msp_path_sort_key(const uint8_t *doc, size_t n, const char *path, bool descending, struct msp_bytes *out)
{
	static const uint8_t empty = MSP_R_EMPTY; /* an array without elements: before null */
	struct extreme x = {.descending = descending};
	int s = msp_path_each(doc, n, path, MSP_PATH_ELEMENTS, consider, &x);

	if (s == MSP_OK)
		s = x.any ? msp_bytes_append(out, x.best.data, x.best.len) : msp_bytes_append(out, &empty, 1);
	msp_bytes_free(&x.best);
	msp_bytes_free(&x.next);
	return s;
}
