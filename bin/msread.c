/* msread - read recordings and stores: files, directories, lists, streams, waveform documents
 * reads: miniSEED, SAC, msp, stores   writes: a stream   kills: what cannot be read */
#include "mspipe/documents.h"
#include "mspipe/recordings.h"
#include "mspipe/waveform.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct read {
	struct msp_recordings_options with; /* options */
	const char *collection, *query, *tag, *base;
	int mode;
	bool ids, ensembles, explain;

	struct msp_job *job;
	struct msp_recordings *recordings;
	struct msp_sources sources;
	struct msp_store **store; /* one for each source; NULL: it is none */
	size_t stores;
	bson_t *filter;
	struct msp_keys sort, group;
};

#define AT(m) offsetof(struct read, m)
static const struct msp_option options[] = {
	{.name = "expr", .letter = 'e', .type = MSP_OPT_STRINGS, .offset = AT(with.exprs), .arg = "EXPR",
	 .help = "only objects for which EXPR is true, see msexpr(7); several must all be"},
	{.name = "query", .type = MSP_OPT_STRING, .offset = AT(query), .arg = "JSON",
	 .help = "stores: only documents that match the MongoDB filter JSON"},
	{.name = "collection", .type = MSP_OPT_STRING, .offset = AT(collection), .arg = "C",
	 .help = "stores: read this collection (default: wf_TimeSeries and wf_Seismogram, or else wf_miniseed)"},
	{.name = "tag", .type = MSP_OPT_STRING, .offset = AT(tag), .arg = "TAG", .help = "stores: only documents with this data_tag"},
	{.name = "from", .type = MSP_OPT_CHOICE, .offset = AT(with.from), .arg = "FORMAT", .choices = "auto|msp|mseed|sac", .def = "auto",
	 .help = "what the files are (default: told by their content)"},
	{.name = "start", .type = MSP_OPT_TIME, .offset = AT(with.start), .arg = "T", .help = "no samples before T"},
	{.name = "end", .type = MSP_OPT_TIME, .offset = AT(with.end), .arg = "T", .help = "no samples after T"},
	{.name = "part", .type = MSP_OPT_STRING, .offset = AT(with.part), .arg = "I/N", .flags = MSP_OPTF_NOID,
	 .help = "the I-th of N parts of the selection, I from 1"},
	{.name = "limit", .type = MSP_OPT_INT, .offset = AT(with.limit), .arg = "N", .def = "-1", .min = 0, .max = 9e15,
	 .help = "only the first N objects of the selection"},
	{.name = "headers", .type = MSP_OPT_FLAG, .offset = AT(with.headers), .help = "no samples"},
	{.name = "sort", .type = MSP_OPT_STRING, .offset = AT(with.sort), .arg = "KEYS",
	 .help = "sort by these keys, such as sta,-starttime"},
	{.name = "group", .type = MSP_OPT_STRING, .offset = AT(with.group), .arg = "KEYS",
	 .help = "make an ensemble of the objects that are equal in these keys"},
	{.name = "ensembles", .type = MSP_OPT_FLAG, .offset = AT(ensembles), .help = "stores: ensembles as mssave got them"},
	{.name = "mode", .type = MSP_OPT_CHOICE, .offset = AT(mode), .arg = "MODE", .choices = "promiscuous|cautious|pedantic", .def = "promiscuous",
	 .help = "stores: what is done with keys that MsPASS's schema has differently (default promiscuous: nothing)"},
	{.name = "ids", .type = MSP_OPT_FLAG, .offset = AT(ids), .help = "stores: add the document's _id as COLLECTION_id, and its references"},
	{.name = "base", .type = MSP_OPT_STRING, .offset = AT(base), .arg = "DIR", .flags = MSP_OPTF_NOID,
	 .help = "stores: where relative directories of documents begin (default: the store's)"},
	{.name = "explain", .type = MSP_OPT_FLAG, .offset = AT(explain), .flags = MSP_OPTF_NOID,
	 .help = "say on standard error what the store is asked"},
	{.name = "max-mem", .type = MSP_OPT_SIZE, .offset = AT(with.max_memory), .arg = "SIZE", .def = "1G", .flags = MSP_OPTF_NOID,
	 .help = "--sort, --group: objects held in memory; more go to files in $TMPDIR (default 1G)"},
	{0},
};

