/* catalogue FILE.msdb N - how fast documents go into a store in one file, and how fast they are found again: N documents as
 * of wf_TimeSeries, of 50 stations, in bulk; then a half of one station's, 1 % of all, by an expression and by a filter, of
 * its key and a range of time, each the best of several times. The file is new. Prints "seconds of the first 100 000,
 * seconds a 100 000 of all, ms by expression, ms by filter, documents found". */
#include "bench.h"
#include "wfdocument.h"

#include "mspipe/documents.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BULK 20000 /* documents at once */

static struct msp_error err;

static void die(const char *what)
{
	fprintf(stderr, "catalogue: %s: %s\n", what, err.text);
	exit(1);
}

/* Their making is not measured. */
static double put(struct msp_store *s, uint64_t from, uint64_t to)
{
	static bson_t docs[BULK];
	static const bson_t *list[BULK];
	double sum = 0;

	while (from < to) {
		size_t n = 0;
		double t;

		for (; n < BULK && from < to; n++, from++) {
			make_wf_document(&docs[n], from);
			list[n] = &docs[n];
		}
		t = wall_time();
		if (msp_store_upsert(s, "wf_TimeSeries", list, n, NULL, &err) != MSP_OK)
			die("upsert");
		sum += wall_time() - t;
		while (n > 0)
			bson_destroy(&docs[--n]);
	}
	return sum;
}

/* Milliseconds. */
static double find(struct msp_store *s, const struct msp_choice *choice, uint64_t *found)
{
	double best = 1e9;

	for (int i = 0; i < 7; i++) {
		struct msp_cursor *c;
		const bson_t *doc;
		double t = wall_time();
		int r = msp_store_select(s, "wf_TimeSeries", choice, &c, &err);

		for (*found = 0; r == MSP_OK && (r = msp_cursor_next(c, &doc, &err)) == 1; ++*found)
			r = MSP_OK;
		if (r != 0)
			die("select");
		msp_cursor_free(c);
		t = wall_time() - t;
		best = t < best ? t : best;
	}
	return 1e3 * best;
}

int main(int argc, char **argv)
{
	uint64_t n = argc == 3 ? strtoull(argv[2], NULL, 10) : 0, by_expr, by_filter, first = n < 100000 ? n : 100000;
	double middle = BEGIN + STEP * (double)(n / STATIONS / 2), bulk, rest, ms_expr, ms_filter;
	char text[256];
	struct msp_store *s;
	struct msp_expr *e;
	struct msp_choice choice = {.expr = &e, .exprs = 1}, plain = {0};
	bson_t filter;

	if (n == 0)
		return 2;
	if (msp_store_open(argv[1], MSP_STORE_CREATE, &s, &err) != MSP_OK)
		die(argv[1]);
	bulk = put(s, 0, first);
	rest = put(s, first, n);
	snprintf(text, sizeof(text), "sta == \"S07\" && starttime >= time(%.0f) && starttime < time(%.0f)", BEGIN, middle);
	if (msp_expr_compile(text, MSP_EXPR_CONDITION, &e, NULL, &err) != MSP_OK)
		die(text);
	ms_expr = find(s, &choice, &by_expr);
	snprintf(text, sizeof(text), "{\"sta\":\"S07\",\"starttime\":{\"$gte\":%.0f,\"$lt\":%.0f}}", BEGIN, middle);
	if (msp_json_parse(text, strlen(text), &filter, NULL, &err) != MSP_OK)
		die(text);
	plain.filter = &filter;
	ms_filter = find(s, &plain, &by_filter);
	if (by_expr != by_filter || by_expr != n / STATIONS / 2)
		die("not what was looked for");
	bson_destroy(&filter);
	msp_expr_free(e);
	if (msp_store_close(s, &err) != MSP_OK)
		die("close");
	printf("%.3f %.3f %.1f %.1f %llu\n", bulk, (bulk + rest) / (double)n * 1e5, ms_expr, ms_filter, (unsigned long long)by_expr);
	return 0;
}
