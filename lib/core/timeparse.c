/* Times from text: ISO 8601, day of year, epoch seconds; integers only. */
#include "mspipe/core.h"

#include "core/timebase.h"

#include <string.h>

/* What is being read, for messages. */
struct scan {
	const char *text, *p;
	struct msp_error *err;
};

/* A time of day in parts; second may be 60, hour may be 24. */
struct clock {
	int hour, minute, second;
	int64_t ns; /* may be 10^9 after rounding */
};

static int bad(struct scan *s, const char *why)
{
	return msp_error_set(s->err, MSP_USAGE, "time '%.60s': %s", s->text, why);
}

static int bad_number(struct scan *s, const char *what, int value, int low, int high)
{
	return msp_error_set(s->err, MSP_USAGE, "time '%.60s': %s %d is not in %d..%d", s->text, what, value,
	                     low, high);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static size_t count_digits(const char *p)
{
	size_t n = 0;

	while (is_digit(p[n]))
		n++;
	return n;
}

/* Exactly n digits, not followed by another. */
static int number(struct scan *s, size_t n, const char *what, int low, int high, int *out)
{
	int value = 0;
	size_t i;

	if (count_digits(s->p) != n)
		return msp_error_set(s->err, MSP_USAGE, "time '%.60s': %s is not %u digits", s->text, what,
		                     (unsigned)n);
	for (i = 0; i < n; i++)
		value = value * 10 + (s->p[i] - '0');
	s->p += n;
	if (value < low || value > high)
		return bad_number(s, what, value, low, high);
	*out = value;
	return MSP_OK;
}

/* The digits after a decimal point, as ns; what lies past ns rounds up from one half, or, for the
 * magnitude of a negative number, from just above one half: both are "half up" on the time axis. */
static int64_t fraction(const char *digits, size_t n, bool negative)
{
	int64_t ns = 0;
	size_t i;

	for (i = 0; i < 9; i++)
		ns = ns * 10 + (i < n ? digits[i] - '0' : 0);
	if (n > 9 && digits[9] >= '5') {
		bool above = digits[9] > '5';
		for (i = 10; i < n; i++)
			above = above || digits[i] != '0';
		ns += above || !negative;
	}
	return ns;
}

static int point_and_fraction(struct scan *s, bool negative, int64_t *ns)
{
	size_t n;

	*ns = 0;
	if (*s->p != '.')
		return MSP_OK;
	n = count_digits(++s->p);
	if (n == 0)
		return bad(s, "no digits after the decimal point");
	*ns = fraction(s->p, n, negative);
	s->p += n;
	return MSP_OK;
}

static int parse_epoch(struct scan *s, msp_time *out)
{
	bool negative = *s->p == '-';
	int64_t seconds = 0, ns;
	size_t i, n;

	if (*s->p == '-' || *s->p == '+')
		s->p++;
	n = count_digits(s->p);
	for (i = 0; i < n; i++) {
		seconds = seconds * 10 + (s->p[i] - '0');
		if (seconds > INT64_MAX / MSP_NS)
			return bad(s, "out of range (1677-09-21 to 2262-04-11)");
	}
	s->p += n;
	if (point_and_fraction(s, negative, &ns) != MSP_OK)
		return MSP_USAGE;
	if (*s->p)
		return bad(s, "characters after the number of seconds");
	if (negative) {
		seconds = -seconds - (ns > 0);
		ns = ns > 0 ? MSP_NS - ns : 0;
	}
	if (ns == MSP_NS) {
		ns = 0;
		seconds++;
	}
	if (msp_time_join(seconds, ns, out) != MSP_OK)
		return bad(s, "out of range (1677-09-21 to 2262-04-11)");
	return MSP_OK;
}

/* -MM-DD, -DDD or ,DDD after the year: a day of the year. */
static int parse_day(struct scan *s, int year, int *yday)
{
	static const int before[] = { 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365 };
	int leap = msp_leap_year(year), month, day;

	if (*s->p != '-' && *s->p != ',')
		return bad(s, "not YYYY-MM-DD, YYYY-DDD, YYYY,DDD or seconds");
	if (*s->p++ == ',' || count_digits(s->p) == 3)
		return number(s, 3, "day of year", 1, 365 + leap, yday);
	if (number(s, 2, "month", 1, 12, &month) != MSP_OK)
		return MSP_USAGE;
	if (*s->p != '-')
		return bad(s, "no day after the month");
	s->p++;
	if (number(s, 2, "day", 1, before[month] - before[month - 1] + (month == 2 && leap), &day) != MSP_OK)
		return MSP_USAGE;
	*yday = before[month - 1] + day + (month > 2 && leap);
	return MSP_OK;
}

/* HH[:MM[:SS[.fraction]]] */
static int parse_clock(struct scan *s, struct clock *c)
{
	if (number(s, 2, "hour", 0, 24, &c->hour) != MSP_OK)
		return MSP_USAGE;
	if (*s->p == ':') {
		s->p++;
		if (number(s, 2, "minute", 0, 59, &c->minute) != MSP_OK)
			return MSP_USAGE;
		if (*s->p == ':') {
			s->p++;
			if (number(s, 2, "second", 0, 60, &c->second) != MSP_OK)
				return MSP_USAGE;
			if (point_and_fraction(s, false, &c->ns) != MSP_OK)
				return MSP_USAGE;
		}
	}
	if (c->hour == 24 && (c->minute || c->second || c->ns))
		return bad(s, "hour 24 is only 24:00:00, the end of the day");
	return MSP_OK;
}

/* Z, +HH, +HHMM or +HH:MM, in seconds east. */
static int parse_zone(struct scan *s, int *seconds)
{
	int sign, hour, minute = 0;

	*seconds = 0;
	if (*s->p == 'Z' || *s->p == 'z') {
		s->p++;
		return MSP_OK;
	}
	if (*s->p != '+' && *s->p != '-')
		return MSP_OK;
	sign = *s->p++ == '-' ? -1 : 1;
	if (count_digits(s->p) == 4) {
		hour = (s->p[0] - '0') * 10 + (s->p[1] - '0');
		minute = (s->p[2] - '0') * 10 + (s->p[3] - '0');
		s->p += 4;
	} else {
		if (number(s, 2, "zone hour", 0, 23, &hour) != MSP_OK)
			return MSP_USAGE;
		if (*s->p == ':') {
			s->p++;
			if (number(s, 2, "zone minute", 0, 59, &minute) != MSP_OK)
				return MSP_USAGE;
		}
	}
	if (hour > 23 || minute > 59)
		return bad(s, "no such zone");
	*seconds = sign * (hour * 3600 + minute * 60);
	return MSP_OK;
}

static int parse_date_time(struct scan *s, msp_time *out)
{
	struct clock c = { 0, 0, 0, 0 };
	struct msp_calendar midnight = { 0 };
	int zone = 0;
	msp_time day;
	int64_t seconds, t;

	if (number(s, 4, "year", 1677, 2262, &midnight.year) != MSP_OK)
		return MSP_USAGE;
	if (parse_day(s, midnight.year, &midnight.yday) != MSP_OK)
		return MSP_USAGE;
	if (*s->p == 'T' || *s->p == 't' || *s->p == ' ' || *s->p == ',') {
		s->p++;
		if (parse_clock(s, &c) != MSP_OK || parse_zone(s, &zone) != MSP_OK)
			return MSP_USAGE;
	} else if (*s->p == 'Z' || *s->p == 'z') {
		s->p++;
	}
	if (*s->p)
		return bad(s, "characters after the time");
	/* noon is in range on the first and the last day, midnight is not on the first */
	midnight.hour = 12;
	if (msp_time_from_yday(&midnight, &day) != MSP_OK)
		return bad(s, "out of range (1677-09-21 to 2262-04-11)");
	seconds = c.hour * 3600 + c.minute * 60 + c.second - zone - 43200;
	if (__builtin_add_overflow(day, seconds * MSP_NS + c.ns, &t) || t == INT64_MIN)
		return bad(s, "out of range (1677-09-21 to 2262-04-11)");
	*out = t;
	return MSP_OK;
}

int msp_time_parse(const char *text, msp_time *out, struct msp_error *err)
{
	struct scan s = { text, text, err };
	const char *p = text + (*text == '-' || *text == '+');
	size_t n = count_digits(p);

	if (*text == '\0')
		return msp_error_set(err, MSP_USAGE, "empty time");
	if (p == text && n == 4 && text[n] == '\0' && strcmp(text, "1677") >= 0 && strcmp(text, "2262") <= 0)
		return bad(&s, "a year is no time; with month and day it is, and so is 2000.0, seconds since 1970");
	if (n > 0 && (p[n] == '\0' || p[n] == '.'))
		return parse_epoch(&s, out);
	if (p != text || n == 0)
		return bad(&s, "not a time (YYYY-MM-DDTHH:MM:SS, YYYY-DDDTHH:MM:SS or seconds since 1970)");
	return parse_date_time(&s, out);
}
