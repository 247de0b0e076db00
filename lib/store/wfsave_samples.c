/* Samples as they are stored: little-endian doubles. */
#include "store/wfsave.h"

#include "core/endian.h"

#include <string.h>

#define PIECE 512 /* samples converted at a time */

/* A NaN goes to double by its bits: the hardware would make a quiet one of a signalling one. */
static uint64_t wide_bits(uint32_t v)
{
	double d;
	float f;
	uint64_t bits;

	if ((v & 0x7fffffffu) > 0x7f800000u)
		return (uint64_t)(v & 0x80000000u) << 32 | UINT64_C(0x7ff0000000000000) | (uint64_t)(v & 0x7fffffu) << 29;
	memcpy(&f, &v, sizeof(f));
	d = (double)f;
	memcpy(&bits, &d, sizeof(bits));
	return bits;
}

static void from_f32(const uint8_t *from, size_t n, uint64_t *to)
{
	uint32_t v[PIECE];
	float f[PIECE];
	double d[PIECE];
	uint32_t nan = 0;

	memcpy(v, from, n * sizeof(*v));
	memcpy(f, from, n * sizeof(*f));
	for (size_t i = 0; i < n; i++) {
		d[i] = (double)f[i];
		nan |= (v[i] & 0x7fffffffu) > 0x7f800000u;
	}
	memcpy(to, d, n * sizeof(*to));
	for (size_t i = 0; nan && i < n; i++)
		to[i] = wide_bits(v[i]);
}

static void from_i32(const uint8_t *from, size_t n, uint64_t *to)
{
	int32_t v[PIECE];
	double d[PIECE];

	memcpy(v, from, n * sizeof(*v));
	for (size_t i = 0; i < n; i++)
		d[i] = v[i];
	memcpy(to, d, n * sizeof(*to));
}

/* n <= PIECE elements that lie together, as doubles' bits in the machine's order. */
static void convert(const struct msp_object *o, uint64_t first, size_t n, uint64_t *to)
{
	const uint8_t *from = o->samples.data + first * o->width;

	if (o->type == MSP_F32)
		from_f32(from, n, to);
	else if (o->type == MSP_I32)
		from_i32(from, n, to);
	else
		memcpy(to, from, n * sizeof(*to));
}

static void put(const uint64_t *bits, size_t n, size_t stride, uint8_t *to)
{
	if (stride == sizeof(*bits) && !MSP_BIG_ENDIAN) {
		memcpy(to, bits, n * sizeof(*bits));
		return;
	}
	for (size_t i = 0; i < n; i++)
		msp_put_u64(to + i * stride, bits[i]);
}

static void contiguous(const struct msp_object *o, uint64_t first, size_t n, size_t stride, uint8_t *to)
{
	uint64_t bits[PIECE];

	if (o->type == MSP_F64 && stride == sizeof(double) && !MSP_BIG_ENDIAN) {
		memcpy(to, o->samples.data + first * sizeof(double), n * sizeof(double));
		return;
	}
	while (n) {
		size_t k = n < PIECE ? n : PIECE;

		convert(o, first, k, bits);
		put(bits, k, stride, to);
		first += k;
		to += k * stride;
		n -= k;
	}
}

void msp_wf_samples(const struct msp_object *o, bool interleaved, uint64_t first, size_t n, uint8_t *to)
{
	size_t step = o->ncomp * sizeof(double);

	if (!interleaved || o->ncomp == 1) {
		contiguous(o, first, n, sizeof(double), to);
		return;
	}
	/* whole samples only: first and n are multiples of ncomp */
	for (uint32_t c = 0; c < o->ncomp; c++)
		contiguous(o, c * o->npts + first / o->ncomp, n / o->ncomp, step, to + c * sizeof(double));
}

bool msp_wf_sum(const struct msp_object *o, char out[MSP_ID_TEXT])
{
	struct msp_id sum;

	if (MSP_BIG_ENDIAN) {
		out[0] = '\0';
		return false;
	}
	sum = msp_id_hash(o->samples.data, o->samples.len);
	msp_id_format(&sum, out);
	return true;
}
