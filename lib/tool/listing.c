/* Objects as lines of text: the line of msls(1), and lines of a user's format. */
#include "mspipe/tool.h"

#include <string.h>

static int add(struct msp_bytes *out, const char *text)
{
	return msp_text_append(out, text);
}

/* What came from a stream must neither break the line nor drive the terminal. */
static void make_harmless(struct msp_bytes *out, size_t from)
{
	if (out->len > from)
		msp_text_harmless(out->data + from, out->len - from);
}

/* Blanks up to a column; one at least. */
static int pad(struct msp_bytes *out, size_t column)
{
	do
		if (add(out, " ") != MSP_OK)
			return MSP_NOMEM;
	while (out->len < column);
	return MSP_OK;
}

static int add_reason(struct msp_bytes *out, const struct msp_object *o)
{
	struct msp_log_entry e;
	size_t from = out->len;

	if (!msp_object_log_worst(o, &e))
		return add(out, "no reason given");
	if (add(out, e.algorithm) || add(out, ": ") || add(out, e.message))
		return MSP_NOMEM;
	make_harmless(out, from);
	return MSP_OK;
}

/* ---- the usual line ---------------------------------------------------- */

static int add_codes(struct msp_bytes *out, const struct msp_object *o)
{
	static const char *const codes[] = {"net", "sta", "loc", "chan"};
	size_t from = out->len, i;

	for (i = 0; i < 4; i++)
		if ((i > 0 && add(out, ".")) || add(out, msp_meta_string(o, codes[i], "")))
			return MSP_NOMEM;
	make_harmless(out, from);
	return MSP_OK;
}

static int add_time(struct msp_bytes *out, const struct msp_object *o, msp_time t)
{
	char buf[MSP_TIME_TEXT];

	if (!o->relative)
		return add(out, msp_time_format(t, buf));
	return add(out, msp_seconds_format(t, buf)) || add(out, " s") ? MSP_NOMEM : MSP_OK;
}

static int add_rate(struct msp_bytes *out, const struct msp_object *o)
{
	char buf[48];

	/* for the eye; %{sampling_rate} and %{delta} give every digit */
	if (!(o->dt > 0))
		return add(out, "no rate");
	snprintf(buf, sizeof(buf), "%.10g Hz", 1 / o->dt);
	return add(out, buf);
}

/* Names of the metadata: top level. */
static int add_keys(struct msp_bytes *out, const struct msp_object *o)
{
	size_t from = out->len;
	bson_iter_t it;

	if (!msp_meta_begin(o, &it))
		return MSP_OK;
	while (bson_iter_next(&it))
		if (add(out, out->len > from ? "," : "") || add(out, bson_iter_key(&it)))
			return MSP_NOMEM;
	make_harmless(out, from);
	return MSP_OK;
}

static int add_long(struct msp_bytes *out, const struct msp_object *o)
{
	char id[MSP_ID_TEXT];

	if (msp_object_is_data(o) && (add(out, "  to ") || add_time(out, o, msp_object_end(o)) || add(out, "  ") ||
	                              add(out, msp_type_name(o->type))))
		return MSP_NOMEM;
	if (add(out, "  ") || add(out, msp_id_format(&o->id, id)) || add(out, "  ") || add_keys(out, o))
		return MSP_NOMEM;
	return MSP_OK;
}

/* An object that stands for bytes that could not be read (msread): it has a place in a file, and no codes, time or rate. */
static bool is_stand_in(const struct msp_object *o)
{
	return !o->live && o->npts == 0 && !(o->dt > 0) && !*msp_meta_string(o, "sta", "") && *msp_meta_string(o, "file", "");
}

static int add_place(struct msp_bytes *out, const struct msp_object *o)
{
	size_t from = out->len;
	struct msp_value v;

	if (add(out, msp_meta_string(o, "file", "")))
		return MSP_NOMEM;
	if (msp_meta_value(o, "offset", &v) && v.type == MSP_V_INT && v.u.i > 0 && (add(out, "@") || msp_value_text(&v, out)))
		return MSP_NOMEM;
	make_harmless(out, from);
	return MSP_OK;
}

