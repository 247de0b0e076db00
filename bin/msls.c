/* msls - a line per object
 * reads: all fields, net, sta, loc, chan, any key with -f   writes: text   kills: nothing */
#include "mspipe/tool.h"

struct ls {
	struct msp_listing listing;
	struct msp_bytes line;
};

static const struct msp_option options[] = {
	{.name = "format", .letter = 'f', .type = MSP_OPT_STRING, .offset = offsetof(struct ls, listing.format),
	 .arg = "FORMAT",
	 .help = "print FORMAT, with %{KEY} replaced, for each object"},
	{.name = "long", .letter = 'l', .type = MSP_OPT_FLAG, .offset = offsetof(struct ls, listing.all),
	 .help = "print also end time, type, id and the names of the metadata"},
	{0},
};

static int start(void *self, struct msp_job *job)
{
	struct ls *s = self;
	struct msp_error *err = msp_job_error(job);

	if (s->listing.format && msp_line_check(s->listing.format, err) != MSP_OK)
		return msp_error_prefix(err, "--format");
	return MSP_OK;
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct ls *s = self;

	s->listing.colour = msp_job_colour(job);
	s->line.len = 0;
	if (msp_listing_add(&s->listing, o, &s->line) != MSP_OK)
		return msp_error_set(msp_job_error(job), MSP_NOMEM, "out of memory");
	return msp_job_print(job, s->line.data, s->line.len);
}

static void stop(void *self)
{
	struct ls *s = self;

	msp_bytes_free(&s->line);
}

const struct msp_tool msp_tool = {
	.name = "msls",
	.summary = "list the objects of a stream",
	.options = options,
	.size = sizeof(struct ls),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_TEXT,
	.start = start,
	.flow = flow,
	.stop = stop,
};
