/* What is said of a station and of its network besides where they are: gathered as it comes, for each document of it. */
#include "format/xmlstation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DETAILS 1048576 /* bytes: each document of the station holds a copy */

void details_clear(struct details *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->part[i].name);
		bson_destroy(d->part[i].array);
	}
	bson_destroy(d->attributes);
	memset(d, 0, sizeof(*d));
}

static struct part *details_part(struct details *d, const char *name)
{
	struct part *p;

	for (size_t i = 0; i < d->n; i++)
		if (strcmp(d->part[i].name, name) == 0)
			return &d->part[i];
	if (d->n == XML_MAX_PARTS)
		return NULL;
	p = &d->part[d->n];
	p->name = strdup(name);
	p->array = p->name ? bson_new() : NULL;
	if (!p->array) {
		free(p->name);
		return NULL;
	}
	d->n++;
	return p;
}

int details_add(struct xmlfile *f, struct details *d, const struct xml_element *e)
{
	struct xml_doc doc = {.x = f->x, .rules = &xml_station_rules};
	struct part *p;
	uint32_t before;
	int s;

	if (!e->child && !e->attribute && e->len == 0)
		return MSP_OK;
	p = details_part(d, e->name);
	if (!p)
		return xml_wrong(f->x, e->line, "too many different elements, or no memory left");
	before = p->array->len;
	s = xml_doc_item(&doc, e, p->n++, p->array);
	d->bytes += p->array->len - before;
	return s == MSP_OK && d->bytes > MAX_DETAILS ? xml_wrong(f->x, e->line, "<%s>: the descriptions are too long", e->name) : s;
}

int details_begin(struct xmlfile *f, struct details *d, struct xml_element *e, const char *const *without)
{
	struct xml_doc doc = {.x = f->x, .rules = &xml_station_rules};

	details_clear(d);
	d->attributes = bson_new();
	for (struct xml_attribute **a = &e->attribute; *a;)
		if (xml_any_of((*a)->name, without))
			*a = (*a)->next;
		else
			a = &(*a)->next;
	return xml_doc_fill(&doc, e, NULL, d->attributes);
}

int details_end(struct xmlfile *f, const struct details *d, bson_t *out)
{
	struct xml_doc doc = {.x = f->x, .rules = &xml_station_rules};
	bool ok = !d->attributes || bson_concat(out, d->attributes);

	for (size_t i = 0; ok && i < d->n; i++) {
		const struct part *p = &d->part[i];
		char key[512];
		bool several;
		bson_iter_t first;

		if (!xml_doc_key(&doc, p->name, &several, key, sizeof(key)))
			return xml_wrong(f->x, xml_line(f->x), "the name of an element is too long");
		if (several || p->n > 1)
			ok = bson_append_array(out, key, -1, p->array);
		else
			ok = bson_iter_init(&first, p->array) && bson_iter_next(&first) && bson_append_iter(out, key, -1, &first);
	}
	return ok ? MSP_OK : xml_full(f->x, xml_line(f->x));
}
