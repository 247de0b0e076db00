/* mspipe/format.h - foreign waveform formats: miniSEED 2 and SAC
 *
 * An input gives the objects of one foreign file one by one, from a descriptor
 * (a file, a pipe) or from memory, in one pass and in memory bounded by the
 * runs that are open. What cannot be read becomes an object too: dead, with the file,
 * the offset and the reason. Writers turn one object into the bytes of a file.
 *
 * What a file is, is told by its content, never by its name.
 */
#ifndef MSPIPE_FORMAT_H
#define MSPIPE_FORMAT_H

#include "mspipe/core.h"
#include "mspipe/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

enum msp_format {
	MSP_FORMAT_UNKNOWN = 0,
	MSP_FORMAT_MSP,   /* a stream: read it with msp_reader */
	MSP_FORMAT_MSEED, /* miniSEED 2; full SEED volumes' data records, too */
	MSP_FORMAT_SAC,   /* SAC binary, header versions 6 and 7, both byte orders */
};

/* Bytes that msp_format_sniff() wants to see. It takes fewer if there are no more. */
#define MSP_FORMAT_SNIFF 640
/* enum msp_format of the file that begins with these n bytes. */
MSP_API int msp_format_sniff(const void *data, size_t n);
/* "msp", "mseed", "sac" (any case; "miniseed" too) to enum msp_format; MSP_FORMAT_UNKNOWN for another name. */
MSP_API int msp_format_parse(const char *name);
MSP_API const char *msp_format_name(int format);
/* What the ending of a file's name says (.msp, .mseed, .miniseed, .ms, .sac), or MSP_FORMAT_UNKNOWN. */
MSP_API int msp_format_of_ending(const char *path);

/* ---- reading ----------------------------------------------------------- */

struct msp_input; /* opaque: one foreign file being read */

struct msp_input_options {
	int format;      /* enum msp_format; MSP_FORMAT_UNKNOWN: by content */
	uint64_t offset; /* where in the file fd stands: only for messages and metadata */
	uint64_t size;   /* read no more than this; 0: to the end */
	uint64_t least;  /* there are this many bytes, it was said: an end before that is MSP_FAIL (the file was cut meanwhile) */
	bool headers;    /* no samples: live objects of type MSP_NONE whose npts says how many there are */
	/* Not NULL: asked when run number `run` (from 0, in the order in which runs begin) begins. False: its samples are not decoded and no
	 * object is given for it. */
	bool (*want)(void *want_context, uint64_t run);
	void *want_context;
	const struct msp_codes *only; /* not NULL: miniSEED: so it is with the runs of all channels but this one; no code is a blank one */
	msp_poll_fn *poll;
	void *context;
};

/* An input on fd (not owned), called name in messages and in the metadata of dead objects (copied). The first bytes are read to see what it is. NULL and
 * err: the first read failed or no memory. A file of no known format, or an empty one, opens: its only object is a dead one. */
MSP_API struct msp_input *msp_input_open(int fd, const char *name, const struct msp_input_options *options,
                                         struct msp_error *err) MSP_CHECKED;
/* The same for bytes in memory, which must stay. */
MSP_API struct msp_input *msp_input_memory(const void *data, size_t n, const char *name, const struct msp_input_options *options,
                                           struct msp_error *err) MSP_CHECKED;
/* An input without a file: its one object is a dead one, called name, with this reason. */
MSP_API struct msp_input *msp_input_dead(const char *name, const char *reason, struct msp_error *err) MSP_CHECKED;
MSP_API void msp_input_free(struct msp_input *in);
MSP_API int msp_input_format(const struct msp_input *in); /* enum msp_format */
/* What was read of fd to find out; whoever reads on from fd by himself (MSP_FORMAT_MSP) needs it. Borrowed. */
MSP_API const void *msp_input_peeked(const struct msp_input *in, size_t *n);

