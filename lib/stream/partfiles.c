/* A stream divided into files that know of each other: each holds its share of every stream of the input, with that stream's own origin
 * and history, and all get their names together. Where the number of parts is known only in the end, it is written into the headers then. */
#include "mspipe/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A stream of the input. */
struct source {
	struct msp_id origin;
	struct msp_bytes pipeline;
};

struct part {
	struct msp_outfile *file;
	struct msp_writer *writer;
	uint64_t *next;  /* for each source the next segment; UINT64_MAX: it has its last one */
	size_t sources;  /* how many of them it knows */
	size_t current;  /* the source of the segment that is open */
	bool closed;
};

struct msp_parts {
	struct msp_parts_options options;
	struct source *source;
	size_t sources, now; /* the source being read */
	struct part *part;
	size_t parts, room;
	size_t last; /* the part that was closed last, whose descriptor is still open; SIZE_MAX: none */
};

static int no_memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

struct msp_parts *msp_parts_new(const struct msp_parts_options *options)
{
	struct msp_parts *k = calloc(1, sizeof(*k));

	if (k) {
		k->options = *options;
		k->last = SIZE_MAX;
	}
	return k;
}

void msp_parts_free(struct msp_parts *k)
{
	for (size_t i = 0; k && i < k->parts; i++) {
		msp_writer_free(k->part[i].writer);
		msp_outfile_abort(k->part[i].file);
		free(k->part[i].next);
	}
	for (size_t i = 0; k && i < k->sources; i++)
		msp_bytes_free(&k->source[i].pipeline);
	if (k) {
		free(k->part);
		free(k->source);
	}
	free(k);
}

size_t msp_parts_count(const struct msp_parts *k)
{
	return k->parts;
}

void msp_parts_set_number(struct msp_parts *k, uint32_t number)
{
	k->options.number = number;
}

void msp_parts_set_level(struct msp_parts *k, int level)
{
	k->options.level = level;
}

/* ---- sources --------------------------------------------------------------- */

int msp_parts_source(struct msp_parts *k, const struct msp_header *h, struct msp_error *err)
{
	struct source *source;

	for (k->now = 0; k->now < k->sources; k->now++) {
		source = &k->source[k->now];
		if (msp_id_equal(&source->origin, &h->origin) && source->pipeline.len == h->pipeline.len &&
		    (h->pipeline.len == 0 || memcmp(source->pipeline.data, h->pipeline.data, h->pipeline.len) == 0))
			return MSP_OK;
	}
	source = realloc(k->source, (k->sources + 1) * sizeof(*source));
	if (!source)
		return no_memory(err);
	k->source = source;
	source[k->sources] = (struct source){.origin = h->origin};
	if (msp_bytes_set(&source[k->sources].pipeline, h->pipeline.data, h->pipeline.len) < 0)
		return no_memory(err);
	k->sources++;
	return MSP_OK;
}

int msp_parts_merge_sources(struct msp_parts *k, const char *tool, struct msp_error *err)
{
	const char *const argv[] = {tool};
	struct source one = {0};
	struct msp_bytes *pipeline;
	int s;

	k->now = 0;
	if (k->sources < 2)
		return MSP_OK;
	pipeline = calloc(k->sources, sizeof(*pipeline));
	if (!pipeline)
		return no_memory(err);
	for (size_t i = 0; i < k->sources; i++) {
		pipeline[i] = k->source[i].pipeline;
		one.origin = msp_id_sum(one.origin, msp_id_next(k->source[i].origin, msp_id_hash(pipeline[i].data, pipeline[i].len), 0));
	}
	s = msp_pipeline_merge(&one.pipeline, pipeline, k->sources, tool, MSP_VERSION, 1, argv, err);
	free(pipeline);
	if (s < 0)
		return s;
	for (size_t i = 0; i < k->sources; i++)
		msp_bytes_free(&k->source[i].pipeline);
	k->source[0] = one;
	k->sources = 1;
	return MSP_OK;
}

/* ---- a part ---------------------------------------------------------------- */

int msp_parts_add(struct msp_parts *k, const char *path, struct msp_error *err)
{
	struct part *p;

	if (k->parts == MSP_PARTS_MAX)
		return msp_error_set(err, MSP_FAIL, "more than %d parts", MSP_PARTS_MAX);
	if (k->parts == k->room) {
		size_t room = k->room ? 2 * k->room : 16;
		struct part *part = realloc(k->part, room * sizeof(*part));

		if (!part)
			return no_memory(err);
		k->part = part;
		k->room = room;
	}
	p = &k->part[k->parts];
	*p = (struct part){.file = msp_outfile_open(path, err)};
	if (!p->file)
		return err->status;
	k->parts++;
	return MSP_OK;
}

static int open_writer(struct msp_parts *k, struct part *p, int fd, bool from_start, struct msp_error *err)
{
	struct msp_writer_options o = {.level = k->options.level, .flushed = from_start, .poll = k->options.poll, .context = k->options.context};

	p->writer = msp_writer_new(fd, msp_outfile_path(p->file), &o);
	return p->writer ? MSP_OK : no_memory(err);
}

/* Makes p know all sources, and have a writer: not before it is known whether blocks are compressed. */
static int learn(struct msp_parts *k, struct part *p, struct msp_error *err)
{
	uint64_t *next;

	if (!p->writer && open_writer(k, p, msp_outfile_fd(p->file), true, err) < 0)
		return err->status;
	if (p->sources == k->sources)
		return MSP_OK;
	next = realloc(p->next, k->sources * sizeof(*next));
	if (!next)
		return no_memory(err);
	memset(next + p->sources, 0, (k->sources - p->sources) * sizeof(*next));
	p->next = next;
	p->sources = k->sources;
	return MSP_OK;
}

