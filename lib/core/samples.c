/* Samples: size, ownership, conversion. */
#include "mspipe/core.h"

#include <stdlib.h>
#include <string.h>

/* npts * ncomp * width, checked. */
static int sample_bytes(const struct msp_object *o, uint64_t npts, size_t *out)
{
	uint64_t n;

	if (__builtin_mul_overflow(npts, (uint64_t)o->ncomp, &n) ||
	    __builtin_mul_overflow(n, (uint64_t)o->width, &n))
		return MSP_NOMEM;
	if (n > SIZE_MAX / 2)
		return MSP_NOMEM;
	*out = (size_t)n;
	return MSP_OK;
}

/* Like msp_bytes_reserve(), without copying what is there. */
static int reserve_fresh(struct msp_bytes *b, size_t cap)
{
	uint8_t *data;

	if (b->cap >= cap && b->cap)
		return MSP_OK;
	data = malloc(cap ? cap : 1);
	if (!data)
		return MSP_NOMEM;
	msp_bytes_free(b);
	b->data = data;
	b->cap = cap ? cap : 1;
	return MSP_OK;
}

int msp_object_resize(struct msp_object *o, uint64_t npts)
{
	size_t size;
	int r;

	if (o->live) {
		if (sample_bytes(o, npts, &size) != MSP_OK)
			return MSP_NOMEM;
		if (size == 0) {
			if (o->samples.cap == 0)
				msp_bytes_free(&o->samples);
		} else {
			r = o->ncomp == 1 && o->samples.len ? msp_bytes_reserve(&o->samples, size) :
			                                      reserve_fresh(&o->samples, size);
			if (r != MSP_OK)
				return MSP_NOMEM;
		}
		o->samples.len = size;
	}
	o->npts = npts;
	return MSP_OK;
}

int msp_object_writable(struct msp_object *o)
{
	if (o->samples.cap == 0 && o->lent == o->samples.data && o->lent != NULL)
		return MSP_OK;
	return msp_bytes_reserve(&o->samples, o->samples.len);
}

static void widen_f32(double *to, const uint8_t *from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		float f;
		memcpy(&f, from + 4 * i, sizeof f);
		to[i] = f;
	}
}

static void widen_i32(double *to, const uint8_t *from, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		int32_t k;
		memcpy(&k, from + 4 * i, sizeof k);
		to[i] = k;
	}
}

static int own_samples(struct msp_object *o)
{
	return msp_bytes_reserve(&o->samples, o->samples.len);
}

/* A borrowed buffer may lie anywhere; a double * must be aligned. */
static bool aligned(const struct msp_object *o)
{
	return (uintptr_t)o->samples.data % _Alignof(double) == 0;
}

int msp_object_to_f64(struct msp_object *o, struct msp_error *err)
{
	size_t n = o->samples.len / 4;
	struct msp_bytes wide = { 0 };

	if (o->type == MSP_F64 || o->type == MSP_NONE) {
		if (aligned(o) || own_samples(o) == MSP_OK)
			return MSP_OK;
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	}
	if (o->type != MSP_F32 && o->type != MSP_I32)
		return msp_error_set(err, MSP_KILL, "samples of unknown type %d", o->type);
	if (n > SIZE_MAX / 16 || (n && reserve_fresh(&wide, n * 8) != MSP_OK))
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	if (n && o->type == MSP_F32)
		widen_f32((double *)(void *)wide.data, o->samples.data, n);
	else if (n)
		widen_i32((double *)(void *)wide.data, o->samples.data, n);
	wide.len = n * 8;
	msp_bytes_free(&o->samples);
	o->samples = wide;
	o->type = MSP_F64;
	o->width = 8;
	return MSP_OK;
}

double *msp_object_f64(struct msp_object *o, uint32_t c)
{
	if (o->type != MSP_F64 || c >= o->ncomp || o->samples.len == 0)
		return NULL;
	if (!aligned(o) && own_samples(o) != MSP_OK)
		return NULL;
	return (double *)(void *)o->samples.data + (size_t)c * o->npts;
}
