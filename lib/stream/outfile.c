/* Output files that appear whole or not at all. */
#include "mspipe/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* An existing target keeps its permissions; a new one gets the usual ones. */
static mode_t mode_of(const char *target)
{
	struct stat st;

	return stat(target, &st) == 0 ? st.st_mode & 0777 : 0666;
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

struct msp_outfile *msp_outfile_open(const char *path, struct msp_error *err)
{
	struct msp_outfile *f = calloc(1, sizeof(*f));
	struct stat st;
	int found;

	if (f)
		f->path = strdup(path);
	if (!f || !f->path) {
		free(f);
		msp_error_set(err, MSP_NOMEM, "%s: no memory left", path);
		return NULL;
	}
	found = stat(path, &st);
	if (found == 0 && S_ISDIR(st.st_mode)) {
		errno = EISDIR;
		goto failed;
	}
	f->direct = found == 0 && !S_ISREG(st.st_mode);
	f->target = found == 0 ? realpath(path, NULL) : strdup(path); /* a link stays a link */
	if (!f->target)
		goto failed;
	if (f->direct) {
		f->fd = open(path, O_WRONLY | O_CLOEXEC);
	} else {
		if (found == 0 && access(path, W_OK) != 0)
			goto failed;
		f->fd = open_unnamed(f->target, mode_of(f->target));
		if (f->fd < 0)
			name_temporary(f, mode_of(f->target), by_open);
	}
	if (f->fd >= 0)
		return f;
failed:
	msp_error_errno(err, MSP_FAIL, "%s", path);
	forget(f);
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

int msp_outfile_commit(struct msp_outfile *f, struct msp_error *err)
{
	int fd = f->fd;

	if (f->direct) {
		f->fd = -1;
		if (close(fd) != 0) {
			msp_error_errno(err, MSP_FAIL, "%s", f->path);
			forget(f);
			return MSP_FAIL;
		}
		forget(f);
		return MSP_OK;
	}
	if (flush(fd) != 0 || (!f->temporary && name_temporary(f, 0, by_link) != 0))
		goto failed;
	f->fd = -1;
	if (close(fd) != 0 || rename(f->temporary, f->target) != 0)
		goto failed;
	free(f->temporary);
	f->temporary = NULL;
	if (sync_directory(f->target) != 0)
		goto failed;
	forget(f);
	return MSP_OK;
failed:
	msp_error_errno(err, MSP_FAIL, "%s", f->path);
	msp_outfile_abort(f);
	return MSP_FAIL;
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
