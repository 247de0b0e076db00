/* A document's keys put on an object. They lie ready as BSON: where none of the object's own keys can be meant, they are
 * only copied behind its metadata; where the object has some of them in the same spelling, they are copied over these. What
 * else there may be is left to msp_meta_set(), which gives the same. */
#include "core/endian.h"
#include "store/join.h"

#include <stdlib.h>
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

	if (len < j->prefix.len && (same(prefix[len]) != '_' || !(BSON_ITER_HOLDS_DOCUMENT(it) || BSON_ITER_HOLDS_ARRAY(it))))
		return false;
	for (size_t i = 0; i < n; i++)
		if (same(key[i]) != same(prefix[i]))
			return false;
	return true;
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

/* ---- over keys that are there ------------------------------------------ */

enum meeting { APART, SAME, OTHERWISE };

/* How one of the object's keys and one that is put meet: they are the same; or otherwise, in other spellings, or the one could
 * lie in the other. */
static enum meeting meet(const bson_iter_t *old, const bson_iter_t *put)
{
	const char *a = bson_iter_key(old), *b = bson_iter_key(put);
	size_t n = bson_iter_key_len(old), m = bson_iter_key_len(put);

	if (m < n)
		return APART;
	for (size_t i = 0; i < n; i++)
		if (same(a[i]) != same(b[i]))
			return APART;
	if (m == n)
		return memcmp(a, b, n) == 0 ? SAME : OTHERWISE;
	return same(b[n]) == '_' && (BSON_ITER_HOLDS_DOCUMENT(old) || BSON_ITER_HOLDS_ARRAY(old)) ? OTHERWISE : APART;
}

struct splice {
	const uint8_t *doc; /* what is put */
	size_t size;
	uint64_t used;      /* those of its first 64 elements that have replaced one */
	uint8_t *to;
};

static void copy(struct splice *s, const bson_iter_t *it)
{
	memcpy(s->to, it->raw + it->off, it->next_off - it->off);
	s->to += it->next_off - it->off;
}

/* Copies an element of the object's, or the one that takes its place. False if that is not so simple. */
static bool copy_old(struct splice *s, const bson_iter_t *old)
{
	bson_iter_t put, with;
	unsigned k = 0, found = 64;

	if (!bson_iter_init_from_data(&put, s->doc, s->size))
		return false;
	for (; bson_iter_next(&put); k++) {
		enum meeting m = meet(old, &put);

		if (m == OTHERWISE || k == 64)
			return false;
		if (m == SAME) {
			found = k;
			with = put;
		}
	}
	if (found == 64) {
		copy(s, old);
		return true;
	}
	if (s->used & UINT64_C(1) << found)
		return false;
	s->used |= UINT64_C(1) << found;
	copy(s, &with);
	return true;
}

static bool copy_all(const struct msp_join *j, const struct msp_object *o, struct splice *s)
{
	bson_iter_t it;

	if (!msp_meta_begin(o, &it))
		return false;
	while (bson_iter_next(&it)) {
		if (!msp_join_meant(j, &it))
			copy(s, &it);
		else if (!copy_old(s, &it))
			return false;
	}
	if (!bson_iter_init_from_data(&it, s->doc, s->size))
		return false;
	for (unsigned k = 0; bson_iter_next(&it); k++)
		if (!(s->used & UINT64_C(1) << k))
			copy(s, &it);
	return true;
}

/* MSP_FAIL: it is not so simple, and nothing was done. */
static int put_over(const struct msp_join *j, struct msp_object *o, const uint8_t *doc, size_t size, struct msp_error *err)
{
	struct splice s = {.doc = doc, .size = size};
	size_t len = o->metadata.len + size; /* at most */
	uint8_t *fresh = malloc(len);

	if (!fresh)
		return msp_error_set(err, MSP_NOMEM, "no memory left");
	s.to = fresh + 4;
	if (!copy_all(j, o, &s) || (len = (size_t)(s.to - fresh) + 1) > MSP_STORE_DOCUMENT_MAX) {
		free(fresh);
		return MSP_FAIL;
	}
	*s.to = 0;
	msp_put_u32(fresh, (uint32_t)len);
	msp_bytes_free(&o->metadata);
	o->metadata = (struct msp_bytes){.data = fresh, .len = len, .cap = len};
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

	int s;

	if (d->size <= 5)
		return MSP_OK;
	if (fresh || all_new(j, o))
		return append(o, doc, d->size, err);
	s = put_over(j, o, doc, d->size, err);
	return s == MSP_FAIL ? set_each(o, doc, d->size, err) : s;
}
