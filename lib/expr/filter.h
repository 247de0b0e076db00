/* expr/filter.h - a filter under construction: what is known of documents, before it is written as BSON */
#ifndef EXPR_FILTER_H
#define EXPR_FILTER_H

#include "expr/expr.h"

enum filter_kind {
	FILTER_ALL, FILTER_NONE,            /* every document, no document */
	FILTER_AND, FILTER_OR, FILTER_NOR,  /* of the children */
	FILTER_TERM,                        /* conditions on the value at one path */
};

enum filter_op { /* conditions; a term has each at most once */
	FILTER_EQ, FILTER_NE, FILTER_LT, FILTER_LE, FILTER_GT, FILTER_GE,
	FILTER_IN,        /* of the list */
	FILTER_NOT_IN,
	FILTER_TYPE,      /* of types */
	FILTER_NOT_ARRAY,
	FILTER_NOT_NULL,
	FILTER_EXISTS,    /* value.u.b */
	FILTER_REGEX,
};

struct filter_value {
	int type; /* enum msp_value_type; TIME: u.i is ms of a date; BSON: an object id */
	union {
		bool b;
		int64_t i;
		double d;
		struct { const char *text; size_t len; } s;
		bson_oid_t oid;
	} u;
};

struct filter_condition {
	int op; /* enum filter_op */
	struct filter_value value;
	const struct filter_value *list; /* IN, NOT_IN */
	size_t n;
	const int32_t *types;            /* TYPE: of BSON, up to a 0 */
	struct filter_condition *next;
};

struct filter {
	int kind;    /* enum filter_kind */
	bool exact;  /* it says just what was asked; else more, or, where that was asked, less */
	bool lanes;  /* OR: of terms of one path, each for values of another type (lane) */
	int lane;    /* of a term */
	const char *path; /* TERM, or lanes */
	struct filter_condition *condition;
	struct filter *child, *last, *next;
};

/* ---- filter.c */
struct filter_maker {
	const struct msp_expr *e;
	unsigned flags; /* MSP_FILTER_* */
	msp_expr_place_fn *place;
	const void *context;
	struct expr_arena *mem;
	bool failed;    /* no memory: what is returned is NULL */
	unsigned depth;
};
struct filter *filter_new(struct filter_maker *m, int kind, bool exact);
struct filter *filter_term(struct filter_maker *m, const char *path);
struct filter_condition *filter_add(struct filter_maker *m, struct filter *term, int op);
/* Appends a child; AND, OR: simplified. */
void filter_adopt(struct filter_maker *m, struct filter *parent, struct filter *child);
/* {} with the remark that it is not what was asked: everything, or nothing where less than asked is wanted. */
struct filter *filter_unknown(struct filter_maker *m, bool more);
/* AND or OR with what filter_adopt() could leave. */
struct filter *filter_close(struct filter_maker *m, struct filter *f);

/* ---- filterpath.c */
#define FILTER_PATHS 17 /* of one key: three separators, in two documents, and an alias */
struct filter_paths {
	const char *path[FILTER_PATHS];
	unsigned n;
	unsigned flags;  /* MSP_PLACE_* */
	const char *own; /* a key of the document itself, whose value it is if it is there; NULL: there is none that is sure */
	bool sure;       /* and there is no other place */
};
/* False: nothing is known of where it lies. */
bool filter_paths(struct filter_maker *m, const char *key, struct filter_paths *p);

/* ---- filterlane.c */
enum { LANE_NUMBER, LANE_STRING, LANE_DATE, LANE_OID, LANE_BOOL, LANE_NULL, LANE_SCALAR, LANE_ARRAY, LANE_OTHER };
/* A new term at either's path. */
struct filter *filter_lane(struct filter_maker *m, struct filter *either, int number);
/* The value has the lane's type, and is no array with such a value in it. */
void filter_guard(struct filter_maker *m, struct filter *t, int number);
/* Such a term alone; not exact: of any array, too. */
struct filter *filter_type_lane(struct filter_maker *m, struct filter *either, int number, bool exact);
void filter_exists(struct filter_maker *m, struct filter *either, const char *path, bool is);
/* The dates, [*from, *to) in ms, that compare so with a constant; c is a number, a time, or a string that reads as one. */
void filter_dates(int op, const struct msp_node *c, int64_t *from, int64_t *to);
void filter_date_lane(struct filter_maker *m, struct filter *either, int op, const struct msp_node *c, bool exact);
/* A number that stands for a time is near it, not at it. */
void filter_near(struct filter_maker *m, struct filter *either, int op, double x);
bool filter_oid(const struct msp_value *v, bson_oid_t *out);  /* v is a string that equals an object id */
bool filter_set(const struct msp_value *v, struct filter_value *out);
/* path op c, on all documents for which it is true, as alternatives; time: MSP_PLACE_TIME. exact (not of a time): on no
 * others, if c is no time, on none but some others if it is. */
struct filter *filter_compare(struct filter_maker *m, const char *path, int op, const struct msp_node *c, bool time, bool exact);

/* ---- filterleaf.c */
/* Documents for which n, no connective, is true: all of them and perhaps more, or some of them and no others. */
struct filter *filter_leaf(struct filter_maker *m, const struct msp_node *n, bool more);

/* ---- filterout.c */
bool filter_write(const struct filter *f, bson_t *out);

#endif
