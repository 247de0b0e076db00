/* What a save has put: whose it is, and how it is removed. wfsave_runs.c says when it may be. */
#include "store/wfsave.h"

#include "store/backend.h"
#include "store/gridfs.h"

#include <math.h>
#include <string.h>
#include <time.h>

#define SAVES MSP_SAVES
#define SETTLE_S 5 /* in which a server has done what a client asked for last */
#define TOGETHER MSP_WF_TOGETHER

/* ---- what a save left -------------------------------------------------- */

static bool of_save(bson_t *filter, const bson_oid_t *id)
{
	bson_init(filter);
	return BSON_APPEND_OID(filter, "msp_save", id);
}

bool msp_ids_among(bson_t *filter, const char *key, const bson_oid_t *ids, size_t n)
{
	bson_t in, list;
	char buf[16];
	const char *index;

	bson_init(filter);
	BSON_APPEND_DOCUMENT_BEGIN(filter, key, &in);
	BSON_APPEND_ARRAY_BEGIN(&in, "$in", &list);
	for (size_t i = 0; i < n; i++) {
		size_t k = bson_uint32_to_string((uint32_t)i, &index, buf, sizeof(buf));

		bson_append_oid(&list, index, (int)k, &ids[i]);
	}
	return bson_append_array_end(&in, &list) && bson_append_document_end(filter, &in);
}

int msp_ids_of(struct msp_store *s, const char *collection, const bson_t *filter, const char *key, bson_oid_t *ids, size_t *n,
                    struct msp_error *err)
{
	bson_t only = BSON_INITIALIZER;
	struct msp_find f = {.filter = filter, .projection = &only, .limit = TOGETHER};
	struct msp_cursor *c = NULL;
	const bson_t *doc;
	bson_iter_t it;
	int r;

	BSON_APPEND_INT32(&only, key, 1);
	*n = 0;
	r = msp_store_find(s, collection, &f, &c, err);
	while (r == MSP_OK && (r = msp_cursor_next(c, &doc, err)) == 1) {
		r = MSP_OK;
		if (bson_iter_init_find(&it, doc, key) && BSON_ITER_HOLDS_OID(&it) && *n < TOGETHER)
			bson_oid_copy(bson_iter_oid(&it), &ids[(*n)++]);
	}
	msp_cursor_free(c);
	bson_destroy(&only);
	return r < 0 ? r : MSP_OK;
}

/* Takes those out of ids that are among others. */
static void drop(bson_oid_t *ids, size_t *n, const bson_oid_t *others, size_t k)
{
	size_t left = 0;

	for (size_t i = 0; i < *n; i++) {
		bool found = false;

		for (size_t j = 0; !found && j < k; j++)
			found = bson_oid_equal(&ids[i], &others[j]);
		if (!found)
			ids[left++] = ids[i];
	}
	*n = left;
}

/* Takes those out of ids that a document of a collection names. */
static int drop_named(struct msp_store *s, const char *collection, bson_oid_t *ids, size_t *n, struct msp_error *err)
{
	bson_oid_t named[TOGETHER];
	bson_t filter;
	size_t k = 0;
	int r = msp_ids_among(&filter, "gridfs_id", ids, *n) ? msp_ids_of(s, collection, &filter, "gridfs_id", named, &k, err) : msp_wf_nomem(err);

	bson_destroy(&filter);
	drop(ids, n, named, k);
	return r;
}

static int drop_all_named(struct msp_store *s, const bson_t *doc, bson_oid_t *ids, size_t *n, struct msp_error *err)
{
	bson_iter_t it, one;
	int r = MSP_OK;

	if (bson_iter_init_find(&it, doc, "collections") && bson_iter_recurse(&it, &one))
		while (r == MSP_OK && *n > 0 && bson_iter_next(&one))
			if (BSON_ITER_HOLDS_UTF8(&one))
				r = drop_named(s, bson_iter_utf8(&one, NULL), ids, n, err);
	return r;
}

