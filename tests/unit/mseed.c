/* miniSEED: records put together by hand or by the writer, read back. */
#include "foreign.h"

#include "mspipe/format.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1299822384120000000) /* 2011-03-11T05:46:24.12Z */

/* A 512-byte record with blockettes 1000 and 1001 and room for samples at byte 64. */
static void make(uint8_t r[512], const char *codes, int second, int nsamp, int factor, int multiplier, int encoding)
{
	memset(r, 0, 512);
	memcpy(r, "000001D ", 8);
	memcpy(r + 8, codes, 12);
	r[20] = 2011 >> 8;
	r[21] = 2011 & 255;
	r[23] = 70;
	r[24] = 5;
	r[25] = (uint8_t)(46 + second / 60);
	r[26] = (uint8_t)(second % 60);
	r[30] = (uint8_t)(nsamp >> 8);
	r[31] = (uint8_t)nsamp;
	r[32] = (uint8_t)(factor >> 8);
	r[33] = (uint8_t)factor;
	r[34] = (uint8_t)(multiplier >> 8);
	r[35] = (uint8_t)multiplier;
	r[39] = 2;
	r[45] = 64;
	r[47] = 48;
	r[48] = 1000 >> 8, r[49] = 1000 & 255, r[51] = 56, r[52] = (uint8_t)encoding, r[53] = 1, r[54] = 9;
	r[56] = 1001 >> 8, r[57] = 1001 & 255;
}

static int64_t meta_int(const struct msp_object *o, const char *key)
{
	struct msp_value v;

	return msp_meta_value(o, key, &v) && v.type == MSP_V_INT ? v.u.i : -1;
}

/* ---- what is read ------------------------------------------------------ */

static void check_times(void)
{
	uint8_t r[512];
	struct msp_object o;
	struct msp_input *in;

	msp_object_init(&o);
	make(r, "STA  00BHZXX", 24, 4, -10, 1, 3);
	r[28] = 1200 >> 8, r[29] = 1200 & 255; /* 0.12 s */
	r[61] = (uint8_t)-7;                   /* blockette 1001: -7 us */
	r[43] = 5;                             /* correction: 0.5 ms, not applied */
	in = over(r, sizeof r, NULL);
	CHECK(msp_input_format(in) == MSP_FORMAT_MSEED);
	CHECK(msp_input_next(in, &o, &err) == 1);
	CHECKF(o.start == START + 500000 - 7000, "%" PRId64, o.start - START);
	CHECK(o.dt == 10 && o.npts == 4 && o.type == MSP_I32 && o.live);
	CHECK(strcmp(msp_meta_string(&o, "loc", ""), "00") == 0 && strcmp(msp_meta_string(&o, "sta", ""), "STA") == 0);
	CHECK(strcmp(msp_meta_string(&o, "mseed.encoding", ""), "INT32") == 0 && meta_int(&o, "mseed.record_length") == 512);
	CHECK(msp_input_next(in, &o, &err) == 0);
	msp_input_free(in);

	r[36] = 2; /* the correction is in the time already */
	memcpy(r + 13, "  ", 2);
	in = over(r, sizeof r, NULL);
	CHECK(msp_input_next(in, &o, &err) == 1);
	CHECK(o.start == START - 7000);
	CHECK(msp_meta_string(&o, "loc", NULL) == NULL);
	msp_input_free(in);

	r[26] = 60; /* a leap second is the next minute's first */
	in = over(r, sizeof r, NULL);
	CHECK(msp_input_next(in, &o, &err) == 1);
	CHECK(o.start == START - 7000 + 36 * MSP_NS);
	msp_input_free(in);
	msp_object_free(&o);
}

