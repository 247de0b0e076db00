/* From text to tree: recursive descent over the grammar in msexpr(7), one function per rule. */
#include "expr/expr.h"

#include <stdlib.h>
#include <string.h>

struct parser {
	struct msp_expr *e;
	struct expr_lexer *l;
	uint32_t depth; /* of the recursion */
};

static struct msp_node *expression(struct parser *p);

/* ---- nodes ------------------------------------------------------------- */

static void *grow(void *array, uint32_t used, uint32_t *room, size_t size)
{
	if (used < *room)
		return array;
	uint32_t more = *room ? 2 * *room : 16;
	void *q = realloc(array, more * size);
	if (q)
		*room = more;
	return q;
}

struct msp_node *expr_node(struct msp_expr *e, int op, uint32_t n, size_t pos, const char *text)
{
	struct msp_node *node = expr_alloc(&e->mem, sizeof *node);
	struct expr_counter *c = grow(e->counter, e->nodes, &e->nodes_room, sizeof *c);
	if (c)
		e->counter = c;
	void *arg = n ? expr_alloc(&e->mem, n * sizeof(struct msp_node *)) : NULL;
	if (!node || !c || (n && !arg))
		return NULL;
	node->op = op;
	node->n = n;
	node->column = expr_column(text, pos);
	node->arg = arg;
	node->depth = 1;
	node->slot = e->nodes;
	memset(&c[e->nodes], 0, sizeof *c);
	c[e->nodes++].node = node;
	return node;
}

static struct msp_node *no_memory(struct parser *p)
{
	msp_error_set(p->l->err, MSP_NOMEM, "out of memory");
	return NULL;
}

static struct msp_node *fault(struct parser *p, const char *what)
{
	expr_fault(p->l, p->l->start, "%s", what);
	return NULL;
}

/* A node of n operands, its types checked. */
static struct msp_node *make(struct parser *p, int op, uint32_t n, struct msp_node **arg, size_t pos,
                             int function)
{
	struct msp_node *node = expr_node(p->e, op, n, pos, p->l->text);
	if (!node)
		return no_memory(p);
	node->function = function;
	for (uint32_t i = 0; i < n; i++) {
		((const struct msp_node **)node->arg)[i] = arg[i];
		if (arg[i]->depth >= node->depth)
			node->depth = arg[i]->depth + 1;
	}
	if (node->depth > MSP_EXPR_DEPTH) {
		expr_fault(p->l, pos, "nested too deeply (more than %d levels)", MSP_EXPR_DEPTH);
		return NULL;
	}
	return expr_check(p->e, p->l, &node, pos) < 0 ? NULL : node;
}

static struct msp_node *constant(struct parser *p, const struct msp_value *v, size_t pos)
{
	struct msp_node *node = expr_node(p->e, MSP_X_CONST, 0, pos, p->l->text);
	if (!node)
		return no_memory(p);
	node->value = *v;
	return expr_check(p->e, p->l, &node, pos) < 0 ? NULL : node;
}

static struct msp_node *key(struct parser *p, const char *name, size_t pos)
{
	struct msp_expr *e = p->e;
	uint32_t i = 0;
	while (i < e->keys && strcmp(e->key[i].name, name))
		i++;
	if (i == e->keys) {
		struct expr_keyslot *k = grow(e->key, e->keys, &e->keys_room, sizeof *k);
		if (!k)
			return no_memory(p);
		e->key = k;
		memset(&k[e->keys], 0, sizeof *k);
		k[e->keys++].name = name;
	}
	struct msp_node *node = expr_node(e, MSP_X_KEY, 0, pos, p->l->text);
	if (!node)
		return no_memory(p);
	node->key = i;
	return node;
}

/* ---- tokens ------------------------------------------------------------ */

static bool next(struct parser *p)
{
	return expr_lex(p->l) >= 0;
}

/* The token has to be this one; goes on to the next. */
static bool want(struct parser *p, int token, const char *what)
{
	if (p->l->token != token)
		return fault(p, what), false;
	return next(p);
}

static bool is_word(const struct parser *p, const char *word)
{
	return p->l->token == EXPR_NAME && !strcmp(p->l->value.u.s.text, word);
}

/* Lists of operands of any length: arguments, || and &&, [ ]. */
struct operands {
	struct msp_node **item;
	uint32_t n, room;
};

static bool add(struct parser *p, struct operands *o, struct msp_node *n)
{
	if (!n)
		return false;
	struct msp_node **q = grow(o->item, o->n, &o->room, sizeof *q);
	if (!q)
		return no_memory(p), false;
	o->item = q;
	o->item[o->n++] = n;
	return true;
}