/* ---- options ----------------------------------------------------------- */

static int find_sources(struct read *r)
{
	struct msp_error *err = msp_job_error(r->job);
	int n = msp_job_operands(r->job), rc;

	r->sources.stores = true;
	rc = n == 0 ? msp_sources_add(&r->sources, "-", err) : MSP_OK;
	for (int i = 0; i < n && rc == MSP_OK; i++)
		rc = msp_sources_add(&r->sources, msp_job_operand(r->job, i), err);
	return rc;
}

static int open_stores(struct read *r)
{
	struct msp_error *err = msp_job_error(r->job);
	int rc = MSP_OK;

	r->store = calloc(r->sources.n + 1, sizeof(struct msp_store *));
	if (!r->store)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	for (size_t i = 0; i < r->sources.n && rc == MSP_OK; i++)
		if (r->sources.item[i].store) {
			r->stores++;
			rc = msp_store_open(r->sources.item[i].path, 0, &r->store[i], err);
		}
	return rc;
}

/* What is about stores does nothing for files, so it is refused. */
static int check_options(struct read *r)
{
	const char *of_stores = r->query ? "--query" : r->collection ? "--collection" : r->tag ? "--tag" : r->ids ? "--ids" :
	                        r->ensembles ? "--ensembles" : r->mode ? "--mode" : r->base ? "--base" : r->explain ? "--explain" : NULL;

	if (of_stores && r->stores == 0)
		return msp_error_set(msp_job_error(r->job), MSP_USAGE, "%s is for stores, and there is none among the sources", of_stores);
	if (r->ensembles && r->with.group)
		return msp_error_set(msp_job_error(r->job), MSP_USAGE, "--ensembles and --group exclude each other");
	return MSP_OK;
}

static int parse_keys(struct read *r)
{
	struct msp_error *err = msp_job_error(r->job);
	bson_t made;
	int rc = MSP_OK;

	if (r->with.sort)
		rc = msp_keys_parse(r->with.sort, true, &r->sort, err);
	if (rc == MSP_OK && r->with.group)
		rc = msp_keys_parse(r->with.group, false, &r->group, err);
	if (rc == MSP_OK && r->query) {
		rc = msp_json_parse(r->query, strlen(r->query), &made, NULL, err);
		if (rc != MSP_OK)
			return msp_error_prefix(err, "--query");
		r->filter = bson_copy(&made);
		bson_destroy(&made);
	}
	return rc;
}

static int start(void *self, struct msp_job *job)
{
	struct read *r = self;
	int rc;

	r->job = job;
	r->recordings = msp_recordings_new(job, &r->with);
	rc = r->recordings ? find_sources(r) : msp_job_error(job)->status;
	if (rc == MSP_OK)
		rc = open_stores(r);
	if (rc == MSP_OK)
		rc = check_options(r);
	if (rc == MSP_OK)
		rc = parse_keys(r);
	if (rc == MSP_OK) /* where the sources lie makes no difference to what becomes of the objects */
		rc = msp_job_canonical_operands(job, "");
	return rc;
}

/* ---- stores ------------------------------------------------------------ */

static int explain(struct read *r, struct msp_waves *w)
{
	struct msp_error *err = msp_job_error(r->job);
	struct msp_bytes text = {0};
	int rc = msp_waves_explain(w, &text, err);

	if (rc == MSP_OK)
		rc = msp_bytes_append(&text, "", 1) == MSP_OK ? MSP_OK : msp_error_set(err, MSP_NOMEM, "out of memory");
	for (char *line = (char *)text.data; rc == MSP_OK && *line; line += strlen(line) + 1) {
		line[strcspn(line, "\n")] = '\0';
		msp_job_warn(r->job, "%s", line);
	}
	msp_bytes_free(&text);
	return rc;
}

