/* Opening a foreign file, telling what it is, and handing it to its reader. */
#include "format/ahead.h"
#include "format/input.h"
#include "format/record.h"
#include "format/runs.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const names[] = { "unknown", "msp", "mseed", "sac" };

int msp_format_parse(const char *name)
{
	for (int f = MSP_FORMAT_MSP; f <= MSP_FORMAT_SAC; f++)
		if (strcasecmp(name, names[f]) == 0)
			return f;
	return strcasecmp(name, "miniseed") == 0 ? MSP_FORMAT_MSEED : MSP_FORMAT_UNKNOWN;
}

int msp_format_of_ending(const char *path)
{
	const char *dot = strrchr(path, '.');

	if (!dot || strchr(dot, '/'))
		return MSP_FORMAT_UNKNOWN;
	return strcasecmp(dot, ".ms") == 0 ? MSP_FORMAT_MSEED : msp_format_parse(dot + 1);
}

const char *msp_format_name(int format)
{
	return format >= MSP_FORMAT_MSP && format <= MSP_FORMAT_SAC ? names[format] : names[0];
}

/* A stream is told by its frame's magic number or by its header's: one damaged byte must not turn a
 * broken stream, which is an error, into an unknown file, which is a dead object. */
static bool is_msp(const uint8_t *p, size_t n)
{
	static const uint8_t frame[4] = { 0x50, 0x2a, 0x4d, 0x18 };
	size_t head = n < 4 ? n : 4;

	if (n > 0 && (p[0] & 0xf0) == 0x50 && memcmp(p + 1, frame + 1, head - 1) == 0)
		return true;
	return n >= 12 && memcmp(p + 8, "MSP", 3) == 0;
}

int msp_format_sniff(const void *data, size_t n)
{
	const uint8_t *p = data;

	if (is_msp(p, n))
		return MSP_FORMAT_MSP;
	if (n >= RECORD_FIXED && record_classify(p) != RECORD_NOT)
		return MSP_FORMAT_MSEED;
	return sac_sniff(p, n) ? MSP_FORMAT_SAC : MSP_FORMAT_UNKNOWN;
}

int input_nomem(struct msp_input *in, struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "%s: out of memory", in->name);
}

bool input_wants(struct msp_input *in, uint64_t n)
{
	if (in->options.want == NULL || in->options.want(in->options.want_context, n))
		return true;
	in->skips.unwanted++;
	return false;
}

int input_dead(struct msp_input *in, struct msp_object *o, uint64_t offset, const char *algorithm, const char *reason,
               struct msp_error *err)
{
	char text[256];
	size_t i = 0;

	for (; reason[i] != '\0' && i + 1 < sizeof text; i++)
		text[i] = reason[i];
	text[i] = '\0';
	if (msp_object_reset(o, MSP_TIMESERIES, MSP_NONE, 0) != MSP_OK ||
	    msp_meta_set_string(o, "file", in->name) != MSP_OK ||
	    msp_meta_set_int(o, "offset", offset > INT64_MAX ? INT64_MAX : (int64_t)offset) != MSP_OK ||
	    msp_object_kill(o, algorithm, text) != MSP_OK)
		return input_nomem(in, err);
	return MSP_OK;
}

static struct msp_input *begin(const char *name, const struct msp_input_options *options, struct msp_error *err)
{
	struct msp_input *in = calloc(1, sizeof *in);

	if (in != NULL) {
		if (options != NULL)
			in->options = *options;
		in->name = strdup(name);
		in->runs = runs_new();
	}
	if (in == NULL || in->name == NULL || in->runs == NULL) {
		msp_input_free(in);
		msp_error_set(err, MSP_NOMEM, "%s: out of memory", name);
		return NULL;
	}
	in->feed.fd = -1;
	in->feed.name = in->name;
	in->feed.offset = in->options.offset;
	in->feed.left = in->options.size > 0 ? in->options.size : UINT64_MAX;
	in->feed.least = in->options.least;
	in->feed.poll = in->options.poll;
	in->feed.context = in->options.context;
	return in;
}

