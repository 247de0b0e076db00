/* Numbers and times of XML files; the tables and the spool that imports are made with. */
#include "unit.h"

#include "format/xml.h"
#include "store/oidmap.h"
#include "store/spool.h"

#include <stdlib.h>
#include <string.h>

static void number_is(const char *text, bool ok, double want)
{
	double got = -77;

	CHECKF(xml_number(text, strlen(text), &got) == ok && (!ok || (got == want)), "%s: %.17g", text, got);
}

static void numbers(void)
{
	number_is("0", true, 0);
	number_is(" \t-12.50\n", true, -12.5);
	number_is("+1e-3", true, 0.001);
	number_is(".5", true, 0.5);
	number_is("5.", true, 5);
	number_is("1E308", true, 1e308);
	number_is("1e309", false, 0);
	number_is("-1e999", false, 0);
	number_is("", false, 0);
	number_is(" ", false, 0);
	number_is(".", false, 0);
	number_is("-", false, 0);
	number_is("e5", false, 0);
	number_is("1e", false, 0);
	number_is("1 2", false, 0);
	number_is("1,5", false, 0);
	number_is("0x10", false, 0);
	number_is("nan", false, 0);
	number_is("inf", false, 0);
	number_is("NaN", false, 0);
	number_is("1--2", false, 0);
	CHECK(!xml_number("1\0002", 3, &(double){0}));
	char *longest = malloc(600);
	CHECK(longest != NULL);
	if (longest) {
		memset(longest, '0', 600);
		CHECK(xml_number(longest, 511, &(double){0}) && !xml_number(longest, 512, &(double){0}));
		free(longest);
	}
}

static void time_is(const char *text, bool ok, double want)
{
	double got = -77;

	CHECKF(xml_time(text, strlen(text), &got) == ok && (!ok || got == want), "%s: %.17g", text, got);
}

static void times(void)
{
	time_is("1970-01-01T00:00:00Z", true, 0);
	time_is("2010-02-27T06:34:14", true, 1267252454);
	time_is(" 2010-02-27 06:34:14.5Z ", true, 1267252454.5);
	time_is("2010-02-27T06:34:14+09:00", true, 1267252454 - 32400);
	time_is("2010-02-27T06:34:14-0130", true, 1267252454 + 5400);
	time_is("2011-03-11T05:46:24.1234567894Z", true, 1299822384.123456789);
	time_is("2011-03-11T05:46:24.9999999996Z", true, 1299822385);
	time_is("2011-03-11T05:46:24.99999999949Z", true, 1299822384.999999999);
	time_is("2599-12-31T23:59:59", true, 19880899199);
	time_is("9999-12-31", true, 253402214400);
	time_is("0001-01-01", true, -62135596800);
	time_is("2012-02-29", true, 1330473600);
	time_is("1900-02-29", false, 0);
	time_is("2000-02-29", true, 951782400);
	time_is("2011-03-11T23:59:60Z", true, 1299888000);
	time_is("2011-03-11T24:00:00", true, 1299888000);
	time_is("2011-03-11T24:00:01", false, 0);
	time_is("2011-03-11T05:60:00", false, 0);
	time_is("2011-13-01", false, 0);
	time_is("2011-00-01", false, 0);
	time_is("2011-04-31", false, 0);
	time_is("0000-01-01", false, 0);
	time_is("-0001-01-01", false, 0);
	time_is("2011-3-11", false, 0);
	time_is("2011-03-11T05:46", false, 0);
	time_is("2011-03-11T05:46:24.", false, 0);
	time_is("2011-03-11T05:46:24ZZ", false, 0);
	time_is("2011-03-11T05:46:24+15:00", false, 0);
	time_is("1299822384", false, 0);
	time_is("2011-070", false, 0);
	time_is("", false, 0);
}

static void oids(void)
{
	struct msp_oidmap m = {0};
	bson_oid_t key, value;
	bool ok = true;

	memset(&key, 0, sizeof(key));
	CHECK(msp_oidmap_get(&m, &key) == NULL);
	for (uint32_t i = 0; i < 5000; i++) {
		memcpy(key.bytes, &i, 4);
		memcpy(value.bytes, &i, 4);
		ok = ok && msp_oidmap_set(&m, &key, &value) == MSP_OK && msp_oidmap_set(&m, &key, &value) == MSP_OK;
	}
	CHECK(ok && m.n == 5000);
	for (uint32_t i = 0; i < 6000; i++) {
		const bson_oid_t *got;

		memcpy(key.bytes, &i, 4);
		got = msp_oidmap_get(&m, &key);
		ok = ok && (i < 5000 ? got && memcmp(got->bytes, &i, 4) == 0 : !got);
	}
	CHECK(ok);
	msp_oidmap_free(&m);
}

/* n records of a size that does not divide what is held; read twice. */
static void spool(size_t n)
{
	struct msp_spool s = {0};
	struct msp_error err = {0};
	uint8_t record[1001];
	const uint8_t *p;
	bool ok = true;

	for (size_t i = 0; i < n; i++) {
		memset(record, (int)(i & 255), sizeof(record));
		ok = ok && msp_spool_put(&s, record, sizeof(record), &err) == MSP_OK;
	}
	CHECKF(ok, "%s", err.text);
	for (int turn = 0; turn < 2; turn++) {
		CHECKF(msp_spool_rewind(&s, &err) == MSP_OK, "%s", err.text);
		for (size_t i = 0; i < n; i++) {
			ok = ok && msp_spool_get(&s, 1, &p, &err) == MSP_OK && p && *p == (i & 255);
			ok = ok && msp_spool_get(&s, 1000, &p, &err) == MSP_OK && p && p[999] == (i & 255);
		}
		CHECKF(ok, "%s", err.text);
		CHECK(msp_spool_get(&s, 1, &p, &err) == MSP_OK && !p);
	}
	CHECK(s.file == (n > 4190));
	if (n > 0) {
		CHECK(msp_spool_rewind(&s, &err) == MSP_OK);
		CHECK(msp_spool_get(&s, n * 1001 + 1, &p, &err) == MSP_FAIL);
	}
	msp_spool_free(&s);
}

int main(void)
{
	numbers();
	times();
	oids();
	spool(0);
	spool(1);
	spool(100);
	spool(10000);
	return unit_end("xml");
}
