/* What stands in XML elements: texts, numbers, times. */
#include "format/xml.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NUMBER 511 /* digits of a number */

static bool is_blank(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

const char *xml_trim(const char *text, size_t *n)
{
	while (*n > 0 && is_blank(*text)) {
		text++;
		--*n;
	}
	while (*n > 0 && is_blank(text[*n - 1]))
		--*n;
	return text;
}

/* ---- elements ----------------------------------------------------------- */

static const struct xml_element *named(const struct xml_element *e, const char *name)
{
	while (e && strcmp(e->name, name) != 0)
		e = e->next;
	return e;
}

const struct xml_element *xml_child(const struct xml_element *e, const char *name)
{
	return named(e->child, name);
}

const struct xml_element *xml_again(const struct xml_element *e)
{
	return named(e->next, e->name);
}

const char *xml_attribute(const struct xml_element *e, const char *name)
{
	for (const struct xml_attribute *a = e->attribute; a; a = a->next)
		if (strcmp(a->name, name) == 0)
			return a->value;
	return NULL;
}

const char *xml_child_text(const struct xml_element *e, const char *name, size_t *n)
{
	const struct xml_element *c = xml_child(e, name);
	const char *text;

	*n = c ? c->len : 0;
	text = *n ? xml_trim(c->text, n) : NULL;
	return *n ? text : NULL;
}

/* ---- numbers ------------------------------------------------------------- */

bool xml_number(const char *text, size_t n, double *out)
{
	char buf[MAX_NUMBER + 1], *end;
	bool any = false;

	text = xml_trim(text, &n);
	if (n == 0 || n > MAX_NUMBER)
		return false;
	for (size_t i = 0; i < n; i++) {
		any = any || is_digit(text[i]);
		if (!is_digit(text[i]) && !strchr("+-.eE", text[i]))
			return false;
	}
	if (!any || memchr(text, 0, n))
		return false;
	memcpy(buf, text, n);
	buf[n] = '\0';
	*out = strtod(buf, &end);
	return *end == '\0' && isfinite(*out);
}

/* ---- times --------------------------------------------------------------- */

struct cursor {
	const char *p, *end;
};

static bool take(struct cursor *c, char what)
{
	if (c->p >= c->end || *c->p != what)
		return false;
	c->p++;
	return true;
}

/* n digits */
static bool take_number(struct cursor *c, int n, int *out)
{
	*out = 0;
	for (; n > 0; n--) {
		if (c->p >= c->end || !is_digit(*c->p))
			return false;
		*out = *out * 10 + (*c->p++ - '0');
	}
	return true;
}

/* Digits after the point, as ns; rounded half up. */
static bool take_fraction(struct cursor *c, int64_t *ns)
{
	int64_t unit = MSP_NS;
	bool any = false;

	*ns = 0;
	if (!take(c, '.'))
		return true;
	for (; c->p < c->end && is_digit(*c->p); c->p++, any = true) {
		unit /= 10;
		if (unit == 0 && *ns >= 0) { /* the tenth decides */
			*ns = -(*ns + (*c->p >= '5')) - 1;
			continue;
		}
		if (*ns >= 0)
			*ns += unit * (*c->p - '0');
	}
	if (*ns < 0)
		*ns = -*ns - 1;
	return any;
}

/* Z, +hh:mm, +hhmm or nothing: seconds to be taken off */
static bool take_zone(struct cursor *c, int64_t *off)
{
	int sign = take(c, '+') ? 1 : take(c, '-') ? -1 : 0, h, m;

	*off = 0;
	if (sign == 0) {
		(void)take(c, 'Z');
		return c->p == c->end;
	}
	if (!take_number(c, 2, &h))
		return false;
	(void)take(c, ':');
	if (!take_number(c, 2, &m) || h > 14 || m > 59 || c->p != c->end)
		return false;
	*off = sign * (h * 3600 + m * 60);
	return true;
}

/* Days from 1970-01-01 to a day of the proleptic Gregorian calendar; y >= 1. */
static int64_t days_to(int y, int m, int d)
{
	int64_t era, of_era, of_year;

	y -= m <= 2;
	era = y / 400;
	of_era = y - era * 400;
	of_year = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static bool is_date(int y, int m, int d)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;

	return y >= 1 && m >= 1 && m <= 12 && d >= 1 && d <= days[m - 1] + (m == 2 && leap);
}

bool xml_time(const char *text, size_t n, double *seconds)
{
	struct cursor c;
	int y, mo, d, h = 0, mi = 0, s = 0;
	int64_t ns = 0, off = 0, whole;

	c.p = xml_trim(text, &n);
	c.end = c.p + n;
	if (!take_number(&c, 4, &y) || !take(&c, '-') || !take_number(&c, 2, &mo) || !take(&c, '-') || !take_number(&c, 2, &d) || !is_date(y, mo, d))
		return false;
	if (c.p < c.end && (*c.p == 'T' || *c.p == ' ')) {
		c.p++;
		if (!take_number(&c, 2, &h) || !take(&c, ':') || !take_number(&c, 2, &mi) || !take(&c, ':') || !take_number(&c, 2, &s) ||
		    !take_fraction(&c, &ns) || h > 24 || mi > 59 || s > 60 || (h == 24 && (mi || s || ns)))
			return false;
	}
	if (!take_zone(&c, &off))
		return false;
	whole = days_to(y, mo, d) * 86400 + h * 3600 + mi * 60 + s - off;
	/* as msp_time_to_seconds(), and beyond its range too */
	if (whole > -INT64_C(9000000) && whole < INT64_C(9000000))
		*seconds = (double)(whole * MSP_NS + ns) / 1e9;
	else
		*seconds = (double)whole + (double)ns / 1e9;
	return true;
}
