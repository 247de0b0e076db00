/* StationXML (fdsn.org, 1.0 to 1.2): the walk through a file. */
#include "format/xmlstation.h"

#include <stdlib.h>
#include <string.h>

static bool own(const char *uri)
{
	return !uri || strcmp(uri, "http://www.fdsn.org/xml/station/1") == 0;
}

static int enter(struct xmlfile *f, int depth, struct xml_element *e)
{
	static const char *const network_codes[] = {NULL}, *const station_codes[] = {"code", "startDate", "endDate", NULL};
	struct stations *t = f->state;
	const char *version;
	int s;

	if (depth == 0) {
		version = xml_attribute(e, "schemaVersion");
		if (version && strncmp(version, "1.", 2) != 0 && strcmp(version, "1") != 0)
			return xml_wrong(f->x, e->line, "StationXML of schemaVersion \"%.20s\"; 1.0 to 1.2 can be read", version);
		return XML_ENTER;
	}
	if (depth == 1 && strcmp(e->name, "Network") == 0) {
		s = code_get(f, e, "code", true, t->net);
		return s == MSP_OK && (s = details_begin(f, &t->network, e, network_codes)) == MSP_OK ? XML_ENTER : s;
	}
	if (depth == 2 && strcmp(e->name, "Station") == 0) {
		s = code_get(f, e, "code", true, t->sta);
		t->line = e->line;
		memset(&t->place, 0, sizeof(t->place));
		t->unplaced = false;
		site_forget(t);
		if (s == MSP_OK)
			s = epoch_get(f, e, &t->epoch);
		return s == MSP_OK && (s = details_begin(f, &t->station, e, station_codes)) == MSP_OK ? XML_ENTER : s;
	}
	if (depth == 2 && (strcmp(e->name, "Description") == 0 || strcmp(e->name, "Identifier") == 0))
		return XML_TAKE;
	return depth == 3 ? XML_TAKE : XML_SKIP;
}

/* A network or station that is left out is, with all that is in it. */
static int begin(void *context, int depth, struct xml_element *e)
{
	int s = enter(context, depth, e);

	if (s >= 0 || depth == 0)
		return s;
	s = xmlfile_left_out(context, s);
	return s == MSP_OK ? XML_SKIP : s;
}

static int whole(void *context, int depth, struct xml_element *e)
{
	struct xmlfile *f = context;
	struct stations *t = f->state;
	bool is;
	int s;

	if (depth == 2)
		return xmlfile_left_out(f, details_add(f, &t->network, e));
	if (strcmp(e->name, "Channel") == 0)
		return t->unplaced ? MSP_OK : xmlfile_left_out(f, channel_give(f, t, e));
	s = place_set(f, e, &t->place, &is);
	t->unplaced = t->unplaced || s == MSP_CORRUPT;
	if (s == MSP_OK && !is)
		s = details_add(f, &t->station, e);
	return xmlfile_left_out(f, s);
}

static int end(void *context, int depth)
{
	struct xmlfile *f = context;
	struct stations *t = f->state;

	if (depth != 2 || (t->unplaced && !t->locations))
		return MSP_OK;
	return xmlfile_left_out(f, site_give_all(f, t));
}

const struct xml_handler xml_station_handler = {.own = own, .begin = begin, .whole = whole, .end = end};

void *xml_station_start(void)
{
	return calloc(1, sizeof(struct stations));
}

void xml_station_free(void *state)
{
	struct stations *t = state;

	site_forget(t);
	details_clear(&t->network);
	details_clear(&t->station);
	free(t);
}
