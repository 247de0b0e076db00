/* A stage's identity: what of a command line determines the result, in a canonical
 * form, so that `--lowpass 0.010` and `--lowpass 0.01` are the same stage, and an option given
 * with its default value is as one not given. */
#include "tool/job.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int add_double(struct msp_bytes *out, double d)
{
	char buf[32];

	return msp_text_append(out, msp_double_format(d, buf));
}

/* The canonical text of an option's value. */
static int value_text(const struct msp_option *o, const void *base, struct msp_bytes *out)
{
	const void *at = (const char *)base + o->offset;
	char buf[32] = "";

	switch (o->type) {
	case MSP_OPT_FLAG:
		return msp_text_append(out, *(const bool *)at ? "1" : "");
	case MSP_OPT_INT:
	case MSP_OPT_TIME:
		snprintf(buf, sizeof(buf), "%" PRId64, *(const int64_t *)at);
		break;
	case MSP_OPT_SIZE:
		snprintf(buf, sizeof(buf), "%" PRIu64, *(const uint64_t *)at);
		break;
	case MSP_OPT_CHOICE:
		snprintf(buf, sizeof(buf), "%d", *(const int *)at);
		break;
	case MSP_OPT_DOUBLE:
	case MSP_OPT_SECONDS:
	case MSP_OPT_HZ:
		return add_double(out, *(const double *)at);
	case MSP_OPT_HZ2:
		if (add_double(out, ((const double *)at)[0]) < 0 || msp_text_append(out, ",") < 0)
			return MSP_NOMEM;
		return add_double(out, ((const double *)at)[1]);
	case MSP_OPT_STRING:
		return *(const char *const *)at ? msp_text_append(out, *(const char *const *)at) : MSP_OK;
	case MSP_OPT_STRINGS:
		for (size_t i = 0; i < ((const struct msp_strings *)at)->n; i++) {
			if (msp_text_append(out, ((const struct msp_strings *)at)->item[i]) < 0 || msp_bytes_append(out, "\1", 1) < 0)
				return MSP_NOMEM;
		}
		return MSP_OK;
	}
	return msp_text_append(out, buf);
}

/* "\0name=value" if the value is not the default's. */
static int add_option(const struct msp_option *o, const void *base, const void *defaults, struct msp_bytes *out)
{
	struct msp_bytes value = {0}, usual = {0};
	bool mode = o->type == MSP_OPT_MODE;
	int s = MSP_OK;

	if (o->flags & MSP_OPTF_NOID)
		return MSP_OK;
	if (mode) {
		if (*(const int *)((const char *)base + o->mode_offset) == o->mode && o->mode != 0 &&
		    (msp_bytes_append(out, "\0", 1) < 0 || msp_text_append(out, o->name) < 0))
			return MSP_NOMEM;
		return MSP_OK;
	}
	if (value_text(o, base, &value) < 0 || value_text(o, defaults, &usual) < 0)
		s = MSP_NOMEM;
	else if ((value.len != usual.len || (value.len > 0 && memcmp(value.data, usual.data, value.len) != 0)) &&
	         (msp_bytes_append(out, "\0", 1) < 0 || msp_text_append(out, o->name) < 0 || msp_text_append(out, "=") < 0 ||
	          msp_bytes_append(out, value.data, value.len) < 0))
		s = MSP_NOMEM;
	msp_bytes_free(&value);
	msp_bytes_free(&usual);
	return s;
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const struct msp_option *const *)a)->name, (*(const struct msp_option *const *)b)->name);
}

/* All options, in the order of their names: rows of a table may be moved. */
static int add_options(const struct msp_job *job, const void *defaults, struct msp_bytes *out)
{
	const struct msp_option **row;
	size_t n = 0;
	int s = MSP_OK;

	for (const struct msp_option *o = job->tool->options; o && o->name; o++)
		n++;
	if (n == 0)
		return MSP_OK;
	row = calloc(n, sizeof(const struct msp_option *));
	if (!row)
		return MSP_NOMEM;
	for (size_t i = 0; i < n; i++)
		row[i] = &job->tool->options[i];
	qsort(row, n, sizeof(const struct msp_option *), by_name);
	for (size_t i = 0; i < n && s == MSP_OK; i++)
		s = add_option(row[i], job->self, defaults, out);
	free(row);
	return s;
}

static int add_operands(const struct msp_job *job, struct msp_bytes *out)
{
	if (job->canonical_operands)
		return msp_bytes_append(out, "\0", 1) < 0 ? MSP_NOMEM : msp_text_append(out, job->canonical_operands);
	for (int i = 0; i < job->own; i++) {
		const char *operand = job->line.operand[i];
		char *harmless = msp_uri_is(operand) ? msp_uri_harmless(operand) : NULL; /* the same with another password */
		int s = msp_uri_is(operand) && !harmless ? MSP_NOMEM : msp_bytes_append(out, "\0", 1);

		if (s == MSP_OK)
			s = msp_text_append(out, harmless ? harmless : operand);
		free(harmless);
		if (s < 0)
			return MSP_NOMEM;
	}
	return MSP_OK;
}

int msp_job_identify(struct msp_job *job)
{
	struct msp_bytes text = {0};
	void *defaults = calloc(1, job->tool->size + 1);
	int s = MSP_NOMEM;

	if (defaults && msp_options_defaults(job->tool->options, defaults, &job->error) == MSP_OK &&
	    msp_text_append(&text, job->tool->name) == MSP_OK && add_options(job, defaults, &text) == MSP_OK &&
	    add_operands(job, &text) == MSP_OK) {
		job->stage = msp_id_hash(text.data, text.len);
		s = MSP_OK;
	}
	if (defaults)
		msp_options_free(job->tool->options, defaults);
	free(defaults);
	msp_bytes_free(&text);
	return s < 0 ? msp_error_set(&job->error, s, "no memory left") : MSP_OK;
}
