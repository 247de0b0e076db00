/* An object's metadata as keys of a document: what stands there, under which name, and what has to be kept elsewhere so that the object
 * can be read as it was (the subdocument msp of mspipe/waveform.h). */
#include "store/wfsave.h"

#include "store/room.h"
#include "store/utf8.h"

#include <stdio.h>
#include <string.h>

/* A document of site, channel or source that keys of objects came from. */
struct msp_wf_origin {
	const char *collection; /* one of normalised[] */
	bson_oid_t id;
	bson_t *doc; /* NULL: there is none */
};

static const char *const normalised[] = {"channel", "site", "source"};

void msp_wf_maker_free(struct msp_wf_maker *m)
{
	for (size_t i = 0; i < m->origins; i++)
		if (m->origin[i].doc)
			bson_destroy(m->origin[i].doc);
	free(m->origin);
	m->origin = NULL;
	m->origins = m->origin_room = 0;
}

/* ---- what a key is ----------------------------------------------------- */

/* "channel" of channel_lat; NULL: no key of another collection, or an id (channel_id), which stays. */
static const char *collection_of(const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < sizeof(normalised) / sizeof(*normalised); i++) {
		size_t k = strlen(normalised[i]);

		if (strncmp(key, normalised[i], k) == 0 && key[k] == '_')
			return n > 3 && strcmp(key + n - 3, "_id") == 0 ? NULL : normalised[i];
	}
	return NULL;
}

static bool blank(const bson_iter_t *it)
{
	uint32_t n;
	const char *text;

	if (!BSON_ITER_HOLDS_UTF8(it))
		return false;
	text = bson_iter_utf8(it, &n);
	for (uint32_t i = 0; i < n; i++)
		if (!strchr(" \t\n\r\f\v", text[i]) || !text[i])
			return false;
	return true;
}

static bool holds(const uint8_t *doc, size_t n, const char *key)
{
	bson_iter_t it;

	return n > 0 && bson_iter_init_from_data(&it, doc, n) && bson_iter_find(&it, key);
}

/* The schema's row of a key by its name, or by another spelling. */
static const struct msp_schema_row *row_of(const struct msp_wf_maker *m, const char *key, bool *other)
{
	size_t n = strlen(key);

	*other = false;
	for (const struct msp_schema_row *r = m->schema; r && r->kind == MSP_S_KEY; r = msp_schema_next(r))
		if (strcmp(r->name, key) == 0)
			return r;
	*other = true;
	for (const struct msp_schema_row *r = m->schema; r && r->kind == MSP_S_KEY; r = msp_schema_next(r))
		for (const char *a = r->aliases; (a = strstr(a, key)) != NULL; a += n)
			if ((a == r->aliases || a[-1] == ' ') && (a[n] == ' ' || a[n] == '\0'))
				return r;
	return NULL;
}

/* The name in the document of a key that the schema spells otherwise; NULL: its own. Only where the value is of the schema's type:
 * a subdocument `channel` is not the code of a channel. */
static const char *spelling(const struct msp_wf_maker *m, const bson_iter_t *it, const struct msp_schema_row *row)
{
	bson_t scratch = BSON_INITIALIZER;
	int fit = msp_wf_fit(row, it, MSP_WF_CAUTIOUS, row->name, &scratch);

	bson_destroy(&scratch);
	if (fit == MSP_WF_DROP || msp_wf_bookkeeping(row->name) || holds(m->o->metadata.data, m->o->metadata.len, row->name))
		return NULL;
	return row->name;
}

/* No store takes it: text that is not UTF-8, or a key with $ or a dot. Nor are types copied here that libbson writes anew: as C strings,
 * though they may hold NULs, or with sorted options. */
static bool impossible(const bson_iter_t *it)
{
	const char *key = bson_iter_key(it);
	bson_type_t type = bson_iter_type(it);

	return key[0] == '$' || key[0] == '\0' || strchr(key, '.') || type == BSON_TYPE_CODE || type == BSON_TYPE_CODEWSCOPE ||
	       type == BSON_TYPE_DBPOINTER || type == BSON_TYPE_REGEX || !msp_element_is_utf8(it);
}

/* ---- what was changed -------------------------------------------------- */

static int fetch(struct msp_wf_maker *m, const char *collection, const bson_oid_t *id, bson_t **out, struct msp_error *err)
{
	struct msp_find f = {.limit = 1};
	struct msp_cursor *c = NULL;
	const bson_t *doc;
	bson_t filter = BSON_INITIALIZER;
	int r;

	BSON_APPEND_OID(&filter, "_id", id);
	f.filter = &filter;
	*out = NULL;
	r = msp_store_find(m->store, collection, &f, &c, err);
	if (r == MSP_OK && (r = msp_cursor_next(c, &doc, err)) == 1)
		*out = bson_copy(doc);
	msp_cursor_free(c);
	bson_destroy(&filter);
	return r < 0 ? r : MSP_OK;
}

