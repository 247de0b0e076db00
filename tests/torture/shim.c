/* LD_PRELOADed, makes the K-th call of a kind fail, or all of them behave badly. After main() has begun
 * only.
 *
 *     MSP_SHIM=KIND:K   KIND: malloc (and calloc, realloc, aligned_alloc), read, write, fsync, rename (and linkat), open, mmap
 *     MSP_SHIM=short    reads and writes move one byte at a time
 *     MSP_SHIM=eintr    every other call that may be interrupted is
 *     MSP_SHIM_FD=N     a byte is written to this file when a failure has been made
 *
 * Calls that libc makes inside itself (stdio's) are not seen. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { NONE, MALLOC, READ, WRITE, FSYNC, RENAME, OPEN, MMAP, SHORT, EINTRS };
static const char *const names[] = {"", "malloc", "read", "write", "fsync", "rename", "open", "mmap", "short", "eintr"};

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

static int kind;
static long at, count, interrupts;
static int report = -1;
static bool active;

static void begin(void)
{
	const char *e = getenv("MSP_SHIM"), *fd = getenv("MSP_SHIM_FD");

	for (int i = 1; e && i <= EINTRS; i++) {
		size_t n = strlen(names[i]);
		if (strncmp(e, names[i], n) == 0 && (e[n] == ':' || e[n] == 0)) {
			kind = i;
			at = e[n] ? atol(e + n + 1) : 0;
		}
	}
	if (fd)
		report = atoi(fd);
	active = true;
}

/* Is this call the one that fails? */
static bool fails(int k)
{
	if (!active || kind != k || ++count != at)
		return false;
	if (report >= 0)
		syscall(SYS_write, report, "!", 1);
	return true;
}

static bool interrupted(void)
{
	if (!active || kind != EINTRS || ++interrupts % 2)
		return false;
	errno = EINTR;
	return true;
}

static size_t some(size_t n)
{
	return active && kind == SHORT && n > 1 ? 1 : n;
}

static int (*real_main)(int, char **, char **);

static int our_main(int argc, char **argv, char **envp)
{
	begin();
	return real_main(argc, argv, envp);
}

int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, void (*init)(void), void (*fini)(void),
                      void (*rtld_fini)(void), void *stack)
{
	int (*next)(int (*)(int, char **, char **), int, char **, void (*)(void), void (*)(void), void (*)(void), void *);

	*(void **)&next = dlsym(RTLD_NEXT, "__libc_start_main");
	real_main = main;
	return next(our_main, argc, argv, init, fini, rtld_fini, stack);
}

#define NOMEM(call) do { if (fails(MALLOC)) { errno = ENOMEM; return NULL; } return call; } while (0)

void *malloc(size_t n)
{
	NOMEM(__libc_malloc(n));
}

void *calloc(size_t n, size_t m)
{
	NOMEM(__libc_calloc(n, m));
}

void *realloc(void *p, size_t n)
{
	NOMEM(__libc_realloc(p, n));
}

void *aligned_alloc(size_t a, size_t n)
{
	NOMEM(__libc_memalign(a, n));
}

int posix_memalign(void **p, size_t a, size_t n)
{
	if (fails(MALLOC))
		return ENOMEM;
	*p = __libc_memalign(a, n);
	return *p ? 0 : ENOMEM;
}

static long fail(int e)
{
	errno = e;
	return -1;
}

ssize_t read(int fd, void *p, size_t n)
{
	if (fails(READ))
		return fail(EIO);
	return interrupted() ? -1 : syscall(SYS_read, fd, p, some(n));
}

ssize_t pread(int fd, void *p, size_t n, off_t o)
{
	if (fails(READ))
		return fail(EIO);
	return interrupted() ? -1 : syscall(SYS_pread64, fd, p, some(n), o);
}

ssize_t pread64(int fd, void *p, size_t n, off64_t o)
{
	return pread(fd, p, n, o);
}

ssize_t readv(int fd, const struct iovec *v, int n)
{
	if (fails(READ))
		return fail(EIO);
	return interrupted() ? -1 : n > 0 && some(9) == 1 ? syscall(SYS_read, fd, v->iov_base, some(v->iov_len)) : syscall(SYS_readv, fd, v, n);
}

ssize_t write(int fd, const void *p, size_t n)
{
	if (fails(WRITE))
		return fail(ENOSPC);
	return interrupted() ? -1 : syscall(SYS_write, fd, p, some(n));
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t o)
{
	if (fails(WRITE))
		return fail(ENOSPC);
	return interrupted() ? -1 : syscall(SYS_pwrite64, fd, p, some(n), o);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t o)
{
	return pwrite(fd, p, n, o);
}

ssize_t writev(int fd, const struct iovec *v, int n)
{
	if (fails(WRITE))
		return fail(ENOSPC);
	return interrupted() ? -1 : n > 0 && some(9) == 1 ? syscall(SYS_write, fd, v->iov_base, some(v->iov_len)) : syscall(SYS_writev, fd, v, n);
}

int fsync(int fd)
{
	if (fails(FSYNC))
		return (int)fail(EIO);
	return interrupted() ? -1 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	if (fails(FSYNC))
		return (int)fail(EIO);
	return interrupted() ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int rename(const char *a, const char *b)
{
	return fails(RENAME) ? (int)fail(EIO) : (int)syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, 0);
}

int renameat(int d, const char *a, int e, const char *b)
{
	return fails(RENAME) ? (int)fail(EIO) : (int)syscall(SYS_renameat2, d, a, e, b, 0);
}

int linkat(int d, const char *a, int e, const char *b, int flags)
{
	return fails(RENAME) ? (int)fail(EIO) : (int)syscall(SYS_linkat, d, a, e, b, flags);
}

static int do_open(int dir, const char *path, int flags, mode_t mode)
{
	if (fails(OPEN))
		return (int)fail(EMFILE);
	return interrupted() ? -1 : (int)syscall(SYS_openat, dir, path, flags, mode);
}

#define OPENER(name, ...) \
	{ \
		mode_t mode = 0; \
		if (flags & (O_CREAT | O_TMPFILE)) { \
			va_list ap; \
			va_start(ap, flags); \
			mode = va_arg(ap, mode_t); \
			va_end(ap); \
		} \
		return do_open(__VA_ARGS__, flags, mode); \
	}

int open(const char *path, int flags, ...)
OPENER(open, AT_FDCWD, path)
int open64(const char *path, int flags, ...)
OPENER(open64, AT_FDCWD, path)
int openat(int dir, const char *path, int flags, ...)
OPENER(openat, dir, path)
int openat64(int dir, const char *path, int flags, ...)
OPENER(openat64, dir, path)

void *mmap(void *p, size_t n, int prot, int flags, int fd, off_t o)
{
	if (fails(MMAP)) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	return (void *)syscall(SYS_mmap, p, n, prot, flags, fd, o);
}

void *mmap64(void *p, size_t n, int prot, int flags, int fd, off64_t o)
{
	return mmap(p, n, prot, flags, fd, o);
}
