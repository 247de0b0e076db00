/* System calls that may do less than they were asked for. */
#include "stream/io.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

/* After a failed call: 0 if it is to be tried again. */
static int retry(int fd, short events, const char *name, msp_poll_fn *poll_fn, void *context, struct msp_error *err)
{
	if (errno == EINTR) {
		if (poll_fn && poll_fn(context))
			return msp_error_set(err, MSP_INTERRUPTED, "%s: interrupted", name);
		return MSP_OK;
	}
	if (errno == EAGAIN || errno == EWOULDBLOCK) { /* somebody else's descriptor is non-blocking: wait for it */
		struct pollfd p = {.fd = fd, .events = events, .revents = 0};

		if (poll(&p, 1, 1000) >= 0 || errno == EINTR)
			return poll_fn && poll_fn(context) ? msp_error_set(err, MSP_INTERRUPTED, "%s: interrupted", name)
			                                   : MSP_OK;
	}
	return msp_error_errno(err, errno == EPIPE ? MSP_PIPE : MSP_FAIL, "%s", name);
}

int msp_writev_all(int fd, struct iovec *iov, int n, const char *name, msp_poll_fn *poll_fn, void *context,
                   struct msp_error *err)
{
	while (n > 0) {
		ssize_t done;

		if (iov->iov_len == 0) {
			iov++;
			n--;
			continue;
		}
		done = writev(fd, iov, n < IOV_MAX ? n : IOV_MAX);
		if (done < 0) {
			int s = retry(fd, POLLOUT, name, poll_fn, context, err);

			if (s < 0)
				return s;
			continue;
		}
		for (size_t left = (size_t)done; n > 0;) {
			if (left < iov->iov_len) {
				iov->iov_base = (char *)iov->iov_base + left;
				iov->iov_len -= left;
				break;
			}
			left -= iov->iov_len;
			iov++;
			n--;
		}
	}
	return MSP_OK;
}

int msp_write_all(int fd, const void *data, size_t n, const char *name, msp_poll_fn *poll_fn, void *context,
                  struct msp_error *err)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = n};

	return msp_writev_all(fd, &iov, 1, name, poll_fn, context, err);
}

ptrdiff_t msp_read_some(int fd, void *data, size_t n, const char *name, msp_poll_fn *poll_fn, void *context,
                        struct msp_error *err)
{
	for (;;) {
		ssize_t got = read(fd, data, n);

		if (got >= 0)
			return got;
		int s = retry(fd, POLLIN, name, poll_fn, context, err);
		if (s < 0)
			return s;
	}
}

int msp_wait_input(int fd, unsigned wake, const char *name, msp_poll_fn *poll_fn, void *context, struct msp_error *err)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int n;

	while ((n = poll(&p, 1, wake < INT_MAX / 1000 ? (int)wake * 1000 : -1)) <= 0) {
		if (n < 0 && errno != EINTR)
			return msp_error_errno(err, MSP_FAIL, "%s", name);
		if (poll_fn && poll_fn(context))
			return msp_error_set(err, MSP_INTERRUPTED, "%s: interrupted", name);
	}
	return MSP_OK; /* what else there is to say, read(2) says */
}

int msp_open_input(const char *path, msp_poll_fn *poll_fn, void *context, struct msp_error *err)
{
	for (;;) {
		int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

		if (fd >= 0)
			return fd;
		if (errno != EINTR)
			return msp_error_errno(err, MSP_FAIL, "%s", *path ? path : "''");
		if (poll_fn && poll_fn(context))
			return msp_error_set(err, MSP_INTERRUPTED, "%s: interrupted", path);
	}
}
