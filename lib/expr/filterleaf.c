/* Filters of conditions that are no connectives: on all the paths that a key may mean. */
#include "expr/filter.h"

#include <string.h>

#define MAX_NEAR 200 /* times in a list that become alternatives */

static bool blank(const struct msp_value *v)
{
	size_t n = v->u.s.len;

	while (n > 0 && (unsigned char)v->u.s.text[n - 1] <= ' ')
		n--;
	return n == 0;
}

/* May it be true of a string of nothing but white space? */
static bool holds_of_blank(int op, const struct msp_node *c)
{
	const struct msp_value *v = &c->value;
	bool after;

	if (v->type == MSP_V_NULL)
		return op == MSP_X_NE;
	if (v->type != MSP_V_STRING)
		return false;
	after = v->u.s.len > 0 && (unsigned char)v->u.s.text[0] > ' '; /* every blank string */
	switch (op) {
	case MSP_X_EQ: return blank(v);
	case MSP_X_GT:
	case MSP_X_GE: return !after;
	default: return true;
	}
}

/* Alternatives of many paths as one list. */
static void adopt_each(struct filter_maker *m, struct filter *either, struct filter *f)
{
	struct filter *next;

	if (!f || m->failed || f->kind != FILTER_OR) {
		filter_adopt(m, either, f);
		return;
	}
	for (struct filter *c = f->child; c; c = next) {
		next = c->next;
		c->next = NULL;
		filter_adopt(m, either, c);
	}
}

static struct filter *everywhere(struct filter_maker *m, const struct filter_paths *p, int op, const struct msp_node *c)
{
	struct filter *either, *f;
	bool missing = p->flags & MSP_PLACE_DERIVED || (p->flags & MSP_PLACE_BLANK && holds_of_blank(op, c));

	if (p->n == 1 && !missing) {
		f = filter_compare(m, p->path[0], op, c, p->flags & MSP_PLACE_TIME, false);
		if (f)
			f->exact = false;
		return f;
	}
	either = filter_new(m, FILTER_OR, false);
	for (unsigned i = 0; either && i < p->n; i++)
		adopt_each(m, either, filter_compare(m, p->path[i], op, c, p->flags & MSP_PLACE_TIME, false));
	if (either && missing)
		filter_exists(m, either, p->path[0], false);
	return either;
}

/* Only at the place that is sure, with conditions on types. Not quite all where a constant is a time: strings that read as
 * one. */
static struct filter *surely(struct filter_maker *m, const struct filter_paths *p, int op, const struct msp_node *c)
{
	struct filter *f;

	if (!p->own || p->flags & MSP_PLACE_TIME)
		return filter_unknown(m, false);
	f = filter_compare(m, p->own, op, c, false, true);
	if (f)
		f->exact = p->sure && c->value.type != MSP_V_TIME && !(p->flags & MSP_PLACE_BLANK && holds_of_blank(op, c));
	return f;
}

/* exact: where it can be. */
static struct filter *both_ways(struct filter_maker *m, const struct filter_paths *p, int op, const struct msp_node *c, bool more)
{
	struct filter *f = !more || m->flags & MSP_FILTER_EXACT ? surely(m, p, op, c) : NULL;

	return more && !(f && f->exact) ? everywhere(m, p, op, c) : f;
}

static int turned(int op)
{
	switch (op) {
	case MSP_X_LT: return MSP_X_GT;
	case MSP_X_LE: return MSP_X_GE;
	case MSP_X_GT: return MSP_X_LT;
	case MSP_X_GE: return MSP_X_LE;
	default: return op;
	}
}

static struct filter *comparison(struct filter_maker *m, const struct msp_node *n, bool more)
{
	const struct msp_node *key = n->arg[0], *c = n->arg[1];
	int op = n->op;
	struct filter_paths p;

	if (key->op == MSP_X_CONST) {
		key = n->arg[1];
		c = n->arg[0];
		op = turned(op);
	}
	if (key->op != MSP_X_KEY || c->op != MSP_X_CONST || !filter_paths(m, msp_expr_key(m->e, key->key), &p))
		return filter_unknown(m, more);
	return both_ways(m, &p, op, c, more);
}

/* A key as a condition. */
static struct filter *truth(struct filter_maker *m, const struct msp_node *n, bool more)
{
	static const struct msp_node yes = {.op = MSP_X_CONST, .value = {.type = MSP_V_BOOL, .u = {.b = true}}};
	struct filter_paths p;

	return filter_paths(m, msp_expr_key(m->e, n->key), &p) ? both_ways(m, &p, MSP_X_EQ, &yes, more) : filter_unknown(m, more);
}

