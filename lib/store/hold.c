/* Documents of `msp_saves`: who holds them, and signs of life. */
#include "store/hold.h"

#include "store/backend.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int memory(struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "no memory left");
}

/* ---- time -------------------------------------------------------------- */

/* It goes on while the machine sleeps, and is never set. */
static double machine_clock(void)
{
	struct timespec t = {0};

	(void)clock_gettime(CLOCK_BOOTTIME, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The store's, which is not asked each time. */
static double store_clock(struct msp_hold *h)
{
	double here = machine_clock();

	if (here - h->asked > MSP_HOLD_BEAT_S / 2.0) {
		h->ahead = msp_store_clock(h->store) - here; /* asking takes time: rather too early than too late */
		h->asked = here;
	}
	return here + h->ahead;
}

/* ---- processes --------------------------------------------------------- */

static void host_name(char out[256])
{
	if (gethostname(out, 255) != 0)
		out[0] = '\0';
	out[255] = '\0';
}

/* Whose process numbers are meant: two machines may have one name, and containers on one machine each their own numbers. "" if that cannot
 * be told. */
static void kernel_name(char out[128])
{
	char boot[40] = "", space[64] = "";
	FILE *f = fopen("/proc/sys/kernel/random/boot_id", "re");
	ssize_t n = readlink("/proc/self/ns/pid", space, sizeof(space) - 1);

	if (f) {
		boot[fread(boot, 1, 36, f)] = '\0';
		fclose(f);
	}
	space[n > 0 ? n : 0] = '\0';
	out[0] = '\0';
	if (strlen(boot) == 36 && n > 0)
		snprintf(out, 128, "%s %s", boot, space);
}

const char *msp_hold_text(const bson_t *doc, const char *key)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, doc, key) && BSON_ITER_HOLDS_UTF8(&it) ? bson_iter_utf8(&it, NULL) : "";
}

double msp_hold_number(const bson_t *doc, const char *key)
{
	bson_iter_t it;

	if (!bson_iter_init_find(&it, doc, key))
		return 0;
	return BSON_ITER_HOLDS_BOOL(&it) ? (double)bson_iter_bool(&it) : BSON_ITER_HOLDS_NUMBER(&it) ? bson_iter_as_double(&it) : 0;
}

/* The process is over and only waits to be asked for its status, or is a later one with the number of the old. What /proc does not tell
 * is taken for running. */
static bool is_gone(pid_t pid, double began, double now)
{
	char path[40], text[1024] = "";
	unsigned long long ticks;
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
	if (sscanf(after + 3, " %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %llu", &ticks) != 1)
		return false;
	return now - (machine_clock() - (double)ticks / (double)sysconf(_SC_CLK_TCK)) > began + 60;
}

bool msp_hold_here(const bson_t *doc)
{
	char host[256], kernel[128];
	const char *of = msp_hold_text(doc, "kernel");

	host_name(host);
	kernel_name(kernel);
	return strcmp(msp_hold_text(doc, "host"), host) == 0 && (!*of || !*kernel || strcmp(of, kernel) == 0);
}

enum msp_hold_state msp_hold_state(const bson_t *doc, double now)
{
	double pid = msp_hold_number(doc, "pid");

	if (strcmp(msp_hold_text(doc, "stage"), "failed") == 0)
		return MSP_HOLD_LEFT;
	/* A beat far in the future is no better than one long ago: a clock was set, and its owner will beat again. */
	if (!msp_hold_here(doc))
		return fabs(now - msp_hold_number(doc, "beat")) > MSP_HOLD_DEAD_S ? MSP_HOLD_SILENT : MSP_HOLD_LIVES;
	if (!(pid >= 1 && pid < 1e9) || (kill((pid_t)pid, 0) != 0 && errno != EPERM))
		return MSP_HOLD_LEFT;
	return is_gone((pid_t)pid, msp_hold_number(doc, "began"), now) ? MSP_HOLD_LEFT : MSP_HOLD_LIVES;
}

/* ---- holding ----------------------------------------------------------- */

static bool add_self(const struct msp_hold *h, bson_t *to)
{
	char host[256], kernel[128];

	host_name(host);
	kernel_name(kernel);
	return BSON_APPEND_UTF8(to, "host", host) && BSON_APPEND_INT32(to, "pid", (int32_t)getpid()) &&
	       BSON_APPEND_UTF8(to, "kernel", kernel) && BSON_APPEND_OID(to, "holder", &h->holder);
}

static void hold(struct msp_hold *h, struct msp_store *s)
{
	h->store = s;
	h->lost = false;
	h->asked = -MSP_HOLD_DEAD_S;
	if (h->shared)
		bson_oid_copy(&h->id, &h->holder);
	else
		bson_oid_init(&h->holder, NULL);
}

int msp_hold_begin(struct msp_hold *h, struct msp_store *s, const bson_t *keys, struct msp_error *err)
{
	bson_t doc = BSON_INITIALIZER;
	const bson_t *docs[1] = {&doc};
	double now;
	int r;

	hold(h, s);
	now = store_clock(h);
	h->heard = machine_clock();
	if (BSON_APPEND_OID(&doc, "_id", &h->id) && BSON_APPEND_DOUBLE(&doc, "began", now) && BSON_APPEND_DOUBLE(&doc, "beat", now) &&
	    BSON_APPEND_UTF8(&doc, "stage", "samples") && add_self(h, &doc) && bson_concat(&doc, keys))
		r = msp_store_upsert(s, MSP_SAVES, docs, 1, NULL, err);
	else
		r = memory(err);
	bson_destroy(&doc);
	return r;
}

static bool by_id(bson_t *filter, const bson_oid_t *id)
{
	bson_init(filter);
	return BSON_APPEND_OID(filter, "_id", id);
}

