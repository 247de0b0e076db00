/* The functions of the language: a table, and what each does. */
#include "expr/expr.h"

#include <math.h>
#include <string.h>

#define ANY MSP_S_ANY
#define NUMBER MSP_S_NUMBER
#define STRING MSP_S_STRING

static const struct expr_function functions[] = {
	{"abs", MSP_FN_ABS, 1, 1, 'n', NUMBER},
	{"ceil", MSP_FN_CEIL, 1, 1, 'n', NUMBER},
	{"defined", MSP_FN_DEFINED, 1, 1, 'k', MSP_S_BOOL},
	{"exp", MSP_FN_EXP, 1, 1, 'n', NUMBER},
	{"float", MSP_FN_FLOAT, 1, 1, 'a', NUMBER},
	{"floor", MSP_FN_FLOOR, 1, 1, 'n', NUMBER},
	{"int", MSP_FN_INT, 1, 1, 'a', NUMBER},
	{"length", MSP_FN_LENGTH, 1, 1, 's', NUMBER},
	{"log", MSP_FN_LOG, 1, 1, 'n', NUMBER},
	{"log10", MSP_FN_LOG10, 1, 1, 'n', NUMBER},
	{"lower", MSP_FN_LOWER, 1, 1, 's', STRING},
	{"max", MSP_FN_MAX, 1, 100, 'o', ANY},
	{"min", MSP_FN_MIN, 1, 100, 'o', ANY},
	{"pow", MSP_FN_POW, 2, 2, 'n', NUMBER},
	{"round", MSP_FN_ROUND, 1, 1, 'n', NUMBER},
	{"sqrt", MSP_FN_SQRT, 1, 1, 'n', NUMBER},
	{"string", MSP_FN_STRING, 1, 1, 'a', STRING},
	{"substr", MSP_FN_SUBSTR, 2, 3, 's', STRING},
	{"time", MSP_FN_TIME, 1, 1, 't', MSP_S_TIME},
	{"upper", MSP_FN_UPPER, 1, 1, 's', STRING},
};

const struct expr_function *expr_function_find(const char *name, size_t n)
{
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		if (strlen(functions[i].name) == n && !memcmp(functions[i].name, name, n))
			return &functions[i];
	return NULL;
}

const struct expr_function *expr_function_get(int id)
{
	for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
		if (functions[i].id == id)
			return &functions[i];
	return NULL;
}

const char *msp_function_name(int function)
{
	const struct expr_function *f = expr_function_get(function);
	return f ? f->name : NULL;
}

/* ---- numbers ----------------------------------------------------------- */

/* v -> f(v); 0 or why there is no value. NaN stays NaN. */
static int number_function(int function, struct msp_value *v)
{
	if (!expr_is_number(v))
		return MSP_EXPR_MISMATCH;
	double d = expr_double(v);
	bool whole = v->type == MSP_V_INT;
	switch (function) {
	case MSP_FN_ABS:
		if (whole && v->u.i != INT64_MIN)
			expr_set_int(v->u.i < 0 ? -v->u.i : v->u.i, v);
		else
			expr_set_double(fabs(d), v);
		return 0;
	case MSP_FN_CEIL:
	case MSP_FN_FLOOR:
	case MSP_FN_ROUND:
		if (!whole)
			expr_number_result(function == MSP_FN_CEIL ? ceil(d) : function == MSP_FN_FLOOR ? floor(d) : round(d), v);
		return 0;
	case MSP_FN_SQRT:
		if (d < 0)
			return MSP_EXPR_NO_VALUE;
		expr_set_double(sqrt(d), v);
		return 0;
	case MSP_FN_EXP:
		expr_set_double(exp(d), v);
		return 0;
	default:
		if (d <= 0)
			return MSP_EXPR_NO_VALUE;
		expr_set_double(function == MSP_FN_LOG ? log(d) : log10(d), v);
		return 0;
	}
}

