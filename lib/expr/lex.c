/* The words of an expression. */
#include "expr/expr.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NUMBER 512 /* bytes that a number may be long */
#define EXCERPT 16 /* characters that a message quotes */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

uint32_t expr_column(const char *text, size_t pos)
{
	uint32_t column = 1;
	for (size_t i = 0; i < pos; i++)
		if (!is_continuation(text[i]))
			column++;
	return column;
}

int expr_fault(struct expr_lexer *l, size_t pos, const char *fmt, ...)
{
	char what[256];
	va_list ap;
	if (l->failed) /* the first fault is the one to be told */
		return MSP_USAGE;
	l->token = EXPR_END; /* nothing is left that a value belongs to */
	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	l->failed = true;
	l->fault = pos;
	while (pos < l->length && is_space(l->text[pos]))
		pos++;
	size_t end = pos, n = 0;
	while (end < l->length && (n < EXCERPT || is_continuation(l->text[end])))
		n += !is_continuation(l->text[end++]);
	unsigned column = expr_column(l->text, l->fault);
	if (end == pos)
		return msp_error_set(l->err, MSP_USAGE, "%s at column %u, at the end of the expression", what, column);
	return msp_error_set(l->err, MSP_USAGE, "%s at column %u, near \"%.*s\"", what, column, (int)(end - pos),
	                     l->text + pos);
}

bool expr_number(const char *text, size_t n, struct msp_value *out)
{
	char copy[NUMBER], *end;
	if (!n || n >= sizeof copy || !(is_digit(*text) || strchr(".+-", *text)) || !*text)
		return false;
	if (memchr(text, 'x', n) || memchr(text, 'X', n)) /* strtod() reads hexadecimal, too */
		return false;
	memcpy(copy, text, n);
	copy[n] = 0;
	out->type = MSP_V_INT;
	bool whole = strspn(copy, "+-0123456789") == n;
	bool ok = false;
	if (whole) {
		long long i;
		bool over = false;
		const char *p = copy + (*copy == '-' || *copy == '+');
		for (i = 0, ok = *p != 0; *p; p++) {
			ok = ok && is_digit(*p);
			over = over || __builtin_mul_overflow(i, 10, &i) || __builtin_sub_overflow(i, *p - '0', &i);
		}
		if (*copy != '-')
			over = over || __builtin_sub_overflow(0, i, &i); /* counted below zero, where there is one more */
		out->u.i = i;
		whole = !over;
	}
	if (!whole) {
		locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
		out->type = MSP_V_DOUBLE;
		out->u.d = c ? strtod_l(copy, &end, c) : strtod(copy, &end);
		ok = end == copy + n && end != copy;
		if (c)
			freelocale(c);
	}
	return ok;
}

/* 2010-02-27 without quotes: a subtraction that nobody means. */
static bool is_date(const char *t)
{
	static const char form[] = "dddd-dd-dd";
	size_t i;
	for (i = 0; form[i]; i++)
		if (form[i] == 'd' ? !is_digit(t[i]) : t[i] != '-')
			return false;
	return !is_digit(t[i]);
}

static int lex_number(struct expr_lexer *l)
{
	const char *t = l->text;
	size_t p = l->start;
	if (is_date(t + p))
		return expr_fault(l, l->start, "a time is written in quotes: \"%.10s\"", t + p);
	while (is_digit(t[p]))
		p++;
	if (t[p] == '.')
		p++;
	while (is_digit(t[p]))
		p++;
	if (t[p] == 'e' || t[p] == 'E') {
		p++;
		if (t[p] == '+' || t[p] == '-')
			p++;
		if (!is_digit(t[p]))
			return expr_fault(l, l->start, "a number without digits in its exponent");
		while (is_digit(t[p]))
			p++;
	}
	if (is_letter(t[p]) || t[p] == '.')
		return expr_fault(l, l->start, "not a number");
	if (!expr_number(t + l->start, p - l->start, &l->value))
		return expr_fault(l, l->start, "not a number");
	if (l->value.type == MSP_V_DOUBLE && l->value.u.d - l->value.u.d != 0) /* infinite */
		return expr_fault(l, l->start, "a number out of range");
	l->pos = p;
	l->token = EXPR_NUMBER;
	return MSP_OK;
}

static int hex4(const char *t, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++) {
		char c = t[i];
		const char *digits = "0123456789abcdefABCDEF", *d = c ? strchr(digits, c) : NULL;
		if (!d)
			return -1;
		*out = *out * 16 + (uint32_t)(d - digits - (d - digits > 15 ? 6 : 0));
	}
	return 0;
}

/* \uXXXX: a character of the basic plane; no NUL, no half of a pair. */
static int lex_unicode(struct expr_lexer *l, size_t pos, char *out, size_t *n)
{
	uint32_t c;
	if (hex4(l->text + pos + 2, &c) < 0 || c == 0 || (c >= 0xd800 && c < 0xe000))
		return expr_fault(l, pos, "not a character: \\u wants four hexadecimal digits");
	if (c < 0x80) {
		out[(*n)++] = (char)c;
	} else if (c < 0x800) {
		out[(*n)++] = (char)(0xc0 | c >> 6);
		out[(*n)++] = (char)(0x80 | (c & 0x3f));
	} else {
		out[(*n)++] = (char)(0xe0 | c >> 12);
		out[(*n)++] = (char)(0x80 | (c >> 6 & 0x3f));
		out[(*n)++] = (char)(0x80 | (c & 0x3f));
	}
	return MSP_OK;
}

