/* mspipe/stream.h - the msp stream format, version 1 (normative text: msp(5))
 *
 * A reader gives a stream's events one by one: a segment's header, its objects,
 * its trailer, the end of input. A writer takes the same events. A filter that
 * hands each event on keeps the segments' origin and index, so that whoever
 * reads the end of a fan-in can tell whether every segment came exactly once.
 *
 * What makes a stream trustworthy is decided here and nowhere else: a reader
 * reports MSP_READ_END only after every origin it met is complete; a writer
 * that is not told to finish leaves a stream that no reader takes for whole.
 */
#ifndef MSPIPE_STREAM_H
#define MSPIPE_STREAM_H

#include "mspipe/core.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MSP_STREAM_VERSION 1
#define MSP_SEGMENT_DEFAULT ((uint64_t)16 << 20)

/* "1.5.4": the zstd library in use. */
MSP_API const char *msp_zstd_version(void);

/* ---- segments ---------------------------------------------------------- */

/* What a segment's header says. */
struct msp_header {
	struct msp_id origin; /* which stream this segment belongs to */
	uint64_t index;       /* which segment of that stream, from 0 */
	uint32_t part, parts; /* part 1..parts of a split stream; 0, 0 if not split */
	struct msp_bytes pipeline; /* BSON, see msp_pipeline_*; borrowed from the reader when it comes from one */
};

/* What a segment's (or a block's, or a whole stream's) trailer says. */
struct msp_totals {
	uint64_t live, dead;   /* data objects: everything but ensemble brackets */
	uint64_t ensembles;    /* opening brackets */
	uint64_t bytes;        /* of the decoded payload */
	struct msp_id digest;  /* sum of the objects' digests, brackets included */
};
MSP_API void msp_totals_add(struct msp_totals *sum, const struct msp_totals *t);

/* ---- pipelines: the history of a stream, a graph of stages ------------- */

/* Adds a stage that reads what `in` ends in (in may be empty) to out: a BSON
 * document {"stages": [{"tool","version","argv":[...],"in":[k,...]}, ...]}; the last stage is the stream's. out is set. */
MSP_API int msp_pipeline_append(struct msp_bytes *out, const struct msp_bytes *in, const char *tool,
                                const char *version, int argc, const char *const *argv, struct msp_error *err) MSP_CHECKED;
/* As above, reading from n pipelines at once; equal stages with equal inputs are written once. */
MSP_API int msp_pipeline_merge(struct msp_bytes *out, const struct msp_bytes *in, size_t n, const char *tool,
                               const char *version, int argc, const char *const *argv, struct msp_error *err) MSP_CHECKED;

/* One stage, as read from a pipeline document. Strings are borrowed from it. */
struct msp_stage {
	const char *tool, *version;
	const char **argv; /* argc strings, then NULL */
	uint32_t argc;
	uint32_t *in; /* stages whose output this one read */
	uint32_t nin;
};
/* Reads a document into an array of stages (malloc; free with msp_stages_free). MSP_CORRUPT if it is no pipeline. */
MSP_API int msp_pipeline_stages(const struct msp_bytes *pipeline, struct msp_stage **out, uint32_t *n, struct msp_error *err) MSP_CHECKED;
MSP_API void msp_stages_free(struct msp_stage *stages, uint32_t n);

/* ---- reading ----------------------------------------------------------- */

struct msp_reader; /* opaque */

/* Called when a system call was interrupted by a signal: return non-zero to give up (MSP_INTERRUPTED). May be NULL. */
typedef int msp_poll_fn(void *context);

struct msp_reader_options {
	bool segments;      /* input may end after any whole segment; completeness is settled elsewhere */
	bool has_end;       /* with segments: it is to end after this one; anything else is MSP_CORRUPT */
	struct msp_id end_origin;
	uint64_t end_index;
	bool skip_digest;   /* do not check the trailers' digests (CRCs are always checked) */
	unsigned wake;      /* s: poll is also called at least so often while input is waited for; 0: not */
	msp_poll_fn *poll;
	void *context;
};

