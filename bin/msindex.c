/* msindex - make an index of recordings in a store
 * reads: miniSEED and SAC files   writes: documents of wf_miniseed   kills: nothing */
#include "mspipe/index.h"
#include "mspipe/tool.h"

#include <inttypes.h>
#include <stddef.h>

#define NAMED 10 /* files that are told one by one */

struct index {
	const char *tag; /* options */
	int64_t jobs;
	bool all, prune;

	struct msp_job *job;
	struct msp_sources sources;
	struct msp_index_counts counts;
	uint64_t told[2]; /* troubles, files that are gone */
};

#define AT(m) offsetof(struct index, m)
static const struct msp_option options[] = {
	{.name = "tag", .type = MSP_OPT_STRING, .offset = AT(tag), .arg = "TAG", .help = "data_tag of the documents"},
	{.name = "jobs", .letter = 'j', .type = MSP_OPT_INT, .offset = AT(jobs), .arg = "N", .def = "1", .min = 1, .max = 512,
	 .flags = MSP_OPTF_NOID, .help = "read N files at a time (default 1)"},
	{.name = "all", .type = MSP_OPT_FLAG, .offset = AT(all), .help = "index files that have not changed, too"},
	{.name = "prune", .type = MSP_OPT_FLAG, .offset = AT(prune),
	 .help = "remove the documents of files that are gone from the directories named"},
	{0},
};

static int start(void *self, struct msp_job *job)
{
	struct index *x = self;
	struct msp_error *err = msp_job_error(job);
	int last = msp_job_operands(job) - 1;

	x->job = job;
	if (!msp_store_is(msp_job_operand(job, last)))
		return msp_error_set(err, MSP_USAGE, "%s: not a store: the last operand is path.msdb or mongodb://HOST/DATABASE",
		                     msp_job_operand(job, last));
	for (int i = 0; i < last; i++)
		if (msp_store_is(msp_job_operand(job, i)))
			return msp_error_set(err, MSP_USAGE, "%s: a store is not indexed, and only the last operand is written to",
			                     msp_job_operand(job, i));
	return MSP_OK;
}

static void tell(void *context, int event, const char *path, const char *why)
{
	struct index *x = context;

	if (x->told[event == MSP_INDEX_GONE]++ >= NAMED)
		return;
	if (event == MSP_INDEX_GONE)
		msp_job_warn(x->job, "%s: gone; its documents are %s", path, why);
	else
		msp_job_warn(x->job, "%s: %s", path, why);
}

static int interrupted(void *context)
{
	struct index *x = context;

	msp_job_tick(x->job);
	return msp_job_poll_fn()(x->job);
}

static int find_sources(struct index *x)
{
	struct msp_error *err = msp_job_error(x->job);
	int rc = MSP_OK;

	x->sources.empty = true; /* its files may all be gone, which is worth telling */
	for (int i = 0; i < msp_job_operands(x->job) - 1 && rc == MSP_OK; i++)
		rc = msp_sources_add(&x->sources, msp_job_operand(x->job, i), err);
	return rc;
}

static void conclude(struct index *x)
{
	const struct msp_index_counts *c = &x->counts;

	if (c->troubled > NAMED)
		msp_job_warn(x->job, "%" PRIu64 " more files could not be indexed, or not as a whole", c->troubled - NAMED);
	if (c->gone > NAMED)
		msp_job_warn(x->job, "%" PRIu64 " more files are gone", c->gone - NAMED);
	if (c->gone > 0 && !x->prune)
		msp_job_warn(x->job, "--prune removes the documents of files that are gone");
	if (c->streams > 0)
		msp_job_warn(x->job, "%" PRIu64 " msp streams and stores are not indexed: mssave puts a stream's objects into a store", c->streams);
	msp_job_say(x->job, "%" PRIu64 " files: %" PRIu64 " read, %" PRIu64 " unchanged; %" PRIu64 " documents written, %" PRIu64 " removed", c->files,
	            c->indexed, c->unchanged, c->documents, c->removed);
	msp_job_strict_kill_count(x->job, c->troubled);
}

static int drain(void *self, struct msp_job *job)
{
	struct index *x = self;
	struct msp_error *err = msp_job_error(job);
	struct msp_index_options how = {.tag = x->tag && *x->tag ? x->tag : NULL, .workers = (unsigned)x->jobs, .all = x->all, .prune = x->prune,
	                                .tell = tell, .poll = interrupted, .context = x};
	const char *name = msp_job_operand(job, msp_job_operands(job) - 1);
	struct msp_store *store;
	int rc = find_sources(x), closed;

	if (rc == MSP_OK)
		rc = msp_index_check(&x->sources, err);
	if (rc == MSP_OK)
		rc = msp_store_open_with(name, MSP_STORE_CREATE, msp_job_poll_fn(), job, &store, err);
	if (rc != MSP_OK)
		return rc;
	rc = msp_index_sources(store, &x->sources, &how, &x->counts, err);
	closed = msp_store_close(store, rc == MSP_OK ? err : NULL);
	if (rc != MSP_OK || closed != MSP_OK)
		return rc != MSP_OK ? rc : closed;
	conclude(x);
	return MSP_OK;
}

static void status(void *self, char *buf, size_t size)
{
	const struct index *x = self;
	const struct msp_index_counts *c = &x->counts;

	snprintf(buf, size, "%" PRIu64 " of %" PRIu64 " files done, %" PRIu64 " documents written", c->unchanged + c->indexed, c->files, c->documents);
}

static void stop(void *self)
{
	struct index *x = self;

	msp_sources_free(&x->sources);
}

const struct msp_tool msp_tool = {
	.name = "msindex",
	.summary = "make an index of recordings in a store",
	.operands = "SOURCE... STORE",
	.options = options,
	.size = sizeof(struct index),
	.flags = MSP_TOOL_SOURCE | MSP_TOOL_SINK,
	.own_operands = 2,
	.start = start,
	.drain = drain,
	.status = status,
	.stop = stop,
};
