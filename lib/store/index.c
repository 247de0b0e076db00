/* Indexing recordings: which files there are, which of them have changed, and the whole in order. */
#include "store/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct index {
	struct msp_store *store;
	const struct msp_index_options *options;
	struct msp_index_counts *counts;
	struct index_file *file; /* those to be read */
	size_t files;
	struct index_seen seen;  /* all there are */
	char *given, *real;      /* the directory of the file before, as it was named, and really */
};

/* ---- files ------------------------------------------------------------- */

/* The real path of a directory. Files come directory by directory. */
static const char *real_directory(struct index *x, const char *given)
{
	if (x->given && strcmp(x->given, given) == 0)
		return x->real;
	free(x->given);
	free(x->real);
	x->real = NULL;
	x->given = strdup(given);
	if (x->given)
		x->real = realpath(given, NULL);
	return x->real;
}

/* DIRECTORY and NAME of a source's path. A directory that is gone meanwhile stays as it was named, and the file is a trouble. */
static int split(struct index *x, const struct msp_source *s, struct index_file *f, struct msp_error *err)
{
	const char *slash = strrchr(s->path, '/'), *real;
	char *given = slash ? strndup(s->path, (size_t)(slash - s->path) + (slash == s->path)) : strdup(".");

	real = given ? real_directory(x, given) : NULL;
	f->source = s;
	f->dir = real ? strdup(real) : given ? strdup(given) : NULL;
	f->name = strdup(slash ? slash + 1 : s->path);
	free(given);
	if (!f->dir || !f->name)
		return index_memory(err);
	index_file_id(f->dir, f->name, x->options->tag, &f->id);
	return MSP_OK;
}

/* A store's file, and what SQLite has beside it, may well lie among the recordings; it changes while it is written to. */
static bool is_store_file(const char *name)
{
	static const char *const ends[] = {".msdb", ".msdb-wal", ".msdb-shm", ".msdb-journal"};
	size_t n = strlen(name);

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (n > strlen(ends[i]) && strcmp(name + n - strlen(ends[i]), ends[i]) == 0)
			return true;
	return false;
}

/* What is named must be what can be indexed; what is found in a directory is only told. */
static int check_source(const struct msp_source *s, struct msp_error *err)
{
	struct stat st;

	if (!s->path)
		return msp_error_set(err, MSP_USAGE, "standard input cannot be indexed: a document names a file");
	if (s->offset > 0 || s->end > 0)
		return msp_error_set(err, MSP_USAGE, "%s: a range of bytes cannot be indexed, only the whole file", s->path);
	if (s->found || s->trouble)
		return MSP_OK;
	if (stat(s->path, &st) != 0)
		return msp_error_errno(err, MSP_FAIL, "%s", s->path);
	return S_ISREG(st.st_mode) ? MSP_OK : msp_error_set(err, MSP_FAIL, "%s: not a regular file", s->path);
}

int msp_index_check(const struct msp_sources *sources, struct msp_error *err)
{
	int r = MSP_OK;

	for (size_t i = 0; i < sources->n && r == MSP_OK; i++)
		r = check_source(&sources->item[i], err);
	return r;
}

static int list_files(struct index *x, const struct msp_sources *sources, struct msp_error *err)
{
	int r = MSP_OK;

	x->file = calloc(sources->n + 1, sizeof(*x->file));
	x->seen.id = calloc(sources->n + 1, sizeof(*x->seen.id));
	if (!x->file || !x->seen.id)
		return index_memory(err);
	for (size_t i = 0; i < sources->n && r == MSP_OK; i++) {
		struct index_file *f = &x->file[x->files];

		if (sources->item[i].found && is_store_file(sources->item[i].path))
			continue;
		x->files++;
		r = split(x, &sources->item[i], f, err);
		x->seen.id[x->seen.n++] = f->id;
	}
	return r;
}

static void free_file(struct index_file *f)
{
	free(f->dir);
	free(f->name);
}

