/* Regular expressions: against the C library's on random patterns, UTF-8, what is refused, and the time of
 * patterns that are hard for others. */
#include "mspipe/expr.h"

#include "unit.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

static void get_text(const void *context, const char *key, struct msp_value *out, char scratch[MSP_ID_TEXT])
{
	(void)key, (void)scratch;
	out->type = MSP_V_STRING;
	out->u.s.text = context;
	out->u.s.len = strlen(context);
}

/* s =~ 'pattern'; -1: refused. The pattern has no quote. */
static int matches(const char *pattern, const char *text, struct msp_error *err)
{
	char source[2048];
	struct msp_expr *e;
	bool yes = false;
	snprintf(source, sizeof source, "s =~ '%s'", pattern);
	if (msp_expr_compile(source, MSP_EXPR_CONDITION, &e, NULL, err) < 0)
		return -1;
	CHECK(msp_expr_test_with(e, get_text, text, &yes) == MSP_OK);
	msp_expr_free(e);
	return yes;
}

static uint32_t state = 7;
static uint32_t draw(uint32_t below)
{
	state = state * 1664525 + 1013904223;
	return (state >> 8) % below;
}

static void random_pattern(char *out, int depth)
{
	static const char *const atoms[] = {"a", "b", "c", ".", "[ab]", "[^a]", "[b-d]", "[[:alpha:]]",
	                                    "[]x]", "[^]a]", "\\."};
	static const char *const repeats[] = {"*", "+", "?", "{2}", "{0,1}", "{1,}", "{0}", "{2,3}"};
	uint32_t parts = 1 + draw(3);
	for (uint32_t i = 0; i < parts; i++) {
		if (i && !draw(4))
			strcat(out, "|");
		if (depth == 2 && !draw(9)) { /* glibc is wrong about anchors in groups that repeat */
			strcat(out, draw(2) ? "^" : "$");
			continue;
		}
		if (depth && !draw(3)) {
			strcat(out, "(");
			random_pattern(out, depth - 1);
			strcat(out, ")");
		} else {
			strcat(out, atoms[draw(sizeof atoms / sizeof *atoms)]);
		}
		if (!draw(3))
			strcat(out, repeats[draw(sizeof repeats / sizeof *repeats)]);
	}
}

static void test_against_libc(void)
{
	unsigned compared = 0;
	for (int i = 0; i < 6000; i++) {
		char pattern[1024] = "", text[16] = "";
		regex_t re;
		random_pattern(pattern, 2);
		if (strlen(pattern) > 100 || regcomp(&re, pattern, REG_EXTENDED | REG_NOSUB))
			continue;
		for (int k = 0; k < 4; k++) {
			uint32_t n = draw(8);
			for (uint32_t c = 0; c < n; c++)
				text[c] = "abcd.x]"[draw(7)];
			text[n] = 0;
			int theirs = regexec(&re, text, 0, NULL, 0) == 0, ours = matches(pattern, text, NULL);
			CHECKF(ours == theirs, "%s on \"%s\": %d, the C library %d", pattern, text, ours, theirs);
			compared++;
		}
		regfree(&re);
	}
	CHECKF(compared > 15000, "%u", compared);
}

static void test_utf8(void)
{
	CHECK(matches("^.$", "\xc3\xa9", NULL) == 1);
	CHECK(matches("^..$", "\xc3\xa9", NULL) == 0);
	CHECK(matches("^[^a]$", "\xe2\x82\xac", NULL) == 1);
	CHECK(matches("^\xc3\xa9+$", "\xc3\xa9\xc3\xa9", NULL) == 1);
	CHECK(matches("^\xc3\xa9?x$", "x", NULL) == 1);
	CHECK(matches("^[a\xc3\xa9]x$", "\xc3\xa9x", NULL) == 1);
	CHECK(matches("^[a\xc3\xa9]x$", "ax", NULL) == 1);
	CHECK(matches("^[a\xc3\xa9]x$", "\xc3x", NULL) == 0);
	CHECK(matches("[^\xc3\xa9]", "x", NULL) == -1);
	CHECK(matches("[a-\xc3\xa9]", "x", NULL) == -1);
	CHECK(matches("[\xc3\xa9-\xc3\xaa]", "x", NULL) == -1);
	CHECK(matches("^[\xc3\xa9-]$", "-", NULL) == 1);
}

