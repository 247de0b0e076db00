/* What keys of expressions mean in the documents of a collection. In waveform documents they mean what they mean of the object
 * that the document is of; msp_document_value() and the filter of an expression both go by this. */
#include "store/place.h"

#include "store/schema.h"

#include <string.h>

bool msp_is_waveform(const char *collection)
{
	return strcmp(collection, "wf_TimeSeries") == 0 || strcmp(collection, "wf_Seismogram") == 0 || strcmp(collection, "wf_miniseed") == 0;
}

/* An object's fields, msp_object_get(). */
static const struct field {
	const char *key, *path;
	unsigned flags;
} fields[] = {
	{"kind", NULL, MSP_PLACE_UNKNOWN},
	{"live", NULL, MSP_PLACE_UNKNOWN},
	{"ncomp", NULL, MSP_PLACE_UNKNOWN},
	{"id", "msp.id", 0},
	{"npts", "npts", 0},
	{"nsamp", "npts", 0},
	{"delta", "delta", 0},
	{"dt", "delta", 0},
	{"sampling_rate", "sampling_rate", MSP_PLACE_DERIVED},
	{"starttime", "starttime", MSP_PLACE_TIME},
	{"t0", "starttime", MSP_PLACE_TIME},
	{"time", "starttime", MSP_PLACE_TIME},
	{"endtime", "endtime", MSP_PLACE_TIME | MSP_PLACE_DERIVED},
	{"time_standard", "time_standard", MSP_PLACE_DERIVED},
	{"starttime_shift", NULL, MSP_PLACE_UNKNOWN},
	{"last_packet_time", "last_packet_time", MSP_PLACE_TIME},
};

static bool is_time(const char *key)
{
	return strcmp(key, "starttime") == 0 || strcmp(key, "endtime") == 0 || strcmp(key, "time") == 0 || strcmp(key, "last_packet_time") == 0;
}

static const struct msp_schema_row *schema_key(const char *collection, const char *key)
{
	const struct msp_schema_row *r = msp_schema(collection);

	while (r && (r->kind != MSP_S_KEY || strcmp(r->name, key) != 0))
		r = msp_schema_next(r);
	return r;
}

static bool is_word(const char *words, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = words; n > 0 && (p = strstr(p, word)) != NULL; p += n)
		if ((p == words || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
			return true;
	return false;
}

static void in_waveform(const char *collection, const char *key, struct msp_place *out)
{
	const struct msp_schema_row *r;

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (strcmp(fields[i].key, key) == 0) {
			out->path = fields[i].path;
			out->flags = fields[i].flags;
			return;
		}
	}
	r = schema_key(collection, key);
	if (r) { /* What is of the object may be blank, which MsPASS does not store. An object may have keys of its own with the names of
	          * those that say where its samples are. */
		out->path = r->name;
		if (r->reference[0] || r->constraint == MSP_S_NORMAL)
			out->flags = MSP_PLACE_BLANK;
		else if (is_word("dir dfile foff nbytes url format", key))
			out->flags = MSP_PLACE_DERIVED;
	} else {
		out->within = "msp.values";
	}
}

void msp_place(const void *context, const char *key, struct msp_place *out)
{
	const char *collection = context;
	const struct msp_schema_row *r;

	if (strcmp(key, "_id") == 0) {
		out->path = key;
	} else if (msp_is_waveform(collection)) {
		in_waveform(collection, key, out);
	} else if (is_time(key) || schema_key(collection, key)) {
		out->path = key; /* borrowed from the expression */
		out->flags = is_time(key) ? MSP_PLACE_TIME : 0;
	} else {
		for (r = msp_schema(collection); r; r = msp_schema_next(r)) {
			if (r->kind != MSP_S_KEY || !is_word(r->aliases, key))
				continue;
			out->alias = r->name;
			out->flags = is_time(r->name) ? MSP_PLACE_TIME : 0;
			return;
		}
	}
}
