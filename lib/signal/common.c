/* Metadata that many objects have alike: intersection and union of BSON documents, element by element. */
#include "signal/common.h"

#include <stdlib.h>
#include <string.h>

struct element {
	const uint8_t *data; /* type, key, value */
	size_t len;
};

static struct element element_of(const bson_iter_t *it)
{
	struct element e = {it->raw + it->off, it->next_off - it->off};

	return e;
}

static bool open_document(const struct msp_bytes *b, bson_iter_t *it)
{
	return b->len > 0 && bson_iter_init_from_data(it, b->data, b->len);
}

/* True if the document has that very element. `hint` walks along with the caller's: documents of one stream
 * mostly have the same keys in the same order. */
static bool has_element(const struct msp_bytes *doc, bson_iter_t *hint, bool *hint_valid, const char *key,
                        struct element e)
{
	struct element other;
	bson_iter_t it;

	if (*hint_valid && bson_iter_next(hint) && strcmp(bson_iter_key(hint), key) == 0) {
		other = element_of(hint);
	} else {
		*hint_valid = open_document(doc, &it) && bson_iter_find(&it, key);
		if (!*hint_valid)
			return false;
		*hint = it;
		other = element_of(&it);
	}
	return other.len == e.len && memcmp(other.data, e.data, e.len) == 0;
}

static int begin(struct msp_bytes *b)
{
	static const uint8_t head[4];

	return msp_bytes_append(b, head, sizeof head);
}

/* Closes the document and writes its length in front. */
static int end(struct msp_bytes *b)
{
	uint32_t n;
	int i;

	if (msp_bytes_append(b, "", 1) < 0 || b->len > INT32_MAX)
		return MSP_NOMEM;
	n = (uint32_t)b->len;
	for (i = 0; i < 4; i++)
		b->data[i] = (uint8_t)(n >> (8 * i));
	return MSP_OK;
}

int common_keep(struct msp_bytes *common, const struct msp_bytes *other)
{
	struct msp_bytes kept = {0};
	bson_iter_t it, hint;
	bool hint_valid;

	if (common->len == other->len
	    && (common->len == 0 || memcmp(common->data, other->data, common->len) == 0))
		return MSP_OK;
	if (!open_document(common, &it))
		return MSP_OK;
	hint_valid = open_document(other, &hint);
	if (begin(&kept) < 0)
		goto nomem;
	while (bson_iter_next(&it)) {
		struct element e = element_of(&it);

		if (has_element(other, &hint, &hint_valid, bson_iter_key(&it), e)
		    && msp_bytes_append(&kept, e.data, e.len) < 0)
			goto nomem;
	}
	if (end(&kept) < 0)
		goto nomem;
	msp_bytes_free(common);
	*common = kept;
	return MSP_OK;
nomem:
	msp_bytes_free(&kept);
	return MSP_NOMEM;
}

int common_merge(struct msp_bytes *doc, const struct msp_bytes *more)
{
	struct msp_bytes all = {0};
	bson_iter_t it, have;

	if (!open_document(more, &it))
		return MSP_OK;
	if (doc->len > 5 ? msp_bytes_append(&all, doc->data, doc->len - 1) < 0 : begin(&all) < 0)
		goto nomem;
	while (bson_iter_next(&it)) {
		struct element e = element_of(&it);

		if (open_document(doc, &have) && bson_iter_find(&have, bson_iter_key(&it)))
			continue;
		if (msp_bytes_append(&all, e.data, e.len) < 0)
			goto nomem;
	}
	if (end(&all) < 0)
		goto nomem;
	msp_bytes_free(doc);
	*doc = all;
	return MSP_OK;
nomem:
	msp_bytes_free(&all);
	return MSP_NOMEM;
}

/* ---- sorted documents ---------------------------------------------------- */

static const char *key_of(const struct element *e)
{
	return (const char *)e->data + 1;
}

static int by_key(const void *a, const void *b)
{
	const struct element *x = a, *y = b;
	int c = strcmp(key_of(x), key_of(y));

	return c ? c : (x->data > y->data) - (x->data < y->data);
}

int common_sort(struct msp_bytes *out, const struct msp_bytes *doc)
{
	struct element *e = NULL;
	size_t n = 0, room = 0, i;
	int s = MSP_NOMEM;
	bson_iter_t it;

	out->len = 0;
	if (!open_document(doc, &it))
		return MSP_OK;
	while (bson_iter_next(&it)) {
		if (n == room) {
			struct element *more = realloc(e, (room ? 2 * room : 32) * sizeof *e);

			if (!more)
				goto done;
			e = more;
			room = room ? 2 * room : 32;
		}
		e[n++] = element_of(&it);
	}
	if (n == 0) {
		s = MSP_OK;
		goto done;
	}
	qsort(e, n, sizeof *e, by_key);
	if (begin(out) < 0)
		goto done;
	for (i = 0; i < n; i++)
		if ((i == 0 || strcmp(key_of(&e[i]), key_of(&e[i - 1])) != 0) && msp_bytes_append(out, e[i].data, e[i].len) < 0)
			goto done;
	s = end(out);
done:
	free(e);
	return s;
}

int common_intersect(struct msp_bytes *a, const struct msp_bytes *b)
{
	struct msp_bytes kept = {0};
	bson_iter_t x, y;
	bool more_x, more_y;

	if (a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0))
		return MSP_OK;
	more_x = open_document(a, &x) && bson_iter_next(&x);
	more_y = open_document(b, &y) && bson_iter_next(&y);
	while (more_x && more_y) {
		int c = strcmp(bson_iter_key(&x), bson_iter_key(&y));

		if (c == 0) {
			struct element e = element_of(&x), f = element_of(&y);

			if (e.len == f.len && memcmp(e.data, f.data, e.len) == 0
			    && ((kept.len == 0 && begin(&kept) < 0) || msp_bytes_append(&kept, e.data, e.len) < 0))
				goto nomem;
		}
		if (c <= 0)
			more_x = bson_iter_next(&x);
		if (c >= 0)
			more_y = bson_iter_next(&y);
	}
	if (kept.len > 0 && end(&kept) < 0)
		goto nomem;
	msp_bytes_free(a);
	*a = kept;
	return MSP_OK;
nomem:
	msp_bytes_free(&kept);
	return MSP_NOMEM;
}
