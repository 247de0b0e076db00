/* msset - set, rename and remove metadata
 *
 * * Of each object: first the assignments, in order, each seeing what those before it have set; then
 * renames; then removals. */
#include "mspipe/gather.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct assignment {
	char *key;
	struct msp_expr *expr;
};

struct rename {
	char *from, *to;
};

struct set {
	struct msp_strings remove, rename;
	bool optional, ensembles;
	struct assignment *assign;
	size_t assigns;
	struct rename *pair;
	size_t pairs;
	char **gone;
	size_t gones;
	uint64_t skipped;
	struct msp_error reason; /* why the members of this ensemble are killed */
};

static const struct msp_option options[] = {
	{.name = "delete", .letter = 'd', .type = MSP_OPT_STRINGS, .offset = offsetof(struct set, remove),
	 .arg = "KEY", .help = "remove KEY"},
	{.name = "rename", .type = MSP_OPT_STRINGS, .offset = offsetof(struct set, rename), .arg = "OLD:NEW",
	 .help = "give the value of key OLD the name NEW"},
	{.name = "optional", .type = MSP_OPT_FLAG, .offset = offsetof(struct set, optional),
	 .help = "skip an assignment whose value is undefined (default: kill the object)"},
	{.name = "ensembles", .type = MSP_OPT_FLAG, .offset = offsetof(struct set, ensembles),
	 .help = "edit the metadata of ensembles, not of their members"},
	{0}};

/* KEY=... is an assignment, spaces allowed; anything else is a file. */
static bool owns(const char *operand)
{
	size_t n = msp_key_parse(operand, NULL);
	return n && operand[n + strspn(operand + n, " ")] == '=';
}

/* ---- what is to be done ------------------------------------------------ */

/* Refuses what could be done to no object: a try on a blank one, with a value that fits every field. */
static int check_key(const struct set *s, const char *key, bool assign, struct msp_error *err)
{
	struct msp_object blank;
	struct msp_value v = {.type = MSP_V_INT, .u.i = 1};
	msp_object_init(&blank);
	int rc = msp_object_reset(&blank, s->ensembles ? MSP_ENSEMBLE_BEGIN : MSP_TIMESERIES, MSP_NONE, 0);
	if (rc < 0)
		rc = msp_error_set(err, rc, "out of memory");
	else if (!assign)
		rc = msp_meta_set(&blank, key, &v, err);
	else if (strcmp(key, "live"))
		rc = msp_object_set(&blank, key, &v, err);
	msp_object_free(&blank);
	return rc;
}

/* The key that text begins with, followed by `end`. */
static int read_key(const char *text, char end, char **key, size_t *length, struct msp_error *err)
{
	*length = msp_key_parse(text, key);
	if (*length)
		*length += strspn(text + *length, " ");
	if (!*length || text[*length] != end)
		return msp_error_set(err, MSP_USAGE, "expected a key%s in \"%s\"", end == ':' ? " and \":\"" : "", text);
	return *key ? MSP_OK : msp_error_set(err, MSP_NOMEM, "out of memory");
}

static int read_assignment(struct set *s, struct msp_job *job, const char *text)
{
	struct assignment *a = &s->assign[s->assigns++];
	size_t n;
	int rc = read_key(text, '=', &a->key, &n, msp_job_error(job));
	if (rc == MSP_OK)
		rc = check_key(s, a->key, true, msp_job_error(job));
	return rc < 0 ? rc : msp_job_expr(job, text + n + 1, 0, &a->expr);
}

static int read_rename(struct set *s, const char *text, struct msp_error *err)
{
	struct rename *r = &s->pair[s->pairs++];
	size_t n, m;
	int rc = read_key(text, ':', &r->from, &n, err);
	if (rc == MSP_OK)
		rc = read_key(text + n + 1, '\0', &r->to, &m, err);
	if (rc == MSP_OK && !strcmp(r->from, r->to))
		rc = msp_error_set(err, MSP_USAGE, "\"%s\" is renamed to itself", r->from);
	if (rc == MSP_OK)
		rc = check_key(s, r->from, false, err);
	return rc < 0 ? rc : check_key(s, r->to, false, err);
}

static int read_removal(struct set *s, const char *text, struct msp_error *err)
{
	size_t n;
	int rc = read_key(text, '\0', &s->gone[s->gones++], &n, err);
	return rc < 0 ? rc : check_key(s, s->gone[s->gones - 1], false, err);
}

/* `key=expression` of each assignment, one a line. */
static int canonical(struct set *s, struct msp_job *job)
{
	struct msp_bytes text = {0};
	int rc = MSP_OK;
	for (size_t i = 0; rc == MSP_OK && i < s->assigns; i++) {
		if (msp_text_append(&text, s->assign[i].key) < 0 || msp_text_append(&text, "=") < 0 ||
		    msp_expr_text(s->assign[i].expr, &text) < 0 || msp_text_append(&text, "\n") < 0)
			rc = MSP_NOMEM;
	}
	if (rc == MSP_OK && msp_bytes_append(&text, "", 1) == MSP_OK)
		rc = msp_job_canonical_operands(job, (const char *)text.data);
	else
		rc = MSP_NOMEM;
	msp_bytes_free(&text);
	return rc < 0 ? msp_error_set(msp_job_error(job), rc, "out of memory") : rc;
}