/* ---- rules ------------------------------------------------------------- */

static struct msp_node *call(struct parser *p, const char *name, size_t pos)
{
	const struct expr_function *f = expr_function_find(name, strlen(name));
	if (!f) {
		expr_fault(p->l, pos, "no function \"%.40s\"", name);
		return NULL;
	}
	struct operands o = {0};
	struct msp_node *node = NULL;
	if (!next(p))
		return NULL;
	if (p->l->token != ')') {
		while (add(p, &o, expression(p))) {
			if (p->l->token != ',')
				break;
			if (!next(p))
				goto out;
		}
		if (p->l->err->status)
			goto out;
	}
	if (!want(p, ')', "expected \",\" or \")\""))
		goto out;
	if (o.n < f->min || o.n > f->max)
		expr_fault(p->l, pos, "%s() has %u argument%s, not %u", f->name, f->min > o.n ? f->min : f->max,
		           (f->min > o.n ? f->min : f->max) == 1 ? "" : "s", o.n);
	else
		node = make(p, MSP_X_CALL, o.n, o.item, pos, f->id);
out:
	free(o.item);
	return node;
}

static struct msp_node *name(struct parser *p)
{
	struct expr_lexer *l = p->l;
	size_t pos = l->start;
	struct msp_value v = {.type = MSP_V_BOOL};
	const char *word = l->value.u.s.text;
	bool quoted = l->token == EXPR_QUOTED, is_const = true;
	v.u.b = is_word(p, "true");
	if (is_word(p, "null"))
		v.type = MSP_V_NULL;
	else
		is_const = v.u.b || is_word(p, "false");
	if (is_word(p, "in"))
		return fault(p, "expected a value");
	if (!next(p))
		return NULL;
	if (is_const)
		return constant(p, &v, pos);
	return l->token == '(' && !quoted ? call(p, word, pos) : key(p, word, pos);
}

static struct msp_node *primary(struct parser *p)
{
	struct expr_lexer *l = p->l;
	size_t pos = l->start;
	struct msp_value v = l->value;
	struct msp_node *n;
	switch (l->token) {
	case EXPR_NUMBER:
	case EXPR_STRING:
		return next(p) ? constant(p, &v, pos) : NULL;
	case EXPR_NAME:
	case EXPR_QUOTED:
		return name(p);
	case '(':
		if (!next(p) || !(n = expression(p)))
			return NULL;
		return want(p, ')', "expected \")\"") ? n : NULL;
	case '!':
		return fault(p, "expected a value: \"!\" needs parentheses here");
	default:
		return fault(p, "expected a value");
	}
}

static struct msp_node *unary(struct parser *p)
{
	size_t first = p->l->start, minuses = 0;
	for (; p->l->token == '-'; minuses++)
		if (!next(p))
			return NULL;
	struct msp_node *n = primary(p);
	while (n && minuses--)
		n = make(p, MSP_X_NEG, 1, &n, first, 0);
	return n;
}

static struct msp_node *product(struct parser *p)
{
	struct msp_node *arg[2] = {unary(p)};
	while (arg[0] && (p->l->token == '*' || p->l->token == '/' || p->l->token == '%')) {
		int op = p->l->token == '*' ? MSP_X_MUL : p->l->token == '/' ? MSP_X_DIV : MSP_X_MOD;
		size_t pos = p->l->start;
		if (!next(p) || !(arg[1] = unary(p)))
			return NULL;
		arg[0] = make(p, op, 2, arg, pos, 0);
	}
	return arg[0];
}

static struct msp_node *sum(struct parser *p)
{
	struct msp_node *arg[2] = {product(p)};
	while (arg[0] && (p->l->token == '+' || p->l->token == '-')) {
		int op = p->l->token == '+' ? MSP_X_ADD : MSP_X_SUB;
		size_t pos = p->l->start;
		if (!next(p) || !(arg[1] = product(p)))
			return NULL;
		arg[0] = make(p, op, 2, arg, pos, 0);
	}
	return arg[0];
}

