/* What the programs of this directory share: files in memory, processes that are run on them, and what these leave behind. All of it
 * ends the program where the machine fails it. */
#ifndef TORTURE_PROCESS_H
#define TORTURE_PROCESS_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct data {
	char *p; /* NULL: there is no file */
	size_t n;
};

static inline void die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(125);
}

/* All that a file holds, from its start, with a NUL after it; closes it. fd below 0: nothing. */
static inline struct data slurp(int fd)
{
	struct data d = {NULL, 0};
	struct stat st;

	if (fd < 0)
		return d;
	if (fstat(fd, &st) < 0 || !(d.p = malloc((size_t)st.st_size + 1)))
		die("fstat");
	while (d.n < (size_t)st.st_size) {
		ssize_t got = pread(fd, d.p + d.n, (size_t)st.st_size - d.n, (off_t)d.n);
		if (got <= 0)
			die("read");
		d.n += (size_t)got;
	}
	d.p[d.n] = 0;
	close(fd);
	return d;
}

static inline struct data slurp_path(const char *path)
{
	return slurp(open(path, O_RDONLY | O_CLOEXEC));
}

static inline void put_path(const char *path, const struct data *d)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0 || write(fd, d->p, d->n) != (ssize_t)d->n)
		die(path);
	close(fd);
}

static inline bool same(const struct data *a, const struct data *b)
{
	return !a->p == !b->p && a->n == b->n && (a->n == 0 || memcmp(a->p, b->p, a->n) == 0);
}

/* A file in memory, at its start. */
static inline int memory(const void *p, size_t n)
{
	int fd = memfd_create("torture", MFD_CLOEXEC);

	if (fd < 0)
		die("memfd_create");
	for (size_t done = 0; done < n;) {
		ssize_t put = write(fd, (const char *)p + done, n - done);
		if (put < 0)
			die("write");
		done += (size_t)put;
	}
	if (lseek(fd, 0, SEEK_SET) < 0)
		die("lseek");
	return fd;
}

static inline pid_t begin(void)
{
	pid_t pid = fork();

	if (pid < 0)
		die("fork");
	return pid;
}

/* In the child: becomes the command. */
static inline void become(char **argv, int in, int out, int err)
{
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		die("dup2");
	execvp(argv[0], argv);
	die(argv[0]);
}

/* As waitpid() says it. */
static inline int end(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	return status;
}

/* As a shell says it. */
static inline int exit_status(int status)
{
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The name of a file in the working directory, hidden or not, that may not be there; or NULL. */
static inline const char *litter(bool (*may_be)(const char *name))
{
	static char name[256];
	DIR *d = opendir(".");
	struct dirent *e;
	const char *found = NULL;

	if (!d)
		die("opendir");
	while (!found && (e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && !may_be(e->d_name)) {
			snprintf(name, sizeof(name), "%s", e->d_name);
			found = name;
		}
	closedir(d);
	return found;
}

#endif
