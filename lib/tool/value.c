/* Values of options. */
#include "tool/job.h"

#include <stdlib.h>
#include <string.h>

static int parse_hz2(const char *text, double out[2], struct msp_error *err)
{
	const char *comma = strchr(text, ',');
	char first[64];
	int s;

	if (!comma || (size_t)(comma - text) >= sizeof(first))
		return msp_error_set(err, MSP_USAGE, "%s: two frequencies are needed: F1,F2", text);
	memcpy(first, text, (size_t)(comma - text));
	first[comma - text] = '\0';
	s = msp_parse_hz(first, &out[0], err);
	if (s == MSP_OK)
		s = msp_parse_hz(comma + 1, &out[1], err);
	if (s == MSP_OK && out[0] >= out[1])
		return msp_error_set(err, MSP_USAGE, "%s: the first frequency must be below the second", text);
	return s;
}

static int parse_choice(const char *choices, const char *text, int *out, struct msp_error *err)
{
	size_t len = strlen(text);
	int k = 0;

	for (const char *c = choices; c; k++) {
		const char *bar = strchr(c, '|');
		size_t n = bar ? (size_t)(bar - c) : strlen(c);

		if (n == len && memcmp(c, text, n) == 0) {
			*out = k;
			return MSP_OK;
		}
		c = bar ? bar + 1 : NULL;
	}
	return msp_error_set(err, MSP_USAGE, "%s: must be one of %s", text, choices);
}

static int check_range(const struct msp_option *o, double v, const char *text, struct msp_error *err)
{
	char lo[32], hi[32];

	if (o->min < o->max && (v < o->min || v > o->max))
		return msp_error_set(err, MSP_USAGE, "%s: must be from %s to %s", text, msp_double_format(o->min, lo),
		                     msp_double_format(o->max, hi));
	return MSP_OK;
}

static int add_string(struct msp_strings *list, const char *text, struct msp_error *err)
{
	const char **item = realloc(list->item, (list->n + 1) * sizeof(*item));

	if (!item)
		return msp_error_set(err, MSP_NOMEM, "no memory left");
	list->item = item;
	list->item[list->n++] = text;
	return MSP_OK;
}

int msp_option_value(const struct msp_option *o, void *base, const char *text, struct msp_error *err)
{
	void *at = (char *)base + o->offset;
	double d = 0;
	int s = MSP_OK;

	switch (o->type) {
	case MSP_OPT_FLAG:
		*(bool *)at = true;
		return MSP_OK;
	case MSP_OPT_MODE:
		return MSP_OK;
	case MSP_OPT_INT:
		return o->min < o->max ? msp_parse_int(text, (int64_t)o->min, (int64_t)o->max, at, err)
		                       : msp_parse_int(text, INT64_MIN, INT64_MAX, at, err);
	case MSP_OPT_DOUBLE:
		s = msp_parse_double(text, &d, err);
		break;
	case MSP_OPT_SECONDS:
		s = msp_parse_seconds(text, &d, err);
		break;
	case MSP_OPT_HZ:
		s = msp_parse_hz(text, &d, err);
		break;
	case MSP_OPT_HZ2:
		return parse_hz2(text, at, err);
	case MSP_OPT_SIZE:
		return msp_parse_size(text, at, err);
	case MSP_OPT_TIME:
		return msp_time_parse(text, at, err);
	case MSP_OPT_STRING:
		*(const char **)at = text;
		return MSP_OK;
	case MSP_OPT_STRINGS:
		return add_string(at, text, err);
	case MSP_OPT_CHOICE:
		return parse_choice(o->choices, text, at, err);
	}
	if (s == MSP_OK)
		s = check_range(o, d, text, err);
	if (s == MSP_OK)
		*(double *)at = d;
	return s;
}
