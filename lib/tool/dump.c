/* Objects printed whole: for people, as JSON, as CSV. */
#include "tool/dump.h"

#include "core/number.h"

#include <string.h>

/* A row for each sample: its time, then each component. */
static void rows(struct msp_dump *d, const struct msp_object *o, const char *before, const char *between)
{
	char buf[MSP_TIME_TEXT];
	uint64_t i;
	uint32_t c;

	for (i = 0; dump_has_samples(o) && i < o->npts && d->status == MSP_OK; i++) {
		dump_put(d, before);
		dump_put(d, dump_time_text(o, msp_object_time(o, (int64_t)i), buf));
		for (c = 0; c < o->ncomp; c++) {
			dump_put(d, between);
			dump_sample(d, o, c, i);
		}
		dump_put(d, "\n");
	}
}

/* ---- CSV --------------------------------------------------------------- */

static void csv_columns(struct msp_dump *d, uint32_t n)
{
	uint32_t c;

	dump_put(d, n == 1 ? "\ntime,value" : "\ntime");
	for (c = 0; n > 1 && c < n; c++) {
		dump_put(d, ",value");
		dump_count(d, c + 1);
	}
	dump_put(d, "\n");
}

/* Two empty lines part the blocks, as gnuplot's `index` wants it. */
static void csv(struct msp_dump *d, const struct msp_object *o)
{
	char name[256];
	struct msp_log_entry e;
	uint32_t n = msp_object_log_count(o);

	dump_put(d, d->second ? "\n\n# " : "# ");
	dump_put(d, msp_kind_name(o->kind));
	dump_put(d, o->live ? " live " : " DEAD ");
	dump_put(d, msp_object_name(o, name, sizeof(name)));
	if (!msp_object_is_data(o)) {
		dump_put(d, "\n");
		return;
	}
	dump_put(d, " delta=");
	dump_double(d, o->dt);
	dump_put(d, " npts=");
	dump_count(d, o->npts);
	if (!o->live && n > 0 && msp_object_log_get(o, n - 1, &e)) {
		dump_put(d, " reason=");
		dump_harmless(d, e.message);
	}
	csv_columns(d, o->ncomp);
	rows(d, o, "", ",");
}

/* ---- text -------------------------------------------------------------- */

static void line(struct msp_dump *d, const char *name, const char *value)
{
	char head[64];

	snprintf(head, sizeof(head), "  %-16s ", name);
	dump_put(d, head);
	dump_put(d, value);
	dump_put(d, "\n");
}

/* Strings are printed as in JSON, since they may hold anything. */
static void text_metadata(struct msp_dump *d, const struct msp_object *o)
{
	struct msp_value v;
	bson_iter_t it;
	size_t n;

	if (!msp_meta_begin(o, &it))
		return;
	dump_put(d, "  metadata\n");
	while (bson_iter_next(&it) && d->status == MSP_OK) {
		msp_value_of_iter(&it, &v);
		dump_put(d, "    ");
		dump_harmless(d, bson_iter_key(&it));
		for (n = strlen(bson_iter_key(&it)); n < 15; n++)
			dump_put(d, " ");
		dump_put(d, "  ");
		dump_appended(d, msp_json_value(&v, &d->out));
		dump_put(d, "\n");
	}
}

static void text_log(struct msp_dump *d, const struct msp_object *o)
{
	uint32_t i, n = msp_object_log_count(o);
	struct msp_log_entry e;

	if (n)
		dump_put(d, "  error log\n");
	for (i = 0; i < n && d->status == MSP_OK && msp_object_log_get(o, i, &e); i++) {
		dump_put(d, "    ");
		dump_json_text(d, e.badness);
		dump_put(d, " ");
		dump_json_text(d, e.algorithm);
		dump_put(d, " ");
		dump_json_text(d, e.message);
		dump_put(d, "\n");
	}
}

static void text_fields(struct msp_dump *d, const struct msp_object *o)
{
	char buf[MSP_TIME_TEXT];
	int i;

	if (o->relative)
		line(d, "time standard", "relative, seconds");
	if (o->relative && o->shift_valid)
		line(d, "starttime shift", msp_time_format(o->shift, buf));
	line(d, "starttime", dump_time_text(o, o->start, buf));
	line(d, "endtime", dump_time_text(o, msp_object_end(o), buf));
	line(d, "delta", msp_double_format(o->dt, buf));
	line(d, "npts", dump_count_text(o->npts, buf));
	line(d, "type", msp_type_name(o->type));
	for (i = 0; o->kind == MSP_SEISMOGRAM && i < 9; i++) {
		dump_put(d, i ? " " : "  tmatrix          ");
		dump_double(d, o->tmatrix[i]);
		dump_put(d, i == 8 ? "\n" : "");
	}
}

static void text(struct msp_dump *d, const struct msp_object *o)
{
	char id[MSP_ID_TEXT];

	dump_put(d, msp_kind_name(o->kind));
	dump_put(d, o->live ? " live\n" : " DEAD\n");
	line(d, "id", msp_id_format(&o->id, id));
	if (msp_object_is_data(o))
		text_fields(d, o);
	text_metadata(d, o);
	text_log(d, o);
	if (o->history.len) {
		dump_put(d, "  history          ");
		dump_document(d, &o->history);
		dump_put(d, "\n");
	}
	if (d->samples && dump_has_samples(o)) {
		dump_put(d, "  samples\n");
		rows(d, o, "    ", "  ");
	}
}

/* ---- all three --------------------------------------------------------- */

int msp_dump_object(struct msp_dump *d, const struct msp_object *o)
{
	d->out.len = 0;
	d->status = MSP_OK;
	if (d->form == MSP_DUMP_JSON)
		dump_as_json(d, o);
	else if (d->form == MSP_DUMP_CSV)
		csv(d, o);
	else
		text(d, o);
	dump_flush(d);
	d->second = true;
	return d->status;
}

void msp_dump_free(struct msp_dump *d)
{
	msp_bytes_free(&d->out);
}
