/* msread - read recordings and stores: files, directories, lists, streams, waveform documents
 * reads: miniSEED, SAC, msp, stores   writes: a stream   kills: what cannot be read */
#include "mspipe/recordings.h"
#include "mspipe/waveform.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct read {
	struct msp_recordings_options with; /* options */
	struct msp_waves_options waves;
	bool explain;

	struct msp_job *job;
	struct msp_recordings *recordings;
	struct msp_sources sources;
	struct msp_store **store; /* one for each source; NULL: it is none */
	size_t stores;
};

#define AT(m) offsetof(struct read, m)
static const struct msp_option options[] = {
	{.name = "expr", .letter = 'e', .type = MSP_OPT_STRINGS, .offset = AT(with.exprs), .arg = "EXPR",
	 .help = "only objects for which EXPR is true, see msexpr(7); several must all be"},
	{.name = "query", .type = MSP_OPT_STRING, .offset = AT(waves.query), .arg = "JSON",
	 .help = "stores: only documents that match the MongoDB filter JSON"},
	{.name = "collection", .type = MSP_OPT_STRING, .offset = AT(waves.collection), .arg = "C",
	 .help = "stores: read this collection (default: wf_TimeSeries and wf_Seismogram, or else wf_miniseed)"},
	{.name = "tag", .type = MSP_OPT_STRING, .offset = AT(waves.tag), .arg = "TAG",
	 .help = "stores: only documents with this data_tag"},
	{.name = "from", .type = MSP_OPT_CHOICE, .offset = AT(with.from), .arg = "FORMAT",
	 .choices = "auto|msp|mseed|sac", .def = "auto",
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
	{.name = "join", .type = MSP_OPT_STRING, .offset = AT(waves.join), .arg = "LIST",
	 .help = "stores: put the attributes of channel, site, source ... on objects, see msjoin(1)"},
	{.name = "ensembles", .type = MSP_OPT_FLAG, .offset = AT(waves.read.ensembles), .help = "stores: ensembles as mssave got them"},
	{.name = "mode", .type = MSP_OPT_CHOICE, .offset = AT(waves.read.mode), .arg = "MODE",
	 .choices = "promiscuous|cautious|pedantic", .def = "promiscuous",
	 .help = "stores: what is done with keys that MsPASS's schema has differently (default promiscuous: nothing)"},
	{.name = "ids", .type = MSP_OPT_FLAG, .offset = AT(waves.read.ids),
	 .help = "stores: add the document's _id as COLLECTION_id, and its references"},
	{.name = "base", .type = MSP_OPT_STRING, .offset = AT(waves.read.base), .arg = "DIR", .flags = MSP_OPTF_NOID,
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
			rc = msp_store_open_with(r->sources.item[i].path, 0, msp_job_poll_fn(), r->job, &r->store[i], err);
		}
	return rc;
}

/* What is about stores does nothing for files, so it is refused. */
static int check_options(struct read *r)
{
	const struct msp_waves_options *w = &r->waves;
	const char *of_stores = w->query ? "--query" : w->collection ? "--collection" : w->tag ? "--tag" : w->join ? "--join" :
	                        w->read.ids ? "--ids" : w->read.ensembles ? "--ensembles" : w->read.mode ? "--mode" :
	                        w->read.base ? "--base" : r->explain ? "--explain" : NULL;

	if (of_stores && r->stores == 0)
		return msp_error_set(msp_job_error(r->job), MSP_USAGE, "%s is for stores, and there is none among the sources", of_stores);
	if (w->read.ensembles && r->with.group)
		return msp_error_set(msp_job_error(r->job), MSP_USAGE, "--ensembles and --group exclude each other");
	return msp_waves_check(w, msp_job_error(r->job));
}

/* What files and stores have in common. */
static void share_options(struct read *r)
{
	struct msp_waves_options *w = &r->waves;

	w->read.headers = r->with.headers;
	w->read.poll = msp_job_poll_fn();
	w->read.context = r->job;
	w->expr = msp_recordings_exprs(r->recordings);
	w->n_expr = r->with.exprs.n;
	w->start = r->with.start != MSP_OPT_UNSET ? r->with.start : INT64_MIN;
	w->end = r->with.end != MSP_OPT_UNSET ? r->with.end : INT64_MAX;
	w->sort = r->with.sort;
	w->group = r->with.group;
	w->algorithm = "msread";
	msp_recordings_part(r->recordings, &w->part, &w->parts);
	w->count = r->stores < r->sources.n; /* others may be divided by number, and go on where the stores ended */
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
	if (rc != MSP_OK)
		return rc;
	share_options(r);
	rc = check_options(r);
	/* where the sources lie makes no difference to what becomes of the objects */
	return rc == MSP_OK ? msp_job_canonical_operands(job, "") : rc;
}

/* ---- stores ------------------------------------------------------------ */

static int explain(struct read *r, struct msp_waves *w)
{
	struct msp_bytes text = {0};
	int rc = msp_waves_explain(w, &text, msp_job_error(r->job));

	for (size_t at = 0; rc == MSP_OK && at < text.len;) {
		const char *line = (const char *)text.data + at, *end = memchr(line, '\n', text.len - at);
		size_t n = end ? (size_t)(end - line) : text.len - at;

		msp_job_warn(r->job, "%.*s", (int)n, line);
		at += n + 1;
	}
	msp_bytes_free(&text);
	return rc;
}

/* Said once for a store. */
static void tell(struct read *r, struct msp_store *s, struct msp_waves *w)
{
	const char *collections;
	char text[512];

	if (!msp_waves_any(w, &collections))
		msp_job_warn(r->job, "%s: no documents in %s", msp_store_name(s), collections);
	for (unsigned i = 0; msp_waves_remark(w, i, text, sizeof text); i++)
		msp_job_warn(r->job, "%s", text);
	msp_recordings_count(r->recordings, msp_waves_chosen(w));
	msp_recordings_tell(r->recordings, msp_store_name(s));
}

static int read_waves(struct read *r, struct msp_store *s, struct msp_waves *w)
{
	bool ordered = msp_waves_sorted(w) && (r->sources.n == 1 || r->with.group || r->waves.read.ensembles);
	struct msp_object o;
	int rc;

	msp_object_init(&o);
	while ((rc = msp_waves_next(w, &o, msp_job_error(r->job))) == 1) {
		unsigned flags = r->with.sort && !ordered ? MSP_RECORDING_ARRANGE : 0;

		flags |= msp_waves_is_origin(w) ? MSP_RECORDING_ORIGIN : 0;
		flags |= msp_waves_trouble(w) ? MSP_RECORDING_TROUBLE : 0;
		flags |= msp_waves_changed(w) || (r->with.headers && o.live) ? MSP_RECORDING_CHANGED : 0;
		rc = msp_recordings_put(r->recordings, &o, flags);
		if (rc < 0)
			break;
	}
	msp_object_free(&o);
	if (rc == MSP_OK)
		tell(r, s, w);
	return rc;
}

static int read_store(struct read *r, struct msp_store *s)
{
	uint64_t left = msp_recordings_left(r->recordings);
	struct msp_waves *w;
	int rc;

	if (left == 0)
		return MSP_OK;
	r->waves.limit = left == UINT64_MAX ? 0 : left;
	rc = msp_waves_open(s, &r->waves, &w, msp_job_error(r->job));
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
	if (rc == MSP_OK && r->stores == 0 && r->sources.n > 0 && msp_recordings_bytes(r->recordings) == 0 &&
	    !msp_recordings_full(r->recordings))
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
}

/* Parts of a store are made by the group's values; those of files are not. */
static const char *whole(const void *self)
{
	return ((const struct read *)self)->with.group ? "--group makes ensembles of what one part of the files has" : NULL;
}

const struct msp_tool msp_tool = {
	.name = "msread",
	.summary = "read recordings (miniSEED, SAC, msp) and stores as a stream",
	.operands = "SOURCE...",
	.options = options,
	.size = sizeof(struct read),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_SOURCE,
	.whole = whole,
	.start = start,
	.flow = flow,
	.drain = drain,
	.stop = stop,
};
