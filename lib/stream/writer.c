/* The stream's writer: objects into blocks, blocks into segments. See msp(5). */
#include "stream/encode.h"
#include "stream/head.h"
#include "stream/io.h"
#include "stream/wire.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <zstd.h>

#define RAW_BLOCK ((size_t)128 << 10)
#define TRIAL_WORDS ((size_t)2048) /* how much of an area is tried with each encoding */
#define TRIAL_EVERY 8u             /* blocks */

struct area {
	struct msp_bytes data;
	uint8_t encoding;
	unsigned age; /* blocks since the encoding was chosen */
};

struct msp_writer {
	int fd;
	char *name;
	int level;
	msp_poll_fn *poll;
	void *context;
	ZSTD_CCtx *zstd;

	bool in_segment, in_ensemble;
	bool block_in_ensemble; /* where the block being built begins */
	uint32_t header_crc;
	uint64_t blocks;
	struct msp_totals segment, sum;

	uint32_t objects; /* of the block being built */
	struct msp_totals block;
	struct msp_bytes heads;
	struct area area[AREAS];
	struct msp_bytes coded, frame; /* scratch */
	uint64_t stored;
};

static const unsigned area_width[AREAS] = {8, 4, 4};
static const int area_floating[AREAS] = {1, 1, 0};

static int default_level(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) ? 0 : 1;
}

struct msp_writer *msp_writer_new(int fd, const char *name, const struct msp_writer_options *options)
{
	struct msp_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->fd = fd;
	w->level = options && options->level >= 0 ? options->level : default_level(fd);
	w->poll = options ? options->poll : NULL;
	w->context = options ? options->context : NULL;
	w->name = strdup(name);
	if (w->level > 0)
		w->zstd = ZSTD_createCCtx();
	if (!w->name || (w->level > 0 && !w->zstd)) {
		msp_writer_free(w);
		return NULL;
	}
	return w;
}

void msp_writer_free(struct msp_writer *w)
{
	if (!w)
		return;
	for (int a = 0; a < AREAS; a++)
		msp_bytes_free(&w->area[a].data);
	msp_bytes_free(&w->heads);
	msp_bytes_free(&w->coded);
	msp_bytes_free(&w->frame);
	ZSTD_freeCCtx(w->zstd);
	free(w->name);
	free(w);
}

static int no_memory(const struct msp_writer *w, struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "%s: no memory left to write a block", w->name);
}

static int put_pieces(struct msp_writer *w, struct iovec *iov, int n, struct msp_error *err)
{
	size_t size = 0;

	for (int i = 0; i < n; i++)
		size += iov[i].iov_len;
	w->stored += size;
	return msp_writev_all(w->fd, iov, n, w->name, w->poll, w->context, err);
}

static int put_bytes(struct msp_writer *w, const void *data, size_t n, struct msp_error *err)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = n};

	return put_pieces(w, &iov, 1, err);
}

/* ---- segments ---------------------------------------------------------- */

int msp_writer_begin(struct msp_writer *w, const struct msp_header *h, struct msp_error *err)
{
	uint8_t fixed[HEADER_FIXED], crc[4];
	uint32_t length = (uint32_t)h->pipeline.len;

	if (w->in_segment)
		return msp_error_set(err, MSP_USAGE, "%s: a segment begins inside another", w->name);
	if (h->pipeline.len > PIPELINE_MAX)
		return msp_error_set(err, MSP_FAIL, "%s: the history of the stream is longer than 16 MiB", w->name);
	put32(fixed, WIRE_HEADER);
	put32(fixed + 4, HEADER_FIXED - 4 + length);
	memcpy(fixed + 8, "MSPH", 4);
	put16(fixed + 12, MSP_STREAM_VERSION);
	put16(fixed + 14, 0);
	memcpy(fixed + 16, h->origin.byte, 16);
	put64(fixed + 32, h->index);
	put32(fixed + 40, h->part);
	put32(fixed + 44, h->parts);
	put32(fixed + 48, length);
	w->header_crc = msp_crc32c(msp_crc32c(0, fixed, sizeof(fixed)), h->pipeline.data, length);
	put32(crc, w->header_crc);
	w->in_segment = true;
	w->in_ensemble = w->block_in_ensemble = false;
	w->blocks = 0;
	memset(&w->segment, 0, sizeof(w->segment));
	struct iovec iov[3] = {{fixed, sizeof(fixed)}, {h->pipeline.data, length}, {crc, sizeof(crc)}};
	return put_pieces(w, iov, 3, err);
}

