/* Times: parsing, printing, arithmetic at the edges. */
#include "mspipe/core.h"

#include "unit.h"

#include <math.h>
#include <string.h>
#include <time.h>

static void parses(const char *text, msp_time want)
{
	struct msp_error err = { 0 };
	msp_time t = -1;
	int r = msp_time_parse(text, &t, &err);

	CHECKF(r == MSP_OK && t == want, "%s: %d, %lld for %lld (%s)", text, r, (long long)t, (long long)want,
	       err.text);
}

static void refuses(const char *text, const char *why)
{
	struct msp_error err = { 0 };
	msp_time t = 77;
	int r = msp_time_parse(text, &t, &err);

	CHECKF(r == MSP_USAGE && t == 77, "%s: %d, %lld", text, r, (long long)t);
	CHECKF(strstr(err.text, why) != NULL, "%s: says '%s', not '%s'", text, err.text, why);
}

static void test_parse(void)
{
	parses("1970-01-01T00:00:00Z", 0);
	parses("1970-01-01", 0);
	parses("1970-001", 0);
	parses("1970,001", 0);
	parses("2011-03-11T05:46:24.12Z", INT64_C(1299822384120000000));
	parses("2011-03-11 05:46:24.12", INT64_C(1299822384120000000));
	parses("2011-03-11t05:46:24.12z", INT64_C(1299822384120000000));
	parses("2011-070T05:46:24.12", INT64_C(1299822384120000000));
	parses("2011,070,05:46:24.12", INT64_C(1299822384120000000));
	parses("1299822384.12", INT64_C(1299822384120000000));
	parses("+1299822384.120000000", INT64_C(1299822384120000000));
	parses("2011-03-11T14:46:24.12+09:00", INT64_C(1299822384120000000));
	parses("2011-03-11T14:46:24.12+0900", INT64_C(1299822384120000000));
	parses("2011-03-11T14:46:24.12+09", INT64_C(1299822384120000000));
	parses("2011-03-10T21:16:24.12-08:30", INT64_C(1299822384120000000));
	parses("2011-03-11T05:46Z", INT64_C(1299822360000000000));
	parses("2011-03-11T05", INT64_C(1299819600000000000));
	parses("2000-02-29T00:00:00Z", INT64_C(951782400000000000));
	parses("2000-366T00:00:00", INT64_C(978220800000000000));
	parses("2016-12-31T23:59:60.5Z", INT64_C(1483228800500000000)); /* a leap second */
	parses("2020-12-31T24:00:00Z", INT64_C(1609459200000000000));
	parses("0", 0);
	parses("2011.0", 2011 * MSP_NS);
	parses("+2011", 2011 * MSP_NS);
	parses("2263", 2263 * MSP_NS);
	parses("-0.5", -500000000);
	parses("-1.000000001", -1000000001);
	/* past ns: half up, with carry */
	parses("1970-01-01T00:00:00.0000000004999999999999", 0);
	parses("1970-01-01T00:00:00.0000000005", 1);
	parses("1970-12-31T23:59:59.9999999995", INT64_C(31536000000000000));
	parses("0.9999999995", MSP_NS);
	parses("-0.0000000005", 0); /* up */
	parses("-0.00000000050000000001", -1);
	parses("-0.9999999999", -MSP_NS);
	/* the limits */
	parses("2262-04-11T23:47:16.854775807Z", INT64_MAX);
	parses("9223372036.854775807", INT64_MAX);
	parses("1677-09-21T00:12:43.145224193Z", INT64_MIN + 1);
	parses("-9223372036.854775807", INT64_MIN + 1);
	parses("1969-12-31T23:59:59.999999999Z", -1);
}

