/* One key of a document, set or removed; keys are MongoDB's paths. */
#include "store/edit.h"

#include <string.h>

static int too_large(struct msp_error *err)
{
	return msp_error_set(err, MSP_FAIL, "the document becomes too large");
}

struct edit {
	const bson_iter_t *value; /* NULL: remove */
	struct msp_error *err;
	const char *path; /* whole, for messages */
};

static int append_new(struct edit *e, bson_t *out, const char *path)
{
	size_t len = strcspn(path, ".");
	bson_t inner;
	int r;

	if (!e->value)
		return MSP_OK;
	if (!path[len])
		return bson_append_iter(out, path, (int)len, e->value) ? MSP_OK : too_large(e->err);
	if (!bson_append_document_begin(out, path, (int)len, &inner))
		return too_large(e->err);
	r = append_new(e, &inner, path + len + 1);
	bson_append_document_end(out, &inner);
	return r;
}

static bool index_of(const char *path, size_t len, uint32_t *out)
{
	*out = 0;
	if (len == 0 || len > 6 || (path[0] == '0' && len > 1))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (path[i] < '0' || path[i] > '9')
			return false;
		*out = *out * 10 + (uint32_t)(path[i] - '0');
	}
	return true;
}

/* An element past an array's end: null stands between. */
static int extend_array(struct edit *e, bson_t *out, const char *path, uint32_t n)
{
	uint32_t index;
	char buf[16];
	const char *key;

	if (!e->value)
		return MSP_OK;
	if (!index_of(path, strcspn(path, "."), &index) || index < n || index > n + 1500000)
		return msp_error_set(e->err, MSP_FAIL, "cannot set \"%s\": it leads into an array by a name", e->path);
	for (; n < index; n++) {
		size_t len = bson_uint32_to_string(n, &key, buf, sizeof(buf));

		if (!bson_append_null(out, key, (int)len))
			return too_large(e->err);
	}
	return append_new(e, out, path);
}

static int rebuild(struct edit *e, bson_iter_t *it, bool array, const char *path, bson_t *out);

static int descend(struct edit *e, const bson_iter_t *it, const char *path, bson_t *out)
{
	bool array = bson_iter_type(it) == BSON_TYPE_ARRAY;
	int key_len = (int)bson_iter_key_len(it), r;
	bson_iter_t inside;
	bson_t inner;

	if (!array && bson_iter_type(it) != BSON_TYPE_DOCUMENT) {
		if (e->value)
			return msp_error_set(e->err, MSP_FAIL, "cannot set \"%s\": \"%s\" is no document", e->path, bson_iter_key(it));
		return bson_append_iter(out, NULL, 0, it) ? MSP_OK : too_large(e->err);
	}
	if (!bson_iter_recurse(it, &inside) ||
	    !(array ? bson_append_array_begin(out, bson_iter_key(it), key_len, &inner) :
	      bson_append_document_begin(out, bson_iter_key(it), key_len, &inner)))
		return too_large(e->err);
	r = rebuild(e, &inside, array, path, &inner);
	if (array)
		bson_append_array_end(out, &inner);
	else
		bson_append_document_end(out, &inner);
	return r;
}

static int rebuild(struct edit *e, bson_iter_t *it, bool array, const char *path, bson_t *out)
{
	size_t len = strcspn(path, ".");
	bool found = false;
	uint32_t n = 0;

	for (; bson_iter_next(it); n++) {
		int r = MSP_OK;

		if (found || bson_iter_key_len(it) != len || memcmp(bson_iter_key(it), path, len) != 0) {
			if (!bson_append_iter(out, bson_iter_key(it), (int)bson_iter_key_len(it), it))
				return too_large(e->err);
			continue;
		}
		found = true;
		if (path[len])
			r = descend(e, it, path + len + 1, out);
		else if (e->value)
			r = bson_append_iter(out, path, (int)len, e->value) ? MSP_OK : too_large(e->err);
		else if (array) /* the others keep their numbers */
			r = bson_append_null(out, path, (int)len) ? MSP_OK : too_large(e->err);
		if (r != MSP_OK)
			return r;
	}
	if (found)
		return MSP_OK;
	return array ? extend_array(e, out, path, n) : append_new(e, out, path);
}

int msp_edit_set(const bson_t *doc, const char *path, const bson_iter_t *value, bson_t *out, struct msp_error *err)
{
	struct edit e = {value, err, path};
	bson_iter_t it;

	bson_init(out);
	if (!bson_iter_init(&it, doc))
		return msp_error_set(err, MSP_CORRUPT, "a document that is none");
	return rebuild(&e, &it, false, path, out);
}
