/* Objects printed whole, as JSON. */
#include "tool/dump.h"

/* One array, or one for each component. */
static void json_samples(struct msp_dump *d, const struct msp_object *o)
{
	bool several = o->kind == MSP_SEISMOGRAM;
	uint32_t c, n = several ? o->ncomp : 1;
	uint64_t i;

	dump_put(d, several ? ",\"samples\":[" : ",\"samples\":");
	for (c = 0; c < n; c++) {
		dump_put(d, c ? ",[" : "[");
		for (i = 0; dump_has_samples(o) && i < o->npts && d->status == MSP_OK; i++) {
			if (i)
				dump_put(d, ",");
			dump_sample(d, o, c, i);
		}
		dump_put(d, "]");
	}
	if (several)
		dump_put(d, "]");
}

static void json_log(struct msp_dump *d, const struct msp_object *o)
{
	uint32_t i, n = msp_object_log_count(o);
	struct msp_log_entry e;

	dump_put(d, ",\"elog\":[");
	for (i = 0; i < n && d->status == MSP_OK && msp_object_log_get(o, i, &e); i++) {
		dump_put(d, i ? ",{\"algorithm\":" : "{\"algorithm\":");
		dump_json_text(d, e.algorithm);
		dump_put(d, ",\"badness\":");
		dump_json_text(d, e.badness);
		dump_put(d, ",\"message\":");
		dump_json_text(d, e.message);
		dump_put(d, "}");
	}
	dump_put(d, "]");
}

static void json_matrix(struct msp_dump *d, const struct msp_object *o)
{
	int i;

	for (i = 0; i < 9; i++) {
		dump_put(d, i ? "," : ",\"tmatrix\":[");
		dump_double(d, o->tmatrix[i]);
	}
	dump_put(d, "],\"cardinal\":");
	dump_bool(d, o->cardinal);
	dump_put(d, ",\"orthogonal\":");
	dump_bool(d, o->orthogonal);
}

/* In UTC a string; seconds are a number. */
static void json_times(struct msp_dump *d, const struct msp_object *o)
{
	char buf[MSP_TIME_TEXT];

	dump_put(d, ",\"starttime\":");
	if (!o->relative) {
		dump_json_text(d, dump_time_text(o, o->start, buf));
		return;
	}
	dump_put(d, dump_time_text(o, o->start, buf));
	dump_put(d, ",\"time_standard\":\"Relative\"");
	if (o->shift_valid) {
		dump_put(d, ",\"starttime_shift\":");
		dump_json_text(d, msp_time_format(o->shift, buf));
	}
}

static void json_fields(struct msp_dump *d, const struct msp_object *o)
{
	json_times(d, o);
	dump_put(d, ",\"delta\":");
	dump_double(d, o->dt);
	dump_put(d, ",\"npts\":");
	dump_count(d, o->npts);
	dump_put(d, ",\"type\":");
	dump_json_text(d, msp_type_name(o->type));
	if (o->kind == MSP_SEISMOGRAM)
		json_matrix(d, o);
}

void dump_as_json(struct msp_dump *d, const struct msp_object *o)
{
	char id[MSP_ID_TEXT];

	dump_put(d, "{\"kind\":");
	dump_json_text(d, msp_kind_name(o->kind));
	dump_put(d, ",\"live\":");
	dump_bool(d, o->live);
	dump_put(d, ",\"id\":");
	dump_json_text(d, msp_id_format(&o->id, id));
	if (msp_object_is_data(o))
		json_fields(d, o);
	dump_put(d, ",\"metadata\":");
	dump_document(d, &o->metadata);
	json_log(d, o);
	if (o->history.len) {
		dump_put(d, ",\"history\":");
		dump_document(d, &o->history);
	}
	if (d->samples && msp_object_is_data(o))
		json_samples(d, o);
	dump_put(d, "}\n");
}
