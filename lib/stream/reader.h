/* Private to lib/stream: the reader from within. */
#ifndef STREAM_READER_H
#define STREAM_READER_H

#include "stream/complete.h"
#include "stream/window.h"
#include "stream/wire.h"

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

/* reader.c */
/* "INPUT: byte N: WHAT": N is where the frame lies that is wrong. */
int reader_corrupt(struct msp_reader *r, uint64_t at, struct msp_error *err, const char *fmt, ...) MSP_PRINTF(4, 5);
/* The commonest mistake: a recording where a stream is wanted. */
int reader_no_stream(struct msp_reader *r, struct msp_error *err);
/* Exactly n bytes at p, or the stream was cut. */
int reader_need(struct msp_reader *r, size_t n, const uint8_t **p, struct msp_error *err) MSP_CHECKED;

/* readsegment.c: MSP_READ_HEADER, MSP_READ_TRAILER */
int reader_header(struct msp_reader *r, struct msp_error *err) MSP_CHECKED;
int reader_trailer(struct msp_reader *r, struct msp_error *err) MSP_CHECKED;
bool reader_totals_equal(const struct msp_totals *a, const struct msp_totals *b);

/* readblock.c */
/* MSP_READ_OBJECT, or 0: it is not wanted, and was passed. */
int reader_block(struct msp_reader *r, struct msp_error *err) MSP_CHECKED;
void reader_describe(const struct msp_reader *r, struct msp_block *b);

/* readobject.c */
/* The next of the block that is open: MSP_READ_OBJECT. */
int reader_object(struct msp_reader *r, struct msp_object *o, struct msp_error *err) MSP_CHECKED;

#endif
