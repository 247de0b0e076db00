/* Where the records of a miniSEED file begin. See scan.c. */
#ifndef FORMAT_SCAN_H
#define FORMAT_SCAN_H

#include "format/input.h"
#include "format/record.h"

enum scan { SCAN_DATA = 1, SCAN_END, SCAN_BROKEN };

/* Reads the header of the next data record, which begins where the feed then stands; its length is known, but not whether it is all there.
 * SCAN_END: nothing follows. SCAN_BROKEN: what follows is no record, and why says why not. Below 0: failure. */
int scan_record(struct msp_input *in, struct record *rec, char why[RECORD_WHY], struct msp_error *err) MSP_CHECKED;
/* How many bytes of the record are there: fewer than it is long at the end of the file, or below 0. With samples they lie at *p; without, it
 * is only known that they are there. feed_pass() goes on behind it. */
int64_t scan_whole(struct msp_input *in, const struct record *rec, bool samples, const uint8_t **p, struct msp_error *err) MSP_CHECKED;

#endif
