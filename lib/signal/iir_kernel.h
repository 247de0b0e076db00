/* The recursion of four second-order sections at once: a template, included with
 *   KERNEL  the name of the function
 *   LANES   doubles in a vector: 2 or 4
 *
 * Each section is one lane. The sections form a pipeline: while the first works on samples t and t+1, the
 * second works on t-6 and t-5, and so on, so that all four advance with one set of vector operations and no
 * section waits for another. Two samples are computed per step from the two before them,
 *     y[t]   = (f[t] - a2 y[t-2]) - a1 y[t-1]
 *     y[t+1] = ((f[t+1] - a1 f[t]) + a1 a2 y[t-2]) + (a1^2 - a2) y[t-1]
 *     f[t]   = b0 x[t] + (b1 x[t-1] + b2 x[t-2])
 * (look-ahead: Parhi & Messerschmitt, IEEE Trans. ASSP 37 (1989) 1099), which halves the chain of dependent
 * operations that bounds the speed. The coefficients a1 a2 and a1^2 - a2 must be right far beyond the last
 * bit of a double when corners are low; what rounding takes from them makes a term e, which is given back
 * with the next odd sample, two later: that is near enough (the poles that need it are near 1 or -1, so
 * y[t+2] is near y[t]) and costs the chain nothing. Lane 3 is the first section, lane 0 the last: what comes
 * in and what goes out then cost one instruction each.
 *
 * No operation here depends on LANES, so the results do not either.
 */
#define NV (4 / LANES)
#define EACH(j) _Pragma("GCC unroll 2") for (int j = 0; j < NV; j++)

static ALWAYS_INLINE void KERNEL(const struct msp_biquad *q, const struct ahead *c, double *x, size_t n,
                                 ptrdiff_t step)
{
	typedef double V __attribute__((vector_size(8 * LANES)));
	typedef int64_t M __attribute__((vector_size(8 * LANES)));
	V b0[NV], b1[NV], b2[NV], a1[NV], a2[NV], c1[NV], c2[NV], d1[NV], d2[NV];
	V x0[NV], x1[NV], y0[NV], y1[NV], e[NV];        /* the two last inputs and outputs of each section */
	V out0[DELAY][NV], out1[DELAY][NV];             /* outputs on their way to the next section */
	double zero[ROUND] = {0}, tail[ROUND] = {0}, bin[ROUND] = {0};
	size_t whole = n / ROUND, rest = n % ROUND, rounds = whole + (rest != 0), r, i;

	for (i = 0; i < 4; i++) {
		size_t j = (3 - i) / LANES, lane = (3 - i) % LANES;

		b0[j][lane] = q[i].b0;
		b1[j][lane] = q[i].b1;
		b2[j][lane] = q[i].b2;
		a1[j][lane] = q[i].a1;
		a2[j][lane] = q[i].a2;
		c1[j][lane] = c[i].c1;
		c2[j][lane] = c[i].c2;
		d1[j][lane] = c[i].d1;
		d2[j][lane] = c[i].d2;
	}
	EACH(j) {
		x0[j] = x1[j] = y0[j] = y1[j] = e[j] = (V){0};
		for (int k = 0; k < DELAY; k++)
			out0[k][j] = out1[k][j] = (V){0};
	}
	for (i = 0; i < rest; i++)
		tail[i] = x[(ptrdiff_t)(whole * ROUND + i) * step];

	for (r = 0; r < rounds + 3; r++) {
		const double *in = zero;
		double *out = bin;
		ptrdiff_t in_step = 1, out_step = 1;

		if (r < whole) {
			in = x + (ptrdiff_t)(r * ROUND) * step;
			in_step = step;
		} else if (r < rounds) {
			in = tail;
		}
		if (r >= 3 && r - 3 < whole) {
			out = x + (ptrdiff_t)((r - 3) * ROUND) * step;
			out_step = step;
		}
		_Pragma("GCC unroll 3") for (int k = 0; k < DELAY; k++) {
			V u0[NV + 1], u1[NV + 1];

			EACH(j) {
				u0[j] = out0[k][j];
				u1[j] = out1[k][j];
			}
			u0[NV] = (V){0} + in[2 * k * in_step];
			u1[NV] = (V){0} + in[(2 * k + 1) * in_step];
			EACH(j) {
				V n0 = SHIFT_IN(u0[j], u0[j + 1]), n1 = SHIFT_IN(u1[j], u1[j + 1]);
				V f0 = b0[j] * n0 + (b1[j] * x1[j] + b2[j] * x0[j]);
				V f1 = b0[j] * n1 + (b1[j] * n0 + (b2[j] * x1[j] + e[j]));
				V f = f1 - a1[j] * f0;
				V p0 = (f0 - a2[j] * y0[j]) - a1[j] * y1[j];
				V p1 = (f + c2[j] * y0[j]) + c1[j] * y1[j];

				e[j] = d2[j] * y0[j] + d1[j] * y1[j];
				x0[j] = n0;
				x1[j] = n1;
				y0[j] = out0[k][j] = p0;
				y1[j] = out1[k][j] = p1;
			}
			out[2 * k * out_step] = y0[0][0];
			out[(2 * k + 1) * out_step] = y1[0][0];
		}
		/* Subnormal numbers take a hundred times longer: a section whose outputs have both become
		 * negligible is at rest. Checked rarely, but at the same samples everywhere. */
		if (r % REST_ROUNDS == REST_ROUNDS - 1) {
			EACH(j) {
				M small = (y0[j] < NEGLIGIBLE) & (y0[j] > -NEGLIGIBLE) & (y1[j] < NEGLIGIBLE)
				          & (y1[j] > -NEGLIGIBLE);

				y0[j] = (V)((M)y0[j] & ~small);
				y1[j] = (V)((M)y1[j] & ~small);
			}
		}
	}
	for (i = 0; i < rest; i++)
		x[(ptrdiff_t)(whole * ROUND + i) * step] = bin[i];
}

#undef NV
#undef EACH
#undef KERNEL
#undef LANES
#undef SHIFT_IN
