/* What every back end has to answer: conformance [-d] URI, a store that is empty. Prints what differs, and "conformance: N passed, M
 * failed". -d: leave out distinct over documents in arrays (SecantusDB answers nothing). */
#include "mspipe/store.h"
#include "../unit/unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static struct msp_store *store;
static struct msp_error error;
static const char *store_uri;

/* ---- helpers ----------------------------------------------------------- */

static bson_t *json(const char *text)
{
	bson_t *b = aligned_alloc(128, sizeof(*b)); /* libbson wants it so */
	struct msp_error err = {0};
	char *copy = strdup(text);

	for (char *p = copy; *p; p++) /* so that these tests can be read */
		if (*p == '\'')
			*p = '"';
	if (!b || msp_json_parse(copy, strlen(copy), b, NULL, &err) != MSP_OK) {
		fprintf(stderr, "%s: %s\n", text, err.text);
		exit(2);
	}
	free(copy);
	return b;
}

static void drop_json(bson_t *b)
{
	if (b)
		bson_destroy(b);
	free(b);
}

static int add(const char *collection, const char *text)
{
	bson_t *b = json(text);
	const bson_t *docs[1] = {b};
	int r = msp_store_insert(store, collection, docs, 1, NULL, &error);

	drop_json(b);
	return r;
}

static int put(const char *collection, const char *text)
{
	bson_t *b = json(text);
	const bson_t *docs[1] = {b};
	int r = msp_store_upsert(store, collection, docs, 1, NULL, &error);

	drop_json(b);
	return r;
}

static void fill(const char *collection, const char *const *docs)
{
	CHECK(msp_store_drop(store, collection, &error) == MSP_OK);
	for (; *docs; docs++)
		CHECKF(add(collection, *docs) == MSP_OK, "%s: %s", *docs, error.text);
}

/* The _id of what a find gives, as JSON with blanks between; "!" and the status if it fails. */
static const char *ids(const char *collection, const char *filter, const char *sort, uint64_t limit)
{
	static char out[65536];
	bson_t *f = filter ? json(filter) : NULL, *o = sort ? json(sort) : NULL;
	struct msp_find find = {.filter = f, .sort = o, .limit = limit};
	struct msp_cursor *c;
	const bson_t *doc;
	size_t n = 0;
	int r = msp_store_find(store, collection, &find, &c, &error);

	out[0] = '\0';
	while (r == MSP_OK) {
		struct msp_bytes text = {0};
		struct msp_value v;
		bson_iter_t it;

		r = msp_cursor_next(c, &doc, &error);
		if (r != 1)
			break;
		if (bson_iter_init_find(&it, doc, "_id")) {
			msp_value_of_iter(&it, &v);
			if (msp_json_value(&v, &text) == MSP_OK)
				n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%.*s", n ? " " : "", (int)text.len, (const char *)text.data);
		}
		msp_bytes_free(&text);
		r = n < sizeof(out) ? MSP_OK : MSP_FAIL;
	}
	msp_cursor_free(c);
	if (r < 0)
		snprintf(out, sizeof(out), "!%d", r);
	drop_json(f);
	drop_json(o);
	return out;
}

static void want(const char *collection, const char *filter, const char *expected)
{
	const char *got = ids(collection, filter, "{'_id': 1}", 0);
	bson_t *f = json(filter);
	uint64_t n = 0, blanks = 0;

	CHECKF(strcmp(got, expected) == 0, "%s: got %s, expected %s: %s", filter, got, expected, error.text);
	if (*expected != '!') {
		for (const char *p = expected; *p; p++)
			blanks += *p == ' ';
		CHECKF(msp_store_count(store, collection, f, &n, &error) == MSP_OK && n == blanks + (*expected != '\0'), "%s: count %u", filter, (unsigned)n);
	}
	drop_json(f);
}

static void sorted(const char *collection, const char *sort, const char *expected)
{
	const char *got = ids(collection, NULL, sort, 0);

	CHECKF(strcmp(got, expected) == 0, "sort %s: got %s, expected %s: %s", sort, got, expected, error.text);
}

static char *text_of(const bson_t *doc)
{
	struct msp_bytes out = {0};

	if (msp_json_document(bson_get_data(doc), doc->len, &out) != MSP_OK || msp_bytes_append(&out, "", 1) != MSP_OK)
		exit(2);
	return (char *)out.data;
}

/* The one document that matches, as JSON. */
static void is(const char *collection, const char *filter, const char *projection, const char *expected)
{
	bson_t *f = json(filter), *p = projection ? json(projection) : NULL, *e = expected ? json(expected) : NULL;
	struct msp_find find = {.filter = f, .projection = p};
	struct msp_cursor *c;
	const bson_t *doc;
	int r = msp_store_find(store, collection, &find, &c, &error);

	if (r == MSP_OK)
		r = msp_cursor_next(c, &doc, &error);
	CHECKF(r == (e != NULL), "%s: %d %s", filter, r, error.text);
	if (r == 1 && e) {
		char *got = text_of(doc), *wanted = text_of(e);

		CHECKF(bson_equal(doc, e), "%s: got %s, expected %s", filter, got, wanted);
		free(got);
		free(wanted);
	}
	msp_cursor_free(c);
	drop_json(f);
	drop_json(p);
	drop_json(e);
}

/* ---- filters ----------------------------------------------------------- */

