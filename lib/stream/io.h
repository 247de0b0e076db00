/* Private to lib/stream: reading and writing all of it. */
#ifndef STREAM_IO_H
#define STREAM_IO_H

#include "mspipe/stream.h"

#include <sys/uio.h>

/* writev(2) of all pieces; iov is used up. As msp_write_all(). */
int msp_writev_all(int fd, struct iovec *iov, int n, const char *name, msp_poll_fn *poll, void *context,
                   struct msp_error *err) MSP_CHECKED;
/* read(2) of up to n bytes, resuming after EINTR. Bytes read, 0 at the end, or below 0. */
ptrdiff_t msp_read_some(int fd, void *data, size_t n, const char *name, msp_poll_fn *poll, void *context,
                        struct msp_error *err) MSP_CHECKED;
/* Waits till fd has something to read, or ends; poll_fn is called at least every `wake` seconds. */
int msp_wait_input(int fd, unsigned wake, const char *name, msp_poll_fn *poll_fn, void *context, struct msp_error *err) MSP_CHECKED;

#endif
