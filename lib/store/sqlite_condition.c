/* The file back end: a filter as a condition in SQL on the columns. */
#include "store/order.h"
#include "store/sqlite.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_VALUES 30000 /* SQLite takes 32766 */
#define MAX_LEAVES 900   /* SQLite takes trees of 1000 levels, and a AND b AND c are two */

struct maker {
	const struct msp_table *t;
	struct msp_where *p;
	size_t room;
	size_t leaves;
	bool exact, trivial, never; /* of the condition that was made last: on rows that are not odd; all of these pass, none does */
};

/* The value is bound, never written into the text: its kind, then its bytes. */
static int bind_later(struct maker *m, char kind, const void *data, size_t n)
{
	struct msp_where *p = m->p;
	char text[24];

	if (p->values == m->room) {
		size_t room = m->room ? 2 * m->room : 8;
		struct msp_bytes *more = realloc(p->value, room * sizeof(*more));

		if (!more)
			return MSP_NOMEM;
		p->value = more;
		m->room = room;
	}
	memset(&p->value[p->values], 0, sizeof(p->value[0]));
	p->values++;
	if (msp_bytes_append(&p->value[p->values - 1], &kind, 1) || msp_bytes_append(&p->value[p->values - 1], data, n))
		return MSP_NOMEM;
	snprintf(text, sizeof(text), "?%zu", p->values + 1);
	return msp_sql_text(&p->sql, text);
}

static int bind_key(struct maker *m, const bson_iter_t *v)
{
	struct msp_bytes key = {0};
	int r = msp_order_key(v, &key) || bind_later(m, 'b', key.data, key.len);

	msp_bytes_free(&key);
	return r;
}

/* What the column holds where the key has this value. 0: it was bound; 1: no column that is not odd holds it; 2: that is not
 * known. */
static int bind_value(struct maker *m, int class, const bson_iter_t *v)
{
	int rank = msp_rank(v);
	uint32_t n = 0;
	const char *text;
	int64_t i;
	double d;
	char hex[25];
	bool any = class == MSP_C_ANY;

	if (rank == MSP_R_MINKEY || rank == MSP_R_MAXKEY || bson_iter_type(v) == BSON_TYPE_DECIMAL128 || bson_iter_type(v) == BSON_TYPE_REGEX)
		return 2;
	if (rank == MSP_R_STRING && (any || class == MSP_C_TEXT)) {
		text = bson_iter_type(v) == BSON_TYPE_UTF8 ? bson_iter_utf8(v, &n) : bson_iter_symbol(v, &n);
		return bind_later(m, 't', text, n);
	}
	if (rank == MSP_R_OID && (any || class == MSP_C_OID)) {
		bson_oid_to_string(bson_iter_oid(v), hex);
		return bind_later(m, 't', hex, 24);
	}
	if (rank == MSP_R_BOOL && (any || class == MSP_C_BOOL)) {
		i = bson_iter_bool(v);
		return bind_later(m, 'i', &i, sizeof(i));
	}
	if (rank != MSP_R_NUMBER || !(any || class == MSP_C_DOUBLE || class == MSP_C_INT))
		return 1;
	if (bson_iter_type(v) == BSON_TYPE_DOUBLE) {
		d = bson_iter_double(v);
		return isnan(d) ? 1 : bind_later(m, 'd', &d, sizeof(d));
	}
	i = bson_iter_as_int64(v);
	return bind_later(m, 'i', &i, sizeof(i));
}

static int simple(struct maker *m, const char *text, bool exact)
{
	m->trivial = m->never = false;
	m->exact = exact;
	return msp_sql_text(&m->p->sql, text);
}

static int never(struct maker *m)
{
	int r = simple(m, "0", true);

	m->never = true;
	return r;
}

/* exact: of every row it is true; else that is not known. */
static int anything(struct maker *m, bool exact)
{
	m->trivial = true;
	m->never = false;
	m->exact = exact;
	return MSP_OK;
}

static const char *sign(int op)
{
	switch (op) {
	case MSP_M_LT: return " < ";
	case MSP_M_LTE: return " <= ";
	case MSP_M_GT: return " > ";
	case MSP_M_GTE: return " >= ";
	default: return " = ";
	}
}

/* column op value */
static int comparison(struct maker *m, const struct msp_column *c, int op, const bson_iter_t *v, const char *around)
{
	struct msp_bytes *sql = &m->p->sql;
	size_t from = sql->len;
	int r;

	if (msp_match_is_null(v)) { /* a column is NULL where its key is null or missing */
		if (op == MSP_M_LT || op == MSP_M_GT)
			return never(m);
		return msp_sql_quoted(sql, c->key, '"') || simple(m, " IS NULL", true) ? MSP_NOMEM : MSP_OK;
	}
	if (msp_sql_quoted(sql, c->key, '"') || msp_sql_text(sql, around))
		return MSP_NOMEM;
	m->trivial = m->never = false;
	m->exact = c->class != MSP_C_ANY;
	r = bind_value(m, c->class, v);
	if (r <= 0)
		return r;
	sql->len = from;
	return r == 1 ? never(m) : anything(m, false);
}

