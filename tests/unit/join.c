/* Joins: epochs to the nanosecond, codes, several and missing matches, values of every type, hostile documents. */
#include "mspipe/join.h"
#include "unit.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[64] = "/tmp/mspipe-unit-join-XXXXXX";
static struct msp_store *store;

/* JSON, with ' for " */
static void parse(const char *text, bson_t *out)
{
	struct msp_error err = {0};
	char json[512];

	snprintf(json, sizeof(json), "%s", text);
	for (char *p = json; *p; p++)
		if (*p == '\'')
			*p = '"';
	CHECKF(msp_json_parse(json, strlen(json), out, NULL, &err) == MSP_OK, "%s: %s", json, err.text);
}

/* A fresh collection of documents. */
static void fill(const char *collection, const char *const *docs)
{
	struct msp_error err = {0};
	bson_t doc;
	const bson_t *d = &doc;

	CHECKF(msp_store_drop(store, collection, &err) == MSP_OK, "%s", err.text);
	for (; *docs; docs++) {
		parse(*docs, &doc);
		CHECKF(msp_store_insert(store, collection, &d, 1, NULL, &err) == MSP_OK, "%s", err.text);
		bson_destroy(&doc);
	}
}

#define FILL(collection, ...) fill(collection, (const char *const[]){__VA_ARGS__, NULL})

static struct msp_join *open_with(struct msp_join_options o)
{
	struct msp_error err = {0};
	struct msp_join *j;
	int s = msp_join_open(store, &o, &j, &err);

	CHECKF(s == MSP_OK, "%s", err.text);
	if (s != MSP_OK)
		exit(1);
	return j;
}

#define OPEN(...) open_with((struct msp_join_options){__VA_ARGS__})

/* The status of msp_join_open(), with the reason in why. */
static char why[MSP_ERROR_TEXT];
static int refused(struct msp_join_options o)
{
	struct msp_error err = {0};
	struct msp_join *j;
	int s = msp_join_open(store, &o, &j, &err);

	CHECK(s == MSP_OK || j == NULL);
	msp_join_free(j);
	snprintf(why, sizeof(why), "%s", err.text);
	return s;
}
#define REFUSED(...) refused((struct msp_join_options){__VA_ARGS__})

/* net.sta.loc.chan; loc NULL: no such key */
static void object(struct msp_object *o, const char *loc, const char *chan, msp_time start)
{
	CHECK(msp_object_reset(o, MSP_TIMESERIES, MSP_F64, 11) == MSP_OK);
	msp_bytes_free(&o->metadata);
	o->start = start;
	o->dt = 1;
	CHECK(msp_meta_set_string(o, "net", "IU") == MSP_OK && msp_meta_set_string(o, "sta", "ANMO") == MSP_OK);
	if (loc)
		CHECK(msp_meta_set_string(o, "loc", loc) == MSP_OK);
	CHECK(msp_meta_set_string(o, "chan", chan) == MSP_OK);
}

/* The joined value of channel_n, or minus the status. */
static int try(struct msp_join *j, struct msp_object *o)
{
	struct msp_error err = {0};
	struct msp_value v;
	char scratch[MSP_ID_TEXT];
	int s = msp_join_object(j, o, &err);

	snprintf(why, sizeof(why), "%s", err.text);
	CHECK((s == MSP_OK) == (err.text[0] == '\0'));
	if (s != MSP_OK)
		return s;
	msp_object_get(o, "channel_n", &v, scratch);
	return v.type == MSP_V_INT ? (int)v.u.i : v.type == MSP_V_UNDEFINED ? -100 : -101;
}

static int at(struct msp_join *j, const char *loc, const char *chan, msp_time t)
{
	struct msp_object o;
	int n;

	msp_object_init(&o);
	object(&o, loc, chan, t);
	n = try(j, &o);
	msp_object_free(&o);
	return n;
}

static bool has(const struct msp_object *o, const char *key)
{
	bson_iter_t it;

	return msp_meta_find(o, key, &it);
}

