/* QuakeML: picks, with what the preferred origin says of them, as documents of arrival. */
#include "format/xmlevent.h"

#include <string.h>

static int append_number(struct event *v, bson_t *out, const char *key, const struct xml_element *e, const char *name)
{
	size_t n;
	const char *text = e ? xml_child_text(e, name, &n) : NULL;
	double d;

	if (!text)
		return MSP_OK;
	if (!xml_number(text, n, &d))
		return xml_wrong(v->f->x, e->line, "<%s>: <%s> is \"%.*s\", which is no number", e->name, name, n < 60 ? (int)n : 60, text);
	return bson_append_double(out, key, -1, d) ? MSP_OK : xml_full(v->f->x, e->line);
}

static int append_codes(struct event *v, const struct xml_element *pick, bson_t *doc)
{
	static const char *const names[][2] = {{"networkCode", "net"}, {"stationCode", "sta"}, {"locationCode", "loc"}, {"channelCode", "chan"}};
	const struct xml_element *w = xml_child(pick, "waveformID");
	bool ok = true;

	if (!w || !xml_attribute(w, "stationCode"))
		return xml_wrong(v->f->x, pick->line, "<pick>: no <waveformID> with a stationCode");
	for (size_t i = 0; ok && i < 4; i++) {
		const char *text = xml_attribute(w, names[i][0]);

		ok = event_append_text(doc, names[i][1], text, text ? strlen(text) : 0);
	}
	return ok ? MSP_OK : xml_full(v->f->x, pick->line);
}

static int append_pick(struct event *v, const struct xml_element *pick, bson_t *doc)
{
	double time = 0, d = 0;
	bool there;
	const struct xml_element *t = xml_child(pick, "time");
	int s = event_quantity(v, pick, "time", true, true, &there, &time);

	if (s == MSP_OK && !bson_append_double(doc, "time", -1, time))
		s = xml_full(v->f->x, pick->line);
	if (s == MSP_OK)
		s = append_number(v, doc, "time_uncertainty", t, "uncertainty");
	if (s == MSP_OK)
		s = event_quantity(v, pick, "horizontalSlowness", false, false, &there, &d);
	if (s == MSP_OK && there && !bson_append_double(doc, "horizontal_slowness", -1, d))
		s = xml_full(v->f->x, pick->line);
	if (s == MSP_OK)
		s = event_quantity(v, pick, "backazimuth", false, false, &there, &d);
	if (s == MSP_OK && there && !bson_append_double(doc, "backazimuth", -1, d))
		s = xml_full(v->f->x, pick->line);
	if (s == MSP_OK && (!event_append_child(doc, "phase_hint", pick, "phaseHint") || !event_append_child(doc, "onset", pick, "onset") ||
	                    !event_append_child(doc, "polarity", pick, "polarity") ||
	                    !event_append_child(doc, "evaluation_mode", pick, "evaluationMode") ||
	                    !event_append_child(doc, "evaluation_status", pick, "evaluationStatus")))
		s = xml_full(v->f->x, pick->line);
	return s;
}

static int append_arrival(struct event *v, const struct xml_element *arrival, bson_t *doc)
{
	static const char *const numbers[][2] = {{"residual", "timeResidual"}, {"distance", "distance"}, {"azimuth", "azimuth"},
	                                         {"time_weight", "timeWeight"}, {"time_correction", "timeCorrection"},
	                                         {"horizontal_slowness_residual", "horizontalSlownessResidual"},
	                                         {"backazimuth_residual", "backazimuthResidual"}};
	double d;
	bool there;
	int s = MSP_OK;

	for (size_t i = 0; s == MSP_OK && i < sizeof(numbers) / sizeof(*numbers); i++)
		s = append_number(v, doc, numbers[i][0], arrival, numbers[i][1]);
	if (s == MSP_OK)
		s = event_quantity(v, arrival, "takeoffAngle", false, false, &there, &d);
	if (s == MSP_OK && there && !bson_append_double(doc, "takeoff_angle", -1, d))
		s = xml_full(v->f->x, arrival->line);
	if (s == MSP_OK && !event_append_text(doc, "arrival_id", xml_id(arrival), strlen(xml_id(arrival))))
		s = xml_full(v->f->x, arrival->line);
	return s;
}

/* A pick, with the arrival of the preferred origin that names it (NULL: none does). */
static int give_arrival(struct event *v, const struct xml_element *pick, const struct xml_element *arrival, const char *again)
{
	const char *part[] = {"arrival", v->id, xml_id(pick), again};
	bson_t doc = BSON_INITIALIZER;
	bson_oid_t id;
	size_t n;
	const char *phase = arrival ? xml_child_text(arrival, "phase", &n) : NULL;
	int s;

	if (!*part[2])
		return xml_wrong(v->f->x, pick->line, "<pick> without publicID");
	if (!phase)
		phase = xml_child_text(pick, "phaseHint", &n);
	xml_oid(part, *again ? 4 : 3, &id);
	s = bson_append_oid(&doc, "_id", -1, &id) ? append_codes(v, pick, &doc) : xml_full(v->f->x, pick->line);
	if (s == MSP_OK && !event_append_text(&doc, "phase", phase, phase ? n : 0))
		s = xml_full(v->f->x, pick->line);
	if (s == MSP_OK)
		s = append_pick(v, pick, &doc);
	if (s == MSP_OK && arrival)
		s = append_arrival(v, arrival, &doc);
	if (s == MSP_OK && (!bson_append_oid(&doc, "source_id", -1, &v->source) || !event_append_text(&doc, "event_id", v->id, strlen(v->id)) ||
	                    !event_append_text(&doc, "origin_id", arrival ? xml_id(v->origin) : NULL, strlen(xml_id(v->origin))) ||
	                    !event_append_text(&doc, "pick_id", part[2], strlen(part[2]))))
		s = xml_full(v->f->x, pick->line);
	if (s == MSP_OK)
		s = xmlfile_give(v->f, "arrival", &doc, pick->line);
	bson_destroy(&doc);
	return s;
}

int event_give_arrivals(struct event *v, const struct xml_index *beside)
{
	const struct xml_element *a = xml_child(v->origin, "arrival");
	int s = MSP_OK;

	for (; s == MSP_OK && a; a = xml_again(a)) {
		size_t n = 0, at;
		const char *id = xml_child_text(a, "pickID", &n), *phase;
		const struct xml_element *pick = NULL;
		char again[64] = "";

		at = id ? xml_index_find(&v->picks, id, n) : v->picks.n;
		if (at < v->picks.n) {
			pick = v->picks.e[at];
			phase = v->used[at] ? xml_child_text(a, "phase", &n) : NULL;
			if (v->used[at]) /* one pick taken for two phases */
				memcpy(again, phase ? phase : "?", phase ? (n < sizeof(again) ? n : sizeof(again) - 1) : 1);
			v->used[at] = true;
		} else if (id) {
			pick = xml_index_get(beside, id, n);
		}
		if (pick)
			s = xmlfile_left_out(v->f, give_arrival(v, pick, a, again));
		else
			v->f->notes->pickless++;
	}
	for (size_t i = 0; s == MSP_OK && i < v->picks.n; i++)
		if (!v->used[i])
			s = xmlfile_left_out(v->f, give_arrival(v, v->picks.e[i], NULL, ""));
	return s;
}
