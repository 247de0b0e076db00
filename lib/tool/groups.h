/* Private to lib/tool: what those share that tell groups apart. */
#ifndef TOOL_GROUPS_H
#define TOOL_GROUPS_H

#include "mspipe/gather.h"

/* Whether a value is a whole number to msp_value_compare(), and which: 1, 1.0 and true are. */
bool msp_value_whole(const struct msp_value *v, int64_t *out);

/* Groups numbered by the values of keys, in the order in which they are met: for a sorter. */
struct msp_numbering {
	const struct msp_keys *keys;
	struct msp_groups groups;
	bool nomem; /* memory ran out, once: the numbers are not to be used */
};
/* A msp_sorter_key_fn, whose context is a struct msp_numbering: the number of the group that the object belongs to. */
void msp_numbering_key(const void *numbering, const struct msp_object *o, uint32_t i, struct msp_value *out, char scratch[MSP_ID_TEXT]);

/* Writes the closing bracket of an ensemble. */
int msp_pass_ensemble_end(struct msp_job *job) MSP_CHECKED;

#endif