enum msp_read_event {
	MSP_READ_HEADER = 1, /* a segment begins: msp_reader_header() */
	MSP_READ_OBJECT,     /* object was filled; it borrows from the reader till the next call */
	MSP_READ_TRAILER,    /* the segment ends and was whole: msp_reader_totals(), msp_reader_more() */
	MSP_READ_END,        /* the input ends and everything in it is complete */
};

/* A reader over no input yet. NULL: no memory. */
MSP_API struct msp_reader *msp_reader_new(const struct msp_reader_options *options) MSP_CHECKED;
MSP_API void msp_reader_free(struct msp_reader *r); /* does not close what it reads */
/* The next input: a file descriptor, and its name for messages. Inputs are read
 * one after the other as one stream: call again after MSP_READ_END to go on with the next, which
 * is how completeness over several files is judged: msp_reader_finish() at the very end. */
MSP_API int msp_reader_input(struct msp_reader *r, int fd, const char *name, struct msp_error *err) MSP_CHECKED;
/* Bytes that were already read from the input (by whoever had to see what it is): the reader takes them first, copied. Only right after msp_reader_input(). */
MSP_API int msp_reader_unread(struct msp_reader *r, const void *data, size_t n, struct msp_error *err) MSP_CHECKED;
/* The next event (enum msp_read_event), or below 0: MSP_CORRUPT (the text names the input, the byte and what
 * is wrong), MSP_FAIL, MSP_NOMEM, MSP_INTERRUPTED. MSP_READ_END says only that this input ends after whole segments. o is reset and filled. */
MSP_API int msp_reader_next(struct msp_reader *r, struct msp_object *o, struct msp_error *err) MSP_CHECKED;
/* All inputs are read: is every origin complete, are all parts (of those met in more than one part) there,
 * did nothing come twice? MSP_CORRUPT names what is missing or doubled. With options.segments only doubles are an error. */
MSP_API int msp_reader_finish(struct msp_reader *r, struct msp_error *err) MSP_CHECKED;

MSP_API const struct msp_header *msp_reader_header(const struct msp_reader *r); /* of the segment now open, or last read */
MSP_API const struct msp_totals *msp_reader_totals(const struct msp_reader *r); /* of the segment last closed */
MSP_API bool msp_reader_more(const struct msp_reader *r); /* the trailer's `more` */
MSP_API const struct msp_totals *msp_reader_sum(const struct msp_reader *r); /* of all segments so far */
MSP_API uint64_t msp_reader_offset(const struct msp_reader *r); /* bytes read from this input */
MSP_API uint64_t msp_reader_segments(const struct msp_reader *r); /* segments closed so far, all inputs */
MSP_API bool msp_reader_in_ensemble(const struct msp_reader *r);

/* ---- reading blocks without decoding them ------------------------------ */

struct msp_block;
/* Whether a block is wanted, which begins at this byte of the input. b has no frames. */
typedef bool msp_want_block_fn(void *context, uint64_t at, const struct msp_block *b);
/* For msp_reader_next(), from now on; NULL: all are. A block that is not wanted counts as it says itself, but none of its objects comes, and of a
 * file it is not read: then it is not checked either. */
MSP_API void msp_reader_want(struct msp_reader *r, msp_want_block_fn *want, void *context);
/* Where in the input the object last given lies, as if the objects of a block took the same room. */
MSP_API uint64_t msp_reader_position(const struct msp_reader *r);

/* A block as it lies in the stream, checked by its CRC. */
struct msp_block {
	struct msp_totals totals;
	uint64_t objects;      /* brackets included */
	bool in_ensemble;      /* its first object is inside an ensemble */
	bool ends_in_ensemble; /* an ensemble is open at its end */
	const uint8_t *frames; /* descriptor and zstd frame, borrowed till the next call */
	size_t size;
	bool compressed;       /* false: raw zstd blocks */
};
/* As msp_reader_next(), a whole block at a time: MSP_READ_OBJECT stands for a block. Do not mix the two within a segment. */
MSP_API int msp_reader_next_block(struct msp_reader *r, struct msp_block *block, struct msp_error *err) MSP_CHECKED;
/* Decodes the block that msp_reader_next_block() just gave: msp_reader_next() then gives its objects, as long as
 * msp_reader_block_left() is not 0. */
