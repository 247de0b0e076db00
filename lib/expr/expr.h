/* expr/expr.h - what the files of this room share: memory, tokens, the compiled expression */
#ifndef EXPR_EXPR_H
#define EXPR_EXPR_H

#include "mspipe/expr.h"

/* ---- memory: many small pieces, freed at once (arena.c) ---------------- */

struct expr_chunk {
	struct expr_chunk *next;
	size_t used, size;
	max_align_t data[];
};
struct expr_arena {
	struct expr_chunk *head;
};
void *expr_alloc(struct expr_arena *a, size_t n); /* zeroed; NULL: no memory */
char *expr_copy(struct expr_arena *a, const char *text, size_t n); /* NUL added */
void expr_arena_reset(struct expr_arena *a); /* forgets all, keeps memory for next time */
void expr_arena_free(struct expr_arena *a);

/* ---- tokens (lex.c) ---------------------------------------------------- */

enum expr_token { /* besides the single characters ( ) [ ] , ? : + - * / % ! < > */
	EXPR_END = 256, EXPR_NUMBER, EXPR_STRING, EXPR_NAME, EXPR_QUOTED, /* `odd key` */
	EXPR_AND, EXPR_OR, EXPR_EQ, EXPR_NE, EXPR_LE, EXPR_GE, EXPR_MATCH, EXPR_NOMATCH,
};
struct expr_lexer {
	const char *text;
	size_t length, pos;   /* pos: after the token */
	int token;
	size_t start;         /* of the token */
	struct msp_value value; /* NUMBER, STRING, NAME, QUOTED: its value or name, in the arena */
	struct expr_arena *mem;
	struct msp_error *err;
	size_t fault;         /* where an error stands */
	bool failed;
};
int expr_lex(struct expr_lexer *l); /* reads the next token; below 0: err is set */
uint32_t expr_column(const char *text, size_t pos); /* in characters, from 1 */
/* `WHAT at column N, near "..."`; MSP_USAGE. */
int expr_fault(struct expr_lexer *l, size_t pos, const char *fmt, ...) MSP_PRINTF(3, 4);
size_t expr_key_length(const char *text, size_t n); /* of the key that text begins with; 0: none */
bool expr_reserved(const char *name, size_t n);
/* The whole of text as a number; whatever the locale. */
bool expr_number(const char *text, size_t n, struct msp_value *out);

/* ---- the compiled expression ------------------------------------------- */

struct expr_regex; /* regex.h */

struct expr_keyslot {
	const char *name;
	struct msp_value value;    /* of the evaluation `fetched` */
	uint64_t fetched, missed;  /* evaluation in which it was last asked for, found undefined */
	uint64_t objects;          /* evaluations in which it was undefined */
	char scratch[MSP_ID_TEXT];
};
struct expr_counter { /* per node */
	const struct msp_node *node;
	struct expr_regex *regex;  /* MATCH, NOMATCH */
	bool sorted;               /* IN: the list is strings only and sorted */
	uint64_t seen[2];          /* evaluation in which it last happened: mismatch, no value */
	uint64_t objects[2];
};
struct msp_expr {
	struct expr_arena mem, scratch;
	const struct msp_node *root;
	struct expr_keyslot *key;
	uint32_t keys, keys_room;
	struct expr_counter *counter;
	uint32_t nodes, nodes_room;
	/* the evaluation under way */
	uint64_t serial;
	msp_expr_get_fn *get;
	const void *context;
	bool nomem;
	int why;                   /* first complaint: enum msp_expr_complaint_kind or 0 */
	uint32_t why_slot;         /* of its key or node */
};

/* A node under construction: column is set, arg has n places. NULL: no memory. */
struct msp_node *expr_node(struct msp_expr *e, int op, uint32_t n, size_t pos, const char *text);
/* parse.c; the tree of lexer's text */
int expr_parse(struct msp_expr *e, struct expr_lexer *l, unsigned flags);
/* check.c: sets n's type, prepares constants; a type error is MSP_USAGE. *n may be replaced by a constant. */
int expr_check(struct msp_expr *e, struct expr_lexer *l, struct msp_node **n, size_t pos);
int expr_check_condition(struct expr_lexer *l, const struct msp_node *n);
bool expr_time_text(const char *text, size_t n, msp_time *out);
const char *expr_op_text(int op);

/* func.c */
struct expr_function {
	const char *name;
	int id;             /* enum msp_function */
	uint32_t min, max;  /* arguments */
	char arg;           /* what it takes: n number, s string, a anything, k key, o numbers or times */
	int type;           /* what it gives: enum msp_static; ANY: as its arguments */
};
const struct expr_function *expr_function_find(const char *name, size_t n);
const struct expr_function *expr_function_get(int id);
void expr_call(struct msp_expr *e, const struct msp_node *n, struct msp_value *out);

/* eval.c */
void expr_eval(struct msp_expr *e, const struct msp_node *n, struct msp_value *out);
void expr_key_value(struct msp_expr *e, uint32_t key, struct msp_value *out); /* no complaint */
void expr_complain(struct msp_expr *e, const struct msp_node *n, int kind);
/* Makes out undefined, with that complaint. */
void expr_nothing(struct msp_expr *e, const struct msp_node *n, int kind, struct msp_value *out);

/* compare.c */
enum expr_order {
	EXPR_LESS = -1, EXPR_EQUAL = 0, EXPR_GREATER = 1,
	EXPR_UNORDERED,      /* a NaN */
	EXPR_SAME, EXPR_DIFFERENT, /* types that are equal or not, but have no order */
	EXPR_UNDEFINED, EXPR_APART, /* cannot be compared: no value, types that do not go together */
};
int expr_compare(const struct msp_value *a, const struct msp_node *na, const struct msp_value *b,
                 const struct msp_node *nb);
int expr_compare_text(const char *a, size_t na, const char *b, size_t nb);
/* Arithmetic operators (not NEG): sets out; 0, MSP_EXPR_MISMATCH or MSP_EXPR_NO_VALUE. Strings: not here. */
int expr_arithmetic(int op, const struct msp_value *a, const struct msp_value *b, struct msp_value *out);
/* An int if d is a whole number that fits, else a double. */
void expr_number_result(double d, struct msp_value *out);

static inline bool expr_is_number(const struct msp_value *v)
{
	return v->type == MSP_V_INT || v->type == MSP_V_DOUBLE;
}
static inline double expr_double(const struct msp_value *v)
{
	return v->type == MSP_V_INT ? (double)v->u.i : v->u.d;
}

static inline void expr_set_int(int64_t i, struct msp_value *out)
{
	out->type = MSP_V_INT;
	out->u.i = i;
}
static inline void expr_set_double(double d, struct msp_value *out)
{
	out->type = MSP_V_DOUBLE;
	out->u.d = d;
}

#endif
