/* msdb - look at a store, change it, take it out and in
 * reads: a store, JSON   writes: text, a store, JSON   kills: nothing */
#include "mspipe/gather.h"
#include "mspipe/join.h"
#include "mspipe/request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct db {
	const char *expr, *query, *sort, *keys, *ambiguous;
	int64_t limit;
	bool all;
	const struct msp_verb *verb;
	struct msp_request request;
	const char **argument;
	struct msp_expr *e;
};

/* AT: where the value goes */
#define TEXT(NAME, LETTER, AT, ARG, HELP) \
	{.name = NAME, .letter = LETTER, .type = MSP_OPT_STRING, .offset = offsetof(struct db, AT), .arg = ARG, .help = HELP}
#define FLAG(NAME, AT, HELP) {.name = NAME, .type = MSP_OPT_FLAG, .offset = offsetof(struct db, AT), .help = HELP}

static const struct msp_option options[] = {
	TEXT("expr", 'e', expr, "EXPR", "only documents for which EXPR is true"),
	TEXT("query", 0, query, "JSON", "only documents that match the MongoDB filter JSON"),
	FLAG("all", all, "update, delete: every document of the collection"),
	FLAG("explain", request.explain, "count, find: only say how it would be done"),
	TEXT("sort", 0, sort, "KEYS", "find: in the order of KEYS (-KEY: descending)"),
	TEXT("keys", 0, keys, "KEYS", "find: print only _id and KEYS"),
	{.name = "limit", .type = MSP_OPT_INT, .offset = offsetof(struct db, limit), .arg = "N", .min = 0, .max = 1e15,
	 .help = "find: at most N documents; check: at most N lines of each kind"},
	FLAG("canonical", request.canonical, "find, distinct: print JSON that keeps every type"),
	TEXT("collection", 0, request.collection, "C", "import: into C, whatever the file's name"),
	FLAG("unique", request.unique, "index: no two documents may have the same KEYS"),
	FLAG("drop", request.drop, "index: remove the index of KEYS"),
	FLAG("fix", request.fix, "check: put right what can be without loss"),
	FLAG("replace", request.replace, "merge: where documents of one _id differ, take FROM's"),
	TEXT("match", 'm', request.match, "HOW", "join: id, seed, KEY=KEY,..., origin:TOL or arrival, as msjoin (default: by COLLECTION)"),
	TEXT("set", 0, request.keys, "LIST", "join: set these keys, a list as of msjoin --keys (default _id)"),
	TEXT("ambiguous", 0, ambiguous, "WHAT", "join: of several matches take the first or the last (default: none)"),
	{0},
};

static const struct msp_verb verbs[] = {
	[MSP_DO_LS] = {"ls", "STORE", 2, 2, "", 0},
	[MSP_DO_COUNT] = {"count", "STORE COLLECTION", 3, 3, "expr query explain", 0},
	[MSP_DO_FIND] = {"find", "STORE COLLECTION", 3, 3, "expr query explain sort keys limit canonical", 0},
	[MSP_DO_DISTINCT] = {"distinct", "STORE COLLECTION KEY", 4, 4, "query canonical", 0},
	[MSP_DO_UPDATE] = {"update", "STORE COLLECTION UPDATE", 4, 4, "expr query all", MSP_STORE_WRITE},
	[MSP_DO_DELETE] = {"delete", "STORE COLLECTION", 3, 3, "expr query all", MSP_STORE_WRITE},
	[MSP_DO_INDEX] = {"index", "STORE COLLECTION [KEYS]", 3, 4, "unique drop", MSP_STORE_WRITE},
	[MSP_DO_JOIN] = {"join", "STORE WAVEFORMS COLLECTION", 4, 4, "expr query match set ambiguous", MSP_STORE_WRITE},
	[MSP_DO_EXPORT] = {"export", "STORE DIRECTORY [COLLECTION...]", 3, INT32_MAX, "", 0},
	[MSP_DO_IMPORT] = {"import", "STORE FILE...", 3, INT32_MAX, "collection", MSP_STORE_CREATE},
	[MSP_DO_CHECK] = {"check", "STORE [COLLECTION...]", 2, INT32_MAX, "fix limit", 0},
	[MSP_DO_MERGE] = {"merge", "STORE FROM...", 3, INT32_MAX, "replace", MSP_STORE_CREATE},
	[MSP_DO_COUNT_OF] = {0},
};

/* ---- how it is told ------------------------------------------------------ */

