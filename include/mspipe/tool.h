/* mspipe/tool.h - what every command shares
 *
 * A command is one table and a few functions; main() is in lib/tool/main.c. The frame
 * parses options, opens input and output, keeps segments and lineage ids,
 * passes on what the command does not handle, counts live and dead, reports, cleans up
 * and chooses the exit status. A command never prints to stderr itself, never exits, never touches stdin or stdout.
 *
 *     struct filter { double band[2]; int mode; ... };
 *     static const struct msp_option options[] = { {...}, {0} };
 *     const struct msp_tool msp_tool = {
 *             .name = "msfilter", .summary = "IIR-filter each time series of a stream",
 *             .options = options, .size = sizeof(struct filter), .kinds = MSP_HANDLES_DATA,
 *             .start = start, .flow = flow };
 */
#ifndef MSPIPE_TOOL_H
#define MSPIPE_TOOL_H

#include "mspipe/core.h"
#include "mspipe/stream.h"

#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- options ----------------------------------------------------------- */

enum msp_option_type {
	MSP_OPT_FLAG = 1, /* bool; takes no argument */
	MSP_OPT_MODE,     /* takes no argument; only sets `mode` */
	MSP_OPT_INT,      /* int64_t, within min..max when they differ (the default need not be); suffixes k M G (powers of 1000) */
	MSP_OPT_DOUBLE,   /* double, finite, within min..max when they differ */
	MSP_OPT_SECONDS,  /* double; suffixes ms s min h d */
	MSP_OPT_HZ,       /* double > 0; suffixes mHz Hz */
	MSP_OPT_HZ2,      /* double[2]: F1,F2 with 0 < F1 < F2 */
	MSP_OPT_SIZE,     /* uint64_t bytes; suffixes k M G (powers of 1024) */
	MSP_OPT_TIME,     /* msp_time; MSP_OPT_UNSET when not given and no default */
	MSP_OPT_STRING,   /* const char * (borrowed from argv); NULL when not given and no default */
	MSP_OPT_STRINGS,  /* struct msp_strings; may be given several times */
	MSP_OPT_CHOICE,   /* int: index in `choices`, "start|zero" */
};
#define MSP_OPT_UNSET INT64_MIN

struct msp_strings {
	const char **item; /* borrowed from argv; the array belongs to the frame */
	size_t n;
};

#define MSP_OPTF_NOID 1u   /* does not change what is computed: not part of the stage's identity */
#define MSP_OPTF_HIDDEN 2u /* accepted, not shown */

struct msp_option {
	const char *name;    /* long name, without dashes; {0} ends a table */
	char letter;         /* short name or 0 */
	int type;            /* enum msp_option_type */
	size_t offset;       /* of the value in the command's struct (not for MODE) */
	const char *arg;     /* metavariable, as help and man page show it: "F1,F2" */
	const char *help;    /* one line, no full stop; names the default */
	const char *def;     /* default, as a user would type it; NULL: zero / unset */
	const char *choices; /* CHOICE only */
	double min, max;
	unsigned flags;      /* MSP_OPTF_* */
	int mode;            /* if not 0: giving the option also sets the int at mode_offset to this; two options that set the same int to */
	size_t mode_offset;  /* different modes exclude each other (usage error that names both) */
};

/* ---- a command --------------------------------------------------------- */

struct msp_job; /* opaque: one run of a command */

#define MSP_HANDLES_TIMESERIES 1u
#define MSP_HANDLES_SEISMOGRAM 2u
#define MSP_HANDLES_DATA 3u
/* Everything, dead objects, brackets and unknown kinds too, comes to flow(): for commands that select, count, print, gather. */
#define MSP_HANDLES_ALL 0x80u

#define MSP_TOOL_SOURCE 1u   /* has no input stream: flow() is not called (but see msp_job_relay), drain() makes the objects; all operands are its own */
#define MSP_TOOL_TEXT 2u     /* writes text (msp_job_text()), no stream */
#define MSP_TOOL_SINK 4u     /* writes no stream and no text to stdout: saves elsewhere, commits in drain() */
#define MSP_TOOL_KEEPS_IDS 8u   /* only selects, moves or orders: ids stay */
#define MSP_TOOL_RESTREAM 16u /* its output is a new stream with segments of its own, not the input's segments one to one (mssort): refuses --segments */
#define MSP_TOOL_GATHERS 32u  /* holds the whole input or depends on all of it: not split-safe (msmap asks), unless whole() says so */
#define MSP_TOOL_NO_STAGE 64u /* copies segments as they are: is no stage of their history */

