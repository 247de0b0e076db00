/* store/csvfile.h - tables of text while they are read */
#ifndef MSP_STORE_CSVFILE_H
#define MSP_STORE_CSVFILE_H

#include "store/spool.h"
#include "store/textin.h"

enum csv_type { CSV_UNTOLD, CSV_INT, CSV_DOUBLE, CSV_STRING, CSV_BOOL, CSV_TIME, CSV_OID };

struct csv_column {
	char *key;
	int type;                           /* enum csv_type */
	bool no_int, no_double, no_bool, no_oid; /* of what was met */
	bool met;
};

struct csv_field {
	const char *text; /* with a NUL after it */
	size_t len;
	bool quoted;
};

/* A row being read: its fields one after the other in text. */
struct csv_row {
	struct msp_bytes text;
	size_t *at; /* where each begins: a byte that is 1 if it was quoted, then its text and a NUL */
	size_t n, room;
	uint64_t line;
};

/* ---- csvrow.c */
/* The next row that is not empty: 1; 0 at the end. */
int csv_row_read(struct msp_textin *in, char delimiter, struct csv_row *row, struct msp_error *err) MSP_CHECKED;
struct csv_field csv_row_field(const struct csv_row *row, size_t i);
void csv_row_free(struct csv_row *row);

/* ---- csvtype.c */
/* Types by options and schema; MSP_USAGE. */
int csv_types(struct csv_column *column, size_t n, const struct msp_csv_options *o, struct msp_error *err) MSP_CHECKED;
/* Looks at a field of a column whose type is not told. */
void csv_type_meet(struct csv_column *c, const struct csv_field *f);
/* After all were met. */
int csv_type_settle(const struct csv_column *c);
/* Appends a field: 1; 0: it is no such value; -1: no room. */
int csv_append(const struct csv_column *c, int type, const struct csv_field *f, bson_t *out);
const char *csv_type_name(int type);

#endif
