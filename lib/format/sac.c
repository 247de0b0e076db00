/* SAC binary files, read: header versions 6 and 7, both byte orders. */
#include "format/decimal.h"
#include "mspipe/doc.h"
#include "format/input.h"
#include "format/sacheader.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* SAC numbers its footer's doubles like this, by the floats that they replace. */
static const uint8_t footer_of[22] = { 0, 5, 6, 7, 8, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 36, 35, 32, 31, 54, 55 };

struct sac {
	bool big;
	double number[SAC_FLOATS]; /* NaN: undefined */
	int32_t whole[SAC_INTS];
	char text[SAC_TEXTS][17];
	uint64_t npts;
};

static uint32_t get32(const uint8_t *p, bool big)
{
	return big ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3]
	           : (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static int32_t header_int(const uint8_t *p, int i, bool big)
{
	return (int32_t)get32(p + 4 * (SAC_FLOATS + (size_t)i), big);
}

static bool logical(int32_t v)
{
	return v == 0 || v == 1 || v == SAC_UNDEFINED;
}

static bool plausible(const uint8_t *p, bool big)
{
	int32_t version = header_int(p, SAC_NVHDR, big), type = header_int(p, SAC_IFTYPE, big);

	return version >= 1 && version <= 20 && ((type >= 1 && type <= 200) || type == SAC_UNDEFINED) &&
	       logical(header_int(p, SAC_LEVEN, big)) && logical(header_int(p, SAC_LPSPOL, big)) &&
	       logical(header_int(p, SAC_LOVROK, big)) && logical(header_int(p, SAC_LCALDA, big));
}

bool sac_sniff(const uint8_t *p, size_t n)
{
	return n >= SAC_TEXT_AT && (plausible(p, false) || plausible(p, true));
}

/* ---- header ------------------------------------------------------------ */

/* Without the blanks at the end; "" if undefined. Bytes that are not UTF-8 or not printable become '?'. */
static void copy_text(char *out, const uint8_t *p, size_t n)
{
	size_t len = 0;
	bool utf8;

	while (len < n && p[len] != '\0')
		len++;
	while (len > 0 && p[len - 1] == ' ')
		len--;
	if (len >= 6 && memcmp(p, "-12345", 6) == 0)
		len = 0;
	memcpy(out, p, len);
	out[len] = '\0';
	utf8 = bson_utf8_validate(out, len, false);
	for (size_t i = 0; i < len; i++) {
		uint8_t c = (uint8_t)out[i];

		if (c < ' ' || c == 0x7f || (c >= 0x80 && !utf8))
			out[i] = '?';
	}
}

static void parse(struct sac *s, const uint8_t *p)
{
	/* a header that is plausible neither way is read as little-endian, and then found wanting */
	s->big = plausible(p, true) && !plausible(p, false);
	for (int i = 0; i < SAC_FLOATS; i++) {
		uint32_t bits = get32(p + 4 * (size_t)i, s->big);
		float f;

		memcpy(&f, &bits, sizeof f);
		s->number[i] = !isfinite(f) || f == (float)SAC_UNDEFINED ? NAN : float_decimal(f);
		if (i == SAC_B && isfinite(s->number[i]))
			s->number[i] = (double)f; /* a point in time, not a product of n: what the file says, to the ns */
	}
	for (int i = 0; i < SAC_INTS; i++)
		s->whole[i] = header_int(p, i, s->big);
	for (int i = 0; i < SAC_TEXTS; i++)
		copy_text(s->text[i], p + sac_text_at(i), sac_text_length(i));
}

static void parse_footer(struct sac *s, const uint8_t *p)
{
	for (size_t i = 0; i < sizeof footer_of; i++) {
		uint64_t bits = 0;
		double d;

		for (size_t k = 0; k < 8; k++)
			bits = bits << 8 | p[8 * i + (s->big ? k : 7 - k)];
		memcpy(&d, &bits, sizeof d);
		s->number[footer_of[i]] = !isfinite(d) || d == SAC_UNDEFINED ? NAN : d;
	}
}

/* What is wrong with the header, or NULL. */
static const char *complaint(const struct sac *s, char why[96])
{
	int32_t version = s->whole[SAC_NVHDR], type = s->whole[SAC_IFTYPE];

	if (version != 6 && version != 7) {
		snprintf(why, 96, "SAC header version %d is unknown", version);
		return why;
	}
	if (type != SAC_ITIME && type != SAC_IXY && type != SAC_UNDEFINED) {
		snprintf(why, 96, "SAC file type %d is no time series", type);
		return why;
	}
	if (s->whole[SAC_LEVEN] == 0)
		return "SAC file is not evenly sampled";
	if (s->whole[SAC_NPTS] <= 0) {
		snprintf(why, 96, "SAC header says %d samples", s->whole[SAC_NPTS]);
		return why;
	}
	return NULL;
}

static const char *interval_complaint(const struct sac *s, char why[96])
{
	char text[32];

	if (s->number[SAC_DELTA] > 0 && s->number[SAC_DELTA] <= 1e9)
		return NULL;
	if (isnan(s->number[SAC_DELTA]))
		return "SAC header says no sample interval";
	snprintf(why, 96, "SAC header says sample interval %s", msp_double_format(s->number[SAC_DELTA], text));
	return why;
}

/* ---- time -------------------------------------------------------------- */

/* The reference time. False: undefined or impossible. */
static bool reference(const struct sac *s, msp_time *out)
{
	const int32_t *nz = s->whole + SAC_NZYEAR;
	struct msp_calendar c = { .year = nz[0], .yday = nz[1], .hour = nz[2], .minute = nz[3], .second = nz[4],
	                          .nanosecond = 0 };
	int32_t ms = nz[5] == SAC_UNDEFINED ? 0 : nz[5];

	for (int i = 0; i < 5; i++)
		if (nz[i] == SAC_UNDEFINED)
			return false;
	if (ms < 0 || ms > 999)
		return false;
	c.nanosecond = ms * 1000000;
	return msp_time_from_yday(&c, out) == MSP_OK;
}

/* The start: reference plus b. False with why if the two do not make a time. */
static bool start_time(const struct sac *s, struct msp_object *o, const char **why)
{
	msp_time b = 0, ref = 0;

	*why = "SAC header says an impossible time";
	if (!isnan(s->number[SAC_B]) && msp_time_from_seconds(s->number[SAC_B], &b) != MSP_OK)
		return false;
	o->relative = !reference(s, &ref);
	return !__builtin_add_overflow(ref, b, &o->start);
}

/* ---- metadata ---------------------------------------------------------- */

static void put_code(struct msp_doc *d, const char *key, const char *text)
{
	if (text[0] != '\0')
		msp_doc_string(d, key, text);
}

static void put_rest(struct msp_doc *d, const struct sac *s)
{
	for (int i = 0; i < SAC_FLOATS; i++)
		if (sac_float_names[i] != NULL && !sac_float_is_derived(i) && !isnan(s->number[i]))
			msp_doc_double(d, sac_float_names[i], s->number[i]);
	for (int i = 0; i < SAC_INTS; i++)
		if (sac_int_names[i] != NULL && !sac_int_is_derived(i) && s->whole[i] != SAC_UNDEFINED)
			msp_doc_int32(d, sac_int_names[i], s->whole[i]);
	for (int i = 0; i < SAC_TEXTS; i++)
		if (!sac_text_is_code(i) && s->text[i][0] != '\0')
			msp_doc_string(d, sac_text_names[i], s->text[i]);
}

static int metadata(const struct msp_input *in, const struct sac *s, bool dead, struct msp_object *o)
{
	struct msp_doc d;
	size_t sub;

	msp_doc_begin(&d, &o->metadata);
	put_code(&d, "net", s->text[SAC_KNETWK]);
	put_code(&d, "sta", s->text[SAC_KSTNM]);
	put_code(&d, "loc", s->text[SAC_KHOLE]);
	put_code(&d, "chan", s->text[SAC_KCMPNM]);
	if (dead) {
		msp_doc_string(&d, "file", in->name);
		msp_doc_int64(&d, "offset", (int64_t)in->options.offset);
	}
	sub = msp_doc_open(&d, "sac");
	put_rest(&d, s);
	msp_doc_close(&d, sub);
	return msp_doc_end(&d);
}

/* ---- samples ----------------------------------------------------------- */

/* Reads up to npts floats: memory grows with what is there, not with what the header claims. Gives how many bytes there were. */
static int64_t read_samples(struct msp_input *in, uint64_t npts, bool keep, struct msp_bytes *out, struct msp_error *err)
{
	uint8_t scrap[16384];
	uint64_t total = 4 * npts, done = 0;

	out->len = 0;
	if (!keep && feed_known(&in->feed, total)) {
		int rc = feed_pass(&in->feed, (size_t)total, err);

		return rc < 0 ? rc : (int64_t)total;
	}
	while (done < total) {
		size_t piece = total - done < ((size_t)1 << 20) ? (size_t)(total - done) : (size_t)1 << 20;
		int64_t got;

		if (!keep && piece > sizeof scrap)
			piece = sizeof scrap;
		if (keep && out->cap < out->len + piece && msp_bytes_reserve(out, 2 * out->len + piece) != MSP_OK)
			return input_nomem(in, err);
		got = feed_read(&in->feed, keep ? out->data + out->len : scrap, piece, err);
		if (got < 0)
			return got;
		done += (uint64_t)got;
		if (keep)
			out->len += (size_t)got;
		if ((size_t)got < piece)
			break;
	}
	return (int64_t)done;
}

static void swap_samples(struct msp_bytes *b, bool big)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	bool swap = big;
#else
	bool swap = !big;
#endif
	for (size_t i = 0; swap && i + 4 <= b->len; i += 4) {
		uint32_t w;

		memcpy(&w, b->data + i, 4);
		w = __builtin_bswap32(w);
		memcpy(b->data + i, &w, 4);
	}
}

