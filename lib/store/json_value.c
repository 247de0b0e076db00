/* Values of extended JSON: {"$oid": ...} and the like. */
#include "store/json.h"

#include "mspipe/core.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int base64(const char *text, size_t n, uint8_t *out, uint32_t *len)
{
	uint32_t word24 = 0;
	int have = 0;

	*len = 0;
	while (n && text[n - 1] == '=')
		n--;
	for (size_t i = 0; i < n; i++) {
		char c = text[i];
		int v;

		if (c >= 'A' && c <= 'Z')
			v = c - 'A';
		else if (c >= 'a' && c <= 'z')
			v = c - 'a' + 26;
		else if (c >= '0' && c <= '9')
			v = c - '0' + 52;
		else if (c == '+' || c == '-')
			v = 62;
		else if (c == '/' || c == '_')
			v = 63;
		else if (c == '\n' || c == '\r')
			continue;
		else
			return -1;
		word24 = (word24 << 6 | (uint32_t)v) & 0xffffff;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[(*len)++] = (uint8_t)(word24 >> have);
		}
	}
	return 0;
}

struct extended {
	const bson_t *d; /* the document as it stands in the text */
	bson_t *out;
	const char *key;
	int key_len;
	uint32_t keys;
};

/* The text of a string element, without NULs. */
static const char *str(const bson_iter_t *it)
{
	uint32_t n = 0;
	const char *s = bson_iter_type(it) == BSON_TYPE_UTF8 ? bson_iter_utf8(it, &n) : NULL;

	return s && strlen(s) == n ? s : NULL;
}

static const char *str_of(const bson_t *d, const char *key)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, d, key) ? str(&it) : NULL;
}

static bool whole_number(const bson_iter_t *it, int64_t *out)
{
	const char *s = str(it);
	char *end;

	if (!s && !BSON_ITER_HOLDS_INT(it))
		return false;
	if (!s) {
		*out = bson_iter_as_int64(it);
		return true;
	}
	errno = 0;
	*out = strtoll(s, &end, 10);
	return errno == 0 && end != s && *end == '\0' && (*s == '-' || (*s >= '0' && *s <= '9'));
}

static bool put_double(struct extended *x, const bson_iter_t *it)
{
	const char *s = str(it);
	char *end;
	double d;

	if (!s && bson_iter_type(it) != BSON_TYPE_DOUBLE && !BSON_ITER_HOLDS_INT(it))
		return false;
	if (!s)
		d = bson_iter_as_double(it);
	else if (strcmp(s, "NaN") == 0)
		d = (double)NAN;
	else if (strcmp(s, "Infinity") == 0 || strcmp(s, "-Infinity") == 0)
		d = *s == '-' ? -(double)INFINITY : (double)INFINITY;
	else if (*s == '\0' || strspn(s, "+-.0123456789eE") != strlen(s))
		return false;
	else if ((d = strtod(s, &end)), *end)
		return false;
	return bson_append_double(x->out, x->key, x->key_len, d);
}

static bool put_date(struct extended *x, const bson_iter_t *it)
{
	const char *s = str(it);
	msp_time t;
	int64_t ms;

	if (s) {
		if (msp_time_parse(s, &t, NULL) != MSP_OK)
			return false;
		ms = t / 1000000 - (t % 1000000 < 0);
	} else if (!whole_number(it, &ms)) { /* {"$numberLong": ...} has become an int64 already */
		return false;
	}
	return bson_append_date_time(x->out, x->key, x->key_len, ms);
}

static bool put_binary(struct extended *x, const bson_iter_t *it)
{
	const char *data = NULL, *sub = NULL;
	bson_iter_t e;
	char *end;
	long type = -1;
	uint32_t len;
	uint8_t *buf;
	bool ok;

	if (bson_iter_type(it) == BSON_TYPE_DOCUMENT && x->keys == 1) {
		if (!bson_iter_recurse(it, &e))
			return false;
		while (bson_iter_next(&e)) {
			if (strcmp(bson_iter_key(&e), "base64") == 0)
				data = str(&e);
			else if (strcmp(bson_iter_key(&e), "subType") == 0)
				sub = str(&e);
		}
	} else if (x->keys == 2) { /* the older form */
		data = str(it);
		sub = str_of(x->d, "$type");
	}
	if (!data || !sub)
		return false;
	type = strtol(sub, &end, 16);
	buf = malloc(strlen(data) + 1);
	ok = buf && end != sub && *end == '\0' && type >= 0 && type <= 255 && base64(data, strlen(data), buf, &len) == 0 &&
	     bson_append_binary(x->out, x->key, x->key_len, (bson_subtype_t)type, buf, len);
	free(buf);
	return ok;
}

static bool put_regex(struct extended *x, const bson_iter_t *it)
{
	const char *pattern = NULL, *options = NULL;
	bson_iter_t e;

	if (bson_iter_type(it) != BSON_TYPE_DOCUMENT || !bson_iter_recurse(it, &e))
		return false;
	while (bson_iter_next(&e)) {
		if (strcmp(bson_iter_key(&e), "pattern") == 0)
			pattern = str(&e);
		else if (strcmp(bson_iter_key(&e), "options") == 0)
			options = str(&e);
	}
	return pattern && options && bson_append_regex(x->out, x->key, x->key_len, pattern, options);
}