static struct filter *defined(struct filter_maker *m, const struct msp_node *n, bool more)
{
	const unsigned elsewhere = MSP_PLACE_DERIVED | MSP_PLACE_BLANK;
	struct filter_paths p;
	struct filter *f;

	if (!filter_paths(m, msp_expr_key(m->e, n->arg[0]->key), &p) || (more && p.flags & elsewhere) || (!more && !p.own))
		return filter_unknown(m, more);
	f = filter_new(m, FILTER_OR, p.sure && !(p.flags & elsewhere));
	for (unsigned i = 0; f && i < (more ? p.n : 1); i++)
		filter_exists(m, f, more ? p.path[i] : p.own, true);
	return f;
}

/* ---- lists ------------------------------------------------------------- */

struct list {
	struct filter_value *value;
	size_t n;
	bool null, text; /* null is in it; so is a time, which any string may read as */
};

/* What in a document equals c, as far as it is a value; the rest as alternatives. */
static void add_item(struct filter_maker *m, struct list *l, struct filter *either, const struct msp_node *c, bool time)
{
	const struct msp_value *v = &c->value;
	bool number = v->type == MSP_V_INT || v->type == MSP_V_DOUBLE, instant = v->type == MSP_V_TIME || c->has_time;
	int64_t from, to;
	bson_oid_t id;

	l->null = l->null || v->type == MSP_V_NULL;
	l->text = l->text || v->type == MSP_V_TIME;
	if (time && (number || instant))
		filter_near(m, either, MSP_X_EQ, number ? expr_double(v) : msp_time_to_seconds(c->has_time ? c->time : v->u.i));
	else if (v->type == MSP_V_TIME)
		l->value[l->n++] = (struct filter_value){.type = MSP_V_DOUBLE, .u.d = msp_time_to_seconds(v->u.i)};
	if (v->type != MSP_V_NULL && v->type != MSP_V_TIME && !(time && number) && filter_set(v, &l->value[l->n]))
		l->n++;
	if (filter_oid(v, &id))
		l->value[l->n++] = (struct filter_value){.type = MSP_V_BSON, .u.oid = id};
	if (!number && !instant)
		return;
	filter_dates(MSP_X_EQ, c, &from, &to);
	if (from < to)
		l->value[l->n++] = (struct filter_value){.type = MSP_V_TIME, .u.i = from};
}

static struct filter *list_at(struct filter_maker *m, const struct msp_node *n, const char *path, bool time, bool exact)
{
	struct filter *f = filter_new(m, FILTER_OR, true), *t;
	struct list l = {.value = expr_alloc(m->mem, 3 * (size_t)n->n * sizeof(*l.value))};
	struct filter_condition *c;

	if (!f || !l.value) {
		m->failed = true;
		return NULL;
	}
	f->path = path;
	for (uint32_t i = 1; i < n->n; i++)
		add_item(m, &l, f, n->arg[i], time);
	if (l.n > 0 && (t = filter_lane(m, f, LANE_SCALAR)) != NULL && (c = filter_add(m, t, FILTER_IN)) != NULL) {
		c->list = l.value;
		c->n = l.n;
		if (exact)
			filter_guard(m, t, LANE_SCALAR);
	}
	if (l.null)
		(void)filter_type_lane(m, f, LANE_NULL, exact);
	if (l.text && !exact)
		(void)filter_type_lane(m, f, LANE_STRING, false);
	f->exact = !l.text;
	return f;
}

static bool list_holds_blank(const struct msp_node *n)
{
	for (uint32_t i = 1; i < n->n; i++)
		if (holds_of_blank(MSP_X_EQ, n->arg[i]))
			return true;
	return false;
}

static struct filter *list(struct filter_maker *m, const struct msp_node *n, bool more)
{
	struct filter_paths p;
	struct filter *f = NULL;
	bool empty, time;

	if (n->arg[0]->op != MSP_X_KEY || !filter_paths(m, msp_expr_key(m->e, n->arg[0]->key), &p))
		return filter_unknown(m, more);
	time = p.flags & MSP_PLACE_TIME;
	empty = p.flags & MSP_PLACE_BLANK && list_holds_blank(n);
	if ((!more || m->flags & MSP_FILTER_EXACT) && p.own && !time) {
		f = list_at(m, n, p.own, false, true);
		if (f)
			f->exact = f->exact && p.sure && !empty;
	}
	if (f && (!more || f->exact))
		return f;
	if (!more || (time && n->n > MAX_NEAR))
		return filter_unknown(m, more);
	f = filter_new(m, FILTER_OR, false);
	for (unsigned i = 0; f && i < p.n; i++)
		adopt_each(m, f, list_at(m, n, p.path[i], time, false));
	if (f && (empty || p.flags & MSP_PLACE_DERIVED))
		filter_exists(m, f, p.path[0], false);
	return f;
}

