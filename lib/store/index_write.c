/* Putting an index into a store, many files at a time.
 *
 * The order is what makes it safe to be killed: first the files are marked as begun, then their documents are written, then those of
 * older versions of the files go, and at last the files are marked as complete. */
#include "store/index.h"

#include "mspipe/documents.h"

#include <stdlib.h>
#include <string.h>

#define BYTES (4u << 20) /* of documents at once */

/* A file whose documents are being gathered. */
struct gathered {
	const struct index_file *file;
	bool marked, ended;
	size_t from, ids; /* known files: their documents' _id, in the writer's array */
	struct index_result result;
};

struct index_writer {
	struct msp_store *store;
	const char *tag;
	struct msp_index_counts *counts;
	struct msp_bytes docs; /* of all gathered files, one behind the other */
	size_t n;              /* documents in docs */
	struct gathered file[MSP_STORE_BATCH];
	size_t files;
	bson_oid_t *id;        /* of known files' documents: who is not among them is of an older version */
	size_t ids, room;
	struct msp_bytes made; /* a document */
};

int index_writer_new(struct msp_store *s, const char *tag, struct msp_index_counts *counts, struct index_writer **out, struct msp_error *err)
{
	struct index_writer *w = calloc(1, sizeof(*w));

	*out = w;
	if (!w)
		return index_memory(err);
	w->store = s;
	w->tag = tag;
	w->counts = counts;
	return MSP_OK;
}

static void forget_files(struct index_writer *w)
{
	for (size_t i = 0; i < w->files; i++)
		msp_bytes_free(&w->file[i].result.log);
	w->files = 0;
}

void index_writer_free(struct index_writer *w)
{
	if (!w)
		return;
	forget_files(w);
	msp_bytes_free(&w->docs);
	msp_bytes_free(&w->made);
	free(w->id);
	free(w);
}

/* The document at *at, which moves behind it. False: there is none. */
static bool next_document(const struct msp_bytes *docs, size_t *at, bson_t *doc)
{
	uint32_t n;

	if (docs->len - *at < sizeof(n))
		return false;
	memcpy(&n, docs->data + *at, sizeof(n));
	n = BSON_UINT32_FROM_LE(n);
	if (n > docs->len - *at || !bson_init_static(doc, docs->data + *at, n))
		return false;
	*at += n;
	return true;
}

static int not_documents(struct msp_error *err)
{
	return msp_error_set(err, MSP_FAIL, "what was read of a file is no document");
}

/* ---- one batch after the other ----------------------------------------- */

/* Puts the document for each file that has one into a collection. */
typedef int make_fn(struct index_writer *w, struct gathered *g, bool *is);

static int put_made(struct index_writer *w, const char *collection, make_fn *make, struct msp_error *err)
{
	struct msp_load *load;
	int r = msp_load_new(w->store, collection, &load, err);

	for (size_t i = 0; i < w->files && r == MSP_OK; i++) {
		bool is = false;
		bson_t doc;

		if (make(w, &w->file[i], &is) != MSP_OK)
			r = index_memory(err);
		else if (is && !bson_init_static(&doc, w->made.data, w->made.len))
			r = index_memory(err);
		else if (is)
			r = msp_load_add(load, &doc, err);
	}
	if (r == MSP_OK)
		return msp_load_end(load, NULL, err);
	msp_load_abort(load);
	return r;
}

static int mark_begun(struct index_writer *w, struct gathered *g, bool *is)
{
	*is = !g->marked;
	g->marked = true;
	return *is ? index_entry(g->file, NULL, w->tag, &w->made) : MSP_OK;
}

static int mark_ended(struct index_writer *w, struct gathered *g, bool *is)
{
	*is = g->ended;
	return *is ? index_entry(g->file, &g->result, w->tag, &w->made) : MSP_OK;
}

static int trouble(struct index_writer *w, struct gathered *g, bool *is)
{
	*is = g->ended && g->result.troubles > 0;
	return *is ? index_abortion(g->file, &g->result, w->tag, &w->made) : MSP_OK;
}

