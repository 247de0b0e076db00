/* The values of an array in MongoDB's order: to be listed so, or to be looked for. */
#include "store/sorted.h"

#include "store/order.h"
#include "store/room.h"

static int compare_values(const void *a, const void *b)
{
	const bson_iter_t *const *x = a, *const *y = b;

	return msp_order(*x, *y);
}

int msp_sorted_make(const bson_iter_t *array, size_t n, struct msp_sorted *out)
{
	bson_iter_t it = *array;

	memset(out, 0, sizeof(*out));
	if (n == 0)
		return MSP_OK;
	if (n > SIZE_MAX / sizeof(*out->value))
		return MSP_NOMEM;
	out->value = msp_room(n * sizeof(*out->value));
	out->place = calloc(n, sizeof(*out->place));
	if (!out->value || !out->place) {
		msp_sorted_free(out);
		return MSP_NOMEM;
	}
	for (; out->n < n && bson_iter_next(&it); out->n++) {
		out->value[out->n].it = it;
		out->place[out->n] = &out->value[out->n].it;
	}
	qsort(out->place, out->n, sizeof(*out->place), compare_values);
	return MSP_OK;
}

bool msp_sorted_has(const struct msp_sorted *s, const bson_iter_t *value)
{
	size_t from = 0, to = s->n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int c = value ? msp_order(value, s->place[middle]) : MSP_R_NULL - msp_rank(s->place[middle]);

		if (c == 0)
			return true;
		if (c < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return false;
}

void msp_sorted_free(struct msp_sorted *s)
{
	free(s->value);
	free(s->place);
	memset(s, 0, sizeof(*s));
}
