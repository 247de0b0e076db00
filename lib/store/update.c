/* Updates of documents, as MongoDB makes them (manual: "Field Update Operators"). */
#include "store/edit.h"

#include "store/order.h"
#include "store/path.h"
#include "store/room.h"

#include <stdlib.h>
#include <string.h>

static int too_large(struct msp_error *err)
{
	return msp_error_set(err, MSP_FAIL, "the document becomes too large");
}

/* ---- operators --------------------------------------------------------- */

enum { SET = 1, UNSET, INC, RENAME, SET_ON_INSERT };

static int operator_of(const char *name)
{
	static const char *const names[] = {"$set", "$unset", "$inc", "$rename", "$setOnInsert"};

	for (int i = 0; i < 5; i++)
		if (strcmp(name, names[i]) == 0)
			return i + 1;
	return 0;
}

static bool bad_path(const char *path)
{
	size_t n = strlen(path);

	return n == 0 || path[0] == '.' || path[0] == '$' || path[n - 1] == '.' || strstr(path, "..") || strstr(path, ".$");
}

/* One path is another, or leads to it. */
static bool conflict(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b), n = na < nb ? na : nb;

	return memcmp(a, b, n) == 0 && (na == nb || (na < nb ? b : a)[n] == '.');
}

static int check_conflicts(const bson_t *update, const char *op, const char *path, struct msp_error *err)
{
	bson_iter_t it, e;
	bool before = true;

	if (!bson_iter_init(&it, update))
		return MSP_OK;
	while (before && bson_iter_next(&it)) {
		if (!bson_iter_recurse(&it, &e))
			continue;
		while (bson_iter_next(&e)) {
			if (strcmp(bson_iter_key(&it), op) == 0 && bson_iter_key(&e) == path) {
				before = false;
				break;
			}
			if (conflict(bson_iter_key(&e), path))
				return msp_error_set(err, MSP_USAGE, "the update changes \"%s\" twice", path);
		}
	}
	return MSP_OK;
}

static int check_operand(const bson_t *update, const char *op, int which, const bson_iter_t *e, struct msp_error *err)
{
	const char *path = bson_iter_key(e);

	if (bad_path(path))
		return msp_error_set(err, MSP_USAGE, "%s: \"%s\" is no key", op, path);
	if (which == INC && msp_rank(e) != MSP_R_NUMBER)
		return msp_error_set(err, MSP_USAGE, "$inc needs numbers");
	if (which == INC && bson_iter_type(e) == BSON_TYPE_DECIMAL128)
		return msp_error_set(err, MSP_USAGE, "$inc by a decimal128 is not supported in this store");
	if (which == RENAME) {
		const char *to = bson_iter_type(e) == BSON_TYPE_UTF8 ? bson_iter_utf8(e, NULL) : "";

		if (bad_path(to) || conflict(path, to))
			return msp_error_set(err, MSP_USAGE, "$rename \"%s\": not to a key of another name", path);
	}
	return check_conflicts(update, op, path, err);
}

int msp_update_check(const bson_t *update, struct msp_error *err)
{
	bson_iter_t it, e;
	bool any = false;

	if (!update || !msp_bson_valid(bson_get_data(update), update->len) || !bson_iter_init(&it, update))
		return msp_error_set(err, MSP_USAGE, "the update is not a document, or nested too deep");
	for (; bson_iter_next(&it); any = true) {
		const char *op = bson_iter_key(&it);
		int which = operator_of(op), r = MSP_OK;

		if (!which)
			return msp_error_set(err, MSP_USAGE, op[0] == '$' ? "update operator %s is not supported in this store" :
			                     "the update has a key \"%s\" where operators ($set ...) have to be", op);
		if (bson_iter_type(&it) != BSON_TYPE_DOCUMENT || !bson_iter_recurse(&it, &e))
			return msp_error_set(err, MSP_USAGE, "%s needs a document", op);
		while (r == MSP_OK && bson_iter_next(&e))
			r = check_operand(update, op, which, &e, err);
		if (r != MSP_OK)
			return r;
	}
	return any ? MSP_OK : msp_error_set(err, MSP_USAGE, "the update is empty");
}

/* The sum keeps the wider type: int32 that overflows becomes int64. */
static int sum(const bson_iter_t *a, const bson_iter_t *b, const char *path, bson_t *out, struct msp_error *err)
{
	int64_t v;

	if (bson_iter_type(a) == BSON_TYPE_DOUBLE || bson_iter_type(b) == BSON_TYPE_DOUBLE)
		return bson_append_double(out, "v", 1, bson_iter_as_double(a) + bson_iter_as_double(b)) ? MSP_OK : too_large(err);
	if (__builtin_add_overflow(bson_iter_as_int64(a), bson_iter_as_int64(b), &v))
		return msp_error_set(err, MSP_FAIL, "cannot increment \"%s\": the sum is too large", path);
	if (bson_iter_type(a) == BSON_TYPE_INT32 && bson_iter_type(b) == BSON_TYPE_INT32 && v >= INT32_MIN && v <= INT32_MAX)
		return bson_append_int32(out, "v", 1, (int32_t)v) ? MSP_OK : too_large(err);
	return bson_append_int64(out, "v", 1, v) ? MSP_OK : too_large(err);
}

