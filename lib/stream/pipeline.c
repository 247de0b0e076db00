/* The history of a stream: a graph of stages as a BSON document (msp(5), HEADER). */
#include "mspipe/doc.h"
#include "stream/wire.h"

#include <inttypes.h>
#include <stdlib.h>

/* ---- building ---------------------------------------------------------- */

static void add_stage(struct msp_doc *d, const char *key, const struct msp_stage *stage)
{
	char index[MSP_DOC_INDEX];
	size_t doc = msp_doc_open(d, key), array;

	msp_doc_string(d, "tool", stage->tool);
	msp_doc_string(d, "version", stage->version);
	array = msp_doc_open_array(d, "argv");
	for (uint32_t i = 0; i < stage->argc; i++)
		msp_doc_string(d, msp_doc_index(i, index), stage->argv[i]);
	msp_doc_close(d, array);
	array = msp_doc_open_array(d, "in");
	for (uint32_t i = 0; i < stage->nin; i++)
		msp_doc_int32(d, msp_doc_index(i, index), (int32_t)stage->in[i]);
	msp_doc_close(d, array);
	msp_doc_close(d, doc);
}

static int build_error(int status, struct msp_error *err)
{
	if (status == MSP_FAIL)
		return msp_error_set(err, MSP_FAIL, "the history of the stream is longer than 16 MiB");
	return msp_error_set(err, MSP_NOMEM, "no memory left for the stream's history");
}

static int write_stages(struct msp_bytes *out, const struct msp_stage *stages, uint32_t n, struct msp_error *err)
{
	char index[MSP_DOC_INDEX];
	struct msp_doc d;
	size_t array;
	int s;

	msp_doc_begin(&d, out);
	array = msp_doc_open_array(&d, "stages");
	for (uint32_t i = 0; i < n; i++)
		add_stage(&d, msp_doc_index(i, index), &stages[i]);
	msp_doc_close(&d, array);
	s = msp_doc_end(&d);
	if (s == MSP_OK && out->len > PIPELINE_MAX)
		s = MSP_FAIL;
	return s < 0 ? build_error(s, err) : MSP_OK;
}

/* ---- reading ----------------------------------------------------------- */

static int no_pipeline(struct msp_error *err)
{
	return msp_error_set(err, MSP_CORRUPT, "the stream's history is not as msp(5) says");
}

static bool enter(bson_iter_t *of, bson_type_t type, bson_iter_t *into)
{
	return bson_iter_type(of) == type && bson_iter_recurse(of, into);
}

static uint32_t count(bson_iter_t it)
{
	uint32_t n = 0;

	while (bson_iter_next(&it))
		n++;
	return n;
}

static int read_argv(bson_iter_t *it, struct msp_stage *stage, struct msp_error *err)
{
	bson_iter_t in;

	if (stage->argv || !enter(it, BSON_TYPE_ARRAY, &in))
		return no_pipeline(err);
	stage->argv = calloc((size_t)count(in) + 1, sizeof(*stage->argv));
	if (!stage->argv)
		return build_error(MSP_NOMEM, err);
	while (bson_iter_next(&in)) {
		if (!BSON_ITER_HOLDS_UTF8(&in))
			return no_pipeline(err);
		stage->argv[stage->argc++] = bson_iter_utf8(&in, NULL);
	}
	return MSP_OK;
}

static int read_in(bson_iter_t *it, struct msp_stage *stage, uint32_t index, struct msp_error *err)
{
	bson_iter_t in;

	if (stage->in || !enter(it, BSON_TYPE_ARRAY, &in))
		return no_pipeline(err);
	stage->in = calloc((size_t)count(in) + 1, sizeof(*stage->in));
	if (!stage->in)
		return build_error(MSP_NOMEM, err);
	while (bson_iter_next(&in)) {
		if (!BSON_ITER_HOLDS_INT32(&in) || bson_iter_int32(&in) < 0 || (uint32_t)bson_iter_int32(&in) >= index)
			return no_pipeline(err);
		stage->in[stage->nin++] = (uint32_t)bson_iter_int32(&in);
	}
	return MSP_OK;
}