static void test_syntax(void)
{
	static const char *const bad[] = {
		"[", "[a", "[]", "[^]", "(", "(a", ")", "a)", "*", "+a", "?", "{2}", "a**", "a+?", "a{2}{3}", "(*a)",
		"a|*b", "^*",
		"$+", "a{", "a{}", "a{x}", "a{2", "a{3,2}", "a{256}", "a{1,256}", "((a{100}){100})", "[[.a.]]", "[[=a=]]",
		"[[:foo:]]",
		"[[:alpha]", "[b-a]", "(?:a)", "\\d", "\\w", "\\<a", "(a)\\1", "\\b", "a\\\\"};
	static const struct {
		const char *pattern, *text;
		int want;
	} good[] = {
		{"()", "x", 1}, {"a|", "x", 1}, {"^(a|)$", "", 1}, {"a{0}", "x", 1}, {"^a{2}$", "aa", 1},
		{"^a{2,}$", "a", 0},
		{"^a{2,}$", "aaaa", 1}, {"^a{1,3}$", "aaaa", 0}, {"^[]]$", "]", 1}, {"^[^]]$", "]", 0}, {"^[a-]$", "-", 1},
		{"^[-a]$", "-", 1}, {"^[a\\]$", "\\", 1}, {"^[[:digit:]]+$", "0123456789", 1},
		{"^[[:upper:][:digit:]]+$", "A1a", 0},
		{"^[*.]$", "*", 1}, {"a\\.b", "a.b", 1}, {"a\\.b", "axb", 0}, {"\\^a", "x^a", 1}, {"a^b", "a^b", 0},
		{"a$b", "a$b", 0},
		{"(^a|b)c", "bc", 1}, {"x(^a|b)c", "xac", 0}, {"(a$|b)", "ca", 1}, {"^$", "", 1}, {"^$", "x", 0},
		{"", "", 1},
		{"^BH[ZNE123]$", "BHZ", 1}, {"^BH[ZNE123]$", "LHZ", 0}, {"^(BH|HH)Z", "HHZ", 1}, {"^\\{\\}$", "{}", 1},
		{"((a*)*)*b", "aab", 1}, {"(a*)+$", "b", 1}, {"^(a*)+$", "b", 0}, {"[[:space:]]x", "\tx", 1},
		{"a b", "a b", 1}};
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

/* Each of these takes the C library's matcher, or a backtracking one, longer than anybody waits. */
static void test_hard(void)
{
	char text[5001];
	memset(text, 'a', 5000);
	text[5000] = 0;
	CHECK(hard("^", "(a|b*)+", 110, "$", text) == 1);
	CHECK(hard("^", "(a|b*)+", 110, "c$", text) == 0);
	CHECK(hard("^", "a?", 300, "b$", text) == 0);
	CHECK(hard("^", "(a*)*", 150, "b", text) == 0);
	CHECK(hard("(a|a)*(a|b)*a", "(a|b)", 150, "c", text) == 0);
	CHECK(hard("", "(a+)+", 1, "$", text) == 1);
	CHECK(hard("^", "(((a{1,10}){1,10}){1,10})*", 1, "b", text) == 0);
	CHECK(hard("", "(", 101, "", "x") == -1);
	CHECK(hard("", "(x", 90, "", "x") == -1);
	CHECK(hard("", "a", 1001, "", "x") == -1);
	CHECK(hard("", "[[:alpha:]]{250}", 40, "", "x") == -1); /* too large */
}

int main(void)
{
	test_against_libc();
	test_utf8();
	test_syntax();
	test_hard();
	return unit_end("expr_regex");
}
