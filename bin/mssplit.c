/* mssplit - one stream into parts
 *
 * Each part is a file that knows of which stream it is which part. By number and by size, blocks are copied as they are where that
 * does not spoil the division; by key, objects are sorted by the number of their part, which keeps few files open however many parts
 * there are. Where the number of parts is known only in the end (--size), it is written into the headers then. No part gets its
 * name before the whole input was read and found complete, and all parts are on the disk. */
#include "mspipe/gather.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PARTS_MAX 1000000

/* A stream of the input: each part holds its share of each, with the stream's own origin and history. */
struct source {
	struct msp_id origin;
	struct msp_bytes pipeline;
};

struct part {
	struct msp_outfile *file;
	struct msp_writer *writer;
	uint64_t load;   /* bytes so far: of the payload; --size: size of copied blocks */
	uint64_t *next;  /* for each source the next segment; UINT64_MAX: it has its last one */
	size_t sources;  /* how many of them it knows */
	size_t current;  /* the source of the segment that is open */
};

struct split {
	int64_t number;
	uint64_t size, max_memory;
	const char *by, *prefix;
	struct msp_job *job;
	struct source *source;
	size_t sources, now; /* the source being read */
	struct part *part;
	size_t parts, room, to; /* the part being written to */
	uint64_t total;
	bool compressed, inside, nomem;
	struct msp_object object;
	/* --by */
	struct msp_keys keys;
	struct msp_groups groups, names;
	struct msp_sorter *sorter;
	struct split *self;
	uint64_t count, last;
};

static const struct msp_option options[] = {
	{.name = "number", .letter = 'n', .type = MSP_OPT_INT, .offset = offsetof(struct split, number), .arg = "N", .min = 1,
	 .max = PARTS_MAX, .help = "N parts of about the same size"},
	{.name = "size", .type = MSP_OPT_SIZE, .offset = offsetof(struct split, size), .arg = "SIZE",
	 .help = "parts of about SIZE, in the order of the input"},
	{.name = "by", .letter = 'b', .type = MSP_OPT_STRING, .offset = offsetof(struct split, by), .arg = "KEYS",
	 .help = "a part for each value of KEYS"},
	{.name = "prefix", .letter = 'P', .type = MSP_OPT_STRING, .offset = offsetof(struct split, prefix), .arg = "P", .def = "part",
	 .help = "how the names of the parts begin (default part: part.0001.msp ...)"},
	{.name = "max-mem", .type = MSP_OPT_SIZE, .offset = offsetof(struct split, max_memory), .arg = "SIZE", .def = "1G",
	 .help = "--by: objects held in memory; more go to files in $TMPDIR (default 1G)"},
	{0},
};

static struct msp_error *err_of(const struct split *k)
{
	return msp_job_error(k->job);
}

static int no_memory(const struct split *k)
{
	return msp_error_set(err_of(k), MSP_NOMEM, "no memory left");
}

/* ---- a part -------------------------------------------------------------- */

static int open_writer(struct split *k, struct part *p, int fd, const char *path)
{
	struct msp_writer_options o = {.level = k->compressed || k->by ? 1 : 0, .poll = msp_job_poll_fn(), .context = k->job};

	p->writer = msp_writer_new(fd, path, &o);
	return p->writer ? MSP_OK : no_memory(k);
}

static int add_part(struct split *k, const char *path)
{
	struct part *p;

	if (k->parts == PARTS_MAX)
		return msp_error_set(err_of(k), MSP_FAIL, "more than %d parts", PARTS_MAX);
	if (k->parts == k->room) {
		size_t room = k->room ? 2 * k->room : 16;
		struct part *part = realloc(k->part, room * sizeof *part);

		if (!part)
			return no_memory(k);
		k->part = part;
		k->room = room;
	}
	p = &k->part[k->parts];
	*p = (struct part){.file = msp_outfile_open(path, err_of(k))};
	if (!p->file)
		return err_of(k)->status;
	k->to = k->parts++;
	return MSP_OK;
}

static int add_numbered(struct split *k)
{
	char *path = NULL;
	int s;

	if (asprintf(&path, "%s.%04zu.msp", k->prefix, k->parts + 1) < 0)
		return no_memory(k);
	s = add_part(k, path);
	free(path);
	return s;
}

