/* Records of many channels in one file, put together to contiguous runs.
 *
 * A channel is a set of codes. Its headers alone decide where a run begins and ends; a run keeps its number even when the
 * samples of a record in it cannot be decoded. What is gathered and given out is a piece: the run, or, if records in it do
 * not decode, the part before them, a dead stand-in for them, and the part after. So reading headers only
 * and reading samples number the same runs alike.
 */
#include "format/runs.h"
#include "format/ahead.h"
#include "format/channel.h"
#include "format/scan.h"
#include "mspipe/doc.h"
#include "format/steim.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define RATE_TOLERANCE 1e-4

/* ---- runs and pieces --------------------------------------------------- */

/* Whether the record goes on where the channel's run stands. Differences of times cannot overflow: see scan.c. */
static bool continues(const struct channel *c, const struct record *rec)
{
	double half = c->dt * 0.5e9;
	msp_time due;

	if (!c->in_run || c->type != mseed_type(rec->encoding) || fabs(c->dt / rec->dt - 1) > RATE_TOLERANCE)
		return false;
	due = c->start + msp_time_of_samples((int64_t)c->npts, c->dt);
	return fabs((double)(rec->start - c->next)) <= half && fabs((double)(rec->start - due)) <= half;
}

static bool of_channel(const struct channel *c, const struct msp_codes *codes)
{
	char net[8], sta[8], loc[8], chan[8];

	record_code(c->codes, CODE_NET, net);
	record_code(c->codes, CODE_STA, sta);
	record_code(c->codes, CODE_LOC, loc);
	record_code(c->codes, CODE_CHAN, chan);
	return strcmp(sta, codes->sta) == 0 && strcmp(chan, codes->chan) == 0 && strcmp(loc, codes->loc) == 0 && strcmp(net, codes->net) == 0;
}

static void begin_run(struct msp_input *in, struct channel *c, const struct record *rec)
{
	c->in_run = true;
	c->number = in->runs->numbers++;
	c->wanted = (!in->options.only || of_channel(c, in->options.only)) && input_wants(in, c->number);
	c->start = rec->start;
	c->npts = 0;
	c->dt = rec->dt;
	c->type = mseed_type(rec->encoding);
}

static void begin_piece(struct runs *r, struct channel *c, const struct record *rec, uint64_t offset)
{
	struct msp_bytes samples = c->piece.samples;

	if (samples.cap == 0) {
		samples = r->spare;
		r->spare = (struct msp_bytes){ 0 };
	}
	memset(&c->piece, 0, sizeof c->piece);
	c->piece.samples = samples;
	c->piece.samples.len = 0;
	c->piece.open = true;
	c->piece.start = rec->start;
	c->piece.first = *rec;
	c->piece.offset = offset;
	channel_link(r, c);
}

static void put_codes(struct msp_doc *d, const char codes[RECORD_CODES])
{
	static const struct { const char *key; enum record_code code; } order[] = {
		{ "net", CODE_NET }, { "sta", CODE_STA }, { "loc", CODE_LOC }, { "chan", CODE_CHAN } };
	char text[8];

	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		if (record_code(codes, order[i].code, text) > 0)
			msp_doc_string(d, order[i].key, text);
}

static int metadata(struct msp_object *o, const struct msp_input *in, const struct channel *c)
{
	const struct piece *p = &c->piece;
	struct msp_doc d;
	size_t sub;

	msp_doc_begin(&d, &o->metadata);
	put_codes(&d, c->codes);
	if (p->dead) {
		msp_doc_string(&d, "file", in->name);
		msp_doc_int64(&d, "offset", (int64_t)p->offset);
	}
	sub = msp_doc_open(&d, "mseed");
	msp_doc_string(&d, "dataquality", p->quality);
	msp_doc_string(&d, "encoding", record_encoding_name(p->first.encoding));
	msp_doc_string(&d, "byteorder", p->first.big ? ">" : "<");
	msp_doc_int32(&d, "record_length", (int32_t)p->first.length);
	if (p->records > INT32_MAX)
		msp_doc_int64(&d, "number_of_records", (int64_t)p->records);
	else
		msp_doc_int32(&d, "number_of_records", (int32_t)p->records);
	msp_doc_close(&d, sub);
	return msp_doc_end(&d);
}

