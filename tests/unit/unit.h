/* The whole unit-test harness: CHECK() counts, unit_end() reports. One file of
 * tests/unit is one program; it exits 1 if a check failed. */
#ifndef UNIT_H
#define UNIT_H

#include <stdio.h>

static unsigned unit_passed, unit_failed;

#define CHECK(cond) CHECKF(cond, "%s", "")
/* As CHECK, with what was seen. */
#define CHECKF(cond, ...)                                                      \
	do {                                                                   \
		if (cond) {                                                    \
			unit_passed++;                                         \
		} else {                                                       \
			unit_failed++;                                         \
			fprintf(stderr, "%s:%d: %s: ", __FILE__, __LINE__, #cond); \
			fprintf(stderr, __VA_ARGS__);                          \
			fputc('\n', stderr);                                   \
		}                                                              \
	} while (0)

static inline int unit_end(const char *name)
{
	printf("%s: %u passed, %u failed\n", name, unit_passed, unit_failed);
	return unit_failed != 0;
}

#endif
