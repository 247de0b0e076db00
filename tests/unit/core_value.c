/* Values: text, JSON, order; object fields by name. */
#include "mspipe/core.h"

#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct msp_value integer(int64_t i)
{
	struct msp_value v = { .type = MSP_V_INT };
	v.u.i = i;
	return v;
}

static struct msp_value real(double d)
{
	struct msp_value v = { .type = MSP_V_DOUBLE };
	v.u.d = d;
	return v;
}

static struct msp_value string(const char *s)
{
	struct msp_value v = { .type = MSP_V_STRING };
	v.u.s.text = s;
	v.u.s.len = strlen(s);
	return v;
}

static struct msp_value boolean(bool b)
{
	struct msp_value v = { .type = MSP_V_BOOL };
	v.u.b = b;
	return v;
}

static struct msp_value utc(msp_time t)
{
	struct msp_value v = { .type = MSP_V_TIME };
	v.u.i = t;
	return v;
}

static void number_text(double d, const char *want)
{
	char buf[32];

	msp_double_format(d, buf);
	CHECKF(strcmp(buf, want) == 0, "%s for %s", buf, want);
}

static void test_double(void)
{
	uint64_t bits = 1;
	char buf[32];
	int i, bad = 0;

	number_text(0.05, "0.05");
	number_text(1e300, "1e+300");
	number_text(NAN, "nan");
	number_text(INFINITY, "inf");
	number_text(-INFINITY, "-inf");
	number_text(0, "0");
	number_text(-0.0, "-0");
	number_text(-3, "-3");
	number_text(123456789012345.0, "123456789012345");
	number_text(1e15, "1e+15");
	number_text(0.1 + 0.2, "0.30000000000000004");
	number_text(1.0 / 3, "0.3333333333333333");
	number_text(5e-324, "5e-324");
	number_text(2.2250738585072014e-308, "2.2250738585072014e-308");
	number_text(1.7976931348623157e308, "1.7976931348623157e+308");
	number_text(1299822384.12, "1299822384.12");
	number_text(-0.0001, "-0.0001");
	number_text(0.00001, "1e-05");
	number_text(999999999.123456789, "999999999.1234568");
	number_text(0x1p-44, "5.684341886080802e-14"); /* the shortest is not the nearest of 16 digits */
	number_text(-0x1p976, "-6.386688990511104e+293");
	number_text(9007199254740993.0, "9007199254740992");
	for (i = 0; i < 200000; i++) {
		double d, back;
		bits = bits * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
		if (i & 1) { /* decimals, as metadata have them */
			d = (double)(int64_t)(bits >> 24) / pow(10, (double)(i % 12));
		} else {
			uint64_t b = bits ^ bits >> 33;
			memcpy(&d, &b, 8);
		}
		back = strtod(msp_double_format(d, buf), NULL);
		bad += !(back == d || (isnan(d) && isnan(back)));
	}
	CHECKF(bad == 0, "%d", bad);
}

static int order(struct msp_value a, struct msp_value b)
{
	int x = msp_value_compare(&a, &b), y = msp_value_compare(&b, &a);

	CHECKF((x > 0) - (x < 0) == (y < 0) - (y > 0), "%d %d", x, y);
	return (x > 0) - (x < 0);
}

static void test_order(void)
{
	struct msp_value undefined = { .type = MSP_V_UNDEFINED }, null = { .type = MSP_V_NULL };
	struct msp_value rising[16];
	int n = 0, i, k;

	rising[n++] = undefined;
	rising[n++] = null;
	rising[n++] = real(NAN);
	rising[n++] = real(-INFINITY);
	rising[n++] = integer(INT64_MIN);
	rising[n++] = real(-0.5);
	rising[n++] = boolean(false);
	rising[n++] = real(5e-324);
	rising[n++] = boolean(true);
	rising[n++] = real(1.5);
	rising[n++] = integer(INT64_MAX);
	rising[n++] = real(0x1p63);
	rising[n++] = utc(-1);
	rising[n++] = string("");
	rising[n++] = string("a");
	rising[n++] = string("ab");
	for (i = 0; i < n; i++)
		for (k = 0; k < n; k++)
			CHECKF(order(rising[i], rising[k]) == (i > k) - (i < k), "%d %d", i, k);
	CHECK(order(integer(1), real(1)) == 0 && order(integer(1), boolean(true)) == 0 &&
	      order(real(-0.0), integer(0)) == 0);
	/* where a double cannot tell */
	CHECK(order(integer(INT64_C(9007199254740993)), real(9007199254740992.0)) == 1);
	CHECK(order(integer(INT64_C(-9007199254740993)), real(-9007199254740992.0)) == -1);
	CHECK(order(integer(INT64_MIN), real(-0x1p63)) == 0);
	CHECK(order(integer(-1), real(-1.5)) == 1 && order(integer(-2), real(-1.5)) == -1);
	CHECK(order(string("a\xff"), string("a\x01")) == 1);
}

