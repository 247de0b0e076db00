/* Elements as documents. */
#include "format/xmldoc.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 40 /* of documents in documents; a store takes 64 */
#define MAX_KEY 256
#define MAX_NAMES 1000 /* different names in an element: each costs a look at all of them */

int xml_full(struct xml *x, uint64_t line)
{
	return xml_wrong(x, line, "a document that is too large");
}

/* ---- keys and types ------------------------------------------------------ */

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

/* PzTransferFunctionType -> pz_transfer_function_type, ModuleURI -> module_uri. Other bytes stay, so names stay different; but for the
 * dot, which would divide a key. */
static bool key_of(const char *name, char out[MAX_KEY])
{
	size_t n = 0;

	for (const char *p = name; *p; p++) {
		bool first = is_upper(*p) && p > name && (!is_upper(p[-1]) || (p[1] >= 'a' && p[1] <= 'z'));

		if (n + 3 > MAX_KEY)
			return false;
		if (first)
			out[n++] = '_';
		out[n++] = is_upper(*p) ? (char)(*p + 32) : *p == '.' ? '_' : *p;
	}
	out[n] = '\0';
	return n > 0;
}

static int by_name(const void *key, const void *rule)
{
	return strcmp(key, ((const struct xml_rule *)rule)->name);
}

static const struct xml_rule *rule_of(const struct xml_doc *d, const char *name)
{
	return bsearch(name, d->rules->rule, d->rules->n, sizeof(*d->rules->rule), by_name);
}

/* ---- values --------------------------------------------------------------- */

static bool same(const char *text, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(text, word, n) == 0;
}

/* xs:double has names for what is no number. */
static bool number(const char *text, size_t n, double *out)
{
	if (xml_number(text, n, out))
		return true;
	if (same(text, n, "NaN"))
		*out = (double)NAN;
	else if (same(text, n, "INF") || same(text, n, "+INF"))
		*out = (double)INFINITY;
	else if (same(text, n, "-INF"))
		*out = (double)-INFINITY;
	else
		return false;
	return true;
}

/* 1: appended; 0: the text is no such value; -1: no room. */
static int append_typed(int type, const char *text, size_t n, const char *key, bson_t *out)
{
	double v;
	bool truth;

	switch (type) {
	case XML_DOUBLE:
		return number(text, n, &v) ? (bson_append_double(out, key, -1, v) ? 1 : -1) : 0;
	case XML_TIME:
		return xml_time(text, n, &v) ? (bson_append_double(out, key, -1, v) ? 1 : -1) : 0;
	case XML_INT:
		if (!xml_number(text, n, &v) || rint(v) != v || fabs(v) > 9007199254740992.0)
			return 0;
		if (fabs(v) <= INT32_MAX)
			return bson_append_int32(out, key, -1, (int32_t)v) ? 1 : -1;
		return bson_append_int64(out, key, -1, (int64_t)v) ? 1 : -1;
	case XML_BOOL:
		truth = same(text, n, "true") || same(text, n, "1");
		if (!truth && !same(text, n, "false") && !same(text, n, "0"))
			return 0;
		return bson_append_bool(out, key, -1, truth) ? 1 : -1;
	default: return n <= INT32_MAX && bson_append_utf8(out, key, -1, text, (int)n) ? 1 : -1;
	}
}

static int append_value(const struct xml_doc *d, const struct xml_element *e, const char *what, int type, const char *text, size_t n,
                        const char *key, bson_t *out)
{
	int done;

	text = xml_trim(text, &n);
	done = append_typed(type, text, n, key, out);
	if (done == 0 && d->strict)
		return xml_wrong(d->x, e->line, "<%s>: %s is \"%.*s\", which is no %s", e->name, what, n < 60 ? (int)n : 60, text,
		                 type == XML_TIME ? "time" : type == XML_BOOL ? "truth value" : type == XML_INT ? "whole number" : "number");
	if (done == 0)
		done = append_typed(XML_STRING, text, n, key, out);
	return done > 0 ? MSP_OK : xml_full(d->x, e->line);
}

