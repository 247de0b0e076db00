/* store/schema.h - schema.def as data */
#ifndef MSP_STORE_SCHEMA_H
#define MSP_STORE_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

enum msp_schema_type {
	MSP_S_INT = 1, MSP_S_DOUBLE, MSP_S_TEXT, MSP_S_TRUTH, MSP_S_DICT, MSP_S_LIST, MSP_S_OID, MSP_S_BYTES,
};
enum msp_schema_constraint { MSP_S_REQUIRED = 1, MSP_S_NORMAL, MSP_S_OPTIONAL, MSP_S_XREF };
enum msp_schema_kind { MSP_S_COLLECTION = 1, MSP_S_KEY, MSP_S_INDEX };

struct msp_schema_row {
	int kind;         /* enum msp_schema_kind */
	const char *name; /* of the collection or key; of an index, its keys separated by spaces */
	int type, constraint;
	const char *reference, *aliases;
};

/* The rows after a collection's own, up to the next collection; NULL if the schema has none of that name. */
const struct msp_schema_row *msp_schema(const char *collection);
/* The row after r, or NULL at the collection's end. */
const struct msp_schema_row *msp_schema_next(const struct msp_schema_row *r);

#endif
