/* msdb - look at a store, change it, take it out and in
 * reads: a store, JSON   writes: text, a store, JSON   kills: nothing */
#include "mspipe/documents.h"
#include "mspipe/gather.h"
#include "mspipe/store.h"
#include "mspipe/tool.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct db {
	const char *expr, *query, *sort, *keys, *collection;
	int64_t limit;
	bool all, canonical, unique, drop, explain;
	struct msp_store *store;
	struct msp_choice choice;
	struct msp_expr *e;
	bson_t *filter, *order, *projection; /* NULL: not given; choice borrows them */
	struct msp_bytes line;
};

static const struct msp_option options[] = {
	{.name = "expr", .letter = 'e', .type = MSP_OPT_STRING, .offset = offsetof(struct db, expr), .arg = "EXPR",
	 .help = "only documents for which EXPR is true"},
	{.name = "query", .type = MSP_OPT_STRING, .offset = offsetof(struct db, query), .arg = "JSON",
	 .help = "only documents that match the MongoDB filter JSON"},
	{.name = "all", .type = MSP_OPT_FLAG, .offset = offsetof(struct db, all),
	 .help = "update, delete: every document of the collection"},
	{.name = "explain", .type = MSP_OPT_FLAG, .offset = offsetof(struct db, explain),
	 .help = "count, find: only say how it would be done"},
	{.name = "sort", .type = MSP_OPT_STRING, .offset = offsetof(struct db, sort), .arg = "KEYS",
	 .help = "find: in the order of KEYS (-KEY: descending)"},
	{.name = "keys", .type = MSP_OPT_STRING, .offset = offsetof(struct db, keys), .arg = "KEYS",
	 .help = "find: print only _id and KEYS"},
	{.name = "limit", .type = MSP_OPT_INT, .offset = offsetof(struct db, limit), .arg = "N", .min = 0, .max = 1e15,
	 .help = "find: at most N documents"},
	{.name = "canonical", .type = MSP_OPT_FLAG, .offset = offsetof(struct db, canonical),
	 .help = "find, distinct: print JSON that keeps every type"},
	{.name = "collection", .type = MSP_OPT_STRING, .offset = offsetof(struct db, collection), .arg = "C",
	 .help = "import: into C, whatever the file's name"},
	{.name = "unique", .type = MSP_OPT_FLAG, .offset = offsetof(struct db, unique),
	 .help = "index: no two documents may have the same KEYS"},
	{.name = "drop", .type = MSP_OPT_FLAG, .offset = offsetof(struct db, drop),
	 .help = "index: remove the index of KEYS"},
	{0},
};

/* What a verb works with. */
struct work {
	struct db *s;
	struct msp_job *job;
	struct msp_error *err;
	const char *collection;
};

/* Prints s->line; r: whether it could be made. */
static int print_line(const struct work *w, int r)
{
	struct msp_bytes *line = &w->s->line;

	if (r == MSP_OK && msp_bytes_append(line, "\n", 1) == MSP_OK)
		r = msp_job_print(w->job, line->data, line->len);
	else
		r = msp_error_set(w->err, MSP_NOMEM, "no memory left");
	line->len = 0;
	return r;
}

/* ---- looking ----------------------------------------------------------- */

static int list(struct work *w)
{
	struct msp_bytes *line = &w->s->line;
	bson_t names;
	bson_iter_t it;
	int r = msp_store_collections(w->s->store, &names, w->err);

	if (r != MSP_OK)
		return r;
	bson_iter_init(&it, &names);
	while (r == MSP_OK && bson_iter_next(&it)) {
		const char *name = bson_iter_utf8(&it, NULL);
		char text[32];
		uint64_t n;

		r = msp_store_count(w->s->store, name, NULL, &n, w->err);
		if (r != MSP_OK)
			break;
		snprintf(text, sizeof(text), "%12" PRIu64 "  ", n);
		r = msp_text_append(line, text) || msp_text_append(line, name) ? MSP_NOMEM : MSP_OK;
		msp_text_harmless(line->data, line->len);
		r = print_line(w, r);
	}
	bson_destroy(&names);
	return r;
}

/* Lines of text, which hold what keys and values hold. */
static int explain(struct work *w)
{
	struct msp_bytes *text = &w->s->line;
	int r = msp_store_explain(w->s->store, w->collection, &w->s->choice, text, w->err);

	if (r == MSP_OK)
		r = msp_job_print(w->job, text->data, text->len);
	text->len = 0;
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

	if (r != MSP_OK)
		return r;
	snprintf(text, sizeof(text), "%" PRIu64, n);
	return print_line(w, msp_text_append(&w->s->line, text));
}

