/* Saving objects: what becomes of each, and how a save begins and ends. The parts are in wfsave_*.c and wfhistory.c. */
#include "store/wfsave.h"

#include "store/gridfs.h"
#include "store/room.h"

#include <stdlib.h>
#include <string.h>

const char *msp_save_place(const struct msp_save *v, int where)
{
	switch (where) {
	case MSP_AT_TIMESERIES: return v->collection ? v->collection : "wf_TimeSeries";
	case MSP_AT_SEISMOGRAM: return v->collection ? v->collection : "wf_Seismogram";
	case MSP_AT_ELOG: return "elog";
	case MSP_AT_CEMETERY: return "cemetery";
	case MSP_AT_ABORTIONS: return "abortions";
	case MSP_AT_OBJECT_HISTORY: return "history_object";
	default: return "history_global";
	}
}

static int where_of(const struct msp_object *o)
{
	return o->kind == MSP_SEISMOGRAM ? MSP_AT_SEISMOGRAM : MSP_AT_TIMESERIES;
}

/* ---- beginning --------------------------------------------------------- */

static void free_save(struct msp_save *v)
{
	msp_outfile_abort(v->file);
	msp_batch_free(&v->batch);
	msp_spool_free(&v->first);
	msp_spool_free(&v->last);
	msp_wf_maker_free(&v->maker);
	msp_bytes_free(&v->ensemble.metadata);
	msp_bytes_free(&v->pipeline);
	free(v->ensemble.end);
	msp_object_free(&v->corpse);
	free(v->pipelines);
	free(v->collection);
	free(v->tag);
	free(v->directory);
	free(v);
}

int msp_save_check(const struct msp_save_options *o, struct msp_error *err)
{
	const struct msp_save none = {.collection = NULL};

	if (o->tag && (!*o->tag || strlen(o->tag) > MSP_WF_TAG_MAX || !bson_utf8_validate(o->tag, strlen(o->tag), false)))
		return msp_error_set(err, MSP_USAGE, "\"%s\" cannot be a tag: 1 to %d bytes of UTF-8", o->tag, MSP_WF_TAG_MAX);
	for (int i = MSP_AT_ELOG; o->collection && i <= MSP_AT_GLOBAL_HISTORY; i++)
		if (strcmp(o->collection, msp_save_place(&none, i)) == 0)
			return msp_error_set(err, MSP_USAGE, "%s: not a collection for waveforms", o->collection);
	if (o->collection && (strncmp(o->collection, "fs.", 3) == 0 || strcmp(o->collection, MSP_SAVES) == 0 ||
	                      strlen(o->collection) > MSP_WF_NAME_MAX))
		return msp_error_set(err, MSP_USAGE, "%s: not a collection for waveforms", o->collection);
	return MSP_OK;
}

static int copy_options(struct msp_save *v, const struct msp_save_options *o, struct msp_error *err)
{
	struct msp_find none = {.limit = 1};
	struct msp_cursor *c = NULL;
	int r = msp_save_check(o, err);

	if (r != MSP_OK)
		return r;
	v->options = *o;
	if ((o->collection && !(v->collection = strdup(o->collection))) || (o->tag && !(v->tag = strdup(o->tag))))
		return msp_wf_nomem(err);
	v->options.collection = v->collection;
	v->options.tag = v->tag;
	/* a name that cannot be one is refused now, not when all has come */
	r = msp_store_find(v->store, msp_save_place(v, MSP_AT_TIMESERIES), &none, &c, err);
	msp_cursor_free(c);
	v->maker.options = &v->options;
	v->maker.store = v->store;
	v->maker.ensemble = &v->ensemble;
	return r;
}

int msp_save_begin(struct msp_store *s, const struct msp_save_options *options, struct msp_save **out, struct msp_error *err)
{
	struct msp_save *v = msp_room(sizeof(*v));
	int r;

	*out = NULL;
	if (!v)
		return msp_wf_nomem(err);
	v->store = s;
	msp_object_init(&v->corpse);
	r = copy_options(v, options, err);
	if (r == MSP_OK && v->options.directory)
		r = msp_file_open(v, err);
	else if (r == MSP_OK)
		r = msp_gridfs_ready(s, err);
	if (r == MSP_OK)
		r = msp_saves_begin(&v->hold, s, &v->options, err);
	v->begun = r == MSP_OK;
	if (r != MSP_OK) {
		free_save(v);
		return r;
	}
	*out = v;
	return MSP_OK;
}

