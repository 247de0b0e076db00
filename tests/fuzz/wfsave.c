/* Fuzz: any metadata, of a live or a dead object, alone or in an ensemble, in each mode. The document that is made is one that a store takes,
 * and in mode promiscuous the object that is read of it has the metadata that were saved, byte by byte. */
#include "store/wfsave.h"

#include "store/utf8.h"

#include "empty_store.h"

#include <string.h>

/* Keys that come twice are no metadata that anything makes; a document shows one of them. */
static bool doubled(const struct msp_bytes *meta)
{
	bson_iter_t a, b;

	if (meta->len == 0 || !bson_iter_init_from_data(&a, meta->data, meta->len))
		return false;
	while (bson_iter_next(&a)) {
		b = a;
		while (bson_iter_next(&b))
			if (strcmp(bson_iter_key(&a), bson_iter_key(&b)) == 0)
				return true;
	}
	return false;
}

static void read_back(const bson_t *doc, const struct msp_object *o, bool buried)
{
	struct msp_wfread_options options = {.headers = true, .ensembles = true};
	struct msp_wfread *r;
	struct msp_object x;
	struct msp_error err = {0};
	bson_t whole = BSON_INITIALIZER;

	if (buried && (!BSON_APPEND_DOCUMENT(&whole, "tombstone", doc)))
		abort();
	msp_object_init(&x);
	if (msp_wfread_new(store(), &options, &r, &err) != MSP_OK ||
	    msp_wfread_begin(r, buried ? "cemetery" : "wf_TimeSeries", buried ? &whole : doc, &err) != MSP_OK || msp_wfread_next(r, &x, &err) != 1)
		abort();
	if (x.metadata.len == 5) /* a document without keys is none (msp(5)) */
		x.metadata.len = 0;
	if (x.metadata.len != o->metadata.len || (x.metadata.len > 0 && memcmp(x.metadata.data, o->metadata.data, x.metadata.len) != 0))
		abort();
	if (!msp_id_equal(&x.id, &o->id) || x.start != o->start || x.npts != o->npts)
		abort();
	msp_object_free(&x);
	msp_wfread_free(r);
	bson_destroy(&whole);
}

static void save_one(struct msp_object *o, const struct msp_wf_ensemble *e, int mode, bool buried)
{
	struct msp_save_options options = {.mode = mode};
	struct msp_wf_maker m = {.options = &options, .store = store(), .ensemble = e};
	struct msp_error err = {0};
	bson_t doc = BSON_INITIALIZER;
	int r = msp_wf_document(&m, o, buried, &doc, &err);

	if (r != MSP_OK && (r != MSP_KILL || !err.text[0]))
		abort();
	if (r == MSP_OK && msp_bson_valid(bson_get_data(&doc), doc.len)) { /* or nested too deep */
		if (!msp_document_is_utf8(bson_get_data(&doc), doc.len))
			abort();
		if (mode == MSP_WF_PROMISCUOUS && !doubled(&o->metadata))
			read_back(&doc, o, buried);
	}
	bson_destroy(&doc);
	msp_wf_maker_free(&m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct msp_wf_ensemble none = {0}, e = {.open = true, .number = 1};
	struct msp_object o;
	uint32_t n;

	if (size < 4)
		return 0;
	memcpy(&n, data, sizeof(n));
	n = BSON_UINT32_FROM_LE(n);
	if (!msp_bson_valid(data, size) && (n > size || !msp_bson_valid(data, n)))
		return 0;
	n = msp_bson_valid(data, size) ? (uint32_t)size : n;
	msp_object_init(&o);
	if (msp_object_reset(&o, MSP_TIMESERIES, MSP_F64, 1) != MSP_OK)
		return 0;
	memset(o.samples.data, 0, o.samples.len);
	o.dt = 0.05;
	if (n > 5)
		msp_bytes_borrow(&o.metadata, data, n);
	if (size - n > 5 && msp_bson_valid(data + n, size - n)) /* a second document: the ensemble's */
		msp_bytes_borrow(&e.metadata, data + n, size - n);
	for (int mode = MSP_WF_PROMISCUOUS; mode <= MSP_WF_PEDANTIC; mode++)
		for (int buried = 0; buried < 2; buried++) {
			o.live = !buried;
			save_one(&o, &none, mode, buried);
			save_one(&o, &e, mode, buried);
		}
	msp_object_free(&o);
	return 0;
}
