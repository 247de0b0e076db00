/* Where the runs of a miniSEED file end, known before their samples are read. See ahead.c. */
#ifndef FORMAT_AHEAD_H
#define FORMAT_AHEAD_H

#include "format/input.h"

struct ahead {
	uint64_t *end;    /* by a run's number: the byte behind its last record; 0 for runs that end before the file does */
	size_t n, room;
	uint64_t settled; /* the record at this offset is the last that ends a run */
	uint64_t bytes;   /* that there were, if its end was seen; else 0 */
};

/* Notes the run that an input for headers has just given. MSP_NOMEM. */
int ahead_note(struct ahead *a, const struct msp_input *headers) MSP_CHECKED;
/* That input has given all. */
void ahead_end(struct ahead *a, const struct msp_input *headers);
void ahead_free(struct ahead *a); /* NULL is allowed */

/* Before the first record of an input is read: in->ahead says where its runs end, if its plan does, or if the file can be read twice, which
 * is done here if it is worth it; the input stands where it stood. */
int ahead_look(struct msp_input *in, struct msp_error *err) MSP_CHECKED;
/* Whether a run that has come up to this byte is whole, with all runs given that end before the file does. offset: how far the input is read. */
bool ahead_whole(const struct ahead *a, uint64_t run, uint64_t end, uint64_t offset);

#endif
