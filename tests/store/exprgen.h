/* Random documents and random expressions, for the tests that the same are chosen everywhere. */
#ifndef TESTS_STORE_EXPRGEN_H
#define TESTS_STORE_EXPRGEN_H

#include "random.h"

#include <stdio.h>

static int gen_plain;  /* documents hold what the schema says: columns stand for their keys */
static int gen_server; /* leave out what SecantusDB is known to answer otherwise */

/* ---- documents --------------------------------------------------------- */

static const char *const gen_values[] = {
	"0", "1", "2", "-1", "5", "20.0", "0.05", "1.5", "1.0", "-0.0", "1262304000", "1262304000.0", "1262304000.5", "1262304000.0000005",
	"1262303999.9999995", "1262390400.25", "{\"$numberLong\":\"1\"}", "{\"$numberLong\":\"9007199254740993\"}", "9007199254740992.0",
	"{\"$numberLong\":\"9223372036854775807\"}", "9223372036854775808.0", "{\"$numberDouble\":\"NaN\"}", "{\"$numberDouble\":\"Infinity\"}",
	"{\"$numberDouble\":\"-Infinity\"}", "1e300", "\"\"", "\" \"", "\"\\t\"", "\"A\"", "\"B\"", "\"a\"", "\"AB\"", "\"ABC\"", "\"BHZ\"", "\"BHZ\\n\"",
	"\"\\u00e9\"", "\"e\\u0301\"", "\"\\ud83c\\udf0b\"", "\"A\\nB\"", "\"A.B\"", "\"5\"", "\"2010-01-01\"", "\"2010-01-02T00:00:00Z\"", "\"2010\"", "null",
	"null", "true", "false", "{\"$oid\":\"000000000000000000000001\"}", "\"000000000000000000000001\"", "{\"$oid\":\"f00000000000000000000001\"}",
	"\"F00000000000000000000001\"", "{\"$date\":{\"$numberLong\":\"1262304000000\"}}", "{\"$date\":{\"$numberLong\":\"5000\"}}",
	"{\"$date\":{\"$numberLong\":\"1262390400250\"}}", "{\"$date\":{\"$numberLong\":\"-1\"}}", "{\"$date\":{\"$numberLong\":\"9223372036854775\"}}",
	"{\"$date\":{\"$numberLong\":\"9223372036855\"}}", "[]", "[1]", "[5,\"A\"]", "[\"A\",null]", "[[1]]", "[true]", "[{\"hang\":5}]", "{}", "{\"hang\":5}",
	"{\"hang\":\"A\"}", "{\"hang\":null}", "{\"id\":{\"$oid\":\"000000000000000000000001\"}}", "{\"hang\":[5,1]}", "{\"a_b\":1}", "{\"a\":{\"b\":5}}",
	"[{\"hang\":\"A\"},{\"hang\":5}]", "{\"0\":5,\"1\":\"A\"}", "{\"$binary\":{\"base64\":\"AA==\",\"subType\":\"00\"}}"};

/* What stands in a document, and what an expression calls it. */
static const char *const gen_keys[] = {
	"sta", "loc", "chan", "net", "starttime", "endtime", "npts", "delta", "sampling_rate", "time_standard", "source_id", "data_tag", "extra",
	"channel", "channel_hang", "x", "x.y", "x_y", "x_y_z", "s", "time", "last_packet_time", "lat", "site_lat", "STLA", "calib", "dir", "odd key", "$x.y",
	"q'); drop table \\\"x"};
static const char *const gen_names[] = {
	"sta", "sta", "loc", "chan", "starttime", "starttime", "endtime", "npts", "npts", "delta", "sampling_rate", "time_standard", "source_id",
	"data_tag", "extra", "extra", "channel", "channel_hang", "channel.hang", "x", "x", "x_y", "x.y", "x.y_z", "x_y_z", "x.y.z", "s", "s.0", "s_1", "s.hang",
	"s.0.hang", "s.a.b", "s_a_b", "time", "t0", "dt", "nsamp", "last_packet_time", "lat", "site.lat", "site_lat", "STLA", "kind", "live", "id",
	"ncomp", "starttime_shift", "calib", "dir", "_id", "source.id", "nowhere", "`odd key`", "`$x.y`", "`$x`", "a__b", "`_x`", "`q'); drop table \\\"x`"};

