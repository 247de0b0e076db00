/* BSON element by element, and the check of untrusted BSON (bsonspec.org, version 1.1). */
#include "core/walk.h"

#include "core/endian.h"

#include <string.h>

/* Length of a NUL-terminated text that must end within n bytes, NUL included; 0 if it does not. */
static size_t cstring_size(const uint8_t *p, size_t n)
{
	const uint8_t *nul = n ? memchr(p, 0, n) : NULL;

	return nul ? (size_t)(nul - p) + 1 : 0;
}

/* int32 length (of at least `least`, counted from `counted` bytes on) in front of a value; the whole size
 * or 0. */
static size_t prefixed_size(const uint8_t *p, size_t n, int32_t least, size_t counted)
{
	int32_t len;

	if (n < 4)
		return 0;
	len = (int32_t)msp_get_u32(p);
	if (len < least || (size_t)len > n - 4 + (4 - counted))
		return 0;
	return (size_t)len + counted;
}

static size_t string_size(const uint8_t *p, size_t n)
{
	size_t size = prefixed_size(p, n, 1, 4);

	return size && p[size - 1] == 0 ? size : 0;
}

static size_t document_size(const uint8_t *p, size_t n)
{
	size_t size = prefixed_size(p, n, 5, 0);

	return size && p[size - 1] == 0 ? size : 0;
}

static size_t binary_size(const uint8_t *p, size_t n)
{
	int32_t len;

	if (n < 5)
		return 0;
	len = (int32_t)msp_get_u32(p);
	if (len < 0 || (size_t)len > n - 5)
		return 0;
	/* subtype 2 holds its length once more */
	if (p[4] == 2 && (len < 4 || (int32_t)msp_get_u32(p + 5) != len - 4))
		return 0;
	return (size_t)len + 5;
}

static size_t regex_size(const uint8_t *p, size_t n)
{
	size_t a = cstring_size(p, n), b = a ? cstring_size(p + a, n - a) : 0;

	return b ? a + b : 0;
}

/* Code with scope: int32 of all, a string, a document. */
static size_t scope_size(const uint8_t *p, size_t n)
{
	size_t size = prefixed_size(p, n, 14, 0), code, scope;

	if (!size)
		return 0;
	code = string_size(p + 4, size - 4);
	if (!code)
		return 0;
	scope = document_size(p + 4 + code, size - 4 - code);
	return scope && 4 + code + scope == size ? size : 0;
}

/* Size of a value of that type that begins at p and must end within n bytes. False if it does not. */
static bool value_size(uint8_t type, const uint8_t *p, size_t n, size_t *size)
{
	size_t string;

	switch (type) {
	case BSON_TYPE_UNDEFINED:
	case BSON_TYPE_NULL:
	case BSON_TYPE_MINKEY:
	case BSON_TYPE_MAXKEY:
		*size = 0;
		return true;
	case BSON_TYPE_BOOL:
		*size = 1;
		return n >= 1 && p[0] <= 1;
	case BSON_TYPE_INT32:
		*size = 4;
		return n >= 4;
	case BSON_TYPE_DOUBLE:
	case BSON_TYPE_DATE_TIME:
	case BSON_TYPE_TIMESTAMP:
	case BSON_TYPE_INT64:
		*size = 8;
		return n >= 8;
	case BSON_TYPE_OID:
		*size = 12;
		return n >= 12;
	case BSON_TYPE_DECIMAL128:
		*size = 16;
		return n >= 16;
	case BSON_TYPE_UTF8:
	case BSON_TYPE_CODE:
	case BSON_TYPE_SYMBOL:
		*size = string_size(p, n);
		return *size != 0;
	case BSON_TYPE_DBPOINTER:
		string = string_size(p, n);
		*size = string + 12;
		return string && n - string >= 12;
	case BSON_TYPE_DOCUMENT:
	case BSON_TYPE_ARRAY:
		*size = document_size(p, n);
		return *size != 0;
	case BSON_TYPE_BINARY:
		*size = binary_size(p, n);
		return *size != 0;
	case BSON_TYPE_REGEX:
		*size = regex_size(p, n);
		return *size != 0;
	case BSON_TYPE_CODEWSCOPE:
		*size = scope_size(p, n);
		return *size != 0;
	default:
		return false;
	}
}

void msp_walk_begin(struct msp_walk *w, const uint8_t *doc, size_t n)
{
	w->p = w->end = doc;
	w->bad = false;
	if (n == 0)
		return;
	if (n > MSP_BSON_MAX || document_size(doc, n) != n) {
		w->bad = true;
		return;
	}
	w->p = doc + 4;
	w->end = doc + n - 1;
}

bool msp_walk_next(struct msp_walk *w, struct msp_elem *e)
{
	size_t left = (size_t)(w->end - w->p), key;

	if (left == 0)
		return false;
	key = cstring_size(w->p + 1, left - 1);
	if (key == 0)
		goto bad;
	e->type = w->p[0];
	e->start = w->p;
	e->key = (const char *)w->p + 1;
	e->key_len = key - 1;
	e->value = w->p + 1 + key;
	if (!value_size(e->type, e->value, left - 1 - key, &e->size))
		goto bad;
	w->p = e->value + e->size;
	return true;
bad:
	w->p = w->end;
	w->bad = true;
	return false;
}

bool msp_elem_nested(const struct msp_elem *e)
{
	return e->type == BSON_TYPE_DOCUMENT || e->type == BSON_TYPE_ARRAY;
}

const char *msp_elem_text(const struct msp_elem *e, size_t *len)
{
	if (e->type != BSON_TYPE_UTF8)
		return NULL;
	*len = e->size - 5;
	return (const char *)e->value + 4;
}

static bool valid_document(const uint8_t *doc, size_t n, int depth)
{
	struct msp_walk w;
	struct msp_elem e;

	if (depth > MSP_BSON_DEPTH)
		return false;
	msp_walk_begin(&w, doc, n);
	while (msp_walk_next(&w, &e)) {
		if (msp_elem_nested(&e) && !valid_document(e.value, e.size, depth + 1))
			return false;
		if (e.type == BSON_TYPE_CODEWSCOPE) {
			size_t code = 8 + msp_get_u32(e.value + 4);
			if (!valid_document(e.value + code, e.size - code, depth + 1))
				return false;
		}
	}
	return !w.bad;
}

bool msp_bson_valid(const uint8_t *data, size_t n)
{
	return n == 0 || valid_document(data, n, 1);
}
