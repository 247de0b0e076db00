/* mspipe/index.h - recordings as documents of a store, without their samples
 *
 * * Each contiguous run of a miniSEED file, and each SAC file, becomes a document of wf_miniseed: MsPASS's index documents, with npts
 * the samples that are there. The keys: _id; the metadata that the object has when the file is read (net, sta, loc, chan, and mseed or sac); npts, delta,
 * sampling_rate, starttime, endtime, last_packet_time (miniSEED: start of the last record), time_standard, utc_convertible,
 * starttime_shift, storage_mode ("file"), format ("mseed" or "SAC"), dir (absolute), dfile, foff, nbytes, data_tag if there is one, and
 * msp: {start: int64 ns, type: "i32", "f32" or "f64", run: its number in the file, size, mtime: the file's when it
 * was read (bytes, ns), mixed: true where records of other runs lie in the bytes foff to foff + nbytes}. How such a run is
 * read back: see msp_input_span() in format.h.
 *
 * * What was indexed is known by the collection msp_files, a document a file and tag: {_id, dir, dfile, collection, data_tag, size, mtime,
 * complete, format, documents, troubles, version}. A file whose size and time of change (ns) are those of a document
 * that is complete is not opened. The document is written, with complete false, before the first of the file's own, and
 * again when the last is there and those of an older version of the file are gone: whatever interrupts that, it is done again.
 *
 * * What cannot be indexed is in the collection abortions, a document a file: {_id, tombstone: {dir, dfile, foff, format},
 * type, logdata, data_tag}. It goes when the file can be.
 *
 * All _id are hashes of the path, the place in the file, the collection and the tag: an index that is made again is the same.
 * These functions are in libmspipe-store. */
#ifndef MSPIPE_INDEX_H
#define MSPIPE_INDEX_H

#include "mspipe/format.h"
#include "mspipe/store.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MSP_INDEX_COLLECTION "wf_miniseed"
#define MSP_INDEX_FILES "msp_files"
#define MSP_INDEX_TROUBLES "abortions"

/* What is told while it goes on. */
enum msp_index_event {
	MSP_INDEX_TROUBLE, /* a file, or a part of it, is not indexed */
	MSP_INDEX_GONE,    /* a file that was indexed is not there any more */
};

/* Zero-initialise. */
struct msp_index_options {
	const char *tag;  /* data_tag; NULL: none. Indexes of different tags know nothing of each other */
	unsigned workers; /* threads that read files; 0: 1. All writing is done by the caller's */
	bool all;         /* files that have not changed, too */
	bool prune;       /* remove the documents of files that are gone */
	void (*tell)(void *context, int event, const char *path, const char *why); /* by the caller's thread; may be NULL */
	msp_poll_fn *poll; /* by the caller's thread */
	void *context;     /* for both */
};

struct msp_index_counts {
	uint64_t files;      /* of the sources, each once */
	uint64_t unchanged;  /* not opened */
	uint64_t indexed;    /* read, troubled ones included */
	uint64_t documents;  /* written */
	uint64_t removed;    /* documents of older versions of files, and of pruned ones */
	uint64_t streams;    /* msp streams and stores, which are not indexed */
	uint64_t troubled;   /* files with something that could not be indexed */
	uint64_t gone;       /* files that were indexed, lie in a directory of the sources, and are not there any more */
};

/* MSP_USAGE if a source is no file (standard input, a range of bytes); MSP_FAIL if one that is named itself is no regular file. */
MSP_API int msp_index_check(const struct msp_sources *sources, struct msp_error *err) MSP_CHECKED;
/* Indexes the files of sources in s, which is open for writing. A file that cannot be read is a trouble, not a failure. The files of
 * stores that lie in a directory (.msdb, and what SQLite has beside it) are left out. counts may be NULL. What msp_index_check() gives; MSP_FAIL:
 * the store fails; MSP_INTERRUPTED. */
MSP_API int msp_index_sources(struct msp_store *s, const struct msp_sources *sources, const struct msp_index_options *options,
                              struct msp_index_counts *counts, struct msp_error *err) MSP_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
