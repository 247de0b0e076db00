/* Objects printed whole: their parts. */
#include "tool/dump.h"

#include "core/number.h"

#include <string.h>

/* Texts are handed on when they have become long, so that memory does not grow with an object. */
#define LONG_TEXT (1 << 16)

void dump_flush(struct msp_dump *d)
{
	if (d->status == MSP_OK)
		d->status = d->write(d->context, d->out.data, d->out.len);
	d->out.len = 0;
}

void dump_appended(struct msp_dump *d, int r)
{
	if (d->status == MSP_OK)
		d->status = r;
	if (d->out.len > LONG_TEXT)
		dump_flush(d);
}

void dump_put(struct msp_dump *d, const char *text)
{
	dump_appended(d, msp_bytes_append(&d->out, text, strlen(text)));
}

void dump_harmless(struct msp_dump *d, const char *text)
{
	size_t n = strlen(text);
	int r = msp_bytes_append(&d->out, text, n);

	if (r == MSP_OK && n > 0)
		msp_text_harmless(d->out.data + d->out.len - n, n);
	dump_appended(d, r);
}

void dump_json_text(struct msp_dump *d, const char *text)
{
	dump_appended(d, msp_json_string(text, strlen(text), &d->out));
}

void dump_bool(struct msp_dump *d, bool b)
{
	dump_put(d, b ? "true" : "false");
}

void dump_double(struct msp_dump *d, double x)
{
	char buf[32];

	if (d->form == MSP_DUMP_JSON)
		dump_appended(d, msp_json_double(x, &d->out));
	else
		dump_put(d, msp_double_format(x, buf));
}

char *dump_count_text(uint64_t n, char buf[MSP_TIME_TEXT])
{
	snprintf(buf, MSP_TIME_TEXT, "%llu", (unsigned long long)n);
	return buf;
}

void dump_count(struct msp_dump *d, uint64_t n)
{
	char buf[MSP_TIME_TEXT];

	dump_put(d, dump_count_text(n, buf));
}

char *dump_time_text(const struct msp_object *o, msp_time t, char buf[MSP_TIME_TEXT])
{
	return o->relative ? msp_seconds_format(t, buf) : msp_time_format(t, buf);
}

void dump_document(struct msp_dump *d, const struct msp_bytes *doc)
{
	dump_appended(d, msp_json_document(doc->data, doc->len, &d->out));
}

/* ---- samples ----------------------------------------------------------- */

bool dump_has_samples(const struct msp_object *o)
{
	return msp_object_is_data(o) && o->live && o->type >= MSP_F64 && o->type <= MSP_I32 &&
	       o->samples.len > 0;
}

void dump_sample(struct msp_dump *d, const struct msp_object *o, uint32_t c, uint64_t i)
{
	const uint8_t *at = o->samples.data + (c * o->npts + i) * o->width;
	char buf[32];
	double x;
	float f;
	int32_t k;

	switch (o->type) {
	case MSP_I32:
		memcpy(&k, at, sizeof(k));
		dump_put(d, msp_int_format(k, buf));
		return;
	case MSP_F32:
		memcpy(&f, at, sizeof(f));
		dump_double(d, f);
		return;
	default:
		memcpy(&x, at, sizeof(x));
		dump_double(d, x);
	}
}