static int increment(const bson_t *doc, const bson_iter_t *by, bson_t *out, struct msp_error *err)
{
	const char *path = bson_iter_key(by);
	bson_t box = BSON_INITIALIZER;
	bson_iter_t old, v;
	bool array;
	int r = MSP_OK;

	if (!msp_path_single(bson_get_data(doc), doc->len, path, &old, &array) && !array)
		return msp_edit_set(doc, path, by, out, err);
	if (array || msp_rank(&old) != MSP_R_NUMBER || bson_iter_type(&old) == BSON_TYPE_DECIMAL128)
		r = msp_error_set(err, MSP_FAIL, "cannot increment \"%s\": it is no number that can be", path);
	if (r == MSP_OK)
		r = sum(&old, by, path, &box, err);
	if (r == MSP_OK && bson_iter_init_find(&v, &box, "v"))
		r = msp_edit_set(doc, path, &v, out, err);
	else
		bson_init(out);
	bson_destroy(&box);
	return r;
}

static int rename_key(const bson_t *doc, const bson_iter_t *e, bson_t *out, struct msp_error *err)
{
	const char *from = bson_iter_key(e);
	bson_iter_t old;
	bson_t without;
	bool array;
	int r;

	if (!msp_path_single(bson_get_data(doc), doc->len, from, &old, &array)) {
		bson_copy_to(doc, out);
		return array ? msp_error_set(err, MSP_FAIL, "cannot rename \"%s\": it lies in an array", from) : MSP_OK;
	}
	r = msp_edit_set(doc, from, NULL, &without, err);
	if (r == MSP_OK)
		r = msp_edit_set(&without, bson_iter_utf8(e, NULL), &old, out, err);
	else
		bson_init(out);
	bson_destroy(&without);
	return r;
}

static int apply(int which, const bson_t *doc, const bson_iter_t *e, bool fresh, bson_t *out, struct msp_error *err)
{
	switch (which) {
	case UNSET: return msp_edit_set(doc, bson_iter_key(e), NULL, out, err);
	case INC: return increment(doc, e, out, err);
	case RENAME: return rename_key(doc, e, out, err);
	case SET_ON_INSERT:
		if (!fresh) {
			bson_copy_to(doc, out);
			return MSP_OK;
		}
		/* fall through */
	default: return msp_edit_set(doc, bson_iter_key(e), e, out, err);
	}
}

struct change {
	bson_iter_t operand;
	const char *path; /* that it sets */
	int which;
};

/* All changes in the order of their keys, as MongoDB makes them: so new keys stand in that order. */
static struct change *gather(const bson_t *update, size_t *n)
{
	struct change *list, one = {0};
	bson_iter_t it, e;
	size_t room = 1;

	*n = 0;
	if (bson_iter_init(&it, update))
		while (bson_iter_next(&it))
			for (bool in = bson_iter_recurse(&it, &e); in && bson_iter_next(&e); room++)
				;
	list = msp_room(room * sizeof(*list));
	if (!list || !bson_iter_init(&it, update))
		return list;
	while (bson_iter_next(&it)) {
		for (bool in = bson_iter_recurse(&it, &e); in && bson_iter_next(&e); (*n)++) {
			size_t at = *n;

			one.which = operator_of(bson_iter_key(&it));
			one.path = one.which == RENAME ? bson_iter_utf8(&e, NULL) : bson_iter_key(&e);
			one.operand = e;
			for (; at > 0 && strcmp(list[at - 1].path, one.path) > 0; at--) /* they are few */
				list[at] = list[at - 1];
			list[at] = one;
		}
	}
	return list;
}

int msp_update_apply(const bson_t *update, const bson_t *doc, bool fresh, bson_t *out, struct msp_error *err)
{
	struct change *list;
	size_t n;
	bson_t next;
	int r = MSP_OK;

	bson_copy_to(doc, out);
	list = gather(update, &n);
	if (!list)
		return msp_error_set(err, MSP_NOMEM, "no memory left");
	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		r = apply(list[i].which, out, &list[i].operand, fresh, &next, err);
		bson_destroy(out);
		bson_steal(out, &next);
	}
	free(list);
	return r;
}

/* ---- inserting by an update -------------------------------------------- */

static int seed_one(const bson_iter_t *e, bson_t *out, struct msp_error *err)
{
	const char *key = bson_iter_key(e);
	bson_iter_t v = *e, inner;
	bson_t next;
	int r;

	if (bson_iter_type(e) == BSON_TYPE_REGEX)
		return MSP_OK;
	if (bson_iter_type(e) == BSON_TYPE_DOCUMENT && bson_iter_recurse(e, &inner) && bson_iter_next(&inner) &&
	    bson_iter_key(&inner)[0] == '$') {
		if (!bson_iter_recurse(e, &v) || !bson_iter_find(&v, "$eq"))
			return MSP_OK;
	}
	r = msp_edit_set(out, key, &v, &next, err);
	bson_destroy(out);
	bson_steal(out, &next);
	return r;
}

static int seed(const bson_iter_t *filter, bson_t *out, struct msp_error *err)
{
	bson_iter_t it = *filter, list, doc;
	int r = MSP_OK;

	while (r == MSP_OK && bson_iter_next(&it)) {
		if (strcmp(bson_iter_key(&it), "$and") == 0 && bson_iter_recurse(&it, &list)) {
			while (r == MSP_OK && bson_iter_next(&list))
				if (bson_iter_recurse(&list, &doc))
					r = seed(&doc, out, err);
		} else if (bson_iter_key(&it)[0] != '$') {
			r = seed_one(&it, out, err);
		}
	}
	return r;
}

int msp_update_seed(const bson_t *filter, bson_t *out, struct msp_error *err)
{
	bson_iter_t it;

	bson_init(out);
	return filter && bson_iter_init(&it, filter) ? seed(&it, out, err) : MSP_OK;
}
