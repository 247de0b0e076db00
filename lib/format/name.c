/* Names of files made of an object's values. Whatever the values are, the name stays a name: no slash, no leading dot. */
#include "mspipe/format.h"

#include <string.h>

#define NAME_MAX_BYTES 240
#define KEY_MAX_BYTES 99

int msp_name_check(const char *pattern, struct msp_error *err)
{
	const char *p = pattern, *at = p;
	struct msp_piece piece;
	int type;

	if (*p == '\0')
		return msp_error_set(err, MSP_USAGE, "the pattern is empty");
	for (; (type = msp_pattern_next(&p, false, &piece)) != MSP_PIECE_END; at = p) {
		if (type == MSP_PIECE_TEXT && memchr(piece.text, '/', piece.len) != NULL)
			return msp_error_set(err, MSP_USAGE, "%s: a pattern has no slashes", pattern);
		if (type == MSP_PIECE_BAD || (type == MSP_PIECE_KEY && piece.len > KEY_MAX_BYTES))
			return msp_error_set(err, MSP_USAGE, "%s: expected %%{KEY} or %%%% at character %zu", pattern, (size_t)(at - pattern) + 1);
	}
	return MSP_OK;
}

static int append_value(const struct msp_object *o, const char *key, struct msp_bytes *out)
{
	char scratch[MSP_ID_TEXT];
	struct msp_value v;
	size_t from = out->len;

	msp_object_get(o, key, &v, scratch);
	if (v.type != MSP_V_UNDEFINED && v.type != MSP_V_NULL && msp_value_text(&v, out) != MSP_OK)
		return MSP_NOMEM;
	if (out->len == from)
		return msp_bytes_append(out, "_", 1);
	for (size_t i = from; i < out->len; i++) {
		uint8_t c = out->data[i];

		if (c == '/' || c < ' ' || c == 0x7f || (i == from && c == '.'))
			out->data[i] = '_';
	}
	return MSP_OK;
}

int msp_name_expand(const char *pattern, const struct msp_object *o, struct msp_bytes *out, struct msp_error *err)
{
	int rc;

	out->len = 0;
	rc = msp_pattern_expand(pattern, false, o, append_value, out);
	if (rc == MSP_OK && out->len > 0 && out->data[0] == '.')
		out->data[0] = '_';
	if (rc == MSP_OK)
		rc = msp_bytes_append(out, "", 1);
	if (rc == MSP_USAGE)
		return msp_error_set(err, rc, "%s: not a pattern", pattern);
	if (rc != MSP_OK)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	if (out->len > NAME_MAX_BYTES + 1)
		return msp_error_set(err, MSP_KILL, "its file's name would have %zu bytes", out->len - 1);
	return MSP_OK;
}