static void epochs(void)
{
	struct msp_join *j;
	struct msp_join_counts c;

	/* the edge between the first two is no whole number of seconds, nor exactly a double */
	FILL("channel", "{'net':'IU','sta':'ANMO','loc':'00','chan':'BHZ','starttime':1000000000,'endtime':1100000000.123456,'n':1}",
	     "{'net':'IU','sta':'ANMO','loc':'00','chan':'BHZ','starttime':1100000000.123456,'endtime':1200000000,'n':2}",
	     "{'net':'IU','sta':'ANMO','loc':'00','chan':'BHZ','starttime':1300000000,'endtime':null,'n':3}",
	     "{'net':'IU','sta':'ANMO','loc':'00','chan':'BHN','endtime':1200000000,'n':4}",
	     "{'net':'IU','sta':'ANMO','chan':'BHE','n':5}",
	     "{'net':'IU','sta':'ANMO','loc':'10','chan':'BHE','starttime':-2e300,'endtime':19880899199.0,'n':6}",
	     "{'net':'IU','sta':'ANMO','loc':'  ','chan':'LHZ','starttime':{'$date':{'$numberLong':'1000000000001'}},'n':7}");
	j = OPEN(.collection = "channel", .keys = "n");
	CHECK(at(j, "00", "BHZ", 999999999999999999) == MSP_KILL);
	CHECK(strcmp(why, "no match in channel: no document with its codes holds at its time") == 0);
	CHECK(at(j, "00", "BHZ", 1000000000 * MSP_NS) == 1);
	CHECK(at(j, "00", "BHZ", 1100000000123455999) == 1);
	CHECK(at(j, "00", "BHZ", 1100000000123456000) == 2);
	CHECK(at(j, "00", "BHZ", 1199999999999999999) == 2);
	CHECK(at(j, "00", "BHZ", 1200000000 * MSP_NS) == MSP_KILL);
	CHECK(at(j, "00", "BHZ", 1299999999999999999) == MSP_KILL);
	CHECK(at(j, "00", "BHZ", 1300000000 * MSP_NS) == 3);
	CHECK(at(j, "00", "BHZ", INT64_MAX - 11 * MSP_NS) == 3);
	CHECK(at(j, "00", "BHN", INT64_MIN + 1) == 4);
	CHECK(at(j, "00", "BHN", 1200000000 * MSP_NS) == MSP_KILL);
	/* no loc, blank loc, -- are the same */
	CHECK(at(j, NULL, "BHE", 0) == 5);
	CHECK(at(j, "", "BHE", 0) == 5);
	CHECK(at(j, "--", "BHE", 0) == 5);
	CHECK(at(j, "  ", "BHE", 0) == 5);
	CHECK(at(j, "10", "BHE", INT64_MAX - 11 * MSP_NS) == 6);
	CHECK(at(j, "10", "BHE ", INT64_MIN) == 6);
	CHECK(at(j, NULL, "LHZ", 1000000000000999999) == MSP_KILL);
	CHECK(at(j, NULL, "LHZ", 1000000000001000000) == 7);
	CHECK(at(j, "20", "BHE", 0) == MSP_KILL);
	CHECK(strcmp(why, "no match in channel: no document has its codes") == 0);
	CHECK(at(j, "00", "", 0) == MSP_KILL);
	/* ten seconds long: two of these outlast their epochs, and say so */
	msp_join_counts(j, &c);
	CHECK(c.documents == 7 && c.unused == 0 && c.straddling == 2 && c.unmatched == 7 && c.joined == 14);
	msp_join_free(j);
}

static void straddling(void)
{
	struct msp_object o;
	struct msp_log_entry log;
	struct msp_join *j = OPEN(.collection = "channel", .keys = "n", .algorithm = "test");

	msp_object_init(&o);
	object(&o, "00", "BHZ", 1199999989999999999); /* its last sample is a ns before the end */
	CHECK(try(j, &o) == 2 && msp_object_log_count(&o) == 0);
	o.start++;
	CHECK(try(j, &o) == 2 && msp_object_log_count(&o) == 1);
	CHECK(msp_object_log_get(&o, 0, &log) && strcmp(log.algorithm, "test") == 0 && strcmp(log.badness, "Suspect") == 0);
	CHECK(strstr(log.message, "ends at 2008-01-10T21:20:00Z, before the last sample"));
	msp_join_free(j);

	j = OPEN(.collection = "channel", .keys = "n", .whole = true);
	object(&o, "00", "BHZ", 1199999989999999999);
	CHECK(try(j, &o) == 2);
	o.start++;
	CHECK(try(j, &o) == MSP_KILL);
	msp_join_free(j);
	msp_object_free(&o);
}

static void ambiguous(void)
{
	static const char *const docs[] = {"{'_id':1,'net':'IU','sta':'ANMO','chan':'BHZ','starttime':0,'n':1}",
	                                   "{'_id':4,'net':'IU','sta':'ANMO','chan':'BHZ','starttime':100,'endtime':300,'n':2}",
	                                   "{'_id':3,'net':'IU','sta':'ANMO','chan':'BHZ','starttime':200,'endtime':300,'n':3}",
	                                   "{'_id':2,'net':'IU','sta':'ANMO','chan':'BHZ','starttime':200,'endtime':400,'n':4}", NULL};
	const int first[] = {1, 1, 1, 1}, last[] = {1, 2, 3, 4};
	struct msp_log_entry log;
	struct msp_object o;
	struct msp_join *j;

	msp_object_init(&o);
	fill("channel", docs);
	j = OPEN(.collection = "channel", .keys = "n");
	CHECK(at(j, NULL, "BHZ", 50 * MSP_NS) == 1);
	CHECK(at(j, NULL, "BHZ", 150 * MSP_NS) == MSP_KILL);
	CHECK(strcmp(why, "several documents of channel match: 1 and 4") == 0);
	CHECK(at(j, NULL, "BHZ", 350 * MSP_NS) == MSP_KILL);
	CHECK(at(j, NULL, "BHZ", 400 * MSP_NS) == 1);
	msp_join_free(j);
	for (int k = 0; k < 4; k++) {
		j = OPEN(.collection = "channel", .keys = "n", .ambiguous = MSP_JOIN_FIRST);
		CHECK(at(j, NULL, "BHZ", (50 + 100 * k) * MSP_NS) == first[k]);
		msp_join_free(j);
		j = OPEN(.collection = "channel", .keys = "n", .ambiguous = MSP_JOIN_LAST);
		CHECK(at(j, NULL, "BHZ", (50 + 100 * k) * MSP_NS) == last[k]);
		msp_join_free(j);
	}
	j = OPEN(.collection = "channel", .keys = "n", .ambiguous = MSP_JOIN_LAST);
	object(&o, NULL, "BHZ", 350 * MSP_NS);
	CHECK(try(j, &o) == 4 && msp_object_log_get(&o, 0, &log) && strcmp(log.badness, "Complaint") == 0);
	CHECK(strcmp(log.message, "several documents of channel match: 2 was taken, not 1") == 0);
	msp_join_free(j);
	msp_object_free(&o);
}