/* Tells the format. */
static struct msp_input *look(struct msp_input *in, struct msp_error *err)
{
	const uint8_t *p;
	int64_t n = feed_want(&in->feed, MSP_FORMAT_SNIFF, &p, err);

	if (n < 0) {
		msp_input_free(in);
		return NULL;
	}
	in->format = in->options.format != MSP_FORMAT_UNKNOWN ? in->options.format : msp_format_sniff(p, (size_t)n);
	return in;
}

struct msp_input *msp_input_open(int fd, const char *name, const struct msp_input_options *options, struct msp_error *err)
{
	struct msp_input *in = begin(name, options, err);

	if (in == NULL)
		return NULL;
	in->feed.fd = fd;
	feed_measure(&in->feed);
	in->feed.sparse = in->options.headers && in->feed.known > 0;
	return look(in, err);
}

struct msp_input *msp_input_memory(const void *data, size_t n, const char *name, const struct msp_input_options *options,
                                   struct msp_error *err)
{
	static const uint8_t nothing;
	struct msp_input *in = begin(name, options, err);

	if (in == NULL)
		return NULL;
	in->feed.buf = (uint8_t *)(uintptr_t)(n > 0 ? data : &nothing); /* cap 0 says that nobody writes there */
	in->feed.len = n > in->feed.left ? (size_t)in->feed.left : n;
	in->feed.eof = true;
	return look(in, err);
}

struct msp_input *msp_input_dead(const char *name, const char *reason, struct msp_error *err)
{
	struct msp_input *in = begin(name, NULL, err);

	if (in == NULL)
		return NULL;
	in->why = strdup(reason);
	if (in->why == NULL) {
		input_nomem(in, err);
		msp_input_free(in);
		return NULL;
	}
	in->feed.eof = true;
	return in;
}

void msp_input_free(struct msp_input *in)
{
	if (in == NULL)
		return;
	runs_free(in->runs);
	ahead_free(in->own_ahead);
	feed_free(&in->feed);
	free(in->name);
	free(in->why);
	free(in);
}

int msp_input_format(const struct msp_input *in)
{
	return in->format;
}

const void *msp_input_peeked(const struct msp_input *in, size_t *n)
{
	*n = in->feed.len - in->feed.pos;
	return in->feed.buf + in->feed.pos;
}

const struct msp_input_skips *msp_input_skipped(const struct msp_input *in)
{
	return &in->skips;
}

uint64_t msp_input_run(const struct msp_input *in)
{
	return in->run;
}

void msp_input_span(const struct msp_input *in, struct msp_input_span *out)
{
	*out = in->span;
}

bool msp_input_first(void *unused, uint64_t run)
{
	(void)unused;
	return run == 0;
}

uint64_t msp_input_offset(const struct msp_input *in)
{
	return in->feed.offset;
}

static int unknown_next(struct msp_input *in, struct msp_object *o, struct msp_error *err)
{
	const char *why = in->why != NULL ? in->why : in->feed.len == 0 ? "the file is empty" : "neither miniSEED, SAC nor msp";
	int rc;

	if (in->done || !input_wants(in, 0))
		return 0;
	in->done = true;
	rc = input_dead(in, o, in->options.offset, "format", why, err);
	return rc == MSP_OK ? 1 : rc;
}

int msp_input_next(struct msp_input *in, struct msp_object *o, struct msp_error *err)
{
	switch (in->format) {
	case MSP_FORMAT_MSEED:
		return in->feed.offset == in->options.offset && in->feed.len == 0 ? unknown_next(in, o, err)
		                                                                   : runs_next(in, o, err);
	case MSP_FORMAT_SAC:
		return sac_next(in, o, err);
	case MSP_FORMAT_MSP:
		return msp_error_set(err, MSP_USAGE, "%s: an msp stream, not a foreign file", in->name);
	}
	return unknown_next(in, o, err);
}
