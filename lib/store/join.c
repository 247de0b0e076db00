/* Joins: opened, applied to objects, and what is said of them in the end. */
#include "store/join.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int msp_join_open(struct msp_store *s, const struct msp_join_options *options, struct msp_join **out, struct msp_error *err)
{
	struct msp_join *j = calloc(1, sizeof(*j));
	int r;

	*out = NULL;
	if (!j)
		return msp_error_set(err, MSP_NOMEM, "no memory left");
	r = msp_join_set_up(j, options, err);
	if (r == MSP_OK)
		r = msp_join_load(j, s, options, err);
	if (r == MSP_OK && j->ndocs == 0 && j->counts.unused)
		r = msp_error_set(err, MSP_FAIL, "%s: %s: no document can be used: %s", msp_store_name(s), j->collection,
		                  j->unused_why);
	else if (r == MSP_OK && j->ndocs == 0)
		r = msp_error_set(err, MSP_FAIL, "%s: %s: no documents", msp_store_name(s), j->collection);
	if (r != MSP_OK) {
		msp_join_free(j);
		return r;
	}
	*out = j;
	return MSP_OK;
}

void msp_join_free(struct msp_join *j)
{
	if (!j)
		return;
	for (uint32_t i = 0; i < j->nkeys; i++) {
		free(j->keys[i].key);
		free(j->keys[i].name);
	}
	for (uint32_t i = 0; i < j->npairs; i++) {
		free(j->pairs[i].object);
		free(j->pairs[i].document);
	}
	free(j->keys);
	free(j->pairs);
	free(j->doc);
	free(j->entry);
	free(j->group);
	free(j->slot);
	msp_bytes_free(&j->arena);
	msp_bytes_free(&j->prefix);
	msp_bytes_free(&j->scratch);
	free(j->collection);
	free(j->algorithm);
	free(j->time_key);
	free(j->object_time);
	free(j);
}

/* ---- objects ----------------------------------------------------------- */

static const char *label(const struct msp_join *j, uint32_t entry)
{
	return (const char *)j->arena.data + j->doc[j->entry[entry].doc].label;
}

static int log_on(struct msp_object *o, const struct msp_join *j, int severity, const char *text, struct msp_error *err)
{
	if (msp_object_log(o, j->algorithm, severity, text) != MSP_OK)
		return msp_error_set(err, MSP_NOMEM, "no memory left");
	return MSP_OK;
}

static const char *why_none(const struct msp_join *j, bool known)
{
	switch (j->how) {
	case JOIN_SEED:
		return known ? "no document with its codes holds at its time" : "no document has its codes";
	case JOIN_ORIGIN:
		return "no document's time is near enough";
	case JOIN_ARRIVAL:
		return known ? "no document of its station has a time in its span" : "no document has its station";
	default:
		return "no document has its values";
	}
}

static int unmatched(struct msp_join *j, const struct join_found *f, int s, struct msp_error *err)
{
	j->counts.unmatched++;
	if (j->optional) {
		if (err)
			*err = (struct msp_error){0};
		return MSP_OK;
	}
	if (s == MSP_KILL)
		return err ? msp_error_prefix(err, "no match in %s", j->collection) : MSP_KILL;
	return msp_error_set(err, MSP_KILL, "no match in %s: %s", j->collection, why_none(j, f->known));
}

static int several(struct msp_join *j, struct msp_object *o, const struct join_found *f, uint32_t entry, struct msp_error *err)
{
	char text[256];

	j->counts.ambiguous++;
	if (j->ambiguous == MSP_JOIN_KILL)
		return msp_error_set(err, MSP_KILL, "several documents of %s match: %s and %s", j->collection, label(j, f->first),
		                     label(j, f->last));
	snprintf(text, sizeof(text), "several documents of %s match: %s was taken, not %s", j->collection, label(j, entry),
	         label(j, entry == f->first ? f->last : f->first));
	return log_on(o, j, MSP_COMPLAINT, text, err);
}

