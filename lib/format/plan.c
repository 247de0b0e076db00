/* Choosing runs by their headers, so that only what is wanted is decoded. */
#include "format/ahead.h"

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

/* Where a run lies that is kept. */
static int list(struct msp_plan *plan, uint64_t run, const struct msp_input_span *span)
{
	if (plan->listed == MSP_PLAN_LISTED)
		return MSP_OK;
	if (plan->listed == plan->list_room) {
		size_t room = plan->list_room > 0 ? 2 * plan->list_room : 64;
		struct msp_plan_run *more = realloc(plan->list, room * sizeof *more);

		if (more == NULL)
			return MSP_NOMEM;
		plan->list = more;
		plan->list_room = room;
	}
	plan->list[plan->listed++] = (struct msp_plan_run){ run, span->offset, span->end };
	plan->bytes += span->end - span->offset;
	plan->mixed |= span->mixed;
	return MSP_OK;
}

int msp_plan_make(struct msp_plan *plan, struct msp_input *headers, int (*choose)(void *context, struct msp_object *o),
                  void *context, struct msp_error *err)
{
	struct msp_input_span span;
	struct msp_object o;
	int rc;

	msp_plan_free(plan);
	plan->ahead = calloc(1, sizeof *plan->ahead);
	if (plan->ahead == NULL)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	msp_object_init(&o);
	while ((rc = msp_input_next(headers, &o, err)) == 1) {
		int keep = choose(context, &o);

		rc = keep < 0 ? keep : put(plan, msp_input_run(headers), keep > 0);
		msp_input_span(headers, &span);
		if (rc == MSP_OK && keep > 0)
			rc = list(plan, msp_input_run(headers), &span);
		if (rc == MSP_OK)
			rc = ahead_note(plan->ahead, headers);
		if (rc == MSP_NOMEM && keep >= 0)
			msp_error_set(err, MSP_NOMEM, "out of memory");
		if (rc < 0)
			break;
	}
	msp_object_free(&o);
	ahead_end(plan->ahead, headers);
	return rc;
}

bool msp_plan_wants(void *plan, uint64_t run)
{
	const struct msp_plan *p = plan;

	return run < p->n && p->keep[run / 8] >> run % 8 & 1;
}

void msp_plan_divide(struct msp_plan *plan, const struct msp_share *share, uint32_t part)
{
	uint64_t all = plan->bytes + plan->listed, before = 0;
	size_t n = plan->listed;

	plan->listed = 0;
	plan->bytes = 0;
	for (size_t i = 0; i < n; i++) {
		struct msp_plan_run r = plan->list[i];
		uint64_t size = r.end - r.offset + 1; /* the middle decides */

		if (msp_share_part(share, before + size / 2, all) == part) {
			plan->list[plan->listed++] = r;
			plan->bytes += r.end - r.offset;
		} else {
			plan->keep[r.run / 8] &= (uint8_t)~(1u << r.run % 8);
			plan->kept--;
		}
		before += size;
	}
}

bool msp_plan_apart(const struct msp_plan *plan, uint64_t bytes)
{
	/* each needs a look of its own */
	return plan->kept == plan->listed && !plan->mixed && plan->bytes + (plan->listed << 16) < bytes;
}

void msp_plan_free(struct msp_plan *plan)
{
	free(plan->keep);
	free(plan->list);
	ahead_free(plan->ahead);
	memset(plan, 0, sizeof *plan);
}
