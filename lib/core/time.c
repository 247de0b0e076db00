/* Times: calendar, conversion to and from seconds, text out. Parsing is in timeparse.c.
 *
 * The calendar arithmetic is H. Hinnant's "chrono-Compatible Low-Level Date Algorithms" (days_from_civil,
 * civil_from_days): the year begins in March, so that the leap day is its last. */
#include "mspipe/core.h"

#include "core/timebase.h"

#include <math.h>
#include <stdio.h>

#define DAY_SECONDS INT64_C(86400)

bool msp_leap_year(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

/* Days from 1970-01-01 to a date. */
static int64_t days_from_civil(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;

	return era * 146097 + doe - 719468;
}

static void civil_from_days(int64_t days, struct msp_calendar *c)
{
	int64_t z = days + 719468;
	int64_t era = (z >= 0 ? z : z - 146096) / 146097;
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153;

	c->day = (int)(doy - (153 * mp + 2) / 5 + 1);
	c->month = (int)(mp < 10 ? mp + 3 : mp - 9);
	c->year = (int)(yoe + era * 400 + (c->month <= 2));
}

int msp_time_join(int64_t seconds, int64_t ns, msp_time *out)
{
	int64_t t;

	/* seconds are floored; towards the lower limit the product alone would overflow */
	if (seconds < 0 && ns > 0) {
		seconds++;
		ns -= MSP_NS;
	}
	if (__builtin_mul_overflow(seconds, MSP_NS, &t) || __builtin_add_overflow(t, ns, &t) ||
	    t == INT64_MIN)
		return MSP_USAGE;
	*out = t;
	return MSP_OK;
}

int msp_time_from_yday(const struct msp_calendar *in, msp_time *out)
{
	int64_t days, seconds;

	if (in->year < 1677 || in->year > 2262 || in->yday < 1 || in->yday > 365 + msp_leap_year(in->year))
		return MSP_USAGE;
	if (in->hour < 0 || in->hour > 23 || in->minute < 0 || in->minute > 59)
		return MSP_USAGE;
	if (in->second < 0 || in->second > 60 || in->nanosecond < 0 || in->nanosecond >= MSP_NS)
		return MSP_USAGE;
	days = days_from_civil(in->year, 1, 1) + in->yday - 1;
	seconds = days * DAY_SECONDS + in->hour * 3600 + in->minute * 60 + in->second;
	return msp_time_join(seconds, in->nanosecond, out);
}

void msp_time_to_calendar(msp_time t, struct msp_calendar *out)
{
	int64_t seconds = t / MSP_NS, ns = t % MSP_NS;
	int64_t days, rest;

	if (ns < 0) {
		ns += MSP_NS;
		seconds--;
	}
	days = seconds / DAY_SECONDS;
	rest = seconds % DAY_SECONDS;
	if (rest < 0) {
		rest += DAY_SECONDS;
		days--;
	}
	civil_from_days(days, out);
	out->yday = (int)(days - days_from_civil(out->year, 1, 1)) + 1;
	out->hour = (int)(rest / 3600);
	out->minute = (int)(rest / 60 % 60);
	out->second = (int)(rest % 60);
	out->nanosecond = (int)ns;
}

char *msp_time_format(msp_time t, char buf[MSP_TIME_TEXT])
{
	struct msp_calendar c;
	int n;

	msp_time_to_calendar(t, &c);
	n = snprintf(buf, MSP_TIME_TEXT, "%04d-%02d-%02dT%02d:%02d:%02d", c.year, c.month, c.day, c.hour,
	             c.minute, c.second);
	if (c.nanosecond % 1000)
		snprintf(buf + n, (size_t)(MSP_TIME_TEXT - n), ".%09dZ", c.nanosecond);
	else if (c.nanosecond % 1000000)
		snprintf(buf + n, (size_t)(MSP_TIME_TEXT - n), ".%06dZ", c.nanosecond / 1000);
	else if (c.nanosecond)
		snprintf(buf + n, (size_t)(MSP_TIME_TEXT - n), ".%03dZ", c.nanosecond / 1000000);
	else
		snprintf(buf + n, (size_t)(MSP_TIME_TEXT - n), "Z");
	return buf;
}

char *msp_seconds_format(msp_time t, char buf[MSP_TIME_TEXT])
{
	uint64_t magnitude = t < 0 ? -(uint64_t)t : (uint64_t)t;
	uint64_t whole = magnitude / (uint64_t)MSP_NS, ns = magnitude % (uint64_t)MSP_NS;
	int n = snprintf(buf, MSP_TIME_TEXT, "%s%llu", t < 0 ? "-" : "", (unsigned long long)whole);

	if (ns) {
		n += snprintf(buf + n, (size_t)(MSP_TIME_TEXT - n), ".%09llu", (unsigned long long)ns);
		while (buf[n - 1] == '0')
			buf[--n] = '\0';
	}
	return buf;
}

/* p + e rounded half away from zero; exact for |p + e| < 2^51 (e becomes the rest of s: Knuth's
 * two-sum). */
static int64_t round_sum(double p, double e)
{
	double s = p + e, b = s - p, rest = (p - (s - b)) + (e - b);
	double below = floor(s), past_half = s - below - 0.5;
	bool up = past_half > 0 || (past_half == 0 && (rest > 0 || (rest == 0 && s > 0)));

	return (int64_t)below + up;
}

/* hi + lo seconds, unevaluated sum, in ns; saturates. */
static msp_time seconds_to_ns(double hi, double lo)
{
	double whole, part, p, e;
	int64_t t;

	if (isnan(hi))
		return 0;
	if (hi > 1e10)
		return INT64_MAX;
	if (hi < -1e10)
		return INT64_MIN;
	whole = trunc(hi);
	part = hi - whole; /* exact */
	p = part * 1e9;
	e = fma(part, 1e9, -p) + lo * 1e9;
	if (__builtin_mul_overflow((int64_t)whole, MSP_NS, &t) ||
	    __builtin_add_overflow(t, round_sum(p, e), &t))
		return hi > 0 ? INT64_MAX : INT64_MIN;
	return t;
}

int msp_time_from_seconds(double seconds, msp_time *out)
{
	msp_time t;

	if (!isfinite(seconds))
		return MSP_USAGE;
	t = seconds_to_ns(seconds, 0);
	if (t == INT64_MAX || t == INT64_MIN)
		return MSP_USAGE;
	*out = t;
	return MSP_OK;
}

double msp_time_to_seconds(msp_time t)
{
	/* one rounding up to 2^53 ns; beyond, the parts are rounded once each: half an ulp more at most */
	if (t > -(INT64_C(1) << 53) && t < (INT64_C(1) << 53))
		return (double)t / 1e9;
	return (double)(t / MSP_NS) + (double)(t % MSP_NS) / 1e9;
}

msp_time msp_time_of_samples(int64_t n, double dt)
{
	/* n in two exact doubles, each product as an unevaluated sum of two (T. J. Dekker, "A floating-point
	 * technique for extending the available precision", Numer. Math. 18, 1971) */
	int64_t top = n / (INT64_C(1) << 32);
	double high = (double)top * 4294967296.0, low = (double)(n % (INT64_C(1) << 32));
	double ph, eh, pl, el, s, t;

	if (n == 0 || isnan(dt))
		return 0;
	if (isinf(dt))
		return (dt > 0) == (n > 0) ? INT64_MAX : INT64_MIN;
	ph = high * dt;
	if (fabs(ph) > 1e11)
		return ph > 0 ? INT64_MAX : INT64_MIN;
	eh = fma(high, dt, -ph);
	pl = low * dt;
	if (fabs(pl) > 1e11)
		return pl > 0 ? INT64_MAX : INT64_MIN;
	el = fma(low, dt, -pl);
	s = ph + pl; /* |ph| >= |pl| or ph == 0, so the error is exact */
	t = pl - (s - ph);
	return seconds_to_ns(s, t + (eh + el));
}

msp_time msp_time_add(msp_time a, msp_time b)
{
	msp_time sum;

	if (__builtin_add_overflow(a, b, &sum))
		return a < 0 ? INT64_MIN : INT64_MAX;
	return sum;
}
