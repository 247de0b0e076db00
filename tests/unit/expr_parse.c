/* The grammar of expressions: canonical text, what is refused and where, limits, the public tree. */
#include "mspipe/expr.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* Compiles, gives the canonical text (static). */
static const char *canonical(const char *text)
{
	static char out[4096];
	struct msp_error err = {0};
	struct msp_expr *e;
	struct msp_bytes b = {0};
	if (msp_expr_compile(text, 0, &e, NULL, &err) < 0) {
		snprintf(out, sizeof out, "error: %s", err.text);
		return out;
	}
	if (msp_expr_text(e, &b) < 0)
		b.len = 0;
	snprintf(out, sizeof out, "%.*s", (int)b.len, (const char *)b.data);
	msp_bytes_free(&b);
	msp_expr_free(e);
	return out;
}

static void same(const char *text, const char *want)
{
	char first[4096];
	snprintf(first, sizeof first, "%s", canonical(text));
	CHECKF(!strcmp(first, want), "%s gives %s, not %s", text, first, want);
	CHECKF(!strcmp(canonical(first), first), "%s is not canonical", first);
}

static void test_canonical(void)
{
	same("a&&b||c", "a && b || c");
	same("a && (b || c)", "a && (b || c)");
	same("((a))", "a");
	same("!a == b", "!a == b"); /* ! is looser than == */
	same("(!a) == b", "(!a) == b");
	same("! ! a", "!!a");
	same("!(a && b)", "!(a && b)");
	same("1+2*3-4", "1 + 2 * 3 - 4");
	same("(1+2)*3", "(1 + 2) * 3");
	same("1-(2-3)", "1 - (2 - 3)");
	same("1-2-3", "1 - 2 - 3");
	same("a/(b/c)", "a / (b / c)");
	same("-a*b", "-a * b");
	same("-(a*b)", "-(a * b)");
	same("a - -5", "a - -5");
	same("--5", "5");
	same("- - a", "--a");
	same("-0", "-0");
	same("-0.0", "-0.0");
	same("a?b:c?d:e", "a ? b : c ? d : e");
	same("(a?b:c)?d:e", "(a ? b : c) ? d : e");
	same("sta=='AAK'", "sta == \"AAK\"");
	same("chan =~ '^BH\\.'", "chan =~ \"^BH\\\\.\"");
	same("chan =~ \"^BH\\\\.\"", "chan =~ \"^BH\\\\.\"");
	same("chan !~ 'Z$'", "chan !~ \"Z$\"");
	same("x in [3, -1.50,'b', null,true]", "x in [3, -1.5, \"b\", null, true]");
	same("x in ['b','a']", "x in [\"a\", \"b\"]");
	same("'a\\u00e9\\n\\t\\'\\\"\\\\'", "\"a\xc3\xa9\\u000a\\u0009'\\\"\\\\\"");
	same("5.0", "5.0");
	same("5.", "5.0");
	same(".5e1", "5.0");
	same("1e300", "1e+300");
	same("9223372036854775807", "9223372036854775807");
	same("9223372036854775808", "9.223372036854776e+18");
	same("time('2010-058T06:30')", "time(\"2010-02-27T06:30:00Z\")");
	same("time(0)", "time(\"1970-01-01T00:00:00Z\")");
	same("time( x )", "time(x)");
	same("max(a,1,b+2)", "max(a, 1, b + 2)");
	same("`odd key`+`in`+`a`", "`odd key` + `in` + a");
	same("site.lat", "site.lat");
	same("a.0.b", "a.0.b");
	same("time", "time");
	same("`time`", "time");
	same("a\n\t==\r\n1", "a == 1");
	same("defined(site.lat)", "defined(site.lat)");
	same("(a == b) == (c == d)", "(a == b) == (c == d)");
	same("a == (b ? c : d)", "a == (b ? c : d)");
}

/* Refused, with this column and with this in the message. */
static void bad(const char *text, uint32_t column, const char *part)
{
	struct msp_error err = {0};
	struct msp_expr *e;
	uint32_t at = 99;
	int rc = msp_expr_compile(text, MSP_EXPR_CONDITION, &e, &at, &err);
	CHECKF(rc == MSP_USAGE && err.status == MSP_USAGE && !e, "%s: %d", text, rc);
	CHECKF(at == column, "%s: column %u, not %u: %s", text, at, column, err.text);
	CHECKF(strstr(err.text, part) && !strchr(err.text, '\n'), "%s: no \"%s\" in %s", text, part, err.text);
	if (e)
		msp_expr_free(e);
}

