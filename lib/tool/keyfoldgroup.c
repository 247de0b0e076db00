/* Folds by key: which group, told by the values of the keys in a document, the same in a partial fold and in a member. */
#include "tool/keyfold.h"
#include "tool/groups.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* One form for what is equal: 1.0 and true are 1, times are text. */
static void canonical(struct msp_value *v, char time[MSP_TIME_TEXT])
{
	int64_t whole;

	if (msp_value_whole(v, &whole)) {
		*v = (struct msp_value){.type = MSP_V_INT, .u.i = whole};
	} else if (v->type == MSP_V_TIME) {
		msp_time_format(v->u.i, time);
		*v = (struct msp_value){.type = MSP_V_STRING, .u.s = {time, strlen(time)}};
	} else if (v->type == MSP_V_DOUBLE && isnan(v->u.d)) {
		v->u.d = (double)NAN;
	}
}

static char *value_key(uint32_t i, char buf[24])
{
	snprintf(buf, 24, "values.%" PRIu32, i);
	return buf;
}

int keyfold_set_values(struct msp_keyfold *f, struct msp_object *group, const struct msp_object *o)
{
	char scratch[MSP_ID_TEXT], time[MSP_TIME_TEXT], key[24];
	int s = MSP_OK;

	group->metadata.len = 0;
	for (uint32_t i = 0; s == MSP_OK && i < f->keys.n; i++) {
		struct msp_value v;

		msp_object_get(o, f->keys.key[i].name, &v, scratch);
		canonical(&v, time);
		if (v.type != MSP_V_UNDEFINED)
			s = msp_meta_set(group, value_key(i, key), &v, NULL);
	}
	return s == MSP_OK ? MSP_OK : keyfold_no_memory(f);
}

int keyfold_take_values(struct msp_keyfold *f, struct msp_object *group, const struct msp_object *theirs)
{
	const char *names = msp_meta_string(theirs, "by", ""), *p;
	char from[24], to[24];
	int s = MSP_OK;

	group->metadata.len = 0;
	for (uint32_t i = 0; s == MSP_OK && i < f->keys.n; i++) {
		const char *name = f->keys.key[i].name;
		struct msp_value v;
		uint32_t k = 0;

		for (p = names; *p; p = strchr(p, '\n') + 1, k++)
			if (!strchr(p, '\n') || (strncmp(p, name, strlen(name)) == 0 && p[strlen(name)] == '\n'))
				break;
		if (!*p || !strchr(p, '\n'))
			return msp_error_set(msp_job_error(f->job), MSP_USAGE, "a partial fold was not made by key '%s'", name);
		if (msp_meta_value(theirs, value_key(k, from), &v))
			s = msp_meta_set(group, value_key(i, to), &v, NULL);
	}
	return s == MSP_OK ? MSP_OK : keyfold_no_memory(f);
}

bool keyfold_value(const struct msp_object *group, uint32_t i, struct msp_value *out)
{
	char key[24];

	return msp_meta_value(group, value_key(i, key), out);
}

int keyfold_order(const void *a, const void *b, void *keyfold)
{
	const struct keyfold_slot *x = *(struct keyfold_slot *const *)a, *y = *(struct keyfold_slot *const *)b;
	const struct msp_keyfold *f = keyfold;

	for (uint32_t i = 0; i < f->keys.n; i++) {
		struct msp_value v = {0}, w = {0};
		int c;

		keyfold_value(&x->group, i, &v);
		keyfold_value(&y->group, i, &w);
		c = msp_value_compare(&v, &w);
		if (c)
			return c;
	}
	if (x->ensemble != y->ensemble)
		return x->ensemble < y->ensemble ? -1 : 1;
	return (x->member > y->member) - (x->member < y->member);
}
