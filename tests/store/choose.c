/* Random filters over random documents: what a store finds is what the matcher in memory says. choose URI SEED FILTERS, a store that is
 * empty. Prints each filter that is answered otherwise, and "choose: N passed, M failed". */
#include "mspipe/store.h"
#include "../unit/unit.h"
#include "random.h"

#include <stdlib.h>
#include <string.h>

enum { DOCS = 250 };

static struct msp_error error;

/* Keys of wf_TimeSeries that are columns of every type, one that gets an index, and others. */
static const char *const keys[] = {"sta", "starttime", "npts", "gridfs_id", "utc_convertible", "extra", "sub.key", "free", "_id"};

static const char *const values[] = {
	"1", "2", "-1", "0", "1.0", "1.5", "{\"$numberLong\":\"1\"}", "{\"$numberLong\":\"9007199254740993\"}", "9007199254740992.0",
	"{\"$numberDouble\":\"NaN\"}", "{\"$numberDouble\":\"Infinity\"}", "1e300", "\"\"", "\"A\"", "\"B\"", "\"a\"", "\"AB\"", "\"\\u00e9\"",
	"\"A\\nB\"", "null", "true", "false", "{\"$oid\":\"000000000000000000000001\"}", "\"000000000000000000000001\"",
	"{\"$oid\":\"f00000000000000000000001\"}", "{\"$date\":{\"$numberLong\":\"1\"}}", "[]", "[1]", "[1,2]", "[\"A\",null]", "[[1]]", "{}",
	"{\"key\":1}", "{\"key\":\"A\"}", "{\"key\":[1,2]}", "[{\"key\":1},{\"key\":2}]", "[{\"key\":null}]", "[{\"other\":1}]",
	"{\"$binary\":{\"base64\":\"AA==\",\"subType\":\"00\"}}"};

static void add_list(struct text *t)
{
	unsigned n = pick(4);

	add(t, "[");
	for (unsigned i = 0; i < n; i++) {
		add(t, i ? "," : "");
		add(t, ONE_OF(values));
	}
	add(t, "]");
}

static void add_operator(struct text *t, int depth)
{
	static const char *const simple[] = {"$eq", "$ne", "$gt", "$gte", "$lt", "$lte"};
	static const char *const types[] = {"\"int\"", "\"double\"", "\"number\"", "\"string\"", "\"null\"", "\"array\"", "\"bool\"", "[\"long\",\"objectId\"]", "3"};
	static const char *const patterns[] = {"\"^A\"", "\"B$\"", "\"a\",\"$options\":\"i\"", "\".\"", "\"^$\"", "\"A.B\",\"$options\":\"s\""};

	switch (pick(13)) {
	case 0: add(t, "\"$in\":"), add_list(t); return;
	case 1: add(t, "\"$nin\":"), add_list(t); return;
	case 2: add(t, pick(2) ? "\"$exists\":true" : "\"$exists\":false"); return;
	case 3: add(t, "\"$type\":"), add(t, ONE_OF(types)); return;
	case 4: add(t, "\"$regex\":"), add(t, ONE_OF(patterns)); return;
	case 5: add(t, pick(2) ? "\"$size\":1" : "\"$size\":2"); return;
	case 6: add(t, "\"$all\":"), add_list(t); return;
	case 7:
		if (depth > 0) {
			add(t, "\"$not\":{"), add_operator(t, depth - 1), add(t, "}");
			return;
		}
		break;
	case 8: add(t, "\"$elemMatch\":{\"$gte\":"), add(t, ONE_OF(values)), add(t, "}"); return;
	case 9: add(t, "\"$elemMatch\":{\"key\":"), add(t, ONE_OF(values)), add(t, "}"); return;
	default: break;
	}
	add(t, "\""), add(t, ONE_OF(simple)), add(t, "\":"), add(t, ONE_OF(values));
}

static void add_filter(struct text *t, int depth)
{
	static const char *const both[] = {"$and", "$or", "$nor"};
	unsigned n = 1 + pick(2);

	add(t, "{");
	if (depth > 0 && pick(3) == 0) {
		n = 1 + pick(3);
		add(t, "\""), add(t, ONE_OF(both)), add(t, "\":[");
		for (unsigned i = 0; i < n; i++) {
			add(t, i ? "," : "");
			add_filter(t, depth - 1);
		}
		add(t, "]");
		n = 0;
	}
	for (unsigned i = 0, from = pick(9); i < n; i++) {
		add(t, i ? ",\"" : "\""), add(t, keys[(from + 4 * i) % 9]), add(t, "\":");
		if (pick(3) == 0) {
			add(t, ONE_OF(values));
			continue;
		}
		add(t, "{"), add_operator(t, 2), add(t, "}");
	}
	add(t, "}");
}

