/* An object's fields as values: reading, and setting those that may be set. */
#include "core/field.h"

#include <math.h>
#include <string.h>

enum msp_field msp_field_of(const struct msp_object *o, const char *key)
{
	static const struct { const char *name; enum msp_field field; } names[] = {
		{ "kind", MSP_F_KIND }, { "live", MSP_F_LIVE }, { "id", MSP_F_ID },
		{ "npts", MSP_F_NPTS }, { "nsamp", MSP_F_NPTS }, { "ncomp", MSP_F_NCOMP },
		{ "delta", MSP_F_DELTA }, { "dt", MSP_F_DELTA }, { "sampling_rate", MSP_F_RATE },
		{ "starttime", MSP_F_START }, { "t0", MSP_F_START }, { "time", MSP_F_START },
		{ "endtime", MSP_F_END }, { "time_standard", MSP_F_STANDARD },
		{ "starttime_shift", MSP_F_SHIFT },
	};
	size_t i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (strcmp(key, names[i].name) == 0)
			return names[i].field <= MSP_F_ID || msp_object_is_data(o) ? names[i].field :
			       MSP_F_NONE;
	return MSP_F_NONE;
}

static void set_text(struct msp_value *out, const char *text)
{
	out->type = MSP_V_STRING;
	out->u.s.text = text;
	out->u.s.len = strlen(text);
}

static void set_int(struct msp_value *out, uint64_t i)
{
	out->type = MSP_V_INT;
	out->u.i = i > INT64_MAX ? INT64_MAX : (int64_t)i;
}

static void set_double(struct msp_value *out, double d)
{
	out->type = MSP_V_DOUBLE;
	out->u.d = d;
}

/* A time when UTC, seconds when relative. */
static void set_time(struct msp_value *out, const struct msp_object *o, msp_time t)
{
	if (o->relative) {
		set_double(out, msp_time_to_seconds(t));
	} else {
		out->type = MSP_V_TIME;
		out->u.i = t;
	}
}

void msp_object_get(const struct msp_object *o, const char *key, struct msp_value *out,
                    char scratch[MSP_ID_TEXT])
{
	enum msp_field field = msp_field_of(o, key);

	memset(out, 0, sizeof *out);
	switch (field) {
	case MSP_F_NONE:
		(void)msp_meta_value(o, key, out);
		break;
	case MSP_F_KIND:
		set_text(out, msp_kind_name(o->kind));
		break;
	case MSP_F_LIVE:
		out->type = MSP_V_BOOL;
		out->u.b = o->live;
		break;
	case MSP_F_ID:
		set_text(out, msp_id_format(&o->id, scratch));
		break;
	case MSP_F_NPTS:
		set_int(out, o->npts);
		break;
	case MSP_F_NCOMP:
		set_int(out, o->ncomp);
		break;
	case MSP_F_DELTA:
		set_double(out, o->dt);
		break;
	case MSP_F_RATE:
		if (o->dt != 0)
			set_double(out, 1 / o->dt);
		break;
	case MSP_F_START:
		set_time(out, o, o->start);
		break;
	case MSP_F_END:
		set_time(out, o, msp_object_end(o));
		break;
	case MSP_F_STANDARD:
		set_text(out, o->relative ? "Relative" : "UTC");
		break;
	case MSP_F_SHIFT:
		if (o->relative && o->shift_valid) {
			out->type = MSP_V_TIME;
			out->u.i = o->shift;
		}
		break;
	}
}

static bool as_number(const struct msp_value *v, double *out)
{
	if (v->type == MSP_V_INT)
		*out = (double)v->u.i;
	else if (v->type == MSP_V_DOUBLE)
		*out = v->u.d;
	else
		return false;
	return true;
}

static int set_start(struct msp_object *o, const char *key, const struct msp_value *v, struct msp_error *err)
{
	char text[64];
	double seconds;

	if (v->type == MSP_V_TIME) {
		if (o->relative)
			return msp_error_set(err, MSP_USAGE,
			                     "%s of a relative object is seconds, not a UTC time", key);
		o->start = v->u.i;
		return MSP_OK;
	}
	if (v->type == MSP_V_STRING && !o->relative && v->u.s.len < sizeof text) {
		memcpy(text, v->u.s.text, v->u.s.len);
		text[v->u.s.len] = '\0';
		return msp_time_parse(text, &o->start, err);
	}
	if (!as_number(v, &seconds))
		return msp_error_set(err, MSP_USAGE, "%s must be a time or seconds", key);
	if (v->type == MSP_V_INT) { /* exact where a double would not be */
		if (__builtin_mul_overflow(v->u.i, MSP_NS, &o->start))
			return msp_error_set(err, MSP_USAGE, "%s is out of range", key);
		return MSP_OK;
	}
	if (msp_time_from_seconds(seconds, &o->start) != MSP_OK)
		return msp_error_set(err, MSP_USAGE, "%s is out of range", key);
	return MSP_OK;
}

static int set_interval(struct msp_object *o, const char *key, const struct msp_value *v, bool rate,
                        struct msp_error *err)
{
	double d;

	if (!as_number(v, &d) || !isfinite(d) || d <= 0 || !isfinite(1 / d))
		return msp_error_set(err, MSP_USAGE, "%s must be a number above 0", key);
	o->dt = rate ? 1 / d : d;
	return MSP_OK;
}

static int set_live(struct msp_object *o, const struct msp_value *v, struct msp_error *err)
{
	if (v->type != MSP_V_BOOL)
		return msp_error_set(err, MSP_USAGE, "live must be true or false");
	if (v->u.b)
		return msp_error_set(err, MSP_USAGE, "live cannot be set to true: the dead stay dead");
	if (o->live && msp_object_kill(o, "set", "live was set to false") != MSP_OK)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	return MSP_OK;
}

int msp_object_set(struct msp_object *o, const char *key, const struct msp_value *v, struct msp_error *err)
{
	enum msp_field field = msp_field_of(o, key);

	switch (field) {
	case MSP_F_NONE:
		return msp_meta_set(o, key, v, err);
	case MSP_F_LIVE:
		return set_live(o, v, err);
	case MSP_F_START:
		return set_start(o, key, v, err);
	case MSP_F_DELTA:
	case MSP_F_RATE:
		return set_interval(o, key, v, field == MSP_F_RATE, err);
	default:
		return msp_error_set(err, MSP_USAGE, "%s cannot be set", key);
	}
}
