/* Memory that goes all at once. */
#include "format/xmlarena.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK 262144

struct xml_block {
	struct xml_block *next;
	size_t used, size;
	_Alignas(16) char data[];
};

int xml_arena_get(struct xml_arena *a, size_t n, void **out)
{
	struct xml_block *b = a->blocks;
	size_t need, size;

	*out = NULL;
	if (n > XML_ARENA_MAX)
		return MSP_FAIL;
	need = (n + 15) / 16 * 16;
	if (a->taken + need > XML_ARENA_MAX)
		return MSP_FAIL;
	if (!b || b->size - b->used < need) {
		size = need > BLOCK ? need : BLOCK;
		b = malloc(sizeof(*b) + size);
		if (!b)
			return MSP_NOMEM;
		b->next = a->blocks;
		b->used = 0;
		b->size = size;
		a->blocks = b;
	}
	*out = b->data + b->used;
	b->used += need;
	a->taken += need;
	return MSP_OK;
}

static void free_blocks(struct xml_block *b)
{
	while (b) {
		struct xml_block *next = b->next;

		free(b);
		b = next;
	}
}

/* All but a block to go on with. */
void xml_arena_forget(struct xml_arena *a)
{
	struct xml_block *first = a->blocks;

	for (const struct xml_block *b = first; b; b = b->next)
		a->taken -= b->used;
	if (first && first->size == BLOCK) {
		free_blocks(first->next);
		first->next = NULL;
		first->used = 0;
	} else {
		free_blocks(first);
		a->blocks = NULL;
	}
}

void xml_arena_keep(struct xml_arena *a)
{
	struct xml_block *last = a->blocks;

	if (!last)
		return;
	while (last->next)
		last = last->next;
	last->next = a->kept;
	a->kept = a->blocks;
	a->blocks = NULL;
}

void xml_arena_free(struct xml_arena *a)
{
	free_blocks(a->blocks);
	free_blocks(a->kept);
	memset(a, 0, sizeof(*a));
}
