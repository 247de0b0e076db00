/* Lists of keys, as sorting and grouping take them. */
#include "expr/expr.h"

#include <stdlib.h>
#include <string.h>

size_t msp_key_parse(const char *text, char **name)
{
	size_t n = expr_key_length(text, strlen(text)), quoted = n && text[0] == '`';
	if (n && text[n] == '.')
		n = 0;
	if (!n || !name)
		return n;
	*name = malloc(n + 1);
	if (*name) {
		memcpy(*name, text + quoted, n - 2 * quoted);
		(*name)[n - 2 * quoted] = 0;
	}
	return n;
}

static int expected(const char *text, const char *at, const char *what, struct msp_error *err)
{
	unsigned column = expr_column(text, (size_t)(at - text));
	return msp_error_set(err, MSP_USAGE, "expected %s at column %u of \"%s\"", what, column, text);
}

static int add(struct msp_keys *k, char *name, bool descending, struct msp_error *err)
{
	for (uint32_t i = 0; i < k->n; i++) {
		if (!strcmp(k->key[i].name, name)) {
			msp_error_set(err, MSP_USAGE, "the key \"%s\" is there twice", name);
			free(name);
			return MSP_USAGE;
		}
	}
	struct msp_key *more = realloc(k->key, (k->n + 1) * sizeof *more);
	if (!more) {
		free(name);
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	}
	k->key = more;
	k->key[k->n++] = (struct msp_key){name, descending};
	return MSP_OK;
}

int msp_keys_parse(const char *text, bool descending, struct msp_keys *out, struct msp_error *err)
{
	struct msp_keys k = {0};
	const char *p = text;
	int rc = MSP_OK;
	for (;;) {
		bool minus = descending && *p == '-';
		char *name = NULL;
		p += minus;
		size_t n = msp_key_parse(p, &name);
		if (!n)
			rc = expected(text, p, "a key", err);
		else if (!name)
			rc = msp_error_set(err, MSP_NOMEM, "out of memory");
		else
			rc = add(&k, name, minus, err);
		p += n;
		if (rc < 0 || !*p)
			break;
		if (*p++ != ',') {
			rc = expected(text, p - 1, "\",\"", err);
			break;
		}
	}
	if (rc < 0)
		msp_keys_free(&k);
	*out = k;
	return rc;
}

void msp_keys_free(struct msp_keys *k)
{
	for (uint32_t i = 0; i < k->n; i++)
		free(k->key[i].name);
	free(k->key);
	*k = (struct msp_keys){0};
}
