/* msimport - stations, earthquakes and tables into a store
 * reads: StationXML, QuakeML, JSON, CSV   writes: a store   kills: nothing */
#include "mspipe/documents.h"
#include "mspipe/tool.h"
#include "mspipe/xml.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD 512 /* bytes by which a file's kind is told */

struct import {
	const char *collection, *keys, *types, *delimiter;
	bool skip_bad;
	struct msp_store *store;
};

static const struct msp_option options[] = {
	{.name = "collection", .letter = 'c', .type = MSP_OPT_STRING, .offset = offsetof(struct import, collection), .arg = "C",
	 .help = "JSON, CSV: into C, whatever the file's name"},
	{.name = "key", .letter = 'k', .type = MSP_OPT_STRING, .offset = offsetof(struct import, keys), .arg = "KEYS",
	 .help = "JSON, CSV: what identifies a document: its _id is made of KEYS"},
	{.name = "types", .type = MSP_OPT_STRING, .offset = offsetof(struct import, types), .arg = "KEY=TYPE,...",
	 .help = "CSV: what columns hold (int double string bool time oid)"},
	{.name = "delimiter", .type = MSP_OPT_STRING, .offset = offsetof(struct import, delimiter), .arg = "CHAR",
	 .help = "CSV: what stands between fields (tab: a tab; default: a comma)"},
	{.name = "skip-bad", .type = MSP_OPT_FLAG, .offset = offsetof(struct import, skip_bad),
	 .help = "StationXML, QuakeML: leave out what cannot be imported, each named, and take in the rest"},
	{0},
};

/* ---- a file ---------------------------------------------------------------- */

enum kind { EMPTY, XML, JSON, CSV, WIDE, PACKED, BYTES };

static bool begins(const unsigned char *p, size_t n, const char *with, size_t len)
{
	return n >= len && memcmp(p, with, len) == 0;
}

static enum kind kind_of(const unsigned char *p, size_t n)
{
	const unsigned char *zero;
	size_t i = begins(p, n, "\xef\xbb\xbf", 3) ? 3 : 0;

	if (begins(p, n, "\xff\xfe", 2) || begins(p, n, "\xfe\xff", 2)) /* UTF-16: libxml2 reads it, nobody else does */
		return n >= 4 && (p[2] == '<' || p[3] == '<') ? XML : WIDE;
	if (begins(p, n, "<\0", 2) || begins(p, n, "\0<", 2))
		return XML;
	if (begins(p, n, "\x1f\x8b", 2) || begins(p, n, "\x28\xb5\x2f\xfd", 4) || begins(p, n, "\xfd" "7zXZ", 5) || begins(p, n, "BZh", 3) ||
	    begins(p, n, "PK\3\4", 4))
		return PACKED;
	while (i < n && (p[i] == ' ' || p[i] == '\t' || p[i] == '\r' || p[i] == '\n'))
		i++;
	if (i == n)
		return EMPTY;
	if (p[i] == '<' || p[i] == '[' || p[i] == '{')
		return p[i] == '<' ? XML : JSON;
	zero = memchr(p, 0, n);
	return zero && !memchr(p, '\n', (size_t)(zero - p)) ? BYTES : CSV;
}

static int read_head(struct msp_text_file *f, unsigned char *buf, struct msp_job *job)
{
	ssize_t got = 1;

	f->head = buf;
	while (got != 0 && f->n < HEAD) {
		got = read(f->fd, buf + f->n, HEAD - f->n);
		if (got < 0 && errno == EINTR && !msp_job_interrupted(job))
			continue;
		if (got < 0)
			return msp_job_interrupted(job) ? msp_error_set(msp_job_error(job), MSP_INTERRUPTED, "interrupted")
			                                : msp_error_errno(msp_job_error(job), MSP_FAIL, "%s", f->name);
		f->n += (size_t)got;
	}
	return MSP_OK;
}

struct taken {
	struct msp_job *job;
	struct msp_intake *intake;
	const char *collection, *name;
};

static int take(struct taken *t, const char *collection, const bson_t *doc, uint64_t line, struct msp_error *err)
{
	int r = msp_intake_add(t->intake, collection, doc, err);

	return r == MSP_CORRUPT ? msp_error_prefix(err, "%s: line %" PRIu64, t->name, line) : r;
}

