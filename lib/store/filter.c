/* Filters from their documents: parsing, and refusing by name what is not evaluated here. */
#include "store/match.h"

#include "store/order.h"
#include "store/room.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MANY 8 /* values of a list that are looked for in sorted order, rather than one after the other */

struct parse {
	struct msp_error *err;
	const char *path; /* NULL inside $elemMatch of values */
	bool *gave_up;
};

static int no_memory(struct parse *p)
{
	return msp_error_set(p->err, MSP_NOMEM, "no memory left");
}

static struct msp_match *node(int op, const char *path)
{
	struct msp_match *m = msp_room(sizeof(*m));

	if (m) {
		m->op = op;
		m->path = path;
	}
	return m;
}

static void free_nodes(struct msp_match *m)
{
	while (m) {
		struct msp_match *next = m->next;

		for (size_t i = 0; i < m->n_patterns; i++)
			msp_pattern_free(m->patterns[i]);
		free(m->patterns);
		msp_sorted_free(&m->sorted);
		free_nodes(m->child);
		free(m);
		m = next;
	}
}

static void adopt(struct msp_match *parent, struct msp_match *child)
{
	struct msp_match **at = &parent->child;

	while (*at)
		at = &(*at)->next;
	*at = child;
}

static struct msp_match *add(struct msp_match *parent, int op, const char *path)
{
	struct msp_match *m = node(op, path);

	if (m)
		adopt(parent, m);
	return m;
}

/* ---- operators of a value ---------------------------------------------- */

static int add_pattern(struct parse *p, struct msp_match *m, const char *pattern, const char *options)
{
	struct msp_pattern **more = realloc(m->patterns, (m->n_patterns + 1) * sizeof(struct msp_pattern *));
	int r;

	if (!more)
		return no_memory(p);
	m->patterns = more;
	m->gave_up = p->gave_up;
	r = msp_pattern_compile(pattern, options, &more[m->n_patterns], p->err);
	if (r == MSP_OK)
		m->n_patterns++;
	return r;
}

static int leaf(struct parse *p, struct msp_match *parent, int op, const bson_iter_t *value)
{
	struct msp_match *m = add(parent, op, p->path);

	if (!m)
		return no_memory(p);
	m->value = *value;
	return MSP_OK;
}

static int regex_value(struct parse *p, struct msp_match *parent, const bson_iter_t *value)
{
	struct msp_match *m = add(parent, MSP_M_REGEX, p->path);
	const char *options, *pattern = bson_iter_regex(value, &options);

	if (!m)
		return no_memory(p);
	m->value = *value;
	return add_pattern(p, m, pattern, options);
}

/* {$regex: pattern, $options: options} */
static int regex_operator(struct parse *p, struct msp_match *parent, const bson_iter_t *value, const bson_iter_t *operators)
{
	const char *pattern, *options = "", *inner;
	struct msp_match *m;
	bson_iter_t e;

	if (bson_iter_recurse(operators, &e) && bson_iter_find(&e, "$options")) {
		if (bson_iter_type(&e) != BSON_TYPE_UTF8)
			return msp_error_set(p->err, MSP_USAGE, "$options has to be a string");
		options = bson_iter_utf8(&e, NULL);
	}
	if (bson_iter_type(value) == BSON_TYPE_REGEX) {
		pattern = bson_iter_regex(value, &inner);
		if (*inner && *options)
			return msp_error_set(p->err, MSP_USAGE, "options both in $regex and in $options");
		if (*inner)
			options = inner;
	} else if (bson_iter_type(value) == BSON_TYPE_UTF8) {
		uint32_t n;

		pattern = bson_iter_utf8(value, &n);
		if (strlen(pattern) != n)
			return msp_error_set(p->err, MSP_USAGE, "regular expression: a NUL");
	} else {
		return msp_error_set(p->err, MSP_USAGE, "$regex has to be a string");
	}
	m = add(parent, MSP_M_REGEX, p->path);
	if (!m)
		return no_memory(p);
	m->value = *value;
	return add_pattern(p, m, pattern, options);
}

