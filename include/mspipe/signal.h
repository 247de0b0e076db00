/* mspipe/signal.h - algorithms on arrays and on objects
 *
 * Filters, trends, windows and stacks. Functions on arrays take `double *x, size_t n` and work in place;
 * functions on objects treat each component of a seismogram alike and convert samples to doubles where
 * they compute. When they return MSP_KILL, with the reason, metadata and times are as they were, but
 * samples need not be. None does I/O or keeps global state.
 *
 * The numbers do not depend on the processor: every code path does the same IEEE operations in the same
 * order.
 */
#ifndef MSPIPE_SIGNAL_H
#define MSPIPE_SIGNAL_H

#include "mspipe/core.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- samples ----------------------------------------------------------- */

/* Index of the first sample that is NaN or infinite; n if all are finite. */
MSP_API size_t msp_find_nonfinite(const double *x, size_t n);
/* MSP_KILL with "sample 17 is NaN" (or "infinite") if there is one. */
MSP_API int msp_check_finite(const double *x, size_t n, struct msp_error *err) MSP_CHECKED;

/* ---- recursive filters -------------------------------------------------- */

enum msp_filter_type { MSP_BUTTERWORTH, MSP_BESSEL, MSP_CHEBYSHEV1, MSP_CHEBYSHEV2 };
enum msp_filter_band { MSP_LOWPASS, MSP_HIGHPASS, MSP_BANDPASS, MSP_BANDSTOP };

#define MSP_FILTER_MAX_CORNERS 10
#define MSP_FILTER_MAX_SECTIONS 10

struct msp_filter_spec {
	int type;        /* enum msp_filter_type */
	int band;        /* enum msp_filter_band */
	int corners;     /* poles of the analog low-pass prototype, 1..MSP_FILTER_MAX_CORNERS */
	bool zero_phase; /* filter forward, then backward: no phase shift, twice the attenuation */
	double f1, f2;   /* corner frequencies, Hz; low- and high-pass use f1 only */
	double ripple;   /* dB, > 0: Chebyshev I: ripple of the pass band; II: attenuation of the stop band */
};

/* H(z) = (b0 + b1/z + b2/z^2) / (1 + a1/z + a2/z^2) */
struct msp_biquad {
	double b0, b1, b2, a1, a2;
};

/* A digital filter: a cascade of sections, the gain in the first. */
struct msp_filter {
	struct msp_filter_spec spec;
	double dt; /* s; 0: not designed yet */
	unsigned n;
	struct msp_biquad section[MSP_FILTER_MAX_SECTIONS];
};

/* What can be said without knowing the sample interval: MSP_USAGE with the reason. */
MSP_API int msp_filter_check(const struct msp_filter_spec *spec, struct msp_error *err) MSP_CHECKED;

/* Designs the filter for a sample interval: analog prototype (Butterworth; Bessel with the phase
 * normalisation, the high-frequency asymptote of the amplitude being that of the Butterworth filter;
 * Chebyshev), frequency transformation in zeros, poles and gain, bilinear transform with the corners
 * pre-warped, poles paired with the nearest zeros. The same as SciPy's iirfilter(..., output="sos").
 * Oppenheim & Schafer, Discrete-Time Signal Processing, ch. 7; Parks & Burrus, Digital Filter Design, ch.
 * 7; Thomson, Proc. IEE 96 (1949) 487. MSP_USAGE as msp_filter_check(); MSP_KILL if dt is not positive and
 * finite or a corner is at or above the Nyquist frequency. */
MSP_API int msp_filter_design(struct msp_filter *f, const struct msp_filter_spec *spec, double dt,
                              struct msp_error *err) MSP_CHECKED;

/* Filters n samples in place from zero initial state; zero-phase if the spec says so. x must be finite.
 * Values of the recursion below 1e-270 are treated as zero, so that a filter that rings down costs no more
 * than one that is fed. */
MSP_API void msp_filter_apply(const struct msp_filter *f, double *x, size_t n);

/* Filters each component, converted to doubles. f is designed anew if the object's dt is another than f's
 * (f->spec must be set). Dead objects and kinds without samples are left alone. MSP_KILL: no samples, NaN,
 * infinity, overflow, or as the design says. */
MSP_API int msp_object_filter(struct msp_object *o, struct msp_filter *f, struct msp_error *err) MSP_CHECKED;

