/* The values of documents, as expressions see them. Where a key lies is said in place.c. */
#include "mspipe/documents.h"

#include "store/path.h"
#include "store/place.h"

#include <math.h>
#include <string.h>

#define MAX_DEPTH 64     /* as everywhere in documents */
#define NEAR 1000        /* ns: what the document's double may be off from the time that was saved with it */

struct document {
	const char *collection;
	const bson_t *doc;
};

/* ---- finding ----------------------------------------------------------- */

static bool begins_with(const char *key, const bson_iter_t *it, bool loose)
{
	const char *name = bson_iter_key(it);

	for (; *name; name++, key++) {
		bool both = (*key == '.' || *key == '_') && *name == '_';

		if (*name == '.' || (*key != *name && !(loose && both)))
			return false;
	}
	return true;
}

/* As the keys of objects are found, but for names with a dot inside. */
static bool find(bson_iter_t *it, const char *key, bool loose, unsigned depth, bson_iter_t *out)
{
	while (bson_iter_next(it)) {
		bson_iter_t inner;
		char next;

		if (!begins_with(key, it, loose))
			continue;
		next = key[bson_iter_key_len(it)];
		if (!next) {
			*out = *it;
			return true;
		}
		if (depth < MAX_DEPTH && (next == '.' || (loose && next == '_')) && (BSON_ITER_HOLDS_DOCUMENT(it) || BSON_ITER_HOLDS_ARRAY(it)) &&
		    bson_iter_recurse(it, &inner) && find(&inner, key + bson_iter_key_len(it) + 1, loose, depth + 1, out))
			return true;
	}
	return false;
}

static bool find_any(const bson_iter_t *begin, const char *key, bson_iter_t *out)
{
	bson_iter_t it = *begin;

	if (!*key)
		return false;
	if (find(&it, key, false, 1, out))
		return true;
	it = *begin;
	return strpbrk(key, "._") && find(&it, key, true, 1, out);
}

static bool at(const bson_t *doc, const char *path, bson_iter_t *out)
{
	bool array;

	return msp_path_single(bson_get_data(doc), doc->len, path, out, &array);
}

/* Of msp.values: what the document could not hold. */
static bool kept(const bson_t *doc, const char *key, bson_iter_t *out)
{
	bson_iter_t values, it;

	return at(doc, "msp.values", &values) && BSON_ITER_HOLDS_DOCUMENT(&values) && bson_iter_recurse(&values, &it) && find_any(&it, key, out);
}

static bool is_blank(const bson_iter_t *it)
{
	uint32_t n;
	const char *text = bson_iter_utf8(it, &n);

	while (text && n > 0 && (unsigned char)text[n - 1] <= ' ')
		n--;
	return text && n == 0;
}

/* aliased: it is what the alias stands for. */
static bool locate(const struct document *d, const char *key, const struct msp_place *p, bson_iter_t *out, bool *aliased)
{
	bson_iter_t it;

	*aliased = false;
	if (p->path ? at(d->doc, p->path, out) : bson_iter_init(&it, d->doc) && find_any(&it, key, out))
		return true;
	if (p->within && kept(d->doc, key, out))
		return true;
	if (p->flags & MSP_PLACE_BLANK && kept(d->doc, key, out) && is_blank(out))
		return true;
	*aliased = p->alias && at(d->doc, p->alias, out);
	return *aliased;
}

/* ---- times ------------------------------------------------------------- */

static bool is_utc(const bson_t *doc)
{
	bson_iter_t it;
	const char *standard = at(doc, "time_standard", &it) ? bson_iter_utf8(&it, NULL) : NULL;

	return !standard || strcmp(standard, "UTC") == 0;
}

static bool number(const bson_t *doc, const char *path, double *out)
{
	bson_iter_t it;

	if (!at(doc, path, &it) || !(BSON_ITER_HOLDS_DOUBLE(&it) || BSON_ITER_HOLDS_INT(&it)))
		return false;
	*out = BSON_ITER_HOLDS_DOUBLE(&it) ? bson_iter_double(&it) : (double)bson_iter_as_int64(&it);
	return true;
}

static bool as_time(double seconds, msp_time *out)
{
	return msp_time_from_seconds(seconds, out) == MSP_OK;
}

static bool near(msp_time a, msp_time b)
{
	int64_t d;

	return !__builtin_sub_overflow(a, b, &d) && d >= -NEAR && d <= NEAR;
}

/* To the nanosecond if it was saved so. */
static bool start_of(const bson_t *doc, msp_time *out)
{
	bson_iter_t it;
	double seconds;

	if (!number(doc, "starttime", &seconds) || !as_time(seconds, out))
		return false;
	if (at(doc, "msp.start", &it) && BSON_ITER_HOLDS_INT64(&it) && near(bson_iter_int64(&it), *out))
		*out = bson_iter_int64(&it);
	return true;
}

