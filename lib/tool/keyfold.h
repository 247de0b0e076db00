/* Private to lib/tool: folds by key (msfold). */
#ifndef TOOL_KEYFOLD_H
#define TOOL_KEYFOLD_H

#include "mspipe/gather.h"

#define KEYFOLD_BRACKET (-1)

/* One fold. Its group's metadata say which: by, ensemble, member, values. */
struct keyfold_slot {
	struct msp_fold *fold;
	struct msp_object group;
	int64_t ensemble, member;
};

struct msp_keyfold {
	struct msp_job *job;
	struct msp_keyfold_options options;
	struct msp_keys keys;
	struct msp_bytes names; /* of the keys, a line each */
	struct msp_groups groups;
	struct keyfold_slot **slot;
	size_t n, room;
	uint64_t memory;
	struct msp_object key, values; /* being looked up; of the ensemble being read */
	bool inside;
	int64_t member;
	/* while results are written */
	const struct keyfold_slot *now;
	uint64_t output;
};

/* keyfold.c */
int keyfold_no_memory(const struct msp_keyfold *f);

/* keyfoldgroup.c */
/* Writes the values of the keys of o into the group. */
int keyfold_set_values(struct msp_keyfold *f, struct msp_object *group, const struct msp_object *o) MSP_CHECKED;
/* The same from the group of a partial fold, whose keys must include ours. */
int keyfold_take_values(struct msp_keyfold *f, struct msp_object *group, const struct msp_object *theirs) MSP_CHECKED;
/* The i-th value of a group. False: it has none. */
bool keyfold_value(const struct msp_object *group, uint32_t i, struct msp_value *out);
/* By the values of the keys; then what is loose, then the bracket and the members of the ensemble. Of struct keyfold_slot *, for qsort_r(). */
int keyfold_order(const void *a, const void *b, void *keyfold);

#endif
