/* mschop - cut a stream, as it comes, into files of whole segments
 *
 * Segments are copied as they are. A line for each piece is printed as soon as the piece is there, so that others can work on it
 * while the rest still comes: msmap does, and xargs can. */
#include "mspipe/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct piece {
	uint64_t number, bytes;
};

struct chop {
	const char *directory; /* options */
	uint64_t block, ahead;
	int64_t least;

	struct msp_job *job;
	struct msp_writer *writer;
	int fd;
	char *path;
	uint64_t number, first, segments, bytes, objects; /* of the piece being written */
	struct msp_id id, origin;
	uint64_t index;
	struct piece *waiting; /* pieces that nobody has removed yet, as far as is known; the oldest first */
	size_t head, tail, room;
	uint64_t waiting_bytes;
};

#define AT(m) offsetof(struct chop, m)
static const struct msp_option options[] = {
	{.name = "into", .letter = 'd', .type = MSP_OPT_STRING, .offset = AT(directory), .arg = "DIR",
	 .help = "where the pieces are made; without it they are only listed"},
	{.name = "block", .type = MSP_OPT_SIZE, .offset = AT(block), .arg = "SIZE", .def = "16M",
	 .help = "pieces of at least SIZE, as they lie in the stream; 0: one of each segment (default 16M)"},
	{.name = "ahead", .type = MSP_OPT_SIZE, .offset = AT(ahead), .arg = "SIZE",
	 .help = "wait while the pieces that nobody has removed are SIZE or more (default: do not)"},
	{.name = "least", .type = MSP_OPT_INT, .offset = AT(least), .arg = "N", .def = "1", .min = 1, .max = 1e9,
	 .help = "--ahead: but not while there are fewer than N of them (default 1)"},
	{0},
};

static struct msp_error *err_of(const struct chop *c)
{
	return msp_job_error(c->job);
}

static int no_memory(const struct chop *c)
{
	return msp_error_set(err_of(c), MSP_NOMEM, "no memory left");
}

static int start(void *self, struct msp_job *job)
{
	struct chop *c = self;

	c->job = job;
	c->fd = -1;
	msp_job_by_blocks(job);
	if (!c->directory && c->ahead)
		return msp_error_set(err_of(c), MSP_USAGE, "--ahead needs --into");
	return MSP_OK;
}

/* ---- not too far ahead ---------------------------------------------------- */

static int remember(struct chop *c)
{
	if (c->tail == c->room) {
		size_t n = c->tail - c->head;

		if (n > 0)
			memmove(c->waiting, c->waiting + c->head, n * sizeof *c->waiting);
		c->head = 0;
		c->tail = n;
		if (2 * n >= c->room) {
			size_t room = c->room ? 2 * c->room : 64;
			struct piece *p = realloc(c->waiting, room * sizeof *p);

			if (!p)
				return no_memory(c);
			c->waiting = p;
			c->room = room;
		}
	}
	c->waiting[c->tail++] = (struct piece){c->number, c->bytes};
	c->waiting_bytes += c->bytes;
	return MSP_OK;
}

static int name(struct chop *c, uint64_t number)
{
	free(c->path);
	if (asprintf(&c->path, "%s/%" PRIu64, c->directory, number) < 0) {
		c->path = NULL;
		return no_memory(c);
	}
	return MSP_OK;
}

static int forget_removed(struct chop *c)
{
	while (c->head < c->tail) {
		int s = name(c, c->waiting[c->head].number);

		if (s < 0)
			return s;
		if (access(c->path, F_OK) == 0)
			break;
		c->waiting_bytes -= c->waiting[c->head++].bytes;
	}
	return MSP_OK;
}

/* Until enough was removed. Whoever reads our lines may have gone. */
static int wait_for_others(struct chop *c)
{
	int s = remember(c);

	while (s == MSP_OK && (s = forget_removed(c)) == MSP_OK) {
		struct pollfd out = {.fd = STDOUT_FILENO};

		if (c->waiting_bytes < c->ahead || c->tail - c->head < (uint64_t)c->least)
			break;
		if (poll(&out, 1, 20) > 0 && out.revents & (POLLERR | POLLHUP))
			return msp_error_set(err_of(c), MSP_PIPE, "standard output: its reader has gone");
		if (msp_job_interrupted(c->job))
			return msp_error_set(err_of(c), MSP_INTERRUPTED, "interrupted");
	}
	return s;
}

/* ---- pieces ---------------------------------------------------------------- */

