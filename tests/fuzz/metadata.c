/* Fuzz target: whatever passes msp_bson_valid() can be found in, edited, printed, compared and logged to,
 * and stays valid. The first byte chooses a key; the rest are the metadata. */
#include "mspipe/core.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool so)
{
	if (!so)
		abort();
}

static void valid(const struct msp_object *o)
{
	must(msp_bson_valid(o->metadata.data, o->metadata.len) && msp_bson_valid(o->elog.data, o->elog.len));
}

/* libbson must be able to walk what passed, and count as many elements as the log has entries. */
static void walk(const uint8_t *data, size_t size, const struct msp_object *o)
{
	bson_t b;
	bson_iter_t it;
	uint32_t n = 0;

	if (size == 0)
		return;
	must(bson_init_static(&b, data, size) && bson_iter_init(&it, &b));
	while (bson_iter_next(&it))
		n++;
	must(it.err_off == 0 && n == msp_object_log_count(o));
}

static void print(const struct msp_object *o, const struct msp_value *v, struct msp_bytes *out)
{
	must(msp_json_document(o->metadata.data, o->metadata.len, out) == MSP_OK);
	must(msp_json_value(v, out) == MSP_OK && msp_value_text(v, out) == MSP_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keys[] = { "a", "a.b", "a_b", "a.b.c", "l.0", "l.1.x", "sta", "channel_hang",
	                                   "k.k", "id" };
	struct msp_object o;
	struct msp_bytes out = { 0 };
	struct msp_value v, w;
	struct msp_log_entry e;
	struct msp_error err = { 0 };
	struct msp_id digest;
	bson_iter_t it;
	const char *key;
	char scratch[MSP_ID_TEXT], name[100];
	uint32_t i;

	if (size == 0)
		return 0;
	key = keys[data[0] % (sizeof keys / sizeof keys[0])];
	msp_object_init(&o);
	must(msp_object_reset(&o, MSP_TIMESERIES, MSP_F64, 0) == MSP_OK);
	msp_bytes_borrow(&o.metadata, data + 1, size - 1);
	msp_bytes_borrow(&o.elog, data + 1, size - 1);
	/* printing and reading must be safe on anything */
	memset(&v, 0, sizeof v);
	msp_object_get(&o, key, &v, scratch);
	print(&o, &v, &out);
	(void)msp_object_log_get(&o, 0, &e);
	if (msp_bson_valid(data + 1, size - 1)) {
		walk(data + 1, size - 1, &o);
		if (msp_meta_value(&o, key, &v)) {
			must(msp_meta_find(&o, key, &it));
			must(msp_value_compare(&v, &v) == 0 || (v.type == MSP_V_DOUBLE && v.u.d != v.u.d));
		}
		(void)msp_object_name(&o, name, sizeof name);
		for (i = 0; i < 4 && msp_object_log_get(&o, i, &e); i++)
			must(strlen(e.algorithm) + strlen(e.badness) + strlen(e.message) < 3 * size + 3);
		/* the value, moved: into a new key, its own place, and a part of itself */
		bool defined = v.type != MSP_V_UNDEFINED;
		if (msp_meta_set(&o, "fresh.key", &v, &err) == MSP_OK) {
			must(msp_meta_value(&o, "fresh.key", &w) == defined);
			valid(&o);
		}
		if (msp_meta_value(&o, key, &v) && msp_meta_set(&o, key, &v, &err) == MSP_OK)
			valid(&o);
		if (msp_meta_value(&o, key, &v) && msp_meta_set(&o, "a", &v, &err) == MSP_OK)
			valid(&o);
		if (msp_meta_set_string(&o, key, "text") == MSP_OK)
			must(msp_meta_value(&o, key, &v));
		valid(&o);
		must(msp_meta_unset(&o, key) == MSP_OK || strcmp(key, "id") == 0);
		valid(&o);
		must(msp_object_log(&o, "fuzz", MSP_COMPLAINT, "message") == MSP_OK);
		valid(&o);
		digest = msp_object_digest(&o);
		msp_object_origin_id(&o);
		must(msp_object_kill(&o, "fuzz", "end") == MSP_OK);
		msp_object_get(&o, "l.1", &v, scratch);
		print(&o, &v, &out);
		(void)digest;
	}
	msp_bytes_free(&out);
	msp_object_free(&o);
	return 0;
}
