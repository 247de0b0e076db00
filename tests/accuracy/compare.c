/* Compares filters, trends and windows with reference.txt, which make_reference.py made from SciPy and ObsPy.
 * Usage: compare reference.txt [TOLERANCE]. Prints each case that differs by more than TOLERANCE (1e-9) of the
 * reference's peak, then one line for each kind: how many cases, and the largest difference. Exit 1 if any differs. */
#include "../unit/noise.h"
#include "mspipe/signal.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static double tolerance = 1e-9;

struct tally {
	unsigned cases, bad;
	double worst; /* relative to the peak */
};

/* ---- the signals of make_reference.py ------------------------------------ */

static int make_signal(const char *name, double *x, size_t n)
{
	uint64_t state = 1;
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(name, "noise") == 0)
			x[i] = noise(&state);
		else if (strcmp(name, "walk") == 0)
			x[i] = sum += noise(&state);
		else if (strcmp(name, "impulse") == 0)
			x[i] = i == n / 10;
		else if (strcmp(name, "step") == 0)
			x[i] = i >= n / 10;
		else if (strcmp(name, "nyquist") == 0)
			x[i] = i % 2 == 0 ? 1 : -1;
		else if (strcmp(name, "constant") == 0)
			x[i] = 12345.678;
		else if (strcmp(name, "huge") == 0)
			x[i] = noise(&state) * 1e300;
		else if (strcmp(name, "trend") == 0)
			x[i] = noise(&state) + (1e6 + 100.0 * (double)i);
		else
			return -1;
	}
	return 0;
}

/* ---- comparing ----------------------------------------------------------- */

/* y against "SAMPLE:VALUE ..."; differences are relative to the largest value there or `scale`. */
static void compare(const char *line, const char *pairs, const double *y, double scale, struct tally *t)
{
	double worst = 0, peak = scale, v;
	size_t k, count = 0;
	int used;

	for (const char *p = pairs; sscanf(p, " %zu:%lf%n", &k, &v, &used) == 2; p += used, count++) {
		double d = fabs(y[k] - v);

		peak = fmax(peak, fabs(v));
		worst = d <= worst ? worst : d; /* NaN is worst */
	}
	t->cases++;
	worst = worst > 0 || isnan(worst) ? worst / peak : 0;
	if (worst > t->worst)
		t->worst = worst;
	if (count > 0 && worst <= tolerance)
		return;
	t->bad++;
	printf("off by %.2e of the peak: %.100s\n", worst, line);
}

static int number_of(const char *name, const char *const *names)
{
	for (int i = 0; names[i]; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	return -1;
}

static int filter_case(const char *line, struct tally *t)
{
	static const char *const types[] = {"butterworth", "bessel", "chebyshev1", "chebyshev2", NULL};
	static const char *const bands[] = {"lowpass", "highpass", "bandpass", "bandstop", NULL};
	char type[16], band[16], sig[16];
	struct msp_filter_spec spec = {0};
	struct msp_filter f = {0};
	struct msp_error err = {0};
	int zero_phase, used;
	double *x;
	size_t n;

	if (sscanf(line, "filter %15s %15s %d %lf %lf %lf %d %15s %zu %n", type, band, &spec.corners, &spec.f1, &spec.f2,
	           &spec.ripple, &zero_phase, sig, &n, &used) != 9)
		return -1;
	spec.type = number_of(type, types);
	spec.band = number_of(band, bands);
	spec.zero_phase = zero_phase;
	x = malloc(n * sizeof *x);
	if (!x || make_signal(sig, x, n) < 0)
		return -1;
	if (msp_filter_design(&f, &spec, 0.5, &err) < 0) {
		t->bad++;
		printf("%s: %.100s\n", err.text, line);
	} else {
		msp_filter_apply(&f, x, n);
		compare(line, line + used, x, 0, t);
	}
	free(x);
	return 0;
}

static int detrend_case(const char *line, struct tally *t)
{
	static const char *const methods[] = {"", "mean", "linear", "simple", "polynomial", NULL};
	char method[16], sig[16];
	struct msp_error err = {0};
	int order, used;
	double *x, peak = 0;
	size_t n, i;

	if (sscanf(line, "detrend %15s %d %15s %zu %n", method, &order, sig, &n, &used) != 4)
		return -1;
	x = malloc(n * sizeof *x);
	if (!x || make_signal(sig, x, n) < 0)
		return -1;
	for (i = 0; i < n; i++)
		peak = fmax(peak, fabs(x[i]));
	if (msp_detrend(x, n, number_of(method, methods), order, &err) < 0) {
		t->bad++;
		printf("%s: %.100s\n", err.text, line);
	} else {
		compare(line, line + used, x, peak, t);
	}
	free(x);
	return 0;
}

static int window_case(const char *line, struct tally *t)
{
	struct msp_window_spec w = {.ref = MSP_WINDOW_ABSOLUTE};
	int64_t start, new_start, first, count;
	struct msp_error err = {0};
	struct msp_object o;
	uint64_t npts;
	bool ok;
	double dt;

	if (sscanf(line, "window %" SCNd64 " %lf %" SCNu64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64 " %" SCNd64,
	           &start, &dt, &npts, &w.start, &w.end, &first, &count, &new_start) != 8)
		return -1;
	msp_object_init(&o);
	if (msp_object_reset(&o, MSP_TIMESERIES, MSP_F64, npts) < 0)
		return -1;
	o.start = start;
	o.dt = dt;
	for (uint64_t i = 0; i < npts; i++)
		msp_object_f64(&o, 0)[i] = (double)i;
	ok = msp_object_window(&o, &w, &err) == MSP_OK && o.npts == (uint64_t)count && o.start == new_start
	     && msp_object_f64(&o, 0)[0] == (double)first && msp_object_f64(&o, 0)[o.npts - 1] == (double)(first + count - 1);
	t->cases++;
	if (!ok) {
		t->bad++;
		printf("%s: %" PRIu64 " samples from %" PRId64 ": %s", err.text, o.npts, o.start, line);
	}
	msp_object_free(&o);
	return 0;
}

static int read_cases(FILE *in, struct tally t[3])
{
	static char line[8192];

	while (fgets(line, sizeof line, in)) {
		int s = 0;

		if (strncmp(line, "filter ", 7) == 0)
			s = filter_case(line, &t[0]);
		else if (strncmp(line, "detrend ", 8) == 0)
			s = detrend_case(line, &t[1]);
		else if (strncmp(line, "window ", 7) == 0)
			s = window_case(line, &t[2]);
		else if (line[0] != '#')
			s = -1;
		if (s < 0) {
			fprintf(stderr, "compare: not a case: %s", line);
			return -1;
		}
	}
	return ferror(in) ? -1 : 0;
}

int main(int argc, char **argv)
{
	static const char *const kinds[] = {"filter", "detrend", "window"};
	struct tally t[3] = {{0}};
	int bad = 0;
	FILE *in;

	if (argc < 2 || !(in = fopen(argv[1], "r"))) {
		fprintf(stderr, "usage: compare reference.txt [TOLERANCE]\n");
		return 2;
	}
	if (argc > 2)
		tolerance = strtod(argv[2], NULL);
	bad = read_cases(in, t) < 0;
	fclose(in);
	for (int i = 0; i < 3; i++) {
		printf("%s: %u cases, %u differ, largest difference %.1e of the peak\n", kinds[i], t[i].cases, t[i].bad,
		       t[i].worst);
		bad |= t[i].bad > 0 || t[i].cases == 0;
	}
	return bad;
}
