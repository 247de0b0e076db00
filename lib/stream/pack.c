/* A block's payload and its zstd frames: raw, or shuffled, delta-coded and compressed, whichever is smallest. */
#include "stream/pack.h"

#include "stream/encode.h"
#include "stream/head.h"

#include <stdlib.h>
#include <zstd.h>

#define SMALL_AREA ((size_t)16 << 10)
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

/* The header of a frame of raw blocks with n bytes of content: 8 bytes of content size, no checksum, no dictionary. Where one block holds
 * it all, header and block header have 16 bytes, which keeps the payload aligned for whoever reads it (RAW_LEAD); else
 * a descriptor says that a window of 128 KiB is enough. */
static uint8_t *raw_header(uint8_t *p, size_t n)
{
	put32(p, WIRE_ZSTD);
	p += 4;
	if (n <= RAW_BLOCK) {
		*p++ = 0xE0; /* a single segment */
	} else {
		*p++ = 0xC0;
		*p++ = (17 - 10) << 3;
	}
	put64(p, n);
	return p + 8;
}

static uint8_t *raw_block_header(uint8_t *p, size_t n, bool last)
{
	uint32_t bits = (uint32_t)(n << 3) | last;

	p[0] = (uint8_t)bits;
	p[1] = (uint8_t)(bits >> 8);
	p[2] = (uint8_t)(bits >> 16);
	return p + 3;
}

static size_t raw_size(size_t n)
{
	return 14 + 3 * (n / RAW_BLOCK + 1) + n;
}

