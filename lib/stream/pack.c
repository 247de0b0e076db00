/* A block's payload and its zstd frame: raw, or shuffled, delta-coded and compressed, whichever is smallest. */
#include "stream/pack.h"

#include "stream/encode.h"
#include "stream/head.h"

#include <stdlib.h>
#include <zstd.h>

#define RAW_BLOCK ((size_t)128 << 10)
#define TRIAL_WORDS ((size_t)2048) /* how much of an area is tried with each encoding */
#define TRIAL_EVERY 8u             /* blocks */

static const unsigned area_width[AREAS] = {8, 4, 4};
static const int area_floating[AREAS] = {1, 1, 0};

int msp_pack_init(struct pack *k, int level)
{
	memset(k, 0, sizeof(*k));
	k->level = level;
	if (level > 0)
		k->zstd = ZSTD_createCCtx();
	return level > 0 && !k->zstd ? MSP_NOMEM : MSP_OK;
}

void msp_pack_free(struct pack *k)
{
	for (int a = 0; a < AREAS; a++)
		msp_bytes_free(&k->area[a].data);
	msp_bytes_free(&k->heads);
	msp_bytes_free(&k->coded);
	msp_bytes_free(&k->frame);
	ZSTD_freeCCtx(k->zstd);
	k->zstd = NULL;
}

size_t msp_pack_payload(const struct pack *k)
{
	size_t n = k->heads.len;

	for (int a = 0; a < AREAS; a++)
		n += k->area[a].data.len;
	return n;
}

