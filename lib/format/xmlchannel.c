/* StationXML: channels as documents of channel, stations as documents of site. */
#include "format/xmlstation.h"

#include <stdlib.h>
#include <string.h>

#define MAX_LOCATIONS 5000 /* of a station: each costs a look at all of them */

static bool append_place(bson_t *out, const struct place *p)
{
	return bson_append_double(out, "lat", -1, p->lat) && bson_append_double(out, "lon", -1, p->lon) &&
	       xml_append_coords(out, p->lat, p->lon, "location") && bson_append_double(out, "elev", -1, p->elev) &&
	       (!p->has_depth || bson_append_double(out, "edepth", -1, p->edepth));
}

static void make_id(const struct stations *t, const char *loc, const char *chan, double start, bson_oid_t *out)
{
	const char *part[6] = {chan ? "channel" : "site", t->net, t->sta, loc, chan};
	char time[32];

	part[chan ? 5 : 4] = msp_double_format(start, time);
	xml_oid(part, chan ? 6 : 5, out);
}

static int give_site(struct xmlfile *f, const struct stations *t, const char *loc, const struct place *p)
{
	bson_t doc = BSON_INITIALIZER, details, network;
	bson_oid_t id;
	bool ok;
	int s = MSP_OK;

	make_id(t, loc, NULL, t->epoch.start, &id);
	ok = bson_append_oid(&doc, "_id", -1, &id) && bson_append_utf8(&doc, "loc", -1, loc, -1) && bson_append_utf8(&doc, "net", -1, t->net, -1) &&
	     bson_append_utf8(&doc, "sta", -1, t->sta, -1) && append_place(&doc, p) && bson_append_double(&doc, "starttime", -1, t->epoch.start) &&
	     bson_append_double(&doc, "endtime", -1, t->epoch.end) && bson_append_oid(&doc, "site_id", -1, &id) &&
	     bson_append_document_begin(&doc, "details", -1, &details);
	if (ok) {
		s = details_end(f, &t->station, &details);
		ok = bson_append_document_begin(&details, "network", -1, &network);
		if (s == MSP_OK && ok)
			s = details_end(f, &t->network, &network);
		ok = ok && bson_append_document_end(&details, &network) && bson_append_document_end(&doc, &details);
	}
	if (s == MSP_OK)
		s = ok ? xmlfile_give(f, "site", &doc, t->line) : xml_full(f->x, t->line);
	bson_destroy(&doc);
	return s;
}

int site_give_all(struct xmlfile *f, struct stations *t)
{
	int s = MSP_OK;

	if (!t->locations) {
		s = place_check(f, &t->place, t->line, "<Station>");
		return s == MSP_OK ? give_site(f, t, "", &t->place) : s;
	}
	for (const struct location *l = t->locations; s == MSP_OK && l; l = l->next)
		s = give_site(f, t, l->code, &l->place);
	return s;
}

void site_forget(struct stations *t)
{
	while (t->locations) {
		struct location *next = t->locations->next;

		free(t->locations->code);
		free(t->locations);
		t->locations = next;
	}
}

/* A site is where the last of its channels is, as MsPASS has it. */
static int note_location(struct xmlfile *f, struct stations *t, const char *code, const struct place *p)
{
	struct location **to = &t->locations;
	int n = 0;

	for (; *to && strcmp((*to)->code, code) != 0; n++)
		to = &(*to)->next;
	if (n == MAX_LOCATIONS)
		return xml_wrong(f->x, xml_line(f->x), "<Station>: more than %d location codes", MAX_LOCATIONS);
	if (!*to) {
		*to = calloc(1, sizeof(**to));
		if (*to && !((*to)->code = strdup(code))) {
			free(*to);
			*to = NULL;
		}
	}
	if (!*to)
		return msp_error_set(xml_error(f->x), MSP_NOMEM, "no memory left");
	(*to)->place = *p;
	return MSP_OK;
}

static int append_number(struct xmlfile *f, const struct xml_element *e, const char *key, double plus, bson_t *out)
{
	double v;
	int s = e && e->len ? place_number(f, e, xml_degrees, &v) : MSP_OK;

	if (s == MSP_OK && e && e->len && !bson_append_double(out, key, -1, v + plus))
		s = xml_full(f->x, e->line);
	return s;
}

static int append_plain(struct xmlfile *f, const struct xml_element *e, const char *child, const char *key, bool is_number, bson_t *out)
{
	size_t n;
	const char *text = xml_child_text(e, child, &n);
	double v;

	if (!text)
		return MSP_OK;
	if (is_number && !xml_number(text, n, &v))
		return xml_wrong(f->x, e->line, "<%s>: <%s> is \"%.*s\", which is no number", e->name, child, n < 60 ? (int)n : 60, text);
	if (!(is_number ? bson_append_double(out, key, -1, v) : bson_append_utf8(out, key, -1, text, (int)n)))
		return xml_full(f->x, e->line);
	return MSP_OK;
}

