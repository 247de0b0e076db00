/* An expression as text again, in canonical form; and what is to be said of evaluations that gave nothing. */
#include "expr/expr.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Precedence, loosest first. */
enum { COND = 1, OR, AND, NOT, COMPARE, SUM, PRODUCT, UNARY, PRIMARY };

struct printer {
	const struct msp_expr *e;
	struct msp_bytes *out;
	int status;
};

static void put(struct printer *p, const char *text, size_t n)
{
	if (p->status == MSP_OK)
		p->status = msp_bytes_append(p->out, text, n);
}

static void puts_(struct printer *p, const char *text)
{
	put(p, text, strlen(text));
}

static int level(const struct msp_node *n)
{
	switch (n->op) {
	case MSP_X_CONST:
		if (n->value.type == MSP_V_INT)
			return n->value.u.i < 0 ? UNARY : PRIMARY;
		return n->value.type == MSP_V_DOUBLE && signbit(n->value.u.d) ? UNARY : PRIMARY;
	case MSP_X_KEY: case MSP_X_CALL: return PRIMARY;
	case MSP_X_NEG: return UNARY;
	case MSP_X_MUL: case MSP_X_DIV: case MSP_X_MOD: return PRODUCT;
	case MSP_X_ADD: case MSP_X_SUB: return SUM;
	case MSP_X_NOT: return NOT;
	case MSP_X_AND: return AND;
	case MSP_X_OR: return OR;
	case MSP_X_COND: return COND;
	default: return COMPARE;
	}
}

static void put_string(struct printer *p, const struct msp_value *v)
{
	puts_(p, "\"");
	for (size_t i = 0; i < v->u.s.len; i++) {
		char c = v->u.s.text[i], escape[8];
		if (c == '"' || c == '\\')
			snprintf(escape, sizeof escape, "\\%c", c);
		else if ((unsigned char)c < 0x20 || c == 0x7f)
			snprintf(escape, sizeof escape, "\\u%04x", (unsigned)(unsigned char)c);
		else
			snprintf(escape, sizeof escape, "%c", c);
		puts_(p, escape);
	}
	puts_(p, "\"");
}

static void put_constant(struct printer *p, const struct msp_value *v)
{
	char buf[64];
	switch (v->type) {
	case MSP_V_NULL: puts_(p, "null"); break;
	case MSP_V_BOOL: puts_(p, v->u.b ? "true" : "false"); break;
	case MSP_V_STRING: put_string(p, v); break;
	case MSP_V_TIME:
		puts_(p, "time(\"");
		puts_(p, msp_time_format(v->u.i, buf));
		puts_(p, "\")");
		break;
	case MSP_V_INT:
		snprintf(buf, sizeof buf, "%" PRId64, v->u.i);
		puts_(p, buf);
		break;
	default:
		puts_(p, msp_double_format(v->u.d, buf));
		if (!strpbrk(buf, ".en"))
			puts_(p, ".0"); /* stays a double */
	}
}

static void put_key(struct printer *p, const char *name)
{
	size_t n = strlen(name);
	bool odd = name[0] == '`' || expr_key_length(name, n) != n || expr_reserved(name, n);
	puts_(p, odd ? "`" : "");
	put(p, name, n);
	puts_(p, odd ? "`" : "");
}

static void print(struct printer *p, const struct msp_node *n, int at_least);

static void print_list(struct printer *p, const struct msp_node *n, uint32_t from, const char *between,
                       int at_least)
{
	for (uint32_t i = from; i < n->n; i++) {
		puts_(p, i > from ? between : "");
		print(p, n->arg[i], at_least);
	}
}

