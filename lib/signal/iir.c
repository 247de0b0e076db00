/* Running recursive filters: the recursion for each kind of processor, and the choice among them. */
#include "signal/filter.h"

#define DELAY 3         /* steps that an output waits before it enters the next section */
#define ROUND (2 * DELAY)
#define REST_ROUNDS 16
#define NEGLIGIBLE 1e-270

/* Coefficients of the look-ahead: c1 + d1 = a1^2 - a2, c2 + d2 = a1 a2, with twice a double's precision. */
struct ahead {
	double c1, c2, d1, d2;
};

#ifdef __clang__
#define SHIFT_IN(a, b) __builtin_shufflevector(a, b, 1, 2)
#else
#define SHIFT_IN(a, b) __builtin_shuffle(a, b, (M){1, 2})
#endif
#define LANES 2
#define KERNEL kernel2
#include "signal/iir_kernel.h"

typedef void kernel_fn(const struct msp_biquad *q, const struct ahead *c, double *x, size_t n,
                       ptrdiff_t step);

static void portable(const struct msp_biquad *q, const struct ahead *c, double *x, size_t n, ptrdiff_t step)
{
	kernel2(q, c, x, n, step);
}

#if MSP_CPU_X86
#ifdef __clang__
#define SHIFT_IN(a, b) __builtin_shufflevector(a, b, 1, 2, 3, 4)
#else
#define SHIFT_IN(a, b) __builtin_shuffle(a, b, (M){1, 2, 3, 4})
#endif
#define LANES 4
#define KERNEL kernel4
#include "signal/iir_kernel.h"

TARGET_AVX2 static void avx2(const struct msp_biquad *q, const struct ahead *c, double *x, size_t n,
                             ptrdiff_t step)
{
	kernel4(q, c, x, n, step);
}

/* Vectors of 256 bits as above; what helps is the larger number of registers. */
TARGET_AVX512 static void avx512(const struct msp_biquad *q, const struct ahead *c, double *x, size_t n,
                                 ptrdiff_t step)
{
	kernel4(q, c, x, n, step);
}

static kernel_fn *choose(int path)
{
	if (path == MSP_CPU_AVX512 || (path == MSP_CPU_BEST && msp_cpu_has(MSP_CPU_AVX512)))
		return avx512;
	if (path == MSP_CPU_AVX2 || (path == MSP_CPU_BEST && msp_cpu_has(MSP_CPU_AVX2)))
		return avx2;
	return portable;
}
#else
static kernel_fn *choose(int path)
{
	(void)path;
	return portable;
}
#endif

/* a * b = the value returned + *low, exactly (Dekker, Numer. Math. 18 (1971) 224). */
static double product(double a, double b, double *low)
{
	double p = a * b, t = a * 134217729, ah = t - (t - a), al = a - ah, bh, bl;

	t = b * 134217729;
	bh = t - (t - b);
	bl = b - bh;
	*low = ((ah * bh - p) + ah * bl + al * bh) + al * bl;
	return p;
}

static void look_ahead(const struct msp_biquad *q, struct ahead *c)
{
	double low, square = product(q->a1, q->a1, &low), back;

	c->c1 = square - q->a2;
	back = c->c1 - square;
	c->d1 = ((square - (c->c1 - back)) + (-q->a2 - back)) + low;
	c->c2 = product(q->a1, q->a2, &c->d2);
}

void msp_iir_run(const struct msp_biquad *q, unsigned sections, double *x, size_t n, ptrdiff_t step, int path)
{
	kernel_fn *run = choose(path);
	unsigned done, i;

	for (done = 0; done < sections; done += 4) {
		struct msp_biquad four[4];
		struct ahead ahead[4];

		for (i = 0; i < 4; i++) {
			four[i] = done + i < sections ? q[done + i] : (struct msp_biquad){1, 0, 0, 0, 0};
			look_ahead(&four[i], &ahead[i]);
		}
		run(four, ahead, x, n, step);
	}
}

void msp_filter_apply(const struct msp_filter *f, double *x, size_t n)
{
	if (n == 0)
		return;
	msp_iir_run(f->section, f->n, x, n, 1, MSP_CPU_BEST);
	if (f->spec.zero_phase)
		msp_iir_run(f->section, f->n, x + (n - 1), n, -1, MSP_CPU_BEST);
}
