/* XML files by libxml2, its SAX interface: no tree is made but of what is asked for, no document type declaration is accepted, so
 * there are no entities to be expanded, and no other file is opened. */
#include "format/xml.h"
#include "format/xmlarena.h"

#include <errno.h>
#include <inttypes.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_QUIET 262144    /* bytes of a tag, or of a comment: libxml2 compares each attribute with each */

struct xml {
	const struct msp_text_file *file;
	struct msp_error *err;
	int status;
	xml_root_fn *root;
	const struct xml_handler *handler;
	bool bare; /* the root has no namespace */
	void *context;
	xmlParserCtxtPtr parser;
	size_t head;     /* bytes of file->head that were given */
	size_t quiet;
	uint64_t skipped; /* elements open in one that is left out, it included */
	int depth;        /* elements that were entered */
	struct xml_element *top, *open; /* taken: the outermost, the innermost */
	struct xml_arena arena;
};

struct msp_error *xml_error(struct xml *x)
{
	return x->err;
}

uint64_t xml_line(const struct xml *x)
{
	return x->parser && x->parser->input ? (uint64_t)x->parser->input->line : 0;
}

static int fail(struct xml *x, int status)
{
	if (x->status == MSP_OK && status < 0) {
		x->status = status;
		if (x->parser)
			xmlStopParser(x->parser);
	}
	return status;
}

int xml_wrong(struct xml *x, uint64_t line, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return msp_error_set(x->err, MSP_CORRUPT, "%s: line %" PRIu64 ": %s", x->file->name, line, text);
}

/* ---- memory for what is taken ------------------------------------------- */

static void *room(struct xml *x, size_t n)
{
	void *p = NULL;
	int s;

	if (x->status != MSP_OK)
		return NULL;
	s = xml_arena_get(&x->arena, n, &p);
	if (s == MSP_FAIL)
		fail(x, xml_wrong(x, x->top ? x->top->line : xml_line(x), "<%s> is too large", x->top ? x->top->name : "it"));
	else if (s == MSP_NOMEM)
		fail(x, msp_error_set(x->err, MSP_NOMEM, "no memory left"));
	return p;
}

static char *copy(struct xml *x, const char *text, size_t n)
{
	char *p = room(x, n + 1);

	if (p) {
		memcpy(p, text, n);
		p[n] = '\0';
	}
	return p;
}

/* ---- reading ------------------------------------------------------------ */

/* libxml2 asks for more in the middle of a tag: it cannot be stopped here, only told that there is nothing more. */
static int no_more(struct xml *x, int status)
{
	x->status = status;
	return -1;
}

static int read_file(void *context, char *to, int want)
{
	struct xml *x = context;
	const struct msp_text_file *f = x->file;
	size_t n = want > 0 ? (size_t)want : 0;
	ssize_t got;

	if (x->status != MSP_OK)
		return -1;
	if (f->poll && f->poll(f->poll_context))
		return no_more(x, msp_error_set(x->err, MSP_INTERRUPTED, "interrupted"));
	if (x->quiet > MAX_QUIET)
		return no_more(x, xml_wrong(x, xml_line(x), "a tag, or a comment, of more than %d bytes", MAX_QUIET));
	if (x->head < f->n) {
		n = n < f->n - x->head ? n : f->n - x->head;
		memcpy(to, (const char *)f->head + x->head, n);
		x->head += n;
		return (int)n;
	}
	while ((got = read(f->fd, to, n)) < 0) {
		if (errno != EINTR)
			return no_more(x, msp_error_errno(x->err, MSP_FAIL, "%s", f->name));
		if (f->poll && f->poll(f->poll_context))
			return no_more(x, msp_error_set(x->err, MSP_INTERRUPTED, "interrupted"));
	}
	x->quiet += (size_t)got;
	return (int)got;
}

#if LIBXML_VERSION >= 21200
typedef const xmlError *error_ptr;
#else
typedef xmlErrorPtr error_ptr;
#endif

static void on_error(void *context, error_ptr e)
{
	struct xml *x = context;
	int n = e->message ? (int)strcspn(e->message, "\n") : 0;

	if (e->level != XML_ERR_FATAL || x->status != MSP_OK)
		return;
	if (e->code == XML_ERR_NO_MEMORY)
		fail(x, msp_error_set(x->err, MSP_NOMEM, "no memory left"));
	else
		fail(x, xml_wrong(x, e->line > 0 ? (uint64_t)e->line : 1, "%.*s", n, e->message ? e->message : ""));
}

static void on_doctype(void *context, const xmlChar *name, const xmlChar *external, const xmlChar *system)
{
	struct xml *x = context;

	(void)name, (void)external, (void)system;
	fail(x, xml_wrong(x, xml_line(x), "a document type declaration: refused"));
}

/* ---- elements ----------------------------------------------------------- */

static struct xml_element *make_element(struct xml *x, const char *name, int n, const xmlChar **a)
{
	struct xml_element *e = room(x, sizeof(*e));

	if (!e)
		return NULL;
	*e = (struct xml_element){.name = name, .line = xml_line(x)};
	for (int i = n - 1; i >= 0; i--) {
		const char *from = (const char *)a[5 * i + 3];
		struct xml_attribute *attribute;

		if (a[5 * i + 2] && !x->handler->own((const char *)a[5 * i + 2]))
			continue;
		attribute = room(x, sizeof(*attribute));
		if (!attribute)
			return NULL;
		attribute->name = (const char *)a[5 * i];
		attribute->value = copy(x, from, (size_t)((const char *)a[5 * i + 4] - from));
		attribute->next = e->attribute;
		if (!attribute->value)
			return NULL;
		e->attribute = attribute;
	}
	return e;
}

