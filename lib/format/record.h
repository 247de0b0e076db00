/* One miniSEED 2 record's header, read into plain numbers. See record.c. */
#ifndef FORMAT_RECORD_H
#define FORMAT_RECORD_H

#include "mspipe/core.h"

#define RECORD_CODES 12      /* station 5, location 2, channel 3, network 2: as they lie in the record */
#define RECORD_FIXED 48      /* bytes of the fixed header */
#define RECORD_HEAD 64       /* with blockettes 1000 and 1001, which is all that most records have */
#define RECORD_MIN 128       /* libmseed's bounds for a record's length */
#define RECORD_MAX (1u << 20)
#define RECORD_WHY 96

enum record_encoding { /* of blockette 1000 */
	ENC_ASCII = 0, ENC_INT16 = 1, ENC_INT32 = 3, ENC_FLOAT32 = 4, ENC_FLOAT64 = 5, ENC_STEIM1 = 10, ENC_STEIM2 = 11,
	ENC_GEOSCOPE24 = 12, ENC_GEOSCOPE163 = 13, ENC_GEOSCOPE164 = 14, ENC_CDSN = 16, ENC_SRO = 30, ENC_DWWSSN = 32,
};

struct record {
	char codes[RECORD_CODES];
	char quality;        /* D R Q M */
	msp_time start;      /* corrected */
	double dt;           /* 0: no rate, so no time series */
	uint32_t nsamp;
	uint32_t length;     /* of the record; 0: the header does not say (no blockette 1000) */
	uint32_t data;       /* offset of the samples */
	int encoding;        /* enum record_encoding, or one that is unknown */
	bool big;            /* the samples are big-endian */
	bool more;           /* its blockettes go on behind the bytes that were given: with them it may say something else */
};

enum record_class {
	RECORD_DATA = 1, /* a data record's fixed header begins here */
	RECORD_CONTROL,  /* a SEED volume's control record, or a blank ("noise") one: legitimate, carries no samples */
	RECORD_NOT,      /* neither */
};
/* Looks at the first RECORD_FIXED bytes. */
int record_classify(const uint8_t *p);

/* Reads the header in the first n bytes (all of the record, or what there is of it). p is a RECORD_DATA. False: why
 * says what is wrong. */
bool record_parse(const uint8_t *p, size_t n, struct record *r, char why[RECORD_WHY]);

/* The name of an encoding as ObsPy writes it ("STEIM2"), or "UNKNOWN". */
const char *record_encoding_name(int encoding);
/* One of the codes, without blanks, in printable ASCII. Returns its length. */
enum record_code { CODE_STA, CODE_LOC, CODE_CHAN, CODE_NET };
size_t record_code(const char codes[RECORD_CODES], enum record_code which, char out[8]);

#endif
