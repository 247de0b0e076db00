/* format/xmlarena.h - memory that goes all at once */
#ifndef MSP_FORMAT_XMLARENA_H
#define MSP_FORMAT_XMLARENA_H

#include "mspipe/core.h"

#define XML_ARENA_MAX 268435456 /* bytes of what is taken: an event, a channel with its response */

/* Zero-initialise. */
struct xml_arena {
	struct xml_block *blocks, *kept;
	size_t taken;
};

/* n bytes, for whatever type; MSP_FAIL if that is too much; MSP_NOMEM. */
int xml_arena_get(struct xml_arena *a, size_t n, void **out) MSP_CHECKED;
/* What was got since the last of these two goes, or stays to the end. */
void xml_arena_forget(struct xml_arena *a);
void xml_arena_keep(struct xml_arena *a);
void xml_arena_free(struct xml_arena *a);

#endif
