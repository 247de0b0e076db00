/* msdb - look at a store, change it, take it out and in
 * reads: a store, JSON   writes: text, a store, JSON   kills: nothing */
#include "mspipe/expr.h"
#include "mspipe/gather.h"
#include "mspipe/store.h"
#include "mspipe/tool.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct db {
	const char *expr, *query, *sort, *keys, *collection;
	int64_t limit;
	bool all, canonical, unique, drop;
	struct msp_store *store;
	struct msp_expr *e;
	bson_t *filter, *order, *projection; /* NULL: not given */
	struct msp_bytes line;
};

static const struct msp_option options[] = {
	{.name = "expr", .letter = 'e', .type = MSP_OPT_STRING, .offset = offsetof(struct db, expr), .arg = "EXPR",
	 .help = "only documents for which EXPR is true"},
	{.name = "query", .type = MSP_OPT_STRING, .offset = offsetof(struct db, query), .arg = "JSON",
	 .help = "only documents that match the MongoDB filter JSON"},
	{.name = "all", .type = MSP_OPT_FLAG, .offset = offsetof(struct db, all),
	 .help = "update, delete: every document of the collection"},
	{.name = "sort", .type = MSP_OPT_STRING, .offset = offsetof(struct db, sort), .arg = "KEYS",
	 .help = "find: in the order of KEYS (-KEY: descending)"},
	{.name = "keys", .type = MSP_OPT_STRING, .offset = offsetof(struct db, keys), .arg = "KEYS",
	 .help = "find: print only _id and KEYS"},
	{.name = "limit", .type = MSP_OPT_INT, .offset = offsetof(struct db, limit), .arg = "N", .min = 0, .max = 1e15,
	 .help = "find: at most N documents"},
	{.name = "canonical", .type = MSP_OPT_FLAG, .offset = offsetof(struct db, canonical),
	 .help = "find, distinct: print JSON that keeps every type"},
	{.name = "collection", .type = MSP_OPT_STRING, .offset = offsetof(struct db, collection), .arg = "C",
	 .help = "import: into C, whatever the file's name"},
	{.name = "unique", .type = MSP_OPT_FLAG, .offset = offsetof(struct db, unique),
	 .help = "index: no two documents may have the same KEYS"},
	{.name = "drop", .type = MSP_OPT_FLAG, .offset = offsetof(struct db, drop),
	 .help = "index: remove the index of KEYS"},
	{0},
};

static int memory(struct msp_job *job)
{
	return msp_error_set(msp_job_error(job), MSP_NOMEM, "no memory left");
}

/* ---- output ------------------------------------------------------------ */

static int print_line(struct db *s, struct msp_job *job)
{
	int r = msp_bytes_append(&s->line, "\n", 1);

	if (r == MSP_OK)
		r = msp_job_print(job, s->line.data, s->line.len);
	else
		r = memory(job);
	s->line.len = 0;
	return r;
}

static int print_document(struct db *s, struct msp_job *job, const bson_t *doc)
{
	size_t n;
	char *text;
	int r;

	if (!s->canonical)
		r = msp_json_document(bson_get_data(doc), doc->len, &s->line);
	else if ((text = bson_as_canonical_extended_json(doc, &n)) != NULL) {
		r = msp_bytes_append(&s->line, text, n);
		bson_free(text);
	} else {
		r = MSP_NOMEM;
	}
	return r == MSP_OK ? print_line(s, job) : memory(job);
}

static int print_value(struct db *s, struct msp_job *job, const bson_iter_t *it)
{
	struct msp_value v;
	bson_t box = BSON_INITIALIZER;
	char *text;
	size_t n;
	int r = MSP_NOMEM;

	if (!s->canonical) {
		msp_value_of_iter(it, &v);
		r = msp_json_value(&v, &s->line);
	} else if (bson_append_iter(&box, "v", 1, it) && (text = bson_as_canonical_extended_json(&box, &n)) != NULL) {
		/* { "v" : VALUE } */
		r = n > 10 ? msp_bytes_append(&s->line, text + 8, n - 10) : MSP_NOMEM;
		bson_free(text);
	}
	bson_destroy(&box);
	return r == MSP_OK ? print_line(s, job) : memory(job);
}

/* ---- selection --------------------------------------------------------- */

