/* Values and documents as JSON: MongoDB Extended JSON version 2, relaxed (github.com/mongodb/specifications,
 * extended-json), valid whatever the bytes are. Appends to a buffer; fails only for memory. */
#include "core/walk.h"

#include "core/number.h"
#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static int text(struct msp_bytes *out, const char *s)
{
	return msp_bytes_append(out, s, strlen(s));
}

/* What cannot stand in a JSON string as it is; NULL if c can. DEL and C1 controls could drive a terminal. */
static const char *escape(const unsigned char *p, size_t len, char buf[8])
{
	switch (*p) {
	case '"': return "\\\"";
	case '\\': return "\\\\";
	case '\n': return "\\n";
	case '\r': return "\\r";
	case '\t': return "\\t";
	default: break;
	}
	if (len == 0)
		return "\\ufffd";
	if (*p < 0x20 || *p == 0x7f)
		snprintf(buf, 8, "\\u%04x", *p);
	else if (*p == 0xc2 && p[1] < 0xa0)
		snprintf(buf, 8, "\\u%04x", p[1]);
	else
		return NULL;
	return buf;
}

int msp_json_string(const char *s, size_t n, struct msp_bytes *out)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t i = 0, from = 0;
	char buf[8];
	int r = text(out, "\"");

	while (r == MSP_OK && i < n) {
		size_t len = msp_utf8_length(p + i, n - i);
		const char *esc = escape(p + i, len, buf);
		size_t next = i + (len ? len : 1);
		if (esc) {
			r = msp_bytes_append(out, s + from, i - from);
			if (r == MSP_OK)
				r = text(out, esc);
			from = next;
		}
		i = next;
	}
	if (r == MSP_OK)
		r = msp_bytes_append(out, s + from, n - from);
	return r == MSP_OK ? text(out, "\"") : r;
}

int msp_json_double(double d, struct msp_bytes *out)
{
	char buf[32];

	if (isnan(d))
		return text(out, "{\"$numberDouble\":\"NaN\"}");
	if (isinf(d))
		return text(out, d < 0 ? "{\"$numberDouble\":\"-Infinity\"}" :
		            "{\"$numberDouble\":\"Infinity\"}");
	if (text(out, msp_double_format(d, buf)))
		return MSP_NOMEM;
	return strpbrk(buf, ".e") ? MSP_OK : text(out, ".0"); /* stays a double for who reads it */
}

/* {"$name":"s"} with s escaped */
static int wrapped(const char *name, const char *s, size_t n, struct msp_bytes *out)
{
	if (text(out, "{\"") || text(out, name) || text(out, "\":") || msp_json_string(s, n, out) ||
	    text(out, "}"))
		return MSP_NOMEM;
	return MSP_OK;
}

static int hex_oid(const bson_oid_t *oid, struct msp_bytes *out)
{
	char hex[25];
	int i;

	for (i = 0; i < 12; i++)
		snprintf(hex + 2 * i, 3, "%02x", oid->bytes[i]);
	return wrapped("$oid", hex, 24, out);
}

static int base64(const uint8_t *p, size_t n, struct msp_bytes *out)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t i;

	for (i = 0; i < n; i += 3) {
		uint32_t w = (uint32_t)p[i] << 16 | (i + 1 < n ? (uint32_t)p[i + 1] << 8 : 0) |
		             (i + 2 < n ? p[i + 2] : 0);
		char four[4] = { alphabet[w >> 18], alphabet[w >> 12 & 63], alphabet[w >> 6 & 63],
		                 alphabet[w & 63] };
		if (i + 1 >= n)
			four[2] = '=';
		if (i + 2 >= n)
			four[3] = '=';
		if (msp_bytes_append(out, four, 4) != MSP_OK)
			return MSP_NOMEM;
	}
	return MSP_OK;
}

static int binary(const bson_value_t *v, struct msp_bytes *out)
{
	char tail[32];

	snprintf(tail, sizeof tail, "\",\"subType\":\"%02x\"}}", (unsigned)v->value.v_binary.subtype & 0xff);
	if (text(out, "{\"$binary\":{\"base64\":\"") ||
	    base64(v->value.v_binary.data, v->value.v_binary.data_len, out) || text(out, tail))
		return MSP_NOMEM;
	return MSP_OK;
}

static int document(const uint8_t *doc, size_t n, bool array, int depth, struct msp_bytes *out);

static int with_scope(const bson_value_t *v, int depth, struct msp_bytes *out)
{
	if (text(out, "{\"$code\":") ||
	    msp_json_string(v->value.v_codewscope.code, v->value.v_codewscope.code_len, out) ||
	    text(out, ",\"$scope\":") ||
	    document(v->value.v_codewscope.scope_data, v->value.v_codewscope.scope_len, false, depth + 1,
	             out) ||
	    text(out, "}"))
		return MSP_NOMEM;
	return MSP_OK;
}

static int regex(const bson_value_t *v, struct msp_bytes *out)
{
	const char *pattern = v->value.v_regex.regex, *options = v->value.v_regex.options;

	if (text(out, "{\"$regularExpression\":{\"pattern\":") ||
	    msp_json_string(pattern, strlen(pattern), out) ||
	    text(out, ",\"options\":") || msp_json_string(options, strlen(options), out) || text(out, "}}"))
		return MSP_NOMEM;
	return MSP_OK;
}

