/* From a POSIX extended regular expression to a tree. What the standard leaves undefined is refused, so
 * that a pattern means the same to every matcher that a store may use. */
#include "expr/regex.h"

#include <string.h>

#define MAX_REPEATS 1000 /* product of the {m,n} of a pattern */
#define MAX_REPEAT 255   /* RE_DUP_MAX of POSIX */
#define MAX_GROUPS 100   /* nested */

struct scan {
	const char *p;
	unsigned open;    /* parentheses */
	unsigned repeats;
	bool plain;       /* nothing but text, ^ at the start, $ at the end */
	struct expr_arena *mem;
	struct msp_error *why;
};

static struct regex_node *alternatives(struct scan *s);

static struct regex_node *wrong(struct scan *s, const char *what)
{
	msp_error_set(s->why, MSP_USAGE, "%s", what);
	return NULL;
}

static struct regex_node *node(struct scan *s, enum regex_kind kind, struct regex_node *a,
                               struct regex_node *b)
{
	struct regex_node *n = expr_alloc(s->mem, sizeof *n);
	if (!n) {
		msp_error_set(s->why, MSP_NOMEM, "out of memory");
		return NULL;
	}
	n->kind = kind;
	n->a = a;
	n->b = b;
	return n;
}

static struct regex_node *join(struct scan *s, enum regex_kind kind, struct regex_node *a,
                               struct regex_node *b)
{
	return a && b ? node(s, kind, a, b) : b;
}

static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* ---- characters -------------------------------------------------------- */

/* The character at p, of one byte or more; p goes behind it. */
static struct regex_node *character(struct scan *s)
{
	struct regex_node *all = NULL;
	do {
		struct regex_node *n = node(s, REGEX_BYTE, NULL, NULL);
		if (!n)
			return NULL;
		n->byte = (uint8_t)*s->p++;
		all = all ? join(s, REGEX_CAT, all, n) : n;
	} while (all && continues(*s->p));
	return all;
}

static struct regex_node *empty_set(struct scan *s)
{
	struct regex_node *n = node(s, REGEX_SET, NULL, NULL);
	if (n && !(n->set = expr_alloc(s->mem, 32))) {
		msp_error_set(s->why, MSP_NOMEM, "out of memory");
		return NULL;
	}
	return n;
}

/* Any character whose first byte is not in the set: its other bytes follow. */
static struct regex_node *complement(struct scan *s, struct regex_node *n)
{
	struct regex_node *more = empty_set(s), *repeat = more ? node(s, REGEX_REPEAT, more, NULL) : NULL;
	if (!repeat)
		return NULL;
	repeat->max = REGEX_FOREVER;
	for (unsigned c = 0; c < 256; c++) {
		if ((c & 0xc0) == 0x80)
			regex_add_to_set(more->set, (uint8_t)c);
		else
			n->set[c / 8] = (uint8_t)(n->set[c / 8] ^ 1u << (c % 8));
	}
	return node(s, REGEX_CAT, n, repeat);
}

/* ---- brackets ---------------------------------------------------------- */

