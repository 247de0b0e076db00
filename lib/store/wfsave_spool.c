/* Documents that wait until a stream was found whole, with where they belong: bytes of a spool (store/spool.h). */
#include "store/wfsave.h"

#include "store/room.h"

#include <stdlib.h>
#include <string.h>

int msp_wait_add(struct msp_spool *p, uint8_t where, const bson_t *doc, struct msp_error *err)
{
	return msp_spool_put_document(p, where, doc, err);
}

struct boxed {
	bson_t doc;
};

struct batch {
	struct msp_bytes data; /* the documents, one after the other */
	size_t begin[MSP_STORE_BATCH];
	struct boxed *box;
	const bson_t *doc[MSP_STORE_BATCH];
	size_t n;
	uint8_t where;
	msp_wait_fn *fn;
	void *context;
};

static int hand_on(struct batch *b, struct msp_error *err)
{
	int r = MSP_OK;

	for (size_t i = 0; r == MSP_OK && i < b->n; i++) {
		size_t end = i + 1 < b->n ? b->begin[i + 1] : b->data.len;

		b->doc[i] = &b->box[i].doc;
		if (!bson_init_static(&b->box[i].doc, b->data.data + b->begin[i], end - b->begin[i]))
			r = msp_error_set(err, MSP_FAIL, "a temporary file in $TMPDIR was changed");
	}
	if (r == MSP_OK && b->n > 0)
		r = b->fn(b->context, b->where, b->doc, b->n, err);
	b->n = 0;
	b->data.len = 0;
	return r;
}

/* The next document: 1, and in the batch; 0: there is none. */
static int take(struct msp_spool *p, struct batch *b, struct msp_error *err)
{
	uint32_t where;
	int r = msp_spool_get_number(p, &where, err);

	if (r != 1)
		return r;
	r = MSP_OK;
	if (b->n > 0 && (b->where != where || b->n == MSP_STORE_BATCH || b->data.len > MSP_WF_BATCH_BYTES))
		r = hand_on(b, err);
	if (r != MSP_OK)
		return r;
	b->where = (uint8_t)where;
	b->begin[b->n++] = b->data.len;
	r = msp_spool_get_document(p, &b->data, err);
	return r == MSP_OK ? 1 : r;
}

int msp_wait_each(struct msp_spool *p, msp_wait_fn *fn, void *context, struct msp_error *err)
{
	struct batch b = {.fn = fn, .context = context, .box = msp_room(MSP_STORE_BATCH * sizeof(*b.box))};
	int r = b.box ? msp_spool_rewind(p, err) : msp_wf_nomem(err);

	if (r == MSP_OK)
		while ((r = take(p, &b, err)) == 1)
			;
	if (r == MSP_OK)
		r = hand_on(&b, err);
	msp_bytes_free(&b.data);
	free(b.box);
	return r;
}
