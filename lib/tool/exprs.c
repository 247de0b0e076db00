/* Expressions that a user types: where they are wrong, and what they could not be evaluated on. */
#include "mspipe/gather.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SHOWN 200 /* a longer expression is not shown; the message quotes the place */

/* The expression on one line, and a mark under the column. */
static void show(struct msp_job *job, const char *text, uint32_t column)
{
	char line[SHOWN + 1];
	size_t n = strlen(text);
	if (n > SHOWN || !column)
		return;
	for (size_t i = 0; i <= n; i++)
		line[i] = text[i] && (unsigned char)text[i] < 0x20 ? ' ' : text[i];
	msp_job_warn(job, "%s", line);
	msp_job_warn(job, "%*s^", (int)column - 1, "");
}

int msp_job_expr(struct msp_job *job, const char *text, unsigned flags, struct msp_expr **out)
{
	uint32_t column;
	int rc = msp_expr_compile(text, flags, out, &column, msp_job_error(job));
	if (rc < 0)
		show(job, text, column);
	return rc;
}

void msp_job_complaints(struct msp_job *job, const struct msp_expr *e, const char *effect)
{
	struct msp_expr_complaint c;
	for (uint32_t i = 0; e && msp_expr_complaint(e, i, &c); i++) {
		bool one = c.objects == 1;
		const char *colon = effect ? ": " : "", *rest = effect ? effect : "";
		if (c.kind == MSP_EXPR_NO_KEY)
			msp_job_warn(job, "%" PRIu64 " object%s no key \"%s\"%s%s", c.objects, one ? " has" : "s have", c.key,
			             colon, rest);
		else
			msp_job_warn(job, "%" PRIu64 " object%s: \"%s\" has %s", c.objects, one ? "" : "s", c.text,
			             c.kind == MSP_EXPR_MISMATCH ? "operands of the wrong type" : "no value");
	}
}
