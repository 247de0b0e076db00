/* The documents of an index: of a run, of a file, of what could not be indexed. */
#include "store/index.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names ------------------------------------------------------------- */

bool index_name_valid(const struct index_file *f)
{
	return bson_utf8_validate(f->dir, strlen(f->dir), false) && bson_utf8_validate(f->name, strlen(f->name), false);
}

static int add_word(struct msp_bytes *b, const char *text)
{
	return msp_bytes_append(b, text, strlen(text) + 1);
}

/* The first 12 bytes of the hash of words, each with its NUL. No memory: of those that were added, which is as good. */
static void oid_of(const char *kind, const char *dir, const char *name, const char *place, const char *tag, bson_oid_t *out)
{
	struct msp_bytes b = {0};
	struct msp_id id;

	if (add_word(&b, kind) == MSP_OK && add_word(&b, dir) == MSP_OK && add_word(&b, name) == MSP_OK && add_word(&b, place) == MSP_OK &&
	    add_word(&b, MSP_INDEX_COLLECTION) == MSP_OK)
		(void)add_word(&b, tag ? tag : "");
	id = msp_id_hash(b.data, b.len);
	memcpy(out->bytes, id.byte, sizeof(out->bytes));
	msp_bytes_free(&b);
}

/* ---- a run ------------------------------------------------------------- */

static void put_metadata(struct msp_doc *d, const struct msp_object *o)
{
	bson_iter_t it;

	if (!msp_meta_begin(o, &it))
		return;
	while (bson_iter_next(&it))
		msp_doc_iter(d, NULL, &it);
}

static void put_place(struct msp_doc *d, const struct index_file *f, const struct msp_input_span *span, int format)
{
	msp_doc_string(d, "storage_mode", "file");
	msp_doc_string(d, "format", format == MSP_FORMAT_SAC ? "SAC" : "mseed");
	msp_doc_string(d, "dir", f->dir);
	msp_doc_string(d, "dfile", f->name);
	msp_doc_int(d, "foff", (int64_t)span->offset);
	msp_doc_int(d, "nbytes", (int64_t)(span->end - span->offset));
}

/* Times in seconds, for MsPASS; the exact start is in msp. */
static void put_times(struct msp_doc *d, const struct msp_object *o, const struct msp_input_span *span, int format)
{
	msp_doc_int(d, "npts", (int64_t)o->npts);
	msp_doc_double(d, "delta", o->dt);
	msp_doc_double(d, "sampling_rate", 1 / o->dt);
	msp_doc_double(d, "starttime", msp_time_to_seconds(o->start));
	msp_doc_double(d, "endtime", msp_time_to_seconds(msp_object_end(o)));
	if (format == MSP_FORMAT_MSEED)
		msp_doc_double(d, "last_packet_time", msp_time_to_seconds(span->last));
	msp_doc_string(d, "time_standard", o->relative ? "Relative" : "UTC");
	msp_doc_bool(d, "utc_convertible", !o->relative);
	msp_doc_double(d, "starttime_shift", 0);
}

static void put_own(struct msp_doc *d, const struct index_result *r, const struct msp_object *o, const struct msp_input_span *span,
                    uint64_t run)
{
	size_t sub = msp_doc_open(d, "msp");

	msp_doc_int64(d, "start", o->start);
	msp_doc_string(d, "type", msp_type_name(span->type));
	msp_doc_int(d, "run", (int64_t)run);
	msp_doc_int64(d, "size", (int64_t)r->size);
	msp_doc_int64(d, "mtime", r->mtime);
	if (span->mixed)
		msp_doc_bool(d, "mixed", true);
	msp_doc_close(d, sub);
}

int index_document(const struct index_file *f, const struct index_result *r, const char *tag, const struct msp_object *o,
                   const struct msp_input_span *span, uint64_t run, struct msp_bytes *out)
{
	char place[24];
	struct msp_doc d;
	bson_oid_t id;

	snprintf(place, sizeof(place), "%" PRIu64, span->offset);
	oid_of("index", f->dir, f->name, place, tag, &id);
	msp_doc_begin(&d, out);
	msp_doc_oid(&d, "_id", &id);
	put_metadata(&d, o);
	put_times(&d, o, span, r->format);
	put_place(&d, f, span, r->format);
	if (tag)
		msp_doc_string(&d, "data_tag", tag);
	put_own(&d, r, o, span, run);
	return msp_doc_end(&d);
}

/* ---- a file ------------------------------------------------------------ */

void index_file_id(const char *dir, const char *name, const char *tag, bson_oid_t *out)
{
	oid_of("index file", dir, name, "", tag, out);
}

