/* Checking: a document against its collection's schema. What can be converted exactly is, if that is wanted. */
#include "store/check.h"

#include "store/edit.h"
#include "store/order.h"
#include "store/place.h"
#include "store/schema.h"
#include "store/wfsave.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- types ------------------------------------------------------------- */

static const char *const type_names[] = {
	[MSP_S_INT] = "a whole number", [MSP_S_DOUBLE] = "a double", [MSP_S_TEXT] = "a string", [MSP_S_TRUTH] = "true or false",
	[MSP_S_DICT] = "a document", [MSP_S_LIST] = "an array", [MSP_S_OID] = "an ObjectId", [MSP_S_BYTES] = "bytes",
};

static bool has_type(const bson_iter_t *it, int type)
{
	switch (bson_iter_type(it)) {
	case BSON_TYPE_INT32:
	case BSON_TYPE_INT64: return type == MSP_S_INT;
	case BSON_TYPE_DOUBLE: return type == MSP_S_DOUBLE;
	case BSON_TYPE_UTF8: return type == MSP_S_TEXT;
	case BSON_TYPE_BOOL: return type == MSP_S_TRUTH;
	case BSON_TYPE_DOCUMENT: return type == MSP_S_DICT;
	case BSON_TYPE_ARRAY: return type == MSP_S_LIST;
	case BSON_TYPE_OID: return type == MSP_S_OID;
	case BSON_TYPE_BINARY: return type == MSP_S_BYTES;
	default: return false;
	}
}

static bool is_null(const bson_iter_t *it)
{
	return bson_iter_type(it) == BSON_TYPE_NULL || bson_iter_type(it) == BSON_TYPE_UNDEFINED;
}

/* ---- conversion -------------------------------------------------------- */

#define EXACT 9007199254740992.0 /* 2^53: up to it, a double holds every whole number */

static bool text_as_number(const char *text, int type, bson_value_t *out)
{
	char *end;

	if (strspn(text, "+-.0123456789eE") != strlen(text) || *text == '\0')
		return false;
	errno = 0;
	if (type == MSP_S_DOUBLE) {
		out->value_type = BSON_TYPE_DOUBLE;
		out->value.v_double = strtod(text, &end);
		return *end == '\0' && errno == 0;
	}
	out->value_type = BSON_TYPE_INT64;
	out->value.v_int64 = strtoll(text, &end, 10);
	return *end == '\0' && errno == 0;
}

/* The value as the schema wants it, if nothing is lost by that. A number does not become a string: 34 may have been "034". */
static bool converted(const bson_iter_t *it, int type, bson_value_t *out)
{
	const char *text = bson_iter_type(it) == BSON_TYPE_UTF8 ? bson_iter_utf8(it, NULL) : NULL;
	double d;
	bool ok = false;

	memset(out, 0, sizeof(*out));
	if (type == MSP_S_OID && text && bson_oid_is_valid(text, strlen(text))) {
		out->value_type = BSON_TYPE_OID;
		bson_oid_init_from_string(&out->value.v_oid, text);
		return true;
	}
	if (type != MSP_S_DOUBLE && type != MSP_S_INT)
		return false;
	if (text) {
		ok = text_as_number(text, type, out);
	} else if (type == MSP_S_DOUBLE && (BSON_ITER_HOLDS_INT32(it) || BSON_ITER_HOLDS_INT64(it))) {
		out->value_type = BSON_TYPE_DOUBLE;
		out->value.v_double = (double)bson_iter_as_int64(it);
		ok = fabs(out->value.v_double) <= EXACT;
	} else if (type == MSP_S_INT && BSON_ITER_HOLDS_DOUBLE(it)) {
		d = bson_iter_double(it);
		ok = fabs(d) <= EXACT && d == rint(d) && !(d == 0 && signbit(d));
		out->value_type = BSON_TYPE_INT64;
		out->value.v_int64 = ok ? (int64_t)d : 0;
	}
	if (ok && out->value_type == BSON_TYPE_INT64 && out->value.v_int64 >= INT32_MIN && out->value.v_int64 <= INT32_MAX) {
		int32_t small = (int32_t)out->value.v_int64;

		out->value_type = BSON_TYPE_INT32; /* as MsPASS writes them */
		out->value.v_int32 = small;
	}
	return ok;
}

/* Only if it is still there as it was read. */
static int convert(struct msp_check *c, const char *collection, const bson_t *doc, const bson_iter_t *old, const bson_value_t *now)
{
	bson_t filter = BSON_INITIALIZER, update = BSON_INITIALIZER, set;
	struct msp_updated u = {0};
	bson_iter_t id;
	int r = MSP_OK;

	if (!bson_iter_init_find(&id, doc, "_id") || !bson_append_iter(&filter, "_id", 3, &id) || !bson_append_iter(&filter, NULL, 0, old) ||
	    !bson_append_document_begin(&update, "$set", 4, &set) || !bson_append_value(&set, bson_iter_key(old), -1, now) ||
	    !bson_append_document_end(&update, &set))
		r = msp_check_memory(c);
	if (r == MSP_OK)
		r = msp_store_update(c->store, collection, &filter, &update, MSP_UPDATE_ONE, &u, c->err);
	c->totals->fixed[MSP_FIND_TYPE] += u.modified;
	bson_destroy(&filter);
	bson_destroy(&update);
	return r;
}

