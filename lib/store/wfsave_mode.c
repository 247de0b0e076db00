/* Values of the schema's keys: do they have its types, and can they be made to. */
#include "store/wfsave.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *msp_wf_type_name(int type)
{
	switch (type) {
	case MSP_S_INT: return "an integer";
	case MSP_S_DOUBLE: return "a double";
	case MSP_S_TEXT: return "a string";
	case MSP_S_TRUTH: return "true or false";
	case MSP_S_DICT: return "a document";
	case MSP_S_LIST: return "an array";
	case MSP_S_OID: return "an ObjectId";
	default: return "bytes";
	}
}

static bool fits(int type, const bson_iter_t *it)
{
	switch (type) {
	case MSP_S_INT: return BSON_ITER_HOLDS_INT32(it) || BSON_ITER_HOLDS_INT64(it);
	case MSP_S_DOUBLE: return BSON_ITER_HOLDS_DOUBLE(it);
	case MSP_S_TEXT: return BSON_ITER_HOLDS_UTF8(it);
	case MSP_S_TRUTH: return BSON_ITER_HOLDS_BOOL(it);
	case MSP_S_DICT: return BSON_ITER_HOLDS_DOCUMENT(it);
	case MSP_S_LIST: return BSON_ITER_HOLDS_ARRAY(it);
	case MSP_S_OID: return BSON_ITER_HOLDS_OID(it);
	default: return BSON_ITER_HOLDS_BINARY(it);
	}
}

/* The number that a value is, or that its text says. */
static bool number(const bson_iter_t *it, double *out)
{
	const char *text;
	char *end;

	if (BSON_ITER_HOLDS_NUMBER(it) || BSON_ITER_HOLDS_BOOL(it)) {
		*out = BSON_ITER_HOLDS_BOOL(it) ? (double)bson_iter_bool(it) : bson_iter_as_double(it);
		return true;
	}
	if (!BSON_ITER_HOLDS_UTF8(it))
		return false;
	text = bson_iter_utf8(it, NULL);
	errno = 0;
	*out = strtod(text, &end);
	while (isspace((unsigned char)*end))
		end++;
	return end != text && *end == '\0' && errno == 0;
}

static bool convert_int(const bson_iter_t *it, const char *name, bson_t *doc)
{
	double d;

	if (!number(it, &d) || d != floor(d) || fabs(d) > 9007199254740992.0)
		return false;
	return d >= INT32_MIN && d <= INT32_MAX ? bson_append_int32(doc, name, -1, (int32_t)d) : bson_append_int64(doc, name, -1, (int64_t)d);
}

static bool convert_text(const bson_iter_t *it, const char *name, bson_t *doc)
{
	struct msp_bytes text = {0};
	struct msp_value v;
	bool ok;

	if (!BSON_ITER_HOLDS_NUMBER(it) && !BSON_ITER_HOLDS_BOOL(it) && !BSON_ITER_HOLDS_OID(it))
		return false;
	if (BSON_ITER_HOLDS_OID(it)) {
		char hex[25];

		bson_oid_to_string(bson_iter_oid(it), hex);
		return bson_append_utf8(doc, name, -1, hex, 24);
	}
	msp_value_of_iter(it, &v);
	ok = msp_value_text(&v, &text) == MSP_OK && bson_append_utf8(doc, name, -1, (const char *)text.data, (int)text.len);
	msp_bytes_free(&text);
	return ok;
}

static bool convert(int type, const bson_iter_t *it, const char *name, bson_t *doc)
{
	bson_oid_t oid;
	uint32_t n;
	double d;

	switch (type) {
	case MSP_S_INT:
		return convert_int(it, name, doc);
	case MSP_S_DOUBLE:
		return number(it, &d) && bson_append_double(doc, name, -1, d);
	case MSP_S_TEXT:
		return convert_text(it, name, doc);
	case MSP_S_TRUTH:
		return number(it, &d) && (d == 0 || d == 1) && bson_append_bool(doc, name, -1, d == 1);
	case MSP_S_OID:
		if (!BSON_ITER_HOLDS_UTF8(it) || !bson_oid_is_valid(bson_iter_utf8(it, &n), 24) || n != 24)
			return false;
		bson_oid_init_from_string(&oid, bson_iter_utf8(it, NULL));
		return bson_append_oid(doc, name, -1, &oid);
	default:
		return false;
	}
}

int msp_wf_fit(const struct msp_schema_row *row, const bson_iter_t *it, int mode, const char *name, bson_t *doc)
{
	if (mode == MSP_WF_PROMISCUOUS || fits(row->type, it))
		return MSP_WF_AS_IT_IS;
	if (mode == MSP_WF_PEDANTIC)
		return MSP_WF_KILL;
	return convert(row->type, it, name, doc) ? MSP_WF_INSTEAD : MSP_WF_DROP;
}
