/* Checking: references from one document to another, as the schema names them. */
#include "store/check.h"

#include "store/schema.h"

#include <string.h>

/* In collections that the schema does not know, these keys are references as well. */
static const struct msp_schema_row usual[] = {
	{MSP_S_KEY, "site_id", MSP_S_OID, MSP_S_XREF, "site", ""},
	{MSP_S_KEY, "channel_id", MSP_S_OID, MSP_S_XREF, "channel", ""},
	{MSP_S_KEY, "source_id", MSP_S_OID, MSP_S_XREF, "source", ""},
	{MSP_S_KEY, "elog_id", MSP_S_OID, MSP_S_XREF, "elog", ""},
	{MSP_S_KEY, "history_object_id", MSP_S_OID, MSP_S_XREF, "history_object", ""},
	{MSP_S_KEY, "wf_TimeSeries_id", MSP_S_OID, MSP_S_XREF, "wf_TimeSeries", ""},
	{MSP_S_KEY, "wf_Seismogram_id", MSP_S_OID, MSP_S_XREF, "wf_Seismogram", ""},
	{MSP_S_KEY, "wf_miniseed_id", MSP_S_OID, MSP_S_XREF, "wf_miniseed", ""},
	{0, "", 0, 0, "", ""},
};

/* A site's own site_id (a source's, a channel's) is its _id once more. */
static bool is_own(const char *collection, const struct msp_schema_row *row)
{
	return strcmp(collection, row->reference) == 0;
}

/* MsPASS writes alg_id as text in one collection and as an ObjectId in the other. */
static bool by_text(const struct msp_schema_row *row)
{
	return strcmp(row->name, "alg_id") == 0;
}

/* The value that the other document has; box keeps it where it is not in doc itself. */
static bool is_reference(const bson_t *doc, const struct msp_schema_row *row, bson_t *box, bson_iter_t *out)
{
	const char *text;
	bson_oid_t oid;

	if (!bson_iter_init_find(out, doc, row->name))
		return false;
	switch (bson_iter_type(out)) {
	case BSON_TYPE_NULL:
	case BSON_TYPE_UNDEFINED:
	case BSON_TYPE_ARRAY:
	case BSON_TYPE_REGEX: return false; /* of these the types are wrong, which is said */
	case BSON_TYPE_UTF8:
		text = bson_iter_utf8(out, NULL);
		if (!by_text(row))
			return true;
		if (!bson_oid_is_valid(text, strlen(text))) /* "0": there is no global history */
			return false;
		bson_oid_init_from_string(&oid, text);
		bson_reinit(box);
		return bson_append_oid(box, "", 0, &oid) && bson_iter_init(out, box) && bson_iter_next(out);
	default: return true;
	}
}

/* Documents that point at each other are written one after the other. */
static bool explained(const struct msp_check *c, const struct msp_schema_row *row)
{
	return c->unfinished && strcmp(row->reference, "site") != 0 && strcmp(row->reference, "channel") != 0 &&
	       strcmp(row->reference, "source") != 0;
}

static int tell(struct msp_check *c, struct msp_lookup *l, const char *collection, const struct msp_schema_row *row, bson_t **doc, size_t n)
{
	bson_t box = BSON_INITIALIZER;
	int r = MSP_OK;

	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		struct msp_bytes text = {0};
		struct msp_value v;
		bson_iter_t it;
		bool there;

		if (!is_reference(doc[i], row, &box, &it))
			continue;
		r = msp_lookup_find(l, &it, &there, NULL);
		if (r != MSP_OK || there)
			continue;
		msp_value_of_iter(&it, &v);
		if (msp_json_value(&v, &text) != MSP_OK)
			r = msp_check_memory(c);
		else
			r = msp_check_found_in(c, explained(c, row) ? MSP_FIND_UNFINISHED : MSP_FIND_DANGLING, true, collection, doc[i],
			                       "%s: %.*s is not in %s", row->name, (int)(text.len < 100 ? text.len : 100), (const char *)text.data, row->reference);
		msp_bytes_free(&text);
	}
	bson_destroy(&box);
	return r;
}

/* Stations and earthquakes may be in a store of their own: the collection is not there at all, which is said once for each key. */
static bool is_elsewhere(const struct msp_check *c, const struct msp_schema_row *row)
{
	bson_iter_t it;

	if (strcmp(row->reference, "site") != 0 && strcmp(row->reference, "channel") != 0 && strcmp(row->reference, "source") != 0)
		return false;
	if (bson_iter_init(&it, &c->collections))
		while (bson_iter_next(&it))
			if (BSON_ITER_HOLDS_UTF8(&it) && strcmp(bson_iter_utf8(&it, NULL), row->reference) == 0)
				return false;
	return true;
}

static int tell_elsewhere(struct msp_check *c, const char *collection, const struct msp_schema_row *row)
{
	for (size_t i = 0; i < c->elsewheres; i++)
		if (c->elsewhere[i] == row)
			return MSP_OK;
	if (c->elsewheres < sizeof(c->elsewhere) / sizeof(c->elsewhere[0]))
		c->elsewhere[c->elsewheres++] = row;
	return msp_check_found(c, MSP_FIND_ELSEWHERE, true, collection, NULL, "%s: this store has no %s: it must be another one's", row->name, row->reference);
}

/* All documents' values of one key. */
static int check_key(struct msp_check *c, struct msp_lookup *l, const char *collection, const struct msp_schema_row *row, bson_t **doc, size_t n)
{
	bson_t box = BSON_INITIALIZER;
	int r = MSP_OK;

	msp_lookup_begin(c, l);
	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		bson_iter_t it;

		if (is_reference(doc[i], row, &box, &it))
			r = msp_lookup_add(l, &it);
	}
	bson_destroy(&box);
	if (r != MSP_OK || l->n == 0)
		return r;
	if (is_elsewhere(c, row))
		return tell_elsewhere(c, collection, row);
	r = msp_lookup_run(l, row->reference, by_text(row) ? "alg_id" : "_id", NULL, NULL);
	if (r == MSP_OK && strncmp(row->reference, "wf_", 3) == 0 && l->there.n < l->n) /* what was buried is still known */
		r = msp_lookup_run(l, "abortions", "tombstone._id", NULL, NULL);
	return r == MSP_OK && l->there.n < l->n ? tell(c, l, collection, row, doc, n) : r;
}

int msp_check_references(struct msp_check *c, const char *collection, bson_t **doc, size_t n)
{
	const struct msp_schema_row *row = msp_schema(collection);
	struct msp_lookup l = {0};
	int r = MSP_OK;

	if (row) {
		for (; r == MSP_OK && row; row = msp_schema_next(row))
			if (row->kind == MSP_S_KEY && row->constraint == MSP_S_XREF)
				r = check_key(c, &l, collection, row, doc, n);
	} else {
		for (row = usual; r == MSP_OK && row->kind; row++)
			if (!is_own(collection, row))
				r = check_key(c, &l, collection, row, doc, n);
	}
	msp_lookup_free(&l);
	return r;
}
