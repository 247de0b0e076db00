/* Many files in one directory, each whole or not there. No descriptor stays open between additions, so that their number does not
 * matter; one flush of the file system serves them all. */
#include "mspipe/format.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct msp_outdir {
	char *path;    /* for messages */
	char *hidden;  /* name of the directory inside it */
	int fd, inner; /* of the directory and of the hidden one */
	bool made;     /* the directory was made here */
	char **name;
	size_t n, room;
	uint32_t *slot; /* hash table: 1 + index in name; size is a power of two */
	size_t slots;
};

/* ---- names ------------------------------------------------------------- */

static size_t hash(const char *name)
{
	struct msp_id id = msp_id_hash(name, strlen(name));
	size_t h;

	memcpy(&h, id.byte, sizeof h);
	return h;
}

static uint32_t *place(uint32_t *slot, size_t slots, char *const *names, const char *name)
{
	size_t i = hash(name) & (slots - 1);

	while (slot[i] != 0 && strcmp(names[slot[i] - 1], name) != 0)
		i = (i + 1) & (slots - 1);
	return &slot[i];
}

static bool widen(struct msp_outdir *d)
{
	size_t slots = d->slots > 0 ? 2 * d->slots : 256;
	uint32_t *slot;

	if (d->n + 1 >= UINT32_MAX)
		return false;
	slot = calloc(slots, sizeof *slot);
	if (slot == NULL)
		return false;
	for (size_t i = 0; i < d->n; i++)
		*place(slot, slots, d->name, d->name[i]) = (uint32_t)i + 1;
	free(d->slot);
	d->slot = slot;
	d->slots = slots;
	return true;
}

static bool remember(struct msp_outdir *d, const char *name)
{
	if (2 * (d->n + 1) > d->slots && !widen(d))
		return false;
	if (d->n == d->room) {
		size_t room = d->room > 0 ? 2 * d->room : 128;
		char **more = realloc(d->name, room * sizeof(char *));

		if (more == NULL)
			return false;
		d->name = more;
		d->room = room;
	}
	d->name[d->n] = strdup(name);
	if (d->name[d->n] == NULL)
		return false;
	*place(d->slot, d->slots, d->name, name) = (uint32_t)d->n + 1;
	d->n++;
	return true;
}

bool msp_outdir_has(const struct msp_outdir *d, const char *name)
{
	return d->slots > 0 && *place(d->slot, d->slots, d->name, name) != 0;
}

uint64_t msp_outdir_files(const struct msp_outdir *d)
{
	return d->n;
}

/* ---- beginning and end ------------------------------------------------- */

static void forget(struct msp_outdir *d)
{
	for (size_t i = 0; i < d->n; i++)
		free(d->name[i]);
	if (d->inner >= 0)
		close(d->inner);
	if (d->fd >= 0)
		close(d->fd);
	free(d->name);
	free(d->slot);
	free(d->hidden);
	free(d->path);
	free(d);
}

/* A hidden directory that nobody else uses. */
static bool make_hidden(struct msp_outdir *d)
{
	for (unsigned attempt = 0; attempt < 1000; attempt++) {
		if (asprintf(&d->hidden, ".mssave.%ld-%u.tmp", (long)getpid(), attempt) < 0) {
			d->hidden = NULL;
			errno = ENOMEM;
			return false;
		}
		if (mkdirat(d->fd, d->hidden, 0777) == 0) {
			d->inner = openat(d->fd, d->hidden, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
			return d->inner >= 0;
		}
		free(d->hidden);
		d->hidden = NULL;
		if (errno != EEXIST)
			return false;
	}
	return false;
}

struct msp_outdir *msp_outdir_open(const char *path, struct msp_error *err)
{
	struct msp_outdir *d = calloc(1, sizeof *d);

	if (d != NULL) {
		d->fd = d->inner = -1;
		d->path = strdup(path);
	}
	if (d == NULL || d->path == NULL) {
		free(d);
		msp_error_set(err, MSP_NOMEM, "%s: out of memory", path);
		return NULL;
	}
	d->made = mkdir(path, 0777) == 0;
	if (d->made || errno == EEXIST)
		d->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (d->fd >= 0 && make_hidden(d))
		return d;
	msp_error_errno(err, MSP_FAIL, "%s", path);
	msp_outdir_abort(d);
	return NULL;
}

void msp_outdir_abort(struct msp_outdir *d)
{
	if (d == NULL)
		return;
	for (size_t i = 0; i < d->n; i++)
		(void)unlinkat(d->inner, d->name[i], 0);
	if (d->hidden != NULL)
		(void)unlinkat(d->fd, d->hidden, AT_REMOVEDIR);
	if (d->made)
		(void)rmdir(d->path);
	forget(d);
}

int msp_outdir_add(struct msp_outdir *d, const char *name, const void *data, size_t n, struct msp_error *err)
{
	bool old = msp_outdir_has(d, name);
	int fd, rc;

	if (!old && !remember(d, name))
		return msp_error_set(err, MSP_NOMEM, "%s: out of memory", d->path);
	fd = openat(d->inner, name, O_WRONLY | O_APPEND | O_CLOEXEC | (old ? 0 : O_CREAT | O_EXCL), 0666);
	if (fd < 0)
		return msp_error_errno(err, MSP_FAIL, "%s/%s", d->path, name);
	rc = msp_write_all(fd, data, n, name, NULL, NULL, err);
	if (close(fd) != 0 && rc == MSP_OK)
		rc = msp_error_errno(err, MSP_FAIL, "%s", name);
	return rc == MSP_OK ? MSP_OK : msp_error_prefix(err, "%s", d->path);
}

int msp_outdir_commit(struct msp_outdir *d, struct msp_error *err)
{
	int rc = MSP_OK;

	if (d->n > 0 && syncfs(d->inner) != 0)
		rc = msp_error_errno(err, MSP_FAIL, "%s", d->path);
	for (size_t i = 0; i < d->n && rc == MSP_OK; i++)
		if (renameat(d->inner, d->name[i], d->fd, d->name[i]) != 0)
			rc = msp_error_errno(err, MSP_FAIL, "%s/%s", d->path, d->name[i]);
	if (rc == MSP_OK && fsync(d->fd) != 0 && errno != EINVAL && errno != EROFS)
		rc = msp_error_errno(err, MSP_FAIL, "%s", d->path);
	d->made = d->made && rc != MSP_OK;
	msp_outdir_abort(d); /* what is left over: nothing, if all went well */
	return rc;
}
