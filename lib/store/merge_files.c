/* Several stores made into one: files in GridFS, chunks first. */
#include "store/merge.h"

#include "mspipe/documents.h"
#include "store/backend.h"
#include "store/tally.h"

#include <stdlib.h>
#include <string.h>

#define FILES "fs.files"
#define CHUNKS "fs.chunks"
#define PUTTING 64             /* files put together ... */
#define PUTTING_BYTES 16000000 /* ... or as many as have this many bytes */

/* ---- comparing --------------------------------------------------------- */

static int file_id(struct msp_merge *m, const bson_t *doc, bson_value_t *out)
{
	bson_iter_t id;

	if (!bson_iter_init_find(&id, doc, "_id"))
		return msp_error_set(m->err, MSP_CORRUPT, "%s: %s: a document without _id", msp_store_name(m->from), FILES);
	bson_value_copy(bson_iter_value(&id), out);
	return MSP_OK;
}

/* A full buffer, but at the end. */
static int read_some(struct msp_merge *m, struct msp_get *g, uint8_t *buf, size_t size, size_t *got)
{
	size_t n = 0;
	int r = MSP_OK;

	for (*got = 0; r == MSP_OK && *got < size; *got += n) {
		r = msp_get_read(g, buf + *got, size - *got, &n, m->err);
		if (r == MSP_OK && n == 0)
			break;
	}
	return r;
}

static int compare(struct msp_merge *m, struct msp_get *a, struct msp_get *b, bool *equal)
{
	uint8_t *buf = malloc(2 * (size_t)MSP_STORE_CHUNK);
	size_t n = 1, k = 0;
	int r = buf ? MSP_OK : msp_merge_memory(m);

	for (*equal = true; r == MSP_OK && *equal && n > 0;) {
		r = read_some(m, a, buf, MSP_STORE_CHUNK, &n);
		if (r == MSP_OK)
			r = read_some(m, b, buf + MSP_STORE_CHUNK, MSP_STORE_CHUNK, &k);
		*equal = r == MSP_OK && n == k && memcmp(buf, buf + MSP_STORE_CHUNK, n) == 0;
		if (r == MSP_OK)
			r = msp_merge_poll(m);
	}
	free(buf);
	return r;
}

static int same_content(struct msp_merge *m, const bson_t *doc, bool *equal)
{
	struct msp_get *a = NULL, *b = NULL;
	bson_value_t id;
	int r = file_id(m, doc, &id);

	*equal = false;
	if (r != MSP_OK)
		return r;
	r = msp_store_get(m->from, &id, &a, NULL, m->err);
	if (r == MSP_OK)
		r = msp_store_get(m->to, &id, &b, NULL, m->err);
	if (r == MSP_OK)
		r = compare(m, a, b, equal);
	msp_get_free(a);
	msp_get_free(b);
	bson_value_destroy(&id);
	return r;
}

/* Do both have the same file? One that was copied is the same to the date; of one that two tasks wrote, the dates differ. */
static int same_file(struct msp_merge *m, const bson_t *doc, const bson_t *there, bool *equal)
{
	static const char *const marks[] = {"msp_save", NULL}, *const rest[] = {"msp_save", "uploadDate", "chunkSize", NULL};

	*equal = msp_merge_equal(doc, there, marks);
	if (*equal || !msp_merge_equal(doc, there, rest))
		return MSP_OK;
	*equal = bson_has_field(doc, "msp_sum"); /* of the bytes: it is one of the keys that are equal */
	return *equal ? MSP_OK : same_content(m, doc, equal);
}

/* ---- copying ----------------------------------------------------------- */

static int remove_rests(struct msp_merge *m, bson_t *const *doc, size_t n)
{
	bson_t filter;
	int r = msp_merge_filter(m, "files_id", doc, n, &filter);

	if (r == MSP_OK)
		r = msp_store_delete(m->to, CHUNKS, &filter, NULL, m->err);
	bson_destroy(&filter);
	return r;
}

static int copy_chunks(struct msp_merge *m, bson_t *const *doc, size_t n, struct msp_tally *t)
{
	bson_t filter;
	struct msp_find f = {.filter = &filter};
	struct msp_cursor *c = NULL;
	struct msp_load *load = NULL;
	const bson_t *chunk;
	int r = msp_merge_filter(m, "files_id", doc, n, &filter), more = 0;

	if (r == MSP_OK)
		r = msp_load_new(m->to, CHUNKS, &load, m->err);
	if (r == MSP_OK)
		r = msp_store_find(m->from, CHUNKS, &f, &c, m->err);
	while (r == MSP_OK && (more = msp_cursor_next(c, &chunk, m->err)) == 1) {
		r = msp_tally_chunk(t, chunk) == MSP_OK ? msp_load_add(load, chunk, m->err) : msp_merge_memory(m);
		if (r == MSP_OK)
			r = msp_merge_poll(m);
	}
	if (r == MSP_OK && more < 0)
		r = more;
	msp_cursor_free(c);
	bson_destroy(&filter);
	if (r == MSP_OK)
		return msp_load_end(load, NULL, m->err);
	msp_load_abort(load);
	return r;
}