/* The next object: 1; 0 at the end; below 0: MSP_FAIL (the read failed), MSP_NOMEM, MSP_INTERRUPTED, MSP_USAGE (it is an msp stream). o is
 * reset, filled, and owns what it has; its buffers are used again by the next call.
 *
 * miniSEED: one object per contiguous run of records of one channel (net, sta, loc, chan). A run ends where the next record of
 * its channel starts more than half a sample from where it should, counted from the record before or from the run's start; where the rate changes by
 * more than 1e-4 of itself; where the type of samples changes. Objects come in the order in which their runs end; those still open at
 * the end of the file, in the order in which they began. Metadata: net, sta, loc, chan (absent if blank), and the subdocument mseed {dataquality, encoding,
 * byteorder, record_length, number_of_records}, of the run's first record (dataquality: every one met).
 * Types: integers MSP_I32, FLOAT32 MSP_F32, FLOAT64 MSP_F64.
 *
 * SAC: one object; MSP_F32. Metadata: net, sta, loc, chan from knetwk, kstnm, khole, kcmpnm, every other defined header
 * variable under sac.NAME. start is the reference time plus b, b rounded to ns; dt is the shortest decimal that reads as the header's float32. Without a reference
 * time the object is relative.
 *
 * A dead object that stands for unreadable bytes has the metadata file and offset, and the reason in its error log. A
 * miniSEED record that is whole but whose samples do not decode costs only itself: reading goes on behind it.
 * Anything else that cannot be read ends the file. A Steim record whose last sample is not the one it
 * says keeps its samples, and the object has a Complaint in its error log. */
MSP_API int msp_input_next(struct msp_input *in, struct msp_object *o, struct msp_error *err) MSP_CHECKED;

/* The number of the run that the object last given belongs to, as want() is asked. */
MSP_API uint64_t msp_input_run(const struct msp_input *in);
/* Where in the file the object last given lies. */
struct msp_input_span {
	uint64_t offset, end; /* from its first record up to the end of its last one; a SAC file: all of it */
	msp_time last;        /* miniSEED: the start of its last record */
	uint8_t type;         /* enum msp_type of its samples, also where only headers are read */
	bool mixed;           /* other records lie between its own */
};
/* A run that lies in a span is read back by an input whose options.offset is the span's offset, whose size (and least) is its length, and whose
 * want() is msp_input_first(): it is the first run to begin there, and has the same records as in the whole file. */
MSP_API void msp_input_span(const struct msp_input *in, struct msp_input_span *out);
MSP_API bool msp_input_first(void *unused, uint64_t run); /* for options.want: true for run 0 */
/* Where in the file the reader stands. */
MSP_API uint64_t msp_input_offset(const struct msp_input *in);

/* What was read so far and gave no object. */
struct msp_input_skips {
	uint64_t control; /* SEED control and blank records */
	uint64_t text;    /* records of text (ASCII logs) */
	uint64_t empty;   /* records without samples, or without a sample rate */
	uint64_t unwanted; /* runs that want() refused */
};
MSP_API const struct msp_input_skips *msp_input_skipped(const struct msp_input *in);

/* ---- choosing before decoding ------------------------------------------ */

struct msp_share;
#define MSP_PLAN_LISTED (1u << 18)
/* Which runs of an input are wanted, by run number. Zero-initialise. */
struct msp_plan {
	uint8_t *keep; /* a bit per run */
	uint64_t n, kept;
	size_t room;   /* bytes */
	struct msp_plan_run { uint64_t run, offset, end; } *list; /* the first MSP_PLAN_LISTED of those that are kept, as they were given */
	size_t listed, list_room;
	uint64_t bytes; /* that those in the list take */
	bool mixed;     /* other records lie between those of one of them */
	struct ahead *ahead; /* private: where runs end, so that who reads them knows which are whole */
};
/* Reads `headers` (an input opened with options.headers) to its end and asks about each object of it: 1 wanted, 0 not, below 0
 * failure. It costs about a tenth of reading the samples. */
MSP_API int msp_plan_make(struct msp_plan *plan, struct msp_input *headers, int (*choose)(void *context, struct msp_object *o),
                          void *context, struct msp_error *err) MSP_CHECKED;
/* Of what is kept and in the list, only what belongs to that part stays. */
MSP_API void msp_plan_divide(struct msp_plan *plan, const struct msp_share *share, uint32_t part);
/* Whether of an input of so many bytes it is better to read what is kept span by span, in the order of the list (see msp_input_span()), than to read
 * it once with msp_plan_wants(). A span without bytes goes up to the end. */
MSP_API bool msp_plan_apart(const struct msp_plan *plan, uint64_t bytes);
/* For msp_input_options.want, with the plan as context. */
MSP_API bool msp_plan_wants(void *plan, uint64_t run);
MSP_API void msp_plan_free(struct msp_plan *plan);

/* ---- sources ----------------------------------------------------------- */

