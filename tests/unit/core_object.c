/* Objects: making, copying, taking, lending, converting, time standards, ids and digests. */
#include "mspipe/core.h"

#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Under AddressSanitizer, a malloc() that asks for too much returns NULL, as it does without. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* A live time series of doubles 0, 1, 2 ... with two codes. */
static void make(struct msp_object *o, uint64_t npts)
{
	double *x;
	uint64_t i;

	msp_object_init(o);
	CHECK(msp_object_reset(o, MSP_TIMESERIES, MSP_F64, npts) == MSP_OK);
	x = msp_object_f64(o, 0);
	for (i = 0; i < npts; i++)
		x[i] = (double)i;
	o->dt = 0.05;
	CHECK(msp_meta_set_string(o, "net", "XX") == MSP_OK);
	CHECK(msp_meta_set_string(o, "sta", "S0001") == MSP_OK);
}

static bool same_id(struct msp_id a, struct msp_id b)
{
	return msp_id_equal(&a, &b);
}

static void test_reset(void)
{
	struct msp_object o;
	uint8_t *samples;

	msp_object_init(&o);
	CHECK(msp_object_reset(&o, MSP_SEISMOGRAM, MSP_F32, 100) == MSP_OK);
	CHECK(o.live && o.ncomp == 3 && o.width == 4 && o.samples.len == 1200 && o.tmatrix[4] == 1 &&
	      o.tmatrix[1] == 0);
	CHECK(o.cardinal && o.orthogonal && !o.relative && o.dt == 0 && o.start == 0);
	samples = o.samples.data;
	CHECK(msp_meta_set_int(&o, "k", 1) == MSP_OK && o.metadata.len > 0);
	CHECK(msp_object_reset(&o, MSP_TIMESERIES, MSP_F64, 150) == MSP_OK);
	CHECK(o.samples.data == samples && o.samples.len == 1200 && o.metadata.len == 0 && o.tmatrix[0] == 0);
	/* no memory by a number that is only claimed */
	CHECK(msp_object_reset(&o, MSP_TIMESERIES, MSP_F64, UINT64_MAX) == MSP_NOMEM && o.npts == 0 &&
	      o.samples.len == 0);
	CHECK(msp_object_reset(&o, MSP_SEISMOGRAM, MSP_F64, UINT64_C(1) << 60) == MSP_NOMEM);
	CHECK(msp_object_reset(&o, MSP_SEISMOGRAM, MSP_F64, UINT64_MAX / 24 + 1) == MSP_NOMEM);
	CHECK(msp_object_reset(&o, MSP_ENSEMBLE_BEGIN, MSP_NONE, 0) == MSP_OK && o.ncomp == 0 &&
	      o.samples.len == 0);
	CHECK(!msp_object_is_data(&o) && msp_object_f64(&o, 0) == NULL);
	CHECK(msp_object_reset(&o, MSP_TIMESERIES, MSP_NONE, 12) == MSP_OK && o.npts == 12 &&
	      o.samples.len == 0);
	CHECK(msp_object_reset(&o, MSP_TIMESERIES, MSP_I32, 0) == MSP_OK && o.samples.len == 0);
	msp_object_free(&o);
	CHECK(o.samples.data == NULL && o.kind == 0);
}

