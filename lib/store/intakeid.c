/* The _id of a document that comes without: made of what it is, so that taking it in again puts it in its own place. */
#include "store/intake.h"

#include <stdlib.h>
#include <string.h>

#define MAX_KEYS 32

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

static void set(bson_oid_t *out, struct msp_id id)
{
	memcpy(out->bytes, id.byte, sizeof(out->bytes));
}

/* A string, or ""; false if the key holds something else, or text with a NUL. */
static bool text_of(const bson_t *doc, const char *key, const char **out)
{
	bson_iter_t it;
	uint32_t n;

	*out = "";
	if (!bson_iter_init_find(&it, doc, key))
		return true;
	if (bson_iter_type(&it) != BSON_TYPE_UTF8)
		return false;
	*out = bson_iter_utf8(&it, &n);
	return strlen(*out) == n;
}

static bool number_of(const bson_t *doc, const char *key, double *out)
{
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, key))
		return false;
	if (bson_iter_type(&it) != BSON_TYPE_DOUBLE && bson_iter_type(&it) != BSON_TYPE_INT32 && bson_iter_type(&it) != BSON_TYPE_INT64)
		return false;
	*out = bson_iter_type(&it) == BSON_TYPE_DOUBLE ? bson_iter_double(&it) : (double)bson_iter_as_int64(&it);
	return true;
}

/* As StationXML's documents have it: codes and start. */
static bool of_station(const char *collection, const bson_t *doc, bson_oid_t *out)
{
	const char *part[6] = {collection};
	bool channel = strcmp(collection, "channel") == 0;
	char time[32];
	double start;

	if (!channel && strcmp(collection, "site") != 0)
		return false;
	if (!text_of(doc, "net", &part[1]) || !text_of(doc, "sta", &part[2]) || !text_of(doc, "loc", &part[3]) || !text_of(doc, "chan", &part[4]) ||
	    !*part[2] || (channel && !*part[4]) || !number_of(doc, "starttime", &start))
		return false;
	part[channel ? 5 : 4] = msp_double_format(start, time);
	set(out, msp_id_of_texts(part, channel ? 6 : 5));
	return true;
}

static int of_keys(char *keys, const char *collection, const bson_t *doc, bson_oid_t *out, struct msp_error *err)
{
	const char *part[2 * MAX_KEYS + 1] = {collection};
	struct msp_bytes text = {0};
	size_t at[MAX_KEYS], n = 0;
	bson_iter_t it, found;
	int s = MSP_OK;

	for (char *key = strtok_r(keys, ",", &keys); s == MSP_OK && key; key = strtok_r(NULL, ",", &keys)) {
		if (n == MAX_KEYS) {
			s = msp_error_set(err, MSP_USAGE, "more than %d keys", MAX_KEYS);
			break;
		}
		if (!bson_iter_init(&it, doc) || !bson_iter_find_descendant(&it, key, &found)) {
			s = msp_error_set(err, MSP_CORRUPT, "no %s, of which the _id is to be made", key);
			break;
		}
		part[2 * n + 1] = key;
		at[n++] = text.len;
		s = msp_document_value_json(&found, true, &text) == MSP_OK && msp_bytes_append(&text, "", 1) == MSP_OK ? MSP_OK : memory(err);
	}
	for (size_t i = 0; i < n; i++)
		part[2 * i + 2] = (const char *)text.data + at[i];
	if (s == MSP_OK)
		set(out, msp_id_of_texts(part, 2 * n + 1));
	msp_bytes_free(&text);
	return s;
}

int msp_intake_id(const char *keys, const char *collection, const bson_t *doc, bson_oid_t *out, struct msp_error *err)
{
	char *copy;
	int s;

	if (keys) {
		copy = strdup(keys);
		s = copy ? of_keys(copy, collection, doc, out, err) : memory(err);
		free(copy);
		return s;
	}
	if (!of_station(collection, doc, out))
		set(out, msp_id_hash(bson_get_data(doc), doc->len));
	return MSP_OK;
}
