/* Names of files made of an object's values. Whatever the values are, the name stays a name: no slash, no leading dot. */
#include "mspipe/format.h"

#include <string.h>

#define NAME_MAX_BYTES 240

/* The key of the %{KEY} at p; NULL if it is none. *next is what follows. */
static const char *key_at(const char *p, size_t *n, const char **next)
{
	const char *close;

	if (p[0] != '%' || p[1] != '{')
		return NULL;
	close = strchr(p, '}');
	if (close == NULL || close == p + 2)
		return NULL;
	*n = (size_t)(close - p - 2);
	*next = close + 1;
	return p + 2;
}

int msp_name_check(const char *pattern, struct msp_error *err)
{
	const char *p = pattern, *next;
	size_t n;

	if (*p == '\0')
		return msp_error_set(err, MSP_USAGE, "the pattern is empty");
	for (; *p != '\0'; p++) {
		if (*p == '/')
			return msp_error_set(err, MSP_USAGE, "%s: a pattern has no slashes", pattern);
		if (*p != '%')
			continue;
		if (p[1] == '%') {
			p++;
		} else if (key_at(p, &n, &next) != NULL && n < 100) {
			p = next - 1;
		} else {
			return msp_error_set(err, MSP_USAGE, "%s: expected %%{KEY} or %%%% at character %zu", pattern, (size_t)(p - pattern) + 1);
		}
	}
	return MSP_OK;
}

static int append_value(struct msp_bytes *out, const struct msp_object *o, const char *key)
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
	char key[101];
	const char *p = pattern, *name, *next;
	size_t n;
	int rc = MSP_OK;

	out->len = 0;
	while (*p != '\0' && rc == MSP_OK) {
		name = key_at(p, &n, &next);
		if (name != NULL && n < sizeof key) {
			memcpy(key, name, n);
			key[n] = '\0';
			rc = append_value(out, o, key);
			p = next;
		} else {
			rc = msp_bytes_append(out, p, 1);
			p += p[0] == '%' && p[1] == '%' ? 2 : 1;
		}
	}
	if (rc == MSP_OK && out->len > 0 && out->data[0] == '.')
		out->data[0] = '_';
	if (rc == MSP_OK)
		rc = msp_bytes_append(out, "", 1);
	if (rc != MSP_OK)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	if (out->len > NAME_MAX_BYTES + 1)
		return msp_error_set(err, MSP_KILL, "its file's name would have %zu bytes", out->len - 1);
	return MSP_OK;
}
