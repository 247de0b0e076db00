/* The door to libmseed: samples of records to numbers, and objects to records.
 *
 * Encodings of today are decoded here and in steim.c; those of past recorders (GEOSCOPE, CDSN, SRO, DWWSSN) by
 * libmseed, to which each such record is given under a minimal header of our own making. So it never sees a header that somebody else wrote.
 */
#include "format/mseed.h"
#include "format/steim.h"
#include "mspipe/format.h"

#include <libmseed.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int mseed_type(int encoding)
{
	switch (encoding) {
	case ENC_INT16: case ENC_INT32: case ENC_STEIM1: case ENC_STEIM2:
	case ENC_GEOSCOPE24: case ENC_GEOSCOPE163: case ENC_GEOSCOPE164: case ENC_CDSN: case ENC_SRO: case ENC_DWWSSN:
		break;
	case ENC_FLOAT32:
		return MSP_F32;
	case ENC_FLOAT64:
		return MSP_F64;
	default:
		return MSP_NONE;
	}
	/* libmseed gives GEOSCOPE's gain-ranged samples as floats */
	return encoding >= ENC_GEOSCOPE24 && encoding <= ENC_GEOSCOPE164 ? MSP_F32 : MSP_I32;
}

/* ---- reading ----------------------------------------------------------- */

static void quiet(char *message)
{
	(void)message;
}

/* libmseed takes its settings from the environment and prints to stderr unless told otherwise. Its
 * globals always get the same values here, so it does not matter who sets them. */
static void tame(void)
{
	MS_UNPACKHEADERBYTEORDER(-1);
	MS_UNPACKDATABYTEORDER(-1);
	MS_UNPACKENCODINGFORMAT(-1);
	MS_PACKHEADERBYTEORDER(-1);
	MS_PACKDATABYTEORDER(-1);
	ms_loginit(quiet, NULL, quiet, NULL);
}

static void copy_words(void *out, const uint8_t *p, size_t n, size_t width, bool big)
{
	uint8_t *to = out;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	bool swap = big;
#else
	bool swap = !big;
#endif
	memcpy(to, p, n * width);
	if (!swap)
		return;
	if (width == 4) {
		for (size_t i = 0; i < n; i++) {
			uint32_t w;

			memcpy(&w, p + 4 * i, 4);
			w = __builtin_bswap32(w);
			memcpy(to + 4 * i, &w, 4);
		}
	} else {
		for (size_t i = 0; i < n; i++) {
			uint64_t w;

			memcpy(&w, p + 8 * i, 8);
			w = __builtin_bswap64(w);
			memcpy(to + 8 * i, &w, 8);
		}
	}
}

static void copy_shorts(int32_t *out, const uint8_t *p, size_t n, bool big)
{
	for (size_t i = 0; i < n; i++)
		out[i] = (int16_t)(big ? p[2 * i] << 8 | p[2 * i + 1] : p[2 * i + 1] << 8 | p[2 * i]);
}

static bool decode_steim(const struct record *r, const uint8_t *p, size_t size, int32_t *out, struct mseed_check *check,
                         char why[RECORD_WHY])
{
	int level = r->encoding == ENC_STEIM1 ? 1 : 2;
	struct steim_result s;

	steim_decode(level, p, size, r->big, r->nsamp, out, &s);
	if (s.bad_code) {
		snprintf(why, RECORD_WHY, "Steim-%d code that does not exist after %u of %u samples", level, s.decoded, r->nsamp);
		return false;
	}
	if (s.decoded < r->nsamp) {
		snprintf(why, RECORD_WHY, "Steim-%d frames hold %u of %u samples", level, s.decoded, r->nsamp);
		return false;
	}
	check->got = out[r->nsamp - 1];
	check->said = s.last;
	check->mismatch = check->got != check->said;
	return true;
}

/* The bytes of a fixed header and a blockette 1000, enough for libmseed: 64 bytes. */
static void minimal_header(uint8_t *h, const struct record *r, unsigned power)
{
	static const uint8_t start[8] = { 2000 >> 8, 2000 & 255, 0, 1, 0, 0, 0, 0 };

	memset(h, 0, 64);
	memcpy(h, "000001D XXXXXXXXXXXX", 20);
	memcpy(h + 20, start, sizeof start);
	h[30] = (uint8_t)(r->nsamp >> 8);
	h[31] = (uint8_t)r->nsamp;
	h[33] = 1;  /* rate factor */
	h[35] = 1;  /* multiplier */
	h[39] = 1;  /* number of blockettes */
	h[45] = 64; /* data */
	h[47] = 48; /* blockette */
	h[48] = 1000 >> 8;
	h[49] = 1000 & 255;
	h[52] = (uint8_t)r->encoding;
	h[53] = r->big;
	h[54] = (uint8_t)power;
}