static void check_rates(void)
{
	static const struct { int factor, multiplier; float actual; double dt; } rate[] = {
		{ 20, 1, 0, 1.0 / 20 }, { 100, -3, 0, 3.0 / 100 }, { -10, 1, 0, 10 }, { -60, -60, 0, 3600 }, { -3, 100, 0, 3.0 / 100 },
		{ 32767, 10, 0, 1.0 / 327670 }, { 1, 0, 0, 1 },
		{ 100, -3, 33.333333f, 3.0 / 100 }, /* blockette 100 only repeats the ratio */
		{ 1, 1, 0.1f, 10 },                 /* it says more: the decimal that the float was */
		{ 20, 1, -1, 1.0 / 20 },            /* nonsense is not heeded */
	};
	uint8_t r[512];
	struct msp_object o;

	msp_object_init(&o);
	for (size_t i = 0; i < sizeof rate / sizeof rate[0]; i++) {
		struct msp_input *in;
		uint32_t bits;

		make(r, "STA    BHZXX", 0, 4, rate[i].factor, rate[i].multiplier, 3);
		if (rate[i].actual != 0) {
			r[56] = 0, r[57] = 100;
			memcpy(&bits, &rate[i].actual, 4);
			for (int k = 0; k < 4; k++)
				r[60 + k] = (uint8_t)(bits >> (24 - 8 * k));
		}
		in = over(r, sizeof r, NULL);
		CHECK(msp_input_next(in, &o, &err) == 1);
		CHECKF(o.dt == rate[i].dt, "%zu: %.17g", i, o.dt);
		msp_input_free(in);
	}
	msp_object_free(&o);
}

/* Encodings of the past, to the values that the SEED manual's chapter 8 and appendix D define. */
static void check_encodings(void)
{
	static const struct { int encoding; uint8_t bytes[8]; int type; double value[2]; int n; } one[] = {
		{ 1, { 0xff, 0xfe, 0x7f, 0xff }, MSP_I32, { -2, 32767 }, 2 },
		{ 3, { 0xff, 0xff, 0xff, 0xfe, 0, 0, 1, 0 }, MSP_I32, { -2, 256 }, 2 },
		{ 4, { 0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0 }, MSP_F32, { 1, -2.5 }, 2 },
		{ 5, { 0xc0, 4, 0, 0, 0, 0, 0, 0 }, MSP_F64, { -2.5 }, 1 },
		{ 12, { 0x00, 0x00, 0x05, 0xff, 0xff, 0xfd }, MSP_F32, { 5, -3 }, 2 },
		/* (mantissa - 2048) / 2^exponent: 3 bits of exponent above 12 of mantissa; 16/4: 4 bits */
		{ 13, { 0x1b, 0x00, 0x04, 0x00 }, MSP_F32, { (0xb00 - 2048) / 2.0, 0x400 - 2048 }, 2 },
		{ 14, { 0x4b, 0x00, 0x04, 0x00 }, MSP_F32, { (0xb00 - 2048) / 16.0, 0x400 - 2048 }, 2 },
		/* CDSN: 2 bits of gain (1, 4, 16, 128) above 14 bits of mantissa, less 8191 */
		{ 16, { 0x20, 0x00, 0x60, 0x00 }, MSP_I32, { 8192 - 8191, (8192 - 8191) * 4 }, 2 },
		/* SRO: 4 bits of gain above 12 bits of mantissa, times 2^(10 - gain) */
		{ 30, { 0x90, 0x03, 0xaf, 0xff }, MSP_I32, { 6, -1 }, 2 },
		{ 32, { 0x00, 0x07, 0xff, 0xf9 }, MSP_I32, { 7, -7 }, 2 },
	};
	uint8_t r[512];
	struct msp_object o;
	struct msp_input *in;

	msp_object_init(&o);
	for (size_t i = 0; i < sizeof one / sizeof one[0]; i++) {
		make(r, "STA    BHZXX", 0, one[i].n, 20, 1, one[i].encoding);
		memcpy(r + 64, one[i].bytes, 8);
		in = over(r, sizeof r, NULL);
		CHECK(msp_input_next(in, &o, &err) == 1);
		CHECKF(o.live && o.type == one[i].type, "encoding %d: %d %s", one[i].encoding, o.type, reason(&o));
		if (o.live && msp_object_to_f64(&o, &err) == MSP_OK)
			for (int k = 0; k < one[i].n; k++)
				CHECKF(msp_object_f64(&o, 0)[k] == one[i].value[k], "encoding %d, sample %d: %.17g", one[i].encoding, k,
				       msp_object_f64(&o, 0)[k]);
		msp_input_free(in);
	}
	make(r, "STA    BHZXX", 0, 2, 20, 1, 30); /* a gain that SRO does not have */
	memcpy(r + 64, "\xf0\x03\xf0\x03", 4);
	in = over(r, sizeof r, NULL);
	CHECK(msp_input_next(in, &o, &err) == 1);
	CHECKF(!o.live && strcmp(reason(&o), "record at byte 0: SRO samples that do not exist") == 0, "%s", reason(&o));
	CHECK(msp_input_next(in, &o, &err) == 0);
	msp_input_free(in);
	msp_object_free(&o);
}

