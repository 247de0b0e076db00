/* The two passes of a straight line over samples. */
#ifndef SIGNAL_TREND_H
#define SIGNAL_TREND_H

#include "signal/cpu.h"

#include <stddef.h>

/* Sums of d = x - ref, and of d * (i - (n - 1) / 2). path: enum msp_cpu. */
struct trend_sums {
	double sum, moment;
};
struct trend_sums msp_trend_sums(const double *x, size_t n, double ref, int path);

/* x[i] -= a + b * i */
void msp_subtract_line(double *x, size_t n, double a, double b, int path);

#endif
