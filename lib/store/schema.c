/* The schema of schema.def as an array. */
#include "store/schema.h"

#include <string.h>

#define COLLECTION(name) {MSP_S_COLLECTION, #name, 0, 0, "", ""},
#define KEY(name, type, constraint, reference, aliases) {MSP_S_KEY, #name, TYPE_##type, MSP_S_##constraint, reference, aliases},
#define INDEX(keys) {MSP_S_INDEX, keys, 0, 0, "", ""},

enum {
	TYPE_INT = MSP_S_INT, TYPE_DOUBLE = MSP_S_DOUBLE, TYPE_STRING = MSP_S_TEXT, TYPE_BOOL = MSP_S_TRUTH,
	TYPE_DICT = MSP_S_DICT, TYPE_LIST = MSP_S_LIST, TYPE_OID = MSP_S_OID, TYPE_BYTES = MSP_S_BYTES,
};

static const struct msp_schema_row rows[] = {
#include "store/schema.def"
	{0, "", 0, 0, "", ""},
};

const struct msp_schema_row *msp_schema(const char *collection)
{
	for (const struct msp_schema_row *r = rows; r->kind; r++)
		if (r->kind == MSP_S_COLLECTION && strcmp(r->name, collection) == 0)
			return r + 1;
	return NULL;
}

const struct msp_schema_row *msp_schema_next(const struct msp_schema_row *r)
{
	r++;
	return r->kind == MSP_S_KEY || r->kind == MSP_S_INDEX ? r : NULL;
}
