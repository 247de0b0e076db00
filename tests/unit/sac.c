/* SAC: files put together by the writer, changed by hand, read back. */
#include "foreign.h"

#include "mspipe/format.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define START INT64_C(1299822384123456789) /* 2011-03-11T05:46:24.123456789Z */
#define N 100

static void put_int(struct msp_bytes *file, int i, int32_t v)
{
	for (int k = 0; k < 4; k++)
		file->data[280 + 4 * i + k] = (uint8_t)((uint32_t)v >> 8 * k);
}

static void put_float(struct msp_bytes *file, int i, float f)
{
	memcpy(file->data + 4 * i, &f, 4);
}

static void fill(struct msp_object *o)
{
	if (msp_object_reset(o, MSP_TIMESERIES, MSP_I32, N) != MSP_OK)
		exit(1);
	for (int i = 0; i < N; i++)
		((int32_t *)(void *)o->samples.data)[i] = i * i - 1000;
	o->start = START;
	o->dt = 0.05;
	CHECK(msp_meta_set_string(o, "net", "IU") == MSP_OK && msp_meta_set_string(o, "sta", "ANMO") == MSP_OK);
	CHECK(msp_meta_set_string(o, "loc", "00") == MSP_OK && msp_meta_set_string(o, "chan", "BHZ") == MSP_OK);
	CHECK(msp_meta_set_double(o, "sac.stla", 34.9459) == MSP_OK && msp_meta_set_string(o, "sac.kevnm", "MAULE") == MSP_OK);
	CHECK(msp_meta_set_int(o, "sac.norid", 7) == MSP_OK);
}

static double meta_number(const struct msp_object *o, const char *key)
{
	struct msp_value v;

	if (!msp_meta_value(o, key, &v))
		return NAN;
	return v.type == MSP_V_INT ? (double)v.u.i : v.type == MSP_V_DOUBLE ? v.u.d : NAN;
}

/* All values of the header big-endian. */
static void swap(struct msp_bytes *file)
{
	for (size_t i = 0; i + 4 <= file->len; i += 4) {
		uint8_t *p = file->data + i, t;

		if (i >= 440 && i < 632)
			continue;
		t = p[0], p[0] = p[3], p[3] = t;
		t = p[1], p[1] = p[2], p[2] = t;
	}
}

static void check_same(struct msp_bytes *file, const struct msp_object *o)
{
	struct msp_input *in = over(file->data, file->len, NULL);
	struct msp_object back;

	msp_object_init(&back);
	CHECK(msp_input_format(in) == MSP_FORMAT_SAC);
	CHECK(msp_input_next(in, &back, &err) == 1);
	CHECKF(back.live && back.npts == N && back.start == o->start && back.dt == o->dt && back.type == MSP_F32, "%s %" PRId64 " %.17g",
	       reason(&back), back.start - o->start, back.dt);
	CHECK(back.relative == o->relative);
	if (back.samples.len == 4 * N)
		for (int i = 0; i < N; i++)
			CHECK(((float *)(void *)back.samples.data)[i] == (float)(i * i - 1000));
	CHECK(strcmp(msp_meta_string(&back, "net", ""), "IU") == 0 && strcmp(msp_meta_string(&back, "sta", ""), "ANMO") == 0);
	CHECK(strcmp(msp_meta_string(&back, "loc", ""), "00") == 0 && strcmp(msp_meta_string(&back, "chan", ""), "BHZ") == 0);
	CHECK(meta_number(&back, "sac.stla") == 34.9459 && meta_number(&back, "sac.norid") == 7);
	CHECK(strcmp(msp_meta_string(&back, "sac.kevnm", ""), "MAULE") == 0);
	CHECK(msp_meta_string(&back, "sac.ka", NULL) == NULL && isnan(meta_number(&back, "sac.evla")));
	CHECK(msp_input_next(in, &back, &err) == 0);
	msp_input_free(in);
	msp_object_free(&back);
}

static void check_round_trip(void)
{
	struct msp_format_notes notes;
	struct msp_object o;
	struct msp_bytes file = { 0 };

	msp_object_init(&o);
	fill(&o);
	CHECKF(msp_sac_write(&o, &file, &notes, &err) == MSP_OK, "%s", err.text);
	CHECK(file.len == 632 + 4 * N && !notes.time_rounded && !notes.rate_rounded && !notes.value_rounded);
	check_same(&file, &o);
	swap(&file);
	check_same(&file, &o);
	file.len = 0;
	o.start = -START; /* before 1970: the reference is still the millisecond before */
	CHECK(msp_sac_write(&o, &file, &notes, &err) == MSP_OK && !notes.time_rounded);
	check_same(&file, &o);
	file.len = 0;
	o.relative = true;
	o.start = -12500 * (MSP_NS / 1000);
	CHECK(msp_sac_write(&o, &file, &notes, &err) == MSP_OK && !notes.time_rounded);
	check_same(&file, &o);
	msp_bytes_free(&file);
	msp_object_free(&o);
}

