/* Output files that appear whole or not at all. */
#include "mspipe/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_LINKS = 40 };

struct msp_outfile {
	int fd;
	char *path;      /* as the user gave it */
	char *target;    /* what is replaced: path, or what it links to */
	char *temporary; /* NULL while the file has no name */
	bool direct;     /* no regular file: written as it is */
};

static void forget(struct msp_outfile *f)
{
	free(f->path);
	free(f->target);
	free(f->temporary);
	free(f);
}

/* The directory that target is in: "." or up to the last slash. */
static char *directory_of(const char *target)
{
	const char *slash = strrchr(target, '/');

	if (!slash)
		return strdup(".");
	return strndup(target, slash == target ? 1 : (size_t)(slash - target));
}

/* One step along a link: what it names, from where it lies. NULL if path is no link, or with errno set. */
static char *read_link(const char *path)
{
	char text[PATH_MAX], *dir, *next = NULL;
	ssize_t n = readlink(path, text, sizeof(text) - 1);

	if (n < 0) {
		errno = errno == EINVAL || errno == ENOENT ? 0 : errno;
		return NULL;
	}
	text[n] = '\0';
	if (text[0] == '/')
		return strdup(text);
	dir = directory_of(path);
	if (dir && asprintf(&next, "%s/%s", dir, text) < 0)
		next = NULL;
	free(dir);
	return next;
}

/* Where a file that does not exist will be: a link that leads nowhere yet stays a link, too. */
static char *new_target(const char *path)
{
	char *at = strdup(path), *next;

	for (int i = 0; at && i < MAX_LINKS; i++) {
		next = read_link(at);
		if (!next && errno == 0)
			return at;
		free(at);
		at = next;
	}
	if (at)
		errno = ELOOP;
	free(at);
	return NULL;
}

/* A name beside the target that nobody else uses: the process and a counter. */
static char *temporary_name(const char *target, unsigned attempt)
{
	const char *slash = strrchr(target, '/');
	int dir = slash ? (int)(slash - target) + 1 : 0;
	char *name = NULL;

	/* the name is cut, so that a long target leaves room for the rest */
	if (asprintf(&name, "%.*s.%.200s.%ld-%u.tmp", dir, target, target + dir, (long)getpid(), attempt) < 0)
		return NULL;
	return name;
}

static int open_unnamed(const char *target, mode_t mode)
{
	char proc[40], *dir = directory_of(target);
	int fd = -1;

	if (!dir)
		return -1;
	fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, mode);
	free(dir);
	if (fd < 0)
		return -1;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", fd);
	if (access(proc, F_OK) != 0) { /* no /proc: it could never get a name */
		close(fd);
		return -1;
	}
	return fd;
}