static struct msp_node *list(struct parser *p, struct msp_node *subject, size_t pos)
{
	struct operands o = {0};
	struct msp_node *node = NULL;
	if (!want(p, '[', "expected \"[\" after \"in\"") || !add(p, &o, subject))
		goto out;
	for (;;) {
		size_t at = p->l->start;
		if (!add(p, &o, sum(p)))
			goto out;
		if (o.item[o.n - 1]->op != MSP_X_CONST) {
			expr_fault(p->l, at, "a list has only literals");
			goto out;
		}
		if (p->l->token != ',')
			break;
		if (!next(p))
			goto out;
	}
	if (want(p, ']', "expected \",\" or \"]\""))
		node = make(p, MSP_X_IN, o.n, o.item, pos, 0);
out:
	free(o.item);
	return node;
}

static int comparison_op(const struct parser *p)
{
	switch (p->l->token) {
	case EXPR_EQ: return MSP_X_EQ;
	case EXPR_NE: return MSP_X_NE;
	case '<': return MSP_X_LT;
	case EXPR_LE: return MSP_X_LE;
	case '>': return MSP_X_GT;
	case EXPR_GE: return MSP_X_GE;
	case EXPR_MATCH: return MSP_X_MATCH;
	case EXPR_NOMATCH: return MSP_X_NOMATCH;
	default: return is_word(p, "in") ? MSP_X_IN : 0;
	}
}

static struct msp_node *comparison(struct parser *p)
{
	struct msp_node *arg[2] = {sum(p)}, *n = NULL;
	int op = comparison_op(p);
	if (!arg[0] || !op)
		return arg[0];
	size_t pos = p->l->start;
	if (!next(p))
		return NULL;
	if (op == MSP_X_IN) {
		n = list(p, arg[0], pos);
	} else {
		size_t right = p->l->start;
		if (!(arg[1] = sum(p)))
			return NULL;
		bool literal = arg[1]->op == MSP_X_CONST && arg[1]->type == MSP_S_STRING;
		if ((op == MSP_X_MATCH || op == MSP_X_NOMATCH) && !literal) {
			expr_fault(p->l, right, "a pattern is a string literal");
			return NULL;
		}
		n = make(p, op, 2, arg, pos, 0);
	}
	if (n && comparison_op(p))
		return fault(p, "comparisons do not chain: join them by \"&&\"");
	return n;
}

static struct msp_node *negation(struct parser *p)
{
	size_t first = p->l->start, nots = 0;
	for (; p->l->token == '!'; nots++)
		if (!next(p))
			return NULL;
	struct msp_node *n = comparison(p);
	while (n && nots--)
		n = make(p, MSP_X_NOT, 1, &n, first, 0);
	return n;
}

static struct msp_node *chain(struct parser *p, int token, int op, struct msp_node *(*part)(struct parser *))
{
	struct msp_node *first = part(p), *node = NULL;
	if (!first || p->l->token != token)
		return first;
	struct operands o = {0};
	size_t pos = p->l->start;
	if (!add(p, &o, first))
		goto out;
	while (p->l->token == token)
		if (!next(p) || !add(p, &o, part(p)))
			goto out;
	node = make(p, op, o.n, o.item, pos, 0);
out:
	free(o.item);
	return node;
}

static struct msp_node *conjunction(struct parser *p)
{
	return chain(p, EXPR_AND, MSP_X_AND, negation);
}

static struct msp_node *conditional(struct parser *p)
{
	struct msp_node *arg[3] = {chain(p, EXPR_OR, MSP_X_OR, conjunction)};
	if (!arg[0] || p->l->token != '?')
		return arg[0];
	size_t pos = p->l->start;
	if (!next(p) || !(arg[1] = expression(p)) || !want(p, ':', "expected \":\"") || !(arg[2] = expression(p)))
		return NULL;
	return make(p, MSP_X_COND, 3, arg, pos, 0);
}

static struct msp_node *expression(struct parser *p)
{
	if (p->depth >= MSP_EXPR_DEPTH) {
		expr_fault(p->l, p->l->start, "nested too deeply (more than %d levels)", MSP_EXPR_DEPTH);
		return NULL;
	}
	p->depth++;
	struct msp_node *n = conditional(p);
	p->depth--;
	return n;
}

int expr_parse(struct msp_expr *e, struct expr_lexer *l, unsigned flags)
{
	struct parser p = {e, l, 0};
	if (!next(&p))
		return l->err->status;
	if (l->token == EXPR_END)
		return expr_fault(l, l->start, "expected a value");
	struct msp_node *n = expression(&p);
	if (!n)
		return l->err->status;
	if (l->token != EXPR_END)
		return expr_fault(l, l->start, "expected an operator");
	if ((flags & MSP_EXPR_CONDITION) && expr_check_condition(l, n) < 0)
		return l->err->status;
	e->root = n;
	return MSP_OK;
}