static int in_list(struct maker *m, const struct msp_column *c, const struct msp_match *node)
{
	struct msp_bytes *sql = &m->p->sql;
	size_t from = sql->len, n = 0;
	bool exact = true;
	bson_iter_t e;

	if (node->n_patterns || !bson_iter_recurse(&node->value, &e))
		return anything(m, false);
	if (msp_sql_text(sql, "("))
		return MSP_NOMEM;
	for (; bson_iter_next(&e); n++) {
		if (n > MAX_LEAVES / 2) {
			sql->len = from;
			return anything(m, false);
		}
		if (n > 0 && msp_sql_text(sql, " OR "))
			return MSP_NOMEM;
		if (comparison(m, c, MSP_M_EQ, &e, " = "))
			return MSP_NOMEM;
		if (m->trivial) {
			sql->len = from;
			return anything(m, false);
		}
		exact = exact && m->exact;
	}
	return simple(m, n ? ")" : "0)", exact);
}

/* As above for many plain values of one column: an IN list, which the planner likes better than a thousand ORs. */
static int in_short(struct maker *m, const char *column, const struct msp_match *node, const struct msp_column *c)
{
	struct msp_bytes *sql = &m->p->sql;
	size_t from = sql->len, n = 0;
	bson_iter_t e;

	if (node->n_patterns || !bson_iter_recurse(&node->value, &e))
		return anything(m, false);
	if (msp_sql_quoted(sql, column, '"') || msp_sql_text(sql, " IN ("))
		return MSP_NOMEM;
	while (bson_iter_next(&e)) {
		size_t at = sql->len;
		int r = m->p->values > MAX_VALUES ? 2 : c && msp_match_is_null(&e) ? 3 : 0;

		if (r == 0 && n > 0)
			r = msp_sql_text(sql, ",") ? -1 : 0;
		if (r == 0)
			r = c ? bind_value(m, c->class, &e) : bind_key(m, &e);
		if (r < 0)
			return MSP_NOMEM;
		if (r >= 2) { /* not so plain */
			sql->len = from;
			return r == 3 ? in_list(m, c, node) : anything(m, false);
		}
		n += r == 0;
		if (r == 1) /* the column does not hold it */
			sql->len = at;
	}
	if (n == 0) {
		sql->len = from;
		return never(m);
	}
	return simple(m, ")", !c || c->class != MSP_C_ANY);
}

/* _id: its order is that of _key, within one type */
static int id_condition(struct maker *m, const struct msp_match *node)
{
	struct msp_bytes *sql = &m->p->sql;
	int rank = node->op >= MSP_M_EQ && node->op <= MSP_M_GTE ? msp_rank(&node->value) : 0;
	uint8_t low = (uint8_t)rank, high = (uint8_t)(rank + 1);

	if (node->op == MSP_M_IN)
		return in_short(m, "_key", node, NULL);
	if (rank == 0 || rank == MSP_R_MINKEY || rank == MSP_R_MAXKEY || rank == MSP_R_ARRAY || rank == MSP_R_NULL)
		return anything(m, false);
	if (rank == MSP_R_NUMBER && isnan(msp_number(&node->value)))
		return anything(m, false);
	if (msp_sql_text(sql, "(_key") || msp_sql_text(sql, sign(node->op)) || bind_key(m, &node->value))
		return MSP_NOMEM;
	if (node->op == MSP_M_LT || node->op == MSP_M_LTE) {
		if (msp_sql_text(sql, " AND _key >= ") || bind_later(m, 'b', &low, 1))
			return MSP_NOMEM;
	} else if (node->op == MSP_M_GT || node->op == MSP_M_GTE) {
		if (msp_sql_text(sql, " AND _key < ") || bind_later(m, 'b', &high, 1))
			return MSP_NOMEM;
	}
	return simple(m, ")", node->op == MSP_M_EQ);
}

static bool has_type(const struct msp_match *node, int type)
{
	return node->types[type >> 3] >> (type & 7) & 1;
}

/* What a column holds that is not NULL, of a row that is not odd, is of these types. */
static const uint8_t *types_of(int class)
{
	static const uint8_t text[] = {BSON_TYPE_UTF8, 0}, oid[] = {BSON_TYPE_OID, 0}, truth[] = {BSON_TYPE_BOOL, 0},
		number[] = {BSON_TYPE_DOUBLE, BSON_TYPE_INT32, BSON_TYPE_INT64, 0},
		any[] = {BSON_TYPE_DOUBLE, BSON_TYPE_INT32, BSON_TYPE_INT64, BSON_TYPE_UTF8, BSON_TYPE_OID, BSON_TYPE_BOOL, 0};

	switch (class) {
	case MSP_C_TEXT: return text;
	case MSP_C_OID: return oid;
	case MSP_C_BOOL: return truth;
	case MSP_C_ANY: return any;
	default: return number;
	}
}

