/* LD_PRELOAD: a file system without locks. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>

static int refuse_locks(const char *name, int fd, int command, void *argument)
{
	union { void *symbol; int (*call)(int, int, ...); } real = {.symbol = dlsym(RTLD_NEXT, name)};

	if (command == F_SETLK || command == F_SETLKW) {
		errno = ENOLCK;
		return -1;
	}
	return real.call(fd, command, argument);
}

int fcntl(int fd, int command, ...)
{
	va_list ap;
	void *argument;

	va_start(ap, command);
	argument = va_arg(ap, void *);
	va_end(ap);
	return refuse_locks("fcntl", fd, command, argument);
}

int fcntl64(int fd, int command, ...)
{
	va_list ap;
	void *argument;

	va_start(ap, command);
	argument = va_arg(ap, void *);
	va_end(ap);
	return refuse_locks("fcntl64", fd, command, argument);
}