static void json_is(struct msp_value v, const char *want)
{
	struct msp_bytes out = { 0 };

	CHECK(msp_json_value(&v, &out) == MSP_OK);
	CHECKF(out.len == strlen(want) && memcmp(out.data, want, out.len) == 0, "%.*s for %s", (int)out.len,
	       (char *)out.data, want);
	msp_bytes_free(&out);
}

static void text_is(struct msp_value v, const char *want)
{
	struct msp_bytes out = { 0 };

	CHECK(msp_value_text(&v, &out) == MSP_OK);
	CHECKF(out.len == strlen(want) && (out.len == 0 || memcmp(out.data, want, out.len) == 0),
	       "%.*s for %s",
	       (int)out.len, (char *)out.data, want);
	msp_bytes_free(&out);
}

static void test_text(void)
{
	struct msp_value undefined = { .type = MSP_V_UNDEFINED }, null = { .type = MSP_V_NULL };

	text_is(undefined, "");
	text_is(null, "null");
	text_is(boolean(true), "true");
	text_is(integer(INT64_MIN), "-9223372036854775808");
	text_is(real(0.05), "0.05");
	text_is(string("a\tb"), "a\tb");
	text_is(utc(0), "1970-01-01T00:00:00Z");
	json_is(undefined, "null");
	json_is(boolean(false), "false");
	json_is(integer(INT64_MAX), "9223372036854775807");
	json_is(real(20), "20.0");
	json_is(real(-0.0), "-0.0");
	json_is(real(1e300), "1e+300");
	json_is(real(NAN), "{\"$numberDouble\":\"NaN\"}");
	json_is(real(-INFINITY), "{\"$numberDouble\":\"-Infinity\"}");
	json_is(utc(1500000000), "{\"$date\":\"1970-01-01T00:00:01.500Z\"}");
	json_is(string("q\"\\\n\t\r\x01\x7f"), "\"q\\\"\\\\\\n\\t\\r\\u0001\\u007f\"");
	json_is(string("\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8b"), "\"\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\x8b\"");
	json_is(string("\xc2\x9b"), "\"\\u009b\"");
	/* no UTF-8: lone, overlong, surrogate, too high, cut */
	json_is(string("a\xff" "b"), "\"a\\ufffdb\"");
	json_is(string("\xc0\x80"), "\"\\ufffd\\ufffd\"");
	json_is(string("\xed\xa0\x80"), "\"\\ufffd\\ufffd\\ufffd\"");
	json_is(string("\xf4\x90\x80\x80"), "\"\\ufffd\\ufffd\\ufffd\\ufffd\"");
	json_is(string("\xe2\x82"), "\"\\ufffd\\ufffd\"");
}

static void harmless(const char *text, const char *want)
{
	char *copy = strdup(text);

	msp_text_harmless(copy, strlen(copy));
	CHECKF(strcmp(copy, want) == 0, "%s", copy);
	free(copy);
}

static void test_harmless(void)
{
	harmless("", "");
	harmless("IU.ANMO \xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\x8b",
	         "IU.ANMO \xc3\xa9 \xe2\x82\xac \xf0\x9f\x8c\x8b");
	harmless("\x1b[2J\r\n\t\x7f", "?[2J????");
	harmless("\xc2\x9b" "2J \xc2\xa0", "??2J \xc2\xa0"); /* C1, and what comes after it */
	harmless("\xe0\x82\x9b", "???");                      /* the same, overlong */
	harmless("\x9b" "a\xff", "?a?");
	harmless("\xe2\x82", "??");
	harmless("\xe2\x82\x1b", "???");
}

/* One of every BSON type, as libbson writes it: our JSON says the same as libbson's, but for what is said
 * here. */
