/* QuakeML: events as documents of source. */
#include "format/xmlevent.h"

#include <string.h>

/* ---- rules ------------------------------------------------------------------ */

static const struct xml_rule rule[] = {
	{"associatedPhaseCount", XML_INT, NULL},
	{"associatedStationCount", XML_INT, NULL},
	{"azimuth", XML_DOUBLE, NULL},
	{"azimuthMaxHorizontalUncertainty", XML_DOUBLE, NULL},
	{"azimuthalGap", XML_DOUBLE, NULL},
	{"clvd", XML_DOUBLE, NULL},
	{"comment", XML_STRING, "comments"},
	{"componentCount", XML_INT, NULL},
	{"compositeTime", XML_STRING, "composite_times"},
	{"confidenceLevel", XML_DOUBLE, NULL},
	{"creationTime", XML_TIME, NULL},
	{"decayTime", XML_DOUBLE, NULL},
	{"depthPhaseCount", XML_INT, NULL},
	{"doubleCouple", XML_DOUBLE, NULL},
	{"duration", XML_DOUBLE, NULL},
	{"epicenterFixed", XML_BOOL, NULL},
	{"horizontalUncertainty", XML_DOUBLE, NULL},
	{"iso", XML_DOUBLE, NULL},
	{"longestPeriod", XML_DOUBLE, NULL},
	{"lowerUncertainty", XML_DOUBLE, NULL},
	{"majorAxisAzimuth", XML_DOUBLE, NULL},
	{"majorAxisPlunge", XML_DOUBLE, NULL},
	{"majorAxisRotation", XML_DOUBLE, NULL},
	{"maxHorizontalUncertainty", XML_DOUBLE, NULL},
	{"maximumDistance", XML_DOUBLE, NULL},
	{"medianDistance", XML_DOUBLE, NULL},
	{"minHorizontalUncertainty", XML_DOUBLE, NULL},
	{"minimumDistance", XML_DOUBLE, NULL},
	{"misfit", XML_DOUBLE, NULL},
	{"preferredPlane", XML_INT, NULL},
	{"residual", XML_DOUBLE, NULL},
	{"riseTime", XML_DOUBLE, NULL},
	{"secondaryAzimuthalGap", XML_DOUBLE, NULL},
	{"semiIntermediateAxisLength", XML_DOUBLE, NULL},
	{"semiMajorAxisLength", XML_DOUBLE, NULL},
	{"semiMinorAxisLength", XML_DOUBLE, NULL},
	{"shortestPeriod", XML_DOUBLE, NULL},
	{"standardError", XML_DOUBLE, NULL},
	{"stationCount", XML_INT, NULL},
	{"stationDistributionRatio", XML_DOUBLE, NULL},
	{"stationMagnitudeContribution", XML_STRING, "station_magnitude_contributions"},
	{"stationPolarityCount", XML_INT, NULL},
	{"timeFixed", XML_BOOL, NULL},
	{"uncertainty", XML_DOUBLE, NULL},
	{"upperUncertainty", XML_DOUBLE, NULL},
	{"usedPhaseCount", XML_INT, NULL},
	{"usedStationCount", XML_INT, NULL},
	{"value", XML_DOUBLE, NULL},
	{"variance", XML_DOUBLE, NULL},
	{"varianceReduction", XML_DOUBLE, NULL},
	{"waveformID", XML_STRING, "waveform_ids"},
	{"weight", XML_DOUBLE, NULL},
};

/* The value of a time is a time, of a part of a calendar date a whole number. */
static int type_of(const struct xml_element *e, int type)
{
	static const char *const whole[] = {"year", "month", "day", "hour", "minute", NULL};

	if (strcmp(e->name, "value") != 0 || !e->parent)
		return type;
	if (strcmp(e->parent->name, "time") == 0)
		return XML_TIME;
	for (const char *const *w = whole; *w; w++)
		if (strcmp(e->parent->name, *w) == 0)
			return XML_INT;
	return type;
}

static const struct xml_rules rules = {.rule = rule, .n = sizeof(rule) / sizeof(*rule), .type = type_of};

int event_quantity(struct event *v, const struct xml_element *e, const char *name, bool needed, bool time, bool *there, double *out)
{
	const struct xml_element *q = xml_child(e, name);
	size_t n = 0;
	const char *text = q ? xml_child_text(q, "value", &n) : NULL;

	*there = text != NULL;
	if (!text)
		return needed ? xml_wrong(v->f->x, q ? q->line : e->line, "<%s>: no <%s> with a <value>", e->name, name) : MSP_OK;
	if (!(time ? xml_time(text, n, out) : xml_number(text, n, out)))
		return xml_wrong(v->f->x, q->line, "<%s> is \"%.*s\", which is no %s", name, n < 60 ? (int)n : 60, text, time ? "time" : "number");
	return MSP_OK;
}

bool event_append_text(bson_t *out, const char *key, const char *text, size_t n)
{
	return !text || n > INT32_MAX || bson_append_utf8(out, key, -1, text, (int)n);
}

