/* msdump - the objects of a stream as text, JSON or CSV
 * reads: everything   writes: text   kills: nothing */
#include "mspipe/tool.h"

#include <string.h>

enum { TEXT, JSON, CSV };

struct dump {
	int form;
	bool samples;
	bool second; /* an object was printed before */
	struct msp_job *job;
	/* printed when it has become long, so that memory does not grow with an object */
	struct msp_bytes out;
};

#define FORM(f) .type = MSP_OPT_MODE, .mode = (f), .mode_offset = offsetof(struct dump, form)

static const struct msp_option options[] = {
	{.name = "text", FORM(TEXT), .help = "for people (the default)"},
	{.name = "json", FORM(JSON), .help = "a JSON document per line"},
	{.name = "csv", FORM(CSV), .help = "time, value; samples are always printed"},
	{.name = "samples", .letter = 's', .type = MSP_OPT_FLAG, .offset = offsetof(struct dump, samples),
	 .help = "print the samples, too"},
	{0},
};

/* ---- printing: 0, or below 0 when memory runs out or the text cannot be written ---- */

static int flush(struct dump *d)
{
	int r = msp_job_print(d->job, d->out.data, d->out.len);

	d->out.len = 0;
	return r;
}

static int checked(struct dump *d, int r)
{
	if (r != MSP_OK)
		return msp_error_set(msp_job_error(d->job), MSP_NOMEM, "out of memory");
	return d->out.len > 1 << 16 ? flush(d) : MSP_OK;
}

static int put(struct dump *d, const char *text)
{
	return checked(d, msp_bytes_append(&d->out, text, strlen(text)));
}

/* Text from the stream as it is, but for what could break a line or drive a terminal. */
static int put_harmless(struct dump *d, const char *text)
{
	size_t n = strlen(text);
	int r = msp_bytes_append(&d->out, text, n);

	if (r == MSP_OK && n > 0)
		msp_text_harmless(d->out.data + d->out.len - n, n);
	return checked(d, r);
}

static int put_json_text(struct dump *d, const char *text)
{
	return checked(d, msp_json_string(text, strlen(text), &d->out));
}

static int put_double(struct dump *d, double x)
{
	char buf[32];

	if (d->form == JSON)
		return checked(d, msp_json_double(x, &d->out));
	return put(d, msp_double_format(x, buf));
}

static int put_count(struct dump *d, uint64_t n)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)n);
	return put(d, buf);
}

/* A time, or, when relative, seconds: in JSON a string or a number. */
static int put_time(struct dump *d, const struct msp_object *o, msp_time t)
{
	char buf[MSP_TIME_TEXT];

	if (o->relative)
		return put(d, msp_seconds_format(t, buf));
	msp_time_format(t, buf);
	return d->form == JSON ? put_json_text(d, buf) : put(d, buf);
}

static int put_document(struct dump *d, const struct msp_bytes *doc)
{
	return checked(d, msp_json_document(doc->data, doc->len, &d->out));
}

static const char *kind_name(int kind)
{
	switch (kind) {
	case MSP_TIMESERIES: return "timeseries";
	case MSP_SEISMOGRAM: return "seismogram";
	case MSP_ENSEMBLE_BEGIN: return "ensemble";
	case MSP_ENSEMBLE_END: return "ensemble_end";
	default: return "unknown";
	}
}

static const char *type_name(int type)
{
	switch (type) {
	case MSP_NONE: return "none";
	case MSP_F64: return "f64";
	case MSP_F32: return "f32";
	case MSP_I32: return "i32";
	default: return "unknown";
	}
}

/* ---- samples ----------------------------------------------------------- */

static bool has_samples(const struct msp_object *o)
{
	return msp_object_is_data(o) && o->live && o->type >= MSP_F64 && o->type <= MSP_I32 &&
	       o->samples.len > 0;
}

static int put_sample(struct dump *d, const struct msp_object *o, uint32_t c, uint64_t i)
{
	const uint8_t *at = o->samples.data + (c * o->npts + i) * o->width;
	char buf[32];
	double x;
	float f;
	int32_t k;

	switch (o->type) {
	case MSP_I32:
		memcpy(&k, at, sizeof(k));
		snprintf(buf, sizeof(buf), "%ld", (long)k);
		return put(d, buf);
	case MSP_F32:
		memcpy(&f, at, sizeof(f));
		return put_double(d, f);
	default:
		memcpy(&x, at, sizeof(x));
		return put_double(d, x);
	}
}

/* One array, or one for each component. */
static int json_samples(struct dump *d, const struct msp_object *o)
{
	uint32_t c, n = o->kind == MSP_SEISMOGRAM ? o->ncomp : 1;
	int r = put(d, o->kind == MSP_SEISMOGRAM ? ",\"samples\":[" : ",\"samples\":");
	uint64_t i;

	for (c = 0; c < n && r == MSP_OK; c++) {
		r = put(d, c ? ",[" : "[");
		for (i = 0; has_samples(o) && i < o->npts && r == MSP_OK; i++)
			r = i && put(d, ",") ? MSP_FAIL : put_sample(d, o, c, i);
		if (r == MSP_OK)
			r = put(d, "]");
	}
	return r == MSP_OK && o->kind == MSP_SEISMOGRAM ? put(d, "]") : r;
}

