/* mspipe/recordings.h - what msread does with its sources: choosing, cutting, numbering, telling
 *
 * * A selection decides which objects come out; recordings are files (miniSEED, SAC, msp) that are read by one. Objects from
 * elsewhere, such as a store, go through msp_recordings_put(). In libmspipe. */
#ifndef MSPIPE_RECORDINGS_H
#define MSPIPE_RECORDINGS_H

#include "mspipe/format.h"
#include "mspipe/gather.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Texts and lists are borrowed; they are msread's options of the same names. */
struct msp_recordings_options {
	int from;          /* enum msp_format; MSP_FORMAT_UNKNOWN: told by the content */
	struct msp_strings exprs;
	msp_time start, end; /* MSP_OPT_UNSET: none */
	const char *part;    /* "I/N", or NULL */
	int64_t limit;       /* below 0: none */
	bool headers;
	const char *sort, *group; /* lists of keys, or NULL */
	uint64_t max_memory;
};

struct msp_recordings; /* opaque */

/* To be called in start(). NULL: msp_job_error() says why. */
MSP_API struct msp_recordings *msp_recordings_new(struct msp_job *job, const struct msp_recordings_options *options) MSP_CHECKED;
MSP_API void msp_recordings_free(struct msp_recordings *r); /* NULL is allowed */

/* The stream's origin: what the sources are and what is selected, but not which part. Before the first object; looks at
 * standard input. */
MSP_API int msp_recordings_origin(struct msp_recordings *r, const struct msp_sources *sources) MSP_CHECKED;
/* Reads a source that is no store. */
MSP_API int msp_recordings_read(struct msp_recordings *r, const struct msp_source *source) MSP_CHECKED;
/* For the tool's flow(): an object of a stream that is read as a source. */
MSP_API int msp_recordings_flow(struct msp_recordings *r, struct msp_object *o) MSP_CHECKED;
/* Everything has been read: what waits to be sorted and grouped comes out, and what is to be told is told. */
MSP_API int msp_recordings_drain(struct msp_recordings *r) MSP_CHECKED;

/* Whether --limit is reached: nothing more is to be read. */
MSP_API bool msp_recordings_full(const struct msp_recordings *r);
MSP_API uint64_t msp_recordings_bytes(const struct msp_recordings *r); /* looked at so far in files */

/* ---- for sources of another kind --------------------------------------- */

MSP_API struct msp_expr *const *msp_recordings_exprs(const struct msp_recordings *r); /* options.exprs.n of them, compiled */
MSP_API void msp_recordings_part(const struct msp_recordings *r, uint32_t *part, uint32_t *parts);
MSP_API uint64_t msp_recordings_left(const struct msp_recordings *r); /* of the limit; UINT64_MAX: there is none */
MSP_API void msp_recordings_count(struct msp_recordings *r, uint64_t chosen); /* so many were chosen elsewhere */
#define MSP_RECORDING_ORIGIN 1u  /* its id is that of its origin; else it comes from a stage before */
#define MSP_RECORDING_TROUBLE 2u /* the last entry of its log is to be told */
#define MSP_RECORDING_CHANGED 4u /* it is another object than the stage before had */
#define MSP_RECORDING_ARRANGE 8u /* it is sorted with the others; else it comes out at once */
/* Cuts an object that was chosen, and gives it out. An object of which nothing is left, and one of relative time where a time
 * is asked for, is not given out. */
MSP_API int msp_recordings_put(struct msp_recordings *r, struct msp_object *o, unsigned flags) MSP_CHECKED;
/* Tells of a source how many of the objects that it gave are dead or doubtful, and why the first. */
MSP_API void msp_recordings_tell(struct msp_recordings *r, const char *name);

#ifdef __cplusplus
}
#endif
#endif
