/* Where the runs of a miniSEED file end, known before their samples are read.
 *
 * Nothing in a record says that it is its run's last. So a run whose channel has no gap behind it is open till the file ends, and its samples
 * wait in memory, as those of all other channels do. Where the file can be read twice its headers are read first, which costs a tenth of what
 * reading the samples does: then each run goes out with its last record, whoever reads the stream begins at
 * once, and memory serves again. The order of runs stays as it is: those that end before the file does as they end, then the others as they
 * began; so none of these goes out before the last of those. */
#include "format/ahead.h"
#include "format/runs.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* What is less is at hand as a whole anyway. */
#define WORTH ((off_t)1 << 20)

void ahead_free(struct ahead *a)
{
	if (a != NULL)
		free(a->end);
	free(a);
}

bool ahead_whole(const struct ahead *a, uint64_t run, uint64_t end, uint64_t offset)
{
	return a != NULL && run < a->n && end == a->end[run] && offset > a->settled;
}

int ahead_note(struct ahead *a, const struct msp_input *headers)
{
	uint64_t run = headers->run;

	if (!runs_ended(headers)) {
		a->settled = headers->feed.offset;
		return MSP_OK;
	}
	if (run >= a->room) {
		size_t room = run < 512 ? 1024 : 2 * (size_t)run;
		uint64_t *more = run < SIZE_MAX / 32 ? realloc(a->end, room * sizeof *more) : NULL;

		if (more == NULL)
			return MSP_NOMEM;
		a->end = more;
		a->room = room;
	}
	while (a->n <= run)
		a->end[a->n++] = 0;
	a->end[run] = headers->span.end;
	return MSP_OK;
}

void ahead_end(struct ahead *a, const struct msp_input *headers)
{
	a->bytes = headers->feed.eof ? headers->feed.got : 0;
}

/* All runs of the headers. */
static int note_runs(struct ahead *a, struct msp_input *headers, struct msp_error *err)
{
	struct msp_object o;
	int rc;

	msp_object_init(&o);
	while ((rc = runs_next(headers, &o, err)) == 1)
		if (ahead_note(a, headers) != MSP_OK) {
			rc = input_nomem(headers, err);
			break;
		}
	msp_object_free(&o);
	ahead_end(a, headers);
	return rc;
}

/* What is written to the file from now on is not of these runs; what is missing was cut off. */
static void take(struct msp_input *in, const struct ahead *a)
{
	struct feed *f = &in->feed;

	in->ahead = a;
	if (f->fd < 0 || a->bytes < f->got)
		return;
	f->least = a->bytes;
	f->left = a->bytes - f->got;
	if (f->known > a->bytes)
		f->known = a->bytes;
}

static int seek(const struct msp_input *in, off_t to, struct msp_error *err)
{
	return lseek(in->feed.fd, to, SEEK_SET) == to ? MSP_OK : msp_error_errno(err, MSP_FAIL, "%s", in->name);
}

static int read_headers(struct msp_input *in, struct ahead *a, struct msp_error *err)
{
	struct msp_input_options o = in->options;
	struct msp_input *headers;
	int rc;

	o.headers = true;
	o.format = in->format;
	headers = msp_input_open(in->feed.fd, in->name, &o, err);
	rc = headers == NULL ? err->status : note_runs(a, headers, err);
	msp_input_free(headers);
	return rc;
}

/* The file is read twice. */
static int look(struct msp_input *in, off_t at, struct msp_error *err)
{
	struct ahead *a = calloc(1, sizeof *a);
	int rc;

	if (a == NULL)
		return input_nomem(in, err);
	in->own_ahead = a;
	rc = seek(in, at - (off_t)in->feed.got, err);
	if (rc == MSP_OK)
		rc = read_headers(in, a, err);
	if (rc == MSP_OK)
		rc = seek(in, at, err);
	if (rc == MSP_OK)
		take(in, a);
	return rc;
}

int ahead_look(struct msp_input *in, struct msp_error *err)
{
	const struct msp_plan *plan = in->options.want == msp_plan_wants ? in->options.want_context : NULL;
	struct stat st;
	off_t at;

	if (in->options.headers)
		return MSP_OK;
	if (plan != NULL && plan->ahead != NULL)
		take(in, plan->ahead);
	/* somebody who wants some runs has read the headers */
	if (in->options.want != NULL || in->options.only != NULL || in->feed.fd < 0 || fstat(in->feed.fd, &st) != 0 || !S_ISREG(st.st_mode))
		return MSP_OK;
	at = lseek(in->feed.fd, 0, SEEK_CUR);
	if (at < 0 || (uint64_t)at < in->feed.got || st.st_size - at < WORTH || in->feed.left < (uint64_t)WORTH)
		return MSP_OK;
	return look(in, at, err);
}
