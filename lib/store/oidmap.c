/* A table of ObjectIds: open addressing, half full at most. */
#include "store/oidmap.h"

#include <stdlib.h>
#include <string.h>

struct msp_oidpair {
	bson_oid_t key, value;
	bool used;
};

static struct msp_oidpair *place(struct msp_oidpair *pair, size_t room, const bson_oid_t *key)
{
	struct msp_id id = msp_id_hash(key->bytes, sizeof(key->bytes)); /* whoever chooses ids does not choose places */
	size_t at;

	memcpy(&at, id.byte, sizeof(at));
	for (at &= room - 1; pair[at].used && memcmp(pair[at].key.bytes, key->bytes, sizeof(key->bytes)) != 0;)
		at = (at + 1) & (room - 1);
	return &pair[at];
}

const bson_oid_t *msp_oidmap_get(const struct msp_oidmap *m, const bson_oid_t *key)
{
	const struct msp_oidpair *p = m->room ? place(m->pair, m->room, key) : NULL;

	return p && p->used ? &p->value : NULL;
}

static int grow(struct msp_oidmap *m)
{
	size_t room = m->room ? 2 * m->room : 256;
	struct msp_oidpair *more = calloc(room, sizeof(*more));

	if (!more)
		return MSP_NOMEM;
	for (size_t i = 0; i < m->room; i++)
		if (m->pair[i].used)
			*place(more, room, &m->pair[i].key) = m->pair[i];
	free(m->pair);
	m->pair = more;
	m->room = room;
	return MSP_OK;
}

int msp_oidmap_set(struct msp_oidmap *m, const bson_oid_t *key, const bson_oid_t *value)
{
	struct msp_oidpair *p;

	if (2 * m->n >= m->room && grow(m) != MSP_OK)
		return MSP_NOMEM;
	p = place(m->pair, m->room, key);
	m->n += !p->used;
	*p = (struct msp_oidpair){.key = *key, .value = *value, .used = true};
	return MSP_OK;
}

void msp_oidmap_free(struct msp_oidmap *m)
{
	free(m->pair);
	memset(m, 0, sizeof(*m));
}