/* A frame of raw blocks over the pieces of the payload, as iovecs, with nothing copied. */
static int raw_frame(struct pack *k, size_t payload, struct iovec **out, int *count, size_t *stored)
{
	const struct msp_bytes *piece[1 + AREAS] = {&k->heads, &k->area[0].data, &k->area[1].data, &k->area[2].data};
	size_t blocks = payload / RAW_BLOCK + 1, i = 0, offset = 0, left = payload;
	struct iovec *iov;
	uint8_t *p;
	int n = 1;

	k->frame.len = 0;
	if (msp_bytes_reserve(&k->frame, raw_size(0) + 3 * blocks) < 0)
		return MSP_NOMEM;
	/* the descriptor, the frame's header, a header and a piece for every block, and the ends of pieces */
	iov = malloc(sizeof(*iov) * (2 + 2 * blocks + 1 + AREAS));
	if (!iov)
		return MSP_NOMEM;
	p = raw_header(k->frame.data, payload);
	*stored = (size_t)(p - k->frame.data);
	iov[n++] = (struct iovec){k->frame.data, *stored};
	do {
		size_t size = left < RAW_BLOCK ? left : RAW_BLOCK, need = size;

		iov[n++] = (struct iovec){p, 3};
		p = raw_block_header(p, size, left == size);
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

/* ---- compressed frames ------------------------------------------------- */

/* Appends a frame of raw blocks: for bytes that zstd would only try in vain. */
static int add_raw(struct pack *k, const uint8_t *data, size_t n)
{
	uint8_t *p;

	if (msp_bytes_reserve(&k->frame, k->frame.len + raw_size(n)) < 0)
		return MSP_NOMEM;
	p = raw_header(k->frame.data + k->frame.len, n);
	while (n > 0) {
		size_t size = n < RAW_BLOCK ? n : RAW_BLOCK;

		p = raw_block_header(p, size, n == size);
		memcpy(p, data, size);
		p += size;
		data += size;
		n -= size;
	}
	k->frame.len = (size_t)(p - k->frame.data);
	return MSP_OK;
}

/* Appends a frame. */
static int add_compressed(struct pack *k, const uint8_t *data, size_t n)
{
	size_t bound = ZSTD_compressBound(n), size;

	if (msp_bytes_reserve(&k->frame, k->frame.len + bound) < 0)
		return MSP_NOMEM;
	size = ZSTD_compress2(k->zstd, k->frame.data + k->frame.len, bound, data, n);
	if (ZSTD_isError(size))
		return MSP_NOMEM;
	k->frame.len += size;
	return MSP_OK;
}

/* Planes of fewer bytes share a frame: a frame each would cost more than its own entropy table gains. */
static unsigned planes_of(int a, uint8_t encoding, size_t n)
{
	return encoding == ENC_RAW || n < SMALL_AREA ? 1 : area_width[a];
}

/* Bytes that a stretch of the area takes with an encoding; *noise: the planes that do not get smaller. */
static size_t trial(struct pack *k, int a, uint8_t encoding, const uint8_t *from, size_t words, unsigned *noise)
{
	size_t n = words * area_width[a], total = 0;
	unsigned planes = encoding == ENC_RAW ? 1 : area_width[a];
	size_t plane = n / planes;

	*noise = 0;
	msp_encode(encoding, area_width[a], area_floating[a], from, k->coded.data, words);
	for (unsigned i = 0; i < planes; i++) {
		size_t size = ZSTD_compress2(k->zstd, k->frame.data, k->frame.cap, k->coded.data + i * plane, plane);

		if (ZSTD_isError(size))
			return SIZE_MAX;
		if (size > plane - plane / 64)
			*noise |= 1u << i;
		total += size;
	}
	return total;
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
	    msp_bytes_reserve(&k->frame, ZSTD_compressBound(n * area_width[a])) < 0)
		return MSP_NOMEM;
	for (int e = -1; e <= ENC_DELTA_MAX; e++) {
		uint8_t encoding = e < 0 ? ENC_RAW : (uint8_t)(ENC_SHUFFLE + e);
		unsigned noise;
		size_t size = trial(k, a, encoding, from, n, &noise);

		if (size < best) {
			best = size;
			area->encoding = encoding;
			area->noise = noise;
		}
	}
	return MSP_OK;
}

static int add_area(struct pack *k, int a)
{
	struct area *area = &k->area[a];
	size_t n = area->data.len;
	const uint8_t *data = area->data.data;
	unsigned planes = planes_of(a, area->encoding, n);
	int s = MSP_OK;

	if (n == 0)
		return MSP_OK;
	if (area->encoding != ENC_RAW) {
		if (msp_bytes_reserve(&k->coded, n) < 0)
			return MSP_NOMEM;
		msp_encode(area->encoding, area_width[a], area_floating[a], data, k->coded.data, n / area_width[a]);
		data = k->coded.data;
	}
	for (unsigned i = 0; i < planes && s == MSP_OK; i++) {
		const uint8_t *plane = data + i * (n / planes);

		s = planes > 1 && area->noise >> i & 1 ? add_raw(k, plane, n / planes) : add_compressed(k, plane, n / planes);
	}
	return s;
}

static int compressed_frames(struct pack *k, struct iovec **out, int *count, size_t *stored)
{
	if (ZSTD_isError(ZSTD_CCtx_setParameter(k->zstd, ZSTD_c_compressionLevel, k->level)))
		return MSP_NOMEM;
	for (int a = 0; a < AREAS; a++)
		if (choose(k, a) < 0)
			return MSP_NOMEM;
	k->frame.len = k->coded.len = 0;
	if (add_compressed(k, k->heads.data, k->heads.len) < 0)
		return MSP_NOMEM;
	for (int a = 0; a < AREAS; a++)
		if (add_area(k, a) < 0)
			return MSP_NOMEM;
	*out = malloc(2 * sizeof(**out));
	if (!*out)
		return MSP_NOMEM;
	(*out)[1] = (struct iovec){k->frame.data, k->frame.len};
	*count = 2;
	*stored = k->frame.len;
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

	return k->level == 0 ? raw_frame(k, payload, out, count, stored) : compressed_frames(k, out, count, stored);
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
