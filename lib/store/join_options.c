/* How a join matches, and which keys it puts on objects, as a user says it. */
#include "store/join.h"

#include <stdlib.h>
#include <string.h>

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

/* ---- match ------------------------------------------------------------- */

static bool is_time(const char *key)
{
	static const char *const times[] = {"starttime", "t0", "time", "endtime", "starttime_shift"};

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (strcmp(key, times[i]) == 0)
			return true;
	return false;
}

/* Takes both. */
static int add_pair(struct msp_join *j, char *object, char *document, struct msp_error *err)
{
	struct join_pair *more = object && document ? realloc(j->pairs, (j->npairs + 1) * sizeof(*more)) : NULL;

	if (!more) {
		free(object);
		free(document);
		return memory(err);
	}
	j->pairs = more;
	j->pairs[j->npairs++] = (struct join_pair){object, document, is_time(object)};
	return MSP_OK;
}

static int by_id(struct msp_join *j, struct msp_error *err)
{
	j->how = JOIN_EQUAL;
	return add_pair(j, msp_join_name(j, "_id"), strdup("_id"), err);
}

/* KEY=KEY,... */
static int by_pairs(struct msp_join *j, const char *text, struct msp_error *err)
{
	const char *p = text;

	j->how = JOIN_EQUAL;
	for (;;) {
		char *object = NULL, *document = NULL;
		size_t n = msp_key_parse(p, &object);
		size_t m = n && p[n] == '=' ? msp_key_parse(p + n + 1, &document) : 0;
		int s;

		if (m == 0 || (p[n + 1 + m] != ',' && p[n + 1 + m] != '\0')) {
			free(object);
			free(document);
			return msp_error_set(err, MSP_USAGE, "match: \"%s\" is none of id, seed, KEY=KEY,..., origin:TOL, arrival", text);
		}
		s = add_pair(j, object, document, err);
		if (s != MSP_OK)
			return s;
		p += n + 1 + m;
		if (*p++ == '\0')
			return MSP_OK;
	}
}

static int by_origin(struct msp_join *j, const char *text, struct msp_error *err)
{
	double tolerance;

	j->how = JOIN_ORIGIN;
	if (*text != ':')
		return msp_error_set(err, MSP_USAGE, "match: origin needs a tolerance in seconds: origin:TOL");
	if (msp_parse_seconds(text + 1, &tolerance, err) != MSP_OK)
		return msp_error_prefix(err, "match: origin");
	if (tolerance < 0 || msp_time_from_seconds(tolerance, &j->tolerance) != MSP_OK)
		return msp_error_set(err, MSP_USAGE, "match: origin: %s: not a tolerance", text + 1);
	return MSP_OK;
}

static int set_match(struct msp_join *j, const char *text, struct msp_error *err)
{
	const char *c = j->collection;

	if (!text)
		text = strcmp(c, "channel") == 0 || strcmp(c, "site") == 0 ? "seed" : strcmp(c, "arrival") == 0 ? "arrival" : "id";
	if (strcmp(text, "id") == 0)
		return by_id(j, err);
	if (strncmp(text, "origin", 6) == 0 && (text[6] == ':' || text[6] == '\0'))
		return by_origin(j, text + 6, err);
	if (strcmp(text, "seed") != 0 && strcmp(text, "arrival") != 0)
		return by_pairs(j, text, err);
	j->how = *text == 's' ? JOIN_SEED : JOIN_ARRIVAL;
	return MSP_OK;
}

/* ---- keys -------------------------------------------------------------- */

static const struct {
	const char *collection, *keys;
} usual[] = {
	{"channel", "_id,lat,lon,elev,edepth?,hang?,vang?,starttime?,endtime?"},
	{"site", "_id,lat,lon,elev,starttime?,endtime?"},
	{"source", "_id,lat,lon,depth,time,magnitude?"},
	{"arrival", "phase,time"},
};

