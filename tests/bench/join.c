/* join DIRECTORY - how fast objects are joined with channels: 100 000 of 500 stations with 3 epochs each, against a query of the
 * store for each object (of which fewer are made, since they take longer). Prints "joins_per_s queries_per_s ns_of_copying", the
 * last being the time that a copy of an object's metadata takes, which a join needs in any case. */
#include "bench.h"

#include "mspipe/join.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STATIONS 500
#define EPOCHS 3
#define OBJECTS 100000
#define QUERIES 5000

static struct msp_object object[OBJECTS];

static void die(const char *what)
{
	fprintf(stderr, "join: %s\n", what);
	exit(1);
}

static void name(int station, char sta[8])
{
	snprintf(sta, 8, "S%04d", station % 10000);
}

static void fill(struct msp_store *s)
{
	struct msp_error err = {0};

	for (int i = 0; i < STATIONS * EPOCHS; i++) {
		int e = i % EPOCHS;
		char sta[8];
		bson_t *d;
		const bson_t *doc;

		name(i / EPOCHS, sta);
		d = BCON_NEW("_id", BCON_INT32(i), "net", "XX", "sta", sta, "loc", "00", "chan", "BHZ", "lat", BCON_DOUBLE(i * 0.01), "lon",
		             BCON_DOUBLE(i * 0.02), "elev", BCON_DOUBLE(0.5), "edepth", BCON_DOUBLE(0), "hang", BCON_DOUBLE(0), "vang",
		             BCON_DOUBLE(0), "starttime", BCON_DOUBLE(1e9 + 1e8 * e), "endtime", BCON_DOUBLE(1e9 + 1e8 * (e + 1)));
		doc = d;
		if (msp_store_insert(s, "channel", &doc, 1, NULL, &err) != MSP_OK)
			die(err.text);
		bson_destroy(d);
	}
}

static void make_objects(void)
{
	srand(1);
	for (int i = 0; i < OBJECTS; i++) {
		struct msp_object *o = &object[i];
		struct msp_codes codes = {"XX", "", "00", "BHZ"};

		msp_object_init(o);
		name(rand() % STATIONS, codes.sta);
		if (msp_object_reset(o, MSP_TIMESERIES, MSP_F64, 0) != MSP_OK || msp_codes_set(&codes, NULL, o) != MSP_OK ||
		    msp_meta_set_double(o, "calib", 1) != MSP_OK)
			die("no memory");
		o->dt = 0.05;
		o->start = 1000000000 * MSP_NS + (msp_time)(rand() % 299999000) * MSP_NS;
	}
}

/* All objects, one after the other in one whose metadata are borrowed, as a reader gives them. */
static double each(struct msp_join *j)
{
	struct msp_error err = {0};
	struct msp_object o = object[0];
	double t = cpu_time();

	o.metadata = (struct msp_bytes){0};
	for (int i = 0; i < OBJECTS; i++) {
		o.start = object[i].start;
		msp_bytes_borrow(&o.metadata, object[i].metadata.data, object[i].metadata.len);
		if (j ? msp_join_object(j, &o, &err) != MSP_OK : msp_bytes_reserve(&o.metadata, o.metadata.len) != MSP_OK)
			die(err.text);
	}
	t = cpu_time() - t;
	msp_bytes_free(&o.metadata);
	return t;
}

static double joins(struct msp_store *s, double *copy)
{
	struct msp_join_options o = {.collection = "channel"};
	struct msp_join_counts c;
	struct msp_error err = {0};
	struct msp_join *j;
	double best = 1e9;

	if (msp_join_open(s, &o, &j, &err) != MSP_OK)
		die(err.text);
	*copy = 1e9;
	for (int i = 0; i < 7; i++) {
		double t = each(j), u = each(NULL);

		best = t < best ? t : best;
		*copy = u < *copy ? u : *copy;
	}
	msp_join_counts(j, &c);
	if (c.joined != 7 * OBJECTS)
		die("objects without a match");
	msp_join_free(j);
	return best;
}

/* As MsPASS's MiniseedDBMatcher asks. */
static double queries(struct msp_store *s)
{
	struct msp_error err = {0};
	double t = cpu_time();

	for (int i = 0; i < QUERIES; i++) {
		const struct msp_object *o = &object[i];
		double at = msp_time_to_seconds(o->start);
		bson_t *f = BCON_NEW("net", "XX", "sta", msp_meta_string(o, "sta", ""), "loc", "00", "chan", "BHZ", "starttime", "{", "$lte",
		                     BCON_DOUBLE(at), "}", "endtime", "{", "$gt", BCON_DOUBLE(at), "}");
		struct msp_find find = {.filter = f};
		struct msp_cursor *c;
		const bson_t *doc;

		if (msp_store_find(s, "channel", &find, &c, &err) != MSP_OK || msp_cursor_next(c, &doc, &err) != 1)
			die(err.text);
		msp_cursor_free(c);
		bson_destroy(f);
	}
	return cpu_time() - t;
}

int main(int argc, char **argv)
{
	struct msp_error err = {0};
	struct msp_store *s;
	double copy, joined, queried;
	char path[4096];

	if (argc != 2)
		return 2;
	snprintf(path, sizeof(path), "%s/join.msdb", argv[1]);
	unlink(path);
	if (msp_store_open(path, MSP_STORE_CREATE, &s, &err) != MSP_OK)
		die(err.text);
	fill(s);
	make_objects();
	joined = joins(s, &copy);
	queried = queries(s);
	if (msp_store_close(s, &err) != MSP_OK)
		die(err.text);
	printf("%.0f %.0f %.0f\n", OBJECTS / joined, QUERIES / queried, copy / OBJECTS * 1e9);
	for (int i = 0; i < OBJECTS; i++)
		msp_object_free(&object[i]);
	unlink(path);
	return 0;
}