/* A name that is not UTF-8 is shown as well as it can be; the file's _id is made of the bytes. */
static void put_harmless(struct msp_doc *d, const char *key, const char *text)
{
	char *copy = strdup(text);

	if (!copy) {
		d->failed = true;
		return;
	}
	if (!bson_utf8_validate(copy, strlen(copy), false))
		msp_text_harmless(copy, strlen(copy));
	msp_doc_string(d, key, copy);
	free(copy);
}

static const char *format_name(int format)
{
	return format == MSP_FORMAT_SAC ? "SAC" : format == INDEX_STORE ? "msdb" : msp_format_name(format);
}

int index_entry(const struct index_file *f, const struct index_result *r, const char *tag, struct msp_bytes *out)
{
	struct msp_doc d;

	msp_doc_begin(&d, out);
	msp_doc_oid(&d, "_id", &f->id);
	put_harmless(&d, "dir", f->dir);
	put_harmless(&d, "dfile", f->name);
	msp_doc_string(&d, "collection", MSP_INDEX_COLLECTION);
	if (tag)
		msp_doc_string(&d, "data_tag", tag);
	msp_doc_int64(&d, "size", (int64_t)(r ? r->size : f->source->size));
	msp_doc_int64(&d, "mtime", r ? r->mtime : f->source->mtime);
	msp_doc_bool(&d, "complete", r && r->complete);
	if (r) {
		msp_doc_string(&d, "format", format_name(r->format));
		msp_doc_int(&d, "documents", (int64_t)r->documents);
		msp_doc_int(&d, "troubles", (int64_t)r->troubles);
	}
	msp_doc_int32(&d, "version", INDEX_VERSION);
	return msp_doc_end(&d);
}

/* ---- troubles ---------------------------------------------------------- */

static void put_log(struct msp_doc *d, const char *key, const char *algorithm, int severity, const char *text)
{
	size_t sub = msp_doc_open(d, key);
	char badness[64];

	snprintf(badness, sizeof(badness), "ErrorSeverity.%s", msp_severity_name(severity));
	msp_doc_int32(d, "job_id", 0);
	msp_doc_string(d, "algorithm", algorithm);
	msp_doc_string(d, "badness", badness);
	msp_doc_string(d, "error_message", text);
	msp_doc_int32(d, "process_id", 0); /* one that says anything would make another document of it each time */
	msp_doc_close(d, sub);
}

int index_trouble(struct index_result *r, const char *algorithm, int severity, uint64_t offset, const char *text)
{
	char plain[256], key[MSP_DOC_INDEX];
	struct msp_doc d = {.out = &r->log};

	snprintf(plain, sizeof(plain), "%s", text);
	msp_text_harmless(plain, strlen(plain));
	if (r->troubles == 0) {
		memcpy(r->first, plain, sizeof(plain));
		r->trouble_at = offset;
	}
	if (r->troubles++ < INDEX_LOG) { /* elements of an array, of which index_abortion() makes one */
		put_log(&d, msp_doc_index((uint32_t)r->troubles - 1, key), algorithm, severity, plain);
		return d.failed ? MSP_NOMEM : MSP_OK;
	}
	return MSP_OK;
}

int index_abortion(const struct index_file *f, const struct index_result *r, const char *tag, struct msp_bytes *out)
{
	char text[64], key[MSP_DOC_INDEX];
	struct msp_doc d;
	size_t sub;

	msp_doc_begin(&d, out);
	msp_doc_oid(&d, "_id", &f->id);
	sub = msp_doc_open(&d, "tombstone");
	put_harmless(&d, "dir", f->dir);
	put_harmless(&d, "dfile", f->name);
	msp_doc_int(&d, "foff", (int64_t)r->trouble_at);
	msp_doc_string(&d, "format", format_name(r->format));
	msp_doc_close(&d, sub);
	msp_doc_string(&d, "type", "TimeSeries");
	sub = msp_doc_open_array(&d, "logdata");
	if (!d.failed && msp_bytes_append(out, r->log.data, r->log.len) != MSP_OK)
		d.failed = true;
	if (r->troubles > INDEX_LOG) {
		snprintf(text, sizeof(text), "%" PRIu64 " more", r->troubles - INDEX_LOG);
		put_log(&d, msp_doc_index(INDEX_LOG, key), "msindex", MSP_COMPLAINT, text);
	}
	msp_doc_close(&d, sub);
	if (tag)
		msp_doc_string(&d, "data_tag", tag);
	return msp_doc_end(&d);
}