static int in(struct parse *p, struct msp_match *parent, const char *name, const bson_iter_t *value)
{
	struct msp_match *m = add(parent, MSP_M_IN, p->path);
	const char *options, *pattern;
	bson_iter_t e;
	size_t n = 0;
	int r = MSP_OK;

	if (!m)
		return no_memory(p);
	m->value = *value;
	if (bson_iter_type(value) != BSON_TYPE_ARRAY || !bson_iter_recurse(value, &e))
		return msp_error_set(p->err, MSP_USAGE, "%s needs an array", name);
	for (; r == MSP_OK && bson_iter_next(&e); n++) {
		bson_iter_t inner;

		if (bson_iter_type(&e) == BSON_TYPE_DOCUMENT && bson_iter_recurse(&e, &inner) && bson_iter_next(&inner) &&
		    bson_iter_key(&inner)[0] == '$')
			return msp_error_set(p->err, MSP_USAGE, "%s cannot hold operators", name);
		if (bson_iter_type(&e) != BSON_TYPE_REGEX)
			continue;
		pattern = bson_iter_regex(&e, &options);
		r = add_pattern(p, m, pattern, options);
	}
	if (r == MSP_OK && n >= MANY && bson_iter_recurse(value, &e) && msp_sorted_make(&e, n, &m->sorted) != MSP_OK)
		return no_memory(p);
	return r;
}

static const struct { const char *name; int type; } type_names[] = {
	{"double", 1}, {"string", 2}, {"object", 3}, {"array", 4}, {"binData", 5}, {"undefined", 6}, {"objectId", 7}, {"bool", 8},
	{"date", 9}, {"null", 10}, {"regex", 11}, {"dbPointer", 12}, {"javascript", 13}, {"symbol", 14},
	{"javascriptWithScope", 15}, {"int", 16}, {"timestamp", 17}, {"long", 18}, {"decimal", 19}, {"minKey", 255}, {"maxKey", 127},
};

static void set_type(struct msp_match *m, int type)
{
	m->types[type >> 3] |= (uint8_t)(1u << (type & 7));
}

static int one_type(struct parse *p, struct msp_match *m, const bson_iter_t *value)
{
	const char *name;
	double n;

	if (msp_rank(value) == MSP_R_NUMBER) {
		n = msp_number(value);
		n = n == -1 ? 255 : n;
		for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++) {
			if ((double)type_names[i].type == n) {
				set_type(m, type_names[i].type);
				return MSP_OK;
			}
		}
		return msp_error_set(p->err, MSP_USAGE, "$type: there is no such type");
	}
	if (bson_iter_type(value) != BSON_TYPE_UTF8)
		return msp_error_set(p->err, MSP_USAGE, "$type needs a number or a name");
	name = bson_iter_utf8(value, NULL);
	if (strcmp(name, "number") == 0) {
		set_type(m, 1), set_type(m, 16), set_type(m, 18), set_type(m, 19);
		return MSP_OK;
	}
	for (size_t i = 0; i < sizeof(type_names) / sizeof(type_names[0]); i++) {
		if (strcmp(name, type_names[i].name) == 0) {
			set_type(m, type_names[i].type);
			return MSP_OK;
		}
	}
	return msp_error_set(p->err, MSP_USAGE, "$type: no type is called \"%s\"", name);
}

static int type(struct parse *p, struct msp_match *parent, const bson_iter_t *value)
{
	struct msp_match *m = add(parent, MSP_M_TYPE, p->path);
	bson_iter_t e;
	bool any = false;
	int r = MSP_OK;

	if (!m)
		return no_memory(p);
	if (bson_iter_type(value) != BSON_TYPE_ARRAY)
		return one_type(p, m, value);
	if (bson_iter_recurse(value, &e)) {
		while (r == MSP_OK && bson_iter_next(&e)) {
			r = one_type(p, m, &e);
			any = true;
		}
	}
	return any ? r : msp_error_set(p->err, MSP_USAGE, "$type needs a type");
}

static int exists(struct parse *p, struct msp_match *parent, const bson_iter_t *value)
{
	struct msp_match *m = add(parent, MSP_M_EXISTS, p->path);

	if (!m)
		return no_memory(p);
	if (msp_match_is_null(value))
		m->number = 0;
	else if (msp_rank(value) == MSP_R_NUMBER)
		m->number = msp_number(value) != 0;
	else
		m->number = bson_iter_type(value) != BSON_TYPE_BOOL || bson_iter_bool(value);
	return MSP_OK;
}

static int size(struct parse *p, struct msp_match *parent, const bson_iter_t *value)
{
	struct msp_match *m = add(parent, MSP_M_SIZE, p->path);
	double n = msp_rank(value) == MSP_R_NUMBER ? msp_number(value) : -1;

	if (!m)
		return no_memory(p);
	if (!(n >= 0 && n < 2147483648.0 && n == floor(n)))
		return msp_error_set(p->err, MSP_USAGE, "$size needs a whole number, not below 0");
	m->number = (int64_t)n;
	return MSP_OK;
}

static int operators(struct parse *p, struct msp_match *parent, const bson_iter_t *value);
static int document(struct parse *p, struct msp_match *parent, bson_iter_t *e);

