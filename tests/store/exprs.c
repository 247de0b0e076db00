/* Random expressions over random documents: what a store chooses, and counts, is what the expression is true of. exprs [-s]
 * URI SEED TREES, a store that is empty. -s: leave out what SecantusDB answers otherwise than a mongod. Prints each
 * expression that is answered otherwise, and "exprs: N passed, M failed". */
#include "../unit/unit.h"
#include "exprdocs.h"

#include <stdlib.h>

enum { DOCS = 150 };

static const char *const collections[] = {"wf_TimeSeries", "site", "things"};
static bson_t docs[DOCS];
static unsigned asked, whole; /* expressions; of which the filter said all */

static void fill(struct msp_store *s, bool again)
{
	const bson_t *list[DOCS];

	gen_plain = !gen_plain;
	make_documents(docs, DOCS, again);
	for (unsigned i = 0; i < DOCS; i++)
		list[i] = &docs[i];
	for (size_t c = 0; c < sizeof(collections) / sizeof(collections[0]); c++) {
		CHECKF(msp_store_drop(s, collections[c], &error) == MSP_OK, "%s", error.text);
		CHECKF(msp_store_insert(s, collections[c], list, DOCS, NULL, &error) == MSP_OK, "%s", error.text);
	}
}

static void explain(struct msp_store *s, const char *collection, const struct msp_choice *choice)
{
	struct msp_bytes out = {0};

	if (msp_store_explain(s, collection, choice, &out, &error) == MSP_OK)
		fprintf(stderr, "%.*s", (int)out.len, (const char *)out.data);
	msp_bytes_free(&out);
}

static void try_choice(struct msp_store *s, const char *collection, const struct msp_choice *choice, const bool *is)
{
	bool found[DOCS] = {false}, exact = false;
	struct msp_cursor *c = NULL;
	const bson_t *doc;
	bson_t filter;
	bson_iter_t id;
	unsigned wrong = 0, first = 0, number = 0;
	uint64_t n = 0;
	int r = msp_store_select(s, collection, choice, &c, &error);

	while (r == MSP_OK && (r = msp_cursor_next(c, &doc, &error)) == 1) {
		r = MSP_OK;
		if (bson_iter_init_find(&id, doc, "_id"))
			found[bson_iter_int32(&id)] = true;
	}
	msp_cursor_free(c);
	for (unsigned i = 0; i < DOCS; i++) {
		number += is[i];
		if (found[i] != is[i] && wrong++ == 0)
			first = i;
	}
	CHECKF(r == 0 && wrong == 0, "%s: %d, %u documents of %s otherwise, the first %u: %s", text.s, r, wrong, collection, first, r ? error.text : "");
	if (wrong)
		explain(s, collection, choice);
	r = msp_store_count_chosen(s, collection, choice, &n, &error);
	CHECKF(r == MSP_OK && n == number, "%s: %d, %u counted in %s, not %u: %s", text.s, r, (unsigned)n, collection, number, r ? error.text : "");
	if (msp_store_choice_filter(s, collection, choice, &filter, &exact, &error) == MSP_OK)
		bson_destroy(&filter);
	asked++;
	whole += exact;
}

static bool try_expression(struct msp_store *s)
{
	const char *collection = ONE_OF(collections);
	struct msp_expr *e;
	struct msp_choice choice = {.expr = &e, .exprs = 1};
	bool is[DOCS];

	e = make_expression(collection, docs, DOCS, is);
	if (!e)
		return false;
	try_choice(s, collection, &choice, is);
	msp_expr_free(e);
	return true;
}

int main(int argc, char **argv)
{
	struct msp_store *s;

	if (argc > 1 && strcmp(argv[1], "-s") == 0) {
		gen_server = 1;
		argv++;
		argc--;
	}
	if (argc != 4)
		return 2;
	gen_state = strtoull(argv[2], NULL, 10);
	if (msp_store_open(argv[1], MSP_STORE_CREATE, &s, &error) != MSP_OK) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	for (long i = 0, n = strtol(argv[3], NULL, 10); i < n; i++) {
		if (i % 250 == 0)
			fill(s, i > 0);
		(void)try_expression(s);
	}
	CHECKF(whole > asked / 10 && whole < asked, "%u of %u expressions are said by a filter", whole, asked);
	for (unsigned i = 0; i < DOCS; i++)
		bson_destroy(&docs[i]);
	CHECK(msp_store_close(s, &error) == MSP_OK);
	return unit_end("exprs");
}
