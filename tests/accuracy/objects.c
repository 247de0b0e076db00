/* Prints what the objects of a stream are, a line each, tab-separated, for comparison with what ObsPy says of the same files:
 * codes, start in ns, number of samples, sample interval, type, least and greatest sample, CRC-32 of the samples (little-endian).
 * Reads standard input. Dead objects: "DEAD" and the reason. */
#include "mspipe/stream.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t crc32(const uint8_t *p, size_t n)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < n; i++) {
		crc ^= p[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static double sample(const struct msp_object *o, uint64_t i)
{
	const void *x = o->samples.data;

	return o->type == MSP_I32 ? ((const int32_t *)x)[i] : o->type == MSP_F32 ? (double)((const float *)x)[i] : ((const double *)x)[i];
}

static void print(const struct msp_object *o)
{
	static const char *const types[] = { "none", "f64", "f32", "i32" };
	double low, high;
	struct msp_log_entry e;

	if (!o->live) {
		printf("DEAD\t%s\n", msp_object_log_get(o, 0, &e) ? e.message : "");
		return;
	}
	printf("%s.%s.%s.%s\t%" PRId64 "\t%" PRIu64 "\t%.12g\t%s\t", msp_meta_string(o, "net", ""), msp_meta_string(o, "sta", ""),
	       msp_meta_string(o, "loc", ""), msp_meta_string(o, "chan", ""), o->start, o->npts, o->dt, types[o->type & 3]);
	low = high = sample(o, 0);
	for (uint64_t i = 1; i < o->npts; i++) {
		double x = sample(o, i);

		low = x < low ? x : low;
		high = x > high ? x : high;
	}
	printf("%.9g\t%.9g\t%08" PRIx32 "\n", low, high, crc32(o->samples.data, o->samples.len));
}

int main(void)
{
	struct msp_reader *r = msp_reader_new(NULL);
	struct msp_error err = { 0 };
	struct msp_object o;
	int event;

	if (r == NULL || msp_reader_input(r, 0, "standard input", &err) != MSP_OK)
		return 1;
	msp_object_init(&o);
	while ((event = msp_reader_next(r, &o, &err)) > 0 && event != MSP_READ_END)
		if (event == MSP_READ_OBJECT && msp_object_is_data(&o))
			print(&o);
	if (event < 0)
		fprintf(stderr, "%s\n", err.text);
	msp_object_free(&o);
	msp_reader_free(r);
	return event < 0;
}
