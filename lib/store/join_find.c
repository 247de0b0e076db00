/* Finding the documents of an object: groups by their keys, and in a group by time. */
#include "store/join.h"

#include <stdlib.h>
#include <string.h>

/* ---- groups ------------------------------------------------------------ */

static uint32_t slot_of(const struct msp_join *j, const struct msp_id *hash)
{
	uint32_t at;

	memcpy(&at, hash->byte, sizeof(at));
	return at & (j->slots - 1);
}

/* The slot of the group with that key, or the empty one where it would be. */
static uint32_t *find_slot(const struct msp_join *j, const struct msp_id *hash)
{
	uint32_t i = slot_of(j, hash);

	for (; j->slot[i]; i = (i + 1) & (j->slots - 1)) {
		const struct join_group *g = &j->group[j->slot[i] - 1];

		if (msp_id_equal(&g->hash, hash) && g->key_len == j->scratch.len &&
		    (g->key_len == 0 || memcmp(j->arena.data + g->key, j->scratch.data, g->key_len) == 0))
			break;
	}
	return &j->slot[i];
}

const struct join_group *msp_join_group(const struct msp_join *j)
{
	struct msp_id hash = msp_id_hash(j->scratch.data, j->scratch.len);
	uint32_t number = j->slots ? *find_slot(j, &hash) : 0;

	return number ? &j->group[number - 1] : NULL;
}

/* Never more than half full. */
static int grow_slots(struct msp_join *j)
{
	uint32_t slots = j->slots ? 2 * j->slots : 256;
	uint32_t *slot = slots > j->slots ? calloc(slots, sizeof(*slot)) : NULL;

	if (!slot)
		return MSP_NOMEM;
	free(j->slot);
	j->slot = slot;
	j->slots = slots;
	for (uint32_t g = 0; g < j->ngroups; g++) {
		uint32_t i = slot_of(j, &j->group[g].hash);

		while (slot[i])
			i = (i + 1) & (slots - 1);
		slot[i] = g + 1;
	}
	return MSP_OK;
}

static int grow_groups(struct msp_join *j)
{
	size_t room = j->group_room ? 2 * (size_t)j->group_room : 128;
	struct join_group *more = room < UINT32_MAX / 2 ? realloc(j->group, room * sizeof(*more)) : NULL;

	if (!more)
		return MSP_NOMEM;
	j->group = more;
	j->group_room = (uint32_t)room;
	return MSP_OK;
}

int msp_join_add_group(struct msp_join *j, uint32_t *number, struct msp_error *err)
{
	struct msp_id hash = msp_id_hash(j->scratch.data, j->scratch.len);
	uint32_t *slot;

	if ((j->ngroups + 1 > j->slots / 2 && grow_slots(j) != MSP_OK) ||
	    (j->ngroups == j->group_room && grow_groups(j) != MSP_OK))
		return msp_error_set(err, MSP_NOMEM, "no memory left");
	slot = find_slot(j, &hash);
	if (!*slot) {
		j->group[j->ngroups] = (struct join_group){.hash = hash, .key = j->arena.len, .key_len = (uint32_t)j->scratch.len};
		if (msp_bytes_append(&j->arena, j->scratch.data, j->scratch.len) != MSP_OK)
			return msp_error_set(err, MSP_NOMEM, "no memory left");
		*slot = ++j->ngroups;
	}
	*number = *slot - 1;
	return MSP_OK;
}

/* ---- in a group, by time ----------------------------------------------- */

/* The first entry of from..to that starts at t or later, or, after, later than t. */
static uint32_t lower(const struct msp_join *j, uint32_t from, uint32_t to, msp_time t, bool after)
{
	while (from < to) {
		uint32_t mid = from + (to - from) / 2;
		msp_time start = j->entry[mid].start;

		if (start < t || (after && start == t))
			from = mid + 1;
		else
			to = mid;
	}
	return from;
}

/* The first entry of from..to that reaches beyond t: with those before it, that is the first that ends after t. */
static uint32_t reaching(const struct msp_join *j, uint32_t from, uint32_t to, msp_time t)
{
	while (from < to) {
		uint32_t mid = from + (to - from) / 2;

		if (j->entry[mid].reach > t)
			to = mid;
		else
			from = mid + 1;
	}
	return from;
}

/* Those that start at t or before and end after `until`. */
static void find_epoch(const struct msp_join *j, const struct join_group *g, msp_time t, msp_time until, struct join_found *out)
{
	uint32_t past = lower(j, g->first, g->first + g->n, t, true);
	uint32_t first = reaching(j, g->first, past, until), last = past;

	if (first == past)
		return;
	while (j->entry[--last].end <= until) /* first is one that does not */
		;
	out->first = first;
	out->last = last;
	out->any = true;
	out->several = last > first;
}

static msp_time plus(msp_time a, msp_time b)
{
	msp_time sum;

	return __builtin_add_overflow(a, b, &sum) ? (b < 0 ? INT64_MIN : INT64_MAX) : sum;
}

static uint64_t distance(msp_time a, msp_time b)
{
	return a < b ? (uint64_t)b - (uint64_t)a : (uint64_t)a - (uint64_t)b;
}

/* Those within the tolerance of t: all of them, or the nearest. */
static void find_near(const struct msp_join *j, msp_time t, struct join_found *out)
{
	uint32_t from = lower(j, 0, j->ndocs, plus(t, -j->tolerance), false);
	uint32_t to = lower(j, from, j->ndocs, plus(t, j->tolerance), true);
	uint32_t at = lower(j, from, to, t, false); /* the nearest are just before, or from here on */
	uint64_t before, behind;

	if (from == to)
		return;
	if (!j->unique) {
		before = at > from ? distance(j->entry[at - 1].start, t) : UINT64_MAX;
		behind = at < to ? distance(j->entry[at].start, t) : UINT64_MAX;
		if (behind <= before)
			to = lower(j, at, to, j->entry[at].start, true);
		if (before <= behind)
			from = lower(j, from, at, j->entry[at - 1].start, false);
		if (behind < before)
			from = at;
		else if (before < behind)
			to = at;
	}
	*out = (struct join_found){.first = from, .last = to - 1, .any = true, .several = to - from > 1};
}

