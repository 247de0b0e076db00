/* MongoDB Extended JSON version 2 (github.com/mongodb/specifications, extended-json) read into documents. */
#include "mspipe/store.h"

#include "store/json.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 60 /* msp_bson_valid() allows 64, and an extended value is up to two documents */

struct json {
	const char *start, *p, *end;
	struct msp_error *err;
	struct msp_bytes text; /* of the string being read; used as a stack */
	int depth;
};

static int wrong(const struct json *j, const char *what)
{
	size_t line = 1, column = 1;

	for (const char *c = j->start; c < j->p; c++) {
		column = *c == '\n' ? 1 : column + 1;
		line += *c == '\n';
	}
	return msp_error_set(j->err, MSP_USAGE, "JSON: %s at line %zu, column %zu", what, line, column);
}

static int full(const struct json *j)
{
	return msp_error_set(j->err, MSP_USAGE, "JSON: a value that is too large");
}

static void blanks(struct json *j)
{
	while (j->p < j->end && (*j->p == ' ' || *j->p == '\t' || *j->p == '\n' || *j->p == '\r'))
		j->p++;
}

static bool next_is(struct json *j, char c)
{
	blanks(j);
	if (j->p >= j->end || *j->p != c)
		return false;
	j->p++;
	return true;
}

/* ---- strings ----------------------------------------------------------- */

static bool hex4(struct json *j, unsigned *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++, j->p++) {
		unsigned c = j->p < j->end ? (unsigned char)*j->p : 0, d;

		if (c >= '0' && c <= '9')
			d = c - '0';
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			d = (c | 32) - 'a' + 10;
		else
			return false;
		*out = *out * 16 + d;
	}
	return true;
}

static int put_code(struct json *j, unsigned c)
{
	char b[4];
	size_t n;

	if (c < 0x80) {
		b[0] = (char)c, n = 1;
	} else if (c < 0x800) {
		b[0] = (char)(0xc0 | c >> 6), b[1] = (char)(0x80 | (c & 0x3f)), n = 2;
	} else if (c < 0x10000) {
		b[0] = (char)(0xe0 | c >> 12), b[1] = (char)(0x80 | (c >> 6 & 0x3f)), b[2] = (char)(0x80 | (c & 0x3f)), n = 3;
	} else {
		b[0] = (char)(0xf0 | c >> 18), b[1] = (char)(0x80 | (c >> 12 & 0x3f)), b[2] = (char)(0x80 | (c >> 6 & 0x3f));
		b[3] = (char)(0x80 | (c & 0x3f)), n = 4;
	}
	return msp_bytes_append(&j->text, b, n);
}

static int unicode(struct json *j)
{
	unsigned c, low;

	if (!hex4(j, &c))
		return wrong(j, "\\u without four hexadecimal digits");
	if (c >= 0xd800 && c < 0xdc00) {
		if (j->end - j->p < 2 || j->p[0] != '\\' || j->p[1] != 'u')
			return wrong(j, "half of a surrogate pair");
		j->p += 2;
		if (!hex4(j, &low) || low < 0xdc00 || low > 0xdfff)
			return wrong(j, "half of a surrogate pair");
		c = 0x10000 + (c - 0xd800) * 0x400 + (low - 0xdc00);
	} else if (c >= 0xdc00 && c < 0xe000) {
		return wrong(j, "half of a surrogate pair");
	}
	return put_code(j, c);
}

static int escape(struct json *j)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;
	char c;

	if (j->p >= j->end)
		return wrong(j, "a string without end");
	c = *j->p++;
	if (c == 'u')
		return unicode(j);
	at = c ? strchr(from, c) : NULL;
	return at ? msp_bytes_append(&j->text, to + (at - from), 1) : wrong(j, "an unknown escape");
}

