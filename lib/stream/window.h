/* Private to lib/stream: a window on the bytes of a descriptor, as many at a time as a frame needs. */
#ifndef STREAM_WINDOW_H
#define STREAM_WINDOW_H

#include "mspipe/stream.h"

struct window {
	int fd;
	char *name;
	uint8_t *data; /* data[pos..len) is read and not yet used */
	size_t pos, len, cap;
	uint64_t offset; /* of data[pos] in the input */
	bool eof;
	bool sparse;     /* most of what comes will be passed: little is read ahead */
	unsigned wake; /* s; as struct msp_reader_options has it */
	msp_poll_fn *poll;
	void *context;
};

/* Tries to have n bytes at data + pos; memory grows as bytes arrive, not by what n claims. Returns how many there
 * are (fewer only at the end of the input), or below 0. */
ptrdiff_t msp_window_need(struct window *in, size_t n, struct msp_error *err) MSP_CHECKED;
void msp_window_use(struct window *in, size_t n);
/* Goes on by n bytes that nobody looks at, whether they were read or not: of a file they never are. That they are there is not known then. */
int msp_window_pass(struct window *in, size_t n, struct msp_error *err) MSP_CHECKED;
/* Moves what was read and not used so that it begins at a multiple of 8: frames whose length is one then keep their payload aligned. */
void msp_window_align(struct window *in);

#endif
