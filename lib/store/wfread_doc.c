/* A waveform document's keys as an object: what it is. */
#include "store/wfread.h"

#include <math.h>
#include <string.h>

/* ---- looking into documents -------------------------------------------- */

bool wf_begin(const struct wf_doc *d, bson_iter_t *out)
{
	return d->len > 0 && bson_iter_init_from_data(out, d->data, d->len);
}

bool wf_find(const struct wf_doc *d, const char *key, bson_iter_t *out)
{
	return wf_begin(d, out) && bson_iter_find(out, key);
}

struct wf_doc wf_sub(const struct wf_doc *d, const char *key)
{
	struct wf_doc sub = {NULL, 0};
	bson_iter_t it;
	uint32_t n = 0;

	if (wf_find(d, key, &it) && BSON_ITER_HOLDS_DOCUMENT(&it)) {
		bson_iter_document(&it, &n, &sub.data);
		sub.len = n;
	}
	return sub;
}

struct wf_doc wf_list(const struct wf_doc *d, const char *key)
{
	struct wf_doc list = {NULL, 0};
	bson_iter_t it;
	uint32_t n = 0;

	if (wf_find(d, key, &it) && BSON_ITER_HOLDS_ARRAY(&it)) {
		bson_iter_array(&it, &n, &list.data);
		list.len = n;
	}
	return list;
}

static bool number_at(const bson_iter_t *it, double *out)
{
	if (!BSON_ITER_HOLDS_NUMBER(it))
		return false;
	*out = bson_iter_as_double(it);
	return true;
}

bool wf_number(const struct wf_doc *d, const char *key, double *out)
{
	bson_iter_t it;

	return wf_find(d, key, &it) && number_at(&it, out);
}

bool wf_integer(const struct wf_doc *d, const char *key, int64_t *out)
{
	bson_iter_t it;

	if (!wf_find(d, key, &it) || !BSON_ITER_HOLDS_NUMBER(&it))
		return false;
	if (BSON_ITER_HOLDS_DOUBLE(&it)) {
		double v = bson_iter_double(&it);

		if (!(v >= -0x1p62 && v <= 0x1p62) || v != trunc(v))
			return false;
	}
	*out = bson_iter_as_int64(&it);
	return true;
}

const char *wf_text(const bson_iter_t *it)
{
	const char *text;
	uint32_t n;

	if (!BSON_ITER_HOLDS_UTF8(it))
		return NULL;
	text = bson_iter_utf8(it, &n);
	return strlen(text) == n ? text : NULL;
}

const char *wf_string(const struct wf_doc *d, const char *key)
{
	bson_iter_t it;

	return wf_find(d, key, &it) ? wf_text(&it) : NULL;
}

/* ---- what the object is ------------------------------------------------ */

int wf_kind(const struct msp_wfread *r)
{
	const char *kind = wf_string(&r->head.msp, "kind");
	bson_iter_t it;

	if (!r->head.dead && strcmp(r->collection, "wf_Seismogram") == 0)
		return MSP_SEISMOGRAM;
	if (!r->head.dead && (strcmp(r->collection, "wf_TimeSeries") == 0 || strcmp(r->collection, "wf_miniseed") == 0))
		return MSP_TIMESERIES;
	if (kind)
		return strcmp(kind, "seismogram") == 0 ? MSP_SEISMOGRAM : MSP_TIMESERIES;
	return wf_find(&r->head.doc, "tmatrix", &it) || wf_find(&r->head.whole, "wf_Seismogram_id", &it) ? MSP_SEISMOGRAM
	                                                                                                 : MSP_TIMESERIES;
}

/* Documents have times as doubles, which near today hold a quarter of a microsecond: the microsecond is meant that reads as
 * this double, if there is one. */
static bool time_of(double seconds, msp_time *out)
{
	msp_time micro;

	if (msp_time_from_seconds(seconds, out) != MSP_OK)
		return false;
	if (fabs(seconds) < 9e9) {
		micro = (msp_time)llround(seconds * 1e6) * 1000;
		if (msp_time_to_seconds(micro) == seconds)
			*out = micro;
	}
	return true;
}

/* A time of the document, to the ns if `exact` of msp is still that time. */
static bool exact_time(const struct wf_head *h, const char *key, const char *exact, msp_time *out, bool *changed)
{
	double seconds;
	int64_t ns;
	msp_time difference;

	if (!wf_number(&h->doc, key, &seconds) || !time_of(seconds, out))
		return false;
	if (!wf_integer(&h->msp, exact, &ns))
		return true;
	if (!__builtin_sub_overflow(ns, *out, &difference) && difference >= -1000 && difference <= 1000)
		*out = ns;
	else
		*changed = true;
	return true;
}

