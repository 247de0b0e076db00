/* mspipe/core.h - objects, metadata, error log, time, ids
 *
 * The object model every other room stands on: what a time series or a
 * seismogram is, how a datum dies with a reason, how times are kept exact and
 * how an object's lineage id is made.
 *
 * Conventions, here and in every public header:
 *   - functions that can fail return an enum msp_status (0 is success, below 0
 *     is failure) and, where they take a struct msp_error, say why in it;
 *   - nothing prints, exits or keeps global state;
 *   - units are SI; times are int64 nanoseconds; angles are degrees;
 *   - "borrowed" memory belongs to somebody else and is valid as long as the
 *     text says; everything else belongs to the object that holds it.
 */
#ifndef MSPIPE_CORE_H
#define MSPIPE_CORE_H

#include <bson/bson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MSP_VERSION "0.1.0"

#if defined(__GNUC__)
#define MSP_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define MSP_CHECKED __attribute__((warn_unused_result))
#define MSP_API __attribute__((visibility("default")))
#else
#define MSP_PRINTF(fmt, args)
#define MSP_CHECKED
#define MSP_API
#endif

/* ---- results ----------------------------------------------------------- */

/* What a function returns. The tool frame turns these into exit statuses:
 * FAIL, NOMEM -> 1, USAGE -> 2, CORRUPT -> 4. KILL is not a failure of the
 * job: it says "this datum is bad, for the reason given". */
enum msp_status {
	MSP_OK = 0,
	MSP_FAIL = -1,        /* run-time failure: I/O, limits */
	MSP_USAGE = -2,       /* the caller or user asked for something wrong */
	MSP_KILL = -3,        /* the datum must be killed; the reason is in the error */
	MSP_CORRUPT = -4,     /* input is truncated, corrupt or contradicts itself */
	MSP_NOMEM = -5,       /* memory ran out */
	MSP_INTERRUPTED = -6, /* a signal asked us to stop */
	MSP_PIPE = -7,        /* whoever read the output has gone away (EPIPE) */
};

#define MSP_ERROR_TEXT 1024

/* Why something failed. Zero-initialised it means "no error yet". */
struct msp_error {
	int status;                /* enum msp_status */
	char text[MSP_ERROR_TEXT]; /* one line, no newline, no program name */
};

/* Sets status and text; returns status, so that `return msp_error_set(...)`
 * reads well. err may be NULL. A longer text is cut. Control characters that
 * would break a line or a terminal are replaced by '?'. */
MSP_API int msp_error_set(struct msp_error *err, int status, const char *fmt, ...) MSP_PRINTF(3, 4);
/* As above, with ": strerror(errno)" added. errno is read on entry. */
MSP_API int msp_error_errno(struct msp_error *err, int status, const char *fmt, ...) MSP_PRINTF(3, 4);
/* Puts "PREFIX: " in front of the text that is there. Returns err->status. */
MSP_API int msp_error_prefix(struct msp_error *err, const char *fmt, ...) MSP_PRINTF(2, 3);

/* ---- time -------------------------------------------------------------- */

/* Nanoseconds since 1970-01-01T00:00:00Z (or since the reference, for a
 * relative time). POSIX time: leap seconds are not counted, as in miniSEED
 * readers and ObsPy. Range about 1677 to 2262. */
typedef int64_t msp_time;

#define MSP_NS INT64_C(1000000000)
#define MSP_TIME_TEXT 40 /* bytes that msp_time_format() may write, NUL included */

/* Reads a time: ISO 8601 `2011-03-11T05:46:24.12Z` (the Z, the time of day,
 * seconds and fraction may be missing; a space may stand for the T), day of
 * year `2011-070T05:46:24` or `2011,070,05:46:24`, or epoch seconds as a decimal
 * number (`1299822384.12`; digits past nanoseconds are rounded half up). Exact: no
 * floating point. A zone other than Z/+00:00 is converted (`+09:00`). Second 60 is
 * accepted and is the next minute. Four digits that could be a year are refused. MSP_USAGE with the reason if it
 * is none of these or out of range. */
MSP_API int msp_time_parse(const char *text, msp_time *out, struct msp_error *err) MSP_CHECKED;

/* Writes `2010-02-27T06:30:00.019538Z`: ISO 8601, UTC, as many fraction digits
 * (0, 3, 6 or 9) as lose nothing. Returns buf. */