/* ---- runs -------------------------------------------------------------- */

/* Records of 20 samples at 20 Hz, one a second. */
static void check_runs(void)
{
	uint8_t file[6][512];
	struct msp_object o;
	struct msp_input *in;

	msp_object_init(&o);
	make(file[0], "AAA    BHZXX", 0, 20, 20, 1, 3);
	make(file[1], "BBB    BHZXX", 0, 20, 20, 1, 3);
	make(file[2], "AAA    BHZXX", 1, 20, 20, 1, 3); /* goes on, 24.9 ms late: less than half a sample */
	file[2][29] = 249;
	make(file[3], "BBB    BHZXX", 2, 20, 20, 1, 3); /* a gap */
	make(file[4], "AAA    BHZXX", 2, 20, 20, 1, 3);
	file[4][28] = 498 >> 8, file[4][29] = 498 & 255; /* on from the last record, but 49.8 ms late in all */
	make(file[5], "BBB    BHZXX", 3, 20, -1, -20, 3); /* another rate */
	in = over(file, sizeof file, NULL);
	CHECK(msp_input_next(in, &o, &err) == 1); /* BBB's first run ends first */
	CHECK(strcmp(msp_meta_string(&o, "sta", ""), "BBB") == 0 && o.npts == 20 && msp_input_run(in) == 1);
	CHECK(msp_input_next(in, &o, &err) == 1);
	CHECK(strcmp(msp_meta_string(&o, "sta", ""), "AAA") == 0 && o.npts == 40 && msp_input_run(in) == 0);
	CHECK(meta_int(&o, "mseed.number_of_records") == 2);
	CHECK(msp_input_next(in, &o, &err) == 1);
	CHECK(strcmp(msp_meta_string(&o, "sta", ""), "BBB") == 0 && o.npts == 20 && msp_input_run(in) == 2);
	CHECK(msp_input_next(in, &o, &err) == 1); /* still open at the end: AAA's second began before BBB's third */
	CHECK(strcmp(msp_meta_string(&o, "sta", ""), "AAA") == 0 && o.npts == 20 && msp_input_run(in) == 3);
	CHECK(msp_input_next(in, &o, &err) == 1);
	CHECK(strcmp(msp_meta_string(&o, "sta", ""), "BBB") == 0 && o.dt == 20 && msp_input_run(in) == 4);
	CHECK(msp_input_next(in, &o, &err) == 0);
	msp_input_free(in);
	msp_object_free(&o);
}

static bool second_only(void *context, uint64_t run)
{
	(void)context;
	return run == 1;
}

static void check_wanted(void)
{
	uint8_t file[3][512];
	struct msp_input_options options = { .want = second_only };
	struct msp_object o;
	struct msp_input *in;

	msp_object_init(&o);
	for (int i = 0; i < 3; i++) {
		make(file[i], "AAA    BHZXX", 2 * i, 20, 20, 1, 3);
		file[i][64 + 3] = (uint8_t)(i + 1);
	}
	in = over(file, sizeof file, &options);
	CHECK(msp_input_next(in, &o, &err) == 1);
	CHECK(o.start == START - 22 * MSP_NS - 120000000 && o.npts == 20 && ((int32_t *)(void *)o.samples.data)[0] == 2);
	CHECK(msp_input_next(in, &o, &err) == 0);
	CHECK(msp_input_skipped(in)->unwanted == 2);
	msp_input_free(in);

	options.want = NULL;
	options.headers = true;
	in = over(file, sizeof file, &options);
	CHECK(msp_input_next(in, &o, &err) == 1 && o.type == MSP_NONE && o.live && o.npts == 20 && o.samples.len == 0);
	msp_input_free(in);
	msp_object_free(&o);
}