static int dbpointer(const bson_value_t *v, struct msp_bytes *out)
{
	if (text(out, "{\"$dbPointer\":{\"$ref\":") ||
	    msp_json_string(v->value.v_dbpointer.collection, v->value.v_dbpointer.collection_len, out) ||
	    text(out, ",\"$id\":") || hex_oid(&v->value.v_dbpointer.oid, out) || text(out, "}}"))
		return MSP_NOMEM;
	return MSP_OK;
}

static int formatted(struct msp_bytes *out, const char *fmt, long long a, unsigned long b)
{
	char buf[96];

	snprintf(buf, sizeof buf, fmt, a, b);
	return text(out, buf);
}

static int other(const bson_value_t *v, int depth, struct msp_bytes *out)
{
	char decimal[BSON_DECIMAL128_STRING];

	switch (v->value_type) {
	case BSON_TYPE_DOCUMENT:
	case BSON_TYPE_ARRAY:
		return document(v->value.v_doc.data, v->value.v_doc.data_len,
		                v->value_type == BSON_TYPE_ARRAY, depth + 1, out);
	case BSON_TYPE_BINARY:
		return binary(v, out);
	case BSON_TYPE_OID:
		return hex_oid(&v->value.v_oid, out);
	case BSON_TYPE_DATE_TIME: /* one that ns cannot hold */
		return formatted(out, "{\"$date\":{\"$numberLong\":\"%lld\"}}", v->value.v_datetime, 0);
	case BSON_TYPE_REGEX:
		return regex(v, out);
	case BSON_TYPE_DBPOINTER:
		return dbpointer(v, out);
	case BSON_TYPE_CODE:
		return wrapped("$code", v->value.v_code.code, v->value.v_code.code_len, out);
	case BSON_TYPE_SYMBOL:
		return wrapped("$symbol", v->value.v_symbol.symbol, v->value.v_symbol.len, out);
	case BSON_TYPE_CODEWSCOPE:
		return with_scope(v, depth, out);
	case BSON_TYPE_TIMESTAMP:
		return formatted(out, "{\"$timestamp\":{\"t\":%lld,\"i\":%lu}}",
		                 v->value.v_timestamp.timestamp,
		                 v->value.v_timestamp.increment);
	case BSON_TYPE_DECIMAL128:
		bson_decimal128_to_string(&v->value.v_decimal128, decimal);
		return wrapped("$numberDecimal", decimal, strlen(decimal), out);
	case BSON_TYPE_UNDEFINED:
		return text(out, "{\"$undefined\":true}");
	case BSON_TYPE_MINKEY:
		return text(out, "{\"$minKey\":1}");
	case BSON_TYPE_MAXKEY:
		return text(out, "{\"$maxKey\":1}");
	default:
		return text(out, "null");
	}
}

static int json_time(msp_time t, struct msp_bytes *out)
{
	char buf[MSP_TIME_TEXT];

	if (t < 0 && t % 1000000 == 0) /* the form that the specification has for what lies before 1970 */
		return formatted(out, "{\"$date\":{\"$numberLong\":\"%lld\"}}", t / 1000000, 0);
	msp_time_format(t, buf);
	return wrapped("$date", buf, strlen(buf), out);
}

static int value(const struct msp_value *v, int depth, struct msp_bytes *out)
{
	char buf[32];

	switch (v->type) {
	case MSP_V_BOOL:
		return text(out, v->u.b ? "true" : "false");
	case MSP_V_INT:
		return text(out, msp_int_format(v->u.i, buf));
	case MSP_V_DOUBLE:
		return msp_json_double(v->u.d, out);
	case MSP_V_STRING:
		return msp_json_string(v->u.s.text, v->u.s.len, out);
	case MSP_V_TIME:
		return json_time(v->u.i, out);
	case MSP_V_BSON:
		return other(&v->u.bson, depth, out);
	default:
		return text(out, "null");
	}
}

static int document(const uint8_t *doc, size_t n, bool array, int depth, struct msp_bytes *out)
{
	struct msp_walk w;
	struct msp_elem e;
	struct msp_value v;
	bool first = true;

	if (depth > MSP_BSON_DEPTH)
		return text(out, "null");
	if (text(out, array ? "[" : "{"))
		return MSP_NOMEM;
	msp_walk_begin(&w, doc, n);
	for (; msp_walk_next(&w, &e); first = false) {
		if (!first && text(out, ","))
			return MSP_NOMEM;
		if (!array && (msp_json_string(e.key, e.key_len, out) || text(out, ":")))
			return MSP_NOMEM;
		msp_elem_value(&e, &v);
		if (value(&v, depth, out))
			return MSP_NOMEM;
	}
	return text(out, array ? "]" : "}");
}

int msp_json_value(const struct msp_value *v, struct msp_bytes *out)
{
	return value(v, 1, out);
}

int msp_json_document(const uint8_t *bson, size_t n, struct msp_bytes *out)
{
	return document(bson, n, false, 1, out);
}
