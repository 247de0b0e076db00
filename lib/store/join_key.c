/* What a document of a collection that is joined is found by. */
#include "store/join.h"
#include "store/path.h"

#include <string.h>

/* A value of the document; undefined where it is missing or lies within an array. */
static void get(const bson_t *doc, const char *key, struct msp_value *out)
{
	bson_iter_t it;
	bool array;

	memset(out, 0, sizeof(*out));
	if (msp_path_single(bson_get_data(doc), doc->len, key, &it, &array))
		msp_value_of_iter(&it, out);
}

static bool nothing(const struct msp_value *v)
{
	return v->type == MSP_V_UNDEFINED || v->type == MSP_V_NULL;
}

/* Each returns why the document cannot be found, or NULL; *s is MSP_NOMEM if memory ran out. The key goes to scratch. */

static const char *seed_times(const bson_t *doc, struct join_entry *e)
{
	struct msp_value v;

	get(doc, "starttime", &v);
	if (!nothing(&v) && !msp_join_time(&v, &e->start))
		return "its starttime is no time";
	get(doc, "endtime", &v);
	if (!nothing(&v) && !msp_join_time(&v, &e->end))
		return "its endtime is no time";
	return e->start < e->end ? NULL : "it ends before it starts, or when it starts";
}

static const char *seed_key(struct msp_join *j, const bson_t *doc, struct join_entry *e, int *s)
{
	struct join_code code[JOIN_CODES];
	unsigned level;
	const char *why;

	msp_join_codes(bson_get_data(doc), doc->len, code);
	for (int i = 0; i < JOIN_CODES; i++)
		if (code[i].bad)
			return code[i].bad;
	if (code[JOIN_STA].len == 0)
		return "it has no sta";
	if (code[JOIN_CHAN].len == 0 && strcmp(j->collection, "channel") == 0)
		return "it has no chan";
	why = seed_times(doc, e);
	if (why)
		return why;
	level = code[JOIN_CHAN].len ? 0 : code[JOIN_LOC].there ? 1 : 2;
	j->level[level] = true;
	*s = msp_join_code_key(j, code, level);
	return NULL;
}

static const char *equal_key(struct msp_join *j, const bson_t *doc, int *s)
{
	j->scratch.len = 0;
	for (uint32_t i = 0; *s == MSP_OK && i < j->npairs; i++) {
		struct msp_value v;
		bool ok;

		get(doc, j->pairs[i].document, &v);
		*s = msp_join_value_key(j, &v, j->pairs[i].time, &ok);
		if (*s == MSP_OK && !ok)
			return "it has no key to be compared, or one that equals none";
	}
	return NULL;
}

static const char *start_time(struct msp_join *j, const bson_t *doc, struct join_entry *e)
{
	struct msp_value v;

	get(doc, j->time_key, &v);
	if (nothing(&v))
		return "it has no time";
	return msp_join_time(&v, &e->start) ? NULL : "its time is none";
}

static const char *arrival_key(struct msp_join *j, const bson_t *doc, struct join_doc *d, struct join_entry *e, int *s)
{
	struct join_code code[JOIN_CODES];

	msp_join_codes(bson_get_data(doc), doc->len, code);
	if (code[JOIN_NET].bad || code[JOIN_STA].bad)
		return code[JOIN_NET].bad ? code[JOIN_NET].bad : code[JOIN_STA].bad;
	if (code[JOIN_STA].len == 0)
		return "it has no sta";
	j->scratch.len = 0;
	*s = msp_bytes_append(&j->scratch, code[JOIN_STA].text, code[JOIN_STA].len);
	d->has_net = code[JOIN_NET].there;
	d->net = j->arena.len;
	d->net_len = code[JOIN_NET].len;
	if (*s == MSP_OK)
		*s = msp_bytes_append(&j->arena, code[JOIN_NET].text, code[JOIN_NET].len);
	return start_time(j, doc, e);
}

const char *msp_join_document_key(struct msp_join *j, const bson_t *doc, struct join_doc *d, struct join_entry *e, int *s)
{
	switch (j->how) {
	case JOIN_SEED:
		return seed_key(j, doc, e, s);
	case JOIN_EQUAL:
		return equal_key(j, doc, s);
	case JOIN_ORIGIN:
		j->scratch.len = 0;
		return start_time(j, doc, e);
	default:
		return arrival_key(j, doc, d, e, s);
	}
}