static bool put_timestamp(struct extended *x, const bson_iter_t *it)
{
	int64_t t = -1, i = -1;
	bson_iter_t e;

	if (bson_iter_type(it) != BSON_TYPE_DOCUMENT || !bson_iter_recurse(it, &e))
		return false;
	while (bson_iter_next(&e))
		if (!whole_number(&e, strcmp(bson_iter_key(&e), "t") == 0 ? &t : &i))
			return false;
	return t >= 0 && i >= 0 && t <= UINT32_MAX && i <= UINT32_MAX &&
	       bson_append_timestamp(x->out, x->key, x->key_len, (uint32_t)t, (uint32_t)i);
}

static bool put_code_text(struct extended *x, const bson_iter_t *it)
{
	const char *s = str(it);
	const uint8_t *data;
	bson_iter_t e;
	uint32_t n;
	bson_t scope;

	if (!s)
		return false;
	if (x->keys == 1)
		return bson_append_code(x->out, x->key, x->key_len, s);
	if (!bson_iter_init_find(&e, x->d, "$scope") || bson_iter_type(&e) != BSON_TYPE_DOCUMENT)
		return false;
	bson_iter_document(&e, &n, &data);
	return bson_init_static(&scope, data, n) && bson_append_code_with_scope(x->out, x->key, x->key_len, s, &scope);
}

static bool put_oid(struct extended *x, const bson_iter_t *it)
{
	const char *s = str(it);
	bson_oid_t oid;

	if (!s || !bson_oid_is_valid(s, strlen(s)))
		return false;
	bson_oid_init_from_string(&oid, s);
	return bson_append_oid(x->out, x->key, x->key_len, &oid);
}

static bool put_dbpointer(struct extended *x, const bson_iter_t *it)
{
	const char *ref = NULL;
	const bson_oid_t *oid = NULL;
	bson_iter_t e;

	if (bson_iter_type(it) != BSON_TYPE_DOCUMENT || !bson_iter_recurse(it, &e))
		return false;
	while (bson_iter_next(&e)) {
		if (strcmp(bson_iter_key(&e), "$ref") == 0)
			ref = str(&e);
		else if (bson_iter_type(&e) == BSON_TYPE_OID)
			oid = bson_iter_oid(&e);
	}
	return ref && oid && bson_append_dbpointer(x->out, x->key, x->key_len, ref, oid);
}

static bool put_decimal(struct extended *x, const bson_iter_t *it)
{
	const char *s = str(it);
	bson_decimal128_t d;

	return s && bson_decimal128_from_string(s, &d) && bson_append_decimal128(x->out, x->key, x->key_len, &d);
}

static bool put_integer(struct extended *x, const bson_iter_t *it, bool is_long)
{
	int64_t v;

	if (!whole_number(it, &v) || (!is_long && (v < INT32_MIN || v > INT32_MAX)))
		return false;
	return is_long ? bson_append_int64(x->out, x->key, x->key_len, v) : bson_append_int32(x->out, x->key, x->key_len, (int32_t)v);
}

static int extended(struct extended *x)
{
	static const char *const names[] = {"$oid", "$numberInt", "$numberLong", "$numberDouble", "$numberDecimal", "$date", "$binary",
		"$regularExpression", "$timestamp", "$code", "$dbPointer", "$minKey", "$maxKey", "$undefined", "$symbol"};
	bson_iter_t it;
	const char *name, *s;
	size_t which = 0;
	bool ok;

	if (!bson_iter_init(&it, x->d) || !bson_iter_next(&it) || bson_iter_key(&it)[0] != '$')
		return 0;
	x->keys = bson_count_keys(x->d);
	if (strcmp(bson_iter_key(&it), "$type") == 0 && x->keys == 2) { /* the older form of $binary, in the other order */
		if (!bson_iter_next(&it) || strcmp(bson_iter_key(&it), "$binary") != 0)
			return 0;
	}
	name = bson_iter_key(&it);
	while (which < sizeof(names) / sizeof(names[0]) && strcmp(name, names[which]) != 0)
		which++;
	if (which == sizeof(names) / sizeof(names[0]) || x->keys > (which == 6 || which == 9 ? 2u : 1u))
		return 0;
	s = str(&it);
	switch (which) {
	case 0: ok = put_oid(x, &it); break;
	case 1: ok = put_integer(x, &it, false); break;
	case 2: ok = put_integer(x, &it, true); break;
	case 3: ok = put_double(x, &it); break;
	case 4: ok = put_decimal(x, &it); break;
	case 5: ok = put_date(x, &it); break;
	case 6: ok = put_binary(x, &it); break;
	case 7: ok = put_regex(x, &it); break;
	case 8: ok = put_timestamp(x, &it); break;
	case 9: ok = put_code_text(x, &it); break;
	case 10: ok = put_dbpointer(x, &it); break;
	case 11: ok = bson_append_minkey(x->out, x->key, x->key_len); break;
	case 12: ok = bson_append_maxkey(x->out, x->key, x->key_len); break;
	case 13: ok = bson_append_undefined(x->out, x->key, x->key_len); break;
	default: ok = s && bson_append_symbol(x->out, x->key, x->key_len, s, -1); break;
	}
	return ok ? 1 : -1;
}

int msp_json_extended(const bson_t *d, bson_t *out, const char *key, int key_len)
{
	struct extended x = {.d = d, .out = out, .key = key, .key_len = key_len};

	return extended(&x);
}
