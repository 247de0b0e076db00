/* Chance, and text put together by it. */
#ifndef TESTS_STORE_RANDOM_H
#define TESTS_STORE_RANDOM_H

#include <stdint.h>
#include <string.h>

static uint64_t gen_state;

static unsigned pick(unsigned n)
{
	gen_state = gen_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(gen_state >> 33) % n;
}

#define ONE_OF(list) (list)[pick(sizeof(list) / sizeof((list)[0]))]

struct text {
	char s[65536];
	size_t n;
};

static void add(struct text *t, const char *s)
{
	size_t n = strlen(s);

	if (t->n + n < sizeof(t->s)) {
		memcpy(t->s + t->n, s, n + 1);
		t->n += n;
	}
}

#endif
