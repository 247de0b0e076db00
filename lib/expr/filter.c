/* Expressions as filters of a store: the connectives. What is asked for is an upper bound, a filter that loses no document
 * for which the expression is true; under a negation that needs a lower bound, a filter that takes none for which it is not. */
#include "expr/filter.h"

#include <string.h>

#define MAX_JOINED 64 /* conditions that are looked through for one of the same key */
#define MAX_DEPTH 16 /* of connectives in a filter: a document may be nested 64 levels deep, and each takes two */

struct filter *filter_new(struct filter_maker *m, int kind, bool exact)
{
	struct filter *f = expr_alloc(m->mem, sizeof(*f));

	if (!f) {
		m->failed = true;
		return NULL;
	}
	f->kind = kind;
	f->exact = exact;
	return f;
}

struct filter *filter_term(struct filter_maker *m, const char *path)
{
	struct filter *f = filter_new(m, FILTER_TERM, true);

	if (f)
		f->path = path;
	return f;
}

struct filter_condition *filter_add(struct filter_maker *m, struct filter *term, int op)
{
	struct filter_condition *c = term ? expr_alloc(m->mem, sizeof(*c)) : NULL, **at;

	if (!c) {
		m->failed = true;
		return NULL;
	}
	c->op = op;
	for (at = &term->condition; *at; at = &(*at)->next) {
	}
	*at = c;
	return c;
}

struct filter *filter_unknown(struct filter_maker *m, bool more)
{
	return filter_new(m, more ? FILTER_ALL : FILTER_NONE, false);
}

/* ---- conjunctions and alternatives ------------------------------------- */

static bool has(const struct filter *term, int op)
{
	for (const struct filter_condition *c = term->condition; c; c = c->next)
		if (c->op == op)
			return true;
	return false;
}

static struct filter *lane(struct filter *lanes, int number)
{
	for (struct filter *t = lanes->child; t; t = t->next)
		if (t->lane == number)
			return t;
	return NULL;
}

/* What all terms of a lane that are exact have alike. */
static bool is_guard(int op)
{
	return op == FILTER_TYPE || op == FILTER_NOT_ARRAY;
}

static void append(struct filter *t, struct filter_condition *more)
{
	struct filter_condition **end = &t->condition, *next;

	while (*end)
		end = &(*end)->next;
	for (; more; more = next) {
		next = more->next;
		more->next = NULL;
		if (is_guard(more->op) && has(t, more->op))
			continue;
		*end = more;
		end = &more->next;
	}
}

/* Two conditions on one value are one for each type that it may have, if they need no operator twice: an index is of more
 * use then. */
static bool join_lanes(struct filter *a, struct filter *b)
{
	struct filter **at = &a->child;

	if (!b->lanes || !a->lanes || strcmp(a->path, b->path) != 0)
		return false;
	for (struct filter *t = a->child; t; t = t->next) {
		struct filter *other = lane(b, t->lane);

		for (const struct filter_condition *c = other ? other->condition : NULL; c; c = c->next)
			if (!is_guard(c->op) && (c->op == FILTER_EQ || has(t, c->op) || has(t, FILTER_EQ)))
				return false;
	}
	while (*at) {
		struct filter *other = lane(b, (*at)->lane);

		if (!other) {
			*at = (*at)->next;
			continue;
		}
		append(*at, other->condition);
		at = &(*at)->next;
	}
	return true;
}

void filter_adopt(struct filter_maker *m, struct filter *parent, struct filter *child)
{
	int nothing = parent->kind == FILTER_AND ? FILTER_ALL : FILTER_NONE, decides = parent->kind == FILTER_AND ? FILTER_NONE : FILTER_ALL;
	unsigned n = 0;

	if (!child || m->failed)
		return;
	if (parent->kind != FILTER_NOR) {
		if (child->kind == nothing) {
			parent->exact = parent->exact && child->exact;
			return;
		}
		if (parent->child && parent->child->kind == decides)
			return;
		if (child->kind == decides) { /* whatever else there is */
			parent->child = parent->last = child;
			parent->exact = child->exact;
			return;
		}
	}
	parent->exact = parent->exact && child->exact;
	for (struct filter *c = parent->kind == FILTER_AND && child->lanes ? parent->child : NULL; c && n < MAX_JOINED; c = c->next, n++)
		if (join_lanes(c, child))
			return;
	if (parent->child)
		parent->last->next = child;
	else
		parent->child = child;
	parent->last = child;
}

