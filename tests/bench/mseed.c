/* mseed FILE - miniSEED to objects, in one process, against libmseed's whole-file reader: "ours_ns theirs_ns ratio",
 * per sample, medians of pairs. */
#include "bench.h"

#include "mspipe/format.h"

#include <fcntl.h>
#include <libmseed.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PAIRS = 7 };

static double ours(const char *path, double *samples)
{
	struct msp_error err = {0};
	double t = cpu_time();
	int fd = open(path, O_RDONLY), s;
	struct msp_input *in = msp_input_open(fd, path, NULL, &err);
	struct msp_object o;

	msp_object_init(&o);
	*samples = 0;
	if (!in) {
		fprintf(stderr, "mseed: %s\n", err.text);
		exit(1);
	}
	while ((s = msp_input_next(in, &o, &err)) == 1)
		*samples += o.live ? (double)o.npts : 0;
	if (s < 0)
		exit(1);
	msp_input_free(in);
	msp_object_free(&o);
	close(fd);
	return cpu_time() - t;
}

static double theirs(const char *path, double *samples)
{
	double t = cpu_time();
	MSTraceGroup *group = NULL;
	char *name = (char *)(size_t)path;

	*samples = 0;
	if (ms_readtraces(&group, name, 0, -1, -1, 0, 1, 1, 0) != MS_NOERROR)
		exit(1);
	for (MSTrace *m = group->traces; m; m = m->next)
		*samples += (double)m->numsamples;
	mst_freegroup(&group);
	return cpu_time() - t;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
	double a[PAIRS], b[PAIRS], r[PAIRS], n1, n2;

	if (argc != 2)
		return 2;
	ours(argv[1], &n1);
	theirs(argv[1], &n2);
	if (n1 != n2) {
		fprintf(stderr, "mseed: %.0f samples, libmseed has %.0f\n", n1, n2);
		return 1;
	}
	for (int i = 0; i < PAIRS; i++) {
		a[i] = ours(argv[1], &n1) * 1e9 / n1;
		b[i] = theirs(argv[1], &n2) * 1e9 / n2;
		r[i] = b[i] / a[i];
	}
	qsort(a, PAIRS, sizeof(*a), compare);
	qsort(b, PAIRS, sizeof(*b), compare);
	qsort(r, PAIRS, sizeof(*r), compare);
	printf("%.2f %.2f %.2f\n", a[PAIRS / 2], b[PAIRS / 2], r[PAIRS / 2]);
	return 0;
}
