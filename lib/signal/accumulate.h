/* The running combination of series on one grid of samples: what a stack and a fold have in common. */
#ifndef SIGNAL_ACCUMULATE_H
#define SIGNAL_ACCUMULATE_H

#include "signal/exactsum.h"

struct held { /* a member that the median must keep */
	double *x;
	int64_t first;
	uint64_t n;
};

/* Samples first .. first + n - 1 of the grid, ncomp components. Zeroed by accumulate_init(). */
struct accumulate {
	int op;            /* enum msp_stack_op */
	bool all;          /* MSP_SPAN_ALL: the joint span, a weight for each sample; else the common one */
	uint32_t ncomp;
	uint64_t members;  /* so far */
	int64_t first;
	uint64_t n;
	int64_t base;      /* the grid's sample that sum[0] belongs to; component c is at sum + c * room */
	uint64_t room;
	struct msp_exactsum exact[3]; /* sums and means: component c's sums; samples count from the grid's 0 */
	double *sum;       /* what else is a sum */
	double *weight;    /* sum of weights at each sample, if all */
	double total;      /* sum of weights */
	struct held *held; /* median: the members */
	uint64_t held_room, held_bytes, max_memory;
};

void accumulate_init(struct accumulate *a, const struct msp_stack_spec *spec, uint32_t ncomp);
void accumulate_free(struct accumulate *a); /* and zeroes it */

/* Adds n samples (component c at x + c * n), the first of which is sample `first` of the grid. weight counts
 * only for MSP_STACK_WEIGHTED. MSP_KILL: max_memory cannot hold the span. MSP_FAIL: nor its members. */
int accumulate_add(struct accumulate *a, const double *x, int64_t first, uint64_t n, double weight,
                   struct msp_error *err);

/* Writes the result, a->n samples of each component (component c at out + c * a->n). MSP_KILL if a sample is
 * beyond the range of a double. */
int accumulate_finish(struct accumulate *a, double *out, struct msp_error *err);

#endif
