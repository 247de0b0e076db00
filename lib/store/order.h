/* store/order.h - MongoDB's order of values, and bytes that sort as they do */
#ifndef MSP_STORE_ORDER_H
#define MSP_STORE_ORDER_H

#include "mspipe/core.h"

/* Ranks of types: values of different rank are ordered by it, and are never equal. */
enum {
	MSP_R_MINKEY = 1, MSP_R_EMPTY, MSP_R_NULL = 5, MSP_R_NUMBER = 10, MSP_R_STRING = 15, MSP_R_DOCUMENT = 20,
	MSP_R_ARRAY = 25, MSP_R_BINARY = 30, MSP_R_OID = 35, MSP_R_BOOL = 40, MSP_R_DATE = 45, MSP_R_TIMESTAMP = 47,
	MSP_R_REGEX = 50, MSP_R_DBPOINTER = 55, MSP_R_CODE = 60, MSP_R_SCOPE = 65, MSP_R_MAXKEY = 127,
};

int msp_rank(const bson_iter_t *it);
/* A number as a double: not exact for all integers. */
double msp_number(const bson_iter_t *it);
/* Below, equal to or above 0. NaN is the least number and equals itself. Numbers of all types are compared by their exact values, but
 * a decimal128 by the double nearest to it. */
int msp_order(const bson_iter_t *a, const bson_iter_t *b);
/* Appends bytes that sort by memcmp() as msp_order() does, and of which none is another's beginning. it NULL: a
 * missing key, as null. */
int msp_order_key(const bson_iter_t *it, struct msp_bytes *out) MSP_CHECKED;

#endif