bool event_append_child(bson_t *out, const char *key, const struct xml_element *e, const char *name)
{
	size_t n;
	const char *text = e ? xml_child_text(e, name, &n) : NULL;

	return event_append_text(out, key, text, text ? n : 0);
}

static int append_place_and_time(struct event *v, bson_t *doc)
{
	const struct xml_element *o = v->origin;
	double lat = 0, lon = 0, depth = 0, time = 0;
	bool there, deep = false;
	int s = event_quantity(v, o, "latitude", true, false, &there, &lat);

	if (s == MSP_OK)
		s = event_quantity(v, o, "longitude", true, false, &there, &lon);
	if (s == MSP_OK)
		s = event_quantity(v, o, "depth", false, false, &deep, &depth);
	if (s == MSP_OK)
		s = event_quantity(v, o, "time", true, true, &there, &time);
	if (s != MSP_OK)
		return s;
	if (lat < -90 || lat > 90 || lon < -180 || lon > 180)
		return xml_wrong(v->f->x, o->line, "<origin> at latitude %g, longitude %g, which is nowhere", lat, lon);
	return bson_append_double(doc, "lat", -1, lat) && bson_append_double(doc, "lon", -1, lon) && xml_append_coords(doc, lat, lon, "epicenter") &&
	       bson_append_double(doc, "depth", -1, depth / 1000.0) && (deep || bson_append_bool(doc, "depth_known", -1, false)) &&
	       bson_append_double(doc, "time", -1, time) ? MSP_OK : xml_full(v->f->x, o->line);
}

static int append_magnitude(struct event *v, bson_t *doc)
{
	bool there;
	double magnitude = 0;
	int s;

	if (!v->magnitude)
		return MSP_OK;
	s = event_quantity(v, v->magnitude, "mag", true, false, &there, &magnitude);
	if (s != MSP_OK)
		return s;
	return bson_append_double(doc, "magnitude", -1, magnitude) && event_append_child(doc, "magnitude_type", v->magnitude, "type")
	       ? MSP_OK : xml_full(v->f->x, v->magnitude->line);
}

/* An array of one. */
static int append_one(struct event *v, const struct xml_doc *d, const struct xml_element *e, const char *const *without, const char *key, bson_t *doc)
{
	bson_t in = BSON_INITIALIZER;
	int s = xml_doc_sub(d, e, without, "0", &in);

	if (s == MSP_OK && !bson_append_array(doc, key, -1, &in))
		s = xml_full(v->f->x, e->line);
	bson_destroy(&in);
	return s;
}

/* Everything that is said of the event but picks, amplitudes and station magnitudes. */
static int append_rest(struct event *v, bson_t *doc)
{
	static const char *const lists[][2] = {{"description", "descriptions"}, {"origin", "origins"}, {"magnitude", "magnitudes"},
	                                       {"focalMechanism", "focal_mechanisms"}};
	static const char *const without[] = {"arrival", NULL};
	struct xml_doc d = {.x = v->f->x, .rules = &rules};
	int s = MSP_OK;

	for (size_t i = 0; s == MSP_OK && i < sizeof(lists) / sizeof(*lists); i++)
		s = xml_doc_array(&d, v->e, lists[i][0], without, lists[i][1], doc);
	/* in the -RT form they are not the event's children */
	if (s == MSP_OK && !xml_child(v->e, "origin"))
		s = append_one(v, &d, v->origin, without, "origins", doc);
	if (s == MSP_OK && v->magnitude && !xml_child(v->e, "magnitude"))
		s = append_one(v, &d, v->magnitude, NULL, "magnitudes", doc);
	return s;
}

int event_give_source(struct event *v)
{
	const struct xml_element *text = xml_child(v->e, "description");
	bson_t doc = BSON_INITIALIZER;
	int s = bson_append_oid(&doc, "_id", -1, &v->source) ? MSP_OK : xml_full(v->f->x, v->e->line);

	if (s == MSP_OK)
		s = append_place_and_time(v, &doc);
	if (s == MSP_OK)
		s = append_magnitude(v, &doc);
	if (s == MSP_OK && (!bson_append_oid(&doc, "source_id", -1, &v->source) || !event_append_text(&doc, "event_id", v->id, strlen(v->id)) ||
	                    !event_append_child(&doc, "event_type", v->e, "type") || !event_append_child(&doc, "name", text, "text") ||
	                    !event_append_text(&doc, "origin_id", xml_id(v->origin), strlen(xml_id(v->origin))) ||
	                    (v->magnitude && !event_append_text(&doc, "magnitude_id", xml_id(v->magnitude), strlen(xml_id(v->magnitude))))))
		s = xml_full(v->f->x, v->e->line);
	if (s == MSP_OK)
		s = append_rest(v, &doc);
	if (s == MSP_OK)
		s = xmlfile_give(v->f, "source", &doc, v->e->line);
	bson_destroy(&doc);
	return s;
}
