/* Files of JSON documents loaded into collections. */
#include "mspipe/documents.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct import {
	const struct msp_transfer *t;
	struct msp_load *load;
};

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

static int add(void *context, const bson_t *doc, uint64_t line, struct msp_error *err)
{
	struct import *m = context;

	(void)line;
	if (m->t->poll && m->t->poll(m->t->context))
		return msp_error_set(err, MSP_INTERRUPTED, "interrupted");
	return msp_load_add(m->load, doc, err);
}

static int import_into(struct msp_store *s, const char *path, const char *collection, const struct msp_transfer *t, struct msp_error *err)
{
	struct msp_text_file file = {.name = path, .poll = t->poll, .poll_context = t->context};
	struct import m = {.t = t};
	uint64_t documents = 0;
	int r;

	file.fd = msp_open_input(path, t->poll, t->context, err);
	if (file.fd < 0)
		return file.fd;
	r = msp_load_new(s, collection, &m.load, err);
	if (r == MSP_OK)
		r = msp_json_read(&file, add, &m, err);
	close(file.fd);
	if (r == MSP_OK)
		r = msp_load_end(m.load, &documents, err);
	else
		msp_load_abort(m.load); /* what came before is not half of a batch: it is not stored */
	if (r == MSP_OK && t->done)
		t->done(t->context, path, collection, documents);
	return r;
}

char *msp_collection_of_file(const char *path)
{
	static const char *const endings[] = {".jsonl", ".json", ".csv"};
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(endings) / sizeof(*endings); i++) {
		size_t end = strlen(endings[i]);

		if (n > end && strcmp(name + n - end, endings[i]) == 0)
			return strndup(name, n - end);
	}
	return NULL;
}

static int import_file(struct msp_store *s, const char *path, const char *collection, const struct msp_transfer *t, struct msp_error *err)
{
	char *name;
	int r;

	if (collection)
		return import_into(s, path, collection, t, err);
	name = msp_collection_of_file(path);
	if (!name)
		return msp_error_set(err, MSP_USAGE, "%s: into which collection? Neither .jsonl nor .json: --collection C (StationXML, QuakeML and tables are for msimport)", path);
	r = import_into(s, path, name, t, err);
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
