/* Files of stations and earthquakes: which of the two it is. */
#include "format/xmlfile.h"

#include <string.h>

#define MAX_DOCUMENT 16777216 /* of a store */

int xmlfile_give(struct xmlfile *f, const char *collection, const bson_t *doc, uint64_t line)
{
	if (doc->len > MAX_DOCUMENT)
		return xml_full(f->x, line);
	return f->fn(f->fn_context, collection, doc, line, xml_error(f->x));
}

static const struct xml_handler *choose(void *context, const char *name, const char *uri)
{
	struct xmlfile *f = context;
	const struct xml_handler *h;

	if (strcmp(name, "FDSNStationXML") == 0 && xml_station_handler.own(uri)) {
		h = &xml_station_handler;
		f->state = xml_station_start();
		f->free = xml_station_free;
	} else if (strcmp(name, "quakeml") == 0 && xml_event_handler.own(uri)) {
		h = &xml_event_handler;
		f->state = xml_event_start();
		f->free = xml_event_free;
	} else {
		xml_wrong(f->x, xml_line(f->x), "neither StationXML nor QuakeML: the root is <%s> of the namespace \"%s\"", name, uri ? uri : "");
		return NULL;
	}
	if (!f->state)
		msp_error_set(xml_error(f->x), MSP_NOMEM, "no memory left");
	return f->state ? h : NULL;
}

int xmlfile_left_out(struct xmlfile *f, int s)
{
	struct msp_error *err = xml_error(f->x);

	if (s != MSP_CORRUPT || !f->skip)
		return s;
	f->skip(f->fn_context, err->text);
	f->notes->left_out++;
	memset(err, 0, sizeof(*err));
	return MSP_OK;
}

int msp_xml_read(const struct msp_text_file *file, msp_xml_fn *fn, msp_xml_skip_fn *skip, void *context, struct msp_xml_notes *notes,
                 struct msp_error *err)
{
	struct msp_error own = {0};
	struct msp_xml_notes unread = {0};
	struct xmlfile f = {.fn = fn, .skip = skip, .fn_context = context, .notes = notes ? notes : &unread};
	int s;

	memset(f.notes, 0, sizeof(*f.notes));
	s = xml_read(file, choose, &f, &f.x, err ? err : &own);
	if (f.state)
		f.free(f.state);
	return s;
}
