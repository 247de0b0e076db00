/* Metadata: finding, setting and removing keys; untrusted BSON. */
#include "mspipe/core.h"

#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void json_is(const struct msp_object *o, const char *want)
{
	struct msp_bytes out = { 0 };

	CHECK(msp_bson_valid(o->metadata.data, o->metadata.len));
	CHECK(msp_json_document(o->metadata.data, o->metadata.len, &out) == MSP_OK);
	CHECKF(out.len == strlen(want) && memcmp(out.data, want, out.len) == 0, "%.*s for %s", (int)out.len,
	       (char *)out.data, want);
	msp_bytes_free(&out);
}

/* Metadata from JSON, by libbson. */
static void load(struct msp_object *o, const char *json)
{
	bson_error_t e;
	bson_t *b = bson_new_from_json((const uint8_t *)json, -1, &e);

	CHECKF(b != NULL, "%s", e.message);
	CHECK(msp_bytes_set(&o->metadata, bson_get_data(b), b->len) == MSP_OK);
	bson_destroy(b);
}

static void finds(const struct msp_object *o, const char *key, int64_t want)
{
	struct msp_value v;
	bson_iter_t it;

	CHECKF(msp_meta_value(o, key, &v) && v.type == MSP_V_INT && v.u.i == want, "%s: type %d, %lld", key,
	       v.type,
	       (long long)v.u.i);
	CHECKF(msp_meta_find(o, key, &it) && bson_iter_as_int64(&it) == want, "%s", key);
}

static void misses(const struct msp_object *o, const char *key)
{
	struct msp_value v;
	bson_iter_t it;

	CHECKF(!msp_meta_value(o, key, &v) && v.type == MSP_V_UNDEFINED, "%s", key);
	CHECKF(!msp_meta_find(o, key, &it), "%s", key);
}

static void test_find(void)
{
	struct msp_object o;

	msp_object_init(&o);
	misses(&o, "x");
	load(&o, "{\"a\":1,\"channel\":{\"hang\":2,\"sub\":{\"deep_er\":3}},\"channel_vang\":4,\"site.lat\":5,\"list\":[6,{\"x\":7}],\"s\":\"t\"}");
	finds(&o, "a", 1);
	finds(&o, "channel.hang", 2);
	finds(&o, "channel_hang", 2);
	finds(&o, "channel.sub.deep_er", 3);
	finds(&o, "channel_sub_deep_er", 3);
	finds(&o, "channel.sub_deep.er", 3);
	finds(&o, "channel.vang", 4);
	finds(&o, "channel_vang", 4);
	finds(&o, "site.lat", 5);
	finds(&o, "site_lat", 5);
	finds(&o, "list.0", 6);
	finds(&o, "list.1.x", 7);
	finds(&o, "list_1_x", 7);
	misses(&o, "channel.lat");
	misses(&o, "channel.");
	misses(&o, "channel..hang");
	misses(&o, "");
	misses(&o, ".");
	misses(&o, "s.t");
	misses(&o, "aa");
	CHECK(!strcmp(msp_meta_string(&o, "s", "none"), "t") &&
	      !strcmp(msp_meta_string(&o, "a", "none"), "none"));
	CHECK(!strcmp(msp_meta_string(&o, "nowhere", "none"), "none"));
	/* the exact spelling comes first, wherever it stands */
	load(&o, "{\"site_lat\":1,\"site\":{\"lat\":2}}");
	finds(&o, "site.lat", 2);
	finds(&o, "site_lat", 1);
	load(&o, "{\"site\":{\"lat\":2},\"site_lat\":1}");
	finds(&o, "site.lat", 2);
	finds(&o, "site_lat", 1);
	msp_object_free(&o);
}

static void sets(struct msp_object *o, const char *key, int64_t i)
{
	CHECKF(msp_meta_set_int(o, key, i) == MSP_OK, "%s", key);
}