/* ---- regular expressions ----------------------------------------------- */

static bool literal(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-' || c == ' ' || c == '/' || c == ':';
}

/* What every string begins with that matches: of ^ABC... */
static size_t beginning(const char *pattern)
{
	size_t n = 0;

	if (pattern[0] != '^' || strchr(pattern, '|'))
		return 0;
	while (literal(pattern[1 + n]))
		n++;
	if (n > 0 && pattern[1 + n] && strchr("*+?{", pattern[1 + n]))
		n--;
	return n;
}

/* [...] of literal characters and ranges: its length; 0: it is something else */
static size_t class(const char *p)
{
	size_t n = 1 + (p[1] == '^');

	for (; literal(p[n]); n++) {
	}
	return p[n] == ']' && n > 1u + (p[1] == '^') ? n + 1 : 0;
}

/* One that any engine reads as PCRE2 does, and decides soon: characters, classes and dots, repeated or not, between anchors. */
static bool simple(const char *p)
{
	unsigned repeats = 0;

	for (p += *p == '^'; *p; p++) {
		size_t n = *p == '[' ? class(p) : 1;

		if (*p == '$' && !p[1])
			return true;
		if (n == 0 || (*p != '[' && *p != '.' && !literal(*p)))
			return false;
		p += n - 1;
		if (p[1] && strchr("*+?", p[1])) {
			p++;
			if (++repeats > 3 || (p[1] && strchr("*+?{", p[1])))
				return false;
		}
	}
	return true;
}

/* A string from the beginning on, and before what has its last character one higher. */
static void begin_with(struct filter_maker *m, struct filter *t, const char *text, size_t n)
{
	struct filter_condition *from = filter_add(m, t, FILTER_GE), *to = filter_add(m, t, FILTER_LT);
	char *end = expr_copy(m->mem, text, n);

	if (!from || !to || !end) {
		m->failed = true;
		return;
	}
	end[n - 1]++;
	from->value.type = to->value.type = MSP_V_STRING;
	from->value.u.s.text = text;
	to->value.u.s.text = end;
	from->value.u.s.len = to->value.u.s.len = n;
}

static void match_at(struct filter_maker *m, struct filter *either, const char *path, const char *pattern, bool matches)
{
	size_t n = matches ? beginning(pattern) : 0;
	struct filter *t;
	struct filter_condition *c;

	either->path = path;
	if (matches && m->flags & MSP_FILTER_REGEX && simple(pattern)) {
		t = filter_lane(m, either, LANE_STRING);
		c = filter_add(m, t, FILTER_REGEX);
		if (c) {
			c->value.type = MSP_V_STRING;
			c->value.u.s.text = pattern;
			c->value.u.s.len = strlen(pattern);
		}
	} else if (n > 0) {
		t = filter_lane(m, either, LANE_STRING);
		if (t)
			begin_with(m, t, pattern + 1, n);
	} else {
		(void)filter_type_lane(m, either, LANE_STRING, false);
	}
}

static struct filter *match(struct filter_maker *m, const struct msp_node *n, bool more)
{
	const char *pattern = n->arg[1]->value.u.s.text;
	bool matches = n->op == MSP_X_MATCH, blanks;
	struct filter_paths p;
	struct filter *f;

	if (!more || n->arg[0]->op != MSP_X_KEY || !filter_paths(m, msp_expr_key(m->e, n->arg[0]->key), &p))
		return filter_unknown(m, more);
	blanks = !matches || beginning(pattern) == 0 || pattern[1] == ' ';
	f = filter_new(m, FILTER_OR, false);
	for (unsigned i = 0; f && i < p.n; i++)
		match_at(m, f, p.path[i], pattern, matches);
	if (f && (p.flags & MSP_PLACE_DERIVED || (p.flags & MSP_PLACE_BLANK && blanks)))
		filter_exists(m, f, p.path[0], false);
	return f;
}

/* ------------------------------------------------------------------------ */

struct filter *filter_leaf(struct filter_maker *m, const struct msp_node *n, bool more)
{
	switch (n->op) {
	case MSP_X_EQ: case MSP_X_NE: case MSP_X_LT: case MSP_X_LE: case MSP_X_GT: case MSP_X_GE: return comparison(m, n, more);
	case MSP_X_MATCH: case MSP_X_NOMATCH: return match(m, n, more);
	case MSP_X_IN: return list(m, n, more);
	case MSP_X_KEY: return truth(m, n, more);
	case MSP_X_CALL:
		if (n->function == MSP_FN_DEFINED)
			return defined(m, n, more);
		return filter_unknown(m, more);
	default: return filter_unknown(m, more);
	}
}
