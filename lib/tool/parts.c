/* msread --part of files: which of them, and what of them, belongs to this part is told by their sizes (see lib/format/share.c), so that
 * files that belong to others are not even opened.
 *
 * msp streams are looked at by every part, block by block and without what is in them: where parts come together, each must have the
 * segments of all streams, or one that is missing could not be told from one that never was. To find them all, files are opened whatever
 * their name while that costs little; among more files, what is not called a stream is taken for none. */
#include "tool/recordings.h"

#include <unistd.h>

#define WHOLE 16
#define OPENED 256 /* so many files are opened to see whether they are streams */

int recordings_share(struct msp_recordings *r)
{
	if (r->parts == 0 || r->options.limit >= 0) /* --limit counts through all sources */
		return MSP_OK;
	return msp_sources_share(r->sources, r->parts, &r->share, msp_job_error(r->job));
}

static bool may_be_stream(const struct msp_recordings *r, const struct msp_source *s)
{
	if (r->options.from != MSP_FORMAT_UNKNOWN)
		return r->options.from == MSP_FORMAT_MSP;
	return r->sources->n <= OPENED || msp_format_of_ending(s->path) == MSP_FORMAT_MSP;
}

static bool has_something(const struct msp_recordings *r)
{
	return r->here->first <= r->part && r->part <= r->here->last;
}

static void pass_over(struct msp_recordings *r, const struct msp_source *s)
{
	r->bytes += s->size;
	r->own_due = true;
}

bool recordings_enter(struct msp_recordings *r, const struct msp_source *s)
{
	const struct msp_share *share = r->share ? &r->share[s - r->sources->item] : NULL;

	r->here = share && share->first > 0 ? share : NULL;
	r->chosen_here = 0;
	if (!r->here || has_something(r) || may_be_stream(r, s))
		return true;
	pass_over(r, s);
	return false;
}

bool recordings_ours(struct msp_recordings *r)
{
	const struct msp_share *s = r->here;
	uint32_t turn;

	if (s->first == s->last)
		return s->first == r->part;
	if (r->relaying)
		return msp_share_part(s, r->block_at > 0 ? r->block_at : msp_reader_position(msp_job_reader(r->job)), r->stream_size) == r->part;
	turn = s->first + (uint32_t)(r->chosen_here % (s->last - s->first + 1));
	return r->chosen_here++ < MSP_PLAN_LISTED || turn == r->part;
}

/* ---- streams ----------------------------------------------------------- */

int recordings_settle(struct msp_recordings *r)
{
	bool due = r->own_due && r->parts > 0;

	r->own_due = false;
	return due ? msp_job_own_segment(r->job) : MSP_OK;
}

/* Whether objects of a block may be ours; one that goes on with an ensemble is, if that is. A block that is small beside a part is not divided. */
static bool want(void *context, uint64_t at, const struct msp_block *b)
{
	struct msp_recordings *r = context;
	uint64_t first = at, last = at + b->size - 1;

	r->block_at = 0;
	if (b->size <= r->here->part_size / WHOLE)
		first = last = r->block_at = at + b->size / 2;
	if (b->in_ensemble && r->inside && r->keep_ensemble)
		return true;
	if (msp_share_part(r->here, first, r->stream_size) <= r->part && msp_share_part(r->here, last, r->stream_size) >= r->part)
		return true;
	r->inside = b->ends_in_ensemble;
	r->keep_ensemble = false;
	return false;
}

static int relay(struct msp_recordings *r, const struct msp_source *s, int fd)
{
	int rc = recordings_settle(r);

	if (rc != MSP_OK)
		return rc;
	r->bytes += s->size;
	r->stream_size = s->size;
	r->relaying = true;
	rc = msp_job_relay_some(r->job, fd, s->path, want, r);
	r->relaying = false;
	return rc;
}

int recordings_part(struct msp_recordings *r, const struct msp_source *s, int fd)
{
	struct msp_error *err = msp_job_error(r->job);
	int format = r->options.from, rc;
	uint8_t head[12];

	if (format == MSP_FORMAT_UNKNOWN) {
		ssize_t n = pread(fd, head, sizeof head, (off_t)s->offset);

		format = n > 0 ? msp_format_sniff(head, (size_t)n) : format; /* what cannot be read is told by its owner */
	}
	if (format == MSP_FORMAT_MSP && s->offset + s->end > 0)
		return msp_error_set(err, MSP_USAGE, "%s: a range of bytes is no msp stream", s->path);
	if (format == MSP_FORMAT_MSP && !may_be_stream(r, s))
		return msp_error_set(err, MSP_USAGE,
		                     "%s: a stream: among more than %d files it is known as one only if it is called *.msp, or by --from msp", s->path,
		                     OPENED);
	if (format == MSP_FORMAT_MSP) {
		rc = relay(r, s, fd);
		return rc < 0 ? rc : 1;
	}
	if (has_something(r))
		return 0;
	pass_over(r, s);
	return 1;
}