static void test_set(void)
{
	struct msp_object o;

	msp_object_init(&o);
	CHECK(msp_object_reset(&o, MSP_TIMESERIES, MSP_F64, 0) == MSP_OK);
	sets(&o, "a", 1);
	sets(&o, "b", INT64_C(1) << 40);
	CHECK(msp_meta_set_double(&o, "c", 0.5) == MSP_OK && msp_meta_set_string(&o, "d", "text") == MSP_OK);
	json_is(&o, "{\"a\":1,\"b\":1099511627776,\"c\":0.5,\"d\":\"text\"}");
	/* another type and size in the same place */
	CHECK(msp_meta_set_string(&o, "b", "longer than eight bytes") == MSP_OK);
	sets(&o, "d", 0);
	json_is(&o, "{\"a\":1,\"b\":\"longer than eight bytes\",\"c\":0.5,\"d\":0}");
	/* dotted: subdocuments are made, then used */
	sets(&o, "channel.hang", 1);
	sets(&o, "channel.vang", 2);
	sets(&o, "x.y.z", 3);
	sets(&o, "x.y.w", 4);
	sets(&o, "x.v.u.t", 5);
	CHECK(msp_meta_unset(&o, "b") == MSP_OK && msp_meta_unset(&o, "c") == MSP_OK &&
	      msp_meta_unset(&o, "nothing") == MSP_OK);
	json_is(&o, "{\"a\":1,\"d\":0,\"channel\":{\"hang\":1,\"vang\":2},\"x\":{\"y\":{\"z\":3,\"w\":4},\"v\":{\"u\":{\"t\":5}}}}");
	/* the spelling that is there stays */
	sets(&o, "channel_hang", 9);
	sets(&o, "site_lat", 7);
	sets(&o, "site.lat", 8);
	sets(&o, "x_y_z", 10);
	json_is(&o, "{\"a\":1,\"d\":0,\"channel\":{\"hang\":9,\"vang\":2},\"x\":{\"y\":{\"z\":10,\"w\":4},\"v\":{\"u\":{\"t\":5}}},\"site_lat\":8}");
	CHECK(msp_meta_unset(&o, "x_y_z") == MSP_OK && msp_meta_unset(&o, "x.v") == MSP_OK &&
	      msp_meta_unset(&o, "site.lat") == MSP_OK);
	json_is(&o, "{\"a\":1,\"d\":0,\"channel\":{\"hang\":9,\"vang\":2},\"x\":{\"y\":{\"w\":4}}}");
	CHECK(msp_meta_unset(&o, "channel") == MSP_OK && msp_meta_unset(&o, "x") == MSP_OK &&
	      msp_meta_unset(&o, "a") == MSP_OK);
	CHECK(msp_meta_unset(&o, "d") == MSP_OK && o.metadata.len == 0);
	/* the last key of a subdocument leaves it, empty */
	sets(&o, "x.y", 1);
	CHECK(msp_meta_unset(&o, "x.y") == MSP_OK);
	json_is(&o, "{\"x\":{}}");
	sets(&o, "x.y", 2);
	json_is(&o, "{\"x\":{\"y\":2}}");
	msp_object_free(&o);
}

static void test_arrays(void)
{
	struct msp_object o;
	struct msp_error err = { 0 };
	struct msp_value v = { .type = MSP_V_INT };

	msp_object_init(&o);
	load(&o, "{\"l\":[1,2,{\"k\":3,\"m\":4}],\"z\":0}");
	sets(&o, "l.1", 20);
	sets(&o, "l.2.k", 30);
	sets(&o, "l.2.n", 40);
	json_is(&o, "{\"l\":[1,20,{\"k\":30,\"m\":4,\"n\":40}],\"z\":0}");
	CHECK(msp_meta_unset(&o, "l.0") == MSP_OK && msp_meta_unset(&o, "l.2.k") == MSP_OK);
	json_is(&o, "{\"l\":[null,20,{\"m\":4,\"n\":40}],\"z\":0}");
	CHECK(msp_meta_set(&o, "l.7", &v, &err) == MSP_USAGE && strstr(err.text, "l is no document"));
	CHECK(msp_meta_set(&o, "z.a", &v, &err) == MSP_USAGE && strstr(err.text, "z is no document"));
	json_is(&o, "{\"l\":[null,20,{\"m\":4,\"n\":40}],\"z\":0}");
	msp_object_free(&o);
}