MSP_API char *msp_time_format(msp_time t, char buf[MSP_TIME_TEXT]);

/* Writes a relative time (or a duration) as seconds: `-12.5`, `0`, `300.019538`; exact,
 * no trailing zeros, no exponent. Returns buf. */
MSP_API char *msp_seconds_format(msp_time t, char buf[MSP_TIME_TEXT]);

/* Seconds (double) to ns, rounded to nearest; MSP_USAGE if not finite or out of range. */
MSP_API int msp_time_from_seconds(double seconds, msp_time *out) MSP_CHECKED;
MSP_API double msp_time_to_seconds(msp_time t);

/* n * dt seconds in ns, rounded to nearest, correct beyond 2^53 ns (the product
 * is formed in double-double). Saturates at the range of int64. */
MSP_API msp_time msp_time_of_samples(int64_t n, double dt);

/* Broken-down UTC of t: proleptic Gregorian calendar. */
struct msp_calendar {
	int year, month, day;       /* 1..12, 1..31 */
	int yday;                   /* day of year, 1..366 */
	int hour, minute, second;
	int nanosecond;
};
MSP_API void msp_time_to_calendar(msp_time t, struct msp_calendar *out);
/* The inverse, from year, yday and the time of day (month and day are not read). MSP_USAGE if out of range. */
MSP_API int msp_time_from_yday(const struct msp_calendar *in, msp_time *out) MSP_CHECKED;

/* ---- ids and digests --------------------------------------------------- */

/* 128 bits, in the byte order in which they are printed and stored. */
struct msp_id {
	uint8_t byte[16];
};

#define MSP_ID_TEXT 33 /* 32 hex digits and NUL */

MSP_API char *msp_id_format(const struct msp_id *id, char buf[MSP_ID_TEXT]);
MSP_API int msp_id_parse(const char *text, struct msp_id *out) MSP_CHECKED; /* MSP_USAGE if not 32 hex digits */
MSP_API bool msp_id_equal(const struct msp_id *a, const struct msp_id *b);
/* The xxHash library in use, as 10000 * major + 100 * minor + release. */
MSP_API unsigned msp_xxhash_version(void);
/* XXH3-128 (seed 0) of n bytes, in XXH128's canonical (big-endian) form. */
MSP_API struct msp_id msp_id_hash(const void *data, size_t n);
/* An id made of n texts: the hash of (the id of those before it, the hash of the text), from the first on; no other list gives it. */
MSP_API struct msp_id msp_id_of_texts(const char *const *text, size_t n);
/* a + b mod 2^128, both read as big-endian numbers: commutative, associative. */
MSP_API struct msp_id msp_id_sum(struct msp_id a, struct msp_id b);
/* Id of output number `output` of a stage: XXH3-128 of (input id, id of the stage, output as 8 bytes
 * little-endian). `stage` is msp_id_hash() of the stage's canonical text; for n inputs, `input` is their msp_id_sum(). */
MSP_API struct msp_id msp_id_next(struct msp_id input, struct msp_id stage, uint64_t output);

/* ---- bytes: owned or borrowed ------------------------------------------ */

/* cap == 0 and data != NULL: borrowed, not to be written or freed.
 * cap > 0: owned (malloc). */
struct msp_bytes {
	uint8_t *data;
	size_t len, cap;
};

/* Makes room for cap bytes in all, owned, keeping the first len. */
MSP_API int msp_bytes_reserve(struct msp_bytes *b, size_t cap) MSP_CHECKED;
MSP_API int msp_bytes_append(struct msp_bytes *b, const void *data, size_t n) MSP_CHECKED;
/* Replaces the content by an owned copy of n bytes (n may be 0). data must not point into b. */
MSP_API int msp_bytes_set(struct msp_bytes *b, const void *data, size_t n) MSP_CHECKED;
/* Makes b point at somebody else's bytes; what it owned is freed. */
MSP_API void msp_bytes_borrow(struct msp_bytes *b, const void *data, size_t n);
MSP_API void msp_bytes_free(struct msp_bytes *b); /* and zeroes b */
/* Appends a string, without its NUL. */
MSP_API int msp_text_append(struct msp_bytes *b, const char *text) MSP_CHECKED;

