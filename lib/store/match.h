/* store/match.h - the inside of a filter, for who narrows a search by it */
#ifndef MSP_STORE_MATCH_H
#define MSP_STORE_MATCH_H

#include "mspipe/store.h"
#include "store/pattern.h"
#include "store/sorted.h"

enum msp_match_op {
	MSP_M_AND = 1, MSP_M_OR, MSP_M_NOR, MSP_M_NOT, /* of the children */
	MSP_M_EQ, MSP_M_LT, MSP_M_LTE, MSP_M_GT, MSP_M_GTE,
	MSP_M_IN, MSP_M_EXISTS, MSP_M_TYPE, MSP_M_REGEX, MSP_M_SIZE,
	MSP_M_ELEM_DOC,   /* an element is a document for which all children are true */
	MSP_M_ELEM_VALUE, /* an element for whose value all children are true */
	MSP_M_NEVER,
};

struct msp_match {
	int op;
	const char *path;  /* borrowed from the filter's copy; NULL inside ELEM_VALUE */
	bson_iter_t value; /* the operand */
	int64_t number;    /* SIZE; EXISTS: 0 or 1 */
	uint8_t types[32]; /* TYPE: bit set of BSON type bytes */
	struct msp_pattern **patterns; /* REGEX: one; IN: those of its list */
	size_t n_patterns;
	struct msp_sorted sorted; /* IN: its values, if they are many */
	bool *gave_up; /* the filter's */
	struct msp_match *child, *next;
};

struct msp_filter {
	bson_t copy;
	struct msp_match *root; /* an AND */
	bool *gave_up;          /* a regular expression has: what was answered since is not known to be right */
};

bool msp_match_is_null(const bson_iter_t *it);

#endif