/* Appends the string to j->text, with a NUL after it; *at is where it begins. */
static int string(struct json *j, size_t *at, size_t *n)
{
	const char *from;

	blanks(j);
	if (!next_is(j, '"'))
		return wrong(j, "expected a string");
	*at = j->text.len;
	for (;;) {
		from = j->p;
		while (j->p < j->end && *j->p != '"' && *j->p != '\\' && (unsigned char)*j->p >= 0x20)
			j->p++;
		if (msp_bytes_append(&j->text, from, (size_t)(j->p - from)))
			return msp_error_set(j->err, MSP_NOMEM, "no memory left");
		if (j->p >= j->end)
			return wrong(j, "a string without end");
		if (*j->p == '"')
			break;
		if (*j->p != '\\')
			return wrong(j, "a control character in a string");
		j->p++;
		int r = escape(j);
		if (r != MSP_OK)
			return r == MSP_NOMEM ? msp_error_set(j->err, r, "no memory left") : r;
	}
	j->p++;
	*n = j->text.len - *at;
	if (msp_bytes_append(&j->text, "", 1))
		return msp_error_set(j->err, MSP_NOMEM, "no memory left");
	if (!bson_utf8_validate((const char *)j->text.data + *at, *n, true))
		return wrong(j, "a string that is not UTF-8");
	return MSP_OK;
}

/* ---- numbers and words ------------------------------------------------- */

static size_t digits(const char **p, const char *end)
{
	const char *from = *p;

	while (*p < end && **p >= '0' && **p <= '9')
		(*p)++;
	return (size_t)(*p - from);
}

/* The grammar of RFC 8259, section 6; *whole: no fraction, no exponent. */
static bool number_text(const char *p, const char *end, size_t *n, bool *whole)
{
	const char *start = p, *first;

	*whole = true;
	p += p < end && *p == '-';
	first = p;
	if (digits(&p, end) == 0 || (*first == '0' && p - first > 1))
		return false;
	if (p < end && *p == '.') {
		p++;
		*whole = false;
		if (digits(&p, end) == 0)
			return false;
	}
	if (p < end && (*p | 32) == 'e') {
		p++;
		*whole = false;
		p += p < end && (*p == '+' || *p == '-');
		if (digits(&p, end) == 0)
			return false;
	}
	*n = (size_t)(p - start);
	return true;
}

static int number(struct json *j, bson_t *out, const char *key, int key_len)
{
	char buf[64], *big = NULL, *text = buf;
	long long v = 0;
	bool whole, ok;
	double d = 0;
	size_t n;

	if (!number_text(j->p, j->end, &n, &whole))
		return wrong(j, "expected a value");
	if (n >= sizeof(buf) && !(text = big = malloc(n + 1)))
		return msp_error_set(j->err, MSP_NOMEM, "no memory left");
	memcpy(text, j->p, n);
	text[n] = '\0';
	errno = 0;
	if (whole)
		v = strtoll(text, NULL, 10);
	if (whole && errno == ERANGE)
		whole = false;
	if (!whole)
		d = strtod(text, NULL);
	free(big);
	if (!whole && isinf(d))
		return wrong(j, "a number too large for a double");
	j->p += n;
	if (!whole)
		ok = bson_append_double(out, key, key_len, d);
	else if (v >= INT32_MIN && v <= INT32_MAX)
		ok = bson_append_int32(out, key, key_len, (int32_t)v);
	else
		ok = bson_append_int64(out, key, key_len, v);
	return ok ? MSP_OK : full(j);
}

static int word(struct json *j, bson_t *out, const char *key, int key_len)
{
	size_t left = (size_t)(j->end - j->p);
	bool ok;

	if (left >= 4 && memcmp(j->p, "true", 4) == 0) {
		ok = bson_append_bool(out, key, key_len, true);
		j->p += 4;
	} else if (left >= 5 && memcmp(j->p, "false", 5) == 0) {
		ok = bson_append_bool(out, key, key_len, false);
		j->p += 5;
	} else if (left >= 4 && memcmp(j->p, "null", 4) == 0) {
		ok = bson_append_null(out, key, key_len);
		j->p += 4;
	} else {
		return number(j, out, key, key_len);
	}
	return ok ? MSP_OK : full(j);
}

