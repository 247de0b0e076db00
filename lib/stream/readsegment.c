/* The stream's reader: headers and trailers of segments. */
#include "stream/reader.h"

#include <bson/bson.h>
#include <inttypes.h>

static bool has_stage(const struct msp_bytes *pipeline)
{
	bson_t doc;
	bson_iter_t it, list;

	return bson_init_static(&doc, pipeline->data, pipeline->len) && bson_iter_init_find(&it, &doc, "stages") &&
	       BSON_ITER_HOLDS_ARRAY(&it) && bson_iter_recurse(&it, &list) && bson_iter_next(&list);
}

int reader_header(struct msp_reader *r, struct msp_error *err)
{
	const uint8_t *p = NULL;
	uint64_t at = r->in.offset;
	uint32_t length;
	int s = reader_need(r, HEADER_FIXED, &p, err);

	if (s < 0)
		return s;
	if (memcmp(p + 8, "MSPH", 4) != 0)
		return reader_no_stream(r, err);
	if (get16(p + 12) != MSP_STREAM_VERSION)
		return reader_corrupt(r, at, err, "stream version %u; this mspipe reads version %d", get16(p + 12),
		               MSP_STREAM_VERSION);
	length = get32(p + 48);
	if (length > PIPELINE_MAX || get32(p + 4) != HEADER_FIXED - 4 + length || get16(p + 14) != 0)
		return reader_corrupt(r, at, err, "the segment's header is corrupt");
	s = reader_need(r, HEADER_FIXED + length + 4, &p, err);
	if (s < 0)
		return s;
	r->header_crc = get32(p + HEADER_FIXED + length);
	if (msp_crc32c(0, p, HEADER_FIXED + length) != r->header_crc)
		return reader_corrupt(r, at, err, "the segment's header is corrupt (CRC)");
	memcpy(r->header.origin.byte, p + 16, 16);
	r->header.index = get64(p + 32);
	r->header.part = get32(p + 40);
	r->header.parts = get32(p + 44);
	if (r->header.parts == 0 ? r->header.part != 0 : r->header.part < 1 || r->header.part > r->header.parts)
		return reader_corrupt(r, at, err, "part %" PRIu32 " of %" PRIu32, r->header.part, r->header.parts);
	if (!msp_bson_valid(p + HEADER_FIXED, length))
		return reader_corrupt(r, at, err, "the segment's history is not valid BSON");
	if (msp_bytes_set(&r->header.pipeline, p + HEADER_FIXED, length) < 0)
		return msp_error_set(err, MSP_NOMEM, "%s: no memory left", r->in.name);
	if (length > 0 && !has_stage(&r->header.pipeline))
		return reader_corrupt(r, at, err, "the segment's history has no stages");
	msp_window_use(&r->in, HEADER_FIXED + length + 4);
	msp_window_align(&r->in);
	r->in_segment = true;
	r->in_ensemble = false;
	r->blocks = 0;
	memset(&r->segment, 0, sizeof(r->segment));
	return MSP_READ_HEADER;
}

bool reader_totals_equal(const struct msp_totals *a, const struct msp_totals *b)
{
	return a->live == b->live && a->dead == b->dead && a->ensembles == b->ensembles && a->bytes == b->bytes &&
	       msp_id_equal(&a->digest, &b->digest);
}

int reader_trailer(struct msp_reader *r, struct msp_error *err)
{
	const uint8_t *p = NULL;
	uint64_t at = r->in.offset;
	struct msp_totals t;
	int s = reader_need(r, TRAILER_SIZE, &p, err);

	if (s < 0)
		return s;
	if (get32(p + 4) != TRAILER_SIZE - 8 || memcmp(p + 8, "MSPT", 4) != 0 || get32(p + 76) != msp_crc32c(0, p, 76) ||
	    memcmp(p + 80, SEGMENT_END, 16) != 0 || get32(p + 12) > 1)
		return reader_corrupt(r, at, err, "the segment's trailer is corrupt");
	t.live = get64(p + 24);
	t.dead = get64(p + 32);
	t.ensembles = get64(p + 40);
	t.bytes = get64(p + 48);
	memcpy(t.digest.byte, p + 56, 16);
	if (get32(p + 72) != r->header_crc)
		return reader_corrupt(r, at, err, "the trailer belongs to another segment");
	if (get64(p + 16) != r->blocks || !reader_totals_equal(&t, &r->segment))
		return reader_corrupt(r, at, err, "the segment is not what its trailer says: blocks are missing or doubled");
	if (r->in_ensemble)
		return reader_corrupt(r, at, err, "the segment ends inside an ensemble");
	r->more = get32(p + 12) & 1;
	msp_window_use(&r->in, TRAILER_SIZE);
	r->in_segment = false;
	r->last = t;
	r->segments++;
	msp_totals_add(&r->sum, &t);
	s = msp_origins_add(&r->origins, &r->header, r->more, err);
	return s < 0 ? msp_error_prefix(err, "%s", r->in.name) : MSP_READ_TRAILER;
}
