/* Changing the number of parts in a stream that is written: header by header, with the checksums that cover it. */
#include "stream/wire.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct patch {
	int fd;
	const char *name;
	struct msp_error *err;
};

static int at(const struct patch *p, void *data, size_t n, off_t where, bool writing)
{
	uint8_t *b = data;

	while (n > 0) {
		ssize_t k = writing ? pwrite(p->fd, b, n, where) : pread(p->fd, b, n, where);

		if (k < 0 && errno == EINTR)
			continue;
		if (k < 0)
			return msp_error_errno(p->err, MSP_FAIL, "%s", p->name);
		if (k == 0)
			return msp_error_set(p->err, MSP_FAIL, "%s: it has become shorter", p->name);
		b += k;
		n -= (size_t)k;
		where += k;
	}
	return MSP_OK;
}

static int not_ours(const struct patch *p)
{
	return msp_error_set(p->err, MSP_FAIL, "%s: it is not what was written", p->name);
}

static int patch_header(const struct patch *p, off_t where, uint32_t parts, uint32_t *crc)
{
	uint8_t head[8], *h;
	uint32_t n;
	int s = at(p, head, sizeof(head), where, false);

	if (s < 0)
		return s;
	n = get32(head + 4);
	if (n < HEADER_FIXED - 4 || n > HEADER_FIXED + PIPELINE_MAX)
		return not_ours(p);
	h = malloc((size_t)n + 8);
	if (!h)
		return msp_error_set(p->err, MSP_NOMEM, "%s: no memory left", p->name);
	s = at(p, h, (size_t)n + 8, where, false);
	if (s == MSP_OK) {
		put32(h + 44, parts);
		*crc = msp_crc32c(0, h, (size_t)n + 4);
		put32(h + n + 4, *crc);
		s = at(p, h, (size_t)n + 8, where, true);
	}
	free(h);
	return s;
}

static int patch_trailer(const struct patch *p, off_t where, uint32_t crc)
{
	uint8_t t[TRAILER_SIZE];
	int s = at(p, t, sizeof(t), where, false);

	if (s < 0)
		return s;
	put32(t + 72, crc);
	put32(t + 76, msp_crc32c(0, t, 76));
	return at(p, t, sizeof(t), where, true);
}

int msp_stream_set_parts(int fd, const char *name, uint32_t parts, struct msp_error *err)
{
	struct patch p = {fd, name, err};
	off_t end = lseek(fd, 0, SEEK_END), where = 0;
	uint8_t d[BLOCK_SIZE];
	uint32_t crc = 0;
	int s = MSP_OK;

	if (end < 0)
		return msp_error_errno(err, MSP_FAIL, "%s", name);
	while (s == MSP_OK && where < end) {
		uint32_t magic;

		s = at(&p, d, 8, where, false);
		magic = s == MSP_OK ? get32(d) : 0;
		if (s < 0)
			return s;
		switch (magic) {
		case WIRE_HEADER:
			s = patch_header(&p, where, parts, &crc);
			where += (off_t)get32(d + 4) + 8;
			break;
		case WIRE_TRAILER:
			s = patch_trailer(&p, where, crc);
			where += TRAILER_SIZE;
			break;
		case WIRE_BLOCK:
			s = at(&p, d, BLOCK_SIZE, where, false);
			where += BLOCK_SIZE + (off_t)get64(d + 88);
			break;
		default:
			s = not_ours(&p);
		}
	}
	return s;
}
