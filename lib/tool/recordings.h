/* tool/recordings.h - what selection.c and recordings.c share */
#ifndef MSP_TOOL_RECORDINGS_H
#define MSP_TOOL_RECORDINGS_H

#include "mspipe/recordings.h"

#define RECORDINGS_NAMED 10 /* sources whose dead objects are told one by one */

struct msp_recordings {
	struct msp_job *job;
	struct msp_recordings_options options;
	struct msp_expr **expr;
	uint32_t part, parts;
	const struct msp_sources *sources;
	struct msp_share *share;    /* one for each; NULL: parts are made by counting */
	const struct msp_share *here; /* of the source being read, unless its objects are counted */
	uint64_t chosen_here;
	uint64_t stream_size, block_at; /* of a stream; where its block lies, if that is not divided, or 0 */
	bool relaying, own_due;     /* objects that are no stream's have come, here or in another part, since the last stream */
	uint64_t chosen;            /* units that the selection had so far: what --part and --limit count */
	bool full;                  /* --limit is reached */
	bool inside, keep_ensemble; /* of a relayed stream */
	struct msp_arrange *arrange; /* --sort, --group */
	struct msp_input *standard; /* standard input, looked at already */
	uint64_t bytes, told;       /* bytes met; sources whose troubles were told */
	uint64_t objects, dead, complaints; /* of the source being read */
	char first[200];            /* its first trouble */
	uint64_t all_dead;
};

bool recordings_windowed(const struct msp_recordings *r);
/* 1: the object is in the selection, is to come out here, and was counted; 0: not; below 0: failure. context is the
 * msp_recordings. */
int recordings_choose(void *context, struct msp_object *o);
/* Gives out an object whose origin is here. */
int recordings_give(struct msp_recordings *r, struct msp_object *o) MSP_CHECKED;
int recordings_nomem(struct msp_recordings *r); /* MSP_NOMEM */

/* ---- parts.c: what of files belongs to this part, where that is told by their sizes ---- */

/* Divides the sources, if they are read in parts. */
int recordings_share(struct msp_recordings *r) MSP_CHECKED;
/* Begins a source: sets r->here. False: it has nothing for this part, and is not even looked at. */
bool recordings_enter(struct msp_recordings *r, const struct msp_source *s);
/* Whether the object that was chosen now comes out in this part (or may; see msp_plan_divide()). */
bool recordings_ours(struct msp_recordings *r);
/* Reads what of an open file is ours, if that is told already: it is a stream, or nothing of it is ours. 1: done; 0: to be read as without parts; below 0: failure. */
int recordings_part(struct msp_recordings *r, const struct msp_source *s, int fd) MSP_CHECKED;
/* What a part has of its own it has also where that is nothing: its streams are those of the other parts. */
int recordings_settle(struct msp_recordings *r) MSP_CHECKED;

#endif