/* In a collection of the schema, whose keys are columns of the file back end, and in one that is not. */
static void filters(const char *c)
{
	static const char *const docs[] = {
		"{'_id': 1, 'sta': 'AAK', 'starttime': 10.5, 'npts': 100, 'x': {'y': 1}}",
		"{'_id': 2, 'sta': 'ANMO', 'starttime': 20.0, 'npts': 200, 'x': {'y': 2}, 'loc': null}",
		"{'_id': 3, 'sta': ['AAK', 'B'], 'starttime': 30, 'npts': {'$numberLong': '300'}, 'x': [{'y': 1}, {'y': 5}]}",
		"{'_id': 4, 'sta': null, 'starttime': {'$numberDouble': 'NaN'}, 'npts': 1.5, 'x': [1, 2, 3]}",
		"{'_id': 5, 'starttime': {'$numberDouble': 'Infinity'}, 'npts': 'many', 'x': []}",
		"{'_id': 6, 'sta': 5, 'starttime': 'then', 'npts': true, 'x': {'y': null}}",
		"{'_id': 7, 'sta': 'aak', 'starttime': {'$numberDouble': '-Infinity'}, 'npts': -1, 'x': {}}",
		"{'_id': 8, 'sta': 'AAK\\nB', 'starttime': {'$date': {'$numberLong': '5'}}, 'npts': [1, [2, 3]], 'x': [[{'y': 1}], {'z': 1}]}",
		"{'_id': 9, 'sta': {'$oid': '627bdeeb710bf2bf006b9bb2'}, 'starttime': 20, 'npts': {'$numberLong': '9007199254740993'}, 'x': 'y'}",
		"{'_id': 10, 'sta': '627bdeeb710bf2bf006b9bb2', 'starttime': 1e300, 'npts': 9007199254740992.0, 'x': {'y': [1, 2]}}",
		NULL};

	fill(c, docs);
	want(c, "{}", "1 2 3 4 5 6 7 8 9 10");
	/* equality */
	want(c, "{'sta': 'AAK'}", "1 3");
	want(c, "{'sta': {'$eq': 'AAK'}}", "1 3");
	want(c, "{'sta': ['AAK', 'B']}", "3");
	want(c, "{'sta': null}", "4 5");
	want(c, "{'loc': null}", "1 2 3 4 5 6 7 8 9 10");
	want(c, "{'sta': 5}", "6");
	want(c, "{'sta': 5.0}", "6");
	want(c, "{'sta': '5'}", "");
	want(c, "{'sta': {'$oid': '627bdeeb710bf2bf006b9bb2'}}", "9");
	want(c, "{'sta': '627bdeeb710bf2bf006b9bb2'}", "10");
	want(c, "{'starttime': 20}", "2 9");
	want(c, "{'starttime': {'$numberDouble': 'NaN'}}", "4");
	want(c, "{'starttime': {'$numberDouble': 'Infinity'}}", "5");
	want(c, "{'npts': 1}", "8");
	want(c, "{'npts': true}", "6");
	want(c, "{'npts': 300}", "3");
	want(c, "{'npts': [2, 3]}", "8");
	want(c, "{'npts': 2}", "");
	want(c, "{'npts': {'$numberLong': '9007199254740993'}}", "9");
	want(c, "{'npts': 9007199254740992.0}", "10");
	want(c, "{'x': {'y': 1}}", "1 3");
	want(c, "{'x': {'y': 1.0}}", "1 3");
	want(c, "{'x': {}}", "7");
	want(c, "{'x': []}", "5");
	want(c, "{'x': 2}", "4");
	/* dotted keys */
	want(c, "{'x.y': 1}", "1 3 10");
	want(c, "{'x.y': 5}", "3");
	want(c, "{'x.y': null}", "6 7 8 9");
	want(c, "{'x.0': 1}", "4");
	want(c, "{'x.0.y': 1}", "3 8");
	want(c, "{'x.1.y': 5}", "3");
	want(c, "{'sta.0': 'AAK'}", "3");
	/* comparison */
	want(c, "{'starttime': {'$gt': 20}}", "3 5 10");
	want(c, "{'starttime': {'$gte': 20}}", "2 3 5 9 10");
	want(c, "{'starttime': {'$lt': 20}}", "1 7");
	want(c, "{'starttime': {'$lte': 20.0}}", "1 2 7 9");
	want(c, "{'starttime': {'$gt': 10, '$lt': 25}}", "1 2 9");
	want(c, "{'starttime': {'$gte': {'$numberDouble': 'NaN'}}}", "4");
	want(c, "{'starttime': {'$lt': {'$numberDouble': 'NaN'}}}", "");
	want(c, "{'starttime': {'$gt': 'a'}}", "6");
	want(c, "{'starttime': {'$lte': {'$date': {'$numberLong': '5'}}}}", "8");
	want(c, "{'sta': {'$gt': 'AAK'}}", "2 3 7 8");
	want(c, "{'sta': {'$lt': 'B'}}", "1 2 3 8 10");
	want(c, "{'sta': {'$gte': null}}", "4 5");
	want(c, "{'sta': {'$gt': null}}", "");
	want(c, "{'npts': {'$gt': 0}}", "1 2 3 4 8 9 10");
	want(c, "{'npts': {'$gt': 9007199254740992.0}}", "9");
	want(c, "{'npts': {'$gte': {'$numberLong': '9007199254740993'}}}", "9");
	want(c, "{'x': {'$lt': 2}}", "4");
	/* negation */
	want(c, "{'sta': {'$ne': 'AAK'}}", "2 4 5 6 7 8 9 10");
	want(c, "{'sta': {'$ne': null}}", "1 2 3 6 7 8 9 10");
	want(c, "{'starttime': {'$not': {'$gt': 20}}}", "1 2 4 6 7 8 9");
	want(c, "{'x.y': {'$ne': 1}}", "2 4 5 6 7 8 9");
	want(c, "{'sta': {'$not': {'$regex': '^A'}}}", "4 5 6 7 9 10");
	/* lists */
	want(c, "{'sta': {'$in': ['AAK', 'ANMO', 5]}}", "1 2 3 6");
	want(c, "{'sta': {'$in': [null, 'aak']}}", "4 5 7");
	want(c, "{'sta': {'$in': []}}", "");
	want(c, "{'sta': {'$in': [{'$regularExpression': {'pattern': '^a', 'options': ''}}]}}", "7");
	want(c, "{'sta': {'$nin': ['AAK', null]}}", "2 6 7 8 9 10");
	want(c, "{'_id': {'$in': [3, 1, 99, 'x']}}", "1 3");
	want(c, "{'npts': {'$in': [{'$numberDouble': 'NaN'}, 200]}}", "2");
	/* long ones, which are looked up; in the second each has to be asked of what the first leaves */
	want(c, "{'sta': {'$in': ['a', 'b', 'c', 'd', 'e', 'ANMO', 'AAK', 'zz', 5, 6, 7]}}", "1 2 3 6");
	want(c, "{'_id': {'$in': [10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 'x']}, 'sta': {'$ne': 'AAK'}, 'x.y': {'$exists': false}}", "4 5 7 8 9");
	want(c, "{'sta': {'$in': ['a', 'b', 'c', 'd', 'e', 'f', 'g', null]}}", "4 5");
	want(c, "{'sta': {'$nin': ['AAK', 'b', 'c', 'd', 'e', 'f', 'g', null]}}", "2 6 7 8 9 10");
	want(c, "{'npts': {'$in': [-1, -2, -3, -4, -5, -6, -7, {'$numberDouble': 'NaN'}, 200.0]}}", "2 7");
	want(c, "{'sta': {'$in': ['1', '2', '3', '4', '5', '6', '7', {'$regularExpression': {'pattern': '^a', 'options': ''}}]}}", "7");
	want(c, "{'npts': {'$all': [1, [2, 3]]}}", "8");
	want(c, "{'sta': {'$all': ['AAK', 'B']}}", "3");
	want(c, "{'sta': {'$all': ['AAK']}}", "1 3");
	want(c, "{'sta': {'$all': []}}", "");
	want(c, "{'x': {'$size': 3}}", "4");
	want(c, "{'x': {'$size': 0}}", "5");
	want(c, "{'npts': {'$size': 2}}", "8");
	want(c, "{'x': {'$elemMatch': {'y': {'$gt': 1}}}}", "3");
	want(c, "{'x': {'$elemMatch': {'$gt': 1, '$lt': 3}}}", "4");
	want(c, "{'sta': {'$elemMatch': {'$eq': 'B'}}}", "3");
	/* presence and type */
	want(c, "{'sta': {'$exists': true}}", "1 2 3 4 6 7 8 9 10");
	want(c, "{'sta': {'$exists': false}}", "5");
	want(c, "{'x.y': {'$exists': true}}", "1 2 3 6 10");
	want(c, "{'x.y': {'$exists': false}}", "4 5 7 8 9");
	want(c, "{'npts': {'$type': 'int'}}", "1 2 7 8");
	want(c, "{'npts': {'$type': 'number'}}", "1 2 3 4 7 8 9 10");
	want(c, "{'npts': {'$type': ['bool', 'string']}}", "5 6");
	want(c, "{'npts': {'$type': 18}}", "3 9");
	want(c, "{'npts': {'$type': 'array'}}", "8");
	want(c, "{'sta': {'$type': 10}}", "4");
	want(c, "{'starttime': {'$type': 'date'}}", "8");
	/* regular expressions */
	want(c, "{'sta': {'$regex': '^A'}}", "1 2 3 8");
	want(c, "{'sta': {'$regex': '^aak$', '$options': 'i'}}", "1 3 7");
	want(c, "{'sta': {'$regex': 'A.K'}}", "1 3 8");
	want(c, "{'sta': {'$regex': 'K.B'}}", "");
	want(c, "{'sta': {'$regex': 'K.B', '$options': 's'}}", "8");
	want(c, "{'sta': {'$regularExpression': {'pattern': '^(AAK|ANMO)$', 'options': ''}}}", "1 2 3");
	want(c, "{'sta': {'$regex': '^[0-9a-f]{24}$'}}", "10");
	want(c, "{'sta': {'$regex': '\\\\d'}}", "10");
	want(c, "{'sta': {'$regex': '^[^A]'}}", "3 7 10");
	want(c, "{'sta': {'$regex': '^(?:AA|AN)[KM].?$'}}", "1 2 3");
	want(c, "{'sta': {'$regex': '5'}}", "");
	want(c, "{'sta': {'$regex': '^b$', '$options': 'im'}}", "3 8");
	want(c, "{'sta': {'$regex': '(?<!A)K$'}}", "");
	want(c, "{'sta': {'$regex': 'A{2}(?=K)'}}", "1 3 8");
	want(c, "{'sta': {'$regex': '('}}", "!-2");
	/* and, or, nor */
	want(c, "{'$and': [{'sta': 'AAK'}, {'npts': 100}]}", "1");
	want(c, "{'$or': [{'sta': 'ANMO'}, {'npts': 100}]}", "1 2");
	want(c, "{'$nor': [{'sta': 'AAK'}, {'npts': {'$gt': 0}}]}", "5 6 7");
	want(c, "{'$or': [{'sta': 'AAK', 'npts': 100}, {'$and': [{'starttime': {'$gt': 19}}, {'npts': 200}]}]}", "1 2");
	want(c, "{'sta': 'AAK', '$or': [{'npts': 300}, {'nothing': 1}]}", "3");
	/* what cannot be */
	want(c, "{'sta': {'$nothing': 1}}", "!-2");
	want(c, "{'$nothing': []}", "!-2");
	want(c, "{'$or': []}", "!-2");
	want(c, "{'sta': {'$in': 'AAK'}}", "!-2");
	want(c, "{'sta': {'$type': 'nothing'}}", "!-2");
	/* data, never code */
	want(c, "{'sta': 'x\\' OR 1=1 --'}", "");
	want(c, "{'sta\\\" OR 1=1 --': 'x'}", "");
	want(c, "{'sta': {'$gt': 'x\\'); drop table site; --'}}", "");
	want(c, "{}", "1 2 3 4 5 6 7 8 9 10");
	CHECKF(strcmp(ids(c, "{}", "{'_id': -1}", 3), "10 9 8") == 0, "limit: %s", ids(c, "{}", "{'_id': -1}", 3));
}