/* A file to be read, or a part of one. */
struct msp_source {
	char *path;            /* NULL: standard input */
	bool store;            /* it is the name of a store, as msp_store_open() takes it */
	uint64_t offset, end;  /* bytes offset up to, not including, end; end 0: to the end of the file */
	uint64_t size;         /* of the file, when it was added */
	int64_t mtime;         /* ns since the epoch */
	bool found;            /* in a directory; else it was named itself */
	int trouble;           /* errno: it was found, but cannot be read (a link to nothing, no permission) */
};
struct msp_sources {
	struct msp_source *item;
	size_t n, room;
	size_t standard_inputs; /* how many of them are standard input */
	bool standard_list;     /* it was read as a list: `@-` */
	char **dir;             /* the directories among what was named */
	size_t dirs;
	bool empty;             /* set by the caller: a directory may have no files */
	bool stores;            /* to be set before: stores (path.msdb, mongodb:...) are sources, too; else they are MSP_USAGE */
};
/* Adds what an operand names: a file; a directory (its files, recursively, sorted by the bytes of their paths; names that begin with a dot are left out);
 * FILE@OFFSET-END (either number may be missing); @LIST (operands, one a line; empty lines and lines that begin with # are left out; @-: the list is standard
 * input); `-`. A file whose name only looks like one of these is taken as a file. MSP_FAIL if something is missing or
 * cannot be read, or a directory has no files. Stores in a directory are left out, too. What cannot be read inside a directory is no
 * failure: it is added, with its trouble. */
MSP_API int msp_sources_add(struct msp_sources *s, const char *operand, struct msp_error *err) MSP_CHECKED;
/* A hash of what the sources are: absolute paths, sizes, times of change, ranges; of stores only the path, or the URI without password; for standard input the n bytes at head. */
MSP_API int msp_sources_hash(const struct msp_sources *s, const void *head, size_t n, struct msp_id *out, struct msp_error *err) MSP_CHECKED;
/* Opens a source (as msp_open_input(); a trouble is MSP_FAIL) and goes to its offset; *size is what may be read of it, 0: all there is. Below 0: failure. */
MSP_API int msp_source_open(const struct msp_source *s, uint64_t *size, msp_poll_fn *poll, void *context, struct msp_error *err) MSP_CHECKED;
MSP_API void msp_sources_free(struct msp_sources *s);

/* What of a source belongs to which of many parts. */
struct msp_share {
	uint32_t first, last; /* the parts that have something of it, from 1; 0: its size says nothing (a pipe, a store, an empty file) */
	uint64_t at, size; /* private */
	uint64_t part_size;
};
/* Divides the sources into parts, 1 or more, of equal size as far as can be. It depends on their sizes and order only. *shares has one for each source:
 * free() it. A source that is larger than half a part may belong to several, one behind the other; others belong to one. */
MSP_API int msp_sources_share(const struct msp_sources *s, uint32_t parts, struct msp_share **shares, struct msp_error *err) MSP_CHECKED;
/* The part of what lies at `at` of `of`, whatever these count. */
MSP_API uint32_t msp_share_part(const struct msp_share *s, uint64_t at, uint64_t of);

/* Cuts a live object to its samples from `from` to `to`, both included (on the object's axis). Returns 1 if
 * any are left (o may be unchanged: *changed), 0 if none, and o is as it was; MSP_NOMEM. An object without samples (headers) is cut, too. */
MSP_API int msp_object_cut(struct msp_object *o, msp_time from, msp_time to, bool *changed) MSP_CHECKED;

/* ---- writing ----------------------------------------------------------- */

struct msp_mseed_options {
	uint32_t record_length; /* 256 .. 32768, a power of two; 0: 4096 */
};
/* What a format could not hold, or how it held it. */
struct msp_format_notes {
	bool time_rounded;   /* the start lies between the format's ticks (miniSEED: 1 us) */
	bool value_rounded;  /* a sample does not fit its type exactly (SAC: float32) */
	bool rate_rounded;   /* dt is not held exactly */
	bool not_steim;      /* integers whose differences exceed 30 bits: written as INT32 */
};
/* Appends a time series as miniSEED 2 records, big-endian: i32 as Steim-2, f32 and f64 as such. Blockettes 1000, 1001 and, where factor and multiplier cannot
 * hold the rate, 100. MSP_KILL with the reason if the format cannot hold the object: relative time, codes too long or not ASCII, dt not positive,
 * a year before 1900 or after 2100, dead. notes may be NULL. */
MSP_API int msp_mseed_write(const struct msp_object *o, const struct msp_mseed_options *options, struct msp_bytes *out,
                            struct msp_format_notes *notes, struct msp_error *err) MSP_CHECKED;
/* Appends one SAC file, little-endian, header version 6: reference time is the start cut to ms, b the rest (exact to the ns); a relative
 * object has no reference time and b is its start. Metadata under sac. go back to the header, except what the object itself decides. */
