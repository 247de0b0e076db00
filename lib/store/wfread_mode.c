/* Reading modes: a document's values as its collection's schema has them (mspass-behaviour 2.2). */
#include "store/schema.h"
#include "store/wfread.h"

#include "mspipe/doc.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ALL_KEYS "msp" /* the one key that is mspipe's, not the schema's */

static const struct msp_schema_row *row_of(const char *collection, const char *key)
{
	for (const struct msp_schema_row *s = msp_schema(collection); s; s = msp_schema_next(s))
		if (s->kind == MSP_S_KEY && strcmp(s->name, key) == 0)
			return s;
	return NULL;
}

static bool right(const bson_iter_t *it, int type)
{
	switch (type) {
	case MSP_S_INT:
		return BSON_ITER_HOLDS_INT32(it) || BSON_ITER_HOLDS_INT64(it);
	case MSP_S_DOUBLE:
		return BSON_ITER_HOLDS_DOUBLE(it);
	case MSP_S_TEXT:
		return BSON_ITER_HOLDS_UTF8(it);
	case MSP_S_TRUTH:
		return BSON_ITER_HOLDS_BOOL(it);
	case MSP_S_DICT:
		return BSON_ITER_HOLDS_DOCUMENT(it);
	case MSP_S_LIST:
		return BSON_ITER_HOLDS_ARRAY(it);
	case MSP_S_OID:
		return BSON_ITER_HOLDS_OID(it);
	case MSP_S_BYTES:
		return BSON_ITER_HOLDS_BINARY(it);
	}
	return true;
}

static const char *type_name(int type)
{
	static const char *const names[] = {"", "an integer", "a double", "a string", "a truth value", "a document", "a list",
	                                    "an ObjectId", "bytes"};

	return type >= MSP_S_INT && type <= MSP_S_BYTES ? names[type] : "";
}

/* A number, or a text that is one. */
static bool as_number(const bson_iter_t *it, double *out)
{
	const char *text;
	char *end;

	if (BSON_ITER_HOLDS_NUMBER(it)) {
		*out = bson_iter_as_double(it);
		return true;
	}
	if (!BSON_ITER_HOLDS_UTF8(it))
		return false;
	text = bson_iter_utf8(it, NULL);
	*out = strtod(text, &end);
	return end != text && *end == '\0';
}

static bool put_text(struct msp_doc *d, const char *key, const bson_iter_t *it)
{
	struct msp_bytes text = {0};
	struct msp_value v;
	bool good;

	msp_value_of_iter(it, &v);
	good = (v.type == MSP_V_INT || v.type == MSP_V_DOUBLE || v.type == MSP_V_BOOL) && msp_value_text(&v, &text) == MSP_OK &&
	       msp_bytes_append(&text, "", 1) == MSP_OK;
	if (good)
		msp_doc_string(d, key, (const char *)text.data);
	msp_bytes_free(&text);
	return good;
}

static bool put_oid(struct msp_doc *d, const char *key, const bson_iter_t *it)
{
	bson_oid_t oid;
	uint32_t n;
	const char *text;

	if (!BSON_ITER_HOLDS_UTF8(it))
		return false;
	text = bson_iter_utf8(it, &n);
	if (!bson_oid_is_valid(text, n))
		return false;
	bson_oid_init_from_string(&oid, text);
	msp_doc_oid(d, key, &oid);
	return true;
}

/* The value as one of the type; false if it cannot be. */
static bool convert(struct msp_doc *d, const struct msp_schema_row *row, const bson_iter_t *it)
{
	double v = 0;

	switch (row->type) {
	case MSP_S_INT:
		if (!as_number(it, &v) || !(fabs(v) <= 0x1p53) || v != trunc(v))
			return false;
		msp_doc_int(d, row->name, (int64_t)v);
		return true;
	case MSP_S_DOUBLE:
		if (!as_number(it, &v))
			return false;
		msp_doc_double(d, row->name, v);
		return true;
	case MSP_S_TRUTH:
		if (!BSON_ITER_HOLDS_NUMBER(it))
			return false;
		msp_doc_bool(d, row->name, bson_iter_as_double(it) != 0);
		return true;
	case MSP_S_TEXT:
		return put_text(d, row->name, it);
	case MSP_S_OID:
		return put_oid(d, row->name, it);
	}
	return false;
}