static int print(void *context, const void *line, size_t n)
{
	return msp_job_print(context, line, n);
}

static int flush(void *context)
{
	return fflush(msp_job_text(context)) == 0 ? MSP_OK : msp_error_errno(msp_job_error(context), MSP_FAIL, "standard output");
}

static void say(void *context, const char *text)
{
	msp_job_say(context, "%s", text);
}

static void warn(void *context, const char *text)
{
	msp_job_warn(context, "%s", text);
}

/* ---- the command ------------------------------------------------------- */

static int check_usage(const struct db *s, struct msp_job *job)
{
	struct msp_error *err = msp_job_error(job);
	bool chooses = s->expr || s->query;

	if (msp_verb_takes(s->verb, "all") && s->all && chooses)
		return msp_error_set(err, MSP_USAGE, "--all, and --expr or --query, exclude each other");
	if (msp_verb_takes(s->verb, "all") && !s->all && !chooses)
		return msp_error_set(err, MSP_USAGE, "which documents? --expr or --query; --all for every one");
	if ((s->request.unique || s->request.drop) && msp_job_operands(job) < 4)
		return msp_error_set(err, MSP_USAGE, "index: KEYS are missing");
	if (s->ambiguous && strcmp(s->ambiguous, "first") != 0 && strcmp(s->ambiguous, "last") != 0)
		return msp_error_set(err, MSP_USAGE, "--ambiguous: %s: must be one of first|last", s->ambiguous);
	return MSP_OK;
}

static int start(void *self, struct msp_job *job)
{
	struct db *s = self;
	struct msp_choice *choice = &s->request.choice;
	int r = msp_job_verb(job, s, options, verbs, &s->verb);

	if (r == MSP_OK)
		r = check_usage(s, job);
	if (r == MSP_OK && s->expr && (r = msp_job_expr(job, s->expr, MSP_EXPR_CONDITION, &s->e)) != MSP_OK)
		return msp_error_prefix(msp_job_error(job), "--expr");
	choice->expr = &s->e;
	choice->exprs = s->e != NULL;
	choice->limit = (uint64_t)s->limit;
	return r == MSP_OK ? msp_choice_read(choice, s->query, s->sort, s->keys, msp_job_error(job)) : r;
}

/* The operands that follow VERB STORE, and how it is told. */
static int prepare(struct db *s, struct msp_job *job)
{
	struct msp_request *q = &s->request;
	int n = msp_job_operands(job) - 2;

	s->argument = calloc((size_t)n + 1, sizeof(*s->argument));
	if (!s->argument)
		return msp_error_set(msp_job_error(job), MSP_NOMEM, "no memory left");
	for (int i = 0; i < n; i++)
		s->argument[i] = msp_job_operand(job, 2 + i);
	q->argument = s->argument;
	q->arguments = n;
	if (s->ambiguous)
		q->ambiguous = strcmp(s->ambiguous, "first") == 0 ? MSP_JOIN_FIRST : MSP_JOIN_LAST;
	q->lines = (uint64_t)s->limit;
	q->print = print;
	q->flush = flush;
	q->say = say;
	q->warn = warn;
	q->poll = msp_job_poll_fn();
	q->context = job;
	return MSP_OK;
}

static int drain(void *self, struct msp_job *job)
{
	struct db *s = self;
	struct msp_request *q = &s->request;
	struct msp_error *err = msp_job_error(job);
	bool lists = msp_verb_takes(s->verb, "drop") && msp_job_operands(job) < 4; /* index without KEYS */
	int r = prepare(s, job), closed;

	if (r == MSP_OK && msp_store_is_new(msp_job_operand(job, 1)))
		r = msp_request_ready(q, (enum msp_request_verb)(s->verb - verbs), err);
	if (r == MSP_OK)
		r = msp_store_open_with(msp_job_operand(job, 1), q->fix ? MSP_STORE_WRITE : lists ? 0 : s->verb->flags, msp_job_poll_fn(), job,
		                        &q->store, err);
	if (r != MSP_OK)
		return r;
	r = msp_request_do(q, (enum msp_request_verb)(s->verb - verbs), err);
	msp_job_complaints(job, s->e, NULL);
	closed = msp_store_close(q->store, r == MSP_OK ? err : NULL);
	return r != MSP_OK ? r : closed;
}

static void stop(void *self)
{
	struct db *s = self;

	msp_expr_free(s->e);
	msp_choice_free(&s->request.choice);
	free(s->argument);
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
