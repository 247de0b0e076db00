/* Values to and from the bytes that BSON writes for them. */
#include "core/walk.h"

#include "core/endian.h"

#include <string.h>

static void add(struct msp_pieces *p, const void *data, size_t len)
{
	p->piece[p->n].data = data;
	p->piece[p->n++].len = len;
}

static void add_u32(struct msp_pieces *p, uint32_t v)
{
	uint8_t *to = p->scratch + p->used;

	msp_put_u32(to, v);
	p->used += 4;
	add(p, to, 4);
}

static void add_u64(struct msp_pieces *p, uint64_t v)
{
	uint8_t *to = p->scratch + p->used;

	msp_put_u64(to, v);
	p->used += 8;
	add(p, to, 8);
}

static void add_double(struct msp_pieces *p, double d)
{
	uint64_t v;

	memcpy(&v, &d, sizeof v);
	add_u64(p, v);
}

static void add_byte(struct msp_pieces *p, uint8_t b)
{
	p->scratch[p->used] = b;
	add(p, p->scratch + p->used++, 1);
}

/* Length with its NUL, text, NUL. */
static bool add_string(struct msp_pieces *p, const char *text, size_t len)
{
	if (len > MSP_BSON_MAX - 16)
		return false;
	add_u32(p, (uint32_t)len + 1);
	add(p, text, len);
	add(p, "", 1);
	return true;
}

static bool add_binary(struct msp_pieces *p, const bson_value_t *v)
{
	uint32_t len = v->value.v_binary.data_len;

	/* the old binary form holds its length twice, and libbson hands out the inner part */
	bool old = v->value.v_binary.subtype == BSON_SUBTYPE_BINARY_DEPRECATED;
	if (len > MSP_BSON_MAX - 16)
		return false;
	add_u32(p, old ? len + 4 : len);
	add_byte(p, (uint8_t)v->value.v_binary.subtype);
	if (old)
		add_u32(p, len);
	add(p, v->value.v_binary.data, len);
	return true;
}

static bool add_scope(struct msp_pieces *p, const bson_value_t *v)
{
	size_t code = v->value.v_codewscope.code_len, scope = v->value.v_codewscope.scope_len;

	if (code > MSP_BSON_MAX - 16 || scope > MSP_BSON_MAX - 16 - code)
		return false;
	add_u32(p, (uint32_t)(4 + 4 + code + 1 + scope));
	if (!add_string(p, v->value.v_codewscope.code, code))
		return false;
	add(p, v->value.v_codewscope.scope_data, scope);
	return true;
}

static bool add_dbpointer(struct msp_pieces *p, const bson_value_t *v)
{
	if (!add_string(p, v->value.v_dbpointer.collection, v->value.v_dbpointer.collection_len))
		return false;
	memcpy(p->scratch + p->used, &v->value.v_dbpointer.oid, 12);
	add(p, p->scratch + p->used, 12);
	p->used += 12;
	return true;
}