static bool first_key(const bson_iter_t *value, const char **key)
{
	bson_iter_t e;

	if (bson_iter_type(value) != BSON_TYPE_DOCUMENT || !bson_iter_recurse(value, &e) || !bson_iter_next(&e))
		return false;
	*key = bson_iter_key(&e);
	return true;
}

static int elem_match(struct parse *p, struct msp_match *parent, const bson_iter_t *value)
{
	const char *path = p->path, *key = "";
	struct msp_match *m;
	bson_iter_t e;
	bool of_values;
	int r;

	if (bson_iter_type(value) != BSON_TYPE_DOCUMENT || !bson_iter_recurse(value, &e))
		return msp_error_set(p->err, MSP_USAGE, "$elemMatch needs a document");
	of_values = first_key(value, &key) && key[0] == '$' && strcmp(key, "$and") != 0 && strcmp(key, "$or") != 0 &&
	            strcmp(key, "$nor") != 0;
	m = add(parent, of_values ? MSP_M_ELEM_VALUE : MSP_M_ELEM_DOC, path);
	if (!m)
		return no_memory(p);
	p->path = NULL;
	r = of_values ? operators(p, m, value) : document(p, m, &e);
	p->path = path;
	return r;
}

static int all(struct parse *p, struct msp_match *parent, const bson_iter_t *value)
{
	struct msp_match *both;
	bson_iter_t e, inner;
	const char *key;
	int r = MSP_OK;
	bool any = false;

	if (bson_iter_type(value) != BSON_TYPE_ARRAY || !bson_iter_recurse(value, &e))
		return msp_error_set(p->err, MSP_USAGE, "$all needs an array");
	both = add(parent, MSP_M_AND, p->path);
	if (!both)
		return no_memory(p);
	for (; r == MSP_OK && bson_iter_next(&e); any = true) {
		if (first_key(&e, &key) && strcmp(key, "$elemMatch") == 0 && bson_iter_recurse(&e, &inner) &&
		    bson_iter_next(&inner))
			r = elem_match(p, both, &inner);
		else if (first_key(&e, &key) && key[0] == '$')
			r = msp_error_set(p->err, MSP_USAGE, "$all cannot hold operators other than $elemMatch");
		else
			r = bson_iter_type(&e) == BSON_TYPE_REGEX ? regex_value(p, both, &e) : leaf(p, both, MSP_M_EQ, &e);
	}
	if (r == MSP_OK && !any && !add(both, MSP_M_NEVER, p->path))
		return no_memory(p);
	return r;
}

static int negated(struct parse *p, struct msp_match *parent, const char *name, const bson_iter_t *value)
{
	struct msp_match *no = add(parent, MSP_M_NOT, p->path), *both = no ? add(no, MSP_M_AND, p->path) : NULL;
	const char *key;

	if (!both)
		return no_memory(p);
	if (strcmp(name, "$ne") == 0 && bson_iter_type(value) == BSON_TYPE_REGEX)
		return msp_error_set(p->err, MSP_USAGE, "$ne cannot have a regular expression; $not can");
	if (strcmp(name, "$ne") == 0)
		return leaf(p, both, MSP_M_EQ, value);
	if (strcmp(name, "$nin") == 0)
		return in(p, both, name, value);
	if (bson_iter_type(value) == BSON_TYPE_REGEX)
		return regex_value(p, both, value);
	if (!first_key(value, &key))
		return msp_error_set(p->err, MSP_USAGE, "$not needs operators or a regular expression");
	return operators(p, both, value);
}

static int operator(struct parse *p, struct msp_match *parent, const bson_iter_t *value, const bson_iter_t *operators_at)
{
	static const struct { const char *name; int op; } comparisons[] = {
		{"$eq", MSP_M_EQ}, {"$lt", MSP_M_LT}, {"$lte", MSP_M_LTE}, {"$gt", MSP_M_GT}, {"$gte", MSP_M_GTE}};
	const char *name = bson_iter_key(value);
	bson_iter_t e;

	for (size_t i = 0; i < sizeof(comparisons) / sizeof(comparisons[0]); i++) {
		if (strcmp(name, comparisons[i].name) != 0)
			continue;
		if (i > 0 && bson_iter_type(value) == BSON_TYPE_REGEX)
			return msp_error_set(p->err, MSP_USAGE, "%s cannot have a regular expression", name);
		return leaf(p, parent, comparisons[i].op, value);
	}
	if (strcmp(name, "$in") == 0)
		return in(p, parent, name, value);
	if (strcmp(name, "$ne") == 0 || strcmp(name, "$nin") == 0 || strcmp(name, "$not") == 0)
		return negated(p, parent, name, value);
	if (strcmp(name, "$exists") == 0)
		return exists(p, parent, value);
	if (strcmp(name, "$type") == 0)
		return type(p, parent, value);
	if (strcmp(name, "$size") == 0)
		return size(p, parent, value);
	if (strcmp(name, "$all") == 0)
		return all(p, parent, value);
	if (strcmp(name, "$elemMatch") == 0)
		return elem_match(p, parent, value);
	if (strcmp(name, "$regex") == 0)
		return regex_operator(p, parent, value, operators_at);
	if (strcmp(name, "$options") == 0 && bson_iter_recurse(operators_at, &e) && bson_iter_find(&e, "$regex"))
		return MSP_OK;
	return msp_error_set(p->err, MSP_USAGE, name[0] == '$' ? "operator %s is not supported in this store" :
	                     "key \"%s\" among operators", name);
}