/* What follows the samples: the footer, if any, and then nothing. *why is set if that is not so. Returns below 0 on failure. */
static int64_t read_rest(struct msp_input *in, struct sac *s, const char **why, struct msp_error *err)
{
	uint8_t footer[SAC_FOOTER];
	const uint8_t *p;
	int64_t n;

	if (s->whole[SAC_NVHDR] == 7) {
		n = feed_read(&in->feed, footer, sizeof footer, err);
		if (n < 0)
			return n;
		if (n < SAC_FOOTER) {
			*why = "SAC footer is missing or cut short";
			return 0;
		}
		parse_footer(s, footer);
	}
	n = feed_want(&in->feed, 1, &p, err);
	if (n > 0)
		*why = "the file goes on behind the samples that the SAC header says";
	return n;
}

static int body(struct msp_input *in, struct sac *s, struct msp_object *o, const char **why, char text[96], struct msp_error *err)
{
	int64_t n;

	*why = complaint(s, text);
	if (*why != NULL)
		return MSP_OK;
	s->npts = (uint64_t)s->whole[SAC_NPTS];
	n = read_samples(in, s->npts, !in->options.headers, &o->samples, err);
	if (n < 0)
		return (int)n;
	if ((uint64_t)n < 4 * s->npts) {
		snprintf(text, 96, "SAC header says %" PRIu64 " samples, the file holds %" PRId64, s->npts, n / 4);
		*why = text;
		return MSP_OK;
	}
	n = read_rest(in, s, why, err);
	if (n < 0)
		return (int)n;
	swap_samples(&o->samples, s->big);
	if (*why == NULL)
		*why = interval_complaint(s, text);
	return MSP_OK;
}

