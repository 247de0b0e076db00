/* mspipe/xml.h - stations and earthquakes: StationXML and QuakeML read as documents of a store
 *
 * In a library of its own, libmspipe-xml, so that nobody else has to load libxml2. Documents are those of MsPASS's
 * collections; msimport(1) says which keys they have. */
#ifndef MSPIPE_XML_H
#define MSPIPE_XML_H

#include "mspipe/core.h"
#include "mspipe/stream.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Takes a document of that collection, borrowed; it ends at that line. Below 0 ends the reading, which returns that. */
typedef int msp_xml_fn(void *context, const char *collection, const bson_t *doc, uint64_t line, struct msp_error *err);

/* Told what is wrong with an element that is left out, with name and line. */
typedef void msp_xml_skip_fn(void *context, const char *why);

/* What was met and is worth a word. */
struct msp_xml_notes {
	uint64_t left_out;    /* elements, with skip */
	uint64_t pickless;    /* arrivals whose pick is not in the file: they have no time */
	uint64_t unpreferred; /* events whose preferred origin or magnitude is not in the file: the first there is was taken */
};

/* Reads a StationXML file (1.0 to 1.2: documents of site and channel) or a QuakeML one (1.0 to 1.2, and the -RT form: of
 * source and arrival); the root tells which. Every document has its _id. One pass; memory holds a channel or an event (of the -RT form, what stands
 * beside the events). skip (may be NULL): a network, station, channel, event, pick or detail of which something is missing or wrong is left out
 * with what is in it, and skip is told; without it nothing else is read. MSP_CORRUPT with name and line: no such file, not well-formed, or without what a document needs; a document type
 * declaration is refused, so nothing is expanded and nothing else is read. MSP_FAIL, MSP_NOMEM, MSP_INTERRUPTED, or what fn returned.
 * notes may be NULL. */
MSP_API int msp_xml_read(const struct msp_text_file *file, msp_xml_fn *fn, msp_xml_skip_fn *skip, void *context, struct msp_xml_notes *notes,
                         struct msp_error *err) MSP_CHECKED;

#ifdef __cplusplus
}
#endif
#endif
