/* Parts of a collection, by a hash of each document. */
#include "store/part.h"

#include "store/idmap.h"

/* What the first 8 bytes of a hash say is as good as chance, and the same everywhere. */
uint32_t msp_part_of(const struct msp_id *hash, uint32_t parts)
{
	uint64_t h = 0;

	for (int i = 0; i < 8; i++)
		h = h << 8 | hash->byte[i];
	return parts ? (uint32_t)(h % parts) : 0;
}

int msp_part_has(const struct msp_part *p, const bson_t *doc, struct msp_bytes *scratch)
{
	struct msp_id hash;
	bson_iter_t it;
	int r;

	if (p->hash)
		r = p->hash(p->context, doc, &hash);
	else
		r = msp_value_hash(bson_iter_init_find(&it, doc, "_id") ? &it : NULL, scratch, &hash);
	return r != MSP_OK ? MSP_NOMEM : msp_part_of(&hash, p->parts) == p->part - 1;
}
