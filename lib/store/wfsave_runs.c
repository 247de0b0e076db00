/* Saves that are going on, each a document of `msp_saves` (store/hold.h) with, besides:
 *     collections, data_tag, putting (_ids of files that are about to be put, or removed), documents (true once documents may name the files)
 * stage: samples, commit (documents are being written), cleaning (samples are being removed), failed (nobody works on it).
 *
 * * Nobody may remove samples that a save has found and will name in a document. Whoever wants to remove some first says so (cleaning), and
 *   then looks for other saves; whoever begins a save first says so, and then looks for those that are cleaning, and waits. So at least
 *   one of two sees the other: the one that cleans gives up, the one that begins waits. Who is passed over because he was silent for too
 *   long is declared dead, so that he learns it.
 * * Files are removed document first, and only after they were named in putting: so chunks without a file are known to be a rest. */
#include "store/wfsave.h"

#include "store/backend.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define WAIT_S (MSP_HOLD_DEAD_S + 60) /* for somebody who cleans */

int msp_saves_stage(struct msp_hold *h, const char *stage, struct msp_error *err)
{
	bson_t set = BSON_INITIALIZER;

	BSON_APPEND_UTF8(&set, "stage", stage);
	if (strcmp(stage, "commit") == 0)
		BSON_APPEND_BOOL(&set, "documents", true); /* some of the files may be named by documents from now on */
	return msp_hold_set(h, &set, err);
}

void msp_saves_list(bson_t *to, const bson_oid_t *ids, size_t n)
{
	bson_t list;
	char buf[16];
	const char *index;

	BSON_APPEND_ARRAY_BEGIN(to, "putting", &list);
	for (size_t i = 0; i < n; i++) {
		size_t k = bson_uint32_to_string((uint32_t)i, &index, buf, sizeof(buf));

		bson_append_oid(&list, index, (int)k, &ids[i]);
	}
	bson_append_array_end(to, &list);
}

int msp_saves_putting(struct msp_hold *h, const bson_oid_t *ids, size_t n, bool cleaning, struct msp_error *err)
{
	bson_t set = BSON_INITIALIZER;

	msp_saves_list(&set, ids, n);
	if (cleaning)
		BSON_APPEND_UTF8(&set, "stage", "cleaning");
	return msp_hold_set(h, &set, err);
}

/* ---- others ------------------------------------------------------------ */

#define SILENT 64 /* declared dead together */

struct others {
	struct msp_hold *self;
	bool only_cleaning; /* the rest is of no interest */
	bool running, cleaning;
	bson_t *silent[SILENT]; /* copies: nothing is changed while it is read */
	size_t n, declared;
};

static void note(struct others *o, const bson_t *doc)
{
	o->running = true;
	o->cleaning = o->cleaning || strcmp(msp_hold_text(doc, "stage"), "cleaning") == 0;
}

static int look(struct others *o, struct msp_error *err)
{
	struct msp_store *s = o->self->store;
	double now = msp_store_clock(s);
	struct msp_cursor *c = NULL;
	const bson_t *doc;
	bson_iter_t it;
	int r = msp_store_find(s, MSP_SAVES, NULL, &c, err);

	o->running = o->cleaning = false;
	o->n = 0;
	while (r == MSP_OK && o->n < SILENT && (r = msp_cursor_next(c, &doc, err)) == 1) {
		enum msp_hold_state state;

		r = MSP_OK;
		if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it) || bson_oid_equal(bson_iter_oid(&it), &o->self->id) ||
		    (o->only_cleaning && strcmp(msp_hold_text(doc, "stage"), "cleaning") != 0))
			continue;
		state = msp_hold_state(doc, now);
		if (state == MSP_HOLD_LIVES)
			note(o, doc);
		else if (state == MSP_HOLD_SILENT)
			o->silent[o->n++] = bson_copy(doc);
	}
	msp_cursor_free(c);
	return r < 0 ? r : MSP_OK;
}

/* Those that are silent are declared dead, each if it is as it was seen. */
static int declare(struct others *o, int r, struct msp_error *err)
{
	o->declared = 0;
	for (size_t i = 0; i < o->n; i++) {
		struct msp_hold dead;
		bool taken = true;

		if (r == MSP_OK)
			r = msp_hold_take(&dead, o->self->store, o->silent[i], "failed", &taken, err);
		if (taken)
			o->declared++;
		else
			note(o, o->silent[i]);
		bson_destroy(o->silent[i]);
	}
	return r;
}

static int look_around(struct others *o, struct msp_error *err)
{
	int r;

	do {
		r = declare(o, look(o, err), err);
	} while (r == MSP_OK && o->n == SILENT && o->declared > 0); /* there may be more */
	return r;
}

int msp_saves_running(struct msp_hold *self, bool *out, struct msp_error *err)
{
	struct others o = {.self = self};
	int r = look_around(&o, err);

	*out = o.running;
	return r;
}

static double seconds(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int wait_for_cleaning(struct msp_hold *h, const struct msp_save_options *o, struct msp_error *err)
{
	struct timespec pause = {.tv_nsec = 50000000};
	double begin = seconds();

	for (;;) {
		struct others other = {.self = h, .only_cleaning = true};
		int r = look_around(&other, err);

		if (r != MSP_OK || !other.cleaning)
			return r;
		if (seconds() - begin > WAIT_S)
			return msp_error_set(err, MSP_FAIL, "%s: another save has been removing its samples for more than %d s", msp_store_name(h->store),
			                     WAIT_S);
		if (o->poll && o->poll(o->context))
			return msp_error_set(err, MSP_INTERRUPTED, "interrupted");
		r = msp_hold_beat(h, err);
		if (r != MSP_OK)
			return r;
		(void)nanosleep(&pause, NULL);
		pause.tv_nsec = seconds() - begin > 5 ? 500000000 : pause.tv_nsec;
	}
}

/* ---- beginning and end ------------------------------------------------- */

void msp_saves_describe(const struct msp_save_options *o, bson_t *to)
{
	bson_t list;

	BSON_APPEND_ARRAY_BEGIN(to, "collections", &list);
	BSON_APPEND_UTF8(&list, "0", o->collection ? o->collection : "wf_TimeSeries");
	if (!o->collection)
		BSON_APPEND_UTF8(&list, "1", "wf_Seismogram");
	bson_append_array_end(to, &list);
	if (o->tag)
		BSON_APPEND_UTF8(to, "data_tag", o->tag);
}

int msp_saves_begin(struct msp_hold *h, struct msp_store *s, const struct msp_save_options *o, struct msp_error *err)
{
	bson_t keys = BSON_INITIALIZER, doc = BSON_INITIALIZER;
	int r;

	memset(h, 0, sizeof(*h));
	bson_oid_init(&h->id, NULL);
	BSON_APPEND_INT32(&keys, "msp_save", 1);
	r = msp_store_index(s, "fs.files", &keys, 0, err);
	msp_saves_describe(o, &doc);
	if (r == MSP_OK)
		r = msp_hold_begin(h, s, &doc, err);
	bson_destroy(&keys);
	bson_destroy(&doc);
	if (r != MSP_OK)
		return r;
	r = wait_for_cleaning(h, o, err);
	if (r != MSP_OK && msp_hold_end(h, NULL) != MSP_OK)
		h->lost = true; /* it is left, and this process is over */
	return r;
}
