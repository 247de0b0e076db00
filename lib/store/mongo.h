/* store/mongo.h - what the files of the back end for MongoDB share */
#ifndef MSP_STORE_MONGO_H
#define MSP_STORE_MONGO_H

#include "store/backend.h"

#include <mongoc/mongoc.h>

#define MONGO_MET 8

struct mongo {
	struct msp_store store;
	mongoc_client_t *client;
	mongoc_database_t *db;
	char *name; /* for messages */
	char *met[MONGO_MET]; /* collections in which documents were met that take the place of others; NULL: none */
	unsigned next_met;
};

/* ---- mongo.c */
int msp_mongo_memory(struct msp_error *err);
/* What e says: MSP_USAGE or MSP_FAIL. */
int msp_mongo_fail(const struct mongo *m, const bson_error_t *e, struct msp_error *err);
bool msp_mongo_transient(const bson_error_t *e, const bson_t *reply);
bool msp_mongo_again(int n);
/* The caller's to destroy. */
mongoc_collection_t *msp_mongo_collection(struct mongo *m, const char *c);
/* filter, or, if there is none, *empty. */
const bson_t *msp_mongo_filter(const bson_t *filter, bson_t *empty);

/* ---- mongo_read.c */
int msp_mongo_collections(struct msp_store *s, bson_t *out, struct msp_error *err) MSP_CHECKED;
int msp_mongo_find(struct msp_store *s, const char *c, const struct msp_find *f, struct msp_cursor **out, struct msp_error *err) MSP_CHECKED;
int msp_mongo_next(struct msp_cursor *c, const bson_t **doc, struct msp_error *err) MSP_CHECKED;
void msp_mongo_done(struct msp_cursor *c);
int msp_mongo_count(struct msp_store *s, const char *c, const bson_t *filter, uint64_t *out, struct msp_error *err) MSP_CHECKED;
int msp_mongo_distinct(struct msp_store *s, const char *c, const char *key, const bson_t *filter, bson_t *out, struct msp_error *err) MSP_CHECKED;

/* ---- mongo_write.c */
int msp_mongo_put(struct msp_store *s, const char *c, const bson_t *const *docs, size_t n, bool replace, uint64_t *stored,
                  struct msp_error *err) MSP_CHECKED;
int msp_mongo_update(struct msp_store *s, const char *c, const bson_t *filter, const bson_t *change, unsigned flags,
                     struct msp_updated *out, struct msp_error *err) MSP_CHECKED;
int msp_mongo_remove(struct msp_store *s, const char *c, const bson_t *filter, uint64_t *deleted, struct msp_error *err) MSP_CHECKED;
int msp_mongo_drop(struct msp_store *s, const char *c, struct msp_error *err) MSP_CHECKED;

/* ---- mongo_index.c */
int msp_mongo_index(struct msp_store *s, const char *c, const char *name, const bson_t *keys, unsigned flags, struct msp_error *err) MSP_CHECKED;
int msp_mongo_indexes(struct msp_store *s, const char *c, bson_t *out, struct msp_error *err) MSP_CHECKED;
int msp_mongo_index_drop(struct msp_store *s, const char *c, const char *name, struct msp_error *err) MSP_CHECKED;

/* ---- mongo_explain.c */
int msp_mongo_explain(struct msp_store *s, const char *c, const struct msp_find *f, struct msp_bytes *out, struct msp_error *err) MSP_CHECKED;

#endif
