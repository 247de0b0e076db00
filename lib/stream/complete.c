/* Which segments have come: so that at the end of a fan-in nothing is missing and nothing doubled.
 * A stream's segments may come in any order; memory grows only with the gaps between them. */
#include "stream/complete.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static bool same(const struct origin *a, const struct msp_header *h, const struct msp_id *pipeline)
{
	return a->part == h->part && a->parts == h->parts && msp_id_equal(&a->id, &h->origin) &&
	       msp_id_equal(&a->pipeline, pipeline);
}

/* Ids are hashes: any of their bytes will do. */
static size_t first_slot(const struct origins *o, const struct msp_id *id, const struct msp_id *pipeline, uint32_t part)
{
	uint64_t x, y;

	memcpy(&x, id->byte, 8);
	memcpy(&y, pipeline->byte, 8);
	return (size_t)((x ^ y ^ part * UINT64_C(0x9E3779B97F4A7C15)) * UINT64_C(0xD6E8FEB86659FD93) >> 20) & (o->slots - 1);
}

static void fill_slot(struct origins *o, size_t i)
{
	size_t k = first_slot(o, &o->item[i].id, &o->item[i].pipeline, o->item[i].part);

	while (o->slot[k] != 0)
		k = (k + 1) & (o->slots - 1);
	o->slot[k] = (uint32_t)i + 1;
}

static int grow(struct origins *o)
{
	size_t cap = o->cap ? 2 * o->cap : 4;
	struct origin *item = realloc(o->item, cap * sizeof(*item));
	uint32_t *slot;

	if (!item)
		return MSP_NOMEM;
	o->item = item;
	slot = cap < UINT32_MAX / 2 ? calloc(2 * cap, sizeof(*slot)) : NULL;
	if (!slot)
		return MSP_NOMEM;
	free(o->slot);
	o->slot = slot;
	o->slots = 2 * cap;
	o->cap = cap;
	for (size_t i = 0; i < o->n; i++)
		fill_slot(o, i);
	return MSP_OK;
}

static struct origin *find(struct origins *o, const struct msp_header *h)
{
	struct msp_id pipeline = msp_id_hash(h->pipeline.data, h->pipeline.len);

	if (o->n > 0 && same(&o->item[o->current], h, &pipeline))
		return &o->item[o->current];
	if (o->slots > 0) {
		for (size_t k = first_slot(o, &h->origin, &pipeline, h->part); o->slot[k] != 0; k = (k + 1) & (o->slots - 1)) {
			if (same(&o->item[o->slot[k] - 1], h, &pipeline)) {
				o->current = o->slot[k] - 1;
				return &o->item[o->current];
			}
		}
	}
	if (o->n == o->cap && grow(o) < 0)
		return NULL;
	struct origin *new = &o->item[o->n];
	memset(new, 0, sizeof(*new));
	new->id = h->origin;
	new->pipeline = pipeline;
	new->part = h->part;
	new->parts = h->parts;
	fill_slot(o, o->n);
	o->current = o->n++;
	return new;
}

/* "segment 3 of stream 0123abcd..., part 2 of 8" */
static char *name_of(const struct origin *o, char *buf, size_t size)
{
	char id[MSP_ID_TEXT];

	msp_id_format(&o->id, id);
	if (o->parts > 0)
		snprintf(buf, size, "part %" PRIu32 " of %" PRIu32 " of stream %.8s", o->part, o->parts, id);
	else
		snprintf(buf, size, "stream %.8s", id);
	return buf;
}

/* Adds index to the intervals: 0, 1 if it was there, MSP_NOMEM. */
static int mark(struct origin *o, uint64_t index)
{
	size_t lo = 0, hi = o->n;

	while (lo < hi) { /* the first interval that ends at or after index */
		size_t mid = lo + (hi - lo) / 2;

		if (o->seen[mid].to < index)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < o->n && o->seen[lo].from <= index)
		return 1;
	bool joins_before = lo > 0 && o->seen[lo - 1].to + 1 == index;
	bool joins_after = lo < o->n && o->seen[lo].from == index + 1;
	if (joins_before && joins_after) {
		o->seen[lo - 1].to = o->seen[lo].to;
		memmove(&o->seen[lo], &o->seen[lo + 1], (o->n - lo - 1) * sizeof(*o->seen));
		o->n--;
	} else if (joins_before) {
		o->seen[lo - 1].to = index;
	} else if (joins_after) {
		o->seen[lo].from = index;
	} else {
		if (o->n == o->cap) {
			size_t cap = o->cap ? 2 * o->cap : 4;
			struct interval *seen = realloc(o->seen, cap * sizeof(*seen));

			if (!seen)
				return MSP_NOMEM;
			o->seen = seen;
			o->cap = cap;
		}
		memmove(&o->seen[lo + 1], &o->seen[lo], (o->n - lo) * sizeof(*o->seen));
		o->seen[lo] = (struct interval){index, index};
		o->n++;
	}
	return MSP_OK;
}

