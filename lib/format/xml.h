/* format/xml.h - elements of an XML file, as much of them at a time as is asked for
 *
 * What is read: elements and attributes of the file's own namespace, and text. Elements of others are left out with all that is
 * in them. */
#ifndef MSP_FORMAT_XML_H
#define MSP_FORMAT_XML_H

#include "mspipe/stream.h"

struct xml_attribute {
	const char *name, *value;
	struct xml_attribute *next;
};

struct xml_element {
	const char *name;
	char *text; /* without that of elements in it; NULL: none */
	size_t len, room;
	uint64_t line; /* of its tag */
	struct xml_attribute *attribute;
	struct xml_element *parent, *child, *last, *next;
};

struct xml; /* opaque: a file being read */

enum xml_answer { XML_SKIP = 1, XML_ENTER, XML_TAKE };

/* All return below 0 to end the reading, with the reason in xml_error(). depth: 0 for the root. */
struct xml_handler {
	/* Whether a namespace (NULL: none, of the root) is the file's own. */
	bool (*own)(const char *uri);
	/* An element begins; it has its attributes, and neither text nor children. enum xml_answer: leave it out, look at
	 * what is in it one by one, or take it whole. */
	int (*begin)(void *context, int depth, struct xml_element *e);
	/* One that was taken is whole. XML_TAKE: it is needed to the end of the file; else it goes. */
	int (*whole)(void *context, int depth, struct xml_element *e);
	/* One that was entered has ended. */
	int (*end)(void *context, int depth);
};

/* Chooses the handler by the root's name: NULL with xml_error() set if the file is none that can be read. */
typedef const struct xml_handler *xml_root_fn(void *context, const char *name, const char *uri);

int xml_read(const struct msp_text_file *file, xml_root_fn *root, void *context, struct xml **x, struct msp_error *err) MSP_CHECKED;
/* "NAME: line N: ..." with MSP_CORRUPT. Returns it. */
int xml_wrong(struct xml *x, uint64_t line, const char *fmt, ...) MSP_PRINTF(3, 4);
struct msp_error *xml_error(struct xml *x);
uint64_t xml_line(const struct xml *x); /* where the reader stands */

/* ---- elements */
const struct xml_element *xml_child(const struct xml_element *e, const char *name); /* the first, or NULL */
const struct xml_element *xml_again(const struct xml_element *e);                   /* the next of its name, or NULL */
const char *xml_attribute(const struct xml_element *e, const char *name);           /* or NULL */
/* Text of the first child of that name without blanks around it, *n bytes; NULL if there is none, or nothing in it. */
const char *xml_child_text(const struct xml_element *e, const char *name, size_t *n);
/* Text without blanks around it. */
const char *xml_trim(const char *text, size_t *n);

/* ---- values */
/* A finite decimal number; false if the text is none. */
bool xml_number(const char *text, size_t n, double *out);
/* xs:dateTime or xs:date as seconds since 1970: years 1 to 9999, leap seconds not counted; false if the text is none. */
bool xml_time(const char *text, size_t n, double *seconds);

#endif