struct msp_tool {
	const char *name, *summary;
	const char *operands;  /* SYNOPSIS of the command's own operands: "START END"; NULL if none. The frame adds [FILE...] */
	const struct msp_option *options; /* may be NULL */
	size_t size;           /* of the command's struct: zeroed, then filled from the options' defaults and the command line */
	unsigned kinds;        /* MSP_HANDLES_*: what comes to flow(); the rest is passed on unchanged */
	unsigned flags;        /* MSP_TOOL_* */
	unsigned own_operands; /* how many leading operands are the command's own (exactly); sources and sinks own all */
	bool (*owns)(const char *operand); /* or: leading operands for which this is true are its own, at least own_operands of them */

	/* Why the result of what was asked for depends on the whole stream, or NULL: asked before start(). Optional; without it flags decide. */
	const char *(*whole)(const void *self);
	/* Options are parsed. Check what needs no data; prepare. Below 0 with msp_job_error() set: MSP_USAGE, MSP_FAIL ... */
	int (*start)(void *self, struct msp_job *job);
	/* One object in; zero or more out by msp_emit(). o is the frame's; the command may change it, and msp_object_take() it.
	 * MSP_KILL with msp_job_error() set: the frame kills o with that reason and emits it. Other negative: the job fails. */
	int (*flow)(void *self, struct msp_job *job, struct msp_object *o);
	/* Whole blocks instead of objects: only after msp_job_by_blocks(). */
	int (*block)(void *self, struct msp_job *job, const struct msp_block *b);
	/* A segment of the input begins / has ended whole. Optional. */
	int (*header)(void *self, struct msp_job *job, const struct msp_header *h);
	int (*trailer)(void *self, struct msp_job *job, const struct msp_totals *t, bool more);
	/* The input has ended and everything in it was whole and complete. Emit the rest; sinks commit here. Not called after a failure. */
	int (*drain)(void *self, struct msp_job *job);
	/* Called every few seconds while input is waited for: what has to be done even then. Optional. */
	void (*idle)(void *self);
	/* What a status line says of a command that handles no objects, in at most size bytes. Optional. */
	void (*status)(void *self, char *buf, size_t size);
	/* A job that fails (err->text empty) after it has said why by msp_job_warn() is not reported again. */
	/* Always called once after start() was called: free what self holds; abort what was not committed. */
	void (*stop)(void *self);
};

/* ---- what a command may ask of its job --------------------------------- */

/* Writes o as output of this stage: its id becomes msp_id_next(o->id, stage, k), k counting the outputs of this call of flow() or
 * drain(); with MSP_TOOL_KEEPS_IDS the id stays. For n-to-1 results set o->id to the msp_id_sum() of the inputs' ids first. o is not consumed. */
MSP_API int msp_emit(struct msp_job *job, struct msp_object *o) MSP_CHECKED;
/* Writes o with the id it has: objects handed on unchanged, and objects whose origin is here (msp_object_origin_id()). */
MSP_API int msp_pass(struct msp_job *job, const struct msp_object *o) MSP_CHECKED;
/* Kills o with the reason in msp_job_error(job)->text (algorithm: the command's name) and counts it; does not emit it. Clears the error. */
MSP_API int msp_job_kill(struct msp_job *job, struct msp_object *o) MSP_CHECKED;

/* Where a failure's reason goes. `return msp_error_set(msp_job_error(job), MSP_KILL, "...")` is the usual form. */
MSP_API struct msp_error *msp_job_error(struct msp_job *job);
/* "TOOL: message" on stderr, unless -q. */
MSP_API void msp_job_warn(struct msp_job *job, const char *fmt, ...) MSP_PRINTF(2, 3);
/* Prints what msp_job_error() says, -q or not, and clears it: the job goes on, and fails in the end. */
MSP_API void msp_job_complain(struct msp_job *job);
/* As msp_job_warn(), only with -v. */
MSP_API void msp_job_say(struct msp_job *job, const char *fmt, ...) MSP_PRINTF(2, 3);
/* The command's own operands (all of them for sources and sinks). */
MSP_API int msp_job_operands(const struct msp_job *job);
MSP_API const char *msp_job_operand(const struct msp_job *job, int i);
/* For sinks that own their operands but take input files too: the frame reads the operands from i on as input. */
MSP_API void msp_job_inputs_from(struct msp_job *job, int i);
/* Replaces the operands in the stage's identity text by a canonical form (numbers printed by msp_double_format() ...); call in start().
 * Without it they enter as typed. */
