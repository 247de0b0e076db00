/* mssave - save a stream: in a store, in a stream file, as miniSEED or SAC; only what was found complete */
#include "mspipe/format.h"
#include "mspipe/tool.h"
#include "mspipe/waveform.h"

#include <inttypes.h>
#include <string.h>

struct save {
	int to, mode; /* options */
	const char *name, *tag, *collection, *storage;
	bool live_only;
	int64_t record_length;

	struct msp_job *job;
	const char *target; /* as it may be said */
	char name_of_store[600];
	bool is_new; /* a store that is still to be made */
	struct msp_store *store;       /* one of these, or a stream by the frame */
	struct msp_save *documents;
	struct msp_format_save *files;
	uint64_t live, dead;
};

#define AT(m) offsetof(struct save, m)
static const struct msp_option options[] = {
	{.name = "to", .type = MSP_OPT_CHOICE, .offset = AT(to), .arg = "FORMAT", .choices = "auto|msp|mseed|sac", .def = "auto",
	 .flags = MSP_OPTF_NOID, .help = "what to write (default: by TARGET's or PATTERN's ending)"},
	{.name = "name", .type = MSP_OPT_STRING, .offset = AT(name), .arg = "PATTERN", .flags = MSP_OPTF_NOID,
	 .help = "TARGET is a directory; names of the files in it, with %{KEY} for values"},
	{.name = "live-only", .type = MSP_OPT_FLAG, .offset = AT(live_only), .help = "leave dead objects out of a stream or store, too"},
	{.name = "record-length", .type = MSP_OPT_INT, .offset = AT(record_length), .arg = "BYTES", .def = "4096", .min = 256, .max = 32768,
	 .flags = MSP_OPTF_NOID, .help = "miniSEED: length of records, a power of two (default 4096)"},
	{.name = "tag", .type = MSP_OPT_STRING, .offset = AT(tag), .arg = "TAG", .flags = MSP_OPTF_NOID,
	 .help = "store: data_tag of the documents; another TAG, other documents"},
	{.name = "collection", .type = MSP_OPT_STRING, .offset = AT(collection), .arg = "C", .flags = MSP_OPTF_NOID,
	 .help = "store: save into C (default wf_TimeSeries and wf_Seismogram)"},
	{.name = "storage", .type = MSP_OPT_STRING, .offset = AT(storage), .arg = "HOW", .def = "gridfs", .flags = MSP_OPTF_NOID,
	 .help = "store: where samples go: gridfs, or file:DIR (default gridfs)"},
	{.name = "mode", .type = MSP_OPT_CHOICE, .offset = AT(mode), .arg = "MODE", .choices = "promiscuous|cautious|pedantic",
	 .def = "promiscuous", .flags = MSP_OPTF_NOID, .help = "store: promiscuous, cautious or pedantic about keys of the schema"},
	{0},
};

/* ---- where ------------------------------------------------------------- */

static struct msp_save_options options_of(const struct save *s)
{
	struct msp_save_options o = {.collection = s->collection, .tag = s->tag, .mode = s->mode, .live_only = s->live_only,
	                             .poll = msp_job_poll_fn(), .context = s->job};

	if (strncmp(s->storage, "file:", 5) == 0 && s->storage[5])
		o.directory = s->storage + 5;
	return o;
}

static int open_store(struct save *s, struct msp_error *err)
{
	struct msp_save_options o = options_of(s);
	int rc = msp_store_open_with(s->target, MSP_STORE_CREATE, o.poll, o.context, &s->store, err);

	if (rc != MSP_OK)
		return rc;
	snprintf(s->name_of_store, sizeof(s->name_of_store), "%s", msp_store_name(s->store));
	s->target = s->name_of_store;
	return msp_save_begin(s->store, &o, &s->documents, err);
}

/* A new one is made when something has come to be put into it; what is wrong with one that is there is said at once. */
static int begin_store(struct save *s, struct msp_error *err)
{
	struct msp_save_options o = options_of(s);
	int rc = msp_save_check(&o, err);

	if (rc != MSP_OK)
		return rc;
	if (s->to || s->name)
		return msp_error_set(err, MSP_USAGE, "--%s is not for stores", s->to ? "to" : "name");
	if (!o.directory && strcmp(s->storage, "gridfs") != 0)
		return msp_error_set(err, MSP_USAGE, "--storage %s: gridfs or file:DIR", s->storage);
	s->is_new = msp_store_is_new(s->target);
	return s->is_new ? msp_store_makeable(s->target, err) : open_store(s, err);
}

/* With the segment that was begun before. */
static int make_store(struct save *s, struct msp_job *job)
{
	int rc = open_store(s, msp_job_error(job));

	s->is_new = false;
	return rc == MSP_OK && msp_job_header(job) ? msp_save_header(s->documents, msp_job_header(job), msp_job_error(job)) : rc;
}

static int open_files(struct save *s, struct msp_error *err)
{
	struct msp_format_save_options o = {.record_length = (uint32_t)s->record_length, .poll = msp_job_poll_fn(), .context = s->job};
	int rc = msp_format_choose(s->target, s->name, s->to, &o, err);

	if (rc != MSP_OK)
		return rc;
	return o.format == MSP_FORMAT_MSP ? msp_job_output(s->job, s->target) : msp_format_save_open(s->target, &o, &s->files, err);
}