static void test_borrowed(void)
{
	double lent[4] = { 1, 2, 3, 4 };
	struct msp_object o, copy, taken;
	struct msp_id digest;

	make(&o, 0);
	msp_bytes_borrow(&o.samples, lent, sizeof lent);
	o.npts = 4;
	digest = msp_object_digest(&o);
	msp_object_init(&copy);
	msp_object_init(&taken);
	CHECK(msp_object_copy(&copy, &o) == MSP_OK);
	CHECK(copy.samples.cap >= sizeof lent && (void *)copy.samples.data != lent && o.samples.cap == 0);
	CHECK(same_id(msp_object_digest(&copy), digest));
	CHECK(msp_object_copy(&copy, &copy) == MSP_OK && same_id(msp_object_digest(&copy), digest));
	CHECK(msp_object_take(&taken, &o) == MSP_OK);
	CHECK(taken.samples.cap >= sizeof lent && (void *)taken.samples.data != lent);
	CHECK(o.kind == 0 && o.samples.len == 0 && o.metadata.len == 0 && !o.live);
	lent[0] = 99; /* nobody looks at it any more */
	CHECK(same_id(msp_object_digest(&taken), digest) && same_id(msp_object_digest(&copy), digest));
	/* writing goes to a copy */
	msp_bytes_borrow(&taken.samples, lent, sizeof lent);
	CHECK(msp_object_writable(&taken) == MSP_OK);
	msp_object_f64(&taken, 0)[1] = 7;
	CHECK(lent[1] == 2 && msp_object_f64(&taken, 0)[0] == 99);
	/* growing a borrowed buffer keeps its content */
	msp_bytes_borrow(&taken.samples, lent, sizeof lent);
	CHECK(msp_object_resize(&taken, 6) == MSP_OK && taken.npts == 6 && taken.samples.len == 48 &&
	      taken.samples.cap >= 48);
	CHECK(msp_object_f64(&taken, 0)[3] == 4);
	msp_bytes_borrow(&taken.samples, lent, sizeof lent);
	CHECK(msp_object_resize(&taken, 2) == MSP_OK && taken.samples.len == 16 &&
	      msp_object_f64(&taken, 0)[1] == 2);
	msp_bytes_borrow(&taken.samples, lent, sizeof lent);
	CHECK(msp_object_resize(&taken, 0) == MSP_OK && taken.samples.len == 0);
	CHECK(msp_object_resize(&taken, UINT64_MAX / 4) == MSP_NOMEM && taken.npts == 0);
	msp_object_free(&o);
	msp_object_free(&copy);
	msp_object_free(&taken);
}

/* Copy and take into objects that hold something already. */
static void test_reuse(void)
{
	struct msp_object a, b;
	struct msp_id digest;

	make(&a, 100);
	make(&b, 1000);
	digest = msp_object_digest(&a);
	CHECK(msp_object_copy(&b, &a) == MSP_OK && b.npts == 100 && same_id(msp_object_digest(&b), digest));
	CHECK(msp_object_reset(&b, MSP_SEISMOGRAM, MSP_I32, 10) == MSP_OK);
	CHECK(msp_object_take(&b, &a) == MSP_OK && same_id(msp_object_digest(&b), digest));
	CHECK(a.samples.len == 0 && a.kind == 0);
	CHECK(msp_object_take(&b, &b) == MSP_OK && same_id(msp_object_digest(&b), digest));
	CHECK(msp_object_take(&a, &b) == MSP_OK && same_id(msp_object_digest(&a), digest));
	msp_object_free(&a);
	msp_object_free(&b);
}

static void test_convert(void)
{
	unsigned char lent[33];
	float f[8] = { 0.5f, -1e30f, 3, 4, 5, 6, 7, NAN };
	int32_t k[8] = { INT32_MIN, INT32_MAX, 0, -1, 1, 2, 3, 4 };
	struct msp_error err = { 0 };
	struct msp_object o;

	make(&o, 8);
	memcpy(lent + 1, f, sizeof f); /* lent at an odd address */
	o.type = MSP_F32, o.width = 4;
	msp_bytes_borrow(&o.samples, lent + 1, sizeof f);
	CHECK(msp_object_f64(&o, 0) == NULL);
	CHECK(msp_object_to_f64(&o, &err) == MSP_OK && o.type == MSP_F64 && o.width == 8 &&
	      o.samples.len == 64);
	CHECK(msp_object_f64(&o, 0)[0] == 0.5 && msp_object_f64(&o, 0)[1] == (double)-1e30f &&
	      isnan(msp_object_f64(&o, 0)[7]));
	CHECK(msp_object_f64(&o, 1) == NULL);
	memcpy(lent + 1, k, sizeof k);
	o.type = MSP_I32, o.width = 4;
	msp_bytes_borrow(&o.samples, lent + 1, sizeof k);
	CHECK(msp_object_to_f64(&o, &err) == MSP_OK);
	CHECK(msp_object_f64(&o, 0)[0] == -2147483648.0 && msp_object_f64(&o, 0)[1] == 2147483647.0);
	/* doubles at an odd address are made usable */
	memcpy(lent + 1, msp_object_f64(&o, 0), 32);
	msp_bytes_borrow(&o.samples, lent + 1, 32);
	o.npts = 4;
	CHECK(msp_object_to_f64(&o, &err) == MSP_OK && msp_object_f64(&o, 0)[3] == -1);
	msp_bytes_borrow(&o.samples, lent + 1, 32);
	CHECK(msp_object_f64(&o, 0) != NULL && msp_object_f64(&o, 0)[3] == -1);
	o.type = 9;
	CHECK(msp_object_to_f64(&o, &err) == MSP_KILL && strstr(err.text, "unknown type 9"));
	/* the dead change their type only */
	o.type = MSP_I32, o.width = 4;
	CHECK(msp_object_kill(&o, "test", "why not") == MSP_OK && o.npts == 4 && o.samples.len == 0 &&
	      !o.live);
	CHECK(msp_object_to_f64(&o, &err) == MSP_OK && o.type == MSP_F64 && o.samples.len == 0 &&
	      o.npts == 4);
	CHECK(msp_object_resize(&o, 7) == MSP_OK && o.npts == 7 && o.samples.len == 0);
	msp_object_free(&o);
}

