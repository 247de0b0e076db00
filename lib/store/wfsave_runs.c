/* Saves that are going on, each a document of `msp_saves`:
 *     _id, began and beat (epoch seconds), stage, host, pid, collections, data_tag, putting (_ids of files that are about to be put, or
 *     removed), documents (true once documents may name the files)
 * stage: samples, commit (documents are being written), cleaning (samples are being removed), failed (nobody works on it).
 *
 * * Nobody may remove samples that a save has found and will name in a document. Whoever wants to remove some first says so (cleaning), and
 *   then looks for other saves; whoever begins a save first says so, and then looks for those that are cleaning, and waits. So at least
 *   one of two sees the other: the one that cleans gives up, the one that begins waits.
 * * Files are removed document first, and only after they were named in putting: so chunks without a file are known to be a rest. */
#include "store/wfsave.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SAVES MSP_SAVES
#define WAIT_S 60       /* for somebody who cleans */
#define STILL_S 15      /* and shows no life for that long */

double msp_saves_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void host_name(char out[256])
{
	if (gethostname(out, 255) != 0)
		out[0] = '\0';
	out[255] = '\0';
}

static const char *text_of(const bson_t *doc, const char *key)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, doc, key) && BSON_ITER_HOLDS_UTF8(&it) ? bson_iter_utf8(&it, NULL) : "";
}

double msp_saves_number(const bson_t *doc, const char *key)
{
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, key))
		return 0;
	return BSON_ITER_HOLDS_BOOL(&it) ? (double)bson_iter_bool(&it) : BSON_ITER_HOLDS_NUMBER(&it) ? bson_iter_as_double(&it) : 0;
}

/* The process is over and only waits to be asked for its status, or is a later one with the number of the old. What /proc does not tell
 * is taken for running. */
static bool is_gone(pid_t pid, double began)
{
	char path[40], text[1024] = "";
	unsigned long long ticks;
	struct timespec up;
	const char *after;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	fclose(f);
	after = strrchr(text, ')'); /* the name before it may hold anything */
	if (!after || strlen(after) < 4)
		return false;
	if (after[2] == 'Z' || after[2] == 'X')
		return true;
	/* proc(5): field 22, when it began, in ticks since the machine did; the state is field 3 */
	if (sscanf(after + 3, " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu", &ticks) != 1 ||
	    clock_gettime(CLOCK_BOOTTIME, &up) != 0)
		return false;
	return msp_saves_now() - ((double)up.tv_sec - (double)ticks / (double)sysconf(_SC_CLK_TCK)) > began + 60;
}

/* Its process is there, or may be. */
bool msp_saves_running(const bson_t *doc)
{
	char host[256];
	double pid = msp_saves_number(doc, "pid");

	host_name(host);
	if (strcmp(text_of(doc, "stage"), "failed") == 0)
		return false;
	if (strcmp(text_of(doc, "host"), host) != 0)
		return true;
	if (!(pid >= 1 && pid < 1e9) || (kill((pid_t)pid, 0) != 0 && errno != EPERM))
		return false;
	return !is_gone((pid_t)pid, msp_saves_number(doc, "began"));
}

bool msp_saves_by_id(bson_t *filter, const bson_oid_t *id)
{
	bson_init(filter);
	return BSON_APPEND_OID(filter, "_id", id);
}

/* Sets keys of a save's document. set is destroyed. */
static int change(struct msp_store *s, const bson_oid_t *id, bson_t *set, struct msp_error *err)
{
	bson_t filter, update = BSON_INITIALIZER;
	struct msp_updated done = {0};
	int r;

	if (msp_saves_by_id(&filter, id) && BSON_APPEND_DOUBLE(set, "beat", msp_saves_now()) && BSON_APPEND_DOCUMENT(&update, "$set", set))
		r = msp_store_update(s, SAVES, &filter, &update, MSP_UPDATE_ONE, &done, err);
	else
		r = msp_wf_nomem(err);
	if (r == MSP_OK && done.matched == 0)
		r = msp_error_set(err, MSP_FAIL, "%s: this save's document in %s was removed meanwhile", msp_store_name(s), SAVES);
	bson_destroy(&filter);
	bson_destroy(&update);
	bson_destroy(set);
	return r;
}

int msp_saves_stage(struct msp_store *s, const bson_oid_t *id, const char *stage, struct msp_error *err)
{
	bson_t set = BSON_INITIALIZER;

	BSON_APPEND_UTF8(&set, "stage", stage);
	if (strcmp(stage, "commit") == 0)
		BSON_APPEND_BOOL(&set, "documents", true); /* some of the files may be named by documents from now on */
	return change(s, id, &set, err);
}

