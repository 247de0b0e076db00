/* The history of a stream as a graph of stages: what is equal is one, however many there are. */
#include "unit.h"

#include "mspipe/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES = 6000 };
static struct msp_bytes history[FILES];

/* msread FILE | msdetrend, as FILES commands would have written it; every second one with a stage of the same name more. */
static void make(struct msp_error *err)
{
	for (int i = 0; i < FILES; i++) {
		struct msp_bytes read = {0};
		char name[32];
		const char *const source[] = {"msread", name}, *const trend[] = {"msdetrend", i % 2 ? "--linear" : "--demean"};

		snprintf(name, sizeof(name), "%d.mseed", i / 2); /* so half of the sources are met twice */
		CHECK(msp_pipeline_append(&read, NULL, "msread", "1", 2, source, err) == MSP_OK);
		CHECK(msp_pipeline_append(&history[i], &read, "msdetrend", "1", 2, trend, err) == MSP_OK);
		msp_bytes_free(&read);
	}
}

/* Where each stage must be: source k at 3k, its two trends after it. */
static void check_graph(const struct msp_bytes *graph, struct msp_error *err)
{
	struct msp_stage *stage = NULL;
	uint32_t n = 0, wrong = 0;

	CHECK(msp_pipeline_stages(graph, &stage, &n, err) == MSP_OK);
	CHECKF(n == FILES / 2 * 3 + 1, "%u stages", n);
	for (uint32_t k = 0; 3 * k + 2 < n; k++) {
		const struct msp_stage *s = &stage[3 * k];

		wrong += s[0].nin != 0 || strtoul(s[0].argv[1], NULL, 10) != k || s[1].nin != 1 || s[1].in[0] != 3 * k ||
		         s[2].nin != 1 || s[2].in[0] != 3 * k || strcmp(s[1].argv[1], "--demean") != 0 ||
		         strcmp(s[2].argv[1], "--linear") != 0;
	}
	CHECKF(wrong == 0, "%u stages are not where they must be", wrong);
	CHECK(n > 0 && stage[n - 1].nin == FILES && stage[n - 1].in[FILES - 1] == n - 2);
	msp_stages_free(stage, n);
}

int main(void)
{
	const char *const argv[] = {"mssort", "sta"};
	struct msp_bytes once = {0}, twice = {0}, doubled[2];
	struct msp_error err = {0};
	struct msp_stage *stage = NULL;
	uint32_t n = 0;

	make(&err);
	CHECK(msp_pipeline_merge(&once, history, FILES, "mssort", "1", 2, argv, &err) == MSP_OK);
	check_graph(&once, &err);
	/* the same history twice is the same stages once */
	doubled[0] = doubled[1] = once;
	CHECK(msp_pipeline_merge(&twice, doubled, 2, "mscat", "1", 1, argv, &err) == MSP_OK);
	CHECK(msp_pipeline_stages(&twice, &stage, &n, &err) == MSP_OK && n == FILES / 2 * 3 + 2);
	CHECK(n > 0 && stage[n - 1].nin == 1 && stage[n - 1].in[0] == n - 2);
	msp_stages_free(stage, n);
	msp_bytes_free(&once);
	msp_bytes_free(&twice);
	for (int i = 0; i < FILES; i++)
		msp_bytes_free(&history[i]);
	return unit_end("pipeline");
}