/* ---- trends -------------------------------------------------------------- */

enum msp_detrend_method {
	MSP_DETREND_MEAN = 1,   /* subtract the mean */
	MSP_DETREND_LINEAR,     /* subtract the straight line of least squares */
	MSP_DETREND_SIMPLE,     /* subtract the straight line through the first and the last sample */
	MSP_DETREND_POLYNOMIAL, /* subtract the polynomial of least squares */
};

#define MSP_DETREND_MAX_ORDER 30

/* Removes a trend in place. order: of the polynomial, 0..MSP_DETREND_MAX_ORDER; else not read. The
 * polynomial is fitted in Gram's polynomials, orthogonal on the samples (Hildebrand, Introduction to
 * Numerical Analysis, 7.13-7.16), the line likewise. MSP_KILL: NaN or infinity; fewer samples than the
 * trend has coefficients; a result beyond the range of a double. MSP_USAGE: bad method or order. */
MSP_API int msp_detrend(double *x, size_t n, int method, int order, struct msp_error *err) MSP_CHECKED;
/* Each component, converted to doubles. Dead objects and kinds without samples are left alone. */
MSP_API int msp_object_detrend(struct msp_object *o, int method, int order,
                               struct msp_error *err) MSP_CHECKED;

/* ---- windows ------------------------------------------------------------- */

enum msp_window_ref { MSP_WINDOW_START, MSP_WINDOW_ZERO, MSP_WINDOW_KEY, MSP_WINDOW_ABSOLUTE };
enum msp_window_short { MSP_SHORT_KILL, MSP_SHORT_TRUNCATE, MSP_SHORT_PAD };

struct msp_window_spec {
	int ref;         /* enum msp_window_ref: what start and end count from: the object's start, the
	                  * zero of its time axis, the time in `key` */
	const char *key; /* MSP_WINDOW_KEY: its value is a time on the object's axis (UTC: epoch seconds) */
	int short_data;  /* enum msp_window_short: what becomes of data that do not fill the window */
	msp_time start, end; /* ns after the reference; MSP_WINDOW_ABSOLUTE: UTC times */
};

/* MSP_USAGE if end is before start or a field is out of range. */
MSP_API int msp_window_check(const struct msp_window_spec *w, struct msp_error *err) MSP_CHECKED;

/* Cuts an object to a window. First sample round((start - t0) / dt), number of samples
 * round((end - start) / dt) + 1, the new start on the object's grid of samples (MsPASS 2.4, WindowData). Data
 * are short if they have not all those samples: killed, cut to what there is, or padded with zeros (the two
 * latter with a Complaint in the error log). A window wholly outside the data kills whatever short_data says.
 * Samples keep their type. Dead objects and kinds without samples are left alone. MSP_KILL: as said. */
MSP_API int msp_object_window(struct msp_object *o, const struct msp_window_spec *w,
                              struct msp_error *err) MSP_CHECKED;

/* ---- exact sums --------------------------------------------------------- */

/* A series of sums of doubles, each the exact sum of what was added to it: no rounding before msp_exactsum_value(), so no order, no
 * grouping and no number of partial sums changes a bit. A superaccumulator with sparse digits: U. Kulisch, "Computer Arithmetic and
 * Validity", 2nd ed., 2013, ch. 8; R. M. Neal, "Fast exact summation using small and large superaccumulators", arXiv:1505.05571,
 * 2015. Numbers are cut into digits to the base 2^46 at fixed places by the rounding of J. Demmel and H. D. Nguyen, "Parallel
 * reproducible summation", IEEE Trans. Comput. 64(7), 2015; unlike theirs, lower digits are never given up. Blocks of 256
 * samples hold the digits that their numbers have: recordings in counts need one, doubles two to four; at most 47.
 *
 * Error: none till the value is asked for; that is the exact sum correctly rounded (half an ulp).
 * Cost: for a number of k digits 5k floating-point operations; memory traffic 8 + 16 k bytes (a plain sum of doubles: 24).
 * Limits: finite numbers; 2^53 of them to one sum. A sum that is zero is +0. */
struct msp_exactsum; /* opaque */

