/* Compiling: the outside of the parser. */
#include "expr/expr.h"
#include "expr/regex.h"

#include <stdlib.h>
#include <string.h>

/* Bytes that follow this one in a character; 4: it cannot begin one. */
static size_t utf8_more(unsigned char c)
{
	if (c < 0x80)
		return 0;
	if (c < 0xc2 || c >= 0xf5)
		return 4;
	return c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
}

/* Where text stops being UTF-8; its length if nowhere. Stored documents and their keys have to be UTF-8. */
static size_t utf8_length(const char *text, size_t n)
{
	size_t i = 0;
	while (i < n) {
		const unsigned char *c = (const unsigned char *)text + i;
		size_t more = utf8_more(c[0]);
		if (more == 4 || i + more >= n)
			return i;
		for (size_t k = 1; k <= more; k++)
			if ((c[k] & 0xc0) != 0x80)
				return i;
		if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf0 && c[1] < 0x90) ||
		    (c[0] == 0xf4 && c[1] > 0x8f))
			return i;
		i += more + 1;
	}
	return n;
}

int msp_expr_compile(const char *text, unsigned flags, struct msp_expr **out, uint32_t *column,
                     struct msp_error *err)
{
	struct msp_error own = {0};
	*out = NULL;
	if (column)
		*column = 0;
	size_t length = strlen(text), good = utf8_length(text, length);
	if (length > MSP_EXPR_MAX)
		return msp_error_set(err, MSP_USAGE, "an expression of %zu bytes: longer than %d", length, MSP_EXPR_MAX);
	if (good < length) {
		if (column)
			*column = expr_column(text, good);
		return msp_error_set(err, MSP_USAGE, "the expression is not UTF-8 at column %u", expr_column(text, good));
	}
	struct msp_expr *e = calloc(1, sizeof *e);
	if (!e)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	struct expr_lexer l = {.text = text, .length = length, .mem = &e->mem, .err = &own};
	int rc = expr_parse(e, &l, flags);
	if (rc < 0) {
		if (column && l.failed)
			*column = expr_column(text, l.fault);
		msp_error_set(err, rc, "%s", own.text);
		msp_expr_free(e);
		return rc;
	}
	*out = e;
	return MSP_OK;
}

void msp_expr_free(struct msp_expr *e)
{
	if (!e)
		return;
	expr_arena_free(&e->mem);
	expr_arena_free(&e->scratch);
	for (uint32_t i = 0; i < e->nodes; i++)
		expr_regex_free(e->counter[i].regex);
	free(e->key);
	free(e->counter);
	free(e);
}

const struct msp_node *msp_expr_root(const struct msp_expr *e)
{
	return e->root;
}

uint32_t msp_expr_keys(const struct msp_expr *e)
{
	return e->keys;
}

const char *msp_expr_key(const struct msp_expr *e, uint32_t i)
{
	return e->key[i].name;
}
