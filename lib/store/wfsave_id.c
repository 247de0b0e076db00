/* Ids of what a save writes. */
#include "store/wfsave.h"

#include <string.h>

int msp_wf_nomem(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

int msp_wf_oid_of(const char *what, const void *data, size_t n, bson_oid_t *out)
{
	struct msp_bytes text = {0};
	struct msp_id hash;
	int r = msp_bytes_append(&text, what, strlen(what) + 1) || msp_bytes_append(&text, data, n);

	if (!r) {
		hash = msp_id_hash(text.data, text.len);
		memcpy(out->bytes, hash.byte, sizeof(out->bytes));
	}
	msp_bytes_free(&text);
	return r ? MSP_NOMEM : MSP_OK;
}

void msp_wf_oid(const char *what, struct msp_id id, const char *collection, const char *tag, bson_oid_t *out)
{
	uint8_t text[32 + 16 + MSP_WF_NAME_MAX + MSP_WF_TAG_MAX + 4], *p = text;
	struct msp_id hash;

	p = (uint8_t *)stpncpy((char *)p, what, 31);
	*p++ = 0;
	memcpy(p, id.byte, 16);
	p[16] = 0;
	p = (uint8_t *)stpncpy((char *)p + 17, collection, MSP_WF_NAME_MAX);
	*p++ = 0;
	p = (uint8_t *)stpncpy((char *)p, tag ? tag : "", MSP_WF_TAG_MAX);
	hash = msp_id_hash(text, (size_t)(p - text));
	memcpy(out->bytes, hash.byte, sizeof(out->bytes));
}