/* A backslash before any other character stays, so that regular expressions read as they are: "^BH\.". */
static int lex_string(struct expr_lexer *l)
{
	static const char from[] = "\\\"'ntr", to[] = "\\\"'\n\t\r";
	const char *t = l->text;
	char quote = t[l->start];
	size_t end = l->start + 1;
	while (t[end] && t[end] != quote)
		end += t[end] == '\\' && t[end + 1] ? 2 : 1;
	if (!t[end])
		return expr_fault(l, l->start, "a string without its closing quote");
	char *out = expr_alloc(l->mem, end - l->start); /* no escape is shorter than what it stands for */
	if (!out)
		return msp_error_set(l->err, MSP_NOMEM, "out of memory");
	size_t n = 0;
	for (size_t p = l->start + 1; p < end; p++) {
		const char *escape = t[p] == '\\' ? strchr(from, t[p + 1]) : NULL;
		if (escape) {
			out[n++] = to[escape - from];
			p++;
		} else if (t[p] == '\\' && t[p + 1] == 'u') {
			if (lex_unicode(l, p, out, &n) < 0)
				return MSP_USAGE;
			p += 5;
		} else {
			out[n++] = t[p];
		}
	}
	l->value.type = MSP_V_STRING;
	l->value.u.s.text = out;
	l->value.u.s.len = n;
	l->pos = end + 1;
	l->token = EXPR_STRING;
	return MSP_OK;
}

size_t expr_key_length(const char *text, size_t n)
{
	size_t p = 0;
	if (n && text[0] == '`') {
		const char *end = memchr(text + 1, '`', n - 1);
		return end && end > text + 1 ? (size_t)(end - text) + 1 : 0;
	}
	if (!n || !is_letter(text[0]))
		return 0;
	while (p < n && (is_letter(text[p]) || is_digit(text[p]) ||
	                 (text[p] == '.' && p + 1 < n && (is_letter(text[p + 1]) || is_digit(text[p + 1])))))
		p++;
	return p;
}

bool expr_reserved(const char *name, size_t n)
{
	static const char *const words[] = {"true", "false", "null", "in"};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strlen(words[i]) == n && !memcmp(words[i], name, n))
			return true;
	return false;
}

static int lex_name(struct expr_lexer *l)
{
	const char *t = l->text + l->start;
	size_t n = expr_key_length(t, l->length - l->start), quoted = *t == '`';
	if (!n)
		return expr_fault(l, l->start, "a key in backquotes without its end");
	if (t[n] == '.')
		return expr_fault(l, l->start, "a key that ends in a dot");
	char *name = expr_copy(l->mem, t + quoted, n - 2 * quoted);
	if (!name)
		return msp_error_set(l->err, MSP_NOMEM, "out of memory");
	l->value.type = MSP_V_STRING;
	l->value.u.s.text = name;
	l->value.u.s.len = n - 2 * quoted;
	l->pos = l->start + n;
	l->token = quoted ? EXPR_QUOTED : EXPR_NAME;
	return MSP_OK;
}

static int lex_operator(struct expr_lexer *l)
{
	static const struct {
		const char text[3];
		int token;
	} two[] = {{"&&", EXPR_AND}, {"||", EXPR_OR}, {"==", EXPR_EQ}, {"!=", EXPR_NE},
	           {"<=", EXPR_LE}, {">=", EXPR_GE}, {"=~", EXPR_MATCH}, {"!~", EXPR_NOMATCH}};
	const char *t = l->text + l->start;
	for (size_t i = 0; i < sizeof two / sizeof *two; i++) {
		if (!strncmp(t, two[i].text, 2)) {
			l->token = two[i].token;
			l->pos = l->start + 2;
			return MSP_OK;
		}
	}
	if (*t == '=')
		return expr_fault(l, l->start, "equality is written \"==\"");
	if (*t == '&' || *t == '|')
		return expr_fault(l, l->start, "\"and\" is written \"&&\", \"or\" is written \"||\"");
	if (!strchr("()[],?:+-*/%!<>", *t))
		return expr_fault(l, l->start, "a character that has no meaning here");
	l->token = (unsigned char)*t;
	l->pos = l->start + 1;
	return MSP_OK;
}

int expr_lex(struct expr_lexer *l)
{
	const char *t = l->text;
	while (is_space(t[l->pos]))
		l->pos++;
	l->start = l->pos;
	char c = t[l->pos];
	if (!c) {
		l->token = EXPR_END;
		return MSP_OK;
	}
	if (is_digit(c) || (c == '.' && is_digit(t[l->pos + 1])))
		return lex_number(l);
	if (c == '"' || c == '\'')
		return lex_string(l);
	if (is_letter(c) || c == '`')
		return lex_name(l);
	return lex_operator(l);
}
