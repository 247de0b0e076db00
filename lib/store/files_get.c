/* Files in a store, read: GridFS, whoever wrote it. What is missing, doubled or of a wrong size is found. */
#include "store/backend.h"
#include "store/gridfs.h"
#include "store/order.h"

#include <stdlib.h>
#include <string.h>

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

struct msp_get {
	struct msp_store *store;
	struct msp_cursor *chunks;
	uint64_t length, read; /* of the file; of it handed out or waiting */
	int64_t size;          /* of a chunk */
	int64_t n;             /* the next chunk */
	const uint8_t *data;   /* waiting: borrowed from the cursor's document */
	size_t left;
	char sum[MSP_ID_TEXT];
};

static int broken(const struct msp_get *g, struct msp_error *err, const char *what)
{
	return msp_error_set(err, MSP_CORRUPT, "%s: fs.chunks: chunk %lld %s", msp_store_name(g->store), (long long)g->n, what);
}

static int read_file_document(struct msp_get *g, const bson_value_t *id, struct msp_error *err)
{
	struct msp_find f = {.limit = 1};
	struct msp_cursor *c = NULL;
	const bson_t *doc;
	bson_iter_t length, size, sum;
	bson_t filter;
	int r = msp_gridfs_filter(&filter, "_id", id) ? MSP_OK : memory(err);

	f.filter = &filter;
	if (r == MSP_OK)
		r = msp_store_find(g->store, MSP_GRIDFS_FILES, &f, &c, err);
	if (r == MSP_OK) {
		r = msp_cursor_next(c, &doc, err);
		if (r == 0)
			r = msp_error_set(err, MSP_FAIL, "%s: there is no file with this id", msp_store_name(g->store));
	}
	if (r == 1) {
		r = MSP_OK;
		if (!bson_iter_init_find(&length, doc, "length") || !bson_iter_init_find(&size, doc, "chunkSize") ||
		    msp_rank(&length) != MSP_R_NUMBER || msp_rank(&size) != MSP_R_NUMBER || bson_iter_as_int64(&length) < 0 ||
		    bson_iter_as_int64(&size) < 1)
			r = msp_error_set(err, MSP_CORRUPT, "%s: fs.files: a document without length and chunkSize", msp_store_name(g->store));
		else
			g->length = (uint64_t)bson_iter_as_int64(&length), g->size = bson_iter_as_int64(&size);
		if (bson_iter_init_find(&sum, doc, "msp_sum") && BSON_ITER_HOLDS_UTF8(&sum) && strlen(bson_iter_utf8(&sum, NULL)) < sizeof(g->sum))
			memcpy(g->sum, bson_iter_utf8(&sum, NULL), strlen(bson_iter_utf8(&sum, NULL)) + 1);
	}
	msp_cursor_free(c);
	bson_destroy(&filter);
	return r;
}

int msp_store_get(struct msp_store *s, const bson_value_t *id, struct msp_get **out, uint64_t *length, struct msp_error *err)
{
	struct msp_get *g = calloc(1, sizeof(*g));
	bson_t filter, *order;
	struct msp_find f = {.filter = &filter, .batch = MSP_GRIDFS_TOGETHER};
	int r;

	*out = NULL;
	if (!g)
		return memory(err);
	g->store = s;
	r = read_file_document(g, id, err);
	if (r == MSP_OK) {
		order = BCON_NEW("n", BCON_INT32(1));
		f.sort = order;
		r = msp_gridfs_filter(&filter, "files_id", id) ? msp_store_find(s, MSP_GRIDFS_CHUNKS, &f, &g->chunks, err) : memory(err);
		bson_destroy(&filter);
		bson_destroy(order);
	}
	if (r != MSP_OK) {
		msp_get_free(g);
		return r;
	}
	if (length)
		*length = g->length;
	*out = g;
	return MSP_OK;
}

static int next_chunk(struct msp_get *g, struct msp_error *err)
{
	const bson_t *doc;
	bson_iter_t n, data;
	bson_subtype_t sub;
	uint32_t len;
	uint64_t want = g->length - g->read;
	int r = msp_cursor_next(g->chunks, &doc, err);

	if (r <= 0)
		return r < 0 ? r : broken(g, err, "is missing");
	if (!bson_iter_init_find(&n, doc, "n") || msp_rank(&n) != MSP_R_NUMBER || !bson_iter_init_find(&data, doc, "data") ||
	    bson_iter_type(&data) != BSON_TYPE_BINARY)
		return broken(g, err, "is none");
	if (bson_iter_as_int64(&n) != g->n)
		return broken(g, err, bson_iter_as_int64(&n) < g->n ? "is there twice" : "is missing");
	bson_iter_binary(&data, &sub, &len, &g->data);
	want = want > (uint64_t)g->size ? (uint64_t)g->size : want;
	if (len != want)
		return broken(g, err, "has a wrong size");
	g->left = len;
	g->read += len;
	g->n++;
	return MSP_OK;
}

int msp_get_read(struct msp_get *g, void *buf, size_t n, size_t *got, struct msp_error *err)
{
	uint8_t *to = buf;

	*got = 0;
	while (n) {
		size_t k;

		if (g->left == 0) {
			int r;

			if (g->read == g->length)
				return MSP_OK;
			r = next_chunk(g, err);
			if (r != MSP_OK)
				return r;
		}
		k = n < g->left ? n : g->left;
		memcpy(to, g->data, k);
		to += k;
		n -= k;
		*got += k;
		g->data += k;
		g->left -= k;
	}
	return MSP_OK;
}

const char *msp_get_sum(const struct msp_get *g)
{
	return g->sum;
}

void msp_get_free(struct msp_get *g)
{
	if (!g)
		return;
	msp_cursor_free(g->chunks);
	free(g);
}
