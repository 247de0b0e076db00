/* Checking: samples to which no document refers, and samples or places in files that more than one has.
 *
 * Who is referred to is kept as a set of hashes; where that would be too large, a part of all hashes at a time. */
#include "store/check.h"

#include "store/backend.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define SET_MAX 1500000 /* hashes held together: a table of 32 MB */
#define TOGETHER 1000

/* One part of all hashes. */
struct part {
	struct msp_idmap set;
	uint64_t number, of;
	bool from_graves; /* something that was buried refers to samples */
	uint64_t chunks;  /* that there should be */
};

static bool in_part(const struct part *p, struct msp_id hash)
{
	uint64_t high;

	memcpy(&high, hash.byte + 8, sizeof(high));
	return high % p->of == p->number;
}

/* Calls fn with each collection of documents. */
static int each_collection(struct msp_check *c, int (*fn)(struct msp_check *c, const char *name, void *context), void *context)
{
	bson_iter_t it;
	int r = MSP_OK;

	if (bson_iter_init(&it, &c->collections))
		while (r == MSP_OK && bson_iter_next(&it))
			if (!msp_check_internal(bson_iter_utf8(&it, NULL)))
				r = fn(c, bson_iter_utf8(&it, NULL), context);
	return r;
}

/* ---- who refers to samples --------------------------------------------- */

static int note(struct msp_check *c, struct part *p, const bson_iter_t *id, bool *fresh)
{
	struct msp_id hash;

	*fresh = true;
	if (msp_value_hash(id, &c->key, &hash) != MSP_OK)
		return msp_check_memory(c);
	if (!in_part(p, hash))
		return MSP_OK;
	return msp_idmap_add(&p->set, hash, fresh, NULL) == MSP_OK ? MSP_OK : msp_check_memory(c);
}

static int note_references(struct msp_check *c, const char *collection, bson_t **doc, size_t n, void *context)
{
	struct part *p = context;
	int r = MSP_OK;

	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		bson_iter_t it, id;
		bool fresh;

		if (bson_iter_init_find(&id, doc[i], "gridfs_id")) {
			r = note(c, p, &id, &fresh);
			if (r == MSP_OK && !fresh && msp_check_wants(c, collection))
				r = msp_check_found_in(c, MSP_FIND_SHARED, true, collection, doc[i], "another document has the same gridfs_id");
		}
		if (r == MSP_OK && bson_iter_init(&it, doc[i]) && bson_iter_find_descendant(&it, "tombstone.gridfs_id", &id)) {
			r = note(c, p, &id, &fresh);
			p->from_graves = true;
		}
	}
	return r;
}

static int references_from(struct msp_check *c, const char *name, void *context)
{
	static const char *const keys[] = {"gridfs_id", "tombstone.gridfs_id", NULL};
	bson_t projection;
	int r;

	if (!msp_check_wants(c, "fs.files") && !msp_check_wants(c, name))
		return MSP_OK;
	r = msp_check_projection(c, &projection, keys);
	if (r == MSP_OK)
		r = msp_check_batches(c, name, &projection, TOGETHER, note_references, context);
	bson_destroy(&projection);
	return r;
}

/* ---- files that nobody refers to --------------------------------------- */

static int ask_again(struct msp_check *c, const char *name, void *context)
{
	(void)c;
	return msp_lookup_run(context, name, "gridfs_id", NULL, NULL);
}

/* Removes files, unless a document refers to one of them now. */
static int remove_files(struct msp_check *c, bson_t **doc, size_t n)
{
	struct msp_lookup l = {0};
	bson_t ids = BSON_INITIALIZER;
	uint32_t k = 0;
	uint64_t removed = 0;
	bson_iter_t id;
	bool there;
	int r = MSP_OK;

	msp_lookup_begin(c, &l);
	for (size_t i = 0; r == MSP_OK && i < n; i++)
		if (bson_iter_init_find(&id, doc[i], "_id"))
			r = msp_lookup_add(&l, &id);
	if (r == MSP_OK)
		r = each_collection(c, ask_again, &l);
	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		if (!bson_iter_init_find(&id, doc[i], "_id"))
			continue;
		r = msp_lookup_find(&l, &id, &there, NULL);
		if (r == MSP_OK && !there && !msp_array_add(&ids, &k, &id))
			r = msp_check_memory(c);
	}
	msp_lookup_free(&l);
	if (r == MSP_OK && k > 0)
		r = msp_check_remove(c, "fs.files", "_id", &ids, &removed);
	c->totals->fixed[MSP_FIND_ORPHAN] += removed;
	if (r == MSP_OK && k > 0)
		r = msp_check_remove(c, "fs.chunks", "files_id", &ids, NULL);
	bson_destroy(&ids);
	return r;
}