/* ---- order, projection, distinct --------------------------------------- */

static void order(void)
{
	static const char *const docs[] = {
		"{'_id': 1, 'a': 5}", "{'_id': 2, 'a': 'b'}", "{'_id': 3}", "{'_id': 4, 'a': {'$numberDouble': 'NaN'}}",
		"{'_id': 5, 'a': {'b': 1}}", "{'_id': 6, 'a': true}", "{'_id': 7, 'a': {'$date': {'$numberLong': '1'}}}",
		"{'_id': 8, 'a': {'$oid': '627bdeeb710bf2bf006b9bb2'}}", "{'_id': 9, 'a': [7, 2]}", "{'_id': 10, 'a': 2.5}",
		"{'_id': 11, 'a': []}", "{'_id': 12, 'a': {'$binary': {'base64': 'AA==', 'subType': '00'}}}",
		"{'_id': 13, 'a': {'$numberLong': '-9007199254740993'}}", "{'_id': 14, 'a': -9007199254740992.0}", NULL};
	static const char *const wf[] = {
		"{'_id': 1, 'sta': 'B', 'starttime': 2.0}", "{'_id': 2, 'sta': 'A', 'starttime': 3.0}", "{'_id': 3, 'sta': 'B', 'starttime': 1.0}",
		"{'_id': 4, 'starttime': 5.0}", "{'_id': 5, 'sta': 'A', 'starttime': 1.0}", NULL};

	fill("order", docs);
	sorted("order", "{'a': 1}", "11 3 4 13 14 9 10 1 2 5 12 8 6 7");
	sorted("order", "{'a': -1}", "7 6 8 12 5 2 9 1 10 14 13 4 3 11");
	fill("wf_TimeSeries", wf);
	sorted("wf_TimeSeries", "{'sta': 1, 'starttime': 1}", "4 5 2 3 1");
	sorted("wf_TimeSeries", "{'sta': -1, 'starttime': 1}", "3 1 5 2 4");
	CHECK(add("wf_TimeSeries", "{'_id': 6, 'sta': ['Z', 'AA'], 'starttime': 0}") == MSP_OK);
	sorted("wf_TimeSeries", "{'sta': 1, 'starttime': 1}", "4 5 2 6 3 1");
	sorted("wf_TimeSeries", "{'starttime': -1, '_id': 1}", "4 2 1 3 5 6");
	CHECK(strcmp(ids("order", "{}", "{'a': 2}", 0), "!-2") == 0);
	CHECK(strcmp(ids("order", "{}", "{'$a': 1}", 0), "!-2") == 0);
}

static void projection(void)
{
	static const char *const docs[] = {"{'_id': 1, 'a': {'b': 1, 'c': 2}, 'd': [{'e': 1, 'f': 2}, 3, {'f': 4}], 'g': 'x'}", NULL};

	fill("projection", docs);
	is("projection", "{}", "{'g': 1}", "{'_id': 1, 'g': 'x'}");
	is("projection", "{}", "{'g': 1, '_id': 0}", "{'g': 'x'}");
	is("projection", "{}", "{'a.b': 1}", "{'_id': 1, 'a': {'b': 1}}");
	is("projection", "{}", "{'d.e': 1, 'nothing': 1}", "{'_id': 1, 'd': [{'e': 1}, {}]}");
	is("projection", "{}", "{'a.b': 0, 'd': 0}", "{'_id': 1, 'a': {'c': 2}, 'g': 'x'}");
	is("projection", "{}", "{'_id': 0, 'd': 0, 'g': 0}", "{'a': {'b': 1, 'c': 2}}");
	is("projection", "{}", "{'_id': 1}", "{'_id': 1}");
	is("projection", "{'_id': 2}", NULL, NULL);
}

