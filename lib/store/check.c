/* Is a store whole? What is looked at, and how it is told. */
#include "store/check.h"

#include "store/backend.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOGETHER 1000 /* documents looked at together */

int msp_check_memory(struct msp_check *c)
{
	return msp_error_set(c->err, MSP_NOMEM, "no memory left");
}

/* ---- telling ----------------------------------------------------------- */

static int tell(struct msp_check *c, int kind, bool left, const char *collection, const bson_iter_t *id, const char *fmt, va_list ap)
	MSP_PRINTF(6, 0);
static int tell(struct msp_check *c, int kind, bool left, const char *collection, const bson_iter_t *id, const char *fmt, va_list ap)
{
	char text[MSP_ERROR_TEXT];
	struct msp_finding f = {.kind = kind, .collection = collection, .id = id, .what = text, .left = left};

	c->totals->found[kind]++;
	if (!c->o->found)
		return MSP_OK;
	vsnprintf(text, sizeof(text), fmt, ap);
	msp_text_harmless(text, strlen(text));
	return c->o->found(c->o->context, &f);
}

int msp_check_found(struct msp_check *c, int kind, bool left, const char *collection, const bson_iter_t *id, const char *fmt, ...)
{
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = tell(c, kind, left, collection, id, fmt, ap);
	va_end(ap);
	return r;
}

int msp_check_found_in(struct msp_check *c, int kind, bool left, const char *collection, const bson_t *doc, const char *fmt, ...)
{
	bson_iter_t id;
	va_list ap;
	int r;

	va_start(ap, fmt);
	r = tell(c, kind, left, collection, bson_iter_init_find(&id, doc, "_id") ? &id : NULL, fmt, ap);
	va_end(ap);
	return r;
}

/* ---- walking ----------------------------------------------------------- */

bool msp_check_wants(const struct msp_check *c, const char *collection)
{
	for (size_t i = 0; i < c->o->n; i++)
		if (strcmp(c->o->collections[i], collection) == 0)
			return true;
	return c->o->n == 0;
}

bool msp_check_internal(const char *collection)
{
	return strncmp(collection, "fs.", 3) == 0 || strcmp(collection, "msp_saves") == 0;
}

static void forget(bson_t **doc, size_t n)
{
	while (n > 0)
		bson_destroy(doc[--n]);
}

int msp_check_batches(struct msp_check *c, const char *collection, const bson_t *projection, size_t size, msp_batch_fn *fn, void *context)
{
	struct msp_find f = {.projection = projection};
	bson_t **batch = calloc(size, sizeof(bson_t *));
	struct msp_cursor *cursor = NULL;
	const bson_t *doc;
	size_t n = 0;
	int r = batch ? msp_store_find(c->store, collection, &f, &cursor, c->err) : msp_check_memory(c), more = 1;

	while (r == MSP_OK && (more = msp_cursor_next(cursor, &doc, c->err)) == 1) {
		batch[n] = bson_copy(doc);
		if (!batch[n]) {
			r = msp_check_memory(c);
			break;
		}
		if (++n < size)
			continue;
		r = fn(c, collection, batch, n, context);
		forget(batch, n);
		n = 0;
		if (r == MSP_OK && c->o->poll && c->o->poll(c->o->context))
			r = msp_error_set(c->err, MSP_INTERRUPTED, "interrupted");
	}
	if (r == MSP_OK && more < 0)
		r = more;
	if (r == MSP_OK && n > 0)
		r = fn(c, collection, batch, n, context);
	forget(batch, n);
	free(batch);
	msp_cursor_free(cursor);
	return r;
}

/* ---- the parts --------------------------------------------------------- */

static int look_at(struct msp_check *c, const char *collection, bson_t **doc, size_t n, void *context)
{
	int r = MSP_OK;

	(void)context;
	for (size_t i = 0; r == MSP_OK && i < n; i++) {
		r = msp_check_keys(c, collection, &doc[i]);
		if (r == MSP_OK)
			r = msp_check_id(c, collection, doc[i]);
	}
	if (r == MSP_OK)
		r = msp_check_references(c, collection, doc, n);
	return r == MSP_OK ? msp_check_samples(c, collection, doc, n) : r;
}

static int documents(struct msp_check *c)
{
	bson_iter_t it;
	int r = MSP_OK;

	if (bson_iter_init(&it, &c->collections))
		while (r == MSP_OK && bson_iter_next(&it)) {
			const char *name = bson_iter_utf8(&it, NULL);

			if (!msp_check_internal(name) && msp_check_wants(c, name))
				r = msp_check_batches(c, name, NULL, TOGETHER, look_at, NULL);
		}
	return r;
}

static int found_in_file(void *context, int kind, const char *collection, const bson_iter_t *id, const char *what)
{
	struct msp_check *c = context;

	if (kind == MSP_FIND_COLUMNS && c->o->fix)
		c->totals->fixed[kind]++;
	return msp_check_found(c, kind, false, collection, id, "%s", what);
}

static int poll_for_file(void *context)
{
	const struct msp_check *c = context;

	return c->o->poll ? c->o->poll(c->o->context) : 0;
}

static int own_file(struct msp_check *c)
{
	const struct msp_backend *b = c->store->backend;

	if (!b->check)
		return MSP_OK;
	return b->check(c->store, c->o->fix, found_in_file, poll_for_file, c, c->err);
}

/* Where a relative `dir` begins. */
static int find_base(struct msp_check *c)
{
	const char *name = msp_store_name(c->store), *slash = strrchr(name, '/');
	int r = 0;

	if (c->o->base)
		r = msp_text_append(&c->base, c->o->base) || msp_text_append(&c->base, "/");
	else if (c->store->backend->check && slash) /* it is a file */
		r = msp_bytes_append(&c->base, name, (size_t)(slash + 1 - name));
	return r ? msp_check_memory(c) : MSP_OK;
}

int msp_store_check(struct msp_store *s, const struct msp_check_options *options, struct msp_check_totals *out, struct msp_error *err)
{
	static const struct msp_check_options plain;
	struct msp_error own = {0};
	struct msp_check c = {.store = s, .o = options ? options : &plain, .totals = out, .err = err ? err : &own};
	int r;

	memset(out, 0, sizeof(*out));
	r = msp_store_collections(s, &c.collections, c.err);
	if (r != MSP_OK)
		return r;
	r = find_base(&c);
	if (r == MSP_OK)
		r = own_file(&c);
	if (r == MSP_OK)
		r = msp_check_saves(&c);
	if (r == MSP_OK)
		r = documents(&c);
	if (r == MSP_OK)
		r = msp_check_shared(&c);
	bson_destroy(&c.collections);
	msp_idmap_free(&c.saves);
	msp_idmap_free(&c.putting);
	msp_bytes_free(&c.key);
	msp_bytes_free(&c.base);
	return r;
}
