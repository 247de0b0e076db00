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

#endif
