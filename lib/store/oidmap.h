/* store/oidmap.h - a table of ObjectIds, each with another */
#ifndef MSP_STORE_OIDMAP_H
#define MSP_STORE_OIDMAP_H

#include "mspipe/core.h"

/* Zero-initialise. */
struct msp_oidmap {
	struct msp_oidpair *pair;
	size_t n, room;
};

/* What key leads to, or NULL. */
const bson_oid_t *msp_oidmap_get(const struct msp_oidmap *m, const bson_oid_t *key);
/* Sets it; MSP_NOMEM. */
int msp_oidmap_set(struct msp_oidmap *m, const bson_oid_t *key, const bson_oid_t *value) MSP_CHECKED;
void msp_oidmap_free(struct msp_oidmap *m);

#endif
