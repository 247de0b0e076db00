/* Building BSON documents. */
#include "mspipe/doc.h"

#include "core/endian.h"

#include <stdio.h>
#include <string.h>

static void put(struct msp_doc *d, const void *data, size_t n)
{
	if (!d->failed && msp_bytes_append(d->out, data, n) != MSP_OK)
		d->failed = true;
}

static void put_u32(struct msp_doc *d, uint32_t v)
{
	uint8_t le[4];

	msp_put_u32(le, v);
	put(d, le, sizeof le);
}

static void put_key(struct msp_doc *d, uint8_t type, const char *key)
{
	put(d, &type, 1);
	put(d, key, strlen(key) + 1);
}

static size_t open_here(struct msp_doc *d)
{
	size_t mark = d->out->len;

	put_u32(d, 0);
	return mark;
}

void msp_doc_begin(struct msp_doc *d, struct msp_bytes *out)
{
	d->out = out;
	d->failed = msp_bytes_set(out, NULL, 0) != MSP_OK;
	d->begin = open_here(d);
}

void msp_doc_string(struct msp_doc *d, const char *key, const char *text)
{
	size_t n = strlen(text) + 1;

	if (n > INT32_MAX) {
		d->failed = true;
		return;
	}
	put_key(d, 0x02, key);
	put_u32(d, (uint32_t)n);
	put(d, text, n);
}

void msp_doc_bool(struct msp_doc *d, const char *key, bool v)
{
	uint8_t byte = v;

	put_key(d, 0x08, key);
	put(d, &byte, 1);
}

void msp_doc_int32(struct msp_doc *d, const char *key, int32_t v)
{
	put_key(d, 0x10, key);
	put_u32(d, (uint32_t)v);
}

void msp_doc_int64(struct msp_doc *d, const char *key, int64_t v)
{
	uint8_t le[8];

	msp_put_u64(le, (uint64_t)v);
	put_key(d, 0x12, key);
	put(d, le, sizeof le);
}

void msp_doc_int(struct msp_doc *d, const char *key, int64_t v)
{
	if (v >= INT32_MIN && v <= INT32_MAX)
		msp_doc_int32(d, key, (int32_t)v);
	else
		msp_doc_int64(d, key, v);
}

void msp_doc_double(struct msp_doc *d, const char *key, double v)
{
	uint8_t le[8];

	msp_put_f64(le, v);
	put_key(d, 0x01, key);
	put(d, le, sizeof le);
}

void msp_doc_oid(struct msp_doc *d, const char *key, const bson_oid_t *oid)
{
	put_key(d, 0x07, key);
	put(d, oid->bytes, sizeof oid->bytes);
}

void msp_doc_iter(struct msp_doc *d, const char *key, const bson_iter_t *it)
{
	uint32_t value = it->key + (uint32_t)strlen(bson_iter_key(it)) + 1;

	put_key(d, it->raw[it->type], key ? key : bson_iter_key(it));
	put(d, it->raw + value, it->next_off - value);
}

size_t msp_doc_open(struct msp_doc *d, const char *key)
{
	put_key(d, 0x03, key);
	return open_here(d);
}

size_t msp_doc_open_array(struct msp_doc *d, const char *key)
{
	put_key(d, 0x04, key);
	return open_here(d);
}

void msp_doc_close(struct msp_doc *d, size_t mark)
{
	put(d, "", 1);
	if (d->failed)
		return;
	if (d->out->len - mark > INT32_MAX)
		d->failed = true;
	else
		msp_put_u32(d->out->data + mark, (uint32_t)(d->out->len - mark));
}

const char *msp_doc_index(uint32_t i, char buf[MSP_DOC_INDEX])
{
	snprintf(buf, MSP_DOC_INDEX, "%u", (unsigned)i);
	return buf;
}

int msp_doc_end(struct msp_doc *d)
{
	msp_doc_close(d, d->begin);
	if (!d->failed)
		return MSP_OK;
	return d->out->len - d->begin > INT32_MAX ? MSP_FAIL : MSP_NOMEM;
}