static int log_piece(struct msp_object *o, const struct piece *p)
{
	char text[256];

	if (p->dead && p->records > 1)
		snprintf(text, sizeof text, "%" PRIu64 " records, the first at byte %" PRIu64 ": %s", p->records, p->offset, p->why);
	else if (p->dead)
		snprintf(text, sizeof text, "record at byte %" PRIu64 ": %s", p->offset, p->why);
	else
		snprintf(text, sizeof text,
		         "integrity check of Steim data failed in %" PRIu64 " of %" PRIu64
		         " records, the first at byte %" PRIu64 ": last sample is %d, the record says %d",
		         p->mismatches, p->records, p->mismatch_at, p->mismatch.got, p->mismatch.said);
	return p->dead ? msp_object_kill(o, "mseed", text) : msp_object_log(o, "mseed", MSP_COMPLAINT, text);
}

/* Memory that serves again: for the piece that begins next, if nobody has put some there before. */
static void put_aside(struct runs *r, struct msp_bytes *b)
{
	b->len = 0;
	if (b->cap == 0)
		b->data = NULL;
	else if (r->spare.cap < b->cap) {
		struct msp_bytes less = r->spare;

		r->spare = *b;
		*b = less;
	}
}

/* Gives out the piece of c: its sample buffer and o's change places. */
static int give(struct msp_input *in, struct channel *c, struct msp_object *o, struct msp_error *err)
{
	struct piece *p = &c->piece;
	int type = p->dead || in->options.headers ? MSP_NONE : c->type;
	int rc;

	p->open = false;
	channel_unlink(in->runs, c);
	if (msp_object_reset(o, MSP_TIMESERIES, type, 0) != MSP_OK)
		return input_nomem(in, err);
	o->start = p->start;
	o->dt = c->dt;
	o->npts = p->npts;
	if (type != MSP_NONE) {
		struct msp_bytes old = o->samples;

		o->samples = p->samples;
		p->samples = old;
		put_aside(in->runs, &p->samples);
	}
	in->span = (struct msp_input_span){ .offset = p->offset, .end = p->end, .last = p->last, .type = (uint8_t)c->type,
	                                    .mixed = p->end - p->offset != p->bytes };
	rc = metadata(o, in, c);
	if (rc == MSP_OK && (p->dead || p->mismatches > 0))
		rc = log_piece(o, p);
	o->npts = p->npts;
	in->run = c->number;
	return rc == MSP_OK ? 1 : input_nomem(in, err);
}

/* ---- one record -------------------------------------------------------- */

/* Decodes the record behind what the piece has. False: why is set and the piece is as it was; *nomem if memory ran out. */
static bool decode(struct channel *c, const struct record *rec, const uint8_t *p, struct mseed_check *check,
                   char why[RECORD_WHY], bool *nomem)
{
	struct piece *piece = &c->piece;
	size_t width = c->type == MSP_F64 ? 8 : 4;
	size_t need = piece->samples.len + (rec->nsamp + (size_t)STEIM_SLACK) * width;

	if (piece->samples.cap < need && msp_bytes_reserve(&piece->samples, need + piece->samples.len) != MSP_OK) {
		*nomem = true;
		return false;
	}
	if (!mseed_decode(rec, p, piece->samples.data + piece->samples.len, check, why)) {
		*nomem = check->nomem;
		return false;
	}
	piece->samples.len += rec->nsamp * width;
	return true;
}

static void note_quality(struct piece *p, char quality)
{
	size_t n = strlen(p->quality);

	if (strchr(p->quality, quality) == NULL && n + 1 < sizeof p->quality)
		p->quality[n] = quality;
}

static void advance(struct channel *c, const struct record *rec, uint64_t offset)
{
	struct piece *p = &c->piece;

	c->npts += rec->nsamp;
	c->next = rec->start + msp_time_of_samples(rec->nsamp, rec->dt);
	if (p->open) {
		p->npts += rec->nsamp;
		p->records++;
		p->bytes += rec->length;
		p->end = offset + rec->length;
		p->last = rec->start;
		note_quality(p, rec->quality);
	}
}

/* Takes the record's samples. 0: taken; 1: o is a piece that had to go first, the record was not taken; below 0: failure. */
static int take(struct msp_input *in, struct channel *c, const struct record *rec, const uint8_t *p, struct msp_object *o,
                struct msp_error *err)
{
	struct piece *piece = &c->piece;
	struct mseed_check check = { 0 };
	char why[RECORD_WHY] = "";
	bool nomem = false, fresh = !piece->open, good;