/* Against a search through all documents. */
static void random_epochs(void)
{
	enum { N = 40 };
	int from[N], to[N];
	char text[N][160];
	const char *docs[N + 1] = {NULL};
	struct msp_join *j;

	srand(7);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < N; i++) {
			from[i] = rand() % 1000;
			to[i] = from[i] + 1 + rand() % (round % 2 ? 30 : 300);
			snprintf(text[i], sizeof(text[i]), "{'_id':%d,'net':'IU','sta':'ANMO','chan':'BHZ','starttime':%d,'endtime':%d,'n':%d}", i,
			         from[i], to[i], i);
			docs[i] = text[i];
		}
		fill("channel", docs);
		for (int what = MSP_JOIN_KILL; what <= MSP_JOIN_LAST; what++) {
			j = OPEN(.collection = "channel", .keys = "n", .ambiguous = what);
			for (int t = 0; t < 1350; t += 1 + rand() % 20) {
				int first = -1, last = -1, n = 0, want;

				for (int i = 0; i < N; i++) {
					if (from[i] > t || t >= to[i])
						continue;
					n++;
					if (first < 0 || from[i] < from[first])
						first = i;
					if (last < 0 || from[i] >= from[last])
						last = i;
				}
				want = n == 0 || (n > 1 && what == MSP_JOIN_KILL) ? MSP_KILL : what == MSP_JOIN_LAST ? last : first;
				CHECKF(at(j, NULL, "BHZ", t * MSP_NS) == want, "round %d, t %d", round, t);
			}
			msp_join_free(j);
		}
	}
}

static void levels(void)
{
	struct msp_join *j;
	struct msp_object o;

	/* a document without loc is for the whole station, where none is for the location */
	FILL("site", "{'net':'IU','sta':'ANMO','n':1}", "{'net':'IU','sta':'ANMO','loc':'10','starttime':100,'n':2}",
	     "{'net':'IU','sta':'ANMO','loc':'','endtime':100,'n':3}");
	j = OPEN(.collection = "site", .keys = "n:channel_n");
	CHECK(at(j, "00", "BHZ", 0) == 1);
	CHECK(at(j, "10", "BHZ", 100 * MSP_NS) == 2);
	CHECK(at(j, "10", "BHZ", 100 * MSP_NS - 1) == 1);
	CHECK(at(j, NULL, "BHZ", 0) == 3);
	CHECK(at(j, NULL, "BHZ", 100 * MSP_NS) == 1);
	msp_object_init(&o);
	object(&o, "10", "BHZ", 100 * MSP_NS);
	CHECK(msp_meta_unset(&o, "chan") == MSP_OK && try(j, &o) == 2); /* as a seismogram has none */
	CHECK(msp_meta_unset(&o, "sta") == MSP_OK && try(j, &o) == MSP_KILL);
	CHECK(strcmp(why, "no match in site: it has no sta") == 0);
	CHECK(msp_meta_set_int(&o, "sta", 34) == MSP_OK && try(j, &o) == MSP_KILL);
	CHECK(strcmp(why, "no match in site: its sta is no string") == 0);
	msp_object_free(&o);
	msp_join_free(j);
}

