/* What the programs of this directory share: clocks, in seconds. */
#ifndef TESTS_BENCH_H
#define TESTS_BENCH_H

#include <time.h>

static inline double clock_seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static inline double wall_time(void)
{
	return clock_seconds(CLOCK_MONOTONIC);
}

static inline double cpu_time(void) /* of this process */
{
	return clock_seconds(CLOCK_PROCESS_CPUTIME_ID);
}

#endif
