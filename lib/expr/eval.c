/* The value of a tree. No memory is allocated but for strings that are made. */
#include "expr/regex.h"

#include <stdio.h>
#include <string.h>

void expr_complain(struct msp_expr *e, const struct msp_node *n, int kind)
{
	struct expr_counter *c = &e->counter[n->slot];
	int i = kind == MSP_EXPR_NO_VALUE;
	if (!e->why) {
		e->why = kind;
		e->why_slot = n->slot;
	}
	if (c->seen[i] != e->serial) {
		c->seen[i] = e->serial;
		c->objects[i]++;
	}
}

void expr_nothing(struct msp_expr *e, const struct msp_node *n, int kind, struct msp_value *out)
{
	out->type = MSP_V_UNDEFINED;
	if (kind)
		expr_complain(e, n, kind);
}

void expr_key_value(struct msp_expr *e, uint32_t key, struct msp_value *out)
{
	struct expr_keyslot *k = &e->key[key];
	if (k->fetched != e->serial) {
		k->fetched = e->serial;
		k->value.type = MSP_V_UNDEFINED;
		k->value.far = false;
		e->get(e->context, k->name, &k->value, k->scratch);
	}
	*out = k->value;
}

static void eval_key(struct msp_expr *e, const struct msp_node *n, struct msp_value *out)
{
	struct expr_keyslot *k = &e->key[n->key];
	expr_key_value(e, n->key, out);
	if (out->type != MSP_V_UNDEFINED || k->missed == e->serial)
		return;
	k->missed = e->serial;
	k->objects++;
	if (!e->why) {
		e->why = MSP_EXPR_NO_KEY;
		e->why_slot = n->key;
	}
}

/* n as a condition. */
static bool eval_truth(struct msp_expr *e, const struct msp_node *n)
{
	struct msp_value v;
	expr_eval(e, n, &v);
	if (v.type == MSP_V_BOOL)
		return v.u.b;
	if (v.type != MSP_V_UNDEFINED)
		expr_complain(e, n, MSP_EXPR_MISMATCH);
	return false;
}

static void set_bool(struct msp_value *out, bool b)
{
	out->type = MSP_V_BOOL;
	out->u.b = b;
}

/* What an order means to an operator; MSP_EXPR_MISMATCH in *kind if nothing. */
static bool holds(int op, int order, int *kind)
{
	bool equality = op == MSP_X_EQ || op == MSP_X_NE;
	if (order == EXPR_APART || ((order == EXPR_SAME || order == EXPR_DIFFERENT) && !equality))
		*kind = MSP_EXPR_MISMATCH;
	switch (op) {
	case MSP_X_EQ: return order == EXPR_EQUAL || order == EXPR_SAME;
	case MSP_X_NE:
		return order == EXPR_LESS || order == EXPR_GREATER || order == EXPR_UNORDERED || order == EXPR_DIFFERENT;
	case MSP_X_LT: return order == EXPR_LESS;
	case MSP_X_LE: return order == EXPR_LESS || order == EXPR_EQUAL;
	case MSP_X_GT: return order == EXPR_GREATER;
	default: return order == EXPR_GREATER || order == EXPR_EQUAL;
	}
}

static void eval_comparison(struct msp_expr *e, const struct msp_node *n, struct msp_value *out)
{
	struct msp_value a, b;
	int kind = 0;
	expr_eval(e, n->arg[0], &a);
	expr_eval(e, n->arg[1], &b);
	set_bool(out, holds(n->op, expr_compare(&a, n->arg[0], &b, n->arg[1]), &kind));
	if (kind)
		expr_complain(e, n, kind);
}

static bool in_sorted(const struct msp_node *n, const struct msp_value *v)
{
	uint32_t low = 1, high = n->n;
	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		const struct msp_value *w = &n->arg[mid]->value;
		int c = expr_compare_text(v->u.s.text, v->u.s.len, w->u.s.text, w->u.s.len);
		if (c == EXPR_EQUAL)
			return true;
		if (c == EXPR_LESS)
			high = mid;
		else
			low = mid + 1;
	}
	return false;
}

/* A mismatch only if no item could be compared. */
static void eval_in(struct msp_expr *e, const struct msp_node *n, struct msp_value *out)
{
	struct msp_value v;
	expr_eval(e, n->arg[0], &v);
	set_bool(out, false);
	if (v.type == MSP_V_UNDEFINED)
		return;
	if (v.type == MSP_V_STRING && e->counter[n->slot].sorted) {
		out->u.b = in_sorted(n, &v);
		return;
	}
	bool comparable = false;
	for (uint32_t i = 1; i < n->n; i++) {
		int kind = 0, order = expr_compare(&v, n->arg[0], &n->arg[i]->value, n->arg[i]);
		if (holds(MSP_X_EQ, order, &kind)) {
			out->u.b = true;
			return;
		}
		comparable = comparable || !kind;
	}
	if (!comparable)
		expr_complain(e, n, MSP_EXPR_MISMATCH);
}

