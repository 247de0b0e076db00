/* What a store is asked to do by a word: long work. Out and in, upkeep, joining, merging. */
#include "store/request.h"

#include "mspipe/join.h"
#include "mspipe/upkeep.h"

#include <inttypes.h>
#include <stdlib.h>

/* The context of a poll, which is the request; what is called with it does not change it. */
static void *as_context(const struct msp_request *q)
{
	return (void *)(uintptr_t)q;
}

/* ---- out and in -------------------------------------------------------- */

static void transferred(void *context, const char *file, const char *collection, uint64_t documents)
{
	request_say(context, "%s: %" PRIu64 " documents of %s", file, documents, collection);
}

int request_export(const struct msp_request *q, struct msp_error *err)
{
	const struct msp_transfer t = {.poll = request_interrupted, .done = transferred, .context = as_context(q)};
	int r = MSP_OK;

	if (q->arguments == 1)
		return msp_store_export(q->store, q->argument[0], NULL, &t, err);
	for (int i = 1; r == MSP_OK && i < q->arguments; i++)
		r = msp_store_export(q->store, q->argument[0], q->argument[i], &t, err);
	return r;
}

int request_import(const struct msp_request *q, struct msp_error *err)
{
	const struct msp_transfer t = {.poll = request_interrupted, .done = transferred, .context = as_context(q)};
	int r = MSP_OK;

	for (int i = 0; r == MSP_OK && i < q->arguments; i++)
		r = msp_store_import(q->store, q->argument[i], q->collection, &t, err);
	return r;
}

/* ---- upkeep ------------------------------------------------------------ */

struct findings {
	const struct msp_request *q;
	struct msp_error *err;
	uint64_t told[MSP_FINDINGS];
};

static int check_interrupted(void *context)
{
	const struct findings *f = context;

	return f->q->poll(f->q->context);
}

static int found(void *context, const struct msp_finding *what)
{
	struct findings *f = context;
	struct msp_bytes line = {0};

	if (f->q->lines && f->told[what->kind]++ >= f->q->lines)
		return MSP_OK;
	return request_print(f->q, msp_finding_line(what, &line), &line, f->err);
}

int request_check(const struct msp_request *q, struct msp_error *err)
{
	struct findings f = {.q = q, .err = err};
	const struct msp_check_options o = {.collections = q->argument, .n = (size_t)q->arguments, .fix = q->fix, .found = found,
	                                    .poll = check_interrupted, .context = &f};
	struct msp_check_totals totals;
	struct msp_bytes text = {0};
	uint64_t left = 0;
	int r = msp_store_check(q->store, &o, &totals, err);

	if (r == MSP_OK)
		r = request_print(q, msp_check_lines(&totals, q->fix, &text, &left), &text, err);
	if (r == MSP_OK)
		r = q->flush(q->context);
	if (r == MSP_OK && left > 0)
		r = msp_error_set(err, MSP_CORRUPT, "%s: %" PRIu64 " thing%s wrong", msp_store_name(q->store), left, left == 1 ? " is" : "s are");
	return r;
}

/* ---- joining ----------------------------------------------------------- */

static int join_all(const struct msp_request *q, struct msp_join *j, struct msp_error *err)
{
	struct msp_join_updated u;
	char text[512];
	int r = msp_join_update(j, q->store, q->argument[0], &q->choice, &u, err);

	if (r != MSP_OK)
		return r;
	for (unsigned i = 0; msp_join_remark(j, i, text, sizeof(text)); i++)
		q->warn(q->context, text);
	request_say(q, "%" PRIu64 " documents, %" PRIu64 " matched, %" PRIu64 " changed", u.documents, u.matched, u.changed);
	return MSP_OK;
}

int request_join(const struct msp_request *q, struct msp_error *err)
{
	const struct msp_join_options o = {.collection = q->argument[1], .match = q->match, .keys = q->keys ? q->keys : "_id",
	                                   .ambiguous = q->ambiguous, .poll = request_interrupted, .poll_context = as_context(q)};
	struct msp_join *j;
	int r = msp_join_open(q->store, &o, &j, err);

	if (r != MSP_OK)
		return r;
	r = join_all(q, j, err);
	msp_join_free(j);
	return r;
}

/* ---- merging ----------------------------------------------------------- */

static int merge_one(const struct msp_request *q, const char *name, struct msp_error *err)
{
	const struct msp_merge_options o = {.replace = q->replace, .poll = request_interrupted, .context = as_context(q)};
	struct msp_merge_totals t;
	struct msp_store *from;
	int r = msp_store_open(name, 0, &from, err);

	if (r != MSP_OK)
		return r;
	r = msp_store_merge(q->store, from, &o, &t, err);
	if (r == MSP_OK)
		request_say(q, "%s: %" PRIu64 " documents and %" PRIu64 " files added, %" PRIu64 " replaced, %" PRIu64 " there already",
		            msp_store_name(from), t.documents, t.files, t.replaced, t.there);
	(void)msp_store_close(from, NULL); /* it was only read */
	return r;
}

int request_merge(const struct msp_request *q, struct msp_error *err)
{
	int r = MSP_OK;

	for (int i = 0; r == MSP_OK && i < q->arguments; i++)
		r = merge_one(q, q->argument[i], err);
	return r;
}
