/* A sorter of objects that need not fit in memory: what is held is sorted in place; when it grows too
 * large it becomes a sorted run in a file, and runs are merged. Runs stay in the order in which their
 * objects came, so that the result is the same however much memory there is. */
#include "tool/sorter.h"

#include <stdlib.h>
#include <string.h>

/* ---- units in memory --------------------------------------------------- */

static uint64_t object_bytes(const struct msp_object *o)
{
	/* five buffers, each with what malloc adds */
	return 5 * 16 + o->samples.cap + o->metadata.cap + o->elog.cap + o->history.cap + o->extra.cap;
}

void sorter_unit_free(struct sorter_unit *u)
{
	if (!u)
		return;
	msp_object_free(&u->first);
	for (size_t i = 0; i < u->n; i++)
		msp_object_free(&u->more[i]);
	free(u->more);
	free(u);
}

static struct sorter_unit *unit_new(struct msp_sorter *s, struct msp_object *o)
{
	uint32_t n = s->options.n;
	struct sorter_unit *u = calloc(1, sizeof *u + n * sizeof *u->key);
	if (!u)
		return NULL;
	msp_object_init(&u->first);
	if (msp_object_take(&u->first, o) < 0) {
		sorter_unit_free(u);
		return NULL;
	}
	sorter_keys(s, &u->first, u->key);
	for (uint32_t i = 0; i < n; i++)
		s->met[i] |= u->key[i].value.type != MSP_V_UNDEFINED;
	u->bytes = sizeof *u + n * sizeof *u->key + object_bytes(&u->first);
	s->used += u->bytes;
	return u;
}

static int unit_append(struct msp_sorter *s, struct sorter_unit *u, struct msp_object *o)
{
	if (u->n == u->room) {
		size_t room = u->room ? 2 * u->room : 8;
		struct msp_object *more = realloc(u->more, room * sizeof *more);
		if (!more)
			return MSP_NOMEM;
		u->more = more;
		u->bytes += (room - u->room) * sizeof *more;
		s->used += (room - u->room) * sizeof *more;
		u->room = room;
	}
	msp_object_init(&u->more[u->n]);
	if (msp_object_take(&u->more[u->n], o) < 0)
		return MSP_NOMEM;
	uint64_t bytes = object_bytes(&u->more[u->n++]);
	u->bytes += bytes;
	s->used += bytes;
	return MSP_OK;
}

static int keep(struct msp_sorter *s, struct sorter_unit *u)
{
	if (s->n == s->room) {
		size_t room = s->room ? 2 * s->room : 256;
		struct sorter_unit **unit = realloc(s->unit, room * sizeof *unit);
		if (!unit)
			return MSP_NOMEM;
		s->unit = unit;
		s->room = room;
	}
	u->number = s->next++;
	s->unit[s->n++] = u;
	return MSP_OK;
}

static void forget(struct msp_sorter *s)
{
	for (size_t i = 0; i < s->n; i++) {
		s->used -= s->unit[i]->bytes;
		sorter_unit_free(s->unit[i]);
	}
	s->n = 0;
}

/* ---- order ------------------------------------------------------------- */

void sorter_keys(const struct msp_sorter *s, const struct msp_object *first, struct sorter_key *key)
{
	const struct msp_sorter_options *o = &s->options;
	for (uint32_t i = 0; i < o->n; i++) {
		if (o->key)
			o->key(o->context, first, i, &key[i].value, key[i].scratch);
		else
			msp_object_get(first, o->keys->key[i].name, &key[i].value, key[i].scratch);
	}
}

int sorter_compare(const struct msp_sorter *s, const struct sorter_key *a, const struct sorter_key *b)
{
	for (uint32_t i = 0; i < s->options.n; i++) {
		int c = msp_value_compare(&a[i].value, &b[i].value);
		if (c)
			return s->options.keys && s->options.keys->key[i].descending ? -c : c;
	}
	return 0;
}

static int order_units(const void *a, const void *b, void *context)
{
	const struct sorter_unit *x = *(struct sorter_unit *const *)a, *y = *(struct sorter_unit *const *)b;
	int c = sorter_compare(context, x->key, y->key);
	return c ? c : x->number < y->number ? -1 : x->number > y->number;
}

static int give(struct sorter_unit *u, sorter_out_fn *out, void *context)
{
	int rc = out(context, &u->first);
	for (size_t i = 0; rc >= 0 && i < u->n; i++)
		rc = out(context, &u->more[i]);
	return rc < 0 ? rc : MSP_OK;
}