static void times(void)
{
	struct msp_join *j;
	struct msp_object o;

	FILL("channel", "{'net':'IU','sta':'ANMO','chan':'BHZ','starttime':1000,'endtime':2000,'n':1}");
	j = OPEN(.collection = "channel", .keys = "n");
	msp_object_init(&o);
	object(&o, NULL, "BHZ", 1500 * MSP_NS);
	msp_object_ator(&o, 1400 * MSP_NS);
	CHECK(o.relative && o.start == 100 * MSP_NS && try(j, &o) == 1);
	o.shift_valid = false;
	CHECK(try(j, &o) == MSP_KILL && strcmp(why, "no match in channel: its time is relative and cannot be made UTC") == 0);
	msp_join_free(j);

	/* origins */
	FILL("source", "{'_id':1,'time':1000,'n':1}", "{'_id':2,'time':1010.5,'n':2}", "{'_id':3,'time':1020,'n':3}",
	     "{'_id':4,'time':1020,'n':4}", "{'_id':5,'n':5}", "{'_id':6,'time':'1000','n':6}",
	     "{'_id':7,'time':{'$numberDouble':'NaN'}}");
	j = OPEN(.collection = "source", .match = "origin:5", .keys = "n:channel_n");
	CHECK(at(j, NULL, "BHZ", 995 * MSP_NS) == 1);
	CHECK(at(j, NULL, "BHZ", 995 * MSP_NS - 1) == MSP_KILL);
	CHECK(at(j, NULL, "BHZ", 1005 * MSP_NS) == 1);
	CHECK(at(j, NULL, "BHZ", 1005 * MSP_NS + 1) == MSP_KILL);
	CHECK(strcmp(why, "no match in source: no document's time is near enough") == 0);
	CHECK(at(j, NULL, "BHZ", 1005500000000 - 1) == MSP_KILL);
	CHECK(at(j, NULL, "BHZ", 1005500000000) == 2);
	CHECK(at(j, NULL, "BHZ", 1015250000000 - 1) == 2);
	CHECK(at(j, NULL, "BHZ", 1015250000000) == MSP_KILL && strstr(why, "several")); /* 4.75 s from three */
	CHECK(at(j, NULL, "BHZ", 1015250000000 + 1) == MSP_KILL);
	CHECK(at(j, NULL, "BHZ", 1020 * MSP_NS) == MSP_KILL);
	CHECK(strcmp(why, "several documents of source match: 3 and 4") == 0);
	CHECK(at(j, NULL, "BHZ", INT64_MIN) == MSP_KILL && at(j, NULL, "BHZ", INT64_MAX - 11 * MSP_NS) == MSP_KILL);
	msp_join_free(j);
	j = OPEN(.collection = "source", .match = "origin:6", .keys = "n:channel_n", .unique = true, .ambiguous = MSP_JOIN_LAST);
	CHECK(at(j, NULL, "BHZ", 1005 * MSP_NS) == 2);
	CHECK(at(j, NULL, "BHZ", 1004 * MSP_NS) == 1);
	msp_join_free(j);
	j = OPEN(.collection = "source", .match = "origin:0", .keys = "n:channel_n", .offset = 200, .ambiguous = MSP_JOIN_LAST);
	CHECK(at(j, NULL, "BHZ", 1200 * MSP_NS) == 1 && at(j, NULL, "BHZ", 1220 * MSP_NS) == 4);
	msp_join_free(j);
	j = OPEN(.collection = "source", .match = "origin:1s", .keys = "n:channel_n", .object_time = "starttime_shift");
	object(&o, NULL, "BHZ", 1500 * MSP_NS);
	CHECK(try(j, &o) == MSP_KILL && strcmp(why, "no match in source: it has no time \"starttime_shift\"") == 0);
	msp_object_ator(&o, 1000 * MSP_NS);
	CHECK(try(j, &o) == 1);
	msp_join_free(j);
	msp_object_free(&o);
}

static void arrivals(void)
{
	struct msp_join *j;
	struct msp_object o;

	FILL("arrival", "{'net':'IU','sta':'ANMO','time':100.5,'phase':'P','n':1}", "{'sta':'ANMO','time':200,'phase':'P','n':2}",
	     "{'net':'II','sta':'ANMO','time':300,'phase':'P','n':3}", "{'net':'IU','sta':'ANMO','time':400,'phase':'P','n':4}",
	     "{'net':'IU','sta':'ANMO','time':405,'phase':'S','n':5}");
	j = OPEN(.collection = "arrival", .keys = "n:channel_n,phase,time");
	msp_object_init(&o);
	CHECK(at(j, NULL, "BHZ", 100 * MSP_NS) == 1);
	CHECK(at(j, NULL, "BHZ", 100500000000) == 1 && at(j, NULL, "BHZ", 100500000001) == MSP_KILL);
	CHECK(strcmp(why, "no match in arrival: no document of its station has a time in its span") == 0);
	CHECK(at(j, NULL, "BHZ", 90500000000) == 1 && at(j, NULL, "BHZ", 90499999999) == MSP_KILL);
	CHECK(at(j, NULL, "BHZ", 195 * MSP_NS) == 2);
	CHECK(at(j, NULL, "BHZ", 295 * MSP_NS) == MSP_KILL);
	CHECK(at(j, NULL, "BHZ", 393 * MSP_NS) == 4);
	CHECK(at(j, NULL, "BHZ", 396 * MSP_NS) == MSP_KILL && strstr(why, "several"));
	msp_join_free(j);
	j = OPEN(.collection = "arrival", .ambiguous = MSP_JOIN_FIRST);
	object(&o, NULL, "BHZ", 396 * MSP_NS);
	CHECK(try(j, &o) == -100 && strcmp(msp_meta_string(&o, "arrival_phase", ""), "P") == 0);
	msp_join_free(j);
	msp_object_free(&o);
}

