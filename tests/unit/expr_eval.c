/* What expressions give: values, types that do not go together, undefined keys, and what is counted. */
#include "mspipe/expr.h"

#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct msp_object obj; /* what the expressions are evaluated on */

static void value_text(const struct msp_value *v, char *out, size_t size)
{
	struct msp_bytes b = {0};
	char buf[64];
	switch (v->type) {
	case MSP_V_UNDEFINED: snprintf(out, size, "undefined"); return;
	case MSP_V_NULL: snprintf(out, size, "null"); return;
	case MSP_V_BOOL: snprintf(out, size, "%s", v->u.b ? "true" : "false"); return;
	case MSP_V_INT: snprintf(out, size, "i%lld", (long long)v->u.i); return;
	case MSP_V_DOUBLE: snprintf(out, size, "d%s", msp_double_format(v->u.d, buf)); return;
	case MSP_V_STRING: snprintf(out, size, "\"%.*s\"", (int)v->u.s.len, v->u.s.text); return;
	case MSP_V_TIME: snprintf(out, size, "%s", msp_time_format(v->u.i, buf)); return;
	default:
		if (msp_value_text(v, &b) < 0)
			b.len = 0;
		snprintf(out, size, "bson %.*s", (int)b.len, (const char *)b.data);
		msp_bytes_free(&b);
	}
}

/* complaints: "" none, "k" a key, "t" types, "v" no value, in that order */
static void gives_complaints(const char *text, const char *want, const char *complaints)
{
	struct msp_error err = {0};
	struct msp_expr *e;
	char got[256], kinds[16] = "";
	if (msp_expr_compile(text, 0, &e, NULL, &err) < 0) {
		CHECKF(0, "%s: %s", text, err.text);
		return;
	}
	for (int i = 0; i < 2; i++) { /* twice: nothing may be left of the first time */
		struct msp_value v;
		int rc = msp_expr_eval(e, &obj, &v);
		CHECK(rc == MSP_OK);
		value_text(&v, got, sizeof got);
		CHECKF(!strcmp(got, want), "%s gives %s, not %s", text, got, want);
	}
	struct msp_expr_complaint c;
	for (uint32_t i = 0; i < 15 && msp_expr_complaint(e, i, &c); i++) {
		kinds[i] = " ktv"[c.kind];
		CHECKF(c.objects == 2, "%s: %llu", text, (unsigned long long)c.objects);
	}
	CHECKF(!strcmp(kinds, complaints), "%s complains \"%s\", not \"%s\"", text, kinds, complaints);
	CHECKF((msp_expr_reason(e, got, sizeof got)[0] != 0) == (complaints[0] != 0), "%s: %s", text, got);
	msp_expr_free(e);
}

static void gives(const char *text, const char *want)
{
	gives_complaints(text, want, "");
}

static void make_object(void)
{
	static const double samples[3] = {1, 2, 3};
	struct msp_value v = {.type = MSP_V_NULL};
	bson_t array = BSON_INITIALIZER;
	CHECK(msp_object_reset(&obj, MSP_TIMESERIES, MSP_F64, 3) == MSP_OK);
	memcpy(msp_object_f64(&obj, 0), samples, sizeof samples);
	obj.dt = 0.05;
	CHECK(msp_time_parse("2010-02-27T06:30:00.019538Z", &obj.start, NULL) == MSP_OK);
	CHECK(msp_meta_set_string(&obj, "sta", "AAK") == MSP_OK);
	CHECK(msp_meta_set_string(&obj, "chan", "BHZ") == MSP_OK);
	CHECK(msp_meta_set_string(&obj, "empty", "") == MSP_OK);
	CHECK(msp_meta_set_string(&obj, "num", " 12") == MSP_OK);
	CHECK(msp_meta_set_string(&obj, "when", "2010-02-27") == MSP_OK);
	CHECK(msp_meta_set_double(&obj, "channel.hang", 90.5) == MSP_OK);
	CHECK(msp_meta_set_double(&obj, "source_time", 1267252440.5) == MSP_OK);
	CHECK(msp_meta_set_double(&obj, "nan", (double)NAN) == MSP_OK);
	CHECK(msp_meta_set_int(&obj, "i", 7) == MSP_OK);
	CHECK(msp_meta_set_int(&obj, "big", INT64_MAX) == MSP_OK);
	CHECK(msp_meta_set_int(&obj, "low", INT64_MIN) == MSP_OK);
	CHECK(msp_meta_set(&obj, "nothing", &v, NULL) == MSP_OK);
	BSON_APPEND_INT32(&array, "0", 5);
	BSON_APPEND_INT32(&array, "1", 6);
	v = (struct msp_value){.type = MSP_V_BSON};
	v.u.bson.value_type = BSON_TYPE_ARRAY;
	v.u.bson.value.v_doc.data = (uint8_t *)(uintptr_t)bson_get_data(&array);
	v.u.bson.value.v_doc.data_len = array.len;
	CHECK(msp_meta_set(&obj, "array", &v, NULL) == MSP_OK);
	v.u.bson.value_type = BSON_TYPE_OID;
	bson_oid_init_from_string(&v.u.bson.value.v_oid, "5f0102030405060708090a0b");
	CHECK(msp_meta_set(&obj, "site_id", &v, NULL) == MSP_OK);
	bson_destroy(&array);
}

