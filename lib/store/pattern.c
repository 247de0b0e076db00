/* Regular expressions of filters. MongoDB's are PCRE over UTF-8; here the part of PCRE that is regular is rewritten as a
 * POSIX extended expression over bytes, which the C library matches in linear space. What has another meaning there, or
 * none, is refused by name. */
#include "store/pattern.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#define MAX_REPEAT 255    /* of {m,n}: RE_DUP_MAX of POSIX */
#define MAX_REPEATS 1000  /* their product: the C library takes memory in proportion */
#define MAX_PATTERN 1000  /* bytes */
/* a character that is more than one byte */
#define WIDE "[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"

struct msp_pattern {
	regex_t regex;
};

struct scan {
	const char *p;
	struct msp_bytes out;
	struct msp_error *err;
	bool ignore_case, dot_all, repeatable;
	int open;
	unsigned repeats;
};

static int put(struct scan *s, const char *text)
{
	return msp_bytes_append(&s->out, text, strlen(text));
}

static int refuse(const struct scan *s, const char *what)
{
	return msp_error_set(s->err, MSP_USAGE, "regular expression: %s", what);
}

/* ---- sets of characters ------------------------------------------------ */

static void add_range(bool set[128], int from, int to)
{
	for (; from <= to; from++)
		set[from] = true;
}

/* \d \w \s and their opposites; false if c is none of them */
static bool add_class(bool set[128], char c)
{
	bool one[128] = {false}, upper = c >= 'A' && c <= 'Z';

	switch (c | 32) {
	case 'd':
		add_range(one, '0', '9');
		break;
	case 'w':
		add_range(one, '0', '9');
		add_range(one, 'a', 'z');
		add_range(one, 'A', 'Z');
		one['_'] = true;
		break;
	case 's':
		add_range(one, '\t', '\r');
		one[' '] = true;
		break;
	default: return false;
	}
	for (int i = 0; i < 128; i++)
		set[i] = set[i] || one[i] != upper;
	return true;
}

static int put_byte_in_set(struct scan *s, int c)
{
	char b = (char)c;

	return msp_bytes_append(&s->out, &b, 1);
}

/* The set as a bracket expression: ']' first, '-' last, '^' not first, no range. */
static int put_set(struct scan *s, const bool set[128], bool wide)
{
	int n = 0, r = put(s, "([");
	bool caret = set['^'];

	if (set[']']) {
		r = r ? r : put(s, "]");
		n++;
	}
	for (int c = 1; c < 128; c++) {
		if (!set[c] || c == ']' || c == '^' || c == '-' || c == '[')
			continue;
		r = r ? r : put_byte_in_set(s, c);
		n++;
	}
	if (set['[']) { /* not before . = : */
		r = r ? r : put(s, "[");
		n++;
	}
	if (caret && n == 0)
		return set['-'] ? refuse(s, "[^-] of both is not supported") : r || put(s, "^]") ? MSP_NOMEM : MSP_OK;
	if (caret)
		r = r ? r : put(s, "^");
	if (set['-'])
		r = r ? r : put(s, "-");
	r = r ? r : put(s, "]");
	if (wide)
		r = r ? r : put(s, "|" WIDE);
	return r || put(s, ")") ? MSP_NOMEM : MSP_OK;
}

static bool simple_escape(char c, int *out)
{
	static const char from[] = "tnrfvae", to[] = "\t\n\r\f\v\a\x1b";
	const char *at = c ? strchr(from, c) : NULL;

	if (at && c != 'v') { /* in PCRE \v is a class */
		*out = to[at - from];
		return true;
	}
	*out = (unsigned char)c;
	return c > 0 && !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'));
}

/* One member of a bracket: a character, -1 for a class that was added, -2 for an error. */
static int member(struct scan *s, bool set[128])
{
	int c = (unsigned char)*s->p++;

	if (c >= 128) {
		refuse(s, "only ASCII characters may stand in [ ]");
		return -2;
	}
	if (c == '[' && (*s->p == ':' || *s->p == '.' || *s->p == '=')) {
		refuse(s, "[:class:] is not supported");
		return -2;
	}
	if (c != '\\')
		return c;
	if (add_class(set, *s->p)) {
		s->p++;
		return -1;
	}
	if (*s->p == 0 || !simple_escape(*s->p, &c)) {
		refuse(s, "an escape in [ ] that is not supported");
		return -2;
	}
	s->p++;
	return c;
}

