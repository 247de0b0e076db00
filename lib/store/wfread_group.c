/* Groups and parts of waveform documents: which ones a document is of, and the bracket that opens a group. */
#include "store/edit.h"
#include "store/order.h"
#include "store/path.h"
#include "store/wfread.h"
#include "store/wfwaves.h"

#include <string.h>

/* The ensemble of which the object was a member when it was saved. */
static struct wf_doc ensemble_of(const bson_t *doc)
{
	struct wf_doc whole = {bson_get_data(doc), doc->len}, msp = wf_sub(&whole, "msp");

	return wf_sub(&msp, "ensemble");
}

/* Bytes that are equal where the store finds the values equal, so that what is one group here comes together from there. */
static int group_text(const struct msp_keys *keys, const char *collection, const bson_t *doc, struct msp_bytes *out)
{
	int rc = msp_bytes_append(out, collection, strlen(collection) + 1);

	for (uint32_t i = 0; rc == MSP_OK && i < keys->n; i++) {
		const char *key = wf_document_key(keys->key[i].name);

		if (key)
			rc = msp_path_sort_key(bson_get_data(doc), doc->len, key, keys->key[i].descending, out);
	}
	return rc;
}

int wf_place(const struct wf_selection *s, const char *collection, const bson_t *doc, struct wf_place *out)
{
	struct wf_doc ensemble = s->o.read.ensembles ? ensemble_of(doc) : (struct wf_doc){NULL, 0};
	const char *id = wf_string(&ensemble, "id"), *end = wf_string(&ensemble, "end");
	struct msp_bytes text = {0};
	bson_iter_t it;
	int rc;

	memset(out, 0, sizeof *out);
	if (end && msp_id_parse(end, &out->end) != MSP_OK)
		memset(&out->end, 0, sizeof out->end);
	out->grouped = s->o.group || (id && msp_id_parse(id, &out->hash) == MSP_OK);
	if (out->grouped && !s->o.group)
		return MSP_OK;
	if (!out->grouped && s->o.parts == 0)
		return MSP_OK;
	if (s->o.group)
		rc = group_text(&s->group, collection, doc, &text);
	else
		rc = msp_order_key(bson_iter_init_find(&it, doc, "_id") ? &it : NULL, &text);
	if (rc == MSP_OK)
		out->hash = msp_id_hash(text.data, text.len);
	msp_bytes_free(&text);
	return rc;
}

/* ---- parts -------------------------------------------------------------- */

static int part_hash(void *context, const bson_t *doc, struct msp_id *out)
{
	const struct wf_parting *p = context;
	struct wf_place place;

	if (wf_place(p->s, p->collection, doc, &place) != MSP_OK)
		return MSP_NOMEM;
	*out = place.hash;
	return MSP_OK;
}

/* What goes into arrays by number does not come back from a projection where it was. */
static bool has_number(const char *key)
{
	for (; key; key = strchr(key, '.') ? strchr(key, '.') + 1 : NULL)
		if (key[0] >= '0' && key[0] <= '9')
			return true;
	return false;
}

/* What decides the part of a document; NULL: it is not to be said. */
static int part_keys(const struct wf_selection *s, bson_t **out, struct msp_error *err)
{
	bson_t *keys = bson_new();
	bool good = !s->o.read.ensembles || BSON_APPEND_INT32(keys, "msp.ensemble.id", 1), numbers = false;

	for (uint32_t i = 0; good && i < s->group.n; i++) {
		const char *key = wf_document_key(s->group.key[i].name);

		if (!key || bson_has_field(keys, key))
			continue;
		numbers = numbers || has_number(key);
		good = BSON_APPEND_INT32(keys, key, 1);
	}
	if (good && bson_empty(keys)) /* of groups, all that the collection's objects share */
		good = BSON_APPEND_INT32(keys, "_id", 1);
	*out = keys;
	if (!good || numbers || msp_project_check(keys, NULL) != MSP_OK) {
		bson_destroy(keys);
		*out = NULL;
	}
	return good ? MSP_OK : msp_error_set(err, MSP_NOMEM, "out of memory");
}

int wf_part(struct wf_parting *p, const struct wf_selection *s, const char *collection, const struct msp_part **out,
            struct msp_error *err)
{
	int rc = MSP_OK;

	wf_part_free(p);
	*out = NULL;
	if (s->o.parts == 0 || s->o.limit > 0 || s->o.count)
		return MSP_OK;
	p->s = s;
	p->collection = collection;
	p->part = (struct msp_part){.part = s->o.part, .parts = s->o.parts};
	if (s->o.group || s->o.read.ensembles) {
		rc = part_keys(s, &p->keys, err);
		p->part.hash = part_hash;
		p->part.context = p;
		p->part.keys = p->keys;
	}
	*out = &p->part;
	return rc;
}

void wf_part_free(struct wf_parting *p)
{
	bson_destroy(p->keys);
	memset(p, 0, sizeof *p);
}

/* ---- brackets ----------------------------------------------------------- */

int wf_bracket(const struct wf_selection *s, const bson_t *doc, const struct wf_place *place, struct msp_object *out)
{
	struct wf_doc ensemble, own;
	int rc = msp_object_reset(out, MSP_ENSEMBLE_BEGIN, MSP_NONE, 0);

	out->id = place->hash;
	if (rc == MSP_OK && !s->o.group) {
		ensemble = ensemble_of(doc);
		own = wf_sub(&ensemble, "metadata");
		return own.len > 0 ? msp_bytes_set(&out->metadata, own.data, own.len) : MSP_OK;
	}
	for (uint32_t i = 0; rc == MSP_OK && i < s->group.n; i++) {
		const char *key = wf_document_key(s->group.key[i].name);
		struct msp_value v;
		bson_iter_t it;
		bool array;

		if (!key || !msp_path_single(bson_get_data(doc), doc->len, key, &it, &array))
			continue;
		msp_value_of_iter(&it, &v);
		rc = msp_meta_set(out, s->group.key[i].name, &v, NULL);
		rc = rc == MSP_NOMEM ? rc : MSP_OK;
	}
	return rc;
}
