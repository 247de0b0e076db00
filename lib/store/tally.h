/* store/tally.h - are the chunks of files in GridFS all there, whatever order they come in? */
#ifndef MSP_STORE_TALLY_H
#define MSP_STORE_TALLY_H

#include "store/idmap.h"

enum msp_tally_verdict {
	MSP_TALLY_WHOLE, MSP_TALLY_NO_LENGTH, MSP_TALLY_MISSING, MSP_TALLY_DOUBLED, MSP_TALLY_SIZE, MSP_TALLY_NONE,
};

struct msp_tally_file {
	uint64_t length, chunks, want; /* chunks seen; chunks that there should be */
	int64_t size;                  /* of a chunk */
	uint64_t marks;                /* sum of a hash of each chunk's number */
	int verdict;
};

/* Some files at a time. Zero-initialise. */
struct msp_tally {
	struct msp_idmap map; /* of files_id -> index in file */
	struct msp_tally_file *file;
	size_t n, room;
	struct msp_bytes key;
	uint64_t chunks; /* seen, of these files */
};

void msp_tally_clear(struct msp_tally *t);
void msp_tally_free(struct msp_tally *t);
/* The next file: its document in fs.files. Its number is n - 1 then. MSP_NOMEM only. */
int msp_tally_add(struct msp_tally *t, const bson_t *file) MSP_CHECKED;
/* A chunk of one of them. MSP_NOMEM only. */
int msp_tally_chunk(struct msp_tally *t, const bson_t *chunk) MSP_CHECKED;
/* enum msp_tally_verdict, when all chunks were given. */
int msp_tally_verdict(const struct msp_tally *t, size_t i);
/* How many a file should have, and its bytes, by its document; 0 if that does not say. */
uint64_t msp_tally_chunks(const bson_t *file);
uint64_t msp_tally_length(const bson_t *file);
const char *msp_tally_text(int verdict);

#endif
