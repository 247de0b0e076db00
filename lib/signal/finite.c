/* Looking for NaN and infinity. */
#include "mspipe/signal.h"
#include "signal/cpu.h"

#include <math.h>

/* x * 0 is 0 for finite x, else NaN, and NaN stays in a sum: one product and one sum per sample. */
static ALWAYS_INLINE bool look(const double *x, size_t n)
{
	typedef double v4 __attribute__((vector_size(32)));
	typedef double v4_any __attribute__((vector_size(32), aligned(8), may_alias));
	v4 a = {0}, b = {0}, c = {0}, d = {0};
	double rest = 0;
	size_t i;

	for (i = 0; i + 16 <= n; i += 16) {
		const v4_any *p = (const v4_any *)(x + i);

		a += p[0] * 0;
		b += p[1] * 0;
		c += p[2] * 0;
		d += p[3] * 0;
	}
	for (; i < n; i++)
		rest += x[i] * 0;
	a += (b + c) + d;
	rest += (a[0] + a[1]) + (a[2] + a[3]);
	return rest == 0;
}

#if MSP_CPU_X86
TARGET_AVX2 static bool look_avx2(const double *x, size_t n)
{
	return look(x, n);
}
#endif

static bool all_finite(const double *x, size_t n)
{
#if MSP_CPU_X86
	if (msp_cpu_has(MSP_CPU_AVX2))
		return look_avx2(x, n);
#endif
	return look(x, n);
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