static int print_document(void *context, const bson_t *doc, struct msp_error *err)
{
	const struct work *w = context;

	(void)err; /* it is the job's */
	return print_line(w, msp_document_json(doc, w->s->canonical, &w->s->line));
}

static int find(struct work *w)
{
	return w->s->explain ? explain(w) : msp_store_each(w->s->store, w->collection, &w->s->choice, print_document, w, w->err);
}

static int distinct(struct work *w)
{
	bson_t values;
	bson_iter_t it;
	int r;

	r = msp_store_distinct(w->s->store, w->collection, msp_job_operand(w->job, 3), w->s->filter, &values, w->err);
	if (r != MSP_OK)
		return r;
	bson_iter_init(&it, &values);
	while (r == MSP_OK && bson_iter_next(&it))
		r = print_line(w, msp_document_value_json(&it, w->s->canonical, &w->s->line));
	bson_destroy(&values);
	return r;
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

static int list_indexes(struct work *w)
{
	bson_t indexes;
	bson_iter_t it;
	int r = msp_store_indexes(w->s->store, w->collection, &indexes, w->err);

	if (r != MSP_OK)
		return r;
	bson_iter_init(&it, &indexes);
	while (r == MSP_OK && bson_iter_next(&it))
		r = print_line(w, msp_document_value_json(&it, false, &w->s->line));
	bson_destroy(&indexes);
	return r;
}

static int make_index(struct work *w)
{
	bson_t keys;
	int r;

	if (msp_job_operands(w->job) < 4)
		return list_indexes(w);
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

static void exported(void *context, const char *file, const char *collection, uint64_t documents)
{
	const struct work *w = context;

	(void)collection;
	msp_job_say(w->job, "%s: %" PRIu64 " documents", file, documents);
}

static int export(struct work *w)
{
	const struct msp_transfer t = {.poll = interrupted, .done = exported, .context = w};
	int r = MSP_OK, n = msp_job_operands(w->job);

	if (n == 3)
		return msp_store_export(w->s->store, msp_job_operand(w->job, 2), NULL, &t, w->err);
	for (int i = 3; r == MSP_OK && i < n; i++)
		r = msp_store_export(w->s->store, msp_job_operand(w->job, 2), msp_job_operand(w->job, i), &t, w->err);
	return r;
}

static void imported(void *context, const char *file, const char *collection, uint64_t documents)
{
	const struct work *w = context;

	msp_job_say(w->job, "%s: %" PRIu64 " documents into %s", file, documents, collection);
}

static int import(struct work *w)
{
	const struct msp_transfer t = {.poll = interrupted, .done = imported, .context = w};
	int r = MSP_OK;

	for (int i = 2; r == MSP_OK && i < msp_job_operands(w->job); i++)
		r = msp_store_import(w->s->store, msp_job_operand(w->job, i), w->s->collection, &t, w->err);
	return r;
}

/* ---- the command ------------------------------------------------------- */

static const struct verb {
	const char *name, *operands;
	int min, max; /* operands, the verb's own name and STORE included */
	unsigned open;
	const char *takes; /* the options it has */
	int (*run)(struct work *w);
} verbs[] = {
	{"ls", "STORE", 2, 2, 0, "", list},
	{"count", "STORE COLLECTION", 3, 3, 0, "expr query explain", count},
	{"find", "STORE COLLECTION", 3, 3, 0, "expr query explain sort keys limit canonical", find},
	{"distinct", "STORE COLLECTION KEY", 4, 4, 0, "query canonical", distinct},
	{"update", "STORE COLLECTION UPDATE", 4, 4, MSP_STORE_WRITE, "expr query all", update},
	{"delete", "STORE COLLECTION", 3, 3, MSP_STORE_WRITE, "expr query all", delete},
	{"index", "STORE COLLECTION [KEYS]", 3, 4, MSP_STORE_WRITE, "unique drop", make_index},
	{"export", "STORE DIRECTORY [COLLECTION...]", 3, INT32_MAX, 0, "", export},
	{"import", "STORE FILE...", 3, INT32_MAX, MSP_STORE_CREATE, "collection", import},
};
#define VERBS ((int)(sizeof(verbs) / sizeof(verbs[0])))

static const struct verb *find_verb(struct msp_job *job)
{
	for (int i = 0; i < VERBS; i++)
		if (strcmp(msp_job_operand(job, 0), verbs[i].name) == 0)
			return &verbs[i];
	return NULL;
}

static bool takes(const struct verb *v, const char *option)
{
	size_t n = strlen(option);

	for (const char *p = v->takes; (p = strstr(p, option)) != NULL; p += n)
		if ((p == v->takes || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

static bool is_given(const struct db *s, const struct msp_option *o)
{
	const char *at = (const char *)s + o->offset;

	switch (o->type) {
	case MSP_OPT_FLAG: return *(const bool *)at;
	case MSP_OPT_INT: return *(const int64_t *)(const void *)at != 0;
	default: return *(const char *const *)(const void *)at != NULL;
	}
}

static int check_usage(const struct db *s, const struct verb *v, struct msp_job *job)
{
	struct msp_error *err = msp_job_error(job);
	bool chooses = s->expr || s->query;

	if (msp_job_operands(job) < v->min || msp_job_operands(job) > v->max)
		return msp_error_set(err, MSP_USAGE, "usage: msdb %s %s", v->name, v->operands);
	for (const struct msp_option *o = options; o->name; o++) /* one that the verb does not take would do nothing */
		if (is_given(s, o) && !takes(v, o->name))
			return msp_error_set(err, MSP_USAGE, "%s has no option --%s", v->name, o->name);
	if (takes(v, "all") && s->all && chooses)
		return msp_error_set(err, MSP_USAGE, "--all, and --expr or --query, exclude each other");
	if (takes(v, "all") && !s->all && !chooses)
		return msp_error_set(err, MSP_USAGE, "which documents? --expr or --query; --all for every one");
	if (v->run == make_index && msp_job_operands(job) < 4 && (s->unique || s->drop))
		return msp_error_set(err, MSP_USAGE, "index: KEYS are missing");
	return MSP_OK;
}

/* made -> *out, if r says that it was; option: whose value it is. */
static int keep(int r, bson_t *made, bson_t **out, const char *option, struct msp_error *err)
{
	if (r != MSP_OK)
		return msp_error_prefix(err, "%s", option);
	*out = bson_copy(made);
	bson_destroy(made);
	return MSP_OK;
}

static int parse_choice(struct db *s, struct msp_job *job)
{
	struct msp_error *err = msp_job_error(job);
	bson_t made;
	int r = MSP_OK;

	if (s->expr && (r = msp_job_expr(job, s->expr, MSP_EXPR_CONDITION, &s->e)) != MSP_OK)
		return msp_error_prefix(err, "--expr");
	if (s->query)
		r = keep(msp_json_parse(s->query, strlen(s->query), &made, NULL, err), &made, &s->filter, "--query", err);
	if (r == MSP_OK && s->sort)
		r = keep(msp_keys_document(s->sort, true, &made, err), &made, &s->order, "--sort", err);
	if (r == MSP_OK && s->keys)
		r = keep(msp_keys_document(s->keys, false, &made, err), &made, &s->projection, "--keys", err);
	s->choice.filter = s->filter;
	s->choice.expr = &s->e;
	s->choice.exprs = s->e != NULL;
	s->choice.sort = s->order;
	s->choice.projection = s->projection;
	s->choice.limit = (uint64_t)s->limit;
	return r;
}

static int start(void *self, struct msp_job *job)
{
	struct db *s = self;
	const struct verb *v = find_verb(job);
	int r;

	if (!v)
		return msp_error_set(msp_job_error(job), MSP_USAGE,
		                     "%s: no such verb; there are ls count find distinct update delete index export import", msp_job_operand(job, 0));
	r = check_usage(s, v, job);
	return r == MSP_OK ? parse_choice(s, job) : r;
}

static int drain(void *self, struct msp_job *job)
{
	struct db *s = self;
	const struct verb *v = find_verb(job);
	struct work w = {.s = s, .job = job, .err = msp_job_error(job), .collection = msp_job_operands(job) > 2 ? msp_job_operand(job, 2) : NULL};
	bool lists = v->run == make_index && msp_job_operands(job) < 4;
	int r = msp_store_open(msp_job_operand(job, 1), lists ? 0 : v->open, &s->store, w.err), closed;

	if (r != MSP_OK)
		return r;
	s->choice.poll = interrupted;
	s->choice.poll_context = &w;
	r = v->run(&w);
	msp_job_complaints(job, s->e, NULL);
	closed = msp_store_close(s->store, r == MSP_OK ? w.err : NULL);
	return r != MSP_OK ? r : closed;
}

static void stop(void *self)
{
	struct db *s = self;

	msp_expr_free(s->e);
	bson_destroy(s->filter);
	bson_destroy(s->order);
	bson_destroy(s->projection);
	msp_bytes_free(&s->line);
}

const struct msp_tool msp_tool = {
	.name = "msdb",
	.summary = "look at a store, change it, export and import it",
	.operands = "VERB STORE [ARGUMENT...]",
	.options = options,
	.size = sizeof(struct db),
	.flags = MSP_TOOL_SOURCE | MSP_TOOL_TEXT,
	.own_operands = 2,
	.start = start,
	.drain = drain,
	.stop = stop,
};
