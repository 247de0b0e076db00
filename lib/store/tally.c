/* Whether the chunks of files are whole: they are counted and marked as they come, and no file's chunks are held. */
#include "store/tally.h"

#include "store/order.h"

#include <stdlib.h>
#include <string.h>

/* splitmix64 (Steele, Lea, Flood 2014): numbers that do not add up to the same by accident */
static uint64_t mark(uint64_t n)
{
	n += UINT64_C(0x9e3779b97f4a7c15);
	n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	n = (n ^ n >> 27) * UINT64_C(0x94d049bb133111eb);
	return n ^ n >> 31;
}

void msp_tally_clear(struct msp_tally *t)
{
	msp_idmap_clear(&t->map);
	t->n = 0;
	t->chunks = 0;
}

void msp_tally_free(struct msp_tally *t)
{
	msp_idmap_free(&t->map);
	free(t->file);
	msp_bytes_free(&t->key);
	memset(t, 0, sizeof(*t));
}

static bool whole_number(const bson_t *doc, const char *key, int64_t least, int64_t *out)
{
	bson_iter_t it;
	double d;

	if (!bson_iter_init_find(&it, doc, key) || msp_rank(&it) != MSP_R_NUMBER)
		return false;
	d = msp_number(&it);
	if (!(d >= (double)least && d < 9.2e18))
		return false;
	*out = bson_iter_as_int64(&it);
	return true;
}

static void expect_chunks(struct msp_tally_file *f, const bson_t *doc)
{
	int64_t length;

	if (!whole_number(doc, "length", 0, &length) || !whole_number(doc, "chunkSize", 1, &f->size)) {
		f->verdict = MSP_TALLY_NO_LENGTH;
		return;
	}
	f->length = (uint64_t)length;
	f->want = f->length / (uint64_t)f->size + (f->length % (uint64_t)f->size != 0);
}

uint64_t msp_tally_chunks(const bson_t *doc)
{
	struct msp_tally_file f = {0};

	expect_chunks(&f, doc);
	return f.want;
}

uint64_t msp_tally_length(const bson_t *doc)
{
	struct msp_tally_file f = {0};

	expect_chunks(&f, doc);
	return f.length;
}

int msp_tally_add(struct msp_tally *t, const bson_t *doc)
{
	bson_iter_t id;
	struct msp_id hash;
	uint64_t *at;

	if (t->n == t->room) {
		size_t room = t->room ? 2 * t->room : 64;
		struct msp_tally_file *more = realloc(t->file, room * sizeof(*more));

		if (!more)
			return MSP_NOMEM;
		t->file = more;
		t->room = room;
	}
	t->map.values = true;
	memset(&t->file[t->n], 0, sizeof(t->file[t->n]));
	if (!bson_iter_init_find(&id, doc, "_id")) {
		t->file[t->n++].verdict = MSP_TALLY_NO_LENGTH;
		return MSP_OK;
	}
	if (msp_value_hash(&id, &t->key, &hash) != MSP_OK || msp_idmap_add(&t->map, hash, NULL, &at) != MSP_OK)
		return MSP_NOMEM;
	*at = t->n;
	expect_chunks(&t->file[t->n++], doc);
	return MSP_OK;
}

int msp_tally_chunk(struct msp_tally *t, const bson_t *chunk)
{
	struct msp_tally_file *f;
	bson_iter_t id, data;
	struct msp_id hash;
	uint64_t *at;
	int64_t n;
	const uint8_t *bytes;
	bson_subtype_t sub;
	uint32_t len;

	if (!bson_iter_init_find(&id, chunk, "files_id"))
		return MSP_OK;
	if (msp_value_hash(&id, &t->key, &hash) != MSP_OK)
		return MSP_NOMEM;
	if (!msp_idmap_find(&t->map, hash, &at))
		return MSP_OK;
	f = &t->file[*at];
	f->chunks++;
	t->chunks++;
	if (f->verdict)
		return MSP_OK;
	if (!whole_number(chunk, "n", 0, &n) || !bson_iter_init_find(&data, chunk, "data") || bson_iter_type(&data) != BSON_TYPE_BINARY) {
		f->verdict = MSP_TALLY_NONE;
		return MSP_OK;
	}
	bson_iter_binary(&data, &sub, &len, &bytes);
	f->marks += mark((uint64_t)n);
	if ((uint64_t)n < f->want && len != ((uint64_t)n + 1 < f->want ? (uint64_t)f->size : f->length - (uint64_t)n * (uint64_t)f->size))
		f->verdict = MSP_TALLY_SIZE;
	return MSP_OK;
}

int msp_tally_verdict(const struct msp_tally *t, size_t i)
{
	const struct msp_tally_file *f = &t->file[i];
	uint64_t marks = f->marks;

	if (f->verdict)
		return f->verdict;
	if (f->chunks < f->want)
		return MSP_TALLY_MISSING;
	for (uint64_t n = 0; f->chunks == f->want && n < f->want; n++)
		marks -= mark(n);
	return f->chunks > f->want || marks != 0 ? MSP_TALLY_DOUBLED : MSP_TALLY_WHOLE;
}

const char *msp_tally_text(int verdict)
{
	switch (verdict) {
	case MSP_TALLY_WHOLE: return "whole";
	case MSP_TALLY_NO_LENGTH: return "without length or chunkSize";
	case MSP_TALLY_MISSING: return "with chunks missing";
	case MSP_TALLY_DOUBLED: return "with chunks doubled, or that are too many";
	case MSP_TALLY_SIZE: return "with a chunk of a wrong size";
	default: return "with a chunk that is none";
	}
}