static void equality(void)
{
	static const struct {
		const char *document, *object; /* values as JSON */
		bool equal;
	} t[] = {
		{"5", "5", true}, {"5", "5.0", true}, {"5.0", "5", true}, {"-0.0", "0", true}, {"5", "{'$numberLong':'5'}", true},
		{"9007199254740993", "9007199254740992.0", false}, {"9007199254740993", "9007199254740993", true},
		{"9223372036854775807", "9223372036854775808.0", false}, {"0.1", "0.1", true}, {"'5'", "5", false}, {"true", "1", false},
		{"true", "true", true}, {"false", "true", false}, {"'a'", "'a'", true}, {"'a'", "'A'", false}, {"''", "''", true},
		{"'a\\u0000b'", "'a'", false}, {"'a\\u0000b'", "'a\\u0000b'", true},
		{"{'$oid':'0123456789abcdef01234567'}", "{'$oid':'0123456789abcdef01234567'}", true},
		{"{'$oid':'0123456789abcdef01234567'}", "'0123456789abcdef01234567'", false}, {"[1,2]", "[1,2]", true}, {"[1,2]", "1", false},
		{"{'a':1}", "{'a':1}", true}, {"{'$numberDouble':'Infinity'}", "{'$numberDouble':'Infinity'}", true},
		{"1e300", "1e300", true}, {"{'$date':'2010-01-01T00:00:00Z'}", "{'$date':'2010-01-01T00:00:00Z'}", true},
	};
	struct msp_object o;
	struct msp_join *j;

	msp_object_init(&o);
	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		char text[200];
		bson_t doc;
		int s;

		snprintf(text, sizeof(text), "{'k':{'x':%s},'two':2,'n':1}", t[i].document);
		FILL("table", text);
		j = OPEN(.collection = "table", .match = "a.b=k.x,second=two", .keys = "n:channel_n");
		object(&o, NULL, "BHZ", 0);
		snprintf(text, sizeof(text), "{'a':{'b':%s},'second':2.0}", t[i].object);
		parse(text, &doc);
		CHECK(msp_bytes_set(&o.metadata, bson_get_data(&doc), doc.len) == MSP_OK);
		bson_destroy(&doc);
		s = try(j, &o);
		CHECKF(s == (t[i].equal ? 1 : MSP_KILL), "%s and %s: %d %s", t[i].document, t[i].object, s, why);
		msp_join_free(j);
	}
	/* times are equal to the microsecond, whichever form they have */
	FILL("table", "{'time':1299823506.024998,'n':1}", "{'time':{'$numberDouble':'NaN'},'n':2}");
	j = OPEN(.collection = "table", .match = "starttime=time", .keys = "n:channel_n");
	CHECK(at(j, NULL, "BHZ", 1299823506024998000) == 1 && at(j, NULL, "BHZ", 1299823506024999000) == MSP_KILL);
	msp_join_free(j);
	/* two of the same values */
	FILL("table", "{'_id':1,'k':1,'n':1}", "{'_id':0,'k':1,'n':0}", "{'_id':3,'k':null}", "{'_id':4}");
	j = OPEN(.collection = "table", .match = "k=k", .keys = "n:channel_n", .ambiguous = MSP_JOIN_FIRST);
	object(&o, NULL, "BHZ", 0);
	CHECK(try(j, &o) == MSP_KILL && strcmp(why, "no match in table: it has no key \"k\"") == 0);
	CHECK(msp_meta_set_double(&o, "k", NAN) == MSP_OK && try(j, &o) == MSP_KILL);
	CHECK(msp_meta_set_double(&o, "k", 1) == MSP_OK && try(j, &o) == 0);
	msp_join_free(j);
	msp_object_free(&o);
}

static void put(void)
{
	struct msp_join *j;
	struct msp_object o;
	struct msp_value v = {.type = MSP_V_INT};
	struct msp_bytes before = {0};
	bson_iter_t it;

	FILL("channel", "{'_id':{'$oid':'0123456789abcdef01234567'},'net':'IU','sta':'ANMO','chan':'BHZ',"
	     "'starttime':{'$date':'2010-01-01T00:00:00Z'},"
	     "'lat':34,'lon':-106.5,'elev':1.5,'hang':null,'vang':'up','response':{'gain':2},'n':1}",
	     "{'_id':2,'net':'IU','sta':'ANMO','chan':'BHN','lat':{'$numberDouble':'NaN'},'lon':1,'elev':1}",
	     "{'_id':3,'net':'IU','sta':'ANMO','chan':'BHE','lat':1,'elev':1}");
	msp_object_init(&o);
	j = OPEN(.collection = "channel");
	object(&o, NULL, "BHZ", 1300000000 * MSP_NS);
	CHECK(try(j, &o) == -100);
	CHECK(msp_meta_find(&o, "channel_id", &it) && BSON_ITER_HOLDS_OID(&it));
	CHECK(msp_meta_find(&o, "channel.lat", &it) && BSON_ITER_HOLDS_INT32(&it) && strcmp(bson_iter_key(&it), "channel_lat") == 0);
	CHECK(msp_meta_find(&o, "channel_starttime", &it) && BSON_ITER_HOLDS_DOUBLE(&it));
	CHECK(!has(&o, "channel_hang") && !has(&o, "channel_vang") && !has(&o, "channel_n"));
	CHECK(msp_bson_valid(o.metadata.data, o.metadata.len));
	/* joined again: nothing is doubled */
	CHECK(msp_bytes_append(&before, o.metadata.data, o.metadata.len) == MSP_OK && try(j, &o) == -100);
	CHECK(before.len == o.metadata.len && memcmp(before.data, o.metadata.data, before.len) == 0);
	/* a key that is there keeps its place, in whichever spelling */
	object(&o, NULL, "BHZ", 1300000000 * MSP_NS);
	v.u.i = 9;
	CHECK(msp_meta_set(&o, "channel.lat", &v, NULL) == MSP_OK && try(j, &o) == -100);
	CHECK(msp_meta_find(&o, "channel_lat", &it) && bson_iter_int32(&it) == 34 && strcmp(bson_iter_key(&it), "lat") == 0);
	/* an object without any keys but those of a bracket's time */
	object(&o, NULL, "BHN", 0);
	CHECK(msp_bytes_set(&before, o.metadata.data, o.metadata.len) == MSP_OK);
	CHECK(try(j, &o) == MSP_KILL && strcmp(why, "channel 2: lat is no number") == 0);
	CHECK(before.len == o.metadata.len && memcmp(before.data, o.metadata.data, before.len) == 0);
	object(&o, NULL, "BHE", 0);
	CHECK(try(j, &o) == MSP_KILL && strcmp(why, "channel 3 has no lon") == 0);
	o.live = false;
	CHECK(try(j, &o) == -100 && msp_object_log_count(&o) == 0);
	msp_join_free(j);
	j = OPEN(.collection = "channel", .optional = true);
	object(&o, NULL, "BHE", 0);
	CHECK(try(j, &o) == -100 && has(&o, "channel_lat") && !has(&o, "channel_lon"));
	object(&o, NULL, "XXX", 0);
	CHECK(try(j, &o) == -100 && !has(&o, "channel_id"));
	msp_join_free(j);
	j = OPEN(.collection = "channel", .keys = "response.gain,lat:stla,`lon`:stlo,edepth?:dep,edepth:dop?");
	object(&o, NULL, "BHZ", 1300000000 * MSP_NS);
	CHECK(try(j, &o) == -100 && has(&o, "channel_response_gain") && has(&o, "stla"));
	CHECK(!has(&o, "dep"));
	msp_join_free(j);
	/* a bracket: by its metadata */
	j = OPEN(.collection = "channel", .match = "id", .keys = "lat");
	CHECK(msp_object_reset(&o, MSP_ENSEMBLE_BEGIN, MSP_NONE, 0) == MSP_OK);
	msp_bytes_free(&o.metadata);
	CHECK(msp_meta_set_int(&o, "channel_id", 3) == MSP_OK && try(j, &o) == -100 && has(&o, "channel_lat"));
	msp_join_free(j);
	/* another collection: all that is flat */
	FILL("notes", "{'_id':1,'sta':'ANMO','a.b':1,'a_b':2,'c':[1],'d':{'e':1},'f':null,'':5,'g':'x'}");
	j = OPEN(.collection = "notes", .match = "sta=sta");
	object(&o, NULL, "BHZ", 0);
	CHECK(try(j, &o) == -100 && has(&o, "notes_g") && has(&o, "notes_id") && has(&o, "notes_sta"));
	CHECK(!has(&o, "notes_c") && !has(&o, "notes_d") && !has(&o, "notes_f"));
	CHECK(msp_bson_valid(o.metadata.data, o.metadata.len));
	msp_join_free(j);
	msp_bytes_free(&before);
	msp_object_free(&o);
}