static int take_element(void *context, const char *collection, const bson_t *doc, uint64_t line, struct msp_error *err)
{
	return take(context, collection, doc, line, err);
}

static int take_document(void *context, const bson_t *doc, uint64_t line, struct msp_error *err)
{
	struct taken *t = context;

	return take(t, t->collection, doc, line, err);
}

static void left_out(void *context, const char *why)
{
	msp_job_warn(((struct taken *)context)->job, "%s: left out", why);
}

static int take_xml(struct import *s, struct msp_job *job, const struct msp_text_file *f, struct taken *t)
{
	struct msp_xml_notes notes;
	int r;

	if (s->collection || s->keys)
		return msp_error_set(msp_job_error(job), MSP_USAGE, "%s: --collection and --key are for JSON and CSV", f->name);
	r = msp_xml_read(f, take_element, s->skip_bad ? left_out : NULL, t, &notes, msp_job_error(job));
	if (r == MSP_OK && notes.left_out)
		msp_job_warn(job, "%s: %" PRIu64 " element%s left out", f->name, notes.left_out, notes.left_out == 1 ? "" : "s");
	msp_job_strict_kill_count(job, notes.left_out);
	if (r == MSP_OK && notes.pickless)
		msp_job_warn(job, "%s: %" PRIu64 " arrivals are left out: their picks, which have their times, are not in the file", f->name,
		             notes.pickless);
	if (r == MSP_OK && notes.unpreferred)
		msp_job_warn(job, "%s: %" PRIu64 " events whose preferred origin or magnitude is not in the file: the first one there is was taken",
		             f->name, notes.unpreferred);
	return r;
}

static int take_documents(struct import *s, struct msp_job *job, const struct msp_text_file *f, enum kind kind, struct taken *t)
{
	struct msp_csv_options csv = {.types = s->types, .delimiter = s->delimiter ? s->delimiter[0] : ','};
	char *name = s->collection ? strdup(s->collection) : msp_collection_of_file(f->name);
	int r;

	if (s->skip_bad) {
		free(name);
		return msp_error_set(msp_job_error(job), MSP_USAGE, "%s: --skip-bad is for StationXML and QuakeML", f->name);
	}
	if (!name)
		return msp_error_set(msp_job_error(job), MSP_USAGE, "%s: %s; into which collection? --collection C", f->name,
		                     kind == JSON ? "JSON" : "neither XML nor JSON, so it is a table");
	t->collection = csv.collection = name;
	if (kind == JSON)
		r = msp_json_read(f, take_document, t, msp_job_error(job));
	else
		r = msp_csv_read(f, &csv, take_document, t, msp_job_error(job));
	free(name);
	return r;
}

/* Of a file that is no text: why not, and what to do. */
static int no_text(struct msp_job *job, const char *name, enum kind kind)
{
	struct msp_error *err = msp_job_error(job);

	switch (kind) {
	case EMPTY: return msp_error_set(err, MSP_CORRUPT, "%s: line 1: nothing in it", name);
	case WIDE: return msp_error_set(err, MSP_CORRUPT, "%s: line 1: UTF-16, which only XML may be: make UTF-8 of it, by iconv -f UTF-16 -t UTF-8", name);
	case PACKED: return msp_error_set(err, MSP_CORRUPT, "%s: line 1: compressed: unpack it first, as with zcat into 'msimport - STORE'", name);
	default: return msp_error_set(err, MSP_CORRUPT, "%s: line 1: not a text (recordings are put into a store by msindex)", name);
	}
}

static int take_file(struct import *s, struct msp_job *job, const char *path, struct msp_intake *intake)
{
	bool standard = strcmp(path, "-") == 0;
	struct msp_text_file f = {.name = standard ? "standard input" : path, .poll = msp_job_poll_fn(), .poll_context = job};
	struct taken t = {.job = job, .intake = intake, .name = f.name};
	unsigned char head[HEAD];
	enum kind kind;
	int r;

	f.fd = standard ? STDIN_FILENO : msp_open_input(path, f.poll, job, msp_job_error(job));
	if (f.fd < 0)
		return f.fd;
	r = read_head(&f, head, job);
	kind = kind_of(head, f.n);
	if (r == MSP_OK)
		r = kind == XML ? take_xml(s, job, &f, &t) : kind == JSON || kind == CSV ? take_documents(s, job, &f, kind, &t) : no_text(job, f.name, kind);
	if (!standard)
		close(f.fd);
	return r;
}

