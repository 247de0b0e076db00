/* Values of options and operands: numbers with units, sizes, times. */
#include "tool/job.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct unit {
	const char *name;
	double factor;
};

static const struct unit seconds_units[] = {{"ms", 1e-3}, {"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}, {NULL, 0}};
static const struct unit hz_units[] = {{"mHz", 1e-3}, {"Hz", 1}, {NULL, 0}};
static const struct unit no_units[] = {{NULL, 0}};
static const struct unit count_units[] = {{"k", 1e3}, {"M", 1e6}, {"G", 1e9}, {NULL, 0}};
static const struct unit size_units[] = {{"k", 1024}, {"K", 1024}, {"M", 1048576}, {"G", 1073741824}, {NULL, 0}};

/* "ms, s, min" */
static void list_units(const struct unit *units, char *buf, size_t size)
{
	buf[0] = '\0';
	for (const struct unit *u = units; u->name; u++) {
		size_t len = strlen(buf);

		snprintf(buf + len, size - len, "%s%s", len ? ", " : "", u->name);
	}
}

/* A decimal number and a unit. strtod also takes hexadecimal, nan and infinity: those are refused here. */
static int number(const char *text, const struct unit *units, const char *what, double *out, struct msp_error *err)
{
	size_t digits = strspn(text, "+-0123456789.eE");
	char *end = NULL, list[80];
	double v;

	errno = 0;
	v = strtod(text, &end);
	if (end == text || !isfinite(v) || (size_t)(end - text) > digits)
		return msp_error_set(err, MSP_USAGE, "%s: not %s", text, what);
	if (*end == '\0') {
		*out = v;
		return MSP_OK;
	}
	for (const struct unit *u = units; u->name; u++) {
		if (strcmp(end, u->name) == 0) {
			*out = v * u->factor;
			return isfinite(*out) ? MSP_OK : msp_error_set(err, MSP_USAGE, "%s: too large", text);
		}
	}
	list_units(units, list, sizeof(list));
	if (*list)
		return msp_error_set(err, MSP_USAGE, "%s: unknown unit \"%s\"; known are %s", text, end, list);
	return msp_error_set(err, MSP_USAGE, "%s: not %s", text, what);
}

int msp_parse_seconds(const char *text, double *out, struct msp_error *err)
{
	return number(text, seconds_units, "a number of seconds", out, err);
}

int msp_parse_double(const char *text, double *out, struct msp_error *err)
{
	return number(text, no_units, "a number", out, err);
}

int msp_parse_hz(const char *text, double *out, struct msp_error *err)
{
	int s = number(text, hz_units, "a frequency in Hz", out, err);

	if (s == MSP_OK && *out <= 0)
		return msp_error_set(err, MSP_USAGE, "%s: a frequency must be above 0", text);
	return s;
}

int msp_parse_int(const char *text, int64_t min, int64_t max, int64_t *out, struct msp_error *err)
{
	char *end = NULL;
	long long v;

	errno = 0;
	v = strtoll(text, &end, 10);
	if (end == text || isspace((unsigned char)*text))
		return msp_error_set(err, MSP_USAGE, "%s: not a whole number", text);
	if (*end) {
		double d;
		int s = number(text, count_units, "a whole number", &d, err);

		if (s < 0)
			return s;
		if (d != floor(d) || fabs(d) > 9e15)
			return msp_error_set(err, MSP_USAGE, "%s: not a whole number", text);
		v = (long long)d;
		errno = 0;
	}
	if (errno == ERANGE || v < min || v > max)
		return msp_error_set(err, MSP_USAGE, "%s: must be from %lld to %lld", text, (long long)min, (long long)max);
	*out = v;
	return MSP_OK;
}

int msp_parse_size(const char *text, uint64_t *out, struct msp_error *err)
{
	double d;
	int s = number(text, size_units, "a size in bytes", &d, err);

	if (s < 0)
		return s;
	if (d < 0 || d > 9e15)
		return msp_error_set(err, MSP_USAGE, "%s: not a size", text);
	*out = (uint64_t)d;
	return MSP_OK;
}

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
