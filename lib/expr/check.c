/* What can be known before any object is seen: types, constants, patterns. An expression whose types can
 * never go together is refused here, with the place. */
#include "expr/regex.h"

#include <stdlib.h>
#include <string.h>

static const char *type_name(int type)
{
	static const char *const names[] = {"anything", "a truth value", "a number", "a string", "a time", "null"};
	return names[type];
}

const char *expr_op_text(int op)
{
	static const char *const text[] = {
		[MSP_X_NEG] = "-", [MSP_X_ADD] = "+", [MSP_X_SUB] = "-", [MSP_X_MUL] = "*", [MSP_X_DIV] = "/",
		[MSP_X_MOD] = "%", [MSP_X_EQ] = "==", [MSP_X_NE] = "!=", [MSP_X_LT] = "<", [MSP_X_LE] = "<=",
		[MSP_X_GT] = ">", [MSP_X_GE] = ">=", [MSP_X_MATCH] = "=~", [MSP_X_NOMATCH] = "!~", [MSP_X_IN] = "in",
		[MSP_X_NOT] = "!", [MSP_X_AND] = "&&", [MSP_X_OR] = "||", [MSP_X_COND] = "?"};
	return text[op];
}

bool expr_time_text(const char *text, size_t n, msp_time *out)
{
	char copy[64];
	if (!n || n >= sizeof copy || memchr(text, 0, n))
		return false;
	memcpy(copy, text, n);
	copy[n] = 0;
	return msp_time_parse(copy, out, NULL) == MSP_OK;
}

static bool is_const(const struct msp_node *n)
{
	return n->op == MSP_X_CONST;
}

/* Keys whose value is a time unless the object's time is relative. */
static bool is_time_key(const struct msp_expr *e, const struct msp_node *n)
{
	static const char *const names[] = {"starttime", "t0", "time", "endtime"};
	for (size_t i = 0; n->op == MSP_X_KEY && i < sizeof names / sizeof *names; i++)
		if (!strcmp(e->key[n->key].name, names[i]))
			return true;
	return false;
}

static int bad_time(struct expr_lexer *l, const struct msp_node *n, size_t pos)
{
	struct msp_error why = {0};
	msp_time t;
	if (msp_time_parse(n->value.u.s.text, &t, &why) < 0)
		return expr_fault(l, pos, "%.200s", why.text);
	return expr_fault(l, pos, "\"%.60s\" is not a time", n->value.u.s.text);
}

static int check_constant(struct msp_node *n)
{
	switch (n->value.type) {
	case MSP_V_NULL: n->type = MSP_S_NULL; break;
	case MSP_V_BOOL: n->type = MSP_S_BOOL; break;
	case MSP_V_TIME: n->type = MSP_S_TIME; break;
	case MSP_V_STRING:
		n->type = MSP_S_STRING;
		n->has_time = expr_time_text(n->value.u.s.text, n->value.u.s.len, &n->time);
		break;
	default: n->type = MSP_S_NUMBER;
	}
	return MSP_OK;
}

int expr_check_condition(struct expr_lexer *l, const struct msp_node *n)
{
	if (n->type == MSP_S_ANY || n->type == MSP_S_BOOL)
		return MSP_OK;
	return expr_fault(l, 0, "a condition is needed, not %s,", type_name(n->type));
}

static int check_conditions(struct expr_lexer *l, const struct msp_node *n, uint32_t count, size_t pos)
{
	for (uint32_t i = 0; i < count; i++)
		if (n->arg[i]->type != MSP_S_ANY && n->arg[i]->type != MSP_S_BOOL)
			return expr_fault(l, pos, "\"%s\" needs a condition, not %s,", expr_op_text(n->op),
			                  type_name(n->arg[i]->type));
	return MSP_OK;
}

/* May a and b be compared? ordered: by < <= > >=. */
static int check_pair(struct msp_expr *e, struct expr_lexer *l, const struct msp_node *a,
                      const struct msp_node *b, bool ordered, size_t pos)
{
	int ta = a->type, tb = b->type;
	for (int turn = 0; turn < 2; turn++) {
		const struct msp_node *x = turn ? b : a, *y = turn ? a : b;
		if ((x->type == MSP_S_TIME || is_time_key(e, x)) && y->type == MSP_S_STRING && is_const(y) && !y->has_time)
			return bad_time(l, y, pos);
		if (ordered && (x->type == MSP_S_NULL || x->type == MSP_S_BOOL))
			return expr_fault(l, pos, "%s has no order", type_name(x->type));
	}
	if (ta == MSP_S_ANY || tb == MSP_S_ANY || ta == tb || ta == MSP_S_NULL || tb == MSP_S_NULL)
		return MSP_OK;
	if ((ta == MSP_S_TIME && tb != MSP_S_BOOL) || (tb == MSP_S_TIME && ta != MSP_S_BOOL))
		return MSP_OK;
	return expr_fault(l, pos, "%s is compared with %s", type_name(ta), type_name(tb));
}