static void distinct_is(const char *collection, const char *key, const char *filter, const char *expected)
{
	bson_t *f = filter ? json(filter) : NULL, out, *e = json(expected);
	int r = msp_store_distinct(store, collection, key, f, &out, &error);
	bson_iter_t it;

	CHECKF(r == MSP_OK, "%s", error.text);
	if (r == MSP_OK && bson_iter_init_find(&it, e, "v")) {
		const uint8_t *data;
		uint32_t n;
		bson_t wanted;
		char *text = text_of(&out);

		bson_iter_array(&it, &n, &data);
		CHECKF(bson_init_static(&wanted, data, n) && bson_equal(&wanted, &out), "distinct %s: got %s, expected %s", key, text, expected);
		free(text);
		bson_destroy(&out);
	}
	drop_json(f);
	drop_json(e);
}

static void distinct(bool all)
{
	static const char *const docs[] = {"{'_id': 1, 'a': 'x', 'b': [{'c': 1}, {'c': 2}]}", "{'_id': 2, 'a': ['x', 'y', [1]]}",
		"{'_id': 3, 'a': null}", "{'_id': 4}", "{'_id': 5, 'a': 1}", "{'_id': 6, 'a': {'b': 2}}", NULL};

	fill("distinct", docs);
	distinct_is("distinct", "a", NULL, "{'v': [null, 1, 'x', 'y', {'b': 2}, [1]]}");
	distinct_is("distinct", "a", "{'_id': {'$gt': 4}}", "{'v': [1, {'b': 2}]}");
	distinct_is("distinct", "nothing", NULL, "{'v': []}");
	distinct_is("nothing", "a", NULL, "{'v': []}");
	if (all)
		distinct_is("distinct", "b.c", NULL, "{'v': [1, 2]}");
}

/* ---- writing ----------------------------------------------------------- */

static void documents(void)
{
	const char *every = "{'_id': 'all', 'd': 1.5, 'nan': {'$numberDouble': 'NaN'}, 'inf': {'$numberDouble': '-Infinity'}, 's': 'caf\\u00e9', "
		"'nul': 'a\\u0000b', 'o': {'a': {'b': [1, [2, [3]]]}}, 'bin': {'$binary': {'base64': 'AAEC/w==', 'subType': '05'}}, "
		"'oid': {'$oid': '627bdeeb710bf2bf006b9bb2'}, 't': true, 'date': {'$date': {'$numberLong': '-1'}}, 'n': null, "
		"'re': {'$regularExpression': {'pattern': 'a', 'options': 'i'}}, 'i': {'$numberInt': '-5'}, 'l': {'$numberLong': '5'}, "
		"'big': {'$numberLong': '9223372036854775807'}, 'ts': {'$timestamp': {'t': 1, 'i': 2}}, 'dec': {'$numberDecimal': '0.1'}, "
		"'min': {'$minKey': 1}, 'max': {'$maxKey': 1}, '': 'no name', 'q\\\"uote\\'': 1}";
	bson_t *b, *docs[3];
	const bson_t *list[3];
	uint64_t n = 0;
	struct msp_cursor *c;
	const bson_t *doc;
	bson_iter_t id;
	uint8_t *large;

	CHECK(msp_store_drop(store, "docs", &error) == MSP_OK);
	CHECKF(add("docs", every) == MSP_OK, "%s", error.text);
	is("docs", "{'_id': 'all'}", NULL, every);
	CHECK(add("docs", every) == MSP_FAIL);
	CHECKF(strstr(error.text, "all"), "%s", error.text);
	CHECKF(put("docs", "{'_id': 'all', 'a': 1}") == MSP_OK, "%s", error.text);
	is("docs", "{'_id': 'all'}", NULL, "{'_id': 'all', 'a': 1}");
	CHECK(put("docs", "{'a': 1}") == MSP_USAGE);
	CHECK(add("docs", "{'$a': 1}") == MSP_USAGE);
	CHECK(add("docs", "{'_id': [1]}") == MSP_USAGE);
	CHECK(add("$docs", "{'a': 1}") == MSP_USAGE);
	CHECK(add("", "{'a': 1}") == MSP_USAGE);
	/* numbers of all types are one _id, strings and booleans others */
	CHECK(add("docs", "{'_id': 1}") == MSP_OK);
	CHECK(add("docs", "{'_id': 1.0}") == MSP_FAIL);
	CHECK(add("docs", "{'_id': {'$numberLong': '1'}}") == MSP_FAIL);
	CHECK(add("docs", "{'_id': '1'}") == MSP_OK && add("docs", "{'_id': true}") == MSP_OK && add("docs", "{'_id': null}") == MSP_OK);
	CHECK(add("docs", "{'_id': {'a': 1}}") == MSP_OK && add("docs", "{'_id': {'a': 2}}") == MSP_OK);
	want("docs", "{'_id': {'a': 1}}", "{\"a\":1}");
	want("docs", "{'_id': {'$gt': 0}}", "1");
	want("docs", "{'_id': {'$lt': 'z'}}", "\"1\" \"all\"");
	/* a batch stops at the first that cannot be */
	docs[0] = json("{'_id': 'b1'}"), docs[1] = json("{'_id': 'all'}"), docs[2] = json("{'_id': 'b3'}");
	for (int i = 0; i < 3; i++)
		list[i] = docs[i];
	CHECK(msp_store_insert(store, "docs", list, 3, &n, &error) == MSP_FAIL);
	CHECKF(n == 1, "%u", (unsigned)n);
	want("docs", "{'_id': {'$in': ['b1', 'b3']}}", "\"b1\"");
	CHECK(msp_store_upsert(store, "docs", list, 3, &n, &error) == MSP_OK && n == 3);
	want("docs", "{'_id': {'$in': ['b1', 'b3']}}", "\"b1\" \"b3\"");
	for (int i = 0; i < 3; i++)
		drop_json(docs[i]);
	/* an _id is made, and comes first */
	CHECK(add("made", "{'a': 1}") == MSP_OK);
	if (msp_store_find(store, "made", NULL, &c, &error) == MSP_OK) {
		CHECK(msp_cursor_next(c, &doc, &error) == 1 && bson_iter_init(&id, doc) && bson_iter_next(&id) &&
		      strcmp(bson_iter_key(&id), "_id") == 0 && BSON_ITER_HOLDS_OID(&id));
		msp_cursor_free(c);
	}
	/* 16 MB and no more */
	large = calloc(1, MSP_STORE_DOCUMENT_MAX);
	for (uint32_t over = 0; over < 2 && large; over++) {
		b = json("{'_id': 'large'}");
		CHECK(bson_append_binary(b, "b", 1, BSON_SUBTYPE_BINARY, large, MSP_STORE_DOCUMENT_MAX - 8 - b->len + over));
		list[0] = b;
		CHECKF(msp_store_upsert(store, "large", list, 1, NULL, &error) == (over ? MSP_USAGE : MSP_OK), "%u: %s", over, error.text);
		drop_json(b);
	}
	free(large);
	want("large", "{}", "\"large\"");
	CHECK(msp_store_drop(store, "large", &error) == MSP_OK);
}