static int read_stage(bson_iter_t *it, struct msp_stage *stage, uint32_t index, struct msp_error *err)
{
	bson_iter_t doc;
	int s = MSP_OK;

	if (!enter(it, BSON_TYPE_DOCUMENT, &doc))
		return no_pipeline(err);
	while (s == MSP_OK && bson_iter_next(&doc)) {
		const char *key = bson_iter_key(&doc);

		if (strcmp(key, "tool") == 0 && BSON_ITER_HOLDS_UTF8(&doc))
			stage->tool = bson_iter_utf8(&doc, NULL);
		else if (strcmp(key, "version") == 0 && BSON_ITER_HOLDS_UTF8(&doc))
			stage->version = bson_iter_utf8(&doc, NULL);
		else if (strcmp(key, "argv") == 0)
			s = read_argv(&doc, stage, err);
		else if (strcmp(key, "in") == 0)
			s = read_in(&doc, stage, index, err);
	}
	if (s == MSP_OK && (!stage->tool || !stage->version || !stage->argv || !stage->in))
		s = no_pipeline(err);
	return s;
}

void msp_stages_free(struct msp_stage *stages, uint32_t n)
{
	for (uint32_t i = 0; stages && i < n; i++) {
		free(stages[i].argv);
		free(stages[i].in);
	}
	free(stages);
}

int msp_pipeline_stages(const struct msp_bytes *pipeline, struct msp_stage **out, uint32_t *n, struct msp_error *err)
{
	bson_t doc;
	bson_iter_t it, list;
	uint32_t total;
	int s = MSP_OK;

	*out = NULL;
	*n = 0;
	if (pipeline->len == 0)
		return MSP_OK;
	if (!bson_init_static(&doc, pipeline->data, pipeline->len) || !bson_iter_init_find(&it, &doc, "stages") ||
	    !enter(&it, BSON_TYPE_ARRAY, &list))
		return no_pipeline(err);
	total = count(list);
	*out = calloc((size_t)total + 1, sizeof(**out));
	if (!*out)
		return build_error(MSP_NOMEM, err);
	for (; s == MSP_OK && bson_iter_next(&list); (*n)++)
		s = read_stage(&list, &(*out)[*n], *n, err);
	if (s < 0) {
		msp_stages_free(*out, total);
		*out = NULL;
		*n = 0;
	}
	return s;
}

/* ---- adding a stage ---------------------------------------------------- */

static bool stages_equal(const struct msp_stage *a, const struct msp_stage *b)
{
	if (a->argc != b->argc || a->nin != b->nin || strcmp(a->tool, b->tool) != 0 || strcmp(a->version, b->version) != 0)
		return false;
	for (uint32_t i = 0; i < a->argc; i++)
		if (strcmp(a->argv[i], b->argv[i]) != 0)
			return false;
	for (uint32_t i = 0; i < a->nin; i++)
		if (a->in[i] != b->in[i])
			return false;
	return true;
}

/* A graph that others are merged into. Stages own only their `in`; strings belong to the documents. A stream that was
 * joined of many files has as many histories: slot is a table of places, counted from 1, by hash of the stage. */
struct graph {
	struct msp_stage *stage;
	uint32_t n, cap;
	uint32_t *slot; /* 2 * cap of them, a power of two */
};

static uint64_t mix(uint64_t h, const void *data, size_t n)
{
	struct msp_id id = msp_id_hash(data, n);
	uint64_t x;

	memcpy(&x, id.byte, sizeof(x));
	return (h ^ x) * UINT64_C(0x9E3779B97F4A7C15);
}

static uint32_t first_slot(const struct graph *g, const struct msp_stage *stage)
{
	uint64_t h = mix(stage->nin, stage->in, stage->nin * sizeof(*stage->in));

	h = mix(h, stage->tool, strlen(stage->tool));
	for (uint32_t i = 0; i < stage->argc; i++)
		h = mix(h, stage->argv[i], strlen(stage->argv[i]));
	return (uint32_t)(h >> 32) & (2 * g->cap - 1);
}

/* The slot that has the stage, or the free one where it belongs. */
static uint32_t find_slot(const struct graph *g, const struct msp_stage *stage)
{
	uint32_t k = first_slot(g, stage);

	while (g->slot[k] != 0 && !stages_equal(&g->stage[g->slot[k] - 1], stage))
		k = (k + 1) & (2 * g->cap - 1);
	return k;
}

