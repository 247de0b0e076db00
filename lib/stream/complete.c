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

static struct origin *find(struct origins *o, const struct msp_header *h)
{
	struct msp_id pipeline = msp_id_hash(h->pipeline.data, h->pipeline.len);

	if (o->n > 0 && same(&o->item[o->current], h, &pipeline))
		return &o->item[o->current];
	for (size_t i = 0; i < o->n; i++) {
		if (same(&o->item[i], h, &pipeline)) {
			o->current = i;
			return &o->item[i];
		}
	}
	if (o->n == o->cap) {
		size_t cap = o->cap ? 2 * o->cap : 4;
		struct origin *item = realloc(o->item, cap * sizeof(*item));

		if (!item)
			return NULL;
		o->item = item;
		o->cap = cap;
	}
	o->current = o->n++;
	struct origin *new = &o->item[o->current];
	memset(new, 0, sizeof(*new));
	new->id = h->origin;
	new->pipeline = pipeline;
	new->part = h->part;
	new->parts = h->parts;
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

/* Parts of one stream: all that were met in more than one part must be there. */
static int check_parts(const struct origins *all, const struct origin *o, struct msp_error *err)
{
	size_t parts = 0, listed = 0;
	char list[200] = "";

	if (o->parts < 2)
		return MSP_OK;
	for (const struct origin *p = all->item; p < all->item + all->n; p++) {
		bool of_it = p->parts == o->parts && msp_id_equal(&p->id, &o->id) && msp_id_equal(&p->pipeline, &o->pipeline);
		if (of_it && p < o)
			return MSP_OK; /* was checked there */
		parts += of_it;
	}
	if (parts == 1 || parts == o->parts)
		return MSP_OK;
	for (uint32_t k = 1; k <= o->parts && listed < 10; k++) {
		bool found = false;
		for (const struct origin *p = o; p < all->item + all->n; p++)
			found = found || (p->part == k && p->parts == o->parts && msp_id_equal(&p->id, &o->id) &&
			                  msp_id_equal(&p->pipeline, &o->pipeline));
		if (!found) {
			size_t len = strlen(list);
			snprintf(list + len, sizeof(list) - len, "%s%" PRIu32, listed ? ", " : "", k);
			listed++;
		}
	}
	char id[MSP_ID_TEXT];
	return msp_error_set(err, MSP_CORRUPT, "stream %.8s came in %zu of %" PRIu32 " parts; missing: %s%s",
	                     msp_id_format(&o->id, id), parts, o->parts, list, parts + listed < o->parts ? ", ..." : "");
}

int msp_origins_check(const struct origins *all, struct msp_error *err)
{
	for (size_t i = 0; i < all->n; i++) {
		int s = check_segments(&all->item[i], err);
		if (s < 0)
			return s;
	}
	for (size_t i = 0; i < all->n; i++) {
		int s = check_parts(all, &all->item[i], err);
		if (s < 0)
			return s;
	}
	return MSP_OK;
}

void msp_origins_free(struct origins *o)
{
	for (size_t i = 0; i < o->n; i++)
		free(o->item[i].seen);
	free(o->item);
	memset(o, 0, sizeof(*o));
}
