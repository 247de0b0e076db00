/* Files of JSON documents: one a line, or an array of them. */
#include "store/textin.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT 134217728 /* of a document: 16 MiB of it take less in JSON */

struct reader {
	struct msp_textin in;
	struct msp_bytes text; /* of a document */
	msp_line_fn *fn;
	void *context;
	struct msp_error *err;
};

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

static int wrong(const struct reader *r, uint64_t line, const char *what)
{
	return msp_error_set(r->err, MSP_CORRUPT, "%s: line %" PRIu64 ": %s", r->in.file->name, line, what);
}

static bool is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int skip_blanks(struct reader *r)
{
	while (is_blank(msp_textin_peek(&r->in)))
		(void)msp_textin_get(&r->in);
	return msp_textin_peek(&r->in);
}

static int put(struct reader *r, int c)
{
	char byte = (char)c;

	if (r->text.len >= MAX_TEXT)
		return wrong(r, r->in.line, "a document that is too large");
	if (r->text.len < r->text.cap) {
		r->text.data[r->text.len++] = (unsigned char)byte;
		return MSP_OK;
	}
	if (msp_bytes_reserve(&r->text, r->text.cap ? 2 * r->text.cap : 4096) != MSP_OK || msp_bytes_append(&r->text, &byte, 1) != MSP_OK)
		return memory(r->err);
	return MSP_OK;
}

/* The document in r->text, which began at that line. */
static int give(struct reader *r, uint64_t line)
{
	struct msp_error why = {0};
	bson_t doc;
	int s;

	if (r->text.len == 0)
		return wrong(r, line, "it ends too early");
	s = msp_json_parse((const char *)r->text.data, r->text.len, &doc, NULL, &why);
	if (s == MSP_NOMEM)
		return memory(r->err);
	if (s != MSP_OK)
		return wrong(r, line, why.text);
	s = r->fn(r->context, &doc, line, r->err);
	bson_destroy(&doc);
	return s;
}

/* ---- one document a line ------------------------------------------------ */

static int read_lines(struct reader *r)
{
	int s = MSP_OK, c = 0;

	while (s == MSP_OK && c != MSP_TEXTIN_END) {
		uint64_t line = r->in.line;
		bool blank = true;

		r->text.len = 0;
		while (s == MSP_OK && (c = msp_textin_get(&r->in)) != MSP_TEXTIN_END && c != '\n') {
			blank = blank && is_blank(c);
			s = put(r, c);
		}
		if (s == MSP_OK)
			s = r->in.status;
		if (s == MSP_OK && !blank)
			s = give(r, line);
	}
	return s;
}

/* ---- an array ----------------------------------------------------------- */

/* An element, up to the bracket that closes it; whether it is one is for the parser to say. */
static int read_element(struct reader *r)
{
	int s = MSP_OK, c, depth = 0;
	bool quoted = false, escaped = false;

	r->text.len = 0;
	while (s == MSP_OK && (c = msp_textin_get(&r->in)) != MSP_TEXTIN_END) {
		s = put(r, c);
		if (quoted) {
			quoted = escaped || c != '"';
			escaped = !escaped && c == '\\';
			continue;
		}
		quoted = c == '"';
		depth += (c == '{' || c == '[') - (c == '}' || c == ']');
		if (depth <= 0)
			break;
	}
	return s == MSP_OK ? r->in.status : s;
}

static int read_array(struct reader *r)
{
	int c, s = MSP_OK;

	(void)msp_textin_get(&r->in);
	c = skip_blanks(r);
	while (s == MSP_OK && (c != ']' || r->text.len > 0)) {
		uint64_t line = r->in.line;

		s = read_element(r);
		if (s == MSP_OK)
			s = give(r, line);
		if (s == MSP_OK)
			c = skip_blanks(r);
		if (s == MSP_OK && c == ']')
			break;
		if (s == MSP_OK && c != ',')
			s = r->in.status != MSP_OK ? r->in.status : wrong(r, r->in.line, "expected , or ]");
		(void)msp_textin_get(&r->in);
		(void)skip_blanks(r);
	}
	(void)msp_textin_get(&r->in);
	if (s == MSP_OK && skip_blanks(r) != MSP_TEXTIN_END)
		s = wrong(r, r->in.line, "something after the array");
	return s == MSP_OK ? r->in.status : s;
}

int msp_json_read(const struct msp_text_file *file, msp_line_fn *fn, void *context, struct msp_error *err)
{
	struct reader *r = calloc(1, sizeof(*r));
	int s;

	if (!r)
		return memory(err);
	r->fn = fn;
	r->context = context;
	r->err = err;
	msp_textin_start(&r->in, file, err);
	s = skip_blanks(r) == '[' ? read_array(r) : r->in.status;
	if (s == MSP_OK)
		s = read_lines(r);
	msp_bytes_free(&r->text);
	free(r);
	return s;
}