static void test_values(void)
{
	gives("1 + 2", "i3");
	gives("7 / 2", "d3.5");
	gives("6 / 2", "d3");
	gives("7 % 4", "i3");
	gives("-7 % 4", "i-3");
	gives("low % -1", "i0");
	gives("7.5 % 2", "d1.5");
	gives("big + 1", "d9.223372036854776e+18");
	gives("low - 1", "d-9.223372036854776e+18");
	gives("-low", "d9.223372036854776e+18");
	gives("big * 2", "d1.8446744073709552e+19");
	gives("i * 2 + 1", "i15");
	gives("i + 0.5", "d7.5");
	gives("'a' + sta", "\"aAAK\"");
	gives("sta + '.' + chan", "\"AAK.BHZ\"");
	gives("empty + empty", "\"\"");
	gives("channel_hang", "d90.5");
	gives("channel.hang == channel_hang", "true");
	gives("npts", "i3");
	gives("kind", "\"timeseries\"");
	gives("array", "bson [5,6]");
	gives("i > 5 ? 'x' : 2", "\"x\"");
	gives("i > 50 ? 'x' : 2", "i2");
	gives("i > 5 && sta == 'AAK'", "true");
	gives("i > 50 || sta == 'AAK'", "true");
	gives("!(i > 5)", "false");
	gives("null", "null");
}

static void test_compare(void)
{
	gives("sta == 'AAK' && sta != 'B' && sta < 'AAL' && sta > 'AA' && sta >= 'AAK' && sta <= 'AAK'", "true");
	gives("empty < 'a'", "true");
	gives("i == 7.0 && i != 7.5 && i < 7.5 && i >= 7", "true");
	gives("big == 9223372036854775808", "false"); /* exact: no rounding to double */
	gives("big < 9223372036854775808", "true");
	gives("low == -9223372036854775808", "true");
	gives("nan == nan || nan < 1 || nan > 1 || nan <= nan", "false");
	gives("nan != nan && nan != 1", "true");
	gives("nothing == null && nothing != 5 && sta != null", "true");
	gives("sta == null || null != null", "false");
	gives("live == true && live != false && live", "true");
	gives("chan =~ '^BH' && chan =~ 'Z$' && chan =~ '^BHZ$' && chan =~ 'H' && chan =~ ''", "true");
	gives("chan =~ '^H' || chan =~ 'B$' || chan =~ '^BH$' || chan =~ 'X'", "false");
	gives("chan !~ 'X'", "true");
	gives("chan =~ '^B[HL].$' && chan =~ '^(BH|LH)' && chan =~ 'B{1}H?'", "true");
	gives("empty =~ '^$' && empty =~ '^.*$'", "true");
	gives("sta in ['B','AAK','C']", "true");
	gives("sta in ['B','AAKX','']", "false");
	gives("i in [1, 'x', 7.0]", "true");
	gives("i in [1, 'x', null]", "false");
	gives("nothing in [1, null]", "true");
	gives("site_id == '5f0102030405060708090a0b'", "true");
	gives("site_id != '5f0102030405060708090a0b'", "false");
	gives("site_id in ['x', '5f0102030405060708090a0b']", "true");
	gives("array != null", "true");
}

