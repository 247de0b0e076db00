/* Parts of a stream: what a command may be given of one, and what msmap asks of it before it gives it some. */
#include "tool/job.h"

#include <stdlib.h>
#include <string.h>

static int bad_environment(struct msp_job *job, const char *value)
{
	return msp_error_set(&job->error, MSP_USAGE, "MSP_SEGMENTS=%s: expected ORIGIN:INDEX or part", value);
}

/* MSP_SEGMENTS, which msmap sets for all commands of a task. "ORIGIN:INDEX": standard input is some segments of a larger stream, of which
 * that is the last; "part": it is a part that is complete in itself. Sources read none. */
int msp_job_read_environment(struct msp_job *job)
{
	const char *value = job->tool->flags & MSP_TOOL_SOURCE ? NULL : getenv("MSP_SEGMENTS"), *colon;
	char id[MSP_ID_TEXT];
	int64_t index;

	job->partial = job->common.segments;
	if (!value || !*value)
		return MSP_OK;
	job->partial = true;
	if (strcmp(value, "part") == 0)
		return MSP_OK;
	colon = strchr(value, ':');
	if (!colon || colon - value != MSP_ID_TEXT - 1)
		return bad_environment(job, value);
	memcpy(id, value, MSP_ID_TEXT - 1);
	id[MSP_ID_TEXT - 1] = '\0';
	if (msp_id_parse(id, &job->end_origin) < 0 || msp_parse_int(colon + 1, 0, INT64_MAX, &index, &job->error) < 0)
		return bad_environment(job, value);
	job->end_index = (uint64_t)index;
	job->has_end = true;
	return MSP_OK;
}

bool msp_job_reads_standard_input(const struct msp_job *job)
{
	for (int i = job->first_input; i < job->line.operands; i++)
		if (strcmp(job->line.operand[i], "-") != 0)
			return false;
	return true;
}

const char *msp_tool_whole(const struct msp_tool *tool, const void *self)
{
	if (tool->whole)
		return tool->whole(self);
	return tool->flags & (MSP_TOOL_GATHERS | MSP_TOOL_RESTREAM) ? "it depends on the whole stream" : NULL;
}

/* Lines of a word, a tab and a text: kind source|filter|text|sink; whole REASON; output FILE (of a sink, its first operand). */
void msp_help_dump_split(const struct msp_job *job, FILE *to)
{
	const struct msp_tool *tool = job->tool;
	const char *reason = msp_tool_whole(tool, job->self), *output = job->common.output;

	fprintf(to, "kind\t%s\n", tool->flags & MSP_TOOL_SINK ? "sink" : tool->flags & MSP_TOOL_SOURCE ? "source"
	                          : tool->flags & MSP_TOOL_TEXT ? "text" : "filter");
	if (reason)
		fprintf(to, "whole\t%s\n", reason);
	if (tool->flags & MSP_TOOL_SINK && job->line.operands > 0)
		output = job->line.operand[0];
	if (output && strcmp(output, "-") != 0)
		fprintf(to, "output\t%s\n", output);
}
