/* Stores: indexes, and their names. */
#include "store/backend.h"

#include "store/order.h"

#include <string.h>

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

static int index_name(const bson_t *keys, struct msp_bytes *out)
{
	bson_iter_t it;
	int r = 0;

	if (bson_iter_init(&it, keys))
		while (!r && bson_iter_next(&it))
			r = (out->len && msp_bytes_append(out, "_", 1)) || msp_bytes_append(out, bson_iter_key(&it), bson_iter_key_len(&it)) ||
			    msp_bytes_append(out, msp_number(&it) < 0 ? "_-1" : "_1", msp_number(&it) < 0 ? 3 : 2);
	return r || msp_bytes_append(out, "", 1) ? MSP_NOMEM : MSP_OK;
}

int msp_store_index(struct msp_store *s, const char *c, const bson_t *keys, unsigned flags, struct msp_error *err)
{
	struct msp_bytes name = {0};
	int r = msp_arg_writable(s, c, err);

	if (r == MSP_OK)
		r = msp_arg_order(keys, "index", false, err);
	if (r == MSP_OK && index_name(keys, &name) != MSP_OK)
		r = memory(err);
	if (r == MSP_OK && name.len > MSP_STORE_NAME_MAX)
		r = msp_error_set(err, MSP_USAGE, "index: its keys are too long");
	if (r == MSP_OK && strncmp((const char *)name.data, "_id_1", 6) != 0) /* that of _id is always there */
		r = s->backend->index(s, c, (const char *)name.data, keys, flags, err);
	msp_bytes_free(&name);
	return r;
}

int msp_store_indexes(struct msp_store *s, const char *c, bson_t *out, struct msp_error *err)
{
	int r = msp_arg_collection(s, c, err);

	if (r != MSP_OK)
		return r;
	bson_init(out);
	return msp_array_finish(s->backend->indexes(s, c, out, err), out, err);
}

int msp_store_index_drop(struct msp_store *s, const char *c, const char *name, struct msp_error *err)
{
	int r = msp_arg_writable(s, c, err);

	return r == MSP_OK ? s->backend->index_drop(s, c, name, err) : r;
}

int msp_store_index_drop_keys(struct msp_store *s, const char *c, const bson_t *keys, struct msp_error *err)
{
	struct msp_bytes name = {0};
	int r = msp_arg_order(keys, "index", false, err);

	if (r == MSP_OK && index_name(keys, &name) != MSP_OK)
		r = memory(err);
	if (r == MSP_OK)
		r = msp_store_index_drop(s, c, (const char *)name.data, err);
	msp_bytes_free(&name);
	return r;
}