static void test_time(void)
{
	struct msp_object o;
	struct msp_error err = { 0 };

	make(&o, 6000);
	o.start = INT64_C(1267252200019538000);
	CHECK(msp_object_time(&o, 1) == o.start + 50000000);
	CHECK(msp_object_time(&o, -1) == o.start - 50000000);
	CHECK(msp_object_end(&o) == o.start + INT64_C(299950000000));
	CHECK(msp_object_sample(&o, o.start) == 0);
	CHECK(msp_object_sample(&o, o.start + 25000000) == 1); /* half goes away from zero, */
	CHECK(msp_object_sample(&o, o.start - 25000000) == -1);
	CHECK(msp_object_sample(&o, o.start + 24999999) == 0);
	CHECK(msp_object_sample(&o, msp_object_time(&o, 123456789)) == 123456789); /* and is not clipped */
	o.start = INT64_MAX;
	CHECK(msp_object_time(&o, 1) == INT64_MAX && msp_object_sample(&o,
	        INT64_MIN) < -INT64_C(300000000000));
	o.dt = 0;
	CHECK(msp_object_sample(&o, INT64_MIN) == INT64_MIN && msp_object_sample(&o, INT64_MAX) == 0);
	o.dt = 0.05;
	o.npts = 0;
	CHECK(msp_object_end(&o) == o.start);
	o.npts = UINT64_MAX;
	CHECK(msp_object_end(&o) == INT64_MAX);

	o.npts = 6000;
	o.start = 1000 * MSP_NS;
	msp_object_ator(&o, 900 * MSP_NS);
	CHECK(o.relative && o.shift_valid && o.start == 100 * MSP_NS && o.shift == 900 * MSP_NS);
	msp_object_ator(&o, 1); /* relative already */
	CHECK(o.shift == 900 * MSP_NS);
	CHECK(msp_object_rtoa(&o, &err) == MSP_OK && !o.relative && !o.shift_valid &&
	      o.start == 1000 * MSP_NS && o.shift == 0);
	CHECK(msp_object_rtoa(&o, &err) == MSP_OK);
	o.relative = true;
	o.shift = 900 * MSP_NS; /* above MsPASS's 100 s, but not valid */
	CHECK(msp_object_rtoa(&o, &err) == MSP_KILL && o.relative && strstr(err.text, "shift"));
	o.shift_valid = true;
	o.start = INT64_MAX;
	CHECK(msp_object_rtoa(&o, &err) == MSP_KILL && o.relative && o.start == INT64_MAX);
	o.live = false;
	CHECK(msp_object_rtoa(&o, &err) == MSP_OK && o.relative);
	msp_object_free(&o);
}

