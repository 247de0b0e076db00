/* Filters of single comparisons: what one of a key with a constant says of the value that a document has at a path. A value
 * of another type is another lane: the string "2010" and the time 2010 are both below "2011". */
#include "expr/filter.h"

#include <math.h>
#include <string.h>

#define MAX_MS 9223372036854 /* of a date that is a time in ns */
#define SLACK 2e-6           /* s: how far a time may lie from the number that stands for it */

static const int32_t numbers[] = {BSON_TYPE_DOUBLE, BSON_TYPE_INT32, BSON_TYPE_INT64, 0};
static const int32_t strings[] = {BSON_TYPE_UTF8, 0};
static const int32_t dates[] = {BSON_TYPE_DATE_TIME, 0};
static const int32_t oids[] = {BSON_TYPE_OID, 0};
static const int32_t bools[] = {BSON_TYPE_BOOL, 0};
static const int32_t nulls[] = {BSON_TYPE_NULL, 0};
static const int32_t arrays[] = {BSON_TYPE_ARRAY, 0};
static const int32_t scalars[] = {BSON_TYPE_DOUBLE, BSON_TYPE_INT32, BSON_TYPE_INT64, BSON_TYPE_UTF8, BSON_TYPE_DATE_TIME, BSON_TYPE_OID,
                                  BSON_TYPE_BOOL, 0};
static const int32_t *const lane_types[] = {numbers, strings, dates, oids, bools, nulls, scalars, arrays}; /* in the order of LANE_* */

/* ---- terms ------------------------------------------------------------- */

struct filter *filter_lane(struct filter_maker *m, struct filter *lanes, int number)
{
	struct filter *t = filter_term(m, lanes->path);

	if (t) {
		t->lane = number;
		filter_adopt(m, lanes, t);
	}
	return t;
}

void filter_guard(struct filter_maker *m, struct filter *t, int number)
{
	struct filter_condition *c = filter_add(m, t, FILTER_TYPE);

	if (c)
		c->types = lane_types[number];
	if (number != LANE_ARRAY)
		(void)filter_add(m, t, FILTER_NOT_ARRAY);
}

static struct filter *compare_lane(struct filter_maker *m, struct filter *lanes, int number, int op, const struct filter_value *v, bool exact)
{
	struct filter *t = filter_lane(m, lanes, number);
	struct filter_condition *c = filter_add(m, t, op);

	if (c)
		c->value = *v;
	if (c && exact)
		filter_guard(m, t, number);
	return t;
}

struct filter *filter_type_lane(struct filter_maker *m, struct filter *lanes, int number, bool exact)
{
	struct filter *t = filter_lane(m, lanes, number);

	if (t)
		filter_guard(m, t, number);
	if (t && t->condition && !exact)
		t->condition->next = NULL;
	return t;
}

void filter_exists(struct filter_maker *m, struct filter *either, const char *path, bool is)
{
	struct filter *t = filter_term(m, path);
	struct filter_condition *c = filter_add(m, t, FILTER_EXISTS);

	if (c) {
		c->value = (struct filter_value){.type = MSP_V_BOOL, .u.b = is};
		t->lane = LANE_OTHER;
		filter_adopt(m, either, t);
	}
}

/* ---- dates ------------------------------------------------------------- */

/* The first ms from which on a date is not below (above: is above) the constant; MAX_MS + 1 if there is none. The later of
 * two dates is never below the earlier one, in seconds as doubles neither. */