/* Documents hold times as seconds since 1970; in an expression they are times, as they are of a stream's objects. */
static bool is_time(const char *key)
{
	return strcmp(key, "starttime") == 0 || strcmp(key, "endtime") == 0 || strcmp(key, "time") == 0 || strcmp(key, "last_packet_time") == 0;
}

static void get_value(const void *context, const char *key, struct msp_value *out, char scratch[MSP_ID_TEXT])
{
	const struct msp_object *o = context;
	msp_time t;

	(void)scratch;
	out->type = MSP_V_UNDEFINED;
	if (!msp_meta_value(o, key, out) || !is_time(key))
		return;
	if (out->type != MSP_V_DOUBLE && out->type != MSP_V_INT)
		return;
	if (strcmp(msp_meta_string(o, "time_standard", "UTC"), "UTC") != 0)
		return;
	if (msp_time_from_seconds(out->type == MSP_V_INT ? (double)out->u.i : out->u.d, &t) == MSP_OK) {
		out->type = MSP_V_TIME;
		out->u.i = t;
	}
}

static int chosen(struct db *s, struct msp_job *job, const bson_t *doc, bool *out)
{
	struct msp_object o;
	int r;

	*out = true;
	if (!s->e)
		return MSP_OK;
	msp_object_init(&o);
	msp_bytes_borrow(&o.metadata, bson_get_data(doc), doc->len);
	r = msp_expr_test_with(s->e, get_value, &o, out);
	msp_object_free(&o);
	return r == MSP_OK ? MSP_OK : memory(job);
}

typedef int each_fn(struct db *s, struct msp_job *job, const bson_t *doc, void *context);

/* Calls fn with each document that is chosen. */
static int each(struct db *s, struct msp_job *job, const char *collection, bool whole, each_fn *fn, void *context)
{
	struct msp_error *err = msp_job_error(job);
	struct msp_find f = {.filter = s->filter, .sort = s->order};
	struct msp_cursor *c;
	const bson_t *doc;
	uint64_t left = s->limit ? (uint64_t)s->limit : UINT64_MAX;
	int r;

	if (!s->e) { /* an expression has to see the document before it is cut down, and decides before it is counted */
		f.projection = whole ? s->projection : NULL;
		f.limit = (uint64_t)s->limit;
	}
	r = msp_store_find(s->store, collection, &f, &c, err);
	while (r == MSP_OK && left > 0) {
		bool take;

		r = msp_cursor_next(c, &doc, err);
		if (r != 1)
			break;
		r = chosen(s, job, doc, &take);
		if (r == MSP_OK && take) {
			left--;
			r = fn(s, job, doc, context);
		}
		if (r == MSP_OK && msp_job_interrupted(job))
			r = msp_error_set(err, MSP_INTERRUPTED, "interrupted");
	}
	msp_cursor_free(c);
	return r;
}

/* The _id of chosen documents, a thousand at a time. */
struct batch {
	bson_t ids;
	uint32_t n;
	const char *collection;
	int (*act)(struct db *s, struct msp_job *job, const char *collection, const bson_t *filter, void *context);
	void *context;
};

static int act_on_batch(struct db *s, struct msp_job *job, struct batch *b)
{
	bson_t filter = BSON_INITIALIZER, in;
	int r = MSP_OK;

	if (b->n > 0) {
		if (bson_append_document_begin(&filter, "_id", 3, &in) && bson_append_array(&in, "$in", 3, &b->ids) &&
		    bson_append_document_end(&filter, &in))
			r = b->act(s, job, b->collection, &filter, b->context);
		else
			r = memory(job);
	}
	bson_destroy(&filter);
	bson_reinit(&b->ids);
	b->n = 0;
	return r;
}

static int add_id(struct db *s, struct msp_job *job, const bson_t *doc, void *context)
{
	struct batch *b = context;
	const char *key;
	char buf[16];
	bson_iter_t id;
	size_t len = bson_uint32_to_string(b->n, &key, buf, sizeof(buf));

	if (!bson_iter_init_find(&id, doc, "_id"))
		return MSP_OK;
	if (!bson_append_iter(&b->ids, key, (int)len, &id))
		return memory(job);
	return ++b->n == 1000 ? act_on_batch(s, job, b) : MSP_OK;
}