/* Values that lie in the document that is edited, and metadata that are lent. */
static void test_aliases(void)
{
	struct msp_object o;
	struct msp_value v;
	uint8_t lent[64], before[64];
	size_t n;

	msp_object_init(&o);
	load(&o, "{\"sta\":\"ANMO\",\"d\":{\"x\":[1,2]},\"k\":1}");
	n = o.metadata.len;
	CHECK(n <= sizeof lent);
	memcpy(lent, o.metadata.data, n);
	memcpy(before, lent, n);
	msp_bytes_borrow(&o.metadata, lent, n);
	CHECK(msp_meta_value(&o, "sta", &v) && msp_meta_set(&o, "k", &v, NULL) == MSP_OK &&
	      o.metadata.cap > 0);
	CHECK(memcmp(lent, before, n) == 0);
	CHECK(msp_meta_value(&o, "d", &v) && msp_meta_set(&o, "d.copy", &v, NULL) == MSP_OK);
	CHECK(msp_meta_value(&o, "d.x", &v) && msp_meta_set(&o, "sta", &v, NULL) == MSP_OK);
	/* a part in place of the whole */
	CHECK(msp_meta_value(&o, "d.copy", &v) && msp_meta_set(&o, "d", &v, NULL) == MSP_OK);
	CHECK(msp_meta_value(&o, "k", &v) && msp_meta_set(&o, "k", &v, NULL) == MSP_OK);
	json_is(&o, "{\"sta\":[1,2],\"d\":{\"x\":[1,2]},\"k\":\"ANMO\"}");
	msp_object_free(&o);
}

static void refuses(const char *key, const char *why)
{
	struct msp_value v = { .type = MSP_V_INT };
	struct msp_error err = { 0 };
	struct msp_object o;
	int r;

	msp_object_init(&o);
	CHECK(msp_object_reset(&o, MSP_TIMESERIES, MSP_F64, 0) == MSP_OK);
	r = msp_meta_set(&o, key, &v, &err);
	CHECKF(r == MSP_USAGE && strstr(err.text, why) && o.metadata.len == 0, "%.20s: %d %s", key, r,
	       err.text);
	msp_object_free(&o);
}

static void test_keys(void)
{
	char text[1200];
	struct msp_object o;
	int i;

	refuses("", "empty");
	refuses(".a", "empty part");
	refuses("a.", "empty part");
	refuses("a..b", "empty part");
	refuses("npts", "field");
	refuses("time", "field");
	refuses("starttime", "field");
	memset(text, 'k', sizeof text);
	text[1025] = '\0';
	refuses(text, "longer than 1024");
	msp_object_init(&o);
	text[1024] = '\0';
	sets(&o, text, 1);
	finds(&o, text, 1);
	sets(&o, text, 2);
	finds(&o, text, 2);
	CHECK(msp_meta_unset(&o, text) == MSP_OK && o.metadata.len == 0);
	/* as deep as a document may be, and a step deeper */
	for (i = 0; i < 64; i++)
		memcpy(text + 2 * i, "d.", 2);
	text[127] = '\0';
	sets(&o, text, 3);
	finds(&o, text, 3);
	CHECK(msp_bson_valid(o.metadata.data, o.metadata.len));
	memcpy(text + 127, ".e", 3);
	CHECK(msp_meta_set_int(&o, text, 3) == MSP_USAGE);
	msp_object_free(&o);
	refuses(text, "nested too deep");
}

