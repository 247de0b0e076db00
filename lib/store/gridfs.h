/* store/gridfs.h - names and ids of GridFS, for whoever writes it */
#ifndef MSP_STORE_GRIDFS_H
#define MSP_STORE_GRIDFS_H

#include "mspipe/store.h"

#define MSP_GRIDFS_FILES "fs.files"
#define MSP_GRIDFS_CHUNKS "fs.chunks"
#define MSP_GRIDFS_TOGETHER 16 /* chunks a round trip */

/* {key: id}; to be destroyed, whatever comes. */
bool msp_gridfs_filter(bson_t *out, const char *key, const bson_value_t *id);
/* Asks for the indexes that GridFS wants. */
int msp_gridfs_ready(struct msp_store *s, struct msp_error *err) MSP_CHECKED;
/* The _id of chunk n of the file whose _id has this order key (store/order.h): writing again writes the same. */
int msp_gridfs_chunk_id(const struct msp_bytes *key, uint32_t n, bson_oid_t *out) MSP_CHECKED;

/* msp_sum in the file's document: the hash of the samples that it was made of, 32 hexadecimal digits; empty if there is none. */
const char *msp_get_sum(const struct msp_get *g);

#endif
