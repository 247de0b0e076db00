/* core/walk.h - BSON element by element, without allocation
 *
 * libbson's own functions abort when memory runs out and hide where an element lies; editing a document
 * needs the offsets. Every step checks its bounds, so the walk is safe on any bytes; it ends at the first
 * thing that is wrong. */
#ifndef MSP_CORE_WALK_H
#define MSP_CORE_WALK_H

#include "mspipe/core.h"

#define MSP_BSON_DEPTH 64
#define MSP_BSON_MAX ((size_t)INT32_MAX)

struct msp_walk {
	const uint8_t *p, *end; /* the next element; the document's closing NUL */
	bool bad;               /* ended by something malformed */
};

struct msp_elem {
	uint8_t type;
	const char *key; /* NUL-terminated */
	size_t key_len;
	const uint8_t *start; /* the type byte */
	const uint8_t *value;
	size_t size; /* of the value */
};

/* Begins at the first element of a document of n bytes; n == 0 is a document without elements. */
void msp_walk_begin(struct msp_walk *w, const uint8_t *doc, size_t n);
/* False at the end (see w->bad). */
bool msp_walk_next(struct msp_walk *w, struct msp_elem *e);
/* The element is a document or an array. */
bool msp_elem_nested(const struct msp_elem *e);
/* Text of a string element (NUL-terminated); NULL if it is none. */
const char *msp_elem_text(const struct msp_elem *e, size_t *len);
/* The element's value; strings and others are borrowed. */
void msp_elem_value(const struct msp_elem *e, struct msp_value *out);

/* Finds the element of a key, dotted or underscored (exact spelling first). path, if not NULL, receives
 * the documents that enclose it, outermost first, and their number. */
struct msp_elem_path {
	const uint8_t *doc[MSP_BSON_DEPTH + 1];
	unsigned depth;
	bool in_array; /* the innermost is an array */
};
bool msp_elem_find(const struct msp_bytes *doc, const char *key, struct msp_elem *out,
                   struct msp_elem_path *path);

/* A value as BSON: its type byte and, in pieces, its bytes. The pieces point into the value or into
 * scratch. */
struct msp_pieces {
	uint8_t type;
	unsigned n;
	struct { const void *data; size_t len; } piece[6];
	uint8_t scratch[48];
	size_t used;
};
/* False for what BSON has no form of (undefined, or an unknown BSON type). */
bool msp_value_pieces(const struct msp_value *v, struct msp_pieces *out);
size_t msp_pieces_size(const struct msp_pieces *p);
/* Copies the bytes to `to`; returns the byte after them. */
uint8_t *msp_pieces_write(const struct msp_pieces *p, uint8_t *to);

#endif