/* ---- the store ----------------------------------------------------------------- */

static int open_store(struct import *s, struct msp_job *job)
{
	const char *name = msp_job_operand(job, msp_job_operands(job) - 1);

	return s->store ? MSP_OK : msp_store_open_with(name, MSP_STORE_CREATE, msp_job_poll_fn(), job, &s->store, msp_job_error(job));
}

static void say(struct msp_job *job, const char *path, const struct msp_intake *intake, const struct msp_intake_counts *counts)
{
	const char *name;
	uint64_t n;

	if (!msp_intake_collection(intake, 0, &n))
		msp_job_warn(job, "%s: nothing to be imported in it: no station, no event, no document", path);
	for (size_t i = 0; (name = msp_intake_collection(intake, i, &n)) != NULL; i++)
		msp_job_say(job, "%s: %" PRIu64 " document%s into %s", path, n, n == 1 ? "" : "s", name);
	if (counts->matched)
		msp_job_say(job, "%s: %" PRIu64 " of them took the place of others for the same codes and times", path, counts->matched);
}

static int import(struct import *s, struct msp_job *job, const char *path)
{
	struct msp_intake_counts counts;
	struct msp_intake *intake;
	int r = msp_intake_new(s->keys, &intake, msp_job_error(job));

	if (r != MSP_OK)
		return r;
	r = take_file(s, job, path, intake);
	if (r == MSP_OK)
		r = open_store(s, job);
	if (r == MSP_OK)
		r = msp_intake_end(intake, s->store, msp_job_poll_fn(), job, &counts, msp_job_error(job));
	if (r == MSP_OK)
		say(job, path, intake, &counts);
	msp_intake_free(intake);
	return r;
}

/* ---- the command ------------------------------------------------------------------ */

static int start(void *self, struct msp_job *job)
{
	struct import *s = self;
	struct msp_error *err = msp_job_error(job);
	int n = msp_job_operands(job);

	if (n < 2)
		return msp_error_set(err, MSP_USAGE, "usage: msimport FILE... STORE");
	if (!msp_store_is(msp_job_operand(job, n - 1)))
		return msp_error_set(err, MSP_USAGE, "%s: not the name of a store (it ends with .msdb, or begins with mongodb://)",
		                     msp_job_operand(job, n - 1));
	if (s->delimiter && strcmp(s->delimiter, "tab") == 0)
		s->delimiter = "\t";
	if (s->delimiter && (strlen(s->delimiter) != 1 || strchr("\"\r\n", s->delimiter[0])))
		return msp_error_set(err, MSP_USAGE, "--delimiter: one character, and no quote; or tab");
	return MSP_OK;
}

static int drain(void *self, struct msp_job *job)
{
	struct import *s = self;
	const char *name = msp_job_operand(job, msp_job_operands(job) - 1);
	int r = MSP_OK, closed;

	/* What cannot be opened is said before files are read; a new one is made only when there is something for it. */
	if (strncmp(name, "mongodb", 7) == 0 || access(name, F_OK) == 0)
		r = open_store(s, job);
	for (int i = 0; r == MSP_OK && i + 1 < msp_job_operands(job); i++)
		r = import(s, job, msp_job_operand(job, i));
	closed = msp_store_close(s->store, r == MSP_OK ? msp_job_error(job) : NULL);
	s->store = NULL;
	return r != MSP_OK ? r : closed;
}

const struct msp_tool msp_tool = {
	.name = "msimport",
	.summary = "stations, earthquakes and tables into a store",
	.operands = "FILE... STORE",
	.options = options,
	.size = sizeof(struct import),
	.flags = MSP_TOOL_SOURCE | MSP_TOOL_SINK,
	.own_operands = 2,
	.start = start,
	.drain = drain,
};
