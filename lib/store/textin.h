/* store/textin.h - the bytes of a text file, one by one, with the line they are in */
#ifndef MSP_STORE_TEXTIN_H
#define MSP_STORE_TEXTIN_H

#include "mspipe/documents.h"

#define MSP_TEXTIN_BUFFER 65536
#define MSP_TEXTIN_END (-1)

struct msp_textin {
	const struct msp_text_file *file;
	const unsigned char *p, *end;
	uint64_t line; /* of the next byte, from 1 */
	int status;    /* below MSP_OK: reading failed */
	bool head_done, eof;
	struct msp_error *err;
	unsigned char buf[MSP_TEXTIN_BUFFER];
};

void msp_textin_start(struct msp_textin *t, const struct msp_text_file *file, struct msp_error *err);
/* Makes p < end; false at the end, and where reading fails. */
bool msp_textin_fill(struct msp_textin *t);

/* The next byte, or MSP_TEXTIN_END; it stays the next. */
static inline int msp_textin_peek(struct msp_textin *t)
{
	return t->p < t->end || msp_textin_fill(t) ? *t->p : MSP_TEXTIN_END;
}

static inline int msp_textin_get(struct msp_textin *t)
{
	int c = msp_textin_peek(t);

	if (c != MSP_TEXTIN_END)
		t->p++;
	t->line += c == '\n';
	return c;
}

#endif