/* What cannot be compared is false whatever the operator, and counted once per object. */
static void test_false(void)
{
	static const char *const ops[] = {"==", "!=", "<", "<=", ">", ">="};
	for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
		char text[64];
		snprintf(text, sizeof text, "gone %s 5", ops[i]);
		gives_complaints(text, "false", "k");
		snprintf(text, sizeof text, "5 %s gone + 1", ops[i]);
		gives_complaints(text, "false", "k");
		snprintf(text, sizeof text, "sta %s 5", ops[i]);
		gives_complaints(text, "false", "t");
		snprintf(text, sizeof text, "array %s 5", ops[i]);
		gives_complaints(text, "false", "t");
		snprintf(text, sizeof text, "live %s 1", ops[i]);
		gives_complaints(text, "false", "t");
		snprintf(text, sizeof text, "i %s 1 / 0", ops[i]);
		gives_complaints(text, "false", "v");
	}
	gives_complaints("gone == gone", "false", "k");
	gives_complaints("gone == null", "false", "k");
	gives_complaints("gone =~ 'x'", "false", "k");
	gives_complaints("gone !~ 'x'", "false", "k");
	gives_complaints("gone in ['x']", "false", "k");
	gives_complaints("i =~ '7'", "false", "t");
	gives_complaints("i !~ '8'", "false", "t");
	gives_complaints("i in ['7']", "false", "t");
	gives_complaints("sta in [1, 2]", "false", "t");
	gives_complaints("nothing < nothing", "false", "t");
	gives_complaints("site_id < 'x'", "false", "t");
	gives_complaints("!(gone > 5)", "true", "k"); /* two-valued: the comparison is false, its negation true */
	gives_complaints("gone && live", "false", "k");
	gives_complaints("gone ? 1 : 2", "i2", "k");
	gives_complaints("i ? 1 : 2", "i2", "t");
	gives_complaints("sta || live", "true", "t");
	gives_complaints("gone > 1 || other < 2 || gone < 1", "false", "kk");
	gives_complaints("gone", "undefined", "k");
	gives_complaints("gone + 1", "undefined", "k");
	gives_complaints("-sta", "undefined", "t");
	gives_complaints("sta + 1", "undefined", "t");
	gives_complaints("sta * 2 + gone", "undefined", "kt");
	gives_complaints("1 / 0", "undefined", "v");
	gives_complaints("i % 0", "undefined", "v");
	gives_complaints("i % 0.0", "undefined", "v");
	gives("defined(gone)", "false");
	gives("defined(nothing) && defined(sta)", "true");
	gives("defined(gone) && gone > 5", "false"); /* not evaluated, not counted */
	gives("live || gone > 5", "true");
}

static void test_times(void)
{
	gives("starttime", "2010-02-27T06:30:00.019538Z");
	gives("starttime == '2010-02-27T06:30:00.019538Z'", "true");
	gives("starttime > '2010-02-27' && starttime < '2010-059'", "true");
	gives("'2010-02-27' < starttime", "true");
	gives("starttime in ['2010-02-27T06:30:00.019538Z']", "true");
	gives("starttime >= time('2010-02-27T06:30:00.019538Z')", "true");
	gives("starttime > when && !(starttime < when)", "true"); /* a string of the object */
	gives("starttime == t0 && t0 == time", "true");
	gives("endtime - starttime", "d0.1");
	gives("starttime + 60", "2010-02-27T06:31:00.019538Z");
	gives("60 + starttime == starttime + 60", "true");
	gives("starttime - 0.019538", "2010-02-27T06:30:00Z");
	gives("source_time > time('2010-02-27') && source_time == time('2010-02-27T06:34:00.5Z')", "true");
	gives("time(source_time) - starttime > 240", "true");
	gives("time('2010-02-27') == 1267228800", "true");
	gives("time(when)", "2010-02-27T00:00:00Z");
	gives("max(starttime, time('2011-01-01'))", "2011-01-01T00:00:00Z");
	gives("int(starttime)", "i1267252200");
	gives_complaints("starttime > sta", "false", "t");
	gives_complaints("time(sta) > 5", "false", "t");
	gives_complaints("starttime + 1e300", "undefined", "v");
	gives_complaints("time(1e300 + i)", "undefined", "v");
	gives_complaints("starttime * 2", "undefined", "t");
	gives_complaints("starttime == live", "false", "t");
	obj.relative = true; /* then starttime is a number */
	gives_complaints("starttime > '2010-02-27'", "false", "t");
	gives("starttime > 5", "true");
	obj.relative = false;
}

