/* Removing trends. */
#include "mspipe/signal.h"
#include "signal/doubles.h"
#include "signal/gram.h"
#include "signal/trend.h"

#include <math.h>

/* Numbers so big that sums of them may overflow are made smaller for a while, by a power of two: exact. */
#define BIG 1e280
#define SCALE 0x1p-200

static size_t samples_needed(int method, int order)
{
	switch (method) {
	case MSP_DETREND_MEAN:
		return 1;
	case MSP_DETREND_POLYNOMIAL:
		return (size_t)order + 1;
	default:
		return 2;
	}
}

static int check(size_t n, int method, int order, struct msp_error *err)
{
	size_t need;

	if (method < MSP_DETREND_MEAN || method > MSP_DETREND_POLYNOMIAL)
		return msp_error_set(err, MSP_USAGE, "unknown method of detrending");
	if (method == MSP_DETREND_POLYNOMIAL && (order < 0 || order > MSP_DETREND_MAX_ORDER))
		return msp_error_set(err, MSP_USAGE, "the order of the polynomial must be 0 to %d, not %d",
		                     MSP_DETREND_MAX_ORDER, order);
	need = samples_needed(method, order);
	if (n == 0)
		return msp_error_set(err, MSP_KILL, "no samples");
	if (n < need)
		return msp_error_set(err, MSP_KILL, "%zu sample%s: this trend needs %zu", n,
		                     n == 1 ? "" : "s", need);
	return MSP_OK;
}

/* The line of least squares through x is mean + slope * (i - middle). False if a sum overflowed. */
static bool remove_line(double *x, size_t n, int method)
{
	double ref = x[0], len = (double)n, middle = (len - 1) / 2, a, b;
	struct trend_sums t = msp_trend_sums(x, n, ref, MSP_CPU_BEST);

	a = ref + t.sum / len;
	b = method == MSP_DETREND_LINEAR ? t.moment / (len * (len - 1) * (len + 1) / 12) : 0;
	/* (the products are tested, too: the ends of the line must not overflow) */
	if (!(fabs(a) + fabs(b) * len < 1e307))
		return false;
	msp_subtract_line(x, n, a - b * middle, b, MSP_CPU_BEST);
	return true;
}

static void remove_simple(double *x, size_t n)
{
	double first = x[0];

	msp_subtract_line(x, n, first, (x[n - 1] - first) / (double)(n - 1), MSP_CPU_BEST);
}

static double peak(const double *x, size_t n)
{
	double max = 0;
	size_t i;

	for (i = 0; i < n; i++)
		if (fabs(x[i]) > max)
			max = fabs(x[i]);
	return max;
}

static void multiply(double *x, size_t n, double factor)
{
	size_t i;

	for (i = 0; i < n; i++)
		x[i] *= factor;
}

/* The careful way: samples checked, big ones scaled. */
static int remove_carefully(double *x, size_t n, int method, int order, struct msp_error *err)
{
	int s = msp_check_finite(x, n, err);
	bool big;

	if (s < 0)
		return s;
	big = peak(x, n) > BIG;
	if (big)
		multiply(x, n, SCALE);
	if (method == MSP_DETREND_POLYNOMIAL)
		msp_subtract_polynomial(x, n, order, MSP_CPU_BEST);
	else if (method == MSP_DETREND_SIMPLE)
		remove_simple(x, n);
	else
		(void)remove_line(x, n, method);
	if (big)
		multiply(x, n, 1 / SCALE);
	if (!big || msp_find_nonfinite(x, n) == n)
		return MSP_OK;
	return msp_error_set(err, MSP_KILL, "the detrended data are beyond the range of a double");
}

int msp_detrend(double *x, size_t n, int method, int order, struct msp_error *err)
{
	int s = check(n, method, order, err);

	if (s < 0)
		return s;
	/* A NaN or an infinity shows in the sums: the usual case needs no pass of its own to look for it. */
	if ((method == MSP_DETREND_MEAN || method == MSP_DETREND_LINEAR) && remove_line(x, n, method))
		return MSP_OK;
	return remove_carefully(x, n, method, order, err);
}

int msp_object_detrend(struct msp_object *o, int method, int order, struct msp_error *err)
{
	uint32_t c;
	int s;

	if (!msp_object_is_data(o) || !o->live)
		return MSP_OK;
	if ((s = check((size_t)o->npts, method, order, err)) < 0)
		return s;
	if ((s = signal_doubles(o, err)) < 0)
		return s;
	for (c = 0; c < o->ncomp; c++)
		if ((s = msp_detrend(msp_object_f64(o, c), (size_t)o->npts, method, order, err)) < 0)
			return s;
	return MSP_OK;
}
