/* Several joins at once: a list of collections, as msread --join takes it. */
#include "mspipe/join.h"

#include <stdlib.h>
#include <string.h>

/* Where the item at text ends: at a comma, unless what follows belongs to its match (an equals sign, and no colon before it). */
static size_t item_length(const char *text)
{
	size_t n = strcspn(text, ",");

	while (text[n] == ',' && text[n + 1 + strcspn(text + n + 1, ",:=")] == '=')
		n += 1 + strcspn(text + n + 1, ",");
	return n;
}

static int open_item(struct msp_store *s, const char *text, size_t n, struct msp_join_options *o, struct msp_join **out,
                     struct msp_error *err)
{
	char *item = strndup(text, n), *colon;
	int r;

	if (!item)
		return msp_error_set(err, MSP_NOMEM, "no memory left");
	colon = strchr(item, ':');
	if (colon)
		*colon = '\0';
	o->collection = item;
	o->match = colon ? colon + 1 : NULL;
	r = *item ? msp_join_open(s, o, out, err) : msp_error_set(err, MSP_USAGE, "join: a collection is missing");
	free(item);
	return r;
}

int msp_joins_open(struct msp_store *s, const char *list, const struct msp_join_options *options, struct msp_joins *out,
                   struct msp_error *err)
{
	const char *p = list;
	struct msp_join_options o = {0};
	int r = MSP_OK;

	*out = (struct msp_joins){0};
	if (options)
		o = *options;
	if (list[item_length(list)])
		o.keys = NULL;
	for (bool more = true; r == MSP_OK && more;) {
		size_t n = item_length(p);
		struct msp_join **join = realloc(out->join, (out->n + 1) * sizeof(struct msp_join *));

		if (!join) {
			r = msp_error_set(err, MSP_NOMEM, "no memory left");
			break;
		}
		out->join = join;
		r = open_item(s, p, n, &o, &join[out->n], err);
		if (r == MSP_OK)
			out->n++;
		more = p[n] == ',';
		p += n + more;
	}
	if (r != MSP_OK)
		msp_joins_free(out);
	return r;
}

int msp_joins_object(struct msp_joins *j, struct msp_object *o, struct msp_error *err)
{
	int s = MSP_OK;

	for (size_t i = 0; s == MSP_OK && i < j->n; i++)
		s = msp_join_object(j->join[i], o, err);
	return s;
}

void msp_joins_free(struct msp_joins *j)
{
	for (size_t i = 0; i < j->n; i++)
		msp_join_free(j->join[i]);
	free(j->join);
	*j = (struct msp_joins){0};
}
