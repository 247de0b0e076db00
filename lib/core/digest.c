/* The canonical form of an object, its digest and its origin id. */
#include "core/head.h"

#include "core/endian.h"

#define XXH_STATIC_LINKING_ONLY /* the streaming state on the stack: no allocation that could fail */
#include <string.h>
#include <xxhash.h>

void msp_object_tmatrix(const struct msp_object *o, uint8_t out[MSP_TMATRIX_SIZE])
{
	int i;

	for (i = 0; i < 9; i++)
		msp_put_f64(out + 8 * i, o->tmatrix[i]);
}

void msp_object_read_tmatrix(struct msp_object *o, const uint8_t in[MSP_TMATRIX_SIZE])
{
	int i;

	for (i = 0; i < 9; i++)
		o->tmatrix[i] = msp_get_f64(in + 8 * i);
}

static size_t document_size(const struct msp_bytes *b)
{
	return b->len > 5 ? b->len : 0;
}

static unsigned flags(const struct msp_object *o)
{
	return (o->live ? MSP_HEAD_LIVE : 0) | (o->relative ? MSP_HEAD_RELATIVE : 0) |
	       (o->relative && o->shift_valid ? MSP_HEAD_SHIFT_VALID : 0) |
	       (o->cardinal ? MSP_HEAD_CARDINAL : 0) |
	       (o->orthogonal ? MSP_HEAD_ORTHOGONAL : 0);
}

/* Everything but the lengths. */
static void head_fields(const struct msp_object *o, uint8_t out[MSP_HEAD_SIZE])
{
	unsigned f = flags(o);

	memset(out, 0, MSP_HEAD_SIZE);
	msp_put_u16(out + 4, o->kind);
	out[6] = (uint8_t)f;
	out[7] = o->type;
	memcpy(out + 8, o->id.byte, 16);
	msp_put_u64(out + 24, (uint64_t)o->start);
	/* without the flag the field means nothing, and must not make two objects differ */
	msp_put_u64(out + 32, f & MSP_HEAD_SHIFT_VALID ? (uint64_t)o->shift : 0);
	msp_put_f64(out + 40, o->dt);
	msp_put_u64(out + 48, o->npts);
	msp_put_u32(out + 56, o->ncomp);
	out[76] = o->width;
}

void msp_object_head(const struct msp_object *o, uint8_t out[MSP_HEAD_SIZE])
{
	size_t extra = o->kind == MSP_SEISMOGRAM ? MSP_TMATRIX_SIZE : o->extra.len;

	head_fields(o, out);
	msp_put_u32(out + 60, (uint32_t)extra);
	msp_put_u32(out + 64, (uint32_t)document_size(&o->metadata));
	msp_put_u32(out + 68, (uint32_t)document_size(&o->elog));
}

/* On x86, libxxhash may also have a variant that uses what the processor has (AVX2, AVX-512): measured 2
 * to 4 times as fast. Weak: NULL where the library was built without it. */
#if defined(__x86_64__)
XXH_errorcode XXH3_128bits_update_dispatch(XXH3_state_t *state, const void *input,
                                           size_t len) __attribute__((weak));
#endif

static void hash_bytes(XXH3_state_t *h, const void *data, size_t n)
{
	/* these fail only for NULL */
#if defined(__x86_64__)
	if (n >= 1024 && XXH3_128bits_update_dispatch) {
		(void)XXH3_128bits_update_dispatch(h, data, n);
		return;
	}
#endif
	if (n)
		(void)XXH3_128bits_update(h, data, n);
}

static void hash_extra(XXH3_state_t *h, const struct msp_object *o)
{
	uint8_t matrix[MSP_TMATRIX_SIZE];

	if (o->kind == MSP_SEISMOGRAM) {
		msp_object_tmatrix(o, matrix);
		hash_bytes(h, matrix, sizeof matrix);
	} else {
		hash_bytes(h, o->extra.data, o->extra.len);
	}
}

static void hash_documents(XXH3_state_t *h, const struct msp_object *o)
{
	hash_bytes(h, o->metadata.data, document_size(&o->metadata));
	hash_bytes(h, o->elog.data, document_size(&o->elog));
}

/* Samples in little-endian form. */
static void hash_samples(XXH3_state_t *h, const struct msp_object *o)
{
	uint8_t buf[4096];
	size_t width = o->width, done = 0, n, i, k;

	if (!MSP_BIG_ENDIAN || width < 2 || width > 16) {
		hash_bytes(h, o->samples.data, o->samples.len);
		return;
	}
	while (done < o->samples.len) {
		n = o->samples.len - done;
		if (n > sizeof buf / width * width)
			n = sizeof buf / width * width;
		for (i = 0; i + width <= n; i += width)
			for (k = 0; k < width; k++)
				buf[i + k] = o->samples.data[done + i + width - 1 - k];
		hash_bytes(h, buf, n);
		done += n;
	}
}

static struct msp_id finish(XXH3_state_t *h)
{
	XXH128_canonical_t c;
	struct msp_id id;

	XXH128_canonicalFromHash(&c, XXH3_128bits_digest(h));
	memcpy(id.byte, c.digest, sizeof id.byte);
	return id;
}

struct msp_id msp_object_digest(const struct msp_object *o)
{
	uint8_t head[MSP_HEAD_SIZE];
	XXH3_state_t h;

	msp_object_head(o, head);
	(void)XXH3_128bits_reset(&h);
	hash_bytes(&h, head, sizeof head);
	hash_extra(&h, o);
	hash_documents(&h, o);
	hash_samples(&h, o);
	return finish(&h);
}

/* A code as its length (32 bits) and its bytes, so that "AB","C" and "A","BC" differ. */
static void hash_code(XXH3_state_t *h, const struct msp_object *o, const char *key)
{
	const char *text = msp_meta_string(o, key, "");
	size_t n = strlen(text);
	uint8_t len[4];

	msp_put_u32(len, (uint32_t)n);
	hash_bytes(h, len, sizeof len);
	hash_bytes(h, text, n);
}

/* The head with id and lengths zero, the four codes, extra, then samples, or, where there are none (the
 * dead, brackets), metadata and error log. */
void msp_object_origin_id(struct msp_object *o)
{
	static const char *const codes[] = { "net", "sta", "loc", "chan" };
	uint8_t head[MSP_HEAD_SIZE];
	XXH3_state_t h;
	int i;

	memset(&o->id, 0, sizeof o->id);
	head_fields(o, head);
	(void)XXH3_128bits_reset(&h);
	hash_bytes(&h, head, sizeof head);
	for (i = 0; i < 4; i++)
		hash_code(&h, o, codes[i]);
	hash_extra(&h, o);
	if (o->live && o->ncomp > 0)
		hash_samples(&h, o);
	else
		hash_documents(&h, o);
	o->id = finish(&h);
}
