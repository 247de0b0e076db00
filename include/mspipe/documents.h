/* mspipe/documents.h - work on the documents of a store: choosing, printing, loading many, dumps
 *
 * * Built on store.h, the same for both back ends; in libmspipe-store. What is said there of results, errors and
 * ownership holds here. */
#ifndef MSPIPE_DOCUMENTS_H
#define MSPIPE_DOCUMENTS_H

#include "mspipe/expr.h"
#include "mspipe/store.h"
#include "mspipe/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- choosing ---------------------------------------------------------- */

/* The value of a key of a document, to an expression. Times (starttime, endtime, time, last_packet_time, unless
 * time_standard says otherwise) are times; those that mssave wrote, to the nanosecond. Other keys are found with '.' and '_'
 * exchanged, too; names with a dot inside never are. In wf_TimeSeries, wf_Seismogram and wf_miniseed a key is what it is of
 * the object: t0, time, dt, nsamp are starttime, starttime, delta, npts; there are kind, live, ncomp, id; sampling_rate,
 * endtime and time_standard are made where they are missing; what the document cannot hold is taken from where mssave put
 * it. Keys of MsPASS's schema are found only as the schema spells them; in other collections than these three its aliases
 * (`site.lat`, `STLA`) are found where the document has no such key of its own. Borrowed from doc, or in scratch. */
MSP_API void msp_document_value(const char *collection, const bson_t *doc, const char *key, struct msp_value *out,
                                char scratch[MSP_ID_TEXT]);
/* As msp_expr_test(), on a document. MSP_OK or MSP_NOMEM. */
MSP_API int msp_document_test(struct msp_expr *e, const char *collection, const bson_t *doc, bool *out) MSP_CHECKED;

/* Which documents; zero-initialised: all. Filter and expressions all have to hold. Everything is borrowed. */
struct msp_choice {
	const bson_t *filter;
	struct msp_expr *const *expr;
	size_t exprs;
	const bson_t *projection, *sort; /* as in struct msp_find */
	uint64_t limit;                  /* 0: none */
	uint32_t batch;                  /* documents a round trip; 0: MSP_STORE_BATCH */
	const struct msp_part *part;     /* as in struct msp_find */
	msp_poll_fn *poll;               /* asked for each document: non-zero gives up (MSP_INTERRUPTED); may be NULL */
	void *poll_context;
};

/* A cursor over the documents that are chosen. What can be is asked of the store, the rest is evaluated on what comes, so
 * that expressions complain only of documents that the store did not leave out. choice may be NULL; what it points at has to
 * stay till the cursor is freed. */
MSP_API int msp_store_select(struct msp_store *s, const char *collection, const struct msp_choice *choice, struct msp_cursor **out,
                             struct msp_error *err) MSP_CHECKED;
/* One filter for filter and expressions. *exact: it chooses just what is chosen; else more. */
MSP_API int msp_store_choice_filter(struct msp_store *s, const char *collection, const struct msp_choice *choice, bson_t *out,
                                    bool *exact, struct msp_error *err) MSP_CHECKED;
/* Appends what msp_store_select() would do, as lines of text, each with its end: `filter: JSON`; on a file `sql: SELECT
 * ...`; `index: NAME`, as far as that is known, or `index: none`; on a server `part: ...` for a part; `after the fetch: EXPR` for each expression that is
 * evaluated then. */
MSP_API int msp_store_explain(struct msp_store *s, const char *collection, const struct msp_choice *choice, struct msp_bytes *out,
                              struct msp_error *err) MSP_CHECKED;

/* Reads the filter (JSON), the order and the keys to be given (lists of keys) of a choice as they were typed; each may be NULL. They are made
 * here: msp_choice_free(). Errors begin with --query, --sort or --keys. */
MSP_API int msp_choice_read(struct msp_choice *choice, const char *query, const char *sort, const char *keys,
                            struct msp_error *err) MSP_CHECKED;
MSP_API void msp_choice_free(struct msp_choice *choice); /* of one that was read; not its expression */

/* A document, borrowed during the call. Below 0 ends the walk, which returns that. */
typedef int msp_document_fn(void *context, const bson_t *doc, struct msp_error *err);
/* Calls fn with each document that is chosen. choice may be NULL. fn must not change the collection. */
MSP_API int msp_store_each(struct msp_store *s, const char *collection, const struct msp_choice *choice, msp_document_fn *fn,
                           void *context, struct msp_error *err) MSP_CHECKED;