int sac_next(struct msp_input *in, struct msp_object *o, struct msp_error *err)
{
	uint8_t header[SAC_HEADER];
	struct sac s;
	char text[96];
	const char *why = NULL, *when;
	int64_t n;
	int rc;

	if (in->done || !input_wants(in, 0))
		return 0;
	in->done = true;
	n = feed_read(&in->feed, header, sizeof header, err);
	if (n < 0)
		return (int)n;
	if (n < SAC_HEADER) {
		rc = input_dead(in, o, in->options.offset, "sac", n == 0 ? "the file is empty" : "SAC header is cut short", err);
		return rc == MSP_OK ? 1 : rc;
	}
	if (msp_object_reset(o, MSP_TIMESERIES, in->options.headers ? MSP_NONE : MSP_F32, 0) != MSP_OK)
		return input_nomem(in, err);
	memset(&s, 0, sizeof s);
	parse(&s, header);
	rc = body(in, &s, o, &why, text, err);
	if (rc != MSP_OK)
		return rc;
	if (!start_time(&s, o, &when) && why == NULL)
		why = when;
	o->dt = isnan(s.number[SAC_DELTA]) ? 0 : s.number[SAC_DELTA];
	o->npts = s.npts;
	in->span = (struct msp_input_span){ .offset = in->options.offset, .end = in->feed.offset, .type = MSP_F32 };
	rc = metadata(in, &s, why != NULL, o);
	if (rc == MSP_OK && why != NULL)
		rc = msp_object_kill(o, "sac", why);
	return rc == MSP_OK ? 1 : input_nomem(in, err);
}
