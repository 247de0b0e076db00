/* Waveform documents whose samples lie in a miniSEED or SAC file, at foff, nbytes long.
 *
 * Of a miniSEED range the runs with the document's codes are read, as msread reads the file: records of other channels
 * may lie between. Of a document that msindex made it is the run that begins there. What the file says of times and samples counts, and
 * disagreement with the document is logged. */
#include "store/wfread.h"

#include "mspipe/doc.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "out of memory");
}

/* ---- the range --------------------------------------------------------- */

static void get_code(const struct msp_wfread *r, const char *key, char out[32])
{
	const char *text = wf_string(&r->head.doc, key);

	snprintf(out, 32, "%s", text ? text : "");
}

/* The document's codes, if it has any. */
static bool get_codes(struct msp_wfread *r)
{
	get_code(r, "net", r->codes.net);
	get_code(r, "sta", r->codes.sta);
	get_code(r, "loc", r->codes.loc);
	get_code(r, "chan", r->codes.chan);
	return r->codes.sta[0] || r->codes.chan[0];
}

/* A file that cannot be read is bad for its documents, and for nothing else. */
static int bad_file(int status, struct msp_error *err)
{
	return status == MSP_FAIL ? (err->status = MSP_KILL) : status;
}

static struct msp_input *open_range(struct msp_wfread *r, const struct wf_file *f, uint64_t offset, uint64_t size, int format,
                                    const struct msp_input_options *more, struct msp_error *err)
{
	struct msp_input_options o = *more;
	struct msp_input *in;

	o.format = format;
	o.offset = offset;
	o.size = size;
	o.poll = r->options.poll;
	o.context = r->options.context;
	if (lseek(f->fd, (off_t)offset, SEEK_SET) < 0) {
		msp_error_errno(err, MSP_KILL, "%s", f->path);
		return NULL;
	}
	in = msp_input_open(f->fd, f->path, &o, err);
	if (!in)
		(void)bad_file(err->status, err);
	return in;
}

/* nbytes, or, where there are none, all up to the end of the file (*whole). */
static int range_of(struct msp_wfread *r, const struct wf_file *f, uint64_t offset, uint64_t *size, bool *whole,
                    struct msp_error *err)
{
	bson_iter_t it;
	int64_t n;

	*whole = !wf_find(&r->head.doc, "nbytes", &it);
	if (offset >= f->size)
		return msp_error_set(err, MSP_KILL, "%s: the document's samples begin at byte %" PRIu64 ", the file has only %" PRIu64, f->path,
		                     offset, f->size);
	*size = f->size - offset;
	if (*whole)
		return MSP_OK;
	if (!wf_integer(&r->head.doc, "nbytes", &n) || n <= 0)
		return msp_error_set(err, MSP_KILL, "the document's nbytes is no number of bytes");
	if ((uint64_t)n > *size)
		return msp_error_set(err, MSP_KILL, "%s: the document's samples end at byte %" PRIu64 ", the file has only %" PRIu64, f->path,
		                     offset + (uint64_t)n, f->size);
	*size = (uint64_t)n;
	return MSP_OK;
}

/* ---- documents without nbytes ------------------------------------------ */

/* MsPASS gives all members of an ensemble that it saved to a miniSEED file the same place in it. */
static bool same_start(const struct msp_wfread *r, const struct msp_object *o)
{
	double half = r->meta.dt * 0.5e9;

	return !r->meta.relative && !o->relative && fabs((double)o->start - (double)r->meta.start) <= half;
}

static int choose(void *context, struct msp_object *o)
{
	struct msp_wfread *r = context;

	return o->live && same_start(r, o);
}

/* Which run begins when the document says. */
static int plan(struct msp_wfread *r, const struct wf_file *f, uint64_t offset, uint64_t size, struct msp_input_options *o,
                struct msp_error *err)
{
	struct msp_input_options first = {.headers = true, .only = o->only};
	struct msp_input *in = open_range(r, f, offset, size, MSP_FORMAT_MSEED, &first, err);
	int rc = in ? bad_file(msp_plan_make(&r->plan, in, choose, r, err), err) : err->status;

	msp_input_free(in);
	if (rc != MSP_OK || r->plan.n < 2)
		return rc;
	if (r->plan.kept == 0)
		return msp_error_set(err, MSP_KILL,
		                     "%s: nothing in it begins when the document says, and how long its samples are it does not say", f->path);
	o->want = msp_plan_wants;
	o->want_context = &r->plan;
	return MSP_OK;
}

/* ---- objects ----------------------------------------------------------- */

/* What a document that msindex made says of its run's records is not said of a piece's. */
static bool is_files(const struct msp_wfread *r, const char *key)
{
	return r->one_run && strcmp(key, "mseed") == 0;
}

