/* The stream's reader: the objects of a block, which must be what its descriptor says. */
#include "stream/head.h"
#include "stream/reader.h"

#include <inttypes.h>

static int borrow_samples(struct msp_reader *r, struct msp_object *o, struct msp_error *err)
{
	uint64_t n = 0;
	int a = area_of(o->type, o->width);

	if (a == -2 || (a == -1) != (o->type == MSP_NONE))
		return reader_corrupt(r, r->block_at, err, "object %" PRIu32 " of the block has samples of type %u and %u bytes",
		               r->taken + 1, o->type, o->width);
	if (!o->live || a == -1) {
		msp_bytes_borrow(&o->samples, NULL, 0);
		return MSP_OK;
	}
	if (__builtin_mul_overflow(o->npts, (uint64_t)o->ncomp * o->width, &n) ||
	    n > r->area_len[a] - r->area_pos[a])
		return reader_corrupt(r, r->block_at, err, "object %" PRIu32 " of the block claims %" PRIu64 " samples that are not there",
		               r->taken + 1, o->npts);
	msp_bytes_borrow(&o->samples, r->area[a] + r->area_pos[a], (size_t)n);
	o->lent = o->samples.data;
	r->area_pos[a] += (size_t)n;
	return MSP_OK;
}

static int count_object(struct msp_reader *r, const struct msp_object *o, struct msp_error *err)
{
	if (o->kind == MSP_ENSEMBLE_BEGIN ? r->in_ensemble : o->kind == MSP_ENSEMBLE_END && !r->in_ensemble)
		return reader_corrupt(r, r->block_at, err, "the brackets of ensembles do not match");
	if (o->kind == MSP_ENSEMBLE_BEGIN) {
		r->in_ensemble = true;
		r->seen.ensembles++;
	} else if (o->kind == MSP_ENSEMBLE_END) {
		r->in_ensemble = false;
	} else if (o->live) {
		r->seen.live++;
	} else {
		r->seen.dead++;
	}
	if (!r->options.skip_digest)
		r->seen.digest = msp_id_sum(r->seen.digest, msp_object_digest(o));
	return MSP_OK;
}

/* The block's last object was taken: does all agree? */
static int close_block(struct msp_reader *r, struct msp_error *err)
{
	bool ok = r->head_pos == r->heads_len && r->in_ensemble == r->block_ends_in_ensemble;

	for (int a = 0; a < AREAS; a++)
		ok = ok && r->area_pos[a] == r->area_len[a];
	r->seen.bytes = r->block.bytes;
	if (r->options.skip_digest)
		r->seen.digest = r->block.digest;
	r->open = false;
	if (!ok || !reader_totals_equal(&r->seen, &r->block))
		return reader_corrupt(r, r->block_at, err, "the block's objects are not what its descriptor says");
	return MSP_OK;
}

int reader_object(struct msp_reader *r, struct msp_object *o, struct msp_error *err)
{
	size_t used = 0;
	const char *why = msp_head_parse(r->content + r->head_pos, (size_t)r->heads_len - r->head_pos, o, &used);
	int s;

	if (why)
		return reader_corrupt(r, r->block_at, err, "object %" PRIu32 " of the block: %s", r->taken + 1, why);
	r->head_pos += used;
	s = borrow_samples(r, o, err);
	if (s == MSP_OK)
		s = count_object(r, o, err);
	if (s == MSP_OK && ++r->taken == r->objects)
		s = close_block(r, err);
	return s < 0 ? s : MSP_READ_OBJECT;
}