static int put_documents(struct index_writer *w, struct msp_error *err)
{
	struct msp_load *load;
	int r = msp_load_new(w->store, MSP_INDEX_COLLECTION, &load, err);

	for (size_t at = 0; at < w->docs.len && r == MSP_OK;) {
		bson_t doc;

		r = next_document(&w->docs, &at, &doc) ? msp_load_add(load, &doc, err) : not_documents(err);
	}
	w->docs.len = 0;
	w->counts->documents += w->n;
	w->n = 0;
	if (r == MSP_OK)
		return msp_load_end(load, NULL, err);
	msp_load_abort(load);
	return r;
}

/* ---- removing ---------------------------------------------------------- */

int index_remove_ids(struct msp_store *s, const char *collection, bson_t *ids, uint64_t *removed, struct msp_error *err)
{
	bson_t filter = BSON_INITIALIZER, in;
	uint64_t n = 0;
	int r = MSP_OK;

	if (bson_empty(ids))
		return MSP_OK;
	if (bson_append_document_begin(&filter, "_id", 3, &in) && bson_append_array(&in, "$in", 3, ids) && bson_append_document_end(&filter, &in))
		r = msp_store_delete(s, collection, &filter, &n, err);
	else
		r = index_memory(err);
	bson_destroy(&filter);
	bson_reinit(ids);
	if (removed)
		*removed += n;
	return r;
}

static int add_id(bson_t *ids, const bson_oid_t *id)
{
	char key[16];
	const char *text;
	size_t len = bson_uint32_to_string(bson_count_keys(ids), &text, key, sizeof(key));

	return bson_append_oid(ids, text, (int)len, id) ? MSP_OK : MSP_NOMEM;
}

/* Documents that were made here have msp.run, and the tag. */
static bool is_ours(const bson_t *doc, const char *tag)
{
	bson_iter_t it, own;
	const char *has = bson_iter_init_find(&it, doc, "data_tag") && BSON_ITER_HOLDS_UTF8(&it) ? bson_iter_utf8(&it, NULL) : NULL;

	if (tag ? !has || strcmp(has, tag) != 0 : has != NULL)
		return false;
	return bson_iter_init(&it, doc) && bson_iter_find_descendant(&it, "msp.run", &own);
}

int index_remove(struct msp_store *s, const char *tag, const char *dir, const char *name, const bson_oid_t *keep, size_t n, uint64_t *removed,
                 struct msp_error *err)
{
	bson_t filter = BSON_INITIALIZER, keys = BSON_INITIALIZER, ids = BSON_INITIALIZER;
	struct msp_find find = {.filter = &filter, .projection = &keys};
	struct msp_cursor *c = NULL;
	const bson_t *doc;
	bool more = true;
	int r = MSP_OK;

	if (!bson_append_utf8(&filter, "dir", 3, dir, -1) || !bson_append_utf8(&filter, "dfile", 5, name, -1) ||
	    !bson_append_int32(&keys, "data_tag", 8, 1) || !bson_append_int32(&keys, "msp", 3, 1))
		r = index_memory(err);
	/* what is found is removed before more is looked for: a cursor need not stand a change of what it goes through */
	for (more = r == MSP_OK; more && r == MSP_OK;) {
		uint32_t found = 0;

		more = false;
		r = msp_store_find(s, MSP_INDEX_COLLECTION, &find, &c, err);
		while (r == MSP_OK && found < MSP_STORE_BATCH && (r = msp_cursor_next(c, &doc, err)) == 1) {
			bson_iter_t id;

			r = MSP_OK;
			if (!is_ours(doc, tag) || !bson_iter_init_find(&id, doc, "_id") || !BSON_ITER_HOLDS_OID(&id) ||
			    (n > 0 && bsearch(bson_iter_oid(&id), keep, n, sizeof(*keep), index_oid_compare)))
				continue;
			r = add_id(&ids, bson_iter_oid(&id)) == MSP_OK ? MSP_OK : index_memory(err);
			found++;
		}
		msp_cursor_free(c);
		c = NULL;
		more = r == MSP_OK && found == MSP_STORE_BATCH;
		if (r >= 0)
			r = index_remove_ids(s, MSP_INDEX_COLLECTION, &ids, removed, err);
	}
	bson_destroy(&filter);
	bson_destroy(&keys);
	bson_destroy(&ids);
	return r;
}

