/* Filters from their documents: operators and what they are joined by; what is not evaluated here is refused by name. */
#include "store/filter.h"

#include "store/room.h"

#include <stdlib.h>
#include <string.h>

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

static int operators(struct msp_match_parse *p, struct msp_match *parent, const bson_iter_t *value);
static int document(struct msp_match_parse *p, struct msp_match *parent, bson_iter_t *e);

static bool first_key(const bson_iter_t *value, const char **key)
{
	bson_iter_t e;

	if (bson_iter_type(value) != BSON_TYPE_DOCUMENT || !bson_iter_recurse(value, &e) || !bson_iter_next(&e))
		return false;
	*key = bson_iter_key(&e);
	return true;
}

static int elem_match(struct msp_match_parse *p, struct msp_match *parent, const bson_iter_t *value)
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
	m = msp_match_add(parent, of_values ? MSP_M_ELEM_VALUE : MSP_M_ELEM_DOC, path);
	if (!m)
		return msp_match_memory(p);
	p->path = NULL;
	r = of_values ? operators(p, m, value) : document(p, m, &e);
	p->path = path;
	return r;
}

static int all(struct msp_match_parse *p, struct msp_match *parent, const bson_iter_t *value)
{
	struct msp_match *both;
	bson_iter_t e, inner;
	const char *key;
	int r = MSP_OK;
	bool any = false;

	if (bson_iter_type(value) != BSON_TYPE_ARRAY || !bson_iter_recurse(value, &e))
		return msp_error_set(p->err, MSP_USAGE, "$all needs an array");
	both = msp_match_add(parent, MSP_M_AND, p->path);
	if (!both)
		return msp_match_memory(p);
	for (; r == MSP_OK && bson_iter_next(&e); any = true) {
		if (first_key(&e, &key) && strcmp(key, "$elemMatch") == 0 && bson_iter_recurse(&e, &inner) &&
		    bson_iter_next(&inner))
			r = elem_match(p, both, &inner);
		else if (first_key(&e, &key) && key[0] == '$')
			r = msp_error_set(p->err, MSP_USAGE, "$all cannot hold operators other than $elemMatch");
		else
			r = bson_iter_type(&e) == BSON_TYPE_REGEX ? msp_match_pattern(p, both, &e) : msp_match_leaf(p, both, MSP_M_EQ, &e);
	}
	if (r == MSP_OK && !any && !msp_match_add(both, MSP_M_NEVER, p->path))
		return msp_match_memory(p);
	return r;
}

static int negated(struct msp_match_parse *p, struct msp_match *parent, const char *name, const bson_iter_t *value)
{
	struct msp_match *no = msp_match_add(parent, MSP_M_NOT, p->path), *both = no ? msp_match_add(no, MSP_M_AND, p->path) : NULL;
	const char *key;

	if (!both)
		return msp_match_memory(p);
	if (strcmp(name, "$ne") == 0 && bson_iter_type(value) == BSON_TYPE_REGEX)
		return msp_error_set(p->err, MSP_USAGE, "$ne cannot have a regular expression; $not can");
	if (strcmp(name, "$ne") == 0)
		return msp_match_leaf(p, both, MSP_M_EQ, value);
	if (strcmp(name, "$nin") == 0)
		return msp_match_in(p, both, name, value);
	if (bson_iter_type(value) == BSON_TYPE_REGEX)
		return msp_match_pattern(p, both, value);
	if (!first_key(value, &key))
		return msp_error_set(p->err, MSP_USAGE, "$not needs operators or a regular expression");
	return operators(p, both, value);
}

static int operator(struct msp_match_parse *p, struct msp_match *parent, const bson_iter_t *value, const bson_iter_t *operators_at)
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
		return msp_match_leaf(p, parent, comparisons[i].op, value);
	}
	if (strcmp(name, "$in") == 0)
		return msp_match_in(p, parent, name, value);
	if (strcmp(name, "$ne") == 0 || strcmp(name, "$nin") == 0 || strcmp(name, "$not") == 0)
		return negated(p, parent, name, value);
	if (strcmp(name, "$exists") == 0)
		return msp_match_exists(p, parent, value);
	if (strcmp(name, "$type") == 0)
		return msp_match_type(p, parent, value);
	if (strcmp(name, "$size") == 0)
		return msp_match_size(p, parent, value);
	if (strcmp(name, "$all") == 0)
		return all(p, parent, value);
	if (strcmp(name, "$elemMatch") == 0)
		return elem_match(p, parent, value);
	if (strcmp(name, "$regex") == 0)
		return msp_match_regex(p, parent, value, operators_at);
	if (strcmp(name, "$options") == 0 && bson_iter_recurse(operators_at, &e) && bson_iter_find(&e, "$regex"))
		return MSP_OK;
	return msp_error_set(p->err, MSP_USAGE, name[0] == '$' ? "operator %s is not supported in this store" :
	                     "key \"%s\" among operators", name);
}

static int operators(struct msp_match_parse *p, struct msp_match *parent, const bson_iter_t *value)
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

static int branches(struct msp_match_parse *p, struct msp_match *parent, int op, const bson_iter_t *value)
{
	struct msp_match *m = msp_match_add(parent, op, NULL), *both;
	bson_iter_t e, inner;
	bool any = false;
	int r = MSP_OK;

	if (!m)
		return msp_match_memory(p);
	if (bson_iter_type(value) != BSON_TYPE_ARRAY || !bson_iter_recurse(value, &e))
		return msp_error_set(p->err, MSP_USAGE, "%s needs an array", bson_iter_key(value));
	for (; r == MSP_OK && bson_iter_next(&e); any = true) {
		if (bson_iter_type(&e) != BSON_TYPE_DOCUMENT || !bson_iter_recurse(&e, &inner))
			return msp_error_set(p->err, MSP_USAGE, "%s needs documents", bson_iter_key(value));
		both = msp_match_add(m, MSP_M_AND, NULL);
		r = both ? document(p, both, &inner) : msp_match_memory(p);
	}
	if (r == MSP_OK && !any)
		return msp_error_set(p->err, MSP_USAGE, "%s needs at least one document", bson_iter_key(value));
	return r;
}

static int condition(struct msp_match_parse *p, struct msp_match *parent, const bson_iter_t *e)
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
		return msp_match_pattern(p, parent, e);
	return msp_match_leaf(p, parent, MSP_M_EQ, e);
}

static int document(struct msp_match_parse *p, struct msp_match *parent, bson_iter_t *e)
{
	int r = MSP_OK;

	while (r == MSP_OK && bson_iter_next(e))
		r = condition(p, parent, e);
	return r;
}

int msp_filter_compile(const bson_t *filter, struct msp_filter **out, struct msp_error *err)
{
	struct msp_filter *f = msp_room(sizeof(*f));
	struct msp_match_parse p = {.err = err};
	bson_iter_t e;
	int r;

	*out = NULL;
	if (!f)
		return msp_match_memory(&p);
	if (filter && !msp_bson_valid(bson_get_data(filter), filter->len)) {
		free(f);
		return msp_error_set(err, MSP_USAGE, "the filter is not a document, or nested too deep");
	}
	if (filter)
		bson_copy_to(filter, &f->copy);
	else
		bson_init(&f->copy);
	f->root = msp_match_node(MSP_M_AND, NULL);
	p.gave_up = f->gave_up = calloc(1, sizeof(*f->gave_up));
	r = f->root && f->gave_up && bson_iter_init(&e, &f->copy) ? document(&p, f->root, &e) : msp_match_memory(&p);
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
