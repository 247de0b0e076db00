/* Private to lib/stream: encodings of a sample area (msp(5), Samples). */
#ifndef STREAM_ENCODE_H
#define STREAM_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#define ENC_RAW 0x00
#define ENC_SHUFFLE 0x10
#define ENC_DELTA_MAX 3

/* True if enc is an encoding that the format knows. */
int msp_encoding_known(uint8_t enc);
/* Codes n words of `width` (8 or 4) bytes from src to dst (not overlapping). floating: the words are floating-point numbers. */
void msp_encode(uint8_t enc, unsigned width, int floating, const uint8_t *src, uint8_t *dst, size_t n);
/* The inverse. */
void msp_decode(uint8_t enc, unsigned width, int floating, const uint8_t *src, uint8_t *dst, size_t n);
/* The same by given instructions: enum msp_cpu. */
void msp_encode_path(int path, uint8_t enc, unsigned width, int floating, const uint8_t *src, uint8_t *dst, size_t n);
void msp_decode_path(int path, uint8_t enc, unsigned width, int floating, const uint8_t *src, uint8_t *dst, size_t n);

#endif