/* ---- what is broken ---------------------------------------------------- */

static void check_broken(void)
{
	uint8_t file[4][512];
	struct msp_object o;
	struct msp_input *in;

	msp_object_init(&o);
	for (int i = 0; i < 4; i++)
		make(file[i], "AAA    BHZXX", i, 20, 20, 1, 3);

	memset(file[2], 'x', 512); /* garbage after good records */
	in = over(file, sizeof file, NULL);
	CHECK(msp_input_next(in, &o, &err) == 1 && o.live && o.npts == 40);
	CHECK(msp_input_next(in, &o, &err) == 1 && !o.live && o.kind == MSP_TIMESERIES);
	CHECK(meta_int(&o, "offset") == 1024 && strcmp(msp_meta_string(&o, "file", ""), "test") == 0);
	CHECKF(strcmp(reason(&o), "byte 1024: not a miniSEED record") == 0, "%s", reason(&o));
	CHECK(msp_input_next(in, &o, &err) == 0);
	msp_input_free(in);

	make(file[2], "AAA    BHZXX", 2, 20, 20, 1, 3);
	file[2][54] = 200; /* absurd length */
	in = over(file, sizeof file, NULL);
	CHECK(msp_input_next(in, &o, &err) == 1 && o.live);
	CHECK(msp_input_next(in, &o, &err) == 1 && !o.live);
	CHECKF(strcmp(reason(&o), "byte 1024: absurd record length 2^200") == 0, "%s", reason(&o));
	msp_input_free(in);

	make(file[2], "AAA    BHZXX", 2, 20, 20, 1, 11); /* Steim-2 without frames: costs this record only */
	in = over(file, sizeof file, NULL);
	CHECK(msp_input_next(in, &o, &err) == 1 && o.live && o.npts == 40);
	CHECK(msp_input_next(in, &o, &err) == 1 && !o.live && o.npts == 20);
	CHECKF(strcmp(reason(&o), "record at byte 1024: Steim-2 frames hold 0 of 20 samples") == 0, "%s", reason(&o));
	CHECK(strcmp(msp_meta_string(&o, "sta", ""), "AAA") == 0 && meta_int(&o, "offset") == 1024 && msp_input_run(in) == 0);
	CHECK(msp_input_next(in, &o, &err) == 1 && o.live && o.npts == 20 && msp_input_run(in) == 0);
	CHECK(msp_input_next(in, &o, &err) == 0);
	msp_input_free(in);

	in = over(file, 2 * 512 + 300, NULL); /* cut in the third record */
	CHECK(msp_input_next(in, &o, &err) == 1 && o.live && o.npts == 40);
	CHECK(msp_input_next(in, &o, &err) == 1 && !o.live);
	CHECKF(strcmp(reason(&o), "byte 1024: partial record: 300 of 512 bytes") == 0, "%s", reason(&o));
	msp_input_free(in);

	in = over("hello", 5, NULL);
	CHECK(msp_input_format(in) == MSP_FORMAT_UNKNOWN);
	CHECK(msp_input_next(in, &o, &err) == 1 && !o.live);
	CHECK(msp_input_next(in, &o, &err) == 0);
	msp_input_free(in);
	msp_object_free(&o);
}