static void test_bad_values(void)
{
	static uint8_t junk[6] = { 6, 0, 0, 0, 1, 0 };
	struct msp_value v = { .type = MSP_V_BSON };
	struct msp_error err = { 0 };
	struct msp_object o;
	int i, r = MSP_OK;

	msp_object_init(&o);
	v.u.bson.value_type = BSON_TYPE_DOCUMENT;
	v.u.bson.value.v_doc.data = junk;
	v.u.bson.value.v_doc.data_len = sizeof junk;
	CHECK(msp_meta_set(&o, "k", &v, &err) == MSP_USAGE && strstr(err.text, "malformed") &&
	      o.metadata.len == 0);
	v.u.bson.value_type = (bson_type_t)0x55;
	CHECK(msp_meta_set(&o, "k", &v, &err) == MSP_USAGE && o.metadata.len == 0);
	/* a document in itself, again and again */
	sets(&o, "k.k", 1);
	for (i = 0; i < 70 && r == MSP_OK; i++) {
		CHECK(msp_meta_value(&o, "k", &v));
		r = msp_meta_set(&o, "k.k", &v, &err);
		CHECK(msp_bson_valid(o.metadata.data, o.metadata.len));
	}
	CHECKF(r == MSP_USAGE && i > 50 && strstr(err.text, "nested too deep"), "%d %d", r, i);
	msp_object_free(&o);
}

/* Bytes that are no BSON, each for one reason. */
static void test_valid(void)
{
#define BSON(text) (const uint8_t *)(text), sizeof(text) - 1
	CHECK(msp_bson_valid(NULL, 0));
	CHECK(msp_bson_valid(BSON("\x05\0\0\0\0")));
	CHECK(!msp_bson_valid(BSON("\x05\0\0\0\1")));
	CHECK(!msp_bson_valid(BSON("\x05\0\0\0")));
	CHECK(!msp_bson_valid(BSON("\x06\0\0\0\0")));
	CHECK(!msp_bson_valid(BSON("\x04\0\0\0\0")));
	CHECK(!msp_bson_valid(BSON("\xff\xff\xff\xff\0")));
	CHECK(msp_bson_valid(BSON("\x0c\0\0\0" "\x10" "k\0" "\1\0\0\0" "\0")));
	CHECK(!msp_bson_valid(BSON("\x0c\0\0\0" "\x15" "k\0" "\1\0\0\0" "\0")));           /* no such type */
	CHECK(!msp_bson_valid(BSON("\x0c\0\0\0" "\x01" "k\0" "\1\0\0\0" "\0")));           /* double cut */
	/* key takes the closing NUL */
	CHECK(!msp_bson_valid(BSON("\x0c\0\0\0" "\x10" "kkkkkk" "\0")));
	CHECK(msp_bson_valid(BSON("\x09\0\0\0" "\x08" "k\0" "\1" "\0")));
	CHECK(!msp_bson_valid(BSON("\x09\0\0\0" "\x08" "k\0" "\2" "\0")));                 /* bool 2 */
	CHECK(msp_bson_valid(BSON("\x0e\0\0\0" "\x02" "k\0" "\2\0\0\0" "x\0" "\0")));
	CHECK(!msp_bson_valid(BSON("\x0e\0\0\0" "\x02" "k\0" "\2\0\0\0" "xy" "\0")));      /* no NUL */
	/* takes the closing NUL */
	CHECK(!msp_bson_valid(BSON("\x0e\0\0\0" "\x02" "k\0" "\3\0\0\0" "x\0" "\0")));
	CHECK(!msp_bson_valid(BSON("\x0e\0\0\0" "\x02" "k\0" "\0\0\0\0" "x\0" "\0")));     /* length 0 */
	CHECK(!msp_bson_valid(BSON("\x0e\0\0\0" "\x02" "k\0" "\xff\xff\xff\xff" "x\0" "\0")));
	/* inner without its NUL */
	CHECK(!msp_bson_valid(BSON("\x0d\0\0\0" "\x03" "k\0" "\5\0\0\0" "\1" "\0")));
	/* inner too long */
	CHECK(!msp_bson_valid(BSON("\x0d\0\0\0" "\x03" "k\0" "\6\0\0\0" "\0" "\0")));
	CHECK(msp_bson_valid(BSON("\x0e\0\0\0" "\x05" "k\0" "\1\0\0\0" "\0" "x" "\0")));
	CHECK(!msp_bson_valid(BSON("\x0e\0\0\0" "\x05" "k\0" "\2\0\0\0" "\0" "x" "\0")));
	/* subtype 2 without its length */
	CHECK(!msp_bson_valid(BSON("\x0e\0\0\0" "\x05" "k\0" "\1\0\0\0" "\2" "x" "\0")));
	CHECK(msp_bson_valid(BSON("\x0c\0\0\0" "\x0b" "k\0" "a\0" "b\0" "\0")));
	CHECK(!msp_bson_valid(BSON("\x0c\0\0\0" "\x0b" "k\0" "a\0" "bb" "\0")));
	CHECK(!msp_bson_valid(BSON("\x16\0\0\0" "\x0f" "k\0" "\x0e\0\0\0" "\1\0\0\0\0" "\5\0\0\0\1" "\0")));
	CHECK(msp_bson_valid(BSON("\x16\0\0\0" "\x0f" "k\0" "\x0e\0\0\0" "\1\0\0\0\0" "\5\0\0\0\0" "\0")));
	/* the code takes the scope's place */
	CHECK(!msp_bson_valid(BSON("\x16\0\0\0" "\x0f" "k\0" "\x0e\0\0\0" "\6\0\0\0" "a" "\5\0\0\0" "\0" "\0")));
	CHECK(!msp_bson_valid(BSON("\x16\0\0\0" "\x0f" "k\0" "\x0e\0\0\0" "\2\0\0\0\0" "\5\0\0\0\0" "\0")));
}

