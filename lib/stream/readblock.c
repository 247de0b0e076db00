/* The stream's reader: blocks, from their descriptors to their payload. */
#include "stream/encode.h"
#include "stream/frame.h"
#include "stream/reader.h"

/* The descriptor at p. */
static int parse_descriptor(struct msp_reader *r, const uint8_t *p, struct msp_error *err)
{
	uint64_t stored = get64(p + 88);

	if (get32(p + 4) != BLOCK_SIZE - 8 || memcmp(p + 8, "MSPB", 4) != 0 || get32(p + 100) != msp_crc32c(0, p, 100))
		return reader_corrupt(r, r->block_at, err, "the block's descriptor is corrupt");
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
		return reader_corrupt(r, r->block_at, err, "the block's descriptor contradicts itself or what came before");
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

void reader_describe(const struct msp_reader *r, struct msp_block *b)
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
	reader_describe(r, &b);
	return r->want(r->want_context, r->block_at, &b);
}

int reader_block(struct msp_reader *r, struct msp_error *err)
{
	const uint8_t *p = NULL;
	int s;

	r->block_at = r->in.offset;
	s = reader_need(r, BLOCK_SIZE, &p, err);
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
	s = reader_need(r, BLOCK_SIZE + r->stored, &p, err);
	if (s < 0)
		return s;
	r->frame = p + BLOCK_SIZE;
	if (msp_crc32c(0, r->frame, r->stored) != crc)
		return reader_corrupt(r, r->block_at, err, "the block is corrupt (CRC)");
	const char *wrong = msp_frames_wrong(r->frame, r->stored, r->block.bytes);
	if (wrong)
		return reader_corrupt(r, r->block_at, err, "%s", wrong);
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
			return reader_corrupt(r, r->block_at, err, "the block does not decompress to what its descriptor says");
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
		return reader_corrupt(r, r->block_at, err, "the block does not decompress to what its descriptor says");
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
