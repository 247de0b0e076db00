/* Matching: the pattern as a program of states, all of which are followed at once, byte by byte (K.
 * Thompson, "Regular expression search algorithm", Commun. ACM 11, 1968). Time is bounded by bytes times
 * states. */
#include "expr/regex.h"

#include <string.h>

#define MAX_PROGRAM 8000

struct emitter {
	struct expr_regex *r;
	uint32_t size;
	bool full;
};

static uint32_t emit(struct emitter *m, enum regex_op op)
{
	if (m->size == MAX_PROGRAM) {
		m->full = true;
		return 0;
	}
	/* the first pass only counts */
	if (m->r->program)
		m->r->program[m->size] = (struct regex_instruction){.op = (uint8_t)op, .x = (uint16_t)(m->size + 1)};
	return m->size++;
}

static struct regex_instruction *at(struct emitter *m, uint32_t i)
{
	return m->r->program ? &m->r->program[i] : NULL;
}

static void set_y(struct emitter *m, uint32_t i, uint32_t to)
{
	struct regex_instruction *p = at(m, i);
	if (p)
		p->y = (uint16_t)to;
}

static void set_jump(struct emitter *m, uint32_t i, uint32_t to)
{
	struct regex_instruction *p = at(m, i);
	if (p)
		p->x = p->y = (uint16_t)to;
}

static void emit_tree(struct emitter *m, const struct regex_node *n);

/* a, at most `times` times. */
static void emit_optional(struct emitter *m, const struct regex_node *a, uint32_t times)
{
	if (!times || m->full)
		return;
	uint32_t split = emit(m, REGEX_OP_SPLIT);
	emit_tree(m, a);
	emit_optional(m, a, times - 1);
	set_y(m, split, m->size);
}

static void emit_repeat(struct emitter *m, const struct regex_node *n)
{
	uint32_t copies = n->max == REGEX_FOREVER && n->min ? n->min - 1 : n->min;
	for (uint32_t i = 0; i < copies && !m->full; i++)
		emit_tree(m, n->a);
	if (n->max != REGEX_FOREVER) {
		emit_optional(m, n->a, n->max - n->min);
	} else if (n->min) { /* L: a; split L */
		uint32_t first = m->size;
		emit_tree(m, n->a);
		set_y(m, emit(m, REGEX_OP_SPLIT), first);
	} else { /* L: split end; a; jump L */
		uint32_t split = emit(m, REGEX_OP_SPLIT);
		emit_tree(m, n->a);
		set_jump(m, emit(m, REGEX_OP_SPLIT), split);
		set_y(m, split, m->size);
	}
}

static void emit_tree(struct emitter *m, const struct regex_node *n)
{
	struct regex_instruction *p;
	uint32_t split, jump;
	if (m->full)
		return;
	switch (n->kind) {
	case REGEX_EMPTY:
		break;
	case REGEX_BYTE:
	case REGEX_SET:
		p = at(m, emit(m, n->kind == REGEX_BYTE ? REGEX_OP_BYTE : REGEX_OP_SET));
		if (p) {
			p->byte = n->byte;
			p->set = n->set;
		}
		break;
	case REGEX_START: emit(m, REGEX_OP_START); break;
	case REGEX_END: emit(m, REGEX_OP_END); break;
	case REGEX_CAT:
		emit_tree(m, n->a);
		emit_tree(m, n->b);
		break;
	case REGEX_ALT: /* split b; a; jump end; b */
		split = emit(m, REGEX_OP_SPLIT);
		emit_tree(m, n->a);
		jump = emit(m, REGEX_OP_SPLIT);
		set_y(m, split, m->size);
		emit_tree(m, n->b);
		set_jump(m, jump, m->size);
		break;
	case REGEX_REPEAT: emit_repeat(m, n); break;
	}
}

int regex_program(struct expr_regex *r, const struct regex_node *tree, struct expr_arena *mem,
                  struct msp_error *why)
{
	for (int pass = 0; pass < 2; pass++) {
		struct emitter m = {.r = r};
		emit_tree(&m, tree);
		emit(&m, REGEX_OP_MATCH);
		if (m.full)
			return msp_error_set(why, MSP_USAGE, "too large");
		r->size = m.size;
		if (!pass && !(r->program = expr_alloc(mem, m.size * sizeof *r->program)))
			return msp_error_set(why, MSP_NOMEM, "out of memory");
	}
	r->now = expr_alloc(mem, r->size * sizeof *r->now);
	r->then = expr_alloc(mem, r->size * sizeof *r->then);
	r->stack = expr_alloc(mem, 2 * r->size * sizeof *r->stack + sizeof *r->stack);
	r->mark = expr_alloc(mem, r->size * sizeof *r->mark);
	if (!r->now || !r->then || !r->stack || !r->mark)
		return msp_error_set(why, MSP_NOMEM, "out of memory");
	return MSP_OK;
}

/* Adds a state and all that it leads to without a byte. True: the pattern has matched. */
static bool follow(struct expr_regex *r, uint32_t state, bool start, bool end, uint16_t *list, uint32_t *n)
{
	uint32_t depth = 0;
	r->stack[depth++] = (uint16_t)state;
	while (depth) {
		uint16_t i = r->stack[--depth];
		const struct regex_instruction *p = &r->program[i];
		if (r->mark[i] == r->round)
			continue;
		r->mark[i] = r->round;
		if (p->op == REGEX_OP_MATCH)
			return true;
		if (p->op == REGEX_OP_SPLIT)
			r->stack[depth++] = p->y;
		if (p->op == REGEX_OP_SPLIT || (p->op == REGEX_OP_START && start) || (p->op == REGEX_OP_END && end))
			r->stack[depth++] = p->x;
		else if (p->op == REGEX_OP_BYTE || p->op == REGEX_OP_SET)
			list[(*n)++] = i;
	}
	return false;
}

/* A new set of states. */
static void next_round(struct expr_regex *r)
{
	if (++r->round == 0) {
		memset(r->mark, 0, r->size * sizeof *r->mark);
		r->round = 1;
	}
}

static bool run(struct expr_regex *r, const char *text, size_t n)
{
	uint32_t states = 0;
	next_round(r);
	if (follow(r, 0, true, n == 0, r->now, &states))
		return true;
	for (size_t i = 0; i < n; i++) {
		uint8_t c = (uint8_t)text[i];
		bool end = i + 1 == n;
		uint32_t next = 0;
		next_round(r);
		for (uint32_t k = 0; k < states; k++) {
			const struct regex_instruction *p = &r->program[r->now[k]];
			bool fits = p->op == REGEX_OP_BYTE ? p->byte == c : regex_in_set(p->set, c);
			if (fits && follow(r, p->x, false, end, r->then, &next))
				return true;
		}
		/* the match may begin at any byte */
		if (follow(r, 0, false, end, r->then, &next))
			return true;
		uint16_t *swap = r->now;
		r->now = r->then;
		r->then = swap;
		states = next;
	}
	return false;
}

static bool plain_match(const struct expr_regex *r, const char *text, size_t n)
{
	if (n < r->length || (r->at_start && r->at_end && n != r->length))
		return false;
	if (!r->length)
		return true;
	if (r->at_start)
		return !memcmp(text, r->text, r->length);
	if (r->at_end)
		return !memcmp(text + n - r->length, r->text, r->length);
	return memmem(text, n, r->text, r->length) != NULL;
}

bool expr_regex_match(struct expr_regex *r, const char *text, size_t n)
{
	return r->plain ? plain_match(r, text, n) : run(r, text, n);
}
