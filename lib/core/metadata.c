/* Metadata: finding keys and reading their values. */
#include "core/walk.h"

#include <string.h>

static bool separator(char c)
{
	return c == '.' || c == '_';
}

/* Does the element's key stand at the beginning of `key`? Loosely, '.' and '_' are the same. */
static bool begins_with(const char *key, const struct msp_elem *e, bool loose)
{
	size_t i;

	for (i = 0; i < e->key_len; i++)
		if (key[i] != e->key[i] && !(loose && separator(key[i]) && separator(e->key[i])))
			return false;
	return true;
}

static bool find_in(const uint8_t *doc, size_t n, const char *key, bool loose, struct msp_elem *out,
                    struct msp_elem_path *path)
{
	struct msp_walk w;
	unsigned depth = path->depth;
	bool in_array = path->in_array;

	if (depth >= MSP_BSON_DEPTH)
		return false;
	path->doc[path->depth++] = doc;
	msp_walk_begin(&w, doc, n);
	while (msp_walk_next(&w, out)) {
		char next;
		if (!begins_with(key, out, loose))
			continue;
		next = key[out->key_len];
		if (next == '\0')
			return true;
		if (msp_elem_nested(out) && (next == '.' || (loose && next == '_'))) {
			struct msp_elem inner;
			path->in_array = out->type == BSON_TYPE_ARRAY;
			if (find_in(out->value, out->size, key + out->key_len + 1, loose, &inner, path)) {
				*out = inner;
				return true;
			}
			path->in_array = in_array;
		}
	}
	path->depth = depth;
	return false;
}

bool msp_elem_find(const struct msp_bytes *doc, const char *key, struct msp_elem *out,
                   struct msp_elem_path *path)
{
	struct msp_elem_path scratch;

	if (!path)
		path = &scratch;
	path->depth = 0;
	path->in_array = false;
	if (*key == '\0' || doc->len == 0)
		return false;
	if (find_in(doc->data, doc->len, key, false, out, path))
		return true;
	return strpbrk(key, "._") && find_in(doc->data, doc->len, key, true, out, path);
}

bool msp_meta_find(const struct msp_object *o, const char *key, bson_iter_t *out)
{
	struct msp_elem e;
	struct msp_elem_path path;
	const uint8_t *doc;
	uint32_t len;

	if (!msp_elem_find(&o->metadata, key, &e, &path))
		return false;
	doc = path.doc[path.depth - 1];
	memcpy(&len, doc, sizeof len);
	return bson_iter_init_from_data_at_offset(out, doc, BSON_UINT32_FROM_LE(len),
	                                          (uint32_t)(e.start - doc),
	                                          (uint32_t)e.key_len);
}

bool msp_meta_begin(const struct msp_object *o, bson_iter_t *out)
{
	return o->metadata.len > 0 && bson_iter_init_from_data(out, o->metadata.data, o->metadata.len);
}

bool msp_meta_value(const struct msp_object *o, const char *key, struct msp_value *out)
{
	struct msp_elem e;

	if (!msp_elem_find(&o->metadata, key, &e, NULL)) {
		memset(out, 0, sizeof *out);
		return false;
	}
	msp_elem_value(&e, out);
	return true;
}

void msp_value_of_iter(const bson_iter_t *it, struct msp_value *out)
{
	struct msp_walk w = { .p = it->raw + it->off, .end = it->raw + it->len - 1 };
	struct msp_elem e;

	if (msp_walk_next(&w, &e))
		msp_elem_value(&e, out);
	else
		memset(out, 0, sizeof *out);
}

const char *msp_meta_string(const struct msp_object *o, const char *key, const char *fallback)
{
	struct msp_elem e;
	const char *text;
	size_t len;

	if (!msp_elem_find(&o->metadata, key, &e, NULL))
		return fallback;
	text = msp_elem_text(&e, &len);
	return text ? text : fallback;
}
