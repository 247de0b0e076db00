/* store/join.h - what a join keeps in memory: how it matches, the documents' values, and the groups in which they are found */
#ifndef MSP_STORE_JOIN_H
#define MSP_STORE_JOIN_H

#include "mspipe/join.h"

enum join_how { JOIN_SEED, JOIN_EQUAL, JOIN_ORIGIN, JOIN_ARRIVAL };

/* One of --keys. */
struct join_key {
	char *key, *name; /* of the document, on the object */
	bool optional;
};

/* One KEY=KEY. */
struct join_pair {
	char *object, *document;
	bool time; /* the object's is one of its times */
};

/* Why a document cannot give a key. */
enum join_lack { JOIN_ABSENT, JOIN_NO_NUMBER };

/* Offsets are into the arena. */
struct join_doc {
	size_t values, net, label; /* a document of the keys to be put; the network's code (arrival); the _id as text */
	uint32_t size, net_len;    /* of values (an empty document has 5 bytes) and net */
	int32_t lacks;             /* the first of `keys` that it should have and has not, or -1 */
	uint8_t why;               /* enum join_lack */
	bool has_net;
};

/* A document's place in its group; groups are sorted by start, then by _id. */
struct join_entry {
	msp_time start, end; /* valid if start <= time < end */
	msp_time reach;      /* the latest end in its group so far */
	uint32_t doc, group;
};

/* Documents with the same codes or values. */
struct join_group {
	struct msp_id hash;
	size_t key; /* in the arena */
	uint32_t key_len, first, n;
};

/* What a search gives: entries, of which there are none, one or several. */
struct join_found {
	uint32_t first, last;
	bool any, several;
	bool known; /* there is a group, but nothing in it holds at that time */
	bool fresh; /* the object has been looked through: it has none of the keys that are put */
};

#define JOIN_LEVELS 3 /* seed: with net, sta, loc, chan; with net, sta, loc; with net, sta */

struct msp_join {
	char *collection, *algorithm, *time_key, *object_time;
	int how, ambiguous;
	bool unique, whole, optional;
	msp_time tolerance, offset;
	struct join_key *keys; /* NULL: all that are no documents or arrays */
	uint32_t nkeys;
	struct join_pair *pairs;
	uint32_t npairs;

	struct msp_bytes arena;
	struct join_doc *doc;
	struct join_entry *entry; /* one for each document */
	struct join_group *group;
	uint32_t *slot;           /* a hash table of 1 + number of group */
	uint32_t ndocs, doc_room, ngroups, group_room, slots;
	bool level[JOIN_LEVELS];
	struct msp_bytes prefix; /* with which all names begin that are put on objects */
	bool any_name;

	struct msp_bytes scratch; /* the key of what is searched */
	bool updating; /* documents are joined, not objects */
	struct msp_join_counts counts;
	char unused_why[160]; /* of the first document that cannot be used */
};

/* ---- join_options.c */
int msp_join_set_up(struct msp_join *j, const struct msp_join_options *o, struct msp_error *err) MSP_CHECKED;
/* The name under which a key comes on objects, malloc'ed; NULL if memory ran out. */
char *msp_join_name(const struct msp_join *j, const char *key);
/* Whether metadata can have that key. */
int msp_join_check_name(const char *name, struct msp_error *err) MSP_CHECKED;

/* ---- join_load.c: documents are taken one by one, in the order of their _id; then the join is settled */
int msp_join_take(struct msp_join *j, const bson_t *doc, struct msp_error *err) MSP_CHECKED;
void msp_join_settle(struct msp_join *j);
int msp_join_load(struct msp_join *j, struct msp_store *s, const struct msp_join_options *o, struct msp_error *err) MSP_CHECKED;

/* ---- join_key.c */
/* Sets `scratch`, and the times and the network by which the document is found. Why it cannot be, or NULL; *s is MSP_NOMEM if memory ran out. */
const char *msp_join_document_key(struct msp_join *j, const bson_t *doc, struct join_doc *d, struct join_entry *e, int *s);

/* ---- join_value.c: what is compared */

/* Net, sta, loc, chan of an object or a document. Blanks at the end are no part of a code; -- is an empty one. */
struct join_code {
	const char *text;
	uint32_t len;
	bool there;     /* neither missing nor null */
	const char *bad; /* why it is none, or NULL */
};
enum { JOIN_NET, JOIN_STA, JOIN_LOC, JOIN_CHAN, JOIN_CODES };
void msp_join_codes(const uint8_t *doc, size_t n, struct join_code code[JOIN_CODES]);
/* The same of an object, looking at its other keys on the way: *fresh as in struct join_found. */
void msp_join_object_codes(const struct msp_join *j, const struct msp_object *o, struct join_code code[JOIN_CODES], bool *fresh);
/* Sets `scratch` to the key of these codes at a level. MSP_NOMEM. */
int msp_join_code_key(struct msp_join *j, const struct join_code code[JOIN_CODES], unsigned level) MSP_CHECKED;
/* Appends a value to `scratch`: equal values have equal bytes. *ok false: it equals nothing. MSP_NOMEM. */
int msp_join_value_key(struct msp_join *j, const struct msp_value *v, bool time, bool *ok) MSP_CHECKED;
/* A document's time: a number of seconds, to the microsecond, or a date. One out of the range of msp_time is at its end. */
bool msp_join_time(const struct msp_value *v, msp_time *out);
/* An object's time by key: one of its own, or a number or time of its metadata. */
bool msp_join_object_time(const struct msp_object *o, const char *key, msp_time *out);

/* The times of its first and last sample; of a bracket, what its metadata say. */
bool msp_join_begin(const struct msp_object *o, msp_time *out);
bool msp_join_end(const struct msp_object *o, msp_time *out);

/* ---- join_find.c */

/* The group of `scratch`; NULL if there is none. */
const struct join_group *msp_join_group(const struct msp_join *j);
/* The number of the group of `scratch`, which is added if it is new. */
int msp_join_add_group(struct msp_join *j, uint32_t *number, struct msp_error *err) MSP_CHECKED;
/* MSP_KILL: o cannot be matched, for the reason in err. */
int msp_join_find(struct msp_join *j, const struct msp_object *o, struct join_found *out, struct msp_error *err) MSP_CHECKED;

/* ---- join.c */

/* The document that is to be joined with o, or NULL where o stays as it is. What is to be said of it is counted, and logged on o.
 * MSP_KILL as msp_join_object(). */
int msp_join_choose(struct msp_join *j, struct msp_object *o, const struct join_doc **out, bool *fresh, struct msp_error *err) MSP_CHECKED;

/* ---- join_put.c */

/* Can the key be one of those that are put on objects, or hold one of them? */
bool msp_join_meant(const struct msp_join *j, const bson_iter_t *it);
/* Puts the values of a document on o. fresh: o has none of these keys. */
int msp_join_put(const struct msp_join *j, const struct join_doc *d, bool fresh, struct msp_object *o,
                 struct msp_error *err) MSP_CHECKED;

#endif
