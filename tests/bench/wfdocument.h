/* A document as of wf_TimeSeries: what msread has of a waveform that was saved, the keys of MsPASS's schema and a few others. */
#ifndef BENCH_WFDOCUMENT_H
#define BENCH_WFDOCUMENT_H

#include "mspipe/core.h"

#include <stdio.h>

#define STATIONS 50
#define BEGIN 1262304000.0
#define STEP 600.0

static inline void make_wf_document(bson_t *doc, uint64_t i)
{
	static const char *const channels[] = {"BHZ", "BHN", "BHE"};
	double start = BEGIN + STEP * (double)(i / STATIONS);
	bson_oid_t id = {{0}};
	char sta[8];
	bson_t msp;

	snprintf(sta, sizeof(sta), "S%02u", (unsigned)(i % STATIONS));
	for (int k = 0; k < 8; k++)
		id.bytes[k] = id.bytes[11 - k] = (uint8_t)((i * UINT64_C(0x9e3779b97f4a7c15)) >> (8 * k)); /* ids are hashes */
	bson_init(doc);
	BSON_APPEND_OID(doc, "_id", &id);
	BSON_APPEND_UTF8(doc, "net", "XX");
	BSON_APPEND_UTF8(doc, "sta", sta);
	BSON_APPEND_UTF8(doc, "chan", channels[i % 3]);
	BSON_APPEND_INT32(doc, "npts", 12000);
	BSON_APPEND_DOUBLE(doc, "delta", 0.05);
	BSON_APPEND_DOUBLE(doc, "sampling_rate", 20);
	BSON_APPEND_DOUBLE(doc, "starttime", start);
	BSON_APPEND_DOUBLE(doc, "endtime", start + 599.95);
	BSON_APPEND_UTF8(doc, "time_standard", "UTC");
	BSON_APPEND_DOUBLE(doc, "starttime_shift", 0);
	BSON_APPEND_BOOL(doc, "utc_convertible", true);
	BSON_APPEND_UTF8(doc, "storage_mode", "gridfs");
	BSON_APPEND_UTF8(doc, "format", "binary");
	BSON_APPEND_OID(doc, "gridfs_id", &id);
	BSON_APPEND_OID(doc, "source_id", &id);
	BSON_APPEND_DOCUMENT_BEGIN(doc, "msp", &msp);
	BSON_APPEND_UTF8(&msp, "id", "00112233445566778899aabbccddeeff");
	BSON_APPEND_INT64(&msp, "start", (int64_t)start * MSP_NS);
	BSON_APPEND_UTF8(&msp, "type", "f64");
	bson_append_document_end(doc, &msp);
}

#endif