/* Makes p know all sources, and have a writer: not before it is known whether blocks are compressed. */
static int learn(struct split *k, struct part *p)
{
	uint64_t *next;

	if (!p->writer && open_writer(k, p, msp_outfile_fd(p->file), msp_outfile_path(p->file)) < 0)
		return err_of(k)->status;
	if (p->sources == k->sources)
		return MSP_OK;
	next = realloc(p->next, k->sources * sizeof *next);
	if (!next)
		return no_memory(k);
	memset(next + p->sources, 0, (k->sources - p->sources) * sizeof *next);
	p->next = next;
	p->sources = k->sources;
	return MSP_OK;
}

static int begin(struct split *k, struct part *p, size_t source)
{
	const struct source *from = &k->source[source];
	uint32_t number = (uint32_t)(p - k->part) + 1, parts = (uint32_t)(k->by ? k->count : k->number ? (uint64_t)k->number : number);
	struct msp_header h = {.origin = from->origin, .index = p->next[source]++, .part = number, .parts = parts,
	                       .pipeline = from->pipeline};

	p->current = source;
	return msp_writer_begin(p->writer, &h, err_of(k));
}

/* A segment of the source being read is open in p. */
static int ready(struct split *k, struct part *p)
{
	int s = learn(k, p);
	bool open = s == MSP_OK && msp_writer_in_segment(p->writer);

	if (open && !msp_writer_in_ensemble(p->writer)
	    && (p->current != k->now || msp_writer_segment_bytes(p->writer) >= MSP_SEGMENT_DEFAULT)) {
		s = msp_writer_end(p->writer, true, err_of(k));
		open = false;
	}
	return s < 0 || open ? s : begin(k, p, k->now);
}

/* Ends p's share of every source known so far: where its last segment was not, an empty one follows. */
static int end_sources(struct split *k, struct part *p)
{
	int s = learn(k, p);

	if (s == MSP_OK && msp_writer_in_segment(p->writer)) {
		p->next[p->current] = UINT64_MAX;
		s = msp_writer_end(p->writer, false, err_of(k));
	}
	for (size_t i = 0; i < p->sources && s == MSP_OK; i++) {
		if (p->next[i] == UINT64_MAX)
			continue;
		s = begin(k, p, i);
		p->next[i] = UINT64_MAX;
		if (s == MSP_OK)
			s = msp_writer_end(p->writer, false, err_of(k));
	}
	return s;
}

static int close_part(struct split *k, struct part *p)
{
	int s = end_sources(k, p);

	msp_writer_free(p->writer);
	p->writer = NULL;
	return s < 0 ? s : msp_outfile_park(p->file, err_of(k));
}

/* --size: what came after the part was closed, and the number of parts. */
static int amend(struct split *k, struct part *p)
{
	const char *path = msp_outfile_path(p->file), *temporary = msp_outfile_temporary(p->file);
	int fd, s = MSP_OK;

	if (!temporary)
		return msp_error_set(err_of(k), MSP_FAIL, "%s: it is no regular file", path);
	do
		fd = open(temporary, O_RDWR | O_CLOEXEC);
	while (fd < 0 && errno == EINTR);
	if (fd < 0)
		return msp_error_errno(err_of(k), MSP_FAIL, "%s", path);
	if (p->sources < k->sources) {
		s = lseek(fd, 0, SEEK_END) < 0 ? msp_error_errno(err_of(k), MSP_FAIL, "%s", path) : open_writer(k, p, fd, path);
		if (s == MSP_OK)
			s = end_sources(k, p);
		msp_writer_free(p->writer);
		p->writer = NULL;
	}
	if (s == MSP_OK)
		s = msp_stream_set_parts(fd, path, (uint32_t)k->parts, err_of(k));
	while (s == MSP_OK && fsync(fd) != 0)
		if (errno != EINTR)
			s = msp_error_errno(err_of(k), MSP_FAIL, "%s", path);
	if (close(fd) != 0 && s == MSP_OK)
		s = msp_error_errno(err_of(k), MSP_FAIL, "%s", path);
	return s;
}

/* ---- input --------------------------------------------------------------- */

