/* History as documents: for each distinct pipeline that objects came through, one in history_global (MsPASS's keys, and `stages`) and one
 * in history_object, which the objects' documents name.
 *
 * * history_object is one for a pipeline, not one for an object: what differs between objects of a pipeline are their ids and the ids
 *   that they were made from, and these stand in their own documents (msp.id, msp.history). A million more documents would say nothing.
 * * No argument of a stage holds a password. */
#include "store/wfsave.h"

#include <string.h>
#include <time.h>

/* ---- stages ------------------------------------------------------------ */

/* A word of a command line: in a URI, nothing that is secret; and UTF-8. malloc(). */
static char *harmless_word(const char *word)
{
	const char *uri = strstr(word, "mongodb://"), *other = strstr(word, "mongodb+srv://");
	char *clean, *whole = NULL;

	uri = other && (!uri || other < uri) ? other : uri;
	if (!uri) {
		whole = strdup(word);
	} else {
		clean = msp_uri_harmless(uri);
		if (clean && asprintf(&whole, "%.*s%s", (int)(uri - word), word, clean) < 0)
			whole = NULL;
		free(clean);
	}
	if (whole && !bson_utf8_validate(whole, strlen(whole), false))
		msp_text_harmless(whole, strlen(whole));
	return whole;
}

static bool add_word(bson_t *list, uint32_t i, const char *word)
{
	char buf[16], *clean = harmless_word(word);
	const char *index;
	size_t n = bson_uint32_to_string(i, &index, buf, sizeof(buf));
	bool ok = clean && bson_append_utf8(list, index, (int)n, clean, -1);

	free(clean);
	return ok;
}

static bool add_stage(bson_t *list, uint32_t i, const struct msp_stage *stage)
{
	char buf[16];
	const char *index;
	size_t n = bson_uint32_to_string(i, &index, buf, sizeof(buf));
	bson_t one, words;
	bool ok = bson_append_document_begin(list, index, (int)n, &one) && BSON_APPEND_UTF8(&one, "tool", stage->tool) &&
	          BSON_APPEND_UTF8(&one, "version", stage->version) && BSON_APPEND_ARRAY_BEGIN(&one, "argv", &words);

	for (uint32_t k = 0; ok && k < stage->argc; k++)
		ok = add_word(&words, k, stage->argv[k]);
	ok = ok && bson_append_array_end(&one, &words) && BSON_APPEND_ARRAY_BEGIN(&one, "in", &words);
	for (uint32_t k = 0; ok && k < stage->nin; k++) {
		n = bson_uint32_to_string(k, &index, buf, sizeof(buf));
		ok = bson_append_int32(&words, index, (int)n, (int32_t)stage->in[k]);
	}
	return ok && bson_append_array_end(&one, &words) && bson_append_document_end(list, &one);
}

/* {"stages": [...]}, as a pipeline is, and the names of its tools. */
static int read_stages(const struct msp_bytes *pipeline, bson_t *doc, struct msp_bytes *names, uint32_t *count, struct msp_error *err)
{
	struct msp_stage *stage = NULL;
	bson_t list;
	int r = msp_pipeline_stages(pipeline, &stage, count, err);
	bool ok = r == MSP_OK && BSON_APPEND_ARRAY_BEGIN(doc, "stages", &list);

	for (uint32_t i = 0; ok && i < *count; i++)
		ok = bson_utf8_validate(stage[i].tool, strlen(stage[i].tool), false) &&
		     bson_utf8_validate(stage[i].version, strlen(stage[i].version), false) && add_stage(&list, i, &stage[i]) &&
		     (i == 0 || msp_text_append(names, " | ") == MSP_OK) && msp_text_append(names, stage[i].tool) == MSP_OK;
	ok = ok && bson_append_array_end(doc, &list) && msp_bytes_append(names, "", 1) == MSP_OK;
	msp_stages_free(stage, r == MSP_OK ? *count : 0);
	return r != MSP_OK ? r : ok ? MSP_OK : msp_error_set(err, MSP_FAIL, "the stream's history cannot be kept: names that are not UTF-8, or no memory");
}

/* ---- documents --------------------------------------------------------- */

struct history {
	struct msp_id hash;
	bson_t *stages; /* {"stages": [...]} */
	const char *names, *last;
	uint32_t count;
	bson_oid_t global, alg, job;
};

