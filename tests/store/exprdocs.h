/* Random documents, and expressions over them. Needs unit.h. */
#ifndef TESTS_STORE_EXPRDOCS_H
#define TESTS_STORE_EXPRDOCS_H

#include "exprgen.h"
#include "mspipe/documents.h"

#include <stdio.h>
#include <stdlib.h>

static struct text text; /* of the document or expression made last */
static struct msp_error error;

/* again: docs holds documents, which are freed. */
static void make_documents(bson_t *docs, unsigned n, bool again)
{
	for (unsigned i = 0; i < n; i++) {
		if (again)
			bson_destroy(&docs[i]);
		gen_document(&text, i);
		if (msp_json_parse(text.s, text.n, &docs[i], NULL, &error) != MSP_OK) {
			fprintf(stderr, "%s: %s\n", text.s, error.text);
			exit(2);
		}
	}
}

/* A random expression, and of which documents it is true; NULL: it is none. */
static struct msp_expr *make_expression(const char *collection, const bson_t *docs, unsigned n, bool *is)
{
	struct msp_expr *e;

	gen_expression(&text);
	if (msp_expr_compile(text.s, MSP_EXPR_CONDITION, &e, NULL, &error) != MSP_OK)
		return NULL;
	for (unsigned i = 0; i < n; i++)
		CHECK(msp_document_test(e, collection, &docs[i], &is[i]) == MSP_OK);
	return e;
}

#endif
