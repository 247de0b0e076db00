/* Polynomials of least squares. */
#ifndef SIGNAL_GRAM_H
#define SIGNAL_GRAM_H

#include <stddef.h>

/* Subtracts from x the polynomial of that order (< n, at most MSP_DETREND_MAX_ORDER) that fits it best.
 * path: enum msp_cpu. */
void msp_subtract_polynomial(double *x, size_t n, int order, int path);

#endif