static int header(void *self, struct msp_job *job, const struct msp_header *h)
{
	struct split *k = self;
	struct source *source;

	if (h->parts != 0)
		return msp_error_set(err_of(k), MSP_USAGE, "%s is part %" PRIu32 " of %" PRIu32 " of a stream already: it is not split again",
		                     msp_job_input_name(job), h->part, h->parts);
	for (k->now = 0; k->now < k->sources; k->now++) {
		source = &k->source[k->now];
		if (msp_id_equal(&source->origin, &h->origin) && source->pipeline.len == h->pipeline.len
		    && (h->pipeline.len == 0 || memcmp(source->pipeline.data, h->pipeline.data, h->pipeline.len) == 0))
			return MSP_OK;
	}
	source = realloc(k->source, (k->sources + 1) * sizeof *source);
	if (!source)
		return no_memory(k);
	k->source = source;
	source[k->sources] = (struct source){.origin = h->origin};
	if (msp_bytes_set(&source[k->sources].pipeline, h->pipeline.data, h->pipeline.len) < 0)
		return no_memory(k);
	k->sources++;
	return MSP_OK;
}

static size_t least_loaded(const struct split *k)
{
	size_t best = 0;

	for (size_t i = 1; i < k->parts; i++)
		if (k->part[i].load < k->part[best].load)
			best = i;
	return best;
}

/* Where what comes next, of so many bytes, goes; not called inside an ensemble. */
static int choose(struct split *k, uint64_t bytes)
{
	if (k->number) {
		k->to = least_loaded(k);
		return MSP_OK;
	}
	if (k->parts > 0 && (k->part[k->to].load == 0 || k->part[k->to].load + bytes <= k->size))
		return MSP_OK;
	if (k->parts > 0) {
		int s = close_part(k, &k->part[k->to]);
		if (s < 0)
			return s;
	}
	return add_numbered(k);
}

static void count(struct split *k, uint64_t bytes)
{
	k->part[k->to].load += bytes;
	k->total += bytes;
}

static int put(struct split *k, const struct msp_object *o)
{
	uint64_t bytes = 96 + o->samples.len + o->metadata.len + o->elog.len + o->history.len + o->extra.len;
	int s = k->inside ? MSP_OK : choose(k, bytes);
	struct part *p;

	if (s < 0)
		return s;
	p = &k->part[k->to];
	k->inside = o->kind == MSP_ENSEMBLE_BEGIN || (k->inside && o->kind != MSP_ENSEMBLE_END);
	s = ready(k, p);
	if (s == MSP_OK)
		s = msp_writer_put(p->writer, o, err_of(k));
	count(k, bytes);
	return s;
}

static int put_objects(struct split *k)
{
	struct msp_reader *r = msp_job_reader(k->job);
	int s = msp_reader_open_block(r, err_of(k));

	while (s >= 0 && msp_reader_block_left(r) > 0) {
		s = msp_reader_next(r, &k->object, err_of(k));
		if (s >= 0)
			s = put(k, &k->object);
	}
	return s < 0 ? s : MSP_OK;
}

/* May the block be copied? By number: if it is small against a part so far. By size: if a part can hold it, and no ensemble runs over
 * its ends, so that it is not known how much will follow. */
static bool copies(const struct split *k, const struct msp_block *b)
{
	if (k->number)
		return b->totals.bytes <= k->total / (2 * (uint64_t)k->number) || k->number == 1;
	return b->size <= k->size && !b->in_ensemble && !b->ends_in_ensemble;
}

static int block(void *self, struct msp_job *job, const struct msp_block *b)
{
	struct split *k = self;
	uint64_t bytes = k->number ? b->totals.bytes : b->size;
	int s;

	if (k->total == 0)
		k->compressed = b->compressed;
	(void)job;
	if (!copies(k, b))
		return put_objects(k);
	s = b->in_ensemble ? MSP_OK : choose(k, bytes);
	if (s == MSP_OK)
		s = ready(k, &k->part[k->to]);
	if (s == MSP_OK)
		s = msp_writer_put_block(k->part[k->to].writer, b, err_of(k));
	if (s < 0)
		return s;
	k->inside = b->ends_in_ensemble;
	count(k, bytes);
	return MSP_OK;
}

/* ---- by key -------------------------------------------------------------- */

/* The number of the object's part, for the sorter. */
static void number(const void *context, const struct msp_object *o, uint32_t i, struct msp_value *out, char scratch[MSP_ID_TEXT])
{
	struct split *k = *(struct split *const *)context;
	struct msp_id hash;
	uint64_t n = 0;
	bool added;

	(void)i, (void)scratch;
	if (msp_keys_hash(&k->keys, o, &hash) < 0 || msp_groups_number(&k->groups, hash, &n, &added) < 0)
		k->nomem = true;
	*out = (struct msp_value){.type = MSP_V_INT, .u.i = (int64_t)n};
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct split *k = self;
	int s = msp_sorter_put(k->sorter, o, err_of(k));

	(void)job;
	return k->nomem ? no_memory(k) : s;
}

