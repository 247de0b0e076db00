/* Regular expressions: what the commands rely on, of PCRE2 and of how it is called: UTF-8, classes, bad patterns with their reason, and
 * patterns on which a backtracking matcher would never end. */
#include "mspipe/expr.h"

#include "unit.h"

#include <string.h>

struct text {
	const char *data;
	size_t n;
};

static void get_text(const void *context, const char *key, struct msp_value *out, char scratch[MSP_ID_TEXT])
{
	const struct text *t = context;

	(void)key, (void)scratch;
	out->type = MSP_V_STRING;
	out->u.s.text = t->data;
	out->u.s.len = t->n;
}

/* s =~ 'pattern' on n bytes; -1: refused; -2: it gave up, which was counted. The pattern has no quote. */
static int on_bytes(const char *pattern, const char *data, size_t n, struct msp_error *err)
{
	char source[2048];
	struct msp_expr *e;
	struct text t = {data, n};
	bool yes = false;
	uint32_t complaints;

	snprintf(source, sizeof source, "s =~ '%s'", pattern);
	if (msp_expr_compile(source, MSP_EXPR_CONDITION, &e, NULL, err) < 0)
		return -1;
	CHECK(msp_expr_test_with(e, get_text, &t, &yes) == MSP_OK);
	complaints = msp_expr_complaints(e);
	msp_expr_free(e);
	CHECK(!(yes && complaints));
	return complaints ? -2 : yes;
}

static int matches(const char *pattern, const char *text, struct msp_error *err)
{
	return on_bytes(pattern, text, strlen(text), err);
}

static void test_bytes(void)
{
	CHECK(matches("^.$", "\xc3\xa9", NULL) == 1); /* a character, not a byte */
	CHECK(matches("^..$", "\xc3\xa9", NULL) == 0);
	CHECK(matches("^\xc3\xa9+$", "\xc3\xa9\xc3\xa9", NULL) == 1);
	CHECK(matches("^[a\xc3\xa9]x$", "\xc3\xa9x", NULL) == 1);
	CHECK(matches("^[a\xc3\xa9]x$", "\xc3x", NULL) == 0); /* no UTF-8: no match, no error */
	CHECK(matches("x$", "\xff\xfex", NULL) == 1);
	CHECK(on_bytes("^a.b$", "a\0b", 3, NULL) == 1);
	CHECK(on_bytes("^$", NULL, 0, NULL) == 1);
}

static void test_syntax(void)
{
	static const char *const bad[] = {"[", "[a", "(", "(a", "a)", "*", "+a", "a**x(", "a{3,2}", "[[:foo:]]", "[b-a]", "(a)\\2", "\\C",
	                                  "(?<n"};
	static const struct {
		const char *pattern, *text;
		int want;
	} good[] = {
		{"a|", "x", 1},         {"^(a|)$", "", 1},        {"^a{2}$", "aa", 1},     {"^a{2,}$", "a", 0},
		{"^a{1,3}$", "aaaa", 0}, {"^[]]$", "]", 1},       {"^[^]]$", "]", 0},      {"^[a-]$", "-", 1},
		{"a\\.b", "axb", 0},    {"(^a|b)c", "bc", 1},     {"x(^a|b)c", "xac", 0},  {"^$", "x", 0},
		{"", "", 1},            {"^BH[ZNE123]$", "BHZ", 1}, {"^BH[ZNE123]$", "LHZ", 0}, {"^(BH|HH)Z", "HHZ", 1},
		{"^\\d+$", "0123", 1},  {"(?i)^bhz$", "BHZ", 1},  {"^(?:BH|HH)[ZNE]$", "BHZ", 1}, {"^bhz$", "BHZ", 0},
		{"[[:space:]]x", "\tx", 1}};
	struct msp_error err = {0};

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		err.text[0] = 0;
		CHECKF(matches(bad[i], "x", &err) == -1 && strstr(err.text, "bad pattern"), "%s: %s", bad[i], err.text);
	}
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		int got = matches(good[i].pattern, good[i].text, &err);
		CHECKF(got == good[i].want, "%s on \"%s\": %d %s", good[i].pattern, good[i].text, got, err.text);
	}
}

/* unit, n times; between first and last */
static int hard(const char *first, const char *unit, int n, const char *last, const char *text)
{
	char pattern[1200] = "";

	strcat(pattern, first);
	for (int i = 0; i < n; i++)
		strcat(pattern, unit);
	strcat(pattern, last);
	return matches(pattern, text, NULL);
}

/* None of these may run for ever: a right answer or none. */
static void test_hard(void)
{
	char text[5001];
	int got;

	memset(text, 'a', 5000);
	text[5000] = 0;
	got = hard("^", "(a|b*)+", 110, "c$", text);
	CHECKF(got == 0 || got == -2, "%d", got);
	got = hard("^", "(a*)*", 150, "b", text);
	CHECKF(got == 0 || got == -2, "%d", got);
	got = hard("(a|a)*(a|b)*a", "(a|b)", 150, "c", text);
	CHECKF(got == 0 || got == -2, "%d", got);
	CHECK(hard("^(a|a)*", "", 0, "$b", text) == -2 || hard("^(a|a)*", "", 0, "$b", text) == 0);
	CHECK(hard("^(.*)*(.*)*(.*)*(.*)*", "x", 1, "", text) == -2);
	CHECK(hard("", "a", 1001, "", "x") == -1); /* too long */
	CHECK(hard("", "(", 251, "", "x") == -1);
}

int main(void)
{
	test_bytes();
	test_syntax();
	test_hard();
	return unit_end("expr_regex");
}
