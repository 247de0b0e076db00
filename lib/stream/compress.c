/* The zstd frames of a compressed block: areas shuffled and delta-coded, planes compressed or left as they are, whichever is smallest. */
#include "stream/encode.h"
#include "stream/pack.h"

#define ZSTD_STATIC_LINKING_ONLY /* ZSTD_c_literalCompressionMode: without it planes are compressed more slowly */
#include <stdlib.h>
#include <zstd.h>

#define SMALL_AREA ((size_t)16 << 10)
#define TRIAL_WORDS ((size_t)2048) /* how much of an area is tried with each encoding */
#define TRIAL_EVERY 8u             /* blocks */
#define WEIGH_EVERY 32u            /* blocks, or where the encoding becomes another */

static const unsigned area_width[AREAS] = {8, 4, 4};
static const int area_floating[AREAS] = {1, 1, 0};

/* A context that hardly looks for strings, but codes single bytes by their frequency. NULL if this zstd cannot, or if memory ran out:
 * one does without. */
static ZSTD_CCtx *counting_context(void)
{
	static const struct {
		ZSTD_cParameter key;
		int value;
	} set[] = {{ZSTD_c_compressionLevel, 1}, {ZSTD_c_strategy, ZSTD_fast}, {ZSTD_c_hashLog, 6}, {ZSTD_c_targetLength, 4096},
	           {ZSTD_c_literalCompressionMode, 1}};
	ZSTD_CCtx *c = ZSTD_createCCtx();

	for (size_t i = 0; c && i < sizeof(set) / sizeof(set[0]); i++)
		if (ZSTD_isError(ZSTD_CCtx_setParameter(c, set[i].key, set[i].value))) {
			ZSTD_freeCCtx(c);
			c = NULL;
		}
	return c;
}

int msp_pack_contexts(struct pack *k)
{
	k->counting = counting_context();
	k->zstd = ZSTD_createCCtx();
	return k->zstd && !ZSTD_isError(ZSTD_CCtx_setParameter(k->zstd, ZSTD_c_compressionLevel, k->level)) ? MSP_OK : MSP_NOMEM;
}

/* A block's frames: what was made lies in k->frame, what stays as it is where it is. All room is there before the first of them. */
struct frames {
	struct pack *k;
	struct iovec *iov;
	int n;
	size_t listed, total; /* bytes of k->frame that are in iov; of all */
};

static void list(struct frames *f, const void *data, size_t n)
{
	f->iov[f->n++] = (struct iovec){(void *)(uintptr_t)data, n};
	f->total += n;
}

/* Lists what was made since the last call. */
static void list_made(struct frames *f)
{
	struct msp_bytes *made = &f->k->frame;

	if (made->len > f->listed)
		list(f, made->data + f->listed, made->len - f->listed);
	f->listed = made->len;
}

/* A frame of raw blocks: for bytes that zstd would only try in vain. */
static void add_raw(struct frames *f, const uint8_t *data, size_t n)
{
	struct msp_bytes *made = &f->k->frame;
	uint8_t *p = msp_raw_header(made->data + made->len, n);

	while (n > 0) {
		size_t size = n < RAW_BLOCK ? n : RAW_BLOCK;

		p = msp_raw_block_header(p, size, n == size);
		made->len = (size_t)(p - made->data);
		list_made(f);
		list(f, data, size);
		data += size;
		n -= size;
	}
}

/* A frame by the context that is asked for. */
static int add_compressed(struct frames *f, ZSTD_CCtx *by, const uint8_t *data, size_t n)
{
	struct msp_bytes *made = &f->k->frame;
	size_t size = ZSTD_compress2(by, made->data + made->len, made->cap - made->len, data, n);

	if (ZSTD_isError(size))
		return MSP_NOMEM;
	made->len += size;
	return MSP_OK;
}

/* A frame in the better of both ways, and whether it is entropy coding alone. Whoever asks for a high level gets the smaller one, else
 * strings must be worth a 64th of the bytes, since looking for them takes three times as long. */
