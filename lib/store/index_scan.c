/* Reading the headers of one file, and making documents of them. Nothing here knows the store: it is done by several threads. */
#include "store/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Two changes of a file within a tick of the clock that stamps them have the same time. */
#define TICK (20 * (MSP_NS / 1000))
#define COARSE_TICK (2 * MSP_NS + TICK) /* where times are whole seconds, or even ones (FAT) */

static int64_t mtime_of(const struct stat *st)
{
	return st->st_mtim.tv_sec * MSP_NS + st->st_mtim.tv_nsec;
}

/* Waits until a change of the file would show in its time. */
static void settle(int64_t mtime)
{
	int64_t tick = mtime % MSP_NS == 0 ? COARSE_TICK : TICK, age;
	struct timespec now;

	if (clock_gettime(CLOCK_REALTIME, &now) != 0)
		return;
	age = now.tv_sec * MSP_NS + now.tv_nsec - mtime;
	if (age < 0 || age >= tick) /* a time to come says nothing */
		return;
	now.tv_sec = (tick - age) / MSP_NS;
	now.tv_nsec = (tick - age) % MSP_NS;
	(void)nanosleep(&now, NULL);
}

/* The file's descriptor; -1: why says why there is none. */
static int open_file(const char *path, const struct index_file *f, struct index_result *r, const char **why)
{
	struct stat st;
	int fd;

	*why = strerror(f->source->trouble);
	if (f->source->trouble != 0)
		return -1;
	do
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK); /* a FIFO may have taken its place */
	while (fd < 0 && errno == EINTR);
	if (fd < 0 || fstat(fd, &st) != 0) {
		*why = strerror(errno);
	} else if (!S_ISREG(st.st_mode)) {
		*why = "not a regular file";
	} else {
		r->size = (uint64_t)st.st_size;
		r->mtime = mtime_of(&st);
		r->opened = true;
		return fd;
	}
	if (fd >= 0)
		close(fd);
	return -1;
}

/* ---- objects ----------------------------------------------------------- */

static int note_dead(struct index_result *r, const struct msp_object *o, uint64_t offset)
{
	const char *format = msp_format_name(r->format);
	struct msp_log_entry e = {.algorithm = format, .message = "dead, without a reason"};
	char name[128], text[512];

	(void)msp_object_log_worst(o, &e);
	if (msp_meta_string(o, "sta", NULL))
		snprintf(text, sizeof(text), "%s: %s", msp_object_name(o, name, sizeof(name)), e.message);
	else
		snprintf(text, sizeof(text), "%s", e.message);
	return index_trouble(r, e.algorithm, MSP_INVALID, offset, text);
}

static int each_object(const struct index_scan *s, const struct index_file *f, struct msp_input *in, struct index_result *r,
                       struct msp_error *err)
{
	struct msp_bytes doc = {0};
	struct msp_input_span span;
	struct msp_object o;
	int rc;

	msp_object_init(&o);
	while ((rc = msp_input_next(in, &o, err)) == 1) {
		msp_input_span(in, &span);
		if (!o.live)
			rc = note_dead(r, &o, span.offset);
		else
			rc = index_document(f, r, s->tag, &o, &span, msp_input_run(in), &doc);
		if (rc == MSP_OK && o.live)
			rc = s->put(s->context, &doc);
		if (rc < 0) {
			rc = rc == MSP_INTERRUPTED ? rc : index_memory(err);
			break;
		}
		r->documents += o.live;
	}
	msp_object_free(&o);
	msp_bytes_free(&doc);
	return rc;
}

/* The file is not what it was when it was opened. */
static bool changed(int fd, const struct index_result *r)
{
	struct stat st;

	return fstat(fd, &st) != 0 || (uint64_t)st.st_size != r->size || mtime_of(&st) != r->mtime;
}

static bool is_store(struct msp_input *in)
{
	size_t n;
	const void *p = msp_input_peeked(in, &n);

	return n >= 16 && memcmp(p, "SQLite format 3", 16) == 0;
}

/* What stands before the reason is the file's name, which the document has. */
static const char *without_name(const char *text, const char *path)
{
	size_t n = strlen(path);

	return strlen(text) > n + 2 && text[n] == ':' ? text + n + 2 : text;
}

static int read_file(const struct index_scan *s, const struct index_file *f, const char *path, int fd, struct index_result *r,
                     struct msp_error *err)
{
	struct msp_input_options options = {.headers = true, .least = r->size, .poll = s->poll, .context = s->context};
	struct msp_input *in;
	int rc;

	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	in = msp_input_open(fd, path, &options, err);
	rc = in ? MSP_OK : err->status;
	if (in) {
		r->format = is_store(in) ? INDEX_STORE : msp_input_format(in);
		if (r->format != INDEX_STORE && r->format != MSP_FORMAT_MSP)
			rc = each_object(s, f, in, r, err);
	}
	if (rc == MSP_FAIL) { /* the file's fault, or the disk's */
		rc = index_trouble(r, "msindex", MSP_INVALID, in ? msp_input_offset(in) : 0, without_name(err->text, path));
	} else if (rc == MSP_OK && changed(fd, r)) {
		rc = index_trouble(r, "msindex", MSP_COMPLAINT, 0, "it changed while it was read; to be indexed again");
	} else if (rc == MSP_OK) {
		r->complete = true;
	}
	msp_input_free(in);
	return rc == MSP_OK ? MSP_OK : rc == MSP_INTERRUPTED ? rc : index_memory(err);
}

int index_scan(const struct index_scan *s, const struct index_file *f, struct index_result *r, struct msp_error *err)
{
	size_t n = strlen(f->dir) + strlen(f->name) + 2;
	const char *why = "its name is not UTF-8: no document can hold it";
	char *path;
	int fd = -1, rc;

	r->size = f->source->size;
	r->mtime = f->source->mtime;
	path = malloc(n);
	if (!path)
		return index_memory(err);
	snprintf(path, n, "%s/%s", f->dir, f->name);
	if (index_name_valid(f))
		fd = open_file(path, f, r, &why);
	if (fd >= 0) {
		settle(r->mtime);
		rc = read_file(s, f, path, fd, r, err);
		close(fd);
	} else {
		rc = index_trouble(r, "msindex", MSP_INVALID, 0, why) == MSP_OK ? MSP_OK : index_memory(err);
	}
	free(path);
	return rc;
}