static bool in_class(const char *name, size_t n, int c)
{
	bool upper = c >= 'A' && c <= 'Z', lower = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';
	bool graph = c > ' ' && c < 0x7f;
	const struct {
		const char *name;
		bool in;
	} classes[] = {
		{"alpha", upper || lower}, {"digit", digit}, {"alnum", upper || lower || digit}, {"upper", upper},
		{"lower", lower}, {"space", c == ' ' || (c >= 9 && c <= 13)}, {"blank", c == ' ' || c == '\t'},
		{"punct", graph && !upper && !lower && !digit}, {"graph", graph}, {"print", graph || c == ' '},
		{"cntrl", (c >= 0 && c < ' ') || c == 0x7f},
		{"xdigit", digit || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f')}};
	for (size_t i = 0; i < sizeof classes / sizeof *classes; i++)
		if (strlen(classes[i].name) == n && !memcmp(classes[i].name, name, n))
			return c < 0 || classes[i].in; /* c below 0: is there such a class? */
	return false;
}

/* [:alpha:] at p. */
static bool add_class(struct scan *s, uint8_t *set)
{
	const char *name = s->p + 2, *end = strstr(name, ":]");
	if (!end || !in_class(name, (size_t)(end - name), -1))
		return wrong(s, "an unknown character class"), false;
	for (int c = 0; c < 0x80; c++)
		if (in_class(name, (size_t)(end - name), c))
			regex_add_to_set(set, (uint8_t)c);
	s->p = end + 2;
	return true;
}

/* One element of a bracket; characters that are not ASCII go to *others. */
static bool add_element(struct scan *s, uint8_t *set, struct regex_node **others)
{
	if (s->p[0] == '[' && (s->p[1] == '.' || s->p[1] == '='))
		return wrong(s, "collating elements are not supported"), false;
	if (s->p[0] == '[' && s->p[1] == ':')
		return add_class(s, set);
	if (s->p[0] & 0x80) {
		struct regex_node *c = character(s);
		*others = *others ? join(s, REGEX_ALT, *others, c) : c;
		if (*others && s->p[0] == '-' && s->p[1] != ']')
			return wrong(s, "a range has ASCII characters only"), false;
		return *others != NULL;
	}
	uint8_t first = (uint8_t)*s->p++, last = first;
	if (s->p[0] == '-' && s->p[1] && s->p[1] != ']') {
		last = (uint8_t)s->p[1];
		if (last & 0x80 || last < first || (last == '[' && s->p[2] && strchr(".=:", s->p[2])))
			return wrong(s, "not a range of ASCII characters"), false;
		s->p += 2;
	}
	for (unsigned c = first; c <= last; c++)
		regex_add_to_set(set, (uint8_t)c);
	return true;
}

static struct regex_node *bracket(struct scan *s)
{
	struct regex_node *n = empty_set(s), *others = NULL;
	bool negated = s->p[1] == '^';
	s->p += 1 + negated;
	s->plain = false;
	for (bool first = true; n && (first || *s->p != ']'); first = false) {
		if (!*s->p)
			return wrong(s, "\"[\" without \"]\"");
		if (!add_element(s, n->set, &others))
			return NULL;
	}
	if (!n)
		return NULL;
	s->p++;
	if (negated && others)
		return wrong(s, "a negated bracket has ASCII characters only");
	if (negated)
		return complement(s, n);
	return others ? node(s, REGEX_ALT, n, others) : n;
}

/* ---- the grammar ------------------------------------------------------- */

static const char *count(const char *p, uint32_t *out)
{
	*out = 0;
	while (*p >= '0' && *p <= '9' && *out <= MAX_REPEAT)
		*out = *out * 10 + (uint32_t)(*p++ - '0');
	return p;
}

/* {m}, {m,}, {m,n} at p. */
static bool bounds(struct scan *s, uint32_t *min, uint32_t *max)
{
	const char *first = s->p + 1, *p = count(first, min);
	bool ok = p > first;
	*max = *min;
	if (ok && *p == ',') {
		const char *second = p + 1;
		p = count(second, max);
		if (p == second)
			*max = REGEX_FOREVER;
	}
	if (!ok || *p != '}' || *max < *min || *min > MAX_REPEAT || (*max != REGEX_FOREVER && *max > MAX_REPEAT))
		return wrong(s, "not a repetition {m,n} with m <= n <= 255"), false;
	uint32_t most = *max != REGEX_FOREVER ? *max : *min;
	s->repeats *= most ? most : 1;
	if (s->repeats > MAX_REPEATS)
		return wrong(s, "repetitions multiply to more than 1000"), false;
	s->p = p + 1;
	return true;
}

static bool is_repetition(char c)
{
	return c == '*' || c == '+' || c == '?' || c == '{';
}

static struct regex_node *repetition(struct scan *s, struct regex_node *n)
{
	if (!n || !is_repetition(*s->p))
		return n;
	struct regex_node *r = node(s, REGEX_REPEAT, n, NULL);
	if (!r)
		return NULL;
	s->plain = false;
	if (*s->p == '{') {
		if (!bounds(s, &r->min, &r->max))
			return NULL;
	} else {
		r->min = *s->p == '+';
		r->max = *s->p == '?' ? 1 : REGEX_FOREVER;
		s->p++;
	}
	return is_repetition(*s->p) ? wrong(s, "a repetition of a repetition") : r;
}

static struct regex_node *group(struct scan *s)
{
	s->plain = false;
	if (s->p[1] == '?')
		return wrong(s, "\"(?\" is not of POSIX extended regular expressions");
	if (++s->open > MAX_GROUPS)
		return wrong(s, "parentheses nested too deeply");
	s->p++;
	struct regex_node *n = alternatives(s);
	if (!n)
		return NULL;
	if (*s->p != ')')
		return wrong(s, "\"(\" without \")\"");
	s->p++;
	s->open--;
	return n;
}

static struct regex_node *escaped(struct scan *s)
{
	char c = s->p[1];
	if (!c)
		return wrong(s, "a backslash at its end");
	if (!strchr("^.[]$()|*+?{}\\/-\"#%&,:;=@_~! ", c)) {
		msp_error_set(s->why, MSP_USAGE, "\"\\%c\" is not of POSIX extended regular expressions", c);
		return NULL;
	}
	s->p++;
	return character(s);
}

static struct regex_node *anchor(struct scan *s)
{
	struct regex_node *n = node(s, *s->p == '^' ? REGEX_START : REGEX_END, NULL, NULL);
	s->p++;
	return n && is_repetition(*s->p) ? wrong(s, "a repetition with nothing to repeat") : n;
}

static struct regex_node *atom(struct scan *s)
{
	struct regex_node *any;
	switch (*s->p) {
	case '^':
	case '$':
		return anchor(s);
	case '(':
		return repetition(s, group(s));
	case '[':
		return repetition(s, bracket(s));
	case '.':
		s->p++;
		s->plain = false;
		any = empty_set(s);
		return any ? repetition(s, complement(s, any)) : NULL;
	case '\\':
		return repetition(s, escaped(s));
	case '*':
	case '+':
	case '?':
	case '{':
		return wrong(s, "a repetition with nothing to repeat");
	default:
		return repetition(s, character(s));
	}
}

static struct regex_node *branch(struct scan *s)
{
	struct regex_node *all = NULL;
	while (*s->p && *s->p != '|' && !(*s->p == ')' && s->open)) {
		if (*s->p == ')')
			return wrong(s, "\")\" without \"(\"");
		struct regex_node *n = atom(s);
		if (!n)
			return NULL;
		all = all ? join(s, REGEX_CAT, all, n) : n;
	}
	return all ? all : node(s, REGEX_EMPTY, NULL, NULL);
}

static struct regex_node *alternatives(struct scan *s)
{
	struct regex_node *all = branch(s);
	while (all && *s->p == '|') {
		s->p++;
		s->plain = false;
		all = join(s, REGEX_ALT, all, branch(s));
	}
	return all;
}

/* Text without operators; ^ and $ only at its ends. */
static bool plain_text(struct expr_regex *r, const char *pattern, struct expr_arena *mem, bool *nomem)
{
	size_t n = strlen(pattern);
	char *text = expr_alloc(mem, n + 1);
	*nomem = !text;
	if (!text)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (pattern[i] == '^' || pattern[i] == '$') {
			bool at_end = pattern[i] == '$';
			if (i != (at_end ? n - 1 : 0))
				return false;
			r->at_start = r->at_start || !at_end;
			r->at_end = at_end;
		} else {
			i += pattern[i] == '\\';
			text[r->length++] = pattern[i];
		}
	}
	r->text = text;
	return true;
}

int expr_regex_compile(struct expr_regex *r, const char *pattern, struct expr_arena *mem,
                       struct msp_error *why)
{
	struct scan s = {.p = pattern, .repeats = 1, .plain = true, .mem = mem, .why = why};
	bool nomem = false;
	if (strlen(pattern) > MSP_EXPR_PATTERN)
		return msp_error_set(why, MSP_USAGE, "longer than %d bytes", MSP_EXPR_PATTERN);
	struct regex_node *tree = alternatives(&s);
	if (!tree)
		return why->status;
	if (s.plain && plain_text(r, pattern, mem, &nomem)) {
		r->plain = true;
		return MSP_OK;
	}
	if (nomem)
		return msp_error_set(why, MSP_NOMEM, "out of memory");
	return regex_program(r, tree, mem, why);
}
