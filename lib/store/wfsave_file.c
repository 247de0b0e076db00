/* Samples into one file, sample after sample, as MsPASS's format "binary".
 *
 * * The file's name is a hash of what it holds, in its order: the same save makes the same file, and a file that a document names is never
 *   replaced by other bytes. It has its name only when all samples are in it and on the disk. */
#include "store/wfsave.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TEMPORARY "mspipe-save" /* where the system has no files without names, a part of the temporary one */
#define TOGETHER ((size_t)4 << 20) /* bytes written at a time; the name depends on it */

int msp_file_open(struct msp_save *v, struct msp_error *err)
{
	const char *dir = v->options.directory;
	char *path = NULL;

	if (mkdir(dir, 0777) != 0 && errno != EEXIST)
		return msp_error_errno(err, MSP_FAIL, "%s", dir);
	v->directory = realpath(dir, NULL);
	if (!v->directory)
		return msp_error_errno(err, MSP_FAIL, "%s", dir);
	if (!bson_utf8_validate(v->directory, strlen(v->directory), false))
		return msp_error_set(err, MSP_USAGE, "%s: documents cannot hold its name: not UTF-8", dir);
	if (asprintf(&path, "%s/%s", v->directory, TEMPORARY) < 0)
		return msp_wf_nomem(err);
	v->file = msp_outfile_open(path, err);
	free(path);
	return v->file ? MSP_OK : err->status;
}

int msp_file_flush(struct msp_save *v, struct msp_error *err)
{
	struct msp_bytes *b = &v->batch.data;
	struct msp_id chain[2] = {v->file_hash, msp_id_hash(b->data, b->len)};
	int r;

	if (b->len == 0)
		return MSP_OK;
	v->file_hash = msp_id_hash(chain, sizeof(chain));
	r = msp_write_all(msp_outfile_fd(v->file), b->data, b->len, v->directory, v->options.poll, v->options.context, err);
	b->len = 0;
	return r;
}

/* The samples of o, in pieces. */
static int put_samples(struct msp_save *v, const struct msp_object *o, struct msp_error *err)
{
	struct msp_bytes *b = &v->batch.data;
	uint64_t all = o->npts * o->ncomp;
	size_t most = TOGETHER / sizeof(double) / 3 * 3;
	int r = msp_bytes_reserve(b, 2 * TOGETHER) == MSP_OK ? MSP_OK : msp_wf_nomem(err);

	for (uint64_t at = 0; r == MSP_OK && at < all;) {
		size_t n = all - at < most ? (size_t)(all - at) : most;

		msp_wf_samples(o, true, at, n, b->data + b->len);
		b->len += n * sizeof(double);
		at += n;
		if (b->len >= TOGETHER)
			r = msp_file_flush(v, err);
	}
	return r;
}

static bool add_place(const struct msp_save *v, uint64_t bytes, bson_t *doc)
{
	bool small = v->file_size <= INT32_MAX;

	return BSON_APPEND_UTF8(doc, "storage_mode", "file") && BSON_APPEND_UTF8(doc, "format", "binary") &&
	       BSON_APPEND_UTF8(doc, "dir", v->directory) &&
	       (small ? BSON_APPEND_INT32(doc, "foff", (int32_t)v->file_size) : BSON_APPEND_INT64(doc, "foff", (int64_t)v->file_size)) &&
	       (bytes <= INT32_MAX ? BSON_APPEND_INT32(doc, "nbytes", (int32_t)bytes) : BSON_APPEND_INT64(doc, "nbytes", (int64_t)bytes));
}

int msp_file_object(struct msp_save *v, const struct msp_object *o, uint8_t where, bson_t *doc, struct msp_error *err)
{
	uint64_t bytes = o->npts * o->ncomp * sizeof(double);
	int r = put_samples(v, o, err);

	if (r == MSP_OK)
		r = add_place(v, bytes, doc) ? msp_wait_add(&v->last, where, doc, err) : msp_wf_nomem(err);
	v->file_size += bytes;
	bson_destroy(doc);
	return r;
}

int msp_file_commit(struct msp_save *v, struct msp_error *err)
{
	char hash[MSP_ID_TEXT], *path = NULL;
	struct stat st;
	int r = msp_file_flush(v, err);

	if (r != MSP_OK)
		return r;
	snprintf(v->file_name, sizeof(v->file_name), "%s.bin", msp_id_format(&v->file_hash, hash));
	if (asprintf(&path, "%s/%s", v->directory, v->file_name) < 0)
		return msp_wf_nomem(err);
	if (v->file_size == 0 || (stat(path, &st) == 0 && S_ISREG(st.st_mode) && (uint64_t)st.st_size == v->file_size)) {
		msp_outfile_abort(v->file); /* nothing to keep, or it is there */
	} else {
		r = msp_outfile_rename(v->file, path, err);
		if (r == MSP_OK)
			r = msp_outfile_commit(v->file, err);
		else
			msp_outfile_abort(v->file);
	}
	v->file = NULL;
	free(path);
	return r;
}