/* Acts on what is chosen: by the filter at once, or, with an expression, on the documents for which it is true. */
static int act_on_chosen(struct db *s, struct msp_job *job, struct batch *b)
{
	int r;

	if (!s->e)
		return b->act(s, job, b->collection, s->filter, b->context);
	bson_init(&b->ids);
	r = each(s, job, b->collection, false, add_id, b);
	if (r == MSP_OK)
		r = act_on_batch(s, job, b);
	bson_destroy(&b->ids);
	return r;
}

/* ---- looking ----------------------------------------------------------- */

static int list(struct db *s, struct msp_job *job)
{
	struct msp_error *err = msp_job_error(job);
	bson_t names;
	bson_iter_t it;
	int r = msp_store_collections(s->store, &names, err);

	if (r != MSP_OK)
		return r;
	bson_iter_init(&it, &names);
	while (r == MSP_OK && bson_iter_next(&it)) {
		const char *name = bson_iter_utf8(&it, NULL);
		char text[32];
		uint64_t n;

		r = msp_store_count(s->store, name, NULL, &n, err);
		if (r != MSP_OK)
			break;
		snprintf(text, sizeof(text), "%12" PRIu64 "  ", n);
		if (msp_bytes_append(&s->line, text, strlen(text)) || msp_bytes_append(&s->line, name, strlen(name)))
			r = memory(job);
		else
			msp_text_harmless(s->line.data, s->line.len);
		if (r == MSP_OK)
			r = print_line(s, job);
	}
	bson_destroy(&names);
	return r;
}

static int count_one(struct db *s, struct msp_job *job, const bson_t *doc, void *context)
{
	(void)s, (void)job, (void)doc;
	++*(uint64_t *)context;
	return MSP_OK;
}

static int count(struct db *s, struct msp_job *job)
{
	const char *collection = msp_job_operand(job, 2);
	uint64_t n = 0;
	char text[32];
	int r = s->e ? each(s, job, collection, false, count_one, &n)
	             : msp_store_count(s->store, collection, s->filter, &n, msp_job_error(job));

	if (r != MSP_OK)
		return r;
	snprintf(text, sizeof(text), "%" PRIu64, n);
	return msp_bytes_append(&s->line, text, strlen(text)) == MSP_OK ? print_line(s, job) : memory(job);
}

/* Of keys after an expression has decided: the projection is not the store's to make. */
static int print_found(struct db *s, struct msp_job *job, const bson_t *doc, void *context)
{
	(void)context;
	return print_document(s, job, doc);
}

static int find(struct db *s, struct msp_job *job)
{
	if (s->e && s->projection)
		return msp_error_set(msp_job_error(job), MSP_USAGE, "--keys cannot be used with --expr; use --query");
	return each(s, job, msp_job_operand(job, 2), true, print_found, NULL);
}

static int distinct(struct db *s, struct msp_job *job)
{
	bson_t values;
	bson_iter_t it;
	int r;

	if (s->e)
		return msp_error_set(msp_job_error(job), MSP_USAGE, "distinct takes --query, not --expr");
	r = msp_store_distinct(s->store, msp_job_operand(job, 2), msp_job_operand(job, 3), s->filter, &values,
	                       msp_job_error(job));
	if (r != MSP_OK)
		return r;
	bson_iter_init(&it, &values);
	while (r == MSP_OK && bson_iter_next(&it))
		r = print_value(s, job, &it);
	bson_destroy(&values);
	return r;
}

/* ---- changing ---------------------------------------------------------- */

static int needs_selection(struct db *s, struct msp_job *job)
{
	if (s->all && (s->e || s->filter))
		return msp_error_set(msp_job_error(job), MSP_USAGE, "--all, and --expr or --query, exclude each other");
	if (!s->all && !s->e && !s->filter)
		return msp_error_set(msp_job_error(job), MSP_USAGE, "which documents? --expr or --query; --all for every one");
	return MSP_OK;
}

struct change {
	bson_t update;
	struct msp_updated sum;
	uint64_t deleted;
};

static int update_some(struct db *s, struct msp_job *job, const char *collection, const bson_t *filter, void *context)
{
	struct change *c = context;
	struct msp_updated u;
	int r = msp_store_update(s->store, collection, filter, &c->update, 0, &u, msp_job_error(job));

	c->sum.matched += u.matched;
	c->sum.modified += u.modified;
	return r;
}

