/* Fuzzes the expression language: any text is an expression or an error with its place; the canonical text of an
 * expression is canonical and gives the same values; a condition is never true where its negation is, and becomes a
 * filter that a store takes, and that takes a document of which it is true. */
#include "mspipe/expr.h"

#include "mspipe/documents.h"
#include "store/place.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Values of all types, chosen by the key's first letter. */
static void get(const void *context, const char *key, struct msp_value *out, char scratch[MSP_ID_TEXT])
{
	static const struct msp_value values[] = {
		{.type = MSP_V_NULL},
		{.type = MSP_V_BOOL, .u.b = true},
		{.type = MSP_V_INT, .u.i = 7},
		{.type = MSP_V_INT, .u.i = INT64_MIN},
		{.type = MSP_V_DOUBLE, .u.d = -2.5},
		{.type = MSP_V_DOUBLE, .u.d = 1e300},
		{.type = MSP_V_STRING, .u.s = {"BH\0Z\xc3\xa9", 6}},
		{.type = MSP_V_STRING, .u.s = {"2010-02-27T06:30:00Z", 20}},
		{.type = MSP_V_TIME, .u.i = 1267252200 * MSP_NS},
		{.type = MSP_V_UNDEFINED},
	};
	(void)context;
	*out = values[(unsigned char)key[0] % (sizeof values / sizeof *values)];
	if (key[0] == 'o') {
		out->type = MSP_V_BSON;
		out->u.bson.value_type = BSON_TYPE_OID;
		memset(&out->u.bson.value.v_oid, 0x5f, sizeof(bson_oid_t));
	} else if (key[0] == 's' && out->type == MSP_V_STRING) {
		memcpy(scratch, "scratch", 7);
		out->u.s.text = scratch;
		out->u.s.len = 7;
	}
}

static void must(bool condition)
{
	if (!condition)
		abort();
}

static char *text_of(const struct msp_expr *e)
{
	struct msp_bytes b = {0};
	must(msp_expr_text(e, &b) == MSP_OK && msp_bytes_append(&b, "", 1) == MSP_OK);
	return (char *)b.data;
}

static bool same(const struct msp_value *a, const struct msp_value *b)
{
	return a->type == b->type && msp_value_compare(a, b) == 0;
}

static void check(struct msp_expr *e)
{
	struct msp_expr *again;
	struct msp_error err = {0};
	struct msp_value a, b;
	struct msp_expr_complaint c;
	char *text = text_of(e), reason[64];
	if (strlen(text) <= MSP_EXPR_MAX) {
		must(msp_expr_compile(text, 0, &again, NULL, &err) == MSP_OK);
		char *second = text_of(again);
		must(!strcmp(text, second));
		must(msp_expr_eval_with(e, get, NULL, &a) == MSP_OK && msp_expr_eval_with(again, get, NULL, &b) == MSP_OK);
		must(same(&a, &b));
		must(msp_expr_complaints(e) == msp_expr_complaints(again));
		free(second);
		msp_expr_free(again);
	}
	for (uint32_t i = 0; i < 20 && msp_expr_complaint(e, i, &c); i++)
		must(c.objects == 1 && strlen(c.text) < sizeof c.text);
	must(strlen(msp_expr_reason(e, reason, sizeof reason)) < sizeof reason);
	free(text);
}

static void check_negation(const char *text)
{
	struct msp_expr *e, *not;
	bool yes, no;
	size_t n = strlen(text) + 4;
	char *negated = malloc(n);
	must(negated != NULL);
	memcpy(negated, "!(", 2);
	memcpy(negated + 2, text, n - 4);
	memcpy(negated + n - 2, ")", 2);
	if (msp_expr_compile(text, MSP_EXPR_CONDITION, &e, NULL, NULL) == MSP_OK) {
		if (msp_expr_compile(negated, MSP_EXPR_CONDITION, &not, NULL, NULL) == MSP_OK) {
			must(msp_expr_test_with(e, get, NULL, &yes) == MSP_OK);
			must(msp_expr_test_with(not, get, NULL, &no) == MSP_OK && yes == !no);
			msp_expr_free(not);
		}
		msp_expr_free(e);
	}
	free(negated);
}

static void check_filter(const char *text, const bson_t *doc)
{
	static const char *const collections[] = {"wf_TimeSeries", "site", "x"};
	struct msp_expr *e;
	bool is, exact;
	if (msp_expr_compile(text, MSP_EXPR_CONDITION, &e, NULL, NULL) != MSP_OK)
		return;
	for (unsigned i = 0; i < 12; i++) {
		const char *collection = collections[i / 4];
		struct msp_filter *f;
		bson_t filter;
		must(msp_document_test(e, collection, doc, &is) == MSP_OK);
		must(msp_expr_filter(e, i % 4, msp_place, collection, &filter, &exact, NULL) == MSP_OK);
		must(msp_filter_compile(&filter, &f, NULL) == MSP_OK);
		int matches = msp_filter_match(f, doc);
		must(matches < 0 || matches == is || (matches && !exact));
		msp_filter_free(f);
		bson_destroy(&filter);
	}
	msp_expr_free(e);
}

static void check_filters(const char *text)
{
	static const char json[] = "{\"_id\":1,\"sta\":\"AAK\",\"loc\":\"\",\"starttime\":1267252200.5,\"npts\":7,\"delta\":0.05,\"a\":null,\"b\":true,"
		"\"c\":{\"d\":[1,\"x\"],\"e\":-2.5},\"c_f\":\"2010-02-27\",\"x\":{\"$date\":{\"$numberLong\":\"5000\"}},\"y\":[5,null],"
		"\"z\":{\"$oid\":\"5f0102030405060708090a0b\"},\"lat\":1e300,\"msp\":{\"start\":{\"$numberLong\":\"1267252200500000100\"},\"values\":{\"g\":\"\"}}}";
	bson_t doc;
	must(msp_json_parse(json, sizeof json - 1, &doc, NULL, NULL) == MSP_OK);
	check_filter(text, &doc);
	bson_destroy(&doc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct msp_expr *e;
	struct msp_error err = {0};
	struct msp_keys keys;
	uint32_t column;
	char *text = malloc(size + 1);
	if (!text)
		return 0;
	if (size)
		memcpy(text, data, size);
	text[size] = 0;
	int rc = msp_expr_compile(text, 0, &e, &column, &err);
	must(rc == MSP_OK || (rc == MSP_USAGE && !e && err.text[0] && column <= size + 1));
	if (rc == MSP_OK) {
		check(e);
		check_negation(text);
		check_filters(text);
		msp_expr_free(e);
	}
	if (msp_keys_parse(text, true, &keys, &err) == MSP_OK)
		msp_keys_free(&keys);
	free(text);
	return 0;
}
