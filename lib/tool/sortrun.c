/* The runs of a sorter: msp streams in files without a name, written once, read once, merged. */
#include "tool/sorter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_FAN 64             /* runs merged at once */
#define MIN_FAN 4
#define READER_MEMORY (4 << 20) /* about what reading a run takes */

int sorter_run_begin(struct msp_sorter *s, struct sorter_out *out)
{
	struct msp_writer_options o = {.level = 1, .poll = s->options.poll, .context = s->options.poll_context};
	struct msp_header header = {0};
	out->fd = msp_scratch_open(out->err);
	if (out->fd < 0)
		return MSP_FAIL;
	out->writer = msp_writer_new(out->fd, msp_scratch_directory(), &o);
	if (!out->writer) {
		close(out->fd);
		return msp_error_set(out->err, MSP_NOMEM, "out of memory");
	}
	return msp_writer_begin(out->writer, &header, out->err);
}

static size_t fan(const struct msp_sorter *s)
{
	uint64_t n = s->options.max_memory / READER_MEMORY;
	return n < MIN_FAN ? MIN_FAN : n > MAX_FAN ? MAX_FAN : (size_t)n;
}

static int put_run(void *context, struct msp_object *o)
{
	struct sorter_out *out = context;
	return msp_writer_put(out->writer, o, out->err);
}

/* Merges the last runs while there are enough of one level: never more files than fan() a level. */
static int collapse(struct msp_sorter *s, struct msp_error *err)
{
	size_t width = fan(s);
	while (s->runs >= width && s->run[s->runs - width].level == s->run[s->runs - 1].level) {
		size_t first = s->runs - width;
		struct sorter_out out = {.err = err, .level = s->run[first].level + 1};
		int rc = sorter_run_begin(s, &out);
		if (rc == MSP_OK)
			rc = sorter_merge(s, first, put_run, &out, err);
		for (size_t i = first; i < s->runs; i++)
			close(s->run[i].fd);
		s->runs = first;
		rc = sorter_run_end(s, &out, rc);
		if (rc < 0)
			return rc;
	}
	return MSP_OK;
}

int sorter_run_end(struct msp_sorter *s, struct sorter_out *out, int rc)
{
	struct msp_error *err = out->err;
	if (!out->writer)
		return rc;
	if (rc >= 0)
		rc = msp_writer_end(out->writer, false, err);
	msp_writer_free(out->writer);
	out->writer = NULL;
	if (rc >= 0 && s->runs == s->runs_room) {
		size_t room = s->runs_room ? 2 * s->runs_room : 16;
		struct sorter_run *run = realloc(s->run, room * sizeof *run);
		if (run) {
			s->run = run;
			s->runs_room = room;
		} else {
			rc = msp_error_set(err, MSP_NOMEM, "out of memory");
		}
	}
	if (rc < 0) {
		close(out->fd);
		return rc;
	}
	s->run[s->runs++] = (struct sorter_run){out->fd, out->level};
	s->spilled++;
	return out->level ? MSP_OK : collapse(s, err);
}

void sorter_runs_free(struct msp_sorter *s)
{
	if (s->direct.writer) {
		msp_writer_free(s->direct.writer);
		s->direct.writer = NULL;
		close(s->direct.fd);
	}
	for (size_t i = 0; i < s->runs; i++)
		close(s->run[i].fd);
	free(s->run);
	s->run = NULL;
	s->runs = s->runs_room = 0;
}

/* ---- merging ----------------------------------------------------------- */

struct cursor {
	struct msp_reader *reader;
	struct msp_object o;     /* the first of a unit, borrowed from the reader */
	struct sorter_key *key;
	size_t number;           /* of the run: which came first */
	bool ended;
};

/* The next object of the run; ended is set after the last. A broken run is a failure of the disk, not of
 * the input. */
static int next_object(struct cursor *c, struct msp_error *err)
{
	for (;;) {
		int event = msp_reader_next(c->reader, &c->o, err);
		if (event == MSP_CORRUPT)
			return msp_error_set(err, MSP_FAIL, "a temporary file in %s was damaged", msp_scratch_directory());
		if (event < 0 || event == MSP_READ_OBJECT)
			return event < 0 ? event : MSP_OK;
		if (event == MSP_READ_END) {
			c->ended = true;
			return MSP_OK;
		}
	}
}