/* A record whose last sample is not the one it states. */
static void check_integrity(void)
{
	uint8_t r[512];
	struct msp_object o;
	struct msp_input *in;
	struct msp_log_entry e;

	msp_object_init(&o);
	make(r, "AAA    BHZXX", 0, 4, 20, 1, 10);
	r[64] = 1;             /* word 3: code 1 */
	memset(r + 76, 1, 4);  /* differences 1 1 1 1: 0 1 2 3 */
	r[64 + 11] = 3;
	in = over(r, sizeof r, NULL);
	CHECK(msp_input_next(in, &o, &err) == 1 && o.live && msp_object_log_count(&o) == 0);
	msp_input_free(in);
	r[64 + 11] = 9;
	in = over(r, sizeof r, NULL);
	CHECK(msp_input_next(in, &o, &err) == 1 && o.live && o.npts == 4);
	CHECK(msp_object_log_get(&o, 0, &e) && strcmp(e.badness, "Complaint") == 0);
	CHECKF(strstr(e.message, "last sample is 3, the record says 9") != NULL, "%s", e.message);
	msp_input_free(in);
	msp_object_free(&o);
}

/* Records that carry no samples, and what a full SEED volume puts before them. */
static void check_skipped(void)
{
	uint8_t file[6][512];
	struct msp_object o;
	struct msp_input *in;

	msp_object_init(&o);
	memset(file, ' ', sizeof file);
	memcpy(file[0], "000001V 010009502.3121992", 25);
	memcpy(file[1], "000002", 6); /* blank */
	make(file[2], "AAA    LOGXX", 0, 100, 0, 0, 0);
	make(file[3], "AAA    BHZXX", 0, 0, 20, 1, 3);
	make(file[4], "AAA    BHZXX", 0, 20, 0, 0, 3);
	make(file[5], "AAA    BHZXX", 0, 20, 20, 1, 3);
	in = over(file, sizeof file, NULL);
	CHECK(msp_input_next(in, &o, &err) == 1 && o.live && o.npts == 20);
	CHECK(msp_input_next(in, &o, &err) == 0);
	CHECK(msp_input_skipped(in)->control == 2 && msp_input_skipped(in)->text == 1 && msp_input_skipped(in)->empty == 2);
	msp_input_free(in);
	msp_object_free(&o);
}

/* No blockette 1000: the length is where the next record begins, or the end. */
static void check_lengthless(void)
{
	uint8_t file[3][512];
	struct msp_object o;
	struct msp_input *in;

	msp_object_init(&o);
	for (int i = 0; i < 3; i++) {
		make(file[i], "AAA    BHZXX", i, 4, 4, 1, 10);
		file[i][47] = 0; /* no blockettes */
		file[i][64] = 1;
	}
	in = over(file, sizeof file, NULL);
	CHECK(msp_input_next(in, &o, &err) == 1);
	CHECKF(o.live && o.npts == 12, "%s %d", reason(&o), (int)o.npts);
	CHECK(meta_int(&o, "mseed.record_length") == 512);
	msp_input_free(in);
	msp_object_free(&o);
}

/* ---- what is written --------------------------------------------------- */

static uint32_t seed = 1;

