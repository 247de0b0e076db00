/* A stream divided into parts by the values of keys: objects are sorted by the number of their part, which keeps few files open however
 * many parts there are. */
#include "tool/divider.h"

#include <stdio.h>
#include <string.h>

int divider_start_keys(struct msp_divider *k)
{
	struct msp_sorter_options o = {.n = 1, .key = msp_numbering_key, .context = &k->groups, .max_memory = k->options.max_memory,
	                               .poll = msp_job_poll_fn(), .poll_context = k->job};
	int s = msp_keys_parse(k->options.by, false, &k->keys, divider_error(k));

	if (s < 0)
		return s;
	k->groups.keys = &k->keys;
	k->sorter = msp_sorter_new(&o);
	return k->sorter ? MSP_OK : divider_no_memory(k);
}

int msp_divider_put(struct msp_divider *k, struct msp_object *o)
{
	int s = msp_sorter_put(k->sorter, o, divider_error(k));

	return k->groups.nomem ? divider_no_memory(k) : s;
}

/* PREFIX.VALUE.VALUE.msp; what would be odd in a name is an underscore. */
static int name_part(struct msp_divider *k, const struct msp_object *o, struct msp_bytes *name)
{
	char scratch[MSP_ID_TEXT], number_text[32];
	size_t from = strlen(k->options.prefix);
	uint64_t n;
	bool added;
	int s = msp_bytes_set(name, k->options.prefix, from);

	for (uint32_t i = 0; s == MSP_OK && i < k->keys.n; i++) {
		struct msp_value v;

		msp_object_get(o, k->keys.key[i].name, &v, scratch);
		s = msp_bytes_append(name, ".", 1);
		if (s == MSP_OK)
			s = v.type == MSP_V_UNDEFINED ? msp_bytes_append(name, "undefined", 9) : msp_value_text(&v, name);
	}
	for (size_t i = from; s == MSP_OK && i < name->len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-+=@,", name->data[i]) || !name->data[i])
			name->data[i] = '_';
	if (s == MSP_OK && name->len > from + 180)
		name->len = from + 180;
	if (s == MSP_OK)
		s = msp_groups_number(&k->names, msp_id_hash(name->data, name->len), &n, &added);
	if (s == MSP_OK && !added) { /* two values, one name */
		snprintf(number_text, sizeof number_text, ".%zu", msp_parts_count(k->parts) + 1);
		s = msp_bytes_append(name, number_text, strlen(number_text));
	}
	if (s == MSP_OK)
		s = msp_bytes_append(name, ".msp", 5);
	return s < 0 ? divider_no_memory(k) : MSP_OK;
}

static int next_part(struct msp_divider *k, const struct msp_object *first)
{
	struct msp_bytes name = {0};
	int s = msp_parts_count(k->parts) > 0 ? msp_parts_close(k->parts, k->to, divider_error(k)) : MSP_OK;

	if (s == MSP_OK)
		s = name_part(k, first, &name);
	if (s == MSP_OK)
		s = divider_add(k, (const char *)name.data);
	msp_bytes_free(&name);
	return s;
}

static int put_sorted(void *context, struct msp_object *o)
{
	struct msp_divider *k = context;
	int s = MSP_OK;

	if (!k->inside) {
		struct msp_value v;
		char scratch[MSP_ID_TEXT];

		msp_numbering_key(&k->groups, o, 0, &v, scratch);
		if (k->groups.nomem)
			return divider_no_memory(k);
		if (msp_parts_count(k->parts) == 0 || (uint64_t)v.u.i != k->last)
			s = next_part(k, o);
		k->last = (uint64_t)v.u.i;
	}
	if (s < 0)
		return s;
	divider_follow(k, o);
	return msp_parts_put(k->parts, k->to, o, divider_error(k));
}

/* Objects that were sorted are not told apart by where they came from: several streams become one. */
int divider_drain_keys(struct msp_divider *k)
{
	int s = msp_parts_merge_sources(k->parts, "mssplit", divider_error(k));

	if (k->groups.groups.n > MSP_PARTS_MAX)
		return msp_error_set(divider_error(k), MSP_FAIL, "more than %d parts", MSP_PARTS_MAX);
	msp_parts_set_number(k->parts, (uint32_t)k->groups.groups.n);
	if (s == MSP_OK)
		s = msp_sorter_drain(k->sorter, put_sorted, k, divider_error(k));
	if (s == MSP_OK && k->groups.nomem)
		s = divider_no_memory(k);
	return s;
}
