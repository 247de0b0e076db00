/* The channels of a miniSEED file: a hash table by their codes, and a list of those with an open piece. */
#include "format/channel.h"
#include "format/runs.h"

#include <stdlib.h>
#include <string.h>

struct runs *runs_new(void)
{
	return calloc(1, sizeof(struct runs));
}

void runs_free(struct runs *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->size; i++) {
		if (r->slot[i] != NULL)
			msp_bytes_free(&r->slot[i]->piece.samples);
		free(r->slot[i]);
	}
	free(r->slot);
	msp_bytes_free(&r->spare);
	free(r);
}

static size_t hash(const char codes[RECORD_CODES])
{
	uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a */

	for (size_t i = 0; i < RECORD_CODES; i++)
		h = (h ^ (uint8_t)codes[i]) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 32);
}

static struct channel **place(struct channel **slot, size_t size, const char codes[RECORD_CODES])
{
	size_t i = hash(codes) & (size - 1);

	while (slot[i] != NULL && memcmp(slot[i]->codes, codes, RECORD_CODES) != 0)
		i = (i + 1) & (size - 1);
	return &slot[i];
}

static bool widen(struct runs *r)
{
	size_t size = r->size > 0 ? 2 * r->size : 64;
	struct channel **slot = calloc(size, sizeof *slot);

	if (slot == NULL)
		return false;
	for (size_t i = 0; i < r->size; i++)
		if (r->slot[i] != NULL)
			*place(slot, size, r->slot[i]->codes) = r->slot[i];
	free(r->slot);
	r->slot = slot;
	r->size = size;
	return true;
}

struct channel *channel_of(struct runs *r, const char codes[RECORD_CODES])
{
	struct channel **at;

	if (r->last != NULL && memcmp(r->last->codes, codes, RECORD_CODES) == 0)
		return r->last;
	if (2 * (r->used + 1) > r->size && !widen(r))
		return NULL;
	at = place(r->slot, r->size, codes);
	if (*at == NULL) {
		*at = calloc(1, sizeof **at);
		if (*at == NULL)
			return NULL;
		memcpy((*at)->codes, codes, RECORD_CODES);
		r->used++;
	}
	r->last = *at;
	return *at;
}

void channel_link(struct runs *r, struct channel *c)
{
	c->before = r->tail;
	c->after = NULL;
	if (r->tail != NULL)
		r->tail->after = c;
	else
		r->head = c;
	r->tail = c;
}

void channel_unlink(struct runs *r, struct channel *c)
{
	if (c->before != NULL)
		c->before->after = c->after;
	else
		r->head = c->after;
	if (c->after != NULL)
		c->after->before = c->before;
	else
		r->tail = c->before;
}
