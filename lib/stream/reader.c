/* The stream's reader: segments, blocks, objects, and what must agree. See msp(5). */
#include "stream/complete.h"
#include "stream/encode.h"
#include "stream/frame.h"
#include "stream/head.h"
#include "stream/window.h"
#include "stream/wire.h"

#include <bson/bson.h>
#include <inttypes.h>
#include <stdlib.h>
#include <zstd.h>

struct msp_reader {
	struct msp_reader_options options;
	struct window in;
	bool any_input;
	msp_want_block_fn *want;
	void *want_context;
	int failed; /* sticky: after a failure every call gives it again */
	ZSTD_DCtx *zstd;
	struct origins origins;

	bool in_segment, more, in_ensemble;
	struct msp_header header;
	uint32_t header_crc;
	uint64_t blocks, segments;
	struct msp_totals segment, last, sum;

	/* the block being read */
	uint64_t block_at; /* its offset in the input */
	struct msp_totals block;
	uint32_t objects;
	bool block_in_ensemble, block_ends_in_ensemble;
	uint8_t encoding[AREAS];
	uint64_t heads_len, area_len[AREAS];
	const uint8_t *frame;
	size_t stored;
	struct msp_bytes payload, decoded[AREAS];
	uint8_t *content, *area[AREAS];
	/* what was taken from it so far */
	bool open;
	uint32_t taken;
	size_t head_pos, area_pos[AREAS];
	struct msp_totals seen;
};

struct msp_reader *msp_reader_new(const struct msp_reader_options *options)
{
	struct msp_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	if (options)
		r->options = *options;
	r->in.fd = -1;
	r->in.eof = true;
	return r;
}

void msp_reader_free(struct msp_reader *r)
{
	if (!r)
		return;
	msp_bytes_free(&r->header.pipeline);
	msp_bytes_free(&r->payload);
	for (int a = 0; a < AREAS; a++)
		msp_bytes_free(&r->decoded[a]);
	msp_origins_free(&r->origins);
	ZSTD_freeDCtx(r->zstd);
	free(r->in.data);
	free(r->in.name);
	free(r);
}

int msp_reader_input(struct msp_reader *r, int fd, const char *name, struct msp_error *err)
{
	char *copy = strdup(name);

	if (!copy)
		return msp_error_set(err, MSP_NOMEM, "%s: no memory left", name);
	free(r->in.name);
	r->in.name = copy;
	r->in.fd = fd;
	r->in.pos = r->in.len = 0;
	r->in.offset = 0;
	r->in.eof = false;
	r->in.sparse = r->want != NULL;
	r->in.poll = r->options.poll;
	r->in.wake = r->options.wake;
	r->in.context = r->options.context;
	r->any_input = true;
	return MSP_OK;
}

int msp_reader_unread(struct msp_reader *r, const void *data, size_t n, struct msp_error *err)
{
	struct msp_bytes copy = {0};

	if (msp_bytes_set(&copy, data, n) < 0)
		return msp_error_set(err, MSP_NOMEM, "%s: no memory left", r->in.name);
	if (n == 0)
		return MSP_OK;
	free(r->in.data);
	r->in.data = copy.data;
	r->in.cap = copy.cap;
	r->in.pos = 0;
	r->in.len = n;
	return MSP_OK;
}

