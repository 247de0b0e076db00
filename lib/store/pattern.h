/* store/pattern.h - regular expressions of filters */
#ifndef MSP_STORE_PATTERN_H
#define MSP_STORE_PATTERN_H

#include "mspipe/core.h"

struct msp_pattern;

/* A PCRE pattern with MongoDB's options. MSP_USAGE, by name, for what would not mean exactly the same here. */
int msp_pattern_compile(const char *pattern, const char *options, struct msp_pattern **out, struct msp_error *err) MSP_CHECKED;
bool msp_pattern_match(const struct msp_pattern *p, const char *text, size_t n);
void msp_pattern_free(struct msp_pattern *p); /* NULL is allowed */

#endif
