/* Checking: are the samples there that a document says it has, in GridFS or in a file, and are they as long as it says? */
#include "store/check.h"

#include "store/order.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define SAMPLE 8 /* bytes: doubles, always */

enum msp_file_trouble { FILE_THERE, FILE_NONE, FILE_NO_DIRECTORY, FILE_ODD };

/* ---- what a document says ---------------------------------------------- */

static const char *text_of(const bson_t *doc, const char *key)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, doc, key) && BSON_ITER_HOLDS_UTF8(&it) ? bson_iter_utf8(&it, NULL) : NULL;
}

/* False if there is no such number, or it is negative. */
static bool size_of(const bson_t *doc, const char *key, uint64_t *out)
{
	bson_iter_t it;
	double d;

	if (!bson_iter_init_find(&it, doc, key) || msp_rank(&it) != MSP_R_NUMBER)
		return false;
	d = msp_number(&it);
	if (!(d >= 0 && d < 9e18))
		return false;
	*out = (uint64_t)bson_iter_as_int64(&it);
	return true;
}

/* Bytes of its samples as doubles; false if it does not say. */
static bool bytes_wanted(const bson_t *doc, const char *collection, uint64_t *npts, uint64_t *bytes)
{
	bool three = strcmp(collection, "wf_Seismogram") == 0 || bson_has_field(doc, "tmatrix");

	if (!size_of(doc, "npts", npts) || *npts > UINT64_MAX / (3 * SAMPLE))
		return false;
	*bytes = *npts * SAMPLE * (three ? 3 : 1);
	return true;
}

static bool is_waveform(const char *collection, const bson_t *doc)
{
	return strncmp(collection, "wf_", 3) == 0 || bson_has_field(doc, "storage_mode");
}

/* ---- findings ---------------------------------------------------------- */

/* The documents looked at together: why each has no samples, if it is to be buried. */
struct look {
	struct msp_check *c;
	const char *collection;
	bson_t **doc;
	char **why;
	size_t n;
};

static int no_samples(struct look *k, size_t i, bool left, const char *text)
{
	if (!left && k->c->o->fix && !k->c->running) {
		k->why[i] = strdup(text);
		if (!k->why[i])
			return msp_check_memory(k->c);
	}
	return msp_check_found_in(k->c, MSP_FIND_NO_SAMPLES, left, k->collection, k->doc[i], "%s", text);
}

static int wrong_length(struct look *k, size_t i, uint64_t npts, uint64_t want, const char *have, uint64_t bytes)
{
	return msp_check_found_in(k->c, MSP_FIND_NPTS, true, k->collection, k->doc[i], "npts is %" PRIu64 ", which takes %" PRIu64
	                          " bytes; %s %" PRIu64, npts, want, have, bytes);
}

/* ---- GridFS ------------------------------------------------------------ */

static int look_in_gridfs(struct look *k, size_t i, const bson_iter_t *id, const struct msp_tally *t)
{
	struct msp_id hash;
	uint64_t *at, npts, want;
	char text[160], name[64];
	struct msp_bytes shown = {0};
	struct msp_value v;
	int verdict, r;

	if (msp_value_hash(id, &k->c->key, &hash) != MSP_OK)
		return msp_check_memory(k->c);
	msp_value_of_iter(id, &v);
	if (msp_json_value(&v, &shown) != MSP_OK)
		return msp_check_memory(k->c);
	snprintf(name, sizeof(name), "%.*s", (int)(shown.len < 60 ? shown.len : 60), (const char *)shown.data);
	msp_bytes_free(&shown);
	if (!msp_idmap_find(&t->map, hash, &at)) {
		snprintf(text, sizeof(text), "gridfs_id: %s is not in fs.files", name);
		return no_samples(k, i, false, text);
	}
	verdict = msp_tally_verdict(t, (size_t)*at);
	if (verdict != MSP_TALLY_WHOLE) {
		snprintf(text, sizeof(text), "gridfs_id: %s is a file %s", name, msp_tally_text(verdict));
		return no_samples(k, i, false, text);
	}
	r = MSP_OK;
	if (bytes_wanted(k->doc[i], k->collection, &npts, &want) && t->file[*at].length != want)
		r = wrong_length(k, i, npts, want, "in GridFS there are", t->file[*at].length);
	return r;
}