/* The file's metadata, over them the document's. */
static int merge_metadata(struct msp_wfread *r, struct msp_object *o)
{
	struct msp_bytes merged = {0};
	struct msp_doc d;
	bson_iter_t it, over;
	int rc;

	msp_doc_begin(&d, &merged);
	if (msp_meta_begin(o, &it))
		while (bson_iter_next(&it)) {
			bool there = !is_files(r, bson_iter_key(&it)) && msp_meta_begin(&r->meta, &over) && bson_iter_find(&over, bson_iter_key(&it));

			msp_doc_iter(&d, NULL, there ? &over : &it);
		}
	if (msp_meta_begin(&r->meta, &it))
		while (bson_iter_next(&it))
			if (!msp_meta_begin(o, &over) || !bson_iter_find(&over, bson_iter_key(&it)))
				msp_doc_iter(&d, NULL, &it);
	rc = msp_doc_end(&d);
	if (rc == MSP_OK) {
		msp_bytes_free(&o->metadata);
		o->metadata = merged;
	} else {
		msp_bytes_free(&merged);
	}
	return rc;
}

static bool same_code(const struct msp_object *o, const char *key, const char *code)
{
	const char *text = msp_meta_string(o, key, "");

	return strcmp(text, code) == 0;
}

static bool same_codes(const struct msp_wfread *r, const struct msp_object *o)
{
	return same_code(o, "net", r->codes.net) && same_code(o, "sta", r->codes.sta) && same_code(o, "loc", r->codes.loc) &&
	       same_code(o, "chan", r->codes.chan);
}

/* What the file says against what the document says. Nothing, where they agree: then the object is the one that the file
 * gives. */
static int compare(struct msp_wfread *r, struct msp_object *o, bool codes)
{
	char text[200], name[80];
	int rc = MSP_OK;

	if (codes && (r->codes.sta[0] || r->codes.chan[0])) {
		snprintf(text, sizeof text, "the document's codes are not those of the file at its place, which are of %s",
		         msp_object_name(o, name, sizeof name));
		rc = wf_note(r, o, MSP_SUSPECT, text);
	}
	if (rc == MSP_OK && r->plan.kept > 0)
		rc = wf_note(r, o, MSP_COMPLAINT, "the document does not say how long its samples are in the file, which has "
		                    "several: these begin when it says");
	if (rc == MSP_OK && r->several)
		rc = wf_note(r, o, MSP_COMPLAINT, "the document's bytes of the file are several runs, with gaps between");
	if (r->several || r->pieces || !o->live || rc != MSP_OK)
		return rc;
	if (!same_start(r, o)) {
		char is[MSP_TIME_TEXT], says[MSP_TIME_TEXT];

		snprintf(text, sizeof text, "samples begin at %s, not, as the document says, at %s%s",
		         o->relative ? msp_seconds_format(o->start, is) : msp_time_format(o->start, is),
		         r->meta.relative ? msp_seconds_format(r->meta.start, says) : msp_time_format(r->meta.start, says),
		         r->meta.relative ? " (relative)" : "");
		if (o->relative != r->meta.relative || fabs((double)o->start - (double)r->meta.start) > 0.5e9 * o->dt)
			rc = wf_note(r, o, MSP_SUSPECT, text);
	}
	if (rc == MSP_OK && o->npts != r->meta.npts) {
		snprintf(text, sizeof text, "the file has %" PRIu64 " samples, not, as the document says, %" PRIu64, o->npts, r->meta.npts);
		rc = wf_note(r, o, MSP_COMPLAINT, text);
	}
	if (rc == MSP_OK && !(fabs(o->dt / r->meta.dt - 1) <= 1e-4)) {
		snprintf(text, sizeof text, "the file's sample interval is %g s, not, as the document says, %g s", o->dt, r->meta.dt);
		rc = wf_note(r, o, MSP_COMPLAINT, text);
	}
	return rc;
}

/* The log of the file's object, then the document's. */
static int merge_logs(struct msp_wfread *r, struct msp_object *o)
{
	const struct msp_bytes *from[2] = {&o->elog, &r->meta.elog};
	struct msp_bytes merged = {0};
	char index[MSP_DOC_INDEX];
	struct msp_doc d;
	bson_iter_t it;
	uint32_t n = 0;

	if (r->meta.elog.len == 0)
		return MSP_OK;
	msp_doc_begin(&d, &merged);
	for (int k = 0; k < 2; k++)
		if (from[k]->len > 0 && bson_iter_init_from_data(&it, from[k]->data, from[k]->len))
			while (bson_iter_next(&it))
				msp_doc_iter(&d, msp_doc_index(n++, index), &it);
	if (msp_doc_end(&d) != MSP_OK) {
		msp_bytes_free(&merged);
		return MSP_NOMEM;
	}
	msp_bytes_free(&o->elog);
	o->elog = merged;
	return MSP_OK;
}

/* An object of the file becomes the document's. */
static int finish(struct msp_wfread *r, struct msp_object *o, struct msp_error *err)
{
	bool other = o->live && !same_codes(r, o);

	r->own_id = false;
	r->trouble |= msp_object_log_count(o) > 0;
	if (merge_logs(r, o) != MSP_OK || compare(r, o, other) != MSP_OK || merge_metadata(r, o) != MSP_OK)
		return memory(err);
	return 1;
}

