/* Private to lib/tool: one run of a command. */
#ifndef TOOL_JOB_H
#define TOOL_JOB_H

#include "mspipe/tool.h"

#include <time.h>

/* Values of the common options. */
struct common {
	const char *output;
	int64_t level;
	uint64_t segment;
	bool segments, strict_data, quiet;
	bool short_help, long_help, version, dump_options, dump_split;
	int progress;     /* 0 as told by the terminal, 1 always, 2 never */
	int verbosity;
};

/* Which tables an option row may come from, and what its offset counts from. */
struct option_set {
	const struct msp_option *table;
	void *base;
};

/* What the command line was, taken apart. */
struct command_line {
	const char **operand;
	int operands;
	char **identity; /* argv for the stream's history: tool, options that matter, own operands */
	int identities;
	bool segment_given;
};

struct msp_job {
	const struct msp_tool *tool;
	void *self;
	struct common common;
	struct command_line line;
	int first_input; /* operands from here on are inputs; -1: none */
	int own;         /* operands that are the command's own */
	char *canonical_operands;
	bool partial, has_end;          /* the input is a part of a larger stream; which ends after this segment */
	struct msp_id end_origin;
	uint64_t end_index;
	struct msp_id stage;
	struct msp_error error;
	bool started;

	struct msp_reader *reader;
	const char *input_name;

	struct msp_outfile *outfile;
	const char *output_path; /* by -o or msp_job_output() */
	struct msp_writer *writer;
	FILE *text;
	bool text_is_stdout;

	/* output segments */
	bool restream, by_blocks, stop_early;
	bool silent;                    /* this stage is not in the history */
	bool relaying, relayed;         /* a source hands a stream on; it has done so */
	bool pending, pending_more; /* a segment of the input has ended; its trailer is not written yet */
	struct msp_bytes pipeline;      /* of the segment being written */
	struct msp_id pipeline_of;      /* hash of the input pipeline it was made from */
	bool pipeline_made;
	struct msp_id origin;           /* sources and restreamed output */
	bool origin_set;
	struct msp_id own_origin;       /* of the stream being written */
	uint32_t part, parts;
	uint64_t index, streams;        /* next segment, streams begun */
	struct msp_bytes *met;          /* restream: distinct pipelines of the input */
	size_t met_n;
	struct msp_id origins_met;      /* their origins' sum */
	struct msp_id last_origin, last_pipeline;
	bool any_met, met_grew;

	uint64_t emitted; /* by this call of flow() or drain() */
	struct msp_counts counts;
	char first_killed[400];
	struct timespec began;
	time_t progress_at;
	bool progress_shown;
};

/* options.c */
extern const struct msp_option msp_common_options[];
unsigned msp_common_applies(const struct msp_tool *tool, const struct msp_option *o);
int msp_options_defaults(const struct msp_option *table, void *base, struct msp_error *err);
int msp_options_parse(const char *name, const struct option_set *sets, int n, int argc, char **argv,
                      struct command_line *out, struct msp_error *err);
void msp_options_free(const struct msp_option *table, void *base);
void msp_command_line_free(struct command_line *line);
/* Adds a word to the history's argv; there is room for every word of the command line. */
int msp_command_line_remember(struct command_line *line, const char *dashes, const char *text);

/* value.c */
int msp_option_value(const struct msp_option *o, void *base, const char *text, struct msp_error *err);

/* split.c */
int msp_job_read_environment(struct msp_job *job);
bool msp_job_reads_standard_input(const struct msp_job *job); /* and nothing else */
const char *msp_tool_whole(const struct msp_tool *tool, const void *self);
void msp_help_dump_split(const struct msp_job *job, FILE *to);

/* identity.c */
int msp_job_identify(struct msp_job *job);

/* help.c */
void msp_help_usage(const struct msp_tool *tool, FILE *to);
void msp_help_full(const struct msp_tool *tool, FILE *to);
void msp_help_dump(const struct msp_tool *tool, FILE *to);
void msp_help_version(const struct msp_tool *tool, int verbosity, FILE *to);

/* signals.c */
void msp_signals_install(void);
int msp_signals_stop(void);      /* the signal that asked us to stop, or 0 */
bool msp_signals_status(void);   /* SIGUSR1 came since the last call */
void msp_signals_die(int signal); /* restores the default and raises it: does not return */

/* progress.c */
void msp_progress_begin(struct msp_job *job);
void msp_progress_tick(struct msp_job *job);  /* cheap; to be called per object */
void msp_progress_print(struct msp_job *job); /* one status line */
void msp_progress_end(struct msp_job *job);

/* output.c */
int msp_output_open(struct msp_job *job);
int msp_output_header(struct msp_job *job, const struct msp_header *h); /* the input's segment begins */
int msp_output_segment(struct msp_job *job);  /* an object is to be written: begins a segment if one is needed */
int msp_output_finish(struct msp_job *job);   /* last trailer */
int msp_output_close(struct msp_job *job);    /* all was well: commit */
void msp_output_abort(struct msp_job *job);
int msp_output_end_stream(struct msp_job *job); /* sources: the stream so far ends */

/* run.c */
int msp_job_run(struct msp_job *job);

#endif
