/* store/wfwaves.h - choosing waveform documents: wfread_choose.c, wfread_group.c, wfread_waves.c */
#ifndef MSP_STORE_WFWAVES_H
#define MSP_STORE_WFWAVES_H

#include "mspipe/waveform.h"

/* The store's part of the choice: query, tag and times. out is initialised here. */
int wf_filter(const struct msp_waves_options *o, const char *collection, bson_t *out, struct msp_error *err) MSP_CHECKED;
/* Whether the store may sort documents of the collection as objects are sorted. */
bool wf_can_sort(const struct msp_waves_options *o, const char *collection);
/* The order to be asked for: groups, then, if sorts, the sort keys; empty if there is none. out is initialised here. */
int wf_order(const struct msp_waves_options *o, bool sorts, bson_t *out, struct msp_error *err) MSP_CHECKED;
/* The key of a document that stands for that of an object; NULL if all objects of a collection have the same value. */
const char *wf_document_key(const char *key);

/* What decides where a document belongs. */
struct wf_place {
	bool grouped;      /* it is of a group */
	struct msp_id hash; /* of the group, or of the document's _id */
};
int wf_place(const struct msp_waves_options *o, const char *collection, const bson_t *doc, struct wf_place *out) MSP_CHECKED;
/* The bracket that begins its group, into o, which is reset. */
int wf_bracket(const struct msp_waves_options *o, const bson_t *doc, const struct wf_place *place, struct msp_object *out) MSP_CHECKED;

#endif
