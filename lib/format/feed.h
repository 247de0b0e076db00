/* Bytes of a foreign file in order, with as much look-ahead as a reader needs. See feed.c. */
#ifndef FORMAT_FEED_H
#define FORMAT_FEED_H

#include "mspipe/stream.h"

struct feed {
	int fd;
	const char *name;      /* for messages; borrowed */
	uint8_t *buf;          /* what was read and not yet used is buf[pos..len) */
	size_t pos, len, cap;  /* cap 0: the bytes are somebody else's memory */
	uint64_t offset;       /* in the file, of buf[pos] */
	uint64_t left;         /* bytes that may still be read; UINT64_MAX: all there are */
	uint64_t got, least;   /* bytes that were read or passed; that there must be */
	uint64_t known;        /* bytes of fd, from where it stood, that can be passed without being read; 0: none, it is a pipe */
	bool eof;
	bool sparse;           /* read no more than is asked for: most bytes will be passed */
	msp_poll_fn *poll;
	void *context;
};

/* Looks at the next bytes: at least n of them if there are so many. *p points at them till the next call. Returns how many
 * there are, or below 0 (enum msp_status). Memory grows to n, but never ahead of what the file really holds by more than a factor of two. */
int64_t feed_want(struct feed *f, size_t n, const uint8_t **p, struct msp_error *err) MSP_CHECKED;
/* Goes on by n bytes, n <= what feed_want() returned. */
void feed_skip(struct feed *f, size_t n);
/* Whether it is known, without reading them, that the next n bytes are there. */
bool feed_known(const struct feed *f, uint64_t n);
/* As feed_want(), for bytes that nobody will look at: of a file they are not read. */
int64_t feed_there(struct feed *f, size_t n, struct msp_error *err) MSP_CHECKED;
/* Goes on by n bytes, n <= what feed_there() returned. */
int feed_pass(struct feed *f, size_t n, struct msp_error *err) MSP_CHECKED;
/* Finds out what can be passed, before the first byte is read. */
void feed_measure(struct feed *f);
/* Copies the next n bytes to out, or as many as there are; returns how many, or below 0. */
int64_t feed_read(struct feed *f, void *out, size_t n, struct msp_error *err) MSP_CHECKED;
void feed_free(struct feed *f); /* does not close fd */

#endif