int msp_save_header(struct msp_save *v, const struct msp_header *h, struct msp_error *err)
{
	v->has_history = false;
	return msp_bytes_set(&v->pipeline, h->pipeline.data, h->pipeline.len) == MSP_OK ? MSP_OK : msp_wf_nomem(err);
}

/* ---- one object -------------------------------------------------------- */

/* The first that could not be saved as it was. */
static void note(struct msp_save *v, const struct msp_object *o, const char *why)
{
	char name[100];

	if (!v->saved.why[0])
		snprintf(v->saved.why, sizeof(v->saved.why), "%s: %.90s", msp_object_name(o, name, sizeof(name)), why);
}

/* A document that no store takes. */
static bool too_much(const bson_t *doc)
{
	return doc->len > MSP_STORE_DOCUMENT_MAX - 1024 || !msp_bson_valid(bson_get_data(doc), doc->len);
}

static void refuse(struct msp_save *v, const struct msp_object *o, const char *why)
{
	note(v, o, why);
	v->saved.refused++;
}

/* It never was a datum: nothing that could be read stood where it should have been. */
static bool aborted(const struct msp_object *o)
{
	bson_iter_t it;

	return !(o->dt > 0) || (msp_meta_find(o, "is_abortion", &it) && BSON_ITER_HOLDS_BOOL(&it) && bson_iter_bool(&it));
}

static int bury(struct msp_save *v, const struct msp_object *o, struct msp_error *err)
{
	bool never = aborted(o);
	int where = never ? MSP_AT_ABORTIONS : MSP_AT_CEMETERY, r;
	bson_t doc = BSON_INITIALIZER, tombstone = BSON_INITIALIZER;
	bson_oid_t id;

	msp_wf_oid(msp_save_place(v, where), o->id, msp_save_place(v, where_of(o)), v->tag, &id);
	r = msp_wf_document(&v->maker, o, true, &tombstone, err);
	if (r == MSP_OK && !BSON_APPEND_OID(&doc, "_id", &id))
		r = msp_wf_nomem(err);
	if (r == MSP_OK)
		r = msp_wf_logdata(&v->maker, o, &doc, err);
	if (r == MSP_OK && (!BSON_APPEND_DOCUMENT(&doc, "tombstone", &tombstone) ||
	                    (never && !BSON_APPEND_UTF8(&doc, "type", o->kind == MSP_SEISMOGRAM ? "Seismogram" : "TimeSeries")) ||
	                    (v->tag && !BSON_APPEND_UTF8(&doc, "data_tag", v->tag))))
		r = MSP_KILL; /* too large for BSON */
	if (r == MSP_KILL || (r == MSP_OK && too_much(&doc))) {
		refuse(v, o, "its document is larger, or deeper, than a store takes");
		r = MSP_OK;
	} else if (r == MSP_OK) {
		r = msp_wait_add(&v->first, (uint8_t)where, &doc, err);
		v->saved.dead++;
		v->saved.aborted += never;
	}
	bson_destroy(&doc);
	bson_destroy(&tombstone);
	return r;
}

static int kill_and_bury(struct msp_save *v, const struct msp_object *o, const char *why, struct msp_error *err)
{
	note(v, o, why);
	v->saved.killed++;
	if (v->options.live_only) {
		v->saved.left_out++;
		return MSP_OK;
	}
	if (msp_object_copy(&v->corpse, o) != MSP_OK || msp_object_kill(&v->corpse, "mssave", why) != MSP_OK)
		return msp_wf_nomem(err);
	return bury(v, &v->corpse, err);
}

static int add_elog(struct msp_save *v, const struct msp_object *o, int where, bson_t *doc, struct msp_error *err)
{
	bson_t elog = BSON_INITIALIZER;
	bson_oid_t id;
	int r;

	msp_wf_oid("elog", o->id, msp_save_place(v, where), v->tag, &id);
	if (!BSON_APPEND_OID(doc, "elog_id", &id) || !BSON_APPEND_OID(&elog, "_id", &id))
		return msp_wf_nomem(err);
	r = msp_wf_logdata(&v->maker, o, &elog, err);
	if (r == MSP_OK && v->tag && !BSON_APPEND_UTF8(&elog, "data_tag", v->tag))
		r = msp_wf_nomem(err);
	if (r == MSP_OK)
		r = msp_wait_add(&v->first, MSP_AT_ELOG, &elog, err);
	bson_destroy(&elog);
	return r;
}

