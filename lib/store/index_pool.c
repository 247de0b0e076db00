/* Reading many files by some threads, and giving what they hold in the order of the files.
 *
 * Files are taken in order, at most a window ahead of the one that is being given. A thread that has more than its file's share of memory waits for
 * its documents to be fetched; that of the file being given always gets on, so nothing waits for ever. */
#include "store/index.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WINDOW 64           /* files ahead, a thread */
#define CHUNK (256u << 10)  /* bytes of documents that are handed over at once */
#define SHARE (4u << 20)    /* bytes of a file that wait to be fetched */

/* A file that is being read, or was. */
struct slot {
	struct msp_bytes docs;
	bool done, begun; /* read to its end; a chunk of it was given */
	struct index_result result;
};

struct index_pool {
	const struct index_file *file;
	size_t files;
	const char *tag;
	pthread_mutex_t lock;
	pthread_cond_t filled, fetched; /* something was put; was taken */
	pthread_t *thread;
	unsigned threads;
	struct slot *slot; /* file i: i % window */
	size_t window;
	size_t next, head; /* the next to be read; the one being given */
	atomic_bool stop;
	struct msp_error error; /* why all of it ends */
	struct msp_bytes given;
	struct index_result result; /* given */
};

/* One thread's work on one file. */
struct work {
	struct index_pool *pool;
	size_t file;
	struct msp_bytes docs; /* not yet handed over */
};

static int stopping(void *context)
{
	const struct work *w = context;

	return atomic_load_explicit(&w->pool->stop, memory_order_relaxed);
}

/* Hands over what there is. Waits while the file has its share. */
static int hand_over(struct work *w)
{
	struct index_pool *p = w->pool;
	struct slot *s = &p->slot[w->file % p->window];
	int r;

	pthread_mutex_lock(&p->lock);
	while (s->docs.len > SHARE && !p->stop)
		pthread_cond_wait(&p->fetched, &p->lock);
	if (p->stop) {
		r = MSP_INTERRUPTED;
	} else if (s->docs.len == 0) { /* buffers change hands */
		struct msp_bytes old = s->docs;

		s->docs = w->docs;
		w->docs = old;
		r = MSP_OK;
	} else {
		r = msp_bytes_append(&s->docs, w->docs.data, w->docs.len);
	}
	pthread_cond_signal(&p->filled);
	pthread_mutex_unlock(&p->lock);
	w->docs.len = 0;
	return r;
}

static int put(void *context, const struct msp_bytes *doc)
{
	struct work *w = context;
	int r = msp_bytes_append(&w->docs, doc->data, doc->len);

	return r == MSP_OK && w->docs.len >= CHUNK ? hand_over(w) : r;
}

/* A file is read. Below 0: all ends. */
static int finish(struct work *w, struct index_result *result, int r, const struct msp_error *err)
{
	struct index_pool *p = w->pool;
	struct slot *s = &p->slot[w->file % p->window];

	if (r == MSP_OK && w->docs.len > 0)
		r = hand_over(w);
	pthread_mutex_lock(&p->lock);
	if (r < 0 && p->error.status == MSP_OK) {
		if (err->status != MSP_OK)
			p->error = *err;
		else
			(void)msp_error_set(&p->error, r, "%s", r == MSP_NOMEM ? "no memory left" : "interrupted");
	}
	if (r < 0)
		p->stop = true;
	s->result = *result;
	s->done = true;
	pthread_cond_signal(&p->filled);
	pthread_cond_broadcast(&p->fetched);
	pthread_mutex_unlock(&p->lock);
	return r;
}

/* The number of the next file to be read, its slot cleared; p->files: there is none. */
static size_t take(struct index_pool *p)
{
	size_t file;

	pthread_mutex_lock(&p->lock);
	while (p->next < p->files && p->next - p->head >= p->window && !p->stop)
		pthread_cond_wait(&p->fetched, &p->lock);
	file = p->stop ? p->files : p->next;
	if (file < p->files) {
		struct slot *s = &p->slot[file % p->window];

		p->next++;
		s->done = s->begun = false;
		memset(&s->result, 0, sizeof(s->result));
	}
	pthread_mutex_unlock(&p->lock);
	return file;
}

static void *work(void *context)
{
	struct work w = {.pool = context};
	struct index_scan scan = {.tag = w.pool->tag, .put = put, .poll = stopping, .context = &w};
	int r = MSP_OK;

	while (r == MSP_OK && (w.file = take(w.pool)) < w.pool->files) {
		struct index_result result;
		struct msp_error err = {0};

		memset(&result, 0, sizeof(result));
		r = index_scan(&scan, &w.pool->file[w.file], &result, &err);
		r = finish(&w, &result, r, &err);
	}
	msp_bytes_free(&w.docs);
	return NULL;
}

