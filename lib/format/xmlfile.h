/* format/xmlfile.h - a file that is being read, for the readers of its kinds */
#ifndef MSP_FORMAT_XMLFILE_H
#define MSP_FORMAT_XMLFILE_H

#include "format/xmldoc.h"
#include "mspipe/xml.h"

struct xmlfile {
	struct xml *x;
	msp_xml_fn *fn;
	msp_xml_skip_fn *skip; /* or NULL */
	void *fn_context;
	struct msp_xml_notes *notes;
	void *state; /* of the handler */
	void (*free)(void *state);
};

/* Hands a document on. */
int xmlfile_give(struct xmlfile *f, const char *collection, const bson_t *doc, uint64_t line) MSP_CHECKED;

/* What s becomes where an element is left out that cannot be used: MSP_OK for MSP_CORRUPT, if that is wanted, and it is told. */
int xmlfile_left_out(struct xmlfile *f, int s) MSP_CHECKED;

/* Their context is the struct xmlfile. start makes its state (NULL: no memory). */
extern const struct xml_handler xml_station_handler, xml_event_handler;
void *xml_station_start(void);
void *xml_event_start(void);
void xml_station_free(void *state);
void xml_event_free(void *state);

#endif