/* The object's document is chosen: are all its keys there? */
static int complete(struct msp_join *j, uint32_t entry, struct msp_error *err)
{
	const struct join_doc *d = &j->doc[j->entry[entry].doc];

	if (d->lacks < 0)
		return MSP_OK;
	j->counts.incomplete++;
	if (j->optional)
		return MSP_OK;
	return msp_error_set(err, MSP_KILL, d->why == JOIN_ABSENT ? "%s %s has no %s" : "%s %s: %s is no number", j->collection,
	                     label(j, entry), j->keys[d->lacks].key);
}

static int straddles(struct msp_join *j, struct msp_object *o, uint32_t entry, struct msp_error *err)
{
	char text[256], time[MSP_TIME_TEXT];
	msp_time end;

	if (j->how != JOIN_SEED || j->entry[entry].end == INT64_MAX || !msp_join_end(o, &end) || end < j->entry[entry].end)
		return MSP_OK;
	j->counts.straddling++;
	snprintf(text, sizeof(text), "%s %s ends at %s, before the last sample", j->collection, label(j, entry),
	         msp_time_format(j->entry[entry].end, time));
	return log_on(o, j, MSP_SUSPECT, text, err);
}

int msp_join_choose(struct msp_join *j, struct msp_object *o, const struct join_doc **out, bool *fresh, struct msp_error *err)
{
	struct join_found f;
	uint32_t entry;
	int s = msp_join_find(j, o, &f, err);

	*out = NULL;
	*fresh = f.fresh;
	if (s == MSP_NOMEM)
		return s;
	if (!f.any)
		return unmatched(j, &f, s, err);
	entry = f.several && j->ambiguous == MSP_JOIN_LAST ? f.last : f.first;
	if (f.several)
		s = several(j, o, &f, entry, err);
	if (s == MSP_OK)
		s = complete(j, entry, err);
	if (s == MSP_OK)
		s = straddles(j, o, entry, err);
	if (s == MSP_OK)
		*out = &j->doc[j->entry[entry].doc];
	return s;
}

int msp_join_object(struct msp_join *j, struct msp_object *o, struct msp_error *err)
{
	const struct join_doc *d;
	bool fresh;
	int s;

	if (!o->live)
		return MSP_OK;
	s = msp_join_choose(j, o, &d, &fresh, err);
	if (s != MSP_OK || !d)
		return s;
	s = msp_join_put(j, d, fresh, o, err);
	if (s == MSP_OK)
		j->counts.joined++;
	return s;
}

/* ---- in the end -------------------------------------------------------- */

void msp_join_counts(const struct msp_join *j, struct msp_join_counts *out)
{
	*out = j->counts;
}

/* What is said of n objects, or documents. */
static const char *remark(const struct msp_join *j, unsigned kind)
{
	static const char *const several_fate[] = {"with several matches: killed", "with several matches: the first was taken",
	                                           "with several matches: the last was taken"};

	switch (kind) {
	case 0:
		return "cannot be used: ";
	case 1:
		return j->updating ? "without a match: left unchanged" :
		       j->optional ? "without a match: passed on without its keys" : "without a match: killed";
	case 2:
		return j->updating && j->ambiguous == MSP_JOIN_KILL ? "with several matches: left unchanged" : several_fate[j->ambiguous];
	case 3:
		return j->optional ? "whose document has not all keys: given those that there are" :
		       j->updating ? "whose document has not all keys: left unchanged" : "whose document has not all keys: killed";
	default:
		return j->updating ? "longer than the document holds" : "longer than the document holds: logged as suspect";
	}
}

bool msp_join_remark(const struct msp_join *j, unsigned i, char *buf, size_t size)
{
	const struct msp_join_counts *c = &j->counts;
	const uint64_t count[] = {c->unused, c->unmatched, c->ambiguous, c->incomplete, c->straddling};
	const unsigned kinds = sizeof(count) / sizeof(count[0]);
	const char *what = j->updating ? "waveform" : "object";
	unsigned k = 0;

	for (; k < kinds; k++)
		if (count[k] > 0 && i-- == 0)
			break;
	if (k == kinds)
		return false;
	snprintf(buf, size, "%s: %" PRIu64 " %s%s %s%s", j->collection, count[k], k == 0 ? "document" : what,
	         count[k] == 1 ? "" : "s", remark(j, k), k ? "" : j->unused_why);
	return true;
}
