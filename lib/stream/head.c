/* Object records: an object but for its samples. */
#include "stream/head.h"
#include "stream/wire.h"

/* A document without keys is written as nothing. */
static size_t document_size(const struct msp_bytes *b)
{
	return b->len == 5 ? 0 : b->len;
}

int msp_head_append(struct msp_bytes *out, const struct msp_object *o)
{
	uint8_t *p;
	size_t metadata = document_size(&o->metadata), elog = document_size(&o->elog),
	       history = document_size(&o->history), size = MSP_HEAD_SIZE, padded;
	size_t extra = o->kind == MSP_SEISMOGRAM ? MSP_TMATRIX_SIZE : o->extra.len;

	if (__builtin_add_overflow(size, extra, &size) || __builtin_add_overflow(size, metadata, &size) ||
	    __builtin_add_overflow(size, elog, &size) || __builtin_add_overflow(size, history, &size) ||
	    size > UINT32_MAX - 7)
		return MSP_USAGE;
	padded = (size + 7) & ~(size_t)7;
	if (out->cap - out->len < padded && msp_bytes_reserve(out, out->len + padded + out->len / 2) < 0)
		return MSP_NOMEM;
	p = out->data + out->len;
	msp_object_head(o, p);
	put32(p, (uint32_t)padded);
	put32(p + 72, (uint32_t)history);
	p += MSP_HEAD_SIZE;
	if (o->kind == MSP_SEISMOGRAM)
		msp_object_tmatrix(o, p);
	else if (extra > 0)
		memcpy(p, o->extra.data, extra);
	p += extra;
	if (metadata > 0)
		memcpy(p, o->metadata.data, metadata);
	if (elog > 0)
		memcpy(p + metadata, o->elog.data, elog);
	if (history > 0)
		memcpy(p + metadata + elog, o->history.data, history);
	memset(p + metadata + elog + history, 0, padded - size);
	out->len += padded;
	return MSP_OK;
}

static void read_fields(const uint8_t *p, struct msp_object *o)
{
	uint64_t dt = get64(p + 40);

	o->kind = get16(p + 4);
	o->live = p[6] & 1;
	o->relative = p[6] & 2;
	o->shift_valid = p[6] & 4;
	o->cardinal = p[6] & 8;
	o->orthogonal = p[6] & 16;
	o->type = p[7];
	memcpy(o->id.byte, p + 8, 16);
	o->start = (int64_t)get64(p + 24);
	o->shift = (int64_t)get64(p + 32);
	memcpy(&o->dt, &dt, 8);
	o->npts = get64(p + 48);
	o->ncomp = get32(p + 56);
	o->width = p[76];
}

/* What each kind must be; NULL if it is. */
static const char *check_kind(const struct msp_object *o, uint32_t extra, uint32_t metadata, uint32_t elog)
{
	static const uint8_t width[] = {[MSP_NONE] = 0, [MSP_F64] = 8, [MSP_F32] = 4, [MSP_I32] = 4};

	if (o->type <= MSP_I32 && o->width != width[o->type])
		return "its samples' type and width do not fit";
	switch (o->kind) {
	case MSP_TIMESERIES:
		return o->ncomp == 1 && extra == 0 ? NULL : "a time series with other than one component";
	case MSP_SEISMOGRAM:
		return o->ncomp == 3 && extra == MSP_TMATRIX_SIZE ? NULL : "a seismogram with other than three components";
	case MSP_ENSEMBLE_BEGIN:
	case MSP_ENSEMBLE_END:
		if (o->ncomp != 0 || o->npts != 0 || o->type != MSP_NONE || extra != 0 ||
		    (o->kind == MSP_ENSEMBLE_END && (metadata | elog) != 0))
			return "an ensemble's bracket with more in it than a bracket has";
	}
	return NULL;
}

const char *msp_head_parse(const uint8_t *p, size_t n, struct msp_object *o, size_t *used)
{
	uint64_t size, extra, metadata, elog, history, end;
	const char *why;

	if (n < MSP_HEAD_SIZE)
		return "its record is cut";
	size = get32(p);
	extra = get32(p + 60);
	metadata = get32(p + 64);
	elog = get32(p + 68);
	history = get32(p + 72);
	end = MSP_HEAD_SIZE + extra + metadata + elog + history;
	if (size > n || size % 8 != 0 || end > size || size - end > 7)
		return "its record's lengths are wrong";
	if (p[6] & 0xE0 || p[77] | p[78] | p[79])
		return "its record has bits that this version does not know";
	for (uint64_t i = end; i < size; i++)
		if (p[i] != 0)
			return "its record's padding is not zero";
	read_fields(p, o);
	why = check_kind(o, (uint32_t)extra, (uint32_t)metadata, (uint32_t)elog);
	if (why)
		return why;
	p += MSP_HEAD_SIZE;
	msp_bytes_borrow(&o->extra, p, 0);
	if (o->kind == MSP_SEISMOGRAM)
		msp_object_read_tmatrix(o, p);
	else
		msp_bytes_borrow(&o->extra, p, (size_t)extra);
	p += extra;
	if (!msp_bson_valid(p, (size_t)metadata) || !msp_bson_valid(p + metadata, (size_t)elog) ||
	    !msp_bson_valid(p + metadata + elog, (size_t)history))
		return "its metadata, error log or history is not valid BSON";
	if (metadata == 5 || elog == 5 || history == 5)
		return "it has a document without keys that is not left out";
	msp_bytes_borrow(&o->metadata, p, (size_t)metadata);
	msp_bytes_borrow(&o->elog, p + metadata, (size_t)elog);
	msp_bytes_borrow(&o->history, p + metadata + elog, (size_t)history);
	*used = (size_t)size;
	return NULL;
}
