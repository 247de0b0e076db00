/* Steim compression, levels 1 and 2: decoding. See steim.c. */
#ifndef FORMAT_STEIM_H
#define FORMAT_STEIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What the output buffer must hold beyond the samples asked for. */
#define STEIM_SLACK 8
#define STEIM_FRAME 64

struct steim_result {
	uint32_t decoded;  /* samples written: fewer than asked for if the frames hold no more */
	int32_t first;     /* X0, the first sample as the record states it */
	int32_t last;      /* Xn, the last sample as the record states it */
	bool bad_code;     /* a code that the level does not define */
};

/* Decodes up to n samples from size bytes of 64-byte frames into out, which has room for
 * n + STEIM_SLACK. level is 1 or 2; big says that the words are big-endian. Stops at a bad code. */
void steim_decode(int level, const uint8_t *data, size_t size, bool big, uint32_t n, int32_t *out,
                  struct steim_result *result);
/* The same by given instructions: enum msp_cpu. */
void steim_decode_path(int path, int level, const uint8_t *data, size_t size, bool big, uint32_t n, int32_t *out,
                       struct steim_result *result);

#endif