static int update(struct db *s, struct msp_job *job)
{
	struct change c = {0};
	struct batch b = {.collection = msp_job_operand(job, 2), .act = update_some, .context = &c};
	const char *text = msp_job_operand(job, 3);
	int r = needs_selection(s, job);

	if (r != MSP_OK)
		return r;
	r = msp_json_parse(text, strlen(text), &c.update, NULL, msp_job_error(job));
	if (r != MSP_OK)
		return msp_error_prefix(msp_job_error(job), "UPDATE");
	r = act_on_chosen(s, job, &b);
	bson_destroy(&c.update);
	if (r == MSP_OK)
		msp_job_say(job, "%" PRIu64 " documents matched, %" PRIu64 " changed", c.sum.matched, c.sum.modified);
	return r;
}

static int delete_some(struct db *s, struct msp_job *job, const char *collection, const bson_t *filter, void *context)
{
	struct change *c = context;
	uint64_t n = 0;
	int r = msp_store_delete(s->store, collection, filter, &n, msp_job_error(job));

	c->deleted += n;
	return r;
}

static int delete(struct db *s, struct msp_job *job)
{
	struct change c = {0};
	struct batch b = {.collection = msp_job_operand(job, 2), .act = delete_some, .context = &c};
	int r = needs_selection(s, job);

	if (r == MSP_OK)
		r = act_on_chosen(s, job, &b);
	if (r == MSP_OK)
		msp_job_say(job, "%" PRIu64 " documents deleted", c.deleted);
	return r;
}

/* KEYS as {"key": 1 or -1, ...} */
static int keys_document(const char *text, bool descending, bson_t *out, struct msp_error *err)
{
	struct msp_keys keys;
	int r = msp_keys_parse(text, descending, &keys, err);

	if (r != MSP_OK)
		return r;
	bson_init(out);
	for (uint32_t i = 0; i < keys.n; i++)
		bson_append_int32(out, keys.key[i].name, -1, keys.key[i].descending ? -1 : 1);
	msp_keys_free(&keys);
	return MSP_OK;
}

static int list_indexes(struct db *s, struct msp_job *job)
{
	bson_t indexes, one;
	bson_iter_t it;
	int r = msp_store_indexes(s->store, msp_job_operand(job, 2), &indexes, msp_job_error(job));

	if (r != MSP_OK)
		return r;
	bson_iter_init(&it, &indexes);
	while (r == MSP_OK && bson_iter_next(&it)) {
		const uint8_t *data;
		uint32_t n;

		bson_iter_document(&it, &n, &data);
		if (bson_init_static(&one, data, n))
			r = print_document(s, job, &one);
	}
	bson_destroy(&indexes);
	return r;
}

static int drop_index(struct db *s, struct msp_job *job, const bson_t *keys)
{
	struct msp_bytes name = {0};
	bson_iter_t it;
	int r = MSP_OK;

	bson_iter_init(&it, keys);
	while (r == MSP_OK && bson_iter_next(&it)) {
		const char *direction = bson_iter_int32(&it) < 0 ? "_-1" : "_1";

		if ((name.len && msp_bytes_append(&name, "_", 1)) || msp_bytes_append(&name, bson_iter_key(&it), bson_iter_key_len(&it)) ||
		    msp_bytes_append(&name, direction, strlen(direction)))
			r = memory(job);
	}
	if (r == MSP_OK && msp_bytes_append(&name, "", 1))
		r = memory(job);
	if (r == MSP_OK)
		r = msp_store_index_drop(s->store, msp_job_operand(job, 2), (const char *)name.data, msp_job_error(job));
	msp_bytes_free(&name);
	return r;
}

static int make_index(struct db *s, struct msp_job *job)
{
	bson_t keys;
	int r;

	if (msp_job_operands(job) < 4) {
		if (s->unique || s->drop)
			return msp_error_set(msp_job_error(job), MSP_USAGE, "index: KEYS are missing");
		return list_indexes(s, job);
	}
	r = keys_document(msp_job_operand(job, 3), true, &keys, msp_job_error(job));
	if (r != MSP_OK)
		return r;
	r = s->drop ? drop_index(s, job, &keys)
	            : msp_store_index(s->store, msp_job_operand(job, 2), &keys, s->unique ? MSP_INDEX_UNIQUE : 0, msp_job_error(job));
	bson_destroy(&keys);
	return r;
}

