/* Progress: a status line on a terminal, and one whenever SIGUSR1 asks. */
#include "tool/job.h"

#include <inttypes.h>
#include <unistd.h>

enum { FIRST_AFTER = 2, EVERY = 1 }; /* seconds */

void msp_progress_begin(struct msp_job *job)
{
	clock_gettime(CLOCK_MONOTONIC, &job->began);
	job->progress_at = 0;
	if (job->common.progress == 1 || (job->common.progress == 0 && !job->common.quiet && isatty(STDERR_FILENO)))
		job->progress_at = job->began.tv_sec + FIRST_AFTER;
}

static void line(struct msp_job *job, const char *before, const char *after)
{
	char own[200] = "";
	struct timespec now;
	double seconds, megabytes = job->writer ? (double)msp_writer_stored(job->writer) / 1e6 : 0;

	clock_gettime(CLOCK_MONOTONIC, &now);
	seconds = (double)(now.tv_sec - job->began.tv_sec) + (double)(now.tv_nsec - job->began.tv_nsec) / 1e9;
	if (job->tool->status) {
		job->tool->status(job->self, own, sizeof(own));
		fprintf(stderr, "%s%s: %.0f s: %s%s", before, job->tool->name, seconds, own, after);
		return;
	}
	fprintf(stderr, "%s%s: %.0f s: %" PRIu64 " objects in, %" PRIu64 " live and %" PRIu64 " dead out", before, job->tool->name,
	        seconds, job->counts.in, job->counts.live, job->counts.dead);
	if (job->writer)
		fprintf(stderr, ", %.1f MB written", megabytes);
	if (job->input_name && job->reader)
		fprintf(stderr, ", at byte %" PRIu64 " of %s", msp_reader_offset(job->reader), job->input_name);
	fputs(after, stderr);
}

void msp_progress_print(struct msp_job *job)
{
	line(job, job->progress_shown ? "\n" : "", "\n");
	job->progress_shown = false;
}

void msp_progress_tick(struct msp_job *job)
{
	struct timespec now;

	if (msp_signals_status())
		msp_progress_print(job);
	if (job->progress_at == 0)
		return;
	clock_gettime(CLOCK_MONOTONIC, &now);
	if (now.tv_sec < job->progress_at)
		return;
	job->progress_at = now.tv_sec + EVERY;
	job->progress_shown = isatty(STDERR_FILENO);
	/* a terminal's line is written over; a log gets lines */
	line(job, job->progress_shown ? "\r\033[K" : "", job->progress_shown ? "" : "\n");
}

void msp_progress_end(struct msp_job *job)
{
	if (job->progress_shown)
		fputs("\r\033[K", stderr);
	job->progress_shown = false;
}
