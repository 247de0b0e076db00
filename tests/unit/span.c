/* Where runs lie in a file: each is read back from its span alone as what it was in the whole file, whatever lies between its records. */
#include "foreign.h"

#include <string.h>

#define RUNS 64

/* Records of 256 to 1024 bytes, ten samples each, of three channels in an order that repeats itself late. Each channel has a gap now and then, and
 * between the records there is what is no data. */
static void make_file(struct msp_bytes *file)
{
	static const char *const names[] = { "AAA", "BBB", "CCC" };
	msp_time next[3] = { 0, 5, 0 };
	struct msp_object o;
	uint32_t x = 1;

	msp_object_init(&o);
	if (msp_object_reset(&o, MSP_TIMESERIES, MSP_I32, 10) != MSP_OK)
		exit(1);
	o.dt = 0.1;
	for (int k = 0; k < 600; k++) {
		struct msp_mseed_options options = { 256u << k % 3 };
		unsigned c;

		x = x * 1103515245u + 12345u;
		c = (x >> 16) % 3;
		if ((x >> 20) % 29 == 0)
			next[c] += 7 * MSP_NS;
		for (int i = 0; i < 10; i++)
			((int32_t *)(void *)o.samples.data)[i] = i * k - 100;
		o.start = next[c];
		next[c] += MSP_NS;
		CHECK(msp_meta_set_string(&o, "sta", names[c]) == MSP_OK);
		CHECKF(msp_mseed_write(&o, &options, file, NULL, &err) == MSP_OK, "%s", err.text);
		if (k % 50 == 49) { /* a record of text: not data, and of the same codes */
			uint8_t text[256];

			memcpy(text, file->data + file->len - (256u << k % 3), sizeof text);
			text[30] = 0;
			text[31] = 9;
			text[52] = 0; /* blockette 1000: encoding, and the record's length */
			text[54] = 8;
			CHECK(msp_bytes_append(file, text, sizeof text) == MSP_OK);
		}
	}
	msp_object_free(&o);
}

struct run {
	struct msp_input_span span;
	struct msp_id digest;
	uint64_t number, records;
};

static int64_t records_of(const struct msp_object *o)
{
	struct msp_value v;

	return msp_meta_value(o, "mseed.number_of_records", &v) && v.type == MSP_V_INT ? v.u.i : -1;
}

/* All runs of the whole file. */
static int list_runs(const struct msp_bytes *file, bool headers, struct run *run)
{
	struct msp_input_options options = { .headers = headers };
	struct msp_input *in = over(file->data, file->len, &options);
	struct msp_object o;
	int n = 0, rc;

	msp_object_init(&o);
	while ((rc = msp_input_next(in, &o, &err)) == 1 && n < RUNS) {
		msp_input_span(in, &run[n].span);
		run[n].number = msp_input_run(in);
		run[n].records = (uint64_t)records_of(&o);
		msp_object_origin_id(&o);
		run[n++].digest = msp_object_digest(&o);
	}
	CHECK(rc == 0);
	msp_object_free(&o);
	msp_input_free(in);
	return n;
}

static void check_back(const struct msp_bytes *file, const struct run *run)
{
	const struct msp_input_span *s = &run->span;
	struct msp_input_options options = { .format = MSP_FORMAT_MSEED, .offset = s->offset, .size = s->end - s->offset,
	                                     .least = s->end - s->offset, .want = msp_input_first };
	struct msp_input *in = over(file->data + s->offset, s->end - s->offset, &options);
	struct msp_object o;
	struct msp_id digest;

	msp_object_init(&o);
	CHECK(msp_input_next(in, &o, &err) == 1);
	msp_object_origin_id(&o);
	digest = msp_object_digest(&o);
	CHECK(msp_id_equal(&digest, &run->digest) && o.type == s->type);
	CHECK(msp_input_next(in, &o, &err) == 0);
	CHECK(msp_input_offset(in) == s->end);
	msp_object_free(&o);
	msp_input_free(in);
}

static void check_spans(void)
{
	static struct run whole[RUNS], headers[RUNS];
	struct msp_bytes file = { 0 };
	uint64_t records = 0;
	int n, mixed = 0;

	make_file(&file);
	n = list_runs(&file, false, whole);
	CHECKF(n > 12 && n < RUNS, "%d runs", n);
	CHECK(list_runs(&file, true, headers) == n);
	for (int i = 0; i < n; i++) {
		CHECK(memcmp(&whole[i].span.offset, &headers[i].span.offset, 2 * sizeof(uint64_t)) == 0);
		CHECK(whole[i].span.last == headers[i].span.last && whole[i].span.type == headers[i].span.type && whole[i].number == headers[i].number);
		CHECK(whole[i].span.mixed == headers[i].span.mixed);
		mixed += whole[i].span.mixed;
		records += whole[i].records;
		check_back(&file, &whole[i]);
	}
	CHECKF(records == 600, "%d", (int)records);
	CHECKF(mixed > 8, "%d of %d", mixed, n);
	msp_bytes_free(&file);
}

/* What stands for the unreadable rest of a file begins where that does. */
static void check_broken(void)
{
	static struct run run[RUNS];
	struct msp_bytes file = { 0 };
	size_t whole;
	int n;

	make_file(&file);
	whole = file.len;
	CHECK(msp_bytes_append(&file, "this is no record, and goes on for more than fifty bytes, it does", 65) == MSP_OK);
	n = list_runs(&file, true, run);
	CHECK(n > 1 && n < RUNS && run[n - 1].span.offset == whole && run[n - 1].span.type == MSP_NONE);
	msp_bytes_free(&file);
}

static void check_without_file(void)
{
	struct msp_input *in = msp_input_dead("a name", "a reason", &err);
	struct msp_object o;

	CHECK(in != NULL);
	if (in == NULL)
		return;
	msp_object_init(&o);
	CHECK(msp_input_next(in, &o, &err) == 1 && !o.live);
	CHECK(strcmp(reason(&o), "a reason") == 0 && strcmp(msp_meta_string(&o, "file", ""), "a name") == 0);
	CHECK(msp_input_next(in, &o, &err) == 0);
	msp_object_free(&o);
	msp_input_free(in);
}

int main(void)
{
	check_spans();
	check_broken();
	check_without_file();
	return unit_end("span");
}
