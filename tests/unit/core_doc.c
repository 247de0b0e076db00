/* Building BSON documents: what libbson reads back. */

#include "mspipe/doc.h"

#include "unit.h"

#include <string.h>

static bool looks(const struct msp_bytes *b, const char *json)
{
	struct msp_bytes text = {0};
	bool same = msp_bson_valid(b->data, b->len) && msp_json_document(b->data, b->len, &text) == MSP_OK &&
	            text.len == strlen(json) && memcmp(text.data, json, text.len) == 0;

	if (!same)
		printf("%.*s\n", (int)text.len, (const char *)text.data);
	msp_bytes_free(&text);
	return same;
}

static void test_values(void)
{
	struct msp_bytes b = {0};
	struct msp_doc d;
	bson_oid_t oid;
	size_t mark;

	bson_oid_init_from_string(&oid, "0123456789abcdef01234567");
	msp_doc_begin(&d, &b);
	msp_doc_bool(&d, "t", true);
	msp_doc_bool(&d, "f", false);
	msp_doc_oid(&d, "_id", &oid);
	msp_doc_int(&d, "i", INT64_C(5000000000));
	mark = msp_doc_open(&d, "sub");
	msp_doc_string(&d, "s", "x");
	msp_doc_close(&d, mark);
	CHECK(msp_doc_end(&d) == MSP_OK);
	CHECK(looks(&b, "{\"t\":true,\"f\":false,\"_id\":{\"$oid\":\"0123456789abcdef01234567\"},\"i\":5000000000,\"sub\":{\"s\":\"x\"}}"));
	msp_bytes_free(&b);
}

/* Elements of every kind of value, copied: those without bytes, and with, under their own key and another. */
static void test_copies(void)
{
	bson_t *from = BCON_NEW("null", BCON_NULL, "min", BCON_MINKEY, "text", BCON_UTF8("abc"), "list", "[", BCON_INT32(1), BCON_DOUBLE(2), "]",
	                        "bin", BCON_BIN(BSON_SUBTYPE_BINARY, (const uint8_t *)"\1\2", 2), "", BCON_INT64(7), "regex", BCON_REGEX("a", "i"));
	struct msp_bytes same = {0}, renamed = {0};
	struct msp_doc d, e;
	bson_iter_t it;

	msp_doc_begin(&d, &same);
	msp_doc_begin(&e, &renamed);
	CHECK(bson_iter_init(&it, from));
	while (bson_iter_next(&it)) {
		msp_doc_iter(&d, NULL, &it);
		if (bson_iter_type(&it) == BSON_TYPE_UTF8 || bson_iter_type(&it) == BSON_TYPE_NULL)
			msp_doc_iter(&e, "a longer name", &it);
	}
	CHECK(msp_doc_end(&d) == MSP_OK && msp_doc_end(&e) == MSP_OK);
	CHECK(same.len == from->len && memcmp(same.data, bson_get_data(from), same.len) == 0);
	CHECK(looks(&renamed, "{\"a longer name\":null,\"a longer name\":\"abc\"}"));
	bson_destroy(from);
	msp_bytes_free(&same);
	msp_bytes_free(&renamed);
}

int main(void)
{
	test_values();
	test_copies();
	return unit_end("core_doc");
}
