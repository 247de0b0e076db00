/* Private to lib/stream: object records (msp(5), Heads). */
#ifndef STREAM_HEAD_H
#define STREAM_HEAD_H

#include "mspipe/stream.h"

/* Appends o's record. MSP_USAGE if a part is longer than the format can say, MSP_NOMEM. */
int msp_head_append(struct msp_bytes *out, const struct msp_object *o);
/* Reads the record at p, of at most n bytes: fills o, which borrows from it, but for the samples. NULL, or what is wrong. */
const char *msp_head_parse(const uint8_t *p, size_t n, struct msp_object *o, size_t *used);

#endif
