/* Waveform documents and tombstones: metadata, what the object is, and what only mspipe needs (msp). */
#include "store/wfsave.h"

#include "store/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* int32 where it fits, as MsPASS. */
static bool add_int(bson_t *doc, const char *key, int64_t v)
{
	return v >= INT32_MIN && v <= INT32_MAX ? bson_append_int32(doc, key, -1, (int32_t)v) : bson_append_int64(doc, key, -1, v);
}

/* ---- fields ------------------------------------------------------------ */

static bool add_matrix(const struct msp_object *o, bson_t *doc)
{
	bson_t list;
	char buf[16];
	const char *index;
	bool ok = BSON_APPEND_ARRAY_BEGIN(doc, "tmatrix", &list);

	for (uint32_t i = 0; ok && i < 9; i++) {
		size_t n = bson_uint32_to_string(i, &index, buf, sizeof(buf));

		ok = bson_append_double(&list, index, (int)n, o->tmatrix[i]);
	}
	return ok && bson_append_array_end(doc, &list) && BSON_APPEND_BOOL(doc, "cardinal", o->cardinal) &&
	       BSON_APPEND_BOOL(doc, "orthogonal", o->orthogonal);
}

static bool add_fields(const struct msp_object *o, bson_t *doc)
{
	double rate = 1 / o->dt;
	int64_t npts = o->npts > INT64_MAX ? INT64_MAX : (int64_t)o->npts;
	bool shifted = o->relative && o->shift_valid;

	return add_int(doc, "npts", npts) && BSON_APPEND_DOUBLE(doc, "delta", o->dt) &&
	       (!(o->dt > 0) || !isfinite(rate) || BSON_APPEND_DOUBLE(doc, "sampling_rate", rate)) &&
	       BSON_APPEND_DOUBLE(doc, "starttime", msp_time_to_seconds(o->start)) &&
	       BSON_APPEND_DOUBLE(doc, "endtime", msp_time_to_seconds(msp_object_end(o))) &&
	       BSON_APPEND_UTF8(doc, "time_standard", o->relative ? "Relative" : "UTC") &&
	       BSON_APPEND_DOUBLE(doc, "starttime_shift", shifted ? msp_time_to_seconds(o->shift) : 0) &&
	       BSON_APPEND_BOOL(doc, "utc_convertible", !o->relative || shifted) && (o->kind != MSP_SEISMOGRAM || add_matrix(o, doc));
}

/* ---- msp --------------------------------------------------------------- */

static bool add_document(bson_t *to, const char *key, const struct msp_bytes *bytes)
{
	bson_t doc;

	if (bytes->len == 0 || !bson_init_static(&doc, bytes->data, bytes->len))
		return true;
	/* what is not text everywhere goes as bytes */
	if (!msp_document_is_utf8(bytes->data, bytes->len) ||
	    !bson_validate(&doc, BSON_VALIDATE_DOT_KEYS | BSON_VALIDATE_DOLLAR_KEYS, NULL))
		return bson_append_binary(to, key, -1, BSON_SUBTYPE_BINARY, bytes->data, (uint32_t)bytes->len);
	return bson_append_document(to, key, -1, &doc);
}

static bool add_ensemble(const struct msp_wf_maker *m, bson_t *msp)
{
	const struct msp_wf_ensemble *e = m->ensemble;
	char text[MSP_ID_TEXT], end[MSP_ID_TEXT];
	bson_t sub;

	if (!e->open)
		return true;
	/* the closing bracket has not come yet: msp_wf_set_end() puts its id in place of the ensemble's number */
	snprintf(end, sizeof(end), "%032llx", (unsigned long long)e->number);
	return BSON_APPEND_DOCUMENT_BEGIN(msp, "ensemble", &sub) && BSON_APPEND_UTF8(&sub, "id", msp_id_format(&e->id, text)) &&
	       BSON_APPEND_UTF8(&sub, "end", end) && add_int(&sub, "member", e->member) && (bson_empty(&m->added) || BSON_APPEND_ARRAY(&sub, "keys", &m->added)) &&
	       add_document(&sub, "metadata", &e->metadata) && bson_append_document_end(msp, &sub);
}

static bool add_msp(const struct msp_wf_maker *m, bson_t *doc)
{
	const struct msp_object *o = m->o;
	const char *type = o->type == MSP_F64 || o->type == MSP_F32 || o->type == MSP_I32 ? msp_type_name(o->type) : "none";
	char text[MSP_ID_TEXT];
	bson_t msp;

	return BSON_APPEND_DOCUMENT_BEGIN(doc, "msp", &msp) && BSON_APPEND_UTF8(&msp, "id", msp_id_format(&o->id, text)) &&
	       BSON_APPEND_UTF8(&msp, "type", type) && BSON_APPEND_INT64(&msp, "start", o->start) &&
	       (!o->relative || !o->shift_valid || BSON_APPEND_INT64(&msp, "shift", o->shift)) &&
	       (!m->buried || BSON_APPEND_UTF8(&msp, "kind", msp_kind_name(o->kind))) &&
	       (!m->differs || BSON_APPEND_ARRAY(&msp, "keys", &m->keys)) &&
	       (bson_empty(&m->values) || BSON_APPEND_DOCUMENT(&msp, "values", &m->values)) &&
	       (bson_empty(&m->alias) || BSON_APPEND_DOCUMENT(&msp, "alias", &m->alias)) &&
	       (bson_empty(&m->raw) || BSON_APPEND_ARRAY(&msp, "raw", &m->raw)) && add_document(&msp, "history", &o->history) &&
	       add_ensemble(m, &msp) && bson_append_document_end(doc, &msp);
}

