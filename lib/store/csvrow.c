/* Rows of a table of text (RFC 4180): fields between delimiters, quoted where they hold one, a quote or a line's end. */
#include "store/csvfile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_ROW 67108864
#define MAX_FIELDS 65536

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

static int wrong(const struct msp_textin *in, uint64_t line, const char *what, struct msp_error *err)
{
	return msp_error_set(err, MSP_CORRUPT, "%s: line %" PRIu64 ": %s", in->file->name, line, what);
}

static int put(struct csv_row *row, int c, struct msp_error *err)
{
	char byte = (char)c;

	if (row->text.len == row->text.cap && msp_bytes_reserve(&row->text, row->text.cap ? 2 * row->text.cap : 256) != MSP_OK)
		return memory(err);
	return msp_bytes_append(&row->text, &byte, 1) == MSP_OK ? MSP_OK : memory(err);
}

static int begin_field(struct csv_row *row, struct msp_error *err)
{
	if (row->n == row->room) {
		size_t room = row->room ? 2 * row->room : 32;
		size_t *more = realloc(row->at, room * sizeof(*more));

		if (!more)
			return memory(err);
		row->at = more;
		row->room = room;
	}
	row->at[row->n++] = row->text.len;
	return put(row, 0, err);
}

/* After the quote, up to the one that ends it. */
static int quoted(struct msp_textin *in, struct csv_row *row, uint64_t line, struct msp_error *err)
{
	int c, s = MSP_OK;

	row->text.data[row->at[row->n - 1]] = 1;
	while (s == MSP_OK) {
		c = msp_textin_get(in);
		if (c == MSP_TEXTIN_END)
			return in->status != MSP_OK ? in->status : wrong(in, line, "a quote without end", err);
		if (c == '"') {
			if (msp_textin_peek(in) != '"')
				return MSP_OK;
			(void)msp_textin_get(in);
		}
		if (c == 0)
			return wrong(in, line, "a NUL", err);
		s = row->text.len > MAX_ROW ? wrong(in, line, "a row that is too long", err) : put(row, c, err);
	}
	return s;
}

/* One field; *c is what ended it. */
static int field(struct msp_textin *in, char delimiter, struct csv_row *row, int *c, struct msp_error *err)
{
	int s = row->n >= MAX_FIELDS ? wrong(in, row->line, "too many fields", err) : begin_field(row, err);

	if (s == MSP_OK && msp_textin_peek(in) == '"') {
		(void)msp_textin_get(in);
		s = quoted(in, row, row->line, err);
	}
	while (s == MSP_OK) {
		*c = msp_textin_get(in);
		if (*c == '\r' && msp_textin_peek(in) == '\n')
			continue;
		if (*c == MSP_TEXTIN_END || *c == '\n' || *c == (unsigned char)delimiter)
			break;
		if (row->text.data[row->at[row->n - 1]] == 1)
			s = wrong(in, in->line, "something after a quoted field", err);
		else if (*c == '"' || *c == 0 || *c == '\r')
			s = wrong(in, in->line, *c == '"' ? "a quote in a field that is not quoted" : *c ? "a carriage return that ends no line" : "a NUL", err);
		else
			s = row->text.len > MAX_ROW ? wrong(in, row->line, "a row that is too long", err) : put(row, *c, err);
	}
	if (s == MSP_OK)
		s = in->status;
	return s == MSP_OK ? put(row, 0, err) : s;
}

int csv_row_read(struct msp_textin *in, char delimiter, struct csv_row *row, struct msp_error *err)
{
	int c = 0, s;

	for (;;) {
		row->n = row->text.len = 0;
		row->line = in->line;
		if (msp_textin_peek(in) == MSP_TEXTIN_END)
			return in->status;
		do
			s = field(in, delimiter, row, &c, err);
		while (s == MSP_OK && c == (unsigned char)delimiter);
		if (s != MSP_OK)
			return s;
		if (row->n > 1 || row->text.len > 2 || row->text.data[0] == 1)
			return 1;
	}
}

struct csv_field csv_row_field(const struct csv_row *row, size_t i)
{
	size_t from = row->at[i], to = i + 1 < row->n ? row->at[i + 1] : row->text.len;

	return (struct csv_field){.text = (const char *)row->text.data + from + 1, .len = to - from - 2, .quoted = row->text.data[from] == 1};
}

void csv_row_free(struct csv_row *row)
{
	msp_bytes_free(&row->text);
	free(row->at);
	memset(row, 0, sizeof(*row));
}
