/* SAC binary files, written: header version 6, little-endian. */
#include "format/decimal.h"
#include "format/sacheader.h"
#include "mspipe/format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct header {
	float number[SAC_FLOATS];
	int32_t whole[SAC_INTS];
	char text[SAC_TEXTS][17];
};

static void put32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static void put_float(uint8_t *p, float f)
{
	uint32_t bits;

	memcpy(&bits, &f, sizeof bits);
	put32(p, bits);
}

/* ---- header ------------------------------------------------------------ */

static int put_code(const struct msp_object *o, const char *key, char to[17], struct msp_error *err)
{
	const char *text = msp_meta_string(o, key, "");

	size_t n = strlen(text);

	if (n > 8)
		return msp_error_set(err, MSP_KILL, "%s \"%s\" is longer than SAC's 8 characters", key, text);
	if (n > 0)
		memcpy(to, text, n + 1);
	return MSP_OK;
}

static bool sac_value(const struct msp_object *o, const char *name, struct msp_value *v)
{
	char key[24];

	snprintf(key, sizeof key, "sac.%s", name);
	return msp_meta_value(o, key, v);
}

static bool sac_number(const struct msp_object *o, const char *name, double *out)
{
	struct msp_value v;

	if (!sac_value(o, name, &v) || (v.type != MSP_V_DOUBLE && v.type != MSP_V_INT && v.type != MSP_V_BOOL))
		return false;
	*out = v.type == MSP_V_DOUBLE ? v.u.d : v.type == MSP_V_INT ? (double)v.u.i : (double)v.u.b;
	return isfinite(*out);
}

/* What the metadata say under sac., over undefined. */
static void from_metadata(const struct msp_object *o, struct header *h)
{
	struct msp_value v;
	double d;

	for (int i = 0; i < SAC_FLOATS; i++)
		if (sac_float_names[i] != NULL && !sac_float_is_derived(i) && sac_number(o, sac_float_names[i], &d) &&
		    fabs(d) <= 3e38)
			h->number[i] = (float)d;
	for (int i = 0; i < SAC_INTS; i++)
		if (sac_int_names[i] != NULL && !sac_int_is_derived(i) && sac_number(o, sac_int_names[i], &d) &&
		    d >= INT32_MIN && d <= INT32_MAX)
			h->whole[i] = (int32_t)d;
	for (int i = 0; i < SAC_TEXTS; i++)
		if (!sac_text_is_code(i) && sac_value(o, sac_text_names[i], &v) && v.type == MSP_V_STRING && v.u.s.len > 0 &&
		    v.u.s.len <= sac_text_length(i)) {
			memset(h->text[i], 0, sizeof h->text[i]);
			memcpy(h->text[i], v.u.s.text, v.u.s.len);
		}
}

/* The reference time that the metadata's picks are relative to. */
static bool old_reference(const struct header *h, msp_time *out)
{
	const int32_t *nz = h->whole;
	struct msp_calendar c = { .year = nz[0], .yday = nz[1], .hour = nz[2], .minute = nz[3], .second = nz[4] };

	if (nz[5] < 0 || nz[5] > 999)
		return false;
	c.nanosecond = nz[5] * 1000000;
	return msp_time_from_yday(&c, out) == MSP_OK;
}

/* From times after one reference to times after another. */
static void shift_picks(struct header *h, msp_time from, msp_time to)
{
	msp_time ns;
	double by = __builtin_sub_overflow(from, to, &ns) ? msp_time_to_seconds(from) - msp_time_to_seconds(to)
	                                                 : msp_time_to_seconds(ns);

	for (int i = SAC_O; i <= SAC_F; i++)
		if (sac_float_names[i] != NULL && h->number[i] != (float)SAC_UNDEFINED)
			h->number[i] = (float)(float_decimal(h->number[i]) + by);
}

#define MS INT64_C(1000000) /* ns */

/* Reference time and b. */
static void put_time(const struct msp_object *o, struct header *h, struct msp_format_notes *notes)
{
	msp_time old, rest, ref;
	struct msp_calendar c;
	double b;

	if (o->relative) {
		for (int i = SAC_NZYEAR; i <= SAC_NZMSEC; i++)
			h->whole[i] = SAC_UNDEFINED;
		rest = o->start;
	} else {
		rest = ((o->start % MS) + MS) % MS;
		ref = o->start - rest; /* does not overflow: see check_object() */
		if (old_reference(h, &old))
			shift_picks(h, old, ref);
		msp_time_to_calendar(ref, &c);
		h->whole[0] = c.year;
		h->whole[1] = c.yday;
		h->whole[2] = c.hour;
		h->whole[3] = c.minute;
		h->whole[4] = c.second;
		h->whole[5] = c.nanosecond / 1000000;
		h->whole[SAC_IZTYPE] = 9; /* IB: the reference is the beginning */
	}
	b = msp_time_to_seconds(rest);
	h->number[SAC_B] = (float)b;
	h->number[SAC_E] = (float)(b + (double)(o->npts - 1) * o->dt);
	notes->time_rounded = llround((double)h->number[SAC_B] * 1e9) != rest;
}

