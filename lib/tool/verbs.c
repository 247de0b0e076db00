/* Commands of several verbs: which one, and does it take what was given? */
#include "tool/job.h"

#include <string.h>

static bool is_word(const char *text, const char *list)
{
	size_t n = strlen(text);

	for (const char *p = list; (p = strstr(p, text)) != NULL; p += n)
		if ((p == list || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0'))
			return true;
	return false;
}

/* Whether the value at an option's place is another than that of an option that was not given. */
static bool is_given(const void *self, const struct msp_option *o)
{
	const char *at = (const char *)self + o->offset;

	switch (o->type) {
	case MSP_OPT_FLAG: return *(const bool *)at;
	case MSP_OPT_INT: return *(const int64_t *)(const void *)at != 0;
	case MSP_OPT_STRINGS: return ((const struct msp_strings *)(const void *)at)->n > 0;
	default: return *(const char *const *)(const void *)at != NULL;
	}
}

/* "ls count find" */
static int unknown(struct msp_job *job, const struct msp_verb *verbs)
{
	char names[400] = "";
	size_t at = 0;

	for (const struct msp_verb *v = verbs; v->name && at < sizeof(names); v++)
		at += (size_t)snprintf(names + at, sizeof(names) - at, " %s", v->name);
	return msp_error_set(msp_job_error(job), MSP_USAGE, "%s: no such verb; there are%s", msp_job_operand(job, 0), names);
}

bool msp_verb_takes(const struct msp_verb *v, const char *option)
{
	return is_word(option, v->takes);
}

int msp_job_verb(struct msp_job *job, const void *self, const struct msp_option *options, const struct msp_verb *verbs,
                 const struct msp_verb **out)
{
	const struct msp_verb *v = verbs;

	while (v->name && strcmp(msp_job_operand(job, 0), v->name) != 0)
		v++;
	if (!v->name)
		return unknown(job, verbs);
	if (msp_job_operands(job) < v->min || msp_job_operands(job) > v->max)
		return msp_error_set(msp_job_error(job), MSP_USAGE, "usage: %s %s %s", job->tool->name, v->name, v->operands);
	for (const struct msp_option *o = options; o->name; o++) /* one that the verb does not take would do nothing */
		if (is_given(self, o) && !msp_verb_takes(v, o->name))
			return msp_error_set(msp_job_error(job), MSP_USAGE, "%s has no option --%s", v->name, o->name);
	*out = v;
	return MSP_OK;
}