static int order_strings(const void *a, const void *b)
{
	const struct msp_value *x = &(*(const struct msp_node *const *)a)->value;
	const struct msp_value *y = &(*(const struct msp_node *const *)b)->value;
	return expr_compare_text(x->u.s.text, x->u.s.len, y->u.s.text, y->u.s.len);
}

static int check_in(struct msp_expr *e, struct expr_lexer *l, struct msp_node *n, size_t pos)
{
	bool strings = true;
	for (uint32_t i = 1; i < n->n; i++) {
		if (check_pair(e, l, n->arg[0], n->arg[i], false, pos) < 0)
			return l->err->status;
		strings = strings && n->arg[i]->type == MSP_S_STRING;
	}
	if (strings)
		qsort((void *)(n->arg + 1), n->n - 1, sizeof *n->arg, order_strings);
	e->counter[n->slot].sorted = strings;
	n->type = MSP_S_BOOL;
	return MSP_OK;
}

static int check_match(struct msp_expr *e, struct expr_lexer *l, struct msp_node *n, size_t pos)
{
	int t = n->arg[0]->type;
	if (t != MSP_S_ANY && t != MSP_S_STRING)
		return expr_fault(l, pos, "\"%s\" needs a string on its left, not %s,", expr_op_text(n->op), type_name(t));
	struct msp_error why = {0};
	int rc = expr_regex_compile(&e->counter[n->slot].regex, n->arg[1]->value.u.s.text, &why);
	if (rc == MSP_USAGE)
		return expr_fault(l, pos, "bad pattern: %.200s:", why.text);
	if (rc < 0)
		return msp_error_set(l->err, rc, "%s", why.text);
	n->type = MSP_S_BOOL;
	return MSP_OK;
}

static bool is_numeric(int type)
{
	return type == MSP_S_ANY || type == MSP_S_NUMBER || type == MSP_S_TIME;
}

/* Number with number; string + string; time +- number, time - time. */
static int check_arithmetic(struct expr_lexer *l, struct msp_node *n, size_t pos)
{
	int a = n->arg[0]->type, b = n->arg[1]->type;
	bool sum = n->op == MSP_X_ADD, difference = n->op == MSP_X_SUB;
	n->type = MSP_S_NUMBER;
	if (a == MSP_S_NUMBER && b == MSP_S_NUMBER)
		return MSP_OK;
	if (!sum && !difference) {
		int bad = a != MSP_S_ANY && a != MSP_S_NUMBER ? a : b;
		if (bad == MSP_S_ANY || bad == MSP_S_NUMBER)
			return MSP_OK;
		return expr_fault(l, pos, "\"%s\" needs numbers, not %s,", expr_op_text(n->op), type_name(bad));
	}
	n->type = a == MSP_S_STRING || b == MSP_S_STRING ? MSP_S_STRING : MSP_S_ANY;
	if (a == MSP_S_TIME && b == MSP_S_NUMBER)
		n->type = MSP_S_TIME;
	if (sum && b == MSP_S_TIME)
		n->type = MSP_S_TIME;
	if (difference && b == MSP_S_TIME && a == MSP_S_TIME)
		n->type = MSP_S_NUMBER;
	bool times = is_numeric(a) && is_numeric(b);
	if (b == MSP_S_TIME)
		times = times && a != (sum ? MSP_S_TIME : MSP_S_NUMBER);
	bool strings = sum && (a == MSP_S_ANY || a == MSP_S_STRING) && (b == MSP_S_ANY || b == MSP_S_STRING);
	if (times || strings)
		return MSP_OK;
	return expr_fault(l, pos, "\"%s\" of %s and %s is not defined", expr_op_text(n->op), type_name(a),
	                  type_name(b));
}

