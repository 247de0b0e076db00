/* msls - a line per object
 * reads: all fields, net, sta, loc, chan, any key with -f   writes: text   kills: nothing */
#include "mspipe/tool.h"

#include <math.h>
#include <string.h>

struct ls {
	const char *format;
	bool all; /* -l */
	bool inside; /* an ensemble */
	struct msp_bytes line;
};

static const struct msp_option options[] = {
	{.name = "format", .letter = 'f', .type = MSP_OPT_STRING, .offset = offsetof(struct ls, format),
	 .arg = "FORMAT",
	 .help = "print FORMAT, with %{KEY} replaced, for each object"},
	{.name = "long", .letter = 'l', .type = MSP_OPT_FLAG, .offset = offsetof(struct ls, all),
	 .help = "print also end time, type, id and the names of the metadata"},
	{0},
};

/* ---- a line ------------------------------------------------------------ */

static int add(struct ls *s, const char *text)
{
	return msp_bytes_append(&s->line, text, strlen(text));
}

/* What came from a stream must neither break the line nor drive the terminal. */
static void make_harmless(struct ls *s, size_t from)
{
	if (s->line.len > from)
		msp_text_harmless(s->line.data + from, s->line.len - from);
}

/* Blanks up to a column; one at least. */
static int pad(struct ls *s, size_t column)
{
	do
		if (add(s, " ") != MSP_OK)
			return MSP_NOMEM;
	while (s->line.len < column);
	return MSP_OK;
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

/* The worst entry of the log, the last of its like: "algorithm: message". False if there is none. */
static bool reason(const struct msp_object *o, struct msp_log_entry *out)
{
	uint32_t n = msp_object_log_count(o), i, worst = MSP_INFORMATIONAL + 1;
	struct msp_log_entry e;
	int severity;

	for (i = 0; i < n && msp_object_log_get(o, i, &e); i++) {
		for (severity = 0; severity < MSP_INFORMATIONAL; severity++)
			if (strcmp(e.badness, msp_severity_name(severity)) == 0)
				break;
		if ((uint32_t)severity <= worst) {
			worst = (uint32_t)severity;
			*out = e;
		}
	}
	return worst <= MSP_INFORMATIONAL;
}

static int add_reason(struct ls *s, const struct msp_object *o)
{
	struct msp_log_entry e;
	size_t from = s->line.len;

	if (!reason(o, &e))
		return add(s, "no reason given");
	if (add(s, e.algorithm) || add(s, ": ") || add(s, e.message))
		return MSP_NOMEM;
	make_harmless(s, from);
	return MSP_OK;
}

/* ---- the usual line ---------------------------------------------------- */

static int add_codes(struct ls *s, const struct msp_object *o)
{
	static const char *const codes[] = {"net", "sta", "loc", "chan"};
	size_t from = s->line.len, i;

	for (i = 0; i < 4; i++)
		if ((i > 0 && add(s, ".")) || add(s, msp_meta_string(o, codes[i], "")))
			return MSP_NOMEM;
	make_harmless(s, from);
	return MSP_OK;
}

static int add_time(struct ls *s, const struct msp_object *o, msp_time t)
{
	char buf[MSP_TIME_TEXT];

	if (!o->relative)
		return add(s, msp_time_format(t, buf));
	return add(s, msp_seconds_format(t, buf)) || add(s, " s") ? MSP_NOMEM : MSP_OK;
}

static int add_rate(struct ls *s, const struct msp_object *o)
{
	char buf[48];

	/* for the eye; %{sampling_rate} and %{delta} give every digit */
	if (!(o->dt > 0))
		return add(s, "no rate");
	snprintf(buf, sizeof(buf), "%.10g Hz", 1 / o->dt);
	return add(s, buf);
}

/* Names of the metadata: top level. */
static int add_keys(struct ls *s, const struct msp_object *o)
{
	size_t from = s->line.len;
	bson_iter_t it;
	bson_t b;

	if (o->metadata.len == 0 || !bson_init_static(&b, o->metadata.data, o->metadata.len) ||
	    !bson_iter_init(&it, &b))
		return MSP_OK;
	while (bson_iter_next(&it))
		if (add(s, s->line.len > from ? "," : "") || add(s, bson_iter_key(&it)))
			return MSP_NOMEM;
	make_harmless(s, from);
	return MSP_OK;
}

static int add_long(struct ls *s, const struct msp_object *o)
{
	char id[MSP_ID_TEXT];

	if (msp_object_is_data(o) && (add(s, "  to ") || add_time(s, o, msp_object_end(o)) || add(s, "  ") ||
	                              add(s, type_name(o->type))))
		return MSP_NOMEM;
	if (add(s, "  ") || add(s, msp_id_format(&o->id, id)) || add(s, "  ") || add_keys(s, o))
		return MSP_NOMEM;
	return MSP_OK;
}

/* Columns as wide as codes of the SEED length and times to the microsecond are. */
static int data_line(struct ls *s, const struct msp_object *o, bool colour)
{
	size_t at = s->line.len, hidden = 0;
	char npts[32];

	if (add(s, o->kind == MSP_TIMESERIES ? "timeseries " : "seismogram "))
		return MSP_NOMEM;
	if (!o->live && colour) { /* bytes that take no column */
		hidden = strlen("\033[31m\033[0m");
		if (add(s, "\033[31m") || add(s, "DEAD") || add(s, "\033[0m"))
			return MSP_NOMEM;
	} else if (add(s, o->live ? "live" : "DEAD")) {
		return MSP_NOMEM;
	}
	at += hidden;
	if (add(s, " ") || add_codes(s, o) || pad(s, at + 33) || add_time(s, o, o->start) || pad(s, at + 61))
		return MSP_NOMEM;
	snprintf(npts, sizeof(npts), "%8llu  ", (unsigned long long)o->npts);
	if (add(s, npts) || add_rate(s, o))
		return MSP_NOMEM;
	if (s->all && add_long(s, o))
		return MSP_NOMEM;
	return !o->live && (pad(s, at + 79) || add_reason(s, o)) ? MSP_NOMEM : MSP_OK;
}

/* The metadata of an ensemble, in full: they are few. */
static int add_metadata(struct ls *s, const struct msp_object *o)
{
	size_t from = s->line.len;
	bson_iter_t it;
	bson_t b;

	if (o->metadata.len == 0 || !bson_init_static(&b, o->metadata.data, o->metadata.len) ||
	    !bson_iter_init(&it, &b))
		return MSP_OK;
	while (bson_iter_next(&it)) {
		struct msp_value v;
		msp_value_of_iter(&it, &v);
		if (add(s, "  ") || add(s, bson_iter_key(&it)) || add(s, "=") || msp_value_text(&v, &s->line))
			return MSP_NOMEM;
	}
	make_harmless(s, from);
	return MSP_OK;
}

static int usual_line(struct ls *s, const struct msp_object *o, bool colour)
{
	char buf[48];

	switch (o->kind) {
	case MSP_TIMESERIES:
	case MSP_SEISMOGRAM:
		if (s->inside && add(s, "  "))
			return MSP_NOMEM;
		return data_line(s, o, colour);
	case MSP_ENSEMBLE_BEGIN:
		s->inside = true;
		if (add(s, "{ ensemble") || (!o->live && (add(s, " DEAD  ") || add_reason(s, o))) ||
		    add_metadata(s, o))
			return MSP_NOMEM;
		return s->all ? add_long(s, o) : MSP_OK;
	case MSP_ENSEMBLE_END:
		s->inside = false;
		return add(s, "}");
	default:
		snprintf(buf, sizeof(buf), "%sobject of unknown kind %u", s->inside ? "  " : "",
		         (unsigned)o->kind);
		return add(s, buf) || (s->all && add_long(s, o)) ? MSP_NOMEM : MSP_OK;
	}
}

/* ---- FORMAT ------------------------------------------------------------ */

static int add_value(struct ls *s, const struct msp_object *o, const char *key)
{
	char scratch[MSP_ID_TEXT];
	size_t from = s->line.len;
	struct msp_value v;

	msp_object_get(o, key, &v, scratch);
	if (v.type == MSP_V_UNDEFINED && strcmp(key, "type") == 0)
		return add(s, type_name(o->type));
	if (v.type == MSP_V_UNDEFINED && strcmp(key, "reason") == 0 && !o->live)
		return add_reason(s, o);
	if (v.type == MSP_V_UNDEFINED)
		return add(s, "-");
	if (msp_value_text(&v, &s->line) != MSP_OK)
		return MSP_NOMEM;
	make_harmless(s, from);
	return MSP_OK;
}

/* One piece of FORMAT at *p, which moves on; without an object, only a check. */
static int piece(struct ls *s, const char **p, const struct msp_object *o, struct msp_error *err)
{
	char key[256], c[2] = {**p, '\0'};
	size_t n;

	if ((*p)[0] == '%' && (*p)[1] == '{') {
		n = strcspn(*p + 2, "}");
		if ((*p)[2 + n] == '\0' || n == 0 || n >= sizeof(key))
			return msp_error_set(err, MSP_USAGE, "--format: %s: %s", *p,
			                     n == 0        ? "no key"
			                     : (*p)[2 + n] ? "the key is too long"
			                                   : "no } after the key");
		memcpy(key, *p + 2, n);
		key[n] = '\0';
		*p += n + 3;
		return o ? add_value(s, o, key) : MSP_OK;
	}
	if (**p == '%' && (*p)[1] != '%')
		return msp_error_set(err, MSP_USAGE, "--format: %s: after %% comes {KEY} or %%", *p);
	if (**p == '\\') {
		c[0] = (*p)[1] == 'n' ? '\n' : (*p)[1] == 't' ? '\t' : (*p)[1] == '\\' ? '\\' : '\0';
		if (c[0] == '\0')
			return msp_error_set(err, MSP_USAGE, "--format: %s: only \\n, \\t and \\\\ are known",
			                     *p);
	}
	*p += **p == '%' || **p == '\\' ? 2 : 1;
	return o ? add(s, c) : MSP_OK;
}

static int formatted(struct ls *s, const struct msp_object *o, struct msp_error *err)
{
	const char *p = s->format;
	int r = MSP_OK;

	while (*p && r == MSP_OK)
		r = piece(s, &p, o, err);
	return r;
}

/* ---- the command ------------------------------------------------------- */

static int start(void *self, struct msp_job *job)
{
	struct ls *s = self;

	return s->format ? formatted(s, NULL, msp_job_error(job)) : MSP_OK;
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct ls *s = self;
	int r;

	s->line.len = 0;
	if (s->format && !msp_object_is_data(o))
		return MSP_OK;
	r = s->format ? formatted(s, o, msp_job_error(job)) : usual_line(s, o, msp_job_colour(job));
	if (r == MSP_OK)
		r = add(s, "\n");
	if (r != MSP_OK)
		return msp_error_set(msp_job_error(job), MSP_NOMEM, "out of memory");
	return msp_job_print(job, s->line.data, s->line.len);
}

static void stop(void *self)
{
	struct ls *s = self;

	msp_bytes_free(&s->line);
}

const struct msp_tool msp_tool = {
	.name = "msls",
	.summary = "list the objects of a stream",
	.options = options,
	.size = sizeof(struct ls),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_TEXT,
	.start = start,
	.flow = flow,
	.stop = stop,
};
