/* What the fields of a table are. */
#include "store/csvfile.h"
#include "store/schema.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const names[] = {"untold", "int", "double", "string", "bool", "time", "oid"};

const char *csv_type_name(int type)
{
	return names[type];
}

/* ---- what was said ---------------------------------------------------------- */

static int of_schema(const char *collection, const char *key)
{
	static const int types[] = {[MSP_S_INT] = CSV_INT, [MSP_S_DOUBLE] = CSV_DOUBLE, [MSP_S_TEXT] = CSV_STRING, [MSP_S_TRUTH] = CSV_BOOL,
	                            [MSP_S_OID] = CSV_OID, [MSP_S_BYTES] = CSV_UNTOLD};
	const struct msp_schema_row *r = collection ? msp_schema(collection) : NULL;

	for (; r; r = msp_schema_next(r))
		if (r->kind == MSP_S_KEY && strcmp(r->name, key) == 0)
			return types[r->type];
	return CSV_UNTOLD;
}

/* KEY=TYPE */
static int set_type(struct csv_column *column, size_t n, const char *pair, size_t len, struct msp_error *err)
{
	const char *equals = memchr(pair, '=', len);
	size_t key = equals ? (size_t)(equals - pair) : 0, rest = equals ? len - key - 1 : 0;
	int type = CSV_UNTOLD;

	for (int t = CSV_INT; t <= CSV_OID; t++)
		if (strlen(names[t]) == rest && strncmp(names[t], equals + 1, rest) == 0)
			type = t;
	if (type == CSV_UNTOLD || key == 0)
		return msp_error_set(err, MSP_USAGE, "types: \"%.*s\" is no KEY=TYPE (int, double, string, bool, time, oid)", len < 99 ? (int)len : 99, pair);
	for (size_t i = 0; i < n; i++)
		if (strlen(column[i].key) == key && memcmp(column[i].key, pair, key) == 0) {
			column[i].type = type;
			return MSP_OK;
		}
	return msp_error_set(err, MSP_USAGE, "types: there is no column \"%.*s\"", key < 99 ? (int)key : 99, pair);
}

int csv_types(struct csv_column *column, size_t n, const struct msp_csv_options *o, struct msp_error *err)
{
	int s = MSP_OK;

	for (size_t i = 0; i < n; i++)
		column[i].type = of_schema(o->collection, column[i].key);
	for (const char *p = o->types; s == MSP_OK && p && *p;) {
		size_t len = strcspn(p, ",");

		s = set_type(column, n, p, len, err);
		p += len + (p[len] == ',');
	}
	return s;
}

/* ---- what is there ------------------------------------------------------------- */

/* -?(0|[1-9][0-9]*): "007" is a name. */
static size_t whole_part(const char *p)
{
	size_t sign = *p == '-', n = strspn(p + sign, "0123456789");

	return n == 0 || (n > 1 && p[sign] == '0') ? 0 : sign + n;
}

static bool is_int(const struct csv_field *f, int64_t *out)
{
	char *end;
	long long v;

	if (f->len == 0 || whole_part(f->text) != f->len)
		return false;
	errno = 0;
	v = strtoll(f->text, &end, 10);
	*out = v;
	return errno == 0;
}

static bool is_double(const struct csv_field *f, double *out)
{
	size_t n = whole_part(f->text), more;
	const char *p = f->text + n;

	if (n == 0)
		return false;
	if (*p == '.') {
		p++;
		p += strspn(p, "0123456789");
	}
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '+' || *p == '-';
		more = strspn(p, "0123456789");
		if (more == 0)
			return false;
		p += more;
	}
	if (p != f->text + f->len)
		return false;
	*out = strtod(f->text, NULL);
	return isfinite(*out);
}

static bool is_bool(const struct csv_field *f, bool *out)
{
	*out = strcasecmp(f->text, "true") == 0;
	return *out || strcasecmp(f->text, "false") == 0;
}

static bool is_oid(const struct csv_field *f)
{
	return f->len == 24 && bson_oid_is_valid(f->text, f->len);
}

void csv_type_meet(struct csv_column *c, const struct csv_field *f)
{
	int64_t i;
	double d;
	bool b;

	if (f->len == 0 && !f->quoted)
		return;
	c->met = true;
	c->no_int = c->no_int || f->quoted || !is_int(f, &i);
	c->no_double = c->no_double || f->quoted || !is_double(f, &d);
	c->no_bool = c->no_bool || f->quoted || !is_bool(f, &b);
	c->no_oid = c->no_oid || !is_oid(f);
}

int csv_type_settle(const struct csv_column *c)
{
	if (c->type != CSV_UNTOLD)
		return c->type;
	if (!c->met)
		return CSV_STRING;
	if (strcmp(c->key, "_id") == 0 && !c->no_oid)
		return CSV_OID;
	return !c->no_int ? CSV_INT : !c->no_double ? CSV_DOUBLE : !c->no_bool ? CSV_BOOL : CSV_STRING;
}

/* ---- values --------------------------------------------------------------------- */

static int append_double(const struct csv_column *c, const struct csv_field *f, bool time, bson_t *out)
{
	double d = 0;
	msp_time t;

	if (!is_double(f, &d)) {
		if (msp_time_parse(f->text, &t, NULL) != MSP_OK)
			return 0;
		d = msp_time_to_seconds(t);
	} else if (time && !isfinite(d)) {
		return 0;
	}
	return bson_append_double(out, c->key, -1, d) ? 1 : -1;
}

int csv_append(const struct csv_column *c, int type, const struct csv_field *f, bson_t *out)
{
	int64_t i = 0;
	bool b;
	bson_oid_t oid;

	if (f->len == 0 && (!f->quoted || type != CSV_STRING))
		return 1;
	switch (type) {
	case CSV_INT:
		if (!is_int(f, &i))
			return 0;
		if (i >= INT32_MIN && i <= INT32_MAX)
			return bson_append_int32(out, c->key, -1, (int32_t)i) ? 1 : -1;
		return bson_append_int64(out, c->key, -1, i) ? 1 : -1;
	case CSV_DOUBLE:
	case CSV_TIME: return append_double(c, f, type == CSV_TIME, out);
	case CSV_BOOL: return is_bool(f, &b) ? (bson_append_bool(out, c->key, -1, b) ? 1 : -1) : 0;
	case CSV_OID:
		if (!is_oid(f))
			return 0;
		bson_oid_init_from_string(&oid, f->text);
		return bson_append_oid(out, c->key, -1, &oid) ? 1 : -1;
	default:
		if (!bson_utf8_validate(f->text, f->len, true))
			return 0;
		return bson_append_utf8(out, c->key, -1, f->text, (int)f->len) ? 1 : -1;
	}
}
