/* Tables of text as documents: read once to see what the columns hold, kept meanwhile, then a document a row. */
#include "store/csvfile.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct table {
	struct msp_textin in;
	const struct msp_csv_options *o;
	struct csv_row row;
	struct csv_column *column;
	size_t n;
	struct msp_spool spool; /* of each row: length of its text, its line (8 bytes each), its text */
	msp_line_fn *fn;
	void *context;
	struct msp_error *err;
};

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

/* ---- the first row -------------------------------------------------------------- */

static int bad_key(const struct table *t, const struct csv_field *f, const char *why)
{
	return msp_error_set(t->err, MSP_CORRUPT, "%s: line %" PRIu64 ": \"%.60s\" %s", t->in.file->name, t->row.line, f->text, why);
}

static int take_key(struct table *t, size_t i)
{
	struct csv_field f = csv_row_field(&t->row, i);

	if (i == 0 && f.len >= 3 && memcmp(f.text, "\xef\xbb\xbf", 3) == 0) { /* the mark of UTF-8 */
		f.text += 3;
		f.len -= 3;
	}
	if (f.len == 0 || f.text[0] == '$' || memchr(f.text, '.', f.len) || memchr(f.text, 0, f.len) || !bson_utf8_validate(f.text, f.len, false))
		return bad_key(t, &f, "cannot be a key (the first row has the names of the columns)");
	for (size_t k = 0; k < i; k++)
		if (strcmp(t->column[k].key, f.text) == 0)
			return bad_key(t, &f, "is the name of two columns");
	t->column[i].key = strdup(f.text);
	if (!t->column[i].key)
		return memory(t->err);
	t->n++;
	return MSP_OK;
}

static int read_head(struct table *t)
{
	int s = csv_row_read(&t->in, t->o->delimiter, &t->row, t->err);

	if (s == 0)
		return msp_error_set(t->err, MSP_CORRUPT, "%s: line 1: a table without a first row", t->in.file->name);
	if (s < 0)
		return s;
	if (t->row.n > 4096)
		return msp_error_set(t->err, MSP_CORRUPT, "%s: line %" PRIu64 ": more than 4096 columns", t->in.file->name, t->row.line);
	t->column = calloc(t->row.n, sizeof(*t->column));
	if (!t->column)
		return memory(t->err);
	s = MSP_OK;
	for (size_t i = 0; s == MSP_OK && i < t->row.n; i++)
		s = take_key(t, i);
	return s == MSP_OK ? csv_types(t->column, t->n, t->o, t->err) : s;
}

/* ---- the others ------------------------------------------------------------------ */

static int read_rows(struct table *t)
{
	int s;

	while ((s = csv_row_read(&t->in, t->o->delimiter, &t->row, t->err)) == 1) {
		uint64_t head[2] = {t->row.text.len, t->row.line};

		if (t->row.n != t->n)
			return msp_error_set(t->err, MSP_CORRUPT, "%s: line %" PRIu64 ": %zu fields; the first row has %zu", t->in.file->name, t->row.line,
			                     t->row.n, t->n);
		for (size_t i = 0; i < t->n; i++) {
			struct csv_field f = csv_row_field(&t->row, i);

			if (t->column[i].type == CSV_UNTOLD)
				csv_type_meet(&t->column[i], &f);
		}
		s = msp_spool_put(&t->spool, head, sizeof(head), t->err);
		if (s == MSP_OK)
			s = msp_spool_put(&t->spool, t->row.text.data, t->row.text.len, t->err);
		if (s != MSP_OK)
			return s;
	}
	return s;
}

static int give_row(struct table *t, const char *text, uint64_t line)
{
	bson_t doc = BSON_INITIALIZER;
	int s = MSP_OK;

	for (size_t i = 0; s == MSP_OK && i < t->n; i++) {
		struct csv_field f = {.quoted = *text == 1, .text = text + 1};
		int done;

		f.len = strlen(f.text); /* a NUL inside was refused */
		text += f.len + 2;
		done = csv_append(&t->column[i], t->column[i].type, &f, &doc);
		if (done < 0)
			s = memory(t->err);
		else if (done == 0 && t->column[i].type == CSV_STRING)
			s = msp_error_set(t->err, MSP_CORRUPT, "%s: line %" PRIu64 ": %s: a text that is not UTF-8 (iconv makes it so)", t->in.file->name, line,
			                  t->column[i].key);
		else if (done == 0)
			s = msp_error_set(t->err, MSP_CORRUPT, "%s: line %" PRIu64 ": %s: \"%.60s\" is no %s", t->in.file->name, line, t->column[i].key,
			                  f.text, csv_type_name(t->column[i].type));
	}
	if (s == MSP_OK)
		s = t->fn(t->context, &doc, line, t->err);
	bson_destroy(&doc);
	return s;
}

static int give_rows(struct table *t)
{
	int s = msp_spool_rewind(&t->spool, t->err);

	for (size_t i = 0; i < t->n; i++)
		t->column[i].type = csv_type_settle(&t->column[i]);
	while (s == MSP_OK) {
		const uint8_t *p;
		uint64_t head[2];

		s = msp_spool_get(&t->spool, sizeof(head), &p, t->err);
		if (s != MSP_OK || !p)
			break;
		memcpy(head, p, sizeof(head));
		s = msp_spool_get(&t->spool, (size_t)head[0], &p, t->err);
		if (s == MSP_OK && p)
			s = give_row(t, (const char *)p, head[1]);
	}
	return s;
}

int msp_csv_read(const struct msp_text_file *file, const struct msp_csv_options *options, msp_line_fn *fn, void *context, struct msp_error *err)
{
	struct msp_csv_options o = *options;
	struct table *t = calloc(1, sizeof(*t));
	int s;

	if (!t)
		return memory(err);
	o.delimiter = o.delimiter ? o.delimiter : ',';
	t->o = &o;
	t->fn = fn;
	t->context = context;
	t->err = err;
	msp_textin_start(&t->in, file, err);
	s = read_head(t);
	if (s == MSP_OK)
		s = read_rows(t);
	if (s == MSP_OK)
		s = give_rows(t);
	for (size_t i = 0; i < t->n; i++)
		free(t->column[i].key);
	free(t->column);
	csv_row_free(&t->row);
	msp_spool_free(&t->spool);
	free(t);
	return s;
}
