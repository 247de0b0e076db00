/* Filters as BSON. */
#include "expr/filter.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {
	[FILTER_EQ] = "$eq", [FILTER_NE] = "$ne", [FILTER_LT] = "$lt", [FILTER_LE] = "$lte", [FILTER_GT] = "$gt", [FILTER_GE] = "$gte",
	[FILTER_IN] = "$in", [FILTER_NOT_IN] = "$nin", [FILTER_TYPE] = "$type", [FILTER_NOT_ARRAY] = "$not", [FILTER_NOT_NULL] = "$not",
	[FILTER_EXISTS] = "$exists", [FILTER_REGEX] = "$regex"};

static bool put_value(bson_t *out, const char *key, const struct filter_value *v)
{
	switch (v->type) {
	case MSP_V_NULL: return bson_append_null(out, key, -1);
	case MSP_V_BOOL: return bson_append_bool(out, key, -1, v->u.b);
	case MSP_V_INT:
		if (v->u.i >= INT32_MIN && v->u.i <= INT32_MAX)
			return bson_append_int32(out, key, -1, (int32_t)v->u.i);
		return bson_append_int64(out, key, -1, v->u.i);
	case MSP_V_DOUBLE: return bson_append_double(out, key, -1, v->u.d);
	case MSP_V_STRING: return bson_append_utf8(out, key, -1, v->u.s.text, (int)v->u.s.len);
	case MSP_V_TIME: return bson_append_date_time(out, key, -1, v->u.i);
	default: return bson_append_oid(out, key, -1, &v->u.oid);
	}
}

static const char *element(size_t i, char buf[16])
{
	const char *key;

	bson_uint32_to_string((uint32_t)i, &key, buf, 16);
	return key;
}

static bool put_list(bson_t *out, const char *key, const struct filter_condition *c)
{
	bson_t list;
	char buf[16];
	bool ok = bson_append_array_begin(out, key, -1, &list);

	for (size_t i = 0; ok && i < c->n; i++)
		ok = put_value(&list, element(i, buf), &c->list[i]);
	return ok && bson_append_array_end(out, &list);
}

static const char *type_name(int32_t type)
{
	switch (type) {
	case BSON_TYPE_DOUBLE: return "double";
	case BSON_TYPE_UTF8: return "string";
	case BSON_TYPE_ARRAY: return "array";
	case BSON_TYPE_OID: return "objectId";
	case BSON_TYPE_BOOL: return "bool";
	case BSON_TYPE_DATE_TIME: return "date";
	case BSON_TYPE_NULL: return "null";
	case BSON_TYPE_INT32: return "int";
	default: return "long";
	}
}

static bool put_types(bson_t *out, const char *key, const int32_t *types)
{
	bson_t list;
	char buf[16];
	bool ok;

	if (!types[1])
		return bson_append_utf8(out, key, -1, type_name(types[0]), -1);
	ok = bson_append_array_begin(out, key, -1, &list);
	for (size_t i = 0; ok && types[i]; i++)
		ok = bson_append_utf8(&list, element(i, buf), -1, type_name(types[i]), -1);
	return ok && bson_append_array_end(out, &list);
}

static bool put_no_type(bson_t *out, int32_t type)
{
	bson_t inner;

	return bson_append_document_begin(out, "$not", 4, &inner) && bson_append_utf8(&inner, "$type", 5, type_name(type), -1) &&
	       bson_append_document_end(out, &inner);
}

static bool put_condition(bson_t *out, const struct filter_condition *c)
{
	switch (c->op) {
	case FILTER_IN:
	case FILTER_NOT_IN: return put_list(out, names[c->op], c);
	case FILTER_TYPE: return put_types(out, names[c->op], c->types);
	case FILTER_NOT_ARRAY: return put_no_type(out, BSON_TYPE_ARRAY);
	case FILTER_NOT_NULL: return put_no_type(out, BSON_TYPE_NULL);
	default: return put_value(out, names[c->op], &c->value);
	}
}

static bool put_term(bson_t *out, const struct filter *f)
{
	const struct filter_condition *c = f->condition;
	bson_t inner;
	bool ok;

	if (c && !c->next && c->op == FILTER_EQ)
		return put_value(out, f->path, &c->value);
	ok = bson_append_document_begin(out, f->path, -1, &inner);
	for (; ok && c; c = c->next)
		ok = put_condition(&inner, c);
	return ok && bson_append_document_end(out, &inner);
}

static bool put_each(bson_t *out, const char *name, const struct filter *child)
{
	bson_t list, one;
	char buf[16];
	bool ok = bson_append_array_begin(out, name, -1, &list);

	for (size_t i = 0; ok && child; child = child->next, i++)
		ok = bson_append_document_begin(&list, element(i, buf), -1, &one) && filter_write(child, &one) && bson_append_document_end(&list, &one);
	return ok && bson_append_array_end(out, &list);
}

static const struct filter *only(const struct filter *f)
{
	return f->kind == FILTER_OR && f->child && !f->child->next ? f->child : f;
}

/* What f is called in a document: a key or an operator; NULL: it needs no name, or several. */
static const char *name_of(const struct filter *f)
{
	switch (f->kind) {
	case FILTER_ALL:
	case FILTER_AND: return NULL;
	case FILTER_TERM: return f->path;
	case FILTER_OR: return f->child ? "$or" : "_id";
	case FILTER_NOR: return "$nor";
	default: return "_id";
	}
}

/* One document can say them all if no two need the same name in it. */
static bool fits_one(const struct filter *f)
{
	for (const struct filter *a = f->child; a; a = a->next) {
		const char *name = name_of(only(a));

		if (only(a)->kind == FILTER_AND)
			return false;
		for (const struct filter *b = f->child; name && b != a; b = b->next)
			if (name_of(only(b)) && strcmp(name_of(only(b)), name) == 0)
				return false;
	}
	return true;
}

static bool put_all(bson_t *out, const struct filter *f)
{
	size_t n = 0;

	for (const struct filter *c = f->child; c; c = c->next)
		n++;
	if (n > 64 || !fits_one(f)) /* looking for names alike takes its time, too */
		return put_each(out, "$and", f->child);
	for (const struct filter *c = f->child; c; c = c->next)
		if (!filter_write(c, out))
			return false;
	return true;
}

/* No document's _id is one of none. */
static bool put_none(bson_t *out)
{
	bson_t in, list;

	return bson_append_document_begin(out, "_id", 3, &in) && bson_append_array_begin(&in, "$in", 3, &list) &&
	       bson_append_array_end(&in, &list) && bson_append_document_end(out, &in);
}

/* Adds to a document what f says; its caller has seen to it that names differ. */
bool filter_write(const struct filter *f, bson_t *out)
{
	f = only(f);
	switch (f->kind) {
	case FILTER_ALL: return true;
	case FILTER_TERM: return put_term(out, f);
	case FILTER_AND: return put_all(out, f);
	case FILTER_OR: return f->child ? put_each(out, "$or", f->child) : put_none(out);
	case FILTER_NOR: return put_each(out, "$nor", f->child);
	default: return put_none(out);
	}
}