struct filter *filter_close(struct filter_maker *m, struct filter *f)
{
	bool exact;

	if (!f || m->failed)
		return NULL;
	exact = f->exact;
	if (!f->child)
		return filter_new(m, f->kind == FILTER_AND ? FILTER_ALL : FILTER_NONE, exact);
	if (f->child->next || (f->kind == FILTER_OR && f->lanes))
		return f;
	f->child->exact = exact;
	return f->child;
}

/* ---- the tree ---------------------------------------------------------- */

static struct filter *condition(struct filter_maker *m, const struct msp_node *n, bool want, bool more);

static struct filter *chain(struct filter_maker *m, const struct msp_node *n, bool want, bool more)
{
	struct filter *f = filter_new(m, (n->op == MSP_X_AND) == want ? FILTER_AND : FILTER_OR, true);

	for (uint32_t i = 0; f && i < n->n; i++)
		filter_adopt(m, f, condition(m, n->arg[i], want, more));
	return filter_close(m, f);
}

/* a ? b : c is a && b || !a && c */
static struct filter *choice(struct filter_maker *m, const struct msp_node *n, bool want, bool more)
{
	struct filter *either = filter_new(m, FILTER_OR, true);

	for (uint32_t i = 0; either && i < 2; i++) {
		struct filter *both = filter_new(m, FILTER_AND, true);

		if (!both)
			return NULL;
		filter_adopt(m, both, condition(m, n->arg[0], i == 0, more));
		filter_adopt(m, both, condition(m, n->arg[1 + i], want, more));
		filter_adopt(m, either, filter_close(m, both));
	}
	return filter_close(m, either);
}

static struct filter *constant(struct filter_maker *m, const struct msp_node *n, bool want)
{
	bool is = n->value.type == MSP_V_BOOL && n->value.u.b;

	return filter_new(m, is == want ? FILTER_ALL : FILTER_NONE, true);
}

static struct filter *negated(struct filter_maker *m, const struct msp_node *n, bool more)
{
	struct filter *of = filter_leaf(m, n, !more), *f;

	if (!of)
		return NULL;
	if (of->kind == FILTER_ALL || of->kind == FILTER_NONE)
		return filter_new(m, of->kind == FILTER_ALL ? FILTER_NONE : FILTER_ALL, of->exact);
	f = filter_new(m, FILTER_NOR, true);
	if (f)
		filter_adopt(m, f, of);
	return f;
}

/* Documents for which n is true (want), or is not. more: all of them, and perhaps others; else some of them, and no others. */
static struct filter *condition(struct filter_maker *m, const struct msp_node *n, bool want, bool more)
{
	unsigned levels = n->op == MSP_X_COND ? 2 : n->op == MSP_X_AND || n->op == MSP_X_OR;
	struct filter *f;

	if (m->failed)
		return NULL;
	if (m->depth + levels > MAX_DEPTH)
		return filter_unknown(m, more);
	m->depth += levels;
	switch (n->op) {
	case MSP_X_NOT: f = condition(m, n->arg[0], !want, more); break;
	case MSP_X_AND:
	case MSP_X_OR: f = chain(m, n, want, more); break;
	case MSP_X_COND: f = choice(m, n, want, more); break;
	case MSP_X_CONST: f = constant(m, n, want); break;
	default: f = want ? filter_leaf(m, n, more) : negated(m, n, more); break;
	}
	m->depth -= levels;
	return f;
}

int msp_expr_filter(const struct msp_expr *e, unsigned flags, msp_expr_place_fn *place, const void *context, bson_t *out, bool *exact,
                    struct msp_error *err)
{
	struct expr_arena mem = {0};
	struct filter_maker m = {.e = e, .flags = flags, .place = place, .context = context, .mem = &mem};
	struct filter *f = condition(&m, e->root, true, true);
	bool ok;

	if (f && !m.failed && flags & MSP_FILTER_EXACT && !f->exact) { /* then at least short */
		m.flags &= ~MSP_FILTER_EXACT;
		f = condition(&m, e->root, true, true);
	}
	*exact = f && !m.failed && f->exact;
	bson_init(out);
	ok = f && !m.failed && filter_write(f, out);
	expr_arena_free(&mem);
	if (ok)
		return MSP_OK;
	bson_destroy(out);
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}
