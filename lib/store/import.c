/* Files of JSON documents loaded into collections. */
#include "mspipe/documents.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct import {
	struct msp_store *store;
	const char *path;
	const struct msp_transfer *t;
	struct msp_load *load;
	uint64_t line; /* the first that is not blank */
};

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

/* Takes doc over. */
static int add(struct import *m, bson_t *doc, struct msp_error *err)
{
	int r = msp_load_add(m->load, doc, err);

	bson_destroy(doc);
	if (r == MSP_OK && m->t->poll && m->t->poll(m->t->context))
		r = msp_error_set(err, MSP_INTERRUPTED, "interrupted");
	return r;
}

/* ---- a document a line ------------------------------------------------- */

static int import_lines(struct import *m, FILE *f, struct msp_error *err)
{
	uint64_t number = m->line;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int r = MSP_OK;

	for (; r == MSP_OK && (n = getline(&line, &room, f)) >= 0; number++) {
		bson_t doc;

		if (strspn(line, " \t\r\n") == (size_t)n)
			continue;
		r = msp_json_parse(line, (size_t)n, &doc, NULL, err);
		if (r == MSP_OK)
			r = add(m, &doc, err);
		else
			r = msp_error_prefix(err, "%s: line %" PRIu64, m->path, number);
	}
	if (r == MSP_OK && ferror(f))
		r = msp_error_errno(err, MSP_FAIL, "%s", m->path);
	free(line);
	return r;
}

/* ---- one array --------------------------------------------------------- */

static size_t blanks(const struct msp_bytes *text, size_t at)
{
	while (at < text->len && strchr(" \t\r\n", text->data[at]) && text->data[at])
		at++;
	return at;
}

static int broken_array(const struct import *m, const struct msp_bytes *text, size_t at, const char *what, struct msp_error *err)
{
	uint64_t line = m->line;

	for (size_t i = 0; i < at; i++)
		line += text->data[i] == '\n';
	return msp_error_set(err, MSP_USAGE, "%s: line %" PRIu64 ": %s", m->path, line, what);
}

static int read_all(struct import *m, FILE *f, struct msp_bytes *text, struct msp_error *err)
{
	char buf[65536];
	size_t n;

	while ((n = fread(buf, 1, sizeof(buf), f)) > 0)
		if (msp_bytes_append(text, buf, n) != MSP_OK)
			return memory(err);
	return ferror(f) ? msp_error_errno(err, MSP_FAIL, "%s", m->path) : MSP_OK;
}

/* [document, ...] */
static int import_array(struct import *m, FILE *f, struct msp_error *err)
{
	struct msp_bytes text = {0};
	size_t at;
	bool more = true;
	int r = read_all(m, f, &text, err);

	at = blanks(&text, blanks(&text, 0) + 1);
	if (r == MSP_OK && at < text.len && text.data[at] == ']') {
		more = false;
		at++;
	}
	while (r == MSP_OK && more) {
		size_t used = 0;
		bson_t doc;

		r = msp_json_parse((const char *)text.data + at, text.len > at ? text.len - at : 0, &doc, &used, err);
		if (r != MSP_OK) {
			struct msp_error why = *err;

			r = broken_array(m, &text, at < text.len ? at : text.len, why.text, err);
			break;
		}
		r = add(m, &doc, err);
		at = blanks(&text, at + used);
		more = at < text.len && text.data[at] == ',';
		if (r == MSP_OK && !more && (at >= text.len || text.data[at] != ']'))
			r = broken_array(m, &text, at, "expected , or ]", err);
		at++;
	}
	if (r == MSP_OK && blanks(&text, at) < text.len)
		r = broken_array(m, &text, at, "something after the array", err);
	msp_bytes_free(&text);
	return r;
}

/* ---- files ------------------------------------------------------------- */

static int import_stream(struct import *m, FILE *f, struct msp_error *err)
{
	int c;

	while ((c = fgetc(f)) == ' ' || c == '\t' || c == '\r' || c == '\n')
		m->line += c == '\n';
	if (c != EOF && ungetc(c, f) == EOF)
		return memory(err);
	return c == '[' ? import_array(m, f, err) : import_lines(m, f, err);
}

static int import_into(struct import *m, const char *collection, struct msp_error *err)
{
	uint64_t documents = 0;
	FILE *f = fopen(m->path, "re");
	int r;

	if (!f)
		return msp_error_errno(err, MSP_FAIL, "%s", m->path);
	r = msp_load_new(m->store, collection, &m->load, err);
	if (r == MSP_OK)
		r = import_stream(m, f, err);
	fclose(f);
	if (r == MSP_OK)
		r = msp_load_end(m->load, &documents, err);
	else
		msp_load_abort(m->load); /* what came before is not half of a batch: it is not stored */
	if (r == MSP_OK && m->t->done)
		m->t->done(m->t->context, m->path, collection, documents);
	return r;
}

/* DIR/wf_TimeSeries.jsonl -> wf_TimeSeries */
static char *collection_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t n = strlen(name);

	if (n > 6 && strcmp(name + n - 6, ".jsonl") == 0)
		n -= 6;
	else if (n > 5 && strcmp(name + n - 5, ".json") == 0)
		n -= 5;
	else
		return NULL;
	return strndup(name, n);
}

static int import_file(struct msp_store *s, const char *path, const char *collection, const struct msp_transfer *t, struct msp_error *err)
{
	struct import m = {.store = s, .path = path, .t = t, .line = 1};
	char *name;
	int r;

	if (collection)
		return import_into(&m, collection, err);
	name = collection_of(path);
	if (!name)
		return msp_error_set(err, MSP_USAGE, "%s: into which collection? Neither .jsonl nor .json: --collection C", path);
	r = import_into(&m, name, err);
	free(name);
	return r;
}

static int is_dump(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 6 && strcmp(d->d_name + n - 6, ".jsonl") == 0;
}

/* What msp_store_export() made: every .jsonl in it. */
static int import_directory(struct msp_store *s, const char *dir, const char *collection, const struct msp_transfer *t, struct msp_error *err)
{
	struct dirent **entry = NULL;
	int n = scandir(dir, &entry, is_dump, alphasort), r = MSP_OK;

	if (n < 0)
		return msp_error_errno(err, MSP_FAIL, "%s", dir);
	if (n == 0)
		r = msp_error_set(err, MSP_FAIL, "%s: no .jsonl files in it", dir);
	for (int i = 0; i < n; i++) {
		size_t len = strlen(dir) + strlen(entry[i]->d_name) + 2;
		char *path = r == MSP_OK ? malloc(len) : NULL;

		if (path) {
			snprintf(path, len, "%s/%s", dir, entry[i]->d_name);
			r = import_file(s, path, collection, t, err);
		} else if (r == MSP_OK) {
			r = memory(err);
		}
		free(path);
		free(entry[i]);
	}
	free(entry);
	return r;
}

int msp_store_import(struct msp_store *s, const char *path, const char *collection, const struct msp_transfer *t, struct msp_error *err)
{
	static const struct msp_transfer plain;
	struct msp_error own = {0};
	struct stat st;

	t = t ? t : &plain;
	err = err ? err : &own;
	if (stat(path, &st) != 0)
		return msp_error_errno(err, MSP_FAIL, "%s", path);
	return S_ISDIR(st.st_mode) ? import_directory(s, path, collection, t, err) : import_file(s, path, collection, t, err);
}