MSP_API int msp_sac_write(const struct msp_object *o, struct msp_bytes *out, struct msp_format_notes *notes,
                          struct msp_error *err) MSP_CHECKED;
/* Component c (0..2) of a seismogram as a time series in out (deep copy): the code of the axis replaces the last letter of chan (or is chan, if there is none): E, N, Z if cardinal, else 1, 2, 3. */
MSP_API int msp_seismogram_component(const struct msp_object *o, uint32_t c, struct msp_object *out) MSP_CHECKED;

/* ---- many files in a directory ----------------------------------------- */

/* MSP_USAGE with the reason if it is no pattern for a file's name: text with %{KEY} for values and %% for a percent sign, without slashes. */
MSP_API int msp_name_check(const char *pattern, struct msp_error *err) MSP_CHECKED;
/* Expands a pattern for an object. What a value cannot hold in a name becomes `_`: slashes, control characters, a leading
 * dot; an undefined or empty value is `_`. The result is a name of at most 240 bytes, never "." or "..". MSP_KILL if it would be longer. */
MSP_API int msp_name_expand(const char *pattern, const struct msp_object *o, struct msp_bytes *out, struct msp_error *err) MSP_CHECKED;

struct msp_outdir; /* opaque */

/* Begins files in the directory path, which is made if it is missing. They are gathered in a hidden directory inside it and
 * move to their places, over older ones, when all is committed. */
MSP_API struct msp_outdir *msp_outdir_open(const char *path, struct msp_error *err) MSP_CHECKED;
/* Appends n bytes to the file called name (a name, no path), which is new unless it was added to before. */
MSP_API int msp_outdir_add(struct msp_outdir *d, const char *name, const void *data, size_t n, struct msp_error *err) MSP_CHECKED;
/* Whether there is such a file in what was added so far. */
MSP_API bool msp_outdir_has(const struct msp_outdir *d, const char *name);
MSP_API uint64_t msp_outdir_files(const struct msp_outdir *d);
/* Flushes to the disk and puts each file in its place: each is whole or not there. Frees d in any case. */
MSP_API int msp_outdir_commit(struct msp_outdir *d, struct msp_error *err) MSP_CHECKED;
MSP_API void msp_outdir_abort(struct msp_outdir *d); /* NULL is allowed */

/* ---- saving objects in a foreign format -------------------------------- */

struct msp_format_save_options {
	int format;             /* MSP_FORMAT_MSEED or MSP_FORMAT_SAC */
	bool directory;         /* the target is one */
	const char *name;       /* pattern of the names in it; NULL: codes and start, a file for each object. Borrowed */
	uint32_t record_length; /* miniSEED; 0: 4096 */
	msp_poll_fn *poll;
	void *context;
};
struct msp_format_saved {
	uint64_t live;
	uint64_t left_out; /* dead objects */
	uint64_t refused;  /* the format cannot hold them; why: the first of them */
	uint64_t times, rates, values, plain; /* how often a msp_format_notes was so */
	char why[200];
};
struct msp_format_save; /* opaque */

/* What a user's target and pattern (NULL: none) say: sets format (`to`, or what the ending says), directory and name of options. A target is a
 * directory if it is one, ends in a slash, has a pattern, or takes SAC files without being called one. MSP_USAGE: an unknown format, an msp
 * stream in a directory, a record length that is no power of two. */
MSP_API int msp_format_choose(const char *target, const char *name, int to, struct msp_format_save_options *options,
                              struct msp_error *err) MSP_CHECKED;
/* Begins; nothing has its name before msp_format_save_commit(). target is borrowed. */
MSP_API int msp_format_save_open(const char *target, const struct msp_format_save_options *options, struct msp_format_save **out,
                                 struct msp_error *err) MSP_CHECKED;
/* Seismograms become three time series; brackets are passed over; dead objects left out. MSP_FAIL also for a second time series in one SAC file. */
MSP_API int msp_format_save_object(struct msp_format_save *v, const struct msp_object *o, struct msp_error *err) MSP_CHECKED;
MSP_API const struct msp_format_saved *msp_format_save_counts(const struct msp_format_save *v);
/* MSP_FAIL also for a SAC file without a time series. */
MSP_API int msp_format_save_commit(struct msp_format_save *v, struct msp_error *err) MSP_CHECKED;
MSP_API void msp_format_save_free(struct msp_format_save *v); /* what was not committed is forgotten; NULL is allowed */

#ifdef __cplusplus
}
#endif
#endif
