/* Editing the metadata of objects: assignments, renames, removals. */
#include "mspipe/gather.h"

#include <stdlib.h>
#include <string.h>

struct assignment {
	char *key;
	struct msp_expr *expr;
};

struct rename {
	char *from, *to;
};

struct msp_edits {
	struct msp_edits_options options;
	struct assignment *assign;
	size_t assigns;
	struct rename *pair;
	size_t pairs;
	char **gone;
	size_t gones;
	uint64_t skipped;
};

/* ---- what is to be done ------------------------------------------------ */

/* Refuses what could be done to no object: a try on a blank one, with a value that fits every field. */
static int check_key(const struct msp_edits *s, const char *key, bool assign, struct msp_error *err)
{
	struct msp_object blank;
	struct msp_value v = {.type = MSP_V_INT, .u.i = 1};
	msp_object_init(&blank);
	int rc = msp_object_reset(&blank, s->options.ensembles ? MSP_ENSEMBLE_BEGIN : MSP_TIMESERIES, MSP_NONE, 0);
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

static int read_assignment(struct msp_edits *s, struct msp_job *job, const char *text)
{
	struct assignment *a = &s->assign[s->assigns++];
	size_t n;
	int rc = read_key(text, '=', &a->key, &n, msp_job_error(job));
	if (rc == MSP_OK)
		rc = check_key(s, a->key, true, msp_job_error(job));
	return rc < 0 ? rc : msp_job_expr(job, text + n + 1, 0, &a->expr);
}

static int read_rename(struct msp_edits *s, const char *text, struct msp_error *err)
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

static int read_removal(struct msp_edits *s, const char *text, struct msp_error *err)
{
	size_t n;
	int rc = read_key(text, '\0', &s->gone[s->gones++], &n, err);
	return rc < 0 ? rc : check_key(s, s->gone[s->gones - 1], false, err);
}

/* `key=expression` of each assignment, one a line. */
static int canonical(const struct msp_edits *s, struct msp_job *job)
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

static int read_all(struct msp_edits *s, struct msp_job *job)
{
	const struct msp_edits_options *o = &s->options;
	struct msp_error *err = msp_job_error(job);
	size_t n = (size_t)msp_job_operands(job);
	int rc = MSP_OK;

	s->assign = calloc(n + 1, sizeof *s->assign);
	s->pair = calloc(o->rename.n + 1, sizeof *s->pair);
	s->gone = calloc(o->remove.n + 1, sizeof *s->gone);
	if (!s->assign || !s->pair || !s->gone)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	for (size_t i = 0; rc == MSP_OK && i < n; i++)
		rc = read_assignment(s, job, msp_job_operand(job, (int)i));
	for (size_t i = 0; rc == MSP_OK && i < o->rename.n; i++)
		rc = read_rename(s, o->rename.item[i], err);
	for (size_t i = 0; rc == MSP_OK && i < o->remove.n; i++)
		rc = read_removal(s, o->remove.item[i], err);
	return rc < 0 ? rc : canonical(s, job);
}

struct msp_edits *msp_edits_new(struct msp_job *job, const struct msp_edits_options *options)
{
	struct msp_edits *s = calloc(1, sizeof *s);

	if (!s) {
		msp_error_set(msp_job_error(job), MSP_NOMEM, "out of memory");
		return NULL;
	}
	s->options = *options;
	int rc = read_all(s, job);
	if (rc == MSP_OK)
		return s;
	if (msp_job_error(job)->status == MSP_OK)
		msp_error_set(msp_job_error(job), rc, "out of memory");
	msp_edits_free(s);
	return NULL;
}

void msp_edits_free(struct msp_edits *s)
{
	if (!s)
		return;
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
	free(s);
}

bool msp_edits_assigns(const char *text)
{
	size_t n = msp_key_parse(text, NULL);
	return n && text[n + strspn(text + n, " ")] == '=';
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

static int assign(struct msp_edits *s, const struct assignment *a, struct msp_object *o, struct msp_error *err)
{
	struct msp_value v;
	char why[200];
	if (msp_expr_eval(a->expr, o, &v) < 0)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	if (o->live && v.type == MSP_V_BOOL && !strcmp(a->key, "live"))
		return v.u.b ? MSP_OK : msp_error_set(err, MSP_KILL, "live was set to false");
	if (v.type != MSP_V_UNDEFINED)
		return as_kill(msp_object_set(o, a->key, &v, err), err);
	if (!s->options.optional)
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

int msp_edits_apply(struct msp_edits *s, struct msp_object *o, struct msp_error *err)
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

void msp_edits_tell(const struct msp_edits *s, struct msp_job *job)
{
	for (size_t i = 0; i < s->assigns; i++)
		msp_job_complaints(job, s->assign[i].expr, NULL);
	if (s->skipped)
		msp_job_say(job, "%llu assignments skipped, their values being undefined", (unsigned long long)s->skipped);
}
