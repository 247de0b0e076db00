/* store/spool.h - bytes kept for a while: in memory, and past a bound in a file without a name in $TMPDIR */
#ifndef MSP_STORE_SPOOL_H
#define MSP_STORE_SPOOL_H

#include "mspipe/stream.h"

/* Zero-initialise. */
struct msp_spool {
	struct msp_bytes held; /* being written: the end; being read: a window */
	int fd;
	bool file;             /* there is one, fd */
	uint64_t filed, at;    /* bytes in the file; read of it */
	size_t pos;            /* in held */
};

int msp_spool_put(struct msp_spool *s, const void *data, size_t n, struct msp_error *err) MSP_CHECKED;
/* Writing is over, or begins the reading again: from the first byte. */
int msp_spool_rewind(struct msp_spool *s, struct msp_error *err) MSP_CHECKED;
/* The next n bytes, borrowed till the next call; *out NULL at the end. Less than n there: MSP_FAIL. */
int msp_spool_get(struct msp_spool *s, size_t n, const uint8_t **out, struct msp_error *err) MSP_CHECKED;
/* Documents, each behind a number of its user's. The number of the next: 1; 0: there are no more. Then its bytes, appended to out; the number has to be
 * asked for first. */
int msp_spool_put_document(struct msp_spool *s, uint32_t number, const bson_t *doc, struct msp_error *err) MSP_CHECKED;
int msp_spool_get_number(struct msp_spool *s, uint32_t *number, struct msp_error *err) MSP_CHECKED;
int msp_spool_get_document(struct msp_spool *s, struct msp_bytes *out, struct msp_error *err) MSP_CHECKED;
void msp_spool_free(struct msp_spool *s);

#endif