/* ---- values ------------------------------------------------------------ */

static int members(struct json *j, bson_t *out, bool array);

static int nested(struct json *j, bson_t *out, const char *key, int key_len, bool array)
{
	bson_t d = BSON_INITIALIZER;
	int r, value;

	if (++j->depth > MAX_DEPTH) {
		bson_destroy(&d);
		return wrong(j, "nested too deep");
	}
	r = members(j, &d, array);
	j->depth--;
	value = r == MSP_OK && !array ? msp_json_extended(&d, out, key, key_len) : 0;
	if (value < 0)
		r = wrong(j, "a value of extended JSON that is none");
	if (r == MSP_OK && value == 0 && !(array ? bson_append_array(out, key, key_len, &d) : bson_append_document(out, key, key_len, &d)))
		r = full(j);
	bson_destroy(&d);
	return r;
}

static int value(struct json *j, bson_t *out, const char *key, int key_len)
{
	size_t at, n;
	int r;

	blanks(j);
	if (j->p >= j->end)
		return wrong(j, "it ends too early");
	if (*j->p == '{' || *j->p == '[')
		return nested(j, out, key, key_len, *j->p++ == '[');
	if (*j->p != '"')
		return word(j, out, key, key_len);
	/* the key may lie in the buffer that grows */
	char *copy = malloc((size_t)key_len + 1);
	if (!copy)
		return msp_error_set(j->err, MSP_NOMEM, "no memory left");
	memcpy(copy, key, (size_t)key_len);
	copy[key_len] = '\0';
	r = string(j, &at, &n);
	if (r == MSP_OK && (n > INT32_MAX || !bson_append_utf8(out, copy, key_len, (const char *)j->text.data + at, (int)n)))
		r = full(j);
	if (r == MSP_OK)
		j->text.len = at;
	free(copy);
	return r;
}

static int member(struct json *j, bson_t *out)
{
	size_t at, n;
	char *key;
	int r = string(j, &at, &n);

	if (r != MSP_OK)
		return r;
	key = n < INT32_MAX ? malloc(n + 1) : NULL;
	if (!key)
		return msp_error_set(j->err, MSP_NOMEM, "no memory left");
	memcpy(key, j->text.data + at, n + 1);
	j->text.len = at;
	if (memchr(key, 0, n))
		r = wrong(j, "a key with a NUL");
	else if (!next_is(j, ':'))
		r = wrong(j, "expected a colon");
	else
		r = value(j, out, key, (int)n);
	free(key);
	return r;
}

/* What follows { or [, up to } or ]. */
static int members(struct json *j, bson_t *out, bool array)
{
	char close = array ? ']' : '}', buf[16];
	const char *key;
	uint32_t i = 0;
	int r;

	if (next_is(j, close))
		return MSP_OK;
	do {
		if (array) {
			size_t n = bson_uint32_to_string(i++, &key, buf, sizeof(buf));

			r = value(j, out, key, (int)n);
		} else {
			r = member(j, out);
		}
		if (r != MSP_OK)
			return r;
	} while (next_is(j, ','));
	return next_is(j, close) ? MSP_OK : wrong(j, array ? "expected , or ]" : "expected , or }");
}

int msp_json_parse(const char *text, size_t n, bson_t *out, size_t *used, struct msp_error *err)
{
	struct json j = {.start = text, .p = text, .end = text + n, .err = err, .depth = 1};
	int r;

	bson_init(out);
	r = next_is(&j, '{') ? members(&j, out, false) : wrong(&j, "expected {");
	if (r == MSP_OK && !used) {
		blanks(&j);
		if (j.p < j.end)
			r = wrong(&j, "something after the object");
	}
	if (used)
		*used = (size_t)(j.p - text);
	msp_bytes_free(&j.text);
	if (r != MSP_OK)
		bson_destroy(out);
	return r;
}