static void changes(const char *filter, const char *update, unsigned flags, unsigned matched, unsigned modified, unsigned inserted)
{
	bson_t *f = json(filter), *u = json(update);
	struct msp_updated done;
	int r = msp_store_update(store, "updates", f, u, flags, &done, &error);

	CHECKF(r == MSP_OK && done.matched == matched && done.modified == modified && done.inserted == inserted, "%s %s: %d %u %u %u %s", filter, update, r,
	       (unsigned)done.matched, (unsigned)done.modified, (unsigned)done.inserted, error.text);
	drop_json(f);
	drop_json(u);
}

static void cannot_change(const char *filter, const char *update)
{
	bson_t *f = json(filter), *u = json(update);

	CHECKF(msp_store_update(store, "updates", f, u, 0, NULL, &error) < 0, "%s", update);
	drop_json(f);
	drop_json(u);
}

static void updates(void)
{
	static const char *const docs[] = {"{'_id': 1, 'a': 1, 'b': {'c': 1}, 'l': [1, {'m': 2}]}", "{'_id': 2, 'a': 2}", NULL};

	fill("updates", docs);
	changes("{'_id': 1}", "{'$set': {'a': 5, 'b.d': 'x', 'e.f': 1}}", 0, 1, 1, 0);
	is("updates", "{'_id': 1}", NULL, "{'_id': 1, 'a': 5, 'b': {'c': 1, 'd': 'x'}, 'l': [1, {'m': 2}], 'e': {'f': 1}}");
	changes("{'_id': 1}", "{'$set': {'a': 5}}", 0, 1, 0, 0);
	changes("{'_id': 1}", "{'$unset': {'e': '', 'nothing': ''}, '$inc': {'a': 2, 'n': 1}}", 0, 1, 1, 0);
	is("updates", "{'_id': 1}", NULL, "{'_id': 1, 'a': 7, 'b': {'c': 1, 'd': 'x'}, 'l': [1, {'m': 2}], 'n': 1}");
	changes("{'_id': 1}", "{'$set': {'l.1.m': 3, 'l.3': 9}, '$unset': {'n': 1, 'b': 1}}", 0, 1, 1, 0);
	is("updates", "{'_id': 1}", NULL, "{'_id': 1, 'a': 7, 'l': [1, {'m': 3}, null, 9]}");
	changes("{'_id': 1}", "{'$rename': {'a': 'z'}}", 0, 1, 1, 0);
	is("updates", "{'_id': 1}", NULL, "{'_id': 1, 'l': [1, {'m': 3}, null, 9], 'z': 7}");
	changes("{'_id': 1}", "{'$inc': {'z': 2147483647}}", 0, 1, 1, 0);
	is("updates", "{'_id': 1}", "{'z': 1}", "{'_id': 1, 'z': {'$numberLong': '2147483654'}}");
	changes("{'_id': 1}", "{'$inc': {'z': 0.5}}", 0, 1, 1, 0);
	is("updates", "{'_id': 1}", "{'z': 1}", "{'_id': 1, 'z': 2147483654.5}");
	changes("{}", "{'$set': {'new': true}}", 0, 2, 2, 0);
	changes("{}", "{'$set': {'one': true}}", MSP_UPDATE_ONE, 1, 1, 0);
	changes("{'_id': 9}", "{'$set': {'new': true}}", 0, 0, 0, 0);
	changes("{'_id': 9, 'k': {'$gt': 1}, 'w': {'$eq': 2}}", "{'$set': {'new': true}, '$setOnInsert': {'first': 1}}", MSP_UPDATE_UPSERT, 0, 0, 1);
	is("updates", "{'_id': 9}", "{'new': 1, 'first': 1, 'w': 1}", "{'_id': 9, 'w': 2, 'first': 1, 'new': true}");
	changes("{'_id': 9}", "{'$set': {'new': false}, '$setOnInsert': {'first': 2}}", MSP_UPDATE_UPSERT, 1, 1, 0);
	want("updates", "{'first': 1, 'new': false}", "9");
	cannot_change("{'_id': 1}", "{'$set': {'_id': 5}}");
	cannot_change("{'_id': 1}", "{'$inc': {'l': 1}}");
	cannot_change("{'_id': 1}", "{'$set': {'z.y': 1}}");
	cannot_change("{'_id': 1}", "{'$set': {'a': 1}, '$inc': {'a': 1}}");
	cannot_change("{'_id': 1}", "{'$nothing': {'a': 1}}");
	cannot_change("{'_id': 1}", "{'a': 1}");
	cannot_change("{'_id': 1}", "{}");
}

static void deletes(void)
{
	static const char *const docs[] = {"{'_id': 1, 'a': 1}", "{'_id': 2, 'a': 2}", "{'_id': 3}", NULL};
	bson_t *f = json("{'a': {'$gte': 1}}");
	uint64_t n;

	fill("deletes", docs);
	CHECK(msp_store_delete(store, "deletes", f, &n, &error) == MSP_OK && n == 2);
	want("deletes", "{}", "3");
	CHECK(msp_store_delete(store, "deletes", NULL, &n, &error) == MSP_OK && n == 1);
	CHECK(msp_store_delete(store, "nothing", f, &n, &error) == MSP_OK && n == 0);
	drop_json(f);
}

/* ---- indexes, collections ---------------------------------------------- */

static void indexes(void)
{
	static const char *const docs[] = {"{'_id': 1, 'a': {'b': 1}, 'u': 'x'}", "{'_id': 2, 'a': {'b': [2, 3]}, 'u': 'y'}", "{'_id': 3, 'a': 5}", NULL};
	bson_t *k = json("{'a.b': 1, 'c': -1}"), *u = json("{'u': 1}"), out;
	char *text;

	fill("indexes", docs);
	CHECKF(msp_store_index(store, "indexes", k, 0, &error) == MSP_OK, "%s", error.text);
	CHECKF(msp_store_index(store, "indexes", k, 0, &error) == MSP_OK, "%s", error.text);
	CHECKF(msp_store_index(store, "indexes", u, MSP_INDEX_UNIQUE, &error) == MSP_OK, "%s", error.text);
	want("indexes", "{'a.b': 1}", "1");
	want("indexes", "{'a.b': 3}", "2");
	want("indexes", "{'a.b': null}", "3");
	want("indexes", "{'a.b': {'$gt': 0}}", "1 2");
	want("indexes", "{'u': {'$in': ['x', 'y', null]}}", "1 2 3");
	sorted("indexes", "{'a.b': -1}", "2 1 3");
	CHECK(add("indexes", "{'_id': 4, 'u': 'x'}") == MSP_FAIL);
	CHECK(add("indexes", "{'_id': 4}") == MSP_FAIL); /* null is there */
	CHECKF(add("indexes", "{'_id': 4, 'u': 'z', 'a': {'b': 1}, 'c': 3}") == MSP_OK, "%s", error.text);
	CHECK(put("indexes", "{'_id': 4, 'u': 'y'}") == MSP_FAIL);
	CHECK(put("indexes", "{'_id': 4, 'u': 'w'}") == MSP_OK);
	want("indexes", "{'a.b': 1}", "1");
	if (msp_store_indexes(store, "indexes", &out, &error) == MSP_OK) {
		text = text_of(&out);
		CHECKF(strcmp(text, "{\"0\":{\"name\":\"a.b_1_c_-1\",\"key\":{\"a.b\":1,\"c\":-1}},\"1\":{\"name\":\"u_1\",\"key\":{\"u\":1},\"unique\":true}}") == 0 ||
		       strcmp(text, "{\"0\":{\"key\":{\"a.b\":1,\"c\":-1},\"name\":\"a.b_1_c_-1\"},\"1\":{\"key\":{\"u\":1},\"name\":\"u_1\",\"unique\":true}}") == 0,
		       "%s", text);
		free(text);
		bson_destroy(&out);
	}
	CHECKF(msp_store_index_drop(store, "indexes", "u_1", &error) == MSP_OK, "%s", error.text);
	CHECK(msp_store_index_drop(store, "indexes", "u_1", &error) == MSP_USAGE);
	CHECKF(add("indexes", "{'_id': 5, 'u': 'x'}") == MSP_OK, "%s", error.text);
	CHECK(msp_store_index(store, "indexes", u, MSP_INDEX_UNIQUE, &error) == MSP_FAIL);
	want("indexes", "{'u': 'x'}", "1 5");
	drop_json(k);
	drop_json(u);
}