MSP_API int msp_job_canonical_operands(struct msp_job *job, const char *text) MSP_CHECKED;
/* TEXT tools: where to print. The frame checks it and closes it. */
MSP_API FILE *msp_job_text(struct msp_job *job);
/* Writes n bytes there, for long texts: MSP_FAIL or MSP_PIPE as soon as they cannot be written, with the reason in msp_job_error(). */
MSP_API int msp_job_print(struct msp_job *job, const void *data, size_t n) MSP_CHECKED;
MSP_API bool msp_job_colour(const struct msp_job *job); /* text goes to a terminal and NO_COLOR is not set */
MSP_API bool msp_job_quiet(const struct msp_job *job);
/* True under --segments, and in a task of msmap (MSP_SEGMENTS): the input is a part of a larger stream, so what depends on the whole of it
 * cannot be made. */
MSP_API bool msp_job_partial(const struct msp_job *job);
/* True if that part is not complete in itself: segments that are kept one to one, without the others. */
MSP_API bool msp_job_segments(const struct msp_job *job);
MSP_API int msp_job_verbosity(const struct msp_job *job);
/* Header and input name of the segment being read. NULL for sources. */
MSP_API const struct msp_header *msp_job_header(const struct msp_job *job);
MSP_API const char *msp_job_input_name(const struct msp_job *job);
MSP_API struct msp_reader *msp_job_reader(struct msp_job *job); /* NULL for sources outside msp_job_relay() */
/* Frame behaviour, to be set in start(). */
MSP_API void msp_job_by_blocks(struct msp_job *job);     /* call block(), not flow() */
MSP_API void msp_job_restream(struct msp_job *job);      /* as if MSP_TOOL_RESTREAM were set; --segment SIZE has the same effect */
MSP_API void msp_job_stop_early(struct msp_job *job);    /* any time: enough was read (mshead); output is closed whole */
MSP_API void msp_job_strict_kill_count(struct msp_job *job, uint64_t n); /* counts kills made outside msp_job_kill() */
/* Data objects (brackets are not counted) read; objects written (brackets are), live, dead, killed here so far. */
struct msp_counts { uint64_t in, out, live, dead, killed; };
MSP_API void msp_job_counts(const struct msp_job *job, struct msp_counts *out);
/* True once a signal asked the job to end: long loops in drain() return MSP_INTERRUPTED then. */
MSP_API bool msp_job_interrupted(const struct msp_job *job);
/* For long work without objects, now and then: the status line, where one is due. */
MSP_API void msp_job_tick(struct msp_job *job);
MSP_API msp_poll_fn *msp_job_poll_fn(void); /* for msp_reader/writer/msp_write_all, with the job as context */

/* Sources. The first object begins a segment with this origin; without it the origin is the hash of the stage's identity. Parts: `part` of `parts`, or 0, 0. */
MSP_API int msp_job_origin(struct msp_job *job, struct msp_id origin, uint32_t part, uint32_t parts) MSP_CHECKED;
/* Sources: reads a whole msp stream from fd as a filter would: each object of it goes to flow(), its segments, pipelines (with this stage added) and ids are kept;
 * a part that msp_job_origin() set is put into their headers (an input that is a part itself is then refused). The first n bytes were already read from fd and are given here. */
MSP_API int msp_job_relay(struct msp_job *job, int fd, const char *name, const void *peeked, size_t n) MSP_CHECKED;
/* The same of a file that nothing was read of, but only of the blocks that are wanted: see msp_reader_want(). */
MSP_API int msp_job_relay_some(struct msp_job *job, int fd, const char *name, msp_want_block_fn *want, void *context) MSP_CHECKED;
/* Sources: begins the segment of the source's own objects, unless one is open. For parts, all of which must have the same streams, also where no
 * object comes. */
MSP_API int msp_job_own_segment(struct msp_job *job) MSP_CHECKED;
/* Sinks, in start(): write the stream to path as -o does for a filter: msp_pass() goes there; it is committed after drain(). */
MSP_API int msp_job_output(struct msp_job *job, const char *path) MSP_CHECKED;
/* Output blocks, for mscat. msp_job_copies() is false where the block must be decoded and its objects passed one by one: --level or
 * --segment was given, or it is raw and the output is a file. */
