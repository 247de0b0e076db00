/* Objects: their life. What they are in time is in objtime.c, their samples in samples.c. */
#include "mspipe/core.h"

#include <string.h>

/* The buffers of an object, for what is done to each of them. */
#define BUFFERS 5
static void buffers(struct msp_object *o, struct msp_bytes *b[BUFFERS])
{
	b[0] = &o->metadata;
	b[1] = &o->elog;
	b[2] = &o->history;
	b[3] = &o->extra;
	b[4] = &o->samples;
}

void msp_object_init(struct msp_object *o)
{
	memset(o, 0, sizeof *o);
}

void msp_object_free(struct msp_object *o)
{
	struct msp_bytes *b[BUFFERS];
	int i;

	buffers(o, b);
	for (i = 0; i < BUFFERS; i++)
		msp_bytes_free(b[i]);
	msp_object_init(o);
}

/* Empty, owned memory kept. */
static void empty(struct msp_bytes *b)
{
	if (b->cap)
		b->len = 0;
	else
		msp_bytes_free(b);
}

/* Everything but the buffers' memory is as after msp_object_init(). */
static void blank(struct msp_object *o)
{
	struct msp_bytes *b[BUFFERS], *to[BUFFERS];
	struct msp_object fresh;
	int i;

	msp_object_init(&fresh);
	buffers(o, b);
	buffers(&fresh, to);
	for (i = 0; i < BUFFERS; i++) {
		empty(b[i]);
		*to[i] = *b[i];
	}
	*o = fresh;
}

static uint8_t width_of(int type)
{
	switch (type) {
	case MSP_F64: return 8;
	case MSP_F32:
	case MSP_I32: return 4;
	default: return 0;
	}
}

int msp_object_reset(struct msp_object *o, int kind, int type, uint64_t npts)
{
	blank(o);
	o->kind = (uint16_t)kind;
	o->live = true;
	if (kind == MSP_SEISMOGRAM) {
		o->tmatrix[0] = o->tmatrix[4] = o->tmatrix[8] = 1;
		o->cardinal = o->orthogonal = true;
	}
	if (!msp_object_is_data(o))
		return MSP_OK;
	o->type = (uint8_t)type;
	o->width = width_of(type);
	o->ncomp = kind == MSP_SEISMOGRAM ? 3 : 1;
	return msp_object_resize(o, npts);
}

int msp_object_copy(struct msp_object *dst, const struct msp_object *src)
{
	struct msp_bytes *to[BUFFERS], *from[BUFFERS], kept[BUFFERS];
	struct msp_object shallow = *src;
	int i;

	if (dst == src)
		return MSP_OK;
	buffers(dst, to);
	buffers(&shallow, from);
	for (i = 0; i < BUFFERS; i++) {
		if (msp_bytes_set(to[i], from[i]->data, from[i]->len) != MSP_OK) {
			msp_object_free(dst);
			return MSP_NOMEM;
		}
		kept[i] = *to[i];
	}
	*dst = *src;
	for (i = 0; i < BUFFERS; i++)
		*to[i] = kept[i];
	return MSP_OK;
}

int msp_object_take(struct msp_object *dst, struct msp_object *src)
{
	struct msp_bytes *b[BUFFERS];
	struct msp_object old;
	int i;

	if (dst == src)
		return MSP_OK;
	buffers(src, b);
	for (i = 0; i < BUFFERS; i++)
		if (msp_bytes_reserve(b[i], b[i]->len) != MSP_OK)
			return MSP_NOMEM; /* src is as it was, but owns more of it */
	old = *dst;
	*dst = *src;
	*src = old; /* its memory serves again */
	blank(src);
	return MSP_OK;
}

bool msp_object_is_data(const struct msp_object *o)
{
	return o->kind == MSP_TIMESERIES || o->kind == MSP_SEISMOGRAM;
}

const char *msp_kind_name(int kind)
{
	switch (kind) {
	case MSP_TIMESERIES: return "timeseries";
	case MSP_SEISMOGRAM: return "seismogram";
	case MSP_ENSEMBLE_BEGIN: return "ensemble";
	case MSP_ENSEMBLE_END: return "ensemble_end";
	case MSP_PARTIAL_FOLD: return "partial_fold";
	default: return "unknown";
	}
}

const char *msp_type_name(int type)
{
	switch (type) {
	case MSP_NONE: return "none";
	case MSP_F64: return "f64";
	case MSP_F32: return "f32";
	case MSP_I32: return "i32";
	default: return "unknown";
	}
}
