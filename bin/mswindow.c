/* mswindow - cuts each time series to a window of time
 * reads: start, dt   writes: start, npts, samples   kills: short data, windows outside the data */
#include "mspipe/signal.h"
#include "mspipe/tool.h"

#include <string.h>

struct window {
	const char *ref;
	int short_data; /* enum msp_window_short */
	struct msp_window_spec spec;
};

static const struct msp_option options[] = {
	{.name = "ref", .letter = 'r', .type = MSP_OPT_STRING, .offset = offsetof(struct window, ref),
	 .arg = "start|zero|KEY", .def = "start",
	 .help = "what START and END count from: start of the object, zero of its time axis, a key "
	         "(default start)"},
	{.name = "short", .letter = 's', .type = MSP_OPT_CHOICE,
	 .offset = offsetof(struct window, short_data),
	 .choices = "kill|truncate|pad", .arg = "kill|truncate|pad", .def = "kill",
	 .help = "what becomes of data that do not fill the window (default kill)"},
	{0},
};

/* A number, with a unit perhaps, is seconds after the reference; anything else is a time. */
static int parse_bound(const char *text, msp_time *out, bool *absolute, struct msp_error *err)
{
	struct msp_error ignored = {0};
	double seconds;

	*absolute = msp_parse_seconds(text, &seconds, &ignored) < 0;
	if (*absolute)
		return msp_time_parse(text, out, err);
	if (msp_time_from_seconds(seconds, out) < 0)
		return msp_error_set(err, MSP_USAGE, "%s is out of range", text);
	return MSP_OK;
}

/* The same text however the bounds were spelled: part of the stage's identity. */
static int set_identity(struct msp_job *job, const struct msp_window_spec *w, bool absolute)
{
	char a[MSP_TIME_TEXT], b[MSP_TIME_TEXT], text[2 * MSP_TIME_TEXT + 2];
	char *(*format)(msp_time, char *) = absolute ? msp_time_format : msp_seconds_format;

	snprintf(text, sizeof text, "%s %s", format(w->start, a), format(w->end, b));
	return msp_job_canonical_operands(job, text);
}

static int start(void *self, struct msp_job *job)
{
	struct window *w = self;
	struct msp_error *err = msp_job_error(job);
	bool absolute, end_absolute;
	int s;

	if ((s = parse_bound(msp_job_operand(job, 0), &w->spec.start, &absolute, err)) < 0
	    || (s = parse_bound(msp_job_operand(job, 1), &w->spec.end, &end_absolute, err)) < 0)
		return s;
	if (absolute != end_absolute)
		return msp_error_set(err, MSP_USAGE, "START and END must both be seconds or both be times");
	w->spec.short_data = w->short_data;
	w->spec.ref = MSP_WINDOW_KEY;
	w->spec.key = w->ref;
	if (strcmp(w->ref, "start") == 0)
		w->spec.ref = absolute ? MSP_WINDOW_ABSOLUTE : MSP_WINDOW_START;
	else if (absolute)
		return msp_error_set(err, MSP_USAGE, "--ref: START and END are times and need no reference");
	else if (strcmp(w->ref, "zero") == 0)
		w->spec.ref = MSP_WINDOW_ZERO;
	if ((s = msp_window_check(&w->spec, err)) < 0)
		return s;
	return set_identity(job, &w->spec, absolute);
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct window *w = self;
	int s = msp_object_window(o, &w->spec, msp_job_error(job));

	return s < 0 ? s : msp_emit(job, o);
}

const struct msp_tool msp_tool = {
	.name = "mswindow",
	.summary = "cut each time series to a window of time",
	.operands = "START END",
	.options = options,
	.size = sizeof(struct window),
	.kinds = MSP_HANDLES_DATA,
	.own_operands = 2,
	.start = start,
	.flow = flow,
};
