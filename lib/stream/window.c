/* Bytes of a descriptor, as many at a time as a frame needs. */
#include "stream/window.h"
#include "stream/io.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AHEAD = 128 << 10, SPARSE = 512, STEP = 4 << 20 };

/* Room for `want` bytes from pos on. */
static int make_room(struct window *in, size_t want, struct msp_error *err)
{
	size_t have = in->len - in->pos;

	if (in->pos > 0 && (have == 0 || in->cap - in->pos < want)) {
		memmove(in->data, in->data + in->pos, have);
		in->pos = 0;
		in->len = have;
	}
	if (in->cap - in->pos < want) {
		size_t cap = in->cap ? in->cap : (size_t)AHEAD;
		uint8_t *data;

		while (cap < want)
			cap *= 2;
		data = realloc(in->data, cap);
		if (!data)
			return msp_error_set(err, MSP_NOMEM, "%s: no memory left to read a block", in->name);
		in->data = data;
		in->cap = cap;
	}
	return MSP_OK;
}

ptrdiff_t msp_window_need(struct window *in, size_t n, struct msp_error *err)
{
	size_t ahead = in->sparse ? SPARSE : AHEAD;

	while (in->len - in->pos < n && !in->eof) {
		size_t have = in->len - in->pos;
		size_t step = n - have < STEP ? n - have : STEP;
		int s = make_room(in, have + step + ahead, err);

		if (s == MSP_OK && in->wake > 0)
			s = msp_wait_input(in->fd, in->wake, in->name, in->poll, in->context, err);
		if (s < 0)
			return s;
		ptrdiff_t got = msp_read_some(in->fd, in->data + in->len, step + ahead, in->name, in->poll, in->context, err);
		if (got < 0)
			return got;
		in->len += (size_t)got;
		in->eof = got == 0;
	}
	size_t have = in->len - in->pos;
	return (ptrdiff_t)(have < n ? have : n);
}

void msp_window_use(struct window *in, size_t n)
{
	in->pos += n;
	in->offset += n;
}

int msp_window_pass(struct window *in, size_t n, struct msp_error *err)
{
	size_t have = in->len - in->pos;

	if (n > have && lseek(in->fd, (off_t)(n - have), SEEK_CUR) >= 0) {
		in->pos = in->len = 0;
		in->offset += n;
		in->sparse = true;
		return MSP_OK;
	}
	while (n > 0) {
		size_t step = n < STEP ? n : STEP;
		ptrdiff_t got = msp_window_need(in, step, err);

		if (got <= 0)
			return (int)got; /* its end is found by who reads on */
		msp_window_use(in, (size_t)got);
		n -= (size_t)got;
	}
	return MSP_OK;
}

void msp_window_align(struct window *in)
{
	size_t shift = in->pos % 8;

	if (shift == 0)
		return;
	memmove(in->data + in->pos - shift, in->data + in->pos, in->len - in->pos);
	in->pos -= shift;
	in->len -= shift;
}