/* A file that was named twice is indexed once. */
static int drop_doubles(struct index *x, struct msp_error *err)
{
	bool *met = calloc(x->files + 1, sizeof(*met));
	size_t n = 0;

	if (!met)
		return index_memory(err);
	qsort(x->seen.id, x->seen.n, sizeof(*x->seen.id), index_oid_compare);
	for (size_t i = 0; i < x->files; i++) {
		const bson_oid_t *first = bsearch(&x->file[i].id, x->seen.id, x->seen.n, sizeof(*x->seen.id), index_oid_compare);

		/* equal ones stand side by side, and the search always ends at the same one of them */
		if (first && !met[first - x->seen.id]) {
			met[first - x->seen.id] = true;
			x->file[n++] = x->file[i];
		} else {
			free_file(&x->file[i]);
		}
	}
	x->files = n;
	x->counts->files = n;
	free(met);
	return MSP_OK;
}

/* ---- what is known ----------------------------------------------------- */

static bool number(const bson_t *doc, const char *key, int64_t *out)
{
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, key) || !BSON_ITER_HOLDS_INT(&it))
		return false;
	*out = bson_iter_as_int64(&it);
	return true;
}

/* Whether a document of msp_files says that nothing is to be done for a file. */
static bool says_unchanged(const bson_t *doc, const struct index_file *f)
{
	int64_t size, mtime, version;
	bson_iter_t it;

	return bson_iter_init_find(&it, doc, "complete") && BSON_ITER_HOLDS_BOOL(&it) && bson_iter_bool(&it) && number(doc, "size", &size) &&
	       number(doc, "mtime", &mtime) && number(doc, "version", &version) && version == INDEX_VERSION && f->source->trouble == 0 &&
	       size == (int64_t)f->source->size && mtime == f->source->mtime;
}

/* A batch of files, sorted by _id. */
struct batch {
	struct index_file *file[MSP_STORE_BATCH];
	bool unchanged[MSP_STORE_BATCH];
	size_t n;
};

static int by_id(const void *a, const void *b)
{
	return index_oid_compare(&(*(struct index_file *const *)a)->id, &(*(struct index_file *const *)b)->id);
}

static int key_against(const void *key, const void *b)
{
	return index_oid_compare(key, &(*(struct index_file *const *)b)->id);
}

static int make_query(const struct batch *b, bson_t *filter, struct msp_error *err)
{
	bson_t in, ids;
	bool ok = bson_append_document_begin(filter, "_id", 3, &in) && bson_append_array_begin(&in, "$in", 3, &ids);

	for (size_t i = 0; i < b->n && ok; i++) {
		char key[16];
		const char *text;
		size_t len = bson_uint32_to_string((uint32_t)i, &text, key, sizeof(key));

		ok = bson_append_oid(&ids, text, (int)len, &b->file[i]->id);
	}
	ok = ok && bson_append_array_end(&in, &ids) && bson_append_document_end(filter, &in);
	return ok ? MSP_OK : index_memory(err);
}

static int look_up(struct index *x, struct batch *b, struct msp_error *err)
{
	bson_t filter = BSON_INITIALIZER;
	struct msp_find find = {.filter = &filter};
	struct msp_cursor *c = NULL;
	const bson_t *doc;
	int r;

	qsort(b->file, b->n, sizeof(*b->file), by_id);
	memset(b->unchanged, 0, sizeof(b->unchanged));
	r = make_query(b, &filter, err);
	if (r == MSP_OK)
		r = msp_store_find(x->store, MSP_INDEX_FILES, &find, &c, err);
	while (r == MSP_OK && (r = msp_cursor_next(c, &doc, err)) == 1) {
		bson_iter_t id;
		struct index_file **f;

		r = MSP_OK;
		if (!bson_iter_init_find(&id, doc, "_id") || !BSON_ITER_HOLDS_OID(&id))
			continue;
		f = bsearch(bson_iter_oid(&id), b->file, b->n, sizeof(*b->file), key_against);
		if (!f)
			continue;
		(*f)->known = true;
		b->unchanged[f - b->file] = !x->options->all && says_unchanged(doc, *f);
	}
	msp_cursor_free(c);
	bson_destroy(&filter);
	for (size_t i = 0; i < b->n && r == MSP_OK; i++)
		if (b->unchanged[i])
			b->file[i]->source = NULL;
	return r;
}

