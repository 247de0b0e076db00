/* A waveform document's metadata: as the object had them that was saved, or all that the document has. */
#include "store/wfread.h"

#include "mspipe/doc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *const own_keys[] = { /* sorted */
	"_id", "cardinal", "data_tag", "delta", "dfile", "dir", "elog_id", "endtime", "foff", "format", "gridfs_id", "history_object_id",
	"last_packet_time", "msp", "nbytes", "npts", "orthogonal", "sample_rate_tolerance", "sampling_rate", "starttime",
	"starttime_shift", "storage_mode", "time_standard", "tmatrix", "url", "utc_convertible",
};
static const char *const reference_keys[] = {"data_tag", "elog_id", "history_object_id"};

bool msp_wf_bookkeeping(const char *key)
{
	return bsearch(&key, own_keys, sizeof own_keys / sizeof *own_keys, sizeof *own_keys, by_text) != NULL;
}

static bool is_reference(const char *key)
{
	for (size_t i = 0; i < sizeof reference_keys / sizeof *reference_keys; i++)
		if (strcmp(key, reference_keys[i]) == 0)
			return true;
	return false;
}

/* Names and where they stand, for many look-ups: a document's keys, or an array's strings. */
struct names {
	struct name {
		const char *text;
		uint32_t offset;
	} *item;
	size_t n, room;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

/* Those of a document; strings: of its values, not of its keys. */
static int names_add(struct names *names, const struct wf_doc *d, bool strings)
{
	bson_iter_t it;

	if (!wf_begin(d, &it))
		return MSP_OK;
	while (bson_iter_next(&it)) {
		const char *text = strings ? wf_text(&it) : bson_iter_key(&it);

		if (!text)
			continue;
		if (names->n == names->room) {
			size_t room = names->room ? 2 * names->room : 32;
			struct name *more = realloc(names->item, room * sizeof *more);

			if (!more)
				return MSP_NOMEM;
			names->item = more;
			names->room = room;
		}
		names->item[names->n++] = (struct name){text, bson_iter_offset(&it)};
	}
	return MSP_OK;
}

static void names_sort(struct names *names)
{
	if (names->n)
		qsort(names->item, names->n, sizeof *names->item, by_name);
}

static bool at_offset(const struct wf_doc *d, uint32_t offset, bson_iter_t *out)
{
	uint32_t key = (uint32_t)strlen((const char *)d->data + offset + 1);

	return bson_iter_init_from_data_at_offset(out, d->data, d->len, offset, key);
}

/* Puts an iterator at a name of a document. */
static bool names_find(const struct names *names, const struct wf_doc *d, const char *text, bson_iter_t *out)
{
	struct name key = {text, 0}, *found;

	found = names->n ? bsearch(&key, names->item, names->n, sizeof key, by_name) : NULL;
	if (!found)
		return false;
	return !out || at_offset(d, found->offset, out);
}

/* What the metadata are made of. */
struct source {
	struct wf_doc doc, values, raw;
	struct names there;   /* the document's keys */
	struct names alias;   /* the object's own spellings, at the elements that name the document's */
	struct wf_doc aliases;
	struct names taken;   /* keys of the document that are not to be copied as what it has besides */
};

static void source_free(struct source *s)
{
	free(s->there.item);
	free(s->alias.item);
	free(s->taken.item);
}

static int source_make(struct msp_wfread *r, const struct wf_doc *keys, struct source *s)
{
	struct wf_doc ensemble = wf_sub(&r->head.msp, "ensemble"), members = wf_list(&ensemble, "keys");

	memset(s, 0, sizeof *s);
	s->doc = r->head.doc;
	s->values = wf_sub(&r->head.msp, "values");
	s->raw = wf_list(&r->head.msp, "raw");
	s->aliases = wf_sub(&r->head.msp, "alias");
	if ((keys->len > 0 && names_add(&s->there, &s->doc, false) != MSP_OK) || names_add(&s->alias, &s->aliases, true) != MSP_OK ||
	    names_add(&s->taken, keys, true) != MSP_OK || names_add(&s->taken, &s->aliases, false) != MSP_OK ||
	    (r->options.ensembles && names_add(&s->taken, &members, true) != MSP_OK))
		return MSP_NOMEM;
	names_sort(&s->there);
	names_sort(&s->alias);
	names_sort(&s->taken);
	return MSP_OK;
}

/* What the document has itself, less what is its own and what was taken already. */
static void copy_rest(struct msp_wfread *r, struct msp_doc *d, const struct source *s)
{
	bool saved = r->head.msp.len > 0 || strcmp(r->collection, "wf_miniseed") == 0;
	bson_iter_t it;

	if (!wf_begin(&s->doc, &it))
		return;
	while (bson_iter_next(&it)) {
		const char *key = bson_iter_key(&it);

		if (msp_wf_bookkeeping(key) && (saved || !is_reference(key)))
			continue;
		if (!names_find(&s->taken, NULL, key, NULL))
			msp_doc_iter(d, NULL, &it);
	}
}

/* An element as BSON has it, of those that no store holds. */
static int copy_raw(struct msp_doc *d, const struct wf_doc *raw, int32_t index, struct msp_bytes *scrap)
{
	const uint8_t *element = NULL;
	uint8_t length[4];
	char key[MSP_DOC_INDEX];
	bson_subtype_t sub;
	bson_iter_t it;
	uint32_t n = 0;

	if (index < 0 || !wf_find(raw, msp_doc_index((uint32_t)index, key), &it) || !BSON_ITER_HOLDS_BINARY(&it))
		return MSP_OK;
	bson_iter_binary(&it, &sub, &n, &element);
	for (int i = 0; i < 4; i++)
		length[i] = (uint8_t)((n + 5) >> 8 * i);
	if (msp_bytes_set(scrap, length, 4) != MSP_OK || msp_bytes_append(scrap, element, n) != MSP_OK ||
	    msp_bytes_append(scrap, "", 1) != MSP_OK)
		return MSP_NOMEM;
	if (msp_bson_valid(scrap->data, scrap->len) && bson_iter_init_from_data(&it, scrap->data, scrap->len) && bson_iter_next(&it))
		msp_doc_iter(d, NULL, &it);
	return MSP_OK;
}

static void copy_key(struct msp_doc *d, const struct source *s, const char *key)
{
	bson_iter_t it;

	if (names_find(&s->alias, &s->aliases, key, &it) && names_find(&s->there, &s->doc, bson_iter_key(&it), &it))
		msp_doc_iter(d, key, &it);
	else if ((!msp_wf_bookkeeping(key) && names_find(&s->there, &s->doc, key, &it)) || wf_find(&s->values, key, &it))
		msp_doc_iter(d, NULL, &it);
}

/* The keys that the object was saved with, in their order. */
static int copy_saved(struct msp_wfread *r, struct msp_doc *d, const struct source *s, const struct wf_doc *keys)
{
	bson_iter_t it;
	int rc = MSP_OK;

	if (!wf_begin(keys, &it))
		return MSP_OK;
	while (rc == MSP_OK && bson_iter_next(&it)) {
		const char *key = wf_text(&it);

		if (key)
			copy_key(d, s, key);
		else if (BSON_ITER_HOLDS_INT32(&it))
			rc = copy_raw(d, &s->raw, bson_iter_int32(&it), &r->scrap);
	}
	return rc;
}

int wf_metadata(struct msp_wfread *r, struct msp_object *o)
{
	struct wf_doc keys = wf_list(&r->head.msp, "keys"), history = wf_sub(&r->head.msp, "history");
	struct source s;
	struct msp_doc d;
	int rc = source_make(r, &keys, &s);

	msp_doc_begin(&d, &o->metadata);
	if (rc == MSP_OK)
		rc = copy_saved(r, &d, &s, &keys);
	if (rc == MSP_OK)
		copy_rest(r, &d, &s);
	source_free(&s);
	if (rc == MSP_OK)
		rc = msp_doc_end(&d);
	if (rc == MSP_OK && history.len > 0)
		rc = msp_bytes_set(&o->history, history.data, history.len);
	return rc;
}

int wf_ids(struct msp_wfread *r, struct msp_object *o)
{
	struct msp_bytes with = {0};
	struct msp_doc d;
	bson_iter_t it;
	char key[160];
	int rc;

	msp_doc_begin(&d, &with);
	if (msp_meta_begin(o, &it))
		while (bson_iter_next(&it))
			msp_doc_iter(&d, NULL, &it);
	snprintf(key, sizeof key, "%.150s_id", r->collection);
	if (wf_find(&r->head.whole, "_id", &it))
		msp_doc_iter(&d, key, &it);
	for (size_t i = 0; i < sizeof reference_keys / sizeof *reference_keys; i++)
		if (!msp_meta_find(o, reference_keys[i], &it) && wf_find(&r->head.whole, reference_keys[i], &it))
			msp_doc_iter(&d, NULL, &it);
	rc = msp_doc_end(&d);
	if (rc == MSP_OK) {
		msp_bytes_free(&o->metadata);
		o->metadata = with;
	} else {
		msp_bytes_free(&with);
	}
	return rc;
}