/* ---- export ------------------------------------------------------------ */

#define EXPORT_BUFFER 262144

struct export {
	struct msp_outfile *file;
	uint64_t documents;
};

static int flush(struct db *s, struct msp_job *job, struct export *x)
{
	int r = msp_write_all(msp_outfile_fd(x->file), s->line.data, s->line.len, msp_outfile_path(x->file), msp_job_poll_fn(), job,
	                      msp_job_error(job));

	s->line.len = 0;
	return r;
}

static int export_document(struct db *s, struct msp_job *job, const bson_t *doc, void *context)
{
	struct export *x = context;
	size_t n;
	char *text = bson_as_canonical_extended_json(doc, &n);
	int r = text && !msp_bytes_append(&s->line, text, n) && !msp_bytes_append(&s->line, "\n", 1) ? MSP_OK : memory(job);

	bson_free(text);
	x->documents++;
	return r == MSP_OK && s->line.len >= EXPORT_BUFFER ? flush(s, job, x) : r;
}

static int export_collection(struct db *s, struct msp_job *job, const char *dir, const char *collection)
{
	struct export x = {0};
	struct msp_bytes path = {0};
	int r = MSP_OK;

	if (strchr(collection, '/'))
		return msp_error_set(msp_job_error(job), MSP_FAIL, "collection %s: its name cannot be a file's", collection);
	if (msp_bytes_append(&path, dir, strlen(dir)) || msp_bytes_append(&path, "/", 1) || msp_bytes_append(&path, collection, strlen(collection)) ||
	    msp_bytes_append(&path, ".jsonl", 7))
		r = memory(job);
	if (r == MSP_OK && !(x.file = msp_outfile_open((const char *)path.data, msp_job_error(job))))
		r = msp_job_error(job)->status;
	if (r == MSP_OK)
		r = each(s, job, collection, true, export_document, &x);
	if (r == MSP_OK)
		r = flush(s, job, &x);
	if (r == MSP_OK)
		r = msp_outfile_commit(x.file, msp_job_error(job));
	else
		msp_outfile_abort(x.file);
	if (r == MSP_OK)
		msp_job_say(job, "%s: %" PRIu64 " documents", (const char *)path.data, x.documents);
	msp_bytes_free(&path);
	return r;
}

static int export(struct db *s, struct msp_job *job)
{
	const char *dir = msp_job_operand(job, 2);
	bson_t names;
	bson_iter_t it;
	int r = MSP_OK;

	if (mkdir(dir, 0777) != 0 && errno != EEXIST)
		return msp_error_errno(msp_job_error(job), MSP_FAIL, "%s", dir);
	for (int i = 3; r == MSP_OK && i < msp_job_operands(job); i++)
		r = export_collection(s, job, dir, msp_job_operand(job, i));
	if (msp_job_operands(job) > 3)
		return r;
	r = msp_store_collections(s->store, &names, msp_job_error(job));
	if (r != MSP_OK)
		return r;
	bson_iter_init(&it, &names);
	while (r == MSP_OK && bson_iter_next(&it))
		r = export_collection(s, job, dir, bson_iter_utf8(&it, NULL));
	bson_destroy(&names);
	return r;
}

/* ---- import ------------------------------------------------------------ */

#define IMPORT_BYTES 8000000 /* of documents a round trip */

struct import {
	const char *path;
	char *collection;
	bson_t *doc[MSP_STORE_BATCH];
	size_t n, bytes;
	uint64_t documents, line; /* line: the first that is not blank */
};

static int send(struct db *s, struct msp_job *job, struct import *m)
{
	int r = MSP_OK;

	if (m->n > 0)
		r = msp_store_upsert(s->store, m->collection, (const bson_t *const *)m->doc, m->n, NULL, msp_job_error(job));
	for (size_t i = 0; i < m->n; i++)
		bson_destroy(m->doc[i]);
	m->documents += m->n;
	m->n = m->bytes = 0;
	if (r == MSP_OK && msp_job_interrupted(job))
		r = msp_error_set(msp_job_error(job), MSP_INTERRUPTED, "interrupted");
	return r;
}

