/* Samples of waveform documents: from GridFS, from binary files, and back to the type that they were saved from. */
#include "store/wfread.h"

#include "store/gridfs.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PIECE ((size_t)1 << 20) /* bytes between two looks at signals */

static bool interrupted(const struct msp_wfread *r)
{
	return r->options.poll && r->options.poll(r->options.context) != 0;
}

/* How many bytes the samples take; false if that is absurd. */
static bool size_of(const struct msp_object *o, uint64_t *out)
{
	return !__builtin_mul_overflow(o->npts, (uint64_t)(8 * o->ncomp), out) && *out <= INT64_MAX;
}

/* Room for them, once it is known that they are there. */
static int make_room(struct msp_object *o, uint64_t size, struct msp_error *err)
{
	if (size > SIZE_MAX || msp_bytes_reserve(&o->samples, (size_t)size) != MSP_OK)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	o->samples.len = (size_t)size;
	o->type = MSP_F64;
	o->width = 8;
	return MSP_OK;
}

static int drop(struct msp_object *o, int status)
{
	o->samples.len = 0;
	return status;
}

static void to_host(struct msp_object *o)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	for (size_t i = 0; i + 8 <= o->samples.len; i += 8) {
		uint64_t w;

		memcpy(&w, o->samples.data + i, 8);
		w = __builtin_bswap64(w);
		memcpy(o->samples.data + i, &w, 8);
	}
#else
	(void)o;
#endif
}

/* ---- GridFS ------------------------------------------------------------ */

/* Whether a failure is this file's alone: the store answers. */
static int whose_fault(struct msp_wfread *r, const bson_value_t *id, int status, struct msp_error *err)
{
	struct msp_error other = {0};
	bson_t filter = BSON_INITIALIZER;
	uint64_t n;
	int rc;

	if (status == MSP_CORRUPT)
		return err->status = MSP_KILL;
	if (status != MSP_FAIL)
		return status;
	rc = bson_append_value(&filter, "_id", 3, id) ? msp_store_count(r->store, "fs.files", &filter, &n, &other) : MSP_NOMEM;
	bson_destroy(&filter);
	return rc == MSP_OK ? (err->status = MSP_KILL) : status;
}

static int get_all(struct msp_wfread *r, struct msp_get *g, struct msp_object *o, struct msp_error *err)
{
	size_t done = 0, size = o->samples.len;

	while (done < size) {
		size_t got, want = size - done < PIECE ? size - done : PIECE;
		int rc = msp_get_read(g, o->samples.data + done, want, &got, err);

		if (rc != MSP_OK)
			return rc;
		if (got == 0) /* the length was compared before */
			return msp_error_set(err, MSP_CORRUPT, "a GridFS file ended early");
		done += got;
		if (interrupted(r))
			return msp_error_set(err, MSP_INTERRUPTED, "interrupted");
	}
	return MSP_OK;
}

int wf_gridfs(struct msp_wfread *r, struct msp_object *o, struct msp_error *err)
{
	struct msp_get *g = NULL;
	uint64_t size, length;
	bson_iter_t it;
	int rc;

	if (!wf_find(&r->head.doc, "gridfs_id", &it) || BSON_ITER_HOLDS_NULL(&it))
		return msp_error_set(err, MSP_KILL, "the document has no gridfs_id");
	if (!size_of(o, &size))
		return msp_error_set(err, MSP_KILL, "the document says %" PRIu64 " samples", o->npts);
	rc = msp_store_get(r->store, bson_iter_value(&it), &g, &length, err);
	if (rc == MSP_OK && length != size)
		rc = msp_error_set(err, MSP_KILL, "npts %" PRIu64 " are %" PRIu64 " bytes, the GridFS file has %" PRIu64, o->npts, size,
		                   length);
	if (rc == MSP_OK)
		rc = make_room(o, size, err);
	if (rc == MSP_OK)
		rc = get_all(r, g, o, err);
	if (rc == MSP_OK && wf_string(&r->head.msp, "type")) /* the hash is of samples of that type */
		snprintf(r->head.sum, sizeof(r->head.sum), "%s", msp_get_sum(g));
	msp_get_free(g);
	if (rc != MSP_OK)
		return drop(o, whose_fault(r, bson_iter_value(&it), rc, err));
	to_host(o);
	return MSP_OK;
}

/* ---- binary files ------------------------------------------------------ */

static int read_at(struct msp_wfread *r, const struct wf_file *f, uint64_t offset, void *out, size_t n, struct msp_error *err)
{
	uint8_t *to = out;

	while (n > 0) {
		ssize_t got = pread(f->fd, to, n < PIECE ? n : PIECE, (off_t)offset);

		if (got < 0 && errno != EINTR)
			return msp_error_errno(err, MSP_KILL, "%s", f->path);
		if (got == 0)
			return msp_error_set(err, MSP_KILL, "%s: it became shorter while it was read", f->path);
		if (interrupted(r))
			return msp_error_set(err, MSP_INTERRUPTED, "interrupted");
		if (got > 0) {
			to += got;
			offset += (uint64_t)got;
			n -= (size_t)got;
		}
	}
	return MSP_OK;
}