static uint32_t noise(void)
{
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

static void fill(struct msp_object *o, int type, uint64_t n, uint32_t range)
{
	if (msp_object_reset(o, MSP_TIMESERIES, type, n) != MSP_OK)
		exit(1);
	for (uint64_t i = 0; i < n; i++) {
		int32_t v = (int32_t)(noise() % range) - (int32_t)(range / 2);

		if (type == MSP_I32)
			((int32_t *)(void *)o->samples.data)[i] = v;
		else if (type == MSP_F32)
			((float *)(void *)o->samples.data)[i] = (float)v / 7;
		else
			((double *)(void *)o->samples.data)[i] = v / 7.0;
	}
	o->start = START + 123000;
	o->dt = 0.025;
	CHECK(msp_meta_set_string(o, "net", "IU") == MSP_OK && msp_meta_set_string(o, "sta", "ANMO") == MSP_OK);
	CHECK(msp_meta_set_string(o, "loc", "00") == MSP_OK && msp_meta_set_string(o, "chan", "BHZ") == MSP_OK);
}

static void round_trip(int type, uint64_t n, uint32_t range, uint32_t length, double dt)
{
	struct msp_mseed_options options = { length };
	struct msp_format_notes notes;
	struct msp_object o, back;
	struct msp_bytes file = { 0 };
	struct msp_input *in;

	msp_object_init(&o);
	msp_object_init(&back);
	fill(&o, type, n, range);
	o.dt = dt;
	CHECKF(msp_mseed_write(&o, &options, &file, &notes, &err) == MSP_OK, "%s", err.text);
	CHECK(file.len % (length ? length : 4096) == 0 && !notes.time_rounded && !notes.rate_rounded && !notes.not_steim);
	in = over(file.data, file.len, NULL);
	CHECK(msp_input_next(in, &back, &err) == 1);
	CHECKF(back.live && back.npts == n && back.start == o.start && back.dt == dt && back.type == type, "%s %d %.17g", reason(&back),
	       (int)back.npts, back.dt);
	CHECK(msp_object_log_count(&back) == 0);
	CHECK(back.samples.len == o.samples.len && memcmp(back.samples.data, o.samples.data, o.samples.len) == 0);
	CHECK(msp_input_next(in, &back, &err) == 0);
	msp_input_free(in);
	msp_bytes_free(&file);
	msp_object_free(&o);
	msp_object_free(&back);
}

static void check_notes(void)
{
	struct msp_format_notes notes;
	struct msp_object o, back;
	struct msp_bytes file = { 0 };
	struct msp_input *in;
	int32_t *x;

	msp_object_init(&o);
	msp_object_init(&back);
	fill(&o, MSP_I32, 100, 50);
	x = (int32_t *)(void *)o.samples.data;
	x[50] = INT32_MAX;
	x[51] = INT32_MIN; /* a difference that Steim-2 cannot hold */
	o.start = START + 500;
	o.dt = 0.05000016;
	CHECK(msp_mseed_write(&o, NULL, &file, &notes, &err) == MSP_OK);
	CHECK(notes.not_steim && notes.time_rounded && notes.rate_rounded);
	in = over(file.data, file.len, NULL);
	CHECK(msp_input_next(in, &back, &err) == 1);
	CHECK(back.start == START + 1000 && memcmp(back.samples.data, o.samples.data, 400) == 0);
	CHECKF(fabs(back.dt / o.dt - 1) < 1e-7, "%.17g", back.dt);
	msp_input_free(in);
	msp_bytes_free(&file);

	CHECK(msp_meta_set_string(&o, "sta", "TOOLONG") == MSP_OK);
	CHECK(msp_mseed_write(&o, NULL, &file, &notes, &err) == MSP_KILL && strstr(err.text, "TOOLONG") != NULL);
	CHECK(msp_meta_set_string(&o, "sta", "A B") == MSP_OK);
	CHECK(msp_mseed_write(&o, NULL, &file, &notes, &err) == MSP_KILL);
	CHECK(msp_meta_set_string(&o, "sta", "ANMO") == MSP_OK);
	o.relative = true;
	CHECK(msp_mseed_write(&o, NULL, &file, &notes, &err) == MSP_KILL && file.len == 0);
	o.relative = false;
	CHECK(msp_mseed_write(&o, &(struct msp_mseed_options){ 1000 }, &file, &notes, &err) == MSP_USAGE);
	msp_bytes_free(&file);
	msp_object_free(&o);
	msp_object_free(&back);
}

int main(void)
{
	static const uint32_t ranges[] = { 1, 8, 16, 32, 64, 256, 1024, 32768, 1u << 20, 1u << 23 };

	check_times();
	check_rates();
	check_encodings();
	check_runs();
	check_wanted();
	check_broken();
	check_integrity();
	check_skipped();
	check_lengthless();
	for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
		round_trip(MSP_I32, 12000, ranges[i], i % 2 ? 512 : 0, 0.025);
	round_trip(MSP_I32, 1, 100, 256, 1.0 / 3);
	round_trip(MSP_I32, 70000, 100, 32768, 0.05);
	round_trip(MSP_F32, 5000, 1000, 512, 10);
	round_trip(MSP_F64, 5000, 1000, 0, 3600);
	check_notes();
	return unit_end("mseed");
}
