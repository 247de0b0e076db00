/* Elements by their publicID. */
#include "format/xmlevent.h"

#include <stdlib.h>
#include <string.h>

int xml_index_add(struct xmlfile *f, struct xml_index *x, const struct xml_element *e)
{
	if (x->n == x->room) {
		size_t room = x->room ? 2 * x->room : 64;
		const struct xml_element **more = room <= SIZE_MAX / sizeof(*more) ? realloc(x->e, room * sizeof(*more)) : NULL;

		if (!more)
			return msp_error_set(xml_error(f->x), MSP_NOMEM, "no memory left");
		x->e = more;
		x->room = room;
	}
	x->e[x->n++] = e;
	return MSP_OK;
}

const char *xml_id(const struct xml_element *e)
{
	const char *id = xml_attribute(e, "publicID");

	return id ? id : "";
}

static int by_id(const void *a, const void *b)
{
	const struct xml_element *const *x = a, *const *y = b;
	int c = strcmp(xml_id(*x), xml_id(*y));

	/* of equal ones the first in the file comes first */
	return c ? c : (*x)->line < (*y)->line ? -1 : (*x)->line > (*y)->line;
}

void xml_index_sort(struct xml_index *x)
{
	if (x->n > 1)
		qsort(x->e, x->n, sizeof(*x->e), by_id);
}

size_t xml_index_find(const struct xml_index *x, const char *id, size_t len)
{
	size_t low = 0, high = x->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *at = xml_id(x->e[middle]);
		int c = strncmp(at, id, len);

		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < x->n && strlen(xml_id(x->e[low])) == len && strncmp(xml_id(x->e[low]), id, len) == 0 ? low : x->n;
}

const struct xml_element *xml_index_get(const struct xml_index *x, const char *id, size_t len)
{
	size_t i = xml_index_find(x, id, len);

	return i < x->n ? x->e[i] : NULL;
}
