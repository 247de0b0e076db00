/* Objects printed whole: for people, as JSON, as CSV. */
#include "mspipe/tool.h"

#include "core/number.h"

#include <string.h>

/* ---- putting: what fails is remembered, and nothing is put after it ---- */

/* Texts are handed on when they have become long, so that memory does not grow with an object. */
#define LONG_TEXT (1 << 16)

static void flush(struct msp_dump *d)
{
	if (d->status == MSP_OK)
		d->status = d->write(d->context, d->out.data, d->out.len);
	d->out.len = 0;
}

static void appended(struct msp_dump *d, int r)
{
	if (d->status == MSP_OK)
		d->status = r;
	if (d->out.len > LONG_TEXT)
		flush(d);
}

static void put(struct msp_dump *d, const char *text)
{
	appended(d, msp_bytes_append(&d->out, text, strlen(text)));
}

/* Text from the stream as it is, but for what could break a line or drive a terminal. */
static void put_harmless(struct msp_dump *d, const char *text)
{
	size_t n = strlen(text);
	int r = msp_bytes_append(&d->out, text, n);

	if (r == MSP_OK && n > 0)
		msp_text_harmless(d->out.data + d->out.len - n, n);
	appended(d, r);
}

static void put_json_text(struct msp_dump *d, const char *text)
{
	appended(d, msp_json_string(text, strlen(text), &d->out));
}

static void put_bool(struct msp_dump *d, bool b)
{
	put(d, b ? "true" : "false");
}

static void put_double(struct msp_dump *d, double x)
{
	char buf[32];

	if (d->form == MSP_DUMP_JSON)
		appended(d, msp_json_double(x, &d->out));
	else
		put(d, msp_double_format(x, buf));
}

static char *count_text(uint64_t n, char buf[MSP_TIME_TEXT])
{
	snprintf(buf, MSP_TIME_TEXT, "%llu", (unsigned long long)n);
	return buf;
}

static void put_count(struct msp_dump *d, uint64_t n)
{
	char buf[MSP_TIME_TEXT];

	put(d, count_text(n, buf));
}

/* A time, or, when relative, seconds. */
static char *time_text(const struct msp_object *o, msp_time t, char buf[MSP_TIME_TEXT])
{
	return o->relative ? msp_seconds_format(t, buf) : msp_time_format(t, buf);
}

static void put_document(struct msp_dump *d, const struct msp_bytes *doc)
{
	appended(d, msp_json_document(doc->data, doc->len, &d->out));
}

/* ---- samples ----------------------------------------------------------- */

static bool has_samples(const struct msp_object *o)
{
	return msp_object_is_data(o) && o->live && o->type >= MSP_F64 && o->type <= MSP_I32 &&
	       o->samples.len > 0;
}

static void put_sample(struct msp_dump *d, const struct msp_object *o, uint32_t c, uint64_t i)
{
	const uint8_t *at = o->samples.data + (c * o->npts + i) * o->width;
	char buf[32];
	double x;
	float f;
	int32_t k;

	switch (o->type) {
	case MSP_I32:
		memcpy(&k, at, sizeof(k));
		put(d, msp_int_format(k, buf));
		return;
	case MSP_F32:
		memcpy(&f, at, sizeof(f));
		put_double(d, f);
		return;
	default:
		memcpy(&x, at, sizeof(x));
		put_double(d, x);
	}
}

/* A row for each sample: its time, then each component. */
static void rows(struct msp_dump *d, const struct msp_object *o, const char *before, const char *between)
{
	char buf[MSP_TIME_TEXT];
	uint64_t i;
	uint32_t c;

	for (i = 0; has_samples(o) && i < o->npts && d->status == MSP_OK; i++) {
		put(d, before);
		put(d, time_text(o, msp_object_time(o, (int64_t)i), buf));
		for (c = 0; c < o->ncomp; c++) {
			put(d, between);
			put_sample(d, o, c, i);
		}
		put(d, "\n");
	}
}

/* ---- JSON -------------------------------------------------------------- */

