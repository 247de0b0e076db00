/* Metadata that many objects have alike: intersection and union of BSON documents, element by element. */
#include "signal/common.h"

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