static int read_waves(struct read *r, struct msp_store *s, struct msp_waves *w)
{
	bool arrange = r->with.sort && !(msp_waves_sorted(w) && (r->sources.n == 1 || r->with.group || r->ensembles));
	struct msp_object o;
	int rc;

	if (!msp_waves_any(w))
		msp_job_warn(r->job, "%s: no documents in %s", msp_store_name(s), r->collection ? r->collection : "wf_TimeSeries, wf_Seismogram, wf_miniseed");
	msp_object_init(&o);
	while ((rc = msp_waves_next(w, &o, msp_job_error(r->job))) == 1) {
		rc = msp_recordings_put(r->recordings, &o, (msp_waves_is_origin(w) ? MSP_RECORDING_ORIGIN : 0) |
		                        (msp_waves_trouble(w) ? MSP_RECORDING_TROUBLE : 0) | (arrange ? MSP_RECORDING_ARRANGE : 0));
		if (rc < 0)
			break;
	}
	msp_object_free(&o);
	msp_recordings_count(r->recordings, msp_waves_chosen(w));
	if (rc == MSP_OK)
		msp_recordings_tell(r->recordings, msp_store_name(s));
	return rc;
}

static int read_store(struct read *r, struct msp_store *s)
{
	struct msp_waves_options o = {.collection = r->collection, .query = r->filter, .tag = r->tag, .n_expr = r->with.exprs.n};
	struct msp_waves *w;
	int rc;

	o.read = (struct msp_wfread_options){.mode = r->mode, .headers = r->with.headers, .ids = r->ids, .ensembles = r->ensembles, .base = r->base,
	                                     .poll = msp_job_poll_fn(), .context = r->job};
	o.expr = msp_recordings_exprs(r->recordings);
	o.start = r->with.start != MSP_OPT_UNSET ? r->with.start : INT64_MIN;
	o.end = r->with.end != MSP_OPT_UNSET ? r->with.end : INT64_MAX;
	o.sort = r->with.sort ? &r->sort : NULL;
	o.group = r->with.group ? &r->group : NULL;
	o.limit = msp_recordings_left(r->recordings);
	msp_recordings_part(r->recordings, &o.part, &o.parts);
	if (o.limit == 0)
		return MSP_OK;
	o.limit = o.limit == UINT64_MAX ? 0 : o.limit;
	rc = msp_waves_open(s, &o, &w, msp_job_error(r->job));
	if (rc == MSP_OK && r->explain)
		rc = explain(r, w);
	if (rc == MSP_OK)
		rc = read_waves(r, s, w);
	msp_waves_free(w);
	return rc;
}

/* ---- the whole --------------------------------------------------------- */

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	(void)job;
	return msp_recordings_flow(((struct read *)self)->recordings, o);
}

static int drain(void *self, struct msp_job *job)
{
	struct read *r = self;
	int rc = msp_recordings_origin(r->recordings, &r->sources);

	for (size_t i = 0; i < r->sources.n && rc == MSP_OK && !msp_recordings_full(r->recordings); i++)
		rc = r->store[i] ? read_store(r, r->store[i]) : msp_recordings_read(r->recordings, &r->sources.item[i]);
	if (rc == MSP_OK && r->stores == 0 && msp_recordings_bytes(r->recordings) == 0 && r->sources.n > 0 && !msp_recordings_full(r->recordings))
		return msp_error_set(msp_job_error(job), MSP_CORRUPT, "%s: no input: %s",
		                     r->sources.item[0].path ? r->sources.item[0].path : "standard input",
		                     r->sources.n == 1 ? "it is empty" : "all sources are empty");
	return rc == MSP_OK ? msp_recordings_drain(r->recordings) : rc;
}

static void stop(void *self)
{
	struct read *r = self;

	msp_recordings_free(r->recordings);
	for (size_t i = 0; r->store && i < r->sources.n; i++)
		(void)msp_store_close(r->store[i], NULL);
	free(r->store);
	msp_sources_free(&r->sources);
	msp_keys_free(&r->sort);
	msp_keys_free(&r->group);
	bson_destroy(r->filter);
}

const struct msp_tool msp_tool = {
	.name = "msread",
	.summary = "read recordings (miniSEED, SAC, msp) and stores as a stream",
	.operands = "SOURCE...",
	.options = options,
	.size = sizeof(struct read),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_SOURCE,
	.start = start,
	.flow = flow,
	.drain = drain,
	.stop = stop,
};