static void test_digest(void)
{
	struct msp_object o, p;
	struct msp_id d, id;

	make(&o, 4);
	msp_object_init(&p);
	CHECK(msp_object_copy(&p, &o) == MSP_OK);
	d = msp_object_digest(&o);
#define DIFFERS(change) \
	do { \
		CHECK(msp_object_copy(&p, &o) == MSP_OK); \
		change; \
		CHECKF(!same_id(msp_object_digest(&p), d), "%s", #change); \
	} while (0)
	DIFFERS(p.id.byte[15] ^= 1);
	DIFFERS(p.kind = 77);
	DIFFERS(p.live = false);
	DIFFERS(p.start++);
	DIFFERS(p.relative = true);
	DIFFERS(p.dt = nextafter(p.dt, 1));
	DIFFERS(p.npts++);
	DIFFERS(p.type = MSP_I32);
	DIFFERS(p.cardinal = true);
	DIFFERS(p.samples.data[31] ^= 0x80);
	DIFFERS(CHECK(msp_meta_set_int(&p, "k", 1) == MSP_OK));
	DIFFERS(CHECK(msp_object_log(&p, "a", MSP_COMPLAINT, "m") == MSP_OK));
	DIFFERS(CHECK(msp_bytes_append(&p.extra, "e", 1) == MSP_OK));
	/* what is no part of it: history, an invalid shift, a document without keys */
	CHECK(msp_object_copy(&p, &o) == MSP_OK && msp_bytes_append(&p.history, "h", 1) == MSP_OK);
	p.shift = 5;
	CHECK(same_id(msp_object_digest(&p), d));
	CHECK(msp_bytes_set(&p.metadata, "\5\0\0\0", 5) == MSP_OK);
	d = msp_object_digest(&p);
	msp_bytes_free(&p.metadata);
	CHECK(same_id(msp_object_digest(&p), d));
	/* a seismogram's matrix counts */
	CHECK(msp_object_reset(&p, MSP_SEISMOGRAM, MSP_F64, 1) == MSP_OK);
	memset(p.samples.data, 0, p.samples.len);
	d = msp_object_digest(&p);
	p.tmatrix[8] = -1;
	CHECK(!same_id(msp_object_digest(&p), d));

	/* origin ids: of codes, times, samples; not of other keys; of the reason for the dead */
	CHECK(msp_object_copy(&p, &o) == MSP_OK);
	msp_object_origin_id(&o);
	id = o.id;
	msp_object_origin_id(&o);
	CHECK(same_id(o.id, id));
	CHECK(msp_meta_set_int(&p, "k", 1) == MSP_OK);
	msp_object_origin_id(&p);
	CHECK(same_id(p.id, id));
	CHECK(msp_meta_set_string(&p, "loc", "00") == MSP_OK);
	msp_object_origin_id(&p);
	CHECK(!same_id(p.id, id));
	CHECK(msp_meta_set_string(&p, "sta", "S0001X") == MSP_OK &&
	      msp_meta_set_string(&o, "sta", "S0001") == MSP_OK);
	CHECK(msp_object_kill(&o, "a", "first reason") == MSP_OK);
	msp_object_origin_id(&o);
	id = o.id;
	CHECK(msp_object_log(&o, "a", MSP_COMPLAINT, "more") == MSP_OK);
	msp_object_origin_id(&o);
	CHECK(!same_id(o.id, id));
	msp_object_free(&o);
	msp_object_free(&p);
}

/* The digest of a whole object, byte by byte as msp(5) says. */
static void test_digest_form(void)
{
	uint8_t form[80 + 72 + 12] = { 0 };
	struct msp_object o;
	double one = 1, dt = 0.25;
	float x[3] = { 1, 2, 3 };

	msp_object_init(&o);
	CHECK(msp_object_reset(&o, MSP_SEISMOGRAM, MSP_F32, 1) == MSP_OK);
	memcpy(o.samples.data, x, 12);
	o.dt = dt;
	o.start = 0x0102030405060708;
	o.relative = o.shift_valid = true;
	o.shift = 3;
	memset(o.id.byte, 0xab, 16);
	form[4] = 2;
	form[6] = 1 | 2 | 4 | 8 | 16;
	form[7] = 2;
	memset(form + 8, 0xab, 16);
	memcpy(form + 24, "\x08\x07\x06\x05\x04\x03\x02\x01", 8);
	form[32] = 3;
	memcpy(form + 40, &dt, 8); /* this machine is little-endian, or the test says so below */
	form[48] = 1;
	form[56] = 3;
	form[60] = 72;
	form[76] = 4;
	memcpy(form + 80, &one, 8);
	memcpy(form + 112, &one, 8);
	memcpy(form + 144, &one, 8);
	memcpy(form + 152, x, 12);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	CHECK(same_id(msp_object_digest(&o), msp_id_hash(form, sizeof form)));
#else
	fprintf(stderr,
	        "core_object: the byte form of the digest is checked on little-endian machines only\n");
#endif
	msp_object_free(&o);
}

/* A long object, whose digest is made in pieces and perhaps with other instructions, against one that is
 * made at once. */
static void test_digest_long(void)
{
	enum { N = 20011 };
	struct msp_object o;
	uint8_t *form = calloc(1, 80 + 8 * N);
	double dt = 0.05;

	make(&o, N);
	msp_bytes_free(&o.metadata);
	form[4] = 1;
	form[6] = 1;
	form[7] = 1;
	memcpy(form + 40, &dt, 8);
	form[48] = N & 255;
	form[49] = N >> 8;
	form[56] = 1;
	form[76] = 8;
	memcpy(form + 80, o.samples.data, 8 * N);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	CHECK(same_id(msp_object_digest(&o), msp_id_hash(form, 80 + 8 * N)));
#endif
	free(form);
	msp_object_free(&o);
}

static void test_name(void)
{
	struct msp_object o;
	char buf[64];

	make(&o, 1);
	CHECK(strcmp(msp_object_name(&o, buf, sizeof buf), "XX.S0001.. 1970-01-01T00:00:00Z") == 0);
	CHECK(strcmp(msp_object_name(&o, buf, 8), "XX.S000") == 0);
	CHECK(strcmp(msp_object_name(&o, buf, 1), "") == 0);
	CHECK(msp_meta_set_string(&o, "sta", "\x1b[2J") == MSP_OK);
	msp_object_ator(&o, 12500000000);
	CHECK(strcmp(msp_object_name(&o, buf, sizeof buf), "XX.?[2J.. -12.5 s") == 0);
	msp_bytes_free(&o.metadata);
	CHECK(strcmp(msp_object_name(&o, buf, sizeof buf), "-12.5 s") == 0);
	o.kind = MSP_ENSEMBLE_BEGIN;
	CHECK(strcmp(msp_object_name(&o, buf, sizeof buf), "ensemble") == 0);
	msp_object_free(&o);
}

static void test_log(void)
{
	static const uint8_t odd[] = "\x16\0\0\0" "\x02" "0\0" "\x02\0\0\0x\0" "\x03" "1\0" "\x05\0\0\0\0" "\0";
	struct msp_log_entry e;
	struct msp_object o;
	int i;

	make(&o, 1);
	CHECK(msp_object_log_count(&o) == 0 && !msp_object_log_get(&o, 0, &e));
	for (i = 0; i < 120; i++)
		CHECK(msp_object_log(&o, "filter", i % 6, i ? "what" : "first") == MSP_OK);
	CHECK(msp_object_log_count(&o) == 120 && msp_bson_valid(o.elog.data, o.elog.len));
	CHECK(msp_object_log_get(&o, 0, &e) && !strcmp(e.algorithm, "filter") &&
	      !strcmp(e.badness, "Fatal") && !strcmp(e.message, "first"));
	CHECK(msp_object_log_get(&o, 119, &e) && !strcmp(e.badness, "Informational") &&
	      !strcmp(e.message, "what"));
	CHECK(!msp_object_log_get(&o, 120, &e) && !strcmp(e.message, ""));
	CHECK(msp_object_kill(&o, "cut", "too short") == MSP_OK && !o.live && o.npts == 1 &&
	      o.samples.len == 0);
	CHECK(msp_object_log_get(&o, 120, &e) && !strcmp(e.badness, "Invalid") &&
	      !strcmp(e.message, "too short"));
	/* entries that are no documents, or lack everything, read as empty */
	msp_bytes_borrow(&o.elog, odd, sizeof odd - 1);
	CHECKF(msp_bson_valid(o.elog.data, o.elog.len), "%zu", o.elog.len);
	CHECK(msp_object_log_count(&o) == 2 && msp_object_log_get(&o, 0, &e) && !strcmp(e.message, ""));
	CHECK(msp_object_log_get(&o, 1, &e) && !strcmp(e.algorithm, ""));
	CHECK(msp_object_log(&o, "a", MSP_FATAL, "m") == MSP_OK && msp_object_log_count(&o) == 3);
	CHECK(msp_object_log_get(&o, 2, &e) && !strcmp(e.message, "m"));
	CHECK(!strcmp(msp_severity_name(-1), "Unknown") && !strcmp(msp_severity_name(6), "Unknown"));
	msp_object_free(&o);
}

int main(void)
{
	test_reset();
	test_borrowed();
	test_reuse();
	test_convert();
	test_time();
	test_digest();
	test_digest_form();
	test_digest_long();
	test_name();
	test_log();
	return unit_end("core_object");
}
