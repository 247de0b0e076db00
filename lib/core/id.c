/* 128-bit ids: text form, hash, sum, and the id of a stage's output. */
#include "mspipe/core.h"

#include "core/endian.h"

#include <string.h>
#include <xxhash.h>

char *msp_id_format(const struct msp_id *id, char buf[MSP_ID_TEXT])
{
	static const char hex[] = "0123456789abcdef";
	int i;

	for (i = 0; i < 16; i++) {
		buf[2 * i] = hex[id->byte[i] >> 4];
		buf[2 * i + 1] = hex[id->byte[i] & 15];
	}
	buf[32] = '\0';
	return buf;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int msp_id_parse(const char *text, struct msp_id *out)
{
	struct msp_id id;
	int i;

	for (i = 0; i < 16; i++) {
		int high = hex_digit(text[2 * i]);
		int low = high < 0 ? -1 : hex_digit(text[2 * i + 1]);
		if (low < 0)
			return MSP_USAGE;
		id.byte[i] = (uint8_t)(high * 16 + low);
	}
	if (text[32] != '\0')
		return MSP_USAGE;
	*out = id;
	return MSP_OK;
}

bool msp_id_equal(const struct msp_id *a, const struct msp_id *b)
{
	return memcmp(a->byte, b->byte, sizeof a->byte) == 0;
}

struct msp_id msp_id_hash(const void *data, size_t n)
{
	XXH128_canonical_t c;
	struct msp_id id;

	XXH128_canonicalFromHash(&c, XXH3_128bits(data, n));
	memcpy(id.byte, c.digest, sizeof id.byte);
	return id;
}

struct msp_id msp_id_of_texts(const char *const *text, size_t n)
{
	struct msp_id id = {0};
	size_t i;

	for (i = 0; i < n; i++) {
		struct msp_id both[2] = {id, msp_id_hash(text[i], strlen(text[i]))};

		id = msp_id_hash(both, sizeof both);
	}
	return id;
}

struct msp_id msp_id_sum(struct msp_id a, struct msp_id b)
{
	unsigned carry = 0;
	int i;

	for (i = 15; i >= 0; i--) {
		carry += (unsigned)a.byte[i] + b.byte[i];
		a.byte[i] = (uint8_t)carry;
		carry >>= 8;
	}
	return a;
}

struct msp_id msp_id_next(struct msp_id input, struct msp_id stage, uint64_t output)
{
	uint8_t text[40];

	memcpy(text, input.byte, 16);
	memcpy(text + 16, stage.byte, 16);
	msp_put_u64(text + 32, output);
	return msp_id_hash(text, sizeof text);
}

unsigned msp_xxhash_version(void)
{
	return XXH_versionNumber();
}