int msp_origins_add(struct origins *all, const struct msp_header *h, bool more, struct msp_error *err)
{
	struct origin *o = find(all, h);
	char name[80];
	int s;

	if (!o)
		return msp_error_set(err, MSP_NOMEM, "no memory left to keep track of segments");
	s = mark(o, h->index);
	if (s == 1)
		return msp_error_set(err, MSP_CORRUPT, "segment %" PRIu64 " of %s came twice", h->index,
		                     name_of(o, name, sizeof(name)));
	if (s < 0)
		return msp_error_set(err, MSP_NOMEM, "no memory left to keep track of segments");
	if (!more && o->has_last)
		return msp_error_set(err, MSP_CORRUPT, "%s has two last segments, %" PRIu64 " and %" PRIu64,
		                     name_of(o, name, sizeof(name)), o->last, h->index);
	if (!more) {
		o->has_last = true;
		o->last = h->index;
	}
	if (o->has_last && o->seen[o->n - 1].to > o->last)
		return msp_error_set(err, MSP_CORRUPT, "%s goes on after its last segment, %" PRIu64,
		                     name_of(o, name, sizeof(name)), o->last);
	return MSP_OK;
}

static int check_segments(const struct origin *o, struct msp_error *err)
{
	uint64_t missing = o->seen[0].from > 0 ? 0 : o->seen[0].to + 1;
	char name[80];

	name_of(o, name, sizeof(name));
	if (o->has_last && o->n == 1 && o->seen[0].from == 0)
		return MSP_OK;
	if (o->has_last)
		return msp_error_set(err, MSP_CORRUPT, "segment %" PRIu64 " of %s is missing", missing, name);
	return msp_error_set(err, MSP_CORRUPT,
	                     "%s is incomplete: segment %" PRIu64 " should follow; it was cut or its writer failed", name,
	                     missing);
}

/* Streams of one origin, pipeline and number of parts lie together, by part. */
static int by_part(const void *a, const void *b)
{
	const struct origin *x = *(const struct origin *const *)a, *y = *(const struct origin *const *)b;
	int d = memcmp(x->id.byte, y->id.byte, sizeof(x->id.byte));

	if (d == 0)
		d = memcmp(x->pipeline.byte, y->pipeline.byte, sizeof(x->pipeline.byte));
	if (d == 0)
		d = (x->parts > y->parts) - (x->parts < y->parts);
	return d ? d : (x->part > y->part) - (x->part < y->part);
}

static bool of_one(const struct origin *a, const struct origin *b)
{
	return a->parts == b->parts && msp_id_equal(&a->id, &b->id) && msp_id_equal(&a->pipeline, &b->pipeline);
}

/* n parts of one stream, sorted: all that were met in more than one part must be there. */
static int check_parts(const struct origin *const *o, size_t n, struct msp_error *err)
{
	enum { MOST = 10 };
	uint32_t parts = o[0]->parts, listed = 0;
	char list[160] = "", id[MSP_ID_TEXT];
	size_t i = 0;

	if (n < 2 || n == parts)
		return MSP_OK;
	for (uint32_t k = 1; k <= parts && listed < MOST; k++) {
		if (i < n && o[i]->part == k) {
			i++;
			continue;
		}
		size_t len = strlen(list);
		snprintf(list + len, sizeof(list) - len, "%s%" PRIu32, listed ? ", " : "", k);
		listed++;
	}
	return msp_error_set(err, MSP_CORRUPT, "stream %.8s came in %zu of %" PRIu32 " parts; missing: %s%s",
	                     msp_id_format(&o[0]->id, id), n, parts, list, n + listed < parts ? ", ..." : "");
}

static int check_all_parts(const struct origins *all, struct msp_error *err)
{
	const struct origin **o = calloc(all->n + 1, sizeof(const struct origin *));
	int s = MSP_OK;

	if (!o)
		return msp_error_set(err, MSP_NOMEM, "no memory left to keep track of segments");
	for (size_t i = 0; i < all->n; i++)
		o[i] = &all->item[i];
	qsort(o, all->n, sizeof(const struct origin *), by_part);
	for (size_t i = 0, n; i < all->n && s == MSP_OK; i += n) {
		for (n = 1; i + n < all->n && of_one(o[i], o[i + n]); n++)
			;
		s = check_parts(o + i, n, err);
	}
	free(o);
	return s;
}

int msp_origins_check(const struct origins *all, struct msp_error *err)
{
	for (size_t i = 0; i < all->n; i++) {
		int s = check_segments(&all->item[i], err);
		if (s < 0)
			return s;
	}
	return check_all_parts(all, err);
}

void msp_origins_free(struct origins *o)
{
	for (size_t i = 0; i < o->n; i++)
		free(o->item[i].seen);
	free(o->item);
	free(o->slot);
	memset(o, 0, sizeof(*o));
}
