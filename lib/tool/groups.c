/* Which group an object belongs to, by the values of keys. */
#include "tool/groups.h"

#include "core/walk.h"

#include <math.h>
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

bool msp_value_whole(const struct msp_value *v, int64_t *out)
{
	double d = v->u.d;

	switch (v->type) {
	case MSP_V_BOOL: *out = v->u.b; return true;
	case MSP_V_INT: *out = v->u.i; return true;
	case MSP_V_DOUBLE:
		if (!(d >= -0x1p63 && d < 0x1p63 && (double)(int64_t)d == d))
			return false;
		*out = (int64_t)d;
		return true;
	default: return false;
	}
}

/* All NaN are equal to msp_value_compare(). */
static int append_number(struct msp_bytes *b, const struct msp_value *v)
{
	int64_t i;

	if (msp_value_whole(v, &i))
		return append(b, WHOLE, &i, sizeof i);
	return append(b, REAL, &v->u.d, isnan(v->u.d) ? 0 : sizeof v->u.d);
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

void msp_numbering_key(const void *numbering, const struct msp_object *o, uint32_t i, struct msp_value *out, char scratch[MSP_ID_TEXT])
{
	struct msp_numbering *n = (struct msp_numbering *)(uintptr_t)numbering; /* numbering counts what it meets */
	struct msp_id hash;
	uint64_t number = 0;
	bool added;

	(void)i, (void)scratch;
	if (msp_keys_hash(n->keys, o, &hash) < 0 || msp_groups_number(&n->groups, hash, &number, &added) < 0)
		n->nomem = true;
	*out = (struct msp_value){.type = MSP_V_INT, .u.i = (int64_t)number};
}

int msp_pass_ensemble_end(struct msp_job *job)
{
	struct msp_object end;
	int s;

	msp_object_init(&end);
	s = msp_object_reset(&end, MSP_ENSEMBLE_END, MSP_NONE, 0);
	s = s < 0 ? msp_error_set(msp_job_error(job), s, "no memory left") : msp_pass(job, &end);
	msp_object_free(&end);
	return s;
}
