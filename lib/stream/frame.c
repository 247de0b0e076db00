/* The outside of a zstd frame: that a block's frame is one frame, of the length and kind that msp(5) asks for.
 * So a block that is copied without being decoded, too, is one that every reader takes. */
#include "stream/frame.h"

#include "stream/wire.h"

#define WINDOW_MAX ((uint64_t)8 << 20)
#define ZSTD_BLOCK_MAX ((uint64_t)128 << 10)

struct frame_header {
	size_t length;
	uint64_t window;
	bool checksum;
};

static const char *parse_header(const uint8_t *p, size_t n, uint64_t content, struct frame_header *h)
{
	static const uint8_t size_of[4] = {0, 2, 4, 8};
	static const char *const cut = "the block's zstd frame is cut";

	if (n < 5 || get32(p) != WIRE_ZSTD)
		return "the block is no zstd frame";
	bool single = p[4] & 0x20;
	size_t field = p[4] >> 6 ? size_of[p[4] >> 6] : single ? 1 : 0;
	if (p[4] & 0x08)
		return "a reserved bit of the block's zstd frame is set";
	if (p[4] & 0x03)
		return "the block's zstd frame has a dictionary ID";
	h->checksum = p[4] & 0x04;
	h->length = (single ? 5u : 6u) + field;
	if (n < h->length)
		return cut;
	const uint8_t *size = p + h->length - field;
	uint64_t claimed = field == 8 ? get64(size) : field == 4 ? get32(size) : field == 2 ? get16(size) + 256U : field == 1 ? *size : content;
	if (claimed != content)
		return "the block's zstd frame holds another number of bytes than the descriptor says";
	h->window = claimed;
	if (!single) {
		uint64_t base = (uint64_t)1 << (10 + (p[5] >> 3));
		h->window = base + base / 8 * (p[5] & 7);
	}
	return h->window > WINDOW_MAX ? "the window of the block's zstd frame is larger than 8 MiB" : NULL;
}

const char *msp_frame_wrong(const uint8_t *p, size_t n, uint64_t content)
{
	struct frame_header h;
	const char *why = parse_header(p, n, content, &h);
	uint64_t limit;
	size_t at;
	bool last = false;

	if (why)
		return why;
	limit = h.window < ZSTD_BLOCK_MAX ? h.window : ZSTD_BLOCK_MAX;
	for (at = h.length; !last;) {
		if (n - at < 3)
			return "the block's zstd frame is longer than the descriptor says";
		uint32_t head = p[at] | (uint32_t)p[at + 1] << 8 | (uint32_t)p[at + 2] << 16;
		uint32_t type = head >> 1 & 3, size = head >> 3;
		size_t stored = type == 1 ? 1 : size;

		if (type == 3 || size > limit)
			return "the block's zstd frame is corrupt";
		if (n - at - 3 < stored)
			return "the block's zstd frame is longer than the descriptor says";
		at += 3 + stored;
		last = head & 1;
	}
	if (n - at != (h.checksum ? 4 : 0))
		return "the block is not exactly one zstd frame";
	return NULL;
}
