/* The outside of zstd frames: that a block's frames are frames of the kind, length and content that msp(5) asks for.
 * So a block that is copied without being decoded, too, is one that every reader takes. */
#include "stream/frame.h"

#include "stream/wire.h"

#define WINDOW_MAX ((uint64_t)8 << 20)
#define ZSTD_BLOCK_MAX ((uint64_t)128 << 10)

struct frame_header {
	size_t length;
	uint64_t window, content;
	bool checksum, sized;
};

static const char cut[] = "the block's zstd frames are longer than the descriptor says";

static const char *parse_header(const uint8_t *p, size_t n, struct frame_header *h)
{
	static const uint8_t size_of[4] = {0, 2, 4, 8};

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
	h->sized = field > 0;
	for (size_t i = 0; i < field; i++)
		h->content |= (uint64_t)size[i] << (8 * i);
	if (field == 2)
		h->content += 256;
	h->window = h->content;
	if (!single) {
		uint64_t base = (uint64_t)1 << (10 + (p[5] >> 3));
		h->window = base + base / 8 * (p[5] & 7);
	}
	return h->window > WINDOW_MAX ? "the window of the block's zstd frame is larger than 8 MiB" : NULL;
}

/* One frame; *used is its length. */
static const char *one_frame(const uint8_t *p, size_t n, struct frame_header *h, size_t *used)
{
	const char *why = parse_header(p, n, h);
	uint64_t limit;
	size_t at;
	bool last = false;

	if (why)
		return why;
	limit = h->window < ZSTD_BLOCK_MAX ? h->window : ZSTD_BLOCK_MAX;
	for (at = h->length; !last;) {
		if (n - at < 3)
			return cut;
		uint32_t head = p[at] | (uint32_t)p[at + 1] << 8 | (uint32_t)p[at + 2] << 16;
		uint32_t type = head >> 1 & 3, size = head >> 3;
		size_t stored = type == 1 ? 1 : size;

		if (type == 3 || size > limit)
			return "the block's zstd frame is corrupt";
		if (n - at - 3 < stored)
			return cut;
		at += 3 + stored;
		last = head & 1;
	}
	*used = at + (h->checksum ? 4 : 0);
	return *used > n ? cut : NULL;
}

const char *msp_frames_wrong(const uint8_t *p, size_t n, uint64_t content)
{
	do {
		struct frame_header h = {0};
		size_t used = 0;
		const char *why = one_frame(p, n, &h, &used);

		if (why)
			return why;
		p += used;
		n -= used;
		if (!h.sized && n > 0)
			return "a zstd frame that is not the block's last does not say the size of its content";
		if (h.sized && h.content > content)
			return "the block's zstd frames hold more than the descriptor says";
		content -= h.sized ? h.content : content;
	} while (n > 0);
	return content > 0 ? "the block's zstd frames hold less than the descriptor says" : NULL;
}

bool msp_frames_raw(const uint8_t *p, size_t n, uint64_t content)
{
	struct frame_header h = {0};
	uint64_t blocks = content / ZSTD_BLOCK_MAX + (content % ZSTD_BLOCK_MAX != 0);

	/* a block that is not raw is shorter, or the frame has fewer of them than its content needs */
	return !parse_header(p, n, &h) && h.sized && h.content == content && !h.checksum &&
	       n == h.length + 3 * (blocks ? blocks : 1) + content;
}

bool msp_frames_plain(const uint8_t *p, size_t n, uint64_t content)
{
	return n == RAW_LEAD + content && p[4] == 0xE0 && (p[13] & 7) == 1; /* the last block, and raw */
}
