/* format/xmlevent.h - QuakeML while it is read */
#ifndef MSP_FORMAT_XMLEVENT_H
#define MSP_FORMAT_XMLEVENT_H

#include "format/xmlfile.h"

/* Elements by their publicID. */
struct xml_index {
	const struct xml_element **e;
	size_t n, room;
};

struct events {
	/* The -RT form has origins, magnitudes and picks beside the events; those that need them wait for the end. */
	struct xml_index origins, magnitudes, picks, waiting;
};

/* An event, with what belongs to it. */
struct event {
	struct xmlfile *f;
	const struct xml_element *e, *origin, *magnitude;
	const char *id;
	bson_oid_t source;
	struct xml_index picks;
	bool *used; /* of each pick: an arrival names it */
};

/* ---- xmlindex.c */
int xml_index_add(struct xmlfile *f, struct xml_index *x, const struct xml_element *e) MSP_CHECKED;
void xml_index_sort(struct xml_index *x);
/* Where the first with that id stands in a sorted index, or its n. */
size_t xml_index_find(const struct xml_index *x, const char *id, size_t len);
const struct xml_element *xml_index_get(const struct xml_index *x, const char *id, size_t len); /* or NULL */
/* Its publicID, or "". */
const char *xml_id(const struct xml_element *e);

/* ---- xmlsource.c */
/* Gives the document of source. */
int event_give_source(struct event *v) MSP_CHECKED;
/* <NAME><value>V</value></NAME>; *out is left alone where there is none and it is not needed. */
int event_quantity(struct event *v, const struct xml_element *e, const char *name, bool needed, bool time, bool *there, double *out) MSP_CHECKED;
/* Appends n bytes of text, unless it is NULL; false: no room. */
bool event_append_text(bson_t *out, const char *key, const char *text, size_t n);
bool event_append_child(bson_t *out, const char *key, const struct xml_element *e, const char *name);

/* ---- xmlarrival.c */
/* Gives the documents of arrival. picks of v are sorted; beside: those that are not the event's own. */
int event_give_arrivals(struct event *v, const struct xml_index *beside) MSP_CHECKED;

#endif
