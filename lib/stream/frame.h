/* Private to lib/stream: the outside of zstd frames. */
#ifndef STREAM_FRAME_H
#define STREAM_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NULL if the n bytes at p are zstd frames such as a block may have (msp(5)) and the sizes of their contents, where they name them, add up
 * to `content`; else what is wrong. Looks at the headers of frames and blocks only (RFC 8878, section 3.1.1). */
const char *msp_frames_wrong(const uint8_t *p, size_t n, uint64_t content);

/* Whether frames that msp_frames_wrong() had nothing against are one frame of raw blocks with that content. */
bool msp_frames_raw(const uint8_t *p, size_t n, uint64_t content);
/* Whether they are one raw block whose content begins RAW_LEAD bytes into the frame. */
bool msp_frames_plain(const uint8_t *p, size_t n, uint64_t content);

#endif
