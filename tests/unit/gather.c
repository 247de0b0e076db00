/* Sorting with any amount of memory gives the same; groups are told apart as values compare. */
#include "mspipe/gather.h"

#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What comes out, one digest per object, in order. */
struct result {
	struct msp_id *digest;
	size_t n, room;
	size_t stop_after; /* 0: never */
};

static int collect(void *context, struct msp_object *o)
{
	struct result *r = context;
	if (r->stop_after && r->n == r->stop_after)
		return MSP_INTERRUPTED;
	if (r->n == r->room) {
		r->room = r->room ? 2 * r->room : 64;
		r->digest = realloc(r->digest, r->room * sizeof *r->digest);
		if (!r->digest)
			exit(1);
	}
	r->digest[r->n++] = msp_object_digest(o);
	return MSP_OK;
}

static uint32_t random_state;
static uint32_t draw(uint32_t below)
{
	random_state = random_state * 1664525 + 1013904223;
	return (random_state >> 8) % below;
}

static void make(struct msp_object *o, int i)
{
	char sta[16];
	CHECK(msp_object_reset(o, MSP_TIMESERIES, MSP_F64, 1 + draw(200)) == MSP_OK);
	memset(o->samples.data, i, o->samples.len);
	o->dt = 0.01;
	o->start = (msp_time)draw(5) * MSP_NS;
	snprintf(sta, sizeof sta, "S%u", draw(7));
	CHECK(msp_meta_set_string(o, "sta", sta) == MSP_OK);
	if (draw(4))
		CHECK(msp_meta_set_int(o, "mag", draw(3)) == MSP_OK);
	CHECK(msp_meta_set_int(o, "seq", i) == MSP_OK);
	if (!draw(9))
		CHECK(msp_object_kill(o, "test", "dead") == MSP_OK);
	msp_object_origin_id(o);
}

/* n units, some of them ensembles if `ensembles`, sorted. */
static struct result sorted(const char *keys, int n, bool ensembles, uint64_t memory, uint64_t *spilled)
{
	struct msp_keys k;
	struct msp_error err = {0};
	struct msp_object o;
	struct result r = {0};
	CHECK(msp_keys_parse(keys, true, &k, NULL) == MSP_OK);
	struct msp_sorter_options options = {.n = k.n, .keys = &k, .max_memory = memory};
	struct msp_sorter *s = msp_sorter_new(&options);
	msp_object_init(&o);
	random_state = 1;
	int left = 0;
	for (int i = 0; i < n; i++) {
		if (ensembles && !left && draw(2)) {
			left = 1 + (int)draw(draw(20) ? 5 : 300);
			CHECK(msp_object_reset(&o, MSP_ENSEMBLE_BEGIN, MSP_NONE, 0) == MSP_OK);
			CHECK(msp_meta_set_int(&o, "mag", draw(3)) == MSP_OK);
			CHECKF(msp_sorter_put(s, &o, &err) == MSP_OK, "%s", err.text);
		}
		make(&o, i);
		CHECKF(msp_sorter_put(s, &o, &err) == MSP_OK, "%s", err.text);
		if (left && (--left == 0 || i == n - 1)) {
			left = 0;
			CHECK(msp_object_reset(&o, MSP_ENSEMBLE_END, MSP_NONE, 0) == MSP_OK);
			CHECKF(msp_sorter_put(s, &o, &err) == MSP_OK, "%s", err.text);
		}
	}
	CHECKF(msp_sorter_drain(s, collect, &r, &err) == MSP_OK, "%s", err.text);
	*spilled = msp_sorter_spilled(s);
	/* it is empty, and can be used again */
	size_t all = r.n;
	CHECK(msp_sorter_drain(s, collect, &r, &err) == MSP_OK && r.n == all);
	make(&o, 1);
	CHECK(msp_sorter_put(s, &o, &err) == MSP_OK);
	CHECK(msp_sorter_drain(s, collect, &r, &err) == MSP_OK && r.n == all + 1);
	r.n--;
	msp_sorter_free(s);
	msp_object_free(&o);
	msp_keys_free(&k);
	return r;
}

