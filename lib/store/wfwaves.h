/* store/wfwaves.h - choosing waveform documents: wfread_choose.c, wfread_group.c, wfread_open.c, wfread_waves.c */
#ifndef MSP_STORE_WFWAVES_H
#define MSP_STORE_WFWAVES_H

#include "mspipe/documents.h"
#include "mspipe/join.h"
#include "mspipe/waveform.h"

/* What is asked for, read. */
struct wf_selection {
	struct msp_waves_options o;
	bson_t *query; /* NULL: none */
	struct msp_keys sort, group;
};

int wf_select(const struct msp_waves_options *o, struct wf_selection *out, struct msp_error *err) MSP_CHECKED;
void wf_select_free(struct wf_selection *s);
/* The store's part of the choice: query, tag and times. out is initialised here. */
int wf_filter(const struct wf_selection *s, const char *collection, bson_t *out, struct msp_error *err) MSP_CHECKED;
/* Whether the store may sort documents of the collection as objects are sorted. */
bool wf_can_sort(const struct wf_selection *s, const char *collection);
/* The order to be asked for: groups, then, if sorts, the sort keys; empty if there is none. out is initialised here. */
int wf_order(const struct wf_selection *s, bool sorts, bson_t *out, struct msp_error *err) MSP_CHECKED;
/* The key of a document that stands for that of an object; NULL if all objects of a collection have the same value. */
const char *wf_document_key(const char *key);

/* What decides where a document belongs. */
struct wf_place {
	bool grouped;       /* it is of a group */
	struct msp_id hash; /* of the group, or of the document's _id */
	struct msp_id end;  /* of the bracket that closes an ensemble that was saved */
};
int wf_place(const struct wf_selection *s, const char *collection, const bson_t *doc, struct wf_place *out) MSP_CHECKED;
/* The bracket that begins its group, into out, which is reset. */
int wf_bracket(const struct wf_selection *s, const bson_t *doc, const struct wf_place *place, struct msp_object *out) MSP_CHECKED;

/* What the store is told of the part. */
struct wf_parting {
	const struct wf_selection *s;
	const char *collection;
	struct msp_part part;
	bson_t *keys; /* part.keys, or NULL */
};
/* *out NULL: nothing, since there are no parts, or all documents have to be counted. It is in p, as is what it points at. */
int wf_part(struct wf_parting *p, const struct wf_selection *s, const char *collection, const struct msp_part **out,
            struct msp_error *err) MSP_CHECKED;
void wf_part_free(struct wf_parting *p);

#define WF_COLLECTIONS 2

struct msp_waves {
	struct msp_store *store;
	struct wf_selection s;
	struct msp_wfread *reader;
	struct msp_joins joins;
	const char *collection[WF_COLLECTIONS];
	int collections, at;    /* at: that is being read, or, behind the last, no more */
	bool sorts, any, ended; /* ended: the cursor has no more */
	struct msp_cursor *cursor;
	struct msp_choice choice; /* the cursor's, which borrows from the next three */
	bson_t *filter, *order;
	struct wf_parting parting;
	const bson_t *doc;   /* chosen, and not yet begun; borrowed from the cursor */
	struct wf_place place;
	bool reading, open;  /* a document gives objects; a bracket is open */
	bool joined, unmatched; /* of the object last given */
	struct msp_id group, end; /* of the brackets */
	uint64_t chosen;
};

/* What is asked of the store; both documents are made, and are the caller's to destroy. */
int wf_choice(struct msp_waves *w, const char *collection, struct msp_choice *c, bson_t *filter, bson_t *order,
              struct msp_error *err) MSP_CHECKED;
void wf_close_cursor(struct msp_waves *w);

#endif