static int power(struct msp_value *v, const struct msp_value *w)
{
	if (!expr_is_number(v) || !expr_is_number(w))
		return MSP_EXPR_MISMATCH;
	double x = expr_double(v), y = expr_double(w);
	if ((x == 0 && y < 0) || (x < 0 && y != trunc(y)))
		return MSP_EXPR_NO_VALUE;
	expr_set_double(pow(x, y), v);
	return 0;
}

/* int(), float(): from numbers, numerals, truth values, times (epoch seconds). */
static int convert(int function, struct msp_value *v)
{
	struct msp_value w;
	switch (v->type) {
	case MSP_V_BOOL:
		expr_set_int(v->u.b, v);
		break;
	case MSP_V_TIME:
		if (function == MSP_FN_INT)
			expr_set_int(v->u.i / MSP_NS, v);
		else
			expr_set_double(msp_time_to_seconds(v->u.i), v);
		break;
	case MSP_V_STRING:
		if (!expr_number(v->u.s.text, v->u.s.len, &w))
			return MSP_EXPR_MISMATCH;
		*v = w;
		break;
	case MSP_V_INT:
	case MSP_V_DOUBLE:
		break;
	default:
		return MSP_EXPR_MISMATCH;
	}
	if (function == MSP_FN_FLOAT) {
		expr_set_double(expr_double(v), v);
	} else if (v->type == MSP_V_DOUBLE) {
		double d = trunc(v->u.d);
		expr_number_result(d, v);
		if (v->type == MSP_V_DOUBLE) /* NaN, infinite, too large */
			return MSP_EXPR_NO_VALUE;
	}
	return 0;
}

static int to_time(struct msp_value *v)
{
	msp_time t = 0;
	if (v->type == MSP_V_TIME)
		return 0;
	if (v->type == MSP_V_STRING) {
		if (!expr_time_text(v->u.s.text, v->u.s.len, &t))
			return MSP_EXPR_MISMATCH;
	} else if (!expr_is_number(v)) {
		return MSP_EXPR_MISMATCH;
	} else if (msp_time_from_seconds(expr_double(v), &t) < 0) {
		return MSP_EXPR_NO_VALUE;
	}
	v->type = MSP_V_TIME;
	v->u.i = t;
	return 0;
}

/* ---- strings ----------------------------------------------------------- */