/* The files' documents, with the mark of this merge till it is complete. */
static int put_documents(struct msp_merge *m, bson_t *const *doc, size_t n)
{
	struct msp_load *load = NULL;
	int r = msp_hold_sure(&m->hold, m->err);

	if (r == MSP_OK)
		r = msp_load_new(m->to, FILES, &load, m->err);

	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		bson_t marked = BSON_INITIALIZER;

		bson_copy_to_excluding_noinit(doc[i], &marked, "msp_save", NULL);
		r = bson_append_oid(&marked, "msp_save", 8, &m->hold.id) ? msp_load_add(load, &marked, m->err) : msp_merge_memory(m);
		bson_destroy(&marked);
	}
	if (r == MSP_OK)
		return msp_load_end(load, NULL, m->err);
	msp_load_abort(load);
	return r;
}

static int copy(struct msp_merge *m, bson_t *const *doc, size_t n)
{
	struct msp_tally t = {0};
	int r = msp_merge_putting(m, doc, n);

	for (size_t i = 0; r == MSP_OK && i < n; i++)
		r = msp_tally_add(&t, doc[i]) == MSP_OK ? MSP_OK : msp_merge_memory(m);
	if (r == MSP_OK)
		r = remove_rests(m, doc, n);
	if (r == MSP_OK)
		r = copy_chunks(m, doc, n, &t);
	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		char what[80];

		if (msp_tally_verdict(&t, i) == MSP_TALLY_WHOLE)
			continue;
		snprintf(what, sizeof(what), "is a file %s", msp_tally_text(msp_tally_verdict(&t, i)));
		r = msp_merge_fail(m, MSP_CORRUPT, FILES, doc[i], what);
	}
	if (r == MSP_OK)
		r = put_documents(m, doc, n);
	msp_tally_free(&t);
	return r;
}

/* ---- replacing --------------------------------------------------------- */

static int pour(struct msp_merge *m, struct msp_get *g, struct msp_put *p)
{
	uint8_t *buf = malloc(MSP_STORE_CHUNK);
	size_t n = 1;
	int r = buf ? MSP_OK : msp_merge_memory(m);

	while (r == MSP_OK && n > 0) {
		r = msp_get_read(g, buf, MSP_STORE_CHUNK, &n, m->err);
		if (r == MSP_OK && n > 0)
			r = msp_put_write(p, buf, n, m->err);
	}
	free(buf);
	return r;
}

static int replace(struct msp_merge *m, const bson_t *doc)
{
	struct msp_get *g = NULL;
	struct msp_put *p = NULL;
	bson_t attributes = BSON_INITIALIZER;
	bson_value_t id;
	int r = file_id(m, doc, &id);

	if (r != MSP_OK)
		return r;
	bson_copy_to_excluding_noinit(doc, &attributes, "_id", "length", "chunkSize", "uploadDate", "msp_save", NULL);
	r = msp_store_get(m->from, &id, &g, NULL, m->err);
	if (r == MSP_OK)
		r = msp_store_put(m->to, &id, &attributes, MSP_PUT_REPLACE, &p, m->err);
	if (r == MSP_OK)
		r = pour(m, g, p);
	if (r == MSP_OK)
		r = msp_put_close(p, m->err);
	else
		msp_put_abort(p);
	msp_get_free(g);
	bson_destroy(&attributes);
	bson_value_destroy(&id);
	return r;
}

/* ---- some files -------------------------------------------------------- */

static int compare_file(struct msp_merge *m, const bson_t *doc, const bson_t *there)
{
	bool equal = false;
	int r;

	if (!there) {
		m->totals->files++;
		return MSP_OK;
	}
	r = same_file(m, doc, there, &equal);
	if (r != MSP_OK)
		return r;
	if (!equal && !m->o->replace)
		return msp_merge_fail(m, MSP_FAIL, FILES, doc, "differs from the store's");
	m->totals->there += equal;
	m->totals->replaced += !equal;
	return MSP_OK;
}

static int replace_if_other(struct msp_merge *m, const bson_t *doc, const bson_t *there)
{
	bool equal = false;
	int r = same_file(m, doc, there, &equal);

	return r == MSP_OK && !equal ? replace(m, doc) : r;
}

int msp_merge_files(struct msp_merge *m, const char *collection, bson_t **doc, bson_t *const *same, size_t n)
{
	bson_t *fresh[PUTTING];
	uint64_t bytes = 0;
	size_t k = 0;
	int r = MSP_OK;

	(void)collection;
	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		if (!m->writes) {
			r = compare_file(m, doc[i], same[i]);
		} else if (same[i]) {
			r = m->o->replace ? replace_if_other(m, doc[i], same[i]) : MSP_OK;
		} else {
			bytes += msp_tally_length(doc[i]);
			fresh[k++] = doc[i];
		}
		if (r == MSP_OK && (k == PUTTING || bytes >= PUTTING_BYTES)) {
			r = copy(m, fresh, k);
			k = 0;
			bytes = 0;
		}
	}
	return r == MSP_OK && k > 0 ? copy(m, fresh, k) : r;
}
