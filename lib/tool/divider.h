/* Private to lib/tool: a stream divided into parts (mssplit). */
#ifndef TOOL_DIVIDER_H
#define TOOL_DIVIDER_H

#include "tool/groups.h"

struct msp_divider {
	struct msp_job *job;
	struct msp_divider_options options;
	struct msp_parts *parts;
	uint64_t *load; /* of each part, bytes so far: of the payload; by size: size of copied blocks */
	size_t room, to; /* the part being written to */
	uint64_t total;
	bool inside; /* an ensemble */
	struct msp_object object;
	/* by keys */
	struct msp_keys keys;
	struct msp_numbering groups;
	struct msp_groups names;
	struct msp_sorter *sorter;
	uint64_t last;
};

/* divider.c */
struct msp_error *divider_error(const struct msp_divider *k);
int divider_no_memory(const struct msp_divider *k);
/* One more part, which becomes the one being written to. */
int divider_add(struct msp_divider *k, const char *path) MSP_CHECKED;
/* o is the next to be written: are we inside an ensemble after it? */
void divider_follow(struct msp_divider *k, const struct msp_object *o);

/* dividekeys.c */
int divider_start_keys(struct msp_divider *k) MSP_CHECKED;
int divider_drain_keys(struct msp_divider *k) MSP_CHECKED;

#endif
