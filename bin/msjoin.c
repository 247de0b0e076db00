/* msjoin - give objects the attributes of their station, channel, earthquake or arrival
 * reads: codes, times, any keys; a store   writes: metadata   kills: objects without a match, or with several */
#include "mspipe/gather.h"
#include "mspipe/join.h"

#include <stddef.h>

struct joiner {
	struct msp_join_options o;
	const char *expr, *query;
	bool ensembles;
	struct msp_join *join;
	struct msp_expr *e;
	struct msp_choice choice;
	bool doomed; /* the ensemble that is open has no match */
	struct msp_error why;
};

#define AT(member) offsetof(struct joiner, o.member)

static const struct msp_option options[] = {
	{.name = "match", .letter = 'm', .type = MSP_OPT_STRING, .offset = AT(match), .arg = "HOW",
	 .help = "id, seed, KEY=KEY,..., origin:TOL or arrival (default: by COLLECTION)"},
	{.name = "keys", .letter = 'k', .type = MSP_OPT_STRING, .offset = AT(keys), .arg = "LIST",
	 .help = "put these keys on objects: KEY, KEY:NEW, KEY? (default: by COLLECTION)"},
	{.name = "optional", .type = MSP_OPT_FLAG, .offset = AT(optional), .help = "pass on objects without a match, too"},
	{.name = "ambiguous", .type = MSP_OPT_CHOICE, .offset = AT(ambiguous), .arg = "WHAT", .choices = "kill|first|last",
	 .def = "kill", .help = "of several matches take the first or last, or kill the object (default kill)"},
	{.name = "whole", .type = MSP_OPT_FLAG, .offset = AT(whole),
	 .help = "seed: the whole object must lie in the document's span of time"},
	{.name = "unique", .type = MSP_OPT_FLAG, .offset = AT(unique),
	 .help = "origin: two documents within TOL are several, however near"},
	{.name = "offset", .type = MSP_OPT_SECONDS, .offset = AT(offset), .arg = "SECONDS",
	 .help = "origin: objects begin SECONDS after the origin (default 0)"},
	{.name = "time", .type = MSP_OPT_STRING, .offset = AT(time_key), .arg = "KEY", .def = "time",
	 .help = "origin, arrival: the document's time (default time)"},
	{.name = "object-time", .type = MSP_OPT_STRING, .offset = AT(object_time), .arg = "KEY", .def = "starttime",
	 .help = "origin: the object's time (default starttime)"},
	{.name = "ensembles", .type = MSP_OPT_FLAG, .offset = offsetof(struct joiner, ensembles),
	 .help = "match ensembles by their own metadata, and leave members alone"},
	{.name = "expr", .letter = 'e', .type = MSP_OPT_STRING, .offset = offsetof(struct joiner, expr), .arg = "EXPR",
	 .help = "only documents for which EXPR is true"},
	{.name = "query", .type = MSP_OPT_STRING, .offset = offsetof(struct joiner, query), .arg = "JSON",
	 .help = "only documents that match the MongoDB filter JSON"},
	{0},
};

static int select_documents(struct joiner *j, struct msp_job *job)
{
	int s = j->expr ? msp_job_expr(job, j->expr, MSP_EXPR_CONDITION, &j->e) : MSP_OK;

	if (s == MSP_OK)
		s = msp_choice_read(&j->choice, j->query, NULL, NULL, msp_job_error(job));
	j->o.expr = j->e;
	j->o.filter = j->choice.filter;
	return s;
}

static int start(void *self, struct msp_job *job)
{
	struct joiner *j = self;
	struct msp_error *err = msp_job_error(job);
	struct msp_store *store;
	int s = select_documents(j, job), closed;

	/* what is joined decides ids, not where the store lies */
	if (s == MSP_OK)
		s = msp_job_canonical_operands(job, msp_job_operand(job, 1));
	if (s == MSP_OK)
		s = msp_store_open_with(msp_job_operand(job, 0), 0, msp_job_poll_fn(), job, &store, err);
	if (s != MSP_OK)
		return s;
	j->o.collection = msp_job_operand(job, 1);
	j->o.algorithm = "msjoin";
	j->o.poll = msp_job_poll_fn();
	j->o.poll_context = job;
	s = msp_join_open(store, &j->o, &j->join, err);
	closed = msp_store_close(store, s == MSP_OK ? err : NULL);
	if (s == MSP_OK && j->e)
		msp_job_complaints(job, j->e, "such documents are not joined");
	return s == MSP_OK ? closed : s;
}

/* What belongs to an ensemble without a match dies with it. */
static int flow_ensemble(struct joiner *j, struct msp_job *job, struct msp_object *o)
{
	int s;

	if (o->kind == MSP_ENSEMBLE_END)
		j->doomed = false;
	if (j->doomed && o->live && msp_object_is_data(o)) {
		*msp_job_error(job) = j->why;
		return MSP_KILL;
	}
	if (o->kind != MSP_ENSEMBLE_BEGIN)
		return msp_pass(job, o);
	s = msp_join_object(j->join, o, &j->why);
	j->doomed = s == MSP_KILL;
	if (j->doomed)
		s = msp_object_log(o, "msjoin", MSP_INVALID, j->why.text);
	return s < 0 ? msp_error_set(msp_job_error(job), s, "no memory left") : msp_emit(job, o);
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct joiner *j = self;
	int s;

	if (j->ensembles)
		return flow_ensemble(j, job, o);
	if (!o->live || !msp_object_is_data(o))
		return msp_pass(job, o);
	s = msp_join_object(j->join, o, msp_job_error(job));
	return s < 0 ? s : msp_emit(job, o);
}

static int drain(void *self, struct msp_job *job)
{
	struct joiner *j = self;
	char text[512];

	for (unsigned i = 0; msp_join_remark(j->join, i, text, sizeof(text)); i++)
		msp_job_warn(job, "%s", text);
	return MSP_OK;
}

static void stop(void *self)
{
	struct joiner *j = self;

	msp_join_free(j->join);
	msp_expr_free(j->e);
	msp_choice_free(&j->choice);
}

const struct msp_tool msp_tool = {
	.name = "msjoin",
	.summary = "give objects the attributes of their station, channel, earthquake or arrival",
	.operands = "STORE COLLECTION",
	.own_operands = 2,
	.options = options,
	.size = sizeof(struct joiner),
	.kinds = MSP_HANDLES_ALL,
	.start = start,
	.flow = flow,
	.drain = drain,
	.stop = stop,
};
