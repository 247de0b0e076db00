/* mssynth - makes synthetic objects: the same options give the same bytes on every machine
 * reads: nothing   writes: samples, net, sta, loc, chan   kills: every K-th object, with --dead-every K */
#include "mspipe/signal.h"
#include "mspipe/tool.h"

#include <string.h>

struct synth {
	int64_t count, npts, seed, dead_every, ensembles;
	double rate;
	msp_time start;
	const char *signal, *text; /* of the codes */
	int type, kind; /* as the choices below stand */
	struct msp_synth_spec spec;
	struct msp_object object;
	struct msp_codes codes;
};

#define AT(f) .offset = offsetof(struct synth, f)

static const struct msp_option options[] = {
	{.name = "count", .letter = 'n', .type = MSP_OPT_INT, AT(count), .arg = "COUNT", .def = "1", .min = 0,
	 .max = 1e15,
	 .help = "objects (default 1)"},
	{.name = "npts", .type = MSP_OPT_INT, AT(npts), .arg = "N", .def = "1000", .min = 0, .max = 1e15,
	 .help = "samples of each component (default 1000)"},
	{.name = "rate", .type = MSP_OPT_HZ, AT(rate), .arg = "HZ", .def = "20",
	 .help = "samples per second (default 20)"},
	{.name = "start", .type = MSP_OPT_TIME, AT(start), .arg = "T", .def = "2020-01-01T00:00:00Z",
	 .help = "time of the first sample (default 2020-01-01)"},
	{.name = "seed", .type = MSP_OPT_INT, AT(seed), .arg = "S", .def = "1", .min = 0, .max = 1e15,
	 .help = "another seed, other random numbers (default 1)"},
	{.name = "signal", .type = MSP_OPT_STRING, AT(signal), .arg = "SIGNAL", .def = "walk",
	 .help = "walk, noise, sine:HZ, impulse or ricker:HZ (default walk)"},
	{.name = "type", .type = MSP_OPT_CHOICE, AT(type), .arg = "TYPE", .choices = "f64|f32|i32",
	 .def = "f64",
	 .help = "of the samples: f64, f32 or i32 (default f64)"},
	{.name = "codes", .type = MSP_OPT_STRING, AT(text), .arg = "NET.STA.LOC.CHAN",
	 .help = "of the first object; STA counts up (default XX.S0001.00.BHZ)"},
	{.name = "dead-every", .type = MSP_OPT_INT, AT(dead_every), .arg = "K", .min = 0, .max = 1e15,
	 .help = "kill every K-th object (default: none)"},
	{.name = "ensembles", .type = MSP_OPT_INT, AT(ensembles), .arg = "M", .min = 0, .max = 1e15,
	 .help = "put the objects into M ensembles (default: none)"},
	{.name = "kind", .type = MSP_OPT_CHOICE, AT(kind), .arg = "KIND", .choices = "timeseries|seismogram",
	 .def = "timeseries", .help = "timeseries or seismogram (default timeseries)"},
	{0},
};

/* walk, noise, sine:HZ, impulse, ricker:HZ */
static int parse_signal(struct synth *s, struct msp_error *err)
{
	size_t n = strcspn(s->signal, ":");
	bool hz;

	s->spec.signal = msp_synth_signal_parse(s->signal, n, &hz);
	if (s->spec.signal < 0)
		return msp_error_set(err, MSP_USAGE, "--signal %s: not walk, noise, sine:HZ, impulse or ricker:HZ",
		                     s->signal);
	if (!hz && s->signal[n] == '\0')
		return MSP_OK;
	if (!hz)
		return msp_error_set(err, MSP_USAGE, "--signal %s: %.*s takes no frequency", s->signal, (int)n,
		                     s->signal);
	if (s->signal[n] == '\0')
		return msp_error_set(err, MSP_USAGE, "--signal %s: at which frequency? Write %s:HZ", s->signal,
		                     s->signal);
	if (msp_parse_hz(s->signal + n + 1, &s->spec.hz, err) == MSP_OK)
		return MSP_OK;
	(void)msp_error_prefix(err, "--signal");
	return MSP_USAGE;
}