/* PREFIX.VALUE.VALUE.msp; what would be odd in a name is an underscore. */
static int name_part(struct split *k, const struct msp_object *o, struct msp_bytes *name)
{
	char scratch[MSP_ID_TEXT], number_text[32];
	size_t from = strlen(k->prefix);
	uint64_t n;
	bool added;
	int s = msp_bytes_set(name, k->prefix, from);

	for (uint32_t i = 0; s == MSP_OK && i < k->keys.n; i++) {
		struct msp_value v;

		msp_object_get(o, k->keys.key[i].name, &v, scratch);
		s = msp_bytes_append(name, ".", 1);
		if (s == MSP_OK)
			s = v.type == MSP_V_UNDEFINED ? msp_bytes_append(name, "undefined", 9) : msp_value_text(&v, name);
	}
	for (size_t i = from; s == MSP_OK && i < name->len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-+=@,", name->data[i]) || !name->data[i])
			name->data[i] = '_';
	if (s == MSP_OK && name->len > from + 180)
		name->len = from + 180;
	if (s == MSP_OK)
		s = msp_groups_number(&k->names, msp_id_hash(name->data, name->len), &n, &added);
	if (s == MSP_OK && !added) { /* two values, one name */
		snprintf(number_text, sizeof number_text, ".%zu", k->parts + 1);
		s = msp_bytes_append(name, number_text, strlen(number_text));
	}
	if (s == MSP_OK)
		s = msp_bytes_append(name, ".msp", 5);
	return s < 0 ? no_memory(k) : MSP_OK;
}

static int next_part(struct split *k, const struct msp_object *first)
{
	struct msp_bytes name = {0};
	int s = k->parts > 0 ? close_part(k, &k->part[k->to]) : MSP_OK;

	if (s == MSP_OK)
		s = name_part(k, first, &name);
	if (s == MSP_OK)
		s = add_part(k, (const char *)name.data);
	msp_bytes_free(&name);
	return s;
}

static int put_sorted(void *context, struct msp_object *o)
{
	struct split *k = context;
	struct part *p;
	int s = MSP_OK;

	if (!k->inside) {
		struct msp_value v;
		char scratch[MSP_ID_TEXT];

		number(&k->self, o, 0, &v, scratch);
		if (k->nomem)
			return no_memory(k);
		if (k->parts == 0 || (uint64_t)v.u.i != k->last)
			s = next_part(k, o);
		k->last = (uint64_t)v.u.i;
	}
	if (s < 0)
		return s;
	p = &k->part[k->to];
	k->inside = o->kind == MSP_ENSEMBLE_BEGIN || (k->inside && o->kind != MSP_ENSEMBLE_END);
	s = ready(k, p);
	return s < 0 ? s : msp_writer_put(p->writer, o, err_of(k));
}

/* Objects that were sorted are not told apart by where they came from: several streams become one. */
static int merge_sources(struct split *k)
{
	static const char *const argv[] = {"mssplit"};
	struct source one = {0};
	struct msp_bytes *pipeline;
	int s;

	if (k->sources < 2)
		return MSP_OK;
	pipeline = calloc(k->sources, sizeof *pipeline);
	if (!pipeline)
		return no_memory(k);
	for (size_t i = 0; i < k->sources; i++) {
		pipeline[i] = k->source[i].pipeline;
		one.origin = msp_id_sum(one.origin, msp_id_next(k->source[i].origin, msp_id_hash(pipeline[i].data, pipeline[i].len), 0));
	}
	s = msp_pipeline_merge(&one.pipeline, pipeline, k->sources, "mssplit", MSP_VERSION, 1, argv, err_of(k));
	free(pipeline);
	if (s < 0)
		return s;
	for (size_t i = 0; i < k->sources; i++)
		msp_bytes_free(&k->source[i].pipeline);
	k->source[0] = one;
	k->sources = 1;
	return MSP_OK;
}

static int drain_keys(struct split *k)
{
	int s = merge_sources(k);

	k->count = k->groups.n;
	k->now = 0;
	if (k->count > PARTS_MAX)
		return msp_error_set(err_of(k), MSP_FAIL, "more than %d parts", PARTS_MAX);
	if (s == MSP_OK)
		s = msp_sorter_drain(k->sorter, put_sorted, k, err_of(k));
	if (s == MSP_OK && k->nomem)
		s = no_memory(k);
	return s;
}

/* ---- the command --------------------------------------------------------- */

static int start_number(struct split *k)
{
	long files = sysconf(_SC_OPEN_MAX);
	int s = MSP_OK;

	if (files > 0 && k->number > files - 16)
		return msp_error_set(err_of(k), MSP_USAGE, "%" PRId64 " parts need as many open files, and %ld are permitted (ulimit -n)",
		                     k->number, files);
	for (int64_t i = 0; i < k->number && s == MSP_OK; i++)
		s = add_numbered(k);
	return s;
}

static int start(void *self, struct msp_job *job)
{
	struct split *k = self;
	struct msp_sorter_options o = {.n = 1, .key = number, .context = &k->self, .max_memory = k->max_memory,
	                               .poll = msp_job_poll_fn(), .poll_context = job};
	int s;

	k->job = job;
	k->self = k;
	msp_object_init(&k->object);
	msp_job_inputs_from(job, 0);
	if ((k->number != 0) + (k->size != 0) + (k->by != NULL) != 1)
		return msp_error_set(err_of(k), MSP_USAGE, "give one of --number, --size and --by");
	if (!k->prefix[0])
		return msp_error_set(err_of(k), MSP_USAGE, "--prefix is empty");
	if (!k->by)
		msp_job_by_blocks(job);
	if (k->number)
		return start_number(k);
	if (k->size)
		return add_numbered(k);
	s = msp_keys_parse(k->by, false, &k->keys, err_of(k));
	if (s < 0)
		return s;
	k->sorter = msp_sorter_new(&o);
	return k->sorter ? MSP_OK : no_memory(k);
}

/* Those that have their names lose them again: all or none. */
static int commit(struct split *k)
{
	char **path = calloc(k->parts + 1, sizeof *path);
	size_t done = 0;
	int s = path ? MSP_OK : no_memory(k);

	for (size_t i = 0; i < k->parts && s == MSP_OK; i++)
		if (!(path[i] = strdup(msp_outfile_path(k->part[i].file))))
			s = no_memory(k);
	for (; done < k->parts && s == MSP_OK; done++) {
		s = msp_outfile_commit(k->part[done].file, err_of(k));
		k->part[done].file = NULL;
	}
	for (size_t i = 0; path && s < 0 && i + 1 < done; i++)
		(void)unlink(path[i]);
	for (size_t i = 0; path && i < k->parts; i++)
		free(path[i]);
	free(path);
	return s;
}

static int drain(void *self, struct msp_job *job)
{
	struct split *k = self;
	int s = k->by ? drain_keys(k) : MSP_OK;

	for (size_t i = 0; i < k->parts && s == MSP_OK; i++)
		if (k->part[i].next == NULL || k->part[i].writer) /* the others are closed already */
			s = close_part(k, &k->part[i]);
	for (size_t i = 0; i < k->parts && s == MSP_OK && k->size; i++)
		s = amend(k, &k->part[i]);
	if (s == MSP_OK)
		s = commit(k);
	if (s == MSP_OK)
		msp_job_say(job, "%zu part%s", k->parts, k->parts == 1 ? "" : "s");
	return s;
}

static void stop(void *self)
{
	struct split *k = self;

	for (size_t i = 0; i < k->parts; i++) {
		msp_writer_free(k->part[i].writer);
		msp_outfile_abort(k->part[i].file);
		free(k->part[i].next);
	}
	free(k->part);
	for (size_t i = 0; i < k->sources; i++)
		msp_bytes_free(&k->source[i].pipeline);
	free(k->source);
	msp_sorter_free(k->sorter);
	msp_groups_free(&k->groups);
	msp_groups_free(&k->names);
	msp_keys_free(&k->keys);
	msp_object_free(&k->object);
}

const struct msp_tool msp_tool = {
	.name = "mssplit",
	.summary = "divide a stream into parts that know of each other",
	.operands = "[FILE...]",
	.options = options,
	.size = sizeof(struct split),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_SINK | MSP_TOOL_KEEPS_IDS | MSP_TOOL_RESTREAM | MSP_TOOL_GATHERS,
	.start = start,
	.flow = flow,
	.block = block,
	.header = header,
	.drain = drain,
	.stop = stop,
};