static void test_every_type(void)
{
	static const char want[] =
		"{\"double\":0.25,\"string\":\"a\\u0000b\",\"doc\":{\"x\":1,\"e\":{}},\"array\":[1,\"two\",[]],"
		"\"bin\":{\"$binary\":{\"base64\":\"AAECAw==\",\"subType\":\"00\"}},"
		"\"old\":{\"$binary\":{\"base64\":\"YWJj\",\"subType\":\"02\"}},\"undef\":{\"$undefined\":true},"
		"\"oid\":{\"$oid\":\"000102030405060708090a0b\"},\"t\":true,\"date\":{\"$date\":\"1970-01-01T00:00:01.500Z\"},"
		"\"early\":{\"$date\":{\"$numberLong\":\"-1\"}},\"far\":{\"$date\":{\"$numberLong\":\"253402300800000\"}},"
		"\"null\":null,\"regex\":{\"$regularExpression\":{\"pattern\":\"^B\\\"H\",\"options\":\"i\"}},"
		"\"ptr\":{\"$dbPointer\":{\"$ref\":\"site\",\"$id\":{\"$oid\":\"000102030405060708090a0b\"}}},"
		"\"code\":{\"$code\":\"f()\"},\"symbol\":{\"$symbol\":\"s\"},\"scope\":{\"$code\":\"g()\",\"$scope\":{\"x\":1,\"e\":{}}},"
		"\"i32\":-5,\"ts\":{\"$timestamp\":{\"t\":7,\"i\":9}},\"i64\":1099511627776,"
		"\"dec\":{\"$numberDecimal\":\"1.50\"},\"min\":{\"$minKey\":1},\"max\":{\"$maxKey\":1}}";
	bson_t b = BSON_INITIALIZER, doc = BSON_INITIALIZER, empty = BSON_INITIALIZER,
	        array = BSON_INITIALIZER;
	bson_decimal128_t dec;
	bson_oid_t oid;
	bson_iter_t it;
	struct msp_object o, copy;
	struct msp_bytes out = { 0 };
	struct msp_value v, w;

	bson_oid_init_from_string(&oid, "000102030405060708090a0b");
	bson_decimal128_from_string("1.50", &dec);
	BSON_APPEND_INT32(&doc, "x", 1);
	BSON_APPEND_DOCUMENT(&doc, "e", &empty);
	BSON_APPEND_INT32(&array, "0", 1);
	BSON_APPEND_UTF8(&array, "1", "two");
	BSON_APPEND_ARRAY(&array, "2", &empty);
	BSON_APPEND_DOUBLE(&b, "double", 0.25);
	bson_append_utf8(&b, "string", -1, "a\0b", 3);
	BSON_APPEND_DOCUMENT(&b, "doc", &doc);
	BSON_APPEND_ARRAY(&b, "array", &array);
	BSON_APPEND_BINARY(&b, "bin", BSON_SUBTYPE_BINARY, (const uint8_t *)"\0\1\2\3", 4);
	BSON_APPEND_BINARY(&b, "old", BSON_SUBTYPE_BINARY_DEPRECATED, (const uint8_t *)"abc", 3);
	BSON_APPEND_UNDEFINED(&b, "undef");
	BSON_APPEND_OID(&b, "oid", &oid);
	BSON_APPEND_BOOL(&b, "t", true);
	BSON_APPEND_DATE_TIME(&b, "date", 1500);
	BSON_APPEND_DATE_TIME(&b, "early", -1);
	BSON_APPEND_DATE_TIME(&b, "far", INT64_C(253402300800000));
	BSON_APPEND_NULL(&b, "null");
	BSON_APPEND_REGEX(&b, "regex", "^B\"H", "i");
	BSON_APPEND_DBPOINTER(&b, "ptr", "site", &oid);
	BSON_APPEND_CODE(&b, "code", "f()");
	BSON_APPEND_SYMBOL(&b, "symbol", "s");
	BSON_APPEND_CODE_WITH_SCOPE(&b, "scope", "g()", &doc);
	BSON_APPEND_INT32(&b, "i32", -5);
	BSON_APPEND_TIMESTAMP(&b, "ts", 7, 9);
	BSON_APPEND_INT64(&b, "i64", INT64_C(1099511627776));
	BSON_APPEND_DECIMAL128(&b, "dec", &dec);
	BSON_APPEND_MINKEY(&b, "min");
	BSON_APPEND_MAXKEY(&b, "max");

	CHECK(msp_bson_valid(bson_get_data(&b), b.len));
	CHECK(msp_json_document(bson_get_data(&b), b.len, &out) == MSP_OK);
	CHECKF(out.len == sizeof want - 1 && memcmp(out.data, want, out.len) == 0, "%.*s", (int)out.len,
	       (char *)out.data);
	/* each value, set in another object, is the same value there: same bytes, same order */
	msp_object_init(&o);
	msp_object_init(&copy);
	msp_bytes_borrow(&o.metadata, bson_get_data(&b), b.len);
	CHECK(bson_iter_init(&it, &b));
	while (bson_iter_next(&it)) {
		const char *key = bson_iter_key(&it);
		CHECK(msp_meta_value(&o, key, &v));
		msp_value_of_iter(&it, &w);
		CHECKF(msp_value_compare(&v, &w) == 0, "%s", key);
		if (v.type != MSP_V_TIME) {
			CHECKF(msp_meta_set(&copy, key, &v, NULL) == MSP_OK, "%s", key);
			CHECK(msp_meta_value(&copy, key, &w));
			CHECKF(msp_value_compare(&v, &w) == 0, "%s", key);
		} else {
			/* MsPASS's times are doubles: those are not copied as they are */
			CHECK(bson_append_iter(&doc, key, -1, &it));
			CHECK(msp_meta_set(&copy, key, &v, NULL) == MSP_OK &&
			      msp_meta_value(&copy, key, &w) && w.type == MSP_V_DOUBLE);
		}
	}
	CHECK(msp_bson_valid(copy.metadata.data, copy.metadata.len));
	CHECK(msp_meta_value(&o, "far", &v) && v.type == MSP_V_BSON);
	CHECK(msp_meta_value(&o, "date", &v) && v.type == MSP_V_TIME && v.u.i == 1500000000);
	CHECK(msp_meta_value(&o, "bin", &v) && msp_meta_value(&o, "old", &w) && order(v, w) != 0);
	/* text of what is neither number nor string is its JSON */
	CHECK(msp_meta_value(&o, "oid", &v));
	text_is(v, "{\"$oid\":\"000102030405060708090a0b\"}");
	msp_bytes_free(&out);
	msp_object_free(&o);
	msp_object_free(&copy);
	bson_destroy(&b);
	bson_destroy(&doc);
	bson_destroy(&array);
	bson_destroy(&empty);
}

