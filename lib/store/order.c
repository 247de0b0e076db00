/* MongoDB's order of values (manual: "Comparison/Sort Order"), and bytes that sort as they do. */
#include "store/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int msp_rank(const bson_iter_t *it)
{
	switch (bson_iter_type(it)) {
	case BSON_TYPE_MINKEY: return MSP_R_MINKEY;
	case BSON_TYPE_UNDEFINED:
	case BSON_TYPE_NULL: return MSP_R_NULL;
	case BSON_TYPE_DOUBLE:
	case BSON_TYPE_INT32:
	case BSON_TYPE_INT64:
	case BSON_TYPE_DECIMAL128: return MSP_R_NUMBER;
	case BSON_TYPE_UTF8:
	case BSON_TYPE_SYMBOL: return MSP_R_STRING;
	case BSON_TYPE_DOCUMENT: return MSP_R_DOCUMENT;
	case BSON_TYPE_ARRAY: return MSP_R_ARRAY;
	case BSON_TYPE_BINARY: return MSP_R_BINARY;
	case BSON_TYPE_OID: return MSP_R_OID;
	case BSON_TYPE_BOOL: return MSP_R_BOOL;
	case BSON_TYPE_DATE_TIME: return MSP_R_DATE;
	case BSON_TYPE_TIMESTAMP: return MSP_R_TIMESTAMP;
	case BSON_TYPE_REGEX: return MSP_R_REGEX;
	case BSON_TYPE_DBPOINTER: return MSP_R_DBPOINTER;
	case BSON_TYPE_CODE: return MSP_R_CODE;
	case BSON_TYPE_CODEWSCOPE: return MSP_R_SCOPE;
	default: return MSP_R_MAXKEY;
	}
}

double msp_number(const bson_iter_t *it)
{
	bson_decimal128_t decimal;
	char text[BSON_DECIMAL128_STRING];

	switch (bson_iter_type(it)) {
	case BSON_TYPE_INT32: return bson_iter_int32(it);
	case BSON_TYPE_INT64: return (double)bson_iter_int64(it);
	case BSON_TYPE_DECIMAL128:
		if (!bson_iter_decimal128(it, &decimal))
			return (double)NAN;
		bson_decimal128_to_string(&decimal, text);
		return strtod(text, NULL);
	default: return bson_iter_double(it);
	}
}

/* ---- comparison -------------------------------------------------------- */

static int bytes(const void *a, size_t na, const void *b, size_t nb)
{
	size_t n = na < nb ? na : nb;
	int c = n ? memcmp(a, b, n) : 0;

	return c ? c : (na > nb) - (na < nb);
}

