/* From the bytes of a miniSEED file to the headers of its records.
 *
 * Where only headers are wanted, what lies between them is passed without being read, if that is worth it: the kernel reads whole pages, so
 * that of records of 512 bytes nothing would be saved, and each call takes longer than to copy such a record; of records of many pages the
 * kernel would no longer read ahead. */
#include "format/scan.h"
#include "format/channel.h"

#include <inttypes.h>
#include <stdio.h>

#define LOOK ((size_t)64 << 10) /* the blockette chain of a record cannot reach further */
#define SPARSE_MIN 4096
#define SPARSE_MAX 8192

/* The length of a record that does not say it: up to where, at a power of two, the next begins or the file ends. 0: none is found;
 * below 0: failure. */
static int64_t find_length(struct msp_input *in, struct msp_error *err)
{
	for (size_t n = RECORD_MIN; n <= RECORD_MAX; n *= 2) {
		const uint8_t *p;
		int64_t have = feed_want(&in->feed, n + RECORD_FIXED, &p, err);

		if (have < 0 || have == (int64_t)n)
			return have;
		if (have < (int64_t)(n + RECORD_FIXED))
			break;
		if (record_classify(p + n) != RECORD_NOT)
			return (int64_t)n;
	}
	return 0;
}

/* Whether the times of the record's samples are such as can be: dates are between 1900 and 2100 (see record.c), and a
 * record that lasts 30 years is none. */
static bool sane(const struct record *rec)
{
	return rec->dt == 0 || (rec->dt >= 1e-9 && rec->dt * rec->nsamp < 1e9);
}

/* Reads the header again with n bytes of it, behind which nothing counts. enum scan, or below 0. */
static int parse(struct msp_input *in, size_t n, struct record *rec, char why[RECORD_WHY], struct msp_error *err)
{
	const uint8_t *p;
	int64_t have = feed_want(&in->feed, n, &p, err);

	if (have < 0)
		return (int)have;
	if ((size_t)have < n)
		n = (size_t)have;
	return record_parse(p, n < LOOK ? n : LOOK, rec, why) ? SCAN_DATA : SCAN_BROKEN;
}

/* The header of a data record of which `have` bytes are there. */
static int header(struct msp_input *in, size_t have, struct record *rec, char why[RECORD_WHY], struct msp_error *err)
{
	int64_t n;
	int rc = parse(in, have, rec, why, err);

	while (rc == SCAN_DATA && rec->more && have < LOOK) {
		have = have < LOOK / 2 ? 2 * have : LOOK;
		rc = parse(in, have, rec, why, err);
		in->runs->header = have; /* the next one will be like this one */
	}
	if (rc == SCAN_DATA && !sane(rec)) {
		snprintf(why, RECORD_WHY, "absurd sample rate");
		return SCAN_BROKEN;
	}
	if (rc != SCAN_DATA || rec->length > 0)
		return rc;
	n = find_length(in, err);
	if (n < 0)
		return (int)n;
	if (n == 0) {
		snprintf(why, RECORD_WHY, "record length is nowhere said");
		return SCAN_BROKEN;
	}
	rc = parse(in, (size_t)n, rec, why, err); /* now that the end is known, nothing behind it counts */
	rec->length = (uint32_t)n;
	return rc;
}

/* A control record: passed. */
static int control(struct msp_input *in, char why[RECORD_WHY], struct msp_error *err)
{
	int64_t n = find_length(in, err);

	if (n < 0)
		return (int)n;
	if (n == 0) {
		snprintf(why, RECORD_WHY, "control record without end");
		return SCAN_BROKEN;
	}
	in->skips.control++;
	feed_skip(&in->feed, (size_t)n);
	return MSP_OK;
}

int64_t scan_whole(struct msp_input *in, const struct record *rec, bool samples, const uint8_t **p, struct msp_error *err)
{
	bool pass = !samples && in->feed.known > 0 && rec->length >= SPARSE_MIN && rec->length <= SPARSE_MAX;

	in->feed.sparse = pass;
	return pass ? feed_there(&in->feed, rec->length, err) : feed_want(&in->feed, rec->length, p, err);
}

int scan_record(struct msp_input *in, struct record *rec, char why[RECORD_WHY], struct msp_error *err)
{
	size_t head = in->runs->header > RECORD_HEAD ? in->runs->header : RECORD_HEAD;
	int rc = MSP_OK;

	while (rc == MSP_OK) {
		const uint8_t *p;
		int64_t have = feed_want(&in->feed, in->feed.sparse ? head : LOOK, &p, err);

		if (have <= 0)
			return have < 0 ? (int)have : SCAN_END;
		if (have < RECORD_FIXED) {
			snprintf(why, RECORD_WHY, "%" PRId64 " bytes that are no record", have);
			return SCAN_BROKEN;
		}
		switch (record_classify(p)) {
		case RECORD_DATA:
			rc = header(in, (size_t)have, rec, why, err);
			break;
		case RECORD_CONTROL:
			rc = control(in, why, err);
			break;
		default:
			snprintf(why, RECORD_WHY, "not a miniSEED record");
			rc = SCAN_BROKEN;
		}
	}
	return rc;
}