/* A row for each sample: its time, then each component. */
static int rows(struct dump *d, const struct msp_object *o, const char *before, const char *between)
{
	uint64_t i;
	uint32_t c;
	int r = MSP_OK;

	for (i = 0; has_samples(o) && i < o->npts && r == MSP_OK; i++) {
		if (put(d, before) || put_time(d, o, msp_object_time(o, (int64_t)i)))
			return MSP_FAIL;
		for (c = 0; c < o->ncomp && r == MSP_OK; c++)
			r = put(d, between) ? MSP_FAIL : put_sample(d, o, c, i);
		if (r == MSP_OK)
			r = put(d, "\n");
	}
	return r;
}

/* ---- JSON -------------------------------------------------------------- */

static int json_log(struct dump *d, const struct msp_object *o)
{
	uint32_t i, n = msp_object_log_count(o);
	struct msp_log_entry e;
	int r = put(d, ",\"elog\":[");

	for (i = 0; i < n && r == MSP_OK && msp_object_log_get(o, i, &e); i++)
		if (put(d, i ? ",{\"algorithm\":" : "{\"algorithm\":") || put_json_text(d, e.algorithm) ||
		    put(d, ",\"badness\":") || put_json_text(d, e.badness) || put(d, ",\"message\":") ||
		    put_json_text(d, e.message) || put(d, "}"))
			r = MSP_FAIL;
	return r == MSP_OK ? put(d, "]") : r;
}

static int json_matrix(struct dump *d, const struct msp_object *o)
{
	int i, r = put(d, ",\"tmatrix\":[");

	for (i = 0; i < 9 && r == MSP_OK; i++)
		r = i && put(d, ",") ? MSP_FAIL : put_double(d, o->tmatrix[i]);
	if (r != MSP_OK || put(d, "],\"cardinal\":") || put(d, o->cardinal ? "true" : "false") ||
	    put(d, ",\"orthogonal\":") || put(d, o->orthogonal ? "true" : "false"))
		return MSP_FAIL;
	return MSP_OK;
}

static int json_shift(struct dump *d, const struct msp_object *o)
{
	char buf[MSP_TIME_TEXT];

	if (put(d, ",\"time_standard\":\"Relative\""))
		return MSP_FAIL;
	if (!o->shift_valid)
		return MSP_OK;
	return put(d, ",\"starttime_shift\":") || put_json_text(d, msp_time_format(o->shift, buf)) ?
	       MSP_FAIL : MSP_OK;
}

static int json_fields(struct dump *d, const struct msp_object *o)
{
	if (put(d, ",\"starttime\":") || put_time(d, o, o->start) || (o->relative && json_shift(d, o)) ||
	    put(d, ",\"delta\":") || put_double(d, o->dt) || put(d, ",\"npts\":") || put_count(d, o->npts) ||
	    put(d, ",\"type\":") || put_json_text(d, type_name(o->type)))
		return MSP_FAIL;
	return o->kind == MSP_SEISMOGRAM ? json_matrix(d, o) : MSP_OK;
}

static int json(struct dump *d, const struct msp_object *o)
{
	char id[MSP_ID_TEXT];

	if (put(d, "{\"kind\":") || put_json_text(d, kind_name(o->kind)) || put(d, ",\"live\":") ||
	    put(d, o->live ? "true" : "false") || put(d, ",\"id\":") ||
	    put_json_text(d, msp_id_format(&o->id, id)))
		return MSP_FAIL;
	if (msp_object_is_data(o) && json_fields(d, o))
		return MSP_FAIL;
	if (put(d, ",\"metadata\":") || put_document(d, &o->metadata) || json_log(d, o))
		return MSP_FAIL;
	if (o->history.len && (put(d, ",\"history\":") || put_document(d, &o->history)))
		return MSP_FAIL;
	if (d->samples && msp_object_is_data(o) && json_samples(d, o))
		return MSP_FAIL;
	return put(d, "}\n");
}

/* ---- CSV --------------------------------------------------------------- */

/* Two empty lines part the blocks, as gnuplot's `index` wants it. */
static int csv(struct dump *d, const struct msp_object *o)
{
	char name[256];
	struct msp_log_entry e;
	uint32_t c, n = msp_object_log_count(o);

	if (put(d, d->second ? "\n\n# " : "# ") || put(d, kind_name(o->kind)) ||
	    put(d, o->live ? " live " : " DEAD ") ||
	    put(d, msp_object_name(o, name, sizeof(name))))
		return MSP_FAIL;
	if (!msp_object_is_data(o))
		return put(d, "\n");
	if (put(d, " delta=") || put_double(d, o->dt) || put(d, " npts=") || put_count(d, o->npts))
		return MSP_FAIL;
	if (!o->live && n > 0 && msp_object_log_get(o, n - 1, &e) &&
	    (put(d, " reason=") || put_harmless(d, e.message)))
		return MSP_FAIL;
	if (put(d, o->ncomp == 1 ? "\ntime,value\n" : "\ntime"))
		return MSP_FAIL;
	for (c = 0; o->ncomp > 1 && c < o->ncomp; c++)
		if (put(d, ",value") || put_count(d, c + 1))
			return MSP_FAIL;
	if (o->ncomp > 1 && put(d, "\n"))
		return MSP_FAIL;
	return rows(d, o, "", ",");
}

