/* Which parts of many a source belongs to, told by the sizes of all sources alone, so that whoever reads one part knows it without a look
 * at what belongs to the others.
 *
 * Sources that are larger than half a part are laid end to end, and cut where a part is full: a source may belong to several parts,
 * which then look through it to divide its objects. The others go whole, one after the other, to the part that has least so far. Among
 * equals a hash decides: so neighbours come into different parts, and what lies at regular distances (one component of three) is not all in
 * one. */
#include "mspipe/format.h"

#include <stdlib.h>
#include <string.h>

#define OPENING 4096 /* what opening a file costs, in bytes */

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
	return x ^ x >> 31;
}

/* 0: it has no size, or none that says what is in it. */
static uint64_t weight_of(const struct msp_source *s)
{
	uint64_t end = s->end > 0 ? s->end : s->size;

	return s->path == NULL || s->store || end <= s->offset ? 0 : end - s->offset + OPENING;
}

/* ---- the part that has least ------------------------------------------- */

struct load {
	uint64_t bytes, tie;
	uint32_t part, files;
};

static bool less(const struct load *a, const struct load *b)
{
	if (a->bytes != b->bytes)
		return a->bytes < b->bytes;
	return a->tie != b->tie ? a->tie < b->tie : a->part < b->part;
}

/* Restores the heap from its root on. */
static void sink(struct load *heap, size_t n, size_t i)
{
	for (;;) {
		size_t least = i, child = 2 * i + 1;
		struct load swap;

		if (child < n && less(&heap[child], &heap[least]))
			least = child;
		if (child + 1 < n && less(&heap[child + 1], &heap[least]))
			least = child + 1;
		if (least == i)
			return;
		swap = heap[i];
		heap[i] = heap[least];
		heap[least] = swap;
		i = least;
	}
}

static void set_tie(struct load *l)
{
	l->tie = mix((uint64_t)l->files << 32 | l->part);
}

/* Gives the small sources to the parts from `first` on, of which that one has `begun` bytes. */
static int give_whole(const struct msp_sources *s, struct msp_share *out, uint32_t first, uint32_t parts, uint64_t begun, size_t small)
{
	size_t n = parts - first + 1 < small + 1 ? parts - first + 1 : small + 1;
	struct load *heap = calloc(n, sizeof *heap);

	if (heap == NULL)
		return MSP_NOMEM;
	for (size_t i = 0; i < n; i++) {
		heap[i].part = first + (uint32_t)i;
		set_tie(&heap[i]);
	}
	heap[0].bytes = begun;
	for (size_t i = n; i-- > 0;)
		sink(heap, n, i);
	for (size_t i = 0; i < s->n; i++) {
		if (out[i].size == 0 || out[i].first > 0)
			continue;
		out[i].first = out[i].last = heap[0].part;
		heap[0].bytes += out[i].size;
		heap[0].files++;
		set_tie(&heap[0]);
		sink(heap, n, 0);
	}
	free(heap);
	return MSP_OK;
}

/* ---- all sources ------------------------------------------------------- */

int msp_sources_share(const struct msp_sources *s, uint32_t parts, struct msp_share **shares, struct msp_error *err)
{
	struct msp_share *out = calloc(s->n + 1, sizeof *out);
	uint64_t all = 0, at = 0, fair;
	size_t small = 0;
	uint32_t first;

	if (out == NULL)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	for (size_t i = 0; i < s->n; i++) {
		out[i].size = weight_of(&s->item[i]);
		if (__builtin_add_overflow(all, out[i].size, &all)) {
			free(out);
			return msp_error_set(err, MSP_FAIL, "the sources have more bytes than can be counted");
		}
	}
	fair = all / parts + (all % parts > 0);
	for (size_t i = 0; i < s->n; i++) {
		out[i].part_size = fair;
		if (out[i].size > fair / 2) {
			out[i].at = at;
			out[i].first = (uint32_t)(at / fair) + 1;
			at += out[i].size;
			out[i].last = (uint32_t)((at - 1) / fair) + 1;
		} else {
			small += out[i].size > 0;
		}
	}
	first = fair > 0 && at / fair < parts ? (uint32_t)(at / fair) + 1 : parts; /* none is left free: the last */
	if (small > 0 && give_whole(s, out, first, parts, fair > 0 ? at % fair : 0, small) != MSP_OK) {
		free(out);
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	}
	*shares = out;
	return MSP_OK;
}

uint32_t msp_share_part(const struct msp_share *s, uint64_t at, uint64_t of)
{
	uint64_t in; /* of the share */

	if (s->first == s->last)
		return s->first;
	while (of >> 32 > 0) { /* so that nothing below overflows; one of 2^31 is near enough, and the same for all */
		of >>= 1;
		at >>= 1;
	}
	if (of == 0)
		return s->first;
	in = at < of ? s->size / of * at + s->size % of * at / of : s->size - 1;
	return (uint32_t)((s->at + in) / s->part_size) + 1;
}
