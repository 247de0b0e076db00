/* Building a BSON document (bsonspec.org, version 1.1). libbson's own builder ends the process when memory runs out. */
#include "format/doc.h"

#include <string.h>

static void put(struct doc *d, const void *data, size_t n)
{
	if (!d->failed && msp_bytes_append(d->out, data, n) != MSP_OK)
		d->failed = true;
}

static void put_number(struct doc *d, uint64_t v, size_t n)
{
	uint8_t le[8];

	for (size_t i = 0; i < n; i++)
		le[i] = (uint8_t)(v >> 8 * i);
	put(d, le, n);
}

static void put_key(struct doc *d, uint8_t type, const char *key)
{
	put(d, &type, 1);
	put(d, key, strlen(key) + 1);
}

/* Ends the document whose length is at `at`. */
static void close_at(struct doc *d, size_t at)
{
	size_t n;

	put(d, "", 1);
	if (d->failed)
		return;
	n = d->out->len - at;
	for (size_t i = 0; i < 4; i++)
		d->out->data[at + i] = (uint8_t)(n >> 8 * i);
}

void doc_begin(struct doc *d, struct msp_bytes *out)
{
	memset(d, 0, sizeof *d);
	d->out = out;
	d->failed = msp_bytes_set(out, NULL, 0) != MSP_OK;
	put_number(d, 0, 4);
}

void doc_string(struct doc *d, const char *key, const char *text)
{
	put_key(d, 0x02, key);
	put_number(d, strlen(text) + 1, 4);
	put(d, text, strlen(text) + 1);
}

void doc_int32(struct doc *d, const char *key, int32_t v)
{
	put_key(d, 0x10, key);
	put_number(d, (uint32_t)v, 4);
}

void doc_int64(struct doc *d, const char *key, int64_t v)
{
	put_key(d, 0x12, key);
	put_number(d, (uint64_t)v, 8);
}

void doc_double(struct doc *d, const char *key, double v)
{
	uint64_t bits;

	memcpy(&bits, &v, sizeof bits);
	put_key(d, 0x01, key);
	put_number(d, bits, 8);
}

void doc_sub(struct doc *d, const char *key)
{
	put_key(d, 0x03, key);
	d->inner = d->out->len;
	put_number(d, 0, 4);
}

void doc_sub_end(struct doc *d)
{
	close_at(d, d->inner);
}

int doc_end(struct doc *d)
{
	close_at(d, d->outer);
	return d->failed ? MSP_NOMEM : MSP_OK;
}