int msp_saves_set_putting(struct msp_store *s, const bson_oid_t *id, const bson_oid_t *ids, size_t n, bool cleaning, struct msp_error *err)
{
	bson_t set = BSON_INITIALIZER, list;
	char buf[16], host[256];
	const char *index;

	BSON_APPEND_ARRAY_BEGIN(&set, "putting", &list);
	for (size_t i = 0; i < n; i++) {
		size_t k = bson_uint32_to_string((uint32_t)i, &index, buf, sizeof(buf));

		bson_append_oid(&list, index, (int)k, &ids[i]);
	}
	bson_append_array_end(&set, &list);
	if (cleaning) { /* perhaps somebody else's save */
		host_name(host);
		BSON_APPEND_UTF8(&set, "stage", "cleaning");
		BSON_APPEND_UTF8(&set, "host", host);
		BSON_APPEND_INT32(&set, "pid", (int32_t)getpid());
	}
	return change(s, id, &set, err);
}

int msp_saves_putting(struct msp_store *s, const bson_oid_t *id, const bson_oid_t *ids, size_t n, struct msp_error *err)
{
	return msp_saves_set_putting(s, id, ids, n, false, err);
}

/* ---- others ------------------------------------------------------------ */

int msp_saves_look_around(struct msp_store *s, const bson_oid_t *self, struct msp_saves_others *out, struct msp_error *err)
{
	struct msp_cursor *c = NULL;
	const bson_t *doc;
	bson_iter_t it;
	int r = msp_store_find(s, SAVES, NULL, &c, err);

	memset(out, 0, sizeof(*out));
	while (r == MSP_OK && (r = msp_cursor_next(c, &doc, err)) == 1) {
		r = MSP_OK;
		if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it) || bson_oid_equal(bson_iter_oid(&it), self) || !msp_saves_running(doc))
			continue;
		out->running = true;
		if (strcmp(text_of(doc, "stage"), "cleaning") != 0)
			continue;
		out->cleaning = true;
		if (msp_saves_number(doc, "beat") > out->beat)
			out->beat = msp_saves_number(doc, "beat");
	}
	msp_cursor_free(c);
	return r < 0 ? r : MSP_OK;
}

static int wait_for_cleaning(struct msp_store *s, const struct msp_save_options *o, const bson_oid_t *id, struct msp_error *err)
{
	struct timespec pause = {.tv_nsec = 50000000};
	double begin = msp_saves_now(), seen = 0, since = begin;
	struct msp_saves_others a;

	for (;;) {
		int r = msp_saves_look_around(s, id, &a, err);

		if (r != MSP_OK || !a.cleaning)
			return r;
		if (a.beat != seen) {
			seen = a.beat;
			since = msp_saves_now();
		}
		if (msp_saves_now() - since > STILL_S)
			return MSP_OK; /* of another host, and gone */
		if (msp_saves_now() - begin > WAIT_S)
			return msp_error_set(err, MSP_FAIL, "%s: another save has been removing its samples for more than %d s", msp_store_name(s), WAIT_S);
		if (o->poll && o->poll(o->context))
			return msp_error_set(err, MSP_INTERRUPTED, "interrupted");
		(void)nanosleep(&pause, NULL);
	}
}

/* ---- beginning and end ------------------------------------------------- */

static int insert(struct msp_store *s, const struct msp_save_options *o, const bson_oid_t *id, struct msp_error *err)
{
	bson_t doc = BSON_INITIALIZER, list;
	const bson_t *docs[1] = {&doc};
	char host[256];
	int r;

	host_name(host);
	BSON_APPEND_OID(&doc, "_id", id);
	BSON_APPEND_DOUBLE(&doc, "began", msp_saves_now());
	BSON_APPEND_DOUBLE(&doc, "beat", msp_saves_now());
	BSON_APPEND_UTF8(&doc, "stage", "samples");
	BSON_APPEND_UTF8(&doc, "host", host);
	BSON_APPEND_INT32(&doc, "pid", (int32_t)getpid());
	BSON_APPEND_ARRAY_BEGIN(&doc, "collections", &list);
	BSON_APPEND_UTF8(&list, "0", o->collection ? o->collection : "wf_TimeSeries");
	if (!o->collection)
		BSON_APPEND_UTF8(&list, "1", "wf_Seismogram");
	bson_append_array_end(&doc, &list);
	if (o->tag)
		BSON_APPEND_UTF8(&doc, "data_tag", o->tag);
	r = msp_store_upsert(s, SAVES, docs, 1, NULL, err);
	bson_destroy(&doc);
	return r;
}

int msp_saves_remove(struct msp_store *s, const bson_oid_t *id, struct msp_error *err)
{
	bson_t filter;
	int r = msp_saves_by_id(&filter, id) ? msp_store_delete(s, SAVES, &filter, NULL, err) : msp_wf_nomem(err);

	bson_destroy(&filter);
	return r;
}

int msp_saves_begin(struct msp_store *s, const struct msp_save_options *o, bson_oid_t *id, struct msp_error *err)
{
	bson_t keys = BSON_INITIALIZER;
	int r;

	bson_oid_init(id, NULL);
	BSON_APPEND_INT32(&keys, "msp_save", 1);
	r = msp_store_index(s, "fs.files", &keys, 0, err);
	bson_destroy(&keys);
	if (r == MSP_OK)
		r = insert(s, o, id, err);
	if (r != MSP_OK)
		return r;
	r = wait_for_cleaning(s, o, id, err);
	if (r != MSP_OK)
		(void)msp_saves_remove(s, id, NULL);
	return r;
}