static int begin(struct msp_parts *k, struct part *p, size_t source, struct msp_error *err)
{
	const struct source *from = &k->source[source];
	uint32_t number = (uint32_t)(p - k->part) + 1;
	struct msp_header h = {.origin = from->origin, .index = p->next[source]++, .part = number,
	                       .parts = k->options.number ? k->options.number : number, .pipeline = from->pipeline};

	p->current = source;
	return msp_writer_begin(p->writer, &h, err);
}

/* A segment of the source being read is open in p. */
static int ready(struct msp_parts *k, struct part *p, struct msp_error *err)
{
	int s = learn(k, p, err);
	bool open = s == MSP_OK && msp_writer_in_segment(p->writer);

	if (open && !msp_writer_in_ensemble(p->writer) &&
	    (p->current != k->now || msp_writer_segment_bytes(p->writer) >= MSP_SEGMENT_DEFAULT)) {
		s = msp_writer_end(p->writer, true, err);
		open = false;
	}
	return s < 0 || open ? s : begin(k, p, k->now, err);
}

int msp_parts_put(struct msp_parts *k, size_t i, const struct msp_object *o, struct msp_error *err)
{
	struct part *p = &k->part[i];
	int s = ready(k, p, err);

	return s < 0 ? s : msp_writer_put(p->writer, o, err);
}

int msp_parts_put_block(struct msp_parts *k, size_t i, const struct msp_block *b, struct msp_error *err)
{
	struct part *p = &k->part[i];
	int s = ready(k, p, err);

	return s < 0 ? s : msp_writer_put_block(p->writer, b, err);
}

/* ---- the end of a part ------------------------------------------------------- */

/* Ends p's share of every source known so far: where its last segment was not, an empty one follows. */
static int end_sources(struct msp_parts *k, struct part *p, struct msp_error *err)
{
	int s = learn(k, p, err);

	if (s == MSP_OK && msp_writer_in_segment(p->writer)) {
		p->next[p->current] = UINT64_MAX;
		s = msp_writer_end(p->writer, false, err);
	}
	for (size_t i = 0; i < p->sources && s == MSP_OK; i++) {
		if (p->next[i] == UINT64_MAX)
			continue;
		s = begin(k, p, i, err);
		p->next[i] = UINT64_MAX;
		if (s == MSP_OK)
			s = msp_writer_end(p->writer, false, err);
	}
	return s;
}

/* All of p is written; its descriptor is still open. */
static int end_part(struct msp_parts *k, struct part *p, struct msp_error *err)
{
	int s = p->closed ? MSP_OK : end_sources(k, p, err);

	msp_writer_free(p->writer);
	p->writer = NULL;
	p->closed = true;
	return s;
}

static int park_last(struct msp_parts *k, struct msp_error *err)
{
	size_t i = k->last;

	k->last = SIZE_MAX;
	return i == SIZE_MAX ? MSP_OK : msp_outfile_park(k->part[i].file, err);
}

/* The disk has time till the next part is closed. */
int msp_parts_close(struct msp_parts *k, size_t i, struct msp_error *err)
{
	int s;

	if (k->part[i].closed)
		return MSP_OK;
	s = end_part(k, &k->part[i], err);
	if (s < 0)
		return s;
	msp_outfile_push(k->part[i].file);
	s = park_last(k, err);
	k->last = i;
	return s;
}

static int failed(struct part *p, struct msp_error *err)
{
	return msp_error_errno(err, MSP_FAIL, "%s", msp_outfile_path(p->file));
}

/* What came after the part was closed, and the number of parts. */
static int amend(struct msp_parts *k, struct part *p, struct msp_error *err)
{
	const char *path = msp_outfile_path(p->file), *temporary = msp_outfile_temporary(p->file);
	int fd, s = MSP_OK;

	if (!temporary)
		return msp_error_set(err, MSP_FAIL, "%s: it is no regular file", path);
	do
		fd = open(temporary, O_RDWR | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return failed(p, err);
	if (p->sources < k->sources) {
		s = lseek(fd, 0, SEEK_END) < 0 ? failed(p, err) : open_writer(k, p, fd, false, err);
		if (s == MSP_OK)
			s = end_sources(k, p, err);
		msp_writer_free(p->writer);
		p->writer = NULL;
	}
	if (s == MSP_OK)
		s = msp_stream_set_parts(fd, path, (uint32_t)k->parts, err);
	while (s == MSP_OK && fsync(fd) != 0)
		if (errno != EINTR)
			s = failed(p, err);
	if (close(fd) != 0 && s == MSP_OK)
		s = failed(p, err);
	return s;
}

int msp_parts_commit(struct msp_parts *k, struct msp_error *err)
{
	struct msp_outfile **file = calloc(k->parts + 1, sizeof(struct msp_outfile *));
	int s = file ? MSP_OK : no_memory(err);

	for (size_t i = 0; i < k->parts && s == MSP_OK; i++)
		s = end_part(k, &k->part[i], err);
	for (size_t i = 0; i < k->parts && s == MSP_OK && k->options.number == 0; i++) {
		s = msp_outfile_park(k->part[i].file, err);
		if (s == MSP_OK)
			s = amend(k, &k->part[i], err);
	}
	for (size_t i = 0; i < k->parts && s == MSP_OK; i++) {
		file[i] = k->part[i].file;
		k->part[i].file = NULL;
	}
	if (s == MSP_OK)
		s = msp_outfile_commit_all(file, k->parts, err);
	free(file);
	return s;
}
