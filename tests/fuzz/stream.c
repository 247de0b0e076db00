/* The stream's reader on hostile bytes. Since a mutation without the right CRC is refused at once, the CRCs of what looks like frames are
 * mended first, unless the first byte says otherwise; what is read is written again, and must then be read back whole. */
#include "mspipe/stream.h"
#include "stream/wire.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t mend_header(uint8_t *p, size_t n, uint32_t *crc)
{
	size_t length = n >= HEADER_FIXED ? get32(p + 48) : n;

	if (n < HEADER_FIXED + 4 || length > n - HEADER_FIXED - 4)
		return 0;
	put32(p + 4, (uint32_t)(HEADER_FIXED - 4 + length));
	*crc = msp_crc32c(0, p, HEADER_FIXED + length);
	put32(p + HEADER_FIXED + length, *crc);
	return HEADER_FIXED + length + 4;
}

static size_t mend_block(uint8_t *p, size_t n)
{
	uint64_t stored = n >= BLOCK_SIZE ? get64(p + 88) : n;

	if (n < BLOCK_SIZE || stored > n - BLOCK_SIZE)
		return 0;
	put32(p + 96, msp_crc32c(0, p + BLOCK_SIZE, (size_t)stored));
	put32(p + 100, msp_crc32c(0, p, 100));
	return BLOCK_SIZE + (size_t)stored;
}

static size_t mend_trailer(uint8_t *p, size_t n, uint32_t header_crc)
{
	if (n < TRAILER_SIZE)
		return 0;
	put32(p + 72, header_crc);
	put32(p + 76, msp_crc32c(0, p, 76));
	return TRAILER_SIZE;
}

static void mend(uint8_t *p, size_t n)
{
	uint32_t crc = 0;

	while (n >= 4) {
		uint32_t magic = get32(p);
		size_t used = magic == WIRE_HEADER  ? mend_header(p, n, &crc)
		              : magic == WIRE_BLOCK ? mend_block(p, n)
		                                    : mend_trailer(p, n, crc);
		if (used == 0)
			return;
		p += used;
		n -= used;
	}
}

static int memory_file(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);

	if (fd < 0 || write(fd, data, size) != (ssize_t)size || lseek(fd, 0, SEEK_SET) != 0)
		abort();
	return fd;
}

/* Reads fd; with a writer, writes it all again. The last event. */
static int read_all(int fd, struct msp_writer *w, struct msp_id *digest)
{
	struct msp_reader_options options = {.skip_digest = w != NULL};
	struct msp_reader *r = msp_reader_new(&options);
	struct msp_error err = {0};
	struct msp_object o;
	int s;

	msp_object_init(&o);
	if (!r || msp_reader_input(r, fd, "fuzz", &err) < 0)
		abort();
	while ((s = msp_reader_next(r, &o, &err)) > 0 && s != MSP_READ_END) {
		if (!w)
			continue;
		if (s == MSP_READ_HEADER ? msp_writer_begin(w, msp_reader_header(r), &err) < 0
		    : s == MSP_READ_OBJECT ? msp_writer_put(w, &o, &err) < 0
		                           : msp_writer_end(w, msp_reader_more(r), &err) < 0)
			abort(); /* what a reader took, a writer can write */
	}
	if (s == MSP_READ_END)
		s = msp_reader_finish(r, &err) < 0 ? -1 : s;
	if (s < 0 && err.text[0] == '\0')
		abort(); /* a refusal without a reason */
	*digest = msp_reader_sum(r)->digest;
	if (w)
		*digest = msp_writer_sum(w)->digest;
	msp_object_free(&o);
	msp_reader_free(r);
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct msp_writer_options options = {.level = size & 1};
	struct msp_writer *w;
	struct msp_id before, after;
	uint8_t *copy;
	int in, out;

	if (size < 1)
		return 0;
	copy = malloc(size);
	if (!copy)
		return 0;
	memcpy(copy, data + 1, size - 1);
	if (data[0] != 0)
		mend(copy, size - 1);
	in = memory_file(copy, size - 1);
	out = memory_file(copy, 0);
	w = msp_writer_new(out, "out", &options);
	if (w && read_all(in, w, &before) == MSP_READ_END) {
		if (lseek(out, 0, SEEK_SET) != 0 || read_all(out, NULL, &after) != MSP_READ_END || !msp_id_equal(&before, &after))
			abort(); /* what was written is not what was read */
	}
	msp_writer_free(w);
	close(in);
	close(out);
	free(copy);
	return 0;
}
