/* msdb - look at a store, change it, take it out and in
 * reads: a store, JSON   writes: text, a store, JSON   kills: nothing */
#include "mspipe/documents.h"
#include "mspipe/gather.h"
#include "mspipe/join.h"
#include "mspipe/store.h"
#include "mspipe/tool.h"
#include "mspipe/upkeep.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct db {
	const char *expr, *query, *sort, *keys, *collection, *match, *set, *ambiguous;
	int64_t limit;
	bool all, canonical, unique, drop, explain, fix, replace;
	const struct msp_verb *verb;
	struct msp_store *store;
	struct msp_choice choice;
	struct msp_expr *e;
	uint64_t told[MSP_FINDINGS]; /* findings, for --limit */
};

#define TEXT(NAME, LETTER, ARG, HELP) \
	{.name = #NAME, .letter = LETTER, .type = MSP_OPT_STRING, .offset = offsetof(struct db, NAME), .arg = ARG, .help = HELP}
#define FLAG(NAME, HELP) {.name = #NAME, .type = MSP_OPT_FLAG, .offset = offsetof(struct db, NAME), .help = HELP}

static const struct msp_option options[] = {
	TEXT(expr, 'e', "EXPR", "only documents for which EXPR is true"),
	TEXT(query, 0, "JSON", "only documents that match the MongoDB filter JSON"),
	FLAG(all, "update, delete: every document of the collection"),
	FLAG(explain, "count, find: only say how it would be done"),
	TEXT(sort, 0, "KEYS", "find: in the order of KEYS (-KEY: descending)"),
	TEXT(keys, 0, "KEYS", "find: print only _id and KEYS"),
	{.name = "limit", .type = MSP_OPT_INT, .offset = offsetof(struct db, limit), .arg = "N", .min = 0, .max = 1e15,
	 .help = "find: at most N documents; check: at most N lines of each kind"},
	FLAG(canonical, "find, distinct: print JSON that keeps every type"),
	TEXT(collection, 0, "C", "import: into C, whatever the file's name"),
	FLAG(unique, "index: no two documents may have the same KEYS"),
	FLAG(drop, "index: remove the index of KEYS"),
	FLAG(fix, "check: put right what can be without loss"),
	FLAG(replace, "merge: where documents of one _id differ, take FROM's"),
	TEXT(match, 'm', "HOW", "join: id, seed, KEY=KEY,..., origin:TOL or arrival, as msjoin (default: by COLLECTION)"),
	TEXT(set, 0, "LIST", "join: set these keys, a list as of msjoin --keys (default _id)"),
	TEXT(ambiguous, 0, "WHAT", "join: of several matches take the first or the last (default: none)"),
	{0},
};

/* What a verb works with. */
struct work {
	struct db *s;
	struct msp_job *job;
	struct msp_error *err;
	const char *collection; /* the third operand, whatever it is */
};

static int print(void *context, const void *line, size_t n)
{
	const struct work *w = context;

	return msp_job_print(w->job, line, n);
}

static int print_text(struct work *w, int made, struct msp_bytes *text)
{
	int r = made == MSP_OK ? print(w, text->data, text->len) : msp_error_set(w->err, MSP_NOMEM, "no memory left");

	msp_bytes_free(text);
	return r;
}

/* ---- looking ----------------------------------------------------------- */

static int list(struct work *w)
{
	return msp_store_print_collections(w->s->store, print, w, w->err);
}

static int explain(struct work *w)
{
	struct msp_bytes text = {0};
	int r = msp_store_explain(w->s->store, w->collection, &w->s->choice, &text, w->err);

	if (r == MSP_OK)
		return print_text(w, MSP_OK, &text);
	msp_bytes_free(&text);
	return r;
}

static int count(struct work *w)
{
	uint64_t n;
	char text[32];
	int r;

	if (w->s->explain)
		return explain(w);
	r = msp_store_count_chosen(w->s->store, w->collection, &w->s->choice, &n, w->err);
	return r == MSP_OK ? print(w, text, (size_t)snprintf(text, sizeof(text), "%" PRIu64 "\n", n)) : r;
}

static int find(struct work *w)
{
	return w->s->explain ? explain(w) :
	       msp_store_print_documents(w->s->store, w->collection, &w->s->choice, w->s->canonical, print, w, w->err);
}

static int distinct(struct work *w)
{
	return msp_store_print_values(w->s->store, w->collection, msp_job_operand(w->job, 3), &w->s->choice, w->s->canonical, print, w, w->err);
}

/* ---- changing ---------------------------------------------------------- */

static int update(struct work *w)
{
	const char *text = msp_job_operand(w->job, 3);
	struct msp_updated sum;
	bson_t change;
	int r = msp_json_parse(text, strlen(text), &change, NULL, w->err);

	if (r != MSP_OK)
		return msp_error_prefix(w->err, "UPDATE");
	r = msp_store_update_chosen(w->s->store, w->collection, &w->s->choice, &change, &sum, w->err);
	bson_destroy(&change);
	if (r == MSP_OK)
		msp_job_say(w->job, "%" PRIu64 " documents matched, %" PRIu64 " changed", sum.matched, sum.modified);
	return r;
}

static int delete(struct work *w)
{
	uint64_t n;
	int r = msp_store_delete_chosen(w->s->store, w->collection, &w->s->choice, &n, w->err);

	if (r == MSP_OK)
		msp_job_say(w->job, "%" PRIu64 " documents deleted", n);
	return r;
}

static int make_index(struct work *w)
{
	bson_t keys;
	int r;

	if (msp_job_operands(w->job) < 4)
		return msp_store_print_indexes(w->s->store, w->collection, print, w, w->err);
	r = msp_keys_document(msp_job_operand(w->job, 3), true, &keys, w->err);
	if (r != MSP_OK)
		return r;
	r = w->s->drop ? msp_store_index_drop_keys(w->s->store, w->collection, &keys, w->err)
	               : msp_store_index(w->s->store, w->collection, &keys, w->s->unique ? MSP_INDEX_UNIQUE : 0, w->err);
	bson_destroy(&keys);
	return r;
}

/* ---- out and in -------------------------------------------------------- */

static int interrupted(void *context)
{
	const struct work *w = context;

	return msp_job_interrupted(w->job);
}

static void transferred(void *context, const char *file, const char *collection, uint64_t documents)
{
	const struct work *w = context;

	msp_job_say(w->job, "%s: %" PRIu64 " documents of %s", file, documents, collection);
}

static int export(struct work *w)
{
	const struct msp_transfer t = {.poll = interrupted, .done = transferred, .context = w};
	int r = MSP_OK, n = msp_job_operands(w->job);

	for (int i = 3; r == MSP_OK && i < (n == 3 ? 4 : n); i++)
		r = msp_store_export(w->s->store, w->collection, n == 3 ? NULL : msp_job_operand(w->job, i), &t, w->err);
	return r;
}

static int import(struct work *w)
{
	const struct msp_transfer t = {.poll = interrupted, .done = transferred, .context = w};
	int r = MSP_OK;

	for (int i = 2; r == MSP_OK && i < msp_job_operands(w->job); i++)
		r = msp_store_import(w->s->store, msp_job_operand(w->job, i), w->s->collection, &t, w->err);
	return r;
}

/* ---- upkeep ------------------------------------------------------------ */

static int found(void *context, const struct msp_finding *f)
{
	struct work *w = context;
	struct msp_bytes line = {0};

	if (w->s->limit && w->s->told[f->kind]++ >= (uint64_t)w->s->limit)
		return MSP_OK;
	return print_text(w, msp_finding_line(f, &line), &line);
}

static int check(struct work *w)
{
	struct msp_check_options o = {.fix = w->s->fix, .found = found, .poll = interrupted, .context = w};
	struct msp_check_totals totals;
	const char **names = calloc((size_t)msp_job_operands(w->job), sizeof(*names));
	struct msp_bytes text = {0};
	uint64_t left = 0;
	int r;

	if (!names)
		return msp_error_set(w->err, MSP_NOMEM, "no memory left");
	for (int i = 2; i < msp_job_operands(w->job); i++)
		names[o.n++] = msp_job_operand(w->job, i);
	o.collections = names;
	r = msp_store_check(w->s->store, &o, &totals, w->err);
	free(names);
	if (r == MSP_OK)
		r = print_text(w, msp_check_lines(&totals, w->s->fix, &text, &left), &text);
	if (r == MSP_OK && fflush(msp_job_text(w->job)) != 0)
		r = msp_error_errno(w->err, MSP_FAIL, "standard output");
	if (r == MSP_OK && left > 0)
		r = msp_error_set(w->err, MSP_CORRUPT, "%s: %" PRIu64 " thing%s wrong", msp_store_name(w->s->store), left, left == 1 ? " is" : "s are");
	return r;
}

/* ---- joining ----------------------------------------------------------- */

static int join_all(struct work *w, struct msp_join *j)
{
	struct msp_join_updated u;
	char text[512];
	int r = msp_join_update(j, w->s->store, w->collection, &w->s->choice, &u, w->err);

	if (r != MSP_OK)
		return r;
	for (unsigned i = 0; msp_join_remark(j, i, text, sizeof(text)); i++)
		msp_job_warn(w->job, "%s", text);
	msp_job_say(w->job, "%" PRIu64 " documents, %" PRIu64 " matched, %" PRIu64 " changed", u.documents, u.matched, u.changed);
	return MSP_OK;
}

static int join(struct work *w)
{
	const struct db *s = w->s;
	struct msp_join_options o = {.collection = msp_job_operand(w->job, 3), .match = s->match, .keys = s->set ? s->set : "_id",
	                             .poll = interrupted, .poll_context = w};
	struct msp_join *j;
	int r;

	if (s->ambiguous)
		o.ambiguous = strcmp(s->ambiguous, "first") == 0 ? MSP_JOIN_FIRST : MSP_JOIN_LAST;
	r = msp_join_open(s->store, &o, &j, w->err);
	if (r != MSP_OK)
		return r;
	r = join_all(w, j);
	msp_join_free(j);
	return r;
}

/* ---- merging ----------------------------------------------------------- */

static int merge_one(struct work *w, const char *name)
{
	const struct msp_merge_options o = {.replace = w->s->replace, .poll = interrupted, .context = w};
	struct msp_merge_totals t;
	struct msp_store *from;
	int r = msp_store_open(name, 0, &from, w->err);

	if (r != MSP_OK)
		return r;
	r = msp_store_merge(w->s->store, from, &o, &t, w->err);
	if (r == MSP_OK)
		msp_job_say(w->job, "%s: %" PRIu64 " documents and %" PRIu64 " files added, %" PRIu64 " replaced, %" PRIu64 " there already",
		            msp_store_name(from), t.documents, t.files, t.replaced, t.there);
	(void)msp_store_close(from, NULL); /* it was only read */
	return r;
}

static int merge(struct work *w)
{
	int r = MSP_OK;

	for (int i = 2; r == MSP_OK && i < msp_job_operands(w->job); i++)
		r = merge_one(w, msp_job_operand(w->job, i));
	return r;
}

/* ---- the command ------------------------------------------------------- */

static const struct msp_verb verbs[] = {
	{"ls", "STORE", 2, 2, "", 0},
	{"count", "STORE COLLECTION", 3, 3, "expr query explain", 0},
	{"find", "STORE COLLECTION", 3, 3, "expr query explain sort keys limit canonical", 0},
	{"distinct", "STORE COLLECTION KEY", 4, 4, "query canonical", 0},
	{"update", "STORE COLLECTION UPDATE", 4, 4, "expr query all", MSP_STORE_WRITE},
	{"delete", "STORE COLLECTION", 3, 3, "expr query all", MSP_STORE_WRITE},
	{"index", "STORE COLLECTION [KEYS]", 3, 4, "unique drop", MSP_STORE_WRITE},
	{"join", "STORE WAVEFORMS COLLECTION", 4, 4, "expr query match set ambiguous", MSP_STORE_WRITE},
	{"export", "STORE DIRECTORY [COLLECTION...]", 3, INT32_MAX, "", 0},
	{"import", "STORE FILE...", 3, INT32_MAX, "collection", MSP_STORE_CREATE},
	{"check", "STORE [COLLECTION...]", 2, INT32_MAX, "fix limit", 0},
	{"merge", "STORE FROM...", 3, INT32_MAX, "replace", MSP_STORE_CREATE},
	{0},
};
static int (*const run[])(struct work *w) = {
	list, count, find, distinct, update, delete, make_index, join, export, import, check, merge,
};

static int check_usage(const struct db *s, struct msp_job *job)
{
	struct msp_error *err = msp_job_error(job);
	bool chooses = s->expr || s->query;

	if (msp_verb_takes(s->verb, "all") && s->all && chooses)
		return msp_error_set(err, MSP_USAGE, "--all, and --expr or --query, exclude each other");
	if (msp_verb_takes(s->verb, "all") && !s->all && !chooses)
		return msp_error_set(err, MSP_USAGE, "which documents? --expr or --query; --all for every one");
	if ((s->unique || s->drop) && msp_job_operands(job) < 4)
		return msp_error_set(err, MSP_USAGE, "index: KEYS are missing");
	if (s->ambiguous && strcmp(s->ambiguous, "first") != 0 && strcmp(s->ambiguous, "last") != 0)
		return msp_error_set(err, MSP_USAGE, "--ambiguous: %s: must be one of first|last", s->ambiguous);
	return MSP_OK;
}

static int start(void *self, struct msp_job *job)
{
	struct db *s = self;
	int r = msp_job_verb(job, s, options, verbs, &s->verb);

	if (r == MSP_OK)
		r = check_usage(s, job);
	if (r == MSP_OK && s->expr && (r = msp_job_expr(job, s->expr, MSP_EXPR_CONDITION, &s->e)) != MSP_OK)
		return msp_error_prefix(msp_job_error(job), "--expr");
	s->choice.expr = &s->e;
	s->choice.exprs = s->e != NULL;
	s->choice.limit = (uint64_t)s->limit;
	return r == MSP_OK ? msp_choice_read(&s->choice, s->query, s->sort, s->keys, msp_job_error(job)) : r;
}

static int drain(void *self, struct msp_job *job)
{
	struct db *s = self;
	int operands = msp_job_operands(job), r, closed;
	struct work w = {.s = s, .job = job, .err = msp_job_error(job), .collection = operands > 2 ? msp_job_operand(job, 2) : NULL};
	bool lists = msp_verb_takes(s->verb, "drop") && operands < 4; /* index without KEYS */

	r = msp_store_open_with(msp_job_operand(job, 1), s->fix ? MSP_STORE_WRITE : lists ? 0 : s->verb->flags, msp_job_poll_fn(), job, &s->store, w.err);
	if (r != MSP_OK)
		return r;
	s->choice.poll = interrupted;
	s->choice.poll_context = &w;
	r = run[s->verb - verbs](&w);
	msp_job_complaints(job, s->e, NULL);
	closed = msp_store_close(s->store, r == MSP_OK ? w.err : NULL);
	return r != MSP_OK ? r : closed;
}

static void stop(void *self)
{
	struct db *s = self;

	msp_expr_free(s->e);
	msp_choice_free(&s->choice);
}

const struct msp_tool msp_tool = {
	.name = "msdb",
	.summary = "look at a store, change it, check it, merge, export and import",
	.operands = "VERB STORE [ARGUMENT...]",
	.options = options,
	.size = sizeof(struct db),
	.flags = MSP_TOOL_SOURCE | MSP_TOOL_TEXT,
	.own_operands = 2,
	.start = start,
	.drain = drain,
	.stop = stop,
};