int msp_check_tally(struct msp_check *c, const bson_t *values, struct msp_tally *t)
{
	bson_t filter;
	struct msp_find f = {.filter = &filter};
	struct msp_cursor *cursor = NULL;
	const bson_t *doc;
	int r, more = 0;

	msp_tally_clear(t);
	r = msp_filter_in(c, "_id", values, &filter);
	if (r == MSP_OK)
		r = msp_store_find(c->store, "fs.files", &f, &cursor, c->err);
	while (r == MSP_OK && (more = msp_cursor_next(cursor, &doc, c->err)) == 1)
		r = msp_tally_add(t, doc) == MSP_OK ? MSP_OK : msp_check_memory(c);
	msp_cursor_free(cursor);
	cursor = NULL;
	bson_destroy(&filter);
	if (r != MSP_OK || more < 0)
		return r != MSP_OK ? r : more;
	r = msp_filter_in(c, "files_id", values, &filter);
	if (r == MSP_OK)
		r = msp_store_find(c->store, "fs.chunks", &f, &cursor, c->err);
	while (r == MSP_OK && (more = msp_cursor_next(cursor, &doc, c->err)) == 1) {
		r = msp_tally_chunk(t, doc) == MSP_OK ? MSP_OK : msp_check_memory(c);
		if (r == MSP_OK && c->o->poll && c->o->poll(c->o->context))
			r = msp_error_set(c->err, MSP_INTERRUPTED, "interrupted");
	}
	msp_cursor_free(cursor);
	bson_destroy(&filter);
	return r == MSP_OK && more < 0 ? more : r;
}

static bool in_gridfs(const bson_t *doc, bson_iter_t *id)
{
	const char *mode = text_of(doc, "storage_mode");

	return (!mode || strcmp(mode, "gridfs") == 0) && bson_iter_init_find(id, doc, "gridfs_id") && !BSON_ITER_HOLDS_NULL(id) &&
	       !BSON_ITER_HOLDS_ARRAY(id) && !BSON_ITER_HOLDS_REGEX(id);
}

static int all_in_gridfs(struct look *k)
{
	struct msp_lookup l = {0};
	struct msp_tally t = {0};
	bson_iter_t id;
	int r = MSP_OK;

	msp_lookup_begin(k->c, &l);
	for (size_t i = 0; r == MSP_OK && i < k->n; i++)
		if (in_gridfs(k->doc[i], &id))
			r = msp_lookup_add(&l, &id);
	if (r == MSP_OK && l.n > 0)
		r = msp_check_tally(k->c, &l.values, &t);
	for (size_t i = 0; r == MSP_OK && i < k->n; i++)
		if (in_gridfs(k->doc[i], &id))
			r = look_in_gridfs(k, i, &id, &t);
	msp_lookup_free(&l);
	msp_tally_free(&t);
	return r;
}

/* ---- files ------------------------------------------------------------- */

static void look_at_file(struct msp_check_file *f, const char *path)
{
	struct stat st;
	const char *slash;
	char *dir;

	f->error = 0;
	f->trouble = FILE_THERE;
	if (stat(path, &st) == 0) {
		f->trouble = S_ISREG(st.st_mode) ? FILE_THERE : FILE_ODD;
		f->size = st.st_size > 0 ? (uint64_t)st.st_size : 0;
		return;
	}
	f->error = errno;
	f->trouble = errno == ENOENT ? FILE_NONE : FILE_ODD;
	if (errno != ENOENT)
		return;
	slash = strrchr(path, '/');
	dir = slash ? strndup(path, (size_t)(slash + 1 - path)) : NULL;
	if (dir && stat(dir, &st) != 0)
		f->trouble = FILE_NO_DIRECTORY; /* of a disk that is not mounted, perhaps */
	free(dir);
}

/* dir and dfile as a path, in c->key. */
static int path_of(struct msp_check *c, const bson_t *doc, const char **out)
{
	const char *dir = text_of(doc, "dir"), *name = text_of(doc, "dfile");
	struct msp_bytes *path = &c->key;
	int r = 0;

	path->len = 0;
	if (!(dir && dir[0] == '/'))
		r = msp_bytes_append(path, c->base.data, c->base.len);
	if (dir && *dir)
		r = r || msp_text_append(path, dir) || msp_text_append(path, "/");
	if (r || msp_text_append(path, name) || msp_bytes_append(path, "", 1))
		return msp_check_memory(c);
	*out = (const char *)path->data;
	return MSP_OK;
}

