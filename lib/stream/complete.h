/* Private to lib/stream: which segments of which streams have come. */
#ifndef STREAM_COMPLETE_H
#define STREAM_COMPLETE_H

#include "mspipe/stream.h"

struct interval {
	uint64_t from, to; /* inclusive */
};

/* Segments that belong together: one origin, part and pipeline. */
struct origin {
	struct msp_id id, pipeline;
	uint32_t part, parts;
	struct interval *seen; /* sorted, apart from each other */
	size_t n, cap;
	bool has_last;
	uint64_t last; /* the segment with more = 0 */
};

struct origins {
	struct origin *item;
	size_t n, cap;
	size_t current; /* the one met last: a stream's segments mostly follow one another */
	uint32_t *slot; /* hash table: place in item + 1, or 0 */
	size_t slots;   /* a power of two, at least 2 * n */
};

/* Counts a segment. MSP_CORRUPT if it came before, or contradicts what came; the text has no input name. */
int msp_origins_add(struct origins *o, const struct msp_header *h, bool more, struct msp_error *err);
/* Is everything there? */
int msp_origins_check(const struct origins *o, struct msp_error *err);
void msp_origins_free(struct origins *o);

#endif
