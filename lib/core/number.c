/* Doubles as the shortest text that reads back. */
#include "core/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The whole numbers below 10^15 print as such. */
static bool small_whole(double d, char *buf)
{
	if (!(fabs(d) < 1e15) || d != trunc(d))
		return false;
	snprintf(buf, 32, "%s%lld", signbit(d) ? "-" : "", (long long)fabs(d));
	return true;
}

/* What has a few decimals, as times, rates and coordinates do. If m / 10^k, two exact numbers divided with
 * one rounding, is d, then m with k decimals reads back as d; below 10^15 no other text of so few digits
 * does. */
static bool few_decimals(double d, char *buf)
{
	static const double power[] = { 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9 };
	double a = fabs(d);
	int k, n;

	if (!(a >= 1e-4 && a < 1e9))
		return false;
	for (k = 0; k < 9; k++) {
		double m = rint(a * power[k]);
		if (m >= 1e15)
			return false;
		if (m / power[k] != a)
			continue;
		unsigned long long u = (unsigned long long)m, p = (unsigned long long)power[k];
		n = snprintf(buf, 32, "%s%llu.%0*llu", d < 0 ? "-" : "", u / p, k + 1, u % p);
		return n > 0 && n < 32;
	}
	return false;
}

/* The decimal point is the locale's in what snprintf() writes and strtod() reads, and may be several
 * bytes. */
static void plain_point(char *buf)
{
	char *p = buf + (*buf == '-'), *q;

	while (*p >= '0' && *p <= '9')
		p++;
	if (*p == '\0' || *p == 'e')
		return;
	for (q = p; *q && !(*q >= '0' && *q <= '9'); q++)
		;
	*p = '.';
	memmove(p + 1, q, strlen(q) + 1);
}

/* The next larger number of as many digits, if text is in exponent form. */
static bool next_decimal(char *text)
{
	char *p = strchr(text, 'e');

	if (!p)
		return false;
	while (p-- > text)
		if (*p == '9')
			*p = '0';
		else if (*p >= '0' && *p < '9') {
			++*p;
			return true;
		}
	return false;
}

/* d with that many digits; true if it reads back. Below a power of two the doubles lie closer than above it,
 * so there the nearest decimal may be another double, and the one above it still be d. */
static bool with_digits(double d, int digits, char text[64])
{
	char above[64];
	int exponent;

	snprintf(text, 64, "%.*g", digits, d);
	if (strtod(text, NULL) == d)
		return true;
	snprintf(above, sizeof above, "%#.*g", digits, d); /* # keeps the zeros at the end */
	if (fabs(frexp(d, &exponent)) != 0.5 || !next_decimal(above) || strtod(above, NULL) != d)
		return false;
	memcpy(text, above, sizeof above);
	return true;
}

char *msp_double_format(double d, char buf[32])
{
	char text[64] = "";
	int digits = fabs(d) < 2.3e-308 ? 1 : 15; /* subnormal numbers have fewer */

	if (!isfinite(d)) {
		snprintf(buf, 32, "%s", isnan(d) ? "nan" : d < 0 ? "-inf" : "inf");
		return buf;
	}
	if (small_whole(d, buf) || few_decimals(d, buf))
		return buf;
	while (!with_digits(d, digits, text) && digits < 17)
		digits++;
	plain_point(text);
	snprintf(buf, 32, "%.31s", text);
	return buf;
}

char *msp_int_format(int64_t i, char buf[32])
{
	snprintf(buf, 32, "%lld", (long long)i);
	return buf;
}
