/* msfilter - filters each time series recursively
 * reads: samples, dt   writes: samples (doubles)   kills: NaN, infinity, corners at or above Nyquist */
#include "mspipe/signal.h"
#include "mspipe/tool.h"

#include <string.h>

#define RATES 4 /* sample intervals whose designs are kept: streams may have several by turns */

struct filter {
	int band; /* 1 + enum msp_filter_band */
	double corner[2];
	int64_t corners;
	bool zero_phase;
	const char *type;
	char type_text[64];
	struct msp_filter filter[RATES]; /* each designed for another dt */
	unsigned next;                   /* the one to be given up next */
};

#define BAND(b)                                                                       \
	.mode = 1 + (b), .mode_offset = offsetof(struct filter, band),                \
	.offset = offsetof(struct filter, corner)

static const struct msp_option options[] = {
	{.name = "bandpass", .letter = 'b', .type = MSP_OPT_HZ2, .arg = "F1,F2", BAND(MSP_BANDPASS),
	 .help = "pass what is between F1 and F2"},
	{.name = "highpass", .letter = 'H', .type = MSP_OPT_HZ, .arg = "F", BAND(MSP_HIGHPASS),
	 .help = "pass what is above F"},
	{.name = "lowpass", .letter = 'L', .type = MSP_OPT_HZ, .arg = "F", BAND(MSP_LOWPASS),
	 .help = "pass what is below F"},
	{.name = "bandstop", .type = MSP_OPT_HZ2, .arg = "F1,F2", BAND(MSP_BANDSTOP),
	 .help = "stop what is between F1 and F2"},
	{.name = "corners", .letter = 'n', .type = MSP_OPT_INT, .offset = offsetof(struct filter, corners),
	 .arg = "N", .def = "4", .min = 1, .max = MSP_FILTER_MAX_CORNERS,
	 .help = "order of the filter (default 4)"},
	{.name = "zero-phase", .letter = 'z', .type = MSP_OPT_FLAG,
	 .offset = offsetof(struct filter, zero_phase), .help = "filter forward, then backward"},
	{.name = "type", .letter = 't', .type = MSP_OPT_STRING, .offset = offsetof(struct filter, type),
	 .arg = "TYPE", .def = "butterworth",
	 .help = "butterworth, bessel, chebyshev1:DB or chebyshev2:DB (default butterworth)"},
	{0},
};

static const char *const type_name[] = {
	[MSP_BUTTERWORTH] = "butterworth",
	[MSP_BESSEL] = "bessel",
	[MSP_CHEBYSHEV1] = "chebyshev1",
	[MSP_CHEBYSHEV2] = "chebyshev2",
};

static int unknown_type(const struct filter *f, struct msp_error *err)
{
	return msp_error_set(err, MSP_USAGE,
	                     "--type: '%s' is none of butterworth, bessel, chebyshev1:DB, chebyshev2:DB",
	                     f->type);
}

/* NAME or NAME:DB. What is left in f->type is the same text however it was spelled. */
static int parse_type(struct filter *f, struct msp_filter_spec *spec, struct msp_error *err)
{
	size_t len = strcspn(f->type, ":");
	const char *db = f->type[len] ? f->type + len + 1 : NULL;
	char number[32];
	int t;

	for (t = MSP_BUTTERWORTH; t <= MSP_CHEBYSHEV2; t++)
		if (strlen(type_name[t]) == len && strncmp(type_name[t], f->type, len) == 0)
			break;
	if (t > MSP_CHEBYSHEV2 || (db && t < MSP_CHEBYSHEV1))
		return unknown_type(f, err);
	spec->type = t;
	if (t < MSP_CHEBYSHEV1)
		return MSP_OK;
	if (!db)
		return msp_error_set(err, MSP_USAGE, "--type: %s needs its %s: %s:DB", type_name[t],
		                     t == MSP_CHEBYSHEV1 ? "ripple" : "attenuation", type_name[t]);
	if (msp_parse_double(db, &spec->ripple, err) < 0)
		return unknown_type(f, err);
	snprintf(f->type_text, sizeof f->type_text, "%s:%s", type_name[t],
	         msp_double_format(spec->ripple, number));
	f->type = f->type_text;
	return MSP_OK;
}

static int start(void *self, struct msp_job *job)
{
	struct filter *f = self;
	struct msp_filter_spec *spec = &f->filter[0].spec;
	int s;

	if (!f->band)
		return msp_error_set(msp_job_error(job), MSP_USAGE,
		                     "which band? Give --bandpass F1,F2, --highpass F, --lowpass F or "
		                     "--bandstop F1,F2");
	spec->band = f->band - 1;
	spec->corners = (int)f->corners;
	spec->zero_phase = f->zero_phase;
	spec->f1 = f->corner[0];
	spec->f2 = f->corner[1];
	s = parse_type(f, spec, msp_job_error(job));
	for (int i = 1; i < RATES; i++)
		f->filter[i].spec = *spec;
	return s < 0 ? s : msp_filter_check(spec, msp_job_error(job));
}

/* The filter that was designed for that dt, or one that may be designed anew. */
static struct msp_filter *filter_for(struct filter *f, double dt)
{
	for (int i = 0; i < RATES; i++)
		if (f->filter[i].dt >= dt && f->filter[i].dt <= dt)
			return &f->filter[i];
	f->next = (f->next + 1) % RATES;
	return &f->filter[f->next];
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct filter *f = self;
	int s = msp_object_filter(o, filter_for(f, o->dt), msp_job_error(job));

	return s < 0 ? s : msp_emit(job, o);
}

const struct msp_tool msp_tool = {
	.name = "msfilter",
	.summary = "filter each time series recursively",
	.options = options,
	.size = sizeof(struct filter),
	.kinds = MSP_HANDLES_DATA,
	.start = start,
	.flow = flow,
};