/* A document without _id gets one from what it holds, so that importing again doubles nothing. */
static bson_t *with_id(const bson_t *doc)
{
	struct msp_id id = msp_id_hash(bson_get_data(doc), doc->len);
	bson_t *whole = bson_new();
	bson_oid_t oid;

	memcpy(oid.bytes, id.byte, sizeof(oid.bytes));
	if (bson_append_oid(whole, "_id", 3, &oid) && bson_concat(whole, doc))
		return whole;
	bson_destroy(whole);
	return NULL;
}

/* Takes doc over. */
static int import_document(struct db *s, struct msp_job *job, struct import *m, bson_t *doc)
{
	bson_t *whole = bson_has_field(doc, "_id") ? bson_copy(doc) : with_id(doc);

	bson_destroy(doc);
	if (!whole)
		return memory(job);
	m->doc[m->n++] = whole;
	m->bytes += whole->len;
	return m->n == MSP_STORE_BATCH || m->bytes >= IMPORT_BYTES ? send(s, job, m) : MSP_OK;
}

static int import_lines(struct db *s, struct msp_job *job, struct import *m, FILE *f, uint64_t number)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int r = MSP_OK;

	for (; r == MSP_OK && (n = getline(&line, &room, f)) >= 0; number++) {
		bson_t doc;

		if (strspn(line, " \t\r\n") == (size_t)n)
			continue;
		r = msp_json_parse(line, (size_t)n, &doc, NULL, msp_job_error(job));
		if (r == MSP_OK)
			r = import_document(s, job, m, &doc);
		else
			r = msp_error_prefix(msp_job_error(job), "%s: line %" PRIu64, m->path, number);
	}
	if (r == MSP_OK && ferror(f))
		r = msp_error_errno(msp_job_error(job), MSP_FAIL, "%s", m->path);
	free(line);
	return r;
}

static size_t blanks(const struct msp_bytes *text, size_t at)
{
	while (at < text->len && strchr(" \t\r\n", text->data[at]) && text->data[at])
		at++;
	return at;
}

static int broken_array(struct msp_job *job, const struct import *m, const struct msp_bytes *text, size_t at, const char *what)
{
	uint64_t line = m->line;

	for (size_t i = 0; i < at; i++)
		line += text->data[i] == '\n';
	return msp_error_set(msp_job_error(job), MSP_USAGE, "%s: line %" PRIu64 ": %s", m->path, line, what);
}

/* [document, ...] */
static int import_array(struct db *s, struct msp_job *job, struct import *m, FILE *f)
{
	struct msp_bytes text = {0};
	char buf[65536];
	size_t n, at = 1;
	bool more = true;
	int r = MSP_OK;

	while (r == MSP_OK && (n = fread(buf, 1, sizeof(buf), f)) > 0)
		r = msp_bytes_append(&text, buf, n) == MSP_OK ? MSP_OK : memory(job);
	if (r == MSP_OK && ferror(f))
		r = msp_error_errno(msp_job_error(job), MSP_FAIL, "%s", m->path);
	at = blanks(&text, blanks(&text, 0) + 1);
	if (r == MSP_OK && at < text.len && text.data[at] == ']') {
		more = false;
		at++;
	}
	while (r == MSP_OK && more) {
		size_t used = 0;
		bson_t doc;

		r = msp_json_parse((const char *)text.data + at, text.len > at ? text.len - at : 0, &doc, &used, msp_job_error(job));
		if (r != MSP_OK) {
			struct msp_error why = *msp_job_error(job);

			r = broken_array(job, m, &text, at < text.len ? at : text.len, why.text);
			break;
		}
		r = import_document(s, job, m, &doc);
		at = blanks(&text, at + used);
		more = at < text.len && text.data[at] == ',';
		if (r == MSP_OK && !more && (at >= text.len || text.data[at] != ']'))
			r = broken_array(job, m, &text, at, "expected , or ]");
		at++;
	}
	if (r == MSP_OK && blanks(&text, at) < text.len)
		r = broken_array(job, m, &text, at, "something after the array");
	msp_bytes_free(&text);
	return r;
}

/* DIR/wf_TimeSeries.jsonl -> wf_TimeSeries */
static char *collection_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t n = strlen(name);

	if (n > 6 && strcmp(name + n - 6, ".jsonl") == 0)
		n -= 6;
	else if (n > 5 && strcmp(name + n - 5, ".json") == 0)
		n -= 5;
	else
		return NULL;
	return strndup(name, n);
}