static void test_memory(void)
{
	static const char *const keys[] = {"sta,-mag", "-starttime", "mag,starttime,sta", "seq", "nosuchkey"};
	static const uint64_t memory[] = {2000000, 100000, 20000, 3000, 1};
	for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
		for (int ensembles = 0; ensembles < 2; ensembles++) {
			uint64_t spilled, last = 0;
			struct result whole = sorted(keys[k], 400, ensembles, UINT64_MAX, &spilled);
			CHECK(spilled == 0 && whole.n >= 400);
			for (size_t m = 0; m < sizeof memory / sizeof *memory; m++) {
				struct result r = sorted(keys[k], 400, ensembles, memory[m], &spilled);
				bool same = r.n == whole.n && !memcmp(r.digest, whole.digest, r.n * sizeof *r.digest);
				CHECKF(same, "%s, memory %llu", keys[k], (unsigned long long)memory[m]);
				CHECK(spilled >= last);
				last = spilled;
				free(r.digest);
			}
			CHECK(last > 100);
			free(whole.digest);
		}
	}
}

/* By a sort that is too simple to be wrong. */
static void test_order(void)
{
	uint64_t spilled;
	struct result r = sorted("mag,-sta", 300, false, 20000, &spilled);
	struct msp_object o[300];
	bool taken[300] = {false};
	random_state = 1;
	for (int i = 0; i < 300; i++) {
		msp_object_init(&o[i]);
		make(&o[i], i);
	}
	for (size_t n = 0; n < 300; n++) {
		int best = -1;
		for (int i = 0; i < 300; i++) {
			struct msp_value a, b;
			if (taken[i])
				continue;
			if (best >= 0) {
				msp_meta_value(&o[i], "mag", &a);
				msp_meta_value(&o[best], "mag", &b);
				int c = msp_value_compare(&a, &b);
				if (!c)
					c = strcmp(msp_meta_string(&o[best], "sta", ""), msp_meta_string(&o[i], "sta", ""));
				if (c >= 0)
					continue;
			}
			best = i;
		}
		struct msp_id digest = msp_object_digest(&o[best]);
		CHECKF(msp_id_equal(&digest, &r.digest[n]), "place %zu", n);
		taken[best] = true;
	}
	for (int i = 0; i < 300; i++)
		msp_object_free(&o[i]);
	free(r.digest);
}

static void test_failure(void)
{
	struct msp_keys k;
	struct msp_error err = {0};
	struct msp_object o;
	struct result r = {.stop_after = 3};
	CHECK(msp_keys_parse("sta", true, &k, NULL) == MSP_OK);
	struct msp_sorter_options options = {.n = k.n, .keys = &k, .max_memory = 5000};
	struct msp_sorter *s = msp_sorter_new(&options);
	msp_object_init(&o);
	for (int i = 0; i < 50; i++) {
		make(&o, i);
		CHECK(msp_sorter_put(s, &o, &err) == MSP_OK);
	}
	CHECK(msp_sorter_drain(s, collect, &r, &err) == MSP_INTERRUPTED && r.n == 3);
	msp_sorter_free(s);
	/* no place for files; an ensemble that never ends */
	for (int bad = 0; bad < 2; bad++) {
		int rc = MSP_OK;
		setenv("TMPDIR", bad ? "/nosuchdirectory" : "/tmp", 1);
		s = msp_sorter_new(&options);
		CHECK(msp_object_reset(&o, MSP_ENSEMBLE_BEGIN, MSP_NONE, 0) == MSP_OK);
		CHECK(msp_sorter_put(s, &o, &err) == MSP_OK);
		for (int i = 0; rc == MSP_OK && i < 50; i++) {
			make(&o, i);
			rc = msp_sorter_put(s, &o, &err);
		}
		CHECKF(bad ? rc == MSP_FAIL && strstr(err.text, "/nosuchdirectory") : rc == MSP_OK, "%s", err.text);
		msp_sorter_free(s);
	}
	unsetenv("TMPDIR");
	msp_sorter_free(NULL);
	msp_keys_free(&k);
	msp_object_free(&o);
	free(r.digest);
}

