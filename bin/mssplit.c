/* mssplit - one stream into parts
 *
 * Each part is a file that knows of which stream it is which part. By number and by size, blocks are copied as they are where that
 * does not spoil the division; by key, objects are sorted by the number of their part, which keeps few files open however many parts
 * there are. Where the number of parts is known only in the end (--size), it is written into the headers then. No part gets its
 * name before the whole input was read and found complete, and all parts are on the disk. */
#include "mspipe/gather.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct split {
	int64_t number;
	uint64_t size, max_memory;
	const char *by, *prefix;
	struct msp_job *job;
	struct msp_parts *parts;
	uint64_t *load; /* of each part, bytes so far: of the payload; --size: size of copied blocks */
	size_t room, to; /* the part being written to */
	uint64_t total;
	bool inside, nomem;
	struct msp_object object;
	/* --by */
	struct msp_keys keys;
	struct msp_groups groups, names;
	struct msp_sorter *sorter;
	struct split *self;
	uint64_t last;
};

static const struct msp_option options[] = {
	{.name = "number", .letter = 'n', .type = MSP_OPT_INT, .offset = offsetof(struct split, number), .arg = "N", .min = 1,
	 .max = MSP_PARTS_MAX, .help = "N parts of about the same size"},
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

static int add_part(struct split *k, const char *path)
{
	size_t n = msp_parts_count(k->parts);

	if (n == k->room) {
		size_t room = k->room ? 2 * k->room : 16;
		uint64_t *load = realloc(k->load, room * sizeof *load);

		if (!load)
			return no_memory(k);
		k->load = load;
		k->room = room;
	}
	k->load[n] = 0;
	k->to = n;
	return msp_parts_add(k->parts, path, err_of(k));
}

static int add_numbered(struct split *k)
{
	char *path = NULL;
	int s;

	if (asprintf(&path, "%s.%04zu.msp", k->prefix, msp_parts_count(k->parts) + 1) < 0)
		return no_memory(k);
	s = add_part(k, path);
	free(path);
	return s;
}

/* ---- input --------------------------------------------------------------- */

static int header(void *self, struct msp_job *job, const struct msp_header *h)
{
	struct split *k = self;
	if (h->parts != 0)
		return msp_error_set(err_of(k), MSP_USAGE, "%s is part %" PRIu32 " of %" PRIu32 " of a stream already: it is not split again",
		                     msp_job_input_name(job), h->part, h->parts);
	return msp_parts_source(k->parts, h, err_of(k));
}

static size_t least_loaded(const struct split *k)
{
	size_t best = 0;

	for (size_t i = 1; i < msp_parts_count(k->parts); i++)
		if (k->load[i] < k->load[best])
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
	if (k->load[k->to] == 0 || k->load[k->to] + bytes <= k->size)
		return MSP_OK;
	int s = msp_parts_close(k->parts, k->to, err_of(k));
	if (s < 0)
		return s;
	return add_numbered(k);
}

static void count(struct split *k, uint64_t bytes)
{
	k->load[k->to] += bytes;
	k->total += bytes;
}

static int put(struct split *k, const struct msp_object *o)
{
	uint64_t bytes = 96 + o->samples.len + o->metadata.len + o->elog.len + o->history.len + o->extra.len;
	int s = k->inside ? MSP_OK : choose(k, bytes);

	if (s < 0)
		return s;
	k->inside = o->kind == MSP_ENSEMBLE_BEGIN || (k->inside && o->kind != MSP_ENSEMBLE_END);
	s = msp_parts_put(k->parts, k->to, o, err_of(k));
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
		msp_parts_set_level(k->parts, b->compressed);
	(void)job;
	if (!copies(k, b))
		return put_objects(k);
	s = b->in_ensemble ? MSP_OK : choose(k, bytes);
	if (s == MSP_OK)
		s = msp_parts_put_block(k->parts, k->to, b, err_of(k));
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
		snprintf(number_text, sizeof number_text, ".%zu", msp_parts_count(k->parts) + 1);
		s = msp_bytes_append(name, number_text, strlen(number_text));
	}
	if (s == MSP_OK)
		s = msp_bytes_append(name, ".msp", 5);
	return s < 0 ? no_memory(k) : MSP_OK;
}

static int next_part(struct split *k, const struct msp_object *first)
{
	struct msp_bytes name = {0};
	int s = msp_parts_count(k->parts) > 0 ? msp_parts_close(k->parts, k->to, err_of(k)) : MSP_OK;

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
	int s = MSP_OK;

	if (!k->inside) {
		struct msp_value v;
		char scratch[MSP_ID_TEXT];

		number(&k->self, o, 0, &v, scratch);
		if (k->nomem)
			return no_memory(k);
		if (msp_parts_count(k->parts) == 0 || (uint64_t)v.u.i != k->last)
			s = next_part(k, o);
		k->last = (uint64_t)v.u.i;
	}
	if (s < 0)
		return s;
	k->inside = o->kind == MSP_ENSEMBLE_BEGIN || (k->inside && o->kind != MSP_ENSEMBLE_END);
	return msp_parts_put(k->parts, k->to, o, err_of(k));
}

/* Objects that were sorted are not told apart by where they came from: several streams become one. */
static int drain_keys(struct split *k)
{
	int s = msp_parts_merge_sources(k->parts, "mssplit", err_of(k));

	if (k->groups.n > MSP_PARTS_MAX)
		return msp_error_set(err_of(k), MSP_FAIL, "more than %d parts", MSP_PARTS_MAX);
	msp_parts_set_number(k->parts, (uint32_t)k->groups.n);
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
	struct msp_parts_options parts = {.number = (uint32_t)k->number, .level = k->by != NULL, .poll = msp_job_poll_fn(), .context = job};
	int s;

	k->job = job;
	k->self = k;
	msp_object_init(&k->object);
	msp_job_inputs_from(job, 0);
	if ((k->number != 0) + (k->size != 0) + (k->by != NULL) != 1)
		return msp_error_set(err_of(k), MSP_USAGE, "give one of --number, --size and --by");
	if (!k->prefix[0])
		return msp_error_set(err_of(k), MSP_USAGE, "--prefix is empty");
	k->parts = msp_parts_new(&parts);
	if (!k->parts)
		return no_memory(k);
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

static int drain(void *self, struct msp_job *job)
{
	struct split *k = self;
	int s = k->by ? drain_keys(k) : MSP_OK;

	size_t n = msp_parts_count(k->parts);

	if (s == MSP_OK)
		s = msp_parts_commit(k->parts, err_of(k));
	if (s == MSP_OK)
		msp_job_say(job, "%zu part%s", n, n == 1 ? "" : "s");
	return s;
}

static void stop(void *self)
{
	struct split *k = self;

	msp_parts_free(k->parts);
	free(k->load);
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