static int type_condition(struct maker *m, const struct msp_column *c, const struct msp_match *node)
{
	bool null = has_type(node, BSON_TYPE_NULL) || has_type(node, BSON_TYPE_UNDEFINED), all = true, some = false;

	for (const uint8_t *t = types_of(c->class); *t; t++) {
		all = all && has_type(node, *t);
		some = some || has_type(node, *t);
	}
	if (null && some)
		return anything(m, false);
	if (!null && !some)
		return never(m);
	/* NULL is a key that is null, or missing */
	return msp_sql_quoted(&m->p->sql, c->key, '"') || simple(m, null ? " IS NULL" : " IS NOT NULL", !null && all) ? MSP_NOMEM : MSP_OK;
}

static int leaf(struct maker *m, const struct msp_match *node)
{
	const struct msp_column *c = NULL;

	if (++m->leaves > MAX_LEAVES)
		return anything(m, false);
	if (strcmp(node->path, "_id") == 0)
		return id_condition(m, node);
	for (size_t i = 0; i < m->t->columns && !c; i++)
		if (strcmp(m->t->column[i].key, node->path) == 0)
			c = &m->t->column[i];
	if (!c || c->class == MSP_C_SHOWN)
		return anything(m, false);
	switch (node->op) {
	case MSP_M_EQ:
	case MSP_M_LT:
	case MSP_M_LTE:
	case MSP_M_GT:
	case MSP_M_GTE: return comparison(m, c, node->op, &node->value, sign(node->op));
	case MSP_M_IN: return in_short(m, c->key, node, c);
	case MSP_M_EXISTS:
		if (node->number)
			return anything(m, false); /* it may be null */
		return msp_sql_quoted(&m->p->sql, c->key, '"') || simple(m, " IS NULL", false) ? MSP_NOMEM : MSP_OK;
	case MSP_M_TYPE: return type_condition(m, c, node);
	case MSP_M_SIZE:
	case MSP_M_ELEM_DOC:
	case MSP_M_ELEM_VALUE: return never(m); /* a row with an array is odd */
	default: return anything(m, false);
	}
}

static int condition(struct maker *m, const struct msp_match *node);

/* The children, all (both) or any of them. */
static int children(struct maker *m, const struct msp_match *node, bool both)
{
	struct msp_bytes *sql = &m->p->sql;
	size_t start = sql->len, n = 0;
	bool exact = true;

	if (msp_sql_text(sql, "("))
		return MSP_NOMEM;
	for (const struct msp_match *c = node->child; c; c = c->next) {
		size_t from = sql->len;
		int r = n > 0 && msp_sql_text(sql, both ? " AND " : " OR ") ? MSP_NOMEM : condition(m, c);

		if (r != MSP_OK)
			return r;
		exact = exact && m->exact;
		if (!m->trivial && !m->never) {
			n++;
			continue;
		}
		sql->len = from; /* as if it were not there, unless it decides */
		if (both && m->never) {
			sql->len = start;
			return never(m);
		}
		if (!both && m->trivial) {
			sql->len = start;
			return anything(m, m->exact);
		}
	}
	if (n == 0) {
		sql->len = start;
		return both ? anything(m, exact) : never(m);
	}
	return simple(m, ")", exact);
}

/* What is not exact has no opposite that is known. NULL is not true. */
static int negated(struct maker *m, const struct msp_match *node)
{
	struct msp_bytes *sql = &m->p->sql;
	size_t start = sql->len;
	int r = msp_sql_text(sql, "(") ? MSP_NOMEM : children(m, node, node->op == MSP_M_NOT);

	if (r != MSP_OK)
		return r;
	if (!m->exact || m->never || m->trivial) {
		sql->len = start;
		return m->exact && m->trivial ? never(m) : anything(m, m->exact);
	}
	return simple(m, " IS NOT TRUE)", true);
}

static int condition(struct maker *m, const struct msp_match *node)
{
	switch (node->op) {
	case MSP_M_AND:
	case MSP_M_OR: return children(m, node, node->op == MSP_M_AND);
	case MSP_M_NEVER: return never(m);
	case MSP_M_NOR:
	case MSP_M_NOT: return negated(m, node);
	default: return leaf(m, node);
	}
}

int msp_where_conditions(struct msp_where *out, const struct msp_table *t, bool *trivial)
{
	struct maker m = {.t = t, .p = out};
	int r = condition(&m, out->filter->root);

	out->exact = m.exact;
	*trivial = m.trivial;
	return r;
}