static void test_functions(void)
{
	gives("abs(-3)", "i3");
	gives("abs(-3.5)", "d3.5");
	gives("abs(low)", "d9.223372036854776e+18");
	gives("sqrt(16)", "d4");
	gives("log10(1000)", "d3");
	gives("log(exp(1))", "d1");
	gives("pow(2, 10)", "d1024");
	gives("floor(-1.5)", "i-2");
	gives("ceil(-1.5)", "i-1");
	gives("round(2.5)", "i3");
	gives("round(-2.5)", "i-3");
	gives("round(1e300)", "d1e+300");
	gives("floor(i)", "i7");
	gives("min(3, 1.5, i)", "d1.5");
	gives("max(3, 1.5, i)", "i7");
	gives("max(1, nan)", "dnan");
	gives("int(3.9)", "i3");
	gives("int(-3.9)", "i-3");
	gives("int('42')", "i42");
	gives("int(live)", "i1");
	gives("float('1e3')", "d1000");
	gives("float('-.5')", "d-0.5");
	gives("float(3)", "d3");
	gives("string(3)", "\"3\"");
	gives("string(0.05)", "\"0.05\"");
	gives("string(starttime)", "\"2010-02-27T06:30:00.019538Z\"");
	gives("string(sta)", "\"AAK\"");
	gives("length(sta)", "i3");
	gives("length(array)", "i2");
	gives("length('\xc3\xa9')", "i2");
	gives("lower(sta) + upper('x1')", "\"aakX1\"");
	gives("substr(chan, 0, 2)", "\"BH\"");
	gives("substr(chan, 2)", "\"Z\"");
	gives("substr(chan, -1)", "\"Z\"");
	gives("substr(chan, -10, 2)", "\"BH\"");
	gives("substr(chan, 5)", "\"\"");
	gives("substr(chan, 0, -1)", "\"\"");
	gives("substr('a\xc3\xa9z', 0, 2)", "\"a\""); /* no half characters */
	gives("substr('a\xc3\xa9z', 2)", "\"z\"");
	gives_complaints("sqrt(-1)", "undefined", "v");
	gives_complaints("log10(0)", "undefined", "v");
	gives_complaints("log(-1)", "undefined", "v");
	gives_complaints("pow(-8, 0.5)", "undefined", "v");
	gives_complaints("pow(0, -1)", "undefined", "v");
	gives_complaints("int(nan)", "undefined", "v");
	gives_complaints("int(1e300)", "undefined", "v");
	gives_complaints("int(num)", "undefined", "t");
	gives_complaints("int('0x10')", "undefined", "t");
	gives_complaints("float('nan')", "undefined", "t");
	gives_complaints("float(sta)", "undefined", "t");
	gives_complaints("abs(sta)", "undefined", "t");
	gives_complaints("abs(gone)", "undefined", "k");
	gives_complaints("lower(i)", "undefined", "t");
	gives_complaints("length(i)", "undefined", "t");
	gives_complaints("max(1, gone)", "undefined", "k");
	gives_complaints("max(1, starttime)", "undefined", "t");
	gives_complaints("max(sta, 1)", "undefined", "t");
	gives_complaints("substr(chan, sta)", "undefined", "t");
	gives_complaints("substr(chan, nan)", "undefined", "v");
}

/* A getter of one's own: counts how often it is asked. */
static void counting(const void *context, const char *key, struct msp_value *out, char scratch[MSP_ID_TEXT])
{
	unsigned *asked = *(unsigned *const *)context;
	(void)scratch;
	(*asked)++;
	if (!strcmp(key, "a"))
		*out = (struct msp_value){.type = MSP_V_INT, .u.i = 5};
}

static void test_getter(void)
{
	unsigned asked = 0, *context = &asked;
	struct msp_expr *e;
	bool yes = false;
	CHECK(msp_expr_compile("a > 1 && a < 9 && a == a || b", MSP_EXPR_CONDITION, &e, NULL, NULL) == MSP_OK);
	CHECK(msp_expr_test_with(e, counting, &context, &yes) == MSP_OK && yes && asked == 1);
	CHECK(msp_expr_test_with(e, counting, &context, &yes) == MSP_OK && yes && asked == 2);
	msp_expr_free(e);
	CHECK(msp_expr_compile("c", MSP_EXPR_CONDITION, &e, NULL, NULL) == MSP_OK);
	CHECK(msp_expr_test_with(e, counting, &context, &yes) == MSP_OK && !yes);
	CHECK(msp_expr_complaints(e) == 1);
	msp_expr_free(e);
}

