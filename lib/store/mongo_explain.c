/* The back end for MongoDB servers: which index a server would use. */
#include "store/mongo.h"

#include <string.h>

#define MAX_DEPTH 60

/* Appends every value of "indexName" below it. */
static int put_names(bson_iter_t *it, unsigned depth, struct msp_bytes *out)
{
	bson_iter_t inner;
	int s = MSP_OK;

	while (s == MSP_OK && bson_iter_next(it)) {
		if (BSON_ITER_HOLDS_UTF8(it) && strcmp(bson_iter_key(it), "indexName") == 0)
			s = msp_text_append(out, out->len ? "; " : "") || msp_text_append(out, bson_iter_utf8(it, NULL)) ? MSP_NOMEM : MSP_OK;
		else if (depth < MAX_DEPTH && (BSON_ITER_HOLDS_DOCUMENT(it) || BSON_ITER_HOLDS_ARRAY(it)) && bson_iter_recurse(it, &inner))
			s = put_names(&inner, depth + 1, out);
	}
	return s;
}

static bool make_command(const char *c, const struct msp_find *f, bson_t *out)
{
	bson_t find;

	return bson_append_document_begin(out, "explain", 7, &find) && BSON_APPEND_UTF8(&find, "find", c) &&
	       BSON_APPEND_DOCUMENT(&find, "filter", f->filter) && (!f->sort || BSON_APPEND_DOCUMENT(&find, "sort", f->sort)) &&
	       (!f->projection || BSON_APPEND_DOCUMENT(&find, "projection", f->projection)) &&
	       (!f->limit || BSON_APPEND_INT64(&find, "limit", f->limit > INT64_MAX ? INT64_MAX : (int64_t)f->limit)) &&
	       bson_append_document_end(out, &find) && BSON_APPEND_UTF8(out, "verbosity", "queryPlanner");
}

int msp_mongo_explain(struct msp_store *s, const char *c, const struct msp_find *f, struct msp_bytes *out, struct msp_error *err)
{
	struct mongo *m = (struct mongo *)s;
	struct msp_bytes names = {0};
	bson_t command = BSON_INITIALIZER, reply;
	bson_iter_t it, plan;
	bool known = false;
	int r = MSP_OK;

	if (!make_command(c, f, &command)) {
		bson_destroy(&command);
		return msp_error_set(err, MSP_NOMEM, "no memory left");
	}
	/* A server that does not explain, or not in this way, only leaves it unknown. */
	if (mongoc_database_read_command_with_opts(m->db, &command, NULL, NULL, &reply, NULL) && bson_iter_init(&it, &reply) &&
	    bson_iter_find_descendant(&it, "queryPlanner.winningPlan", &plan) && BSON_ITER_HOLDS_DOCUMENT(&plan) && bson_iter_recurse(&plan, &it)) {
		known = true;
		r = put_names(&it, 0, &names);
	}
	if (r == MSP_OK && known)
		r = msp_text_append(out, "index: ") || msp_bytes_append(out, names.len ? (const void *)names.data : "none", names.len ? names.len : 4) ||
		    msp_text_append(out, "\n") ? MSP_NOMEM : MSP_OK;
	msp_bytes_free(&names);
	bson_destroy(&reply);
	bson_destroy(&command);
	return r == MSP_OK ? MSP_OK : msp_error_set(err, MSP_NOMEM, "no memory left");
}
