/* mspipe/expr.h - the expression language (normative text: msexpr(7))
 *
 * * An expression is compiled once and evaluated on many objects, or on anything that gives values by key.
 * The syntax tree is public, so that the same expression can be translated to a store's query; whoever
 * translates it has to give the answers that msp_expr_test() gives.
 *
 * * The rule that makes that possible: every comparison is true or false. One that cannot be made, because
 * an operand is undefined or the types do not go together, is false whatever the operator, and is counted. */
#ifndef MSPIPE_EXPR_H
#define MSPIPE_EXPR_H

#include "mspipe/core.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MSP_EXPR_MAX 65536   /* bytes of an expression's text */
#define MSP_EXPR_DEPTH 200   /* levels of its tree */
#define MSP_EXPR_PATTERN 1000 /* bytes of a regular expression */

/* ---- the syntax tree --------------------------------------------------- */

enum msp_node_op {
	MSP_X_CONST = 1, /* value */
	MSP_X_KEY,       /* key */
	MSP_X_NEG,       /* -arg[0] */
	MSP_X_ADD, MSP_X_SUB, MSP_X_MUL, MSP_X_DIV, MSP_X_MOD,               /* arg[0] op arg[1] */
	MSP_X_EQ, MSP_X_NE, MSP_X_LT, MSP_X_LE, MSP_X_GT, MSP_X_GE,          /* arg[0] op arg[1] */
	MSP_X_MATCH, MSP_X_NOMATCH, /* arg[0] against the pattern arg[1], a CONST string */
	MSP_X_IN,        /* arg[0] in the list arg[1] ... arg[n - 1], all CONST */
	MSP_X_NOT,       /* !arg[0] */
	MSP_X_AND, MSP_X_OR, /* arg[0] ... arg[n - 1], n >= 2 */
	MSP_X_COND,      /* arg[0] ? arg[1] : arg[2] */
	MSP_X_CALL,      /* function(arg[0] ... arg[n - 1]) */
};

enum msp_function {
	MSP_FN_ABS = 1, MSP_FN_CEIL, MSP_FN_DEFINED, MSP_FN_EXP, MSP_FN_FLOAT, MSP_FN_FLOOR, MSP_FN_INT,
	MSP_FN_LENGTH, MSP_FN_LOG, MSP_FN_LOG10, MSP_FN_LOWER, MSP_FN_MAX, MSP_FN_MIN, MSP_FN_POW, MSP_FN_ROUND,
	MSP_FN_SQRT, MSP_FN_STRING, MSP_FN_SUBSTR, MSP_FN_TIME, MSP_FN_UPPER,
};

/* What is known of a node's value before any object is seen. */
enum msp_static {
	MSP_S_ANY, /* depends on the object */
	MSP_S_BOOL, MSP_S_NUMBER, MSP_S_STRING, MSP_S_TIME, MSP_S_NULL, /* this, or undefined */
};

struct msp_node {
	int op;       /* enum msp_node_op */
	int function; /* CALL: enum msp_function; else 0 */
	int type;     /* enum msp_static */
	uint32_t column; /* of the operator, or of the first character; from 1, in characters */
	uint32_t n;
	const struct msp_node *const *arg;
	struct msp_value value; /* CONST; a string is UTF-8, NUL-terminated and holds no NUL */
	bool has_time;          /* CONST string: it reads as a time, which is */
	msp_time time;          /* this one (what a comparison with a time uses) */
	uint32_t key;           /* KEY: msp_expr_key(e, key) */
	uint32_t depth, slot;   /* the evaluator's own */
};

/* ---- compiling --------------------------------------------------------- */

struct msp_expr; /* opaque; not to be used by two threads at once */

#define MSP_EXPR_CONDITION 1u /* it has to give true or false: `npts * 2` is refused */

/* Compiles text. On failure *out is NULL, the reason is in err (`expected a value at column 12, near "&&
 * >"`) and the column, counted in characters from 1, in *column (may be NULL; 0 if there is none).
 * MSP_USAGE: not an expression; MSP_NOMEM. */
MSP_API int msp_expr_compile(const char *text, unsigned flags, struct msp_expr **out, uint32_t *column,
                             struct msp_error *err) MSP_CHECKED;
MSP_API void msp_expr_free(struct msp_expr *e); /* NULL is allowed */
MSP_API const struct msp_node *msp_expr_root(const struct msp_expr *e); /* borrowed from e */
/* The distinct keys it names, in order of appearance, as they are spelled. */
MSP_API uint32_t msp_expr_keys(const struct msp_expr *e);
MSP_API const char *msp_expr_key(const struct msp_expr *e, uint32_t i); /* borrowed; i < msp_expr_keys() */
/* Appends the canonical text: equal for expressions that differ only in spaces, needless parentheses and the
 * spelling of literals; compiles to an equal tree. MSP_NOMEM only. */
MSP_API int msp_expr_text(const struct msp_expr *e, struct msp_bytes *out) MSP_CHECKED;
/* The same for one node of e's tree. */
MSP_API int msp_expr_node_text(const struct msp_expr *e, const struct msp_node *n,
                               struct msp_bytes *out) MSP_CHECKED;
MSP_API const char *msp_function_name(int function); /* "abs" ...; NULL if there is no such */

/* ---- evaluating -------------------------------------------------------- */

/* Gives the value of a key: msp_object_get() or the like. Strings may be put in scratch or be borrowed
 * from what context is; they are used till the evaluation's result is no longer needed. */
