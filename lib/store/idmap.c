/* A hash table of 128-bit hashes: open addressing, linear probing. */
#include "store/idmap.h"

#include "store/order.h"

#include <stdlib.h>
#include <string.h>

static const struct msp_id none;

/* The slot of id, or the free one where it would be. */
static size_t slot_of(const struct msp_idmap *m, const struct msp_id *id)
{
	size_t at;

	memcpy(&at, id->byte, sizeof(at));
	for (at &= m->room - 1; !msp_id_equal(&m->id[at], &none) && !msp_id_equal(&m->id[at], id); at = (at + 1) & (m->room - 1))
		;
	return at;
}

static int grow(struct msp_idmap *m)
{
	struct msp_idmap more = {.values = m->values, .n = m->n, .room = m->room ? 2 * m->room : 64};

	if (more.room > SIZE_MAX / sizeof(*more.id))
		return MSP_NOMEM;
	more.id = calloc(more.room, sizeof(*more.id));
	if (m->values)
		more.value = calloc(more.room, sizeof(*more.value));
	if (!more.id || (m->values && !more.value)) {
		free(more.id);
		free(more.value);
		return MSP_NOMEM;
	}
	for (size_t i = 0; i < m->room; i++) {
		size_t at;

		if (msp_id_equal(&m->id[i], &none))
			continue;
		at = slot_of(&more, &m->id[i]);
		more.id[at] = m->id[i];
		if (m->values)
			more.value[at] = m->value[i];
	}
	free(m->id);
	free(m->value);
	*m = more;
	return MSP_OK;
}

/* Zero marks a free slot. */
static struct msp_id not_zero(struct msp_id id)
{
	id.byte[15] = (uint8_t)(id.byte[15] | msp_id_equal(&id, &none));
	return id;
}

int msp_idmap_add(struct msp_idmap *m, struct msp_id id, bool *fresh, uint64_t **value)
{
	size_t at;
	bool is_new;

	if (4 * (m->n + 1) > 3 * m->room && grow(m) != MSP_OK)
		return MSP_NOMEM;
	id = not_zero(id);
	at = slot_of(m, &id);
	is_new = msp_id_equal(&m->id[at], &none);
	m->id[at] = id;
	m->n += is_new;
	if (fresh)
		*fresh = is_new;
	if (value)
		*value = &m->value[at];
	return MSP_OK;
}

bool msp_idmap_find(const struct msp_idmap *m, struct msp_id id, uint64_t **value)
{
	size_t at;

	if (m->n == 0)
		return false;
	id = not_zero(id);
	at = slot_of(m, &id);
	if (value)
		*value = &m->value[at];
	return msp_id_equal(&m->id[at], &id);
}

void msp_idmap_clear(struct msp_idmap *m)
{
	if (m->room) {
		memset(m->id, 0, m->room * sizeof(*m->id));
		if (m->values)
			memset(m->value, 0, m->room * sizeof(*m->value));
	}
	m->n = 0;
}

void msp_idmap_free(struct msp_idmap *m)
{
	free(m->id);
	free(m->value);
	memset(m, 0, sizeof(*m));
}

int msp_value_hash(const bson_iter_t *value, struct msp_bytes *scratch, struct msp_id *out)
{
	scratch->len = 0;
	if (msp_order_key(value, scratch) != MSP_OK)
		return MSP_NOMEM;
	*out = msp_id_hash(scratch->data, scratch->len);
	return MSP_OK;
}