/* Gives the file a temporary name that nothing else has; by(): makes it, or below 0 and errno. */
static int name_temporary(struct msp_outfile *f, mode_t mode,
                          int (*by)(struct msp_outfile *f, const char *name, mode_t mode))
{
	for (unsigned attempt = 0; attempt < 1000; attempt++) {
		char *name = temporary_name(f->target, attempt);

		if (!name) {
			errno = ENOMEM;
			return -1;
		}
		if (by(f, name, mode) >= 0) {
			f->temporary = name;
			return 0;
		}
		free(name);
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

static int by_open(struct msp_outfile *f, const char *name, mode_t mode)
{
	f->fd = open(name, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, mode);
	return f->fd;
}

/* An unnamed file: rename(2) can then move the name over the target. */
static int by_link(struct msp_outfile *f, const char *name, mode_t mode)
{
	char proc[40];

	(void)mode;
	snprintf(proc, sizeof(proc), "/proc/self/fd/%d", f->fd);
	return linkat(AT_FDCWD, proc, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}

/* The file that will replace the target, or nothing. An existing one keeps its permissions, whatever the umask. */
static int open_regular(struct msp_outfile *f, const struct stat *old)
{
	mode_t mode = old ? old->st_mode & 0777 : 0666;

	if (old && access(f->path, W_OK) != 0)
		return -1;
	f->fd = open_unnamed(f->target, mode);
	if (f->fd < 0 && name_temporary(f, mode, by_open) != 0)
		return -1;
	if (!old || fchmod(f->fd, mode) == 0 || errno == EPERM) /* EPERM: a file system without modes */
		return 0;
	return -1;
}

static int open_target(struct msp_outfile *f)
{
	struct stat st;
	int found = stat(f->path, &st);

	if (*f->path == '\0' || (found != 0 && errno != ENOENT)) {
		errno = *f->path ? errno : ENOENT;
		return -1;
	}
	if (found == 0 && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		return -1;
	}
	f->direct = found == 0 && !S_ISREG(st.st_mode);
	if (f->direct) {
		f->fd = open(f->path, O_WRONLY | O_CLOEXEC);
		return f->fd < 0 ? -1 : 0;
	}
	f->target = found == 0 ? realpath(f->path, NULL) : new_target(f->path); /* a link stays a link */
	return f->target ? open_regular(f, found == 0 ? &st : NULL) : -1;
}

struct msp_outfile *msp_outfile_open(const char *path, struct msp_error *err)
{
	struct msp_outfile *f = calloc(1, sizeof(*f));

	if (f) {
		f->fd = -1;
		f->path = strdup(path);
	}
	if (!f || !f->path) {
		free(f);
		msp_error_set(err, MSP_NOMEM, "%s: no memory left", path);
		return NULL;
	}
	if (open_target(f) == 0)
		return f;
	msp_error_errno(err, MSP_FAIL, "%s", *path ? path : "''");
	msp_outfile_abort(f);
	return NULL;
}

int msp_outfile_fd(const struct msp_outfile *f)
{
	return f->fd;
}

const char *msp_outfile_path(const struct msp_outfile *f)
{
	return f->path;
}

const char *msp_outfile_temporary(const struct msp_outfile *f)
{
	return f->temporary;
}

int msp_outfile_rename(struct msp_outfile *f, const char *path, struct msp_error *err)
{
	char *copy = strdup(path), *target = copy && !f->direct ? new_target(path) : NULL;

	if (!copy || (!target && !f->direct)) {
		free(copy);
		return msp_error_errno(err, MSP_FAIL, "%s", path);
	}
	free(f->path);
	f->path = copy;
	free(f->target);
	f->target = target;
	return MSP_OK;
}

static int flush(int fd)
{
	int s;

	do
		s = fsync(fd);
	while (s != 0 && errno == EINTR);
	return s;
}

/* The name must be on the disk, too. Some file systems cannot flush a directory: that is not a failure. */
static int sync_directory(const char *target)
{
	char *dir = directory_of(target);
	int fd, s;

	if (!dir)
		return -1;
	do
		fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	free(dir);
	if (fd < 0)
		return errno == EACCES ? 0 : -1;
	s = flush(fd);
	if (s != 0 && (errno == EINVAL || errno == EROFS))
		s = 0;
	int saved = errno;
	close(fd);
	errno = saved;
	return s;
}

/* A temporary name, and closed: what is on the disk already waits for its name. */
static int set_aside(struct msp_outfile *f)
{
	int fd = f->fd;

	if (f->direct || fd < 0)
		return 0;
	if (!f->temporary && name_temporary(f, 0, by_link) != 0)
		return -1;
	f->fd = -1;
	return close(fd);
}

static int flush_file(const struct msp_outfile *f)
{
	return f->direct || f->fd < 0 ? 0 : flush(f->fd);
}

static int take_name(struct msp_outfile *f)
{
	int fd = f->fd;

	if (f->direct) {
		f->fd = -1;
		return close(fd);
	}
	if (rename(f->temporary, f->target) != 0)
		return -1;
	free(f->temporary);
	f->temporary = NULL;
	return 0;
}

int msp_outfile_park(struct msp_outfile *f, struct msp_error *err)
{
	return flush_file(f) == 0 && set_aside(f) == 0 ? MSP_OK : msp_error_errno(err, MSP_FAIL, "%s", f->path);
}

int msp_outfile_commit(struct msp_outfile *f, struct msp_error *err)
{
	if (flush_file(f) == 0 && set_aside(f) == 0 && take_name(f) == 0 && (f->direct || sync_directory(f->target) == 0)) {
		forget(f);
		return MSP_OK;
	}
	msp_error_errno(err, MSP_FAIL, "%s", f->path);
	msp_outfile_abort(f);
	return MSP_FAIL;
}

void msp_outfile_push(const struct msp_outfile *f)
{
	if (!f->direct && f->fd >= 0)
		(void)sync_file_range(f->fd, 0, 0, SYNC_FILE_RANGE_WRITE);
}

/* ---- many files ---------------------------------------------------------- */

static bool same_directory(const char *a, const char *b)
{
	const char *x = strrchr(a, '/'), *y = strrchr(b, '/');
	size_t n = x ? (size_t)(x - a) + 1 : 0;

	return n == (y ? (size_t)(y - b) + 1 : 0) && memcmp(a, b, n) == 0;
}

/* Each directory once, where those of one directory stand together. */
static int sync_directories(struct msp_outfile *const *f, size_t n, size_t *at)
{
	const char *last = NULL;

	for (*at = 0; *at < n; ++*at) {
		const char *target = f[*at]->target;

		if (f[*at]->direct || (last && same_directory(last, target)))
			continue;
		if (sync_directory(target) != 0)
			return -1;
		last = target;
	}
	return 0;
}

/* Step by step for all, so that the disk works for all of them at the same time, and a process that is killed is hardly ever between
 * names; *at is the one that failed, *named how many have their names. Where all have, and only a directory was not flushed, they stay. */
static int commit_steps(struct msp_outfile *const *f, size_t n, size_t *at, size_t *named)
{
	for (*at = 0; *at < n; ++*at)
		msp_outfile_push(f[*at]);
	for (*at = 0; *at < n; ++*at)
		if (flush_file(f[*at]) != 0)
			return -1;
	for (*at = 0; *at < n; ++*at)
		if (set_aside(f[*at]) != 0)
			return -1;
	for (*at = 0; *at < n; *named = ++*at)
		if (take_name(f[*at]) != 0)
			return -1;
	return sync_directories(f, n, at);
}

int msp_outfile_commit_all(struct msp_outfile *const *f, size_t n, struct msp_error *err)
{
	size_t at, named = 0;
	int s = MSP_OK;

	if (commit_steps(f, n, &at, &named) != 0)
		s = msp_error_errno(err, MSP_FAIL, "%s", f[at]->path);
	for (size_t i = 0; i < n; i++) {
		if (named < n && i < named && !f[i]->direct)
			(void)unlink(f[i]->target);
		msp_outfile_abort(f[i]);
	}
	return s;
}

void msp_outfile_abort(struct msp_outfile *f)
{
	if (!f)
		return;
	if (f->fd >= 0)
		close(f->fd);
	if (f->temporary)
		unlink(f->temporary);
	forget(f);
}