static int int64s(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

static bool whole(const bson_iter_t *it)
{
	return bson_iter_type(it) == BSON_TYPE_INT32 || bson_iter_type(it) == BSON_TYPE_INT64;
}

/* An integer with a double that is not NaN, without rounding either. */
static int int_with_double(int64_t i, double d)
{
	int64_t t;
	double rest;

	if (d >= 0x1p63)
		return -1;
	if (d < -0x1p63)
		return 1;
	t = (int64_t)d;
	rest = d - (double)t;
	return i != t ? int64s(i, t) : (rest < 0) - (rest > 0);
}

static int numbers(const bson_iter_t *a, const bson_iter_t *b)
{
	double x, y;

	if (whole(a) && whole(b))
		return int64s(bson_iter_as_int64(a), bson_iter_as_int64(b));
	x = msp_number(a);
	y = msp_number(b);
	if (isnan(x) || isnan(y))
		return (isnan(x) ? 0 : 1) - (isnan(y) ? 0 : 1);
	if (whole(a))
		return int_with_double(bson_iter_as_int64(a), y);
	if (whole(b))
		return -int_with_double(bson_iter_as_int64(b), x);
	return (x > y) - (x < y);
}

static const char *text(const bson_iter_t *it, uint32_t *n)
{
	switch (bson_iter_type(it)) {
	case BSON_TYPE_SYMBOL: return bson_iter_symbol(it, n);
	case BSON_TYPE_CODE: return bson_iter_code(it, n);
	default: return bson_iter_utf8(it, n);
	}
}

static int texts(const bson_iter_t *a, const bson_iter_t *b)
{
	uint32_t na = 0, nb = 0;
	const char *x = text(a, &na), *y = text(b, &nb);

	return bytes(x, na, y, nb);
}

static int documents(const bson_iter_t *a, const bson_iter_t *b)
{
	bson_iter_t x, y;
	bool in_x, in_y;

	if (!bson_iter_recurse(a, &x) || !bson_iter_recurse(b, &y))
		return 0;
	for (;;) {
		int c;

		in_x = bson_iter_next(&x);
		in_y = bson_iter_next(&y);
		if (!in_x || !in_y)
			return (int)in_x - (int)in_y;
		c = msp_rank(&x) - msp_rank(&y);
		if (c == 0 && bson_iter_type(a) == BSON_TYPE_DOCUMENT)
			c = strcmp(bson_iter_key(&x), bson_iter_key(&y));
		if (c == 0)
			c = msp_order(&x, &y);
		if (c)
			return c;
	}
}

static int binaries(const bson_iter_t *a, const bson_iter_t *b)
{
	bson_subtype_t sa, sb;
	uint32_t na, nb;
	const uint8_t *x, *y;

	bson_iter_binary(a, &sa, &na, &x);
	bson_iter_binary(b, &sb, &nb, &y);
	if (na != nb)
		return na < nb ? -1 : 1;
	return sa != sb ? (sa < sb ? -1 : 1) : bytes(x, na, y, nb);
}

static int timestamps(const bson_iter_t *a, const bson_iter_t *b)
{
	uint32_t ta, ia, tb, ib;

	bson_iter_timestamp(a, &ta, &ia);
	bson_iter_timestamp(b, &tb, &ib);
	return ta != tb ? int64s(ta, tb) : int64s(ia, ib);
}

static int regexes(const bson_iter_t *a, const bson_iter_t *b)
{
	const char *oa, *ob;
	int c = strcmp(bson_iter_regex(a, &oa), bson_iter_regex(b, &ob));

	return c ? c : strcmp(oa, ob);
}

/* What is left is rare and has no order that anybody relies on: by its bytes. */
static int raw(const bson_iter_t *a, const bson_iter_t *b)
{
	return bytes(a->raw + a->d1, a->next_off - a->d1, b->raw + b->d1, b->next_off - b->d1);
}

int msp_order(const bson_iter_t *a, const bson_iter_t *b)
{
	int rank = msp_rank(a), c = rank - msp_rank(b);

	if (c)
		return c;
	switch (rank) {
	case MSP_R_NUMBER: return numbers(a, b);
	case MSP_R_STRING:
	case MSP_R_CODE: return texts(a, b);
	case MSP_R_DOCUMENT:
	case MSP_R_ARRAY: return documents(a, b);
	case MSP_R_BINARY: return binaries(a, b);
	case MSP_R_OID: return memcmp(bson_iter_oid(a), bson_iter_oid(b), 12);
	case MSP_R_BOOL: return (int)bson_iter_bool(a) - (int)bson_iter_bool(b);
	case MSP_R_DATE: return int64s(bson_iter_date_time(a), bson_iter_date_time(b));
	case MSP_R_TIMESTAMP: return timestamps(a, b);
	case MSP_R_REGEX: return regexes(a, b);
	case MSP_R_DBPOINTER:
	case MSP_R_SCOPE: return raw(a, b);
	default: return 0;
	}
}

/* ---- keys -------------------------------------------------------------- */

static int put(struct msp_bytes *out, const void *data, size_t n)
{
	return msp_bytes_append(out, data, n);
}

static int put_u64(struct msp_bytes *out, uint64_t v)
{
	uint8_t b[8];

	for (int i = 0; i < 8; i++)
		b[i] = (uint8_t)(v >> (56 - 8 * i));
	return put(out, b, 8);
}

static int put_i64(struct msp_bytes *out, int64_t v)
{
	return put_u64(out, (uint64_t)v ^ UINT64_C(1) << 63);
}

/* A NUL inside is NUL 0xff, the end is NUL NUL: so a beginning sorts before what it begins. */
static int put_text(struct msp_bytes *out, const char *s, size_t n)
{
	while (n) {
		const char *nul = memchr(s, 0, n);
		size_t k = nul ? (size_t)(nul - s) : n;

		if (put(out, s, k) || (nul && put(out, "\0\xff", 2)))
			return MSP_NOMEM;
		s += k + (nul != NULL);
		n -= k + (nul != NULL);
	}
	return put(out, "\0", 2);
}

/* The nearest double, then what an integer is above or below it. */
static int put_number(struct msp_bytes *out, const bson_iter_t *it)
{
	double d = msp_number(it);
	uint64_t bits;
	int rest = 0;

	if (isnan(d))
		return put_u64(out, 0) || put(out, "\0", 2) ? MSP_NOMEM : MSP_OK;
	if (bson_iter_type(it) == BSON_TYPE_INT64)
		rest = (int)(d < 0x1p63 ? bson_iter_int64(it) - (int64_t)d : bson_iter_int64(it) - INT64_MAX - 1); /* at most 512 */
	d += 0.0; /* -0 is 0 */
	memcpy(&bits, &d, 8);
	bits = bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
	uint8_t tail[2] = {(uint8_t)((rest + 32768) >> 8), (uint8_t)(rest + 32768)};
	return put_u64(out, bits) || put(out, tail, 2) ? MSP_NOMEM : MSP_OK;
}

static int put_members(struct msp_bytes *out, const bson_iter_t *it)
{
	bool named = bson_iter_type(it) == BSON_TYPE_DOCUMENT;
	bson_iter_t e;

	if (!bson_iter_recurse(it, &e))
		return put(out, "\0", 1);
	while (bson_iter_next(&e)) {
		uint8_t rank = (uint8_t)msp_rank(&e);

		if (put(out, &rank, 1) || (named && put_text(out, bson_iter_key(&e), bson_iter_key_len(&e))) ||
		    msp_order_key(&e, out))
			return MSP_NOMEM;
	}
	return put(out, "\0", 1);
}

static int put_binary(struct msp_bytes *out, const bson_iter_t *it)
{
	bson_subtype_t sub;
	uint32_t n;
	const uint8_t *data;

	bson_iter_binary(it, &sub, &n, &data);
	return put_u64(out, (uint64_t)n << 8 | (sub & 0xff)) || put(out, data, n) ? MSP_NOMEM : MSP_OK;
}

static int put_rest(struct msp_bytes *out, const bson_iter_t *it, int rank)
{
	uint32_t n = 0, t, i;
	const char *s, *options;

	switch (rank) {
	case MSP_R_STRING:
	case MSP_R_CODE:
		s = text(it, &n);
		return put_text(out, s, n);
	case MSP_R_TIMESTAMP:
		bson_iter_timestamp(it, &t, &i);
		return put_u64(out, (uint64_t)t << 32 | i);
	case MSP_R_REGEX:
		s = bson_iter_regex(it, &options);
		return put_text(out, s, strlen(s)) || put_text(out, options, strlen(options)) ? MSP_NOMEM : MSP_OK;
	case MSP_R_DBPOINTER:
	case MSP_R_SCOPE:
		return put_text(out, (const char *)it->raw + it->d1, it->next_off - it->d1);
	default:
		return MSP_OK;
	}
}

int msp_order_key(const bson_iter_t *it, struct msp_bytes *out)
{
	uint8_t rank = (uint8_t)(it ? msp_rank(it) : MSP_R_NULL), b;

	if (put(out, &rank, 1))
		return MSP_NOMEM;
	switch (rank) {
	case MSP_R_NUMBER: return put_number(out, it);
	case MSP_R_DOCUMENT:
	case MSP_R_ARRAY: return put_members(out, it);
	case MSP_R_BINARY: return put_binary(out, it);
	case MSP_R_OID: return put(out, bson_iter_oid(it), 12);
	case MSP_R_BOOL:
		b = bson_iter_bool(it);
		return put(out, &b, 1);
	case MSP_R_DATE: return put_i64(out, bson_iter_date_time(it));
	default: return it ? put_rest(out, it, rank) : MSP_OK;
	}
}