/* What older versions of the gathered files left. Only a file that was known before can have left something. */
static int remove_old(struct index_writer *w, struct msp_error *err)
{
	bson_t ids = BSON_INITIALIZER;
	int r = MSP_OK;

	for (size_t i = 0; i < w->files && r == MSP_OK; i++) {
		const struct gathered *g = &w->file[i];

		if (!g->ended || !g->file->known)
			continue;
		if (g->result.troubles == 0 && add_id(&ids, &g->file->id) != MSP_OK)
			r = index_memory(err);
		if (r == MSP_OK && g->result.opened) /* else its documents may be right, and are kept */
			r = index_remove(w->store, w->tag, g->file->dir, g->file->name, w->id + g->from, g->ids, &w->counts->removed, err);
	}
	if (r == MSP_OK)
		r = index_remove_ids(w->store, MSP_INDEX_TROUBLES, &ids, NULL, err);
	bson_destroy(&ids);
	return r;
}

static int flush(struct index_writer *w, struct msp_error *err)
{
	struct gathered *last = w->files > 0 ? &w->file[w->files - 1] : NULL;
	int r;

	if (!last)
		return MSP_OK;
	r = put_made(w, MSP_INDEX_FILES, mark_begun, err);
	if (r == MSP_OK)
		r = put_documents(w, err);
	if (r == MSP_OK)
		r = remove_old(w, err);
	if (r == MSP_OK)
		r = put_made(w, MSP_INDEX_TROUBLES, trouble, err);
	if (r == MSP_OK)
		r = put_made(w, MSP_INDEX_FILES, mark_ended, err);
	if (r != MSP_OK || last->ended) {
		forget_files(w);
		w->ids = 0;
	} else { /* the last file goes on */
		struct gathered open = *last;

		w->files--;
		forget_files(w);
		if (open.ids > 0)
			memmove(w->id, w->id + open.from, open.ids * sizeof(*w->id));
		open.from = 0;
		w->ids = open.ids;
		w->file[0] = open;
		w->files = 1;
	}
	return r;
}

/* ---- what comes -------------------------------------------------------- */

static int remember_id(struct index_writer *w, struct gathered *g, const bson_oid_t *id)
{
	if (w->ids == w->room) {
		size_t room = w->room > 0 ? 2 * w->room : 256;
		bson_oid_t *more = realloc(w->id, room * sizeof(*more));

		if (!more)
			return MSP_NOMEM;
		w->id = more;
		w->room = room;
	}
	w->id[w->ids++] = *id;
	g->ids++;
	return MSP_OK;
}

/* Counts the documents of a chunk, and remembers which they are. */
static int take_documents(struct index_writer *w, struct gathered *g, const struct msp_bytes *docs, struct msp_error *err)
{
	for (size_t at = 0; at < docs->len;) {
		bson_iter_t it;
		bson_t doc;

		if (!next_document(docs, &at, &doc))
			return not_documents(err);
		w->n++;
		if (!g->file->known)
			continue;
		if (!bson_iter_init_find(&it, &doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
			return not_documents(err);
		if (remember_id(w, g, bson_iter_oid(&it)) != MSP_OK)
			return index_memory(err);
	}
	return msp_bytes_append(&w->docs, docs->data, docs->len) == MSP_OK ? MSP_OK : index_memory(err);
}

int index_writer_put(struct index_writer *w, const struct index_file *f, const struct index_chunk *c, struct msp_error *err)
{
	struct gathered *g;
	int r = MSP_OK;

	if (c->first) {
		r = w->files == MSP_STORE_BATCH ? flush(w, err) : MSP_OK;
		if (r != MSP_OK)
			return r;
		w->file[w->files++] = (struct gathered){.file = f, .from = w->ids};
	}
	g = &w->file[w->files - 1];
	r = take_documents(w, g, &c->docs, err);
	if (r == MSP_OK && c->last) {
		g->ended = true;
		g->result = *c->result;
		memset(&c->result->log, 0, sizeof(c->result->log)); /* taken */
		if (g->ids > 0)
			qsort(w->id + g->from, g->ids, sizeof(*w->id), index_oid_compare);
	}
	if (r == MSP_OK && (w->docs.len >= BYTES || w->n >= MSP_STORE_BATCH))
		r = flush(w, err);
	return r;
}

int index_writer_end(struct index_writer *w, struct msp_error *err)
{
	return flush(w, err);
}
