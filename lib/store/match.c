/* Filters evaluated in memory, as MongoDB evaluates them (manual: "Query and Projection Operators", "Query for Null or
 * Missing Fields"; rules for arrays: src/mongo/db/matcher of the server). */
#include "store/match.h"

#include "store/order.h"
#include "store/path.h"

#include <math.h>
#include <string.h>

bool msp_match_is_null(const bson_iter_t *it)
{
	return bson_iter_type(it) == BSON_TYPE_NULL || bson_iter_type(it) == BSON_TYPE_UNDEFINED;
}

/* ---- one value --------------------------------------------------------- */

static bool is_nan(const bson_iter_t *it)
{
	return msp_rank(it) == MSP_R_NUMBER && isnan(msp_number(it));
}

static bool equal(const bson_iter_t *value, const bson_iter_t *operand)
{
	if (!value)
		return msp_match_is_null(operand);
	return msp_order(value, operand) == 0;
}

/* Values of different types are not compared, but with MinKey and MaxKey. */
static bool compare(int op, const bson_iter_t *value, const bson_iter_t *operand)
{
	int rank = msp_rank(operand), c;
	bool inclusive = op == MSP_M_LTE || op == MSP_M_GTE;

	if (!value)
		return inclusive && rank == MSP_R_NULL;
	if (rank != msp_rank(value) && rank != MSP_R_MINKEY && rank != MSP_R_MAXKEY)
		return false;
	if (is_nan(operand) || is_nan(value))
		return inclusive && is_nan(operand) && is_nan(value);
	c = msp_order(value, operand);
	switch (op) {
	case MSP_M_LT: return c < 0;
	case MSP_M_LTE: return c <= 0;
	case MSP_M_GT: return c > 0;
	default: return c >= 0;
	}
}

static bool matches_pattern(const struct msp_match *m, const bson_iter_t *value)
{
	uint32_t n = 0;
	const char *text = NULL;

	if (!value)
		return false;
	if (bson_iter_type(value) == BSON_TYPE_UTF8)
		text = bson_iter_utf8(value, &n);
	else if (bson_iter_type(value) == BSON_TYPE_SYMBOL)
		text = bson_iter_symbol(value, &n);
	for (size_t i = 0; text && i < m->n_patterns; i++) {
		int s = msp_pattern_match(m->patterns[i], text, n);

		if (s < 0)
			*m->gave_up = true;
		if (s > 0)
			return true;
	}
	return false;
}

static bool in_list(const struct msp_match *m, const bson_iter_t *value)
{
	bson_iter_t e;

	if (m->sorted.n > 0)
		return msp_sorted_has(&m->sorted, value) || matches_pattern(m, value);
	if (!bson_iter_recurse(&m->value, &e))
		return false;
	while (bson_iter_next(&e))
		if (equal(value, &e))
			return true;
	return matches_pattern(m, value);
}

static int64_t array_size(const bson_iter_t *value)
{
	bson_iter_t e;
	int64_t n = 0;

	if (!value || bson_iter_type(value) != BSON_TYPE_ARRAY || !bson_iter_recurse(value, &e))
		return -1;
	while (bson_iter_next(&e))
		n++;
	return n;
}

static bool has_type(const struct msp_match *m, const bson_iter_t *value)
{
	uint8_t t;

	if (!value)
		return false;
	t = (uint8_t)bson_iter_type(value);
	return m->types[t >> 3] >> (t & 7) & 1;
}

static bool match_node(const struct msp_match *m, const uint8_t *doc, size_t n);
static bool match_value(const struct msp_match *m, const bson_iter_t *value);

static bool all_of_document(const struct msp_match *child, const bson_iter_t *value)
{
	const uint8_t *doc = NULL;
	uint32_t n = 0;

	if (bson_iter_type(value) == BSON_TYPE_DOCUMENT)
		bson_iter_document(value, &n, &doc);
	else if (bson_iter_type(value) == BSON_TYPE_ARRAY)
		bson_iter_array(value, &n, &doc);
	else
		return false;
	for (; child; child = child->next)
		if (!match_node(child, doc, n))
			return false;
	return true;
}