MSP_API int msp_reader_open_block(struct msp_reader *r, struct msp_error *err) MSP_CHECKED;
MSP_API uint64_t msp_reader_block_left(const struct msp_reader *r);

/* ---- writing ----------------------------------------------------------- */

struct msp_writer; /* opaque */

struct msp_writer_options {
	int level;        /* 0: raw; 1..19: shuffled, zstd of that level; -1: by what the descriptor is (pipe, socket: 0; else 1) */
	bool flushed;     /* fd is a file that is written from its beginning and flushed to the disk in the end: the disk may begin before */
	msp_poll_fn *poll;
	void *context;
};

/* A writer on fd; name is for messages. Does not own fd. */
MSP_API struct msp_writer *msp_writer_new(int fd, const char *name, const struct msp_writer_options *options) MSP_CHECKED;
MSP_API void msp_writer_free(struct msp_writer *w);
MSP_API int msp_writer_begin(struct msp_writer *w, const struct msp_header *h, struct msp_error *err) MSP_CHECKED;
/* Writes an object (copied into the block being built). Brackets must nest properly, one level: MSP_USAGE else. */
MSP_API int msp_writer_put(struct msp_writer *w, const struct msp_object *o, struct msp_error *err) MSP_CHECKED;
/* Copies a block that msp_reader_next_block() gave. */
MSP_API int msp_writer_put_block(struct msp_writer *w, const struct msp_block *block, struct msp_error *err) MSP_CHECKED;
/* Writes the trailer. more: another segment of this origin follows from this writer. MSP_USAGE inside an ensemble. All is flushed to fd. */
MSP_API int msp_writer_end(struct msp_writer *w, bool more, struct msp_error *err) MSP_CHECKED;
MSP_API int msp_writer_level(const struct msp_writer *w); /* the level in use: 0 raw */
MSP_API bool msp_writer_in_segment(const struct msp_writer *w);
MSP_API bool msp_writer_in_ensemble(const struct msp_writer *w);
MSP_API uint64_t msp_writer_segment_bytes(const struct msp_writer *w); /* payload of the open segment */
MSP_API uint64_t msp_writer_stored(const struct msp_writer *w);        /* bytes given to fd so far */
MSP_API const struct msp_totals *msp_writer_sum(const struct msp_writer *w); /* of all that was put */

/* Changes the number of parts in all headers of a stream that was written as part k of some: where that number is known only in the
 * end. fd is a regular file open for reading and writing, which holds a whole stream. name is for messages. */
MSP_API int msp_stream_set_parts(int fd, const char *name, uint32_t parts, struct msp_error *err) MSP_CHECKED;

/* ---- parts: a stream divided into files that know of each other ---------- */

struct msp_parts; /* opaque */
#define MSP_PARTS_MAX 1000000

struct msp_parts_options {
	uint32_t number;  /* of parts, as their headers say it; 0: known in the end */
	int level;        /* of blocks that are not copied, as for a writer */
	msp_poll_fn *poll;
	void *context;
};
/* No part yet. NULL: no memory. */
MSP_API struct msp_parts *msp_parts_new(const struct msp_parts_options *options) MSP_CHECKED;
MSP_API void msp_parts_free(struct msp_parts *k); /* what was not committed leaves nothing. NULL is allowed */
/* Before the first part is written to. */
MSP_API void msp_parts_set_number(struct msp_parts *k, uint32_t number);
MSP_API void msp_parts_set_level(struct msp_parts *k, int level);
MSP_API size_t msp_parts_count(const struct msp_parts *k);
/* What is put from now on is of the stream of this header: parts keep streams apart, each with its own origin and pipeline. */
MSP_API int msp_parts_source(struct msp_parts *k, const struct msp_header *h, struct msp_error *err) MSP_CHECKED;
/* All streams met so far become one, by this tool: before anything is put. */
MSP_API int msp_parts_merge_sources(struct msp_parts *k, const char *tool, struct msp_error *err) MSP_CHECKED;
/* One more part, which will be the file path; parts are counted from 0 here. */
MSP_API int msp_parts_add(struct msp_parts *k, const char *path, struct msp_error *err) MSP_CHECKED;
MSP_API int msp_parts_put(struct msp_parts *k, size_t i, const struct msp_object *o, struct msp_error *err) MSP_CHECKED;
MSP_API int msp_parts_put_block(struct msp_parts *k, size_t i, const struct msp_block *b, struct msp_error *err) MSP_CHECKED;
/* Nothing more comes into this part: it is flushed to the disk and its descriptor closed. */
MSP_API int msp_parts_close(struct msp_parts *k, size_t i, struct msp_error *err) MSP_CHECKED;
/* Closes what is open, and gives all parts their names, or none. */
MSP_API int msp_parts_commit(struct msp_parts *k, struct msp_error *err) MSP_CHECKED;

