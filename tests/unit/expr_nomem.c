/* Memory runs out at the k-th allocation while an expression becomes a filter, for every k: MSP_NOMEM, nothing lost. libbson ends the process
 * when it gets no memory: it always gets some here. */
#include "mspipe/expr.h"

#include "nomem.h"
#include "unit.h"

#include <stdlib.h>

#ifdef CAN_FAIL
static void *enough(size_t n)
{
	return __libc_malloc(n);
}

static void place(const void *context, const char *key, struct msp_place *out)
{
	(void)context;
	out->within = "in.here";
	if (key[0] == 't') {
		out->path = key;
		out->flags = MSP_PLACE_TIME | MSP_PLACE_DERIVED;
	} else if (key[0] == 'l') {
		out->path = key;
		out->flags = MSP_PLACE_BLANK;
	}
}

static void try_expression(const char *text)
{
	for (unsigned flags = 0; flags < 4; flags++) {
		int r = MSP_NOMEM;

		for (long k = 0; r == MSP_NOMEM && k < 100000; k++) {
			struct msp_error err = {0};
			struct msp_expr *e;
			bool exact;
			bson_t filter;

			if (msp_expr_compile(text, MSP_EXPR_CONDITION, &e, NULL, &err) != MSP_OK) {
				CHECKF(0, "%s: %s", text, err.text);
				return;
			}
			countdown = k;
			r = msp_expr_filter(e, flags, place, NULL, &filter, &exact, &err);
			countdown = -1;
			CHECKF(r == MSP_OK || (r == MSP_NOMEM && err.text[0]), "%s: %d", text, r);
			if (r == MSP_OK) {
				CHECK(k > 0 && !bson_empty(&filter));
				bson_destroy(&filter);
			}
			msp_expr_free(e);
		}
		CHECKF(r == MSP_OK, "%s: %d", text, r);
	}
}

int main(void)
{
	static const char big[] = "(a_b_c.d == 1 || x.y.z in [1, \"A\", null, time(5), \"5f0102030405060708090a0b\"] || l != \"A\") && !(t > \"2010\" && t in [1, 2, 3]) && "
		"(s =~ \"^AB\" || l =~ \"^A$\" || s !~ \"x\" || defined(a.b) || n ? m != null : k == null) && q > 1 && q < 5 && (d == true || d != 5)";
	const bson_mem_vtable_t always = {.malloc = enough, .calloc = calloc, .realloc = realloc, .free = free};
	static char all[4 * sizeof(big)];

	bson_mem_set_vtable(&always);
	try_expression("a == 1");
	try_expression(big);
	snprintf(all, sizeof(all), "(%s) || !(%s)", big, big);
	try_expression(all);
	return unit_end("expr_nomem");
}
#else
int main(void)
{
	fprintf(stderr, "expr_nomem: malloc cannot be made to fail here (sanitizer, or no glibc); nothing was tried\n");
	return 77; /* skipped, for tests/run */
}
#endif