/* What is no more than so often in any document that is one: a key may stand in one a million times. */
#define NOTES ((size_t)16384)

static int note(struct msp_wfread *r, const char *key, const char *what)
{
	struct msp_bytes *n = &r->notes;
	size_t at = n->len;

	if (n->len > NOTES)
		return MSP_OK;
	if (msp_text_append(n, key) || msp_text_append(n, ": ") || msp_text_append(n, what))
		return MSP_NOMEM;
	for (; at < n->len; at++)
		if (n->data[at] == '\n')
			n->data[at] = ' ';
	return msp_text_append(n, "\n");
}

/* One key. MSP_KILL: the reason is in err. */
static int clean_key(struct msp_wfread *r, struct msp_doc *d, const bson_iter_t *it, struct msp_error *err)
{
	const char *key = bson_iter_key(it);
	const struct msp_schema_row *row = row_of(r->collection, key);
	char what[80];

	if (!row && (strcmp(key, ALL_KEYS) == 0 || strcmp(key, "_id") == 0 || r->options.mode == MSP_WF_PEDANTIC)) {
		msp_doc_iter(d, NULL, it);
		return MSP_OK;
	}
	if (!row) {
		if (r->dropped++ == 0)
			snprintf(r->first_dropped, sizeof r->first_dropped, "%.60s", key);
		return MSP_OK;
	}
	if (right(it, row->type)) {
		msp_doc_iter(d, NULL, it);
		return MSP_OK;
	}
	if (r->options.mode == MSP_WF_PEDANTIC)
		return msp_error_set(err, MSP_KILL, "%s is not %s", row->name, type_name(row->type));
	if (convert(d, row, it)) {
		snprintf(what, sizeof what, "made %s", type_name(row->type));
		return note(r, row->name, what);
	}
	if (row->constraint == MSP_S_REQUIRED)
		return msp_error_set(err, MSP_KILL, "%s is not %s, and cannot be made one", row->name, type_name(row->type));
	snprintf(what, sizeof what, "not %s: dropped", type_name(row->type));
	return note(r, row->name, what);
}

/* All of them in one entry. */
static int note_dropped(struct msp_wfread *r)
{
	char what[80];

	if (r->dropped == 0)
		return MSP_OK;
	if (r->dropped == 1)
		snprintf(what, sizeof what, "not in the schema: dropped");
	else
		snprintf(what, sizeof what, "not in the schema, like %" PRIu64 " more: dropped", r->dropped - 1);
	return note(r, r->first_dropped, what);
}

int wf_clean(struct msp_wfread *r, struct msp_error *err)
{
	struct msp_doc d;
	bson_iter_t it;
	int rc = MSP_OK;

	r->notes.len = 0;
	r->dropped = 0;
	if (r->options.mode == MSP_WF_PROMISCUOUS || r->head.dead || !msp_schema(r->collection) ||
	    !wf_begin(&r->head.doc, &it))
		return MSP_OK;
	msp_doc_begin(&d, &r->clean);
	while (rc == MSP_OK && bson_iter_next(&it))
		rc = clean_key(r, &d, &it, err);
	if (rc == MSP_OK)
		rc = note_dropped(r);
	if (rc == MSP_OK && r->notes.len > 0)
		rc = msp_bytes_append(&r->notes, "", 1);
	if (rc == MSP_OK)
		rc = msp_doc_end(&d);
	if (rc == MSP_OK) {
		r->head.doc = (struct wf_doc){r->clean.data, r->clean.len};
		r->head.msp = wf_sub(&r->head.doc, "msp");
	}
	if (rc != MSP_OK && rc != MSP_KILL)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	if (rc == MSP_KILL)
		r->notes.len = 0;
	return rc;
}