/* How many are chosen; updates them as msp_store_update(), removes them as msp_store_delete(): at once where one filter says
 * it, or a batch at a time. sort, limit and projection are not looked at. *out is what was done, also after a failure. */
MSP_API int msp_store_count_chosen(struct msp_store *s, const char *collection, const struct msp_choice *choice, uint64_t *out,
                                   struct msp_error *err) MSP_CHECKED;
MSP_API int msp_store_update_chosen(struct msp_store *s, const char *collection, const struct msp_choice *choice,
                                    const bson_t *update, struct msp_updated *out, struct msp_error *err) MSP_CHECKED;
MSP_API int msp_store_delete_chosen(struct msp_store *s, const char *collection, const struct msp_choice *choice, uint64_t *out,
                                    struct msp_error *err) MSP_CHECKED;

/* `net,-starttime` as {"net": 1, "starttime": -1}, for a sort, a projection or an index. descending: a minus is allowed. */
MSP_API int msp_keys_document(const char *text, bool descending, bson_t *out, struct msp_error *err) MSP_CHECKED;

/* ---- printing ---------------------------------------------------------- */

/* Appends a document, or the value at an iterator, as one line of JSON without its end: relaxed, for people and jq, or canonical,
 * which keeps every type. MSP_NOMEM only. */
MSP_API int msp_document_json(const bson_t *doc, bool canonical, struct msp_bytes *out) MSP_CHECKED;
MSP_API int msp_document_value_json(const bson_iter_t *value, bool canonical, struct msp_bytes *out) MSP_CHECKED;

/* Takes a line, its end included. Below 0 ends the printing, which returns that. */
typedef int msp_print_fn(void *context, const void *line, size_t n);
/* Print each collection with its number of documents; the documents that are chosen; the different values of a key
 * (choice: its filter alone); the indexes. */
MSP_API int msp_store_print_collections(struct msp_store *s, msp_print_fn *print, void *context, struct msp_error *err) MSP_CHECKED;
MSP_API int msp_store_print_documents(struct msp_store *s, const char *collection, const struct msp_choice *choice, bool canonical,
                                      msp_print_fn *print, void *context, struct msp_error *err) MSP_CHECKED;
MSP_API int msp_store_print_values(struct msp_store *s, const char *collection, const char *key, const struct msp_choice *choice,
                                   bool canonical, msp_print_fn *print, void *context, struct msp_error *err) MSP_CHECKED;
MSP_API int msp_store_print_indexes(struct msp_store *s, const char *collection, msp_print_fn *print, void *context,
                                    struct msp_error *err) MSP_CHECKED;

/* ---- loading many documents -------------------------------------------- */

struct msp_load; /* opaque: documents on their way into a collection */

/* Each document takes the place of the one with its _id; one without gets an _id made from what it holds, so that loading
 * again doubles nothing. They are sent in batches: what was added may be stored or not until msp_load_end(). */
MSP_API int msp_load_new(struct msp_store *s, const char *collection, struct msp_load **out, struct msp_error *err) MSP_CHECKED;
MSP_API int msp_load_add(struct msp_load *l, const bson_t *doc, struct msp_error *err) MSP_CHECKED; /* copied */
/* Sends the rest and frees l. *documents (may be NULL): how many there were. */
MSP_API int msp_load_end(struct msp_load *l, uint64_t *documents, struct msp_error *err) MSP_CHECKED;
MSP_API void msp_load_abort(struct msp_load *l); /* frees l; what was not sent is forgotten. NULL is allowed */

/* ---- taking in what a file holds: all of it or nothing ------------------ */

struct msp_intake; /* opaque: documents of several collections, kept until all are there (past 4 MB in a file in $TMPDIR) */

/* keys (may be NULL): names, separated by commas, of the keys of which the _id is made where a document has none. */
MSP_API int msp_intake_new(const char *keys, struct msp_intake **out, struct msp_error *err) MSP_CHECKED;
/* Copies doc; MSP_CORRUPT if it cannot be a document of a store. Its _id, if it has none, is made of the collection and of keys (each has to be there: else MSP_CORRUPT); without keys, of site
 * and channel, of net, sta, loc, (chan,) starttime, as msp_xml_read() makes it; else of all that it holds. */
