/* Opening a selection of waveform documents: what is asked for, of which collections, and how it is told. */
#include "store/wfread.h"
#include "store/wfwaves.h"

#include <stdlib.h>
#include <string.h>

/* Documents a round trip where samples are read in between, which may take its time: a server forgets a cursor that
 * it was not asked for ten minutes. */
#define WITH_SAMPLES 100

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "out of memory");
}

/* ---- what is asked for ------------------------------------------------- */

void wf_select_free(struct wf_selection *s)
{
	bson_destroy(s->query);
	msp_keys_free(&s->sort);
	msp_keys_free(&s->group);
}

int wf_select(const struct msp_waves_options *o, struct wf_selection *out, struct msp_error *err)
{
	bson_t made;
	int rc;

	memset(out, 0, sizeof *out);
	out->o = *o;
	if (o->sort && (rc = msp_keys_parse(o->sort, true, &out->sort, err)) != MSP_OK)
		return msp_error_prefix(err, "sort");
	if (o->group && (rc = msp_keys_parse(o->group, false, &out->group, err)) != MSP_OK)
		return msp_error_prefix(err, "group");
	if (!o->query)
		return MSP_OK;
	rc = msp_json_parse(o->query, strlen(o->query), &made, NULL, err);
	if (rc != MSP_OK)
		return msp_error_prefix(err, "query");
	out->query = bson_copy(&made);
	bson_destroy(&made);
	return MSP_OK;
}

int msp_waves_check(const struct msp_waves_options *options, struct msp_error *err)
{
	struct wf_selection s;
	int rc = wf_select(options, &s, err);

	wf_select_free(&s);
	return rc;
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

	if (w->s.o.collection) {
		w->collection[w->collections++] = w->s.o.collection;
		return has_documents(w->store, w->s.o.collection, &w->any, err);
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

static int open_joins(struct msp_waves *w, struct msp_error *err)
{
	struct msp_join_options o = {.algorithm = w->s.o.algorithm ? w->s.o.algorithm : WF_ALGORITHM, .poll = w->s.o.read.poll,
	                             .poll_context = w->s.o.read.context};

	return w->s.o.join ? msp_joins_open(w->store, w->s.o.join, &o, &w->joins, err) : MSP_OK;
}

int msp_waves_open(struct msp_store *s, const struct msp_waves_options *options, struct msp_waves **out, struct msp_error *err)
{
	struct msp_waves *w = calloc(1, sizeof *w);
	int rc;

	*out = NULL;
	if (!w)
		return memory(err);
	w->store = s;
	rc = wf_select(options, &w->s, err);
	if (rc == MSP_OK)
		rc = msp_wfread_new(s, &options->read, &w->reader, err);
	if (rc == MSP_OK)
		rc = find_collections(w, err);
	if (rc == MSP_OK)
		rc = open_joins(w, err);
	if (rc != MSP_OK) {
		msp_waves_free(w);
		return rc;
	}
	/* with groups the order within a group is the store's, by whatever key */
	w->sorts = options->group || options->read.ensembles || (w->collections == 1 && wf_can_sort(&w->s, w->collection[0]));
	*out = w;
	return MSP_OK;
}

void wf_close_cursor(struct msp_waves *w)
{
	msp_cursor_free(w->cursor);
	bson_destroy(w->filter);
	bson_destroy(w->order);
	wf_part_free(&w->parting);
	w->cursor = NULL;
	w->filter = w->order = NULL;
}

void msp_waves_free(struct msp_waves *w)
{
	if (!w)
		return;
	wf_close_cursor(w);
	msp_wfread_free(w->reader);
	msp_joins_free(&w->joins);
	wf_select_free(&w->s);
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
	return w->unmatched || msp_wfread_trouble(w->reader);
}

bool msp_waves_changed(const struct msp_waves *w)
{
	return w->joined;
}

uint64_t msp_waves_chosen(const struct msp_waves *w)
{
	return w->chosen;
}

bool msp_waves_any(const struct msp_waves *w, const char **collections)
{
	*collections = w->s.o.collection ? w->s.o.collection : "wf_TimeSeries, wf_Seismogram or wf_miniseed";
	return w->any;
}

bool msp_waves_remark(const struct msp_waves *w, unsigned i, char *buf, size_t size)
{
	for (size_t k = 0; k < w->joins.n; k++)
		for (unsigned n = 0; msp_join_remark(w->joins.join[k], n, buf, size); n++)
			if (i-- == 0)
				return true;
	return false;
}

/* ---- questions --------------------------------------------------------- */

int wf_choice(struct msp_waves *w, const char *collection, struct msp_choice *c, bson_t *filter, bson_t *order,
              struct msp_error *err)
{
	const struct msp_part *part;
	int rc = wf_part(&w->parting, &w->s, collection, &part, err);

	if (rc == MSP_OK)
		rc = wf_filter(&w->s, collection, filter, err);
	if (rc != MSP_OK)
		return rc;
	rc = wf_order(&w->s, w->sorts, order, err);
	if (rc != MSP_OK) {
		bson_destroy(filter);
		return rc;
	}
	*c = (struct msp_choice){.filter = filter, .expr = w->s.o.expr, .exprs = w->s.o.n_expr,
	                         .poll = w->s.o.read.poll, .poll_context = w->s.o.read.context};
	c->sort = bson_empty(order) ? NULL : order;
	c->batch = w->s.o.read.headers ? 0 : WITH_SAMPLES;
	c->part = part;
	c->limit = w->s.o.limit ? w->s.o.limit - w->chosen : 0;
	return MSP_OK;
}

/* ---- for people -------------------------------------------------------- */

static int explain_one(struct msp_waves *w, const char *collection, struct msp_bytes *out, struct msp_error *err)
{
	struct msp_choice choice;
	bson_t filter, order;
	int rc = wf_choice(w, collection, &choice, &filter, &order, err);

	if (rc != MSP_OK)
		return rc;
	if (msp_text_append(out, "collection: ") || msp_text_append(out, collection) || msp_text_append(out, "\n"))
		rc = memory(err);
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
