/* Waveform documents as objects: what to do with which document. */
#include "store/wfread.h"

#include "mspipe/doc.h"
#include "store/wfsave.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "out of memory");
}

/* ---- the reader -------------------------------------------------------- */

/* Of a store in a file the directory of that: so a store and its samples can be moved together. */
static char *base_of(const char *store, const char *given)
{
	const char *slash = strstr(store, "://") || strncmp(store, "mongodb:", 8) == 0 ? NULL : strrchr(store, '/');
	size_t n = given ? strlen(given) : slash ? (size_t)(slash + 1 - store) : 0;
	char *base = malloc(n + 2);

	if (!base)
		return NULL;
	memcpy(base, given ? given : store, n);
	if (n > 0 && base[n - 1] != '/')
		base[n++] = '/';
	base[n] = '\0';
	return base;
}

int msp_wfread_new(struct msp_store *s, const struct msp_wfread_options *options, struct msp_wfread **out, struct msp_error *err)
{
	struct msp_wfread *r = calloc(1, sizeof *r);

	*out = NULL;
	if (!r)
		return memory(err);
	r->store = s;
	r->options = *options;
	msp_object_init(&r->ahead);
	msp_object_init(&r->meta);
	r->base = base_of(msp_store_name(s), options->base);
	if (!r->base) {
		msp_wfread_free(r);
		return memory(err);
	}
	*out = r;
	return MSP_OK;
}

void msp_wfread_free(struct msp_wfread *r)
{
	if (!r)
		return;
	wf_format_end(r);
	wf_close_files(r);
	msp_object_free(&r->ahead);
	msp_object_free(&r->meta);
	msp_bytes_free(&r->path);
	msp_bytes_free(&r->clean);
	msp_bytes_free(&r->notes);
	msp_bytes_free(&r->scrap);
	free(r->base);
	free(r);
}

bool msp_wfread_is_origin(const struct msp_wfread *r)
{
	return !r->own_id;
}

bool msp_wfread_trouble(const struct msp_wfread *r)
{
	return r->trouble;
}

/* ---- one document ------------------------------------------------------ */

int msp_wfread_begin(struct msp_wfread *r, const char *collection, const bson_t *doc, struct msp_error *err)
{
	(void)err;
	wf_format_end(r);
	memset(&r->head, 0, sizeof r->head);
	r->collection = collection;
	r->head.whole = r->head.doc = (struct wf_doc){bson_get_data(doc), doc->len};
	r->head.dead = strcmp(collection, "cemetery") == 0 || strcmp(collection, "abortions") == 0;
	r->begun = true;
	r->over = false;
	return MSP_OK;
}

/* What a back end hands out is as long as it says; what is inside it, nobody looked at. */
static void look_inside(struct msp_wfread *r)
{
	if (r->head.dead)
		r->head.doc = wf_sub(&r->head.whole, "tombstone");
	r->head.msp = wf_sub(&r->head.doc, "msp");
}

/* Complaints of the mode, one a line. */
static int log_notes(struct msp_wfread *r, struct msp_object *o)
{
	char *line = (char *)r->notes.data;
	int rc = MSP_OK;

	while (rc == MSP_OK && r->notes.len > 0 && *line) {
		char *end = strchr(line, '\n');

		*end = '\0';
		rc = wf_note(r, o, MSP_COMPLAINT, line);
		line = end + 1;
	}
	return rc;
}

/* 0: samples are doubles as MsPASS has them; otherwise enum msp_format. Below 0: MSP_KILL. */
static int format_of(const struct msp_wfread *r, struct msp_error *err)
{
	const char *text = wf_string(&r->head.doc, "format");
	bson_iter_t it;
	int format;

	if (!text && wf_find(&r->head.doc, "format", &it) && !BSON_ITER_HOLDS_NULL(&it))
		return msp_error_set(err, MSP_KILL, "the document's format is none");
	if (!text || strcmp(text, "binary") == 0)
		return 0;
	format = msp_format_parse(text);
	if (format == MSP_FORMAT_MSEED || format == MSP_FORMAT_SAC)
		return format;
	return msp_error_set(err, MSP_KILL, "files of format %.40s are not read", text);
}

/* Samples, or the beginning of a formatted file (*formatted). */
static int samples(struct msp_wfread *r, struct msp_object *o, bool *formatted, struct msp_error *err)
{
	const char *mode = wf_string(&r->head.doc, "storage_mode");
	bson_iter_t it;
	int format;

	if (!mode && wf_find(&r->head.doc, "storage_mode", &it))
		return msp_error_set(err, MSP_KILL, "the document's storage_mode is none");
	if (!mode || strcmp(mode, "gridfs") == 0)
		return wf_gridfs(r, o, err);
	if (strcmp(mode, "file") != 0)
		return msp_error_set(err, MSP_KILL, "samples of storage_mode %.40s are not read", mode);
	format = format_of(r, err);
	if (format < 0)
		return format;
	*formatted = format != 0;
	return *formatted ? MSP_OK : wf_binary(r, o, err);
}

