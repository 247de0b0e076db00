/* What a join compares: codes, values and times of objects and documents, in a form in which equal ones have equal bytes. */
#include "store/join.h"

#include <math.h>
#include <string.h>

/* ---- codes ------------------------------------------------------------- */

static const char *const not_text[JOIN_CODES] = {"net is no string", "sta is no string", "loc is no string", "chan is no string"};

static int code_of(const char *key, uint32_t len)
{
	if (len == 3 && key[0] == 'n')
		return memcmp(key, "net", 3) == 0 ? JOIN_NET : JOIN_CODES;
	if (len == 3 && key[0] == 's')
		return memcmp(key, "sta", 3) == 0 ? JOIN_STA : JOIN_CODES;
	if (len == 3 && key[0] == 'l')
		return memcmp(key, "loc", 3) == 0 ? JOIN_LOC : JOIN_CODES;
	return len == 4 && memcmp(key, "chan", 4) == 0 ? JOIN_CHAN : JOIN_CODES;
}

static void take_code(const bson_iter_t *it, int i, struct join_code *c)
{
	switch (bson_iter_type(it)) {
	case BSON_TYPE_NULL:
	case BSON_TYPE_UNDEFINED:
		return;
	case BSON_TYPE_UTF8:
		c->text = bson_iter_utf8(it, &c->len);
		break;
	default:
		c->bad = not_text[i];
		return;
	}
	c->there = true;
	while (c->len > 0 && c->text[c->len - 1] == ' ')
		c->len--;
	if (c->len == 2 && memcmp(c->text, "--", 2) == 0)
		c->len = 0;
}

/* False if, with j, there is a key that is meant. */
static bool look_through(const struct msp_join *j, const uint8_t *doc, size_t n, struct join_code code[JOIN_CODES])
{
	bool met[JOIN_CODES] = {false}, fresh = true;
	bson_iter_t it;

	for (int i = 0; i < JOIN_CODES; i++)
		code[i] = (struct join_code){.text = ""};
	if (n == 0 || !bson_iter_init_from_data(&it, doc, n))
		return true;
	while (bson_iter_next(&it)) {
		int i = code_of(bson_iter_key(&it), bson_iter_key_len(&it));

		fresh = fresh && !(j && msp_join_meant(j, &it));
		if (i == JOIN_CODES || met[i])
			continue;
		met[i] = true;
		take_code(&it, i, &code[i]);
	}
	return fresh;
}

void msp_join_codes(const uint8_t *doc, size_t n, struct join_code code[JOIN_CODES])
{
	look_through(NULL, doc, n, code);
}

void msp_join_object_codes(const struct msp_join *j, const struct msp_object *o, struct join_code code[JOIN_CODES], bool *fresh)
{
	*fresh = look_through(j, o->metadata.data, o->metadata.len, code);
}

int msp_join_code_key(struct msp_join *j, const struct join_code code[JOIN_CODES], unsigned level)
{
	static const unsigned use[JOIN_LEVELS] = {JOIN_CODES, JOIN_LOC + 1, JOIN_STA + 1};
	size_t n = 1;
	uint8_t *p;

	for (unsigned i = 0; i < use[level]; i++)
		n += sizeof(code[i].len) + code[i].len;
	if (msp_bytes_reserve(&j->scratch, n) != MSP_OK)
		return MSP_NOMEM;
	p = j->scratch.data;
	*p++ = (uint8_t)level;
	for (unsigned i = 0; i < use[level]; i++) {
		memcpy(p, &code[i].len, sizeof(code[i].len));
		p += sizeof(code[i].len);
		memcpy(p, code[i].text, code[i].len);
		p += code[i].len;
	}
	j->scratch.len = n;
	return MSP_OK;
}

/* ---- times ------------------------------------------------------------- */

/* Doubles of epoch seconds are a quarter of a microsecond apart: what was a time in microseconds becomes it again. */
static bool time_of_seconds(double d, msp_time *out)
{
	if (isnan(d))
		return false;
	if (d >= 9.2e9)
		*out = INT64_MAX;
	else if (d <= -9.2e9)
		*out = INT64_MIN;
	else
		*out = (msp_time)llround(d * 1e6) * 1000;
	return true;
}

