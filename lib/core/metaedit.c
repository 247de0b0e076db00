/* Metadata: setting and removing keys. A document is written anew at each edit, in one pass, so that the
 * order of its keys stays, a value may come from the document itself, and one allocation is all that can
 * fail. */
#include "core/walk.h"

#include "core/endian.h"
#include "core/field.h"

#include <stdlib.h>
#include <string.h>

#define KEY_MAX 1024

/* One change: bytes from..to of the document are replaced by head (types and keys), a value, and the
 * closing NULs of new subdocuments. */
struct edit {
	size_t from, to;
	uint8_t head[KEY_MAX + 8 * MSP_BSON_DEPTH];
	size_t head_len, tail_len;
	const struct msp_pieces *value; /* NULL: nothing comes in place */
};

static const uint8_t no_keys[5] = { 5, 0, 0, 0, 0 };

static size_t edit_size(const struct edit *e)
{
	return e->value ? e->head_len + msp_pieces_size(e->value) + e->tail_len : 0;
}

static void write_edited(uint8_t *to, const struct edit *e, const uint8_t *old, size_t old_len)
{
	memcpy(to, old, e->from);
	to += e->from;
	if (e->value) {
		memcpy(to, e->head, e->head_len);
		to = msp_pieces_write(e->value, to + e->head_len);
		memset(to, 0, e->tail_len);
		to += e->tail_len;
	}
	memcpy(to, old + e->to, old_len - e->to);
}

/* Only these can make a document invalid that was valid before. */
static bool must_be_checked(const struct edit *e)
{
	return e->value && (e->tail_len || e->value->type == BSON_TYPE_DOCUMENT ||
	                    e->value->type == BSON_TYPE_ARRAY || e->value->type == BSON_TYPE_CODEWSCOPE);
}

static int apply(struct msp_object *o, const struct edit *e, const struct msp_elem_path *path,
                 struct msp_error *err)
{
	const uint8_t *old = o->metadata.len ? o->metadata.data : no_keys;
	size_t old_len = o->metadata.len ? o->metadata.len : sizeof no_keys;
	size_t kept = old_len - (e->to - e->from), fresh = edit_size(e), len = kept + fresh;
	uint8_t *doc;
	unsigned i;

	if (fresh > MSP_BSON_MAX || kept > MSP_BSON_MAX - fresh)
		return msp_error_set(err, MSP_FAIL, "metadata would be larger than a BSON document can be");
	doc = malloc(len);
	if (!doc)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	write_edited(doc, e, old, old_len);
	/* every enclosing document has grown by the same */
	for (i = 0; i < path->depth; i++) {
		size_t at = (size_t)(path->doc[i] - old);
		msp_put_u32(doc + at, (uint32_t)(msp_get_u32(old + at) + len - old_len));
	}
	if (must_be_checked(e) && !msp_bson_valid(doc, len)) {
		free(doc);
		return msp_error_set(err, MSP_USAGE,
		                     "the value is malformed, or metadata would be nested too deep");
	}
	msp_bytes_free(&o->metadata);
	o->metadata = (struct msp_bytes){ .data = doc, .len = len, .cap = len };
	return MSP_OK;
}

/* A new value for an element, which keeps its place and the spelling of its key. */
static int replace(struct msp_object *o, const struct msp_elem *at, const struct msp_elem_path *path,
                   const struct msp_pieces *value, struct msp_error *err)
{
	struct edit e;

	e.from = (size_t)(at->start - o->metadata.data);
	e.to = (size_t)(at->value - o->metadata.data) + at->size;
	e.head[0] = value->type;
	memcpy(e.head + 1, at->key, at->key_len + 1);
	e.head_len = at->key_len + 2;
	e.tail_len = 0;
	e.value = value;
	return apply(o, &e, path, err);
}

/* Removes an element; one of an array becomes null, so that the others keep their places. */
static int drop(struct msp_object *o, const struct msp_elem *at, const struct msp_elem_path *path,
                struct msp_error *err)
{
	static const struct msp_pieces null = { .type = BSON_TYPE_NULL };
	struct edit e;

	if (path->in_array)
		return replace(o, at, path, &null, err);
	e.from = (size_t)(at->start - o->metadata.data);
	e.to = (size_t)(at->value - o->metadata.data) + at->size;
	e.value = NULL;
	if (o->metadata.len - (e.to - e.from) == sizeof no_keys) {
		msp_bytes_free(&o->metadata);
		return MSP_OK;
	}
	return apply(o, &e, path, err);
}

/* Goes down the documents that a new dotted key names and that exist; *key becomes what is left of it. The
 * last of them gets the key: it must be a document, not an array. */
static int descend(const struct msp_object *o, const char **key, struct msp_elem_path *path,
                   struct msp_error *err)
{
	const char *whole = *key, *dot;
	struct msp_elem e = { .type = BSON_TYPE_DOCUMENT };

