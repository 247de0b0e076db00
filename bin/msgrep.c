/* msgrep - keep the objects of a stream for which an expression is true
 *
 * * Inside an ensemble the opening bracket is held back till the first member that stays, so that an
 * ensemble of which nothing stays leaves no empty bracket. */
#include "mspipe/gather.h"

#include <stddef.h>

struct grep {
	bool invert, ensembles;
	struct msp_expr *expr;
	struct msp_object bracket; /* held back */
	bool held, inside, drop;   /* drop: the whole ensemble */
	bool members;              /* the ensemble had some */
};

static const struct msp_option options[] = {
	{.name = "invert", .letter = 'v', .type = MSP_OPT_FLAG, .offset = offsetof(struct grep, invert),
	 .help = "keep those for which EXPR is not true"},
	{.name = "ensembles", .type = MSP_OPT_FLAG, .offset = offsetof(struct grep, ensembles),
	 .help = "apply EXPR to the metadata of ensembles and keep or drop whole ensembles"},
	{0}};

static int out_of_memory(struct msp_job *job)
{
	return msp_error_set(msp_job_error(job), MSP_NOMEM, "out of memory");
}

static int start(void *self, struct msp_job *job)
{
	struct grep *g = self;
	struct msp_bytes text = {0};
	msp_object_init(&g->bracket);
	int rc = msp_job_expr(job, msp_job_operand(job, 0), MSP_EXPR_CONDITION, &g->expr);
	if (rc < 0)
		return rc;
	if (msp_expr_text(g->expr, &text) < 0 || msp_bytes_append(&text, "", 1) < 0)
		rc = out_of_memory(job);
	if (rc == MSP_OK)
		rc = msp_job_canonical_operands(job, (const char *)text.data);
	msp_bytes_free(&text);
	return rc;
}

static int selected(struct grep *g, struct msp_job *job, const struct msp_object *o, bool *yes)
{
	if (msp_expr_test(g->expr, o, yes) < 0)
		return out_of_memory(job);
	*yes = *yes != g->invert;
	return MSP_OK;
}

static int begin(struct grep *g, struct msp_job *job, struct msp_object *o)
{
	bool yes = true;
	g->inside = true;
	g->members = false;
	if (g->ensembles) {
		int rc = selected(g, job, o, &yes);
		g->drop = !yes;
		return rc < 0 || !yes ? rc : msp_pass(job, o);
	}
	if (msp_object_take(&g->bracket, o) < 0)
		return out_of_memory(job);
	g->held = true;
	return MSP_OK;
}

static int release(struct grep *g, struct msp_job *job)
{
	if (!g->held)
		return MSP_OK;
	g->held = false;
	return msp_pass(job, &g->bracket);
}

/* An ensemble that was empty before stays. */
static int end(struct grep *g, struct msp_job *job, struct msp_object *o)
{
	bool pass = !g->drop && !(g->held && g->members);
	int rc = pass ? release(g, job) : MSP_OK;
	g->inside = g->held = g->drop = false;
	return rc < 0 || !pass ? rc : msp_pass(job, o);
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct grep *g = self;
	bool yes = true;
	int rc = MSP_OK;
	if (o->kind == MSP_ENSEMBLE_BEGIN)
		return begin(g, job, o);
	if (o->kind == MSP_ENSEMBLE_END)
		return end(g, job, o);
	g->members = true;
	if (g->ensembles)
		yes = !(g->inside && g->drop);
	else if (msp_object_is_data(o))
		rc = selected(g, job, o, &yes);
	if (rc < 0 || !yes)
		return rc;
	rc = release(g, job);
	return rc < 0 ? rc : msp_pass(job, o);
}

static int drain(void *self, struct msp_job *job)
{
	struct grep *g = self;
	msp_job_complaints(job, g->expr, "their comparisons were false");
	return MSP_OK;
}

static void stop(void *self)
{
	struct grep *g = self;
	msp_expr_free(g->expr);
	msp_object_free(&g->bracket);
}

const struct msp_tool msp_tool = {
	.name = "msgrep",
	.summary = "keep the objects of a stream for which an expression is true",
	.operands = "EXPR",
	.own_operands = 1,
	.options = options,
	.size = sizeof(struct grep),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_KEEPS_IDS,
	.start = start,
	.flow = flow,
	.drain = drain,
	.stop = stop,
};
