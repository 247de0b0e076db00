/* Private to lib/stream: a block being built, and its zstd frames. */
#ifndef STREAM_PACK_H
#define STREAM_PACK_H

#include "stream/wire.h"

#include <sys/uio.h>

struct area {
	struct msp_bytes data;
	uint8_t encoding;
	unsigned noise;  /* planes, as bits, that zstd does not make smaller */
	unsigned lonely; /* planes in which looking for strings that come again gains little: counting bytes is enough */
	bool weigh;      /* with this block that is found out */
	uint8_t weighed; /* the encoding for which it was */
	unsigned age;    /* blocks */
};

struct pack {
	int level;
	struct ZSTD_CCtx_s *zstd, *counting; /* of the level; entropy coding only. NULL at level 0 */
	struct msp_bytes heads;
	struct area area[AREAS];
	struct msp_bytes coded, frame; /* scratch */
};

int msp_pack_init(struct pack *k, int level);
void msp_pack_free(struct pack *k);
/* Bytes of the payload so far. */
size_t msp_pack_payload(const struct pack *k);
/* Adds an object whose samples are size bytes of area a (below 0: none). MSP_USAGE: metadata too long. MSP_NOMEM leaves it as it was. */
int msp_pack_add(struct pack *k, const struct msp_object *o, int a, size_t size);
/* Makes the zstd frames: iov[1..count) are its bytes, iov[0] is left for the descriptor. *out is to be freed, what it points
 * to belongs to k. */
int msp_pack_frame(struct pack *k, struct iovec **out, int *count, size_t *stored);
/* Forgets the block's content. */
void msp_pack_clear(struct pack *k);
/* The encoding of area a, as the descriptor says it. */
uint8_t msp_pack_encoding(const struct pack *k, int a);
/* Of a frame of raw blocks: its header, of content n, and a block's header, written at p, which is returned behind them; how long it
 * is at most. */
uint8_t *msp_raw_header(uint8_t *p, size_t n);
uint8_t *msp_raw_block_header(uint8_t *p, size_t n, bool last);
size_t msp_raw_size(size_t n);

/* What compressed blocks need, MSP_NOMEM without it; their frames, as msp_pack_frame(). */
int msp_pack_contexts(struct pack *k);
int msp_pack_compressed(struct pack *k, struct iovec **out, int *count, size_t *stored);

#endif
