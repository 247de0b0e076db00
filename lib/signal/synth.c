/* Synthetic signals, the same bits everywhere: integers for what is random, polynomials for sine and
 * exponential. */
#include "mspipe/signal.h"

#include <math.h>
#include <string.h>

#define AMPLITUDE 1000.0
#define BLOCK 1024

/* SplitMix64: a counter, hashed. */
#define GAMMA UINT64_C(0x9E3779B97F4A7C15)

static uint64_t mix(uint64_t z)
{
	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

/* The state of one component. */
struct synth {
	const struct msp_synth_spec *spec;
	double dt, scale;
	uint64_t random;     /* counter of the generator */
	int64_t walk;        /* in 1/1024 */
	uint64_t phase, turn; /* of the sine: 2^64 is a whole turn; per sample */
	uint64_t centre;
};

/* Sum of the four 16-bit parts of a random number, less its mean. */
static int64_t step(uint64_t r)
{
	return (int64_t)((r & 0xffff) + (r >> 16 & 0xffff) + (r >> 32 & 0xffff) + (r >> 48)) - 131070;
}

static void make_walk(struct synth *s, double *x, size_t n)
{
	uint64_t random = s->random;
	int64_t walk = s->walk;
	size_t k;

	for (k = 0; k < n; k++) {
		walk += step(mix(random += GAMMA));
		x[k] = (double)walk * (0x1p-10 * s->scale);
	}
	s->random = random;
	s->walk = walk;
}

static void make_noise(struct synth *s, double *x, size_t n)
{
	size_t k;

	for (k = 0; k < n; k++)
		x[k] = (double)step(mix(s->random + (uint64_t)(k + 1) * GAMMA)) * (0x1p-10 * s->scale);
	s->random += (uint64_t)n * GAMMA;
}

/* sin(2 pi turns), |turns| <= 1/4: Taylor's series to y^21, whose next term is below 2e-18. */
static double sine_of_turns(double turns)
{
	static const double c[] = { /* -1/3!, 1/5!, ... as ratios of neighbours: 1/(2k(2k+1)) */
		1.0 / (20 * 21), 1.0 / (18 * 19), 1.0 / (16 * 17), 1.0 / (14 * 15), 1.0 / (12 * 13),
		1.0 / (10 * 11), 1.0 / (8 * 9), 1.0 / (6 * 7), 1.0 / (4 * 5), 1.0 / (2 * 3) };
	double y = turns * 6.283185307179586, z = y * y, sum = 1;
	size_t i;

	for (i = 0; i < sizeof c / sizeof c[0]; i++)
		sum = 1 - z * c[i] * sum;
	return y * sum;
}

static void make_sine(struct synth *s, double *x, size_t n)
{
	size_t k;

	for (k = 0; k < n; k++) {
		/* -1/2..1/2 of a turn, folded to -1/4..1/4, where the sine is the same */
		double turns = (double)(int64_t)s->phase * 0x1p-64;
		if (turns > 0.25)
			turns = 0.5 - turns;
		else if (turns < -0.25)
			turns = -0.5 - turns;
		x[k] = AMPLITUDE * s->scale * sine_of_turns(turns);
		s->phase += s->turn;
	}
}

/* exp(-a), a >= 0: 2^-m exp(-r), |r| <= ln 2 / 2, Taylor's series to r^14. */
static double decay(double a)
{
	double m, r, sum = 1, power = 1, square = 0.5;
	uint64_t bits;
	int i;

	if (!(a < 700))
		return 0;
	m = floor(a * 1.4426950408889634 + 0.5);
	/* ln 2 in two parts, the first with few digits */
	r = (a - m * 0.693145751953125) - m * 1.4286068203094173e-06;
	for (i = 14; i > 0; i--)
		sum = 1 - r / i * sum;
	for (bits = (uint64_t)m; bits; bits >>= 1, square *= square)
		if (bits & 1)
			power *= square;
	return sum * power;
}

static void make_centred(struct synth *s, uint64_t at, double *x, size_t n)
{
	size_t k;

	for (k = 0; k < n; k++) {
		double off = (double)((int64_t)(at + k) - (int64_t)s->centre);
		double y = 3.141592653589793 * s->spec->hz * (off * s->dt), a = y * y;
		if (s->spec->signal == MSP_SYNTH_IMPULSE)
			x[k] = off == 0 ? AMPLITUDE * s->scale : 0;
		else
			x[k] = AMPLITUDE * s->scale * (a < 700 ? (1 - 2 * a) * decay(a) : 0);
	}
}

static void make(struct synth *s, uint64_t at, double *x, size_t n)
{
	switch (s->spec->signal) {
	case MSP_SYNTH_WALK:
		make_walk(s, x, n);
		break;
	case MSP_SYNTH_NOISE:
		make_noise(s, x, n);
		break;
	case MSP_SYNTH_SINE:
		make_sine(s, x, n);
		break;
	default:
		make_centred(s, at, x, n);
		break;
	}
}

static int32_t to_i32(double v)
{
	v = floor(v + 0.5);
	return v >= INT32_MAX ? INT32_MAX : v <= INT32_MIN ? INT32_MIN : (int32_t)v;
}

/* Writes n samples at `to` in the type of the object. */
static void store(int type, void *to, const double *x, size_t n)
{
	float *f = to;
	int32_t *i = to;
	size_t k;

	if (type == MSP_F64)
		memcpy(to, x, n * sizeof *x);
	else if (type == MSP_F32)
		for (k = 0; k < n; k++)
			f[k] = (float)x[k];
	else
		for (k = 0; k < n; k++)
			i[k] = to_i32(x[k]);
}

static void begin(struct synth *s, const struct msp_object *o, const struct msp_synth_spec *spec,
                  uint64_t number, uint32_t c)
{
	double turns = spec->hz * o->dt;

	memset(s, 0, sizeof *s);
	s->spec = spec;
	s->dt = o->dt;
	s->scale = c == 0 ? 1 : c == 1 ? 0.5 : 0.25;
	s->random = mix(mix(mix(spec->seed + GAMMA) + number * GAMMA) + c * GAMMA);
	s->centre = o->npts / 2;
	if (spec->signal == MSP_SYNTH_SINE) {
		turns -= floor(turns);
		s->turn = turns < 1 ? (uint64_t)(turns * 0x1p64) : 0;
	}
}

int msp_object_synth(struct msp_object *o, const struct msp_synth_spec *spec, uint64_t number,
                     struct msp_error *err)
{
	double x[BLOCK];
	uint64_t at, n;
	struct synth s;
	uint32_t c;

	if (spec->signal < MSP_SYNTH_WALK || spec->signal > MSP_SYNTH_RICKER || o->type < MSP_F64 ||
	    o->type > MSP_I32)
		return msp_error_set(err, MSP_USAGE, "no such synthetic signal or type of samples");
	if (msp_object_writable(o) != MSP_OK)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	for (c = 0; c < o->ncomp && o->samples.len; c++) {
		begin(&s, o, spec, number, c);
		for (at = 0; at < o->npts; at += n) {
			n = o->npts - at < BLOCK ? o->npts - at : BLOCK;
			make(&s, at, x, (size_t)n);
			store(o->type, o->samples.data + (c * o->npts + at) * o->width, x, (size_t)n);
		}
	}
	return MSP_OK;
}

int msp_synth_signal_parse(const char *name, size_t n, bool *hz)
{
	static const struct { const char *name; bool hz; } signals[] = {
		[MSP_SYNTH_WALK] = {"walk", false},
		[MSP_SYNTH_NOISE] = {"noise", false},
		[MSP_SYNTH_SINE] = {"sine", true},
		[MSP_SYNTH_IMPULSE] = {"impulse", false},
		[MSP_SYNTH_RICKER] = {"ricker", true},
	};
	int i;

	for (i = 0; i < (int)(sizeof signals / sizeof signals[0]); i++) {
		if (strlen(signals[i].name) != n || strncmp(name, signals[i].name, n) != 0)
			continue;
		*hz = signals[i].hz;
		return i;
	}
	return -1;
}
