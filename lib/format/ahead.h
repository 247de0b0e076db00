/* Where the runs of a miniSEED file end, known before their samples are read. See ahead.c. */
#ifndef FORMAT_AHEAD_H
#define FORMAT_AHEAD_H

#include "format/input.h"

struct ahead {
	uint64_t *end;    /* by a run's number: the byte behind its last record; 0 for runs that end before the file does */
	size_t n, room;
	uint64_t settled; /* the record at this offset is the last that ends a run */
};

/* Reads the headers of all records of a file that can be read twice, if it is worth it, and goes back to where the input stands. Afterwards
 * in->ahead says where its runs end, or is NULL as before. */
int ahead_look(struct msp_input *in, struct msp_error *err) MSP_CHECKED;
/* Whether a run that has come up to this byte is whole, with all runs given that end before the file does. offset: how far the input is read. */
bool ahead_whole(const struct ahead *a, uint64_t run, uint64_t end, uint64_t offset);
void ahead_free(struct ahead *a); /* NULL is allowed */

#endif