/* ---- text -------------------------------------------------------------- */

/* A line of two or three columns; strings are printed as in JSON, since they may hold anything. */
static int line(struct dump *d, const char *name, const char *value)
{
	char head[64];

	snprintf(head, sizeof(head), "  %-16s ", name);
	return put(d, head) || put(d, value) || put(d, "\n") ? MSP_FAIL : MSP_OK;
}

static int text_metadata(struct dump *d, const struct msp_bytes *doc)
{
	struct msp_value v;
	bson_iter_t it;
	bson_t b;
	size_t n;

	if (doc->len == 0 || !bson_init_static(&b, doc->data, doc->len) || !bson_iter_init(&it, &b))
		return MSP_OK;
	if (put(d, "  metadata\n"))
		return MSP_FAIL;
	while (bson_iter_next(&it)) {
		msp_value_of_iter(&it, &v);
		if (put(d, "    ") || put_harmless(d, bson_iter_key(&it)))
			return MSP_FAIL;
		for (n = strlen(bson_iter_key(&it)); n < 15; n++)
			if (put(d, " "))
				return MSP_FAIL;
		if (put(d, "  ") || checked(d, msp_json_value(&v, &d->out)) || put(d, "\n"))
			return MSP_FAIL;
	}
	return MSP_OK;
}

static int text_log(struct dump *d, const struct msp_object *o)
{
	uint32_t i, n = msp_object_log_count(o);
	struct msp_log_entry e;

	if (n && put(d, "  error log\n"))
		return MSP_FAIL;
	for (i = 0; i < n && msp_object_log_get(o, i, &e); i++)
		if (put(d, "    ") || put_json_text(d, e.badness) || put(d, " ") ||
		    put_json_text(d, e.algorithm) ||
		    put(d, " ") || put_json_text(d, e.message) || put(d, "\n"))
			return MSP_FAIL;
	return MSP_OK;
}

static int text_time(struct dump *d, const struct msp_object *o, const char *name, msp_time t)
{
	char buf[MSP_TIME_TEXT];

	return line(d, name, o->relative ? msp_seconds_format(t, buf) : msp_time_format(t, buf));
}

static int text_fields(struct dump *d, const struct msp_object *o)
{
	char buf[MSP_TIME_TEXT];
	int i;

	if (o->relative && line(d, "time standard", "relative, seconds"))
		return MSP_FAIL;
	if (o->relative && o->shift_valid && line(d, "starttime shift", msp_time_format(o->shift, buf)))
		return MSP_FAIL;
	if (text_time(d, o, "starttime", o->start) || text_time(d, o, "endtime", msp_object_end(o)) ||
	    line(d, "delta", msp_double_format(o->dt, buf)))
		return MSP_FAIL;
	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)o->npts);
	if (line(d, "npts", buf) || line(d, "type", type_name(o->type)))
		return MSP_FAIL;
	for (i = 0; o->kind == MSP_SEISMOGRAM && i < 9; i++)
		if ((i == 0 && put(d, "  tmatrix         ")) || put(d, " ") || put_double(d, o->tmatrix[i]) ||
		    (i == 8 && put(d, "\n")))
			return MSP_FAIL;
	return MSP_OK;
}

static int text(struct dump *d, const struct msp_object *o)
{
	char id[MSP_ID_TEXT];

	if (put(d, kind_name(o->kind)) || put(d, o->live ? " live\n" : " DEAD\n") ||
	    line(d, "id", msp_id_format(&o->id, id)) || (msp_object_is_data(o) && text_fields(d, o)) ||
	    text_metadata(d, &o->metadata) || text_log(d, o))
		return MSP_FAIL;
	if (o->history.len && (put(d, "  history          ") || put_document(d, &o->history) || put(d, "\n")))
		return MSP_FAIL;
	if (d->samples && has_samples(o))
		return put(d, "  samples\n") || rows(d, o, "    ", "  ") ? MSP_FAIL : MSP_OK;
	return MSP_OK;
}

/* ---- the command ------------------------------------------------------- */

static int start(void *self, struct msp_job *job)
{
	struct dump *d = self;

	d->job = job;
	return MSP_OK;
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct dump *d = self;
	int r;

	d->out.len = 0;
	r = d->form == JSON ? json(d, o) : d->form == CSV ? csv(d, o) : text(d, o);
	if (r != MSP_OK)
		return msp_job_error(job)->status;
	d->second = true;
	return flush(d);
}

static void stop(void *self)
{
	struct dump *d = self;

	msp_bytes_free(&d->out);
}

const struct msp_tool msp_tool = {
	.name = "msdump",
	.summary = "print the objects of a stream as text, JSON or CSV",
	.options = options,
	.size = sizeof(struct dump),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_TEXT,
	.start = start,
	.flow = flow,
	.stop = stop,
};
