/* What a user names to be read: files, directories, lists, ranges of bytes. All of it is looked up before anything is read, so that
 * a misspelt name costs nothing. */
#include "mspipe/format.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int nomem(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "out of memory");
}

static int add(struct msp_sources *s, const char *path, const struct stat *st, uint64_t offset, uint64_t end, struct msp_error *err)
{
	struct msp_source *item;

	if (s->n == s->room) {
		size_t room = s->room > 0 ? 2 * s->room : 64;

		item = realloc(s->item, room * sizeof *item);
		if (item == NULL)
			return nomem(err);
		s->item = item;
		s->room = room;
	}
	item = &s->item[s->n];
	memset(item, 0, sizeof *item);
	if (path == NULL) {
		s->standard_inputs++;
	} else {
		item->path = strdup(path);
		if (item->path == NULL)
			return nomem(err);
		item->size = S_ISREG(st->st_mode) ? (uint64_t)st->st_size : 0;
		item->mtime = st->st_mtim.tv_sec * MSP_NS + st->st_mtim.tv_nsec;
	}
	item->offset = offset;
	item->end = end;
	s->n++;
	return MSP_OK;
}

void msp_sources_free(struct msp_sources *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->item[i].path);
	for (size_t i = 0; i < s->dirs; i++)
		free(s->dir[i]);
	free(s->dir);
	free(s->item);
	memset(s, 0, sizeof *s);
}

static int add_file(struct msp_sources *s, const char *path, const struct stat *st, uint64_t offset, uint64_t end,
                    struct msp_error *err)
{
	if (access(path, R_OK) != 0)
		return msp_error_errno(err, MSP_FAIL, "%s", path);
	return add(s, path, st, offset, end, err);
}

static bool ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

/* ---- directories ------------------------------------------------------- */

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct msp_source *)a)->path, ((const struct msp_source *)b)->path);
}

/* An entry of a directory that cannot be read is one of its recordings all the same: it must neither be passed over nor stop the others. */
static int add_trouble(struct msp_sources *s, const char *path, int trouble, struct msp_error *err)
{
	static const struct stat unknown;
	int rc;

	if (trouble == ENOMEM || trouble == EMFILE || trouble == ENFILE) { /* not the entry's fault */
		errno = trouble;
		return msp_error_errno(err, MSP_FAIL, "%s", path);
	}
	rc = add(s, path, &unknown, 0, 0, err);
	if (rc == MSP_OK)
		s->item[s->n - 1].trouble = trouble;
	return rc;
}

static int add_entry(struct msp_sources *s, FTS *tree, FTSENT *e, struct msp_error *err)
{
	int trouble = e->fts_errno != 0 ? e->fts_errno : ENOENT;
	struct stat st;

	if (e->fts_level > 0 && (e->fts_name[0] == '.' || ends_with(e->fts_name, ".msdb") || ends_with(e->fts_name, ".msdb-wal") ||
	                         ends_with(e->fts_name, ".msdb-shm"))) {
		(void)fts_set(tree, e, FTS_SKIP);
		return MSP_OK;
	}
	switch (e->fts_info) {
	case FTS_F:
		if (access(e->fts_path, R_OK) != 0)
			return add_trouble(s, e->fts_path, errno, err);
		return add(s, e->fts_path, e->fts_statp, 0, 0, err);
	case FTS_DNR: case FTS_ERR: case FTS_NS: case FTS_SLNONE:
		if (e->fts_info == FTS_SLNONE && stat(e->fts_path, &st) != 0) /* fts does not say why a link leads nowhere */
			trouble = errno;
		if (e->fts_level > 0)
			return add_trouble(s, e->fts_path, trouble, err);
		errno = trouble;
		return msp_error_errno(err, MSP_FAIL, "%s", e->fts_path);
	}
	return MSP_OK; /* directories, and what can be no recording: sockets, devices */
}

static int note_directory(struct msp_sources *s, const char *path, struct msp_error *err)
{
	char **more = realloc(s->dir, (s->dirs + 1) * sizeof *more);

	if (more == NULL)
		return nomem(err);
	s->dir = more;
	s->dir[s->dirs] = strdup(path);
	if (s->dir[s->dirs] == NULL)
		return nomem(err);
	s->dirs++;
	return MSP_OK;
}