/* ---- output files that appear whole or not at all ---------------------- */

struct msp_outfile; /* opaque */

/* Begins a file that will be path. Where the system can, the file has no name till it is committed (O_TMPFILE), so that not even SIGKILL
 * leaves litter; else it has a temporary name beside path. If path exists and is no regular file (/dev/full, a FIFO), it is written directly.
 * A link stays one: the file that it names is replaced, or made. */
MSP_API struct msp_outfile *msp_outfile_open(const char *path, struct msp_error *err) MSP_CHECKED;
MSP_API int msp_outfile_fd(const struct msp_outfile *f);
MSP_API const char *msp_outfile_path(const struct msp_outfile *f);
/* Gives the file another path, in the same directory, before it is committed: where its name is known only in the end. */
MSP_API int msp_outfile_rename(struct msp_outfile *f, const char *path, struct msp_error *err) MSP_CHECKED;
/* Flushes to the disk, gives the file its name (replacing an older one), flushes the directory. On failure the old file is still there. Frees f in any case. */
MSP_API int msp_outfile_commit(struct msp_outfile *f, struct msp_error *err) MSP_CHECKED;
/* Commits n files together: all appear or, but for a process that is killed right then, none; those that have their names by then lose
 * them again. Each directory is flushed once. Frees all of them in any case. */
MSP_API int msp_outfile_commit_all(struct msp_outfile *const *f, size_t n, struct msp_error *err) MSP_CHECKED;
/* Lets the disk begin with what was written, without waiting for it: the flush in the end has less left to do. */
MSP_API void msp_outfile_push(const struct msp_outfile *f);
/* Flushes and closes the file, which keeps a temporary name till it is committed or aborted: for many files that are to appear
 * together, with few descriptors. On failure f is as it was. No effect if path is no regular file. */
MSP_API int msp_outfile_park(struct msp_outfile *f, struct msp_error *err) MSP_CHECKED;
/* Forgets the file: nothing is left of it. NULL is allowed. Frees f. */
MSP_API void msp_outfile_abort(struct msp_outfile *f);
/* The temporary name that must be unlinked if the process dies by a signal, or NULL. Valid until commit or abort. */
MSP_API const char *msp_outfile_temporary(const struct msp_outfile *f);

/* Where files for a while are made: $TMPDIR, or /tmp. For messages. */
MSP_API const char *msp_scratch_directory(void);
/* A file there for reading and writing, without a name, which goes when it is closed. The descriptor, or MSP_FAIL. */
MSP_API int msp_scratch_open(struct msp_error *err) MSP_CHECKED;

/* open(2) for reading, resuming after EINTR (poll, as above: a FIFO blocks until it has a writer). The descriptor, or MSP_FAIL with
 * "PATH: strerror", MSP_INTERRUPTED. */
MSP_API int msp_open_input(const char *path, msp_poll_fn *poll, void *context, struct msp_error *err) MSP_CHECKED;
/* A file of another format to be read from where fd stands; the n bytes at head were read from it before. */
struct msp_text_file {
	int fd;
	const char *name; /* for messages */
	const void *head;
	size_t n;
	msp_poll_fn *poll; /* as above; may be NULL */
	void *poll_context;
};
/* write(2) of all n bytes, resuming after short writes and EINTR (poll, as above). MSP_FAIL with "NAME: strerror". */
MSP_API int msp_write_all(int fd, const void *data, size_t n, const char *name, msp_poll_fn *poll, void *context, struct msp_error *err) MSP_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
