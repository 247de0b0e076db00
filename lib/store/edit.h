/* store/edit.h - projections and updates of documents, as MongoDB makes them */
#ifndef MSP_STORE_EDIT_H
#define MSP_STORE_EDIT_H

#include "mspipe/core.h"

/* A projection that can be made: MSP_USAGE if not. */
int msp_project_check(const bson_t *projection, struct msp_error *err) MSP_CHECKED;
/* out is not initialised before, and is the caller's to destroy after, also on failure. */
int msp_project(const bson_t *projection, const bson_t *doc, bson_t *out, struct msp_error *err) MSP_CHECKED;

/* An update document that can be made: MSP_USAGE if not. */
int msp_update_check(const bson_t *update, struct msp_error *err) MSP_CHECKED;
/* Applies it. fresh: the document is being inserted ($setOnInsert counts). MSP_FAIL where the document does not allow it. out: as above. */
int msp_update_apply(const bson_t *update, const bson_t *doc, bool fresh, bson_t *out, struct msp_error *err) MSP_CHECKED;
/* What a filter says of a document that is to be inserted: its equalities. */
int msp_update_seed(const bson_t *filter, bson_t *out, struct msp_error *err) MSP_CHECKED;
/* Sets one dotted key; value NULL removes it. */
int msp_edit_set(const bson_t *doc, const char *path, const bson_iter_t *value, bson_t *out, struct msp_error *err) MSP_CHECKED;

#endif