static bool tells(const struct xml_doc *d, const struct xml_element *e, const struct xml_attribute *a, uint32_t index)
{
	return !d->rules->tells || d->rules->tells(e, a, index);
}

/* Attributes; with a prefix, beside the value that they are about: latitude, latitude_plus_error. */
static int append_attributes(const struct xml_doc *d, const struct xml_element *e, const char *prefix, uint32_t index, bson_t *out)
{
	char key[2 * MAX_KEY + 2], name[MAX_KEY];
	int s = MSP_OK;

	for (const struct xml_attribute *a = e->attribute; s == MSP_OK && a; a = a->next) {
		const struct xml_rule *rule = rule_of(d, a->name);

		if (!tells(d, e, a, index))
			continue;
		if (!key_of(a->name, name))
			return xml_wrong(d->x, e->line, "<%s>: the name of an attribute is too long", e->name);
		snprintf(key, sizeof(key), "%s%s%s", prefix, *prefix ? "_" : "", name);
		s = append_value(d, e, a->name, rule ? rule->type : XML_STRING, a->value, strlen(a->value), key, out);
	}
	return s;
}

static bool has_attributes(const struct xml_doc *d, const struct xml_element *e, uint32_t index)
{
	for (const struct xml_attribute *a = e->attribute; a; a = a->next)
		if (tells(d, e, a, index))
			return true;
	return false;
}

static int type_of(const struct xml_doc *d, const struct xml_element *e)
{
	const struct xml_rule *rule = rule_of(d, e->name);
	int type = rule ? rule->type : XML_STRING;

	return d->rules->type ? d->rules->type(e, type) : type;
}

/* ---- elements ------------------------------------------------------------- */

static int fill(const struct xml_doc *d, const struct xml_element *e, const char *const *without, int depth, uint32_t index, bson_t *out);

static int sub(const struct xml_doc *d, const struct xml_element *e, const char *const *without, int depth, uint32_t index, bool keep_empty,
               const char *key, bson_t *out)
{
	bson_t in = BSON_INITIALIZER;
	int s = fill(d, e, without, depth + 1, index, &in);

	if (s == MSP_OK && (keep_empty || !bson_empty(&in)) && !bson_append_document(out, key, -1, &in))
		s = xml_full(d->x, e->line);
	bson_destroy(&in);
	return s;
}

static bool plain(const struct xml_doc *d, const struct xml_element *e, uint32_t index)
{
	return !e->child && e->len > 0 && !has_attributes(d, e, index);
}

static int append_item(const struct xml_doc *d, const struct xml_element *e, int depth, uint32_t index, bson_t *out)
{
	char buf[16];
	const char *key;

	(void)bson_uint32_to_string(index, &key, buf, sizeof(buf));
	if (plain(d, e, index))
		return append_value(d, e, "it", type_of(d, e), e->text, e->len, key, out);
	return sub(d, e, NULL, depth, index, true, key, out);
}

static int append_array(const struct xml_doc *d, const struct xml_element *e, int depth, const char *key, bson_t *out)
{
	bson_t in = BSON_INITIALIZER;
	int s = MSP_OK;

	for (uint32_t i = 0; s == MSP_OK && e; e = xml_again(e), i++)
		s = append_item(d, e, depth + 1, i, &in);
	if (s == MSP_OK && !bson_append_array(out, key, -1, &in))
		s = xml_full(d->x, 0);
	bson_destroy(&in);
	return s;
}

static int append_child(const struct xml_doc *d, const struct xml_element *e, int depth, bson_t *out)
{
	const struct xml_rule *rule = rule_of(d, e->name);
	char key[MAX_KEY];
	int s = MSP_OK, type = type_of(d, e);

	if (!key_of(e->name, key))
		return xml_wrong(d->x, e->line, "the name of an element is too long");
	if ((rule && rule->plural) || xml_again(e))
		return append_array(d, e, depth, rule && rule->plural ? rule->plural : key, out);
	if (e->child || (type == XML_STRING && has_attributes(d, e, 0)))
		return sub(d, e, NULL, depth, 0, false, key, out);
	if (e->len > 0)
		s = append_value(d, e, "it", type, e->text, e->len, key, out);
	return s == MSP_OK ? append_attributes(d, e, key, 0, out) : s;
}