MSP_API bool msp_job_copies(const struct msp_job *job, const struct msp_block *b);
MSP_API int msp_job_put_block(struct msp_job *job, const struct msp_block *b) MSP_CHECKED;
/* The id of this stage: msp_id_hash() of its canonical text. */
MSP_API struct msp_id msp_job_stage_id(const struct msp_job *job);

/* ---- verbs --------------------------------------------------------------- */

/* Of a command whose first operand says what it does (msdb find STORE ...). {0} ends a table. */
struct msp_verb {
	const char *name, *operands; /* operands: as its usage shows them */
	int min, max;                /* how many, the verb itself included */
	const char *takes;           /* long names of the options it takes, separated by spaces */
	unsigned flags;              /* the command's own */
};
/* The verb that was asked for. MSP_USAGE: there is none of that name, the number of operands is wrong, or an option was given that it does not
 * take (of type FLAG, INT, STRING or STRINGS, with another value than its default, which has to be zero). self: the command's struct. */
MSP_API int msp_job_verb(struct msp_job *job, const void *self, const struct msp_option *options, const struct msp_verb *verbs,
                         const struct msp_verb **out) MSP_CHECKED;
MSP_API bool msp_verb_takes(const struct msp_verb *v, const char *option);

/* ---- history ------------------------------------------------------------ */

enum msp_history_form { MSP_HISTORY_TEXT, MSP_HISTORY_SH, MSP_HISTORY_JSON, MSP_HISTORY_DOT };
/* Prints the union of n pipelines (see msp_pipeline_append()): a line a stage; a shell pipeline that runs again; JSON; a graph for dot(1).
 * Write errors are left in `to`. MSP_FAIL: no pipeline, or one too entangled for the shell. */
MSP_API int msp_history_print(const struct msp_bytes *pipelines, size_t n, enum msp_history_form form, FILE *to, struct msp_error *err) MSP_CHECKED;

/* ---- objects as lines (msls) --------------------------------------------- */

/* Zero-initialise, set what is wanted. */
struct msp_listing {
	const char *format; /* NULL: the line of msls; else a pattern with escapes, for data only: brackets give no line */
	bool all;           /* also end time, type, id and the names of the metadata */
	bool colour;        /* escape sequences for a terminal */
	bool inside;        /* kept by msp_listing_add(): an ensemble is open, its members are indented */
};
/* Appends the object's line and a newline, or nothing. What came from a stream is harmless in it. MSP_NOMEM; MSP_USAGE for a bad format. */
MSP_API int msp_listing_add(struct msp_listing *l, const struct msp_object *o, struct msp_bytes *out) MSP_CHECKED;
/* MSP_USAGE with the place and the reason if a format is none. */
MSP_API int msp_line_check(const char *format, struct msp_error *err) MSP_CHECKED;
/* Appends a format with an object's values: any key of msp_object_get(), and type, and reason (of a dead object); `-` where
 * a value is undefined. No newline but the format's own. */
MSP_API int msp_line_format(const char *format, const struct msp_object *o, struct msp_bytes *out) MSP_CHECKED;

/* ---- objects whole, as text, JSON or CSV (msdump) ------------------------- */

enum msp_dump_form { MSP_DUMP_TEXT, MSP_DUMP_JSON, MSP_DUMP_CSV };
/* Takes the next n bytes of text; below 0: no more is wanted, and msp_dump_object() returns that. */
typedef int msp_dump_write_fn(void *context, const void *text, size_t n);
/* Zero-initialise, set form, samples and write. */
struct msp_dump {
	int form;     /* enum msp_dump_form */
	bool samples; /* print them; CSV always does */
	msp_dump_write_fn *write;
	void *context; /* for write() */
	/* kept by msp_dump_object() */
	bool second; /* an object was printed before */
	int status;
	struct msp_bytes out;
};
/* Prints an object: several lines for people; one line of JSON; a CSV block, two empty lines before all but the first. The
 * forms are those of msdump(1). Text is handed on in pieces of about 64 KiB. MSP_NOMEM, or what write() returned below 0. */
MSP_API int msp_dump_object(struct msp_dump *d, const struct msp_object *o) MSP_CHECKED;
MSP_API void msp_dump_free(struct msp_dump *d);

/* ---- main -------------------------------------------------------------- */

/* Runs a command; returns the exit status (a death by signal does not return). */
MSP_API int msp_tool_main(const struct msp_tool *tool, int argc, char **argv);
/* Each command defines this one. */
extern const struct msp_tool msp_tool;

#ifdef __cplusplus
}
#endif
#endif