int msp_files_missing(struct msp_store *s, bson_oid_t *ids, size_t *n, struct msp_error *err)
{
	bson_oid_t whole[TOGETHER];
	size_t k = 0;
	bson_t filter;
	int r;

	if (*n == 0)
		return MSP_OK;
	r = msp_ids_among(&filter, "_id", ids, *n) ? msp_ids_of(s, MSP_GRIDFS_FILES, &filter, "_id", whole, &k, err) : msp_wf_nomem(err);
	bson_destroy(&filter);
	drop(ids, n, whole, k);
	return r;
}

/* Takes those out of ids of which there is a file that is not this save's. */
static int drop_taken(struct msp_hold *h, bson_oid_t *ids, size_t *n, struct msp_error *err)
{
	bson_oid_t taken[TOGETHER];
	bson_t filter, other = BSON_INITIALIZER;
	size_t k = 0;
	int r;

	if (msp_ids_among(&filter, "_id", ids, *n) && BSON_APPEND_OID(&other, "$ne", &h->id) && BSON_APPEND_DOCUMENT(&filter, "msp_save", &other))
		r = msp_ids_of(h->store, MSP_GRIDFS_FILES, &filter, "_id", taken, &k, err);
	else
		r = msp_wf_nomem(err);
	bson_destroy(&filter);
	bson_destroy(&other);
	drop(ids, n, taken, k);
	return r;
}

static int remove_where(struct msp_hold *h, const char *collection, const char *key, const bson_oid_t *ids, size_t n, bool own, struct msp_error *err)
{
	bson_t filter;
	int r = msp_hold_sure(h, err);

	if (r != MSP_OK)
		return r;
	if (msp_ids_among(&filter, key, ids, n) && (!own || BSON_APPEND_OID(&filter, "msp_save", &h->id)))
		r = msp_store_delete(h->store, collection, &filter, NULL, err);
	else
		r = msp_wf_nomem(err);
	bson_destroy(&filter);
	return r;
}

int msp_files_remove(struct msp_hold *h, const bson_oid_t *ids, size_t n, struct msp_error *err)
{
	bson_oid_t gone[TOGETHER];
	int r = msp_store_begin(h->store, err);

	if (r != MSP_OK)
		return r;
	memcpy(gone, ids, n * sizeof(*ids));
	r = remove_where(h, MSP_GRIDFS_FILES, "_id", ids, n, true, err);
	if (r == MSP_OK)
		r = drop_taken(h, gone, &n, err);
	if (r == MSP_OK && n > 0)
		r = remove_where(h, MSP_GRIDFS_CHUNKS, "files_id", gone, n, false, err);
	if (r == MSP_OK)
		return msp_store_commit(h->store, err);
	msp_store_rollback(h->store);
	return r;
}

/* Of a save's document: the files that were being put, without those that are whole now. */
static int half_put(struct msp_store *s, const bson_t *doc, bson_oid_t *ids, size_t *n, struct msp_error *err)
{
	bson_iter_t it, one;

	*n = 0;
	if (bson_iter_init_find(&it, doc, "putting") && bson_iter_recurse(&it, &one))
		while (*n < TOGETHER && bson_iter_next(&one))
			if (BSON_ITER_HOLDS_OID(&one))
				bson_oid_copy(bson_iter_oid(&one), &ids[(*n)++]);
	return msp_files_missing(s, ids, n, err);
}

/* Those of the files that documents name are the documents' from now on. */
static int release(struct msp_store *s, const bson_oid_t *id, const bson_oid_t *ids, size_t n, struct msp_error *err)
{
	bson_t filter, update = BSON_INITIALIZER, key = BSON_INITIALIZER;
	int r = MSP_OK;

	if (!msp_ids_among(&filter, "_id", ids, n) || !BSON_APPEND_OID(&filter, "msp_save", id) || !BSON_APPEND_UTF8(&key, "msp_save", "") ||
	    !BSON_APPEND_DOCUMENT(&update, "$unset", &key))
		r = msp_wf_nomem(err);
	else
		r = msp_store_update(s, MSP_GRIDFS_FILES, &filter, &update, 0, NULL, err);
	bson_destroy(&filter);
	bson_destroy(&update);
	bson_destroy(&key);
	return r;
}

