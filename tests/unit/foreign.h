/* What the unit tests of foreign formats share: an input over bytes in memory, and why an object died. */
#ifndef UNIT_FOREIGN_H
#define UNIT_FOREIGN_H

#include "unit.h"

#include "mspipe/format.h"

#include <stdlib.h>

static struct msp_error err;

static struct msp_input *over(const void *data, size_t n, struct msp_input_options *options)
{
	struct msp_input *in = msp_input_memory(data, n, "test", options, &err);

	CHECKF(in != NULL, "%s", err.text);
	if (in == NULL)
		exit(1);
	return in;
}

static inline const char *reason(const struct msp_object *o)
{
	struct msp_log_entry e;

	return msp_object_log_get(o, 0, &e) ? e.message : "";
}

#endif