static int add_better(struct frames *f, const uint8_t *data, size_t n, bool *lonely)
{
	struct msp_bytes *made = &f->k->frame;
	size_t at = made->len, full, counted, loss = f->k->level > 2 ? 0 : n / 64;
	int s = add_compressed(f, f->k->zstd, data, n);

	*lonely = false;
	full = made->len - at;
	if (s < 0 || !f->k->counting || full <= n / 16)
		return s;
	s = add_compressed(f, f->k->counting, data, n);
	if (s < 0)
		return s;
	counted = made->len - at - full;
	*lonely = counted <= full + loss;
	if (*lonely)
		memmove(made->data + at, made->data + at + full, counted);
	made->len = at + (*lonely ? counted : full);
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

	if (words == 0 || area->age % TRIAL_EVERY != 0)
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

static int add_plane(struct frames *f, struct area *area, unsigned i, const uint8_t *data, size_t n)
{
	bool lonely = area->lonely >> i & 1;
	int s;

	if (!area->weigh)
		return add_compressed(f, lonely ? f->k->counting : f->k->zstd, data, n);
	s = add_better(f, data, n, &lonely);
	area->lonely = (area->lonely & ~(1u << i)) | (unsigned)lonely << i;
	return s;
}

static int add_area(struct frames *f, int a)
{
	struct pack *k = f->k;
	struct area *area = &k->area[a];
	size_t n = area->data.len;
	const uint8_t *data = area->data.data;
	unsigned planes = planes_of(a, area->encoding, n);
	int s = MSP_OK;

	if (n == 0)
		return MSP_OK;
	area->weigh = area->age % WEIGH_EVERY == 0 || area->weighed != area->encoding;
	area->weighed = area->encoding;
	if (area->encoding != ENC_RAW) {
		uint8_t *coded = k->coded.data + k->coded.len;

		msp_encode(area->encoding, area_width[a], area_floating[a], data, coded, n / area_width[a]);
		k->coded.len += n;
		data = coded;
	}
	for (unsigned i = 0; i < planes && s == MSP_OK; i++) {
		const uint8_t *plane = data + i * (n / planes);

		if (planes > 1 && area->noise >> i & 1)
			add_raw(f, plane, n / planes);
		else
			s = add_plane(f, area, i, plane, n / planes);
	}
	area->age++;
	return s;
}

/* Room for all frames of the block, for one that is tried in vain, and for the list of their pieces. */
static int make_room(struct frames *f)
{
	struct pack *k = f->k;
	size_t made = ZSTD_compressBound(k->heads.len), coded = 0, pieces = 3;

	for (int a = 0; a < AREAS; a++) {
		size_t n = k->area[a].data.len;
		unsigned planes = planes_of(a, k->area[a].encoding, n);

		made += planes * (ZSTD_compressBound(n / planes) + msp_raw_size(0) + 3 * (n / planes / RAW_BLOCK)) + ZSTD_compressBound(n / planes);
		coded += n;
		pieces += 2 * planes * (n / planes / RAW_BLOCK + 1);
	}
	if (msp_bytes_reserve(&k->frame, made) < 0 || msp_bytes_reserve(&k->coded, coded) < 0)
		return MSP_NOMEM;
	f->iov = malloc(pieces * sizeof(*f->iov));
	return f->iov ? MSP_OK : MSP_NOMEM;
}

int msp_pack_compressed(struct pack *k, struct iovec **out, int *count, size_t *stored)
{
	struct frames f = {.k = k, .n = 1};
	int s = MSP_OK;

	for (int a = 0; a < AREAS && s == MSP_OK; a++)
		s = choose(k, a);
	k->frame.len = k->coded.len = 0;
	if (s == MSP_OK)
		s = make_room(&f);
	if (s == MSP_OK)
		s = add_compressed(&f, k->zstd, k->heads.data, k->heads.len);
	for (int a = 0; a < AREAS && s == MSP_OK; a++)
		s = add_area(&f, a);
	if (s < 0) {
		free(f.iov);
		return s;
	}
	list_made(&f);
	*out = f.iov;
	*count = f.n;
	*stored = f.total;
	return MSP_OK;
}
