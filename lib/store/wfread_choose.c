/* Which waveform documents, and in what order: the questions that a store is asked. */
#include "store/schema.h"
#include "store/wfwaves.h"

#include <math.h>
#include <string.h>

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "out of memory");
}

/* ---- the filter -------------------------------------------------------- */

/* Adds a condition to the array of an $and. */
static bool add(bson_t *all, uint32_t *n, const bson_t *condition)
{
	char buf[16];
	const char *key;
	size_t len = bson_uint32_to_string((*n)++, &key, buf, sizeof buf);

	return bson_append_document(all, key, (int)len, condition);
}

static bool add_made(bson_t *all, uint32_t *n, bson_t *condition)
{
	bool good = condition && add(all, n, condition);

	bson_destroy(condition);
	return good;
}

/* Documents hold doubles, which may lie half a microsecond beside the time: more are chosen rather than fewer, and cut
 * to samples later. Where no endtime is said it may be any. */
static bool add_times(bson_t *all, uint32_t *n, const struct msp_waves_options *o)
{
	double from = nextafter(msp_time_to_seconds(o->start), -INFINITY) - 1e-6;
	double to = nextafter(msp_time_to_seconds(o->end), INFINITY) + 1e-6;

	if (o->end < INT64_MAX && !add_made(all, n, BCON_NEW("starttime", "{", "$lte", BCON_DOUBLE(to), "}")))
		return false;
	return o->start == INT64_MIN ||
	       add_made(all, n, BCON_NEW("$or", "[", "{", "endtime", "{", "$gte", BCON_DOUBLE(from), "}", "}", "{", "endtime", "{",
	                                 "$exists", BCON_BOOL(false), "}", "}", "]"));
}

int wf_filter(const struct wf_selection *s, const char *collection, bson_t *out, struct msp_error *err)
{
	bool dead = strcmp(collection, "cemetery") == 0 || strcmp(collection, "abortions") == 0; /* which need no times */
	bson_t all;
	uint32_t n = 0;
	bool good;

	bson_init(out);
	bson_init(&all);
	good = (!s->query || bson_empty(s->query) || add(&all, &n, s->query)) &&
	       (!s->o.tag || add_made(&all, &n, BCON_NEW("data_tag", BCON_UTF8(s->o.tag)))) && (dead || add_times(&all, &n, &s->o)) &&
	       (n == 0 || bson_append_array(out, "$and", 4, &all));
	bson_destroy(&all);
	if (good)
		return MSP_OK;
	bson_destroy(out);
	return memory(err);
}

/* ---- the order --------------------------------------------------------- */

/* The key of a document in which an object's field lies; NULL: it is the same for all objects of a collection. */
const char *wf_document_key(const char *key)
{
	static const char *const pairs[][2] = {{"t0", "starttime"}, {"time", "starttime"}, {"dt", "delta"}, {"nsamp", "npts"},
	                                       {"id", "msp.id"}, {"kind", NULL}, {"live", NULL}, {"ncomp", NULL}};

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
		if (strcmp(key, pairs[i][0]) == 0)
			return pairs[i][1];
	return key;
}

static bool in_schema(const char *collection, const char *key)
{
	for (const struct msp_schema_row *row = msp_schema(collection); row; row = msp_schema_next(row))
		if (row->kind == MSP_S_KEY && strcmp(row->name, key) == 0)
			return true;
	return false;
}

bool wf_can_sort(const struct wf_selection *s, const char *collection)
{
	for (uint32_t i = 0; i < s->sort.n; i++) {
		const char *key = wf_document_key(s->sort.key[i].name);

		if (key && !in_schema(collection, key))
			return false;
	}
	return true;
}

static bool add_key(bson_t *sort, const char *key, bool descending)
{
	return bson_has_field(sort, key) || bson_append_int32(sort, key, -1, descending ? -1 : 1);
}

static bool add_keys(bson_t *sort, const struct msp_keys *keys)
{
	for (uint32_t i = 0; i < keys->n; i++) {
		const char *key = wf_document_key(keys->key[i].name);

		if (key && !add_key(sort, key, keys->key[i].descending))
			return false;
	}
	return true;
}

int wf_order(const struct wf_selection *s, bool sorts, bson_t *out, struct msp_error *err)
{
	bool good = true;

	bson_init(out);
	if (s->o.read.ensembles)
		good = add_key(out, "msp.ensemble.id", false) && add_key(out, "msp.ensemble.member", false);
	if (good)
		good = add_keys(out, &s->group);
	if (good && sorts)
		good = add_keys(out, &s->sort);
	/* the same order every time, where it decides what comes: who is first, or what is together */
	if (good && (!bson_empty(out) || (s->o.limit && s->o.parts)))
		good = add_key(out, "_id", false);
	if (good)
		return MSP_OK;
	bson_destroy(out);
	return memory(err);
}