/* Removes all that is left of a save; it is ours to clean. */
static int clean(struct msp_hold *h, const bson_t *doc, uint64_t *removed, struct msp_error *err)
{
	bson_oid_t ids[TOGETHER], found[TOGETHER];
	bool documents = msp_hold_number(doc, "documents") != 0;
	struct msp_store *s = h->store;
	size_t n = 0, k = 0;
	bson_t filter;
	int r = half_put(s, doc, ids, &n, err);

	if (r == MSP_OK && n > 0)
		r = msp_files_remove(h, ids, n, err);
	while (r == MSP_OK) {
		r = of_save(&filter, &h->id) ? msp_ids_of(s, MSP_GRIDFS_FILES, &filter, "_id", ids, &n, err) : msp_wf_nomem(err);
		bson_destroy(&filter);
		if (r != MSP_OK || n == 0)
			return r;
		k = n;
		memcpy(found, ids, n * sizeof(*ids));
		if (documents)
			r = drop_all_named(s, doc, ids, &n, err);
		if (r == MSP_OK && n > 0)
			r = msp_saves_putting(h, ids, n, true, err);
		if (r == MSP_OK && n > 0)
			r = msp_files_remove(h, ids, n, err);
		*removed += r == MSP_OK ? n : 0;
		if (r == MSP_OK && n < k)
			r = release(s, &h->id, found, k, err);
	}
	return r;
}

/* ---- cleaning ---------------------------------------------------------- */

static int read_document(struct msp_store *s, const bson_oid_t *id, bson_t **out, struct msp_error *err)
{
	struct msp_cursor *c = NULL;
	const bson_t *doc;
	bson_t filter = BSON_INITIALIZER;
	struct msp_find f = {.filter = &filter, .limit = 1};
	int r = BSON_APPEND_OID(&filter, "_id", id) ? msp_store_find(s, SAVES, &f, &c, err) : msp_wf_nomem(err);

	*out = NULL;
	if (r == MSP_OK && (r = msp_cursor_next(c, &doc, err)) == 1)
		*out = bson_copy(doc);
	msp_cursor_free(c);
	bson_destroy(&filter);
	return r < 0 ? r : MSP_OK;
}

/* Says that it is cleaned, looks whether somebody may rely on what is there, and cleans. */
static int clean_alone(struct msp_hold *h, const bson_t *doc, uint64_t *removed, struct msp_error *err)
{
	bson_oid_t putting[TOGETHER];
	bool running = false;
	size_t n = 0;
	int r = half_put(h->store, doc, putting, &n, err); /* the list stays in its document */

	if (r == MSP_OK)
		r = msp_saves_putting(h, putting, n, true, err);
	if (r == MSP_OK)
		r = msp_saves_running(h, &running, err);
	if (r == MSP_OK && running)
		r = msp_error_set(err, MSP_FAIL, "%s: another save is going on", msp_store_name(h->store));
	if (r == MSP_OK)
		r = clean(h, doc, removed, err);
	if (r == MSP_OK)
		return msp_hold_end(h, err);
	msp_hold_leave(h, "failed");
	return r;
}

void msp_saves_undo(struct msp_hold *h)
{
	uint64_t removed = 0;
	bson_t *doc = NULL;

	if (read_document(h->store, &h->id, &doc, NULL) == MSP_OK && doc && clean_alone(h, doc, &removed, NULL) != MSP_OK)
		h->lost = true; /* what is left, its document says */
	if (doc)
		bson_destroy(doc);
}

static int count_files(struct msp_store *s, const bson_oid_t *id, uint64_t *out, struct msp_error *err)
{
	bson_t filter;
	int r = of_save(&filter, id) ? msp_store_count(s, MSP_GRIDFS_FILES, &filter, out, err) : msp_wf_nomem(err);

	bson_destroy(&filter);
	return r;
}