/* ---- blocks ------------------------------------------------------------ */

static size_t raw_payload(const struct msp_writer *w)
{
	size_t n = w->heads.len;

	for (int a = 0; a < AREAS; a++)
		n += w->area[a].data.len;
	return n;
}

/* A zstd frame of raw blocks over the pieces of the payload, as iovecs: [frame header][block header][data]... with nothing copied. */
static int raw_frame(struct msp_writer *w, size_t payload, struct iovec **out, int *count, size_t *stored)
{
	const struct msp_bytes *piece[1 + AREAS] = {&w->heads, &w->area[0].data, &w->area[1].data, &w->area[2].data};
	size_t blocks = payload / RAW_BLOCK + 1, header = 14;
	struct iovec *iov;
	uint8_t *p;
	int n = 0;

	/* every piece of every block, and a header a block, at most; one iovec is left for the descriptor */
	w->frame.len = 0;
	if (msp_bytes_reserve(&w->frame, header + 3 * blocks) < 0)
		return MSP_NOMEM;
	iov = malloc(sizeof(*iov) * (2 + 2 * blocks + 1 + AREAS));
	if (!iov)
		return MSP_NOMEM;
	p = w->frame.data;
	put32(p, WIRE_ZSTD);
	p[4] = 0xC0;              /* 8 bytes of content size, a window descriptor, no checksum, no dictionary */
	p[5] = (17 - 10) << 3;    /* a window of 128 KiB */
	put64(p + 6, payload);
	n = 1;
	iov[n++] = (struct iovec){p, header};
	p += header;
	*stored = header;
	size_t k = 0, offset = 0, left = payload;
	do {
		size_t size = left < RAW_BLOCK ? left : RAW_BLOCK, need = size;
		uint32_t bits = (uint32_t)(size << 3) | (left == size);

		p[0] = (uint8_t)bits;
		p[1] = (uint8_t)(bits >> 8);
		p[2] = (uint8_t)(bits >> 16);
		iov[n++] = (struct iovec){p, 3};
		p += 3;
		while (need > 0) {
			size_t here = piece[k]->len - offset;

			if (here == 0) {
				k++;
				offset = 0;
				continue;
			}
			if (here > need)
				here = need;
			iov[n++] = (struct iovec){piece[k]->data + offset, here};
			offset += here;
			need -= here;
		}
		*stored += 3 + size;
		left -= size;
	} while (left > 0);
	*out = iov;
	*count = n;
	return MSP_OK;
}

/* Gives zstd one plane after the other; a plane that is large gets blocks, and so entropy tables, of its own. */
static int compress_planes(struct msp_writer *w, const uint8_t *data, size_t n, unsigned planes, ZSTD_outBuffer *out,
                           bool last)
{
	size_t plane = planes ? n / planes : n;

	for (unsigned k = 0; k < (planes ? planes : 1); k++) {
		ZSTD_inBuffer in = {data + k * plane, plane, 0};
		ZSTD_EndDirective how = last && k + 1 >= planes ? ZSTD_e_end
		                        : plane >= 8192         ? ZSTD_e_flush
		                                                : ZSTD_e_continue;
		size_t left;

		do {
			left = ZSTD_compressStream2(w->zstd, out, &in, how);
			if (ZSTD_isError(left))
				return MSP_NOMEM;
		} while (how == ZSTD_e_continue ? in.pos < in.size : left > 0);
	}
	return MSP_OK;
}

static unsigned planes_of(int a, uint8_t encoding)
{
	return encoding == ENC_RAW ? 1 : area_width[a];
}