static int start(void *self, struct msp_job *job)
{
	struct set *s = self;
	struct msp_error *err = msp_job_error(job);
	size_t n = (size_t)msp_job_operands(job);
	int rc = MSP_OK;
	if (!n && !s->remove.n && !s->rename.n)
		return msp_error_set(err, MSP_USAGE, "nothing to do: give KEY=EXPR, --rename or --delete");
	s->assign = calloc(n + 1, sizeof *s->assign);
	s->pair = calloc(s->rename.n + 1, sizeof *s->pair);
	s->gone = calloc(s->remove.n + 1, sizeof *s->gone);
	if (!s->assign || !s->pair || !s->gone)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	for (size_t i = 0; rc == MSP_OK && i < n; i++)
		rc = read_assignment(s, job, msp_job_operand(job, (int)i));
	for (size_t i = 0; rc == MSP_OK && i < s->rename.n; i++)
		rc = read_rename(s, s->rename.item[i], err);
	for (size_t i = 0; rc == MSP_OK && i < s->remove.n; i++)
		rc = read_removal(s, s->remove.item[i], err);
	return rc < 0 ? rc : canonical(s, job);
}

/* ---- doing it ---------------------------------------------------------- */

/* What an object does not allow kills it; only memory stops the job. */
static int as_kill(int rc, struct msp_error *err)
{
	if (rc == MSP_USAGE || rc == MSP_FAIL) {
		err->status = MSP_KILL;
		return MSP_KILL;
	}
	return rc < 0 && !err->text[0] ? msp_error_set(err, rc, "out of memory") : rc;
}

static int assign(struct set *s, const struct assignment *a, struct msp_object *o, struct msp_error *err)
{
	struct msp_value v;
	char why[200];
	if (msp_expr_eval(a->expr, o, &v) < 0)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	if (o->live && v.type == MSP_V_BOOL && !strcmp(a->key, "live"))
		return v.u.b ? MSP_OK : msp_error_set(err, MSP_KILL, "live was set to false");
	if (v.type != MSP_V_UNDEFINED)
		return as_kill(msp_object_set(o, a->key, &v, err), err);
	if (!s->optional)
		return msp_error_set(err, MSP_KILL, "%s", msp_expr_reason(a->expr, why, sizeof why));
	s->skipped++;
	return MSP_OK;
}

/* The value is looked up again after NEW was set, since both may lie in the same document. */
static int rename_key(const struct rename *r, struct msp_object *o, struct msp_error *err)
{
	struct msp_value v, none = {.type = MSP_V_UNDEFINED};
	if (!msp_meta_value(o, r->from, &v))
		return MSP_OK;
	int rc = msp_meta_set(o, r->to, &v, err);
	if (rc == MSP_OK)
		rc = msp_meta_set(o, r->from, &none, err);
	return as_kill(rc, err);
}

static int edit(struct set *s, struct msp_object *o, struct msp_error *err)
{
	struct msp_value none = {.type = MSP_V_UNDEFINED};
	int rc = MSP_OK;
	for (size_t i = 0; rc == MSP_OK && i < s->assigns; i++)
		rc = assign(s, &s->assign[i], o, err);
	for (size_t i = 0; rc == MSP_OK && i < s->pairs; i++)
		rc = rename_key(&s->pair[i], o, err);
	for (size_t i = 0; rc == MSP_OK && i < s->gones; i++)
		rc = as_kill(msp_meta_set(o, s->gone[i], &none, err), err);
	return rc;
}

/* An ensemble that cannot be edited as asked: its members are killed with the reason. */
static int flow_ensembles(struct set *s, struct msp_job *job, struct msp_object *o)
{
	if (o->kind == MSP_ENSEMBLE_BEGIN) {
		int rc = edit(s, o, &s->reason);
		if (rc < 0 && rc != MSP_KILL)
			return msp_error_set(msp_job_error(job), rc, "%s", s->reason.text);
		return rc == MSP_KILL ? msp_pass(job, o) : msp_emit(job, o);
	}
	if (o->kind == MSP_ENSEMBLE_END)
		s->reason = (struct msp_error){0};
	else if (s->reason.status && o->live && msp_object_is_data(o))
		return msp_error_set(msp_job_error(job), MSP_KILL, "its ensemble: %s", s->reason.text);
	return msp_pass(job, o);
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct set *s = self;
	if (s->ensembles)
		return flow_ensembles(s, job, o);
	if (!o->live || !msp_object_is_data(o))
		return msp_pass(job, o);
	int rc = edit(s, o, msp_job_error(job));
	return rc < 0 ? rc : msp_emit(job, o);
}

static int drain(void *self, struct msp_job *job)
{
	struct set *s = self;
	for (size_t i = 0; i < s->assigns; i++)
		msp_job_complaints(job, s->assign[i].expr, NULL);
	if (s->skipped)
		msp_job_say(job, "%llu assignments skipped, their values being undefined", (unsigned long long)s->skipped);
	return MSP_OK;
}

static void stop(void *self)
{
	struct set *s = self;
	for (size_t i = 0; i < s->assigns; i++) {
		free(s->assign[i].key);
		msp_expr_free(s->assign[i].expr);
	}
	for (size_t i = 0; i < s->pairs; i++) {
		free(s->pair[i].from);
		free(s->pair[i].to);
	}
	for (size_t i = 0; i < s->gones; i++)
		free(s->gone[i]);
	free(s->assign);
	free(s->pair);
	free(s->gone);
}

const struct msp_tool msp_tool = {
	.name = "msset",
	.summary = "set, rename and remove metadata",
	.operands = "[KEY=EXPR...]",
	.owns = owns,
	.options = options,
	.size = sizeof(struct set),
	.kinds = MSP_HANDLES_ALL,
	.start = start,
	.flow = flow,
	.drain = drain,
	.stop = stop,
};