static void test_errors(void)
{
	bad("sta == && > 3", 8, "expected a value at column 8, near \"&& > 3\"");
	bad("", 1, "at the end of the expression");
	bad("  ", 3, "expected a value");
	bad("a ==", 5, "at the end of the expression");
	bad("a b", 3, "expected an operator");
	bad("(a", 3, "expected \")\"");
	bad("a)", 2, "expected an operator");
	bad("a = 1", 3, "equality is written \"==\"");
	bad("a & b", 3, "&&");
	bad("a | b", 3, "||");
	bad("\"abc", 1, "closing quote");
	bad("'abc\\", 1, "closing quote");
	bad("`abc", 1, "backquotes");
	bad("``", 1, "backquotes");
	bad("a == 1.2.3", 6, "not a number");
	bad("a == 12abc", 6, "not a number");
	bad("a == 1e", 6, "exponent");
	bad("a == 1e999", 6, "out of range");
	bad("starttime > 2010-02-27", 13, "a time is written in quotes: \"2010-02-27\"");
	bad("starttime > 2010-02-27T06:30", 13, "in quotes");
	same("a == 2010 - 12-27", "a == 2010 - 12 - 27");
	same("a == 2010-12-2700", "a == 2010 - 12 - 2700");
	bad("a < b < c", 7, "do not chain");
	bad("foo(1)", 1, "no function \"foo\"");
	bad("abs() > 1", 1, "abs() has 1 argument, not 0");
	bad("abs(1,2) > 1", 1, "abs() has 1 argument, not 2");
	bad("pow(1) > 1", 1, "2 arguments");
	bad("abs(a", 6, "\",\" or \")\"");
	bad("defined(1)", 1, "takes a key");
	bad("defined(a + b)", 1, "takes a key");
	bad("a in 3", 6, "expected \"[\"");
	bad("a in []", 7, "expected a value");
	bad("a in [b]", 7, "only literals");
	bad("a in [1,]", 9, "expected a value");
	bad("a in [1 2]", 9, "\"]\"");
	bad("in == 3", 1, "expected a value");
	bad("a.", 1, "ends in a dot");
	bad("a == !b", 6, "parentheses");
	bad("a =~ b", 6, "string literal");
	bad("a =~ '['", 3, "bad pattern");
	bad("a =~ '(x'", 3, "missing closing parenthesis");
	bad("a ? b", 6, "expected \":\"");
	bad("@", 1, "no meaning");
	bad("a == 'x' $", 10, "no meaning");
	bad("'\\u12' == a", 2, "hexadecimal");
	bad("'\\ud800' == a", 2, "hexadecimal");
	bad("sta == '\xc3\xa9' ==", 12, "do not chain"); /* columns count characters */
	bad("a == '\xff'", 7, "UTF-8");
	bad("a == '\xc0\xaf'", 7, "UTF-8");
	bad("a == '\xed\xa0\x80'", 7, "UTF-8");
	bad("a == '\xe2\x82", 7, "UTF-8");
}

static void test_types(void)
{
	bad("npts * 2", 1, "a condition is needed, not a number");
	bad("'a'", 1, "not a string");
	bad("null", 1, "not null");
	bad("a && 1", 3, "\"&&\" needs a condition, not a number");
	bad("!5", 1, "\"!\" needs a condition");
	bad("1 ? a : b", 3, "\"?\" needs a condition");
	bad("'a' < 5", 5, "a string is compared with a number");
	bad("(a == b) == 1", 10, "a truth value is compared with a number");
	bad("live < true", 6, "no order");
	bad("a >= null", 3, "no order");
	bad("starttime > 'yesterday'", 11, "yesterday");
	bad("time(a) == 'x'", 9, "x");
	bad("time('2010-13-01') < starttime", 1, "2010-13-01");
	bad("time('x') in ['2010-01-01']", 1, "x");
	bad("starttime in ['2010-01-01', 'x']", 11, "x");
	bad("'a' * 2 > 1", 5, "\"*\" needs numbers, not a string");
	bad("-'a' == 1", 1, "needs a number");
	bad("time(a) + time(b) > 0", 9, "not defined");
	bad("1 - time(b) > 0", 3, "not defined");
	bad("1 + 'a' == 'b'", 3, "not defined");
	bad("abs('x') == 1", 1, "abs() does not take a string");
	bad("lower(5) == 'x'", 1, "lower() does not take a number");
	bad("substr('abc', 'b') == 'x'", 1, "does not take a string");
	bad("5 =~ 'x'", 3, "needs a string on its left");
	same("starttime > '2010-02-27'", "starttime > \"2010-02-27\"");
	same("time(a) - 5 > '2010-02-27'", "time(a) - 5 > \"2010-02-27\"");
	same("a == null || a != null", "a == null || a != null");
	same("time(a) - time(b) > 3", "time(a) - time(b) > 3");
	same("a + 'x' == 'yx'", "a + \"x\" == \"yx\"");
}