static void test_refuse(void)
{
	refuses("", "empty");
	refuses("2011", "a year is no time");
	refuses("1677", "a year is no time");
	refuses("2262", "a year is no time");
	refuses("yesterday", "not a time");
	refuses("T05:46", "not a time");
	refuses("-2011-03-11", "not a time");
	refuses("2011/03/11", "not YYYY-MM-DD");
	refuses("2011-13-01", "month 13 is not in 1..12");
	refuses("2011-00-01", "month 0 is not in 1..12");
	refuses("2011-02-29", "day 29 is not in 1..28");
	refuses("1900-02-29", "day 29 is not in 1..28");
	refuses("2011-366", "day of year 366 is not in 1..365");
	refuses("2011-000", "day of year 0");
	refuses("2011-3-11", "month is not 2 digits");
	refuses("2011-03", "no day");
	refuses("2011-03-11T", "hour is not 2 digits");
	refuses("2011-03-11T25", "hour 25");
	refuses("2011-03-11T24:00:01", "hour 24");
	refuses("2011-03-11T05:60", "minute 60");
	refuses("2011-03-11T05:46:61", "second 61");
	refuses("2011-03-11T05:46:24.", "no digits after the decimal point");
	refuses("2011-03-11T05:46:24.1x", "characters after the time");
	refuses("2011-03-11T05:46:24 Z", "characters after the time");
	refuses("2011-03-11T05:46:24+24:00", "zone hour 24");
	refuses("2011-03-11T05:46:24+0960", "no such zone");
	refuses("2011-03-11T05:46:24+9", "zone hour is not 2 digits");
	refuses("1676-01-01", "year 1676");
	refuses("9999-01-01", "year 9999");
	refuses("2262-04-11T23:47:16.854775808Z", "out of range");
	refuses("1677-09-21T00:12:43.145224192Z", "out of range"); /* INT64_MIN is kept for "unset" */
	refuses("9223372036.854775808", "out of range");
	refuses("99999999999999999999999999999", "out of range");
	refuses("-9223372036.854775808", "out of range");
	refuses("12.", "no digits");
	refuses("1.5e3", "characters after the number");
	refuses("12 ", "year is not 4 digits");
	refuses("2011-03-11T05:46:24\n", "characters after");
}

static void formats(msp_time t, const char *want)
{
	char buf[MSP_TIME_TEXT];

	msp_time_format(t, buf);
	CHECKF(strcmp(buf, want) == 0, "%s for %s", buf, want);
}

static void seconds(msp_time t, const char *want)
{
	char buf[MSP_TIME_TEXT];

	msp_seconds_format(t, buf);
	CHECKF(strcmp(buf, want) == 0, "%s for %s", buf, want);
}

static void test_format(void)
{
	formats(0, "1970-01-01T00:00:00Z");
	formats(INT64_C(1267252200019538000), "2010-02-27T06:30:00.019538Z");
	formats(INT64_C(1299822384120000000), "2011-03-11T05:46:24.120Z");
	formats(-1, "1969-12-31T23:59:59.999999999Z");
	formats(INT64_MAX, "2262-04-11T23:47:16.854775807Z");
	formats(INT64_MIN, "1677-09-21T00:12:43.145224192Z");
	seconds(0, "0");
	seconds(-12500000000, "-12.5");
	seconds(300019538000, "300.019538");
	seconds(-1, "-0.000000001");
	seconds(INT64_MIN, "-9223372036.854775808");
	seconds(INT64_MAX, "9223372036.854775807");
	seconds(100 * MSP_NS, "100");
}

/* Numbers spread over all sizes, the same at every run. */
static uint64_t state = 42;
static uint64_t next(void)
{
	uint64_t z = state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return z ^ z >> 31;
}

static void test_round_trip(void)
{
	int i, bad = 0;

	for (i = 0; i < 20000; i++) {
		msp_time t = (int64_t)(next() >> (i % 64)), back = 0, yday = 0;
		struct msp_calendar c;
		char buf[MSP_TIME_TEXT];
		time_t s;
		struct tm tm;

		if (i & 1)
			t = -t;
		if (t == INT64_MIN)
			continue;
		msp_time_format(t, buf);
		bad += msp_time_parse(buf, &back, NULL) != MSP_OK || back != t;
		msp_seconds_format(t, buf);
		bad += msp_time_parse(buf, &back, NULL) != MSP_OK || back != t;
		msp_time_to_calendar(t, &c);
		bad += msp_time_from_yday(&c, &yday) != MSP_OK || yday != t;
		s = (time_t)(t / MSP_NS - (t % MSP_NS < 0));
		gmtime_r(&s, &tm);
		bad += c.year != tm.tm_year + 1900 || c.month != tm.tm_mon + 1 || c.day != tm.tm_mday ||
		       c.yday != tm.tm_yday + 1 || c.hour != tm.tm_hour || c.minute != tm.tm_min ||
		        c.second != tm.tm_sec;
	}
	CHECKF(bad == 0, "%d", bad);
}