static bool bson_pieces(const bson_value_t *v, struct msp_pieces *p)
{
	p->type = (uint8_t)v->value_type;
	switch (v->value_type) {
	case BSON_TYPE_DOUBLE:
		add_double(p, v->value.v_double);
		return true;
	case BSON_TYPE_UTF8:
		return add_string(p, v->value.v_utf8.str, v->value.v_utf8.len);
	case BSON_TYPE_DOCUMENT:
	case BSON_TYPE_ARRAY:
		add(p, v->value.v_doc.data, v->value.v_doc.data_len);
		return v->value.v_doc.data_len >= 5;
	case BSON_TYPE_BINARY:
		return add_binary(p, v);
	case BSON_TYPE_OID:
		add(p, v->value.v_oid.bytes, 12);
		return true;
	case BSON_TYPE_BOOL:
		add_byte(p, v->value.v_bool ? 1 : 0);
		return true;
	case BSON_TYPE_DATE_TIME:
		add_u64(p, (uint64_t)v->value.v_datetime);
		return true;
	case BSON_TYPE_REGEX:
		add(p, v->value.v_regex.regex, strlen(v->value.v_regex.regex) + 1);
		add(p, v->value.v_regex.options, strlen(v->value.v_regex.options) + 1);
		return true;
	case BSON_TYPE_DBPOINTER:
		return add_dbpointer(p, v);
	case BSON_TYPE_CODE:
		return add_string(p, v->value.v_code.code, v->value.v_code.code_len);
	case BSON_TYPE_SYMBOL:
		return add_string(p, v->value.v_symbol.symbol, v->value.v_symbol.len);
	case BSON_TYPE_CODEWSCOPE:
		return add_scope(p, v);
	case BSON_TYPE_INT32:
		add_u32(p, (uint32_t)v->value.v_int32);
		return true;
	case BSON_TYPE_TIMESTAMP:
		add_u32(p, v->value.v_timestamp.increment);
		add_u32(p, v->value.v_timestamp.timestamp);
		return true;
	case BSON_TYPE_INT64:
		add_u64(p, (uint64_t)v->value.v_int64);
		return true;
	case BSON_TYPE_DECIMAL128:
		add_u64(p, v->value.v_decimal128.low);
		add_u64(p, v->value.v_decimal128.high);
		return true;
	case BSON_TYPE_UNDEFINED:
	case BSON_TYPE_NULL:
	case BSON_TYPE_MINKEY:
	case BSON_TYPE_MAXKEY:
		return true;
	default:
		return false;
	}
}

bool msp_value_pieces(const struct msp_value *v, struct msp_pieces *p)
{
	p->n = 0;
	p->used = 0;
	switch (v->type) {
	case MSP_V_NULL:
		p->type = BSON_TYPE_NULL;
		return true;
	case MSP_V_BOOL:
		p->type = BSON_TYPE_BOOL;
		add_byte(p, v->u.b ? 1 : 0);
		return true;
	case MSP_V_INT:
		if (v->u.i >= INT32_MIN && v->u.i <= INT32_MAX) {
			p->type = BSON_TYPE_INT32;
			add_u32(p, (uint32_t)v->u.i);
		} else {
			p->type = BSON_TYPE_INT64;
			add_u64(p, (uint64_t)v->u.i);
		}
		return true;
	case MSP_V_DOUBLE:
		p->type = BSON_TYPE_DOUBLE;
		add_double(p, v->u.d);
		return true;
	case MSP_V_STRING:
		p->type = BSON_TYPE_UTF8;
		return add_string(p, v->u.s.text, v->u.s.len);
	case MSP_V_TIME:
		p->type = BSON_TYPE_DOUBLE;
		add_double(p, msp_time_to_seconds(v->u.i));
		return true;
	case MSP_V_BSON:
		return bson_pieces(&v->u.bson, p);
	default:
		return false;
	}
}

size_t msp_pieces_size(const struct msp_pieces *p)
{
	size_t size = 0;
	unsigned i;

	for (i = 0; i < p->n; i++)
		size += p->piece[i].len;
	return size;
}

uint8_t *msp_pieces_write(const struct msp_pieces *p, uint8_t *to)
{
	unsigned i;

	for (i = 0; i < p->n; i++) {
		if (p->piece[i].len)
			memcpy(to, p->piece[i].data, p->piece[i].len);
		to += p->piece[i].len;
	}
	return to;
}

static void string_value(struct msp_value *out, const char *text, size_t len)
{
	out->type = MSP_V_STRING;
	out->u.s.text = text;
	out->u.s.len = len;
}