/* Sample after sample, as it lies in MsPASS's memory, to component after component. */
static int separate(struct msp_wfread *r, struct msp_object *o, struct msp_error *err)
{
	uint64_t n = o->npts;
	const double *from;
	double *to;

	if (msp_bytes_set(&r->scrap, o->samples.data, o->samples.len) != MSP_OK)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	from = (const double *)(const void *)r->scrap.data;
	to = (double *)(void *)o->samples.data;
	for (uint64_t i = 0; i < n; i++)
		for (uint64_t c = 0; c < 3; c++)
			to[c * n + i] = from[3 * i + c];
	return MSP_OK;
}

int wf_binary(struct msp_wfread *r, struct msp_object *o, struct msp_error *err)
{
	const struct wf_file *f;
	uint64_t offset, size;
	int64_t said;
	int rc = wf_open(r, &f, &offset, err);

	if (rc != MSP_OK)
		return rc;
	if (!size_of(o, &size))
		return msp_error_set(err, MSP_KILL, "the document says %" PRIu64 " samples", o->npts);
	if (offset > f->size || size > f->size - offset)
		return msp_error_set(err, MSP_KILL, "%s: npts %" PRIu64 " from byte %" PRIu64 " on are %" PRIu64
		                     " bytes, the file has only %" PRIu64 " in all", f->path, o->npts, offset, size, f->size);
	rc = make_room(o, size, err);
	if (rc == MSP_OK)
		rc = read_at(r, f, offset, o->samples.data, (size_t)size, err);
	if (rc != MSP_OK)
		return drop(o, rc);
	to_host(o);
	if (o->kind == MSP_SEISMOGRAM)
		rc = separate(r, o, err);
	if (rc == MSP_OK && wf_integer(&r->head.doc, "nbytes", &said) && said >= 0 && (uint64_t)said != size) {
		char text[120];

		snprintf(text, sizeof text, "nbytes %" PRId64 " of the document are not those of npts %" PRIu64, said, o->npts);
		rc = wf_note(r, o, MSP_COMPLAINT, text) == MSP_OK ? MSP_OK : msp_error_set(err, MSP_NOMEM, "out of memory");
	}
	return rc;
}

/* ---- types ------------------------------------------------------------- */

/* A NaN keeps its bits: the processor would set one of a signalling one's. */
static bool to_f32_with_nan(const double *from, float *to, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t d;
		uint32_t f;

		if (!isnan(from[i])) {
			to[i] = (float)from[i];
			if ((double)to[i] != from[i])
				return false;
			continue;
		}
		memcpy(&d, &from[i], sizeof d);
		f = (uint32_t)(d >> 63) << 31 | UINT32_C(0x7f800000) | (uint32_t)(d >> 29 & 0x7fffff);
		if ((d & 0x1fffffff) != 0 || (f & 0x7fffff) == 0)
			return false;
		memcpy(&to[i], &f, sizeof f);
	}
	return true;
}

static bool to_f32(const double *from, float *to, size_t n)
{
	uint32_t bad = 0, odd = 0;

	for (size_t i = 0; i < n; i++) {
		float f = (float)from[i];

		odd |= f != f;
		bad |= (double)f != from[i];
		to[i] = f;
	}
	return odd ? to_f32_with_nan(from, to, n) : bad == 0;
}

/* Exact where the integer's double has the same bits: not for -0, not for NaN. */
static bool to_i32(const double *from, int32_t *to, size_t n)
{
	uint64_t bad = 0;

	for (size_t i = 0; i < n; i++) {
		double x = from[i], back;
		uint64_t a, b;
		int32_t v = (int32_t)(x >= INT32_MIN && x <= INT32_MAX ? x : 0);

		back = v;
		memcpy(&a, &x, sizeof a);
		memcpy(&b, &back, sizeof b);
		bad |= a ^ b;
		to[i] = v;
	}
	return bad == 0;
}

int wf_convert(struct msp_wfread *r, struct msp_object *o, int type)
{
	size_t n = o->samples.len / 8;
	const double *from = (const double *)(const void *)o->samples.data;
	struct msp_bytes made;
	bool good;

	if (type != MSP_F32 && type != MSP_I32)
		return 1;
	if (n > 0) {
		if (msp_bytes_reserve(&r->scrap, 4 * n) != MSP_OK)
			return MSP_NOMEM;
		made = r->scrap;
		good = type == MSP_F32 ? to_f32(from, (float *)(void *)made.data, n) : to_i32(from, (int32_t *)(void *)made.data, n);
		if (!good)
			return 0;
		made.len = 4 * n;
		r->scrap = o->samples; /* they change places */
		o->samples = made;
	}
	o->type = (uint8_t)type;
	o->width = 4;
	return 1;
}
