/* The stream's reader: segments, blocks, objects, and what must agree. See msp(5). */
#include "stream/reader.h"
#include "stream/frame.h"

#include <inttypes.h>
#include <stdlib.h>

struct msp_reader *msp_reader_new(const struct msp_reader_options *options)
{
	struct msp_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	if (options)
		r->options = *options;
	r->in.fd = -1;
	r->in.eof = true;
	return r;
}

void msp_reader_free(struct msp_reader *r)
{
	if (!r)
		return;
	msp_bytes_free(&r->header.pipeline);
	msp_bytes_free(&r->payload);
	for (int a = 0; a < AREAS; a++)
		msp_bytes_free(&r->decoded[a]);
	msp_origins_free(&r->origins);
	ZSTD_freeDCtx(r->zstd);
	free(r->in.data);
	free(r->in.name);
	free(r);
}

int msp_reader_input(struct msp_reader *r, int fd, const char *name, struct msp_error *err)
{
	char *copy = strdup(name);

	if (!copy)
		return msp_error_set(err, MSP_NOMEM, "%s: no memory left", name);
	free(r->in.name);
	r->in.name = copy;
	r->in.fd = fd;
	r->in.pos = r->in.len = 0;
	r->in.offset = 0;
	r->in.eof = false;
	r->in.sparse = r->want != NULL;
	r->in.poll = r->options.poll;
	r->in.wake = r->options.wake;
	r->in.context = r->options.context;
	r->any_input = true;
	return MSP_OK;
}

int msp_reader_unread(struct msp_reader *r, const void *data, size_t n, struct msp_error *err)
{
	struct msp_bytes copy = {0};

	if (msp_bytes_set(&copy, data, n) < 0)
		return msp_error_set(err, MSP_NOMEM, "%s: no memory left", r->in.name);
	if (n == 0)
		return MSP_OK;
	free(r->in.data);
	r->in.data = copy.data;
	r->in.cap = copy.cap;
	r->in.pos = 0;
	r->in.len = n;
	return MSP_OK;
}

/* ---- what is wrong ------------------------------------------------------- */

