/* format/xmldoc.h - elements as documents
 *
 * An element's key is its name in small letters, words divided by _ (PzTransferFunctionType: pz_transfer_function_type); of
 * one that may come several times, what the rules say, with an array. */
#ifndef MSP_FORMAT_XMLDOC_H
#define MSP_FORMAT_XMLDOC_H

#include "format/xml.h"

enum xml_type { XML_STRING, XML_DOUBLE, XML_INT, XML_BOOL, XML_TIME };

struct xml_rule {
	const char *name; /* of an element or attribute */
	int type;
	const char *plural; /* the key of the array of those of this name that stand together; NULL: there is one */
};

struct xml_rules {
	const struct xml_rule *rule; /* sorted by name */
	size_t n;
	/* The type of an element whose name alone does not tell, or that of its rule. May be NULL. */
	int (*type)(const struct xml_element *e, int type);
	/* Whether an attribute says something that is not said without it. NULL: each does. */
	bool (*tells)(const struct xml_element *e, const struct xml_attribute *a, uint32_t index);
};

struct xml_doc {
	struct xml *x;
	const struct xml_rules *rules;
	bool strict; /* a value that is not of its type is an error; else it stays text */
};

/* Attributes of e and what is in it, but for the elements of which one of NULL-ended `without` is the name (NULL: all of them). MSP_CORRUPT
 * with the reason in xml_error(). */
int xml_doc_fill(const struct xml_doc *d, const struct xml_element *e, const char *const *without, bson_t *out) MSP_CHECKED;
/* The same as a subdocument; an empty one is left out. */
int xml_doc_sub(const struct xml_doc *d, const struct xml_element *e, const char *const *without, const char *key, bson_t *out) MSP_CHECKED;
/* The children of that name as an array of subdocuments; none: nothing. */
int xml_doc_array(const struct xml_doc *d, const struct xml_element *e, const char *name, const char *const *without, const char *key,
                  bson_t *out) MSP_CHECKED;
/* Appends e to an array: its value, or a document where there is more to be said. */
int xml_doc_item(const struct xml_doc *d, const struct xml_element *e, uint32_t index, bson_t *array) MSP_CHECKED;
/* The key of elements of that name; *several: they stand in an array. False if it is longer than size. */
bool xml_doc_key(const struct xml_doc *d, const char *name, bool *several, char *key, size_t size);

/* An ObjectId of what identifies a thing: the first 12 bytes of msp_id_of_texts(). */
void xml_oid(const char *const *part, size_t n, bson_oid_t *out);
int xml_full(struct xml *x, uint64_t line); /* a document became too large */
/* [lon, lat], and {"type": "Point", "coordinates": [lon, lat]} */
bool xml_append_coords(bson_t *out, double lat, double lon, const char *geojson_key);

#endif