static int add_directory(struct msp_sources *s, const char *path, struct msp_error *err)
{
	char *const roots[] = { (char *)(uintptr_t)path, NULL };
	size_t before = s->n;
	FTS *tree = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;
	int rc = MSP_OK;

	if (tree == NULL)
		return msp_error_errno(err, MSP_FAIL, "%s", path);
	errno = 0;
	while (rc == MSP_OK && (e = fts_read(tree)) != NULL)
		rc = add_entry(s, tree, e, err);
	if (rc == MSP_OK && errno != 0)
		rc = msp_error_errno(err, MSP_FAIL, "%s", path);
	fts_close(tree);
	if (rc == MSP_OK && s->n == before && !s->empty)
		return msp_error_set(err, MSP_FAIL, "%s: no files in this directory", path);
	if (rc == MSP_OK)
		rc = note_directory(s, path, err);
	for (size_t i = before; i < s->n; i++)
		s->item[i].found = true;
	if (s->n > before)
		qsort(s->item + before, s->n - before, sizeof *s->item, by_path);
	return rc;
}

/* ---- operands ---------------------------------------------------------- */

/* FILE@OFFSET-END: cuts text at the @ and gives the numbers; *bounded tells whether there was an END. */
static bool split_range(char *text, uint64_t *offset, uint64_t *end, bool *bounded)
{
	char *at = strrchr(text, '@'), *minus;

	if (at == NULL || at == text)
		return false;
	minus = at + 1 + strspn(at + 1, "0123456789");
	if (*minus != '-' || minus[1 + strspn(minus + 1, "0123456789")] != '\0' || minus - at > 19 || strlen(minus) > 19)
		return false;
	*offset = minus > at + 1 ? strtoull(at + 1, NULL, 10) : 0;
	*bounded = minus[1] != '\0';
	*end = *bounded ? strtoull(minus + 1, NULL, 10) : 0;
	*at = '\0';
	return true;
}

static int add_range(struct msp_sources *s, const char *operand, struct msp_error *err)
{
	char *path = strdup(operand);
	uint64_t offset, end;
	struct stat st;
	bool bounded;
	int rc;

	if (path == NULL)
		return nomem(err);
	if (!split_range(path, &offset, &end, &bounded) || stat(path, &st) != 0)
		rc = msp_error_set(err, MSP_FAIL, "%s: %s", *operand ? operand : "''", strerror(ENOENT));
	else if (!S_ISREG(st.st_mode))
		rc = msp_error_set(err, MSP_FAIL, "%s: a range of bytes needs a file", operand);
	else if (bounded && end <= offset)
		rc = msp_error_set(err, MSP_USAGE, "%s: the range is empty", operand);
	else if (offset >= (uint64_t)st.st_size || end > (uint64_t)st.st_size)
		rc = msp_error_set(err, MSP_FAIL, "%s: the file has only %lld bytes", operand, (long long)st.st_size);
	else
		rc = add_file(s, path, &st, offset, end, err);
	free(path);
	return rc;
}

static int named_twice(struct msp_error *err)
{
	return msp_error_set(err, MSP_USAGE, "standard input is named twice");
}

static bool is_server(const char *operand)
{
	return strncmp(operand, "mongodb:", 8) == 0 || strncmp(operand, "mongodb+srv://", 14) == 0;
}

static int add_store(struct msp_sources *s, const char *operand, struct msp_error *err)
{
	struct stat st = { 0 };
	char *name;
	int rc;

	if (!s->stores) {
		name = msp_uri_harmless(operand);
		rc = msp_error_set(err, MSP_USAGE, "%s: a store is no source here", is_server(operand) && name ? name : operand);
		free(name);
		return rc;
	}
	if (is_server(operand) || stat(operand, &st) == 0) {
		rc = add(s, operand, &st, 0, 0, err);
		if (rc == MSP_OK)
			s->item[s->n - 1].store = true;
		return rc;
	}
	return msp_error_errno(err, MSP_FAIL, "%s", operand);
}

static int add_plain(struct msp_sources *s, const char *operand, struct msp_error *err)
{
	struct stat st;

	if (is_server(operand) || ends_with(operand, ".msdb"))
		return add_store(s, operand, err);
	if (strcmp(operand, "-") == 0)
		return s->standard_inputs > 0 || s->standard_list ? named_twice(err) : add(s, NULL, NULL, 0, 0, err);
	if (stat(operand, &st) != 0)
		return errno == ENOENT ? add_range(s, operand, err) : msp_error_errno(err, MSP_FAIL, "%s", operand);
	return S_ISDIR(st.st_mode) ? add_directory(s, operand, err) : add_file(s, operand, &st, 0, 0, err);
}

/* A line of a list. Names that end in NUL (find -print0) are no lines, and all but the first would be lost. */
static int add_line(struct msp_sources *s, char *line, size_t n, struct msp_error *err)
{
	if (strlen(line) != n)
		return msp_error_set(err, MSP_USAGE, "a NUL byte: a list has one source a line");
	while (n > 0 && (line[n - 1] == '\n' || line[n - 1] == '\r'))
		line[--n] = '\0';
	return n > 0 && line[0] != '#' ? add_plain(s, line, err) : MSP_OK;
}