static bool is_left_out(const char *name, const char *const *without)
{
	for (; without && *without; without++)
		if (strcmp(name, *without) == 0)
			return true;
	return false;
}

/* Whether one of its name stood before it: the first of them brings all. */
static bool came_before(const struct xml_element *e)
{
	for (const struct xml_element *p = e->parent->child; p != e; p = p->next)
		if (strcmp(p->name, e->name) == 0)
			return true;
	return false;
}

static int fill(const struct xml_doc *d, const struct xml_element *e, const char *const *without, int depth, uint32_t index, bson_t *out)
{
	const char *before = "";
	int s, names = 0;

	if (depth > MAX_DEPTH)
		return xml_wrong(d->x, e->line, "<%s>: nested too deep", e->name);
	s = append_attributes(d, e, "", index, out);
	for (const struct xml_element *c = e->child; s == MSP_OK && c; c = c->next) {
		/* equal names stand together, as a rule: only at a new one the others have to be looked at */
		if (strcmp(c->name, before) != 0 && !is_left_out(c->name, without) && !came_before(c))
			s = ++names > MAX_NAMES ? xml_wrong(d->x, c->line, "<%s>: too many different elements", e->name) : append_child(d, c, depth, out);
		before = c->name;
	}
	if (s == MSP_OK && !e->child && e->len > 0)
		s = append_value(d, e, "it", type_of(d, e), e->text, e->len, "value", out);
	return s;
}

int xml_doc_fill(const struct xml_doc *d, const struct xml_element *e, const char *const *without, bson_t *out)
{
	return fill(d, e, without, 1, 0, out);
}

int xml_doc_sub(const struct xml_doc *d, const struct xml_element *e, const char *const *without, const char *key, bson_t *out)
{
	return sub(d, e, without, 1, 0, false, key, out);
}

int xml_doc_item(const struct xml_doc *d, const struct xml_element *e, uint32_t index, bson_t *array)
{
	return append_item(d, e, 2, index, array);
}

bool xml_doc_key(const struct xml_doc *d, const char *name, bool *several, char *key, size_t size)
{
	const struct xml_rule *rule = rule_of(d, name);
	char own[MAX_KEY];

	*several = rule && rule->plural;
	return key_of(name, own) && snprintf(key, size, "%s", *several ? rule->plural : own) < (int)size;
}

int xml_doc_array(const struct xml_doc *d, const struct xml_element *e, const char *name, const char *const *without, const char *key, bson_t *out)
{
	bson_t in = BSON_INITIALIZER;
	const struct xml_element *c = xml_child(e, name);
	char buf[16];
	const char *number_key;
	int s = MSP_OK;

	for (uint32_t i = 0; s == MSP_OK && c; c = xml_again(c), i++) {
		(void)bson_uint32_to_string(i, &number_key, buf, sizeof(buf));
		s = sub(d, c, without, 2, 0, true, number_key, &in);
	}
	if (s == MSP_OK && !bson_empty(&in) && !bson_append_array(out, key, -1, &in))
		s = xml_full(d->x, e->line);
	bson_destroy(&in);
	return s;
}

/* ---- what both formats have ------------------------------------------------ */

void xml_oid(const char *const *part, size_t n, bson_oid_t *out)
{
	struct msp_id id = msp_id_of_texts(part, n);

	memcpy(out->bytes, id.byte, sizeof(out->bytes));
}

static bool append_pair(bson_t *out, const char *key, double a, double b)
{
	bson_t in;

	return bson_append_array_begin(out, key, -1, &in) && bson_append_double(&in, "0", 1, a) && bson_append_double(&in, "1", 1, b) &&
	       bson_append_array_end(out, &in);
}

bool xml_append_coords(bson_t *out, double lat, double lon, const char *geojson_key)
{
	bson_t point;

	return append_pair(out, "coords", lon, lat) && bson_append_document_begin(out, geojson_key, -1, &point) &&
	       bson_append_utf8(&point, "type", -1, "Point", -1) && append_pair(&point, "coordinates", lon, lat) &&
	       bson_append_document_end(out, &point);
}
