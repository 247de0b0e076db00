/* The error log: a BSON document {"0": {"algorithm", "badness", "message"}, "1": ...}. */
#include "core/walk.h"

#include "core/endian.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *msp_severity_name(int severity)
{
	static const char *const names[] = { "Fatal", "Invalid", "Suspect", "Complaint", "Debug",
	                                     "Informational" };

	if (severity < 0 || severity > MSP_INFORMATIONAL)
		return "Unknown";
	return names[severity];
}

static uint8_t *put_text(uint8_t *to, const void *text, size_t n)
{
	memcpy(to, text, n);
	return to + n;
}

/* A string element of known lengths, NULs included in both. */
static uint8_t *put_string(uint8_t *to, const char *key, const char *text, size_t len)
{
	*to++ = BSON_TYPE_UTF8;
	to = put_text(to, key, strlen(key) + 1);
	msp_put_u32(to, (uint32_t)len);
	return put_text(to + 4, text, len);
}

uint32_t msp_object_log_count(const struct msp_object *o)
{
	struct msp_walk w;
	struct msp_elem e;
	uint32_t n = 0;

	msp_walk_begin(&w, o->elog.data, o->elog.len);
	while (msp_walk_next(&w, &e))
		n++;
	return n;
}

int msp_object_log(struct msp_object *o, const char *algorithm, int severity, const char *message)
{
	const char *badness = msp_severity_name(severity);
	size_t a = strlen(algorithm) + 1, b = strlen(badness) + 1, m = strlen(message) + 1;
	size_t old = o->elog.len ? o->elog.len : 5, inner, len, k;
	char index[16];
	uint8_t *doc, *p;

	if (a > MSP_BSON_MAX / 8 || m > MSP_BSON_MAX / 8)
		return MSP_NOMEM;
	k = (size_t)snprintf(index, sizeof index, "%u", (unsigned)msp_object_log_count(o)) + 1;
	inner = 4 + (1 + sizeof "algorithm" + 4 + a) + (1 + sizeof "badness" + 4 + b) +
	        (1 + sizeof "message" + 4 + m) + 1;
	len = old + 1 + k + inner;
	if (len > MSP_BSON_MAX)
		return MSP_NOMEM;
	doc = malloc(len);
	if (!doc)
		return MSP_NOMEM;
	msp_put_u32(doc, (uint32_t)len);
	p = doc + 4;
	if (o->elog.len) /* the old elements */
		p = put_text(p, o->elog.data + 4, old - 5);
	*p++ = BSON_TYPE_DOCUMENT;
	p = put_text(p, index, k);
	msp_put_u32(p, (uint32_t)inner);
	p = put_string(p + 4, "algorithm", algorithm, a);
	p = put_string(p, "badness", badness, b);
	p = put_string(p, "message", message, m);
	*p++ = 0;
	*p = 0;
	msp_bytes_free(&o->elog);
	o->elog = (struct msp_bytes){ .data = doc, .len = len, .cap = len };
	return MSP_OK;
}

int msp_object_kill(struct msp_object *o, const char *algorithm, const char *message)
{
	o->live = false;
	msp_bytes_free(&o->samples);
	return msp_object_log(o, algorithm, MSP_INVALID, message);
}

bool msp_object_log_get(const struct msp_object *o, uint32_t i, struct msp_log_entry *out)
{
	struct msp_walk w;
	struct msp_elem e;
	const char *text;
	size_t len;

	out->algorithm = out->badness = out->message = "";
	msp_walk_begin(&w, o->elog.data, o->elog.len);
	do {
		if (!msp_walk_next(&w, &e))
			return false;
	} while (i-- > 0);
	if (e.type != BSON_TYPE_DOCUMENT)
		return true;
	msp_walk_begin(&w, e.value, e.size);
	while (msp_walk_next(&w, &e)) {
		text = msp_elem_text(&e, &len);
		if (!text)
			continue;
		if (strcmp(e.key, "algorithm") == 0)
			out->algorithm = text;
		else if (strcmp(e.key, "badness") == 0)
			out->badness = text;
		else if (strcmp(e.key, "message") == 0)
			out->message = text;
	}
	return true;
}

bool msp_object_log_worst(const struct msp_object *o, struct msp_log_entry *out)
{
	uint32_t n = msp_object_log_count(o), i;
	int severity, worst = MSP_INFORMATIONAL + 1;
	struct msp_log_entry e;

	for (i = 0; i < n && msp_object_log_get(o, i, &e); i++) {
		for (severity = 0; severity < MSP_INFORMATIONAL; severity++)
			if (strcmp(e.badness, msp_severity_name(severity)) == 0)
				break;
		if (severity <= worst) {
			worst = severity;
			*out = e;
		}
	}
	return worst <= MSP_INFORMATIONAL;
}
