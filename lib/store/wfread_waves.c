/* The objects of a selection of waveform documents, one after the other. */
#include "store/part.h"
#include "store/wfread.h"
#include "store/wfwaves.h"

#include <inttypes.h>

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "out of memory");
}

/* ---- documents --------------------------------------------------------- */

static bool in_part(const struct msp_waves *w)
{
	return w->s.o.parts == 0 || msp_part_of(&w->place.hash, w->s.o.parts) == w->s.o.part - 1;
}

static int open_cursor(struct msp_waves *w, struct msp_error *err)
{
	bson_t filter, order;
	int rc = wf_choice(w, w->collection[w->at], &w->choice, &filter, &order, err);

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

	while (rc == MSP_OK && !w->ended && !(w->s.o.limit && w->chosen == w->s.o.limit)) {
		if (!w->cursor && (rc = open_cursor(w, err)) != MSP_OK)
			break;
		rc = msp_cursor_next(w->cursor, &w->doc, err);
		w->ended = rc != 1;
		if (rc != 1)
			break;
		w->chosen++;
		rc = wf_place(&w->s, w->collection[w->at], w->doc, &w->place) == MSP_OK ? MSP_OK : memory(err);
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
	if (msp_object_reset(o, MSP_ENSEMBLE_END, MSP_NONE, 0) != MSP_OK)
		return memory(err);
	o->id = w->end;
	return 1;
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
	w->end = w->place.end;
	return wf_bracket(&w->s, w->doc, &w->place, o) == MSP_OK ? 1 : memory(err);
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
	wf_close_cursor(w);
	w->ended = false;
	w->at++;
}

/* Puts the keys of other collections on it; what has no match dies. */
static int join(struct msp_waves *w, struct msp_object *o, struct msp_error *err)
{
	int rc;

	w->joined = w->unmatched = false;
	if (w->joins.n == 0 || !o->live)
		return 1;
	rc = msp_joins_object(&w->joins, o, err);
	w->joined = true;
	w->unmatched = rc == MSP_KILL;
	if (rc == MSP_KILL) {
		rc = msp_object_kill(o, w->s.o.algorithm ? w->s.o.algorithm : WF_ALGORITHM, err->text);
		err->status = MSP_OK;
		err->text[0] = '\0';
	}
	return rc == MSP_OK ? 1 : memory(err);
}

int msp_waves_next(struct msp_waves *w, struct msp_object *o, struct msp_error *err)
{
	int rc = MSP_OK;

	while (rc == MSP_OK && w->at < w->collections) {
		if (w->reading) {
			rc = msp_wfread_next(w->reader, o, err);
			if (rc != 0)
				return rc < 0 ? rc : join(w, o, err);
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
		w->joined = w->unmatched = false;
		rc = bracket(w, o, err);
		if (rc != 0)
			return rc;
		rc = begin(w, err);
	}
	return rc;
}
