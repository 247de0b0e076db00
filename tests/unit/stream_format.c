/* The stream's parts against published values and their own inverses: CRC, encodings, completeness. */
#include "unit.h"

#include "signal/cpu.h"
#include "stream/complete.h"
#include "stream/encode.h"
#include "stream/wire.h"

#include <stdlib.h>

static void crc(void)
{
	enum { N = 20000 };
	uint8_t buf[N];
	uint32_t x = 1;

	CHECK(msp_crc32c(0, "123456789", 9) == 0xE3069283u); /* RFC 3720 and every CRC catalogue */
	CHECK(msp_crc32c_portable(0, "123456789", 9) == 0xE3069283u);
	memset(buf, 0, 32);
	CHECK(msp_crc32c(0, buf, 32) == 0x8A9136AAu); /* RFC 3720 B.4: 32 bytes of zeroes */
	memset(buf, 0xff, 32);
	CHECK(msp_crc32c(0, buf, 32) == 0x62A8AB43u); /* and of ones */
	for (size_t i = 0; i < N; i++)
		buf[i] = (uint8_t)((x = x * 1664525u + 1013904223u) >> 24);
	for (size_t n = 0; n < N; n += n < 900 ? 1 : 997)
		CHECKF(msp_crc32c(7, buf, n) == msp_crc32c_portable(7, buf, n), "%zu bytes", n);
	for (int path = 1; path <= 2; path++) {
		msp_crc32c_fn *f = msp_crc32c_path(path);

		for (size_t n = 0; f && n + 5 < N; n += n < 2200 ? 1 : 911)
			CHECKF(f(7, buf + n % 5, n) == msp_crc32c_portable(7, buf + n % 5, n), "path %d, %zu bytes", path, n);
	}
	CHECK(msp_crc32c(msp_crc32c(0, buf, 7001), buf + 7001, N - 7001) == msp_crc32c(0, buf, N));
}

/* The encoding's definition in msp(5), word by word. */
static void encode_plainly(uint8_t enc, unsigned w, int floating, const uint8_t *src, uint8_t *dst, size_t n)
{
	uint64_t *x = calloc(n + 1, 8), mask = w == 8 ? UINT64_MAX : UINT32_MAX, top = (mask >> 1) + 1;

	for (size_t i = 0; i < n; i++) {
		x[i] = w == 8 ? get64(src + 8 * i) : get32(src + 4 * i);
		if ((enc & 3) && floating && (x[i] & top))
			x[i] ^= top - 1;
	}
	for (int k = 0; k < (enc & 3); k++)
		for (size_t i = n; i-- > 1;)
			x[i] = (x[i] - x[i - 1]) & mask;
	for (size_t i = 0; i < n; i++) {
		if (enc & 3)
			x[i] = ((x[i] << 1) ^ (x[i] & top ? mask : 0)) & mask;
		for (unsigned j = 0; j < w; j++)
			dst[enc ? j * n + i : i * w + j] = (uint8_t)(x[i] >> (8 * j));
	}
	free(x);
}

/* By one path: the definition's bytes, and back. */
static void encoding(int path, unsigned e, unsigned w, int floating, const uint8_t *src, size_t n)
{
	static uint8_t coded[8 * 5000], plain[8 * 5000], back[8 * 5000];

	msp_encode_path(path, (uint8_t)e, w, floating, src, coded, n);
	encode_plainly((uint8_t)e, w, floating, src, plain, n);
	msp_decode_path(path, (uint8_t)e, w, floating, coded, back, n);
	CHECKF(memcmp(coded, plain, n * w) == 0, "path %d encode %x width %u n %zu", path, e, w, n);
	CHECKF(memcmp(back, src, n * w) == 0, "path %d decode %x width %u n %zu", path, e, w, n);
}

static void encodings(void)
{
	static const size_t sizes[] = {0, 1, 2, 3, 15, 16, 17, 100, 2047, 2048, 2049, 4096, 5000};
	uint8_t src[8 * 5000];
	uint32_t x = 3;

	for (size_t i = 0; i < sizeof(src); i++)
		src[i] = (uint8_t)((x = x * 1664525u + 1013904223u) >> 24);
	for (int path = MSP_CPU_PORTABLE; path <= MSP_CPU_BEST; path++)
		for (unsigned w = 4; w <= 8; w += 4)
			for (unsigned e = 0; e <= 0x13; e = e ? e + 1 : 0x10)
				for (size_t s = 0; s < sizeof(sizes) / sizeof(*sizes); s++)
					for (int floating = 0; floating < 2; floating++)
						encoding(path, e, w, floating, src, sizes[s]);
	CHECK(!msp_encoding_known(0x14) && !msp_encoding_known(0x01) && !msp_encoding_known(0x20));
}

static int add(struct origins *o, uint8_t origin, uint64_t index, uint32_t part, uint32_t parts, bool more)
{
	struct msp_header h = {.index = index, .part = part, .parts = parts};

	h.origin.byte[0] = origin;
	return msp_origins_add(o, &h, more, NULL);
}

static void completeness(void)
{
	struct origins o = {0};
	struct msp_error err = {0};

	CHECK(msp_origins_check(&o, NULL) == MSP_OK);
	CHECK(add(&o, 1, 2, 0, 0, false) == MSP_OK && add(&o, 1, 0, 0, 0, true) == MSP_OK);
	CHECK(msp_origins_check(&o, &err) == MSP_CORRUPT);
	CHECKF(strstr(err.text, "segment 1 of stream 01") != NULL, "%s", err.text);
	CHECK(add(&o, 1, 1, 0, 0, true) == MSP_OK && msp_origins_check(&o, NULL) == MSP_OK);
	CHECK(add(&o, 1, 1, 0, 0, true) == MSP_CORRUPT); /* twice */
	CHECK(add(&o, 1, 3, 0, 0, true) == MSP_CORRUPT); /* after the last */
	msp_origins_free(&o);

	CHECK(add(&o, 1, 0, 0, 0, false) == MSP_OK && add(&o, 1, 1, 0, 0, false) == MSP_CORRUPT); /* two last ones */
	msp_origins_free(&o);

	CHECK(add(&o, 5, 0, 3, 4, false) == MSP_OK && msp_origins_check(&o, NULL) == MSP_OK); /* one part alone */
	CHECK(add(&o, 5, 0, 1, 4, false) == MSP_OK && msp_origins_check(&o, &err) == MSP_CORRUPT);
	CHECKF(strstr(err.text, "missing: 2, 4") != NULL, "%s", err.text);
	CHECK(add(&o, 5, 0, 2, 4, false) == MSP_OK && add(&o, 5, 0, 4, 4, false) == MSP_OK);
	CHECK(msp_origins_check(&o, NULL) == MSP_OK);
	msp_origins_free(&o);

	/* any order, many segments: the intervals close up */
	for (uint64_t i = 0; i < 1000; i++)
		CHECK(add(&o, 9, i * 7 % 1000, 0, 0, i * 7 % 1000 != 999) == MSP_OK);
	CHECK(msp_origins_check(&o, NULL) == MSP_OK && o.item[0].n == 1);
	msp_origins_free(&o);
}

int main(void)
{
	crc();
	encodings();
	completeness();
	return unit_end("stream_format");
}