/* Files with a name are somebody's, whatever refers to them: they are only read. */
static int look_at_named(struct msp_check *c, bson_t **doc, size_t n)
{
	struct msp_tally t = {0};
	bson_t ids = BSON_INITIALIZER;
	uint32_t k = 0;
	bson_iter_t id;
	int r = MSP_OK;

	for (size_t i = 0; r == MSP_OK && i < n; i++)
		if (bson_iter_init_find(&id, doc[i], "_id") && !msp_array_add(&ids, &k, &id))
			r = msp_check_memory(c);
	if (r == MSP_OK && k > 0)
		r = msp_check_tally(c, &ids, &t);
	for (size_t i = 0; r == MSP_OK && k > 0 && i < n; i++) {
		struct msp_id hash;
		uint64_t *at;

		if (!bson_iter_init_find(&id, doc[i], "_id"))
			continue;
		if (msp_value_hash(&id, &c->key, &hash) != MSP_OK)
			r = msp_check_memory(c);
		else if (msp_idmap_find(&t.map, hash, &at) && msp_tally_verdict(&t, (size_t)*at) != MSP_TALLY_WHOLE)
			r = msp_check_found_in(c, MSP_FIND_BROKEN, true, "fs.files", doc[i], "a file %s",
			                       msp_tally_text(msp_tally_verdict(&t, (size_t)*at)));
	}
	msp_tally_free(&t);
	bson_destroy(&ids);
	return r;
}

static bool has_name(const bson_t *doc)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, doc, "filename") && BSON_ITER_HOLDS_UTF8(&it) && *bson_iter_utf8(&it, NULL);
}

static int of_unfinished(struct msp_check *c, const bson_t *doc, bool *out)
{
	struct msp_id hash;
	bson_iter_t it;

	*out = false;
	if (!bson_iter_init_find(&it, doc, "msp_save"))
		return MSP_OK;
	if (msp_value_hash(&it, &c->key, &hash) != MSP_OK)
		return msp_check_memory(c);
	*out = msp_idmap_find(&c->saves, hash, NULL);
	return MSP_OK;
}

static int look_at_files(struct msp_check *c, const char *collection, bson_t **doc, size_t n, void *context)
{
	struct part *p = context;
	bson_t *orphan[TOGETHER], *named[TOGETHER];
	size_t orphans = 0, names = 0;
	int r = MSP_OK;

	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		struct msp_id hash;
		bson_iter_t id;
		bool unfinished;

		p->chunks += p->number == 0 ? msp_tally_chunks(doc[i]) : 0;
		if (!bson_iter_init_find(&id, doc[i], "_id"))
			continue;
		if (msp_value_hash(&id, &c->key, &hash) != MSP_OK)
			return msp_check_memory(c);
		if (!in_part(p, hash) || msp_idmap_find(&p->set, hash, NULL))
			continue;
		r = of_unfinished(c, doc[i], &unfinished);
		if (r != MSP_OK || unfinished)
			continue;
		if (has_name(doc[i])) {
			named[names++] = doc[i];
			continue;
		}
		orphan[orphans++] = doc[i];
		r = msp_check_found_in(c, MSP_FIND_ORPHAN, c->running, collection, doc[i], "no document refers to it%s",
		                       c->running ? "; a save is going on" : "");
	}
	if (r == MSP_OK && names > 0)
		r = look_at_named(c, named, names);
	if (r == MSP_OK && orphans > 0 && c->o->fix && !c->running)
		r = remove_files(c, orphan, orphans);
	return r;
}

