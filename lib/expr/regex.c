/* Regular expressions: POSIX extended ones, of which only what the standard defines is accepted, so that a
 * pattern means the same to every matcher that a store may use. Matching is by bytes.
 *
 * * The C library's compiler takes memory as the product of nested repetition counts; that product is
 * bounded here. */
#include "expr/expr.h"

#include <string.h>

#define MAX_REPEATS 1000 /* product of the {m,n} of a pattern */
#define MAX_REPEAT 255   /* RE_DUP_MAX of POSIX */

struct scan {
	const char *p;
	bool repeatable;  /* something is there that *, +, ?, {} may repeat */
	int open;         /* parentheses */
	unsigned repeats;
	bool plain;       /* no operator but ^ at the start and $ at the end so far */
	char *literal;
	size_t length;
};

static int bracket(struct scan *s, struct msp_error *why)
{
	const char *p = s->p + 1;
	p += *p == '^';
	p += *p == ']';
	for (; *p && *p != ']'; p++) {
		if (p[0] == '[' && (p[1] == '.' || p[1] == '='))
			return msp_error_set(why, MSP_USAGE, "collating elements are not supported");
		if (p[0] == '[' && p[1] == ':') {
			p = strstr(p + 2, ":]");
			if (!p)
				return msp_error_set(why, MSP_USAGE, "\"[:\" without \":]\"");
			p++;
		}
	}
	if (!*p)
		return msp_error_set(why, MSP_USAGE, "\"[\" without \"]\"");
	s->p = p;
	s->repeatable = true;
	s->plain = false;
	return MSP_OK;
}

static const char *count(const char *p, unsigned *out)
{
	*out = 0;
	while (*p >= '0' && *p <= '9' && *out <= MAX_REPEAT)
		*out = *out * 10 + (unsigned)(*p++ - '0');
	return p;
}

static int repetition(struct scan *s, struct msp_error *why)
{
	char op = *s->p;
	if (!s->repeatable)
		return msp_error_set(why, MSP_USAGE, "\"%c\" has nothing to repeat", op);
	if (op == '{') {
		unsigned low, high;
		const char *first = s->p + 1, *p = count(first, &low);
		high = low;
		bool ok = p > first;
		if (ok && *p == ',') {
			p++;
			const char *second = p;
			p = count(p, &high);
			if (p == second)
				high = low ? low : 1;
		}
		if (!ok || *p != '}' || high < low || low > MAX_REPEAT || high > MAX_REPEAT)
			return msp_error_set(why, MSP_USAGE, "not a repetition {m,n} with m <= n <= %d", MAX_REPEAT);
		s->repeats *= high ? high : 1;
		if (s->repeats > MAX_REPEATS)
			return msp_error_set(why, MSP_USAGE, "repetitions multiply to more than %d", MAX_REPEATS);
		s->p = p;
	}
	s->repeatable = false;
	s->plain = false;
	return MSP_OK;
}

static int group(struct scan *s, struct msp_error *why)
{
	s->plain = false;
	if (*s->p == '(') {
		s->open++;
		s->repeatable = false;
		if (s->p[1] == '?')
			return msp_error_set(why, MSP_USAGE, "\"(?\" is not of POSIX extended regular expressions");
		return MSP_OK;
	}
	s->repeatable = true;
	if (s->open-- == 0)
		return msp_error_set(why, MSP_USAGE, "\")\" without \"(\"");
	return MSP_OK;
}

static void literal(struct scan *s, char c)
{
	s->literal[s->length++] = c;
	s->repeatable = true;
}

static int element(struct scan *s, const char *pattern, struct expr_regex *r, struct msp_error *why)
{
	char c = *s->p;
	switch (c) {
	case '\\':
		c = *++s->p;
		if (!c || !strchr("^.[]$()|*+?{}\\/-\"#%&,:;=@_~! ", c))
			return c ? msp_error_set(why, MSP_USAGE, "\"\\%c\" is not of POSIX extended regular expressions", c)
			         : msp_error_set(why, MSP_USAGE, "a backslash at its end");
		literal(s, c);
		return MSP_OK;
	case '[':
		return bracket(s, why);
	case '(':
	case ')':
		return group(s, why);
	case '*':
	case '+':
	case '?':
	case '{':
		return repetition(s, why);
	case '^':
		r->at_start = s->p == pattern;
		s->plain = s->plain && r->at_start;
		s->repeatable = false;
		return MSP_OK;
	case '$':
		r->at_end = s->p[1] == 0;
		s->plain = s->plain && r->at_end;
		s->repeatable = false;
		return MSP_OK;
	case '|':
	case '.':
		s->plain = false;
		s->repeatable = c == '.';
		return MSP_OK;
	default:
		literal(s, c);
		return MSP_OK;
	}
}

int expr_regex_compile(struct expr_regex *r, const char *pattern, struct expr_arena *mem,
                       struct msp_error *why)
{
	size_t n = strlen(pattern);
	if (n > MSP_EXPR_PATTERN)
		return msp_error_set(why, MSP_USAGE, "longer than %d bytes", MSP_EXPR_PATTERN);
	struct scan s = {.p = pattern, .repeats = 1, .plain = true, .literal = expr_alloc(mem, n + 1)};
	if (!s.literal)
		return msp_error_set(why, MSP_NOMEM, "out of memory");
	for (; *s.p; s.p++)
		if (element(&s, pattern, r, why) < 0)
			return MSP_USAGE;
	if (s.open)
		return msp_error_set(why, MSP_USAGE, "\"(\" without \")\"");
	r->text = s.literal;
	r->length = s.length;
	if (s.plain)
		return MSP_OK;
	int rc = regcomp(&r->re, pattern, REG_EXTENDED | REG_NOSUB);
	if (rc == REG_ESPACE)
		return msp_error_set(why, MSP_NOMEM, "out of memory");
	if (rc) {
		char text[128];
		regerror(rc, &r->re, text, sizeof text);
		return msp_error_set(why, MSP_USAGE, "%s", text);
	}
	r->compiled = true;
	return MSP_OK;
}

static int plain_match(const struct expr_regex *r, const char *text, size_t n)
{
	if (n < r->length || (r->at_start && r->at_end && n != r->length))
		return 0;
	if (!r->length)
		return 1;
	if (r->at_start)
		return !memcmp(text, r->text, r->length);
	if (r->at_end)
		return !memcmp(text + n - r->length, r->text, r->length);
	return memmem(text, n, r->text, r->length) != NULL;
}

int expr_regex_match(const struct expr_regex *r, const char *text, size_t n, struct expr_arena *scratch)
{
	if (!r->compiled)
		return plain_match(r, text, n);
	int rc;
#ifdef REG_STARTEND
	(void)scratch;
	regmatch_t whole = {.rm_so = 0, .rm_eo = (regoff_t)n};
	if (n > INT32_MAX)
		return 0;
	rc = regexec(&r->re, text ? text : "", 1, &whole, REG_STARTEND);
#else
	const char *copy = expr_copy(scratch, text, n);
	if (!copy)
		return MSP_NOMEM;
	rc = regexec(&r->re, copy, 0, NULL, 0);
#endif
	if (rc == REG_ESPACE)
		return MSP_NOMEM;
	return rc == 0;
}
