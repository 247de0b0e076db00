/* Regular expressions, by PCRE2. This file alone includes it.
 *
 * A backtracking matcher takes for ever on some short patterns: the steps, depth and memory of a match are limited, and one that
 * exceeds a limit has no answer, which the expression counts. */
#include "expr/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

/* The library counts anew from each place where a match may begin, so that a long text has as many times the steps: all
 * of them together are limited, too. */
#define MAX_STEPS 1000000    /* from one place: about 10 ms */
#define MAX_ALL 100000000.0  /* about 1 s */
#define MAX_HEAP_KIB 20000

struct expr_regex {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
};

static int no_memory(struct msp_error *why)
{
	return msp_error_set(why, MSP_NOMEM, "out of memory");
}

static int compile(struct expr_regex *r, const char *pattern, pcre2_compile_context *context, struct msp_error *why)
{
	/* what is no UTF-8 in a value matches nothing, and is no error */
	const uint32_t options = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C;
	PCRE2_UCHAR text[120];
	PCRE2_SIZE offset;
	int code;

	pcre2_set_max_pattern_length(context, MSP_EXPR_PATTERN);
	r->code = pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, options, &code, &offset, context);
	if (r->code)
		return MSP_OK;
	if (code == PCRE2_ERROR_HEAP_FAILED)
		return no_memory(why);
	if (pcre2_get_error_message(code, text, sizeof(text)) < 0)
		text[0] = '\0';
	return msp_error_set(why, MSP_USAGE, "%s", (const char *)text);
}

int expr_regex_compile(struct expr_regex **out, const char *pattern, struct msp_error *why)
{
	struct expr_regex *r = calloc(1, sizeof(*r));
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	int s = r && context ? compile(r, pattern, context, why) : no_memory(why);

	pcre2_compile_context_free(context);
	if (s == MSP_OK) {
		r->match = pcre2_match_data_create(1, NULL);
		r->limits = pcre2_match_context_create(NULL);
		if (!r->match || !r->limits)
			s = no_memory(why);
	}
	if (s < 0) {
		expr_regex_free(r);
		return s;
	}
	pcre2_set_depth_limit(r->limits, MAX_STEPS);
	pcre2_set_heap_limit(r->limits, MAX_HEAP_KIB);
	*out = r;
	return MSP_OK;
}

void expr_regex_free(struct expr_regex *r)
{
	if (!r)
		return;
	pcre2_code_free(r->code);
	pcre2_match_data_free(r->match);
	pcre2_match_context_free(r->limits);
	free(r);
}

int expr_regex_match(struct expr_regex *r, const char *text, size_t n)
{
	double each = MAX_ALL / ((double)n + 1);
	int s;

	pcre2_set_match_limit(r->limits, each < MAX_STEPS ? (uint32_t)each : MAX_STEPS);
	/* an empty value may have no text at all */
	s = pcre2_match(r->code, (PCRE2_SPTR)(text ? text : ""), n, 0, 0, r->match, r->limits);

	if (s >= 0)
		return 1;
	if (s == PCRE2_ERROR_NOMATCH)
		return 0;
	return s == PCRE2_ERROR_NOMEMORY ? MSP_NOMEM : MSP_KILL;
}