static int check_object(const struct msp_object *o, struct msp_error *err)
{
	if (o->kind != MSP_TIMESERIES || !o->live)
		return msp_error_set(err, MSP_KILL, "no live time series");
	if (o->npts == 0 || o->samples.len / 4 < o->npts)
		return msp_error_set(err, MSP_KILL, "no samples");
	if (o->npts > INT32_MAX)
		return msp_error_set(err, MSP_KILL, "more samples than SAC can count");
	if (!((float)o->dt > 0 && o->dt < 3e38))
		return msp_error_set(err, MSP_KILL, "sample interval %g s is beyond what SAC holds", o->dt);
	if (o->type != MSP_I32 && o->type != MSP_F32 && o->type != MSP_F64)
		return msp_error_set(err, MSP_KILL, "samples of type %u", o->type);
	if (!o->relative && o->start < INT64_MIN + MS)
		return msp_error_set(err, MSP_KILL, "its reference time would be out of range");
	return MSP_OK;
}

static int fill(const struct msp_object *o, struct header *h, struct msp_format_notes *notes, struct msp_error *err)
{
	int rc;

	for (int i = 0; i < SAC_FLOATS; i++)
		h->number[i] = SAC_UNDEFINED;
	for (int i = 0; i < SAC_INTS; i++)
		h->whole[i] = SAC_UNDEFINED;
	for (int i = 0; i < SAC_TEXTS; i++)
		memcpy(h->text[i], "-12345", sizeof "-12345");
	h->whole[SAC_LPSPOL] = 0;
	h->whole[SAC_LOVROK] = 1;
	h->whole[SAC_LCALDA] = 1;
	h->whole[SAC_LCALDA + 1] = 0;
	from_metadata(o, h);
	if ((rc = put_code(o, "net", h->text[SAC_KNETWK], err)) != MSP_OK ||
	    (rc = put_code(o, "sta", h->text[SAC_KSTNM], err)) != MSP_OK ||
	    (rc = put_code(o, "loc", h->text[SAC_KHOLE], err)) != MSP_OK ||
	    (rc = put_code(o, "chan", h->text[SAC_KCMPNM], err)) != MSP_OK)
		return rc;
	h->number[SAC_DELTA] = (float)o->dt;
	notes->rate_rounded = float_decimal(h->number[SAC_DELTA]) != o->dt;
	h->whole[SAC_NVHDR] = 6;
	h->whole[SAC_NPTS] = (int32_t)o->npts;
	h->whole[SAC_IFTYPE] = SAC_ITIME;
	h->whole[SAC_LEVEN] = 1;
	put_time(o, h, notes);
	if (h->number[SAC_B] == (float)SAC_UNDEFINED)
		return msp_error_set(err, MSP_KILL, "it starts at -12345 s, which SAC takes for undefined");
	return MSP_OK;
}

static void write_header(const struct header *h, uint8_t *p)
{
	for (int i = 0; i < SAC_FLOATS; i++)
		put_float(p + 4 * i, h->number[i]);
	for (int i = 0; i < SAC_INTS; i++)
		put32(p + 4 * (SAC_FLOATS + i), (uint32_t)h->whole[i]);
	memset(p + SAC_TEXT_AT, ' ', SAC_HEADER - SAC_TEXT_AT);
	for (int i = 0; i < SAC_TEXTS; i++)
		memcpy(p + sac_text_at(i), h->text[i], strlen(h->text[i]));
}

/* ---- samples ----------------------------------------------------------- */

static double sample(const struct msp_object *o, uint64_t i)
{
	const void *x = o->samples.data;

	return o->type == MSP_I32 ? ((const int32_t *)x)[i] : o->type == MSP_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

static int write_samples(const struct msp_object *o, struct header *h, uint8_t *p, struct msp_format_notes *notes,
                         struct msp_error *err)
{
	double low = INFINITY, high = -INFINITY, sum = 0;

	for (uint64_t i = 0; i < o->npts; i++) {
		double x = sample(o, i);
		float f = (float)x;

		if (isinf(f) && !isinf(x))
			return msp_error_set(err, MSP_KILL, "sample %" PRIu64 " is %g: beyond the range of float32", i, x);
		notes->value_rounded |= (double)f != x && !isnan(x);
		if (o->type == MSP_F32)
			memcpy(&f, o->samples.data + 4 * i, sizeof f); /* a NaN's bits, too */
		put_float(p + 4 * i, f);
		low = x < low ? x : low;
		high = x > high ? x : high;
		sum += x;
	}
	if (isfinite(low) && isfinite(high) && isfinite(sum)) {
		h->number[SAC_DEPMIN] = (float)low;
		h->number[SAC_DEPMAX] = (float)high;
		h->number[SAC_DEPMEN] = (float)(sum / (double)o->npts);
	}
	return MSP_OK;
}

int msp_sac_write(const struct msp_object *o, struct msp_bytes *out, struct msp_format_notes *notes, struct msp_error *err)
{
	struct msp_format_notes scrap;
	struct header h;
	size_t need;
	int rc = check_object(o, err);

	if (rc != MSP_OK)
		return rc;
	if (notes == NULL)
		notes = &scrap;
	memset(notes, 0, sizeof *notes);
	memset(&h, 0, sizeof h);
	rc = fill(o, &h, notes, err);
	if (rc != MSP_OK)
		return rc;
	need = out->len + SAC_HEADER + 4 * (size_t)o->npts;
	if (msp_bytes_reserve(out, need) != MSP_OK)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	rc = write_samples(o, &h, out->data + out->len + SAC_HEADER, notes, err);
	if (rc != MSP_OK)
		return rc;
	write_header(&h, out->data + out->len);
	out->len = need;
	return MSP_OK;
}
