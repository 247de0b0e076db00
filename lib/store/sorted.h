/* store/sorted.h - the values of an array in MongoDB's order */
#ifndef MSP_STORE_SORTED_H
#define MSP_STORE_SORTED_H

#include "mspipe/core.h"

/* A bson_iter_t alone is smaller than its alignment, and cannot be an element of an array. */
struct msp_boxed_value {
	bson_iter_t it;
};

struct msp_sorted {
	struct msp_boxed_value *value; /* as they stand in the array */
	const bson_iter_t **place;     /* the same, sorted */
	size_t n;
};

/* array: before its first element. What it iterates over has to stay. MSP_NOMEM. */
int msp_sorted_make(const bson_iter_t *array, size_t n, struct msp_sorted *out) MSP_CHECKED;
/* Whether a value is among them; NULL, a missing key, is as null. */
bool msp_sorted_has(const struct msp_sorted *s, const bson_iter_t *value);
void msp_sorted_free(struct msp_sorted *s);

#endif