/* A zstd frame of raw blocks over the pieces of the payload, as iovecs: [frame header][block header][data]... with nothing copied. */
static int raw_frame(struct pack *k, size_t payload, struct iovec **out, int *count, size_t *stored)
{
	const struct msp_bytes *piece[1 + AREAS] = {&k->heads, &k->area[0].data, &k->area[1].data, &k->area[2].data};
	size_t blocks = payload / RAW_BLOCK + 1, header = 14;
	struct iovec *iov;
	uint8_t *p;
	int n = 0;

	/* every piece of every block, and a header a block, at most; one iovec is left for the descriptor */
	k->frame.len = 0;
	if (msp_bytes_reserve(&k->frame, header + 3 * blocks) < 0)
		return MSP_NOMEM;
	iov = malloc(sizeof(*iov) * (2 + 2 * blocks + 1 + AREAS));
	if (!iov)
		return MSP_NOMEM;
	p = k->frame.data;
	put32(p, WIRE_ZSTD);
	p[4] = 0xC0;              /* 8 bytes of content size, a window descriptor, no checksum, no dictionary */
	p[5] = (17 - 10) << 3;    /* a window of 128 KiB */
	put64(p + 6, payload);
	n = 1;
	iov[n++] = (struct iovec){p, header};
	p += header;
	*stored = header;
	size_t i = 0, offset = 0, left = payload;
	do {
		size_t size = left < RAW_BLOCK ? left : RAW_BLOCK, need = size;
		uint32_t bits = (uint32_t)(size << 3) | (left == size);

		p[0] = (uint8_t)bits;
		p[1] = (uint8_t)(bits >> 8);
		p[2] = (uint8_t)(bits >> 16);
		iov[n++] = (struct iovec){p, 3};
		p += 3;
		while (need > 0) {
			size_t here = piece[i]->len - offset;

			if (here == 0) {
				i++;
				offset = 0;
				continue;
			}
			if (here > need)
				here = need;
			iov[n++] = (struct iovec){piece[i]->data + offset, here};
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
static int compress_planes(struct pack *k, const uint8_t *data, size_t n, unsigned planes, ZSTD_outBuffer *out,
                           bool last)
{
	size_t plane = n / planes;

	for (unsigned i = 0; i < planes; i++) {
		ZSTD_inBuffer in = {data + i * plane, plane, 0};
		ZSTD_EndDirective how = last && i + 1 == planes ? ZSTD_e_end
		                        : plane >= 8192         ? ZSTD_e_flush
		                                                : ZSTD_e_continue;
		size_t left;

		do {
			left = ZSTD_compressStream2(k->zstd, out, &in, how);
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
static size_t trial(struct pack *k, int a, uint8_t encoding, const uint8_t *from, size_t words)
{
	size_t n = words * area_width[a];
	ZSTD_outBuffer out = {k->frame.data, k->frame.cap, 0};

	msp_encode(encoding, area_width[a], area_floating[a], from, k->coded.data, words);
	if (ZSTD_isError(ZSTD_CCtx_reset(k->zstd, ZSTD_reset_session_only)))
		return SIZE_MAX;
	/* planes this short are measured one by one, as they will be coded */
	for (unsigned i = 0; i < planes_of(a, encoding); i++) {
		size_t plane = n / planes_of(a, encoding);
		ZSTD_inBuffer in = {k->coded.data + i * plane, plane, 0};
		size_t left;

		do {
			left = ZSTD_compressStream2(k->zstd, &out, &in, ZSTD_e_flush);
			if (ZSTD_isError(left))
				return SIZE_MAX;
		} while (left > 0);
	}
	return out.pos;
}

/* Chooses the encoding of an area by trying all on a stretch from its middle. */
static int choose(struct pack *k, int a)
{
	struct area *area = &k->area[a];
	size_t words = area->data.len / area_width[a];
	size_t n = words < TRIAL_WORDS ? words : TRIAL_WORDS;
	const uint8_t *from;
	size_t best = SIZE_MAX;

	if (words == 0 || area->age++ % TRIAL_EVERY != 0)
		return MSP_OK;
	from = area->data.data + (words - n) / 2 * area_width[a];
	k->frame.len = k->coded.len = 0;
	if (msp_bytes_reserve(&k->coded, n * area_width[a]) < 0 ||
	    msp_bytes_reserve(&k->frame, 2 * ZSTD_compressBound(n * area_width[a]) + 1024) < 0)
		return MSP_NOMEM;
	for (int e = -1; e <= ENC_DELTA_MAX; e++) {
		uint8_t encoding = e < 0 ? ENC_RAW : (uint8_t)(ENC_SHUFFLE + e);
		size_t size = trial(k, a, encoding, from, n);

		if (size < best) {
			best = size;
			area->encoding = encoding;
		}
	}
	return MSP_OK;
}

static int compressed_frame(struct pack *k, size_t payload, struct iovec **out, int *count, size_t *stored)
{
	size_t bound = ZSTD_compressBound(payload) + 64 * 1024;
	ZSTD_outBuffer o;

	for (int a = 0; a < AREAS; a++)
		if (choose(k, a) < 0)
			return MSP_NOMEM;
	k->frame.len = k->coded.len = 0;
	if (msp_bytes_reserve(&k->frame, bound) < 0)
		return MSP_NOMEM;
	o = (ZSTD_outBuffer){k->frame.data, k->frame.cap, 0};
	if (ZSTD_isError(ZSTD_CCtx_reset(k->zstd, ZSTD_reset_session_and_parameters)) ||
	    ZSTD_isError(ZSTD_CCtx_setParameter(k->zstd, ZSTD_c_compressionLevel, k->level)) ||
	    ZSTD_isError(ZSTD_CCtx_setPledgedSrcSize(k->zstd, payload)))
		return MSP_NOMEM;
	if (compress_planes(k, k->heads.data, k->heads.len, 1, &o, k->heads.len == payload) < 0)
		return MSP_NOMEM;
	size_t left = payload - k->heads.len;
	for (int a = 0; a < AREAS; a++) {
		struct area *area = &k->area[a];
		size_t n = area->data.len;
		const uint8_t *data = area->data.data;

		if (n == 0)
			continue;
		if (area->encoding != ENC_RAW) {
			if (msp_bytes_reserve(&k->coded, n) < 0)
				return MSP_NOMEM;
			msp_encode(area->encoding, area_width[a], area_floating[a], data, k->coded.data, n / area_width[a]);
			data = k->coded.data;
		}
		left -= n;
		if (compress_planes(k, data, n, planes_of(a, area->encoding), &o, left == 0) < 0)
			return MSP_NOMEM;
	}
	*out = malloc(2 * sizeof(**out));
	if (!*out)
		return MSP_NOMEM;
	(*out)[1] = (struct iovec){k->frame.data, o.pos};
	*count = 2;
	*stored = o.pos;
	return MSP_OK;
}

int msp_pack_add(struct pack *k, const struct msp_object *o, int a, size_t size)
{
	size_t before = k->heads.len;
	int s = msp_head_append(&k->heads, o);

	if (s == MSP_OK && size > 0)
		s = msp_bytes_append(&k->area[a].data, o->samples.data, size);
	if (s < 0)
		k->heads.len = before;
	return s;
}

int msp_pack_frame(struct pack *k, struct iovec **out, int *count, size_t *stored)
{
	size_t payload = msp_pack_payload(k);

	return k->level == 0 ? raw_frame(k, payload, out, count, stored) : compressed_frame(k, payload, out, count, stored);
}

void msp_pack_clear(struct pack *k)
{
	k->heads.len = 0;
	for (int a = 0; a < AREAS; a++)
		k->area[a].data.len = 0;
}

uint8_t msp_pack_encoding(const struct pack *k, int a)
{
	return k->level == 0 || k->area[a].data.len == 0 ? ENC_RAW : k->area[a].encoding;
}

const char *msp_zstd_version(void)
{
	return ZSTD_versionString();
}