static struct msp_id hash_of(const struct msp_value *v)
{
	struct msp_object o;
	struct msp_keys k;
	struct msp_id id;
	msp_object_init(&o);
	CHECK(msp_keys_parse("x,y", false, &k, NULL) == MSP_OK);
	CHECK(msp_meta_set(&o, "x", v, NULL) == MSP_OK);
	CHECK(msp_keys_hash(&k, &o, &id) == MSP_OK);
	msp_keys_free(&k);
	msp_object_free(&o);
	return id;
}

/* Equal hashes where values compare equal, and only there. */
static void test_hash(void)
{
	bson_t doc = BSON_INITIALIZER;
	BSON_APPEND_INT32(&doc, "a", 1);
	struct msp_value v[] = {
		{.type = MSP_V_UNDEFINED}, {.type = MSP_V_NULL}, {.type = MSP_V_BOOL, .u.b = true},
		{.type = MSP_V_INT, .u.i = 1},
		{.type = MSP_V_DOUBLE, .u.d = 1}, {.type = MSP_V_DOUBLE, .u.d = 1.5}, {.type = MSP_V_INT, .u.i = INT64_MAX},
		{.type = MSP_V_DOUBLE, .u.d = 0x1p63}, {.type = MSP_V_DOUBLE, .u.d = -0x1p63},
		{.type = MSP_V_INT, .u.i = INT64_MIN},
		{.type = MSP_V_DOUBLE, .u.d = 0.0}, {.type = MSP_V_DOUBLE, .u.d = -0.0}, {.type = MSP_V_BOOL, .u.b = false},
		{.type = MSP_V_DOUBLE, .u.d = (double)NAN}, {.type = MSP_V_DOUBLE, .u.d = (double)-NAN},
		{.type = MSP_V_DOUBLE, .u.d = (double)INFINITY},
		{.type = MSP_V_STRING, .u.s = {"", 0}}, {.type = MSP_V_STRING, .u.s = {"1", 1}},
		{.type = MSP_V_STRING, .u.s = {"ab", 2}},
		{.type = MSP_V_BSON},
	};
	size_t n = sizeof v / sizeof *v;
	v[n - 1].u.bson.value_type = BSON_TYPE_DOCUMENT;
	v[n - 1].u.bson.value.v_doc.data = (uint8_t *)(uintptr_t)bson_get_data(&doc);
	v[n - 1].u.bson.value.v_doc.data_len = doc.len;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < n; k++) {
			struct msp_id a = hash_of(&v[i]), b = hash_of(&v[k]);
			CHECKF(msp_id_equal(&a, &b) == (msp_value_compare(&v[i], &v[k]) == 0), "%zu %zu", i, k);
		}
	}
	bson_destroy(&doc);
}

static void test_groups(void)
{
	struct msp_groups g = {0};
	uint64_t n;
	bool added;
	for (int turn = 0; turn < 2; turn++) {
		for (uint64_t i = 0; i < 5000; i++) {
			CHECK(msp_groups_number(&g, msp_id_hash(&i, sizeof i), &n, &added) == MSP_OK);
			CHECK(n == i && added == !turn);
		}
	}
	CHECK(msp_groups_memory(&g) > 5000 * sizeof(struct msp_id));
	msp_groups_free(&g);
	CHECK(g.n == 0);
}

int main(void)
{
	test_memory();
	test_order();
	test_failure();
	test_hash();
	test_groups();
	return unit_end("gather");
}
