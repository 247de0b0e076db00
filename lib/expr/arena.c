/* Memory of an expression: small pieces in a few chunks, freed or forgotten all at once, so that an
 * evaluation that makes strings calls malloc only the first times. */
#include "expr/expr.h"

#include <stdlib.h>
#include <string.h>

#define CHUNK 1024

void *expr_alloc(struct expr_arena *a, size_t n)
{
	const size_t align = sizeof(max_align_t);
	if (n > SIZE_MAX / 4)
		return NULL;
	n = (n + align - 1) / align * align;
	struct expr_chunk *c = a->head;
	if (!c || c->size - c->used < n) {
		size_t size = c && c->size < SIZE_MAX / 4 ? 2 * c->size : CHUNK;
		if (size < n)
			size = n;
		c = malloc(sizeof *c + size);
		if (!c)
			return NULL;
		c->next = a->head;
		c->used = 0;
		c->size = size;
		a->head = c;
	}
	void *p = (char *)c->data + c->used;
	c->used += n;
	return memset(p, 0, n);
}

char *expr_copy(struct expr_arena *a, const char *text, size_t n)
{
	char *p = expr_alloc(a, n + 1);
	if (p && n)
		memcpy(p, text, n);
	return p;
}

/* The newest chunk is the largest: it alone is kept. */
void expr_arena_reset(struct expr_arena *a)
{
	struct expr_chunk *keep = a->head;
	if (!keep)
		return;
	struct expr_arena rest = {keep->next};
	keep->next = NULL;
	keep->used = 0;
	expr_arena_free(&rest);
}

void expr_arena_free(struct expr_arena *a)
{
	while (a->head) {
		struct expr_chunk *c = a->head;
		a->head = c->next;
		free(c);
	}
}
