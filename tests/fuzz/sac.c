/* Fuzz target: the SAC reader over arbitrary bytes; what it reads is written and read again. */
#include "mspipe/format.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int read_one(const uint8_t *data, size_t size, struct msp_object *o)
{
	struct msp_input_options options = { .format = MSP_FORMAT_SAC };
	struct msp_error err = { 0 };
	struct msp_input *in = msp_input_memory(data, size, "fuzz", &options, &err);
	struct msp_object none;
	int rc;

	if (in == NULL)
		abort();
	msp_object_init(&none);
	rc = msp_input_next(in, o, &err);
	if (rc != 1 || msp_input_next(in, &none, &err) != 0)
		abort();
	if (!msp_bson_valid(o->metadata.data, o->metadata.len) || (!o->live && msp_object_log_count(o) == 0))
		abort();
	msp_object_free(&none);
	msp_input_free(in);
	return o->live;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct msp_error err = { 0 };
	struct msp_object o, again;
	struct msp_bytes out = { 0 };
	struct msp_format_notes notes;

	(void)msp_format_sniff(data, size);
	msp_object_init(&o);
	msp_object_init(&again);
	if (read_one(data, size, &o)) {
		if (o.samples.len != 4 * o.npts || o.samples.len > size)
			abort();
		if (msp_sac_write(&o, &out, &notes, &err) == MSP_OK) {
			if (!read_one(out.data, out.len, &again) || again.npts != o.npts ||
			    memcmp(again.samples.data, o.samples.data, o.samples.len) != 0 ||
			    (!notes.time_rounded && again.start != o.start) || (!notes.rate_rounded && again.dt != o.dt))
				abort();
		}
	}
	msp_bytes_free(&out);
	msp_object_free(&o);
	msp_object_free(&again);
	return 0;
}