static int open_piece(struct chop *c)
{
	struct msp_writer_options o = {.level = 0, .poll = msp_job_poll_fn(), .context = c->job};

	if (name(c, c->number) < 0)
		return MSP_NOMEM;
	do
		c->fd = open(c->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	while (c->fd < 0 && errno == EINTR && !msp_job_interrupted(c->job));
	if (c->fd < 0)
		return msp_error_errno(err_of(c), MSP_FAIL, "%s", c->path);
	c->writer = msp_writer_new(c->fd, c->path, &o);
	return c->writer ? MSP_OK : no_memory(c);
}

static int header(void *self, struct msp_job *job, const struct msp_header *h)
{
	struct chop *c = self;
	int s = MSP_OK;

	(void)job;
	if (c->segments == 0) {
		c->number++;
		c->first = h->index;
		if (c->directory)
			s = open_piece(c);
	}
	c->origin = h->origin;
	c->index = h->index;
	/* what the piece is: of which stream, made how, which segments with which objects */
	c->id = msp_id_next(msp_id_sum(c->id, msp_id_next(h->origin, msp_id_hash(h->pipeline.data, h->pipeline.len), h->index)),
	                    (struct msp_id){{0}}, ((uint64_t)h->part << 32) + h->parts);
	return s == MSP_OK && c->writer ? msp_writer_begin(c->writer, h, err_of(c)) : s;
}

static int block(void *self, struct msp_job *job, const struct msp_block *b)
{
	struct chop *c = self;

	(void)job;
	c->bytes += b->size;
	return c->writer ? msp_writer_put_block(c->writer, b, err_of(c)) : MSP_OK;
}

/* NUMBER ORIGIN:LAST FIRST SEGMENTS BYTES OBJECTS ID */
static int tell(struct chop *c)
{
	char origin[MSP_ID_TEXT], id[MSP_ID_TEXT];
	FILE *to = msp_job_text(c->job);

	fprintf(to, "%" PRIu64 " %s:%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n", c->number,
	        msp_id_format(&c->origin, origin), c->index, c->first, c->segments, c->bytes, c->objects, msp_id_format(&c->id, id));
	if (fflush(to) != 0)
		return msp_error_errno(err_of(c), errno == EPIPE ? MSP_PIPE : MSP_FAIL, "standard output");
	return MSP_OK;
}

static int close_piece(struct chop *c)
{
	int s = MSP_OK;

	msp_writer_free(c->writer);
	c->writer = NULL;
	if (c->fd >= 0 && close(c->fd) != 0)
		s = msp_error_errno(err_of(c), MSP_FAIL, "%s", c->path);
	c->fd = -1;
	if (s == MSP_OK)
		s = tell(c);
	if (s == MSP_OK && c->ahead)
		s = wait_for_others(c);
	c->segments = c->bytes = c->objects = 0;
	c->id = (struct msp_id){{0}};
	return s;
}

static int trailer(void *self, struct msp_job *job, const struct msp_totals *t, bool more)
{
	struct chop *c = self;
	int s = c->writer ? msp_writer_end(c->writer, more, err_of(c)) : MSP_OK;

	(void)job;
	c->segments++;
	c->objects += t->live + t->dead;
	c->id = msp_id_sum(c->id, t->digest);
	return s == MSP_OK && c->bytes >= c->block ? close_piece(c) : s;
}

/* DIR/end: all of the input was there, in so many pieces. */
static int write_end(struct chop *c)
{
	struct msp_outfile *f;
	char text[32], *path = NULL;
	int n = snprintf(text, sizeof text, "%" PRIu64 "\n", c->number), s;

	if (asprintf(&path, "%s/end", c->directory) < 0)
		return no_memory(c);
	f = msp_outfile_open(path, err_of(c));
	s = f ? msp_write_all(msp_outfile_fd(f), text, (size_t)n, path, msp_job_poll_fn(), c->job, err_of(c)) : err_of(c)->status;
	if (s < 0)
		msp_outfile_abort(f);
	else
		s = msp_outfile_commit(f, err_of(c));
	free(path);
	return s;
}

static int drain(void *self, struct msp_job *job)
{
	struct chop *c = self;
	int s = c->segments > 0 ? close_piece(c) : MSP_OK;

	if (s == MSP_OK && c->directory)
		s = write_end(c);
	if (s == MSP_OK)
		msp_job_say(job, "%" PRIu64 " piece%s", c->number, c->number == 1 ? "" : "s");
	return s;
}

static void stop(void *self)
{
	struct chop *c = self;

	msp_writer_free(c->writer);
	if (c->fd >= 0)
		close(c->fd);
	free(c->path);
	free(c->waiting);
}

const struct msp_tool msp_tool = {
	.name = "mschop",
	.summary = "cut a stream, as it comes, into files of whole segments",
	.options = options,
	.size = sizeof(struct chop),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_TEXT | MSP_TOOL_GATHERS,
	.start = start,
	.header = header,
	.block = block,
	.trailer = trailer,
	.drain = drain,
	.stop = stop,
};
