/* Fuzz: a waveform document as it may stand in a store, in BSON, read in each mode, with samples looked for and without.
 * Whatever it says, there is an object, whose metadata and error log are documents. */
#include "mspipe/waveform.h"

#include "empty_store.h"

#include <string.h>

static void read_one(const char *collection, const bson_t *doc, int mode, bool headers)
{
	struct msp_wfread_options o = {.mode = mode, .headers = headers, .ids = true, .ensembles = headers, .base = "/nonexistent"};
	struct msp_error err = {0};
	struct msp_wfread *r;
	struct msp_object x;
	int rc = -1, n = 0;

	if (msp_wfread_new(store(), &o, &r, &err) != MSP_OK)
		return;
	msp_object_init(&x);
	if (msp_wfread_begin(r, collection, doc, &err) == MSP_OK)
		while ((rc = msp_wfread_next(r, &x, &err)) == 1) {
			n++;
			if (!msp_bson_valid(x.metadata.data, x.metadata.len) || !msp_bson_valid(x.elog.data, x.elog.len))
				abort();
			if (x.live && !headers && x.npts > 0 && x.type != MSP_NONE)
				abort(); /* the store has no samples */
			if (!x.live && x.samples.len > 0)
				abort();
			(void)msp_object_digest(&x);
		}
	if (rc == 0 && n == 0)
		abort();
	msp_object_free(&x);
	msp_wfread_free(r);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const collections[] = {"wf_TimeSeries", "wf_Seismogram", "wf_miniseed", "cemetery"};
	bson_t doc;

	if (size < 6 || !bson_init_static(&doc, data + 1, size - 1))
		return 0;
	read_one(collections[data[0] & 3], &doc, (data[0] >> 2) % 3, data[0] >> 4 & 1);
	return 0;
}
