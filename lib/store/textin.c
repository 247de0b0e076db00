/* The bytes of a text file. */
#include "store/textin.h"

#include <errno.h>
#include <unistd.h>

void msp_textin_start(struct msp_textin *t, const struct msp_text_file *file, struct msp_error *err)
{
	t->file = file;
	t->p = t->end = t->buf;
	t->line = 1;
	t->status = MSP_OK;
	t->head_done = t->eof = false;
	t->err = err;
}

bool msp_textin_fill(struct msp_textin *t)
{
	const struct msp_text_file *f = t->file;
	ssize_t n;

	if (!t->head_done) {
		t->head_done = true;
		t->p = f->head;
		t->end = f->n ? t->p + f->n : t->p;
		if (f->n > 0)
			return true;
	}
	if (t->eof || t->status != MSP_OK)
		return false;
	while ((n = read(f->fd, t->buf, sizeof(t->buf))) < 0) {
		if (errno != EINTR)
			t->status = msp_error_errno(t->err, MSP_FAIL, "%s", f->name);
		else if (f->poll && f->poll(f->poll_context))
			t->status = msp_error_set(t->err, MSP_INTERRUPTED, "%s: interrupted", f->name);
		if (t->status != MSP_OK)
			return false;
	}
	t->eof = n == 0;
	t->p = t->buf;
	t->end = t->buf + n;
	return n > 0;
}
