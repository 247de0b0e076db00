/* QuakeML (quakeml.org, 1.0 to 1.2, and its -RT form): the walk through a file. */
#include "format/xmlevent.h"

#include <stdlib.h>
#include <string.h>

static bool own(const char *uri)
{
	static const char base[] = "http://quakeml.org/xmlns/";
	static const char *const parts[] = {"quakeml/1.", "quakeml-rt/1.", "bed/1.", "bed-rt/1.", NULL};

	if (!uri)
		return true;
	if (strncmp(uri, base, sizeof(base) - 1) != 0)
		return false;
	for (const char *const *p = parts; *p; p++)
		if (strncmp(uri + sizeof(base) - 1, *p, strlen(*p)) == 0)
			return true;
	return false;
}

/* ---- preferred ones -------------------------------------------------------------- */

/* <originReference><originID>ID</originID></originReference> of the -RT form. */
static const char *referred(const struct xml_element *e, const char *reference, const char *child, size_t *n)
{
	const struct xml_element *r = xml_child(e, reference);
	const char *text;

	if (!r)
		return NULL;
	text = xml_child_text(r, child, n);
	if (text || !r->len)
		return text;
	*n = r->len;
	text = xml_trim(r->text, n);
	return *n ? text : NULL;
}

/* The child that is preferred, or the first; *missing: another one is preferred. */
static const struct xml_element *choose(const struct xml_element *event, const char *name, const char *preferred, const struct xml_index *beside,
                                        const char *reference, const char *child, bool *missing)
{
	size_t n = 0;
	const char *id = xml_child_text(event, preferred, &n);
	const struct xml_element *first = xml_child(event, name), *e = NULL;

	*missing = false;
	for (e = first; id && e; e = xml_again(e))
		if (strlen(xml_id(e)) == n && memcmp(xml_id(e), id, n) == 0)
			return e;
	if (id && (e = xml_index_get(beside, id, n)) != NULL)
		return e;
	*missing = id != NULL;
	if (!first && (id = referred(event, reference, child, &n)) != NULL)
		first = xml_index_get(beside, id, n);
	return first;
}

/* ---- events ---------------------------------------------------------------------------- */

static int gather_picks(struct event *v)
{
	const struct xml_element *p = xml_child(v->e, "pick");
	int s = MSP_OK;

	for (; s == MSP_OK && p; p = xml_again(p))
		s = xml_index_add(v->f, &v->picks, p);
	xml_index_sort(&v->picks);
	v->used = calloc(v->picks.n + 1, sizeof(*v->used));
	return s == MSP_OK && !v->used ? msp_error_set(xml_error(v->f->x), MSP_NOMEM, "no memory left") : s;
}

static int give_event(struct xmlfile *f, const struct xml_element *e)
{
	struct events *t = f->state;
	struct event v = {.f = f, .e = e, .id = xml_id(e)};
	const char *part[] = {"source", v.id};
	bool no_origin, no_magnitude;
	int s;

	if (!*v.id)
		return xml_wrong(f->x, e->line, "<event> without publicID");
	v.origin = choose(e, "origin", "preferredOriginID", &t->origins, "originReference", "originID", &no_origin);
	v.magnitude = choose(e, "magnitude", "preferredMagnitudeID", &t->magnitudes, "magnitudeReference", "magnitudeID", &no_magnitude);
	if (!v.origin)
		return xml_wrong(f->x, e->line, "<event> without an origin");
	f->notes->unpreferred += no_origin || no_magnitude;
	xml_oid(part, 2, &v.source);
	s = gather_picks(&v);
	if (s == MSP_OK)
		s = event_give_source(&v);
	if (s == MSP_OK)
		s = event_give_arrivals(&v, &t->picks);
	free(v.picks.e);
	free(v.used);
	return s;
}

/* ---- the file ---------------------------------------------------------------------------- */

static int begin(void *context, int depth, struct xml_element *e)
{
	static const char *const taken[] = {"event", "origin", "magnitude", "pick", NULL};

	(void)context;
	if (depth == 0)
		return XML_ENTER;
	if (depth == 1)
		return strcmp(e->name, "eventParameters") == 0 ? XML_ENTER : XML_SKIP;
	for (const char *const *t = taken; *t; t++)
		if (strcmp(e->name, *t) == 0)
			return XML_TAKE;
	return XML_SKIP;
}

static int whole(void *context, int depth, struct xml_element *e)
{
	struct xmlfile *f = context;
	struct events *t = f->state;
	struct xml_index *to = NULL;
	int s;

	(void)depth;
	if (strcmp(e->name, "event") != 0)
		to = strcmp(e->name, "origin") == 0 ? &t->origins : strcmp(e->name, "pick") == 0 ? &t->picks : &t->magnitudes;
	else if (!xml_child(e, "origin"))
		to = &t->waiting;
	if (!to)
		return xmlfile_left_out(f, give_event(f, e));
	s = xml_index_add(f, to, e);
	return s == MSP_OK ? XML_TAKE : xmlfile_left_out(f, s);
}

static int end(void *context, int depth)
{
	struct xmlfile *f = context;
	struct events *t = f->state;
	int s = MSP_OK;

	if (depth != 1)
		return MSP_OK;
	xml_index_sort(&t->origins);
	xml_index_sort(&t->magnitudes);
	xml_index_sort(&t->picks);
	for (size_t i = 0; s == MSP_OK && i < t->waiting.n; i++)
		s = xmlfile_left_out(f, give_event(f, t->waiting.e[i]));
	t->waiting.n = t->origins.n = t->magnitudes.n = t->picks.n = 0;
	return s;
}

const struct xml_handler xml_event_handler = {.own = own, .begin = begin, .whole = whole, .end = end};

void *xml_event_start(void)
{
	return calloc(1, sizeof(struct events));
}

void xml_event_free(void *state)
{
	struct events *t = state;

	free(t->origins.e);
	free(t->magnitudes.e);
	free(t->picks.e);
	free(t->waiting.e);
	free(t);
}
