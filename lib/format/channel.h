/* The channels of a miniSEED file, found by their codes, and what is open of each. See channel.c and runs.c. */
#ifndef FORMAT_CHANNEL_H
#define FORMAT_CHANNEL_H

#include "format/mseed.h"
#include "format/record.h"

struct piece {
	bool open, dead;
	msp_time start;
	uint64_t npts;
	struct msp_bytes samples;
	char quality[5];        /* every one met, in the order met */
	struct record first;    /* its first record's header */
	uint64_t records;
	uint64_t offset, end;   /* of its first record; behind its last */
	uint64_t bytes;         /* of its records */
	msp_time last;          /* start of its last record */
	char why[RECORD_WHY];   /* dead: the reason */
	uint64_t mismatches;    /* records whose last sample is not what they say */
	uint64_t mismatch_at;
	struct mseed_check mismatch;
};

struct channel {
	char codes[RECORD_CODES];
	bool in_run, wanted;
	uint64_t number;  /* of the run */
	msp_time start;   /* of the run */
	uint64_t npts;    /* of the run so far */
	msp_time next;    /* where the next record should start, counted from the last one */
	double dt;
	int type;
	struct piece piece;
	struct channel *before, *after; /* channels with an open piece, in the order in which those began */
};

struct runs {
	struct channel **slot; /* open addressing; size is a power of two */
	size_t size, used;
	struct channel *last;  /* the channel of the record before: records mostly come in a row */
	struct channel *head, *tail;
	struct msp_bytes spare; /* memory for the samples of a piece that begins */
	uint64_t numbers;
	bool looked;           /* ahead_look() was called */
	size_t header;         /* bytes that a header took, if it was more than RECORD_HEAD */
	bool ended;            /* nothing more can be read; what is open is given out */
	bool broken;           /* ... and a stand-in for the rest */
	uint64_t broken_at;
	char why[RECORD_WHY];
};

/* The channel of these codes, made if it is new. NULL: no memory. */
struct channel *channel_of(struct runs *r, const char codes[RECORD_CODES]);
/* The piece of c joins those that are open, last, or leaves them. */
void channel_link(struct runs *r, struct channel *c);
void channel_unlink(struct runs *r, struct channel *c);

#endif