/* Picks are seconds after the reference, which the writer moves. */
static void check_picks(void)
{
	struct msp_object o, back;
	struct msp_bytes file = { 0 };
	struct msp_input *in;

	msp_object_init(&o);
	msp_object_init(&back);
	fill(&o);
	o.start = START - START % MSP_NS;
	CHECK(msp_meta_set_double(&o, "sac.t0", 10.5) == MSP_OK);
	CHECK(msp_meta_set_int(&o, "sac.nzyear", 2011) == MSP_OK && msp_meta_set_int(&o, "sac.nzjday", 70) == MSP_OK);
	CHECK(msp_meta_set_int(&o, "sac.nzhour", 5) == MSP_OK && msp_meta_set_int(&o, "sac.nzmin", 46) == MSP_OK);
	CHECK(msp_meta_set_int(&o, "sac.nzsec", 20) == MSP_OK && msp_meta_set_int(&o, "sac.nzmsec", 0) == MSP_OK);
	CHECK(msp_sac_write(&o, &file, NULL, &err) == MSP_OK);
	in = over(file.data, file.len, NULL);
	CHECK(msp_input_next(in, &back, &err) == 1);
	CHECKF(meta_number(&back, "sac.t0") == 6.5, "%g", meta_number(&back, "sac.t0")); /* the reference is 4 s later */
	CHECK(meta_number(&back, "sac.nzsec") == 24 && back.start == o.start);
	msp_input_free(in);
	msp_bytes_free(&file);
	msp_object_free(&o);
	msp_object_free(&back);
}

static void expect_dead(const struct msp_bytes *file, size_t n, const char *why)
{
	struct msp_input_options options = { .format = MSP_FORMAT_SAC, .offset = 77 };
	struct msp_input *in = over(file->data, n, &options);
	struct msp_object o;
	struct msp_value v;

	msp_object_init(&o);
	CHECK(msp_input_next(in, &o, &err) == 1);
	CHECKF(!o.live && strcmp(reason(&o), why) == 0, "%s", reason(&o));
	CHECK(msp_meta_value(&o, "offset", &v) && v.u.i == 77 && strcmp(msp_meta_string(&o, "file", ""), "test") == 0);
	CHECK(o.samples.len == 0 && msp_input_next(in, &o, &err) == 0);
	msp_input_free(in);
	msp_object_free(&o);
}

static void check_broken(void)
{
	struct msp_object o;
	struct msp_bytes file = { 0 };

	msp_object_init(&o);
	fill(&o);
	CHECK(msp_sac_write(&o, &file, NULL, &err) == MSP_OK);
	expect_dead(&file, 0, "the file is empty");
	expect_dead(&file, 600, "SAC header is cut short");
	expect_dead(&file, file.len - 5, "SAC header says 100 samples, the file holds 98");
	put_int(&file, 9, 99);
	expect_dead(&file, file.len, "the file goes on behind the samples that the SAC header says");
	put_int(&file, 9, INT32_MAX); /* memory is not taken on the header's word */
	expect_dead(&file, file.len, "SAC header says 2147483647 samples, the file holds 100");
	put_int(&file, 9, -5);
	expect_dead(&file, file.len, "SAC header says -5 samples");
	put_int(&file, 9, N);
	put_float(&file, 0, 0);
	expect_dead(&file, file.len, "SAC header says sample interval 0");
	put_float(&file, 0, NAN);
	expect_dead(&file, file.len, "SAC header says no sample interval");
	put_float(&file, 0, 0.05f);
	put_int(&file, 6, 5);
	expect_dead(&file, file.len, "SAC header version 5 is unknown");
	put_int(&file, 6, 7);
	expect_dead(&file, file.len, "SAC footer is missing or cut short");
	put_int(&file, 6, 6);
	put_int(&file, 35, 0);
	expect_dead(&file, file.len, "SAC file is not evenly sampled");
	put_int(&file, 35, 1);
	put_int(&file, 15, 2);
	expect_dead(&file, file.len, "SAC file type 2 is no time series");
	put_int(&file, 15, 1);
	put_float(&file, 5, 1e30f);
	expect_dead(&file, file.len, "SAC header says an impossible time");
	msp_bytes_free(&file);
	msp_object_free(&o);
}

