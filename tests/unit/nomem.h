/* Memory that runs out: malloc() of the program that includes this fails at the allocation that countdown says, where the C library lets it. */
#ifndef TESTS_UNIT_NOMEM_H
#define TESTS_UNIT_NOMEM_H

#include <stdbool.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

#if defined(__GLIBC__) && !defined(SANITIZED)
#define CAN_FAIL 1
void *__libc_malloc(size_t n);

/* The allocation that fails; -1: none. Volatile: to the compiler, malloc() reads no variable of ours. */
static volatile long countdown = -1;

static bool fails(void)
{
	return countdown >= 0 && countdown-- == 0;
}

void *malloc(size_t n)
{
	return fails() ? NULL : __libc_malloc(n);
}
#endif

#endif