static int add_lines(struct msp_sources *s, FILE *f, struct msp_error *err)
{
	size_t room = 0, before = s->n;
	char *line = NULL;
	int rc = MSP_OK;
	ssize_t n;

	while (rc == MSP_OK && (n = getline(&line, &room, f)) >= 0)
		rc = add_line(s, line, (size_t)n, err);
	if (rc == MSP_OK && !feof(f))
		rc = msp_error_set(err, errno == ENOMEM ? MSP_NOMEM : MSP_FAIL, "%s", strerror(errno));
	if (rc == MSP_OK && s->n == before)
		rc = msp_error_set(err, MSP_FAIL, "the list names no source");
	free(line);
	return rc;
}

static int add_list(struct msp_sources *s, const char *path, struct msp_error *err)
{
	bool standard = strcmp(path, "-") == 0;
	FILE *f;
	int rc;

	if (standard && (s->standard_inputs > 0 || s->standard_list))
		return named_twice(err);
	s->standard_list |= standard;
	f = standard ? stdin : fopen(path, "re");
	if (f == NULL)
		return msp_error_errno(err, MSP_FAIL, "%s", path);
	rc = add_lines(s, f, err);
	if (f != stdin)
		fclose(f);
	return rc < 0 ? msp_error_prefix(err, "@%s", path) : rc;
}

int msp_sources_add(struct msp_sources *s, const char *operand, struct msp_error *err)
{
	if (operand[0] == '@' && operand[1] != '\0' && access(operand, F_OK) != 0)
		return add_list(s, operand + 1, err);
	return add_plain(s, operand, err);
}

/* ---- origin and opening ------------------------------------------------ */

static int add_number(struct msp_bytes *b, uint64_t v)
{
	uint8_t le[8];

	for (int i = 0; i < 8; i++)
		le[i] = (uint8_t)(v >> 8 * i);
	return msp_bytes_append(b, le, sizeof le);
}

static int hash_one(struct msp_bytes *b, const struct msp_source *s, const void *head, size_t n)
{
	bool server = s->store && is_server(s->path);
	char *whole;
	int rc;

	if (s->path == NULL)
		return add_number(b, n) == MSP_OK ? msp_bytes_append(b, head, n) : MSP_NOMEM;
	whole = server ? msp_uri_harmless(s->path) : realpath(s->path, NULL);
	rc = msp_bytes_append(b, whole != NULL ? whole : s->path, strlen(whole != NULL ? whole : s->path) + 1);
	free(whole);
	if (rc == MSP_OK && s->store) /* others may be writing to it: its size and time say nothing */
		return MSP_OK;
	if (rc != MSP_OK || add_number(b, s->size) != MSP_OK || add_number(b, (uint64_t)s->mtime) != MSP_OK ||
	    add_number(b, s->offset) != MSP_OK || add_number(b, s->end) != MSP_OK)
		return MSP_NOMEM;
	return MSP_OK;
}

int msp_sources_hash(const struct msp_sources *s, const void *head, size_t n, struct msp_id *out, struct msp_error *err)
{
	struct msp_bytes b = { 0 };
	int rc = MSP_OK;

	for (size_t i = 0; i < s->n && rc == MSP_OK; i++)
		rc = hash_one(&b, &s->item[i], head, n);
	if (rc == MSP_OK)
		*out = msp_id_hash(b.data, b.len);
	msp_bytes_free(&b);
	return rc == MSP_OK ? MSP_OK : nomem(err);
}

int msp_source_open(const struct msp_source *s, uint64_t *size, msp_poll_fn *poll, void *context, struct msp_error *err)
{
	int fd;

	*size = s->end > 0 ? s->end - s->offset : 0;
	if (s->path == NULL) {
		if (isatty(STDIN_FILENO))
			return msp_error_set(err, MSP_USAGE, "recordings are not read from a terminal");
		return STDIN_FILENO;
	}
	if (s->trouble != 0) {
		errno = s->trouble;
		return msp_error_errno(err, MSP_FAIL, "%s", s->path);
	}
	fd = msp_open_input(s->path, poll, context, err);
	if (fd < 0)
		return fd;
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	if (s->offset > 0 && lseek(fd, (off_t)s->offset, SEEK_SET) < 0) {
		msp_error_errno(err, MSP_FAIL, "%s", s->path);
		close(fd);
		return MSP_FAIL;
	}
	return fd;
}
