/* A fold from within: parts of one shape each, that can be joined in any order. */
#ifndef SIGNAL_FOLD_H
#define SIGNAL_FOLD_H

#include "signal/exactsum.h"

#include <math.h>

#define FOLD_DEAD 0 /* kind of the part that only counts dead members */

/* What members must have alike to be added. Comparable field by field, so that the order of shapes is the same everywhere. */
struct fold_shape {
	int64_t kind, relative, ncomp, dt, axes[9];
	int64_t phase; /* MSP_ALIGN_ZERO: place of the grid of samples, in 1/2000 of a sample, -999 .. 1000 */
};

struct extremes { /* the largest (or smallest) of what came to each sample */
	int64_t base;
	size_t n;
	double *v;
};

struct fold_part {
	struct fold_shape shape;
	uint64_t members;
	struct msp_id combined;
	double dt, tmatrix[9];          /* the smallest of the members' */
	bool cardinal, orthogonal, shift_valid;
	msp_time start, shift;          /* of the earliest member */
	int64_t index;                  /* its first sample on the grid */
	int64_t from, to;               /* the span: common or joint; 0, 0: nothing in common */
	struct msp_bytes common;        /* metadata, sorted by key */
	struct msp_exactsum sum[3], square[3];
	struct msp_exactsum edges;      /* MSP_SPAN_ALL: +1 where a member begins, -1 after its end */
	struct extremes extreme[3];
};

struct msp_fold {
	struct msp_fold_spec spec;
	struct fold_part **part; /* sorted by shape */
	size_t n;
};

int fold_no_memory(struct msp_error *err);
struct fold_part *fold_part_new(void);
void fold_part_free(struct fold_part *p);
/* Fills in shape and index. MSP_KILL with the reason if o cannot enter any fold. */
int fold_shape_of(const struct msp_fold *f, const struct msp_object *o, struct fold_part *p, struct msp_error *err) MSP_CHECKED;
int fold_shape_compare(const struct fold_shape *a, const struct fold_shape *b);
bool fold_has_sums(const struct msp_fold *f);
bool fold_has_extremes(const struct msp_fold *f);
/* Adds b, all of whose samples move by shift, to a. The shapes are not compared. b is not to be used afterwards. */
int fold_join(const struct msp_fold *f, struct fold_part *a, struct fold_part *b, int64_t shift) MSP_CHECKED;
/* Adds p to the part of its shape; takes it. */
int fold_take(struct msp_fold *f, struct fold_part *p) MSP_CHECKED;
/* MSP_FAIL if a span of samples would not fit into the permitted memory. */
int fold_check_span(const struct msp_fold *f, int64_t from, int64_t to, int64_t ncomp, struct msp_error *err);

/* Makes the samples of o doubles. MSP_KILL with the reason if one of them cannot enter. */
int fold_check_samples(const struct msp_fold *f, struct msp_object *o, struct msp_error *err) MSP_CHECKED;
/* Adds the squares of x[0 .. n - 1] to sums from `at` on, each as two doubles, which are exact together. */
int fold_add_squares(struct msp_exactsum *s, int64_t at, const double *x, size_t n) MSP_CHECKED;
/* -0 is less than +0, so that the order does not matter. */
static inline double fold_larger(double a, double b)
{
	if (a == b)
		return signbit(a) ? b : a;
	return a > b ? a : b;
}
int extremes_cover(struct extremes *x, int64_t from, int64_t to, double fill);
/* n samples v, the first at sample `at`. */
int extremes_add(const struct msp_fold *f, struct extremes *x, int64_t at, const double *v, size_t n) MSP_CHECKED;

#endif