/* A date beyond the year 9999 stops SecantusDB. */
static const char *gen_value(void)
{
	const char *v = ONE_OF(gen_values);

	return gen_server && strstr(v, "9223372036854775\"}}") ? "null" : v;
}

/* Of a type that the schema gives the key, null, or of any if it has none. */
static const char *gen_value_of(const char *key)
{
	static const char strings[] = " sta loc chan net time_standard data_tag dir ", doubles[] = " starttime endtime npts delta sampling_rate calib lat last_packet_time ";
	char word[64];
	const char *v, *is = NULL;

	snprintf(word, sizeof(word), " %s ", key);
	is = !gen_plain ? NULL : strstr(strings, word) ? "\"" : strstr(doubles, word) ? "-0123456789" : strcmp(key, "source_id") == 0 ? "{" : NULL;
	do {
		v = gen_value();
	} while (is && strcmp(v, "null") != 0 && !(strchr(is, v[0]) && (*is != '{' || strstr(v, "{\"$oid") == v) && (*is != '-' || !strchr(v, '"'))));
	return v;
}

static void add_msp(struct text *t)
{
	static const char *const starts[] = {"1262304000000000000", "1262304000000000400", "1262304000500000000", "1262303999999999500"};

	add(t, ",\"msp\":{\"id\":\"00112233445566778899aabbccddeeff\",\"start\":{\"$numberLong\":\"");
	add(t, ONE_OF(starts));
	add(t, "\"}");
	if (pick(2)) {
		add(t, ",\"values\":{\"loc\":"), add(t, pick(2) ? "\"\"" : gen_value());
		add(t, ",\"channel_hang\":"), add(t, gen_value());
		add(t, ",\"dir\":"), add(t, gen_value());
		if (pick(2))
			add(t, ",\"x\":"), add(t, gen_value());
		add(t, "}");
	}
	add(t, "}");
}

static void gen_document(struct text *t, unsigned id)
{
	char number[16];

	t->n = 0;
	snprintf(number, sizeof(number), "%u", id);
	add(t, "{\"_id\":"), add(t, number);
	for (size_t k = 0; k < sizeof(gen_keys) / sizeof(gen_keys[0]); k++) {
		if (pick(3) == 0 || gen_keys[k][0] == '$' || (gen_server && strchr(gen_keys[k], '.')))
			continue;
		add(t, ",\""), add(t, gen_keys[k]), add(t, "\":");
		if (strcmp(gen_keys[k], "time_standard") == 0 && pick(4))
			add(t, pick(4) ? "\"UTC\"" : "\"Relative\"");
		else
			add(t, gen_value_of(gen_keys[k]));
	}
	if (pick(2))
		add_msp(t);
	add(t, "}");
}

/* ---- expressions ------------------------------------------------------- */

static const char *const gen_constants[] = {
	"0", "1", "2", "-1", "5", "5.0005", "20", "0.05", "1.5", "1e300", "1262304000", "1262304000.5", "1262304000.0000001", "9007199254740992", "9007199254740993",
	"9007199254740992.0", "9223372036854775807", "9223372036854775808.0", "1e999", "\"\"", "\" \"", "\"A\"", "\"A\"", "\"B\"", "\"AB\"", "\"BHZ\"", "\"\\u00e9\"",
	"\"A\\nB\"", "\"5\"", "\"2010-01-01\"", "\"2010-01-02T00:00:00.25Z\"", "\"2010\"", "\"2010-01-01T00:00:00.0000004Z\"", "time(\"2010-01-01\")",
	"time(1262304000.5)", "time(5)", "null", "true", "false", "\"000000000000000000000001\"", "\"f00000000000000000000001\"", "\"F00000000000000000000001\"",
	"\"00112233445566778899aabbccddeeff\"", "\"timeseries\"", "\"UTC\"", "\"it's {$gt: 1}\""};