static int bracket(struct scan *s)
{
	bool set[128] = {false}, negated;
	const char *first;

	negated = *++s->p == '^';
	s->p += negated;
	first = s->p;
	while (*s->p && (*s->p != ']' || s->p == first)) {
		int from = member(s, set), to;

		if (from == -2)
			return MSP_USAGE;
		if (from == -1)
			continue;
		to = from;
		if (s->p[0] == '-' && s->p[1] && s->p[1] != ']') {
			s->p++;
			to = member(s, set);
			if (to < from)
				return to == -2 ? MSP_USAGE : refuse(s, "a range in [ ] that is none");
		}
		add_range(set, from, to);
	}
	if (!*s->p)
		return refuse(s, "[ without ]");
	s->p++;
	s->repeatable = true;
	if (s->ignore_case)
		for (int c = 'a'; c <= 'z'; c++)
			set[c] = set[c - 32] = set[c] || set[c - 32];
	for (int c = 0; negated && c < 128; c++)
		set[c] = !set[c];
	set[0] = false;
	for (int c = 1; c < 128; c++)
		if (set[c])
			return put_set(s, set, negated);
	return refuse(s, "[ ] that matches nothing");
}

static int class(struct scan *s, char c)
{
	bool set[128] = {false};

	if (!add_class(set, c))
		return refuse(s, "an escape that is not supported");
	set[0] = false;
	s->p++;
	s->repeatable = true;
	return put_set(s, set, c < 'a');
}

/* ---- the rest ---------------------------------------------------------- */

static int literal(struct scan *s, int c)
{
	char text[3] = {'\\', (char)c, 0};

	s->repeatable = true;
	if (c == 0)
		return refuse(s, "a NUL");
	return put(s, strchr(".[]()*+?{}|^$\\", c) ? text : text + 1);
}

/* A character of several bytes is one thing to repeat. */
static int wide(struct scan *s)
{
	char text[8] = "(";
	size_t n = 1;

	if (s->ignore_case)
		return refuse(s, "characters that are not ASCII cannot be matched with option i");
	do
		text[n++] = *s->p++;
	while (n < 5 && ((unsigned char)*s->p & 0xc0) == 0x80);
	text[n] = ')';
	s->repeatable = true;
	return put(s, text);
}

static int escape(struct scan *s)
{
	int c;

	s->p++;
	if (*s->p == 0)
		return refuse(s, "it ends with a backslash");
	if (!simple_escape(*s->p, &c))
		return class(s, *s->p);
	s->p++;
	return literal(s, c);
}

static unsigned number(const char **p)
{
	unsigned n = 0;

	while (**p >= '0' && **p <= '9' && n <= MAX_REPEAT)
		n = n * 10 + (unsigned)(*(*p)++ - '0');
	return n;
}

/* {m}, {m,}, {m,n}; a brace that is none is a literal, as in PCRE. */
static int braces(struct scan *s)
{
	const char *p = s->p + 1, *first = p, *second;
	unsigned low = number(&p), high = low;
	bool ok = p > first;

	if (ok && *p == ',') {
		second = ++p;
		high = number(&p);
		if (p == second)
			high = low ? low : 1;
	}
	if (!ok || *p != '}') {
		s->p++;
		return literal(s, '{');
	}
	s->repeats *= high ? high : 1;
	if (!s->repeatable || high < low || high > MAX_REPEAT || s->repeats > MAX_REPEATS)
		return refuse(s, "{m,n} after nothing, backwards, or too large");
	if (msp_bytes_append(&s->out, s->p, (size_t)(p + 1 - s->p)))
		return MSP_NOMEM;
	s->p = p + 1;
	return MSP_OK;
}

static int repeat(struct scan *s)
{
	int r;

	if (*s->p == '{') {
		const char *was = s->p;

		r = braces(s);
		if (r != MSP_OK || s->p == was + 1)
			return r;
	} else {
		if (!s->repeatable)
			return refuse(s, "* + or ? after nothing");
		if (msp_bytes_append(&s->out, s->p++, 1))
			return MSP_NOMEM;
	}
	s->repeatable = false;
	if (*s->p == '+')
		return refuse(s, "possessive repetition");
	s->p += *s->p == '?'; /* lazy or greedy: whether there is a match does not depend on it */
	return MSP_OK;
}

