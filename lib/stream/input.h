/* Private to lib/stream: bytes of a descriptor, as many at a time as a frame needs. */
#ifndef STREAM_INPUT_H
#define STREAM_INPUT_H

#include "mspipe/stream.h"

struct input {
	int fd;
	char *name;
	uint8_t *data; /* data[pos..len) is read and not yet used */
	size_t pos, len, cap;
	uint64_t offset; /* of data[pos] in the input */
	bool eof;
	msp_poll_fn *poll;
	void *context;
};

/* Tries to have n bytes at data + pos; memory grows as bytes arrive, not by what n claims. Returns how many there
 * are (fewer only at the end of the input), or below 0. */
ptrdiff_t msp_input_need(struct input *in, size_t n, struct msp_error *err) MSP_CHECKED;
void msp_input_use(struct input *in, size_t n);

#endif
