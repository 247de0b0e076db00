/* Fuzz target: the miniSEED reader over arbitrary bytes, and our Steim decoder against libmseed's. */
#include "mspipe/format.h"

#include "format/record.h"
#include "format/steim.h"

#include <libmseed.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A run read from its span alone is what it was in the whole file. */
static void read_back(const uint8_t *data, struct msp_object *o, const struct msp_input_span *span)
{
	struct msp_input_options options = { .format = MSP_FORMAT_MSEED, .headers = true, .offset = span->offset, .size = span->end - span->offset,
	                                     .least = span->end - span->offset, .want = msp_input_first };
	struct msp_error err = { 0 };
	struct msp_input *in = msp_input_memory(data + span->offset, options.size, "fuzz", &options, &err);
	struct msp_object again;
	struct msp_id a, b;

	if (in == NULL)
		abort();
	msp_object_init(&again);
	if (msp_input_next(in, &again, &err) != 1)
		abort();
	msp_object_origin_id(o);
	msp_object_origin_id(&again);
	a = msp_object_digest(o);
	b = msp_object_digest(&again);
	if (!msp_id_equal(&a, &b) || msp_input_next(in, &again, &err) != 0 || msp_input_offset(in) != span->end)
		abort();
	msp_object_free(&again);
	msp_input_free(in);
}

static void read_all(const uint8_t *data, size_t size, bool headers)
{
	struct msp_input_options options = { .format = MSP_FORMAT_MSEED, .headers = headers };
	struct msp_error err = { 0 };
	struct msp_object o;
	struct msp_input *in = msp_input_memory(data, size, "fuzz", &options, &err);
	uint64_t bytes = 0, checked = 0;
	int rc;

	if (in == NULL)
		abort();
	msp_object_init(&o);
	while ((rc = msp_input_next(in, &o, &err)) == 1) {
		struct msp_bytes out = { 0 };

		if (!msp_bson_valid(o.metadata.data, o.metadata.len) || (!o.live && msp_object_log_count(&o) == 0))
			abort();
		if (o.live && !headers && o.samples.len != o.npts * o.width)
			abort();
		bytes += o.samples.len;
		if (o.live && headers && checked++ < 50) {
			struct msp_input_span span;

			msp_input_span(in, &span);
			if (span.offset >= span.end || span.end > size)
				abort();
			read_back(data, &o, &span);
		}
		if (o.live && !headers && size < 8192)
			(void)!msp_mseed_write(&o, NULL, &out, NULL, &err);
		msp_bytes_free(&out);
	}
	/* a byte holds at most 7 samples in a word of 4 bytes */
	if (rc < 0 || bytes > 8 * size)
		abort();
	msp_object_free(&o);
	msp_input_free(in);
}

static void silent(char *message)
{
	(void)message;
}

/* Both decoders over the same frames: the same samples, or both find fault. (A byte order that is none they take differently.) */
static void compare(const uint8_t *data, size_t size)
{
	struct record r;
	char why[RECORD_WHY];
	MSRecord *msr = NULL;
	int32_t out[1 + 4096 + STEIM_SLACK];
	struct steim_result s;

	if (size < 128 || size > 4096 || (size & (size - 1)) != 0 || record_classify(data) != RECORD_DATA ||
	    !record_parse(data, size, &r, why) || r.length != size || (r.encoding != ENC_STEIM1 && r.encoding != ENC_STEIM2) ||
	    r.data < RECORD_FIXED || r.data >= size || r.nsamp == 0 || r.nsamp > 4096)
		return;
	/* libmseed reads what a blockette chain says without bounds: give it chains that are sane only */
	if (data[39] > 3 || data[45] != 64 || data[44] != 0)
		return;
	steim_decode(r.encoding == ENC_STEIM1 ? 1 : 2, data + r.data, size - r.data, r.big, r.nsamp, out, &s);
	if (s.bad_code || s.decoded < r.nsamp)
		return;
	ms_loginit(silent, NULL, silent, NULL);
	if (msr_unpack((char *)(uintptr_t)data, (int)size, &msr, 1, 0) == MS_NOERROR && msr->numsamples == (int64_t)r.nsamp &&
	    msr->encoding == r.encoding && (msr->byteorder == 0 || msr->byteorder == 1) && memcmp(msr->datasamples, out, 4 * (size_t)r.nsamp) != 0)
		abort();
	msr_free(&msr);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_all(data, size, false);
	read_all(data, size, true);
	compare(data, size);
	return 0;
}