static void field_is(const struct msp_object *o, const char *key, int type, const char *want)
{
	char scratch[MSP_ID_TEXT];
	struct msp_value v;

	msp_object_get(o, key, &v, scratch);
	CHECKF(v.type == type, "%s: type %d", key, v.type);
	text_is(v, want);
}

static void test_fields(void)
{
	struct msp_object o;

	msp_object_init(&o);
	CHECK(msp_object_reset(&o, MSP_TIMESERIES, MSP_F64, 3) == MSP_OK);
	memset(o.samples.data, 0, o.samples.len);
	field_is(&o, "sampling_rate", MSP_V_UNDEFINED, "");
	o.dt = 0.05;
	CHECK(msp_meta_set_string(&o, "sta", "S") == MSP_OK);
	field_is(&o, "kind", MSP_V_STRING, "timeseries");
	field_is(&o, "live", MSP_V_BOOL, "true");
	field_is(&o, "id", MSP_V_STRING, "00000000000000000000000000000000");
	field_is(&o, "npts", MSP_V_INT, "3");
	field_is(&o, "nsamp", MSP_V_INT, "3");
	field_is(&o, "ncomp", MSP_V_INT, "1");
	field_is(&o, "delta", MSP_V_DOUBLE, "0.05");
	field_is(&o, "dt", MSP_V_DOUBLE, "0.05");
	field_is(&o, "sampling_rate", MSP_V_DOUBLE, "20");
	field_is(&o, "starttime", MSP_V_TIME, "1970-01-01T00:00:00Z");
	field_is(&o, "time", MSP_V_TIME, "1970-01-01T00:00:00Z");
	field_is(&o, "endtime", MSP_V_TIME, "1970-01-01T00:00:00.100Z");
	field_is(&o, "time_standard", MSP_V_STRING, "UTC");
	field_is(&o, "starttime_shift", MSP_V_UNDEFINED, "");
	field_is(&o, "sta", MSP_V_STRING, "S");
	field_is(&o, "nothing", MSP_V_UNDEFINED, "");
	msp_object_ator(&o, 12500000000);
	field_is(&o, "t0", MSP_V_DOUBLE, "-12.5");
	field_is(&o, "endtime", MSP_V_DOUBLE, "-12.4");
	field_is(&o, "time_standard", MSP_V_STRING, "Relative");
	field_is(&o, "starttime_shift", MSP_V_TIME, "1970-01-01T00:00:12.500Z");
	o.npts = UINT64_MAX;
	field_is(&o, "npts", MSP_V_INT, "9223372036854775807");
	CHECK(msp_object_reset(&o, MSP_ENSEMBLE_BEGIN, MSP_NONE, 0) == MSP_OK);
	field_is(&o, "kind", MSP_V_STRING, "ensemble");
	field_is(&o, "npts", MSP_V_UNDEFINED, "");
	/* an ensemble has no such field, so it is metadata */
	CHECK(msp_meta_set_int(&o, "npts", 5) == MSP_OK);
	field_is(&o, "npts", MSP_V_INT, "5");
	o.kind = MSP_ENSEMBLE_END;
	field_is(&o, "kind", MSP_V_STRING, "ensemble_end");
	o.kind = 999;
	field_is(&o, "kind", MSP_V_STRING, "unknown");
	msp_object_free(&o);
}