/* Sizes are checked before. libmseed fails for want of memory, or over a gain that does not exist (SRO). */
static bool decode_old(const struct record *r, const uint8_t *p, size_t size, void *out, struct mseed_check *check,
                       char why[RECORD_WHY])
{
	MSRecord *msr = NULL;
	unsigned power = 7;
	uint8_t *copy;
	bool ok;

	while (((size_t)1 << power) < 64 + size)
		power++;
	copy = calloc(1, (size_t)1 << power);
	if (copy == NULL) {
		check->nomem = true;
		return false;
	}
	minimal_header(copy, r, power);
	memcpy(copy + 64, p, size);
	tame();
	ok = msr_unpack((char *)copy, 1 << power, &msr, 1, 0) == MS_NOERROR && msr->datasamples != NULL &&
	     msr->numsamples == (int64_t)r->nsamp && ms_samplesize(msr->sampletype) == 4;
	if (ok)
		memcpy(out, msr->datasamples, 4 * (size_t)r->nsamp);
	check->nomem = !ok && (msr == NULL || msr->datasamples == NULL);
	if (!ok)
		snprintf(why, RECORD_WHY, "%s samples that do not exist", record_encoding_name(r->encoding));
	msr_free(&msr);
	free(copy);
	return ok;
}

bool mseed_decode(const struct record *r, const uint8_t *p, void *out, struct mseed_check *check, char why[RECORD_WHY])
{
	size_t bits = 32, size;

	if (r->data < RECORD_FIXED || r->data >= r->length) {
		snprintf(why, RECORD_WHY, "samples outside the record, at byte %u of %u", r->data, r->length);
		return false;
	}
	size = r->length - r->data;
	p += r->data;
	switch (r->encoding) {
	case ENC_STEIM1:
	case ENC_STEIM2:
		return decode_steim(r, p, size, out, check, why);
	case ENC_FLOAT64:
		bits = 64;
		break;
	case ENC_GEOSCOPE24:
		bits = 24;
		break;
	case ENC_INT16: case ENC_GEOSCOPE163: case ENC_GEOSCOPE164: case ENC_CDSN: case ENC_SRO: case ENC_DWWSSN:
		bits = 16;
	}
	if (r->nsamp > size * 8 / bits) {
		snprintf(why, RECORD_WHY, "room for %zu of %u samples", size * 8 / bits, r->nsamp);
		return false;
	}
	if (r->encoding == ENC_INT16)
		copy_shorts(out, p, r->nsamp, r->big);
	else if (r->encoding == ENC_INT32 || r->encoding == ENC_FLOAT32 || r->encoding == ENC_FLOAT64)
		copy_words(out, p, r->nsamp, bits / 8, r->big);
	else
		return decode_old(r, p, r->nsamp * bits / 8, out, check, why);
	return true;
}

/* ---- writing ----------------------------------------------------------- */

struct sink {
	struct msp_bytes *out;
	bool failed;
};

static void take_record(char *record, int length, void *context)
{
	struct sink *s = context;

	if (msp_bytes_append(s->out, record, (size_t)length) != MSP_OK)
		s->failed = true;
}

