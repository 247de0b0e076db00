/* Looking for NaN and infinity. */
#include "mspipe/signal.h"

#include <math.h>
#include <string.h>

/* x * 0 is 0 for finite x, else NaN, and NaN stays in a sum: one product and one sum per sample. */
static bool all_finite(const double *x, size_t n)
{
	typedef double v4 __attribute__((vector_size(32)));
	v4 sum[4] = {{0}};
	double rest = 0;
	size_t i;

	for (i = 0; i + 16 <= n; i += 16) {
		v4 v[4];

		memcpy(v, x + i, sizeof v);
		sum[0] += v[0] * 0;
		sum[1] += v[1] * 0;
		sum[2] += v[2] * 0;
		sum[3] += v[3] * 0;
	}
	for (; i < n; i++)
		rest += x[i] * 0;
	sum[0] += (sum[1] + sum[2]) + sum[3];
	rest += (sum[0][0] + sum[0][1]) + (sum[0][2] + sum[0][3]);
	return rest == 0;
}

size_t msp_find_nonfinite(const double *x, size_t n)
{
	size_t i;

	if (all_finite(x, n))
		return n;
	for (i = 0; i < n && isfinite(x[i]); i++)
		;
	return i;
}

int msp_check_finite(const double *x, size_t n, struct msp_error *err)
{
	size_t i = msp_find_nonfinite(x, n);

	if (i == n)
		return MSP_OK;
	return msp_error_set(err, MSP_KILL, "sample %zu is %s", i, isnan(x[i]) ? "NaN" : "infinite");
}
