/* Samples into GridFS, many objects a round trip: chunks and file documents as lib/store/files_put.c makes them, built without a copy in between.
 *
 * * A file is there already if its document has the length and the hash (msp_sum) of these samples; then nothing is written. */
#include "store/wfsave.h"

#include "store/gridfs.h"
#include "store/order.h"
#include "store/room.h"

#include "core/endian.h"

#include <limits.h>
#include <string.h>
#include <sys/time.h>

#define CHUNK_SAMPLES (MSP_STORE_CHUNK / sizeof(double))
#define CHUNK_HEAD 61 /* bytes of a chunk's document before the data */

void msp_batch_free(struct msp_wf_batch *b)
{
	for (size_t i = 0; i < b->n; i++)
		bson_destroy(b->waiting[i].doc);
	b->n = b->chunks = 0;
	free(b->chunk);
	b->chunk = NULL;
	b->chunk_room = 0;
	msp_bytes_free(&b->data);
}

static void empty(struct msp_wf_batch *b)
{
	b->n = b->chunks = 0;
	b->data.len = 0;
}

/* ---- chunks ------------------------------------------------------------ */

static uint8_t *element(uint8_t *p, uint8_t type, const char *key, size_t size)
{
	*p++ = type;
	memcpy(p, key, size);
	return p + size;
}

/* {_id: ObjectId, files_id: ObjectId, n: int32, data: binary}: the bytes before the data. */
static uint8_t *chunk_head(uint8_t *p, const bson_oid_t *id, const bson_oid_t *file, uint32_t n, uint32_t len)
{
	msp_put_u32(p, CHUNK_HEAD + len + 1);
	p = element(p + 4, BSON_TYPE_OID, "_id", sizeof("_id"));
	memcpy(p, id->bytes, 12);
	p = element(p + 12, BSON_TYPE_OID, "files_id", sizeof("files_id"));
	memcpy(p, file->bytes, 12);
	p = element(p + 12, BSON_TYPE_INT32, "n", sizeof("n"));
	msp_put_u32(p, n);
	p = element(p + 4, BSON_TYPE_BINARY, "data", sizeof("data"));
	msp_put_u32(p, len);
	p[4] = BSON_SUBTYPE_BINARY;
	return p + 5;
}

static int note_chunk(struct msp_wf_batch *b, struct msp_error *err)
{
	size_t *grown;

	if (b->chunks == b->chunk_room) {
		grown = realloc(b->chunk, (2 * b->chunk_room + 64) * sizeof(*grown));
		if (!grown)
			return msp_wf_nomem(err);
		b->chunk = grown;
		b->chunk_room = 2 * b->chunk_room + 64;
	}
	b->chunk[b->chunks++] = b->data.len;
	return MSP_OK;
}

static int file_key(const bson_oid_t *file, struct msp_bytes *key, struct msp_error *err)
{
	bson_t box = BSON_INITIALIZER;
	bson_iter_t it;
	bool ok = BSON_APPEND_OID(&box, "_id", file) && bson_iter_init_find(&it, &box, "_id") && msp_order_key(&it, key) == MSP_OK;

	bson_destroy(&box);
	return ok ? MSP_OK : msp_wf_nomem(err);
}

/* Chunks from number n on, count of them, to the end of the batch's data. */
static int add_chunks(struct msp_wf_batch *b, const struct msp_object *o, const bson_oid_t *file, uint32_t n, uint32_t count,
                      struct msp_error *err)
{
	uint64_t all = o->npts * o->ncomp;
	struct msp_bytes key = {0};
	int r = file_key(file, &key, err);

	for (uint32_t i = n; r == MSP_OK && i < n + count; i++) {
		uint64_t first = (uint64_t)i * CHUNK_SAMPLES;
		size_t k = all - first < CHUNK_SAMPLES ? (size_t)(all - first) : CHUNK_SAMPLES, size = CHUNK_HEAD + k * sizeof(double) + 1;
		bson_oid_t id;
		uint8_t *p;

		r = msp_gridfs_chunk_id(&key, i, &id) == MSP_OK ? note_chunk(b, err) : msp_wf_nomem(err);
		/* room for as much as a batch takes: growing would copy it all */
		if (r == MSP_OK && b->data.cap < b->data.len + size &&
		    msp_bytes_reserve(&b->data, b->data.len + size + MSP_WF_BATCH_BYTES) != MSP_OK)
			r = msp_wf_nomem(err);
		if (r != MSP_OK)
			break;
		p = chunk_head(b->data.data + b->data.len, &id, file, i, (uint32_t)(k * sizeof(double)));
		msp_wf_samples(o, false, first, k, p);
		p[k * sizeof(double)] = 0;
		b->data.len += size;
	}
	msp_bytes_free(&key);
	return r;
}

struct boxed {
	bson_t doc;
};