typedef void msp_expr_get_fn(const void *context, const char *key, struct msp_value *out,
                             char scratch[MSP_ID_TEXT]);

/* Evaluates e. The result is borrowed from e and from what get() gave, till the next evaluation. Each key
 * is asked for at most once in an evaluation, and only if it is needed. MSP_OK or MSP_NOMEM. */
MSP_API int msp_expr_eval_with(struct msp_expr *e, msp_expr_get_fn *get, const void *context,
                               struct msp_value *out) MSP_CHECKED;
MSP_API int msp_expr_eval(struct msp_expr *e, const struct msp_object *o, struct msp_value *out) MSP_CHECKED;
/* As a condition: only `true` is true; undefined is false; any other value is false and counts as a type
 * mismatch. */
MSP_API int msp_expr_test_with(struct msp_expr *e, msp_expr_get_fn *get, const void *context,
                               bool *out) MSP_CHECKED;
MSP_API int msp_expr_test(struct msp_expr *e, const struct msp_object *o, bool *out) MSP_CHECKED;

/* ---- what could not be evaluated --------------------------------------- */

enum msp_expr_complaint_kind {
	MSP_EXPR_NO_KEY = 1, /* a key that was used is undefined */
	MSP_EXPR_MISMATCH,   /* operands of types that do not go together */
	MSP_EXPR_NO_VALUE,   /* division by zero, logarithm of 0, time out of range ... */
};

struct msp_expr_complaint {
	int kind;          /* enum msp_expr_complaint_kind */
	uint64_t objects;  /* evaluations in which it happened */
	const char *key;   /* NO_KEY: which; else NULL. Borrowed from the expression */
	uint32_t column;   /* else: of the operator or function */
	char text[64];     /* else: that part of the expression in canonical form, perhaps cut ("...") */
};

/* Complaints since compilation: how many different ones, and the i-th (keys first, then by place in the
 * text). */
MSP_API uint32_t msp_expr_complaints(const struct msp_expr *e);
MSP_API bool msp_expr_complaint(const struct msp_expr *e, uint32_t i, struct msp_expr_complaint *out);
/* Why the last evaluation gave nothing, for an error log: `key "x" of the expression is undefined`.
 * Returns buf; empty if there was no complaint. */
MSP_API char *msp_expr_reason(const struct msp_expr *e, char *buf, size_t size);

/* ---- translating to a filter ------------------------------------------- */

/* Where the documents of a collection keep the value of a key. It is looked for in the order of these: */
struct msp_place {
	const char *path;   /* only at this dotted path; NULL: as the key is spelled, then with '.' and '_' exchanged */
	const char *within; /* path NULL: then likewise in the subdocument at this path; NULL: nowhere else */
	const char *alias;  /* then at this dotted path; NULL: nowhere else */
	unsigned flags;     /* MSP_PLACE_* */
}; /* borrowed, till the filter is made */
#define MSP_PLACE_TIME 1u    /* a number there may be taken for epoch seconds, and be a time within 2 us of them */
#define MSP_PLACE_DERIVED 2u /* where it is missing, it may have any value all the same */
#define MSP_PLACE_BLANK 4u   /* where it is missing, it may be a string of nothing but white space */
#define MSP_PLACE_UNKNOWN 8u /* its value does not lie in the document, or not as it is */
/* *out is zeroed when it is called. */
typedef void msp_expr_place_fn(const void *context, const char *key, struct msp_place *out);

#define MSP_FILTER_EXACT 1u /* rather exact than short: with conditions on types */
#define MSP_FILTER_REGEX 2u /* regular expressions of a simple kind go into the filter */

/* Translates e, a condition, into a MongoDB filter that chooses every document for which e is true. *exact: and no
 * other; else the caller has to evaluate e on what was chosen. e is evaluated on a document as by msp_expr_test_with()
 * with a get() that takes values from where place() says (place NULL: no key has a place of its own), does not find
 * names with a dot inside, and enters arrays by number only. What cannot be said in a filter is left out of it, so that
 * it may be {}: every document. Keys and constants are data in it, whatever they hold. out is initialised here, and is
 * the caller's to bson_destroy() after MSP_OK. MSP_NOMEM only. */
MSP_API int msp_expr_filter(const struct msp_expr *e, unsigned flags, msp_expr_place_fn *place, const void *context, bson_t *out,
                            bool *exact, struct msp_error *err) MSP_CHECKED;

/* ---- lists of keys ----------------------------------------------------- */

/* `net,sta,-starttime`: keys as in an expression (odd names in backquotes), a minus for descending order. */
struct msp_keys {
	uint32_t n;
	struct msp_key {
		char *name; /* without backquotes */
		bool descending;
	} *key;
};
/* Reads a comma list. descending: whether a minus is allowed. MSP_USAGE: empty, no key, a key twice;
 * MSP_NOMEM. */
MSP_API int msp_keys_parse(const char *text, bool descending, struct msp_keys *out,
                           struct msp_error *err) MSP_CHECKED;
MSP_API void msp_keys_free(struct msp_keys *k);
/* Reads one key at the start of text: its length in bytes, backquotes included, or 0 if there is none. The
 * name is put in *name (malloc) unless name is NULL; NULL there if memory ran out. */
MSP_API size_t msp_key_parse(const char *text, char **name);

#ifdef __cplusplus
}
#endif
#endif
