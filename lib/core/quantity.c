/* Numbers with units, as a user types them. */
#include "mspipe/core.h"

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