static int orphans(struct msp_check *c, struct part *p)
{
	static const char *const keys[] = {"length", "chunkSize", "filename", "msp_save", NULL};
	bson_t projection;
	uint64_t files = 0;
	int r = msp_store_count(c->store, "fs.files", NULL, &files, c->err);

	if (r != MSP_OK)
		return r;
	p->of = files / SET_MAX + 1;
	for (p->number = 0; r == MSP_OK && p->number < p->of; p->number++) {
		msp_idmap_clear(&p->set);
		r = each_collection(c, references_from, p);
		if (r != MSP_OK || files == 0 || !msp_check_wants(c, "fs.files"))
			continue;
		r = msp_check_projection(c, &projection, keys);
		if (r == MSP_OK)
			r = msp_check_batches(c, "fs.files", &projection, TOGETHER, look_at_files, p);
		bson_destroy(&projection);
	}
	return r;
}

/* ---- places in files --------------------------------------------------- */

static int hash_place(struct msp_check *c, const bson_t *doc, bool *out, struct msp_id *hash)
{
	static const char *const keys[] = {"dir", "dfile", "foff", "data_tag"};
	struct msp_bytes text = {0};
	bson_iter_t it;
	int r = 0;

	*out = bson_iter_init_find(&it, doc, "dfile") && bson_iter_init_find(&it, doc, "storage_mode") && BSON_ITER_HOLDS_UTF8(&it) &&
	       strcmp(bson_iter_utf8(&it, NULL), "file") == 0 &&
	       !(bson_iter_init_find(&it, doc, "npts") && BSON_ITER_HOLDS_INT(&it) && bson_iter_as_int64(&it) == 0);
	for (size_t i = 0; *out && !r && i < sizeof(keys) / sizeof(*keys); i++)
		r = msp_value_hash(bson_iter_init_find(&it, doc, keys[i]) ? &it : NULL, &c->key, hash) ||
		    msp_bytes_append(&text, hash->byte, sizeof(hash->byte));
	*hash = msp_id_hash(text.data, text.len);
	msp_bytes_free(&text);
	return r ? msp_check_memory(c) : MSP_OK;
}

static int look_at_places(struct msp_check *c, const char *collection, bson_t **doc, size_t n, void *context)
{
	struct part *p = context;
	int r = MSP_OK;

	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		struct msp_id hash;
		bool in_file, fresh = true;

		r = hash_place(c, doc[i], &in_file, &hash);
		if (r != MSP_OK || !in_file || !in_part(p, hash))
			continue;
		if (msp_idmap_add(&p->set, hash, &fresh, NULL) != MSP_OK)
			r = msp_check_memory(c);
		else if (!fresh)
			r = msp_check_found_in(c, MSP_FIND_PLACE, true, collection, doc[i], "another document has the same dir, dfile, foff and data_tag");
	}
	return r;
}

static int places(struct msp_check *c, const char *name, void *context)
{
	static const char *const keys[] = {"storage_mode", "dir", "dfile", "foff", "data_tag", "npts", NULL};
	struct part *p = context;
	uint64_t documents = 0;
	bson_t projection;
	int r;

	if (!msp_check_wants(c, name))
		return MSP_OK;
	r = msp_store_count(c->store, name, NULL, &documents, c->err);
	if (r != MSP_OK)
		return r;
	r = msp_check_projection(c, &projection, keys);
	p->of = documents / SET_MAX + 1;
	for (p->number = 0; r == MSP_OK && p->number < p->of; p->number++) {
		msp_idmap_clear(&p->set);
		r = msp_check_batches(c, name, &projection, TOGETHER, look_at_places, p);
	}
	bson_destroy(&projection);
	return r;
}

/* ---- all of it --------------------------------------------------------- */

int msp_check_shared(struct msp_check *c)
{
	struct part p = {.of = 1};
	bson_t names;
	int r = msp_store_collections(c->store, &names, c->err); /* `abortions` may be new, and what it refers to is no orphan */

	if (r != MSP_OK)
		return r;
	bson_destroy(&c->collections);
	bson_steal(&c->collections, &names);
	r = orphans(c, &p);
	if (r == MSP_OK && msp_check_wants(c, "fs.chunks"))
		r = msp_check_chunks(c, p.chunks, p.from_graves);
	if (r == MSP_OK)
		r = each_collection(c, places, &p);
	msp_idmap_free(&p.set);
	return r;
}