static bool end_of(const bson_t *doc, msp_time *out)
{
	double npts, delta;
	msp_time start, length;

	if (!start_of(doc, &start) || !number(doc, "npts", &npts) || !number(doc, "delta", &delta) || !(npts >= 0 && npts < 0x1p53))
		return false;
	length = msp_time_of_samples(npts > 0 ? (int64_t)npts - 1 : 0, delta);
	return !__builtin_add_overflow(start, length, out);
}

static void set_time(struct msp_value *out, msp_time t)
{
	out->type = MSP_V_TIME;
	out->u.i = t;
}

/* A number of seconds as the time that it stands for. */
static void make_time(const struct document *d, const char *path, struct msp_value *out)
{
	double seconds = out->type == MSP_V_INT ? (double)out->u.i : out->u.d;
	msp_time t, exact;

	if ((out->type != MSP_V_INT && out->type != MSP_V_DOUBLE) || !is_utc(d->doc))
		return;
	if (!as_time(seconds, &t)) {
		out->far = !isnan(seconds);
		return;
	}
	if (msp_is_waveform(d->collection) && at(d->doc, "msp.start", &(bson_iter_t){0})) {
		if (strcmp(path, "starttime") == 0 && start_of(d->doc, &exact))
			t = exact;
		if (strcmp(path, "endtime") == 0 && end_of(d->doc, &exact) && near(exact, t))
			t = exact;
	}
	set_time(out, t);
}

/* ---- what is not there ------------------------------------------------- */

static void set_text(struct msp_value *out, const char *text)
{
	out->type = MSP_V_STRING;
	out->u.s.text = text;
	out->u.s.len = strlen(text);
}

static void derive(const struct document *d, const char *key, struct msp_value *out)
{
	bson_iter_t it;
	double x;
	msp_time t;

	if (strcmp(key, "time_standard") == 0) {
		set_text(out, "UTC");
	} else if (strcmp(key, "sampling_rate") == 0) {
		if (!number(d->doc, "delta", &x) || x == 0)
			return;
		out->type = MSP_V_DOUBLE;
		out->u.d = 1 / x;
	} else if (strcmp(key, "endtime") == 0) {
		if (!end_of(d->doc, &t))
			return;
		set_time(out, t);
		if (!is_utc(d->doc))
			*out = (struct msp_value){.type = MSP_V_DOUBLE, .u.d = msp_time_to_seconds(t)};
	} else if (kept(d->doc, key, &it)) { /* an object's own key of that name */
		msp_value_of_iter(&it, out);
	}
}

static void shift_of(const struct document *d, struct msp_value *out)
{
	bson_iter_t it;
	double seconds;
	msp_time t;

	if (is_utc(d->doc) || !number(d->doc, "starttime_shift", &seconds) || !as_time(seconds, &t))
		return;
	if (at(d->doc, "utc_convertible", &it) && BSON_ITER_HOLDS_BOOL(&it) && !bson_iter_bool(&it))
		return;
	if (at(d->doc, "msp.shift", &it) && BSON_ITER_HOLDS_INT64(&it) && near(bson_iter_int64(&it), t))
		t = bson_iter_int64(&it);
	set_time(out, t);
}

/* Fields of an object that are no keys of its document. */
static void field(const struct document *d, const char *key, struct msp_value *out)
{
	bool three = strcmp(d->collection, "wf_Seismogram") == 0;

	if (strcmp(key, "kind") == 0) {
		set_text(out, msp_kind_name(three ? MSP_SEISMOGRAM : MSP_TIMESERIES));
	} else if (strcmp(key, "live") == 0) {
		out->type = MSP_V_BOOL;
		out->u.b = true;
	} else if (strcmp(key, "ncomp") == 0) {
		out->type = MSP_V_INT;
		out->u.i = three ? 3 : 1;
	} else {
		shift_of(d, out);
	}
}

/* ------------------------------------------------------------------------ */

static void value_of(const void *context, const char *key, struct msp_value *out, char scratch[MSP_ID_TEXT])
{
	const struct document *d = context;
	struct msp_place p = {0};
	bson_iter_t it;
	bool aliased;

	(void)scratch;
	memset(out, 0, sizeof(*out));
	msp_place(d->collection, key, &p);
	if (p.flags & MSP_PLACE_UNKNOWN) {
		field(d, key, out);
	} else if (locate(d, key, &p, &it, &aliased)) {
		msp_value_of_iter(&it, out);
		if (p.flags & MSP_PLACE_TIME && (p.path || aliased))
			make_time(d, p.path ? p.path : p.alias, out);
	} else if (p.flags & MSP_PLACE_DERIVED) {
		derive(d, p.path, out);
	}
}

void msp_document_value(const char *collection, const bson_t *doc, const char *key, struct msp_value *out, char scratch[MSP_ID_TEXT])
{
	const struct document d = {collection, doc};

	value_of(&d, key, out, scratch);
}

int msp_document_test(struct msp_expr *e, const char *collection, const bson_t *doc, bool *out)
{
	const struct document d = {collection, doc};

	return msp_expr_test_with(e, value_of, &d, out);
}
