/* Files in a store: GridFS (github.com/mongodb/specifications, gridfs), bucket "fs", made of ordinary writes, so that it is the same
 * in every back end. Chunks first, the file's document last; a chunk's _id is made from the file's and its number, so that
 * writing again after a failure writes the same. */
#include "store/backend.h"
#include "store/gridfs.h"
#include "store/order.h"
#include "store/room.h"

#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

/* Whatever the id is: it may come from a document that anybody wrote. */
bool msp_gridfs_filter(bson_t *out, const char *key, const bson_value_t *id)
{
	bson_iter_t it;
	bson_t equal;

	bson_init(out);
	if (!bson_append_value(out, key, -1, id))
		return false;
	if (bson_iter_init_find(&it, out, key) && msp_literal(&it))
		return true;
	bson_reinit(out);
	return bson_append_document_begin(out, key, -1, &equal) && bson_append_value(&equal, "$eq", 3, id) && bson_append_document_end(out, &equal);
}

static int exists(struct msp_store *s, const bson_value_t *id, bool *out, struct msp_error *err)
{
	uint64_t n = 0;
	bson_t filter;
	int r = msp_gridfs_filter(&filter, "_id", id) ? msp_store_count(s, MSP_GRIDFS_FILES, &filter, &n, err) : memory(err);

	bson_destroy(&filter);
	*out = n > 0;
	return r;
}

struct msp_put {
	struct msp_store *store;
	bson_value_t id;
	bson_t attributes;
	struct msp_bytes key;  /* of the id, for the chunks' */
	struct msp_bytes data; /* what is not yet a chunk */
	bson_t *chunk[MSP_GRIDFS_TOGETHER];
	size_t chunks;
	uint64_t length;
	uint32_t n;      /* chunks made */
	bool was_there, cleared;
};

int msp_gridfs_ready(struct msp_store *s, struct msp_error *err)
{
	bson_t *chunks, *files;
	int r;

	if (s->files_ready)
		return MSP_OK;
	chunks = BCON_NEW("files_id", BCON_INT32(1), "n", BCON_INT32(1));
	files = BCON_NEW("filename", BCON_INT32(1), "uploadDate", BCON_INT32(1));
	r = msp_store_index(s, MSP_GRIDFS_CHUNKS, chunks, MSP_INDEX_UNIQUE, err);
	if (r == MSP_OK)
		r = msp_store_index(s, MSP_GRIDFS_FILES, files, 0, err);
	s->files_ready = r == MSP_OK;
	bson_destroy(chunks);
	bson_destroy(files);
	return r;
}

static void free_put(struct msp_put *p)
{
	for (size_t i = 0; i < p->chunks; i++)
		bson_destroy(p->chunk[i]);
	bson_value_destroy(&p->id);
	bson_destroy(&p->attributes);
	msp_bytes_free(&p->key);
	msp_bytes_free(&p->data);
	free(p);
}

int msp_store_put(struct msp_store *s, const bson_value_t *id, const bson_t *attributes, unsigned flags, struct msp_put **out,
                  struct msp_error *err)
{
	struct msp_put *p = msp_room(sizeof(*p));
	bson_t box = BSON_INITIALIZER;
	bson_iter_t it;
	int r = MSP_OK;

	*out = NULL;
	if (!p)
		return memory(err);
	p->store = s;
	bson_value_copy(id, &p->id);
	if (attributes)
		bson_copy_to(attributes, &p->attributes);
	else
		bson_init(&p->attributes);
	if (!bson_append_value(&box, "_id", 3, id) || !bson_iter_init_find(&it, &box, "_id") || msp_order_key(&it, &p->key) != MSP_OK)
		r = memory(err);
	bson_destroy(&box);
	if (r == MSP_OK)
		r = msp_gridfs_ready(s, err);
	if (r == MSP_OK)
		r = exists(s, id, &p->was_there, err);
	if (r == MSP_OK && p->was_there && !(flags & MSP_PUT_REPLACE))
		r = msp_error_set(err, MSP_FAIL, "%s: a file with this id is there already", msp_store_name(s));
	if (r == MSP_OK && msp_bytes_reserve(&p->data, MSP_STORE_CHUNK) != MSP_OK)
		r = memory(err);
	if (r != MSP_OK) {
		free_put(p);
		return r;
	}
	*out = p;
	return MSP_OK;
}

int msp_gridfs_chunk_id(const struct msp_bytes *key, uint32_t number, bson_oid_t *out)
{
	struct msp_bytes text = {0};
	uint8_t n[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8), (uint8_t)number};
	struct msp_id hash;

	if (msp_bytes_append(&text, "fs.chunks", 10) || msp_bytes_append(&text, key->data, key->len) || msp_bytes_append(&text, n, 4)) {
		msp_bytes_free(&text);
		return MSP_NOMEM;
	}
	hash = msp_id_hash(text.data, text.len);
	msp_bytes_free(&text);
	memcpy(out->bytes, hash.byte, 12);
	return MSP_OK;
}