/* The document that channel_id (site_id, source_id) names; NULL: it is not known. */
static int origin_of(struct msp_wf_maker *m, const char *collection, const bson_t **out, struct msp_error *err)
{
	char key[16];
	bson_iter_t it;
	const bson_oid_t *id;
	struct msp_wf_origin *grown;
	int r;

	*out = NULL;
	snprintf(key, sizeof(key), "%s_id", collection);
	if (!bson_iter_init_from_data(&it, m->o->metadata.data, m->o->metadata.len) || !bson_iter_find(&it, key) || !BSON_ITER_HOLDS_OID(&it))
		return MSP_OK;
	id = bson_iter_oid(&it);
	for (size_t i = m->origins; i-- > 0;)
		if (m->origin[i].collection == collection && bson_oid_equal(&m->origin[i].id, id)) {
			*out = m->origin[i].doc;
			return MSP_OK;
		}
	if (m->origins == m->origin_room) {
		grown = realloc(m->origin, (2 * m->origin_room + 16) * sizeof(*grown));
		if (!grown)
			return msp_wf_nomem(err);
		m->origin = grown;
		m->origin_room = 2 * m->origin_room + 16;
	}
	grown = &m->origin[m->origins];
	grown->collection = collection;
	bson_oid_copy(id, &grown->id);
	r = fetch(m, collection, id, &grown->doc, err);
	if (r == MSP_OK) {
		m->origins++;
		*out = grown->doc;
	}
	return r;
}

static bool same_value(const bson_iter_t *a, const bson_iter_t *b)
{
	bson_t x = BSON_INITIALIZER, y = BSON_INITIALIZER;
	bool same = bson_append_iter(&x, "v", 1, a) && bson_append_iter(&y, "v", 1, b) && bson_equal(&x, &y);

	bson_destroy(&x);
	bson_destroy(&y);
	return same;
}

static void complain(struct msp_wf_maker *m, const char *fmt, const char *key, const char *what)
{
	if (m->entries < MSP_WF_ENTRIES) {
		/* formats are the callers' constants, of two strings */
		struct msp_error text = {0};

		msp_error_set(&text, MSP_FAIL, fmt, key, what);
		snprintf(m->entry[m->entries++].text, sizeof(m->entry->text), "%.399s", text.text);
	}
	m->complaints++;
}

/* ---- keys -------------------------------------------------------------- */

/* A place in the order of keys: a name, or the number of an impossible element. */
static bool add_place(struct msp_wf_maker *m, const char *name, int32_t number)
{
	char buf[16];
	const char *index;
	size_t n = bson_uint32_to_string(m->nkeys++, &index, buf, sizeof(buf));

	return name ? bson_append_utf8(&m->keys, index, (int)n, name, -1) : bson_append_int32(&m->keys, index, (int)n, number);
}

static bool keep_raw(struct msp_wf_maker *m, const uint8_t *start, size_t size)
{
	char buf[16];
	const char *index;
	size_t n = bson_uint32_to_string(m->nraw, &index, buf, sizeof(buf));

	m->differs = true;
	return size <= UINT32_MAX && bson_append_binary(&m->raw, index, (int)n, BSON_SUBTYPE_BINARY, start, (uint32_t)size) &&
	       add_place(m, NULL, (int32_t)m->nraw++);
}

static bool keep_value(struct msp_wf_maker *m, const bson_iter_t *it)
{
	m->differs = true;
	return bson_append_iter(&m->values, NULL, 0, it) && add_place(m, bson_iter_key(it), 0);
}

/* A key of site, channel or source, which MsPASS has there and not in waveform documents. */
static int other_collection(struct msp_wf_maker *m, const bson_iter_t *it, const char *collection, struct msp_error *err)
{
	const char *key = bson_iter_key(it);
	const bson_t *doc = NULL;
	bson_iter_t was;
	char name[300];
	int r;

	m->dropped++;
	if (m->options->mode == MSP_WF_PROMISCUOUS)
		return keep_value(m, it) ? MSP_OK : msp_wf_nomem(err);
	if (m->options->mode == MSP_WF_PEDANTIC)
		return MSP_OK;
	r = origin_of(m, collection, &doc, err);
	if (r != MSP_OK || !doc || strlen(key) > 255 || !bson_iter_init_find(&was, doc, key + strlen(collection) + 1) || same_value(it, &was))
		return r;
	snprintf(name, sizeof(name), "READONLYERROR_%s", key);
	complain(m, "%s was changed, and belongs to %s: saved as READONLYERROR_ and its name", key, collection);
	return bson_append_iter(m->doc, name, -1, it) ? MSP_OK : msp_wf_nomem(err);
}