/* "INPUT: byte N: WHAT": N is where the frame lies that is wrong. */
static int corrupt(struct msp_reader *r, uint64_t at, struct msp_error *err, const char *fmt, ...) MSP_PRINTF(4, 5);
static int corrupt(struct msp_reader *r, uint64_t at, struct msp_error *err, const char *fmt, ...)
{
	char what[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return msp_error_set(err, MSP_CORRUPT, "%s: byte %" PRIu64 ": %s", r->in.name, at, what);
}

static int cut(struct msp_reader *r, struct msp_error *err)
{
	uint64_t end = r->in.offset + (r->in.len - r->in.pos);

	return corrupt(r, end, err, "the stream ends inside a segment: it was cut, or its writer failed");
}

/* Exactly n bytes at p, or the stream was cut. */
static int need(struct msp_reader *r, size_t n, const uint8_t **p, struct msp_error *err)
{
	ptrdiff_t got = msp_window_need(&r->in, n, err);

	if (got < 0)
		return (int)got;
	if ((size_t)got < n)
		return cut(r, err);
	*p = r->in.data + r->in.pos;
	return MSP_OK;
}

/* ---- header and trailer ------------------------------------------------ */

static bool has_stage(const struct msp_bytes *pipeline)
{
	bson_t doc;
	bson_iter_t it, list;

	return bson_init_static(&doc, pipeline->data, pipeline->len) && bson_iter_init_find(&it, &doc, "stages") &&
	       BSON_ITER_HOLDS_ARRAY(&it) && bson_iter_recurse(&it, &list) && bson_iter_next(&list);
}

/* The commonest mistake: a recording where a stream is wanted. */
static int no_stream(struct msp_reader *r, struct msp_error *err)
{
	return corrupt(r, r->in.offset, err, "not an msp stream (msread reads recordings)");
}

static int read_header(struct msp_reader *r, struct msp_error *err)
{
	const uint8_t *p = NULL;
	uint64_t at = r->in.offset;
	uint32_t length;
	int s = need(r, HEADER_FIXED, &p, err);

	if (s < 0)
		return s;
	if (memcmp(p + 8, "MSPH", 4) != 0)
		return no_stream(r, err);
	if (get16(p + 12) != MSP_STREAM_VERSION)
		return corrupt(r, at, err, "stream version %u; this mspipe reads version %d", get16(p + 12),
		               MSP_STREAM_VERSION);
	length = get32(p + 48);
	if (length > PIPELINE_MAX || get32(p + 4) != HEADER_FIXED - 4 + length || get16(p + 14) != 0)
		return corrupt(r, at, err, "the segment's header is corrupt");
	s = need(r, HEADER_FIXED + length + 4, &p, err);
	if (s < 0)
		return s;
	r->header_crc = get32(p + HEADER_FIXED + length);
	if (msp_crc32c(0, p, HEADER_FIXED + length) != r->header_crc)
		return corrupt(r, at, err, "the segment's header is corrupt (CRC)");
	memcpy(r->header.origin.byte, p + 16, 16);
	r->header.index = get64(p + 32);
	r->header.part = get32(p + 40);
	r->header.parts = get32(p + 44);
	if (r->header.parts == 0 ? r->header.part != 0 : r->header.part < 1 || r->header.part > r->header.parts)
		return corrupt(r, at, err, "part %" PRIu32 " of %" PRIu32, r->header.part, r->header.parts);
	if (!msp_bson_valid(p + HEADER_FIXED, length))
		return corrupt(r, at, err, "the segment's history is not valid BSON");
	if (msp_bytes_set(&r->header.pipeline, p + HEADER_FIXED, length) < 0)
		return msp_error_set(err, MSP_NOMEM, "%s: no memory left", r->in.name);
	if (length > 0 && !has_stage(&r->header.pipeline))
		return corrupt(r, at, err, "the segment's history has no stages");
	msp_window_use(&r->in, HEADER_FIXED + length + 4);
	msp_window_align(&r->in);
	r->in_segment = true;
	r->in_ensemble = false;
	r->blocks = 0;
	memset(&r->segment, 0, sizeof(r->segment));
	return MSP_READ_HEADER;
}

static bool totals_equal(const struct msp_totals *a, const struct msp_totals *b)
{
	return a->live == b->live && a->dead == b->dead && a->ensembles == b->ensembles && a->bytes == b->bytes &&
	       msp_id_equal(&a->digest, &b->digest);
}

static int read_trailer(struct msp_reader *r, struct msp_error *err)
{
	const uint8_t *p = NULL;
	uint64_t at = r->in.offset;
	struct msp_totals t;
	int s = need(r, TRAILER_SIZE, &p, err);

	if (s < 0)
		return s;
	if (get32(p + 4) != TRAILER_SIZE - 8 || memcmp(p + 8, "MSPT", 4) != 0 || get32(p + 76) != msp_crc32c(0, p, 76) ||
	    memcmp(p + 80, SEGMENT_END, 16) != 0 || get32(p + 12) > 1)
		return corrupt(r, at, err, "the segment's trailer is corrupt");
	t.live = get64(p + 24);
	t.dead = get64(p + 32);
	t.ensembles = get64(p + 40);
	t.bytes = get64(p + 48);
	memcpy(t.digest.byte, p + 56, 16);
	if (get32(p + 72) != r->header_crc)
		return corrupt(r, at, err, "the trailer belongs to another segment");
	if (get64(p + 16) != r->blocks || !totals_equal(&t, &r->segment))
		return corrupt(r, at, err, "the segment is not what its trailer says: blocks are missing or doubled");
	if (r->in_ensemble)
		return corrupt(r, at, err, "the segment ends inside an ensemble");
	r->more = get32(p + 12) & 1;
	msp_window_use(&r->in, TRAILER_SIZE);
	r->in_segment = false;
	r->last = t;
	r->segments++;
	msp_totals_add(&r->sum, &t);
	s = msp_origins_add(&r->origins, &r->header, r->more, err);
	return s < 0 ? msp_error_prefix(err, "%s", r->in.name) : MSP_READ_TRAILER;
}

/* ---- blocks ------------------------------------------------------------ */

/* The descriptor at p. */
static int parse_descriptor(struct msp_reader *r, const uint8_t *p, struct msp_error *err)
{
	uint64_t stored = get64(p + 88);

	if (get32(p + 4) != BLOCK_SIZE - 8 || memcmp(p + 8, "MSPB", 4) != 0 || get32(p + 100) != msp_crc32c(0, p, 100))
		return corrupt(r, r->block_at, err, "the block's descriptor is corrupt");
	r->objects = get32(p + 12);
	r->block.live = get64(p + 16);
	r->block.dead = get64(p + 24);
	r->block.ensembles = get32(p + 32);
	r->block_in_ensemble = p[36] & 1;
	r->block_ends_in_ensemble = p[36] & 2;
	r->heads_len = r->block.bytes = get64(p + 40);
	memcpy(r->block.digest.byte, p + 72, 16);
	bool ok = r->objects > 0 && p[36] < 4 && r->heads_len / 80 >= r->objects && r->heads_len <= PTRDIFF_MAX &&
	          r->block.live <= r->objects && r->block.dead <= r->objects - r->block.live &&
	          r->block_in_ensemble == r->in_ensemble && stored <= PTRDIFF_MAX;
	for (int a = 0; a < AREAS; a++) {
		r->encoding[a] = p[37 + a];
		r->area_len[a] = get64(p + 48 + 8 * a);
		ok = ok && msp_encoding_known(r->encoding[a]) && r->area_len[a] % (a == AREA_W8 ? 8 : 4) == 0 &&
		     !__builtin_add_overflow(r->block.bytes, r->area_len[a], &r->block.bytes);
	}
	if (!ok || r->block.bytes > PTRDIFF_MAX)
		return corrupt(r, r->block_at, err, "the block's descriptor contradicts itself or what came before");
	r->stored = (size_t)stored;
	return MSP_OK;
}

/* The block whose descriptor was read is done with, or lies at r->frame. */
static void enter_block(struct msp_reader *r)
{
	r->blocks++;
	msp_totals_add(&r->segment, &r->block);
	r->in_ensemble = r->block_ends_in_ensemble;
	r->taken = r->objects;
	r->open = false;
}

static void describe(const struct msp_reader *r, struct msp_block *b)
{
	memset(b, 0, sizeof(*b));
	b->totals = r->block;
	b->objects = r->objects;
	b->in_ensemble = r->block_in_ensemble;
	b->ends_in_ensemble = r->block_ends_in_ensemble;
	b->size = BLOCK_SIZE + r->stored;
}

static bool wanted(struct msp_reader *r)
{
	struct msp_block b;

	if (!r->want)
		return true;
	describe(r, &b);
	return r->want(r->want_context, r->block_at, &b);
}

/* MSP_READ_OBJECT, or 0: it is not wanted, and was passed. */
static int read_block(struct msp_reader *r, struct msp_error *err)
{
	const uint8_t *p = NULL;
	int s;

	r->block_at = r->in.offset;
	s = need(r, BLOCK_SIZE, &p, err);
	if (s < 0)
		return s;
	s = parse_descriptor(r, p, err);
	if (s < 0)
		return s;
	uint32_t crc = get32(p + 96);
	if (!wanted(r)) {
		enter_block(r);
		return msp_window_pass(&r->in, BLOCK_SIZE + r->stored, err);
	}
	r->in.sparse = false;
	s = need(r, BLOCK_SIZE + r->stored, &p, err);
	if (s < 0)
		return s;
	r->frame = p + BLOCK_SIZE;
	if (msp_crc32c(0, r->frame, r->stored) != crc)
		return corrupt(r, r->block_at, err, "the block is corrupt (CRC)");
	const char *wrong = msp_frames_wrong(r->frame, r->stored, r->block.bytes);
	if (wrong)
		return corrupt(r, r->block_at, err, "%s", wrong);
	msp_window_use(&r->in, BLOCK_SIZE + r->stored);
	enter_block(r);
	return MSP_READ_OBJECT;
}

/* Decompresses the frames into the payload. A size that the stored bytes make unlikely is not believed: the buffer then grows as data come. */
static int decompress(struct msp_reader *r, struct msp_error *err)
{
	size_t size = (size_t)r->block.bytes;
	size_t likely = r->stored > SIZE_MAX / 8 ? SIZE_MAX : r->stored * 8 + ((size_t)8 << 20);
	ZSTD_inBuffer in = {r->frame, r->stored, 0};
	ZSTD_outBuffer out;
	size_t left = 1;

	if (!r->zstd)
		r->zstd = ZSTD_createDCtx();
	r->payload.len = 0;
	if (!r->zstd || msp_bytes_reserve(&r->payload, size < likely ? size : likely) < 0)
		return msp_error_set(err, MSP_NOMEM, "%s: no memory left for a block", r->in.name);
	if (size <= likely) {
		size_t got = ZSTD_decompressDCtx(r->zstd, r->payload.data, size, r->frame, r->stored);
		if (ZSTD_isError(got) || got != size)
			return corrupt(r, r->block_at, err, "the block does not decompress to what its descriptor says");
		r->payload.len = size;
		return MSP_OK;
	}
	if (ZSTD_isError(ZSTD_DCtx_reset(r->zstd, ZSTD_reset_session_and_parameters)) ||
	    ZSTD_isError(ZSTD_DCtx_setParameter(r->zstd, ZSTD_d_windowLogMax, 23)))
		return msp_error_set(err, MSP_FAIL, "%s: zstd refuses to work", r->in.name);
	out = (ZSTD_outBuffer){r->payload.data, r->payload.cap < size ? r->payload.cap : size, 0};
	while (left != 0 || in.pos < in.size) { /* 0: a frame has ended; another may follow */
		size_t before = in.pos + out.pos;
		left = ZSTD_decompressStream(r->zstd, &out, &in);
		if (ZSTD_isError(left) || (left != 0 && out.pos == size && in.pos == in.size))
			break;
		if (out.pos == out.size && out.size < size) {
			size_t grown = out.size > size / 2 ? size : out.size * 2;
			r->payload.len = out.pos;
			if (msp_bytes_reserve(&r->payload, grown) < 0)
				return msp_error_set(err, MSP_NOMEM, "%s: no memory left for a block", r->in.name);
			out.dst = r->payload.data;
			out.size = grown;
		} else if (in.pos + out.pos == before) {
			break;
		}
	}
	if (left != 0 || out.pos != size || in.pos != in.size)
		return corrupt(r, r->block_at, err, "the block does not decompress to what its descriptor says");
	r->payload.len = size;
	return MSP_OK;
}

int msp_reader_open_block(struct msp_reader *r, struct msp_error *err)
{
	size_t at = (size_t)r->heads_len;

	if (msp_frames_plain(r->frame, r->stored, r->block.bytes)) {
		r->content = r->in.data + (r->frame - r->in.data) + RAW_LEAD;
	} else {
		int s = decompress(r, err);

		if (s < 0)
			return r->failed = s;
		r->content = r->payload.data;
	}
	for (int a = 0; a < AREAS; a++) {
		size_t n = (size_t)r->area_len[a];
		unsigned width = a == AREA_W8 ? 8 : 4;

		r->area[a] = r->content + at;
		/* raw samples are used where they lie if they are aligned */
		if (n > 0 && (r->encoding[a] != ENC_RAW || (uintptr_t)r->area[a] % width != 0)) {
			r->decoded[a].len = 0;
			if (msp_bytes_reserve(&r->decoded[a], n) < 0)
				return r->failed = msp_error_set(err, MSP_NOMEM, "%s: no memory left for a block", r->in.name);
			msp_decode(r->encoding[a], width, a != AREA_I4, r->area[a], r->decoded[a].data, n / width);
			r->area[a] = r->decoded[a].data;
		}
		r->area_pos[a] = 0;
		at += n;
	}
	r->head_pos = 0;
	r->taken = 0;
	r->open = true;
	r->in_ensemble = r->block_in_ensemble;
	memset(&r->seen, 0, sizeof(r->seen));
	return MSP_OK;
}

/* ---- objects ----------------------------------------------------------- */

static int borrow_samples(struct msp_reader *r, struct msp_object *o, struct msp_error *err)
{
	uint64_t n = 0;
	int a = area_of(o->type, o->width);

	if (a == -2 || (a == -1) != (o->type == MSP_NONE))
		return corrupt(r, r->block_at, err, "object %" PRIu32 " of the block has samples of type %u and %u bytes",
		               r->taken + 1, o->type, o->width);
	if (!o->live || a == -1) {
		msp_bytes_borrow(&o->samples, NULL, 0);
		return MSP_OK;
	}
	if (__builtin_mul_overflow(o->npts, (uint64_t)o->ncomp * o->width, &n) ||
	    n > r->area_len[a] - r->area_pos[a])
		return corrupt(r, r->block_at, err, "object %" PRIu32 " of the block claims %" PRIu64 " samples that are not there",
		               r->taken + 1, o->npts);
	msp_bytes_borrow(&o->samples, r->area[a] + r->area_pos[a], (size_t)n);
	o->lent = o->samples.data;
	r->area_pos[a] += (size_t)n;
	return MSP_OK;
}

static int count_object(struct msp_reader *r, const struct msp_object *o, struct msp_error *err)
{
	if (o->kind == MSP_ENSEMBLE_BEGIN ? r->in_ensemble : o->kind == MSP_ENSEMBLE_END && !r->in_ensemble)
		return corrupt(r, r->block_at, err, "the brackets of ensembles do not match");
	if (o->kind == MSP_ENSEMBLE_BEGIN) {
		r->in_ensemble = true;
		r->seen.ensembles++;
	} else if (o->kind == MSP_ENSEMBLE_END) {
		r->in_ensemble = false;
	} else if (o->live) {
		r->seen.live++;
	} else {
		r->seen.dead++;
	}
	if (!r->options.skip_digest)
		r->seen.digest = msp_id_sum(r->seen.digest, msp_object_digest(o));
	return MSP_OK;
}

/* The block's last object was taken: does all agree? */
static int close_block(struct msp_reader *r, struct msp_error *err)
{
	bool ok = r->head_pos == r->heads_len && r->in_ensemble == r->block_ends_in_ensemble;

	for (int a = 0; a < AREAS; a++)
		ok = ok && r->area_pos[a] == r->area_len[a];
	r->seen.bytes = r->block.bytes;
	if (r->options.skip_digest)
		r->seen.digest = r->block.digest;
	r->open = false;
	if (!ok || !totals_equal(&r->seen, &r->block))
		return corrupt(r, r->block_at, err, "the block's objects are not what its descriptor says");
	return MSP_OK;
}

static int next_object(struct msp_reader *r, struct msp_object *o, struct msp_error *err)
{
	size_t used = 0;
	const char *why = msp_head_parse(r->content + r->head_pos, (size_t)r->heads_len - r->head_pos, o, &used);
	int s;

	if (why)
		return corrupt(r, r->block_at, err, "object %" PRIu32 " of the block: %s", r->taken + 1, why);
	r->head_pos += used;
	s = borrow_samples(r, o, err);
	if (s == MSP_OK)
		s = count_object(r, o, err);
	if (s == MSP_OK && ++r->taken == r->objects)
		s = close_block(r, err);
	return s < 0 ? s : MSP_READ_OBJECT;
}

/* ---- events ------------------------------------------------------------ */

/* The next frame of the input: header, block or trailer. 0: it was passed. */
static int a_frame(struct msp_reader *r, struct msp_error *err)
{
	const uint8_t *p = NULL;
	ptrdiff_t got = msp_window_need(&r->in, 4, err);

	if (got < 0)
		return (int)got;
	if (!r->in_segment) {
		if (got == 0 && r->in.offset == 0 && r->any_input)
			return msp_error_set(err, MSP_CORRUPT, "%s: no input: it is empty", r->in.name);
		if (got == 0)
			return MSP_READ_END;
		p = r->in.data + r->in.pos;
		if (got < 4 || get32(p) != WIRE_HEADER)
			return r->in.offset == 0 ? no_stream(r, err)
			                         : corrupt(r, r->in.offset, err, "what follows the segment is no segment");
		return read_header(r, err);
	}
	if (got < 4)
		return cut(r, err);
	p = r->in.data + r->in.pos;
	if (get32(p) == WIRE_BLOCK)
		return read_block(r, err);
	if (get32(p) == WIRE_TRAILER)
		return read_trailer(r, err);
	return corrupt(r, r->in.offset, err, "neither a block nor a trailer");
}

static int next_frame(struct msp_reader *r, struct msp_error *err)
{
	int s;

	do
		s = a_frame(r, err);
	while (s == 0);
	return s;
}

int msp_reader_next_block(struct msp_reader *r, struct msp_block *b, struct msp_error *err)
{
	int s = r->failed ? r->failed : next_frame(r, err);

	if (s < 0)
		return r->failed = s;
	if (s != MSP_READ_OBJECT)
		return s;
	describe(r, b);
	b->frames = r->frame - BLOCK_SIZE;
	b->compressed = !msp_frames_raw(r->frame, r->stored, r->block.bytes);
	return s;
}

int msp_reader_next(struct msp_reader *r, struct msp_object *o, struct msp_error *err)
{
	int s;

	if (r->failed)
		return r->failed;
	if (r->open) {
		s = next_object(r, o, err);
	} else {
		s = next_frame(r, err);
		if (s == MSP_READ_OBJECT) {
			s = msp_reader_open_block(r, err);
			if (s == MSP_OK)
				s = next_object(r, o, err);
		}
	}
	if (s < 0)
		r->failed = s;
	return s;
}

/* Some segments of a larger stream, of which the last one is known. */
static int check_end(const struct msp_reader *r, struct msp_error *err)
{
	const struct msp_reader_options *o = &r->options;
	char id[MSP_ID_TEXT];

	if (!o->has_end || (r->segments > 0 && r->header.index == o->end_index && msp_id_equal(&r->header.origin, &o->end_origin)))
		return MSP_OK;
	return msp_error_set(err, MSP_CORRUPT,
	                     "%s: it was to end after segment %" PRIu64 " of stream %.8s, and does not: it was cut or its writer failed",
	                     r->in.name, o->end_index, msp_id_format(&o->end_origin, id));
}

int msp_reader_finish(struct msp_reader *r, struct msp_error *err)
{
	int s;

	if (r->failed)
		return r->failed;
	if (r->options.segments)
		return check_end(r, err);
	s = msp_origins_check(&r->origins, err);
	return s < 0 && r->in.name ? msp_error_prefix(err, "%s", r->in.name) : s;
}

/* ---- what is known ----------------------------------------------------- */

const struct msp_header *msp_reader_header(const struct msp_reader *r)
{
	return &r->header;
}

const struct msp_totals *msp_reader_totals(const struct msp_reader *r)
{
	return &r->last;
}

bool msp_reader_more(const struct msp_reader *r)
{
	return r->more;
}

const struct msp_totals *msp_reader_sum(const struct msp_reader *r)
{
	return &r->sum;
}

uint64_t msp_reader_offset(const struct msp_reader *r)
{
	return r->in.offset;
}

uint64_t msp_reader_segments(const struct msp_reader *r)
{
	return r->segments;
}

uint64_t msp_reader_block_left(const struct msp_reader *r)
{
	return r->open ? r->objects - r->taken : 0;
}

void msp_reader_want(struct msp_reader *r, msp_want_block_fn *want, void *context)
{
	r->want = want;
	r->want_context = context;
}

uint64_t msp_reader_position(const struct msp_reader *r)
{
	uint64_t size = BLOCK_SIZE + r->stored, before = r->taken > 0 ? r->taken - 1 : 0;

	return r->objects > 0 ? r->block_at + size / r->objects * before + size % r->objects * before / r->objects : r->block_at;
}

bool msp_reader_in_ensemble(const struct msp_reader *r)
{
	return r->in_ensemble;
}
