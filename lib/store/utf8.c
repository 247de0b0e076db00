/* Is all text of a document UTF-8? (libbson's bson_validate() passes over strings that are not, in version 1.23.) */
#include "store/utf8.h"

#include <string.h>

static bool good(const char *text, size_t n)
{
	return bson_utf8_validate(text, n, true);
}

static bool value(const bson_iter_t *it)
{
	const char *text, *options;
	const bson_oid_t *oid;
	const uint8_t *data;
	uint32_t n, scope;

	switch (bson_iter_type(it)) {
	case BSON_TYPE_UTF8:
		text = bson_iter_utf8(it, &n);
		return good(text, n);
	case BSON_TYPE_SYMBOL:
		text = bson_iter_symbol(it, &n);
		return good(text, n);
	case BSON_TYPE_CODE:
		text = bson_iter_code(it, &n);
		return good(text, n);
	case BSON_TYPE_CODEWSCOPE:
		text = bson_iter_codewscope(it, &n, &scope, &data);
		return good(text, n) && msp_document_is_utf8(data, scope);
	case BSON_TYPE_REGEX:
		text = bson_iter_regex(it, &options);
		return good(text, strlen(text)) && good(options, strlen(options));
	case BSON_TYPE_DBPOINTER:
		bson_iter_dbpointer(it, &n, &text, &oid);
		return good(text, n);
	case BSON_TYPE_DOCUMENT:
		bson_iter_document(it, &n, &data);
		return msp_document_is_utf8(data, n);
	case BSON_TYPE_ARRAY:
		bson_iter_array(it, &n, &data);
		return msp_document_is_utf8(data, n);
	default:
		return true;
	}
}

bool msp_element_is_utf8(const bson_iter_t *it)
{
	return good(bson_iter_key(it), bson_iter_key_len(it)) && value(it);
}

bool msp_document_is_utf8(const uint8_t *data, size_t n)
{
	bson_iter_t it;
	bool ok = bson_iter_init_from_data(&it, data, n);

	while (ok && bson_iter_next(&it))
		ok = msp_element_is_utf8(&it);
	return ok;
}
