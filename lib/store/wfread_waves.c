/* The objects of a selection of waveform documents, one after the other. */
#include "store/wfread.h"
#include "store/wfwaves.h"

#include "mspipe/documents.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COLLECTIONS 2

struct msp_waves {
	struct msp_store *store;
	struct msp_waves_options options;
	struct msp_wfread *reader;
	const char *collection[COLLECTIONS];
	int collections, at; /* at: that is being read, or, behind the last, no more */
	bool sorts, any, ended; /* ended: the cursor has no more */
	struct msp_cursor *cursor;
	struct msp_choice choice; /* the cursor's, which borrows from the next two */
	bson_t *filter, *order;
	const bson_t *doc;   /* chosen, and not yet begun; borrowed from the cursor */
	struct wf_place place;
	bool reading, open;  /* a document gives objects; a bracket is open */
	struct msp_id group; /* of that bracket */
	uint64_t chosen;
};

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "out of memory");
}

/* ---- collections ------------------------------------------------------- */

static int has_documents(struct msp_store *s, const char *collection, bool *out, struct msp_error *err)
{
	bson_t *id = BCON_NEW("_id", BCON_INT32(1));
	struct msp_find f = {.limit = 1, .projection = id};
	struct msp_cursor *c = NULL;
	const bson_t *doc;
	int rc = msp_store_find(s, collection, &f, &c, err);

	if (rc == MSP_OK)
		rc = msp_cursor_next(c, &doc, err);
	msp_cursor_free(c);
	bson_destroy(id);
	*out = rc == 1;
	return rc < 0 ? rc : MSP_OK;
}

static int find_collections(struct msp_waves *w, struct msp_error *err)
{
	static const char *const data[] = {"wf_TimeSeries", "wf_Seismogram"};
	int rc = MSP_OK;

	if (w->options.collection) {
		w->collection[w->collections++] = w->options.collection;
		return has_documents(w->store, w->options.collection, &w->any, err);
	}
	for (int i = 0; i < 2 && rc == MSP_OK; i++) {
		bool has;

		rc = has_documents(w->store, data[i], &has, err);
		if (rc == MSP_OK && has)
			w->collection[w->collections++] = data[i];
	}
	w->any = w->collections > 0;
	if (rc == MSP_OK && !w->any) {
		w->collection[w->collections++] = "wf_miniseed";
		rc = has_documents(w->store, "wf_miniseed", &w->any, err);
	}
	return rc;
}

/* ---- opening ----------------------------------------------------------- */

int msp_waves_open(struct msp_store *s, const struct msp_waves_options *options, struct msp_waves **out, struct msp_error *err)
{
	struct msp_waves *w = calloc(1, sizeof *w);
	int rc;

	*out = NULL;
	if (!w)
		return memory(err);
	w->store = s;
	w->options = *options;
	rc = msp_wfread_new(s, &options->read, &w->reader, err);
	if (rc == MSP_OK)
		rc = find_collections(w, err);
	if (rc != MSP_OK) {
		msp_waves_free(w);
		return rc;
	}
	/* with groups the order within a group is the store's, by whatever key */
	w->sorts = options->group || options->read.ensembles || (w->collections == 1 && wf_can_sort(options, w->collection[0]));
	*out = w;
	return MSP_OK;
}

static void close_cursor(struct msp_waves *w)
{
	msp_cursor_free(w->cursor);
	bson_destroy(w->filter);
	bson_destroy(w->order);
	w->cursor = NULL;
	w->filter = w->order = NULL;
}

void msp_waves_free(struct msp_waves *w)
{
	if (!w)
		return;
	close_cursor(w);
	msp_wfread_free(w->reader);
	free(w);
}

bool msp_waves_sorted(const struct msp_waves *w)
{
	return w->sorts;
}

bool msp_waves_is_origin(const struct msp_waves *w)
{
	return msp_wfread_is_origin(w->reader);
}

bool msp_waves_trouble(const struct msp_waves *w)
{
	return msp_wfread_trouble(w->reader);
}

const char *msp_waves_collection(const struct msp_waves *w)
{
	return w->at < w->collections ? w->collection[w->at] : NULL;
}

uint64_t msp_waves_chosen(const struct msp_waves *w)
{
	return w->chosen;
}

bool msp_waves_any(const struct msp_waves *w)
{
	return w->any;
}

/* ---- documents --------------------------------------------------------- */

/* What is asked of the store; both documents are made, and are the caller's to destroy. */
static int make_choice(struct msp_waves *w, const char *collection, struct msp_choice *c, bson_t *filter, bson_t *order, struct msp_error *err)
{
	int rc = wf_filter(&w->options, collection, filter, err);

	if (rc != MSP_OK)
		return rc;
	rc = wf_order(&w->options, w->sorts, order, err);
	if (rc != MSP_OK) {
		bson_destroy(filter);
		return rc;
	}
	*c = (struct msp_choice){.filter = filter, .expr = w->options.expr, .exprs = w->options.n_expr,
	                         .poll = w->options.read.poll, .poll_context = w->options.read.context};
	c->sort = bson_empty(order) ? NULL : order;
	c->limit = w->options.limit ? w->options.limit - w->chosen : 0;
	return MSP_OK;
}