bool msp_join_time(const struct msp_value *v, msp_time *out)
{
	switch (v->type) {
	case MSP_V_DOUBLE:
		return time_of_seconds(v->u.d, out);
	case MSP_V_INT:
		if (__builtin_mul_overflow(v->u.i, MSP_NS, out))
			*out = v->u.i < 0 ? INT64_MIN : INT64_MAX;
		return true;
	case MSP_V_TIME:
		*out = v->u.i;
		return true;
	case MSP_V_BSON: /* a date beyond the range */
		*out = v->u.bson.value.v_datetime < 0 ? INT64_MIN : INT64_MAX;
		return v->u.bson.value_type == BSON_TYPE_DATE_TIME;
	default:
		return false;
	}
}

/* As UTC. */
static bool own_time(const struct msp_object *o, bool end, msp_time *out)
{
	*out = end ? msp_object_end(o) : o->start;
	return !o->relative || (o->shift_valid && !__builtin_add_overflow(*out, o->shift, out));
}

bool msp_join_object_time(const struct msp_object *o, const char *key, msp_time *out)
{
	char scratch[MSP_ID_TEXT];
	struct msp_value v;

	if (msp_object_is_data(o)) {
		if (strcmp(key, "starttime") == 0 || strcmp(key, "t0") == 0 || strcmp(key, "time") == 0)
			return own_time(o, false, out);
		if (strcmp(key, "endtime") == 0)
			return own_time(o, true, out);
	}
	msp_object_get(o, key, &v, scratch);
	return msp_join_time(&v, out);
}

bool msp_join_begin(const struct msp_object *o, msp_time *out)
{
	return msp_object_is_data(o) ? own_time(o, false, out) : msp_join_object_time(o, "starttime", out);
}

bool msp_join_end(const struct msp_object *o, msp_time *out)
{
	return msp_object_is_data(o) ? own_time(o, true, out) : msp_join_object_time(o, "endtime", out);
}

/* ---- values ------------------------------------------------------------ */

/* A type, a length and bytes, so that no two lists of values have the same. */
static int put(struct msp_join *j, char type, const void *data, size_t n)
{
	uint64_t len = n;

	if (msp_bytes_append(&j->scratch, &type, 1) != MSP_OK || msp_bytes_append(&j->scratch, &len, sizeof(len)) != MSP_OK)
		return MSP_NOMEM;
	return msp_bytes_append(&j->scratch, data, n);
}

/* A whole number is the same whether it is an integer or a double. */
static int put_double(struct msp_join *j, double d, bool *ok)
{
	int64_t i;

	if (isnan(d)) {
		*ok = false;
		return MSP_OK;
	}
	if (d >= -0x1p63 && d < 0x1p63 && d == trunc(d)) {
		i = (int64_t)d;
		return put(j, 'i', &i, sizeof(i));
	}
	return put(j, 'd', &d, sizeof(d));
}

static int put_bson(struct msp_join *j, const bson_value_t *v, bool *ok)
{
	switch (v->value_type) {
	case BSON_TYPE_OID:
		return put(j, 'o', v->value.v_oid.bytes, sizeof(v->value.v_oid.bytes));
	case BSON_TYPE_DOCUMENT:
	case BSON_TYPE_ARRAY:
		return put(j, v->value_type == BSON_TYPE_ARRAY ? 'a' : 'D', v->value.v_doc.data, v->value.v_doc.data_len);
	case BSON_TYPE_BINARY:
		return put(j, 'B', v->value.v_binary.data, v->value.v_binary.data_len);
	default:
		*ok = false;
		return MSP_OK;
	}
}

int msp_join_value_key(struct msp_join *j, const struct msp_value *v, bool time, bool *ok)
{
	msp_time t;

	*ok = true;
	if ((time || v->type == MSP_V_TIME) && msp_join_time(v, &t)) {
		t = t / 1000 + (t % 1000 >= 500) - (t % 1000 < -500); /* to the microsecond, as documents' times are */
		return put(j, 't', &t, sizeof(t));
	}
	switch (v->type) {
	case MSP_V_BOOL:
		return put(j, v->u.b ? 'T' : 'F', NULL, 0);
	case MSP_V_INT:
		return put(j, 'i', &v->u.i, sizeof(v->u.i));
	case MSP_V_DOUBLE:
		return put_double(j, v->u.d, ok);
	case MSP_V_STRING:
		return put(j, 's', v->u.s.text, v->u.s.len);
	case MSP_V_BSON:
		return put_bson(j, &v->u.bson, ok);
	default: /* undefined, null */
		*ok = false;
		return MSP_OK;
	}
}