static const char *const gen_patterns[] = {
	"\"^A\"", "\"^BH\"", "\"B$\"", "\"^BHZ$\"", "\"(?i)a\"", "\".\"", "\"^$\"", "\"A.B\"", "\"^A|^B\"", "\"^AB?\"", "\"^[AB]\"", "\"[^A]\"", "\"\\u00e9\"",
	"\"^\\\\w+$\"", "\"^A+$\"", "\"\\\\d\"", "\"^ \"", "\"\"", "\"^\"", "\"Z$\"", "\"(?=A)\"", "\"^.$\"", "\"^AB{2}\"", "\"\\\\.\""};

static void gen_operand(struct text *t, int depth)
{
	static const char *const calls[] = {"abs(", "lower(", "length(", "string(", "int(", "float(", "time(", "floor(", "upper("};
	static const char *const operators[] = {" + ", " - ", " * ", " / ", " % "};

	switch (depth > 0 ? pick(10) : pick(8)) {
	case 8:
		add(t, ONE_OF(calls)), gen_operand(t, depth - 1), add(t, ")");
		return;
	case 9:
		add(t, "("), gen_operand(t, depth - 1), add(t, ONE_OF(operators)), gen_operand(t, depth - 1), add(t, ")");
		return;
	case 0:
		add(t, ONE_OF(gen_constants));
		return;
	default: add(t, ONE_OF(gen_names)); return;
	}
}

static void gen_leaf(struct text *t)
{
	static const char *const operators[] = {" == ", " == ", " != ", " < ", " <= ", " > ", " >= "};
	unsigned n;

	switch (pick(14)) {
	case 0: add(t, "defined("), add(t, ONE_OF(gen_names)), add(t, ")"); return;
	case 1: add(t, ONE_OF(gen_names)); return;
	case 2: add(t, ONE_OF(gen_names)), add(t, pick(2) ? " =~ " : " !~ "), add(t, ONE_OF(gen_patterns)); return;
	case 3:
		add(t, ONE_OF(gen_names)), add(t, " in [");
		n = 1 + pick(4);
		for (unsigned i = 0; i < n; i++)
			add(t, i ? ", " : ""), add(t, ONE_OF(gen_constants));
		add(t, "]");
		return;
	case 4: gen_operand(t, 2), add(t, ONE_OF(operators)), gen_operand(t, 2); return;
	case 5: add(t, pick(2) ? "true" : "false"); return;
	case 6: add(t, ONE_OF(gen_constants)), add(t, ONE_OF(operators)), add(t, ONE_OF(gen_names)); return;
	default: add(t, ONE_OF(gen_names)), add(t, ONE_OF(operators)), add(t, ONE_OF(gen_constants)); return;
	}
}

static void gen_tree(struct text *t, int depth)
{
	unsigned n;

	switch (depth > 0 ? pick(9) : 9) {
	case 0:
	case 1:
	case 2:
	case 3: {
		const char *between = pick(2) ? " && " : " || ";

		n = 2 + pick(2);
		add(t, "(");
		for (unsigned i = 0; i < n; i++)
			add(t, i ? between : ""), gen_tree(t, depth - 1);
		add(t, ")");
		return;
	}
	case 4: add(t, "!("), gen_tree(t, depth - 1), add(t, ")"); return;
	case 5:
		add(t, "("), gen_tree(t, depth - 1), add(t, " ? "), gen_tree(t, depth - 1), add(t, " : "), gen_tree(t, depth - 1), add(t, ")");
		return;
	default: gen_leaf(t); return;
	}
}

static void gen_expression(struct text *t)
{
	t->n = 0;
	gen_tree(t, (int)pick(4));
}

#endif