static int import_file(struct db *s, struct msp_job *job, const char *path)
{
	struct import m = {.path = path, .line = 1};
	FILE *f;
	int c, r = MSP_OK;

	m.collection = s->collection ? strdup(s->collection) : collection_of(path);
	if (!m.collection)
		return msp_error_set(msp_job_error(job), MSP_USAGE, "%s: into which collection? Neither .jsonl nor .json: --collection C", path);
	f = fopen(path, "re");
	if (!f) {
		r = msp_error_errno(msp_job_error(job), MSP_FAIL, "%s", path);
		free(m.collection);
		return r;
	}
	while ((c = fgetc(f)) == ' ' || c == '\t' || c == '\r' || c == '\n')
		m.line += c == '\n';
	if (c != EOF && ungetc(c, f) == EOF)
		r = memory(job);
	else
		r = c == '[' ? import_array(s, job, &m, f) : import_lines(s, job, &m, f, m.line);
	if (r == MSP_OK) {
		r = send(s, job, &m);
	} else {
		while (m.n > 0) /* what came before is not half of a batch: it is not stored */
			bson_destroy(m.doc[--m.n]);
	}
	fclose(f);
	if (r == MSP_OK)
		msp_job_say(job, "%s: %" PRIu64 " documents into %s", path, m.documents, m.collection);
	free(m.collection);
	return r;
}

static int is_dump(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 6 && strcmp(d->d_name + n - 6, ".jsonl") == 0;
}

/* What export made: every .jsonl in it. */
static int import_directory(struct db *s, struct msp_job *job, const char *dir)
{
	struct dirent **entry = NULL;
	int n = scandir(dir, &entry, is_dump, alphasort), r = MSP_OK;

	if (n < 0)
		return msp_error_errno(msp_job_error(job), MSP_FAIL, "%s", dir);
	if (n == 0)
		r = msp_error_set(msp_job_error(job), MSP_FAIL, "%s: no .jsonl files in it", dir);
	for (int i = 0; i < n; i++) {
		size_t len = strlen(dir) + strlen(entry[i]->d_name) + 2;
		char *path = r == MSP_OK ? malloc(len) : NULL;

		if (path) {
			snprintf(path, len, "%s/%s", dir, entry[i]->d_name);
			r = import_file(s, job, path);
		} else if (r == MSP_OK) {
			r = memory(job);
		}
		free(path);
		free(entry[i]);
	}
	free(entry);
	return r;
}

static int import(struct db *s, struct msp_job *job)
{
	int r = MSP_OK;

	for (int i = 2; r == MSP_OK && i < msp_job_operands(job); i++) {
		const char *path = msp_job_operand(job, i);
		struct stat st;

		if (stat(path, &st) != 0)
			r = msp_error_errno(msp_job_error(job), MSP_FAIL, "%s", path);
		else
			r = S_ISDIR(st.st_mode) ? import_directory(s, job, path) : import_file(s, job, path);
	}
	return r;
}

/* ---- the command ------------------------------------------------------- */

#define SELECTS 1u /* takes --expr and --query */

static const struct verb {
	const char *name, *operands;
	int min, max; /* operands, the verb's own name and STORE included */
	unsigned open, flags;
	int (*run)(struct db *s, struct msp_job *job);
} verbs[] = {
	{"ls", "STORE", 2, 2, 0, 0, list},
	{"count", "STORE COLLECTION", 3, 3, 0, SELECTS, count},
	{"find", "STORE COLLECTION", 3, 3, 0, SELECTS, find},
	{"distinct", "STORE COLLECTION KEY", 4, 4, 0, SELECTS, distinct},
	{"update", "STORE COLLECTION UPDATE", 4, 4, MSP_STORE_WRITE, SELECTS, update},
	{"delete", "STORE COLLECTION", 3, 3, MSP_STORE_WRITE, SELECTS, delete},
	{"index", "STORE COLLECTION [KEYS]", 3, 4, MSP_STORE_WRITE, 0, make_index},
	{"export", "STORE DIRECTORY [COLLECTION...]", 3, INT32_MAX, 0, 0, export},
	{"import", "STORE FILE...", 3, INT32_MAX, MSP_STORE_CREATE, 0, import},
};
#define VERBS ((int)(sizeof(verbs) / sizeof(verbs[0])))

