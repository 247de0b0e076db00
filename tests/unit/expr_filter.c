/* Filters of expressions: on random documents they lose none for which the expression is true, and take no other where they say so. */
#include "unit.h"

#include "../store/exprdocs.h"
#include "store/place.h"

#include <stdlib.h>

enum { DOCS = 120 };

static bson_t docs[DOCS];
static unsigned exact_ones, narrow_ones; /* filters that are exact; that leave a document out */

static void try_filter(struct msp_expr *e, const char *collection, unsigned flags, const bool *is)
{
	struct msp_filter *f = NULL;
	struct msp_bytes json = {0};
	bson_t filter;
	bool exact = false;
	unsigned wrong = 0, first = 0, left = 0;

	if (msp_expr_filter(e, flags, msp_place, collection, &filter, &exact, &error) != MSP_OK) {
		CHECKF(0, "%s: %s", text.s, error.text);
		return;
	}
	CHECKF(msp_filter_compile(&filter, &f, &error) == MSP_OK, "%s: %s", text.s, error.text);
	for (unsigned i = 0; f && i < DOCS; i++) {
		bool match = msp_filter_match(f, &docs[i]) == 1;

		left += !match;
		if ((is[i] && !match) || (exact && match != is[i]))
			if (wrong++ == 0)
				first = i;
	}
	exact_ones += exact;
	narrow_ones += left > 0;
	if (wrong) {
		json.len = 0;
		(void)!msp_json_document(bson_get_data(&filter), filter.len, &json);
		(void)!msp_text_append(&json, "  on ");
		(void)!msp_json_document(bson_get_data(&docs[first]), docs[first].len, &json);
	}
	CHECKF(wrong == 0, "%s: in %s, flags %u, exact %d, %u wrong; first is %d: %.*s", text.s, collection, flags, exact, wrong, is[first], (int)json.len,
	       (const char *)json.data);
	msp_bytes_free(&json);
	msp_filter_free(f);
	bson_destroy(&filter);
}

static bool try_expression(void)
{
	static const char *const collections[] = {"wf_TimeSeries", "wf_miniseed", "site", "things"};
	const char *collection = ONE_OF(collections);
	struct msp_expr *e;
	bool is[DOCS];

	e = make_expression(collection, docs, DOCS, is);
	if (!e)
		return false;
	for (unsigned flags = 0; flags < 4; flags++)
		try_filter(e, collection, flags, is);
	msp_expr_free(e);
	return true;
}

/* expr_filter [SEED TREES] */
int main(int argc, char **argv)
{
	long trees = argc > 2 ? strtol(argv[2], NULL, 10) : 4000, done = 0;

	gen_state = argc > 1 ? strtoull(argv[1], NULL, 10) : 1;
	for (long i = 0; i < trees; i++) {
		if (i % 200 == 0)
			make_documents(docs, DOCS, i > 0);
		done += try_expression();
	}
	for (unsigned i = 0; i < DOCS; i++)
		bson_destroy(&docs[i]);
	CHECKF(done > trees / 4, "%ld of %ld expressions were none", trees - done, trees);
	CHECKF(exact_ones > done / 10 && narrow_ones > done, "%u exact, %u that leave out a document, of %ld", exact_ones, narrow_ones, 4 * done);
	return unit_end("expr_filter");
}