static int operators(struct parse *p, struct msp_match *parent, const bson_iter_t *value)
{
	bson_iter_t e;
	int r = MSP_OK;

	if (!bson_iter_recurse(value, &e))
		return msp_error_set(p->err, MSP_USAGE, "not a filter");
	while (r == MSP_OK && bson_iter_next(&e))
		r = operator(p, parent, &e, value);
	return r;
}

/* ---- documents --------------------------------------------------------- */

static int branches(struct parse *p, struct msp_match *parent, int op, const bson_iter_t *value)
{
	struct msp_match *m = add(parent, op, NULL), *both;
	bson_iter_t e, inner;
	bool any = false;
	int r = MSP_OK;

	if (!m)
		return no_memory(p);
	if (bson_iter_type(value) != BSON_TYPE_ARRAY || !bson_iter_recurse(value, &e))
		return msp_error_set(p->err, MSP_USAGE, "%s needs an array", bson_iter_key(value));
	for (; r == MSP_OK && bson_iter_next(&e); any = true) {
		if (bson_iter_type(&e) != BSON_TYPE_DOCUMENT || !bson_iter_recurse(&e, &inner))
			return msp_error_set(p->err, MSP_USAGE, "%s needs documents", bson_iter_key(value));
		both = add(m, MSP_M_AND, NULL);
		r = both ? document(p, both, &inner) : no_memory(p);
	}
	if (r == MSP_OK && !any)
		return msp_error_set(p->err, MSP_USAGE, "%s needs at least one document", bson_iter_key(value));
	return r;
}

static int condition(struct parse *p, struct msp_match *parent, const bson_iter_t *e)
{
	const char *name = bson_iter_key(e), *key;

	if (name[0] == '$') {
		if (strcmp(name, "$and") == 0)
			return branches(p, parent, MSP_M_AND, e);
		if (strcmp(name, "$or") == 0)
			return branches(p, parent, MSP_M_OR, e);
		if (strcmp(name, "$nor") == 0)
			return branches(p, parent, MSP_M_NOR, e);
		return msp_error_set(p->err, MSP_USAGE, "operator %s is not supported in this store", name);
	}
	p->path = name;
	if (first_key(e, &key) && key[0] == '$')
		return operators(p, parent, e);
	if (bson_iter_type(e) == BSON_TYPE_REGEX)
		return regex_value(p, parent, e);
	return leaf(p, parent, MSP_M_EQ, e);
}

static int document(struct parse *p, struct msp_match *parent, bson_iter_t *e)
{
	int r = MSP_OK;

	while (r == MSP_OK && bson_iter_next(e))
		r = condition(p, parent, e);
	return r;
}

int msp_filter_compile(const bson_t *filter, struct msp_filter **out, struct msp_error *err)
{
	struct msp_filter *f = msp_room(sizeof(*f));
	struct parse p = {.err = err};
	bson_iter_t e;
	int r;

	*out = NULL;
	if (!f)
		return no_memory(&p);
	if (filter && !msp_bson_valid(bson_get_data(filter), filter->len)) {
		free(f);
		return msp_error_set(err, MSP_USAGE, "the filter is not a document, or nested too deep");
	}
	if (filter)
		bson_copy_to(filter, &f->copy);
	else
		bson_init(&f->copy);
	f->root = node(MSP_M_AND, NULL);
	p.gave_up = f->gave_up = calloc(1, sizeof(*f->gave_up));
	r = f->root && f->gave_up && bson_iter_init(&e, &f->copy) ? document(&p, f->root, &e) : no_memory(&p);
	if (r != MSP_OK) {
		msp_filter_free(f);
		return r;
	}
	*out = f;
	return MSP_OK;
}

void msp_filter_free(struct msp_filter *f)
{
	if (!f)
		return;
	free_nodes(f->root);
	free(f->gave_up);
	bson_destroy(&f->copy);
	free(f);
}