/* Whatever keys an object has already, it gets what msp_meta_set() would give it. */
static void over_others(void)
{
	static const char *const there[] = {"channel_a", "channel.a", "channel", "channel_a_b", "channel.a_b",
	                                    "channel_c", "chan",      "channels", "x"};
	static const char *const values[] = {"1", "{'a':2}", "{'a':{'b':3}}", "{'b':4,'c':5}", "[6,7]", "'text'", "{'a.b':8}"};
	static const char *const put[] = {"a", "a_b", "c"};
	enum { THERE = sizeof(there) / sizeof(there[0]), VALUES = sizeof(values) / sizeof(values[0]) };
	struct msp_object o, want;
	struct msp_join *j;

	FILL("channel", "{'_id':1,'a':10,'a_b':'eleven','c':{'d':12}}");
	j = OPEN(.collection = "channel", .match = "k=_id", .keys = "a,a_b,c");
	msp_object_init(&o);
	msp_object_init(&want);
	srand(3);
	for (int i = 0; i < 20000; i++) {
		bson_t meta = BSON_INITIALIZER, one;
		bson_iter_t it;
		struct msp_value v = {.type = MSP_V_INT};

		BSON_APPEND_INT32(&meta, "k", 1);
		for (int k = rand() % 5; k > 0; k--) {
			char text[64];

			snprintf(text, sizeof(text), "{'v':%s}", values[rand() % VALUES]);
			parse(text, &one);
			CHECK(bson_iter_init_find(&it, &one, "v") && bson_append_iter(&meta, there[rand() % THERE], -1, &it));
			bson_destroy(&one);
		}
		CHECK(msp_object_reset(&o, MSP_TIMESERIES, MSP_F64, 0) == MSP_OK);
		CHECK(msp_object_reset(&want, MSP_TIMESERIES, MSP_F64, 0) == MSP_OK);
		CHECK(msp_bytes_set(&o.metadata, bson_get_data(&meta), meta.len) == MSP_OK);
		CHECK(msp_bytes_set(&want.metadata, bson_get_data(&meta), meta.len) == MSP_OK);
		parse("{'a':10,'a_b':'eleven','c':{'d':12}}", &one);
		for (int k = 0; k < 3; k++) {
			char name[32];

			snprintf(name, sizeof(name), "channel_%s", put[k]);
			CHECK(bson_iter_init_find(&it, &one, put[k]));
			msp_value_of_iter(&it, &v);
			CHECK(msp_meta_set(&want, name, &v, NULL) == MSP_OK);
		}
		CHECK(msp_join_object(j, &o, NULL) == MSP_OK);
		CHECKF(o.metadata.len == want.metadata.len && memcmp(o.metadata.data, want.metadata.data, o.metadata.len) == 0, "%d: %s", i,
		       bson_as_json(&meta, NULL));
		bson_destroy(&one);
		bson_destroy(&meta);
	}
	msp_join_free(j);
	msp_object_free(&o);
	msp_object_free(&want);
}

