/* format/xmlstation.h - StationXML while it is read */
#ifndef MSP_FORMAT_XMLSTATION_H
#define MSP_FORMAT_XMLSTATION_H

#include "format/xmlfile.h"

#define XML_MAX_PARTS 64
#define XML_MAX_CODE 255

struct place {
	double lat, lon, elev, edepth; /* degrees, km */
	bool has_lat, has_lon, has_elev, has_depth;
};

struct epoch {
	double start, end;
};

/* The station's channels of one location code. */
struct location {
	struct location *next;
	char *code;
	struct place place;
};

/* What is said several times of a station, or of its network, as elements of an array. */
struct part {
	char *name;
	bson_t *array;
	uint32_t n;
};

struct details {
	struct part part[XML_MAX_PARTS];
	size_t n, bytes;
	bson_t *attributes;
};

struct stations {
	char net[XML_MAX_CODE + 1], sta[XML_MAX_CODE + 1];
	struct epoch epoch; /* of the station */
	struct place place;
	bool unplaced;      /* what is said of its place was wrong, and left out */
	uint64_t line;      /* of the station */
	struct location *locations;
	struct details network, station;
};

/* ---- xmlrules.c */
extern const struct xml_rules xml_station_rules;
/* Whether text is one of words (NULL-ended), in whatever letters. */
bool xml_any_of(const char *text, const char *const *words);

/* ---- xmldetails.c */
void details_clear(struct details *d);
/* Begins with the attributes of e but those named in without; they are taken out of e. */
int details_begin(struct xmlfile *f, struct details *d, struct xml_element *e, const char *const *without) MSP_CHECKED;
int details_add(struct xmlfile *f, struct details *d, const struct xml_element *e) MSP_CHECKED;
/* Appends all to a document. */
int details_end(struct xmlfile *f, const struct details *d, bson_t *out) MSP_CHECKED;

/* ---- xmlplace.c: what is wrong is said with its line */
extern const char *const xml_degrees[];
/* The number of e, in one of units (NULL-ended; none is said: in the first). */
int place_number(struct xmlfile *f, const struct xml_element *e, const char *const *units, double *out) MSP_CHECKED;
/* Sets what e says of a place; *is: it does. */
int place_set(struct xmlfile *f, const struct xml_element *e, struct place *p, bool *is) MSP_CHECKED;
/* Whether latitude, longitude and elevation are there. */
int place_check(struct xmlfile *f, const struct place *p, uint64_t line, const char *whose) MSP_CHECKED;
int epoch_get(struct xmlfile *f, const struct xml_element *e, struct epoch *out) MSP_CHECKED;
int code_get(struct xmlfile *f, const struct xml_element *e, const char *name, bool needed, char out[XML_MAX_CODE + 1]) MSP_CHECKED;

/* ---- xmlchannel.c */
/* Gives the document of a channel; e loses attributes. */
int channel_give(struct xmlfile *f, struct stations *t, const struct xml_element *e) MSP_CHECKED;
/* Gives the documents of a station that has ended: one for each location code of its channels. */
int site_give_all(struct xmlfile *f, struct stations *t) MSP_CHECKED;
void site_forget(struct stations *t);

#endif