static int lacks(struct msp_error *err, const char *key, const char *what)
{
	return msp_error_set(err, MSP_KILL, "the document has no %s%s", key, what);
}

static int standard(struct msp_wfread *r, struct msp_object *o, bool *changed, struct msp_error *err)
{
	const char *text = wf_string(&r->head.doc, "time_standard");
	bson_iter_t it;

	if (!text)
		return lacks(err, "time_standard", "");
	if (strcmp(text, "UTC") != 0 && strcmp(text, "Relative") != 0)
		return msp_error_set(err, MSP_KILL, "the document's time_standard is neither UTC nor Relative: %.40s", text);
	o->relative = text[0] == 'R';
	if (!o->relative || !wf_find(&r->head.doc, "utc_convertible", &it) || !BSON_ITER_HOLDS_BOOL(&it) || !bson_iter_bool(&it))
		return MSP_OK;
	if (!exact_time(&r->head, "starttime_shift", "shift", &o->shift, changed))
		return lacks(err, "starttime_shift", ", though it says that its time can be made UTC");
	o->shift_valid = true;
	return MSP_OK;
}

/* Nine numbers, or three lists of three. */
static bool matrix(const struct wf_doc *list, unsigned depth, unsigned *n, double out[9])
{
	bson_iter_t it;

	if (!wf_begin(list, &it))
		return false;
	while (bson_iter_next(&it)) {
		if (depth == 0 && BSON_ITER_HOLDS_ARRAY(&it)) {
			struct wf_doc row;
			uint32_t len = 0;

			bson_iter_array(&it, &len, &row.data);
			row.len = len;
			if (!matrix(&row, 1, n, out))
				return false;
		} else if (*n == 9 || !number_at(&it, &out[(*n)++])) {
			return false;
		}
	}
	return true;
}

/* As MsPASS decides it where nothing is said. */
static bool looks_cardinal(const double m[9])
{
	for (int i = 0; i < 9; i++)
		if (!(fabs(m[i] - (i % 4 == 0)) < 1e-4))
			return false;
	return true;
}

static int orientation(struct msp_wfread *r, struct msp_object *o, struct msp_error *err)
{
	struct wf_doc list = wf_list(&r->head.doc, "tmatrix");
	double m[9];
	unsigned n = 0;
	bson_iter_t it;

	if (wf_find(&r->head.doc, "tmatrix", &it)) {
		if (list.len == 0 || !matrix(&list, 0, &n, m) || n != 9)
			return msp_error_set(err, MSP_KILL, "the document's tmatrix is not nine numbers");
		memcpy(o->tmatrix, m, sizeof m);
	}
	o->cardinal = o->orthogonal = looks_cardinal(o->tmatrix);
	if (wf_find(&r->head.doc, "cardinal", &it) && BSON_ITER_HOLDS_BOOL(&it))
		o->cardinal = bson_iter_bool(&it);
	if (wf_find(&r->head.doc, "orthogonal", &it) && BSON_ITER_HOLDS_BOOL(&it))
		o->orthogonal = bson_iter_bool(&it);
	return MSP_OK;
}

static int saved_type(const struct wf_doc *msp)
{
	const char *text = wf_string(msp, "type");

	for (int t = MSP_NONE; text && t <= MSP_I32; t++)
		if (strcmp(text, msp_type_name(t)) == 0)
			return t;
	return MSP_F64;
}

/* The id that the object was saved with, if the document is still about it. */
static void own_id(struct msp_wfread *r, struct msp_object *o, bool changed)
{
	const char *text = wf_string(&r->head.msp, "id");

	r->own_id = text && !changed && msp_id_parse(text, &o->id) == MSP_OK;
}

int wf_fields(struct msp_wfread *r, struct msp_object *o, struct msp_error *err)
{
	struct wf_doc *d = &r->head.doc;
	bool changed = false;
	int64_t npts;
	double delta;
	int rc;

	r->head.type = saved_type(&r->head.msp);
	r->head.sum[0] = '\0';
	rc = o->kind == MSP_SEISMOGRAM ? orientation(r, o, err) : MSP_OK;
	if (rc != MSP_OK)
		return rc;
	if (!wf_integer(d, "npts", &npts) || npts < 0)
		return lacks(err, "npts", " that is a number of samples");
	o->npts = (uint64_t)npts;
	if (!wf_number(d, "delta", &delta) || !isfinite(delta) || !(delta > 0 || r->head.msp.len > 0))
		return lacks(err, "delta", " that is a sample interval");
	o->dt = delta;
	if (!exact_time(&r->head, "starttime", "start", &o->start, &changed))
		return lacks(err, "starttime", " that is a time");
	rc = standard(r, o, &changed, err);
	own_id(r, o, changed);
	return rc;
}