static int advance(struct msp_sorter *s, struct cursor *c, struct msp_error *err)
{
	int rc = next_object(c, err);
	if (rc == MSP_OK && !c->ended)
		sorter_keys(s, &c->o, c->key);
	return rc;
}

static int cursor_open(struct msp_sorter *s, struct cursor *c, size_t number, struct msp_error *err)
{
	struct msp_reader_options o = {.poll = s->options.poll, .context = s->options.poll_context};
	int fd = s->run[number].fd;
	c->number = number;
	msp_object_init(&c->o);
	c->reader = msp_reader_new(&o);
	c->key = calloc(s->options.n ? s->options.n : 1, sizeof *c->key);
	if (!c->reader || !c->key)
		return msp_error_set(err, MSP_NOMEM, "out of memory");
	if (lseek(fd, 0, SEEK_SET) < 0)
		return msp_error_errno(err, MSP_FAIL, "temporary file in %s", msp_scratch_directory());
	int rc = msp_reader_input(c->reader, fd, msp_scratch_directory(), err);
	return rc < 0 ? rc : advance(s, c, err);
}

static bool before(const struct msp_sorter *s, const struct cursor *a, const struct cursor *b)
{
	if (a->ended || b->ended)
		return !a->ended;
	int c = sorter_compare(s, a->key, b->key);
	return c ? c < 0 : a->number < b->number;
}

/* heap[i] goes down to its place; the first is the least. */
static void sink(const struct msp_sorter *s, struct cursor **heap, size_t n, size_t i)
{
	for (;;) {
		size_t least = i, left = 2 * i + 1;
		for (size_t k = left; k < n && k < left + 2; k++)
			if (before(s, heap[k], heap[least]))
				least = k;
		if (least == i)
			return;
		struct cursor *c = heap[i];
		heap[i] = heap[least];
		heap[least] = c;
		i = least;
	}
}

static int give_unit(struct msp_sorter *s, struct cursor *c, sorter_out_fn *out, void *context,
                     struct msp_error *err)
{
	bool inside = c->o.kind == MSP_ENSEMBLE_BEGIN;
	int rc = out(context, &c->o);
	while (rc >= 0 && inside) {
		rc = next_object(c, err);
		if (rc < 0 || c->ended)
			break;
		inside = c->o.kind != MSP_ENSEMBLE_END;
		rc = out(context, &c->o);
	}
	return rc < 0 ? rc : advance(s, c, err);
}

static int merge_cursors(struct msp_sorter *s, struct cursor *cursor, struct cursor **heap, size_t n,
                         size_t first, sorter_out_fn *out, void *context, struct msp_error *err)
{
	for (size_t i = 0; i < n; i++) {
		int rc = cursor_open(s, &cursor[i], first + i, err);
		if (rc < 0)
			return rc;
		heap[i] = &cursor[i];
	}
	for (size_t i = n / 2; i-- > 0;)
		sink(s, heap, n, i);
	while (!heap[0]->ended) {
		int rc = give_unit(s, heap[0], out, context, err);
		if (rc < 0)
			return rc;
		sink(s, heap, n, 0);
	}
	return MSP_OK;
}

int sorter_merge(struct msp_sorter *s, size_t first, sorter_out_fn *out, void *context,
                 struct msp_error *err)
{
	size_t n = s->runs - first;
	struct cursor *cursor = calloc(n, sizeof *cursor), **heap = calloc(n, sizeof(struct cursor *));
	int rc;
	if (cursor && heap)
		rc = merge_cursors(s, cursor, heap, n, first, out, context, err);
	else
		rc = msp_error_set(err, MSP_NOMEM, "out of memory");
	for (size_t i = 0; cursor && i < n; i++) {
		msp_object_free(&cursor[i].o);
		msp_reader_free(cursor[i].reader);
		free(cursor[i].key);
	}
	free(cursor);
	free(heap);
	return rc;
}