static const struct msp_check_file *known_file(struct msp_check *c, const char *path)
{
	struct msp_id name = msp_id_hash(path, strlen(path));
	struct msp_check_file *f = &c->file[((size_t)name.byte[0] << 8 | name.byte[1]) % (sizeof(c->file) / sizeof(c->file[0]))];

	if (!msp_id_equal(&f->name, &name)) {
		f->name = name;
		look_at_file(f, path);
	}
	return f;
}

static int look_at_bytes(struct look *k, size_t i, const char *path, const struct msp_check_file *f)
{
	const bson_t *doc = k->doc[i];
	const char *format = text_of(doc, "format");
	uint64_t foff = 0, nbytes = 0, want = 0, npts = 0;
	bool counted = size_of(doc, "nbytes", &nbytes), said = bytes_wanted(doc, k->collection, &npts, &want);
	bool binary = !format || strcmp(format, "binary") == 0;
	char text[400];

	(void)size_of(doc, "foff", &foff);
	if (binary && counted && said && nbytes != want)
		return wrong_length(k, i, npts, want, "nbytes is", nbytes);
	nbytes = binary && said ? want : counted ? nbytes : 1;
	if (foff <= f->size && nbytes <= f->size - foff)
		return MSP_OK;
	snprintf(text, sizeof(text), "%.300s has %" PRIu64 " bytes; the samples are %" PRIu64 " at %" PRIu64, path, f->size, nbytes, foff);
	return no_samples(k, i, false, text);
}

static int in_file(struct look *k, size_t i)
{
	const struct msp_check_file *f;
	const char *path = "";
	char text[400];
	int r;

	if (!text_of(k->doc[i], "dfile") || !*text_of(k->doc[i], "dfile"))
		return no_samples(k, i, false, "storage_mode is file, and there is no dfile");
	r = path_of(k->c, k->doc[i], &path);
	if (r != MSP_OK)
		return r;
	f = known_file(k->c, path);
	switch (f->trouble) {
	case FILE_THERE: return look_at_bytes(k, i, path, f);
	case FILE_NONE: snprintf(text, sizeof(text), "%.300s is not there", path); break;
	case FILE_NO_DIRECTORY: snprintf(text, sizeof(text), "%.300s is not there, nor is its directory: not mounted here?", path); break;
	default: snprintf(text, sizeof(text), "%.300s: %s", path, f->error ? strerror(f->error) : "not a file"); break;
	}
	return no_samples(k, i, f->trouble != FILE_NONE, text);
}

/* ---- all of them ------------------------------------------------------- */

static int elsewhere(struct look *k, size_t i)
{
	const bson_t *doc = k->doc[i];
	const char *mode = text_of(doc, "storage_mode");
	bson_iter_t id;
	uint64_t npts;

	if (!is_waveform(k->collection, doc) || in_gridfs(doc, &id))
		return MSP_OK;
	if (mode && strcmp(mode, "file") == 0)
		return in_file(k, i);
	if (mode && strcmp(mode, "gridfs") != 0) /* on the net, or not known */
		return MSP_OK;
	if (size_of(doc, "npts", &npts) && npts == 0)
		return MSP_OK;
	return no_samples(k, i, false, mode ? "storage_mode is gridfs, and there is no gridfs_id" : "there is neither storage_mode nor gridfs_id");
}

int msp_check_samples(struct msp_check *c, const char *collection, bson_t **doc, size_t n)
{
	struct look k = {.c = c, .collection = collection, .doc = doc, .why = calloc(n, sizeof(char *)), .n = n};
	int r = k.why ? all_in_gridfs(&k) : msp_check_memory(c);

	for (size_t i = 0; r == MSP_OK && i < n; i++)
		r = elsewhere(&k, i);
	if (r == MSP_OK && c->o->fix)
		r = msp_check_bury(c, collection, doc, k.why, n);
	for (size_t i = 0; k.why && i < n; i++)
		free(k.why[i]);
	free(k.why);
	return r;
}