static int start(void *self, struct msp_job *job)
{
	struct save *s = self;

	s->job = job;
	s->target = msp_job_operand(job, 0);
	msp_job_inputs_from(job, 1);
	if (msp_store_is(s->target))
		return begin_store(s, msp_job_error(job));
	if (s->tag || s->collection || strcmp(s->storage, "gridfs") != 0 || s->mode)
		return msp_error_set(msp_job_error(job), MSP_USAGE, "%s: --tag, --collection, --storage and --mode are for stores (path.msdb, mongodb://)",
		                     s->target);
	return open_files(s, msp_job_error(job));
}

/* ---- objects ----------------------------------------------------------- */

static int header(void *self, struct msp_job *job, const struct msp_header *h)
{
	struct msp_save *v = ((struct save *)self)->documents;

	return v ? msp_save_header(v, h, msp_job_error(job)) : MSP_OK;
}

static int flow(void *self, struct msp_job *job, struct msp_object *o)
{
	struct save *s = self;
	bool data = msp_object_is_data(o);
	int rc = s->is_new ? make_store(s, job) : MSP_OK;

	if (rc != MSP_OK)
		return rc;
	if (s->documents || s->files)
		return s->documents ? msp_save_object(s->documents, o, msp_job_error(job)) : msp_format_save_object(s->files, o, msp_job_error(job));
	if (data && !o->live && s->live_only)
		return MSP_OK;
	s->live += data && o->live;
	s->dead += data && !o->live;
	return msp_pass(job, o);
}

static void idle(void *self)
{
	struct save *s = self;

	if (s->documents)
		msp_save_idle(s->documents);
}

/* ---- the end ----------------------------------------------------------- */

static void tell_refused(struct save *s, uint64_t n, const char *what, const char *why)
{
	if (n > 0)
		msp_job_warn(s->job, "%s: %" PRIu64 " object%s %s: the first: %s", s->target, n, n == 1 ? "" : "s", what, why);
	msp_job_strict_kill_count(s->job, n);
}

static void say_if(struct save *s, uint64_t n, const char *what)
{
	if (n > 0)
		msp_job_say(s->job, "%" PRIu64 " %s", n, what);
}

static int end_documents(struct save *s, struct msp_error *err)
{
	struct msp_saved saved;
	int rc = msp_save_commit(s->documents, &saved, err);

	s->documents = NULL; /* whatever became of it */
	if (rc != MSP_OK)
		return rc;
	s->live = saved.live;
	s->dead = saved.dead;
	tell_refused(s, saved.killed + saved.refused, saved.refused ? "not saved, or not alive" : "killed, and buried", saved.why);
	say_if(s, saved.aborted, "objects never were data: in abortions");
	say_if(s, saved.left_out, "dead objects left out");
	say_if(s, saved.dropped, "keys are not in the documents, by MsPASS's rules");
	say_if(s, saved.there, "objects had their samples there already");
	rc = msp_store_close(s->store, err);
	s->store = NULL;
	return rc;
}

static int end_files(struct save *s, struct msp_error *err)
{
	const struct msp_format_saved *saved = msp_format_save_counts(s->files);
	int rc = msp_format_save_commit(s->files, err);

	if (saved->left_out > 0)
		msp_job_warn(s->job, "%s: %" PRIu64 " dead object%s left out", s->target, saved->left_out, saved->left_out == 1 ? "" : "s");
	tell_refused(s, saved->refused, "not saved", saved->why);
	s->live = saved->live;
	say_if(s, saved->times, "times are rounded to what the format holds");
	say_if(s, saved->rates, "sample intervals are rounded to what the format holds");
	say_if(s, saved->values, "objects have values that float32 does not hold exactly");
	say_if(s, saved->plain, "objects are written as INT32: their differences exceed Steim-2's 30 bits");
	return rc;
}

static int drain(void *self, struct msp_job *job)
{
	struct save *s = self;
	struct msp_error *err = msp_job_error(job);
	int rc = s->is_new ? make_store(s, job) : MSP_OK;

	if (rc == MSP_OK)
		rc = s->documents ? end_documents(s, err) : s->files ? end_files(s, err) : MSP_OK;
	if (rc == MSP_OK)
		msp_job_say(job, "saved %" PRIu64 " live, %" PRIu64 " dead in %s", s->live, s->dead, s->target);
	return rc;
}

static void stop(void *self)
{
	struct save *s = self;

	msp_save_abort(s->documents);
	(void)msp_store_close(s->store, NULL);
	msp_format_save_free(s->files);
}

const struct msp_tool msp_tool = {
	.name = "mssave",
	.summary = "save a stream in a store, as msp, miniSEED or SAC",
	.operands = "TARGET",
	.own_operands = 1,
	.options = options,
	.size = sizeof(struct save),
	.kinds = MSP_HANDLES_ALL,
	.flags = MSP_TOOL_SINK | MSP_TOOL_KEEPS_IDS,
	.start = start,
	.header = header,
	.flow = flow,
	.drain = drain,
	.idle = idle,
	.stop = stop,
};