static void eval_match(struct msp_expr *e, const struct msp_node *n, struct msp_value *out)
{
	struct msp_value v;
	expr_eval(e, n->arg[0], &v);
	set_bool(out, false);
	if (v.type == MSP_V_UNDEFINED)
		return;
	if (v.type != MSP_V_STRING) {
		expr_complain(e, n, MSP_EXPR_MISMATCH);
		return;
	}
	int matches = expr_regex_match(e->counter[n->slot].regex, v.u.s.text, v.u.s.len);
	if (matches == MSP_NOMEM)
		e->nomem = true;
	else if (matches < 0)
		expr_complain(e, n, MSP_EXPR_NO_VALUE);
	else
		out->u.b = matches == (n->op == MSP_X_MATCH);
}

static void concatenate(struct msp_expr *e, const struct msp_value *a, const struct msp_value *b,
                        struct msp_value *out)
{
	size_t n = a->u.s.len + b->u.s.len;
	char *p = n >= a->u.s.len ? expr_alloc(&e->scratch, n + 1) : NULL;
	out->type = MSP_V_UNDEFINED;
	if (!p) {
		e->nomem = true;
		return;
	}
	if (a->u.s.len)
		memcpy(p, a->u.s.text, a->u.s.len);
	if (b->u.s.len)
		memcpy(p + a->u.s.len, b->u.s.text, b->u.s.len);
	out->type = MSP_V_STRING;
	out->u.s.text = p;
	out->u.s.len = n;
}

static void eval_arithmetic(struct msp_expr *e, const struct msp_node *n, struct msp_value *out)
{
	struct msp_value a, b;
	expr_eval(e, n->arg[0], &a);
	expr_eval(e, n->arg[1], &b);
	if (a.type == MSP_V_UNDEFINED || b.type == MSP_V_UNDEFINED) {
		out->type = MSP_V_UNDEFINED;
	} else if (n->op == MSP_X_ADD && a.type == MSP_V_STRING && b.type == MSP_V_STRING) {
		concatenate(e, &a, &b, out);
	} else {
		int kind = expr_arithmetic(n->op, &a, &b, out);
		if (kind)
			expr_nothing(e, n, kind, out);
	}
}

static void eval_minus(struct msp_expr *e, const struct msp_node *n, struct msp_value *out)
{
	expr_eval(e, n->arg[0], out);
	if (out->type == MSP_V_INT && out->u.i != INT64_MIN)
		out->u.i = -out->u.i;
	else if (expr_is_number(out))
		*out = (struct msp_value){.type = MSP_V_DOUBLE, .u.d = -expr_double(out)};
	else if (out->type != MSP_V_UNDEFINED)
		expr_nothing(e, n, MSP_EXPR_MISMATCH, out);
}

static void eval_chain(struct msp_expr *e, const struct msp_node *n, struct msp_value *out)
{
	bool stop = n->op == MSP_X_OR;
	set_bool(out, !stop);
	for (uint32_t i = 0; i < n->n; i++) {
		if (eval_truth(e, n->arg[i]) == stop) {
			out->u.b = stop;
			return;
		}
	}
}

void expr_eval(struct msp_expr *e, const struct msp_node *n, struct msp_value *out)
{
	switch (n->op) {
	case MSP_X_CONST: *out = n->value; break;
	case MSP_X_KEY: eval_key(e, n, out); break;
	case MSP_X_NEG: eval_minus(e, n, out); break;
	case MSP_X_ADD: case MSP_X_SUB: case MSP_X_MUL: case MSP_X_DIV: case MSP_X_MOD:
		eval_arithmetic(e, n, out);
		break;
	case MSP_X_MATCH: case MSP_X_NOMATCH: eval_match(e, n, out); break;
	case MSP_X_IN: eval_in(e, n, out); break;
	case MSP_X_NOT: set_bool(out, !eval_truth(e, n->arg[0])); break;
	case MSP_X_AND: case MSP_X_OR: eval_chain(e, n, out); break;
	case MSP_X_COND: expr_eval(e, n->arg[eval_truth(e, n->arg[0]) ? 1 : 2], out); break;
	case MSP_X_CALL: expr_call(e, n, out); break;
	default: eval_comparison(e, n, out);
	}
}

/* ---- the outside ------------------------------------------------------- */

static void begin(struct msp_expr *e, msp_expr_get_fn *get, const void *context)
{
	expr_arena_reset(&e->scratch);
	e->serial++;
	e->get = get;
	e->context = context;
	e->nomem = false;
	e->why = 0;
}

int msp_expr_eval_with(struct msp_expr *e, msp_expr_get_fn *get, const void *context, struct msp_value *out)
{
	begin(e, get, context);
	expr_eval(e, e->root, out);
	return e->nomem ? MSP_NOMEM : MSP_OK;
}

int msp_expr_test_with(struct msp_expr *e, msp_expr_get_fn *get, const void *context, bool *out)
{
	begin(e, get, context);
	*out = eval_truth(e, e->root);
	return e->nomem ? MSP_NOMEM : MSP_OK;
}

static void get_object(const void *context, const char *key, struct msp_value *out, char scratch[MSP_ID_TEXT])
{
	msp_object_get(context, key, out, scratch);
}

int msp_expr_eval(struct msp_expr *e, const struct msp_object *o, struct msp_value *out)
{
	return msp_expr_eval_with(e, get_object, o, out);
}

int msp_expr_test(struct msp_expr *e, const struct msp_object *o, bool *out)
{
	return msp_expr_test_with(e, get_object, o, out);
}