/* Chunks from, up to but not to, of the batch. */
static int send_chunks(struct msp_save *v, size_t from, size_t to, struct msp_error *err)
{
	struct msp_wf_batch *b = &v->batch;
	struct boxed *box = msp_room((to - from + 1) * sizeof(*box));
	const bson_t **doc = calloc(to - from + 1, sizeof(*doc));
	int r = box && doc ? MSP_OK : msp_wf_nomem(err);

	for (size_t i = from; r == MSP_OK && i < to; i++) {
		size_t end = i + 1 < b->chunks ? b->chunk[i + 1] : b->data.len;

		doc[i - from] = &box[i - from].doc;
		if (!bson_init_static(&box[i - from].doc, b->data.data + b->chunk[i], end - b->chunk[i]))
			r = msp_wf_nomem(err);
	}
	if (r == MSP_OK && to > from)
		r = msp_store_upsert(v->store, MSP_GRIDFS_CHUNKS, doc, to - from, NULL, err);
	free(box);
	free(doc);
	return r;
}

/* ---- files ------------------------------------------------------------- */

static bool file_document(const struct msp_save *v, const struct msp_wf_waiting *w, bson_t *doc)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	bson_init(doc);
	return BSON_APPEND_OID(doc, "_id", &w->file) && BSON_APPEND_INT32(doc, "chunkSize", MSP_STORE_CHUNK) &&
	       BSON_APPEND_INT64(doc, "length", (int64_t)w->bytes) && BSON_APPEND_TIMEVAL(doc, "uploadDate", &now) &&
	       BSON_APPEND_OID(doc, "msp_save", &v->hold.id) && (!w->sum[0] || BSON_APPEND_UTF8(doc, "msp_sum", w->sum));
}

static int send_files(struct msp_save *v, struct msp_error *err)
{
	struct boxed *box = msp_room((v->batch.n + 1) * sizeof(*box));
	const bson_t **doc = calloc(v->batch.n + 1, sizeof(*doc));
	int r = box && doc ? msp_hold_sure(&v->hold, err) : msp_wf_nomem(err);
	size_t n = 0;

	for (size_t i = 0; r == MSP_OK && i < v->batch.n; i++) {
		if (v->batch.waiting[i].there)
			continue;
		doc[n] = &box[n].doc;
		r = file_document(v, &v->batch.waiting[i], &box[n++].doc) ? MSP_OK : msp_wf_nomem(err);
	}
	if (r == MSP_OK && n > 0)
		r = msp_store_upsert(v->store, MSP_GRIDFS_FILES, doc, n, NULL, err);
	for (size_t i = 0; box && i < n; i++)
		bson_destroy(&box[i].doc);
	free(box);
	free(doc);
	return r;
}

static int take_found(struct msp_save *v, const bson_t *found, struct msp_error *err)
{
	bson_iter_t it, length, sum;
	bson_value_t id;

	if (!bson_iter_init_find(&it, found, "_id") || !BSON_ITER_HOLDS_OID(&it))
		return MSP_OK;
	for (size_t i = 0; i < v->batch.n; i++) {
		struct msp_wf_waiting *w = &v->batch.waiting[i];

		if (w->there || !bson_oid_equal(bson_iter_oid(&it), &w->file))
			continue;
		w->there = w->sum[0] && bson_iter_init_find(&length, found, "length") && BSON_ITER_HOLDS_NUMBER(&length) &&
		           (uint64_t)bson_iter_as_int64(&length) == w->bytes && bson_iter_init_find(&sum, found, "msp_sum") &&
		           BSON_ITER_HOLDS_UTF8(&sum) && strcmp(bson_iter_utf8(&sum, NULL), w->sum) == 0;
		if (!w->there) { /* other samples under this id: perhaps more chunks than will be written */
			id.value_type = BSON_TYPE_OID;
			bson_oid_copy(&w->file, &id.value.v_oid);
			return msp_store_unput(v->store, &id, err);
		}
	}
	return MSP_OK;
}

/* Which of the batch's files are there. */
static int look_up(struct msp_save *v, struct msp_error *err)
{
	bson_t filter = BSON_INITIALIZER, in, list, *found[MSP_WF_BATCH];
	struct msp_find f = {.filter = &filter};
	struct msp_cursor *c = NULL;
	const bson_t *doc;
	char buf[16];
	const char *index;
	size_t n = 0;
	int r;

	BSON_APPEND_DOCUMENT_BEGIN(&filter, "_id", &in);
	BSON_APPEND_ARRAY_BEGIN(&in, "$in", &list);
	for (size_t i = 0; i < v->batch.n; i++) {
		size_t k = bson_uint32_to_string((uint32_t)i, &index, buf, sizeof(buf));

		bson_append_oid(&list, index, (int)k, &v->batch.waiting[i].file);
	}
	bson_append_array_end(&in, &list);
	bson_append_document_end(&filter, &in);
	r = msp_store_find(v->store, MSP_GRIDFS_FILES, &f, &c, err);
	while (r == MSP_OK && n < MSP_WF_BATCH && (r = msp_cursor_next(c, &doc, err)) == 1) {
		found[n++] = bson_copy(doc);
		r = MSP_OK;
	}
	msp_cursor_free(c);
	bson_destroy(&filter);
	r = r < 0 ? r : MSP_OK;
	for (size_t i = 0; i < n; i++) {
		if (r == MSP_OK)
			r = take_found(v, found[i], err);
		bson_destroy(found[i]);
	}
	return r;
}