	if (fresh)
		begin_piece(in->runs, c, rec, in->feed.offset);
	if (c->type == MSP_NONE) {
		snprintf(why, sizeof why, "encoding %d is unknown", rec->encoding);
		good = false;
	} else {
		good = in->options.headers || decode(c, rec, p, &check, why, &nomem);
	}
	if (nomem)
		return input_nomem(in, err);
	if (!fresh && piece->dead == good) { /* the piece ends here; this record comes again, to a fresh one */
		if (piece->dead)
			piece->samples.len = 0;
		return give(in, c, o, err);
	}
	if (!good && fresh) {
		piece->dead = true;
		memcpy(piece->why, why, sizeof why);
	}
	if (check.mismatch && piece->mismatches++ == 0) {
		piece->mismatch = check;
		piece->mismatch_at = in->feed.offset;
	}
	return 0;
}

/* A record that is whole, and lies at p if its samples are wanted. As take(), which does not consume it; 0 says that it may be passed. */
static int record(struct msp_input *in, const struct record *rec, const uint8_t *p, struct msp_object *o, struct msp_error *err)
{
	struct channel *c;
	int rc;

	if (rec->encoding == ENC_ASCII) {
		in->skips.text++;
		return 0;
	}
	if (rec->nsamp == 0 || !(rec->dt > 0)) {
		in->skips.empty++;
		return 0;
	}
	c = channel_of(in->runs, rec->codes);
	if (c == NULL)
		return input_nomem(in, err);
	if (!continues(c, rec)) {
		if (c->piece.open)
			return give(in, c, o, err);
		begin_run(in, c, rec);
	}
	if (c->wanted) {
		rc = take(in, c, rec, p, o, err);
		if (rc != 0)
			return rc;
	}
	advance(c, rec, in->feed.offset);
	return 0;
}

/* ---- the file ---------------------------------------------------------- */

static void broken(struct msp_input *in, const char *why)
{
	struct runs *r = in->runs;

	r->ended = r->broken = true;
	r->broken_at = in->feed.offset;
	snprintf(r->why, sizeof r->why, "%s", why);
}

/* Whether the record's samples will be looked at. */
static bool wanted(struct msp_input *in, const struct record *rec)
{
	struct channel *c;

	if (in->options.headers)
		return false;
	c = channel_of(in->runs, rec->codes);
	return c == NULL || c->wanted || !continues(c, rec);
}

/* The record that begins here: 0: go on; 1: o was given; below 0: failure. */
static int step(struct msp_input *in, struct msp_object *o, struct msp_error *err)
{
	struct record rec;
	char why[RECORD_WHY];
	const uint8_t *p = NULL;
	int64_t n;
	int rc = scan_record(in, &rec, why, err);

	if (rc < 0)
		return rc;
	if (rc == SCAN_END) {
		in->runs->ended = true;
		return 0;
	}
	if (rc == SCAN_BROKEN) {
		broken(in, why);
		return 0;
	}
	n = scan_whole(in, &rec, wanted(in, &rec), &p, err);
	if (n < 0)
		return (int)n;
	if (n < (int64_t)rec.length) {
		snprintf(why, sizeof why, "partial record: %" PRId64 " of %u bytes", n, rec.length);
		broken(in, why);
		return 0;
	}
	rc = record(in, &rec, p, o, err);
	return rc == 0 ? feed_pass(&in->feed, rec.length, err) : rc;
}

bool runs_ended(const struct msp_input *in)
{
	return in->runs->ended;
}

int runs_next(struct msp_input *in, struct msp_object *o, struct msp_error *err)
{
	struct runs *r = in->runs;
	char why[RECORD_WHY + 32];
	int rc;

	if (!r->looked) {
		r->looked = true;
		rc = ahead_look(in, err);
		if (rc != MSP_OK)
			return rc;
	}
	while (!r->ended) {
		if (r->head != NULL && ahead_whole(in->ahead, r->head->number, r->head->piece.end, in->feed.offset))
			return give(in, r->head, o, err);
		rc = step(in, o, err);
		if (rc != 0)
			return rc;
	}
	if (r->head != NULL)
		return give(in, r->head, o, err);
	if (!r->broken)
		return 0;
	r->broken = false;
	in->run = r->numbers++;
	in->span = (struct msp_input_span){ .offset = r->broken_at, .end = r->broken_at, .type = MSP_NONE };
	if (!input_wants(in, in->run))
		return 0;
	snprintf(why, sizeof why, "byte %" PRIu64 ": %s", r->broken_at, r->why);
	rc = input_dead(in, o, r->broken_at, "mseed", why, err);
	return rc == MSP_OK ? 1 : rc;
}
