/* store/pattern.h - regular expressions of filters */
#ifndef MSP_STORE_PATTERN_H
#define MSP_STORE_PATTERN_H

#include "mspipe/core.h"

struct msp_pattern;

/* A PCRE pattern with MongoDB's options i m s x. */
int msp_pattern_compile(const char *pattern, const char *options, struct msp_pattern **out, struct msp_error *err) MSP_CHECKED;
/* 1, 0, or -1: the match took more steps or memory than is allowed. */
int msp_pattern_match(struct msp_pattern *p, const char *text, size_t n);
void msp_pattern_free(struct msp_pattern *p); /* NULL is allowed */

#endif
