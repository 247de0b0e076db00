/* Values: their order and their text. */
#include "core/walk.h"

#include "core/number.h"

#include <math.h>
#include <string.h>

/* Where a type stands in the order of values. */
static int rank(const struct msp_value *v)
{
	switch (v->type) {
	case MSP_V_UNDEFINED: return 0;
	case MSP_V_NULL: return 1;
	case MSP_V_BOOL:
	case MSP_V_INT:
	case MSP_V_DOUBLE: return 2;
	case MSP_V_TIME: return 3;
	case MSP_V_STRING: return 4;
	default: return 5;
	}
}

static int order_i64(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Exact: neither is converted where that would round it. NaN is below everything. */
static int order_i64_double(int64_t i, double d)
{
	int64_t whole;

	if (isnan(d))
		return 1;
	if (d >= 0x1p63)
		return -1;
	if (d < -0x1p63)
		return 1;
	whole = (int64_t)d; /* towards zero */
	if (i != whole)
		return i < whole ? -1 : 1;
	d -= (double)whole; /* exact: the fraction */
	return (d < 0) - (d > 0);
}

static int order_double(double a, double b)
{
	if (isnan(a) || isnan(b))
		return (isnan(b) != 0) - (isnan(a) != 0);
	return (a > b) - (a < b);
}

static int order_numbers(const struct msp_value *a, const struct msp_value *b)
{
	int64_t i = a->type == MSP_V_BOOL ? a->u.b : a->u.i, j = b->type == MSP_V_BOOL ? b->u.b : b->u.i;

	if (a->type == MSP_V_DOUBLE)
		return b->type == MSP_V_DOUBLE ? order_double(a->u.d, b->u.d) : -order_i64_double(j, a->u.d);
	return b->type == MSP_V_DOUBLE ? order_i64_double(i, b->u.d) : order_i64(i, j);
}

static int order_bytes(const void *a, size_t n, const void *b, size_t m)
{
	size_t common = n < m ? n : m;
	int r = common ? memcmp(a, b, common) : 0;

	return r ? r : (n > m) - (n < m);
}

/* By type, then by the bytes as BSON writes them. */
static int order_bson(const struct msp_value *a, const struct msp_value *b)
{
	struct msp_pieces p, q;
	unsigned i = 0, k = 0;
	size_t at = 0, bt = 0;

	if (!msp_value_pieces(a, &p) || !msp_value_pieces(b, &q))
		return order_i64(a->u.bson.value_type, b->u.bson.value_type);
	if (p.type != q.type)
		return p.type < q.type ? -1 : 1;
	for (;;) {
		size_t n;
		int r;
		for (; i < p.n && at == p.piece[i].len; i++)
			at = 0;
		for (; k < q.n && bt == q.piece[k].len; k++)
			bt = 0;
		if (i == p.n || k == q.n)
			return (i < p.n) - (k < q.n);
		n = p.piece[i].len - at;
		if (n > q.piece[k].len - bt)
			n = q.piece[k].len - bt;
		r = memcmp((const char *)p.piece[i].data + at, (const char *)q.piece[k].data + bt, n);
		if (r)
			return r;
		at += n;
		bt += n;
	}
}

int msp_value_compare(const struct msp_value *a, const struct msp_value *b)
{
	int ra = rank(a), rb = rank(b);

	if (ra != rb)
		return ra < rb ? -1 : 1;
	switch (ra) {
	case 2:
		return order_numbers(a, b);
	case 3:
		return order_i64(a->u.i, b->u.i);
	case 4:
		return order_bytes(a->u.s.text, a->u.s.len, b->u.s.text, b->u.s.len);
	case 5:
		return order_bson(a, b);
	default:
		return 0;
	}
}

int msp_value_text(const struct msp_value *v, struct msp_bytes *out)
{
	char buf[MSP_TIME_TEXT];

	switch (v->type) {
	case MSP_V_BOOL:
		return msp_text_append(out, v->u.b ? "true" : "false");
	case MSP_V_INT:
		return msp_text_append(out, msp_int_format(v->u.i, buf));
	case MSP_V_DOUBLE:
		return msp_text_append(out, msp_double_format(v->u.d, buf));
	case MSP_V_STRING:
		return msp_bytes_append(out, v->u.s.text, v->u.s.len);
	case MSP_V_TIME:
		return msp_text_append(out, msp_time_format(v->u.i, buf));
	case MSP_V_NULL:
	case MSP_V_BSON:
		return msp_json_value(v, out);
	default:
		return MSP_OK; /* undefined: no text */
	}
}
