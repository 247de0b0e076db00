/* LD_PRELOAD: a machine that slept: its clock is as many seconds later as the file says that MSP_LATER names. */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int clock_gettime(clockid_t clock, struct timespec *t)
{
	union { void *symbol; int (*call)(clockid_t, struct timespec *); } real = {.symbol = dlsym(RTLD_NEXT, "clock_gettime")};
	const char *path = getenv("MSP_LATER");
	int r = real.call(clock, t);
	long later = 0;
	FILE *f;

	if (r != 0 || clock != CLOCK_BOOTTIME || !path)
		return r;
	f = fopen(path, "r");
	if (!f)
		return r;
	if (fscanf(f, "%ld", &later) == 1)
		t->tv_sec += later;
	fclose(f);
	return r;
}