/* The types that have no msp_value of their own; the element was checked by the walk. */
static void other_value(const struct msp_elem *e, bson_value_t *v)
{
	const uint8_t *p = e->value;

	v->value_type = (bson_type_t)e->type;
	switch (e->type) {
	case BSON_TYPE_DOCUMENT:
	case BSON_TYPE_ARRAY:
		v->value.v_doc.data = (uint8_t *)(uintptr_t)p;
		v->value.v_doc.data_len = (uint32_t)e->size;
		break;
	case BSON_TYPE_BINARY: {
		bool old = p[4] == BSON_SUBTYPE_BINARY_DEPRECATED;
		v->value.v_binary.subtype = (bson_subtype_t)p[4];
		v->value.v_binary.data = (uint8_t *)(uintptr_t)p + (old ? 9 : 5);
		v->value.v_binary.data_len = (uint32_t)e->size - (old ? 9 : 5);
		break;
	}
	case BSON_TYPE_OID:
		memcpy(v->value.v_oid.bytes, p, 12);
		break;
	case BSON_TYPE_DATE_TIME:
		v->value.v_datetime = (int64_t)msp_get_u64(p);
		break;
	case BSON_TYPE_REGEX:
		v->value.v_regex.regex = (char *)(uintptr_t)p;
		v->value.v_regex.options = (char *)(uintptr_t)p + strlen((const char *)p) + 1;
		break;
	case BSON_TYPE_DBPOINTER:
		v->value.v_dbpointer.collection = (char *)(uintptr_t)p + 4;
		v->value.v_dbpointer.collection_len = (uint32_t)e->size - 17;
		memcpy(v->value.v_dbpointer.oid.bytes, p + e->size - 12, 12);
		break;
	case BSON_TYPE_CODE:
		v->value.v_code.code = (char *)(uintptr_t)p + 4;
		v->value.v_code.code_len = (uint32_t)e->size - 5;
		break;
	case BSON_TYPE_SYMBOL:
		v->value.v_symbol.symbol = (char *)(uintptr_t)p + 4;
		v->value.v_symbol.len = (uint32_t)e->size - 5;
		break;
	case BSON_TYPE_CODEWSCOPE: {
		uint32_t code = msp_get_u32(p + 4) - 1;
		v->value.v_codewscope.code = (char *)(uintptr_t)p + 8;
		v->value.v_codewscope.code_len = code;
		v->value.v_codewscope.scope_data = (uint8_t *)(uintptr_t)p + 8 + code + 1;
		v->value.v_codewscope.scope_len = (uint32_t)e->size - 8 - code - 1;
		break;
	}
	case BSON_TYPE_TIMESTAMP:
		v->value.v_timestamp.increment = msp_get_u32(p);
		v->value.v_timestamp.timestamp = msp_get_u32(p + 4);
		break;
	case BSON_TYPE_DECIMAL128:
		v->value.v_decimal128.low = msp_get_u64(p);
		v->value.v_decimal128.high = msp_get_u64(p + 8);
		break;
	default: /* undefined, minkey, maxkey: the type is all */
		break;
	}
}

void msp_elem_value(const struct msp_elem *e, struct msp_value *out)
{
	int64_t ns;

	memset(out, 0, sizeof *out);
	switch (e->type) {
	case BSON_TYPE_NULL:
		out->type = MSP_V_NULL;
		return;
	case BSON_TYPE_BOOL:
		out->type = MSP_V_BOOL;
		out->u.b = e->value[0] != 0;
		return;
	case BSON_TYPE_INT32:
		out->type = MSP_V_INT;
		out->u.i = (int32_t)msp_get_u32(e->value);
		return;
	case BSON_TYPE_INT64:
		out->type = MSP_V_INT;
		out->u.i = (int64_t)msp_get_u64(e->value);
		return;
	case BSON_TYPE_DOUBLE:
		out->type = MSP_V_DOUBLE;
		out->u.d = msp_get_f64(e->value);
		return;
	case BSON_TYPE_UTF8:
		string_value(out, (const char *)e->value + 4, e->size - 5);
		return;
	case BSON_TYPE_DATE_TIME: /* ms; a time where ns can hold it */
		if (!__builtin_mul_overflow((int64_t)msp_get_u64(e->value), INT64_C(1000000), &ns)) {
			out->type = MSP_V_TIME;
			out->u.i = ns;
			return;
		}
		break;
	default:
		break;
	}
	out->type = MSP_V_BSON;
	other_value(e, &out->u.bson);
}