static void test_from_yday(void)
{
	struct msp_calendar c = { .year = 2011, .yday = 70, .hour = 5, .minute = 46, .second = 24,
	                         .nanosecond = 120000000 };
	struct msp_calendar b;
	msp_time t;

	CHECK(msp_time_from_yday(&c, &t) == MSP_OK && t == INT64_C(1299822384120000000));
	b = c, b.yday = 366;
	CHECK(msp_time_from_yday(&b, &t) == MSP_USAGE);
	b.year = 2012;
	CHECK(msp_time_from_yday(&b, &t) == MSP_OK);
	b = c, b.yday = 0;
	CHECK(msp_time_from_yday(&b, &t) == MSP_USAGE);
	b = c, b.hour = 24;
	CHECK(msp_time_from_yday(&b, &t) == MSP_USAGE);
	b = c, b.nanosecond = 1000000000;
	CHECK(msp_time_from_yday(&b, &t) == MSP_USAGE);
	b = c, b.year = 70000;
	CHECK(msp_time_from_yday(&b, &t) == MSP_USAGE);
}

static void test_seconds(void)
{
	msp_time t = 7;

	CHECK(msp_time_from_seconds(0.1, &t) == MSP_OK && t == 100000000);
	CHECK(msp_time_from_seconds(-0.1, &t) == MSP_OK && t == -100000000);
	/* what the double is */
	CHECK(msp_time_from_seconds(1299822384.12, &t) == MSP_OK && t == INT64_C(1299822384119999886));
	CHECK(msp_time_from_seconds(1.5e-9, &t) == MSP_OK && t == 1); /* the double is below 1.5 ns */
	CHECK(msp_time_from_seconds(0.001953125e-3, &t) == MSP_OK && t == 1953);
	CHECK(msp_time_from_seconds(-2.5e-9, &t) == MSP_OK && t == -3);
	t = 7;
	CHECK(msp_time_from_seconds(NAN, &t) == MSP_USAGE && t == 7);
	CHECK(msp_time_from_seconds(INFINITY, &t) == MSP_USAGE);
	CHECK(msp_time_from_seconds(-INFINITY, &t) == MSP_USAGE);
	CHECK(msp_time_from_seconds(9.3e9, &t) == MSP_USAGE);
	CHECK(msp_time_from_seconds(-9.3e9, &t) == MSP_USAGE);
	CHECK(msp_time_from_seconds(1e300, &t) == MSP_USAGE);
	CHECK(msp_time_to_seconds(1500000000) == 1.5);
	CHECK(msp_time_to_seconds(INT64_C(1299822384120000000)) == 1299822384.12);
	CHECK(msp_time_to_seconds(INT64_MIN) == -9223372036.854775808);
}

static void samples(int64_t n, double dt, msp_time want)
{
	msp_time t = msp_time_of_samples(n, dt);

	CHECKF(t == want, "%lld * %.17g: %lld for %lld", (long long)n, dt, (long long)t, (long long)want);
}

/* Expected values: exact rational arithmetic on the binary value of dt (Python's fractions). */
static void test_of_samples(void)
{
	samples(0, 0.05, 0);
	samples(1, 0.05, 50000000);
	samples(-3, 0.05, -150000000);
	samples(6000, 0.05, INT64_C(300000000000));
	samples(180000000000, 0.05, INT64_C(9000000000000000500));
	samples(1000000000, 0.1, INT64_C(100000000000000006));
	/* 1e-9 is a little more than 10^-9 */
	samples(INT64_C(9007199254740993), 1e-9, INT64_C(9007199254740994));
	samples(INT64_C(123456789012345), 1e-5, INT64_C(1234567890123450101));
	samples(5, 0.5e-9, 3);
	samples(-5, 0.5e-9, -3);
	samples(1, 0.49e-9, 0);
	samples(INT64_MAX, 1, INT64_MAX);
	samples(INT64_MIN, 1, INT64_MIN);
	samples(INT64_MAX, -1, INT64_MIN);
	samples(10, 1e300, INT64_MAX);
	samples(-10, 1e300, INT64_MIN);
	samples(0, INFINITY, 0);
	samples(1, INFINITY, INT64_MAX);
	samples(1, -INFINITY, INT64_MIN);
	samples(1, NAN, 0);
	samples(INT64_MAX, 5e-324, 0);
}

int main(void)
{
	test_parse();
	test_refuse();
	test_format();
	test_round_trip();
	test_from_yday();
	test_seconds();
	test_of_samples();
	return unit_end("core_time");
}
