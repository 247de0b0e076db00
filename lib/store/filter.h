/* store/filter.h - what the parts of the parser of filters share: filter.c, filter_value.c */
#ifndef MSP_STORE_FILTER_H
#define MSP_STORE_FILTER_H

#include "store/match.h"

struct msp_match_parse {
	struct msp_error *err;
	const char *path; /* NULL inside $elemMatch of values */
	bool *gave_up;
};

int msp_match_memory(struct msp_match_parse *p);
/* A node; one that is the last of parent's children. NULL: no memory. */
struct msp_match *msp_match_node(int op, const char *path);
struct msp_match *msp_match_add(struct msp_match *parent, int op, const char *path);

/* Conditions on the value at p->path, added to parent. */
int msp_match_leaf(struct msp_match_parse *p, struct msp_match *parent, int op, const bson_iter_t *value) MSP_CHECKED;
/* A regular expression of BSON's. */
int msp_match_pattern(struct msp_match_parse *p, struct msp_match *parent, const bson_iter_t *value) MSP_CHECKED;
/* {$regex: pattern, $options: options} */
int msp_match_regex(struct msp_match_parse *p, struct msp_match *parent, const bson_iter_t *value, const bson_iter_t *operators) MSP_CHECKED;
/* name: $in or $nin. */
int msp_match_in(struct msp_match_parse *p, struct msp_match *parent, const char *name, const bson_iter_t *value) MSP_CHECKED;
int msp_match_type(struct msp_match_parse *p, struct msp_match *parent, const bson_iter_t *value) MSP_CHECKED;
int msp_match_exists(struct msp_match_parse *p, struct msp_match *parent, const bson_iter_t *value) MSP_CHECKED;
int msp_match_size(struct msp_match_parse *p, struct msp_match *parent, const bson_iter_t *value) MSP_CHECKED;

#endif
