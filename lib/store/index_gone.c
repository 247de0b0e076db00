/* Files that were indexed and are not there any more. */
#include "store/index.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int index_oid_compare(const void *a, const void *b)
{
	return memcmp(((const bson_oid_t *)a)->bytes, ((const bson_oid_t *)b)->bytes, sizeof(((const bson_oid_t *)a)->bytes));
}

int index_tell(const struct msp_index_options *options, int event, const char *path, const char *why, struct msp_error *err)
{
	char *copy;

	if (!options->tell)
		return MSP_OK;
	copy = strdup(path);
	if (!copy)
		return index_memory(err);
	msp_text_harmless(copy, strlen(copy));
	options->tell(options->context, event, copy, why);
	free(copy);
	return MSP_OK;
}

/* One that is gone. */
struct gone {
	bson_oid_t id;
	char *dir, *name;
};

struct search {
	char **root; /* real paths of the sources' directories */
	size_t roots;
	const struct index_seen *seen;
	const char *tag;
	struct gone *gone;
	size_t n, room;
};

static bool inside(const struct search *s, const char *dir)
{
	for (size_t i = 0; i < s->roots; i++) {
		size_t n = strlen(s->root[i]);

		if (strncmp(dir, s->root[i], n) == 0 && (dir[n] == '\0' || dir[n] == '/' || s->root[i][n - 1] == '/'))
			return true;
	}
	return false;
}

static bool absent(const char *dir, const char *name)
{
	size_t n = strlen(dir) + strlen(name) + 2;
	char *path = malloc(n);
	struct stat st;
	bool is = false;

	if (path) {
		snprintf(path, n, "%s/%s", dir, name);
		is = lstat(path, &st) != 0 && (errno == ENOENT || errno == ENOTDIR);
	}
	free(path);
	return is;
}

static const char *text_of(const bson_t *doc, const char *key)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, doc, key) && BSON_ITER_HOLDS_UTF8(&it) ? bson_iter_utf8(&it, NULL) : NULL;
}

static int consider(struct search *s, const bson_t *doc)
{
	const char *dir = text_of(doc, "dir"), *name = text_of(doc, "dfile"), *tag = text_of(doc, "data_tag");
	struct gone *g;
	bson_iter_t it;

	if (!dir || !name || strcmp(tag ? tag : "", s->tag ? s->tag : "") != 0 || !inside(s, dir))
		return MSP_OK;
	if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
		return MSP_OK;
	if (s->seen->n > 0 && bsearch(bson_iter_oid(&it), s->seen->id, s->seen->n, sizeof(*s->seen->id), index_oid_compare))
		return MSP_OK;
	if (!absent(dir, name))
		return MSP_OK;
	if (s->n == s->room) {
		size_t room = s->room > 0 ? 2 * s->room : 64;
		struct gone *more = realloc(s->gone, room * sizeof(*more));

		if (!more)
			return MSP_NOMEM;
		s->gone = more;
		s->room = room;
	}
	g = &s->gone[s->n];
	*g = (struct gone){.id = *bson_iter_oid(&it), .dir = strdup(dir), .name = strdup(name)};
	s->n++;
	return g->dir && g->name ? MSP_OK : MSP_NOMEM;
}

static int look(struct msp_store *store, struct search *s, const struct msp_index_options *options, struct msp_error *err)
{
	bson_t filter = BSON_INITIALIZER;
	struct msp_find find = {.filter = &filter};
	struct msp_cursor *c = NULL;
	const bson_t *doc;
	int r = bson_append_utf8(&filter, "collection", 10, MSP_INDEX_COLLECTION, -1) ? MSP_OK : index_memory(err);

	if (r == MSP_OK)
		r = msp_store_find(store, MSP_INDEX_FILES, &find, &c, err);
	while (r == MSP_OK && (r = msp_cursor_next(c, &doc, err)) == 1) {
		r = consider(s, doc) == MSP_OK ? MSP_OK : index_memory(err);
		if (r == MSP_OK && options->poll && options->poll(options->context))
			r = msp_error_set(err, MSP_INTERRUPTED, "interrupted");
	}
	msp_cursor_free(c);
	bson_destroy(&filter);
	return r;
}

/* Its documents first: what is left of it if that is interrupted is found again. */
static int prune(struct msp_store *store, const char *tag, const struct gone *g, uint64_t *removed, struct msp_error *err)
{
	bson_t ids = BSON_INITIALIZER;
	int r = index_remove(store, tag, g->dir, g->name, NULL, 0, removed, err);

	if (r == MSP_OK && !bson_append_oid(&ids, "0", 1, &g->id))
		r = index_memory(err);
	if (r == MSP_OK)
		r = index_remove_ids(store, MSP_INDEX_TROUBLES, &ids, NULL, err);
	if (r == MSP_OK && !bson_append_oid(&ids, "0", 1, &g->id))
		r = index_memory(err);
	if (r == MSP_OK)
		r = index_remove_ids(store, MSP_INDEX_FILES, &ids, NULL, err);
	bson_destroy(&ids);
	return r;
}

static int by_path(const void *a, const void *b)
{
	const struct gone *x = a, *y = b;
	int c = strcmp(x->dir, y->dir);

	return c ? c : strcmp(x->name, y->name);
}

static int act(struct msp_store *store, const struct search *s, const struct msp_index_options *options, struct msp_index_counts *counts,
               struct msp_error *err)
{
	int r = MSP_OK;

	for (size_t i = 0; i < s->n && r == MSP_OK; i++) {
		struct gone *g = &s->gone[i];
		size_t n = strlen(g->dir) + strlen(g->name) + 2;
		char *path = malloc(n);

		if (!path)
			return index_memory(err);
		snprintf(path, n, "%s/%s", g->dir, g->name);
		counts->gone++;
		if (options->prune)
			r = prune(store, s->tag, g, &counts->removed, err);
		if (r == MSP_OK)
			r = index_tell(options, MSP_INDEX_GONE, path, options->prune ? "removed" : "kept", err);
		free(path);
	}
	return r;
}

int index_find_gone(struct msp_store *store, const struct msp_sources *sources, const struct index_seen *seen,
                    const struct msp_index_options *options, struct msp_index_counts *counts, struct msp_error *err)
{
	struct search s = {.seen = seen, .tag = options->tag};
	int r = MSP_OK;

	if (sources->dirs == 0)
		return MSP_OK;
	s.root = calloc(sources->dirs, sizeof(*s.root));
	if (!s.root)
		return index_memory(err);
	for (size_t i = 0; i < sources->dirs; i++)
		if ((s.root[s.roots] = realpath(sources->dir[i], NULL)) != NULL) /* else it went away just now: nothing is known of it */
			s.roots++;
	r = look(store, &s, options, err);
	if (r == MSP_OK && s.n > 0) {
		qsort(s.gone, s.n, sizeof(*s.gone), by_path);
		r = act(store, &s, options, counts, err);
	}
	for (size_t i = 0; i < s.n; i++) {
		free(s.gone[i].dir);
		free(s.gone[i].name);
	}
	for (size_t i = 0; i < s.roots; i++)
		free(s.root[i]);
	free(s.gone);
	free(s.root);
	return r;
}