/* In memory, so that what is looked at next is what the value means. */
static int put_converted(struct msp_check *c, bson_t **doc, const char *key, const bson_value_t *now)
{
	bson_t box = BSON_INITIALIZER, edited;
	bson_iter_t it;
	int r;

	if (!bson_append_value(&box, key, -1, now) || !bson_iter_init_find(&it, &box, key)) {
		bson_destroy(&box);
		return msp_check_memory(c);
	}
	r = msp_edit_set(*doc, key, &it, &edited, c->err);
	if (r == MSP_OK) {
		bson_destroy(*doc);
		*doc = bson_copy(&edited);
	}
	bson_destroy(&edited);
	bson_destroy(&box);
	return r;
}

static int wrong_type(struct msp_check *c, const char *collection, bson_t **at, const bson_iter_t *it, const char *key, int type,
                      bool *replaced)
{
	const bson_t *doc = *at;
	struct msp_bytes text = {0};
	struct msp_value v;
	bson_value_t now;
	bool exact = converted(it, type, &now);
	int r;

	msp_value_of_iter(it, &v);
	if (msp_json_value(&v, &text) != MSP_OK)
		r = msp_check_memory(c);
	else
		r = msp_check_found_in(c, MSP_FIND_TYPE, !exact, collection, doc, "%s is %.*s%s, not %s%s", bson_iter_key(it),
		                       (int)(text.len < 60 ? text.len : 60), (const char *)text.data, text.len > 60 ? "..." : "", type_names[type],
		                       exact ? "" : ", and cannot be made one exactly");
	msp_bytes_free(&text);
	if (r == MSP_OK && exact && c->o->fix)
		r = convert(c, collection, doc, it, &now);
	*replaced = r == MSP_OK && exact;
	return *replaced ? put_converted(c, at, key, &now) : r;
}

/* ---- what is missing --------------------------------------------------- */

/* A key of the document that the schema takes for another spelling of row's. */
static const char *alias_in(const bson_t *doc, const struct msp_schema_row *row)
{
	const char *p = row->aliases;
	bson_iter_t it;

	if (!bson_iter_init(&it, doc))
		return NULL;
	while (*p) {
		size_t n = strcspn(p, " ");

		for (bson_iter_t k = it; bson_iter_next(&k);)
			if (strlen(bson_iter_key(&k)) == n && memcmp(bson_iter_key(&k), p, n) == 0)
				return bson_iter_key(&k);
		p += n + (p[n] == ' ');
	}
	return NULL;
}

static int missing(struct msp_check *c, const char *collection, const bson_t *doc, const struct msp_schema_row *row, bool null)
{
	const char *alias = alias_in(doc, row);

	return msp_check_found_in(c, MSP_FIND_MISSING, false, collection, doc, "%s is %s%s%s", row->name, null ? "null" : "missing",
	                          alias ? "; there is " : "", alias ? alias : "");
}

/* ---- values ------------------------------------------------------------ */

