/* Files for a while: nobody else can open them, and they go when they are closed. */
#include "mspipe/stream.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *msp_scratch_directory(void)
{
	const char *dir = getenv("TMPDIR");

	return dir && *dir ? dir : "/tmp";
}

int msp_scratch_open(struct msp_error *err)
{
	const char *dir = msp_scratch_directory();
	char name[4096];
	int fd = -1, n;

#ifdef O_TMPFILE
	fd = open(dir, O_TMPFILE | O_RDWR | O_EXCL | O_CLOEXEC, 0600);
#endif
	if (fd >= 0)
		return fd;
	n = snprintf(name, sizeof(name), "%s/mspipe-XXXXXX", dir);
	if (n < 0 || (size_t)n >= sizeof(name))
		return msp_error_set(err, MSP_FAIL, "TMPDIR is too long a name");
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return msp_error_errno(err, MSP_FAIL, "cannot make a temporary file in %s", dir);
	(void)unlink(name);
	return fd;
}