/* Every cut and every flipped bit of a document: never out of bounds (the sanitizers watch), and whatever
 * is valid can be read. */
static void test_damaged(void)
{
	struct msp_object o, d;
	struct msp_bytes out = { 0 };
	size_t i, valid = 0;
	int bit;

	msp_object_init(&o);
	msp_object_init(&d);
	load(&o, "{\"a\":{\"b\":[1,2.5,\"x\"]},\"r\":{\"$regex\":\"a\",\"$options\":\"i\"},\"bin\":{\"$binary\":{\"base64\":\"AAEC\",\"subType\":\"02\"}}}");
	for (i = 0; i < o.metadata.len; i++) {
		uint8_t *cut = malloc(i + 1);
		if (i)
			memcpy(cut, o.metadata.data, i);
		CHECK(i == 0 || !msp_bson_valid(cut, i));
		free(cut);
		for (bit = 0; bit < 8; bit++) {
			CHECK(msp_bytes_set(&d.metadata, o.metadata.data, o.metadata.len) == MSP_OK);
			d.metadata.data[i] ^= (uint8_t)(1 << bit);
			out.len = 0;
			CHECK(msp_json_document(d.metadata.data, d.metadata.len, &out) == MSP_OK);
			if (msp_bson_valid(d.metadata.data, d.metadata.len)) {
				valid++;
				CHECK(msp_meta_set_int(&d, "a.b.0", 5) == MSP_OK ||
				      msp_meta_unset(&d, "bin") == MSP_OK);
				CHECK(msp_bson_valid(d.metadata.data, d.metadata.len));
			}
		}
	}
	CHECKF(valid > 100, "%zu", valid);
	msp_bytes_free(&out);
	msp_object_free(&o);
	msp_object_free(&d);
}

int main(void)
{
	test_find();
	test_set();
	test_arrays();
	test_aliases();
	test_keys();
	test_bad_values();
	test_valid();
	test_damaged();
	return unit_end("core_metadata");
}