static bool one_of(const char *text, const char *list)
{
	size_t n = strlen(text);

	for (const char *p = list; n && (p = strstr(p, text)) != NULL; p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

/* Why a value of the right type cannot be; NULL if it can. */
static const char *impossible(const char *collection, const char *key, const bson_iter_t *it)
{
	double d = msp_rank(it) == MSP_R_NUMBER ? msp_number(it) : 0;
	msp_time t;

	if (strcmp(key, "npts") == 0 && d > EXACT)
		return "more than there can be";
	if (strcmp(key, "npts") == 0 || strcmp(key, "nbytes") == 0 || strcmp(key, "foff") == 0)
		return d < 0 ? "negative" : NULL;
	if (strcmp(key, "delta") == 0 || strcmp(key, "sampling_rate") == 0)
		return isfinite(d) && d > 0 ? NULL : "not above 0";
	if (strcmp(key, "lat") == 0)
		return fabs(d) <= 90 ? NULL : "not between -90 and 90";
	if (strcmp(key, "lon") == 0)
		return fabs(d) <= 360 ? NULL : "not between -360 and 360";
	if (strcmp(key, "starttime") == 0 || strcmp(key, "endtime") == 0 || strcmp(key, "time") == 0)
		return !isfinite(d) ? "not a finite number"
		       : strcmp(key, "starttime") == 0 && msp_is_waveform(collection) && msp_time_from_seconds(d, &t) != MSP_OK
		           ? "not between 1677 and 2262, as times of samples are"
		           : NULL;
	if (strcmp(key, "storage_mode") == 0)
		return one_of(bson_iter_utf8(it, NULL), "file gridfs url s3_continuous s3_event s3_lambda fdsn") ? NULL : "none of the schema's";
	if (strcmp(key, "time_standard") == 0)
		return one_of(bson_iter_utf8(it, NULL), "UTC Relative") ? NULL : "neither UTC nor Relative";
	return NULL;
}

static int check_value(struct msp_check *c, const char *collection, const bson_t *doc, const bson_iter_t *it)
{
	const char *why = impossible(collection, bson_iter_key(it), it);
	struct msp_bytes text = {0};
	struct msp_value v;
	int r;

	if (!why)
		return MSP_OK;
	msp_value_of_iter(it, &v);
	r = msp_json_value(&v, &text) == MSP_OK
	    ? msp_check_found_in(c, MSP_FIND_VALUE, false, collection, doc, "%s is %.*s: %s", bson_iter_key(it),
	                         (int)(text.len < 60 ? text.len : 60), (const char *)text.data, why)
	    : msp_check_memory(c);
	msp_bytes_free(&text);
	return r;
}

/* ---- the _id ----------------------------------------------------------- */

/* Of what mssave wrote, the _id is made from the object's id, the collection and the tag: with another, saving again doubles it. */
int msp_check_id(struct msp_check *c, const char *collection, const bson_t *doc)
{
	bson_iter_t it, at, id, tag;
	const char *text = NULL;
	struct msp_id object;
	bson_oid_t want;

	if (!bson_iter_init(&it, doc) || !bson_iter_find_descendant(&it, "msp.id", &at) || !BSON_ITER_HOLDS_UTF8(&at) ||
	    !bson_iter_init_find(&id, doc, "_id"))
		return MSP_OK;
	if (msp_id_parse(bson_iter_utf8(&at, NULL), &object) != MSP_OK)
		return msp_check_found_in(c, MSP_FIND_ID, true, collection, doc, "msp.id is not 32 hexadecimal digits");
	if (bson_iter_init_find(&tag, doc, "data_tag") && BSON_ITER_HOLDS_UTF8(&tag))
		text = bson_iter_utf8(&tag, NULL);
	if (text && strlen(text) > MSP_WF_TAG_MAX)
		return MSP_OK; /* mssave takes none so long */
	msp_wf_oid("wf", object, collection, text, &want);
	if (BSON_ITER_HOLDS_OID(&id) && bson_oid_equal(bson_iter_oid(&id), &want))
		return MSP_OK;
	return msp_check_found_in(c, MSP_FIND_ID, true, collection, doc, "it is not that of the object msp.id with this data_tag in this collection");
}

/* ---- all of it --------------------------------------------------------- */

#define ROWS 64 /* keys of a collection; the largest has 30 */

/* The rows of the schema that are keys. */
static size_t keys_of(const char *collection, const struct msp_schema_row *row[ROWS])
{
	size_t n = 0;

	for (const struct msp_schema_row *r = msp_schema(collection); r && n < ROWS; r = msp_schema_next(r))
		if (r->kind == MSP_S_KEY)
			row[n++] = r;
	return n;
}

/* Documents of a collection have their keys in much the same order. */
static size_t find_row(const struct msp_schema_row *const *row, size_t n, const char *key, size_t hint)
{
	for (size_t k = 0; k < n; k++) {
		size_t i = hint + k < n ? hint + k : hint + k - n;

		if (strcmp(row[i]->name, key) == 0)
			return i;
	}
	return n;
}

/* *replaced: the document was, and it is of no use any more. */
static int check_key(struct msp_check *c, const char *collection, bson_t **doc, const bson_iter_t *it, const struct msp_schema_row *row,
                     bool *replaced)
{
	*replaced = false;
	if (is_null(it))
		return row->constraint == MSP_S_REQUIRED ? missing(c, collection, *doc, row, true) : MSP_OK;
	if (has_type(it, row->type))
		return check_value(c, collection, *doc, it);
	return wrong_type(c, collection, doc, it, row->name, row->type, replaced);
}

int msp_check_keys(struct msp_check *c, const char *collection, bson_t **doc)
{
	const struct msp_schema_row *row[ROWS];
	size_t n = keys_of(collection, row), at = 0;
	uint64_t seen = 0;
	bson_iter_t it;
	int r = MSP_OK;

	if (n == 0 || !bson_iter_init(&it, *doc))
		return MSP_OK;
	while (r == MSP_OK && bson_iter_next(&it)) {
		bool replaced;
		size_t i = find_row(row, n, bson_iter_key(&it), at);

		if (i == n)
			continue;
		at = i + 1 < n ? i + 1 : 0;
		if (seen >> i & 1)
			continue;
		r = check_key(c, collection, doc, &it, row[i], &replaced);
		if (replaced) /* from its beginning: the value that it has now is looked at, too */
			(void)bson_iter_init(&it, *doc);
		else
			seen |= UINT64_C(1) << i;
	}
	for (size_t i = 0; r == MSP_OK && i < n; i++)
		if (!(seen >> i & 1) && row[i]->constraint == MSP_S_REQUIRED)
			r = missing(c, collection, *doc, row[i], false);
	return r;
}