static int change_case(struct msp_expr *e, bool upper, struct msp_value *v)
{
	if (v->type != MSP_V_STRING)
		return MSP_EXPR_MISMATCH;
	char *p = expr_copy(&e->scratch, v->u.s.text, v->u.s.len);
	if (!p) {
		e->nomem = true;
		v->type = MSP_V_UNDEFINED;
		return 0;
	}
	for (size_t i = 0; i < v->u.s.len; i++) {
		if (upper && p[i] >= 'a' && p[i] <= 'z')
			p[i] = (char)(p[i] - 'a' + 'A');
		else if (!upper && p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
	}
	v->u.s.text = p;
	return 0;
}

static int to_string(struct msp_expr *e, struct msp_value *v)
{
	struct msp_bytes text = {0};
	if (v->type == MSP_V_STRING)
		return 0;
	int rc = msp_value_text(v, &text);
	char *p = rc < 0 ? NULL : expr_copy(&e->scratch, (const char *)text.data, text.len);
	v->type = p ? MSP_V_STRING : MSP_V_UNDEFINED;
	v->u.s.text = p;
	v->u.s.len = text.len;
	e->nomem = e->nomem || !p;
	msp_bytes_free(&text);
	return 0;
}

/* Bytes of a string, elements of an array. */
static int length(struct msp_value *v)
{
	if (v->type == MSP_V_STRING) {
		expr_set_int((int64_t)v->u.s.len, v);
		return 0;
	}
	if (v->type != MSP_V_BSON || v->u.bson.value_type != BSON_TYPE_ARRAY)
		return MSP_EXPR_MISMATCH;
	bson_t array;
	if (!bson_init_static(&array, v->u.bson.value.v_doc.data, v->u.bson.value.v_doc.data_len))
		return MSP_EXPR_MISMATCH;
	expr_set_int(bson_count_keys(&array), v);
	return 0;
}

static bool continues(const struct msp_value *v, size_t i)
{
	return i < v->u.s.len && ((unsigned char)v->u.s.text[i] & 0xc0) == 0x80;
}

/* From byte `from` (counted from 0; below 0 from the end), at most n bytes; no half characters. */
static int substring(struct msp_value *v, const struct msp_value *from, const struct msp_value *n)
{
	if (v->type != MSP_V_STRING || !expr_is_number(from) || (n && !expr_is_number(n)))
		return MSP_EXPR_MISMATCH;
	double size = (double)v->u.s.len, a = trunc(expr_double(from)), count = n ? trunc(expr_double(n)) : size;
	if (isnan(a) || isnan(count))
		return MSP_EXPR_NO_VALUE;
	a = a < 0 ? a + size : a;
	a = a < 0 ? 0 : a > size ? size : a;
	count = count < 0 ? 0 : count > size - a ? size - a : count;
	size_t first = (size_t)a, end = (size_t)(a + count);
	while (first < end && continues(v, first))
		first++;
	while (end > first && continues(v, end))
		end--;
	v->u.s.text += first;
	v->u.s.len = end - first;
	return 0;
}

/* ---- calls ------------------------------------------------------------- */

static bool is_nan(const struct msp_value *v)
{
	return v->type == MSP_V_DOUBLE && isnan(v->u.d);
}

/* All numbers or all times; NaN if one is. */
static void extreme(struct msp_expr *e, const struct msp_node *n, struct msp_value *out)
{
	int want = n->function == MSP_FN_MAX ? EXPR_GREATER : EXPR_LESS;
	for (uint32_t i = 0; i < n->n; i++) {
		struct msp_value v;
		expr_eval(e, n->arg[i], &v);
		if (v.type == MSP_V_UNDEFINED) {
			*out = v;
			return;
		}
		bool time = v.type == MSP_V_TIME;
		if ((!time && !expr_is_number(&v)) || (i && time != (out->type == MSP_V_TIME))) {
			expr_nothing(e, n, MSP_EXPR_MISMATCH, out);
			return;
		}
		if (!i || is_nan(&v) || (!is_nan(out) && expr_compare(&v, NULL, out, NULL) == want))
			*out = v;
	}
}

void expr_call(struct msp_expr *e, const struct msp_node *n, struct msp_value *out)
{
	struct msp_value more[2];
	int kind;
	if (n->function == MSP_FN_DEFINED) {
		expr_key_value(e, n->arg[0]->key, out);
		*out = (struct msp_value){.type = MSP_V_BOOL, .u.b = out->type != MSP_V_UNDEFINED};
		return;
	}
	if (n->function == MSP_FN_MAX || n->function == MSP_FN_MIN) {
		extreme(e, n, out);
		return;
	}
	expr_eval(e, n->arg[0], out);
	bool undefined = out->type == MSP_V_UNDEFINED;
	for (uint32_t i = 1; i < n->n && i < 3; i++) {
		expr_eval(e, n->arg[i], &more[i - 1]);
		undefined = undefined || more[i - 1].type == MSP_V_UNDEFINED;
	}
	if (undefined) {
		out->type = MSP_V_UNDEFINED;
		return;
	}
	switch (n->function) {
	case MSP_FN_FLOAT: case MSP_FN_INT: kind = convert(n->function, out); break;
	case MSP_FN_LENGTH: kind = length(out); break;
	case MSP_FN_LOWER: case MSP_FN_UPPER: kind = change_case(e, n->function == MSP_FN_UPPER, out); break;
	case MSP_FN_POW: kind = power(out, &more[0]); break;
	case MSP_FN_STRING: kind = to_string(e, out); break;
	case MSP_FN_SUBSTR: kind = substring(out, &more[0], n->n > 2 ? &more[1] : NULL); break;
	case MSP_FN_TIME: kind = to_time(out); break;
	default: kind = number_function(n->function, out);
	}
	if (kind)
		expr_nothing(e, n, kind, out);
}
