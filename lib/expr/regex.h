/* expr/regex.h - POSIX extended regular expressions, as far as they say whether a string matches
 *
 * * The C library's matcher takes exponential time on some short patterns, and means different things in
 * different locales. This one takes time proportional to the length of the string times that of the
 * pattern, whatever they are, and means the same everywhere: characters are those of UTF-8. */
#ifndef EXPR_REGEX_H
#define EXPR_REGEX_H

#include "expr/expr.h"

/* The tree of a pattern (regex.c). */
enum regex_kind {
	REGEX_EMPTY, REGEX_BYTE, REGEX_SET, REGEX_START, REGEX_END,
	REGEX_CAT, REGEX_ALT, /* of a, b */
	REGEX_REPEAT,         /* a, min to max times */
};
#define REGEX_FOREVER UINT32_MAX

struct regex_node {
	enum regex_kind kind;
	struct regex_node *a, *b;
	uint32_t min, max;
	uint8_t byte;
	uint8_t *set; /* 256 bits */
};

/* What the tree becomes (match.c). */
enum regex_op { REGEX_OP_BYTE, REGEX_OP_SET, REGEX_OP_START, REGEX_OP_END, REGEX_OP_SPLIT, REGEX_OP_MATCH };

struct regex_instruction {
	uint8_t op;       /* enum regex_op */
	uint8_t byte;
	uint16_t x, y;    /* SPLIT: go on at x and at y; else: at x */
	const uint8_t *set;
};

struct expr_regex {
	/* the pattern is plain text: */
	bool plain, at_start, at_end;
	const char *text;
	size_t length;
	/* or a program: */
	struct regex_instruction *program;
	uint32_t size;
	uint16_t *now, *then, *stack; /* states at this byte and at the next; states to be followed */
	uint32_t *mark, round;        /* round in which a state was last added */
};

/* MSP_USAGE with the reason in why (no position), MSP_NOMEM. */
int expr_regex_compile(struct expr_regex *r, const char *pattern, struct expr_arena *mem,
                       struct msp_error *why);
bool expr_regex_match(struct expr_regex *r, const char *text, size_t n);

/* match.c: the program of a tree; MSP_USAGE if it is too large. */
int regex_program(struct expr_regex *r, const struct regex_node *tree, struct expr_arena *mem,
                  struct msp_error *why);

static inline bool regex_in_set(const uint8_t *set, uint8_t c)
{
	return set[c / 8] >> (c % 8) & 1;
}
static inline void regex_add_to_set(uint8_t *set, uint8_t c)
{
	set[c / 8] = (uint8_t)(set[c / 8] | 1u << (c % 8));
}

#endif