	e.value = o->metadata.len ? o->metadata.data : no_keys;
	e.size = o->metadata.len ? o->metadata.len : sizeof no_keys;
	path->depth = 0;
	path->doc[path->depth++] = e.value;
	while ((dot = strchr(*key, '.')) != NULL) {
		size_t n = (size_t)(dot - *key);
		struct msp_elem in;
		struct msp_walk w;
		bool found = false;

		msp_walk_begin(&w, e.value, e.size);
		while (!found && msp_walk_next(&w, &in))
			found = in.key_len == n && memcmp(in.key, *key, n) == 0;
		if (!found)
			break;
		if (path->depth > MSP_BSON_DEPTH)
			return msp_error_set(err, MSP_USAGE, "metadata would be nested too deep");
		*key = dot + 1;
		e = in;
		if (!msp_elem_nested(&e))
			break;
		path->doc[path->depth++] = e.value;
	}
	if (e.type != BSON_TYPE_DOCUMENT)
		return msp_error_set(err, MSP_USAGE, "%.*s is no document, so %s cannot be set in it",
		                     (int)(*key - whole - 1), whole, *key);
	return MSP_OK;
}

/* A new key goes to the end of its document; missing subdocuments are made around it. */
static int insert(struct msp_object *o, const char *key, const struct msp_pieces *value,
                  struct msp_error *err)
{
	const uint8_t *old = o->metadata.len ? o->metadata.data : no_keys;
	struct msp_elem_path path;
	const uint8_t *inner;
	struct edit e;
	size_t len_at[MSP_BSON_DEPTH], made = 0, i, size;
	const char *dot;

	if (descend(o, &key, &path, err) != MSP_OK)
		return MSP_USAGE;
	inner = path.doc[path.depth - 1];
	e.from = e.to = (size_t)(inner - old) + msp_get_u32(inner) - 1;
	e.head_len = 0;
	for (; (dot = strchr(key, '.')) != NULL; key = dot + 1) {
		size_t n = (size_t)(dot - key);
		if (path.depth + made >= MSP_BSON_DEPTH)
			return msp_error_set(err, MSP_USAGE, "metadata would be nested too deep");
		e.head[e.head_len++] = BSON_TYPE_DOCUMENT;
		memcpy(e.head + e.head_len, key, n);
		e.head_len += n;
		e.head[e.head_len++] = 0;
		len_at[made++] = e.head_len;
		e.head_len += 4;
	}
	e.head[e.head_len++] = value->type;
	memcpy(e.head + e.head_len, key, strlen(key) + 1);
	e.head_len += strlen(key) + 1;
	e.tail_len = made;
	e.value = value;
	size = edit_size(&e);
	if (size > MSP_BSON_MAX)
		return msp_error_set(err, MSP_FAIL, "metadata would be larger than a BSON document can be");
	for (i = 0; i < made; i++)
		msp_put_u32(e.head + len_at[i], (uint32_t)(size - len_at[i] - i));
	return apply(o, &e, &path, err);
}

static int check_key(const struct msp_object *o, const char *key, struct msp_error *err)
{
	size_t n = strlen(key);

	if (n == 0)
		return msp_error_set(err, MSP_USAGE, "empty metadata key");
	if (n > KEY_MAX)
		return msp_error_set(err, MSP_USAGE, "metadata key '%.40s...' is longer than %d bytes", key,
		                     KEY_MAX);
	if (key[0] == '.' || key[n - 1] == '.' || strstr(key, ".."))
		return msp_error_set(err, MSP_USAGE, "metadata key '%s' has an empty part", key);
	if (msp_field_of(o, key) != MSP_F_NONE)
		return msp_error_set(err, MSP_USAGE, "%s is a field of the object, not metadata", key);
	return MSP_OK;
}

int msp_meta_set(struct msp_object *o, const char *key, const struct msp_value *v, struct msp_error *err)
{
	struct msp_elem_path path;
	struct msp_pieces value;
	struct msp_elem at;
	bool found;

	if (check_key(o, key, err) != MSP_OK)
		return MSP_USAGE;
	found = msp_elem_find(&o->metadata, key, &at, &path);
	if (v->type == MSP_V_UNDEFINED)
		return found ? drop(o, &at, &path, err) : MSP_OK;
	if (!msp_value_pieces(v, &value))
		return msp_error_set(err, MSP_USAGE, "%s: the value has no BSON form", key);
	return found ? replace(o, &at, &path, &value, err) : insert(o, key, &value, err);
}

int msp_meta_set_string(struct msp_object *o, const char *key, const char *text)
{
	struct msp_value v = { .type = MSP_V_STRING };

	v.u.s.text = text;
	v.u.s.len = strlen(text);
	return msp_meta_set(o, key, &v, NULL);
}

int msp_meta_set_double(struct msp_object *o, const char *key, double d)
{
	struct msp_value v = { .type = MSP_V_DOUBLE };

	v.u.d = d;
	return msp_meta_set(o, key, &v, NULL);
}

int msp_meta_set_int(struct msp_object *o, const char *key, int64_t i)
{
	struct msp_value v = { .type = MSP_V_INT };

	v.u.i = i;
	return msp_meta_set(o, key, &v, NULL);
}

int msp_meta_unset(struct msp_object *o, const char *key)
{
	struct msp_value v = { .type = MSP_V_UNDEFINED };

	return msp_meta_set(o, key, &v, NULL);
}