static const struct verb *find_verb(struct msp_job *job)
{
	for (int i = 0; i < VERBS; i++)
		if (strcmp(msp_job_operand(job, 0), verbs[i].name) == 0)
			return &verbs[i];
	return NULL;
}

/* An option that the verb does not take would be one that does nothing. */
static int check_options(const struct db *s, const struct verb *v, struct msp_job *job)
{
	const char *wrong = NULL;
	bool finds = v->run == find;

	if ((s->expr || s->query) && !(v->flags & SELECTS))
		wrong = s->expr ? "--expr" : "--query";
	else if (s->all && v->run != update && v->run != delete)
		wrong = "--all";
	else if ((s->sort || s->keys || s->limit) && !finds)
		wrong = s->sort ? "--sort" : s->keys ? "--keys" : "--limit";
	else if (s->canonical && !finds && v->run != distinct)
		wrong = "--canonical";
	else if (s->collection && v->run != import)
		wrong = "--collection";
	else if ((s->unique || s->drop) && v->run != make_index)
		wrong = s->unique ? "--unique" : "--drop";
	return wrong ? msp_error_set(msp_job_error(job), MSP_USAGE, "%s has no option %s", v->name, wrong) : MSP_OK;
}

static bson_t *moved(bson_t *from)
{
	bson_t *to = bson_copy(from);

	bson_destroy(from);
	return to;
}

static int parse_query(struct db *s, struct msp_job *job)
{
	struct msp_error *err = msp_job_error(job);
	bson_t made;
	int r = MSP_OK;

	if (s->expr && (r = msp_job_expr(job, s->expr, MSP_EXPR_CONDITION, &s->e)) != MSP_OK)
		return msp_error_prefix(err, "--expr");
	if (s->query) {
		r = msp_json_parse(s->query, strlen(s->query), &made, NULL, err);
		if (r != MSP_OK)
			return msp_error_prefix(err, "--query");
		s->filter = moved(&made);
	}
	if (s->sort) {
		r = keys_document(s->sort, true, &made, err);
		if (r != MSP_OK)
			return msp_error_prefix(err, "--sort");
		s->order = moved(&made);
	}
	if (s->keys) {
		r = keys_document(s->keys, false, &made, err);
		if (r != MSP_OK)
			return msp_error_prefix(err, "--keys");
		s->projection = moved(&made);
	}
	return r;
}

static int start(void *self, struct msp_job *job)
{
	struct db *s = self;
	struct msp_error *err = msp_job_error(job);
	const struct verb *v = find_verb(job);
	int r;

	if (!v)
		return msp_error_set(err, MSP_USAGE, "%s: no such verb; there are ls count find distinct update delete index export import",
		                     msp_job_operand(job, 0));
	if (msp_job_operands(job) < v->min || msp_job_operands(job) > v->max)
		return msp_error_set(err, MSP_USAGE, "usage: msdb %s %s", v->name, v->operands);
	r = check_options(s, v, job);
	return r == MSP_OK ? parse_query(s, job) : r;
}

static int drain(void *self, struct msp_job *job)
{
	struct db *s = self;
	const struct verb *v = find_verb(job);
	unsigned open = v->open;
	int r, closed;

	if (v->run == make_index && msp_job_operands(job) < 4)
		open = 0;
	r = msp_store_open(msp_job_operand(job, 1), open, &s->store, msp_job_error(job));
	if (r != MSP_OK)
		return r;
	r = v->run(s, job);
	msp_job_complaints(job, s->e, NULL);
	closed = msp_store_close(s->store, r == MSP_OK ? msp_job_error(job) : NULL);
	s->store = NULL;
	return r != MSP_OK ? r : closed;
}

static void stop(void *self)
{
	struct db *s = self;

	msp_expr_free(s->e);
	bson_destroy(s->filter);
	bson_destroy(s->order);
	bson_destroy(s->projection);
	msp_bytes_free(&s->line);
}

const struct msp_tool msp_tool = {
	.name = "msdb",
	.summary = "look at a store, change it, export and import it",
	.operands = "VERB STORE [ARGUMENT...]",
	.options = options,
	.size = sizeof(struct db),
	.flags = MSP_TOOL_SOURCE | MSP_TOOL_TEXT,
	.own_operands = 2,
	.start = start,
	.drain = drain,
	.stop = stop,
};
