/* store/mongo.h - what the files of the back end for MongoDB share */
#ifndef MSP_STORE_MONGO_H
#define MSP_STORE_MONGO_H

#include "store/backend.h"

#include <mongoc/mongoc.h>

struct mongo {
	struct msp_store store;
	mongoc_client_t *client;
	mongoc_database_t *db;
	char *name; /* for messages */
};

int msp_mongo_explain(struct msp_store *s, const char *c, const struct msp_find *f, struct msp_bytes *out, struct msp_error *err) MSP_CHECKED;

#endif
