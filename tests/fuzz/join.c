/* Fuzz: a byte, the metadata of an object in JSON, and documents in JSON. However they are joined, the object's metadata are
 * valid afterwards, and as they were where it has no match; so they are when it is joined again. */
#include "store/join.h"

#include <stdlib.h>
#include <string.h>

static const struct msp_join_options options[] = {
	{.collection = "channel"},
	{.collection = "channel", .ambiguous = MSP_JOIN_LAST, .whole = true, .optional = true},
	{.collection = "site", .ambiguous = MSP_JOIN_FIRST, .keys = "lat:a?,b.c?,sta"},
	{.collection = "source", .match = "origin:5", .object_time = "t", .ambiguous = MSP_JOIN_FIRST},
	{.collection = "source", .match = "origin:1d", .unique = true, .optional = true},
	{.collection = "arrival", .ambiguous = MSP_JOIN_FIRST, .optional = true},
	{.collection = "x", .match = "a=a", .ambiguous = MSP_JOIN_LAST},
	{.collection = "x", .match = "a.b=c,starttime=time", .ambiguous = MSP_JOIN_FIRST},
	{.collection = "a"},
};

static struct msp_join *build(const struct msp_join_options *o, const uint8_t *data, size_t size)
{
	struct msp_join *j = calloc(1, sizeof(*j));
	bson_t doc;
	size_t used;

	if (!j || msp_join_set_up(j, o, NULL) != MSP_OK)
		abort();
	while (msp_json_parse((const char *)data, size, &doc, &used, NULL) == MSP_OK) {
		if (msp_join_take(j, &doc, NULL) != MSP_OK)
			abort();
		bson_destroy(&doc);
		data += used;
		size -= used;
	}
	msp_join_settle(j);
	return j;
}

static void join(struct msp_join *j, struct msp_object *o)
{
	struct msp_error err = {0};
	struct msp_object before, after;
	int s;

	msp_object_init(&before);
	msp_object_init(&after);
	if (msp_object_copy(&before, o) != MSP_OK)
		abort();
	s = msp_join_object(j, o, &err);
	if (s != MSP_OK && s != MSP_KILL)
		abort();
	if (s == MSP_KILL && (err.text[0] == '\0' || o->metadata.len != before.metadata.len ||
	                      (o->metadata.len && memcmp(o->metadata.data, before.metadata.data, o->metadata.len) != 0)))
		abort();
	if (!msp_bson_valid(o->metadata.data, o->metadata.len) || msp_object_copy(&after, o) != MSP_OK)
		abort();
	msp_object_free(&before);
	msp_object_free(&after);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct msp_join *j;
	struct msp_object o;
	bson_t meta;
	size_t used;

	if (size == 0 || msp_json_parse((const char *)data + 1, size - 1, &meta, &used, NULL) != MSP_OK)
		return 0;
	j = build(&options[data[0] % (sizeof(options) / sizeof(options[0]))], data + 1 + used, size - 1 - used);
	msp_object_init(&o);
	if (msp_object_reset(&o, data[0] & 0x80 ? MSP_ENSEMBLE_BEGIN : MSP_TIMESERIES, MSP_NONE, 0) != MSP_OK)
		abort();
	o.dt = 1;
	msp_bytes_borrow(&o.metadata, bson_get_data(&meta), meta.len);
	join(j, &o);
	join(j, &o);
	msp_object_free(&o);
	msp_join_free(j);
	bson_destroy(&meta);
	return 0;
}