static char *repeated(const char *a, size_t n, const char *middle, const char *b)
{
	size_t la = strlen(a), lm = strlen(middle), lb = strlen(b);
	char *s = malloc(n * (la + lb) + lm + 1), *p = s;
	if (!s)
		exit(1);
	for (size_t i = 0; i < n; i++, p += la)
		memcpy(p, a, la);
	memcpy(p, middle, lm);
	p += lm;
	for (size_t i = 0; i < n; i++, p += lb)
		memcpy(p, b, lb);
	*p = 0;
	return s;
}

static void limited(const char *a, size_t n, const char *middle, const char *b, const char *part)
{
	struct msp_error err = {0};
	struct msp_expr *e;
	char *text = repeated(a, n, middle, b);
	int rc = msp_expr_compile(text, 0, &e, NULL, &err);
	bool ok = part ? rc == MSP_USAGE && strstr(err.text, part) : rc == MSP_OK;
	CHECKF(ok, "%zu x \"%s\": %d %s", n, a, rc, err.text);
	msp_expr_free(e);
	free(text);
}

static void test_limits(void)
{
	limited("(", 10000, "a", ")", "nested too deeply");
	limited("(", 150, "a", ")", NULL);
	limited("!", 10000, "a", "", "nested too deeply");
	limited("!", 150, "a", "", NULL);
	limited("-", 10000, "a", "", "nested too deeply");
	limited("abs(", 10000, "a", ")", "nested too deeply");
	limited("a ? b : ", 5000, "c", "", "nested too deeply");
	limited("a + ", 1000, "b", "", "nested too deeply");
	limited("a || ", 10000, "b", "", NULL); /* chains are flat */
	limited("a && ", 10000, "b", "", NULL);
	limited("a == 1 || ", 7000, "b", "", "longer than");
	limited("(", 10000, "", "", "nested too deeply");
	limited("x in [1", 1, ",1]", "", NULL);
}

static void test_tree(void)
{
	struct msp_expr *e;
	int rc = msp_expr_compile("sta in ['B','A'] || site.lat > 1 || sta == 'C' ? 1 : 2", 0, &e, NULL, NULL);
	CHECK(rc == MSP_OK);
	const struct msp_node *n = msp_expr_root(e);
	CHECK(n->op == MSP_X_COND && n->n == 3 && n->type == MSP_S_NUMBER && n->column == 48);
	n = n->arg[0];
	CHECK(n->op == MSP_X_OR && n->n == 3 && n->type == MSP_S_BOOL);
	CHECK(n->arg[0]->op == MSP_X_IN && n->arg[0]->n == 3 && n->arg[0]->arg[1]->value.type == MSP_V_STRING);
	CHECK(!strcmp(n->arg[0]->arg[1]->value.u.s.text, "A")); /* a list of strings is sorted */
	CHECK(n->arg[1]->arg[0]->op == MSP_X_KEY && n->arg[1]->arg[0]->key == 1);
	CHECK(msp_expr_keys(e) == 2 && !strcmp(msp_expr_key(e, 0), "sta"));
	CHECK(!strcmp(msp_expr_key(e, 1), "site.lat"));
	msp_expr_free(e);
	rc = msp_expr_compile("starttime >= '2010-02-27T06:30:00Z'", MSP_EXPR_CONDITION, &e, NULL, NULL);
	CHECK(rc == MSP_OK);
	n = msp_expr_root(e)->arg[1];
	CHECK(n->has_time && n->time == INT64_C(1267252200) * MSP_NS);
	msp_expr_free(e);
	msp_expr_free(NULL);
	CHECK(!strcmp(msp_function_name(MSP_FN_LOG10), "log10") && !msp_function_name(0));
}

static void test_keys(void)
{
	struct msp_keys k;
	struct msp_error err = {0};
	CHECK(msp_keys_parse("net,site.lat,-`odd, key`", true, &k, &err) == MSP_OK);
	CHECK(k.n == 3 && !strcmp(k.key[1].name, "site.lat") && !strcmp(k.key[2].name, "odd, key"));
	CHECK(!k.key[0].descending && k.key[2].descending);
	msp_keys_free(&k);
	CHECK(k.n == 0);
	static const char *const wrong[] = {"", ",", "a,", ",a", "a b", "a,a", "-",
	                                    "--a", "`a", "a.", "a..b", "1a", "a,-", "a=b"};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		CHECKF(msp_keys_parse(wrong[i], true, &k, &err) == MSP_USAGE && k.n == 0 && err.text[0], "%s", wrong[i]);
	CHECK(msp_keys_parse("-a", false, &k, &err) == MSP_USAGE);
	CHECK(msp_key_parse("site.lat=3", NULL) == 8);
	CHECK(msp_key_parse("`a b`=3", NULL) == 5);
	CHECK(msp_key_parse("/tmp/x=3", NULL) == 0);
}

int main(void)
{
	test_canonical();
	test_errors();
	test_types();
	test_limits();
	test_tree();
	test_keys();
	return unit_end("expr_parse");
}