static int64_t first_date(const struct msp_node *c, bool above)
{
	int64_t low = -MAX_MS, high = MAX_MS + 1;

	while (low < high) {
		int64_t mid = low + (high - low) / 2;
		struct msp_value v = {.type = MSP_V_TIME, .u.i = mid * 1000000};
		int order = expr_compare(&v, NULL, &c->value, c);

		if (order == EXPR_GREATER || (order == EXPR_EQUAL && !above))
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static void bound(struct filter_maker *m, struct filter *t, int op, int64_t ms)
{
	struct filter_condition *c = filter_add(m, t, op);

	if (c)
		c->value = (struct filter_value){.type = MSP_V_TIME, .u.i = ms};
}

void filter_dates(int op, const struct msp_node *c, int64_t *from, int64_t *to)
{
	int64_t equal = first_date(c, false), above = first_date(c, true);

	*from = op == MSP_X_GT ? above : op == MSP_X_GE || op == MSP_X_EQ ? equal : -MAX_MS;
	*to = op == MSP_X_LT ? equal : op == MSP_X_LE || op == MSP_X_EQ ? above : MAX_MS + 1;
}

void filter_date_lane(struct filter_maker *m, struct filter *lanes, int op, const struct msp_node *c, bool exact)
{
	int64_t from, to, equal, above;
	struct filter *t;

	filter_dates(op, c, &from, &to);
	if (from >= to)
		return;
	t = filter_lane(m, lanes, LANE_DATE);
	if (op == MSP_X_EQ && to == from + 1) {
		bound(m, t, FILTER_EQ, from);
	} else {
		if (from > -MAX_MS || exact)
			bound(m, t, FILTER_GE, from);
		if (to <= MAX_MS || exact)
			bound(m, t, FILTER_LT, to);
	}
	if (op == MSP_X_NE) {
		filter_dates(MSP_X_EQ, c, &equal, &above);
		if (equal < above) /* one ms: seconds are further apart as doubles */
			bound(m, t, FILTER_NE, equal);
	}
	if (t && (exact || !t->condition))
		filter_guard(m, t, LANE_DATE);
}

/* ---- one path ---------------------------------------------------------- */

static int sign(int op)
{
	switch (op) {
	case MSP_X_EQ: return FILTER_EQ;
	case MSP_X_NE: return FILTER_NE;
	case MSP_X_LT: return FILTER_LT;
	case MSP_X_LE: return FILTER_LE;
	case MSP_X_GT: return FILTER_GT;
	default: return FILTER_GE;
	}
}

bool filter_oid(const struct msp_value *v, bson_oid_t *out)
{
	char text[25];

	if (v->type != MSP_V_STRING || v->u.s.len != 24 || !bson_oid_is_valid(v->u.s.text, 24))
		return false;
	bson_oid_init_from_string(out, v->u.s.text);
	bson_oid_to_string(out, text); /* an id's digits are small */
	return memcmp(text, v->u.s.text, 24) == 0;
}

bool filter_set(const struct msp_value *v, struct filter_value *out)
{
	out->type = v->type;
	switch (v->type) {
	case MSP_V_BOOL: out->u.b = v->u.b; return true;
	case MSP_V_INT: out->u.i = v->u.i; return true;
	case MSP_V_DOUBLE: out->u.d = v->u.d; return true;
	case MSP_V_STRING: out->u.s.text = v->u.s.text, out->u.s.len = v->u.s.len; return true;
	default: return v->type == MSP_V_NULL;
	}
}

/* Numbers that stand for times are near the time, not at it. */
void filter_near(struct filter_maker *m, struct filter *lanes, int op, double x)
{
	double slack = SLACK + fabs(x) * 0x1p-50;
	struct filter *t = filter_lane(m, lanes, LANE_NUMBER);
	struct filter_condition *c;

	if (t && (op == MSP_X_GT || op == MSP_X_GE || op == MSP_X_EQ) && (c = filter_add(m, t, FILTER_GE)) != NULL)
		c->value = (struct filter_value){.type = MSP_V_DOUBLE, .u.d = x - slack};
	if (t && (op == MSP_X_LT || op == MSP_X_LE || op == MSP_X_EQ) && (c = filter_add(m, t, FILTER_LE)) != NULL)
		c->value = (struct filter_value){.type = MSP_V_DOUBLE, .u.d = x + slack};
}

/* A value of the document that is a number, against a constant that is a number, a time, or reads as one. */
static void number_lane(struct filter_maker *m, struct filter *lanes, int op, const struct msp_node *c, bool time, bool exact)
{
	struct filter_value v = {0};
	double x;

	if (expr_is_number(&c->value) && !time) {
		(void)filter_set(&c->value, &v);
		(void)compare_lane(m, lanes, LANE_NUMBER, sign(op), &v, exact);
		return;
	}
	if (!expr_is_number(&c->value) && c->value.type != MSP_V_TIME && !(time && c->has_time))
		return;
	x = expr_is_number(&c->value) ? expr_double(&c->value) : msp_time_to_seconds(c->value.type == MSP_V_TIME ? c->value.u.i : c->time);
	if (time) {
		filter_near(m, lanes, op, x);
	} else {
		v = (struct filter_value){.type = MSP_V_DOUBLE, .u.d = x};
		(void)compare_lane(m, lanes, LANE_NUMBER, sign(op), &v, exact);
	}
}

/* == < <= > >=, and, if it has to be exact, != */
static struct filter *lanes_of(struct filter_maker *m, const char *path, int op, const struct msp_node *c, bool time, bool exact)
{
	struct filter *f = filter_new(m, FILTER_OR, true);
	const struct msp_value *v = &c->value;
	struct filter_value w = {0};
	bson_oid_t id;

	if (!f)
		return NULL;
	f->lanes = true;
	f->path = path;
	number_lane(m, f, op, c, time, exact);
	if (v->type == MSP_V_STRING && filter_set(v, &w))
		(void)compare_lane(m, f, LANE_STRING, sign(op), &w, exact);
	else if (v->type == MSP_V_TIME && !exact) /* any string may read as a time */
		(void)filter_type_lane(m, f, LANE_STRING, false);
	if (expr_is_number(v) || v->type == MSP_V_TIME || c->has_time)
		filter_date_lane(m, f, op, c, exact);
	if (v->type == MSP_V_BOOL && filter_set(v, &w))
		(void)compare_lane(m, f, LANE_BOOL, sign(op), &w, exact);
	if (op == MSP_X_NE && v->type == MSP_V_STRING && !filter_oid(v, &id))
		(void)filter_type_lane(m, f, LANE_OID, exact);
	if ((op == MSP_X_EQ || op == MSP_X_NE) && filter_oid(v, &id)) {
		w = (struct filter_value){.type = MSP_V_BSON, .u.oid = id};
		(void)compare_lane(m, f, LANE_OID, sign(op), &w, exact);
	}
	if (op == MSP_X_NE && v->type != MSP_V_NULL)
		(void)filter_type_lane(m, f, LANE_NULL, exact);
	return f;
}

/* Of a key that is there, of whatever type. */
static struct filter *differs(struct filter_maker *m, const char *path, const struct msp_node *c, bool time)
{
	struct filter *f = filter_new(m, FILTER_OR, true);
	struct filter_condition *not;

	if (!f)
		return NULL;
	filter_exists(m, f, path, true);
	if (!m->failed && !time && c->value.type != MSP_V_NULL && c->value.type != MSP_V_TIME && (not = filter_add(m, f->child, FILTER_NE)) != NULL)
		(void)filter_set(&c->value, &not->value);
	return f;
}

/* Null, or anything but null: an array too, whatever is in it. */
static struct filter *null_lanes(struct filter_maker *m, const char *path, int op, bool exact)
{
	struct filter *f = filter_new(m, FILTER_OR, true), *t;

	if (!f)
		return NULL;
	f->path = path;
	if (op == MSP_X_EQ) {
		f->lanes = true;
		(void)filter_type_lane(m, f, LANE_NULL, exact);
		return f;
	}
	filter_exists(m, f, path, true);
	if (!exact || m->failed)
		return f;
	(void)filter_add(m, f->child, FILTER_NOT_NULL);
	t = filter_lane(m, f, LANE_ARRAY);
	if (t)
		filter_guard(m, t, LANE_ARRAY);
	return f;
}

struct filter *filter_compare(struct filter_maker *m, const char *path, int op, const struct msp_node *c, bool time, bool exact)
{
	if (c->value.type == MSP_V_NULL)
		return null_lanes(m, path, op, exact);
	return op == MSP_X_NE && !exact ? differs(m, path, c, time) : lanes_of(m, path, op, c, time, exact);
}
