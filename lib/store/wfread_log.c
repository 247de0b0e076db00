/* The error log of a waveform document: its own, of the dead, or the one that it refers to. */
#include "store/wfread.h"

#include "mspipe/doc.h"
#include "store/backend.h"

#include <string.h>

static const char *text_of(const struct wf_doc *d, const char *key)
{
	const char *text = wf_string(d, key);

	return text ? text : "";
}

/* MsPASS writes ErrorSeverity.Complaint. */
static const char *badness(const struct wf_doc *entry)
{
	const char *text = text_of(entry, "badness");

	if (strncmp(text, "ErrorSeverity.", 14) == 0)
		text += 14;
	for (int s = MSP_FATAL; s <= MSP_INFORMATIONAL; s++)
		if (strcmp(text, msp_severity_name(s)) == 0)
			return msp_severity_name(s);
	return msp_severity_name(MSP_COMPLAINT);
}

static int log_of(const struct wf_doc *from, struct msp_object *o)
{
	struct wf_doc list = wf_list(from, "logdata");
	char index[MSP_DOC_INDEX];
	struct msp_doc d;
	bson_iter_t it;
	uint32_t n = 0;

	msp_doc_begin(&d, &o->elog);
	if (wf_begin(&list, &it))
		while (bson_iter_next(&it)) {
			struct wf_doc entry = {NULL, 0};
			uint32_t len = 0;
			size_t mark;

			if (!BSON_ITER_HOLDS_DOCUMENT(&it))
				continue;
			bson_iter_document(&it, &len, &entry.data);
			entry.len = len;
			mark = msp_doc_open(&d, msp_doc_index(n++, index));
			msp_doc_string(&d, "algorithm", text_of(&entry, "algorithm"));
			msp_doc_string(&d, "badness", badness(&entry));
			msp_doc_string(&d, "message", text_of(&entry, "error_message"));
			msp_doc_close(&d, mark);
		}
	if (msp_doc_end(&d) != MSP_OK)
		return MSP_NOMEM;
	if (n == 0)
		msp_bytes_free(&o->elog);
	return MSP_OK;
}

int wf_note(struct msp_wfread *r, struct msp_object *o, int severity, const char *message)
{
	r->trouble = true;
	return msp_object_log(o, WF_ALGORITHM, severity, message);
}

/* The error log that the document refers to. */
static int fetch_log(struct msp_wfread *r, const bson_iter_t *id, struct msp_object *o, struct msp_error *err)
{
	struct msp_find f = {.limit = 1};
	struct msp_cursor *c = NULL;
	const bson_t *doc;
	bson_t filter = BSON_INITIALIZER;
	int rc;
	static const char not_there[] = "the document refers to an error log that is not in the store";

	if (!msp_literal(id))
		return wf_note(r, o, MSP_COMPLAINT, not_there);
	f.filter = &filter;
	rc = bson_append_iter(&filter, "_id", 3, id) ? msp_store_find(r->store, "elog", &f, &c, err) : MSP_NOMEM;
	if (rc == MSP_OK)
		rc = msp_cursor_next(c, &doc, err);
	if (rc == 1) {
		struct wf_doc log = {bson_get_data(doc), doc->len};

		rc = log_of(&log, o);
	} else if (rc == 0) {
		rc = wf_note(r, o, MSP_COMPLAINT, not_there);
	}
	msp_cursor_free(c);
	bson_destroy(&filter);
	return rc == MSP_NOMEM ? msp_error_set(err, MSP_NOMEM, "out of memory") : rc;
}

int wf_log(struct msp_wfread *r, struct msp_object *o, struct msp_error *err)
{
	bson_iter_t it;

	if (r->head.dead)
		return log_of(&r->head.whole, o) == MSP_OK ? MSP_OK : msp_error_set(err, MSP_NOMEM, "out of memory");
	return wf_find(&r->head.whole, "elog_id", &it) && !BSON_ITER_HOLDS_NULL(&it) ? fetch_log(r, &it, o, err) : MSP_OK;
}
