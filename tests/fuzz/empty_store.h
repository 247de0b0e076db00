/* empty_store.h - an empty store that is there for all inputs of a fuzz target, and gone when it ends */
#ifndef EMPTY_STORE_H
#define EMPTY_STORE_H

#include "mspipe/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char store_path[] = "/tmp/msp-fuzz-XXXXXX.msdb";

static void remove_store(void)
{
	static const char *const suffix[] = {"", "-wal", "-shm"};
	char name[64];

	for (size_t i = 0; i < 3; i++) {
		snprintf(name, sizeof(name), "%s%s", store_path, suffix[i]);
		unlink(name);
	}
}

static struct msp_store *store(void)
{
	static struct msp_store *s;
	int fd;

	if (s)
		return s;
	fd = mkstemps(store_path, 5);
	if (fd < 0 || atexit(remove_store) != 0)
		abort();
	close(fd);
	unlink(store_path); /* an empty file is no store */
	if (msp_store_open(store_path, MSP_STORE_CREATE, &s, NULL) != MSP_OK)
		abort();
	return s;
}

#endif