/* One array, or one for each component. */
static void json_samples(struct msp_dump *d, const struct msp_object *o)
{
	bool several = o->kind == MSP_SEISMOGRAM;
	uint32_t c, n = several ? o->ncomp : 1;
	uint64_t i;

	put(d, several ? ",\"samples\":[" : ",\"samples\":");
	for (c = 0; c < n; c++) {
		put(d, c ? ",[" : "[");
		for (i = 0; has_samples(o) && i < o->npts && d->status == MSP_OK; i++) {
			if (i)
				put(d, ",");
			put_sample(d, o, c, i);
		}
		put(d, "]");
	}
	if (several)
		put(d, "]");
}

static void json_log(struct msp_dump *d, const struct msp_object *o)
{
	uint32_t i, n = msp_object_log_count(o);
	struct msp_log_entry e;

	put(d, ",\"elog\":[");
	for (i = 0; i < n && d->status == MSP_OK && msp_object_log_get(o, i, &e); i++) {
		put(d, i ? ",{\"algorithm\":" : "{\"algorithm\":");
		put_json_text(d, e.algorithm);
		put(d, ",\"badness\":");
		put_json_text(d, e.badness);
		put(d, ",\"message\":");
		put_json_text(d, e.message);
		put(d, "}");
	}
	put(d, "]");
}

static void json_matrix(struct msp_dump *d, const struct msp_object *o)
{
	int i;

	for (i = 0; i < 9; i++) {
		put(d, i ? "," : ",\"tmatrix\":[");
		put_double(d, o->tmatrix[i]);
	}
	put(d, "],\"cardinal\":");
	put_bool(d, o->cardinal);
	put(d, ",\"orthogonal\":");
	put_bool(d, o->orthogonal);
}

/* In UTC a string; seconds are a number. */
static void json_times(struct msp_dump *d, const struct msp_object *o)
{
	char buf[MSP_TIME_TEXT];

	put(d, ",\"starttime\":");
	if (!o->relative) {
		put_json_text(d, time_text(o, o->start, buf));
		return;
	}
	put(d, time_text(o, o->start, buf));
	put(d, ",\"time_standard\":\"Relative\"");
	if (o->shift_valid) {
		put(d, ",\"starttime_shift\":");
		put_json_text(d, msp_time_format(o->shift, buf));
	}
}

static void json_fields(struct msp_dump *d, const struct msp_object *o)
{
	json_times(d, o);
	put(d, ",\"delta\":");
	put_double(d, o->dt);
	put(d, ",\"npts\":");
	put_count(d, o->npts);
	put(d, ",\"type\":");
	put_json_text(d, msp_type_name(o->type));
	if (o->kind == MSP_SEISMOGRAM)
		json_matrix(d, o);
}

static void json(struct msp_dump *d, const struct msp_object *o)
{
	char id[MSP_ID_TEXT];

	put(d, "{\"kind\":");
	put_json_text(d, msp_kind_name(o->kind));
	put(d, ",\"live\":");
	put_bool(d, o->live);
	put(d, ",\"id\":");
	put_json_text(d, msp_id_format(&o->id, id));
	if (msp_object_is_data(o))
		json_fields(d, o);
	put(d, ",\"metadata\":");
	put_document(d, &o->metadata);
	json_log(d, o);
	if (o->history.len) {
		put(d, ",\"history\":");
		put_document(d, &o->history);
	}
	if (d->samples && msp_object_is_data(o))
		json_samples(d, o);
	put(d, "}\n");
}

/* ---- CSV --------------------------------------------------------------- */

static void csv_columns(struct msp_dump *d, uint32_t n)
{
	uint32_t c;

	put(d, n == 1 ? "\ntime,value" : "\ntime");
	for (c = 0; n > 1 && c < n; c++) {
		put(d, ",value");
		put_count(d, c + 1);
	}
	put(d, "\n");
}