/* Chunks of this file from number n on. */
static int remove_chunks(struct msp_store *s, const bson_value_t *id, uint32_t n, struct msp_error *err)
{
	bson_t filter, from = BSON_INITIALIZER;
	int r;

	if (msp_gridfs_filter(&filter, "files_id", id) && BSON_APPEND_INT64(&from, "$gte", n) && BSON_APPEND_DOCUMENT(&filter, "n", &from))
		r = msp_store_delete(s, MSP_GRIDFS_CHUNKS, &filter, NULL, err);
	else
		r = memory(err);
	bson_destroy(&filter);
	bson_destroy(&from);
	return r;
}

static int send(struct msp_put *p, struct msp_error *err)
{
	uint64_t done = 0;
	int r;

	if (p->chunks == 0)
		return MSP_OK;
	r = msp_store_upsert(p->store, MSP_GRIDFS_CHUNKS, (const bson_t *const *)p->chunk, p->chunks, &done, err);
	if (r == MSP_FAIL && !p->cleared) {
		/* Perhaps chunks of this file that somebody else wrote, with other _id, or a rest of an upload that failed. */
		struct msp_error first = err ? *err : (struct msp_error){0};

		p->cleared = true;
		r = remove_chunks(p->store, &p->id, p->n - (uint32_t)p->chunks, err);
		if (r == MSP_OK)
			r = msp_store_upsert(p->store, MSP_GRIDFS_CHUNKS, (const bson_t *const *)p->chunk, p->chunks, &done, err);
		if (r != MSP_OK && err)
			*err = first;
	}
	for (size_t i = 0; i < p->chunks; i++)
		bson_destroy(p->chunk[i]);
	p->chunks = 0;
	return r;
}

static int make_chunk(struct msp_put *p, struct msp_error *err)
{
	bson_oid_t oid;
	bson_t *c;

	if (msp_gridfs_chunk_id(&p->key, p->n, &oid) != MSP_OK)
		return memory(err);
	if (p->n == INT32_MAX)
		return msp_error_set(err, MSP_FAIL, "%s: a file too large", msp_store_name(p->store));
	c = bson_new();
	if (!BSON_APPEND_OID(c, "_id", &oid) || !bson_append_value(c, "files_id", 8, &p->id) || !BSON_APPEND_INT32(c, "n", (int32_t)p->n) ||
	    !BSON_APPEND_BINARY(c, "data", BSON_SUBTYPE_BINARY, p->data.data, (uint32_t)p->data.len)) {
		bson_destroy(c);
		return memory(err);
	}
	p->chunk[p->chunks++] = c;
	p->n++;
	p->data.len = 0;
	return p->chunks == MSP_GRIDFS_TOGETHER ? send(p, err) : MSP_OK;
}

int msp_put_write(struct msp_put *p, const void *data, size_t n, struct msp_error *err)
{
	const uint8_t *from = data;

	p->length += n;
	while (n) {
		size_t k = MSP_STORE_CHUNK - p->data.len;
		int r;

		k = n < k ? n : k;
		if (msp_bytes_append(&p->data, from, k) != MSP_OK)
			return memory(err);
		from += k;
		n -= k;
		if (p->data.len == MSP_STORE_CHUNK) {
			r = make_chunk(p, err);
			if (r != MSP_OK)
				return r;
		}
	}
	return MSP_OK;
}

static int complete(struct msp_put *p, struct msp_error *err)
{
	struct timeval now;
	const bson_t *docs[1];
	bson_t doc = BSON_INITIALIZER;
	int r;

	gettimeofday(&now, NULL);
	if (bson_append_value(&doc, "_id", 3, &p->id) && BSON_APPEND_INT64(&doc, "length", (int64_t)p->length) &&
	    BSON_APPEND_INT32(&doc, "chunkSize", MSP_STORE_CHUNK) && BSON_APPEND_TIMEVAL(&doc, "uploadDate", &now) &&
	    bson_concat(&doc, &p->attributes)) {
		docs[0] = &doc;
		r = msp_store_upsert(p->store, MSP_GRIDFS_FILES, docs, 1, NULL, err);
	} else {
		r = memory(err);
	}
	bson_destroy(&doc);
	return r;
}

int msp_put_close(struct msp_put *p, struct msp_error *err)
{
	int r = p->data.len ? make_chunk(p, err) : MSP_OK;

	if (r == MSP_OK)
		r = send(p, err);
	if (r == MSP_OK)
		r = complete(p, err);
	if (r == MSP_OK) /* of a longer one that was there, finished or not */
		r = remove_chunks(p->store, &p->id, p->n, err);
	free_put(p);
	return r;
}

void msp_put_abort(struct msp_put *p)
{
	if (!p)
		return;
	if (!p->was_there && p->n > 0)
		(void)remove_chunks(p->store, &p->id, 0, NULL);
	free_put(p);
}

int msp_store_unput(struct msp_store *s, const bson_value_t *id, struct msp_error *err)
{
	bson_t filter;
	int r = msp_gridfs_filter(&filter, "_id", id) ? msp_store_delete(s, MSP_GRIDFS_FILES, &filter, NULL, err) : memory(err);

	bson_destroy(&filter);
	return r == MSP_OK ? remove_chunks(s, id, 0, err) : r;
}
