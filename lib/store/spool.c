/* Bytes kept for a while. */
#include "store/spool.h"

#include "core/endian.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define HELD 4194304   /* bytes in memory before they go to a file */
#define WINDOW 1048576 /* bytes read of it at once */

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

static int flush(struct msp_spool *s, struct msp_error *err)
{
	int r = MSP_OK;

	if (!s->file) {
		r = msp_scratch_open(err);
		if (r < 0)
			return r;
		s->fd = r;
		s->file = true;
	}
	r = msp_write_all(s->fd, s->held.data, s->held.len, msp_scratch_directory(), NULL, NULL, err);
	if (r == MSP_OK)
		s->filed += s->held.len;
	s->held.len = 0;
	return r;
}

int msp_spool_put(struct msp_spool *s, const void *data, size_t n, struct msp_error *err)
{
	if (msp_bytes_append(&s->held, data, n) != MSP_OK)
		return memory(err);
	return s->held.len >= HELD ? flush(s, err) : MSP_OK;
}

int msp_spool_rewind(struct msp_spool *s, struct msp_error *err)
{
	int r = MSP_OK;

	if (s->file && s->at == 0) /* until now it was written */
		r = flush(s, err);
	if (s->file)
		s->held.len = 0;
	s->pos = 0;
	s->at = 0;
	return r;
}

/* More of the file behind what is left of the window. */
static int fill(struct msp_spool *s, size_t n, struct msp_error *err)
{
	size_t left = s->held.len - s->pos, want = n > WINDOW ? n : WINDOW;

	if (left > 0)
		memmove(s->held.data, s->held.data + s->pos, left);
	s->held.len = left;
	s->pos = 0;
	if (msp_bytes_reserve(&s->held, want) != MSP_OK)
		return memory(err);
	while (s->held.len < n && s->at < s->filed) {
		size_t room = want - s->held.len;
		ssize_t got = pread(s->fd, s->held.data + s->held.len, room, (off_t)s->at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? msp_error_errno(err, MSP_FAIL, "%s", msp_scratch_directory()) : msp_error_set(err, MSP_FAIL, "a temporary file was cut");
		s->held.len += (size_t)got;
		s->at += (uint64_t)got;
	}
	return MSP_OK;
}

int msp_spool_get(struct msp_spool *s, size_t n, const uint8_t **out, struct msp_error *err)
{
	int r = MSP_OK;

	*out = NULL;
	if (s->held.len - s->pos < n && s->file)
		r = fill(s, n, err);
	if (r != MSP_OK)
		return r;
	if (s->held.len - s->pos < n)
		return s->held.len == s->pos ? MSP_OK : msp_error_set(err, MSP_FAIL, "a temporary file was cut");
	*out = s->held.data + s->pos;
	s->pos += n;
	return MSP_OK;
}

/* ---- documents ---------------------------------------------------------- */

int msp_spool_put_document(struct msp_spool *s, uint32_t number, const bson_t *doc, struct msp_error *err)
{
	int r = msp_spool_put(s, &number, sizeof(number), err);

	return r == MSP_OK ? msp_spool_put(s, bson_get_data(doc), doc->len, err) : r;
}

int msp_spool_get_number(struct msp_spool *s, uint32_t *number, struct msp_error *err)
{
	const uint8_t *at;
	int r = msp_spool_get(s, sizeof(*number), &at, err);

	if (r != MSP_OK || !at)
		return r;
	memcpy(number, at, sizeof(*number));
	return 1;
}

static int cut(struct msp_error *err)
{
	return msp_error_set(err, MSP_FAIL, "a temporary file in %s was cut or changed", msp_scratch_directory());
}

int msp_spool_get_document(struct msp_spool *s, struct msp_bytes *out, struct msp_error *err)
{
	uint8_t size[4];
	const uint8_t *at;
	uint32_t len;
	int r = msp_spool_get(s, sizeof(size), &at, err);

	if (r != MSP_OK || !at)
		return r != MSP_OK ? r : cut(err);
	memcpy(size, at, sizeof(size));
	len = msp_get_u32(size); /* a document begins with its length */
	if (len < 5 || len > INT32_MAX)
		return cut(err);
	if (msp_bytes_append(out, size, sizeof(size)) != MSP_OK)
		return memory(err);
	r = msp_spool_get(s, len - sizeof(size), &at, err);
	if (r != MSP_OK || !at)
		return r != MSP_OK ? r : cut(err);
	return msp_bytes_append(out, at, len - sizeof(size)) == MSP_OK ? MSP_OK : memory(err);
}

void msp_spool_free(struct msp_spool *s)
{
	msp_bytes_free(&s->held);
	if (s->file)
		close(s->fd);
	memset(s, 0, sizeof(*s));
}