/* Bytes that a sample of the area takes with an encoding. */
static size_t trial(struct msp_writer *w, int a, uint8_t encoding, const uint8_t *from, size_t words)
{
	size_t n = words * area_width[a];
	ZSTD_outBuffer out = {w->frame.data, w->frame.cap, 0};

	msp_encode(encoding, area_width[a], area_floating[a], from, w->coded.data, words);
	if (ZSTD_isError(ZSTD_CCtx_reset(w->zstd, ZSTD_reset_session_only)))
		return SIZE_MAX;
	/* planes this short are measured one by one, as they will be coded */
	for (unsigned k = 0; k < planes_of(a, encoding); k++) {
		size_t plane = n / planes_of(a, encoding);
		ZSTD_inBuffer in = {w->coded.data + k * plane, plane, 0};
		size_t left;

		do {
			left = ZSTD_compressStream2(w->zstd, &out, &in, ZSTD_e_flush);
			if (ZSTD_isError(left))
				return SIZE_MAX;
		} while (left > 0);
	}
	return out.pos;
}

/* Chooses the encoding of an area by trying all on a stretch from its middle. */
static int choose(struct msp_writer *w, int a)
{
	struct area *area = &w->area[a];
	size_t words = area->data.len / area_width[a];
	size_t n = words < TRIAL_WORDS ? words : TRIAL_WORDS;
	const uint8_t *from;
	size_t best = SIZE_MAX;

	if (words == 0 || area->age++ % TRIAL_EVERY != 0)
		return MSP_OK;
	from = area->data.data + (words - n) / 2 * area_width[a];
	w->frame.len = w->coded.len = 0;
	if (msp_bytes_reserve(&w->coded, n * area_width[a]) < 0 ||
	    msp_bytes_reserve(&w->frame, 2 * ZSTD_compressBound(n * area_width[a]) + 1024) < 0)
		return MSP_NOMEM;
	for (int k = -1; k <= ENC_DELTA_MAX; k++) {
		uint8_t encoding = k < 0 ? ENC_RAW : (uint8_t)(ENC_SHUFFLE + k);
		size_t size = trial(w, a, encoding, from, n);

		if (size < best) {
			best = size;
			area->encoding = encoding;
		}
	}
	return MSP_OK;
}

static int compressed_frame(struct msp_writer *w, size_t payload, struct iovec **out, int *count, size_t *stored)
{
	size_t bound = ZSTD_compressBound(payload) + 64 * 1024;
	ZSTD_outBuffer o;

	for (int a = 0; a < AREAS; a++)
		if (choose(w, a) < 0)
			return MSP_NOMEM;
	w->frame.len = w->coded.len = 0;
	if (msp_bytes_reserve(&w->frame, bound) < 0)
		return MSP_NOMEM;
	o = (ZSTD_outBuffer){w->frame.data, w->frame.cap, 0};
	if (ZSTD_isError(ZSTD_CCtx_reset(w->zstd, ZSTD_reset_session_and_parameters)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, w->level)) ||
	    ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(w->zstd, payload)))
		return MSP_NOMEM;
	if (compress_planes(w, w->heads.data, w->heads.len, 1, &o, w->heads.len == payload) < 0)
		return MSP_NOMEM;
	size_t left = payload - w->heads.len;
	for (int a = 0; a < AREAS; a++) {
		struct area *area = &w->area[a];
		size_t n = area->data.len;
		const uint8_t *data = area->data.data;

		if (n == 0)
			continue;
		if (area->encoding != ENC_RAW) {
			if (msp_bytes_reserve(&w->coded, n) < 0)
				return MSP_NOMEM;
			msp_encode(area->encoding, area_width[a], area_floating[a], data, w->coded.data, n / area_width[a]);
			data = w->coded.data;
		}
		left -= n;
		if (compress_planes(w, data, n, planes_of(a, area->encoding), &o, left == 0) < 0)
			return MSP_NOMEM;
	}
	*out = malloc(2 * sizeof(**out));
	if (!*out)
		return MSP_NOMEM;
	(*out)[1] = (struct iovec){w->frame.data, o.pos};
	*count = 2;
	*stored = o.pos;
	return MSP_OK;
}

