/* Filters from their documents: conditions on one value. */
#include "store/filter.h"

#include "store/order.h"
#include "store/room.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MANY 8 /* values of a list that are looked for in sorted order, rather than one after the other */

int msp_match_memory(struct msp_match_parse *p)
{
	return msp_error_set(p->err, MSP_NOMEM, "no memory left");
}

struct msp_match *msp_match_node(int op, const char *path)
{
	struct msp_match *m = msp_room(sizeof(*m));

	if (m) {
		m->op = op;
		m->path = path;
	}
	return m;
}

static void adopt(struct msp_match *parent, struct msp_match *child)
{
	struct msp_match **at = &parent->child;

	while (*at)
		at = &(*at)->next;
	*at = child;
}

struct msp_match *msp_match_add(struct msp_match *parent, int op, const char *path)
{
	struct msp_match *m = msp_match_node(op, path);

	if (m)
		adopt(parent, m);
	return m;
}

static int add_pattern(struct msp_match_parse *p, struct msp_match *m, const char *pattern, const char *options)
{
	struct msp_pattern **more = realloc(m->patterns, (m->n_patterns + 1) * sizeof(struct msp_pattern *));
	int r;

	if (!more)
		return msp_match_memory(p);
	m->patterns = more;
	m->gave_up = p->gave_up;
	r = msp_pattern_compile(pattern, options, &more[m->n_patterns], p->err);
	if (r == MSP_OK)
		m->n_patterns++;
	return r;
}

int msp_match_leaf(struct msp_match_parse *p, struct msp_match *parent, int op, const bson_iter_t *value)
{
	struct msp_match *m = msp_match_add(parent, op, p->path);

	if (!m)
		return msp_match_memory(p);
	m->value = *value;
	return MSP_OK;
}

int msp_match_pattern(struct msp_match_parse *p, struct msp_match *parent, const bson_iter_t *value)
{
	struct msp_match *m = msp_match_add(parent, MSP_M_REGEX, p->path);
	const char *options, *pattern = bson_iter_regex(value, &options);

	if (!m)
		return msp_match_memory(p);
	m->value = *value;
	return add_pattern(p, m, pattern, options);
}

/* {$regex: pattern, $options: options} */
int msp_match_regex(struct msp_match_parse *p, struct msp_match *parent, const bson_iter_t *value, const bson_iter_t *operators)
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
	m = msp_match_add(parent, MSP_M_REGEX, p->path);
	if (!m)
		return msp_match_memory(p);
	m->value = *value;
	return add_pattern(p, m, pattern, options);
}

int msp_match_in(struct msp_match_parse *p, struct msp_match *parent, const char *name, const bson_iter_t *value)
{
	struct msp_match *m = msp_match_add(parent, MSP_M_IN, p->path);
	const char *options, *pattern;
	bson_iter_t e;
	size_t n = 0;
	int r = MSP_OK;

	if (!m)
		return msp_match_memory(p);
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
		return msp_match_memory(p);
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

static int one_type(struct msp_match_parse *p, struct msp_match *m, const bson_iter_t *value)
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

int msp_match_type(struct msp_match_parse *p, struct msp_match *parent, const bson_iter_t *value)
{
	struct msp_match *m = msp_match_add(parent, MSP_M_TYPE, p->path);
	bson_iter_t e;
	bool any = false;
	int r = MSP_OK;

	if (!m)
		return msp_match_memory(p);
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

int msp_match_exists(struct msp_match_parse *p, struct msp_match *parent, const bson_iter_t *value)
{
	struct msp_match *m = msp_match_add(parent, MSP_M_EXISTS, p->path);

	if (!m)
		return msp_match_memory(p);
	if (msp_match_is_null(value))
		m->number = 0;
	else if (msp_rank(value) == MSP_R_NUMBER)
		m->number = msp_number(value) != 0;
	else
		m->number = bson_iter_type(value) != BSON_TYPE_BOOL || bson_iter_bool(value);
	return MSP_OK;
}

int msp_match_size(struct msp_match_parse *p, struct msp_match *parent, const bson_iter_t *value)
{
	struct msp_match *m = msp_match_add(parent, MSP_M_SIZE, p->path);
	double n = msp_rank(value) == MSP_R_NUMBER ? msp_number(value) : -1;

	if (!m)
		return msp_match_memory(p);
	if (!(n >= 0 && n < 2147483648.0 && n == floor(n)))
		return msp_error_set(p->err, MSP_USAGE, "$size needs a whole number, not below 0");
	m->number = (int64_t)n;
	return MSP_OK;
}