static bool same_span(const struct msp_object *a, const struct msp_object *b)
{
	return a->live && b->live && a->start == b->start && a->npts == b->npts && a->dt == b->dt && a->type == b->type;
}

/* The next object. */
static int look(struct msp_wfread *r, struct msp_error *err)
{
	int rc = msp_input_next(r->input, &r->ahead, err);

	r->has_ahead = rc == 1;
	return rc < 0 ? bad_file(rc, err) : MSP_OK;
}

/* Three time series of a file, in the file's order, are the components of a seismogram: so MsPASS writes one. */
static int three(struct msp_wfread *r, struct msp_object *o, struct msp_error *err)
{
	static const char why[] = "a seismogram needs three time series of the same span at the document's place in the file";
	struct msp_object one;
	uint32_t n = 1;
	int rc;

	msp_object_init(&one);
	if (!r->has_ahead)
		return msp_error_set(err, MSP_KILL, why);
	rc = msp_object_copy(&one, o);
	while (rc == MSP_OK && r->has_ahead) {
		if (n++ == 3 || !same_span(o, &r->ahead)) {
			rc = msp_error_set(err, MSP_KILL, why);
		} else if (msp_bytes_append(&one.samples, r->ahead.samples.data, r->ahead.samples.len) != MSP_OK) {
			rc = memory(err);
		} else {
			rc = look(r, err);
		}
	}
	if (rc == MSP_OK && n != 3)
		rc = msp_error_set(err, MSP_KILL, why);
	if (rc == MSP_OK) {
		memcpy(o->tmatrix, r->meta.tmatrix, sizeof o->tmatrix);
		o->kind = MSP_SEISMOGRAM;
		o->ncomp = 3;
		o->cardinal = r->meta.cardinal;
		o->orthogonal = r->meta.orthogonal;
		rc = msp_bytes_set(&o->samples, one.samples.data, one.samples.len) == MSP_OK &&
		     msp_bytes_set(&o->metadata, r->meta.metadata.data, r->meta.metadata.len) == MSP_OK ? MSP_OK : memory(err);
	}
	msp_object_free(&one);
	return rc;
}

/* ---- what is called ---------------------------------------------------- */

int wf_format_begin(struct msp_wfread *r, int format, struct msp_error *err)
{
	struct msp_input_options o = {0};
	const struct wf_file *f;
	uint64_t offset = 0, size = 0;
	bool whole, codes = get_codes(r);
	bson_iter_t it;
	int rc = wf_open(r, &f, &offset, err);

	if (rc == MSP_OK)
		rc = range_of(r, f, offset, &size, &whole, err);
	if (rc != MSP_OK)
		return rc;
	r->one_run = format == MSP_FORMAT_MSEED && !whole && wf_find(&r->head.msp, "run", &it);
	if (r->one_run)
		o.want = msp_input_first;
	else if (format == MSP_FORMAT_MSEED && codes && r->meta.kind != MSP_SEISMOGRAM)
		o.only = &r->codes;
	if (whole && o.only)
		rc = plan(r, f, offset, size, &o, err);
	for (int pass = 0; rc == MSP_OK && pass < 2 && !r->has_ahead; pass++) {
		if (pass == 1 && !o.only)
			break;
		if (pass == 1) { /* the codes may have been corrected in the document */
			o.only = NULL;
			r->guess = true;
		}
		msp_input_free(r->input);
		r->input = open_range(r, f, offset, size, format, &o, err);
		rc = r->input ? look(r, err) : err->status;
	}
	if (rc == MSP_OK && !r->has_ahead)
		rc = msp_error_set(err, MSP_KILL, "%s: no samples at the document's place", f->path);
	return rc;
}

int wf_format_next(struct msp_wfread *r, struct msp_object *o, struct msp_error *err)
{
	uint64_t run;
	int rc;

	if (!r->has_ahead)
		return 0;
	rc = msp_object_take(o, &r->ahead) == MSP_OK ? MSP_OK : memory(err);
	run = msp_input_run(r->input);
	if (rc == MSP_OK)
		rc = look(r, err);
	if (rc == MSP_OK && r->meta.kind == MSP_SEISMOGRAM)
		rc = three(r, o, err);
	else if (rc == MSP_OK && o->live && r->has_ahead && r->ahead.live && msp_input_run(r->input) != run)
		r->several = true;
	r->pieces |= r->one_run && r->has_ahead;
	if (rc == MSP_OK && r->several && r->guess)
		rc = msp_error_set(err, MSP_KILL, "%s: several time series at the document's place, and none has its codes",
		                   (const char *)r->path.data);
	return rc == MSP_OK ? finish(r, o, err) : rc;
}

void wf_format_end(struct msp_wfread *r)
{
	msp_input_free(r->input);
	r->input = NULL;
	msp_plan_free(&r->plan);
	r->has_ahead = r->several = r->guess = r->one_run = r->pieces = false;
}