/* ---- objects ----------------------------------------------------------- */

enum msp_kind {
	MSP_TIMESERIES = 1,     /* one component */
	MSP_SEISMOGRAM = 2,     /* three components */
	MSP_ENSEMBLE_BEGIN = 3, /* opens a bracket; its metadata are the ensemble's */
	MSP_ENSEMBLE_END = 4,   /* closes it; carries nothing */
	MSP_PARTIAL_FOLD = 5,   /* the state of a fold (msp_fold_* in signal.h); to all but msfold it is as an unknown kind */
	/* other kinds pass through every command unchanged */
};

enum msp_type {
	MSP_NONE = 0, /* no samples */
	MSP_F64 = 1,  /* IEEE double */
	MSP_F32 = 2,  /* IEEE single */
	MSP_I32 = 3,  /* signed 32-bit */
	/* other types pass through; their width is in the object */
};

/* One datum. Zero-initialise with msp_object_init(); free with
 * msp_object_free(). Sample k of component c is element c * npts + k of samples
 * (component-major). A dead object has no samples, but npts tells how many it had. */
struct msp_object {
	uint16_t kind;   /* enum msp_kind or an unknown one */
	uint8_t type;    /* enum msp_type or an unknown one */
	uint8_t width;   /* bytes per sample: 8 or 4; 0 for MSP_NONE */
	bool live;
	bool relative;    /* time standard: false UTC, true relative to an event or arrival */
	bool shift_valid; /* relative only: `shift` makes it UTC again */
	bool cardinal, orthogonal; /* seismograms: axes are E,N,Z; axes are at right angles */
	struct msp_id id; /* lineage id (architecture, section 6) */
	msp_time start;   /* time of sample 0 */
	msp_time shift;   /* relative: UTC = start + shift */
	double dt;        /* sample interval, s */
	uint64_t npts;    /* samples per component */
	uint32_t ncomp;   /* 1 or 3; 0 for brackets */
	double tmatrix[9]; /* seismograms: row-major; row i is axis of component i in (E,N,Z) */
	struct msp_bytes samples;  /* npts * ncomp * width bytes, host byte order, or empty if dead */
	const uint8_t *lent;       /* where this is samples.data: they are borrowed, but their owner lets them be written in place */
	struct msp_bytes metadata; /* a BSON document, or empty if it has no keys */
	struct msp_bytes elog;     /* a BSON document {"0": {...}, "1": {...}}, or empty; see msp_log() */
	struct msp_bytes history;  /* a BSON document, or empty; not part of the digest */
	struct msp_bytes extra;    /* kinds unknown here: their own bytes; else empty */
};

MSP_API void msp_object_init(struct msp_object *o);
MSP_API void msp_object_free(struct msp_object *o); /* and initialises it again */
/* Makes o a blank live object of that kind, type and size; buffers that o owns are reused, not freed.
 * Samples are allocated, not cleared. dt is 0, start 0, UTC; a seismogram has the identity matrix.
 * MSP_NOMEM (also when npts * ncomp * width overflows). */
MSP_API int msp_object_reset(struct msp_object *o, int kind, int type, uint64_t npts) MSP_CHECKED;
/* Deep copy: everything in dst is owned. */
MSP_API int msp_object_copy(struct msp_object *dst, const struct msp_object *src) MSP_CHECKED;
/* Moves src to dst, src becomes blank; what src borrowed is copied, so that dst owns all. */
MSP_API int msp_object_take(struct msp_object *dst, struct msp_object *src) MSP_CHECKED;
/* Sets npts and makes the sample buffer owned and that big. Content is kept only for ncomp == 1. */
MSP_API int msp_object_resize(struct msp_object *o, uint64_t npts) MSP_CHECKED;
/* Converts samples to double (no-op if they are; dead objects only change their type). MSP_KILL for an unknown type. */
MSP_API int msp_object_to_f64(struct msp_object *o, struct msp_error *err) MSP_CHECKED;
/* Makes the samples writable in place: copies them if they are borrowed and not lent for writing. */
MSP_API int msp_object_writable(struct msp_object *o) MSP_CHECKED;
/* The samples as doubles: component c. Only for MSP_F64; NULL otherwise. */
MSP_API double *msp_object_f64(struct msp_object *o, uint32_t c);
/* Time of sample i: start + i * dt, by msp_time_of_samples(). */
MSP_API msp_time msp_object_time(const struct msp_object *o, int64_t i);
/* Time of the last sample; start if npts is 0. */
MSP_API msp_time msp_object_end(const struct msp_object *o);
/* round((t - start) / dt), half away from zero, not clipped to the object (MsPASS sample_number). */
MSP_API int64_t msp_object_sample(const struct msp_object *o, msp_time t);
/* True for MSP_TIMESERIES and MSP_SEISMOGRAM. */
MSP_API bool msp_object_is_data(const struct msp_object *o);
/* "timeseries", "seismogram", "ensemble", "ensemble_end" or "unknown". */
MSP_API const char *msp_kind_name(int kind);
/* "none", "f64", "f32", "i32" or "unknown". */
MSP_API const char *msp_type_name(int type);
/* Gives an origin its id: XXH3-128 of what it is: kind, codes (net, sta, loc, chan), start, dt, npts, type, samples;
 * for a dead one or a bracket, its metadata and error log in place of samples. */