/* Those that start in from..to, both included, and have that network or none. */
static void find_inside(const struct msp_join *j, const struct join_group *g, msp_time from, msp_time to,
                        const struct join_code *net, struct join_found *out)
{
	uint32_t i = lower(j, g->first, g->first + g->n, from, false), end = lower(j, i, g->first + g->n, to, true);

	for (; i < end; i++) {
		const struct join_doc *d = &j->doc[j->entry[i].doc];

		if (d->has_net && net->there && (d->net_len != net->len || memcmp(j->arena.data + d->net, net->text, net->len) != 0))
			continue;
		if (!out->any)
			out->first = i;
		out->last = i;
		out->several = out->any;
		out->any = true;
	}
}

/* ---- objects ----------------------------------------------------------- */

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

static int no_time(const struct msp_object *o, const char *key, struct msp_error *err)
{
	if (msp_object_is_data(o) && o->relative && !o->shift_valid)
		return msp_error_set(err, MSP_KILL, "its time is relative and cannot be made UTC");
	return msp_error_set(err, MSP_KILL, "it has no time \"%s\"", key);
}

static int station(const struct join_code code[JOIN_CODES], struct msp_error *err)
{
	for (int i = 0; i < JOIN_CODES; i++)
		if (code[i].bad)
			return msp_error_set(err, MSP_KILL, "its %s", code[i].bad);
	return code[JOIN_STA].len > 0 ? MSP_OK : msp_error_set(err, MSP_KILL, "it has no sta");
}

static int find_seed(struct msp_join *j, const struct msp_object *o, struct join_found *out, struct msp_error *err)
{
	struct join_code code[JOIN_CODES];
	msp_time t, until;
	int s;

	msp_join_object_codes(j, o, code, &out->fresh);
	s = station(code, err);
	if (s != MSP_OK)
		return s;
	if (!msp_join_begin(o, &t))
		return no_time(o, "starttime", err);
	until = t;
	if (j->whole && msp_join_end(o, &until) && until < t)
		until = t;
	for (unsigned level = 0; level < JOIN_LEVELS && !out->any; level++) {
		const struct join_group *g;

		if (!j->level[level] || (level == 0 && code[JOIN_CHAN].len == 0))
			continue;
		if (msp_join_code_key(j, code, level) != MSP_OK)
			return memory(err);
		g = msp_join_group(j);
		out->known |= g != NULL;
		if (g)
			find_epoch(j, g, t, until, out);
	}
	return MSP_OK;
}

static int find_equal(struct msp_join *j, const struct msp_object *o, struct join_found *out, struct msp_error *err)
{
	const struct join_group *g;

	j->scratch.len = 0;
	for (uint32_t i = 0; i < j->npairs; i++) {
		char scratch[MSP_ID_TEXT];
		struct msp_value v;
		bool ok;

		msp_object_get(o, j->pairs[i].object, &v, scratch);
		if (v.type == MSP_V_UNDEFINED)
			return msp_error_set(err, MSP_KILL, "it has no key \"%s\"", j->pairs[i].object);
		if (msp_join_value_key(j, &v, j->pairs[i].time, &ok) != MSP_OK)
			return memory(err);
		if (!ok)
			return msp_error_set(err, MSP_KILL, "its key \"%s\" has a value that equals none", j->pairs[i].object);
	}
	g = msp_join_group(j);
	if (g)
		*out = (struct join_found){.first = g->first, .last = g->first + g->n - 1, .any = true, .several = g->n > 1};
	return MSP_OK;
}

static int find_origin(struct msp_join *j, const struct msp_object *o, struct join_found *out, struct msp_error *err)
{
	msp_time t;

	if (!msp_join_object_time(o, j->object_time, &t))
		return no_time(o, j->object_time, err);
	find_near(j, plus(t, -j->offset), out);
	return MSP_OK;
}

static int find_arrival(struct msp_join *j, const struct msp_object *o, struct join_found *out, struct msp_error *err)
{
	struct join_code code[JOIN_CODES];
	const struct join_group *g;
	msp_time from, to;
	int s;

	msp_join_object_codes(j, o, code, &out->fresh);
	s = station(code, err);
	if (s != MSP_OK)
		return s;
	if (!msp_join_begin(o, &from))
		return no_time(o, "starttime", err);
	if (!msp_join_end(o, &to))
		return no_time(o, "endtime", err);
	j->scratch.len = 0;
	if (msp_bytes_append(&j->scratch, code[JOIN_STA].text, code[JOIN_STA].len) != MSP_OK)
		return memory(err);
	g = msp_join_group(j);
	out->known = g != NULL;
	if (g)
		find_inside(j, g, from, to, &code[JOIN_NET], out);
	return MSP_OK;
}

int msp_join_find(struct msp_join *j, const struct msp_object *o, struct join_found *out, struct msp_error *err)
{
	memset(out, 0, sizeof(*out));
	switch (j->how) {
	case JOIN_SEED:
		return find_seed(j, o, out, err);
	case JOIN_ORIGIN:
		return find_origin(j, o, out, err);
	case JOIN_ARRIVAL:
		return find_arrival(j, o, out, err);
	default:
		return find_equal(j, o, out, err);
	}
}