static int give_type(struct msp_wfread *r, struct msp_object *o, struct msp_error *err)
{
	char sum[MSP_ID_TEXT];
	int rc;

	if (r->head.type == MSP_NONE) { /* it was saved without samples */
		o->type = MSP_NONE;
		o->width = 0;
		o->samples.len = 0;
		return MSP_OK;
	}
	rc = wf_convert(r, o, r->head.type);
	if (rc < 0)
		return memory(err);
	if (rc > 0 && (!r->head.sum[0] || !msp_wf_sum(o, sum) || strcmp(sum, r->head.sum) == 0))
		return MSP_OK;
	r->own_id = false;
	rc = wf_note(r, o, MSP_COMPLAINT, rc > 0 ? "the stored samples are not those that were saved: they were changed, or are damaged"
	                                         : "the stored samples are not of the type that was saved: they were changed");
	return rc == MSP_OK ? MSP_OK : memory(err);
}

static void set_type(struct msp_object *o, int type)
{
	o->type = (uint8_t)type;
	o->width = type == MSP_F64 ? 8 : type == MSP_NONE ? 0 : 4;
}

/* A datum that cannot be had. */
static int kill_it(struct msp_wfread *r, struct msp_object *o, struct msp_error *err)
{
	int rc = msp_object_kill(o, WF_ALGORITHM, err->text);

	r->trouble = true;
	r->own_id = false;
	err->status = MSP_OK;
	err->text[0] = '\0';
	return rc == MSP_OK ? MSP_OK : memory(err);
}

static int give(struct msp_wfread *r, struct msp_object *o, struct msp_error *err)
{
	if (!r->own_id)
		msp_object_origin_id(o);
	if (r->options.ids && wf_ids(r, o) != MSP_OK)
		return memory(err);
	return 1;
}

/* The document's own object. *formatted: its samples are in a formatted file, from which objects are to be made. */
static int whole_object(struct msp_wfread *r, struct msp_object *o, bool *formatted, struct msp_error *err)
{
	int rc;

	if (!msp_bson_valid(r->head.whole.data, r->head.whole.len)) {
		if (msp_object_reset(o, MSP_TIMESERIES, MSP_NONE, 0) != MSP_OK)
			return memory(err);
		r->head.whole.len = r->head.doc.len = 0;
		return msp_error_set(err, MSP_KILL, "the document is damaged");
	}
	look_inside(r);
	if (msp_object_reset(o, wf_kind(r), MSP_NONE, 0) != MSP_OK)
		return memory(err);
	rc = wf_log(r, o, err);
	if (rc != MSP_OK)
		return rc;
	rc = wf_clean(r, err);
	if ((rc == MSP_OK || rc == MSP_KILL) && (wf_metadata(r, o) != MSP_OK || log_notes(r, o) != MSP_OK))
		return memory(err);
	if (rc != MSP_OK)
		return rc;
	rc = wf_fields(r, o, err);
	if (r->head.dead) {
		set_type(o, r->head.type);
		o->live = false;
		return MSP_OK;
	}
	if (r->options.headers)
		return rc;
	if (rc == MSP_OK)
		rc = samples(r, o, formatted, err);
	else if (rc == MSP_KILL)
		*formatted = false;
	return rc == MSP_OK && !*formatted ? give_type(r, o, err) : rc;
}

static int first(struct msp_wfread *r, struct msp_object *o, struct msp_error *err)
{
	bool formatted = false;
	int rc = whole_object(r, o, &formatted, err);

	if (rc == MSP_OK && formatted) {
		rc = msp_object_take(&r->meta, o) == MSP_OK ? wf_format_begin(r, format_of(r, err), err) : memory(err);
		if (rc == MSP_OK)
			return MSP_OK;
		if (rc == MSP_KILL && msp_object_take(o, &r->meta) != MSP_OK)
			return memory(err);
		wf_format_end(r);
	}
	r->over = true;
	if (rc == MSP_KILL)
		rc = kill_it(r, o, err);
	return rc == MSP_OK ? give(r, o, err) : rc;
}

int msp_wfread_next(struct msp_wfread *r, struct msp_object *o, struct msp_error *err)
{
	struct msp_error scratch = {0};
	int rc;

	err = err ? err : &scratch;
	r->own_id = r->trouble = false;
	if (!r->begun || r->over)
		return 0;
	if (!r->input) {
		rc = first(r, o, err);
		if (rc != MSP_OK)
			return rc;
	}
	rc = wf_format_next(r, o, err);
	if (rc == 0) {
		r->over = true;
		return 0;
	}
	if (rc == MSP_KILL) {
		r->over = true;
		rc = msp_object_take(o, &r->meta) == MSP_OK ? kill_it(r, o, err) : memory(err);
	}
	return rc < 0 ? rc : give(r, o, err);
}