static void descriptor(const struct msp_writer *w, uint8_t *d, size_t stored, uint32_t crc)
{
	put32(d, WIRE_BLOCK);
	put32(d + 4, BLOCK_SIZE - 8);
	memcpy(d + 8, "MSPB", 4);
	put32(d + 12, w->objects);
	put64(d + 16, w->block.live);
	put64(d + 24, w->block.dead);
	put32(d + 32, (uint32_t)w->block.ensembles);
	d[36] = (uint8_t)(w->block_in_ensemble | w->in_ensemble << 1);
	for (int a = 0; a < AREAS; a++) {
		d[37 + a] = w->level == 0 || w->area[a].data.len == 0 ? ENC_RAW : w->area[a].encoding;
		put64(d + 48 + 8 * a, w->area[a].data.len);
	}
	put64(d + 40, w->heads.len);
	memcpy(d + 72, w->block.digest.byte, 16);
	put64(d + 88, stored);
	put32(d + 96, crc);
	put32(d + 100, msp_crc32c(0, d, 100));
}

static int flush_block(struct msp_writer *w, struct msp_error *err)
{
	uint8_t d[BLOCK_SIZE];
	struct iovec *iov = NULL;
	size_t payload = raw_payload(w), stored = 0;
	uint32_t crc = 0;
	int n = 0, s;

	if (w->objects == 0)
		return MSP_OK;
	w->block.bytes = payload;
	s = w->level == 0 ? raw_frame(w, payload, &iov, &n, &stored) : compressed_frame(w, payload, &iov, &n, &stored);
	if (s < 0)
		return no_memory(w, err);
	for (int i = 1; i < n; i++)
		crc = msp_crc32c(crc, iov[i].iov_base, iov[i].iov_len);
	descriptor(w, d, stored, crc);
	iov[0] = (struct iovec){d, sizeof(d)};
	s = put_pieces(w, iov, n, err);
	free(iov);
	if (s < 0)
		return s;
	msp_totals_add(&w->segment, &w->block);
	w->sum.bytes += payload;
	memset(&w->block, 0, sizeof(w->block));
	w->blocks++;
	w->objects = 0;
	w->block_in_ensemble = w->in_ensemble;
	w->heads.len = 0;
	for (int a = 0; a < AREAS; a++)
		w->area[a].data.len = 0;
	return MSP_OK;
}

/* ---- objects ----------------------------------------------------------- */

static int check_bracket(struct msp_writer *w, const struct msp_object *o, struct msp_error *err)
{
	if (o->kind == MSP_ENSEMBLE_BEGIN && w->in_ensemble)
		return msp_error_set(err, MSP_USAGE, "%s: an ensemble begins inside another", w->name);
	if (o->kind == MSP_ENSEMBLE_END && !w->in_ensemble)
		return msp_error_set(err, MSP_USAGE, "%s: an ensemble ends that did not begin", w->name);
	return MSP_OK;
}

static size_t samples_size(const struct msp_object *o)
{
	return o->live ? o->samples.len : 0;
}

static int put_head(struct msp_writer *w, const struct msp_object *o, struct msp_error *err)
{
	size_t before = w->heads.len;
	int s = msp_head_append(&w->heads, o);

	if (s < 0)
		w->heads.len = before;
	if (s == MSP_USAGE)
		return msp_error_set(err, MSP_FAIL, "%s: an object's metadata exceed 4 GiB", w->name);
	return s < 0 ? no_memory(w, err) : MSP_OK;
}