static void refuses(struct msp_object *o, const char *key, struct msp_value v, const char *why)
{
	struct msp_error err = { 0 };
	int r = msp_object_set(o, key, &v, &err);

	CHECKF(r == MSP_USAGE && strstr(err.text, why), "%s: %d %s", key, r, err.text);
}

static void test_set_fields(void)
{
	struct msp_value undefined = { .type = MSP_V_UNDEFINED }, v;
	struct msp_object o;

	msp_object_init(&o);
	CHECK(msp_object_reset(&o, MSP_TIMESERIES, MSP_F64, 3) == MSP_OK);
	v = utc(5);
	CHECK(msp_object_set(&o, "starttime", &v, NULL) == MSP_OK && o.start == 5);
	v = real(1.5);
	CHECK(msp_object_set(&o, "t0", &v, NULL) == MSP_OK && o.start == 1500000000);
	v = integer(9223372036);
	CHECK(msp_object_set(&o, "time", &v, NULL) == MSP_OK && o.start == INT64_C(9223372036000000000));
	v = string("2011-03-11T05:46:24.12Z");
	CHECK(msp_object_set(&o, "starttime", &v, NULL) == MSP_OK && o.start == INT64_C(1299822384120000000));
	refuses(&o, "starttime", string("soon"), "not a time");
	refuses(&o, "starttime", real(NAN), "out of range");
	refuses(&o, "starttime", integer(9223372037), "out of range");
	refuses(&o, "starttime", undefined, "must be");
	v = real(0.1);
	CHECK(msp_object_set(&o, "dt", &v, NULL) == MSP_OK && o.dt == 0.1);
	v = integer(20);
	CHECK(msp_object_set(&o, "sampling_rate", &v, NULL) == MSP_OK && o.dt == 0.05);
	refuses(&o, "delta", real(0), "above 0");
	refuses(&o, "delta", real(-1), "above 0");
	refuses(&o, "delta", real(INFINITY), "above 0");
	refuses(&o, "sampling_rate", real(1e-320), "above 0");
	refuses(&o, "delta", string("x"), "above 0");
	refuses(&o, "npts", integer(3), "npts cannot be set");
	refuses(&o, "nsamp", integer(3), "nsamp cannot be set");
	refuses(&o, "id", string("x"), "id cannot be set");
	refuses(&o, "kind", string("x"), "kind cannot be set");
	refuses(&o, "endtime", utc(1), "cannot be set");
	refuses(&o, "starttime_shift", utc(1), "cannot be set");
	refuses(&o, "live", boolean(true), "dead");
	refuses(&o, "live", integer(1), "true or false");
	v = string("S");
	CHECK(msp_object_set(&o, "sta", &v, NULL) == MSP_OK && !strcmp(msp_meta_string(&o, "sta", ""), "S"));
	CHECK(msp_object_set(&o, "sta", &undefined, NULL) == MSP_OK && o.metadata.len == 0);
	v = boolean(false);
	CHECK(msp_object_set(&o, "live", &v, NULL) == MSP_OK && !o.live && o.samples.len == 0 &&
	      msp_object_log_count(&o) == 1);
	CHECK(msp_object_set(&o, "live", &v, NULL) == MSP_OK && msp_object_log_count(&o) == 1);
	o.live = true;
	msp_object_ator(&o, 0);
	refuses(&o, "starttime", utc(1), "relative");
	v = real(-3);
	CHECK(msp_object_set(&o, "starttime", &v, NULL) == MSP_OK && o.start == -3 * MSP_NS);
	msp_object_free(&o);
}

int main(void)
{
	test_double();
	test_order();
	test_text();
	test_harmless();
	test_every_type();
	test_fields();
	test_set_fields();
	return unit_end("core_value");
}