MSP_API struct msp_exactsum *msp_exactsum_new(void) MSP_CHECKED; /* NULL if memory ran out */
MSP_API void msp_exactsum_free(struct msp_exactsum *s);          /* NULL is allowed */
/* Adds x[k], finite, to sum first + k, for k = 0 .. n - 1. MSP_NOMEM; sums are not to be used afterwards. */
MSP_API int msp_exactsum_add(struct msp_exactsum *s, int64_t first, const double *x, size_t n) MSP_CHECKED;
/* Sum i, correctly rounded; infinite beyond the range of doubles; 0 where nothing was added. */
MSP_API double msp_exactsum_value(const struct msp_exactsum *s, int64_t i);
MSP_API uint64_t msp_exactsum_memory(const struct msp_exactsum *s); /* bytes that it holds */

/* ---- stacks -------------------------------------------------------------- */

enum msp_stack_op { MSP_STACK_MEAN, MSP_STACK_SUM, MSP_STACK_MEDIAN, MSP_STACK_RMS, MSP_STACK_WEIGHTED };
enum msp_stack_align { MSP_ALIGN_START, MSP_ALIGN_ZERO };
enum msp_stack_span { MSP_SPAN_COMMON, MSP_SPAN_ALL };

struct msp_stack_spec {
	int op, align, span;
	const char *weights; /* MSP_STACK_WEIGHTED: metadata key of the weight */
	bool list_ids;       /* the history lists the ids of the members, not only their sum */
	uint64_t max_memory; /* bytes that the stack may hold; 0: no limit */
};

struct msp_stack; /* opaque: a stack being made */

/* An empty stack. The strings of the spec are borrowed. NULL if memory ran out. */
MSP_API struct msp_stack *msp_stack_new(const struct msp_stack_spec *spec) MSP_CHECKED;
MSP_API void msp_stack_free(struct msp_stack *s); /* NULL is allowed */

/* Adds a live time series or seismogram; its samples become doubles, else it is unchanged. MSP_KILL with
 * the reason if it cannot enter: kind, sample interval (1e-6, relative), time standard, axes or
 * (MSP_ALIGN_ZERO) grid (1e-3 of a sample) other than the first member's, samples that are not finite, no
 * weight, a span that max_memory cannot hold. MSP_FAIL: a median whose members outgrow max_memory. */
MSP_API int msp_stack_add(struct msp_stack *s, struct msp_object *o, struct msp_error *err) MSP_CHECKED;
MSP_API uint64_t msp_stack_fold(const struct msp_stack *s); /* members so far */

/* Writes the stack to out (initialised; what it held is replaced): samples as doubles, starting at the
 * members' earliest start (MSP_ALIGN_START) or where their common or joint span starts (MSP_ALIGN_ZERO);
 * metadata: those of `base` (an ensemble; may be NULL), then what all members have alike, then fold; id:
 * the sum of the members' ids; history {"inputs", "combined"[, "ids"]}. MSP_KILL with the reason if there
 * is no stack (no members, no common span, weights that sum to zero, overflow): out is then a live object
 * without samples, with metadata, id and history, for the caller to kill. The stack is empty again
 * afterwards. */
MSP_API int msp_stack_finish(struct msp_stack *s, const struct msp_object *base, struct msp_object *out,
                             struct msp_error *err) MSP_CHECKED;

/* ---- folds ---------------------------------------------------------------- */

/* The reduce of map and reduce: members in any order, in any number of partial folds, folded in any tree, give the same bits. Sums,
 * means and statistics are made of exact sums. Nothing depends on which member comes first: what must be alike is judged
 * at the end, and most members win. */
enum msp_fold_op { MSP_FOLD_MEAN, MSP_FOLD_SUM, MSP_FOLD_MAX, MSP_FOLD_MIN, MSP_FOLD_COUNT, MSP_FOLD_STATS };


struct msp_fold_spec {
	int op, align, span; /* enum msp_fold_op, msp_stack_align, msp_stack_span */
	uint64_t max_memory; /* bytes that one result may take; 0: no limit */
};

struct msp_fold; /* opaque: a fold being made */

MSP_API struct msp_fold *msp_fold_new(const struct msp_fold_spec *spec) MSP_CHECKED; /* NULL if memory ran out */
MSP_API void msp_fold_free(struct msp_fold *f);                                     /* NULL is allowed */
/* Adds a live time series or seismogram (its samples become doubles), or the opening bracket of an ensemble, of which only
 * metadata and id count. MSP_KILL with the reason if it cannot enter any fold: no samples, samples that are not finite
 * (MSP_FOLD_STATS: or beyond 1e150), no positive sample interval, times out of range. MSP_FAIL: the result would need more than
 * max_memory. */
