/* Bytes of a foreign file in order. Files are read, not mapped: a mapped file that somebody truncates kills its
 * reader with SIGBUS, and a pipe cannot be mapped; reading in pieces that stay in the cache costs about
 * 0.1 ns per byte. */
#include "format/feed.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE ((size_t)256 << 10)
#define WORTH 2048 /* fewer bytes are read sooner than passed by a system call */

static int too_short(const struct feed *f, struct msp_error *err)
{
	return msp_error_set(err, MSP_FAIL, "%s: it ended after %" PRIu64 " of %" PRIu64 " bytes: it was cut while it was read", f->name,
	                     f->got, f->least);
}

/* read(2) that resumes; 0 at the end. */
static ssize_t read_some(struct feed *f, void *out, size_t n, struct msp_error *err)
{
	if (n > f->left)
		n = (size_t)f->left;
	if (f->cap == 0 && f->buf != NULL)
		n = 0; /* memory: all of it is there already */
	while (n > 0) {
		ssize_t got;

		if (f->poll != NULL && f->poll(f->context) != 0) /* also where nothing interrupts a read: in a thread that signals do not reach */
			return msp_error_set(err, MSP_INTERRUPTED, "%s: interrupted", f->name);
		got = read(f->fd, out, n);
		if (got >= 0) {
			if (f->left != UINT64_MAX)
				f->left -= (uint64_t)got;
			f->got += (uint64_t)got;
			f->eof = got == 0;
			return f->eof && f->got < f->least ? too_short(f, err) : got;
		}
		if (errno != EINTR)
			return msp_error_errno(err, MSP_FAIL, "%s", f->name);
	}
	f->eof = true;
	return 0;
}

static int grow(struct feed *f, size_t cap, struct msp_error *err)
{
	uint8_t *buf = realloc(f->buf, cap);

	if (buf == NULL)
		return msp_error_set(err, MSP_NOMEM, "%s: out of memory", f->name);
	f->buf = buf;
	f->cap = cap;
	return MSP_OK;
}

int64_t feed_want(struct feed *f, size_t n, const uint8_t **p, struct msp_error *err)
{
	while (f->len - f->pos < n && !f->eof) {
		ssize_t got;

		if (f->pos > 0 && f->cap > 0) {
			memmove(f->buf, f->buf + f->pos, f->len - f->pos);
			f->len -= f->pos;
			f->pos = 0;
		}
		if (f->len + PIECE / 2 > f->cap && f->cap < n + PIECE && (f->cap > 0 || f->buf == NULL)) {
			int rc = grow(f, f->cap == 0 ? PIECE : 2 * f->cap, err);

			if (rc != MSP_OK)
				return rc;
		}
		got = read_some(f, f->buf + f->len, f->sparse ? n - f->len : f->cap - f->len, err);
		if (got < 0)
			return got;
		f->len += (size_t)got;
	}
	*p = f->buf + f->pos;
	return (int64_t)(f->len - f->pos);
}

void feed_skip(struct feed *f, size_t n)
{
	f->pos += n;
	f->offset += n;
}

void feed_measure(struct feed *f)
{
	off_t at = lseek(f->fd, 0, SEEK_CUR);
	struct stat st;

	if (at >= 0 && fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > at)
		f->known = (uint64_t)(st.st_size - at);
	if (f->known > f->left)
		f->known = f->left;
}

bool feed_known(const struct feed *f, uint64_t n)
{
	uint64_t have = f->len - f->pos;

	return have >= n || (n - have <= f->left && f->known > f->got && f->known - f->got >= n - have);
}

int64_t feed_there(struct feed *f, size_t n, struct msp_error *err)
{
	size_t have = f->len - f->pos;
	const uint8_t *p;

	if (have >= n || (n - have >= WORTH && feed_known(f, n)))
		return (int64_t)n;
	return feed_want(f, n, &p, err);
}

int feed_pass(struct feed *f, size_t n, struct msp_error *err)
{
	size_t have = f->len - f->pos, rest;

	if (have >= n) {
		feed_skip(f, n);
		return MSP_OK;
	}
	rest = n - have;
	if (lseek(f->fd, (off_t)rest, SEEK_CUR) < 0)
		return msp_error_errno(err, MSP_FAIL, "%s", f->name);
	f->got += rest;
	if (f->left != UINT64_MAX)
		f->left -= rest;
	f->pos = f->len = 0;
	f->offset += n;
	return MSP_OK;
}

int64_t feed_read(struct feed *f, void *out, size_t n, struct msp_error *err)
{
	size_t done = f->len - f->pos < n ? f->len - f->pos : n;

	memcpy(out, f->buf + f->pos, done);
	feed_skip(f, done);
	while (done < n && !f->eof) {
		ssize_t got = read_some(f, (uint8_t *)out + done, n - done, err);

		if (got < 0)
			return got;
		done += (size_t)got;
		f->offset += (uint64_t)got;
	}
	return (int64_t)done;
}

void feed_free(struct feed *f)
{
	if (f->cap > 0)
		free(f->buf);
	f->buf = NULL;
	f->cap = f->pos = f->len = 0;
}
