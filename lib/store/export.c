/* Collections as files of JSON. */
#include "mspipe/documents.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define EXPORT_BUFFER 262144

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

/* ---- exporting --------------------------------------------------------- */

struct export {
	struct msp_outfile *file;
	struct msp_bytes text;
	const struct msp_transfer *t;
	uint64_t documents;
};

static int flush(struct export *x, struct msp_error *err)
{
	int r = msp_write_all(msp_outfile_fd(x->file), x->text.data, x->text.len, msp_outfile_path(x->file), x->t->poll, x->t->context, err);

	x->text.len = 0;
	return r;
}

static int export_document(void *context, const bson_t *doc, struct msp_error *err)
{
	struct export *x = context;

	if (msp_document_json(doc, true, &x->text) != MSP_OK || msp_bytes_append(&x->text, "\n", 1) != MSP_OK)
		return memory(err);
	x->documents++;
	return x->text.len >= EXPORT_BUFFER ? flush(x, err) : MSP_OK;
}

static int export_collection(struct msp_store *s, const char *dir, const char *collection, const struct msp_transfer *t, struct msp_error *err)
{
	struct msp_choice choice = {.poll = t->poll, .poll_context = t->context};
	struct export x = {.t = t};
	struct msp_bytes path = {0};
	int r = MSP_OK;

	if (strchr(collection, '/'))
		return msp_error_set(err, MSP_FAIL, "collection %s: its name cannot be a file's", collection);
	if (msp_text_append(&path, dir) || msp_text_append(&path, "/") || msp_text_append(&path, collection) || msp_text_append(&path, ".jsonl") ||
	    msp_bytes_append(&path, "", 1))
		r = memory(err);
	if (r == MSP_OK && !(x.file = msp_outfile_open((const char *)path.data, err)))
		r = err->status;
	if (r == MSP_OK)
		r = msp_store_each(s, collection, &choice, export_document, &x, err);
	if (r == MSP_OK)
		r = flush(&x, err);
	if (r == MSP_OK)
		r = msp_outfile_commit(x.file, err);
	else
		msp_outfile_abort(x.file);
	if (r == MSP_OK && t->done)
		t->done(t->context, (const char *)path.data, collection, x.documents);
	msp_bytes_free(&x.text);
	msp_bytes_free(&path);
	return r;
}

int msp_store_export(struct msp_store *s, const char *directory, const char *collection, const struct msp_transfer *t, struct msp_error *err)
{
	static const struct msp_transfer plain;
	struct msp_error own = {0};
	bson_t names;
	bson_iter_t it;
	int r;

	t = t ? t : &plain;
	err = err ? err : &own;
	if (mkdir(directory, 0777) != 0 && errno != EEXIST)
		return msp_error_errno(err, MSP_FAIL, "%s", directory);
	if (collection)
		return export_collection(s, directory, collection, t, err);
	r = msp_store_collections(s, &names, err);
	if (r != MSP_OK)
		return r;
	if (bson_iter_init(&it, &names))
		while (r == MSP_OK && bson_iter_next(&it))
			r = export_collection(s, directory, bson_iter_utf8(&it, NULL), t, err);
	bson_destroy(&names);
	return r;
}
