/* expr/regex.h - regular expressions: PCRE2, as MongoDB has them, so that a store chooses the same objects */
#ifndef EXPR_REGEX_H
#define EXPR_REGEX_H

#include "expr/expr.h"

struct expr_regex; /* opaque */

/* MSP_USAGE with the reason in why (no position), MSP_NOMEM. Freed by expr_regex_free(). */
int expr_regex_compile(struct expr_regex **out, const char *pattern, struct msp_error *why);
void expr_regex_free(struct expr_regex *r); /* NULL is allowed */
/* 1 if it matches anywhere, 0 if not; MSP_KILL: it took too many steps; MSP_NOMEM. */
int expr_regex_match(struct expr_regex *r, const char *text, size_t n);

#endif
