/* Which group an object belongs to, by the values of keys. */
#include "mspipe/gather.h"

#include "core/walk.h"

#include <stdlib.h>
#include <string.h>

enum { UNDEFINED, NIL, WHOLE, REAL, TIME, TEXT, OTHER };

static int append(struct msp_bytes *b, uint8_t kind, const void *data, size_t n)
{
	uint64_t size = n;
	if (msp_bytes_append(b, &kind, 1) < 0 || msp_bytes_append(b, &size, sizeof size) < 0)
		return MSP_NOMEM;
	return n ? msp_bytes_append(b, data, n) : MSP_OK;
}

/* 1, 1.0 and true are equal to msp_value_compare(), and so are all NaN. */
static int append_number(struct msp_bytes *b, const struct msp_value *v)
{
	double d = v->u.d;
	int64_t i = v->type == MSP_V_BOOL ? v->u.b : v->u.i;
	if (v->type == MSP_V_DOUBLE) {
		bool whole = d >= -0x1p63 && d < 0x1p63 && (double)(int64_t)d == d;
		if (!whole)
			return append(b, REAL, &d, d != d ? 0 : sizeof d);
		i = (int64_t)d;
	}
	return append(b, WHOLE, &i, sizeof i);
}

static int append_other(struct msp_bytes *b, const struct msp_value *v)
{
	struct msp_pieces p;
	if (!msp_value_pieces(v, &p)) {
		uint8_t type = (uint8_t)v->u.bson.value_type;
		return append(b, OTHER, &type, 1);
	}
	size_t n = msp_pieces_size(&p);
	if (append(b, OTHER, &p.type, 1) < 0 || msp_bytes_reserve(b, b->len + n) < 0)
		return MSP_NOMEM;
	msp_pieces_write(&p, b->data + b->len);
	b->len += n;
	return MSP_OK;
}

static int append_value(struct msp_bytes *b, const struct msp_value *v)
{
	switch (v->type) {
	case MSP_V_UNDEFINED: return append(b, UNDEFINED, NULL, 0);
	case MSP_V_NULL: return append(b, NIL, NULL, 0);
	case MSP_V_BOOL:
	case MSP_V_INT:
	case MSP_V_DOUBLE: return append_number(b, v);
	case MSP_V_TIME: return append(b, TIME, &v->u.i, sizeof v->u.i);
	case MSP_V_STRING: return append(b, TEXT, v->u.s.text, v->u.s.len);
	default: return append_other(b, v);
	}
}

int msp_keys_hash(const struct msp_keys *keys, const struct msp_object *o, struct msp_id *out)
{
	struct msp_bytes b = {0};
	int rc = MSP_OK;
	for (uint32_t i = 0; rc == MSP_OK && i < keys->n; i++) {
		struct msp_value v;
		char scratch[MSP_ID_TEXT];
		msp_object_get(o, keys->key[i].name, &v, scratch);
		rc = append_value(&b, &v);
	}
	if (rc == MSP_OK)
		*out = msp_id_hash(b.data, b.len);
	msp_bytes_free(&b);
	return rc;
}

/* ---- numbering --------------------------------------------------------- */

struct msp_group_slot {
	struct msp_id hash;
	uint64_t number; /* from 1; 0: empty */
};

static struct msp_group_slot *find(struct msp_group_slot *slot, uint64_t room, const struct msp_id *hash)
{
	uint64_t i;
	memcpy(&i, hash->byte, sizeof i);
	for (i &= room - 1; slot[i].number && !msp_id_equal(&slot[i].hash, hash); i = (i + 1) & (room - 1))
		;
	return &slot[i];
}

static int grow(struct msp_groups *g)
{
	uint64_t room = g->room ? 2 * g->room : 64;
	struct msp_group_slot *slot = calloc(room, sizeof *slot);
	if (!slot)
		return MSP_NOMEM;
	for (uint64_t i = 0; i < g->room; i++)
		if (g->slot[i].number)
			*find(slot, room, &g->slot[i].hash) = g->slot[i];
	free(g->slot);
	g->slot = slot;
	g->room = room;
	return MSP_OK;
}

int msp_groups_number(struct msp_groups *g, struct msp_id hash, uint64_t *number, bool *added)
{
	if (g->n >= g->room / 2 && grow(g) < 0)
		return MSP_NOMEM;
	struct msp_group_slot *s = find(g->slot, g->room, &hash);
	*added = s->number == 0;
	if (*added) {
		s->hash = hash;
		s->number = ++g->n;
	}
	*number = s->number - 1;
	return MSP_OK;
}

uint64_t msp_groups_memory(const struct msp_groups *g)
{
	return g->room * sizeof *g->slot;
}

void msp_groups_free(struct msp_groups *g)
{
	free(g->slot);
	*g = (struct msp_groups){0};
}
