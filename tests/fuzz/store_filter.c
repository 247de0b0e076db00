/* Fuzz: a filter and a document, in JSON, one after the other. Compiling refuses or matching answers; a filter and its opposite never
 * agree. */
#include "mspipe/store.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bson_t filter, doc, nor = BSON_INITIALIZER, list, no;
	struct msp_filter *f = NULL, *g = NULL;
	struct msp_error err = {0};
	size_t used;

	if (msp_json_parse((const char *)data, size, &filter, &used, NULL) != MSP_OK)
		goto end;
	if (msp_json_parse((const char *)data + used, size - used, &doc, NULL, NULL) != MSP_OK) {
		bson_destroy(&filter);
		goto end;
	}
	if (msp_filter_compile(&filter, &f, &err) == MSP_OK) {
		int is = msp_filter_match(f, &doc);

		bson_append_array_begin(&nor, "$nor", 4, &list);
		bson_append_document_begin(&list, "0", 1, &no);
		bson_concat(&no, &filter);
		bson_append_document_end(&list, &no);
		bson_append_array_end(&nor, &list);
		if (msp_filter_compile(&nor, &g, NULL) == MSP_OK) {
			int opposite = msp_filter_match(g, &doc);

			if (is >= 0 && opposite >= 0 && is == opposite)
				abort();
		}
	} else if (err.text[0] == '\0') {
		abort();
	}
	msp_filter_free(f);
	msp_filter_free(g);
	bson_destroy(&filter);
	bson_destroy(&doc);
end:
	bson_destroy(&nor);
	return 0;
}
