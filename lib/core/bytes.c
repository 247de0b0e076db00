/* Byte buffers that are owned or borrowed. */
#include "mspipe/core.h"

#include <stdlib.h>
#include <string.h>

void msp_bytes_free(struct msp_bytes *b)
{
	if (b->cap)
		free(b->data);
	memset(b, 0, sizeof *b);
}

void msp_bytes_borrow(struct msp_bytes *b, const void *data, size_t n)
{
	msp_bytes_free(b);
	if (n) {
		/* cap == 0 says that nobody writes through this pointer */
		b->data = (uint8_t *)(uintptr_t)data;
		b->len = n;
	}
}

int msp_bytes_reserve(struct msp_bytes *b, size_t cap)
{
	size_t want = cap > b->len ? cap : b->len;
	uint8_t *data;

	if (want > PTRDIFF_MAX)
		return MSP_NOMEM;
	if (b->cap) {
		if (b->cap >= want)
			return MSP_OK;
		data = realloc(b->data, want);
		if (!data)
			return MSP_NOMEM;
	} else {
		if (want == 0) {
			b->data = NULL;
			return MSP_OK;
		}
		data = malloc(want);
		if (!data)
			return MSP_NOMEM;
		if (b->len)
			memcpy(data, b->data, b->len);
	}
	b->data = data;
	b->cap = want;
	return MSP_OK;
}

int msp_bytes_append(struct msp_bytes *b, const void *data, size_t n)
{
	uintptr_t from = (uintptr_t)data, base = (uintptr_t)b->data;
	bool inside = b->data && from >= base && from - base < b->len;
	size_t need;

	if (n == 0)
		return MSP_OK;
	if (n > SIZE_MAX / 4 || b->len > SIZE_MAX / 4)
		return MSP_NOMEM;
	need = b->len + n;
	/* half as much again, so that n appends cost O(n) */
	if (b->cap < need && msp_bytes_reserve(b, need + need / 2 + 16) != MSP_OK)
		return MSP_NOMEM;
	if (inside)
		data = b->data + (from - base);
	memcpy(b->data + b->len, data, n);
	b->len = need;
	return MSP_OK;
}

int msp_bytes_set(struct msp_bytes *b, const void *data, size_t n)
{
	if (b->cap < n) {
		uint8_t *fresh = malloc(n);
		if (!fresh)
			return MSP_NOMEM;
		msp_bytes_free(b);
		b->data = fresh;
		b->cap = n;
	} else if (b->cap == 0) {
		b->data = NULL;
	}
	if (n)
		memcpy(b->data, data, n);
	b->len = n;
	return MSP_OK;
}