static void hostile(void)
{
	struct msp_join_counts c;
	struct msp_join *j;
	char text[512];

	FILL("channel", "{'_id':1,'net':'IU','sta':'ANMO','chan':'BHZ','starttime':'2010-01-01'}",
	     "{'_id':2,'net':'IU','sta':34,'chan':'BHZ'}",
	     "{'_id':3,'net':'IU','sta':'ANMO','chan':'BHZ','endtime':[1,2]}", "{'_id':4,'net':'IU','chan':'BHZ'}",
	     "{'_id':5,'net':'IU','sta':'ANMO'}", "{'_id':6,'net':'IU','sta':'AN\\u0000MO','chan':'BHZ'}",
	     "{'_id':7,'net':'IU','sta':'ANMO','chan':'BHZ','starttime':5,'endtime':5}",
	     "{'_id':8,'net':'IU','sta':'ANMO','chan':'BHZ','starttime':{'$numberDouble':'NaN'}}",
	     "{'_id':9,'net':'IU','sta':'ANMO','chan':'BHZ','starttime':1e300}",
	     "{'_id':10,'net':['IU'],'sta':'ANMO','chan':'BHZ'}",
	     "{'_id':11,'net':'IU','sta':'ANMO','chan':'\\u0027); drop table channel; --','n':11}");
	j = OPEN(.collection = "channel", .keys = "n");
	msp_join_counts(j, &c);
	CHECKF(c.documents == 2 && c.unused == 9, "%d", (int)c.unused);
	CHECK(msp_join_remark(j, 0, text, sizeof(text)) &&
	      strcmp(text, "channel: 9 documents cannot be used: of 1, its starttime is no time") == 0);
	CHECK(!msp_join_remark(j, 1, text, sizeof(text)));
	CHECK(at(j, NULL, "BHZ", 0) == MSP_KILL); /* not the one whose sta goes on behind a NUL */
	CHECK(at(j, NULL, "'); drop table channel; --", 0) == 11);
	CHECK(msp_join_remark(j, 1, text, sizeof(text)) && strcmp(text, "channel: 1 object without a match: killed") == 0);
	msp_join_free(j);
}

static void refusals(void)
{
	static const char *const match[] = {"",   "seeds", "origin", "origin:", "origin:-1", "origin:nan", "a=",
	                                    "=b", "a=b,",  "a=b c=d", "id,seed", "origin:5,6"};
	static const char *const keys[] = {"", "lat,", ",lat", "lat lon", "lat:", "lat:a.b", "lat:starttime", "lat,lat",
	                                   "lat,lon:channel_lat", "lat::x", "lat?x"};

	FILL("channel", "{'net':'IU','sta':'ANMO','chan':'BHZ'}");
	for (size_t i = 0; i < sizeof(match) / sizeof(match[0]); i++)
		CHECKF(REFUSED(.collection = "channel", .match = match[i]) == MSP_USAGE && *why, "%s", match[i]);
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		CHECKF(REFUSED(.collection = "channel", .keys = keys[i]) == MSP_USAGE && *why, "%s", keys[i]);
	CHECK(REFUSED(.collection = "nothing") == MSP_FAIL && strstr(why, "nothing: no documents"));
	FILL("channel", "{'_id':1,'net':'IU'}");
	CHECK(REFUSED(.collection = "channel") == MSP_FAIL && strstr(why, "no document can be used: of 1, it has no sta"));
}

static void lists(void)
{
	struct msp_join_options o = {.optional = true};
	struct msp_error err = {0};
	struct msp_joins all;
	struct msp_object obj;

	FILL("channel", "{'net':'IU','sta':'ANMO','chan':'BHZ','lat':1,'lon':2,'elev':3}");
	FILL("site", "{'net':'IU','sta':'ANMO','lat':1,'lon':2,'elev':3}");
	FILL("source", "{'time':10,'lat':1,'lon':2,'depth':3}");
	CHECK(msp_joins_open(store, "channel,site:net=net,sta=sta,source:origin:10", &o, &all, &err) == MSP_OK && all.n == 3);
	msp_object_init(&obj);
	object(&obj, NULL, "BHZ", 0);
	CHECK(msp_joins_object(&all, &obj, &err) == MSP_OK);
	CHECK(has(&obj, "channel_lat") && has(&obj, "site_lat") && has(&obj, "source_depth"));
	msp_joins_free(&all);
	CHECK(msp_joins_open(store, "channel,", &o, &all, &err) == MSP_USAGE && all.n == 0);
	CHECK(msp_joins_open(store, "", &o, &all, &err) == MSP_USAGE);
	CHECK(msp_joins_open(store, "channel:what", NULL, &all, &err) == MSP_USAGE);
	CHECK(msp_joins_open(store, "channel,nothing", NULL, &all, &err) == MSP_FAIL);
	msp_object_free(&obj);
}

/* Has the document with that _id of wf_miniseed a key with that value, as text? No key: no text. */
static bool is(int id, const char *key, const char *want)
{
	struct msp_error err = {0};
	struct msp_bytes text = {0};
	struct msp_find find = {0};
	struct msp_cursor *c;
	struct msp_value v;
	const bson_t *doc;
	bson_iter_t it;
	bson_t filter;
	char json[32];
	bool same;

	snprintf(json, sizeof(json), "{'_id':%d}", id);
	parse(json, &filter);
	find.filter = &filter;
	CHECKF(msp_store_find(store, "wf_miniseed", &find, &c, &err) == MSP_OK && msp_cursor_next(c, &doc, &err) == 1, "%s", err.text);
	if (bson_iter_init_find(&it, doc, key)) {
		msp_value_of_iter(&it, &v);
		CHECK(msp_value_text(&v, &text) == MSP_OK);
	}
	same = text.len == strlen(want) && (text.len == 0 || memcmp(text.data, want, text.len) == 0);
	msp_cursor_free(c);
	bson_destroy(&filter);
	msp_bytes_free(&text);
	return same;
}