/* The _ids of what will be put, in the save's document. */
static int announce(struct msp_save *v, struct msp_error *err)
{
	bson_oid_t ids[MSP_WF_BATCH];
	size_t n = 0;

	for (size_t i = 0; i < v->batch.n; i++)
		if (!v->batch.waiting[i].there)
			ids[n++] = v->batch.waiting[i].file;
	return n > 0 ? msp_saves_putting(&v->hold, ids, n, false, err) : MSP_OK;
}

/* The documents of the batch may wait for the end now. */
static int spool(struct msp_save *v, struct msp_error *err)
{
	int r = MSP_OK;

	for (size_t i = 0; r == MSP_OK && i < v->batch.n; i++) {
		v->saved.there += v->batch.waiting[i].there;
		r = msp_wait_add(&v->last, v->batch.waiting[i].where, v->batch.waiting[i].doc, err);
	}
	for (size_t i = 0; i < v->batch.n; i++)
		bson_destroy(v->batch.waiting[i].doc);
	empty(&v->batch);
	return r;
}

int msp_put_batch(struct msp_save *v, struct msp_error *err)
{
	struct msp_wf_batch *b = &v->batch;
	int r = b->n > 0 ? look_up(v, err) : MSP_OK;

	if (r == MSP_OK && b->n > 0)
		r = announce(v, err);
	for (size_t i = 0, next; r == MSP_OK && i < b->n; i = next) { /* runs of those that are not there */
		size_t from = b->waiting[i].first;

		for (next = i; next < b->n && !b->waiting[next].there; next++)
			;
		if (next > i)
			r = send_chunks(v, from, b->waiting[next - 1].first + b->waiting[next - 1].chunks, err);
		else
			next++;
	}
	if (r == MSP_OK)
		r = send_files(v, err);
	return r == MSP_OK ? spool(v, err) : r;
}

/* An object larger than a batch, which the batch has alone: its chunks go as they are made. */
static int put_large(struct msp_save *v, const struct msp_object *o, uint64_t chunks, struct msp_error *err)
{
	struct msp_wf_batch *b = &v->batch;
	const uint32_t together = (uint32_t)(MSP_WF_BATCH_BYTES / MSP_STORE_CHUNK);
	int r = look_up(v, err);

	if (r == MSP_OK)
		r = announce(v, err);
	for (uint64_t n = 0; r == MSP_OK && !b->waiting[0].there && n < chunks; n += together) {
		b->chunks = 0;
		b->data.len = 0;
		r = add_chunks(b, o, &b->waiting[0].file, (uint32_t)n, chunks - n < together ? (uint32_t)(chunks - n) : together, err);
		if (r == MSP_OK)
			r = send_chunks(v, 0, b->chunks, err);
		if (r == MSP_OK)
			r = msp_hold_beat(&v->hold, err);
		if (r == MSP_OK && v->options.poll && v->options.poll(v->options.context))
			r = msp_error_set(err, MSP_INTERRUPTED, "interrupted");
	}
	if (r == MSP_OK)
		r = send_files(v, err);
	return r == MSP_OK ? spool(v, err) : r;
}

int msp_put_object(struct msp_save *v, const struct msp_object *o, uint8_t where, bson_t *doc, struct msp_error *err)
{
	struct msp_wf_batch *b = &v->batch;
	uint64_t samples = o->npts * o->ncomp, chunks = (samples + CHUNK_SAMPLES - 1) / CHUNK_SAMPLES;
	struct msp_wf_waiting *w;
	bool large = samples * sizeof(double) > MSP_WF_BATCH_BYTES;
	int r = MSP_OK;

	if (chunks > INT32_MAX) {
		bson_destroy(doc);
		return msp_error_set(err, MSP_FAIL, "%s: an object too large for GridFS", msp_store_name(v->store));
	}
	if (b->n == MSP_WF_BATCH || (b->n > 0 && (large || b->data.len + samples * sizeof(double) > MSP_WF_BATCH_BYTES)))
		r = msp_put_batch(v, err);
	if (r != MSP_OK) {
		bson_destroy(doc);
		return r;
	}
	w = &b->waiting[b->n++];
	memset(w, 0, sizeof(*w));
	w->doc = doc;
	w->where = where;
	w->bytes = samples * sizeof(double);
	w->first = b->chunks;
	w->chunks = (size_t)chunks;
	msp_wf_oid("fs.files", o->id, msp_save_place(v, where), v->options.tag, &w->file);
	(void)msp_wf_sum(o, w->sum);
	if (!BSON_APPEND_UTF8(doc, "storage_mode", "gridfs") || !BSON_APPEND_OID(doc, "gridfs_id", &w->file))
		return msp_wf_nomem(err);
	return large ? put_large(v, o, chunks, err) : add_chunks(b, o, &w->file, 0, (uint32_t)chunks, err);
}