MSP_API int msp_intake_add(struct msp_intake *in, const char *collection, const bson_t *doc, struct msp_error *err) MSP_CHECKED;

struct msp_intake_counts {
	uint64_t documents; /* stored */
	uint64_t matched;   /* of them, those that took the place of another's document, with its _id */
};
/* Stores everything, each document in place of the one with its _id: in a file all of it or nothing; on a server a batch at a time, and
 * doing it again completes it. A document of site or channel takes also the place, and the _id, of one that somebody else made for the
 * same codes with both times within 10 s (MsPASS's test for duplicates), and what refers to it follows. poll as in struct msp_choice.
 * *counts (may be NULL). in is the caller's to free all the same. */
MSP_API int msp_intake_end(struct msp_intake *in, struct msp_store *s, msp_poll_fn *poll, void *poll_context,
                           struct msp_intake_counts *counts, struct msp_error *err) MSP_CHECKED;
/* How many documents of a collection were added so far; of the i-th collection, its name (NULL: there are no more). */
MSP_API const char *msp_intake_collection(const struct msp_intake *in, size_t i, uint64_t *documents);
MSP_API void msp_intake_free(struct msp_intake *in); /* without msp_intake_end(), nothing is stored. NULL is allowed */

/* ---- dumps ------------------------------------------------------------- */

/* For long work. All may be NULL. */
struct msp_transfer {
	msp_poll_fn *poll; /* as in struct msp_choice */
	/* A file, or a collection, is done. */
	void (*done)(void *context, const char *file, const char *collection, uint64_t documents);
	void *context; /* of both */
};

/* Writes directory/COLLECTION.jsonl, canonical Extended JSON, one document a line; collection NULL: one for each that there is.
 * The directory is made. Each file appears whole or not at all. */
MSP_API int msp_store_export(struct msp_store *s, const char *directory, const char *collection, const struct msp_transfer *t,
                             struct msp_error *err) MSP_CHECKED;
/* The collection that a file's name says: DIRECTORY/COLLECTION.jsonl, .json or .csv. malloc()ed; NULL if it says none, or there is no memory. */
MSP_API char *msp_collection_of_file(const char *path);
/* Loads a file of JSON documents, one a line or in one array, into a collection (NULL: that of the file's name,
 * COLLECTION.jsonl or COLLECTION.json); or every .jsonl of a directory. MSP_CORRUPT with file and line: JSON that is none; what
 * came before may be stored. */
MSP_API int msp_store_import(struct msp_store *s, const char *path, const char *collection, const struct msp_transfer *t,
                             struct msp_error *err) MSP_CHECKED;

/* ---- files of text ------------------------------------------------------ */

/* Takes a document that began at that line, borrowed. Below 0 ends the reading, which returns that. */
typedef int msp_line_fn(void *context, const bson_t *doc, uint64_t line, struct msp_error *err);
/* Reads JSON objects, one a line or in one array, each as msp_json_parse() does; memory holds one. MSP_CORRUPT with name and
 * line for what is none. */
MSP_API int msp_json_read(const struct msp_text_file *file, msp_line_fn *fn, void *context, struct msp_error *err) MSP_CHECKED;

struct msp_csv_options {
	const char *collection; /* whose schema says what keys hold; may be NULL */
	const char *types;      /* "KEY=TYPE,...", TYPE one of int, double, string, bool, time, oid: before the schema; may be NULL */
	char delimiter;         /* 0: a comma */
};
/* Reads a table (RFC 4180): the keys in its first row, then a document a row. A key's type is what types or the schema says, or what all of
 * its column can be: whole numbers, numbers, truth values, else strings ("007" is one). An empty field is no key; "" is an empty string. Where
 * a number is wanted, a time is one too (seconds since 1970). A column _id of 24 hexadecimal digits is of ObjectIds. The table is kept
 * meanwhile, past 4 MB in a file in $TMPDIR. MSP_CORRUPT with name and line; MSP_USAGE: types. */
MSP_API int msp_csv_read(const struct msp_text_file *file, const struct msp_csv_options *options, msp_line_fn *fn, void *context,
                         struct msp_error *err) MSP_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