/* Version 7: doubles behind the samples replace the header's floats. */
static void check_footer(void)
{
	static const double b = 0.000456789, delta = 0.1 / 3;
	double footer[22];
	struct msp_object o;
	struct msp_bytes file = { 0 };
	struct msp_input *in;

	msp_object_init(&o);
	fill(&o);
	CHECK(msp_sac_write(&o, &file, NULL, &err) == MSP_OK);
	put_int(&file, 6, 7);
	for (int i = 0; i < 22; i++)
		footer[i] = -12345;
	footer[0] = delta;
	footer[1] = b;
	footer[19] = 34.94590000001;
	CHECK(msp_bytes_append(&file, footer, sizeof footer) == MSP_OK);
	in = over(file.data, file.len, NULL);
	CHECK(msp_input_next(in, &o, &err) == 1);
	CHECKF(o.live && o.dt == delta && o.start == START, "%s %.17g", reason(&o), o.dt);
	CHECK(meta_number(&o, "sac.stla") == 34.94590000001);
	msp_input_free(in);
	msp_bytes_free(&file);
	msp_object_free(&o);
}

static void check_notes(void)
{
	struct msp_format_notes notes;
	struct msp_object o;
	struct msp_bytes file = { 0 };

	msp_object_init(&o);
	fill(&o);
	((int32_t *)(void *)o.samples.data)[3] = (1 << 24) + 1;
	o.dt = 1.0 / 3;
	CHECK(msp_sac_write(&o, &file, &notes, &err) == MSP_OK);
	CHECK(notes.value_rounded && notes.rate_rounded && !notes.time_rounded);
	file.len = 0;
	o.relative = true;
	o.start = 1000 * MSP_NS + 1;
	CHECK(msp_sac_write(&o, &file, &notes, &err) == MSP_OK && notes.time_rounded);
	file.len = 0;
	CHECK(msp_object_to_f64(&o, &err) == MSP_OK);
	msp_object_f64(&o, 0)[5] = 1e300;
	CHECK(msp_sac_write(&o, &file, &notes, &err) == MSP_KILL && strstr(err.text, "float32") != NULL && file.len == 0);
	CHECK(msp_object_reset(&o, MSP_TIMESERIES, MSP_F32, 2) == MSP_OK);
	memset(o.samples.data, 0, o.samples.len);
	o.dt = 1;
	o.start = INT64_MIN + 1; /* the millisecond before is no time */
	CHECK(msp_sac_write(&o, &file, &notes, &err) == MSP_KILL && strstr(err.text, "out of range") != NULL);
	o.start += 1000000;
	CHECK(msp_sac_write(&o, &file, &notes, &err) == MSP_OK);
	file.len = 0;
	CHECK(msp_meta_set_string(&o, "sta", "NINECHARS") == MSP_OK);
	CHECK(msp_sac_write(&o, &file, &notes, &err) == MSP_KILL && strstr(err.text, "NINECHARS") != NULL);
	msp_bytes_free(&file);
	msp_object_free(&o);
}

static void check_components(void)
{
	struct msp_object s, c;

	msp_object_init(&s);
	msp_object_init(&c);
	if (msp_object_reset(&s, MSP_SEISMOGRAM, MSP_F64, 2) != MSP_OK)
		exit(1);
	for (int i = 0; i < 6; i++)
		((double *)(void *)s.samples.data)[i] = i;
	s.cardinal = true;
	s.dt = 1;
	CHECK(msp_meta_set_string(&s, "chan", "BHZ") == MSP_OK);
	CHECK(msp_seismogram_component(&s, 1, &c) == MSP_OK);
	CHECK(c.kind == MSP_TIMESERIES && c.ncomp == 1 && c.npts == 2 && msp_object_f64(&c, 0)[0] == 2 && msp_object_f64(&c, 0)[1] == 3);
	CHECK(strcmp(msp_meta_string(&c, "chan", ""), "BHN") == 0);
	CHECK(meta_number(&c, "sac.cmpaz") == 0 && fabs(meta_number(&c, "sac.cmpinc") - 90) < 1e-12);
	CHECK(msp_seismogram_component(&s, 2, &c) == MSP_OK && meta_number(&c, "sac.cmpinc") == 0);
	s.cardinal = false;
	CHECK(msp_meta_set_string(&s, "chan", "BH") == MSP_OK);
	CHECK(msp_seismogram_component(&s, 0, &c) == MSP_OK && strcmp(msp_meta_string(&c, "chan", ""), "BH1") == 0);
	CHECK(msp_seismogram_component(&s, 3, &c) == MSP_USAGE);
	msp_object_free(&s);
	msp_object_free(&c);
}

int main(void)
{
	check_round_trip();
	check_picks();
	check_broken();
	check_footer();
	check_notes();
	check_components();
	return unit_end("sac");
}
