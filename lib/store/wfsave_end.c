/* The end of a save: all samples are there, and the documents that waited are written. */
#include "store/wfsave.h"

#include "store/room.h"

#include <stdlib.h>

static int write_first(void *context, uint8_t where, const bson_t *const *docs, size_t n, struct msp_error *err)
{
	struct msp_save *v = context;
	int r = MSP_OK;

	for (size_t i = 0; i < n; i++)
		msp_wf_set_end(&v->ensemble, docs[i]);
	r = msp_hold_beat(&v->hold, err);
	if (r != MSP_OK)
		return r;
	if (where != MSP_AT_GLOBAL_HISTORY)
		return msp_store_upsert(v->store, msp_save_place(v, where), docs, n, NULL, err);
	for (size_t i = 0; r == MSP_OK && i < n; i++) { /* the time of the first save stays */
		bson_t filter = BSON_INITIALIZER, set = BSON_INITIALIZER, rest = BSON_INITIALIZER;
		bson_iter_t id;

		if (bson_iter_init_find(&id, docs[i], "_id") && bson_append_iter(&filter, "_id", 3, &id)) {
			bson_copy_to_excluding_noinit(docs[i], &rest, "_id", NULL);
			BSON_APPEND_DOCUMENT(&set, "$setOnInsert", &rest);
			r = msp_store_update(v->store, msp_save_place(v, where), &filter, &set, MSP_UPDATE_ONE | MSP_UPDATE_UPSERT, NULL, err);
		}
		bson_destroy(&filter);
		bson_destroy(&set);
		bson_destroy(&rest);
	}
	return r;
}

struct boxed {
	bson_t doc;
};

/* Documents of a file's samples, with its name. */
static int write_named(struct msp_save *v, uint8_t where, const bson_t *const *docs, size_t n, struct msp_error *err)
{
	struct boxed *box = msp_room(n * sizeof(*box));
	const bson_t **named = calloc(n, sizeof(*named));
	int r = box && named ? MSP_OK : msp_wf_nomem(err);
	size_t made = 0;

	for (; r == MSP_OK && made < n; made++) {
		bson_copy_to(docs[made], &box[made].doc);
		named[made] = &box[made].doc;
		if (!BSON_APPEND_UTF8(&box[made].doc, "dfile", v->file_name))
			r = msp_wf_nomem(err);
	}
	if (r == MSP_OK)
		r = msp_saves_write_named(v, where, named, n, err);
	for (size_t i = 0; box && i < made; i++)
		bson_destroy(&box[i].doc);
	free(box);
	free(named);
	return r;
}

static int write_last(void *context, uint8_t where, const bson_t *const *docs, size_t n, struct msp_error *err)
{
	struct msp_save *v = context;

	for (size_t i = 0; i < n; i++)
		msp_wf_set_end(&v->ensemble, docs[i]);
	return v->options.directory ? write_named(v, where, docs, n, err) : msp_saves_write(v, where, docs, n, err);
}

static int write_documents(struct msp_save *v, struct msp_error *err)
{
	int r = msp_saves_stage(&v->hold, "commit", err);

	v->committing = r == MSP_OK;
	if (r == MSP_OK)
		r = msp_wait_each(&v->first, write_first, v, err);
	if (r == MSP_OK)
		r = msp_wait_each(&v->last, write_last, v, err);
	return r == MSP_OK ? msp_saves_end(&v->hold, err) : r;
}

int msp_save_commit(struct msp_save *v, struct msp_saved *out, struct msp_error *err)
{
	int r = v->options.directory ? msp_file_commit(v, err) : msp_put_batch(v, err);

	if (r == MSP_OK)
		r = write_documents(v, err);
	*out = v->saved;
	msp_save_abort(v); /* of what failed before the first document */
	return r;
}
