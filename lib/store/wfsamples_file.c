/* The files that waveform documents name. Documents of one file mostly come in a row: those that were read last stay open. */
#include "store/wfread.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "out of memory");
}

static void close_one(struct wf_file *f)
{
	if (f->path)
		close(f->fd);
	free(f->path);
	memset(f, 0, sizeof *f);
}

void wf_close_files(struct msp_wfread *r)
{
	for (int i = 0; i < WF_FILES; i++)
		close_one(&r->file[i]);
}

/* BASE/dir/dfile in r->path. */
static int make_path(struct msp_wfread *r, struct msp_error *err)
{
	const char *dir = wf_string(&r->head.doc, "dir"), *dfile = wf_string(&r->head.doc, "dfile");
	bson_iter_t it;

	if (!dfile || !*dfile)
		return msp_error_set(err, MSP_KILL, "the document has no dfile that names a file");
	if (!dir && wf_find(&r->head.doc, "dir", &it))
		return msp_error_set(err, MSP_KILL, "the document's dir names no directory");
	r->path.len = 0;
	if (((!dir || dir[0] != '/') && msp_text_append(&r->path, r->base)) || (dir && *dir && msp_text_append(&r->path, dir)) ||
	    (dir && *dir && dir[strlen(dir) - 1] != '/' && msp_text_append(&r->path, "/")) || msp_text_append(&r->path, dfile) ||
	    msp_bytes_append(&r->path, "", 1))
		return memory(err);
	return MSP_OK;
}

static struct wf_file *opened(struct msp_wfread *r, const char *path)
{
	for (int i = 0; i < WF_FILES; i++)
		if (r->file[i].path && strcmp(r->file[i].path, path) == 0)
			return &r->file[i];
	return NULL;
}

/* A document may name anything: only a regular file is waited for, and only one that was opened is believed to be one. */
static int open_one(struct wf_file *f, const char *path, struct msp_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? msp_error_errno(err, MSP_FAIL, "%s", path)
		                                                              : msp_error_errno(err, MSP_KILL, "%s", path);
	f->path = strdup(path);
	if (!f->path) {
		close(fd);
		return memory(err);
	}
	f->fd = fd;
	return MSP_OK;
}

/* Somebody may be writing to it. */
static int measure(struct wf_file *f, struct msp_error *err)
{
	struct stat st;

	if (fstat(f->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		msp_error_set(err, MSP_KILL, "%s: not a file", f->path);
		close_one(f);
		return MSP_KILL;
	}
	f->size = (uint64_t)st.st_size;
	return MSP_OK;
}

int wf_open(struct msp_wfread *r, const struct wf_file **out, uint64_t *offset, struct msp_error *err)
{
	struct wf_file *f;
	int64_t foff = 0;
	bson_iter_t it;
	int rc = make_path(r, err);

	if (rc != MSP_OK)
		return rc;
	if (wf_find(&r->head.doc, "foff", &it) && (!wf_integer(&r->head.doc, "foff", &foff) || foff < 0))
		return msp_error_set(err, MSP_KILL, "the document's foff is no place in a file");
	f = opened(r, (const char *)r->path.data);
	if (!f) {
		f = &r->file[0];
		for (int i = 1; i < WF_FILES && f->path; i++)
			if (!r->file[i].path || r->file[i].used < f->used)
				f = &r->file[i];
		close_one(f);
		rc = open_one(f, (const char *)r->path.data, err);
		if (rc != MSP_OK)
			return rc;
	}
	f->used = ++r->clock;
	*out = f;
	*offset = (uint64_t)foff;
	return measure(f, err);
}
