/* Regular expressions of filters: PCRE2 over UTF-8, as in MongoDB, with MongoDB's options. */
#include "store/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#define MAX_STEPS 1000000 /* of one match: a backtracking matcher takes for ever on some short patterns */
#define MAX_HEAP_KIB 20000

struct msp_pattern {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
};

static int compile(struct msp_pattern *p, const char *pattern, const char *options, struct msp_error *err)
{
	/* what is no UTF-8 in a value matches nothing, and is no error */
	uint32_t flags = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
	PCRE2_UCHAR text[120];
	PCRE2_SIZE offset;
	int code;

	for (; *options; options++) {
		switch (*options) {
		case 'i': flags |= PCRE2_CASELESS; break;
		case 'm': flags |= PCRE2_MULTILINE; break;
		case 's': flags |= PCRE2_DOTALL; break;
		case 'x': flags |= PCRE2_EXTENDED; break;
		case 'u': break;
		default: return msp_error_set(err, MSP_USAGE, "regular expression: there is no option %c", *options);
		}
	}
	p->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, flags, &code, &offset, NULL);
	if (p->code)
		return MSP_OK;
	if (code == PCRE2_ERROR_HEAP_FAILED)
		return msp_error_set(err, MSP_NOMEM, "no memory left");
	if (pcre2_get_error_message(code, text, sizeof(text)) < 0)
		text[0] = '\0';
	return msp_error_set(err, MSP_USAGE, "regular expression: %s (at byte %zu)", (const char *)text, (size_t)offset);
}

int msp_pattern_compile(const char *pattern, const char *options, struct msp_pattern **out, struct msp_error *err)
{
	struct msp_pattern *p = calloc(1, sizeof(*p));
	int r = p ? compile(p, pattern, options, err) : msp_error_set(err, MSP_NOMEM, "no memory left");

	*out = NULL;
	if (r == MSP_OK) {
		p->match = pcre2_match_data_create(1, NULL);
		p->limits = pcre2_match_context_create(NULL);
		if (!p->match || !p->limits)
			r = msp_error_set(err, MSP_NOMEM, "no memory left");
	}
	if (r != MSP_OK) {
		msp_pattern_free(p);
		return r;
	}
	pcre2_set_match_limit(p->limits, MAX_STEPS);
	pcre2_set_depth_limit(p->limits, MAX_STEPS);
	pcre2_set_heap_limit(p->limits, MAX_HEAP_KIB);
	*out = p;
	return MSP_OK;
}

int msp_pattern_match(struct msp_pattern *p, const char *text, size_t n)
{
	int s = pcre2_match(p->code, (PCRE2_SPTR)text, n, 0, 0, p->match, p->limits);

	if (s >= 0)
		return 1;
	return s == PCRE2_ERROR_NOMATCH ? 0 : -1;
}

void msp_pattern_free(struct msp_pattern *p)
{
	if (!p)
		return;
	pcre2_code_free(p->code);
	pcre2_match_data_free(p->match);
	pcre2_match_context_free(p->limits);
	free(p);
}
