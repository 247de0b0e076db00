/* How two values compare, and arithmetic on them: exact between integers and doubles. */
#include "expr/expr.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#define TWO63 9223372036854775808.0

static int order(bool less, bool greater)
{
	return less ? EXPR_LESS : greater ? EXPR_GREATER : EXPR_EQUAL;
}

static int compare_doubles(double a, double b)
{
	if (isnan(a) || isnan(b))
		return EXPR_UNORDERED;
	return order(a < b, a > b);
}

static int compare_int_double(int64_t i, double d)
{
	if (isnan(d))
		return EXPR_UNORDERED;
	if (d >= TWO63)
		return EXPR_LESS;
	if (d < -TWO63)
		return EXPR_GREATER;
	int64_t whole = (int64_t)d; /* towards zero; exact as a double again */
	if (i != whole)
		return order(i < whole, true);
	double rest = d - (double)whole;
	return order(rest > 0, rest < 0);
}

static int turn(int order)
{
	return order == EXPR_LESS ? EXPR_GREATER : order == EXPR_GREATER ? EXPR_LESS : order;
}

static int compare_numbers(const struct msp_value *a, const struct msp_value *b)
{
	if (a->type == MSP_V_INT && b->type == MSP_V_INT)
		return order(a->u.i < b->u.i, a->u.i > b->u.i);
	if (a->type == MSP_V_INT)
		return compare_int_double(a->u.i, b->u.d);
	if (b->type == MSP_V_INT)
		return turn(compare_int_double(b->u.i, a->u.d));
	return compare_doubles(a->u.d, b->u.d);
}

int expr_compare_text(const char *a, size_t na, const char *b, size_t nb)
{
	size_t n = na < nb ? na : nb;
	int c = n ? memcmp(a, b, n) : 0;
	return c ? order(c < 0, c > 0) : order(na < nb, na > nb);
}

static bool as_time(const struct msp_value *v, const struct msp_node *n, msp_time *out)
{
	if (!n || n->op != MSP_X_CONST)
		return expr_time_text(v->u.s.text, v->u.s.len, out);
	*out = n->time;
	return n->has_time;
}

/* A time that is too far away for one, in seconds, and a string that may read as a time. */
static int compare_far(const struct msp_value *a, const struct msp_value *b, const struct msp_node *nb)
{
	msp_time t;
	return as_time(b, nb, &t) ? compare_doubles(expr_double(a), msp_time_to_seconds(t)) : EXPR_APART;
}

static bool is_far(const struct msp_value *v, const struct msp_node *n)
{
	return expr_is_number(v) && n && n->op == MSP_X_KEY && v->far;
}

/* a is a time. A number stands for epoch seconds, in double precision, as times are stored. */
static int compare_time(const struct msp_value *a, const struct msp_value *b, const struct msp_node *nb)
{
	msp_time t;
	if (b->type == MSP_V_TIME)
		return order(a->u.i < b->u.i, a->u.i > b->u.i);
	if (expr_is_number(b))
		return compare_doubles(msp_time_to_seconds(a->u.i), expr_double(b));
	if (b->type != MSP_V_STRING)
		return EXPR_APART;
	if (!as_time(b, nb, &t))
		return EXPR_APART;
	return order(a->u.i < t, a->u.i > t);
}

/* An object id equals its 24 hexadecimal digits and has no order. */
static bool oid_text(const struct msp_value *v, char buf[25], const char **text, size_t *n)
{
	if (v->type == MSP_V_STRING) {
		*text = v->u.s.text;
		*n = v->u.s.len;
		return true;
	}
	if (v->type != MSP_V_BSON || v->u.bson.value_type != BSON_TYPE_OID)
		return false;
	bson_oid_to_string(&v->u.bson.value.v_oid, buf);
	*text = buf;
	*n = 24;
	return true;
}

static int compare_oid(const struct msp_value *a, const struct msp_value *b)
{
	char ba[25], bb[25];
	const char *ta, *tb;
	size_t na, nb;
	if (!oid_text(a, ba, &ta, &na) || !oid_text(b, bb, &tb, &nb))
		return EXPR_APART;
	return expr_compare_text(ta, na, tb, nb) == EXPR_EQUAL ? EXPR_SAME : EXPR_DIFFERENT;
}