static void collections(void)
{
	bson_t out;
	char *text;

	CHECK(msp_store_collections(store, &out, &error) == MSP_OK);
	for (bson_iter_t it; bson_iter_init(&it, &out);) {
		while (bson_iter_next(&it))
			CHECK(msp_store_drop(store, bson_iter_utf8(&it, NULL), &error) == MSP_OK);
		break;
	}
	bson_destroy(&out);
	CHECK(add("site", "{'sta': 'x'}") == MSP_OK && add("my.collection", "{'a': 1}") == MSP_OK);
	CHECK(msp_store_collections(store, &out, &error) == MSP_OK);
	text = text_of(&out);
	CHECKF(strcmp(text, "{\"0\":\"my.collection\",\"1\":\"site\"}") == 0, "%s", text);
	free(text);
	bson_destroy(&out);
}

/* ---- much, and at once ------------------------------------------------- */

static void many(void)
{
	enum { N = 5000 };
	static bson_t doc[N];
	static const bson_t *list[N];
	struct msp_cursor *c, *d;
	struct msp_find find = {.batch = 100};
	const bson_t *got, *other;
	uint64_t n = 0;
	int r, seen = 0;
	bson_t *update = json("{'$set': {'seen': true}}");

	CHECK(msp_store_drop(store, "wf_miniseed", &error) == MSP_OK);
	for (int i = 0; i < N; i++) {
		bson_init(&doc[i]);
		BSON_APPEND_INT32(&doc[i], "_id", i);
		BSON_APPEND_UTF8(&doc[i], "sta", i % 2 ? "AAK" : "ANMO");
		BSON_APPEND_DOUBLE(&doc[i], "starttime", i * 0.5);
		list[i] = &doc[i];
	}
	for (int round = 0; round < 2; round++) {
		r = round ? msp_store_upsert(store, "wf_miniseed", list, N, &n, &error) : msp_store_insert(store, "wf_miniseed", list, N, &n, &error);
		CHECKF(r == MSP_OK && n == N, "%d %u %s", r, (unsigned)n, error.text);
	}
	/* two cursors at a time, and a write between */
	r = msp_store_find(store, "wf_miniseed", &find, &c, &error);
	for (; r == MSP_OK && (r = msp_cursor_next(c, &got, &error)) == 1; r = MSP_OK) {
		if (seen++ != 1000)
			continue;
		CHECK(msp_store_find(store, "wf_miniseed", NULL, &d, &error) == MSP_OK && msp_cursor_next(d, &other, &error) == 1);
		CHECKF(msp_store_update(store, "wf_miniseed", NULL, update, MSP_UPDATE_ONE, NULL, &error) == MSP_OK, "%s", error.text);
		msp_cursor_free(d);
	}
	CHECKF(r == 0 && seen == N, "%d of %d: %s", seen, N, error.text);
	msp_cursor_free(c);
	want("wf_miniseed", "{'sta': 'AAK', 'starttime': {'$gte': 100, '$lt': 102}}", "201 203");
	for (int i = 0; i < N; i++)
		bson_destroy(&doc[i]);
	drop_json(update);
}

/* A batch of which a run is there already, begun by what is not: each document takes its place, once. */
static void in_their_places(void)
{
	enum { N = 60 };
	bson_t *doc[N], *second = json("{'round': 2}"), *one = json("{'_id': {'$gte': 20, '$lt': 40}}");
	uint64_t n = 0;
	int r;

	CHECK(msp_store_drop(store, "places", &error) == MSP_OK);
	for (int round = 1; round <= 2; round++) {
		for (int i = 0; i < N; i++) {
			char text[60];

			snprintf(text, sizeof(text), "{'_id': %d, 'round': %d}", i, round);
			doc[i] = json(text);
		}
		/* first a third of them, out of their middle */
		r = round == 1 ? msp_store_upsert(store, "places", (const bson_t *const *)doc + 20, 20, &n, &error)
		               : msp_store_upsert(store, "places", (const bson_t *const *)doc, N, &n, &error);
		CHECKF(r == MSP_OK && n == (round == 1 ? 20 : N), "%d %u %s", r, (unsigned)n, error.text);
		for (int i = 0; i < N; i++)
			drop_json(doc[i]);
	}
	CHECK(msp_store_count(store, "places", NULL, &n, &error) == MSP_OK && n == N);
	CHECK(msp_store_count(store, "places", second, &n, &error) == MSP_OK && n == N);
	CHECK(msp_store_count(store, "places", one, &n, &error) == MSP_OK && n == 20);
	drop_json(second);
	drop_json(one);
}

/* ---- parts ------------------------------------------------------------- */

static int by_sta(void *context, const bson_t *doc, struct msp_id *out)
{
	bson_iter_t it;
	const char *sta = bson_iter_init_find(&it, doc, "sta") && BSON_ITER_HOLDS_UTF8(&it) ? bson_iter_utf8(&it, NULL) : "";

	CHECK(context == &store);
	*out = msp_id_hash(sta, strlen(sta));
	return MSP_OK;
}

static uint32_t part_of(const struct msp_id *hash, uint32_t parts)
{
	uint64_t h = 0;

	for (int i = 0; i < 8; i++)
		h = h << 8 | hash->byte[i];
	return (uint32_t)(h % parts) + 1;
}

#define DIVIDED 120

struct met {
	uint32_t part[DIVIDED]; /* in which the document with this number is; 0: in none */
	unsigned n;
};

