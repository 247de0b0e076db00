/* store/idmap.h - sets of values, by their hashes, in as little memory as that takes */
#ifndef MSP_STORE_IDMAP_H
#define MSP_STORE_IDMAP_H

#include "mspipe/core.h"

/* 16 bytes a slot, 24 with values; at most three quarters of the slots are used. Zero-initialise; set `values` if they are wanted. */
struct msp_idmap {
	struct msp_id *id; /* zero: not used */
	uint64_t *value;
	size_t n, room;
	bool values;
};

/* Adds id, or finds it. *fresh (may be NULL): it is new. *value (may be NULL; only with values): where its value is, 0 if it is new;
 * till the next msp_idmap_add(). MSP_NOMEM only. */
int msp_idmap_add(struct msp_idmap *m, struct msp_id id, bool *fresh, uint64_t **value) MSP_CHECKED;
/* Is it there? value: as above, or NULL. */
bool msp_idmap_find(const struct msp_idmap *m, struct msp_id id, uint64_t **value);
void msp_idmap_clear(struct msp_idmap *m); /* and keeps the room */
void msp_idmap_free(struct msp_idmap *m);

/* The hash of a value of a document: the same for all that MongoDB finds equal. scratch is emptied and used. MSP_NOMEM only. */
int msp_value_hash(const bson_iter_t *value, struct msp_bytes *scratch, struct msp_id *out) MSP_CHECKED;

#endif