int msp_wf_document(struct msp_wf_maker *m, const struct msp_object *o, bool buried, bson_t *doc, struct msp_error *err)
{
	bson_t *part[] = {&m->keys, &m->values, &m->alias, &m->raw, &m->added};
	int r;

	m->o = o;
	m->doc = doc;
	m->buried = buried;
	m->differs = false;
	m->nkeys = m->nraw = m->nadded = m->entries = m->complaints = 0;
	m->schema = msp_schema(o->kind == MSP_SEISMOGRAM ? "wf_Seismogram" : "wf_TimeSeries");
	for (size_t i = 0; i < sizeof(part) / sizeof(*part); i++)
		bson_init(part[i]);
	r = msp_wf_metadata(m, err);
	if (r == MSP_OK && (!add_fields(o, doc) || !add_msp(m, doc)))
		r = msp_error_set(err, MSP_KILL, "its document would be longer than 2 GiB");
	for (size_t i = 0; i < sizeof(part) / sizeof(*part); i++)
		bson_destroy(part[i]);
	return r;
}

void msp_wf_set_end(const struct msp_wf_ensemble *e, const bson_t *doc)
{
	char number[17] = "", text[MSP_ID_TEXT];
	unsigned long long n;
	bson_iter_t it, end;
	uint32_t len;
	const char *old;

	if (!bson_iter_init(&it, doc) || !(bson_iter_find_descendant(&it, "msp.ensemble.end", &end) ||
	                                   (bson_iter_init(&it, doc) && bson_iter_find_descendant(&it, "tombstone.msp.ensemble.end", &end))))
		return;
	old = bson_iter_utf8(&end, &len);
	if (len != 32)
		return;
	memcpy(number, old + 16, 16);
	n = strtoull(number, NULL, 16);
	if (n >= 1 && n <= e->ends)
		memcpy((char *)(uintptr_t)old, msp_id_format(&e->end[n - 1], text), 32); /* the document is the spool's, which lets it be changed */
}

/* ---- the error log ----------------------------------------------------- */

bool msp_wf_has_log(const struct msp_wf_maker *m, const struct msp_object *o)
{
	return m->entries > 0 || msp_object_log_count(o) > 0;
}

/* Text as MongoDB takes it. */
static bool add_text(bson_t *doc, const char *key, const char *text)
{
	size_t n = strlen(text);
	char *copy;
	bool ok;

	if (bson_utf8_validate(text, n, false))
		return bson_append_utf8(doc, key, -1, text, (int)n);
	copy = strdup(text);
	if (!copy)
		return false;
	msp_text_harmless(copy, n);
	ok = bson_append_utf8(doc, key, -1, copy, (int)n);
	free(copy);
	return ok;
}

static bool add_entry(bson_t *list, uint32_t i, const char *algorithm, const char *badness, const char *message)
{
	char buf[16], name[64];
	const char *index;
	size_t n = bson_uint32_to_string(i, &index, buf, sizeof(buf));
	bson_t one;

	snprintf(name, sizeof(name), "ErrorSeverity.%.40s", badness);
	return bson_append_document_begin(list, index, (int)n, &one) && BSON_APPEND_INT32(&one, "job_id", 0) &&
	       add_text(&one, "algorithm", algorithm) && add_text(&one, "badness", name) && add_text(&one, "error_message", message) &&
	       BSON_APPEND_INT32(&one, "process_id", 0) && bson_append_document_end(list, &one);
}

int msp_wf_logdata(const struct msp_wf_maker *m, const struct msp_object *o, bson_t *doc, struct msp_error *err)
{
	uint32_t count = msp_object_log_count(o), n = 0;
	struct msp_log_entry e;
	bson_t list;
	bool ok = BSON_APPEND_ARRAY_BEGIN(doc, "logdata", &list);

	for (uint32_t i = 0; ok && i < count; i++)
		ok = !msp_object_log_get(o, i, &e) || add_entry(&list, n++, e.algorithm, e.badness, e.message);
	for (uint32_t i = 0; ok && i < m->entries; i++)
		ok = add_entry(&list, n++, "mssave", msp_severity_name(MSP_COMPLAINT), m->entry[i].text);
	return ok && bson_append_array_end(doc, &list) ? MSP_OK : msp_wf_nomem(err);
}
