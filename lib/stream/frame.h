/* Private to lib/stream: the outside of a zstd frame. */
#ifndef STREAM_FRAME_H
#define STREAM_FRAME_H

#include <stddef.h>
#include <stdint.h>

/* NULL if the n bytes at p are exactly one zstd frame such as a block may have (msp(5)) and, where it names the size of its content, that
 * is `content`; else what is wrong. Looks at the headers of frame and blocks only (RFC 8878, section 3.1.1). */
const char *msp_frame_wrong(const uint8_t *p, size_t n, uint64_t content);

#endif