static bool as_held(bson_t *filter, const struct msp_hold *h)
{
	return by_id(filter, &h->id) && BSON_APPEND_OID(filter, "holder", &h->holder);
}

/* No document with this holder: somebody else's, or gone. */
static int not_held(struct msp_hold *h, struct msp_error *err)
{
	bson_t filter;
	uint64_t n = 1;
	int r = MSP_OK;

	if (h->shared) {
		r = by_id(&filter, &h->id) ? msp_store_count(h->store, MSP_SAVES, &filter, &n, err) : memory(err);
		bson_destroy(&filter);
	}
	if (r != MSP_OK || n == 0)
		return r;
	h->lost = true;
	return msp_error_set(err, MSP_FAIL, "%s: this was taken for dead, as nothing was heard of it for %d minutes, or its document in %s was "
	                     "removed: run it again", msp_store_name(h->store), MSP_HOLD_DEAD_S / 60, MSP_SAVES);
}

int msp_hold_set(struct msp_hold *h, bson_t *set, struct msp_error *err)
{
	bson_t filter, update = BSON_INITIALIZER, none = BSON_INITIALIZER, *to = set ? set : &none;
	double now = store_clock(h), heard = machine_clock();
	struct msp_updated done = {0};
	int r;

	if (as_held(&filter, h) && BSON_APPEND_DOUBLE(to, "beat", now) && BSON_APPEND_DOCUMENT(&update, "$set", to))
		r = msp_store_update(h->store, MSP_SAVES, &filter, &update, MSP_UPDATE_ONE, &done, err);
	else
		r = memory(err);
	if (r == MSP_OK && done.matched == 0)
		r = not_held(h, err);
	if (r == MSP_OK)
		h->heard = heard;
	bson_destroy(&filter);
	bson_destroy(&update);
	bson_destroy(to);
	return r;
}

int msp_hold_beat(struct msp_hold *h, struct msp_error *err)
{
	return machine_clock() - h->heard < MSP_HOLD_BEAT_S ? MSP_OK : msp_hold_set(h, NULL, err);
}

int msp_hold_sure(struct msp_hold *h, struct msp_error *err)
{
	return machine_clock() - h->heard < MSP_HOLD_DEAD_S / 2.0 ? MSP_OK : msp_hold_set(h, NULL, err);
}

bool msp_hold_late(const struct msp_hold *h)
{
	return machine_clock() - h->heard > MSP_HOLD_DEAD_S - 2.0 * MSP_HOLD_BEAT_S; /* less what clocks may be wrong by */
}

void msp_hold_leave(struct msp_hold *h, const char *stage)
{
	bson_t set = BSON_INITIALIZER;
	int r = BSON_APPEND_UTF8(&set, "stage", stage) ? MSP_OK : MSP_NOMEM;

	if (r == MSP_OK)
		r = msp_hold_set(h, &set, NULL);
	else
		bson_destroy(&set);
	(void)r;
}

int msp_hold_end(struct msp_hold *h, struct msp_error *err)
{
	bson_t filter;
	int r = as_held(&filter, h) ? msp_store_delete(h->store, MSP_SAVES, &filter, NULL, err) : memory(err);

	bson_destroy(&filter);
	return r;
}

/* ---- what others held -------------------------------------------------- */

static bool add_as_seen(bson_t *filter, const bson_t *doc, const char *key)
{
	bson_iter_t it;

	return bson_iter_init_find(&it, doc, key) ? bson_append_iter(filter, key, -1, &it) : BSON_APPEND_NULL(filter, key);
}

/* The document, if nobody has changed it. */
static bool as_seen(bson_t *filter, const bson_t *doc)
{
	bson_init(filter);
	return add_as_seen(filter, doc, "_id") && add_as_seen(filter, doc, "holder") && add_as_seen(filter, doc, "beat");
}

int msp_hold_take(struct msp_hold *h, struct msp_store *s, const bson_t *doc, const char *stage, bool *taken, struct msp_error *err)
{
	bson_t filter, update = BSON_INITIALIZER, set = BSON_INITIALIZER;
	uint64_t mine = 0;
	bson_iter_t it;
	double now;
	int r;

	*taken = false;
	memset(h, 0, sizeof(*h));
	if (!bson_iter_init_find(&it, doc, "_id") || !BSON_ITER_HOLDS_OID(&it))
		return MSP_OK;
	bson_oid_copy(bson_iter_oid(&it), &h->id);
	hold(h, s);
	now = store_clock(h);
	h->heard = machine_clock();
	if (as_seen(&filter, doc) && BSON_APPEND_UTF8(&set, "stage", stage) && add_self(h, &set) && BSON_APPEND_DOUBLE(&set, "beat", now) &&
	    BSON_APPEND_DOCUMENT(&update, "$set", &set))
		r = msp_store_update(s, MSP_SAVES, &filter, &update, MSP_UPDATE_ONE, NULL, err);
	else
		r = memory(err);
	bson_destroy(&filter);
	bson_destroy(&update);
	bson_destroy(&set);
	if (r != MSP_OK)
		return r;
	/* not what the update says: of one whose first answer was lost, the second finds nothing to change */
	r = as_held(&filter, h) ? msp_store_count(s, MSP_SAVES, &filter, &mine, err) : memory(err);
	bson_destroy(&filter);
	*taken = r == MSP_OK && mine == 1;
	return r;
}

int msp_hold_forget(struct msp_store *s, const bson_t *doc, struct msp_error *err)
{
	bson_t filter;
	int r = as_seen(&filter, doc) ? msp_store_delete(s, MSP_SAVES, &filter, NULL, err) : memory(err);

	bson_destroy(&filter);
	return r;
}