static bool argument_fits(char want, const struct msp_node *n)
{
	switch (want) {
	case 'k': return n->op == MSP_X_KEY;
	case 'n': return n->type == MSP_S_ANY || n->type == MSP_S_NUMBER;
	case 's': return n->type == MSP_S_ANY || n->type == MSP_S_STRING;
	case 'o': return n->type == MSP_S_ANY || n->type == MSP_S_NUMBER || n->type == MSP_S_TIME;
	case 't': return n->type != MSP_S_NULL && n->type != MSP_S_BOOL;
	default: return true;
	}
}

static int check_call(struct expr_lexer *l, struct msp_node *n, size_t pos)
{
	const struct expr_function *f = expr_function_get(n->function);
	n->type = f->type;
	for (uint32_t i = 0; i < n->n; i++) {
		char want = n->function == MSP_FN_SUBSTR && i ? 'n' : f->arg;
		if (argument_fits(want, n->arg[i]))
			continue;
		if (want == 'k')
			return expr_fault(l, pos, "%s() takes a key", f->name);
		return expr_fault(l, pos, "%s() does not take %s", f->name, type_name(n->arg[i]->type));
	}
	if (f->type == MSP_S_ANY) { /* min, max: of one kind */
		n->type = n->arg[0]->type;
		for (uint32_t i = 1; i < n->n; i++)
			if (n->arg[i]->type != n->type)
				n->type = MSP_S_ANY;
	}
	return MSP_OK;
}

/* -5 and time("...") are constants. */
static int fold(struct expr_lexer *l, struct msp_node **n, size_t pos)
{
	if (!is_const((*n)->arg[0]))
		return MSP_OK;
	struct msp_node *c = (struct msp_node *)(*n)->arg[0];
	if ((*n)->op == MSP_X_NEG) {
		if (c->value.type == MSP_V_DOUBLE)
			c->value.u.d = -c->value.u.d;
		else if (c->value.u.i == 0)
			return MSP_OK; /* -0: an integer has none */
		else
			c->value.u.i = -c->value.u.i; /* literals are not below -INT64_MAX */
	} else {
		if (c->type == MSP_S_STRING) {
			if (!c->has_time)
				return bad_time(l, c, pos);
			c->value.u.i = c->time;
		} else if (c->type == MSP_S_NUMBER) {
			if (msp_time_from_seconds(expr_double(&c->value), &c->time) < 0)
				return expr_fault(l, pos, "a time out of range");
			c->value.u.i = c->time;
		}
		c->value.type = MSP_V_TIME;
		c->has_time = false;
		c->type = MSP_S_TIME;
	}
	c->column = (*n)->column;
	*n = c;
	return MSP_OK;
}

int expr_check(struct msp_expr *e, struct expr_lexer *l, struct msp_node **np, size_t pos)
{
	struct msp_node *n = *np;
	switch (n->op) {
	case MSP_X_CONST:
		return check_constant(n);
	case MSP_X_NEG:
		n->type = MSP_S_NUMBER;
		if (n->arg[0]->type != MSP_S_ANY && n->arg[0]->type != MSP_S_NUMBER)
			return expr_fault(l, pos, "\"-\" needs a number, not %s,", type_name(n->arg[0]->type));
		return fold(l, np, pos);
	case MSP_X_ADD: case MSP_X_SUB: case MSP_X_MUL: case MSP_X_DIV: case MSP_X_MOD:
		return check_arithmetic(l, n, pos);
	case MSP_X_EQ: case MSP_X_NE: case MSP_X_LT: case MSP_X_LE: case MSP_X_GT: case MSP_X_GE:
		n->type = MSP_S_BOOL;
		return check_pair(e, l, n->arg[0], n->arg[1], n->op != MSP_X_EQ && n->op != MSP_X_NE, pos);
	case MSP_X_MATCH: case MSP_X_NOMATCH:
		return check_match(e, l, n, pos);
	case MSP_X_IN:
		return check_in(e, l, n, pos);
	case MSP_X_NOT: case MSP_X_AND: case MSP_X_OR:
		n->type = MSP_S_BOOL;
		return check_conditions(l, n, n->n, pos);
	case MSP_X_COND:
		n->type = n->arg[1]->type == n->arg[2]->type ? n->arg[1]->type : MSP_S_ANY;
		return check_conditions(l, n, 1, pos);
	case MSP_X_CALL:
		if (check_call(l, n, pos) < 0)
			return l->err->status;
		return n->function == MSP_FN_TIME ? fold(l, np, pos) : MSP_OK;
	default:
		return MSP_OK;
	}
}