int expr_compare(const struct msp_value *a, const struct msp_node *na, const struct msp_value *b,
                 const struct msp_node *nb)
{
	if (a->type == MSP_V_UNDEFINED || b->type == MSP_V_UNDEFINED)
		return EXPR_UNDEFINED;
	if (a->type == MSP_V_NULL || b->type == MSP_V_NULL)
		return a->type == b->type ? EXPR_SAME : EXPR_DIFFERENT;
	if (a->type == MSP_V_BOOL && b->type == MSP_V_BOOL)
		return a->u.b == b->u.b ? EXPR_SAME : EXPR_DIFFERENT;
	if (expr_is_number(a) && expr_is_number(b))
		return compare_numbers(a, b);
	if (a->type == MSP_V_STRING && b->type == MSP_V_STRING)
		return expr_compare_text(a->u.s.text, a->u.s.len, b->u.s.text, b->u.s.len);
	if (a->type == MSP_V_TIME)
		return compare_time(a, b, nb);
	if (b->type == MSP_V_TIME)
		return turn(compare_time(b, a, na));
	if (a->type == MSP_V_BSON || b->type == MSP_V_BSON)
		return compare_oid(a, b);
	if (is_far(a, na) && b->type == MSP_V_STRING)
		return compare_far(a, b, nb);
	if (is_far(b, nb) && a->type == MSP_V_STRING)
		return turn(compare_far(b, a, na));
	return EXPR_APART;
}

/* ---- arithmetic -------------------------------------------------------- */

void expr_number_result(double d, struct msp_value *out)
{
	if (d >= -TWO63 && d < TWO63 && d == trunc(d))
		expr_set_int((int64_t)d, out);
	else
		expr_set_double(d, out);
}

/* Integers; false: the result does not fit. */
static bool integers(int op, int64_t a, int64_t b, struct msp_value *out)
{
	long long r;
	bool over = true;
	switch (op) {
	case MSP_X_ADD: over = __builtin_add_overflow(a, b, &r); break;
	case MSP_X_SUB: over = __builtin_sub_overflow(a, b, &r); break;
	case MSP_X_MUL: over = __builtin_mul_overflow(a, b, &r); break;
	case MSP_X_MOD:
		r = b == -1 ? 0 : a % b;
		over = false;
		break;
	default: return false;
	}
	if (!over)
		expr_set_int(r, out);
	return !over;
}

static int numbers(int op, const struct msp_value *a, const struct msp_value *b, struct msp_value *out)
{
	double x = expr_double(a), y = expr_double(b);
	if ((op == MSP_X_DIV || op == MSP_X_MOD) && y == 0)
		return MSP_EXPR_NO_VALUE;
	if (a->type == MSP_V_INT && b->type == MSP_V_INT && integers(op, a->u.i, b->u.i, out))
		return 0;
	switch (op) {
	case MSP_X_ADD: expr_set_double(x + y, out); break;
	case MSP_X_SUB: expr_set_double(x - y, out); break;
	case MSP_X_MUL: expr_set_double(x * y, out); break;
	case MSP_X_DIV: expr_set_double(x / y, out); break;
	default: expr_set_double(fmod(x, y), out);
	}
	return 0;
}

/* time - time: seconds. */
static int difference(msp_time a, msp_time b, struct msp_value *out)
{
	long long d;
	if (__builtin_sub_overflow(a, b, &d))
		expr_set_double(msp_time_to_seconds(a) - msp_time_to_seconds(b), out);
	else
		expr_set_double(msp_time_to_seconds(d), out);
	return 0;
}

static int shifted(msp_time t, const struct msp_value *seconds, bool minus, struct msp_value *out)
{
	msp_time step;
	long long sum;
	double s = expr_double(seconds);
	if (msp_time_from_seconds(minus ? -s : s, &step) < 0 || __builtin_add_overflow(t, step, &sum))
		return MSP_EXPR_NO_VALUE;
	out->type = MSP_V_TIME;
	out->u.i = sum;
	return 0;
}

int expr_arithmetic(int op, const struct msp_value *a, const struct msp_value *b, struct msp_value *out)
{
	if (expr_is_number(a) && expr_is_number(b))
		return numbers(op, a, b, out);
	if (op == MSP_X_SUB && a->type == MSP_V_TIME && b->type == MSP_V_TIME)
		return difference(a->u.i, b->u.i, out);
	if ((op == MSP_X_ADD || op == MSP_X_SUB) && a->type == MSP_V_TIME && expr_is_number(b))
		return shifted(a->u.i, b, op == MSP_X_SUB, out);
	if (op == MSP_X_ADD && expr_is_number(a) && b->type == MSP_V_TIME)
		return shifted(b->u.i, a, false, out);
	return MSP_EXPR_MISMATCH;
}