static void test_reason(void)
{
	struct msp_expr *e;
	struct msp_value v;
	struct msp_expr_complaint c;
	char buf[200];
	CHECK(msp_expr_compile("i / 0 + gone + one + two", 0, &e, NULL, NULL) == MSP_OK);
	CHECK(msp_expr_eval(e, &obj, &v) == MSP_OK && v.type == MSP_V_UNDEFINED);
	CHECKF(!strcmp(msp_expr_reason(e, buf, sizeof buf), "\"i / 0\" has no value"), "%s", buf);
	CHECK(msp_expr_complaint(e, 0, &c) && c.kind == MSP_EXPR_NO_KEY && !strcmp(c.key, "gone") && c.objects == 1);
	CHECK(msp_expr_complaint(e, 3, &c) && c.kind == MSP_EXPR_NO_VALUE && c.column == 3);
	CHECK(!strcmp(c.text, "i / 0"));
	CHECK(!msp_expr_complaint(e, 4, &c));
	msp_expr_free(e);
	CHECK(msp_expr_compile("sta < 5 && gone > 1", 0, &e, NULL, NULL) == MSP_OK);
	CHECK(msp_expr_eval(e, &obj, &v) == MSP_OK && v.type == MSP_V_BOOL && !v.u.b);
	msp_expr_reason(e, buf, sizeof buf);
	CHECKF(!strcmp(buf, "\"sta < 5\" has operands of the wrong type"), "%s", buf);
	msp_expr_free(e);
	CHECK(msp_expr_compile("gone", 0, &e, NULL, NULL) == MSP_OK);
	CHECK(msp_expr_eval(e, &obj, &v) == MSP_OK);
	msp_expr_reason(e, buf, sizeof buf);
	CHECKF(!strcmp(buf, "key \"gone\" of the expression is undefined"), "%s", buf);
	msp_expr_free(e);
	CHECK(msp_expr_compile("'0123456789012345678901234567890123456789012345678901234567"
	                       "\xc3\xa9\xc3\xa9\xc3\xa9' < i",
	                       0, &e, NULL, NULL) == MSP_OK);
	CHECK(msp_expr_eval(e, &obj, &v) == MSP_OK);
	CHECK(msp_expr_complaint(e, 0, &c) && !strcmp(c.text + strlen(c.text) - 4, "7...") );
	msp_expr_free(e);
}

/* Text with a NUL inside is text to its end. */
static void nul_string(const void *context, const char *key, struct msp_value *out, char scratch[MSP_ID_TEXT])
{
	(void)context, (void)key, (void)scratch;
	out->type = MSP_V_STRING;
	out->u.s.text = "AB\0CD";
	out->u.s.len = 5;
}

static void test_nul(void)
{
	static const char *const yes[] = {"s =~ 'D$'", "s =~ '(C|X)D'", "s > 'AB'", "length(s + s) == 10",
	                                  "lower(s) !~ 'C'"};
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
		struct msp_expr *e;
		bool is = false;
		CHECK(msp_expr_compile(yes[i], MSP_EXPR_CONDITION, &e, NULL, NULL) == MSP_OK);
		CHECK(msp_expr_test_with(e, nul_string, NULL, &is) == MSP_OK);
		CHECKF(is, "%s", yes[i]);
		msp_expr_free(e);
	}
}

/* A long string: what takes for ever has no answer, what takes long has one. */
static char many[30001];

static void long_string(const void *context, const char *key, struct msp_value *out, char scratch[MSP_ID_TEXT])
{
	(void)context, (void)key, (void)scratch;
	out->type = MSP_V_STRING;
	out->u.s.text = many;
	out->u.s.len = sizeof many;
}

static void test_long(void)
{
	static const struct {
		const char *text;
		bool is, answered;
	} cases[] = {{"s =~ 'a{3}b$'", true, true}, {"s =~ 'ab$'", true, true}, {"s !~ 'c'", true, true},
	             {"s =~ '(a+)+$'", false, false}, {"s =~ '(a(?1)?[cd])'", false, false},
	             {"s !~ '(?:a(?R)?[cd])'", false, false}};
	memset(many, 'a', sizeof many);
	many[sizeof many - 1] = 'b';
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct msp_expr_complaint c;
		struct msp_expr *e;
		bool is = false;
		CHECK(msp_expr_compile(cases[i].text, MSP_EXPR_CONDITION, &e, NULL, NULL) == MSP_OK);
		CHECK(msp_expr_test_with(e, long_string, NULL, &is) == MSP_OK);
		CHECKF(is == cases[i].is, "%s", cases[i].text);
		CHECKF(msp_expr_complaint(e, 0, &c) != cases[i].answered, "%s", cases[i].text);
		CHECK(cases[i].answered || c.kind == MSP_EXPR_NO_VALUE);
		msp_expr_free(e);
	}
}

int main(void)
{
	msp_object_init(&obj);
	make_object();
	test_values();
	test_compare();
	test_false();
	test_times();
	test_functions();
	test_getter();
	test_reason();
	test_nul();
	test_long();
	msp_object_free(&obj);
	return unit_end("expr_eval");
}