static void append(struct xml *x, struct xml_element *e)
{
	e->parent = x->open;
	if (x->open && x->open->last)
		x->open->last->next = e;
	else if (x->open)
		x->open->child = e;
	if (x->open)
		x->open->last = e;
	x->open = e;
}

static void on_begin(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int namespaces, const xmlChar **ns,
                     int n, int defaulted, const xmlChar **attributes)
{
	struct xml *x = context;
	struct xml_element *e;
	int answer;

	(void)prefix, (void)namespaces, (void)ns, (void)defaulted;
	x->quiet = 0;
	if (x->status != MSP_OK)
		return;
	if (!x->handler) {
		x->handler = x->root(x->context, (const char *)name, (const char *)uri);
		if (!x->handler) {
			fail(x, x->err->status);
			return;
		}
		x->bare = !uri;
	}
	if (x->skipped || !(uri ? x->handler->own((const char *)uri) : x->bare)) {
		x->skipped++;
		return;
	}
	e = make_element(x, (const char *)name, n, attributes);
	if (!e)
		return;
	if (x->open) {
		append(x, e);
		return;
	}
	answer = x->handler->begin(x->context, x->depth, e);
	if (answer == XML_TAKE) {
		x->top = e;
		append(x, e);
		return;
	}
	xml_arena_forget(&x->arena);
	fail(x, answer);
	if (answer == XML_ENTER)
		x->depth++;
	else
		x->skipped++;
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct xml *x = context;
	int answer;

	(void)name, (void)prefix, (void)uri;
	x->quiet = 0;
	if (x->status != MSP_OK)
		return;
	if (x->skipped) {
		x->skipped--;
	} else if (x->open && x->open != x->top) {
		x->open = x->open->parent;
	} else if (x->open) {
		answer = x->handler->whole(x->context, x->depth, x->top);
		x->top = x->open = NULL;
		if (answer == XML_TAKE)
			xml_arena_keep(&x->arena);
		else
			xml_arena_forget(&x->arena);
		fail(x, answer);
	} else {
		x->depth--;
		fail(x, x->handler->end(x->context, x->depth));
	}
}

static bool blank(const xmlChar *text, int n)
{
	for (int i = 0; i < n; i++)
		if (text[i] != ' ' && text[i] != '\n' && text[i] != '\t' && text[i] != '\r')
			return false;
	return true;
}

static void on_text(void *context, const xmlChar *text, int n)
{
	struct xml *x = context;
	struct xml_element *e = x->open;
	char *whole;

	x->quiet = 0;
	if (x->status != MSP_OK || x->skipped || !e || n <= 0 || ((e->child || !e->text) && blank(text, n)))
		return;
	if (e->len + (size_t)n >= e->room) {
		e->room = 2 * (e->len + (size_t)n) + 1;
		whole = room(x, e->room);
		if (!whole)
			return;
		if (e->len > 0)
			memcpy(whole, e->text, e->len);
		e->text = whole;
	}
	memcpy(e->text + e->len, text, (size_t)n);
	e->len += (size_t)n;
	e->text[e->len] = '\0';
}

static void on_comment(void *context, const xmlChar *text)
{
	struct xml *x = context;

	(void)text;
	x->quiet = 0;
}

/* ---- a file -------------------------------------------------------------- */

static int parse(struct xml *x)
{
	xmlSAXHandler *sax;
	xmlDocPtr doc;

	x->parser = xmlNewParserCtxt();
	if (!x->parser)
		return msp_error_set(x->err, MSP_NOMEM, "no memory left");
	sax = x->parser->sax;
	memset(sax, 0, sizeof(*sax));
	sax->initialized = XML_SAX2_MAGIC;
	sax->internalSubset = on_doctype;
	sax->startElementNs = on_begin;
	sax->endElementNs = on_end;
	sax->characters = sax->cdataBlock = sax->ignorableWhitespace = on_text;
	sax->comment = on_comment;
	sax->serror = on_error;
	x->parser->userData = x;
	doc = xmlCtxtReadIO(x->parser, read_file, NULL, x, NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOENT); /* of entities there are &amp; and the like, for attributes */
	if (doc)
		xmlFreeDoc(doc);
	if (x->status == MSP_OK && !x->parser->wellFormed)
		fail(x, xml_wrong(x, xml_line(x), "not well-formed"));
	if (x->status == MSP_OK && !x->handler)
		fail(x, xml_wrong(x, xml_line(x), "no element"));
	return x->status;
}

int xml_read(const struct msp_text_file *file, xml_root_fn *root, void *context, struct xml **out, struct msp_error *err)
{
	struct xml *x = calloc(1, sizeof(*x));
	int s;

	if (!x)
		return msp_error_set(err, MSP_NOMEM, "no memory left");
	x->file = file;
	x->err = err;
	x->root = root;
	x->context = context;
	*out = x;
	s = parse(x);
	xmlFreeParserCtxt(x->parser);
	xml_arena_free(&x->arena);
	free(x);
	*out = NULL;
	return s;
}