/* ---- the caller's side ------------------------------------------------- */

static int start(struct index_pool *p, unsigned workers, struct msp_error *err)
{
	sigset_t all, old;

	/* signals are the caller's */
	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &old) != 0)
		return msp_error_set(err, MSP_FAIL, "no threads can be made");
	while (p->threads < workers && pthread_create(&p->thread[p->threads], NULL, work, p) == 0)
		p->threads++;
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	/* fewer than asked for do it, too */
	return p->threads > 0 || workers == 0 ? MSP_OK : msp_error_set(err, MSP_FAIL, "no threads can be made");
}

int index_pool_new(const struct index_file *files, size_t n, unsigned workers, const char *tag, struct index_pool **out, struct msp_error *err)
{
	struct index_pool *p = calloc(1, sizeof(*p));
	int r;

	*out = NULL;
	if (!p)
		return index_memory(err);
	if (workers > n)
		workers = (unsigned)n;
	p->file = files;
	p->files = n;
	p->tag = tag;
	p->window = (size_t)WINDOW * (workers > 0 ? workers : 1);
	p->slot = calloc(p->window, sizeof(*p->slot));
	p->thread = calloc(workers + 1, sizeof(*p->thread));
	if (pthread_mutex_init(&p->lock, NULL) != 0 || pthread_cond_init(&p->filled, NULL) != 0 || pthread_cond_init(&p->fetched, NULL) != 0 ||
	    !p->slot || !p->thread) {
		free(p->slot);
		free(p->thread);
		free(p);
		return index_memory(err);
	}
	r = start(p, workers, err);
	if (r == MSP_OK)
		*out = p;
	else
		index_pool_free(p);
	return r;
}

/* Waits a little for something to be put: signals reach only this thread, and must be noticed. */
static void wait_a_little(struct index_pool *p)
{
	struct timespec until;

	if (clock_gettime(CLOCK_REALTIME, &until) != 0)
		return;
	until.tv_nsec += 100000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	(void)pthread_cond_timedwait(&p->filled, &p->lock, &until);
}

/* With the lock. */
static void give(struct index_pool *p, struct slot *s, struct index_chunk *out)
{
	struct msp_bytes old = p->given;

	memset(out, 0, sizeof(*out));
	p->given = s->docs;
	s->docs = old;
	s->docs.len = 0;
	out->file = p->head;
	out->first = !s->begun;
	out->docs = p->given;
	s->begun = true;
	if (s->done) {
		msp_bytes_free(&p->result.log);
		p->result = s->result;
		memset(&s->result, 0, sizeof(s->result));
		out->last = true;
		out->result = &p->result;
		p->head++;
	}
	pthread_cond_broadcast(&p->fetched);
}

int index_pool_next(struct index_pool *p, msp_poll_fn *poll, void *context, struct index_chunk *out, struct msp_error *err)
{
	struct slot *s = &p->slot[p->head % p->window];
	int r = 1;

	if (p->head == p->files)
		return 0;
	pthread_mutex_lock(&p->lock);
	while (r == 1 && !p->stop && !(p->head < p->next && (s->done || s->docs.len > 0))) {
		wait_a_little(p);
		if (poll && poll(context))
			r = msp_error_set(err, MSP_INTERRUPTED, "interrupted");
	}
	if (r == 1 && p->stop)
		r = msp_error_set(err, p->error.status, "%s", p->error.text);
	if (r == 1)
		give(p, s, out);
	pthread_mutex_unlock(&p->lock);
	return r;
}

void index_pool_free(struct index_pool *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->lock);
	p->stop = true;
	pthread_cond_broadcast(&p->fetched);
	pthread_mutex_unlock(&p->lock);
	for (unsigned i = 0; i < p->threads; i++)
		pthread_join(p->thread[i], NULL);
	for (size_t i = 0; i < p->window; i++) {
		msp_bytes_free(&p->slot[i].docs);
		msp_bytes_free(&p->slot[i].result.log);
	}
	pthread_cond_destroy(&p->fetched);
	pthread_cond_destroy(&p->filled);
	pthread_mutex_destroy(&p->lock);
	msp_bytes_free(&p->given);
	msp_bytes_free(&p->result.log);
	free(p->slot);
	free(p->thread);
	free(p);
}
