/* Choosing runs by their headers, so that only what is wanted is decoded. */
#include "mspipe/format.h"

#include <stdlib.h>
#include <string.h>

static int put(struct msp_plan *plan, uint64_t run, bool keep)
{
	size_t at = (size_t)(run / 8);

	if (at >= plan->room) {
		size_t room = at < 64 ? 128 : 2 * at;
		uint8_t *more = realloc(plan->keep, room);

		if (more == NULL)
			return MSP_NOMEM;
		memset(more + plan->room, 0, room - plan->room);
		plan->keep = more;
		plan->room = room;
	}
	if (keep) {
		plan->keep[at] |= (uint8_t)(1u << run % 8);
		plan->kept++;
	}
	if (run >= plan->n)
		plan->n = run + 1;
	return MSP_OK;
}

int msp_plan_make(struct msp_plan *plan, struct msp_input *headers, int (*choose)(void *context, struct msp_object *o),
                  void *context, struct msp_error *err)
{
	struct msp_object o;
	int rc;

	msp_plan_free(plan);
	msp_object_init(&o);
	while ((rc = msp_input_next(headers, &o, err)) == 1) {
		int keep = choose(context, &o);

		rc = keep < 0 ? keep : put(plan, msp_input_run(headers), keep > 0);
		if (rc == MSP_NOMEM && keep >= 0)
			msp_error_set(err, MSP_NOMEM, "out of memory");
		if (rc < 0)
			break;
	}
	msp_object_free(&o);
	return rc;
}

bool msp_plan_wants(void *plan, uint64_t run)
{
	const struct msp_plan *p = plan;

	return run < p->n && p->keep[run / 8] >> run % 8 & 1;
}

void msp_plan_free(struct msp_plan *plan)
{
	free(plan->keep);
	memset(plan, 0, sizeof *plan);
}