/* Columns as wide as codes of the SEED length and times to the microsecond are. */
static int data_line(const struct msp_listing *l, const struct msp_object *o, struct msp_bytes *out)
{
	size_t at = out->len, hidden = 0;
	char npts[32];

	if (add(out, o->kind == MSP_TIMESERIES ? "timeseries " : "seismogram "))
		return MSP_NOMEM;
	if (!o->live && l->colour) { /* bytes that take no column */
		hidden = strlen("\033[31m\033[0m");
		if (add(out, "\033[31m") || add(out, "DEAD") || add(out, "\033[0m"))
			return MSP_NOMEM;
	} else if (add(out, o->live ? "live" : "DEAD")) {
		return MSP_NOMEM;
	}
	at += hidden;
	if (is_stand_in(o))
		return add(out, " ") || add_place(out, o) || pad(out, at + 79) || add_reason(out, o) ? MSP_NOMEM : MSP_OK;
	if (add(out, " ") || add_codes(out, o) || pad(out, at + 33) || add_time(out, o, o->start) || pad(out, at + 61))
		return MSP_NOMEM;
	snprintf(npts, sizeof(npts), "%8llu  ", (unsigned long long)o->npts);
	if (add(out, npts) || add_rate(out, o))
		return MSP_NOMEM;
	if (l->all && add_long(out, o))
		return MSP_NOMEM;
	return !o->live && (pad(out, at + 79) || add_reason(out, o)) ? MSP_NOMEM : MSP_OK;
}

/* The metadata of an ensemble, in full: they are few. */
static int add_metadata(struct msp_bytes *out, const struct msp_object *o)
{
	size_t from = out->len;
	bson_iter_t it;

	if (!msp_meta_begin(o, &it))
		return MSP_OK;
	while (bson_iter_next(&it)) {
		struct msp_value v;
		msp_value_of_iter(&it, &v);
		if (add(out, "  ") || add(out, bson_iter_key(&it)) || add(out, "=") || msp_value_text(&v, out))
			return MSP_NOMEM;
	}
	make_harmless(out, from);
	return MSP_OK;
}

static int usual_line(struct msp_listing *l, const struct msp_object *o, struct msp_bytes *out)
{
	char buf[48];

	switch (o->kind) {
	case MSP_TIMESERIES:
	case MSP_SEISMOGRAM:
		if (l->inside && add(out, "  "))
			return MSP_NOMEM;
		return data_line(l, o, out);
	case MSP_ENSEMBLE_BEGIN:
		l->inside = true;
		if (add(out, "{ ensemble") || (!o->live && (add(out, " DEAD  ") || add_reason(out, o))) ||
		    add_metadata(out, o))
			return MSP_NOMEM;
		return l->all ? add_long(out, o) : MSP_OK;
	case MSP_ENSEMBLE_END:
		l->inside = false;
		return add(out, "}");
	case MSP_PARTIAL_FOLD:
		return add(out, l->inside ? "  partial fold" : "partial fold") || (l->all && add_long(out, o)) ? MSP_NOMEM : MSP_OK;
	default:
		snprintf(buf, sizeof(buf), "%sobject of unknown kind %u", l->inside ? "  " : "",
		         (unsigned)o->kind);
		return add(out, buf) || (l->all && add_long(out, o)) ? MSP_NOMEM : MSP_OK;
	}
}

/* ---- FORMAT ------------------------------------------------------------ */

static int add_value(const struct msp_object *o, const char *key, struct msp_bytes *out)
{
	char scratch[MSP_ID_TEXT];
	size_t from = out->len;
	struct msp_value v;

	msp_object_get(o, key, &v, scratch);
	if (v.type == MSP_V_UNDEFINED && strcmp(key, "type") == 0)
		return add(out, msp_type_name(o->type));
	if (v.type == MSP_V_UNDEFINED && strcmp(key, "reason") == 0 && !o->live)
		return add_reason(out, o);
	if (v.type == MSP_V_UNDEFINED)
		return add(out, "-");
	if (msp_value_text(&v, out) != MSP_OK)
		return MSP_NOMEM;
	make_harmless(out, from);
	return MSP_OK;
}

int msp_line_check(const char *format, struct msp_error *err)
{
	struct msp_piece piece;
	int type;

	while ((type = msp_pattern_next(&format, true, &piece)) != MSP_PIECE_END)
		if (type == MSP_PIECE_BAD)
			return msp_error_set(err, MSP_USAGE, "%s: %s", format, piece.why);
	return MSP_OK;
}

int msp_line_format(const char *format, const struct msp_object *o, struct msp_bytes *out)
{
	return msp_pattern_expand(format, true, o, add_value, out);
}

/* ---- both -------------------------------------------------------------- */

int msp_listing_add(struct msp_listing *l, const struct msp_object *o, struct msp_bytes *out)
{
	int r;

	if (l->format && !msp_object_is_data(o))
		return MSP_OK;
	r = l->format ? msp_line_format(l->format, o, out) : usual_line(l, o, out);
	return r == MSP_OK ? add(out, "\n") : r;
}
