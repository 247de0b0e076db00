/* A command from its argv to its exit status: options, what is only asked, the job, what is reported. */
#include "tool/job.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>

/* A closed standard descriptor would be taken by the next file opened; one that can be neither read nor written takes its place. */
static void fill_standard_descriptors(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			continue;
		int flags = fd == 0 ? O_WRONLY : O_RDONLY;
		if (open("/dev/null", flags) != fd)
			return;
	}
}

static void free_job(struct msp_job *job)
{
	msp_reader_free(job->reader);
	msp_writer_free(job->writer);
	msp_bytes_free(&job->pipeline);
	for (size_t i = 0; i < job->met_n; i++)
		msp_bytes_free(&job->met[i]);
	free(job->met);
	free(job->canonical_operands);
	if (job->self)
		msp_options_free(job->tool->options, job->self);
	free(job->self);
	msp_command_line_free(&job->line);
}

/* --help and its like; true if that was all. */
static bool answered(struct msp_job *job, int *status)
{
	const struct common *c = &job->common;

	if (c->long_help)
		msp_help_full(job->tool, stdout);
	else if (c->short_help)
		msp_help_usage(job->tool, stdout);
	else if (c->version)
		msp_help_version(job->tool, c->verbosity, stdout);
	else if (c->dump_options)
		msp_help_dump(job->tool, stdout);
	else if (c->dump_split)
		msp_help_dump_split(job, stdout);
	else
		return false;
	*status = MSP_OK;
	if (ferror(stdout) || fflush(stdout) != 0 || fclose(stdout) != 0)
		*status = msp_error_errno(&job->error, MSP_FAIL, "standard output");
	return true;
}

static int parse(struct msp_job *job, int argc, char **argv)
{
	const struct msp_tool *tool = job->tool;
	struct option_set sets[2] = {{msp_common_options, &job->common}, {tool->options, NULL}};
	int s;

	job->self = calloc(1, tool->size + 1);
	if (!job->self)
		return msp_error_set(&job->error, MSP_NOMEM, "no memory left");
	sets[1].base = job->self;
	s = msp_options_defaults(msp_common_options, &job->common, &job->error);
	if (s == MSP_OK)
		s = msp_options_defaults(tool->options, job->self, &job->error);
	if (s == MSP_OK)
		s = msp_options_parse(tool->name, sets, 2, argc, argv, &job->line, &job->error);
	return s;
}

static int check_common(struct msp_job *job)
{
	const struct msp_tool *tool = job->tool;
	const char *wrong = NULL;

	if (job->common.output && tool->flags & MSP_TOOL_SINK)
		wrong = "--output";
	else if (job->line.segment_given && tool->flags & (MSP_TOOL_TEXT | MSP_TOOL_SINK))
		wrong = "--segment";
	else if (job->common.segments && tool->flags & MSP_TOOL_SOURCE)
		wrong = "--segments";
	if (wrong)
		return msp_error_set(&job->error, MSP_USAGE, "%s is not an option of this command (-h shows all)", wrong);
	return MSP_OK;
}

static void report(struct msp_job *job, int status)
{
	const struct msp_counts *c = &job->counts;

	if (status < 0) {
		if (status == MSP_INTERRUPTED || status == MSP_PIPE || job->error.text[0] == '\0')
			return;
		fprintf(stderr, "%s: %s\n", job->tool->name, job->error.text);
		return;
	}
	if (c->killed > 0 && job->first_killed[0]) /* kills that the command counted itself it has told itself */
		msp_job_warn(job, "%" PRIu64 " of %" PRIu64 " objects killed%s%s", c->killed,
		             job->tool->flags & MSP_TOOL_SOURCE ? c->live + c->dead : c->in, job->first_killed[0] ? "; the first: " : "", job->first_killed);
	if (job->writer)
		msp_job_say(job, "%" PRIu64 " objects in; %" PRIu64 " live and %" PRIu64 " dead out", c->in, c->live, c->dead);
}

static int exit_status(struct msp_job *job, int status)
{
	switch (status) {
	case MSP_OK:
		return job->common.strict_data && job->counts.killed > 0 ? 3 : 0;
	case MSP_USAGE:
		return 2;
	case MSP_CORRUPT:
		return 4;
	case MSP_PIPE: /* SIGPIPE is ignored: the status that its death would have given */
		return 128 + SIGPIPE;
	default:
		return 1;
	}
}

int msp_tool_main(const struct msp_tool *tool, int argc, char **argv)
{
	struct msp_job job = {.tool = tool};
	int status, code, stop;

	fill_standard_descriptors();
	msp_signals_install();
	status = parse(&job, argc, argv);
	if (status < 0 || !answered(&job, &status)) {
		if (status == MSP_OK)
			status = check_common(&job);
		if (status == MSP_OK)
			status = msp_job_run(&job);
	}
	if (status < 0 && job.error.status == MSP_OK)
		job.error.status = status;
	if (job.started && tool->stop)
		tool->stop(job.self);
	msp_output_abort(&job);
	stop = msp_signals_stop();
	report(&job, status);
	code = exit_status(&job, status);
	free_job(&job);
	if (status == MSP_INTERRUPTED && stop != 0)
		msp_signals_die(stop);
	return code;
}
