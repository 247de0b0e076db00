/* A block's payload, and its zstd frame of raw blocks; compressed ones are made in compress.c. */
#include "stream/pack.h"

#include "stream/encode.h"
#include "stream/head.h"

#include <stdlib.h>
#include <zstd.h>

int msp_pack_init(struct pack *k, int level)
{
	memset(k, 0, sizeof(*k));
	k->level = level;
	return level == 0 ? MSP_OK : msp_pack_contexts(k);
}

void msp_pack_free(struct pack *k)
{
	for (int a = 0; a < AREAS; a++)
		msp_bytes_free(&k->area[a].data);
	msp_bytes_free(&k->heads);
	msp_bytes_free(&k->coded);
	msp_bytes_free(&k->frame);
	ZSTD_freeCCtx(k->zstd);
	ZSTD_freeCCtx(k->counting);
	k->zstd = k->counting = NULL;
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
uint8_t *msp_raw_header(uint8_t *p, size_t n)
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

uint8_t *msp_raw_block_header(uint8_t *p, size_t n, bool last)
{
	uint32_t bits = (uint32_t)(n << 3) | last;

	p[0] = (uint8_t)bits;
	p[1] = (uint8_t)(bits >> 8);
	p[2] = (uint8_t)(bits >> 16);
	return p + 3;
}

size_t msp_raw_size(size_t n)
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
	if (msp_bytes_reserve(&k->frame, msp_raw_size(0) + 3 * blocks) < 0)
		return MSP_NOMEM;
	/* the descriptor, the frame's header, a header and a piece for every block, and the ends of pieces */
	iov = malloc(sizeof(*iov) * (2 + 2 * blocks + 1 + AREAS));
	if (!iov)
		return MSP_NOMEM;
	p = msp_raw_header(k->frame.data, payload);
	*stored = (size_t)(p - k->frame.data);
	iov[n++] = (struct iovec){k->frame.data, *stored};
	do {
		size_t size = left < RAW_BLOCK ? left : RAW_BLOCK, need = size;

		iov[n++] = (struct iovec){p, 3};
		p = msp_raw_block_header(p, size, left == size);
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

	return k->level == 0 ? raw_frame(k, payload, out, count, stored) : msp_pack_compressed(k, out, count, stored);
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
