/* Stores: what is the same for every back end. Arguments are checked, what is read is put in order. */
#include "store/backend.h"

#include "store/edit.h"
#include "store/order.h"
#include "store/part.h"
#include "store/sorted.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* ---- checks ------------------------------------------------------------ */

int msp_arg_collection(const struct msp_store *s, const char *c, struct msp_error *err)
{
	size_t n = strlen(c);

	if (n == 0 || n > MSP_STORE_NAME_MAX || strchr(c, '$') || c[0] == '.' || c[n - 1] == '.' || c[0] == '_' || begins(c, "system.") ||
	    begins(c, "sqlite") || begins(c, "msp_indexes") || !bson_utf8_validate(c, n, false))
		return msp_error_set(err, MSP_USAGE, "%s: \"%s\" cannot be the name of a collection", s->name, c);
	return MSP_OK;
}

int msp_arg_writable(const struct msp_store *s, const char *c, struct msp_error *err)
{
	if (!s->writable)
		return msp_error_set(err, MSP_USAGE, "%s: opened for reading only", s->name);
	return msp_arg_collection(s, c, err);
}

static bool bad_key(const char *key)
{
	size_t n = strlen(key);

	return n == 0 || key[0] == '$' || key[0] == '.' || key[n - 1] == '.' || strstr(key, "..") || strstr(key, ".$");
}

/* {"key": 1 or -1, ...} */
int msp_arg_order(const bson_t *order, const char *what, bool empty_allowed, struct msp_error *err)
{
	bson_iter_t it, other;
	bool any = false;

	if (!bson_iter_init(&it, order))
		return msp_error_set(err, MSP_USAGE, "%s: not a document", what);
	for (; bson_iter_next(&it); any = true) {
		double v = msp_rank(&it) == MSP_R_NUMBER ? msp_number(&it) : 0;

		if (bad_key(bson_iter_key(&it)))
			return msp_error_set(err, MSP_USAGE, "%s: \"%s\" is no key", what, bson_iter_key(&it));
		if (v != 1 && v != -1)
			return msp_error_set(err, MSP_USAGE, "%s: the direction of \"%s\" has to be 1 or -1", what, bson_iter_key(&it));
		if (!bson_iter_init(&other, order))
			continue;
		while (bson_iter_next(&other) && bson_iter_key(&other) != bson_iter_key(&it))
			if (strcmp(bson_iter_key(&other), bson_iter_key(&it)) == 0)
				return msp_error_set(err, MSP_USAGE, "%s: \"%s\" is named twice", what, bson_iter_key(&it));
	}
	return any || empty_allowed ? MSP_OK : msp_error_set(err, MSP_USAGE, "%s: no keys", what);
}

/* ---- reading ----------------------------------------------------------- */

/* Replaces an array by itself in MongoDB's order. */
static int sort_array(bson_t *array, struct msp_error *err)
{
	uint32_t n = bson_count_keys(array), k = 0;
	struct msp_sorted values;
	bson_iter_t it;
	bson_t sorted;

	if (n < 2)
		return MSP_OK;
	if (!bson_iter_init(&it, array) || msp_sorted_make(&it, n, &values) != MSP_OK)
		return memory(err);
	bson_init(&sorted);
	for (size_t i = 0; i < values.n; i++)
		(void)msp_array_add(&sorted, &k, values.place[i]);
	msp_sorted_free(&values);
	bson_destroy(array);
	bson_steal(array, &sorted);
	return MSP_OK;
}

int msp_array_finish(int s, bson_t *out, struct msp_error *err)
{
	if (s == MSP_OK)
		s = sort_array(out, err);
	if (s != MSP_OK)
		bson_destroy(out);
	return s;
}

int msp_store_collections(struct msp_store *s, bson_t *out, struct msp_error *err)
{
	bson_init(out);
	return msp_array_finish(s->backend->collections(s, out, err), out, err);
}

int msp_store_find(struct msp_store *s, const char *c, const struct msp_find *find, struct msp_cursor **out, struct msp_error *err)
{
	static const struct msp_find all;
	struct msp_find f = find ? *find : all;
	int r = msp_arg_collection(s, c, err);

	*out = NULL;
	if (r == MSP_OK && f.projection)
		r = msp_project_check(f.projection, err);
	if (r == MSP_OK && f.sort)
		r = msp_arg_order(f.sort, "sort", true, err);
	if (r == MSP_OK && f.part && (f.part->part < 1 || f.part->part > f.part->parts))
		r = msp_error_set(err, MSP_USAGE, "part %" PRIu32 " of %" PRIu32, f.part->part, f.part->parts);
	if (f.batch == 0)
		f.batch = MSP_STORE_BATCH;
	if (r != MSP_OK)
		return r;
	if (f.part && f.part->parts == 1)
		f.part = NULL;
	return f.part && s->backend->remote ? msp_part_find(s, c, &f, out, err) : s->backend->find(s, c, &f, out, err);
}

int msp_cursor_next(struct msp_cursor *c, const bson_t **doc, struct msp_error *err)
{
	return c->store->backend->next(c, doc, err);
}

void msp_cursor_free(struct msp_cursor *c)
{
	if (c)
		c->store->backend->done(c);
}

int msp_store_count(struct msp_store *s, const char *c, const bson_t *filter, uint64_t *out, struct msp_error *err)
{
	int r = msp_arg_collection(s, c, err);

	*out = 0;
	return r == MSP_OK ? s->backend->count(s, c, filter, out, err) : r;
}

int msp_store_distinct(struct msp_store *s, const char *c, const char *key, const bson_t *filter, bson_t *out, struct msp_error *err)
{
	int r = msp_arg_collection(s, c, err);

	if (r == MSP_OK && bad_key(key))
		r = msp_error_set(err, MSP_USAGE, "distinct: \"%s\" is no key", key);
	if (r != MSP_OK)
		return r;
	bson_init(out);
	return msp_array_finish(s->backend->distinct(s, c, key, filter, out, err), out, err);
}

int msp_store_drop(struct msp_store *s, const char *c, struct msp_error *err)
{
	int r = msp_arg_writable(s, c, err);

	return r == MSP_OK ? s->backend->drop(s, c, err) : r;
}

/* ---- time -------------------------------------------------------------- */

double msp_store_clock(struct msp_store *s)
{
	struct timespec t = {0};
	double now;

	if (s->backend->clock && s->backend->clock(s, &now))
		return now;
	(void)clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- transactions ------------------------------------------------------- */

int msp_store_begin(struct msp_store *s, struct msp_error *err)
{
	if (!s->writable)
		return msp_error_set(err, MSP_USAGE, "%s: opened for reading only", s->name);
	return s->backend->begin ? s->backend->begin(s, err) : MSP_OK;
}

int msp_store_commit(struct msp_store *s, struct msp_error *err)
{
	return s->backend->end ? s->backend->end(s, true, err) : MSP_OK;
}

void msp_store_rollback(struct msp_store *s)
{
	if (s->backend->end)
		(void)s->backend->end(s, false, NULL);
}