static int give_all(struct msp_sorter *s, sorter_out_fn *out, void *context)
{
	int rc = MSP_OK;
	if (s->n)
		qsort_r(s->unit, s->n, sizeof(struct sorter_unit *), order_units, s);
	for (size_t i = 0; rc >= 0 && i < s->n; i++)
		rc = give(s->unit[i], out, context);
	return rc;
}

/* ---- spilling ---------------------------------------------------------- */

static int put_run(void *context, struct msp_object *o)
{
	struct sorter_out *out = context;
	return msp_writer_put(out->writer, o, out->err);
}

static int spill(struct msp_sorter *s, struct msp_error *err)
{
	struct sorter_out out = {.err = err};
	int rc = sorter_run_begin(s, &out);
	if (rc == MSP_OK)
		rc = give_all(s, put_run, &out);
	rc = sorter_run_end(s, &out, rc);
	forget(s);
	return rc;
}

/* The ensemble that is coming in is alone larger than memory: it goes to a run of its own as it comes. */
static int spill_open(struct msp_sorter *s, struct msp_error *err)
{
	s->direct = (struct sorter_out){.err = err};
	int rc = sorter_run_begin(s, &s->direct);
	if (rc == MSP_OK)
		rc = give(s->open, put_run, &s->direct);
	s->used -= s->open->bytes;
	sorter_unit_free(s->open);
	s->open = NULL;
	return rc;
}

static int shrink(struct msp_sorter *s, struct msp_error *err)
{
	int rc = MSP_OK;
	if (s->used > s->options.max_memory && s->n)
		rc = spill(s, err);
	if (rc == MSP_OK && s->used > s->options.max_memory && s->open)
		rc = spill_open(s, err);
	return rc;
}

/* ---- the outside ------------------------------------------------------- */

struct msp_sorter *msp_sorter_new(const struct msp_sorter_options *options)
{
	struct msp_sorter *s = calloc(1, sizeof *s);
	bool *met = calloc(options->n + 1, sizeof *met);
	if (!s || !met) {
		free(s);
		free(met);
		return NULL;
	}
	s->options = *options;
	s->met = met;
	return s;
}

void msp_sorter_free(struct msp_sorter *s)
{
	if (!s)
		return;
	forget(s);
	sorter_unit_free(s->open);
	sorter_runs_free(s);
	free(s->unit);
	free(s->met);
	free(s);
}

uint64_t msp_sorter_spilled(const struct msp_sorter *s)
{
	return s->spilled;
}

void msp_sorter_tell_unmet(const struct msp_sorter *s, const struct msp_sorter *other, struct msp_job *job)
{
	bool any = s->next > 0 || (other && other->next > 0);
	for (uint32_t i = 0; any && s->options.keys && i < s->options.n; i++)
		if (!s->met[i] && !(other && other->met[i]))
			msp_job_warn(job, "no object has a key \"%s\": it sorts nothing", s->options.keys->key[i].name);
}

static int put_direct(struct msp_sorter *s, struct msp_object *o, struct msp_error *err)
{
	s->direct.err = err;
	int rc = msp_writer_put(s->direct.writer, o, err);
	if (rc < 0 || o->kind == MSP_ENSEMBLE_END)
		rc = sorter_run_end(s, &s->direct, rc);
	return rc;
}

int msp_sorter_put(struct msp_sorter *s, struct msp_object *o, struct msp_error *err)
{
	int rc = MSP_OK;
	if (s->direct.writer)
		return put_direct(s, o, err);
	if (s->open) {
		bool last = o->kind == MSP_ENSEMBLE_END;
		rc = unit_append(s, s->open, o);
		if (rc == MSP_OK && last) {
			rc = keep(s, s->open);
			if (rc == MSP_OK)
				s->open = NULL;
		}
	} else {
		bool opens = o->kind == MSP_ENSEMBLE_BEGIN;
		struct sorter_unit *u = unit_new(s, o);
		if (u && opens)
			s->open = u;
		else if (!u || keep(s, u) < 0)
			rc = MSP_NOMEM;
		if (rc < 0)
			sorter_unit_free(u);
	}
	if (rc < 0)
		return msp_error_set(err, rc, "out of memory");
	return shrink(s, err);
}

int msp_sorter_drain(struct msp_sorter *s, sorter_out_fn *out, void *context, struct msp_error *err)
{
	int rc;
	if (!s->runs) {
		rc = give_all(s, out, context);
		forget(s);
		return rc;
	}
	rc = s->n ? spill(s, err) : MSP_OK;
	if (rc == MSP_OK)
		rc = sorter_merge(s, 0, out, context, err);
	sorter_runs_free(s);
	return rc;
}