/* Leaves those that have to be read, in their order. */
static int drop_unchanged(struct index *x, struct msp_error *err)
{
	struct batch *b = calloc(1, sizeof(*b));
	size_t n = 0;
	int r = b ? MSP_OK : index_memory(err);

	for (size_t i = 0; i < x->files && r == MSP_OK;) {
		for (b->n = 0; b->n < MSP_STORE_BATCH && i < x->files; i++)
			b->file[b->n++] = &x->file[i];
		r = look_up(x, b, err);
		if (r == MSP_OK && x->options->poll && x->options->poll(x->options->context))
			r = msp_error_set(err, MSP_INTERRUPTED, "interrupted");
	}
	free(b);
	for (size_t i = 0; i < x->files && r == MSP_OK; i++) {
		if (x->file[i].source)
			x->file[n++] = x->file[i];
		else
			free_file(&x->file[i]);
	}
	if (r == MSP_OK) {
		x->counts->unchanged = x->files - n;
		x->files = n;
	}
	return r;
}

/* ---- the whole --------------------------------------------------------- */

/* Old documents of a file are found by it. */
static int make_indexes(struct msp_store *s, struct msp_error *err)
{
	bson_t keys = BSON_INITIALIZER;
	int r = bson_append_int32(&keys, "dir", 3, 1) && bson_append_int32(&keys, "dfile", 5, 1) ? MSP_OK : index_memory(err);

	if (r == MSP_OK)
		r = msp_store_index(s, MSP_INDEX_COLLECTION, &keys, 0, err);
	bson_destroy(&keys);
	return r;
}

static int note(struct index *x, const struct index_file *f, const struct index_result *r, struct msp_error *err)
{
	x->counts->indexed++;
	if (r->format == MSP_FORMAT_MSP || r->format == INDEX_STORE)
		x->counts->streams++;
	if (r->troubles == 0)
		return MSP_OK;
	x->counts->troubled++;
	return index_tell(x->options, MSP_INDEX_TROUBLE, f->source->path, r->first, err);
}

static int read_files(struct index *x, struct msp_error *err)
{
	unsigned workers = x->options->workers > 0 ? x->options->workers : 1;
	struct index_writer *w = NULL;
	struct index_pool *p = NULL;
	struct index_chunk c;
	int r = index_writer_new(x->store, x->options->tag, x->counts, &w, err);

	if (r == MSP_OK)
		r = index_pool_new(x->file, x->files, workers, x->options->tag, &p, err);
	while (r == MSP_OK && (r = index_pool_next(p, x->options->poll, x->options->context, &c, err)) == 1) {
		r = c.last ? note(x, &x->file[c.file], c.result, err) : MSP_OK;
		if (r == MSP_OK)
			r = index_writer_put(w, &x->file[c.file], &c, err);
		if (r == MSP_OK && x->options->poll && x->options->poll(x->options->context))
			r = msp_error_set(err, MSP_INTERRUPTED, "interrupted");
	}
	index_pool_free(p);
	if (r == MSP_OK)
		r = index_writer_end(w, err);
	index_writer_free(w);
	return r;
}

int msp_index_sources(struct msp_store *s, const struct msp_sources *sources, const struct msp_index_options *options,
                      struct msp_index_counts *counts, struct msp_error *err)
{
	struct msp_index_counts none;
	struct index x = {.store = s, .options = options, .counts = counts ? counts : &none};
	int r;

	memset(x.counts, 0, sizeof(*x.counts));
	r = msp_index_check(sources, err);
	if (r == MSP_OK)
		r = list_files(&x, sources, err);
	if (r == MSP_OK)
		r = drop_doubles(&x, err);
	if (r == MSP_OK)
		r = drop_unchanged(&x, err);
	if (r == MSP_OK && x.files > 0)
		r = make_indexes(s, err);
	if (r == MSP_OK)
		r = read_files(&x, err);
	if (r == MSP_OK)
		r = index_find_gone(s, sources, &x.seen, options, x.counts, err);
	for (size_t i = 0; i < x.files; i++)
		free_file(&x.file[i]);
	free(x.file);
	free(x.seen.id);
	free(x.given);
	free(x.real);
	return r;
}