static void documents(void)
{
	struct msp_join_updated u;
	struct msp_error err = {0};
	struct msp_choice some = {0};
	struct msp_join_counts c;
	struct msp_join *j;
	char remark[256];
	bson_t filter;

	FILL("channel", "{'_id':'a','net':'IU','sta':'ANMO','chan':'BHZ','starttime':0,'endtime':1000,'lat':1}",
	     "{'_id':'b','net':'IU','sta':'ANMO','chan':'BHZ','starttime':1000,'lat':2}",
	     "{'_id':'c','net':'IU','sta':'TUC','chan':'BHZ'}", "{'_id':'d','net':'IU','sta':'TUC','chan':'BHZ'}");
	FILL("wf_miniseed", "{'_id':1,'net':'IU','sta':'ANMO','chan':'BHZ','starttime':10.0,'delta':1.0,'npts':5,'x':1}",
	     "{'_id':2,'net':'IU','sta':'ANMO','chan':'BHZ','starttime':999.0,'delta':1.0,'npts':5,'x':1}",
	     "{'_id':3,'net':'IU','sta':'ANMO','chan':'BHZ','starttime':1000,'delta':1.0,'npts':5,'channel_id':'b'}",
	     "{'_id':4,'net':'IU','sta':'NONE','chan':'BHZ','starttime':10.0,'delta':1.0,'npts':5,'channel_id':'old'}",
	     "{'_id':5,'net':'IU','sta':'TUC','chan':'BHZ','starttime':10.0,'delta':1.0,'npts':5}",
	     "{'_id':6,'net':'IU','sta':'ANMO','chan':'BHZ','starttime':-5.0,'delta':1.0,"
	     "'time_standard':'Relative','starttime_shift':1000.0}",
	     "{'_id':7,'net':'IU','sta':'ANMO','chan':'BHZ','starttime':5.0,'time_standard':'Relative','delta':1.0}",
	     "{'_id':8}",
	     "{'_id':9,'net':'IU','sta':'ANMO','chan':'BHZ','starttime':'x','delta':'y','npts':-5}");
	j = OPEN(.collection = "channel", .keys = "_id");
	parse("{'x':1}", &filter);
	some.filter = &filter;
	CHECKF(msp_join_update(j, store, "wf_miniseed", &some, &u, &err) == MSP_OK, "%s", err.text);
	bson_destroy(&filter);
	CHECK(u.documents == 2 && u.matched == 2 && u.changed == 2);
	CHECK(is(1, "channel_id", "a") && is(2, "channel_id", "a"));
	CHECK(is(6, "channel_id", ""));
	msp_join_free(j);

	j = OPEN(.collection = "channel", .keys = "_id");
	CHECK(msp_join_update(j, store, "wf_miniseed", NULL, &u, &err) == MSP_OK);
	CHECKF(u.documents == 9 && u.matched == 4 && u.changed == 1, "%d %d %d", (int)u.documents, (int)u.matched, (int)u.changed);
	CHECK(is(6, "channel_id", "a") && is(4, "channel_id", "old"));
	CHECK(is(5, "channel_id", ""));
	msp_join_counts(j, &c);
	CHECK(c.joined == 4 && c.ambiguous == 1 && c.unmatched == 4 && c.straddling == 1);
	CHECK(msp_join_remark(j, 0, remark, sizeof(remark)));
	CHECK(strcmp(remark, "channel: 4 waveforms without a match: left unchanged") == 0);
	CHECK(msp_join_update(j, store, "wf_miniseed", NULL, &u, &err) == MSP_OK && u.matched == 4 && u.changed == 0);
	msp_join_free(j);

	j = OPEN(.collection = "channel", .keys = "_id,lat?", .ambiguous = MSP_JOIN_LAST);
	CHECK(msp_join_update(j, store, "wf_miniseed", NULL, &u, &err) == MSP_OK && u.matched == 5 && u.changed == 5);
	CHECK(is(5, "channel_id", "d") && is(3, "channel_lat", "2"));
	CHECK(msp_join_update(j, store, "nothing", NULL, &u, &err) == MSP_OK && u.documents == 0);
	msp_join_free(j);
}

int main(void)
{
	struct msp_error err = {0};
	int fd = mkstemp(path);

	if (fd < 0)
		return 1;
	close(fd);
	unlink(path);
	snprintf(path + strlen(path), sizeof(path) - strlen(path), ".msdb");
	if (msp_store_open(path, MSP_STORE_CREATE, &store, &err) != MSP_OK) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	epochs();
	straddling();
	ambiguous();
	random_epochs();
	levels();
	times();
	arrivals();
	equality();
	put();
	over_others();
	hostile();
	refusals();
	lists();
	documents();
	CHECK(msp_store_close(store, &err) == MSP_OK);
	unlink(path);
	return unit_end("join");
}