/* Documents of saves that nobody works on, and of which nothing is left: what they put has become this one's. */
static int forget_dead(struct msp_store *s, struct msp_error *err)
{
	bson_t *dead[64];
	bson_oid_t ids[TOGETHER];
	double now = msp_store_clock(s);
	struct msp_cursor *c = NULL;
	const bson_t *doc;
	bson_iter_t it;
	size_t n = 0, half = 0;
	int r = msp_store_find(s, SAVES, NULL, &c, err);

	while (r == MSP_OK && n < sizeof(dead) / sizeof(*dead) && (r = msp_cursor_next(c, &doc, err)) == 1) {
		uint64_t files = 0;

		r = MSP_OK;
		if (msp_hold_state(doc, now) == MSP_HOLD_LIVES || !bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
			continue;
		r = half_put(s, doc, ids, &half, err);
		if (r == MSP_OK)
			r = count_files(s, bson_iter_oid(&it), &files, err);
		if (r == MSP_OK && files == 0 && half == 0)
			dead[n++] = bson_copy(doc);
	}
	msp_cursor_free(c);
	r = r < 0 ? r : MSP_OK;
	for (size_t i = 0; i < n; i++) {
		if (r == MSP_OK)
			r = msp_hold_forget(s, dead[i], err);
		bson_destroy(dead[i]);
	}
	return r;
}

int msp_saves_end(struct msp_hold *h, struct msp_error *err)
{
	int r = msp_hold_end(h, err);

	return r == MSP_OK ? forget_dead(h->store, err) : r;
}

/* ---- for msdb ---------------------------------------------------------- */

int msp_save_look(struct msp_store *s, const bson_t *doc, struct msp_save_state *out, struct msp_error *err)
{
	double now = msp_store_clock(s);
	bson_iter_t it;

	memset(out, 0, sizeof(*out));
	if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
		return msp_error_set(err, MSP_FAIL, "%s: a document that stands for no save", SAVES);
	bson_oid_copy(bson_iter_oid(&it), &out->id);
	out->running = msp_hold_state(doc, now) == MSP_HOLD_LIVES;
	out->elsewhere = !msp_hold_here(doc);
	out->silent = now - msp_hold_number(doc, "beat");
	return count_files(s, &out->id, &out->samples, err);
}

/* A server may still be writing what a save asked for just before it was killed, and would do so after all was removed. */
static int settle(struct msp_store *s, const bson_t *doc, struct msp_error *err)
{
	double rest = SETTLE_S - fabs(msp_store_clock(s) - msp_hold_number(doc, "beat"));
	struct timespec pause;

	if (!s->backend->remote || !(rest > 0))
		return MSP_OK;
	pause.tv_sec = (time_t)rest;
	pause.tv_nsec = (long)((rest - floor(rest)) * 1e9);
	return nanosleep(&pause, NULL) == 0 ? MSP_OK : msp_error_set(err, MSP_INTERRUPTED, "interrupted");
}

int msp_save_discard(struct msp_store *s, const bson_oid_t *id, uint64_t *removed, struct msp_error *err)
{
	struct msp_hold h = {0};
	uint64_t n = 0;
	bson_t *doc = NULL;
	bool taken = false;
	char text[25];
	int r = read_document(s, id, &doc, err);

	bson_oid_to_string(id, text);
	if (r == MSP_OK && !doc)
		r = msp_error_set(err, MSP_FAIL, "%s: %s: there is no save %s", msp_store_name(s), SAVES, text);
	if (r == MSP_OK && msp_hold_state(doc, msp_store_clock(s)) != MSP_HOLD_LIVES)
		r = msp_hold_take(&h, s, doc, "cleaning", &taken, err);
	if (r == MSP_OK && !taken)
		r = msp_error_set(err, MSP_FAIL, "%s: the save %s is going on", msp_store_name(s), text);
	if (r == MSP_OK)
		r = settle(s, doc, err);
	if (r == MSP_OK)
		r = clean_alone(&h, doc, &n, err);
	else if (taken)
		msp_hold_leave(&h, "failed");
	if (doc)
		bson_destroy(doc);
	if (removed)
		*removed = n;
	return r;
}