int reader_corrupt(struct msp_reader *r, uint64_t at, struct msp_error *err, const char *fmt, ...)
{
	char what[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return msp_error_set(err, MSP_CORRUPT, "%s: byte %" PRIu64 ": %s", r->in.name, at, what);
}

static int cut(struct msp_reader *r, struct msp_error *err)
{
	uint64_t end = r->in.offset + (r->in.len - r->in.pos);

	return reader_corrupt(r, end, err, "the stream ends inside a segment: it was cut, or its writer failed");
}

int reader_need(struct msp_reader *r, size_t n, const uint8_t **p, struct msp_error *err)
{
	ptrdiff_t got = msp_window_need(&r->in, n, err);

	if (got < 0)
		return (int)got;
	if ((size_t)got < n)
		return cut(r, err);
	*p = r->in.data + r->in.pos;
	return MSP_OK;
}

int reader_no_stream(struct msp_reader *r, struct msp_error *err)
{
	return reader_corrupt(r, r->in.offset, err, "not an msp stream (msread reads recordings)");
}

/* ---- events ------------------------------------------------------------ */

/* The next frame of the input: header, block or trailer. 0: it was passed. */
static int a_frame(struct msp_reader *r, struct msp_error *err)
{
	const uint8_t *p = NULL;
	ptrdiff_t got = msp_window_need(&r->in, 4, err);

	if (got < 0)
		return (int)got;
	if (!r->in_segment) {
		if (got == 0 && r->in.offset == 0 && r->any_input)
			return msp_error_set(err, MSP_CORRUPT, "%s: no input: it is empty", r->in.name);
		if (got == 0)
			return MSP_READ_END;
		p = r->in.data + r->in.pos;
		if (got < 4 || get32(p) != WIRE_HEADER)
			return r->in.offset == 0 ? reader_no_stream(r, err)
			                         : reader_corrupt(r, r->in.offset, err, "what follows the segment is no segment");
		return reader_header(r, err);
	}
	if (got < 4)
		return cut(r, err);
	p = r->in.data + r->in.pos;
	if (get32(p) == WIRE_BLOCK)
		return reader_block(r, err);
	if (get32(p) == WIRE_TRAILER)
		return reader_trailer(r, err);
	return reader_corrupt(r, r->in.offset, err, "neither a block nor a trailer");
}

static int next_frame(struct msp_reader *r, struct msp_error *err)
{
	int s;

	do
		s = a_frame(r, err);
	while (s == 0);
	return s;
}

int msp_reader_next_block(struct msp_reader *r, struct msp_block *b, struct msp_error *err)
{
	int s = r->failed ? r->failed : next_frame(r, err);

	if (s < 0)
		return r->failed = s;
	if (s != MSP_READ_OBJECT)
		return s;
	reader_describe(r, b);
	b->frames = r->frame - BLOCK_SIZE;
	b->compressed = !msp_frames_raw(r->frame, r->stored, r->block.bytes);
	return s;
}

int msp_reader_next(struct msp_reader *r, struct msp_object *o, struct msp_error *err)
{
	int s;

	if (r->failed)
		return r->failed;
	if (r->open) {
		s = reader_object(r, o, err);
	} else {
		s = next_frame(r, err);
		if (s == MSP_READ_OBJECT) {
			s = msp_reader_open_block(r, err);
			if (s == MSP_OK)
				s = reader_object(r, o, err);
		}
	}
	if (s < 0)
		r->failed = s;
	return s;
}

/* Some segments of a larger stream, of which the last one is known. */
static int check_end(const struct msp_reader *r, struct msp_error *err)
{
	const struct msp_reader_options *o = &r->options;
	char id[MSP_ID_TEXT];

	if (!o->has_end || (r->segments > 0 && r->header.index == o->end_index && msp_id_equal(&r->header.origin, &o->end_origin)))
		return MSP_OK;
	return msp_error_set(err, MSP_CORRUPT,
	                     "%s: it was to end after segment %" PRIu64 " of stream %.8s, and does not: it was cut or its writer failed",
	                     r->in.name, o->end_index, msp_id_format(&o->end_origin, id));
}

int msp_reader_finish(struct msp_reader *r, struct msp_error *err)
{
	int s;

	if (r->failed)
		return r->failed;
	if (r->options.segments)
		return check_end(r, err);
	s = msp_origins_check(&r->origins, err);
	return s < 0 && r->in.name ? msp_error_prefix(err, "%s", r->in.name) : s;
}

/* ---- what is known ----------------------------------------------------- */

const struct msp_header *msp_reader_header(const struct msp_reader *r)
{
	return &r->header;
}

const struct msp_totals *msp_reader_totals(const struct msp_reader *r)
{
	return &r->last;
}

bool msp_reader_more(const struct msp_reader *r)
{
	return r->more;
}

const struct msp_totals *msp_reader_sum(const struct msp_reader *r)
{
	return &r->sum;
}

uint64_t msp_reader_offset(const struct msp_reader *r)
{
	return r->in.offset;
}

uint64_t msp_reader_segments(const struct msp_reader *r)
{
	return r->segments;
}

uint64_t msp_reader_block_left(const struct msp_reader *r)
{
	return r->open ? r->objects - r->taken : 0;
}

void msp_reader_want(struct msp_reader *r, msp_want_block_fn *want, void *context)
{
	r->want = want;
	r->want_context = context;
}

uint64_t msp_reader_position(const struct msp_reader *r)
{
	uint64_t size = BLOCK_SIZE + r->stored, before = r->taken > 0 ? r->taken - 1 : 0;

	return r->objects > 0 ? r->block_at + size / r->objects * before + size % r->objects * before / r->objects : r->block_at;
}

bool msp_reader_in_ensemble(const struct msp_reader *r)
{
	return r->in_ensemble;
}