static int start(void *self, struct msp_job *job)
{
	struct synth *s = self;
	struct msp_error *err = msp_job_error(job);

	msp_object_init(&s->object);
	if (msp_job_operands(job) > 0)
		return msp_error_set(err, MSP_USAGE, "%s: mssynth reads no files", msp_job_operand(job, 0));
	if (!s->text) /* three components are no single channel */
		s->text = s->kind == 1 ? "XX.S0001.00.BH" : "XX.S0001.00.BHZ";
	s->spec.seed = (uint64_t)s->seed;
	if (parse_signal(s, err) != MSP_OK)
		return MSP_USAGE;
	return msp_codes_parse(s->text, &s->codes, err) < 0 ? msp_error_prefix(err, "--codes %s", s->text) : MSP_OK;
}

static int make(struct synth *s, struct msp_job *job, int64_t number)
{
	struct msp_object *o = &s->object;
	bool dies = s->dead_every > 0 && (number + 1) % s->dead_every == 0;
	int type = MSP_F64 + s->type, r;
	char sta[MSP_STATION_TEXT];

	if (msp_object_reset(o, s->kind == 1 ? MSP_SEISMOGRAM : MSP_TIMESERIES, dies ? MSP_NONE : type,
	                     (uint64_t)s->npts) != MSP_OK)
		return msp_error_set(msp_job_error(job), MSP_NOMEM, "out of memory for %lld samples",
		                     (long long)s->npts);
	o->start = s->start;
	o->dt = 1 / s->rate;
	if (msp_codes_set(&s->codes, msp_codes_station(&s->codes, number, sta), o) != MSP_OK)
		return msp_error_set(msp_job_error(job), MSP_NOMEM, "out of memory");
	if (dies) {
		(void)msp_error_set(msp_job_error(job), MSP_KILL, "killed on demand (--dead-every)");
		r = msp_job_kill(job, o);
		o->type = (uint8_t)type;
		o->width = type == MSP_F64 ? 8 : 4;
	} else {
		r = msp_object_synth(o, &s->spec, (uint64_t)number, msp_job_error(job));
	}
	if (r != MSP_OK)
		return r;
	msp_object_origin_id(o);
	return msp_pass(job, o);
}

/* Opens or closes ensemble `number` (from 1). */
static int bracket(struct synth *s, struct msp_job *job, int kind, int64_t number)
{
	struct msp_object *o = &s->object;

	if (msp_object_reset(o, kind, MSP_NONE, 0) != MSP_OK ||
	    (kind == MSP_ENSEMBLE_BEGIN && msp_meta_set_int(o, "ensemble", number) != MSP_OK))
		return msp_error_set(msp_job_error(job), MSP_NOMEM, "out of memory");
	msp_object_origin_id(o);
	return msp_pass(job, o);
}

/* Objects from..to-1. */
static int make_range(struct synth *s, struct msp_job *job, int64_t from, int64_t to)
{
	int r = MSP_OK;

	for (; from < to && r == MSP_OK; from++)
		r = msp_job_interrupted(job) ? MSP_INTERRUPTED : make(s, job, from);
	return r;
}

static int drain(void *self, struct msp_job *job)
{
	struct synth *s = self;
	int64_t k, done = 0, each, more;
	int r = MSP_OK;

	if (s->ensembles == 0)
		return make_range(s, job, 0, s->count);
	each = s->count / s->ensembles; /* the first ones get one more, till all are given out */
	more = s->count % s->ensembles;
	for (k = 0; k < s->ensembles && r == MSP_OK; k++) {
		int64_t n = each + (k < more);
		r = bracket(s, job, MSP_ENSEMBLE_BEGIN, k + 1);
		if (r == MSP_OK)
			r = make_range(s, job, done, done + n);
		if (r == MSP_OK)
			r = bracket(s, job, MSP_ENSEMBLE_END, k + 1);
		done += n;
	}
	return r;
}

static void stop(void *self)
{
	struct synth *s = self;

	msp_object_free(&s->object);
}

const struct msp_tool msp_tool = {
	.name = "mssynth",
	.summary = "make synthetic objects",
	.options = options,
	.size = sizeof(struct synth),
	.flags = MSP_TOOL_SOURCE,
	.start = start,
	.drain = drain,
	.stop = stop,
};