/* Of each part all documents. */
static void divide(const char *c, const struct msp_find *find, uint32_t parts, struct msp_part *p, struct met *met)
{
	struct msp_find f = *find;
	const bson_t *doc;
	struct msp_cursor *cursor;

	memset(met, 0, sizeof(*met));
	p->parts = parts;
	f.part = p;
	for (p->part = 1; p->part <= parts; p->part++) {
		int r = msp_store_find(store, c, &f, &cursor, &error), last = -1;

		for (; r == MSP_OK && (r = msp_cursor_next(cursor, &doc, &error)) == 1; r = MSP_OK) {
			bson_iter_t it;
			int n = bson_iter_init_find(&it, doc, "number") ? bson_iter_int32(&it) : 0;
			struct msp_id hash;

			CHECKF(n >= 0 && n < DIVIDED && met->part[n] == 0, "%d was in part %u, and is in %u", n, met->part[n], p->part);
			met->part[n] = p->part;
			met->n++;
			if (p->hash && by_sta(p->context, doc, &hash) == MSP_OK)
				CHECK(part_of(&hash, parts) == p->part);
			CHECKF(!f.sort || n > last, "%d after %d", n, last);
			last = n;
			CHECKF(!f.projection || !bson_has_field(doc, "sta"), "%d has sta", n);
		}
		CHECKF(r == 0, "%d: %s", r, error.text);
		msp_cursor_free(cursor);
	}
}

/* _ids of several types; documents of a few stations. The part is that of the _id's or the station's hash, whatever is asked besides. */
static void parts(const char *c)
{
	static const char *const id[] = {"", "'id", "{'a': "}, *const id_end[] = {"", "'", "}"};
	bson_t *some = json("{'number': {'$lt': 60}}"), *sort = json("{'number': 1}"), *numbers = json("{'number': 1}"), *sta = json("{'sta': 1}");
	struct msp_part p = {0};
	struct msp_find find = {0};
	struct met whole, met;
	struct msp_cursor *cursor;
	bson_t *doc[DIVIDED];

	CHECK(msp_store_drop(store, c, &error) == MSP_OK);
	for (int i = 0; i < DIVIDED; i++) {
		char text[100];

		snprintf(text, sizeof(text), "{'_id': %s%d%s, 'number': %d, 'sta': 'S%d'}", id[i % 3], i, id_end[i % 3], i, i % 7);
		doc[i] = json(text);
	}
	CHECKF(msp_store_insert(store, c, (const bson_t *const *)doc, DIVIDED, NULL, &error) == MSP_OK, "%s", error.text);
	for (uint32_t n = 1; n <= 10; n = 2 * n + 1) { /* 1, 3, 7 */
		for (int by = 0; by < 3; by++) {
			p.hash = by ? by_sta : NULL;
			p.context = &store;
			p.keys = by == 2 ? sta : NULL;
			find = (struct msp_find){.batch = 20};
			divide(c, &find, n, &p, &whole);
			CHECKF(whole.n == DIVIDED, "%u parts have %u documents", n, whole.n);
			find.filter = some;
			find.sort = sort;
			divide(c, &find, n, &p, &met);
			CHECKF(met.n == DIVIDED / 2 && memcmp(met.part, whole.part, DIVIDED / 2 * sizeof(*met.part)) == 0, "%u", met.n);
			find.projection = numbers;
			p.hash = NULL; /* the projection has no station to be looked at above */
			divide(c, &find, n, &p, &met);
			CHECKF(met.n == DIVIDED / 2, "%u", met.n);
		}
	}
	/* what the part of a document is, is the same everywhere */
	p.hash = NULL;
	divide(c, &(struct msp_find){.filter = some}, 5, &p, &met);
	CHECKF(met.part[0] == 3 && met.part[1] == 3 && met.part[2] == 4, "%u %u %u", met.part[0], met.part[1], met.part[2]);
	/* the limit is of the part */
	p.part = 2;
	p.parts = 4;
	find = (struct msp_find){.part = &p, .limit = 7, .batch = 3};
	CHECK(msp_store_find(store, c, &find, &cursor, &error) == MSP_OK);
	for (met.n = 0; msp_cursor_next(cursor, &(const bson_t *){NULL}, &error) == 1; met.n++)
		;
	CHECKF(met.n == 7, "%u", met.n);
	msp_cursor_free(cursor);
	p.part = 5;
	CHECK(msp_store_find(store, c, &find, &cursor, &error) == MSP_USAGE);
	drop_json(some);
	drop_json(sort);
	drop_json(numbers);
	drop_json(sta);
	for (int i = 0; i < DIVIDED; i++)
		drop_json(doc[i]);
}

/* Four processes: disjoint inserts, equal upserts, a counter. */
static int worker(int me)
{
	bson_t *counter = json("{'_id': 'counter'}"), *inc = json("{'$inc': {'n': 1}}");
	int bad = 0;

	if (msp_store_open(store_uri, MSP_STORE_WRITE, &store, &error) != MSP_OK) {
		fprintf(stderr, "worker: %s\n", error.text);
		return 1;
	}
	for (int i = 0; i < 50 && !bad; i++) {
		char text[80];

		snprintf(text, sizeof(text), "{'_id': %d, 'by': %d}", me * 1000 + i, me);
		bad |= add("together", text) != MSP_OK;
		snprintf(text, sizeof(text), "{'_id': 'same%d', 'i': %d}", i, i);
		bad |= put("together", text) != MSP_OK;
		bad |= msp_store_update(store, "together", counter, inc, 0, NULL, &error) != MSP_OK;
		if (bad)
			fprintf(stderr, "worker %d, round %d: %s\n", me, i, error.text);
	}
	drop_json(counter);
	drop_json(inc);
	return msp_store_close(store, &error) != MSP_OK || bad;
}

static void together(void)
{
	bson_t *inserted, *same;
	uint64_t n = 0;
	int status;

	CHECK(msp_store_drop(store, "together", &error) == MSP_OK && add("together", "{'_id': 'counter', 'n': 0}") == MSP_OK);
	CHECK(msp_store_close(store, &error) == MSP_OK);
	for (int i = 0; i < 4; i++)
		if (fork() == 0)
			_exit(worker(i));
	for (int i = 0; i < 4; i++)
		CHECK(wait(&status) > 0 && status == 0);
	CHECKF(msp_store_open(store_uri, MSP_STORE_WRITE, &store, &error) == MSP_OK, "%s", error.text);
	inserted = json("{'by': {'$exists': true}}");
	same = json("{'i': {'$exists': true}}");
	CHECKF(msp_store_count(store, "together", inserted, &n, &error) == MSP_OK && n == 200, "%u", (unsigned)n);
	CHECKF(msp_store_count(store, "together", same, &n, &error) == MSP_OK && n == 50, "%u", (unsigned)n);
	is("together", "{'_id': 'counter'}", NULL, "{'_id': 'counter', 'n': 200}");
	drop_json(inserted);
	drop_json(same);
}

/* ---- files ------------------------------------------------------------- */

static uint8_t byte_at(size_t i, unsigned seed)
{
	return (uint8_t)((i * 2654435761u + seed) >> 7);
}

static int write_file(const bson_value_t *id, size_t n, unsigned seed, unsigned flags)
{
	struct msp_put *p;
	uint8_t buf[7919];
	int r = msp_store_put(store, id, NULL, flags, &p, &error);

	for (size_t at = 0; r == MSP_OK && at < n; at += sizeof(buf)) {
		size_t k = n - at < sizeof(buf) ? n - at : sizeof(buf);

		for (size_t i = 0; i < k; i++)
			buf[i] = byte_at(at + i, seed);
		r = msp_put_write(p, buf, k, &error);
		if (r != MSP_OK)
			msp_put_abort(p);
	}
	return r == MSP_OK ? msp_put_close(p, &error) : r;
}