/* What of the response is asked for often. */
static int append_sensitivity(struct xmlfile *f, const struct xml_element *channel, bson_t *out)
{
	const struct xml_element *response = xml_child(channel, "Response"), *e = response ? xml_child(response, "InstrumentSensitivity") : NULL, *units;
	int s = MSP_OK;

	if (!e)
		return MSP_OK;
	s = append_plain(f, e, "Value", "sensitivity", true, out);
	if (s == MSP_OK)
		s = append_plain(f, e, "Frequency", "sensitivity_frequency", true, out);
	if (s == MSP_OK && (units = xml_child(e, "InputUnits")) != NULL)
		s = append_plain(f, units, "Name", "input_units", false, out);
	if (s == MSP_OK && (units = xml_child(e, "OutputUnits")) != NULL)
		s = append_plain(f, units, "Name", "output_units", false, out);
	return s;
}

/* Everything else that is said of the channel. */
static int append_rest(struct xmlfile *f, const struct xml_element *e, bson_t *out)
{
	static const char *const parts[] = {"Sensor", "DataLogger", "PreAmplifier", "Response"};
	static const char *const keys[] = {"sensor", "data_logger", "pre_amplifier", "response"};
	static const char *const used[] = {"Latitude", "Longitude", "Elevation", "Depth", "Azimuth", "Dip", "SampleRate", "Sensor", "DataLogger",
	                                   "PreAmplifier", "Response", "Type", NULL};
	static const char *const codes[] = {"code", "locationCode", "startDate", "endDate", NULL};
	struct xml_doc doc = {.x = f->x, .rules = &xml_station_rules};
	const struct xml_element *type = xml_child(e, "Type");
	struct xml_element rest = *e;
	bson_t types = BSON_INITIALIZER;
	int s = MSP_OK;

	for (uint32_t i = 0; s == MSP_OK && type; type = xml_again(type), i++)
		s = xml_doc_item(&doc, type, i, &types);
	if (s == MSP_OK && !bson_empty(&types) && !bson_append_array(out, "types", -1, &types))
		s = xml_full(f->x, e->line);
	bson_destroy(&types);
	for (size_t i = 0; s == MSP_OK && i < 4; i++) {
		const struct xml_element *part = xml_child(e, parts[i]);

		doc.strict = i == 3;
		if (part)
			s = xml_doc_sub(&doc, part, NULL, keys[i], out);
	}
	doc.strict = false;
	for (struct xml_attribute **a = &rest.attribute; *a;) /* the list is this element's alone, and it goes after this */
		if (xml_any_of((*a)->name, codes))
			*a = (*a)->next;
		else
			a = &(*a)->next;
	return s == MSP_OK ? xml_doc_sub(&doc, &rest, used, "details", out) : s;
}

int channel_give(struct xmlfile *f, struct stations *t, const struct xml_element *e)
{
	char loc[XML_MAX_CODE + 1], chan[XML_MAX_CODE + 1];
	struct place place = {0};
	struct epoch epoch;
	bson_t doc = BSON_INITIALIZER;
	bson_oid_t id, site;
	bool is;
	int s = code_get(f, e, "code", true, chan);

	if (s == MSP_OK)
		s = code_get(f, e, "locationCode", false, loc);
	if (s == MSP_OK)
		s = epoch_get(f, e, &epoch);
	for (const struct xml_element *c = e->child; s == MSP_OK && c; c = c->next)
		s = place_set(f, c, &place, &is);
	if (s == MSP_OK)
		s = place_check(f, &place, e->line, "<Channel>");
	if (s == MSP_OK)
		s = note_location(f, t, loc, &place);
	if (s != MSP_OK)
		return s;
	make_id(t, loc, chan, epoch.start, &id);
	make_id(t, loc, NULL, t->epoch.start, &site);
	if (!bson_append_oid(&doc, "_id", -1, &id) || !bson_append_utf8(&doc, "net", -1, t->net, -1) || !bson_append_utf8(&doc, "sta", -1, t->sta, -1) ||
	    !bson_append_utf8(&doc, "loc", -1, loc, -1) || !bson_append_utf8(&doc, "chan", -1, chan, -1) || !append_place(&doc, &place))
		s = xml_full(f->x, e->line);
	if (s == MSP_OK)
		s = append_number(f, xml_child(e, "Azimuth"), "hang", 0, &doc);
	if (s == MSP_OK)
		s = append_number(f, xml_child(e, "Dip"), "vang", 90, &doc);
	if (s == MSP_OK && (!bson_append_double(&doc, "starttime", -1, epoch.start) || !bson_append_double(&doc, "endtime", -1, epoch.end) ||
	                    !bson_append_oid(&doc, "site_id", -1, &site) || !bson_append_oid(&doc, "chan_id", -1, &id)))
		s = xml_full(f->x, e->line);
	if (s == MSP_OK)
		s = append_plain(f, e, "SampleRate", "sample_rate", true, &doc);
	if (s == MSP_OK)
		s = append_sensitivity(f, e, &doc);
	if (s == MSP_OK)
		s = append_rest(f, e, &doc);
	if (s == MSP_OK)
		s = xmlfile_give(f, "channel", &doc, e->line);
	bson_destroy(&doc);
	return s;
}
