/* The header of a miniSEED 2 record (SEED Reference Manual 2.4, chapter 8): fixed section and the
 * blockettes 100, 1000 and 1001.
 *
 * libmseed reads headers too, but to microseconds and rates in floating point, with an allocation for each
 * blockette, and by rules that its environment variables change. Times here are exact nanoseconds.
 */
#include "format/record.h"
#include "format/decimal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static uint16_t get16(const uint8_t *p, bool big)
{
	unsigned high = p[big ? 0 : 1], low = p[big ? 1 : 0];

	return (uint16_t)(high << 8 | low);
}

static uint32_t get32(const uint8_t *p, bool big)
{
	return big ? (uint32_t)get16(p, true) << 16 | get16(p + 2, true) : (uint32_t)get16(p + 2, false) << 16 | get16(p, false);
}

static bool digit_or(uint8_t c, const char *others, size_t n)
{
	return (c >= '0' && c <= '9') || memchr(others, c, n) != NULL;
}

int record_classify(const uint8_t *p)
{
	bool sequence = true;

	for (int i = 0; i < 6; i++)
		sequence &= digit_or(p[i], " \0", 2);
	if (!sequence)
		return RECORD_NOT;
	if (memchr("DRQM", p[6], 4) && (p[7] == ' ' || p[7] == 0) && p[24] < 24 && p[25] < 60 && p[26] <= 60)
		return RECORD_DATA;
	for (int i = 0; i < 6; i++)
		if (p[i] < '0' || p[i] > '9')
			return RECORD_NOT;
	if (memchr("VAST", p[6], 4) && (p[7] == ' ' || p[7] == '*'))
		return RECORD_CONTROL;
	for (int i = 6; i < RECORD_FIXED; i++)
		if (p[i] != ' ')
			return RECORD_NOT;
	return RECORD_CONTROL;
}

static bool plausible_date(const uint8_t *p, bool big)
{
	unsigned year = get16(p + 20, big), day = get16(p + 22, big);

	return year >= 1900 && year <= 2100 && day >= 1 && day <= 366;
}

static bool start_time(const uint8_t *p, bool big, msp_time *out)
{
	struct msp_calendar c = { .year = get16(p + 20, big), .yday = get16(p + 22, big), .hour = p[24],
	                          .minute = p[25], .second = p[26] };
	msp_time t;
	int leap = c.second == 60;

	c.second -= leap; /* POSIX time: the leap second is the next minute's first */
	if (msp_time_from_yday(&c, &t) != MSP_OK)
		return false;
	t += leap * MSP_NS + (msp_time)get16(p + 28, big) * 100000;
	if (!(p[36] & 0x02)) /* bit 1: the correction is already in the time */
		t += (msp_time)(int32_t)get32(p + 40, big) * 100000;
	*out = t;
	return true;
}

/* Sample interval from factor and multiplier: a ratio of two integers, rounded once. */
static double nominal_dt(int factor, int multiplier)
{
	double up = 1, down = 1; /* dt = up / down */

	if (factor == 0)
		return 0;
	if (factor > 0)
		down *= factor;
	else
		up *= -factor;
	if (multiplier > 0)
		down *= multiplier;
	else if (multiplier < 0)
		up *= -multiplier;
	return up / down;
}

/* Blockette 100 gives the rate as a float32, which holds few rates exactly. Where it only repeats factor and multiplier
 * these are exact; else the rate is the shortest decimal that reads as that float32. */
static double actual_dt(float rate, double nominal)
{
	if (nominal > 0 && (float)(1 / nominal) == rate)
		return nominal;
	return 1 / float_decimal(rate);
}

/* Walks the chain of blockettes, which ends with the record: as soon as one says how long that is, what lies behind is another's. */
static bool blockettes(const uint8_t *p, size_t n, bool big, struct record *r, char why[RECORD_WHY])
{
	size_t at = get16(p + 46, big);
	float rate = 0;

	while (at != 0) {
		size_t next;

		if (at < RECORD_FIXED)
			break;
		if (at + 8 > n && (r->length == 0 || n < r->length))
			r->more = true;
		if (at + 4 > n)
			break;
		next = get16(p + at + 2, big);
		if (get16(p + at, big) == 1000 && at + 8 <= n) {
			unsigned power = p[at + 6];

			if (power < 7 || power > 20) {
				snprintf(why, RECORD_WHY, "absurd record length 2^%u", power);
				return false;
			}
			if (at + 8 > (size_t)1 << power)
				break;
			r->length = 1u << power;
			if (n > r->length)
				n = r->length;
			r->encoding = p[at + 4];
			r->big = p[at + 5] != 0;
		} else if (get16(p + at, big) == 1001 && at + 8 <= n) {
			r->start += (int8_t)p[at + 5] * 1000;
		} else if (get16(p + at, big) == 100 && at + 8 <= n) {
			uint32_t bits = get32(p + at + 4, big);

			memcpy(&rate, &bits, sizeof rate);
		}
		if (next != 0 && next <= at) {
			snprintf(why, RECORD_WHY, "blockette chain runs backwards at byte %zu of the record", at);
			return false;
		}
		at = next;
	}
	if (isfinite(rate) && rate > 0)
		r->dt = actual_dt(rate, r->dt);
	return true;
}

bool record_parse(const uint8_t *p, size_t n, struct record *r, char why[RECORD_WHY])
{
	bool big = plausible_date(p, true);

	memset(r, 0, sizeof *r);
	memcpy(r->codes, p + 8, RECORD_CODES);
	r->quality = (char)p[6];
	if (!big && !plausible_date(p, false)) {
		snprintf(why, RECORD_WHY, "impossible start date");
		return false;
	}
	if (!start_time(p, big, &r->start)) {
		snprintf(why, RECORD_WHY, "impossible start date %04u,%03u", get16(p + 20, big), get16(p + 22, big));
		return false;
	}
	r->nsamp = get16(p + 30, big);
	r->dt = nominal_dt((int16_t)get16(p + 32, big), (int16_t)get16(p + 34, big));
	r->data = get16(p + 44, big);
	r->encoding = ENC_STEIM1; /* what data without blockette 1000 are, by convention */
	r->big = true;
	return blockettes(p, n, big, r, why);
}

const char *record_encoding_name(int encoding)
{
	switch (encoding) {
	case ENC_ASCII: return "ASCII";
	case ENC_INT16: return "INT16";
	case ENC_INT32: return "INT32";
	case ENC_FLOAT32: return "FLOAT32";
	case ENC_FLOAT64: return "FLOAT64";
	case ENC_STEIM1: return "STEIM1";
	case ENC_STEIM2: return "STEIM2";
	case ENC_GEOSCOPE24: return "GEOSCOPE24";
	case ENC_GEOSCOPE163: return "GEOSCOPE16_3";
	case ENC_GEOSCOPE164: return "GEOSCOPE16_4";
	case ENC_CDSN: return "CDSN";
	case ENC_SRO: return "SRO";
	case ENC_DWWSSN: return "DWWSSN";
	}
	return "UNKNOWN";
}

size_t record_code(const char codes[RECORD_CODES], enum record_code which, char out[8])
{
	static const struct { uint8_t at, len; } field[] = { { 0, 5 }, { 5, 2 }, { 7, 3 }, { 10, 2 } };
	size_t n = 0;

	for (size_t i = 0; i < field[which].len; i++) {
		char c = codes[field[which].at + i];

		if (c == ' ' || c == '\0')
			continue;
		out[n++] = c > ' ' && c <= '~' ? c : '?';
	}
	out[n] = '\0';
	return n;
}
