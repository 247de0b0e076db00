/* Text with %{KEY} for values. */
#include "mspipe/core.h"

#include <string.h>

static int bad(struct msp_piece *piece, const char *why)
{
	piece->why = why;
	return MSP_PIECE_BAD;
}

static int text(const char **p, struct msp_piece *piece, const char *what, size_t n, size_t taken)
{
	piece->text = what;
	piece->len = n;
	*p += taken;
	return MSP_PIECE_TEXT;
}

static int percent(const char **p, struct msp_piece *piece)
{
	size_t n;

	if ((*p)[1] == '%')
		return text(p, piece, "%", 1, 2);
	if ((*p)[1] != '{')
		return bad(piece, "after % comes {KEY} or %");
	n = strcspn(*p + 2, "}");
	if (n == 0)
		return bad(piece, "no key");
	if ((*p)[2 + n] == '\0')
		return bad(piece, "no } after the key");
	if (n >= sizeof(piece->key))
		return bad(piece, "the key is too long");
	memcpy(piece->key, *p + 2, n);
	piece->key[n] = '\0';
	piece->len = n;
	*p += n + 3;
	return MSP_PIECE_KEY;
}

static int escape(const char **p, struct msp_piece *piece)
{
	switch ((*p)[1]) {
	case 'n': return text(p, piece, "\n", 1, 2);
	case 't': return text(p, piece, "\t", 1, 2);
	case '\\': return text(p, piece, "\\", 1, 2);
	default: return bad(piece, "only \\n, \\t and \\\\ are known");
	}
}

int msp_pattern_next(const char **p, bool escapes, struct msp_piece *piece)
{
	size_t n;

	if (**p == '\0')
		return MSP_PIECE_END;
	if (**p == '%')
		return percent(p, piece);
	if (**p == '\\' && escapes)
		return escape(p, piece);
	n = strcspn(*p, escapes ? "%\\" : "%");
	return text(p, piece, *p, n, n);
}

int msp_pattern_expand(const char *pattern, bool escapes, const struct msp_object *o, msp_pattern_value_fn *value,
                       struct msp_bytes *out)
{
	struct msp_piece piece;
	int type, r = MSP_OK;

	while (r == MSP_OK && (type = msp_pattern_next(&pattern, escapes, &piece)) != MSP_PIECE_END) {
		if (type == MSP_PIECE_BAD)
			return MSP_USAGE;
		r = type == MSP_PIECE_KEY ? value(o, piece.key, out) : msp_bytes_append(out, piece.text, piece.len);
	}
	return r;
}