/* What the first 8 bytes of a hash say is as good as chance, and the same everywhere. */
static bool in_part(const struct msp_waves *w)
{
	uint64_t h = 0;

	for (int i = 0; i < 8; i++)
		h = h << 8 | w->place.hash.byte[i];
	return w->options.parts == 0 || h % w->options.parts == w->options.part - 1;
}

static int open_cursor(struct msp_waves *w, struct msp_error *err)
{
	bson_t filter, order;
	int rc = make_choice(w, w->collection[w->at], &w->choice, &filter, &order, err);

	if (rc != MSP_OK)
		return rc;
	w->filter = bson_copy(&filter);
	w->order = bson_copy(&order);
	bson_destroy(&filter);
	bson_destroy(&order);
	w->choice.filter = w->filter;
	w->choice.sort = w->choice.sort ? w->order : NULL;
	return msp_store_select(w->store, w->collection[w->at], &w->choice, &w->cursor, err);
}

/* The next document of this collection that was chosen and is of this part: 1; 0: there is none; below 0. */
static int next_document(struct msp_waves *w, struct msp_error *err)
{
	int rc = MSP_OK;

	while (rc == MSP_OK && !w->ended && !(w->options.limit && w->chosen == w->options.limit)) {
		if (!w->cursor && (rc = open_cursor(w, err)) != MSP_OK)
			break;
		rc = msp_cursor_next(w->cursor, &w->doc, err);
		w->ended = rc != 1;
		if (rc != 1)
			break;
		w->chosen++;
		rc = wf_place(&w->options, w->collection[w->at], w->doc, &w->place) == MSP_OK ? MSP_OK : memory(err);
		if (rc == MSP_OK && in_part(w))
			return 1;
	}
	w->doc = NULL;
	return rc;
}

/* ---- objects ----------------------------------------------------------- */

static int close_group(struct msp_waves *w, struct msp_object *o, struct msp_error *err)
{
	w->open = false;
	return msp_object_reset(o, MSP_ENSEMBLE_END, MSP_NONE, 0) == MSP_OK ? 1 : memory(err);
}

/* What comes before the waiting document: a bracket (1), or nothing (0). */
static int bracket(struct msp_waves *w, struct msp_object *o, struct msp_error *err)
{
	if (w->open && !(w->place.grouped && msp_id_equal(&w->group, &w->place.hash)))
		return close_group(w, o, err);
	if (w->open || !w->place.grouped)
		return 0;
	w->open = true;
	w->group = w->place.hash;
	return wf_bracket(&w->options, w->doc, &w->place, o) == MSP_OK ? 1 : memory(err);
}

/* Begins with the waiting document. */
static int begin(struct msp_waves *w, struct msp_error *err)
{
	int rc = msp_wfread_begin(w->reader, w->collection[w->at], w->doc, err);

	w->reading = rc == MSP_OK;
	w->doc = NULL;
	return rc;
}

static void next_collection(struct msp_waves *w)
{
	close_cursor(w);
	w->ended = false;
	w->at++;
}

int msp_waves_next(struct msp_waves *w, struct msp_object *o, struct msp_error *err)
{
	int rc = MSP_OK;

	while (rc == MSP_OK && w->at < w->collections) {
		if (w->reading) {
			rc = msp_wfread_next(w->reader, o, err);
			if (rc != 0)
				return rc;
			w->reading = false;
		}
		if (!w->doc) {
			rc = next_document(w, err);
			if (rc < 0)
				return rc;
			if (rc == 0 && w->open)
				return close_group(w, o, err);
			if (rc == 0) {
				next_collection(w);
				continue;
			}
		}
		rc = bracket(w, o, err);
		if (rc != 0)
			return rc;
		rc = begin(w, err);
	}
	return rc;
}

/* ---- for people -------------------------------------------------------- */

static int explain_one(struct msp_waves *w, const char *collection, struct msp_bytes *out, struct msp_error *err)
{
	struct msp_choice choice;
	bson_t filter, order;
	int rc = make_choice(w, collection, &choice, &filter, &order, err);

	if (rc != MSP_OK)
		return rc;
	rc = msp_text_append(out, "collection: ") || msp_text_append(out, collection) || msp_text_append(out, "\n") ? memory(err) : MSP_OK;
	if (rc == MSP_OK)
		rc = msp_store_explain(w->store, collection, &choice, out, err);
	bson_destroy(&filter);
	bson_destroy(&order);
	return rc;
}

int msp_waves_explain(struct msp_waves *w, struct msp_bytes *out, struct msp_error *err)
{
	int rc = MSP_OK;

	for (int i = 0; i < w->collections && rc == MSP_OK; i++)
		rc = explain_one(w, w->collection[i], out, err);
	return rc;
}
