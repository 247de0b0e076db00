/* What is in a store, as lines of text. */
#include "mspipe/documents.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int msp_document_json(const bson_t *doc, bool canonical, struct msp_bytes *out)
{
	size_t n;
	char *text;
	int r;

	if (!canonical)
		return msp_json_document(bson_get_data(doc), doc->len, out);
	text = bson_as_canonical_extended_json(doc, &n);
	r = text ? msp_bytes_append(out, text, n) : MSP_NOMEM;
	bson_free(text);
	return r;
}

int msp_document_value_json(const bson_iter_t *value, bool canonical, struct msp_bytes *out)
{
	struct msp_value v;
	bson_t box = BSON_INITIALIZER;
	char *text;
	size_t n;
	int r = MSP_NOMEM;

	if (!canonical) {
		msp_value_of_iter(value, &v);
		return msp_json_value(&v, out);
	}
	if (bson_append_iter(&box, "v", 1, value) && (text = bson_as_canonical_extended_json(&box, &n)) != NULL) {
		/* { "v" : VALUE } */
		r = n > 10 ? msp_bytes_append(out, text + 8, n - 10) : MSP_NOMEM;
		bson_free(text);
	}
	bson_destroy(&box);
	return r;
}

/* ---- lines ------------------------------------------------------------- */

struct out {
	struct msp_bytes line;
	bool canonical;
	msp_print_fn *print;
	void *context;
};

/* made: whether the line could be. */
static int give(struct out *o, int made, struct msp_error *err)
{
	int r = made == MSP_OK && msp_bytes_append(&o->line, "\n", 1) == MSP_OK ? o->print(o->context, o->line.data, o->line.len)
	                                                                        : msp_error_set(err, MSP_NOMEM, "no memory left");

	o->line.len = 0;
	return r;
}

static int print_array(struct out *o, bson_t *values, struct msp_error *err)
{
	bson_iter_t it;
	int r = MSP_OK;

	if (bson_iter_init(&it, values))
		while (r == MSP_OK && bson_iter_next(&it))
			r = give(o, msp_document_value_json(&it, o->canonical, &o->line), err);
	bson_destroy(values);
	msp_bytes_free(&o->line);
	return r;
}

int msp_store_print_collections(struct msp_store *s, msp_print_fn *print, void *context, struct msp_error *err)
{
	struct out o = {.print = print, .context = context};
	bson_t names;
	bson_iter_t it;
	int r = msp_store_collections(s, &names, err);

	if (r != MSP_OK)
		return r;
	for (bool more = bson_iter_init(&it, &names); r == MSP_OK && more && bson_iter_next(&it);) {
		const char *name = bson_iter_utf8(&it, NULL);
		char text[32];
		uint64_t n;

		r = msp_store_count(s, name, NULL, &n, err);
		if (r != MSP_OK)
			break;
		snprintf(text, sizeof(text), "%12" PRIu64 "  ", n);
		r = msp_text_append(&o.line, text) || msp_text_append(&o.line, name) ? MSP_NOMEM : MSP_OK;
		msp_text_harmless(o.line.data, o.line.len);
		r = give(&o, r, err);
	}
	bson_destroy(&names);
	msp_bytes_free(&o.line);
	return r;
}

static int print_document(void *context, const bson_t *doc, struct msp_error *err)
{
	struct out *o = context;

	return give(o, msp_document_json(doc, o->canonical, &o->line), err);
}

int msp_store_print_documents(struct msp_store *s, const char *collection, const struct msp_choice *choice, bool canonical,
                              msp_print_fn *print, void *context, struct msp_error *err)
{
	struct out o = {.canonical = canonical, .print = print, .context = context};
	int r = msp_store_each(s, collection, choice, print_document, &o, err);

	msp_bytes_free(&o.line);
	return r;
}

int msp_store_print_values(struct msp_store *s, const char *collection, const char *key, const struct msp_choice *choice, bool canonical,
                           msp_print_fn *print, void *context, struct msp_error *err)
{
	struct out o = {.canonical = canonical, .print = print, .context = context};
	bson_t values;
	int r = msp_store_distinct(s, collection, key, choice ? choice->filter : NULL, &values, err);

	return r == MSP_OK ? print_array(&o, &values, err) : r;
}

int msp_store_print_indexes(struct msp_store *s, const char *collection, msp_print_fn *print, void *context, struct msp_error *err)
{
	struct out o = {.print = print, .context = context};
	bson_t indexes;
	int r = msp_store_indexes(s, collection, &indexes, err);

	return r == MSP_OK ? print_array(&o, &indexes, err) : r;
}
