/* Private to lib/tool: the insides of a sorter (sorter.c: memory; runs.c: files). */
#ifndef TOOL_SORTER_H
#define TOOL_SORTER_H

#include "mspipe/gather.h"

typedef int sorter_out_fn(void *context, struct msp_object *o);

struct sorter_key {
	struct msp_value value; /* borrowed from the object, or from: */
	char scratch[MSP_ID_TEXT];
};

struct sorter_unit {
	uint64_t number, bytes;
	struct msp_object first;
	struct msp_object *more; /* the rest of an ensemble */
	size_t n, room;
	struct sorter_key key[];
};

struct sorter_run {
	int fd;
	unsigned level; /* 0: from memory; k + 1: merged from runs of level k */
};

/* A run being written. */
struct sorter_out {
	struct msp_writer *writer;
	int fd;
	unsigned level;
	struct msp_error *err;
};

struct msp_sorter {
	struct msp_sorter_options options;
	struct sorter_unit **unit;
	size_t n, room;
	uint64_t used, next;
	struct sorter_unit *open;  /* an ensemble whose end has not come */
	struct sorter_out direct;  /* or the run that it goes to */
	struct sorter_run *run;
	size_t runs, runs_room;
	uint64_t spilled;
	bool *met; /* options.n: some unit has a value for that key */
};

void sorter_unit_free(struct sorter_unit *u);
void sorter_keys(const struct msp_sorter *s, const struct msp_object *first, struct sorter_key *key);
int sorter_compare(const struct msp_sorter *s, const struct sorter_key *a, const struct sorter_key *b);

int sorter_run_begin(struct msp_sorter *s, struct sorter_out *out);
/* Ends the run that out is and keeps it, unless rc is below 0. Gives rc, or why the run failed. */
int sorter_run_end(struct msp_sorter *s, struct sorter_out *out, int rc);
/* Merges the runs from `first` on. */
int sorter_merge(struct msp_sorter *s, size_t first, sorter_out_fn *out, void *context,
                 struct msp_error *err);
void sorter_runs_free(struct msp_sorter *s);

#endif