/* Two empty lines part the blocks, as gnuplot's `index` wants it. */
static void csv(struct msp_dump *d, const struct msp_object *o)
{
	char name[256];
	struct msp_log_entry e;
	uint32_t n = msp_object_log_count(o);

	put(d, d->second ? "\n\n# " : "# ");
	put(d, msp_kind_name(o->kind));
	put(d, o->live ? " live " : " DEAD ");
	put(d, msp_object_name(o, name, sizeof(name)));
	if (!msp_object_is_data(o)) {
		put(d, "\n");
		return;
	}
	put(d, " delta=");
	put_double(d, o->dt);
	put(d, " npts=");
	put_count(d, o->npts);
	if (!o->live && n > 0 && msp_object_log_get(o, n - 1, &e)) {
		put(d, " reason=");
		put_harmless(d, e.message);
	}
	csv_columns(d, o->ncomp);
	rows(d, o, "", ",");
}

/* ---- text -------------------------------------------------------------- */

static void line(struct msp_dump *d, const char *name, const char *value)
{
	char head[64];

	snprintf(head, sizeof(head), "  %-16s ", name);
	put(d, head);
	put(d, value);
	put(d, "\n");
}

/* Strings are printed as in JSON, since they may hold anything. */
static void text_metadata(struct msp_dump *d, const struct msp_object *o)
{
	struct msp_value v;
	bson_iter_t it;
	size_t n;

	if (!msp_meta_begin(o, &it))
		return;
	put(d, "  metadata\n");
	while (bson_iter_next(&it) && d->status == MSP_OK) {
		msp_value_of_iter(&it, &v);
		put(d, "    ");
		put_harmless(d, bson_iter_key(&it));
		for (n = strlen(bson_iter_key(&it)); n < 15; n++)
			put(d, " ");
		put(d, "  ");
		appended(d, msp_json_value(&v, &d->out));
		put(d, "\n");
	}
}

static void text_log(struct msp_dump *d, const struct msp_object *o)
{
	uint32_t i, n = msp_object_log_count(o);
	struct msp_log_entry e;

	if (n)
		put(d, "  error log\n");
	for (i = 0; i < n && d->status == MSP_OK && msp_object_log_get(o, i, &e); i++) {
		put(d, "    ");
		put_json_text(d, e.badness);
		put(d, " ");
		put_json_text(d, e.algorithm);
		put(d, " ");
		put_json_text(d, e.message);
		put(d, "\n");
	}
}

static void text_fields(struct msp_dump *d, const struct msp_object *o)
{
	char buf[MSP_TIME_TEXT];
	int i;

	if (o->relative)
		line(d, "time standard", "relative, seconds");
	if (o->relative && o->shift_valid)
		line(d, "starttime shift", msp_time_format(o->shift, buf));
	line(d, "starttime", time_text(o, o->start, buf));
	line(d, "endtime", time_text(o, msp_object_end(o), buf));
	line(d, "delta", msp_double_format(o->dt, buf));
	line(d, "npts", count_text(o->npts, buf));
	line(d, "type", msp_type_name(o->type));
	for (i = 0; o->kind == MSP_SEISMOGRAM && i < 9; i++) {
		put(d, i ? " " : "  tmatrix          ");
		put_double(d, o->tmatrix[i]);
		put(d, i == 8 ? "\n" : "");
	}
}

static void text(struct msp_dump *d, const struct msp_object *o)
{
	char id[MSP_ID_TEXT];

	put(d, msp_kind_name(o->kind));
	put(d, o->live ? " live\n" : " DEAD\n");
	line(d, "id", msp_id_format(&o->id, id));
	if (msp_object_is_data(o))
		text_fields(d, o);
	text_metadata(d, o);
	text_log(d, o);
	if (o->history.len) {
		put(d, "  history          ");
		put_document(d, &o->history);
		put(d, "\n");
	}
	if (d->samples && has_samples(o)) {
		put(d, "  samples\n");
		rows(d, o, "    ", "  ");
	}
}

/* ---- all three --------------------------------------------------------- */

int msp_dump_object(struct msp_dump *d, const struct msp_object *o)
{
	d->out.len = 0;
	d->status = MSP_OK;
	if (d->form == MSP_DUMP_JSON)
		json(d, o);
	else if (d->form == MSP_DUMP_CSV)
		csv(d, o);
	else
		text(d, o);
	flush(d);
	d->second = true;
	return d->status;
}

void msp_dump_free(struct msp_dump *d)
{
	msp_bytes_free(&d->out);
}
