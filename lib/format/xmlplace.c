/* Where and when of stations and channels. */
#include "format/xmlstation.h"

#include <string.h>

#define NO_END 2556144000.0 /* 2051-01-01: MsPASS's end of what has none */

const char *const xml_degrees[] = {"DEGREES", "DEGREE", "DEG", NULL};
static const char *const metres[] = {"METERS", "METER", "METRES", "METRE", "M", NULL};

int place_number(struct xmlfile *f, const struct xml_element *e, const char *const *units, double *out)
{
	const char *unit = xml_attribute(e, "unit");

	if (unit && *unit && !xml_any_of(unit, units))
		return xml_wrong(f->x, e->line, "<%s> in \"%s\", which is no unit that can be used here", e->name, unit);
	if (!e->text || !xml_number(e->text, e->len, out))
		return xml_wrong(f->x, e->line, "<%s> is \"%.60s\", which is no number", e->name, e->text ? e->text : "");
	return MSP_OK;
}

/* Whether e is of a place, and sets what it says. */
int place_set(struct xmlfile *f, const struct xml_element *e, struct place *p, bool *is)
{
	double v = 0;
	int s;

	*is = true;
	if (strcmp(e->name, "Latitude") == 0) {
		s = place_number(f, e, xml_degrees, &p->lat);
		p->has_lat = true;
		if (s == MSP_OK && (p->lat < -90 || p->lat > 90))
			s = xml_wrong(f->x, e->line, "<Latitude> is %g, which is none", p->lat);
	} else if (strcmp(e->name, "Longitude") == 0) {
		s = place_number(f, e, xml_degrees, &p->lon);
		p->has_lon = true;
		if (s == MSP_OK && (p->lon < -180 || p->lon > 180))
			s = xml_wrong(f->x, e->line, "<Longitude> is %g, which is none", p->lon);
	} else if (strcmp(e->name, "Elevation") == 0) {
		s = place_number(f, e, metres, &v);
		p->elev = v / 1000.0;
		p->has_elev = true;
	} else if (strcmp(e->name, "Depth") == 0) {
		s = place_number(f, e, metres, &v);
		p->edepth = v / 1000.0;
		p->has_depth = true;
	} else {
		*is = false;
		s = MSP_OK;
	}
	return s;
}

int place_check(struct xmlfile *f, const struct place *p, uint64_t line, const char *whose)
{
	const char *missing = !p->has_lat ? "Latitude" : !p->has_lon ? "Longitude" : !p->has_elev ? "Elevation" : NULL;

	return missing ? xml_wrong(f->x, line, "%s: no <%s>", whose, missing) : MSP_OK;
}

static int get_time(struct xmlfile *f, const struct xml_element *e, const char *name, double none, double *out)
{
	const char *text = xml_attribute(e, name);

	*out = none;
	if (text && !xml_time(text, strlen(text), out))
		return xml_wrong(f->x, e->line, "<%s>: %s is \"%.60s\", which is no time", e->name, name, text);
	return MSP_OK;
}

int epoch_get(struct xmlfile *f, const struct xml_element *e, struct epoch *out)
{
	int s = get_time(f, e, "startDate", 0, &out->start);

	if (s == MSP_OK)
		s = get_time(f, e, "endDate", NO_END, &out->end);
	if (s == MSP_OK && out->end <= out->start)
		s = xml_wrong(f->x, e->line, "<%s>: its epoch is empty: it ends when it begins, or before", e->name);
	return s;
}

int code_get(struct xmlfile *f, const struct xml_element *e, const char *name, bool needed, char out[XML_MAX_CODE + 1])
{
	const char *text = xml_attribute(e, name);
	size_t n = text ? strlen(text) : 0;

	text = text ? xml_trim(text, &n) : NULL;
	if (n == 0 && needed)
		return xml_wrong(f->x, e->line, "<%s> without %s", e->name, name);
	if (n > XML_MAX_CODE)
		return xml_wrong(f->x, e->line, "<%s>: its %s is too long", e->name, name);
	if (n > 0)
		memcpy(out, text, n);
	out[n] = '\0';
	return MSP_OK;
}
