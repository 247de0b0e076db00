/* What the readers of this room share: the input, and stand-ins for what could not be read. */
#ifndef FORMAT_INPUT_H
#define FORMAT_INPUT_H

#include "format/feed.h"
#include "mspipe/format.h"

struct runs; /* miniSEED: see runs.h */
struct ahead; /* see ahead.h */

struct msp_input {
	struct feed feed;
	char *name;
	int format;
	struct msp_input_options options;
	struct msp_input_skips skips;
	uint64_t run;      /* number of the object last given */
	struct msp_input_span span; /* and where it lies */
	char *why;         /* there is no file, for this reason */
	bool done;         /* formats of one object: it was given */
	struct runs *runs; /* miniSEED */
	const struct ahead *ahead; /* where its runs end, if that is known */
	struct ahead *own_ahead;   /* and nobody else has looked */
};

/* Makes o the dead time series that stands for bytes from offset on, for the reason given. algorithm is the format's name. */
int input_dead(struct msp_input *in, struct msp_object *o, uint64_t offset, const char *algorithm, const char *reason,
               struct msp_error *err) MSP_CHECKED;
/* Whether the caller wants run number n; counts those it does not. */
bool input_wants(struct msp_input *in, uint64_t n);
/* Sets err to "NAME: out of memory". Returns MSP_NOMEM. */
int input_nomem(struct msp_input *in, struct msp_error *err);

/* The SAC reader: as msp_input_next(). */
int sac_next(struct msp_input *in, struct msp_object *o, struct msp_error *err) MSP_CHECKED;
/* True if these n bytes begin a SAC file, of any header version. */
bool sac_sniff(const uint8_t *p, size_t n);

#endif