char *msp_join_name(const struct msp_join *j, const char *key)
{
	size_t prefix = strlen(j->collection), n = strlen(key), at = prefix;
	char *name = malloc(prefix + n + 2);

	if (!name)
		return NULL;
	memcpy(name, j->collection, prefix);
	if (*key != '_') /* _id becomes channel_id */
		name[at++] = '_';
	memcpy(name + at, key, n + 1);
	for (char *p = name; *p; p++)
		if (*p == '.')
			*p = '_';
	return name;
}

int msp_join_check_name(const char *name, struct msp_error *err)
{
	struct msp_object o;
	struct msp_value v = {.type = MSP_V_NULL};
	int s;

	msp_object_init(&o);
	o.kind = MSP_TIMESERIES;
	s = msp_meta_set(&o, name, &v, err);
	msp_object_free(&o);
	return s;
}

static int add_key(struct msp_join *j, char *key, char *name, bool optional, struct msp_error *err)
{
	struct join_key *more = key && name ? realloc(j->keys, (j->nkeys + 1) * sizeof(*more)) : NULL;
	int s = more ? MSP_OK : memory(err);

	if (more)
		j->keys = more;
	if (s == MSP_OK && strchr(name, '.'))
		s = msp_error_set(err, MSP_USAGE, "keys: \"%s\" has a dot: objects are given flat keys", name);
	if (s == MSP_OK && msp_join_check_name(name, err) != MSP_OK)
		s = err ? msp_error_prefix(err, "keys") : MSP_USAGE;
	for (uint32_t i = 0; s == MSP_OK && i < j->nkeys; i++)
		if (strcmp(j->keys[i].name, name) == 0)
			s = msp_error_set(err, MSP_USAGE, "keys: \"%s\" would be there twice", name);
	if (s == MSP_OK) {
		j->keys[j->nkeys++] = (struct join_key){key, name, optional};
		return MSP_OK;
	}
	free(key);
	free(name);
	return s;
}

/* KEY, KEY?, KEY:NEW, KEY:NEW? (or KEY?:NEW), separated by commas */
static int set_keys(struct msp_join *j, const char *text, struct msp_error *err)
{
	for (const char *p = text;;) {
		char *key = NULL, *name = NULL;
		size_t n = msp_key_parse(p, &key), m = 0;
		bool optional;
		int s;

		p += n;
		optional = n > 0 && *p == '?';
		p += optional;
		if (n > 0 && *p == ':') {
			m = msp_key_parse(p + 1, &name);
			p += 1 + m;
			if (m > 0 && !optional && *p == '?') {
				optional = true;
				p++;
			}
		} else if (key) {
			name = msp_join_name(j, key);
			m = 1;
		}
		if (n == 0 || m == 0 || (*p != ',' && *p != '\0')) {
			free(key);
			free(name);
			return msp_error_set(err, MSP_USAGE, "keys: \"%s\" is no list of KEY, KEY?, KEY:NEW", text);
		}
		s = add_key(j, key, name, optional, err);
		if (s != MSP_OK)
			return s;
		if (*p++ == '\0')
			return MSP_OK;
	}
}

static int usual_keys(struct msp_join *j, struct msp_error *err)
{
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (strcmp(usual[i].collection, j->collection) == 0)
			return set_keys(j, usual[i].keys, err);
	return MSP_OK;
}

/* ---- all --------------------------------------------------------------- */

int msp_join_set_up(struct msp_join *j, const struct msp_join_options *o, struct msp_error *err)
{
	int s;

	j->collection = strdup(o->collection);
	j->algorithm = strdup(o->algorithm ? o->algorithm : "join");
	j->time_key = strdup(o->time_key ? o->time_key : "time");
	j->object_time = strdup(o->object_time ? o->object_time : "starttime");
	if (!j->collection || !j->algorithm || !j->time_key || !j->object_time)
		return memory(err);
	j->ambiguous = o->ambiguous;
	j->unique = o->unique;
	j->whole = o->whole;
	j->optional = o->optional;
	if (msp_time_from_seconds(o->offset, &j->offset) != MSP_OK)
		return msp_error_set(err, MSP_USAGE, "the offset is no number of seconds");
	s = set_match(j, o->match, err);
	if (s == MSP_OK)
		s = o->keys ? set_keys(j, o->keys, err) : usual_keys(j, err);
	return s;
}