static bool an_element(const struct msp_match *m, const bson_iter_t *value)
{
	bson_iter_t e;

	if (!value || bson_iter_type(value) != BSON_TYPE_ARRAY || !bson_iter_recurse(value, &e))
		return false;
	while (bson_iter_next(&e)) {
		const struct msp_match *c = m->child;

		if (m->op == MSP_M_ELEM_DOC) {
			if (all_of_document(c, &e))
				return true;
			continue;
		}
		while (c && match_value(c, &e))
			c = c->next;
		if (!c)
			return true;
	}
	return false;
}

static bool match_value(const struct msp_match *m, const bson_iter_t *value)
{
	const struct msp_match *c;

	switch (m->op) {
	case MSP_M_AND:
		for (c = m->child; c; c = c->next)
			if (!match_value(c, value))
				return false;
		return true;
	case MSP_M_NOT: return !match_value(m->child, value);
	case MSP_M_EQ: return equal(value, &m->value);
	case MSP_M_LT:
	case MSP_M_LTE:
	case MSP_M_GT:
	case MSP_M_GTE: return compare(m->op, value, &m->value);
	case MSP_M_IN: return in_list(m, value);
	case MSP_M_EXISTS: return (value != NULL) == (m->number != 0);
	case MSP_M_TYPE: return has_type(m, value);
	case MSP_M_REGEX:
		return matches_pattern(m, value) ||
		       (value && bson_iter_type(&m->value) == BSON_TYPE_REGEX && equal(value, &m->value));
	case MSP_M_SIZE: return array_size(value) == m->number;
	case MSP_M_ELEM_DOC:
	case MSP_M_ELEM_VALUE: return an_element(m, value);
	default: return false;
	}
}

/* ---- a document -------------------------------------------------------- */

static int match_at(void *context, const bson_iter_t *value)
{
	return match_value(context, value);
}

static unsigned path_flags(int op)
{
	if (op == MSP_M_SIZE || op == MSP_M_ELEM_DOC || op == MSP_M_ELEM_VALUE)
		return MSP_PATH_WHOLE;
	return MSP_PATH_ELEMENTS | MSP_PATH_WHOLE;
}

static int is_there(void *context, const bson_iter_t *value)
{
	(void)context;
	return value != NULL;
}

static bool match_leaf(const struct msp_match *m, const uint8_t *doc, size_t n)
{
	union { const struct msp_match *in; void *out; } context = {.in = m}; /* it is only read */

	if (m->op == MSP_M_EXISTS) /* false is the opposite of true, also where a path leads to several places */
		return (msp_path_each(doc, n, m->path, MSP_PATH_WHOLE, is_there, NULL) != 0) == (m->number != 0);
	return msp_path_each(doc, n, m->path, path_flags(m->op), match_at, context.out) != 0;
}

static bool match_node(const struct msp_match *m, const uint8_t *doc, size_t n)
{
	const struct msp_match *c;

	switch (m->op) {
	case MSP_M_AND:
		for (c = m->child; c; c = c->next)
			if (!match_node(c, doc, n))
				return false;
		return true;
	case MSP_M_OR:
	case MSP_M_NOR:
		for (c = m->child; c; c = c->next)
			if (match_node(c, doc, n))
				return m->op == MSP_M_OR;
		return m->op == MSP_M_NOR;
	case MSP_M_NOT: return !match_node(m->child, doc, n);
	case MSP_M_NEVER: return false;
	default: return match_leaf(m, doc, n);
	}
}

int msp_filter_match(const struct msp_filter *f, const bson_t *doc)
{
	bool is;

	*f->gave_up = false;
	is = match_node(f->root, bson_get_data(doc), doc->len);
	return *f->gave_up ? MSP_FAIL : is;
}