/* A key of the document's own: by the schema's rules. */
static int own_key(struct msp_wf_maker *m, const bson_iter_t *it, struct msp_error *err)
{
	const char *key = bson_iter_key(it), *name = key;
	bool other = false, ok = true;
	const struct msp_schema_row *row = m->buried ? NULL : row_of(m, key, &other);
	int fit = MSP_WF_AS_IT_IS;

	if (row && other) {
		name = spelling(m, it, row);
		if (name) { /* two spellings of one key: the first that comes is renamed */
			if (bson_has_field(m->doc, name))
				name = NULL;
			else
				ok = BSON_APPEND_UTF8(&m->alias, name, key);
		}
		m->differs = m->differs || name;
		row = name ? row : NULL;
		name = name ? name : key;
	}
	if (row)
		fit = msp_wf_fit(row, it, m->options->mode, name, m->doc);
	if (fit == MSP_WF_KILL)
		return msp_error_set(err, MSP_KILL, "%s is not %s, which the schema says", key, msp_wf_type_name(row->type));
	if (fit == MSP_WF_DROP) {
		m->dropped++;
		complain(m, "%s is not %s, which the schema says: left out", key, msp_wf_type_name(row->type));
		return MSP_OK;
	}
	if (fit == MSP_WF_AS_IT_IS)
		ok = ok && bson_append_iter(m->doc, name, -1, it);
	return ok && add_place(m, key, 0) ? MSP_OK : msp_wf_nomem(err);
}

static int one_key(struct msp_wf_maker *m, const bson_iter_t *it, struct msp_error *err)
{
	const char *key = bson_iter_key(it), *collection;
	bool ok = true;

	if (msp_wf_bookkeeping(key)) {
		if (m->options->mode != MSP_WF_CAUTIOUS || strcmp(key, "_id") != 0)
			return keep_value(m, it) ? MSP_OK : msp_wf_nomem(err);
		complain(m, "%s cannot be set%s: saved as READONLYERROR_ and its name", key, "");
		ok = bson_append_iter(m->doc, "READONLYERROR__id", -1, it);
		return ok ? MSP_OK : msp_wf_nomem(err);
	}
	if (m->buried)
		return own_key(m, it, err);
	if (blank(it)) {
		m->dropped += m->options->mode != MSP_WF_PROMISCUOUS;
		return keep_value(m, it) ? MSP_OK : msp_wf_nomem(err);
	}
	collection = collection_of(key);
	return collection ? other_collection(m, it, collection, err) : own_key(m, it, err);
}

/* The ensemble's keys, as far as the member has no own. */
static bool ensemble_keys(struct msp_wf_maker *m)
{
	const struct msp_wf_ensemble *e = m->ensemble;
	bson_iter_t it;
	char buf[16];

	if (!e->open || e->metadata.len == 0 || !bson_iter_init_from_data(&it, e->metadata.data, e->metadata.len))
		return true;
	while (bson_iter_next(&it)) {
		const char *key = bson_iter_key(&it), *index;
		size_t n;

		if (msp_wf_bookkeeping(key) || impossible(&it) || bson_has_field(m->doc, key) ||
		    holds(m->o->metadata.data, m->o->metadata.len, key) || (!m->buried && (blank(&it) || collection_of(key))))
			continue;
		n = bson_uint32_to_string(m->nadded++, &index, buf, sizeof(buf));
		if (!bson_append_iter(m->doc, key, -1, &it) || !bson_append_utf8(&m->added, index, (int)n, key, -1))
			return false;
	}
	return true;
}

int msp_wf_metadata(struct msp_wf_maker *m, struct msp_error *err)
{
	const struct msp_bytes *meta = &m->o->metadata;
	bson_iter_t it;
	int r = MSP_OK;

	if (meta->len > 0) {
		if (!msp_bson_valid(meta->data, meta->len) || !bson_iter_init_from_data(&it, meta->data, meta->len))
			return msp_error_set(err, MSP_CORRUPT, "metadata that are no document");
		while (r == MSP_OK && bson_iter_next(&it)) {
			if (impossible(&it))
				r = keep_raw(m, it.raw + it.type, it.next_off - it.type) ? MSP_OK : msp_wf_nomem(err);
			else
				r = one_key(m, &it, err);
		}
	}
	if (r == MSP_OK && !ensemble_keys(m))
		r = msp_wf_nomem(err);
	return r;
}
