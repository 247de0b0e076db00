/* What the inner loops cost: ns per sample, the best of many rounds over one series that stays in the cache.
 * Usage: filter [SAMPLES [SECONDS]]. One line each: NAME NS. causal and zero-phase are a Butterworth band-pass of
 * 4 corners on the path that msfilter takes; NAME/PATH the same on each path that this processor has. */
#include "../unit/noise.h"
#include "bench.h"

#include "signal/filter.h"
#include "signal/trend.h"

#include <stdlib.h>
#include <string.h>

struct work {
	const double *source;
	double *x;
	size_t n;
	struct msp_filter f;
	int path, method;
};

static void filter(struct work *w)
{
	msp_iir_run(w->f.section, w->f.n, w->x, w->n, 1, w->path);
}

static void zero_phase(struct work *w)
{
	filter(w);
	msp_iir_run(w->f.section, w->f.n, w->x + (w->n - 1), w->n, -1, w->path);
}

static void detrend(struct work *w)
{
	struct msp_error err;

	if (msp_detrend(w->x, w->n, w->method, 3, &err) < 0)
		abort();
}

static void check(struct work *w)
{
	if (msp_find_nonfinite(w->x, w->n) < w->n)
		abort();
}

static void measure(const char *name, void (*run)(struct work *), struct work *w, double seconds)
{
	double best = 1e9, end = wall_time() + seconds;

	do {
		double t;

		memcpy(w->x, w->source, w->n * sizeof *w->x);
		t = wall_time();
		run(w);
		t = wall_time() - t;
		if (t < best)
			best = t;
	} while (wall_time() < end);
	printf("%s %.3f\n", name, best / (double)w->n * 1e9);
}

static void measure_filters(struct work *w, double seconds)
{
	static const char *const paths[] = {"/portable", "/avx2", "/avx512", ""};
	struct msp_filter_spec spec = {.band = MSP_BANDPASS, .corners = 4, .f1 = 0.01, .f2 = 2};
	struct msp_error err;
	char name[64];

	if (msp_filter_design(&w->f, &spec, 0.05, &err) < 0)
		abort();
	for (w->path = MSP_CPU_BEST; w->path >= MSP_CPU_PORTABLE; w->path--) {
		if (!msp_cpu_has(w->path))
			continue;
		snprintf(name, sizeof name, "causal%s", paths[w->path]);
		measure(name, filter, w, seconds);
		snprintf(name, sizeof name, "zero-phase%s", paths[w->path]);
		measure(name, zero_phase, w, seconds);
	}
	w->path = MSP_CPU_BEST;
	spec.corners = 10;
	if (msp_filter_design(&w->f, &spec, 0.05, &err) < 0)
		abort();
	measure("causal-10-corners", filter, w, seconds);
}

int main(int argc, char **argv)
{
	size_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : 12000;
	double seconds = argc > 2 ? strtod(argv[2], NULL) : 0.2, *source, *x;
	struct work w = {0};

	if (n < 10 || n > SIZE_MAX / sizeof *x)
		return 2;
	source = malloc(n * sizeof *source);
	x = malloc(n * sizeof *x);
	if (!source || !x)
		return 1;
	fill_noise(source, n, 1);
	w.source = source;
	w.x = x;
	w.n = n;
	measure_filters(&w, seconds);
	w.method = MSP_DETREND_MEAN;
	measure("demean", detrend, &w, seconds);
	w.method = MSP_DETREND_LINEAR;
	measure("detrend", detrend, &w, seconds);
	w.method = MSP_DETREND_POLYNOMIAL;
	measure("polynomial-3", detrend, &w, seconds);
	measure("check-finite", check, &w, seconds);
	free(source);
	free(x);
	return 0;
}
