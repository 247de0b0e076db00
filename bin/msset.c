/* msset - set, rename and remove metadata
 *
 * * Of each object: first the assignments, in order, each seeing what those before it have set; then
 * renames; then removals. */
#include "mspipe/gather.h"

struct set {
	struct msp_edits_options what;
	struct msp_edits *edits;
	struct msp_error reason; /* why the members of this ensemble are killed */
};

static const struct msp_option options[] = {
	{.name = "delete", .letter = 'd', .type = MSP_OPT_STRINGS, .offset = offsetof(struct set, what.remove),
	 .arg = "KEY", .help = "remove KEY"},
	{.name = "rename", .type = MSP_OPT_STRINGS, .offset = offsetof(struct set, what.rename), .arg = "OLD:NEW",
	 .help = "give the value of key OLD the name NEW"},
	{.name = "optional", .type = MSP_OPT_FLAG, .offset = offsetof(struct set, what.optional),
	 .help = "skip an assignment whose value is undefined (default: kill the object)"},
	{.name = "ensembles", .type = MSP_OPT_FLAG, .offset = offsetof(struct set, what.ensembles),
	 .help = "edit the metadata of ensembles, not of their members"},
	{0}};

static int start(void *self, struct msp_job *job)
{
	struct set *s = self;

	if (!msp_job_operands(job) && !s->what.remove.n && !s->what.rename.n)
		return msp_error_set(msp_job_error(job), MSP_USAGE, "nothing to do: give KEY=EXPR, --rename or --delete");
	s->edits = msp_edits_new(job, &s->what);
	return s->edits ? MSP_OK : msp_job_error(job)->status;
}

/* An ensemble that cannot be edited as asked: its members are killed with the reason. */
static int flow_ensembles(struct set *s, struct msp_job *job, struct msp_object *o)
{
	if (o->kind == MSP_ENSEMBLE_BEGIN) {
		int rc = msp_edits_apply(s->edits, o, &s->reason);
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
	if (s->what.ensembles)
		return flow_ensembles(s, job, o);
	if (!o->live || !msp_object_is_data(o))
		return msp_pass(job, o);
	int rc = msp_edits_apply(s->edits, o, msp_job_error(job));
	return rc < 0 ? rc : msp_emit(job, o);
}

static int drain(void *self, struct msp_job *job)
{
	struct set *s = self;

	msp_edits_tell(s->edits, job);
	return MSP_OK;
}

static void stop(void *self)
{
	struct set *s = self;

	msp_edits_free(s->edits);
}

const struct msp_tool msp_tool = {
	.name = "msset",
	.summary = "set, rename and remove metadata",
	.operands = "[KEY=EXPR...]",
	.owns = msp_edits_assigns,
	.options = options,
	.size = sizeof(struct set),
	.kinds = MSP_HANDLES_ALL,
	.start = start,
	.flow = flow,
	.drain = drain,
	.stop = stop,
};