static int read_file(const bson_value_t *id, size_t n, unsigned seed)
{
	struct msp_get *g;
	uint8_t buf[10007];
	uint64_t length = 0;
	size_t at = 0, got = 1;
	int r = msp_store_get(store, id, &g, &length, &error);

	if (r != MSP_OK)
		return r;
	r = length == n ? MSP_OK : MSP_FAIL;
	while (r == MSP_OK && got) {
		r = msp_get_read(g, buf, sizeof(buf), &got, &error);
		for (size_t i = 0; r == MSP_OK && i < got; i++, at++)
			if (buf[i] != byte_at(at, seed))
				r = MSP_FAIL;
	}
	msp_get_free(g);
	return r == MSP_OK && at != n ? MSP_FAIL : r;
}

static uint64_t chunks(void)
{
	uint64_t n = 99;

	CHECK(msp_store_count(store, "fs.chunks", NULL, &n, &error) == MSP_OK);
	return n;
}

static void files(void)
{
	static const size_t sizes[] = {0, 1, MSP_STORE_CHUNK - 1, MSP_STORE_CHUNK, MSP_STORE_CHUNK + 1, 5 * MSP_STORE_CHUNK + 17, 20 * MSP_STORE_CHUNK};
	bson_t *two = json("{'n': 1}"), *doc;
	const bson_t *list[1];
	struct msp_put *p;
	bson_value_t id = {.value_type = BSON_TYPE_OID};
	bson_iter_t it;

	CHECK(msp_store_drop(store, "fs.files", &error) == MSP_OK && msp_store_drop(store, "fs.chunks", &error) == MSP_OK);
	bson_oid_init(&id.value.v_oid, NULL);
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		CHECKF(write_file(&id, sizes[i], (unsigned)i, i ? MSP_PUT_REPLACE : 0) == MSP_OK, "%s", error.text);
		CHECKF(read_file(&id, sizes[i], (unsigned)i) == MSP_OK, "%zu: %s", sizes[i], error.text);
	}
	CHECK(chunks() == 20);
	CHECK(write_file(&id, 10, 0, 0) == MSP_FAIL);
	CHECK(read_file(&id, 20 * MSP_STORE_CHUNK, 6) == MSP_OK);
	CHECKF(write_file(&id, MSP_STORE_CHUNK + 5, 9, MSP_PUT_REPLACE) == MSP_OK && chunks() == 2, "%s", error.text);
	/* an upload that is given up leaves nothing; the one that is there stays */
	CHECK(msp_store_put(store, &id, NULL, MSP_PUT_REPLACE, &p, &error) == MSP_OK);
	msp_put_abort(p);
	CHECK(read_file(&id, MSP_STORE_CHUNK + 5, 9) == MSP_OK);
	/* a chunk that is missing is said */
	CHECK(msp_store_delete(store, "fs.chunks", two, NULL, &error) == MSP_OK);
	CHECKF(read_file(&id, MSP_STORE_CHUNK + 5, 9) == MSP_CORRUPT, "%s", error.text);
	CHECK(msp_store_unput(store, &id, &error) == MSP_OK && chunks() == 0);
	CHECK(read_file(&id, 1, 1) == MSP_FAIL);
	/* what another program wrote, with _id of its own, is replaced too; an _id may be a string */
	doc = json("{'_id': 'mine', 'files_id': 'f', 'n': 0, 'data': {'$binary': {'base64': 'AAAA', 'subType': '00'}}}");
	list[0] = doc;
	CHECK(msp_store_insert(store, "fs.chunks", list, 1, NULL, &error) == MSP_OK);
	if (bson_iter_init_find(&it, doc, "files_id")) {
		CHECKF(write_file(bson_iter_value(&it), 3 * MSP_STORE_CHUNK, 4, 0) == MSP_OK, "%s", error.text);
		CHECKF(read_file(bson_iter_value(&it), 3 * MSP_STORE_CHUNK, 4) == MSP_OK && chunks() == 3, "%s", error.text);
	}
	drop_json(doc);
	drop_json(two);
}

static uint64_t how_many(const char *collection)
{
	uint64_t n = 0;

	CHECK(msp_store_count(store, collection, NULL, &n, &error) == MSP_OK);
	return n;
}

/* What a server has not it takes for done: all that was written is there in the end. */
static void transactions(void)
{
	bool server = strncmp(store_uri, "mongodb", 7) == 0;
	bson_t *all = json("{}");

	CHECK(msp_store_drop(store, "t", &error) == MSP_OK && msp_store_drop(store, "t2", &error) == MSP_OK);
	CHECK(msp_store_begin(store, &error) == MSP_OK);
	CHECK(put("t", "{'_id': 1}") == MSP_OK && put("t2", "{'_id': 1}") == MSP_OK && put("t", "{'_id': 1, 'a': 2}") == MSP_OK);
	CHECKF(msp_store_commit(store, &error) == MSP_OK, "%s", error.text);
	CHECK(how_many("t") == 1 && how_many("t2") == 1);
	want("t", "{'a': 2}", "1");
	/* undone, with the collection that was made */
	CHECK(msp_store_begin(store, &error) == MSP_OK);
	CHECK(put("t", "{'_id': 2}") == MSP_OK && put("t3", "{'_id': 1}") == MSP_OK && msp_store_delete(store, "t2", all, NULL, &error) == MSP_OK);
	msp_store_rollback(store);
	CHECK(how_many("t") == (server ? 2u : 1u) && how_many("t2") == (server ? 0u : 1u) && how_many("t3") == (server ? 1u : 0u));
	CHECK(put("t3", "{'_id': 2}") == MSP_OK && how_many("t3") == (server ? 2u : 1u));
	if (!server) {
		CHECK(msp_store_begin(store, &error) == MSP_OK && msp_store_begin(store, &error) == MSP_USAGE);
		msp_store_rollback(store);
		/* closed before it was committed: undone */
		CHECK(msp_store_begin(store, &error) == MSP_OK && put("t", "{'_id': 5}") == MSP_OK);
		CHECK(msp_store_close(store, &error) == MSP_OK && msp_store_open(store_uri, MSP_STORE_CREATE, &store, &error) == MSP_OK);
		CHECK(how_many("t") == 1);
	}
	drop_json(all);
}

int main(int argc, char **argv)
{
	bool all = !(argc == 3 && strcmp(argv[1], "-d") == 0);

	if (argc != 2 && all)
		return 2;
	store_uri = argv[argc - 1];
	if (msp_store_open(store_uri, MSP_STORE_CREATE, &store, &error) != MSP_OK) {
		fprintf(stderr, "%s\n", error.text);
		return 1;
	}
	filters("wf_TimeSeries");
	filters("anything");
	order();
	projection();
	distinct(all);
	documents();
	updates();
	deletes();
	indexes();
	many();
	in_their_places();
	parts("wf_TimeSeries");
	parts("anything");
	together();
	files();
	transactions();
	collections();
	CHECK(msp_store_close(store, &error) == MSP_OK);
	return unit_end("conformance");
}