MSP_API void msp_object_origin_id(struct msp_object *o);
/* XXH3-128 of the canonical form in msp(5), section DIGEST: id, kind, live, times, samples, metadata, error log. */
MSP_API struct msp_id msp_object_digest(const struct msp_object *o);
/* "NET.STA.LOC.CHAN starttime" or as much of it as there is, for messages. Returns buf. */
MSP_API char *msp_object_name(const struct msp_object *o, char *buf, size_t size);

/* Time standards, as MsPASS ator/rtoa (mspass-behaviour 1.3), without its
 * "t0shift > 100" quirk: only a valid shift makes a relative time UTC again. */
MSP_API void msp_object_ator(struct msp_object *o, msp_time reference); /* no-op if dead or relative */
MSP_API int msp_object_rtoa(struct msp_object *o, struct msp_error *err) MSP_CHECKED; /* no-op if dead or UTC; MSP_KILL if not restorable */

/* ---- error log --------------------------------------------------------- */

enum msp_severity { /* MsPASS's, in its order */
	MSP_FATAL, MSP_INVALID, MSP_SUSPECT, MSP_COMPLAINT, MSP_DEBUG, MSP_INFORMATIONAL
};
MSP_API const char *msp_severity_name(int severity); /* "Fatal", "Invalid", ... */

/* Appends {"algorithm","badness","message"} to the error log. */
MSP_API int msp_object_log(struct msp_object *o, const char *algorithm, int severity, const char *message) MSP_CHECKED;
/* Logs with MSP_INVALID, marks dead, drops the samples. If memory runs out the object
 * is dead all the same and MSP_NOMEM is returned. */
MSP_API int msp_object_kill(struct msp_object *o, const char *algorithm, const char *message) MSP_CHECKED;
struct msp_log_entry {
	const char *algorithm, *badness, *message; /* borrowed from the object; never NULL */
};
MSP_API uint32_t msp_object_log_count(const struct msp_object *o);
MSP_API bool msp_object_log_get(const struct msp_object *o, uint32_t i, struct msp_log_entry *out);
/* The entry of the worst severity, the last of its like: why a dead object died. False if there is none. */
MSP_API bool msp_object_log_worst(const struct msp_object *o, struct msp_log_entry *out);

/* ---- values and metadata ----------------------------------------------- */

enum msp_value_type {
	MSP_V_UNDEFINED, /* no such key */
	MSP_V_NULL,
	MSP_V_BOOL,
	MSP_V_INT,
	MSP_V_DOUBLE,
	MSP_V_STRING,
	MSP_V_TIME, /* UTC */
	MSP_V_BSON, /* any other BSON value (array, document, binary, object id ...) */
};

struct msp_value {
	int type; /* enum msp_value_type */
	bool far; /* V_INT, V_DOUBLE that msp_expr_get_fn gives: seconds since 1970 of a time that V_TIME does not hold, as 2599-12-31 */
	union {
		bool b;
		int64_t i; /* also V_TIME: ns */
		double d;
		struct { const char *text; size_t len; } s; /* borrowed; may hold NUL; not NUL-terminated in general */
		bson_value_t bson; /* borrowed: shallow, not to be destroyed */
	} u;
};