static int put_code(const struct msp_object *o, const char *key, size_t room, char *to, struct msp_error *err)
{
	const char *text = msp_meta_string(o, key, "");
	size_t n = strlen(text);

	if (n > room)
		return msp_error_set(err, MSP_KILL, "%s \"%s\" is longer than miniSEED's %zu characters", key, text, room);
	for (size_t i = 0; i < n; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return msp_error_set(err, MSP_KILL, "%s \"%s\" is not plain ASCII without blanks", key, text);
	memcpy(to, text, n + 1);
	return MSP_OK;
}

static int check_object(const struct msp_object *o, struct msp_error *err)
{
	struct msp_calendar first, last;

	if (o->kind != MSP_TIMESERIES || !o->live)
		return msp_error_set(err, MSP_KILL, "no live time series");
	if (o->relative)
		return msp_error_set(err, MSP_KILL, "relative time: miniSEED holds UTC only");
	if (o->npts == 0 || o->samples.len / 4 < o->npts)
		return msp_error_set(err, MSP_KILL, "no samples");
	if (!(o->dt >= 1e-9 && o->dt <= 1e8))
		return msp_error_set(err, MSP_KILL, "sample interval %g s is beyond what miniSEED holds", o->dt);
	if (o->type != MSP_I32 && o->type != MSP_F32 && o->type != MSP_F64)
		return msp_error_set(err, MSP_KILL, "samples of type %u", o->type);
	msp_time_to_calendar(o->start, &first);
	msp_time_to_calendar(msp_object_end(o), &last);
	if (first.year < 1900 || last.year > 2100 || last.year < first.year)
		return msp_error_set(err, MSP_KILL, "miniSEED holds the years 1900 to 2100");
	return MSP_OK;
}

/* Whether every difference fits the 30 bits of Steim-2. */
static bool fits_steim2(const struct msp_object *o)
{
	const int32_t *x = (const int32_t *)(const void *)o->samples.data;

	for (uint64_t i = 1; i < o->npts; i++) {
		int64_t d = (int64_t)x[i] - x[i - 1];

		if (d < -(1 << 29) || d >= 1 << 29)
			return false;
	}
	return true;
}

static int encoding_of(const struct msp_object *o, struct msp_format_notes *notes)
{
	if (o->type == MSP_F64)
		return DE_FLOAT64;
	if (o->type == MSP_F32)
		return DE_FLOAT32;
	if (fits_steim2(o))
		return DE_STEIM2;
	notes->not_steim = true;
	return DE_INT32;
}

/* Appends a blockette of that type and size, zeroed. libmseed's own function leaves the chain broken when memory runs out
 * in the middle of it. NULL: no memory. */
static void *add_blockette(MSRecord *msr, uint16_t type, uint16_t size)
{
	BlktLink *link = calloc(1, sizeof *link), **last = &msr->blkts;

	if (link == NULL)
		return NULL;
	link->blkt_type = type;
	link->blktdatalen = size;
	link->blktdata = calloc(1, size);
	if (link->blktdata == NULL) {
		free(link);
		return NULL;
	}
	while (*last != NULL)
		last = &(*last)->next;
	*last = link;
	return link->blktdata;
}

/* The fixed header and the blockettes: 1000; 100, where factor and multiplier alone do not hold the rate; 1001 for the microseconds.
 * libmseed fills in what they say. */
static bool add_header(MSRecord *msr, double dt, struct msp_format_notes *notes)
{
	int16_t factor = 0, multiplier = 0;
	double held = 0;

	if (ms_genfactmult(msr->samprate, &factor, &multiplier) == 0)
		held = ms_nomsamprate(factor, multiplier);
	notes->rate_rounded = fabs(held * dt - 1) > 1e-12;
	msr->fsdh = calloc(1, sizeof *msr->fsdh);
	msr->Blkt1000 = add_blockette(msr, 1000, sizeof *msr->Blkt1000);
	if (notes->rate_rounded) {
		msr->Blkt100 = add_blockette(msr, 100, sizeof *msr->Blkt100);
		if (msr->Blkt100 == NULL)
			return false;
		msr->Blkt100->samprate = (float)msr->samprate;
	}
	msr->Blkt1001 = add_blockette(msr, 1001, sizeof *msr->Blkt1001);
	return msr->fsdh != NULL && msr->Blkt1000 != NULL && msr->Blkt1001 != NULL;
}

static char quality_of(const struct msp_object *o)
{
	const char *q = msp_meta_string(o, "mseed.dataquality", "D");

	return q[0] != '\0' && strchr("DRQM", q[0]) != NULL && q[1] == '\0' ? q[0] : 'D';
}

static int pack(MSRecord *msr, const struct msp_object *o, struct msp_bytes *out, struct msp_error *err)
{
	struct sink sink = { out, false };
	size_t before = out->len;
	int64_t packed = 0;

	/* libmseed reads these samples and does not write them */
	msr->datasamples = (void *)(uintptr_t)o->samples.data;
	msr->numsamples = msr->samplecnt = (int64_t)o->npts;
	if (msr_pack(msr, take_record, &sink, &packed, 1, 0) > 0 && packed == (int64_t)o->npts && !sink.failed) {
		msr->datasamples = NULL;
		return MSP_OK;
	}
	msr->datasamples = NULL;
	out->len = before;
	if (sink.failed)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	/* what it cannot hold was refused before */
	return msp_error_set(err, MSP_FAIL, "libmseed does not write it: out of memory?");
}

int msp_mseed_write(const struct msp_object *o, const struct msp_mseed_options *options, struct msp_bytes *out,
                    struct msp_format_notes *notes, struct msp_error *err)
{
	uint32_t length = options != NULL && options->record_length > 0 ? options->record_length : 4096;
	struct msp_format_notes scrap;
	MSRecord *msr;
	int rc = check_object(o, err);

	if (rc != MSP_OK)
		return rc;
	if (length < 256 || length > 32768 || (length & (length - 1)) != 0)
		return msp_error_set(err, MSP_USAGE, "record length %u is no power of two from 256 to 32768", length);
	if (notes == NULL)
		notes = &scrap;
	memset(notes, 0, sizeof *notes);
	tame();
	msr = msr_init(NULL);
	if (msr == NULL)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	if ((rc = put_code(o, "net", 2, msr->network, err)) != MSP_OK || (rc = put_code(o, "sta", 5, msr->station, err)) != MSP_OK ||
	    (rc = put_code(o, "loc", 2, msr->location, err)) != MSP_OK || (rc = put_code(o, "chan", 3, msr->channel, err)) != MSP_OK) {
		msr_free(&msr);
		return rc;
	}
	msr->reclen = (int32_t)length;
	msr->dataquality = quality_of(o);
	/* to the nearest microsecond, in a way that is right before 1970, too */
	msr->starttime = (o->start - (o->start % 1000 + 1000) % 1000) / 1000 + ((o->start % 1000 + 1000) % 1000 >= 500);
	notes->time_rounded = o->start % 1000 != 0;
	msr->samprate = 1 / o->dt;
	msr->encoding = (int8_t)encoding_of(o, notes);
	msr->byteorder = 1;
	msr->sampletype = o->type == MSP_I32 ? 'i' : o->type == MSP_F32 ? 'f' : 'd';
	rc = add_header(msr, o->dt, notes) ? pack(msr, o, out, err) : msp_error_set(err, MSP_NOMEM, "out of memory");
	msr_free(&msr);
	return rc;
}
