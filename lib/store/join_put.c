/* A document's keys put on an object. They lie ready as BSON: where none of the object's own keys can be meant, they are
 * only copied behind its metadata. */
#include "core/endian.h"
#include "store/join.h"

#include <string.h>

static char same(char c)
{
	return (char)(c == '.' ? '_' : c);
}

/* All that are put begin with the prefix; channel.lat is channel_lat. */
bool msp_join_meant(const struct msp_join *j, const bson_iter_t *it)
{
	const char *key = bson_iter_key(it), *prefix = (const char *)j->prefix.data;
	size_t len = bson_iter_key_len(it), n = len < j->prefix.len ? len : j->prefix.len;

	for (size_t i = 0; i < n; i++)
		if (same(key[i]) != same(prefix[i]))
			return false;
	return len >= j->prefix.len || ((BSON_ITER_HOLDS_DOCUMENT(it) || BSON_ITER_HOLDS_ARRAY(it)) && same(prefix[len]) == '_');
}

static bool all_new(const struct msp_join *j, const struct msp_object *o)
{
	bson_iter_t it;

	if (!msp_meta_begin(o, &it))
		return true;
	while (bson_iter_next(&it))
		if (msp_join_meant(j, &it))
			return false;
	return true;
}

static int too_large(struct msp_error *err)
{
	return msp_error_set(err, MSP_KILL, "its metadata would be larger than a document can be");
}

static int append(struct msp_object *o, const uint8_t *doc, size_t size, struct msp_error *err)
{
	struct msp_bytes *m = &o->metadata;
	size_t len = m->len ? m->len : 5, more = size - 5;

	if (len + more > MSP_STORE_DOCUMENT_MAX)
		return too_large(err);
	if (msp_bytes_reserve(m, len + more) != MSP_OK)
		return msp_error_set(err, MSP_NOMEM, "no memory left");
	memcpy(m->data + len - 1, doc + 4, more + 1); /* and the closing NUL */
	m->len = len + more;
	msp_put_u32(m->data, (uint32_t)m->len);
	return MSP_OK;
}

static int set_each(struct msp_object *o, const uint8_t *doc, size_t size, struct msp_error *err)
{
	struct msp_bytes before = {0};
	bson_iter_t it;
	int s = msp_bytes_append(&before, o->metadata.data, o->metadata.len);

	if (s != MSP_OK || !bson_iter_init_from_data(&it, doc, size))
		return msp_error_set(err, MSP_NOMEM, "no memory left");
	while (s == MSP_OK && bson_iter_next(&it)) {
		struct msp_value v;

		msp_value_of_iter(&it, &v);
		s = msp_meta_set(o, bson_iter_key(&it), &v, err);
	}
	if (s == MSP_OK && o->metadata.len > MSP_STORE_DOCUMENT_MAX)
		s = too_large(err);
	if (s == MSP_OK) {
		msp_bytes_free(&before);
		return MSP_OK;
	}
	msp_bytes_free(&o->metadata);
	o->metadata = before;
	return s == MSP_NOMEM ? s : MSP_KILL;
}

int msp_join_put(const struct msp_join *j, const struct join_doc *d, bool fresh, struct msp_object *o, struct msp_error *err)
{
	const uint8_t *doc = j->arena.data + d->values;

	if (d->size <= 5)
		return MSP_OK;
	return fresh || all_new(j, o) ? append(o, doc, d->size, err) : set_each(o, doc, d->size, err);
}