static void print_plain(struct printer *p, const struct msp_node *n)
{
	int own = level(n);
	switch (n->op) {
	case MSP_X_CONST: put_constant(p, &n->value); return;
	case MSP_X_KEY: put_key(p, p->e->key[n->key].name); return;
	case MSP_X_CALL:
		puts_(p, msp_function_name(n->function));
		puts_(p, "(");
		print_list(p, n, 0, ", ", COND);
		puts_(p, ")");
		return;
	case MSP_X_NEG: case MSP_X_NOT:
		puts_(p, expr_op_text(n->op));
		print(p, n->arg[0], own);
		return;
	case MSP_X_AND: print_list(p, n, 0, " && ", NOT); return;
	case MSP_X_OR: print_list(p, n, 0, " || ", AND); return;
	case MSP_X_COND:
		print(p, n->arg[0], OR);
		puts_(p, " ? ");
		print(p, n->arg[1], COND);
		puts_(p, " : ");
		print(p, n->arg[2], COND);
		return;
	case MSP_X_IN:
		print(p, n->arg[0], SUM);
		puts_(p, " in [");
		print_list(p, n, 1, ", ", SUM);
		puts_(p, "]");
		return;
	default: /* two operands, grouped from the left; comparisons do not group */
		print(p, n->arg[0], own == COMPARE ? SUM : own);
		puts_(p, " ");
		puts_(p, expr_op_text(n->op));
		puts_(p, " ");
		print(p, n->arg[1], own + 1);
	}
}

static void print(struct printer *p, const struct msp_node *n, int at_least)
{
	bool wrap = level(n) < at_least;
	puts_(p, wrap ? "(" : "");
	print_plain(p, n);
	puts_(p, wrap ? ")" : "");
}

int msp_expr_node_text(const struct msp_expr *e, const struct msp_node *n, struct msp_bytes *out)
{
	struct printer p = {e, out, MSP_OK};
	print(&p, n, COND);
	return p.status;
}

int msp_expr_text(const struct msp_expr *e, struct msp_bytes *out)
{
	return msp_expr_node_text(e, e->root, out);
}

/* ---- complaints -------------------------------------------------------- */

/* The node's text, cut at a character to what fits. */
static void excerpt(const struct msp_expr *e, const struct msp_node *n, char *buf, size_t size)
{
	struct msp_bytes text = {0};
	if (msp_expr_node_text(e, n, &text) < 0)
		text.len = 0;
	size_t len = text.len;
	bool cut = len >= size;
	if (cut)
		len = size - 4;
	while (cut && len && (text.data[len] & 0xc0) == 0x80)
		len--;
	if (len)
		memcpy(buf, text.data, len);
	memcpy(buf + len, cut ? "..." : "", cut ? 4 : 1);
	msp_bytes_free(&text);
}

uint32_t msp_expr_complaints(const struct msp_expr *e)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < e->keys; i++)
		n += e->key[i].objects != 0;
	for (uint32_t i = 0; i < e->nodes; i++)
		n += (uint32_t)(e->counter[i].objects[0] != 0) + (uint32_t)(e->counter[i].objects[1] != 0);
	return n;
}

bool msp_expr_complaint(const struct msp_expr *e, uint32_t i, struct msp_expr_complaint *out)
{
	memset(out, 0, sizeof *out);
	for (uint32_t k = 0; k < e->keys; k++) {
		if (!e->key[k].objects || i--)
			continue;
		out->kind = MSP_EXPR_NO_KEY;
		out->objects = e->key[k].objects;
		out->key = e->key[k].name;
		return true;
	}
	for (uint32_t k = 0; k < 2 * e->nodes; k++) {
		const struct expr_counter *c = &e->counter[k / 2];
		if (!c->objects[k % 2] || i--)
			continue;
		out->kind = k % 2 ? MSP_EXPR_NO_VALUE : MSP_EXPR_MISMATCH;
		out->objects = c->objects[k % 2];
		out->column = c->node->column;
		excerpt(e, c->node, out->text, sizeof out->text);
		return true;
	}
	return false;
}

char *msp_expr_reason(const struct msp_expr *e, char *buf, size_t size)
{
	char text[64];
	if (size)
		buf[0] = 0;
	if (e->why == MSP_EXPR_NO_KEY) {
		snprintf(buf, size, "key \"%s\" of the expression is undefined", e->key[e->why_slot].name);
	} else if (e->why) {
		bool types = e->why == MSP_EXPR_MISMATCH;
		excerpt(e, e->counter[e->why_slot].node, text, sizeof text);
		snprintf(buf, size, "\"%s\" has %s", text, types ? "operands of the wrong type" : "no value");
	}
	return buf;
}