/* A value that the key's column stands for. */
static const char *plain_value(const char *key)
{
	static const char *const of_sub[] = {"{}", "{\"key\":1}", "{\"key\":\"A\"}", "{\"key\":null}"};
	const char *v, *is = strcmp(key, "sta") == 0 ? "\"" : strcmp(key, "starttime") == 0 || strcmp(key, "npts") == 0 ? "-012" :
	                     strcmp(key, "utc_convertible") == 0 ? "tf" : strcmp(key, "gridfs_id") == 0 ? "{" : strcmp(key, "extra") == 0 ? "\"-012tf" : NULL;

	if (strcmp(key, "sub") == 0)
		return ONE_OF(of_sub);
	do {
		v = ONE_OF(values);
	} while (is && strcmp(v, "null") != 0 && !(strchr(is, v[0]) && (*is != '{' || strstr(v, "{\"$oid") == v)));
	return v;
}

static void add_document(struct text *t, unsigned id, bool plain)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", id);
	add(t, "{\"_id\":"), add(t, number);
	for (size_t k = 0; k < 8; k++) {
		if (strchr(keys[k], '.') || pick(4) == 0)
			continue;
		add(t, ",\""), add(t, keys[k]), add(t, "\":"), add(t, plain ? plain_value(keys[k]) : ONE_OF(values));
	}
	if (pick(2))
		add(t, ",\"sub\":"), add(t, plain ? plain_value("sub") : ONE_OF(values));
	add(t, "}");
}

static void read_json(const struct text *t, bson_t *out)
{
	if (msp_json_parse(t->s, t->n, out, NULL, &error) != MSP_OK) {
		fprintf(stderr, "%s: %s\n", t->s, error.text);
		exit(2);
	}
}

static void fill(struct msp_store *s, const char *collection, bool plain, bson_t *docs, const bson_t **list)
{
	static struct text t;
	bson_t keys_of_index = BSON_INITIALIZER;

	for (unsigned i = 0; i < DOCS; i++) {
		t.n = 0;
		add_document(&t, i, plain);
		read_json(&t, &docs[i]);
		list[i] = &docs[i];
	}
	CHECKF(msp_store_insert(s, collection, list, DOCS, NULL, &error) == MSP_OK, "%s", error.text);
	BSON_APPEND_INT32(&keys_of_index, "extra", 1);
	BSON_APPEND_INT32(&keys_of_index, "sub.key", -1);
	CHECKF(msp_store_index(s, collection, &keys_of_index, 0, &error) == MSP_OK, "%s", error.text);
	bson_destroy(&keys_of_index);
}

static void try_filter(struct msp_store *s, const char *collection, const bson_t *docs)
{
	static struct text t;
	bool found[DOCS] = {false};
	struct msp_filter *f;
	struct msp_cursor *c;
	struct msp_find find = {0};
	const bson_t *doc;
	bson_iter_t id;
	bson_t filter;
	unsigned wrong = 0, first = 0, number = 0;
	uint64_t n = 0;
	int r;

	t.n = 0;
	add_filter(&t, 2);
	read_json(&t, &filter);
	find.filter = &filter;
	CHECKF(msp_filter_compile(&filter, &f, &error) == MSP_OK, "%s: %s", t.s, error.text);
	r = msp_store_find(s, collection, &find, &c, &error);
	while (r == MSP_OK && (r = msp_cursor_next(c, &doc, &error)) == 1) {
		if (bson_iter_init_find(&id, doc, "_id"))
			found[bson_iter_int32(&id)] = true;
		r = MSP_OK;
	}
	for (unsigned i = 0; f && i < DOCS; i++) {
		if (found[i] != (msp_filter_match(f, &docs[i]) == 1) && wrong++ == 0)
			first = i;
		number += found[i];
	}
	CHECKF(f && r == 0 && wrong == 0, "%s: %d, %u documents otherwise, the first %u: %s", t.s, r, wrong, first, r ? error.text : "");
	CHECKF(msp_store_count(s, collection, &filter, &n, &error) == MSP_OK && n == number, "%s: %u counted, not %u", t.s, (unsigned)n, number);
	msp_cursor_free(c);
	msp_filter_free(f);
	bson_destroy(&filter);
}

int main(int argc, char **argv)
{
	static bson_t docs[2][DOCS];
	static const bson_t *list[DOCS];
	struct msp_store *s;

	if (argc != 4)
		return 2;
	gen_state = strtoull(argv[2], NULL, 10);
	if (msp_store_open(argv[1], MSP_STORE_CREATE, &s, &error) != MSP_OK) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	fill(s, "wf_TimeSeries", false, docs[0], list);
	fill(s, "wf_miniseed", true, docs[1], list);
	for (long i = strtol(argv[3], NULL, 10); i > 0; i--)
		try_filter(s, i % 2 ? "wf_TimeSeries" : "wf_miniseed", docs[i % 2 == 0]);
	for (unsigned i = 0; i < DOCS; i++) {
		bson_destroy(&docs[0][i]);
		bson_destroy(&docs[1][i]);
	}
	CHECK(msp_store_close(s, &error) == MSP_OK);
	return unit_end("choose");
}
