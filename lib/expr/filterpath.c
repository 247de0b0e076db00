/* Where the documents of a store have a key: the paths that it may mean. */
#include "expr/filter.h"

#include <string.h>

#define MAX_SEPARATORS 3

static bool separator(char c)
{
	return c == '.' || c == '_';
}

/* A path that means in a filter what it means in an expression. */
static bool plain(const char *path)
{
	if (*path == '$' || separator(*path) || !*path)
		return strcmp(path, "_id") == 0;
	for (; *path; path++)
		if (separator(*path) && (separator(path[1]) || !path[1] || path[1] == '$'))
			return false;
	return true;
}

static unsigned separators(const char *key)
{
	unsigned n = 0;

	for (; *key; key++)
		n += separator(*key);
	return n;
}

/* prefix.KEY, with dots where bits are set, the first separator being the lowest */
static const char *variant(struct filter_maker *m, const char *prefix, const char *key, unsigned bits)
{
	size_t n = prefix ? strlen(prefix) + 1 : 0, len = strlen(key);
	char *path = expr_alloc(m->mem, n + len + 1);

	if (!path) {
		m->failed = true;
		return NULL;
	}
	if (prefix) {
		memcpy(path, prefix, n - 1);
		path[n - 1] = '.';
	}
	for (size_t i = 0; i < len; i++) {
		path[n + i] = key[i];
		if (!separator(key[i]))
			continue;
		path[n + i] = bits & 1 ? '.' : '_';
		bits >>= 1;
	}
	return path;
}

/* False: nothing is known of where it lies. */
bool filter_paths(struct filter_maker *m, const char *key, struct filter_paths *p)
{
	struct msp_place at = {0};
	unsigned all;

	memset(p, 0, sizeof(*p));
	if (m->place)
		m->place(m->context, key, &at);
	p->flags = at.flags;
	if (at.flags & MSP_PLACE_UNKNOWN || !plain(at.path ? at.path : key) || separators(key) > MAX_SEPARATORS)
		return false;
	if (at.path) {
		p->path[p->n++] = at.path;
	} else {
		all = 1u << separators(key);
		for (unsigned i = 0; i < all; i++)
			p->path[p->n++] = variant(m, NULL, key, i);
		for (unsigned i = 0; i < all && at.within; i++)
			p->path[p->n++] = variant(m, at.within, key, i);
	}
	p->own = strchr(at.path ? at.path : key, '.') ? NULL : at.path ? at.path : key;
	p->sure = p->own && p->n == 1 && !at.alias && !(at.flags & MSP_PLACE_DERIVED);
	if (at.alias)
		p->path[p->n++] = at.alias;
	return !m->failed;
}
