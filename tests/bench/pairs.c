/* pairs N 'A' 'B' - runs two shell commands in turn, N times after a warm-up, and prints
 *   wall_A cpu_A wall_B cpu_B wall_A/wall_B cpu_A/cpu_B maxrss_A
 * (seconds, medians; the ratios are medians of the pairs; KiB). A command that fails ends it with status 1. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

struct run {
	double wall, cpu;
	long rss;
};

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

static struct run run(const char *command)
{
	struct run r = {wall_time(), 0, 0};
	struct rusage use;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &use) != pid || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
		fprintf(stderr, "pairs: failed: %s\n", command);
		exit(1);
	}
	r.wall = wall_time() - r.wall;
	r.cpu = seconds(use.ru_utime) + seconds(use.ru_stime);
	r.rss = use.ru_maxrss;
	return r;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof(*v), compare);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

int main(int argc, char **argv)
{
	enum { MOST = 100 };
	static double v[6][MOST];
	int n = argc == 4 ? atoi(argv[1]) : 0;
	long rss = 0;

	if (n < 1 || n > MOST) {
		fputs("usage: pairs N 'A' 'B'\n", stderr);
		return 2;
	}
	for (int i = -1; i < n; i++) {
		struct run a = run(argv[2]), b = run(argv[3]);

		if (i < 0)
			continue;
		v[0][i] = a.wall;
		v[1][i] = a.cpu;
		v[2][i] = b.wall;
		v[3][i] = b.cpu;
		v[4][i] = a.wall / b.wall;
		v[5][i] = a.cpu / (b.cpu > 0 ? b.cpu : 1e-6);
		rss = a.rss > rss ? a.rss : rss;
	}
	for (int k = 0; k < 6; k++)
		printf("%.6f ", median(v[k], n));
	printf("%ld\n", rss);
	return 0;
}