/* The value of a key: first the object's own fields, then its metadata.
 * Fields: kind ("timeseries", "seismogram", "ensemble", "ensemble_end"), live, id, npts (nsamp), ncomp, delta (dt), sampling_rate (1/delta),
 * starttime (t0, time), endtime: V_TIME when UTC, V_DOUBLE seconds when relative; time_standard ("UTC"/"Relative"), starttime_shift
 * (relative with a valid shift: V_TIME). Brackets have only kind, live, id. A dotted key goes into subdocuments; `channel.hang` and `channel_hang` find the same value whichever of
 * the two is stored (exact spelling first). Strings from fields point into static text or into scratch (id: 33 bytes). */
MSP_API void msp_object_get(const struct msp_object *o, const char *key, struct msp_value *out, char scratch[MSP_ID_TEXT]);
/* Finds a metadata key (dotted or underscored, as above); false if undefined. */
MSP_API bool msp_meta_find(const struct msp_object *o, const char *key, bson_iter_t *out);
MSP_API bool msp_meta_value(const struct msp_object *o, const char *key, struct msp_value *out);
/* Before the first key of an object's metadata; false if there is none. */
MSP_API bool msp_meta_begin(const struct msp_object *o, bson_iter_t *out);
/* The value at which an iterator stands (after bson_iter_next() was true); borrowed from the iterator's document. */
MSP_API void msp_value_of_iter(const bson_iter_t *it, struct msp_value *out);
/* Metadata string of a key, or fallback; borrowed from the object; strings with an embedded NUL read as the part before it. */
MSP_API const char *msp_meta_string(const struct msp_object *o, const char *key, const char *fallback);
/* Sets a key. An existing key keeps its place and its spelling; a new dotted key makes subdocuments. MSP_V_UNDEFINED removes the key.
 * MSP_V_TIME is stored as a double of epoch seconds, as MsPASS stores times. MSP_USAGE for a key that is empty, too long, or the name of a field of the object. */
MSP_API int msp_meta_set(struct msp_object *o, const char *key, const struct msp_value *v, struct msp_error *err) MSP_CHECKED;
MSP_API int msp_meta_set_string(struct msp_object *o, const char *key, const char *text) MSP_CHECKED;
MSP_API int msp_meta_set_double(struct msp_object *o, const char *key, double d) MSP_CHECKED;
MSP_API int msp_meta_set_int(struct msp_object *o, const char *key, int64_t i) MSP_CHECKED; /* int32 where it fits, as MsPASS */
MSP_API int msp_meta_unset(struct msp_object *o, const char *key) MSP_CHECKED; /* no such key: MSP_OK */
/* Sets a key or a field: start (starttime, t0, time), dt (delta, dt), sampling_rate change the object; npts, id,
 * kind, ncomp, endtime, time_standard, starttime_shift are MSP_USAGE ("npts cannot be set"); live=false kills, live=true is MSP_USAGE. Anything else is msp_meta_set(). */
MSP_API int msp_object_set(struct msp_object *o, const char *key, const struct msp_value *v, struct msp_error *err) MSP_CHECKED;
/* Structure check of untrusted BSON bytes: length, nesting (at most 64), every element inside; not UTF-8. n == 0 is valid. */
MSP_API bool msp_bson_valid(const uint8_t *data, size_t n);
/* Codes of a channel. */
struct msp_codes {
	char net[32], sta[32], loc[32], chan[32];
};
/* Reads NET.STA.LOC.CHAN: four codes, any of them empty, and three dots. MSP_USAGE with the reason. */
MSP_API int msp_codes_parse(const char *text, struct msp_codes *out, struct msp_error *err) MSP_CHECKED;
/* The station code of object `number` of a series that begins with codes->sta: the digits at its end count up, and become more when
 * they must; a code without digits gets a number from the second object on. Returns buf. */
