/* store/part.h - is a document of a part */
#ifndef MSP_STORE_PART_H
#define MSP_STORE_PART_H

#include "mspipe/store.h"

/* Which one, from 0 on, what has this hash is of. */
uint32_t msp_part_of(const struct msp_id *hash, uint32_t parts);
/* 1: doc is of the part; 0: it is not; or MSP_NOMEM. scratch is emptied and used. */
int msp_part_has(const struct msp_part *p, const bson_t *doc, struct msp_bytes *scratch);
/* msp_store_find() of a part, by other finds; f's batch is not 0. (part_find.c) */
int msp_part_find(struct msp_store *s, const char *collection, const struct msp_find *f, struct msp_cursor **out, struct msp_error *err) MSP_CHECKED;

#endif