MSP_API int msp_fold_add(struct msp_fold *f, struct msp_object *o, struct msp_error *err) MSP_CHECKED;
/* Counts n dead members, the sum of whose ids is id. */
MSP_API int msp_fold_dead(struct msp_fold *f, struct msp_id id, uint64_t n, struct msp_error *err) MSP_CHECKED;
/* Adds a partial fold that msp_fold_partials() made. MSP_USAGE if it was made with another operation, alignment or span; MSP_CORRUPT
 * if it is none; MSP_FAIL as above. */
MSP_API int msp_fold_merge(struct msp_fold *f, const struct msp_object *o, struct msp_error *err) MSP_CHECKED;
/* The caller's own bytes in a partial fold (borrowed). MSP_CORRUPT if it is none. */
MSP_API int msp_fold_group(const struct msp_object *o, struct msp_bytes *group, struct msp_error *err) MSP_CHECKED;
MSP_API uint64_t msp_fold_memory(const struct msp_fold *f); /* bytes that it holds */

/* Takes an object that is valid during the call; reason: NULL, or why it must be killed. Below 0 stops. */
typedef int msp_fold_out_fn(void *context, struct msp_object *o, const char *reason);
/* Gives the result: an object of doubles (MSP_FOLD_STATS: three, which metadata `statistic` calls mean, variance and count) with the
 * metadata that all members have alike, sorted by key, and fold, the number of members; its id is the sum of theirs. Members that
 * agree least (in kind, sample interval to 2^-18, time standard, axes to 2^-30, and with MSP_ALIGN_ZERO in sample interval exactly and
 * grid to 1e-3 of a sample) are not in it: an object with a reason stands for those of each other shape. Dead members are counted in
 * the error log. If none is live, an object with a reason. The fold is empty afterwards. */
MSP_API int msp_fold_results(struct msp_fold *f, msp_fold_out_fn *out, void *context, struct msp_error *err) MSP_CHECKED;
/* Gives the state as objects of MSP_PARTIAL_FOLD (msp(5), section PARTIAL FOLDS); equal members make equal bytes. group: the caller's own, kept with each. */
MSP_API int msp_fold_partials(struct msp_fold *f, const struct msp_bytes *group, msp_fold_out_fn *out, void *context,
                              struct msp_error *err) MSP_CHECKED;

/* ---- synthetic signals --------------------------------------------------- */

enum msp_synth_signal {
	MSP_SYNTH_WALK,    /* random walk: running sum of the steps that MSP_SYNTH_NOISE gives */
	MSP_SYNTH_NOISE,   /* white, nearly Gaussian: sums of four uniform integers; standard deviation 36.95, multiples of 1/1024 */
	MSP_SYNTH_SINE,    /* 1000 sin(2 pi hz k dt) */
	MSP_SYNTH_IMPULSE, /* 1000 at sample npts / 2, else 0 */
	MSP_SYNTH_RICKER,  /* 1000 (1 - 2a) exp(-a), a = (pi hz t)^2, t counted from sample npts / 2 */
};

/* "walk", "noise", "sine", "impulse", "ricker": n bytes of a name to enum msp_synth_signal, below 0 if it is none; whether the signal
 * has a frequency. */
MSP_API int msp_synth_signal_parse(const char *name, size_t n, bool *hz);

struct msp_synth_spec {
	int signal;    /* enum msp_synth_signal */
	double hz;     /* sine, Ricker */
	uint64_t seed; /* walk, noise */
};

/* Fills the samples of a live object that has its type, npts and dt. Component c of a seismogram has 1 / 2^c of the
 * amplitude. `number` tells objects of one seed apart. The same bits on every machine and with every libm: random
 * numbers are integers (SplitMix64: G. L. Steele, D. Lea, C. H. Flood, "Fast splittable pseudorandom number
 * generators", OOPSLA 2014), sine and exponential are polynomials in + - * / (errors below 1e-13 of the
 * amplitude). Whole-number samples are rounded half up and saturate. MSP_USAGE: signal or type unknown. MSP_NOMEM. */
MSP_API int msp_object_synth(struct msp_object *o, const struct msp_synth_spec *spec, uint64_t number,
                             struct msp_error *err) MSP_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