static int graph_grow(struct graph *g)
{
	uint32_t cap = g->cap ? 2 * g->cap : 16, *slot;
	struct msp_stage *more = cap <= UINT32_MAX / 4 ? realloc(g->stage, cap * sizeof(*more)) : NULL;

	if (!more)
		return MSP_NOMEM;
	g->stage = more;
	slot = calloc(2 * (size_t)cap, sizeof(*slot));
	if (!slot)
		return MSP_NOMEM;
	free(g->slot);
	g->slot = slot;
	g->cap = cap;
	for (uint32_t i = 0; i < g->n; i++)
		g->slot[find_slot(g, &g->stage[i])] = i + 1;
	return MSP_OK;
}

/* Finds the stage in the graph or adds it. Returns its place, or below 0. */
static int64_t graph_add(struct graph *g, const struct msp_stage *stage)
{
	struct msp_stage *new;
	uint32_t k;

	if (g->n == g->cap && graph_grow(g) < 0)
		return MSP_NOMEM;
	k = find_slot(g, stage);
	if (g->slot[k] != 0)
		return g->slot[k] - 1;
	new = &g->stage[g->n];
	*new = *stage;
	new->in = calloc((size_t)stage->nin + 1, sizeof(*new->in));
	if (!new->in)
		return MSP_NOMEM;
	memcpy(new->in, stage->in, stage->nin * sizeof(*new->in));
	g->slot[k] = ++g->n;
	return g->n - 1;
}

/* Merges stages into the graph; *end is set to the place of the last one. */
static int graph_merge(struct graph *g, struct msp_stage *stages, uint32_t n, uint32_t *end)
{
	uint32_t *place = calloc((size_t)n + 1, sizeof(*place));
	int64_t at = 0;

	if (!place)
		return MSP_NOMEM;
	for (uint32_t i = 0; i < n && at >= 0; i++) {
		for (uint32_t k = 0; k < stages[i].nin; k++)
			stages[i].in[k] = place[stages[i].in[k]];
		at = graph_add(g, &stages[i]);
		place[i] = (uint32_t)at;
	}
	if (at >= 0)
		*end = place[n - 1];
	free(place);
	return at < 0 ? MSP_NOMEM : MSP_OK;
}

static int merge_all(struct graph *g, struct msp_stage **lists, uint32_t *lengths, const struct msp_bytes *in, size_t n,
                     struct msp_stage *stage, struct msp_error *err)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t end = 0;
		bool known = false;
		int s = msp_pipeline_stages(&in[i], &lists[i], &lengths[i], err);

		if (s < 0)
			return s;
		if (lengths[i] == 0)
			continue;
		if (graph_merge(g, lists[i], lengths[i], &end) < 0)
			return build_error(MSP_NOMEM, err);
		for (uint32_t k = 0; k < stage->nin; k++)
			known = known || stage->in[k] == end;
		if (!known)
			stage->in[stage->nin++] = end;
	}
	return MSP_OK;
}

int msp_pipeline_merge(struct msp_bytes *out, const struct msp_bytes *in, size_t n, const char *tool, const char *version,
                       int argc, const char *const *argv, struct msp_error *err)
{
	struct graph g = {NULL, 0, 0, NULL};
	struct msp_stage **lists = calloc(n + 1, sizeof(struct msp_stage *));
	uint32_t *lengths = calloc(n + 1, sizeof(*lengths));
	const char **args = calloc((size_t)argc + 1, sizeof(*args));
	struct msp_stage stage = {tool, version, args, (uint32_t)argc, calloc(n + 1, sizeof(uint32_t)), 0};
	int s;

	if (!lists || !lengths || !args || !stage.in) {
		s = build_error(MSP_NOMEM, err);
	} else {
		memcpy(args, argv, (size_t)argc * sizeof(*args));
		s = merge_all(&g, lists, lengths, in, n, &stage, err);
	}
	if (s == MSP_OK && graph_add(&g, &stage) < 0)
		s = build_error(MSP_NOMEM, err);
	if (s == MSP_OK)
		s = write_stages(out, g.stage, g.n, err);
	for (uint32_t i = 0; i < g.n; i++)
		free(g.stage[i].in);
	free(g.stage);
	free(g.slot);
	for (size_t i = 0; lists && lengths && i < n; i++)
		msp_stages_free(lists[i], lengths[i]);
	free(lists);
	free(lengths);
	free(args);
	free(stage.in);
	return s;
}

int msp_pipeline_append(struct msp_bytes *out, const struct msp_bytes *in, const char *tool, const char *version, int argc,
                        const char *const *argv, struct msp_error *err)
{
	return msp_pipeline_merge(out, in, in ? 1 : 0, tool, version, argc, argv, err);
}