static int add_global(struct msp_save *v, const struct history *h, struct msp_error *err)
{
	struct msp_bytes text = {0};
	struct timespec now;
	bson_t doc = BSON_INITIALIZER;
	int r = MSP_NOMEM;

	clock_gettime(CLOCK_REALTIME, &now);
	if (msp_json_document(bson_get_data(h->stages), h->stages->len, &text) == MSP_OK && BSON_APPEND_OID(&doc, "_id", &h->global) &&
	    BSON_APPEND_OID(&doc, "job_id", &h->job) && BSON_APPEND_UTF8(&doc, "job_name", h->names) &&
	    BSON_APPEND_UTF8(&doc, "alg_name", h->last) && BSON_APPEND_OID(&doc, "alg_id", &h->alg) &&
	    bson_append_utf8(&doc, "parameters", -1, (const char *)text.data, (int)text.len) &&
	    BSON_APPEND_DOUBLE(&doc, "time", (double)now.tv_sec + (double)now.tv_nsec / 1e9) && bson_concat(&doc, h->stages))
		r = msp_wait_add(&v->first, MSP_AT_GLOBAL_HISTORY, &doc, err);
	else
		(void)msp_wf_nomem(err);
	bson_destroy(&doc);
	msp_bytes_free(&text);
	return r;
}

/* A hash as people write a UUID. */
static void uuid_of(struct msp_id id, char out[37])
{
	char hex[MSP_ID_TEXT];

	msp_id_format(&id, hex);
	snprintf(out, 37, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16, hex + 20);
}

static int add_object_history(struct msp_save *v, const struct history *h, struct msp_error *err)
{
	bson_t doc = BSON_INITIALIZER;
	char uuid[37], alg[25], job[25];
	int r = MSP_NOMEM;

	uuid_of(h->hash, uuid);
	bson_oid_to_string(&h->alg, alg);
	bson_oid_to_string(&h->job, job);
	if (BSON_APPEND_OID(&doc, "_id", &v->history) && BSON_APPEND_UTF8(&doc, "save_uuid", uuid) &&
	    BSON_APPEND_INT32(&doc, "save_stage", (int32_t)h->count) &&
	    BSON_APPEND_BINARY(&doc, "processing_history", BSON_SUBTYPE_BINARY, bson_get_data(h->stages), h->stages->len) &&
	    BSON_APPEND_UTF8(&doc, "alg_id", alg) && BSON_APPEND_UTF8(&doc, "alg_name", h->last) && BSON_APPEND_UTF8(&doc, "job_id", job) &&
	    BSON_APPEND_UTF8(&doc, "job_name", h->names) && bson_concat(&doc, h->stages))
		r = msp_wait_add(&v->first, MSP_AT_OBJECT_HISTORY, &doc, err);
	else
		(void)msp_wf_nomem(err);
	bson_destroy(&doc);
	return r;
}

/* True if it was met before; else it is noted. */
static int met(struct msp_save *v, struct msp_id hash, bool *out, struct msp_error *err)
{
	struct msp_id *grown;

	*out = true;
	for (size_t i = v->npipelines; i-- > 0;)
		if (msp_id_equal(&v->pipelines[i], &hash))
			return MSP_OK;
	*out = false;
	if (v->npipelines == v->pipeline_room) {
		grown = realloc(v->pipelines, (2 * v->pipeline_room + 16) * sizeof(*grown));
		if (!grown)
			return msp_wf_nomem(err);
		v->pipelines = grown;
		v->pipeline_room = 2 * v->pipeline_room + 16;
	}
	v->pipelines[v->npipelines++] = hash;
	return MSP_OK;
}

int msp_save_pipeline(struct msp_save *v, const struct msp_bytes *pipeline, struct msp_error *err)
{
	struct msp_bytes names = {0};
	bson_t stages = BSON_INITIALIZER;
	struct history h = {.stages = &stages};
	const char *bar;
	bool known;
	int r = read_stages(pipeline, &stages, &names, &h.count, err);

	v->has_history = r == MSP_OK && h.count > 0;
	if (v->has_history) {
		h.hash = msp_id_hash(bson_get_data(&stages), stages.len);
		h.names = (const char *)names.data;
		bar = strrchr(h.names, '|');
		h.last = bar ? bar + 2 : h.names;
		if (msp_wf_oid_of("history_object", h.hash.byte, 16, &v->history) || msp_wf_oid_of("history_global", h.hash.byte, 16, &h.global) ||
		    msp_wf_oid_of("alg", h.hash.byte, 16, &h.alg) || msp_wf_oid_of("job", h.hash.byte, 16, &h.job))
			r = msp_wf_nomem(err);
		if (r == MSP_OK)
			r = met(v, h.hash, &known, err);
		if (r == MSP_OK && !known)
			r = add_global(v, &h, err);
		if (r == MSP_OK && !known)
			r = add_object_history(v, &h, err);
	}
	bson_destroy(&stages);
	msp_bytes_free(&names);
	return r;
}