static int make_document(struct msp_save *v, const struct msp_object *o, int where, bson_t *doc, struct msp_error *err)
{
	bson_oid_t id;
	int r;

	msp_wf_oid("wf", o->id, msp_save_place(v, where), v->tag, &id);
	if (!BSON_APPEND_OID(doc, "_id", &id))
		return msp_wf_nomem(err);
	r = msp_wf_document(&v->maker, o, false, doc, err);
	if (r == MSP_OK && too_much(doc))
		return msp_error_set(err, MSP_KILL, "its document is larger, or deeper, than a store takes");
	if (r == MSP_OK && msp_wf_has_log(&v->maker, o))
		r = add_elog(v, o, where, doc, err);
	if (r == MSP_OK && ((v->has_history && !BSON_APPEND_OID(doc, "history_object_id", &v->history)) ||
	                    (v->tag && !BSON_APPEND_UTF8(doc, "data_tag", v->tag))))
		r = msp_wf_nomem(err);
	return r;
}

static const char *unsaveable(const struct msp_object *o)
{
	if (o->npts == 0 || o->type == MSP_NONE || o->samples.len == 0)
		return "no samples";
	if (o->type != MSP_F64 && o->type != MSP_F32 && o->type != MSP_I32)
		return "its samples are of an unknown type";
	return NULL;
}

static int save_live(struct msp_save *v, const struct msp_object *o, struct msp_error *err)
{
	const char *why = unsaveable(o);
	int where = where_of(o), r;
	struct msp_error reason = {0};
	bson_t *doc;

	if (why)
		return kill_and_bury(v, o, why, err);
	doc = bson_new();
	r = make_document(v, o, where, doc, &reason);
	if (r != MSP_OK) {
		bson_destroy(doc);
		if (r == MSP_KILL)
			return kill_and_bury(v, o, reason.text, err);
		return msp_error_set(err, r, "%s", reason.text);
	}
	v->saved.dropped += v->maker.dropped;
	v->maker.dropped = 0;
	v->saved.live++;
	return v->options.directory ? msp_file_object(v, o, (uint8_t)where, doc, err) : msp_put_object(v, o, (uint8_t)where, doc, err);
}

static int begin_ensemble(struct msp_wf_ensemble *e, const struct msp_object *o, struct msp_error *err)
{
	e->open = true;
	e->id = o->id;
	e->member = 0;
	e->number++;
	return msp_bytes_set(&e->metadata, o->metadata.data, o->metadata.len) == MSP_OK ? MSP_OK : msp_wf_nomem(err);
}

static int end_ensemble(struct msp_wf_ensemble *e, const struct msp_object *o, struct msp_error *err)
{
	struct msp_id *grown;

	if (e->ends == e->room) {
		grown = realloc(e->end, (2 * e->room + 64) * sizeof(*grown));
		if (!grown)
			return msp_wf_nomem(err);
		e->end = grown;
		e->room = 2 * e->room + 64;
	}
	e->end[e->ends++] = o->id;
	e->open = false;
	return MSP_OK;
}

void msp_save_idle(struct msp_save *v)
{
	int r = v->hold.lost ? MSP_OK : msp_hold_beat(&v->hold, NULL);

	(void)r; /* the next that needs it will say so */
}

int msp_save_object(struct msp_save *v, const struct msp_object *o, struct msp_error *err)
{
	int r = msp_hold_beat(&v->hold, err);

	if (r != MSP_OK)
		return r;
	if (o->kind == MSP_ENSEMBLE_BEGIN)
		return begin_ensemble(&v->ensemble, o, err);
	if (o->kind == MSP_ENSEMBLE_END)
		return end_ensemble(&v->ensemble, o, err);
	if (!msp_object_is_data(o)) {
		refuse(v, o, "objects of its kind are not data");
		return MSP_OK;
	}
	if (v->pipeline.len > 0) { /* the first of its segment: one without objects leaves no history */
		r = msp_save_pipeline(v, &v->pipeline, err);
		if (r != MSP_OK)
			return r;
		v->pipeline.len = 0;
	}
	if (!o->live && v->options.live_only) {
		v->saved.left_out++;
		r = MSP_OK;
	} else {
		r = o->live ? save_live(v, o, err) : bury(v, o, err);
	}
	v->ensemble.member++;
	return r;
}

/* ---- giving up --------------------------------------------------------- */

void msp_save_abort(struct msp_save *v)
{
	if (!v)
		return;
	msp_spool_free(&v->first); /* removing takes room in TMPDIR, too */
	msp_spool_free(&v->last);
	if (v->begun && !v->committing && v->hold.lost) /* what was put after that is nobody's */
		v->begun = msp_saves_strand(v, NULL) == MSP_OK;
	if (v->begun && !v->committing)
		msp_saves_undo(&v->hold);
	free_save(v);
}