int msp_writer_put(struct msp_writer *w, const struct msp_object *o, struct msp_error *err)
{
	size_t size = samples_size(o);
	int a = area_of(o->type, o->width);
	struct msp_id digest;

	if (!w->in_segment)
		return msp_error_set(err, MSP_USAGE, "%s: an object outside of a segment", w->name);
	if (a == -2 || (a == -1 && size > 0) || size % (o->width ? o->width : 1) != 0)
		return msp_error_set(err, MSP_USAGE, "%s: samples of %u bytes", w->name, o->width);
	if (check_bracket(w, o, err) < 0)
		return err ? err->status : MSP_USAGE;
	if (w->objects > 0 && (raw_payload(w) + size + o->metadata.len + 80 > BLOCK_TARGET || w->objects == UINT32_MAX)) {
		int s = flush_block(w, err);
		if (s < 0)
			return s;
	}
	int s = put_head(w, o, err);
	if (s < 0)
		return s;
	if (size > 0 && msp_bytes_append(&w->area[a].data, o->samples.data, size) < 0)
		return no_memory(w, err);
	digest = msp_object_digest(o);
	w->objects++;
	w->block.digest = msp_id_sum(w->block.digest, digest);
	w->sum.digest = msp_id_sum(w->sum.digest, digest);
	if (o->kind == MSP_ENSEMBLE_BEGIN) {
		w->in_ensemble = true;
		w->block.ensembles++;
		w->sum.ensembles++;
	} else if (o->kind == MSP_ENSEMBLE_END) {
		w->in_ensemble = false;
	} else {
		*(o->live ? &w->block.live : &w->block.dead) += 1;
		*(o->live ? &w->sum.live : &w->sum.dead) += 1;
	}
	return MSP_OK;
}

int msp_writer_put_block(struct msp_writer *w, const struct msp_block *b, struct msp_error *err)
{
	int s;

	if (!w->in_segment)
		return msp_error_set(err, MSP_USAGE, "%s: a block outside of a segment", w->name);
	s = flush_block(w, err);
	if (s < 0)
		return s;
	if (b->in_ensemble != w->in_ensemble)
		return msp_error_set(err, MSP_USAGE, "%s: a block of another ensemble", w->name);
	s = put_bytes(w, b->frames, b->size, err);
	if (s < 0)
		return s;
	w->blocks++;
	w->in_ensemble = w->block_in_ensemble = b->ends_in_ensemble;
	msp_totals_add(&w->segment, &b->totals);
	msp_totals_add(&w->sum, &b->totals);
	return MSP_OK;
}

int msp_writer_end(struct msp_writer *w, bool more, struct msp_error *err)
{
	uint8_t t[TRAILER_SIZE];
	int s;

	if (!w->in_segment)
		return msp_error_set(err, MSP_USAGE, "%s: a segment ends that did not begin", w->name);
	if (w->in_ensemble)
		return msp_error_set(err, MSP_USAGE, "%s: a segment ends inside an ensemble", w->name);
	s = flush_block(w, err);
	if (s < 0)
		return s;
	put32(t, WIRE_TRAILER);
	put32(t + 4, TRAILER_SIZE - 8);
	memcpy(t + 8, "MSPT", 4);
	put32(t + 12, more);
	put64(t + 16, w->blocks);
	put64(t + 24, w->segment.live);
	put64(t + 32, w->segment.dead);
	put64(t + 40, w->segment.ensembles);
	put64(t + 48, w->segment.bytes);
	memcpy(t + 56, w->segment.digest.byte, 16);
	put32(t + 72, w->header_crc);
	put32(t + 76, msp_crc32c(0, t, 76));
	memcpy(t + 80, SEGMENT_END, 16);
	w->in_segment = false;
	return put_bytes(w, t, sizeof(t), err);
}

int msp_writer_level(const struct msp_writer *w)
{
	return w->level;
}

bool msp_writer_in_segment(const struct msp_writer *w)
{
	return w->in_segment;
}

bool msp_writer_in_ensemble(const struct msp_writer *w)
{
	return w->in_ensemble;
}

uint64_t msp_writer_segment_bytes(const struct msp_writer *w)
{
	return w->segment.bytes + raw_payload(w);
}

uint64_t msp_writer_stored(const struct msp_writer *w)
{
	return w->stored;
}

const struct msp_totals *msp_writer_sum(const struct msp_writer *w)
{
	return &w->sum;
}

void msp_totals_add(struct msp_totals *sum, const struct msp_totals *t)
{
	sum->live += t->live;
	sum->dead += t->dead;
	sum->ensembles += t->ensembles;
	sum->bytes += t->bytes;
	sum->digest = msp_id_sum(sum->digest, t->digest);
}

const char *msp_zstd_version(void)
{
	return ZSTD_versionString();
}