#define MSP_STATION_TEXT 64
MSP_API char *msp_codes_station(const struct msp_codes *codes, int64_t number, char buf[MSP_STATION_TEXT]);
/* Sets net, sta, loc, chan; sta, unless it is NULL, in place of that in codes. MSP_NOMEM only. */
MSP_API int msp_codes_set(const struct msp_codes *codes, const char *sta, struct msp_object *o) MSP_CHECKED;
/* Total order over values for sorting: undefined < null < numbers and bools as numbers (NaN first) < times < strings (bytes) < others (BSON bytes). */
MSP_API int msp_value_compare(const struct msp_value *a, const struct msp_value *b);
/* Text of a value, exact (17 digits or the shortest that reads back), for msls and names. MSP_NOMEM only. Appends to out. */
MSP_API int msp_value_text(const struct msp_value *v, struct msp_bytes *out) MSP_CHECKED;
/* The shortest decimal text of a double that reads back the same ("0.05", "1e+300", "nan", "inf", "-inf"). Returns buf. */
MSP_API char *msp_double_format(double d, char buf[32]);

/* Replaces by '?' each byte that could break a line or drive a terminal: control characters (C0, DEL, C1) and what is no
 * UTF-8. For text from a stream that is printed as it is. */
MSP_API void msp_text_harmless(void *text, size_t n);

/* ---- numbers with units ------------------------------------------------- */

/* Reads what a user types for an option or operand of that type: a decimal number, whole text, finite. Seconds: ms s min h d;
 * hertz: mHz Hz, above 0; whole numbers: k M G (powers of 1000); sizes: k M G (powers of 1024). MSP_USAGE with the reason. */
MSP_API int msp_parse_seconds(const char *text, double *out, struct msp_error *err) MSP_CHECKED;
MSP_API int msp_parse_hz(const char *text, double *out, struct msp_error *err) MSP_CHECKED;
MSP_API int msp_parse_double(const char *text, double *out, struct msp_error *err) MSP_CHECKED;
MSP_API int msp_parse_int(const char *text, int64_t min, int64_t max, int64_t *out, struct msp_error *err) MSP_CHECKED;
MSP_API int msp_parse_size(const char *text, uint64_t *out, struct msp_error *err) MSP_CHECKED;

/* ---- URIs ---------------------------------------------------------------- */

/* True for the URI of a MongoDB server, which may hold a password. */
MSP_API bool msp_uri_is(const char *text);
/* scheme://user@host/database of scheme://user:password@host/database?options, malloc'ed; NULL: no memory. Of what is no URI because
 * something in it is not %-encoded, only the beginning: the rest may be a password. */
MSP_API char *msp_uri_harmless(const char *uri);

/* ---- patterns ----------------------------------------------------------- */

/* Text with %{KEY} for values and %% for a percent sign; with escapes, \n, \t and \\ too: msls --format, mssave --name. */
enum msp_piece_type { MSP_PIECE_END, MSP_PIECE_TEXT, MSP_PIECE_KEY, MSP_PIECE_BAD };
struct msp_piece {
	const char *text; /* TEXT: borrowed, of the pattern or static */
	size_t len;       /* TEXT, KEY */
	const char *why;  /* BAD: the reason */
	char key[256];    /* KEY */
};
/* The piece at *p, which moves behind it; not at the end and not when the piece is bad. Returns enum msp_piece_type. */
MSP_API int msp_pattern_next(const char **p, bool escapes, struct msp_piece *piece);
/* Appends the text of a key's value, whatever that is where there is none. Below 0: failure. */
typedef int msp_pattern_value_fn(const struct msp_object *o, const char *key, struct msp_bytes *out);
/* Appends the pattern with its values. MSP_USAGE for a bad piece; MSP_NOMEM; what value() returns below 0. */
MSP_API int msp_pattern_expand(const char *pattern, bool escapes, const struct msp_object *o, msp_pattern_value_fn *value,
                               struct msp_bytes *out) MSP_CHECKED;

/* ---- JSON -------------------------------------------------------------- */

/* MongoDB Extended JSON version 2, relaxed: doubles always with a point or an exponent, exact; NaN and infinities as {"$numberDouble":"NaN"};
 * control characters escaped; bytes that are no UTF-8 as U+FFFD. Valid JSON for any value and any bytes. Each appends to out; MSP_NOMEM only. */
MSP_API int msp_json_value(const struct msp_value *v, struct msp_bytes *out) MSP_CHECKED;
MSP_API int msp_json_document(const uint8_t *bson, size_t n, struct msp_bytes *out) MSP_CHECKED; /* n == 0: {} */
MSP_API int msp_json_string(const char *text, size_t n, struct msp_bytes *out) MSP_CHECKED;      /* with its quotes */
MSP_API int msp_json_double(double d, struct msp_bytes *out) MSP_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