static int group(struct scan *s)
{
	s->p++;
	if (*s->p == '*')
		return refuse(s, "(* is not supported");
	if (*s->p == '?') {
		if (s->p[1] != ':')
			return refuse(s, "(? other than (?: is not supported");
		s->p += 2;
	}
	s->open++;
	s->repeatable = false;
	if (*s->p == ')' || *s->p == '|')
		return refuse(s, "an empty alternative");
	return put(s, "(");
}

static int one(struct scan *s)
{
	switch (*s->p) {
	case '[': return bracket(s);
	case '\\': return escape(s);
	case '(': return group(s);
	case ')':
		if (s->open-- == 0)
			return refuse(s, ") without (");
		s->p++;
		s->repeatable = true;
		return put(s, ")");
	case '|':
		if (s->p[1] == 0 || s->p[1] == ')' || s->p[1] == '|' || s->out.len == 0)
			return refuse(s, "an empty alternative");
		s->p++;
		s->repeatable = false;
		return put(s, "|");
	case '.':
		s->p++;
		s->repeatable = true;
		return put(s, s->dot_all ? "([^\x80-\xff]|" WIDE ")" : "([^\n\x80-\xff]|" WIDE ")");
	case '^':
		s->p++;
		s->repeatable = false;
		return put(s, "^");
	case '$': /* PCRE: also before a newline that ends the text */
		s->p++;
		s->repeatable = false;
		if (*s->p && *s->p != ')' && *s->p != '|')
			return refuse(s, "$ before something");
		return put(s, "\n?$");
	case '*':
	case '+':
	case '?':
	case '{': return repeat(s);
	default:
		if ((unsigned char)*s->p >= 128)
			return wide(s);
		return literal(s, *s->p++);
	}
}

static int translate(struct scan *s, const char *pattern, const char *options)
{
	for (; *options; options++) {
		if (*options == 'i')
			s->ignore_case = true;
		else if (*options == 's')
			s->dot_all = true;
		else if (*options != 'u')
			return msp_error_set(s->err, MSP_USAGE, "regular expression: option %c is not supported", *options);
	}
	if (strlen(pattern) > MAX_PATTERN)
		return refuse(s, "longer than 1000 bytes");
	if (!bson_utf8_validate(pattern, strlen(pattern), false))
		return refuse(s, "not UTF-8");
	s->p = pattern;
	while (*s->p) {
		int r = one(s);

		if (r != MSP_OK)
			return r;
	}
	if (s->open)
		return refuse(s, "( without )");
	return msp_bytes_append(&s->out, "", 1);
}

int msp_pattern_compile(const char *pattern, const char *options, struct msp_pattern **out, struct msp_error *err)
{
	struct scan s = {.err = err, .repeats = 1};
	struct msp_pattern *p = calloc(1, sizeof(*p));
	int r = p ? translate(&s, pattern, options) : MSP_NOMEM, code;

	*out = NULL;
	if (r == MSP_OK) {
		code = regcomp(&p->regex, (const char *)s.out.data, REG_EXTENDED | REG_NOSUB | (s.ignore_case ? REG_ICASE : 0));
		if (code == REG_ESPACE)
			r = MSP_NOMEM;
		else if (code)
			r = refuse(&s, "it cannot be compiled");
	}
	msp_bytes_free(&s.out);
	if (r == MSP_NOMEM)
		msp_error_set(err, r, "no memory left");
	if (r != MSP_OK) {
		free(p);
		return r;
	}
	*out = p;
	return MSP_OK;
}

bool msp_pattern_match(const struct msp_pattern *p, const char *text, size_t n)
{
	regmatch_t whole = {.rm_so = 0, .rm_eo = (regoff_t)n};

	return regexec(&p->regex, text, 1, &whole, REG_STARTEND) == 0;
}

void msp_pattern_free(struct msp_pattern *p)
{
	if (!p)
		return;
	regfree(&p->regex);
	free(p);
}
