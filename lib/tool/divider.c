/* A stream divided into parts, by number or by size: which part an object or a block goes to. Blocks are copied as they are where that
 * does not spoil the division. */
#include "tool/divider.h"

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

struct msp_error *divider_error(const struct msp_divider *k)
{
	return msp_job_error(k->job);
}

int divider_no_memory(const struct msp_divider *k)
{
	return msp_error_set(divider_error(k), MSP_NOMEM, "no memory left");
}

/* ---- a part -------------------------------------------------------------- */

int divider_add(struct msp_divider *k, const char *path)
{
	size_t n = msp_parts_count(k->parts);

	if (n == k->room) {
		size_t room = k->room ? 2 * k->room : 16;
		uint64_t *load = realloc(k->load, room * sizeof *load);

		if (!load)
			return divider_no_memory(k);
		k->load = load;
		k->room = room;
	}
	k->load[n] = 0;
	k->to = n;
	return msp_parts_add(k->parts, path, divider_error(k));
}

static int add_numbered(struct msp_divider *k)
{
	char *path = NULL;
	int s;

	if (asprintf(&path, "%s.%04zu.msp", k->options.prefix, msp_parts_count(k->parts) + 1) < 0)
		return divider_no_memory(k);
	s = divider_add(k, path);
	free(path);
	return s;
}

/* ---- input --------------------------------------------------------------- */

int msp_divider_header(struct msp_divider *k, const struct msp_header *h)
{
	if (h->parts != 0)
		return msp_error_set(divider_error(k), MSP_USAGE, "%s is part %" PRIu32 " of %" PRIu32 " of a stream already: it is not split again",
		                     msp_job_input_name(k->job), h->part, h->parts);
	return msp_parts_source(k->parts, h, divider_error(k));
}

void divider_follow(struct msp_divider *k, const struct msp_object *o)
{
	k->inside = o->kind == MSP_ENSEMBLE_BEGIN || (k->inside && o->kind != MSP_ENSEMBLE_END);
}

static size_t least_loaded(const struct msp_divider *k)
{
	size_t best = 0;

	for (size_t i = 1; i < msp_parts_count(k->parts); i++)
		if (k->load[i] < k->load[best])
			best = i;
	return best;
}

/* Where what comes next, of so many bytes, goes; not called inside an ensemble. */
static int choose(struct msp_divider *k, uint64_t bytes)
{
	if (k->options.number) {
		k->to = least_loaded(k);
		return MSP_OK;
	}
	if (k->load[k->to] == 0 || k->load[k->to] + bytes <= k->options.size)
		return MSP_OK;
	int s = msp_parts_close(k->parts, k->to, divider_error(k));
	if (s < 0)
		return s;
	return add_numbered(k);
}

static void count(struct msp_divider *k, uint64_t bytes)
{
	k->load[k->to] += bytes;
	k->total += bytes;
}

static int put(struct msp_divider *k, const struct msp_object *o)
{
	uint64_t bytes = 96 + o->samples.len + o->metadata.len + o->elog.len + o->history.len + o->extra.len;
	int s = k->inside ? MSP_OK : choose(k, bytes);

	if (s < 0)
		return s;
	divider_follow(k, o);
	s = msp_parts_put(k->parts, k->to, o, divider_error(k));
	count(k, bytes);
	return s;
}

static int put_objects(struct msp_divider *k)
{
	struct msp_reader *r = msp_job_reader(k->job);
	int s = msp_reader_open_block(r, divider_error(k));

	while (s >= 0 && msp_reader_block_left(r) > 0) {
		s = msp_reader_next(r, &k->object, divider_error(k));
		if (s >= 0)
			s = put(k, &k->object);
	}
	return s < 0 ? s : MSP_OK;
}

/* May the block be copied? By number: if it is small against a part so far. By size: if a part can hold it, and no ensemble runs over
 * its ends, so that it is not known how much will follow. */
static bool copies(const struct msp_divider *k, const struct msp_block *b)
{
	if (k->options.number)
		return b->totals.bytes <= k->total / (2 * (uint64_t)k->options.number) || k->options.number == 1;
	return b->size <= k->options.size && !b->in_ensemble && !b->ends_in_ensemble;
}

int msp_divider_block(struct msp_divider *k, const struct msp_block *b)
{
	uint64_t bytes = k->options.number ? b->totals.bytes : b->size;
	int s;

	if (k->total == 0)
		msp_parts_set_level(k->parts, b->compressed);
	if (!copies(k, b))
		return put_objects(k);
	s = b->in_ensemble ? MSP_OK : choose(k, bytes);
	if (s == MSP_OK)
		s = msp_parts_put_block(k->parts, k->to, b, divider_error(k));
	if (s < 0)
		return s;
	k->inside = b->ends_in_ensemble;
	count(k, bytes);
	return MSP_OK;
}

/* ---- the whole ----------------------------------------------------------- */

static int start_number(struct msp_divider *k)
{
	long files = sysconf(_SC_OPEN_MAX);
	int s = MSP_OK;

	if (files > 0 && k->options.number > files - 16)
		return msp_error_set(divider_error(k), MSP_USAGE, "%" PRId64 " parts need as many open files, and %ld are permitted (ulimit -n)",
		                     k->options.number, files);
	for (int64_t i = 0; i < k->options.number && s == MSP_OK; i++)
		s = add_numbered(k);
	return s;
}

static int start(struct msp_divider *k)
{
	const struct msp_divider_options *o = &k->options;
	struct msp_parts_options parts = {.number = (uint32_t)o->number, .level = o->by != NULL, .poll = msp_job_poll_fn(), .context = k->job};

	k->parts = msp_parts_new(&parts);
	if (!k->parts)
		return divider_no_memory(k);
	if (!o->by)
		msp_job_by_blocks(k->job);
	if (o->number)
		return start_number(k);
	return o->by ? divider_start_keys(k) : add_numbered(k);
}

struct msp_divider *msp_divider_new(struct msp_job *job, const struct msp_divider_options *options)
{
	struct msp_divider *k = calloc(1, sizeof(*k));

	if (!k) {
		msp_error_set(msp_job_error(job), MSP_NOMEM, "no memory left");
		return NULL;
	}
	k->job = job;
	k->options = *options;
	msp_object_init(&k->object);
	if (start(k) == MSP_OK)
		return k;
	msp_divider_free(k);
	return NULL;
}

int msp_divider_commit(struct msp_divider *k, size_t *parts)
{
	int s = k->options.by ? divider_drain_keys(k) : MSP_OK;

	*parts = msp_parts_count(k->parts);
	return s == MSP_OK ? msp_parts_commit(k->parts, divider_error(k)) : s;
}

void msp_divider_free(struct msp_divider *k)
{
	if (!k)
		return;
	msp_parts_free(k->parts);
	free(k->load);
	msp_sorter_free(k->sorter);
	msp_groups_free(&k->groups.groups);
	msp_groups_free(&k->names);
	msp_keys_free(&k->keys);
	msp_object_free(&k->object);
	free(k);
}
