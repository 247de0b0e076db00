/* Memory runs out at the k-th allocation, for every k: MSP_NOMEM, the object whole, nothing lost. */
#include "mspipe/core.h"

#include "nomem.h"
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#ifdef CAN_FAIL
void *__libc_realloc(void *p, size_t n);

void *realloc(void *p, size_t n)
{
	return fails() ? NULL : __libc_realloc(p, n);
}
#endif

#ifdef CAN_FAIL
static double lent[2000];

static void make(struct msp_object *o)
{
	msp_object_init(o);
	CHECK(msp_object_reset(o, MSP_TIMESERIES, MSP_I32, 1000) == MSP_OK);
	memset(o->samples.data, 1, o->samples.len);
	CHECK(msp_meta_set_string(o, "sta", "S") == MSP_OK && msp_meta_set_int(o, "d.x", 1) == MSP_OK);
	CHECK(msp_object_log(o, "a", MSP_COMPLAINT, "m") == MSP_OK);
}

/* The operations, each on a fresh object; returns what they return. */
static int operate(int what, struct msp_object *o, struct msp_object *other)
{
	struct msp_bytes text = { 0 };
	struct msp_value v;
	int r;

	switch (what) {
	case 0: return msp_meta_set_string(o, "sta", "longer");
	case 1: return msp_meta_set_int(o, "d.y.z", 2);
	case 2: return msp_meta_unset(o, "sta");
	case 3: return msp_object_log(o, "b", MSP_FATAL, "n");
	case 4: return msp_object_kill(o, "b", "n");
	case 5: return msp_object_to_f64(o, NULL);
	case 6: return msp_object_resize(o, 100000);
	case 7: return msp_object_copy(other, o);
	case 8:
		msp_bytes_borrow(&o->samples, lent, 4000);
		return msp_object_take(other, o);
	case 9:
		msp_bytes_borrow(&o->samples, lent, 4000);
		return msp_object_writable(o);
	case 10: return msp_object_reset(o, MSP_SEISMOGRAM, MSP_F64, 5000);
	case 11: return msp_bytes_append(&o->metadata, lent, 5);
	case 12: return msp_bytes_set(&o->history, lent, 500);
	default:
		r = msp_meta_value(o, "d", &v) ? msp_json_value(&v, &text) : MSP_FAIL;
		if (r == MSP_OK)
			r = msp_json_document(o->metadata.data, o->metadata.len, &text);
		if (r == MSP_OK)
			r = msp_value_text(&v, &text);
		msp_bytes_free(&text);
		return r;
	}
}

#define OPERATIONS 14

static bool whole(const struct msp_object *o)
{
	uint64_t want = o->live && msp_object_is_data(o) ? o->npts * o->ncomp * o->width : 0;

	return o->samples.len == want && msp_bson_valid(o->elog.data, o->elog.len);
}

static void test_each(int what)
{
	long k;
	int r = MSP_NOMEM;

	for (k = 0; k < 100 && r == MSP_NOMEM; k++) {
		struct msp_object o, other;
		struct msp_id before;
		make(&o);
		msp_object_init(&other);
		before = msp_object_digest(&o);
		countdown = k;
		r = operate(what, &o, &other);
		countdown = -1;
		CHECKF(r == MSP_OK || r == MSP_NOMEM, "operation %d, allocation %ld: %d", what, k, r);
		CHECKF(whole(&o) && whole(&other), "operation %d, allocation %ld", what, k);
		if (what == 4) /* dead all the same */
			CHECK(!o.live && o.samples.len == 0);
		if (r == MSP_NOMEM && (what < 4 || what == 5 || what == 6 || what == 7 || what == 11)) {
			struct msp_id after = msp_object_digest(&o);
			CHECKF(msp_id_equal(&before, &after), "operation %d, allocation %ld", what, k);
		}
		msp_object_free(&o);
		msp_object_free(&other);
	}
	CHECKF(r == MSP_OK && k > 1, "operation %d: %d after %ld", what, r, k);
}
#endif

/* Under valgrind, malloc() is valgrind's. */
static bool malloc_is_ours(void)
{
#ifdef CAN_FAIL
	void *volatile p;

	countdown = 0;
	p = malloc(1);
	countdown = -1;
	free(p);
	return p == NULL;
#else
	return false;
#endif
}

int main(void)
{
	if (!malloc_is_ours()) {
		fprintf(stderr, "core_nomem: malloc cannot be made to fail here (sanitizer, valgrind, or no glibc); nothing was tried\n");
		return 77; /* skipped, for tests/run */
	}
#ifdef CAN_FAIL
	for (int what = 0; what < OPERATIONS; what++)
		test_each(what);
#endif
	return unit_end("core_nomem");
}
