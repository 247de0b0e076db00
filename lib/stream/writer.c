/* The stream's writer: objects into blocks, blocks into segments. See msp(5). */
#include "stream/io.h"
#include "stream/pack.h"
#include "stream/wire.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#define FLUSH_EVERY ((uint64_t)4 << 20)

struct msp_writer {
	int fd;
	char *name;
	msp_poll_fn *poll;
	void *context;

	bool in_segment, in_ensemble;
	bool block_in_ensemble; /* where the block being built begins */
	uint32_t header_crc;
	uint64_t blocks;
	struct msp_totals segment, sum;

	uint32_t objects; /* of the block being built */
	struct msp_totals block;
	struct pack pack;
	uint64_t stored;
	bool flushed;     /* the file is flushed in the end */
	uint64_t on_way;  /* bytes of it that are on their way to the disk */
};

static int default_level(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode)) ? 0 : 1;
}

struct msp_writer *msp_writer_new(int fd, const char *name, const struct msp_writer_options *options)
{
	struct msp_writer *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->fd = fd;
	w->poll = options ? options->poll : NULL;
	w->context = options ? options->context : NULL;
	w->flushed = options && options->flushed;
	w->name = strdup(name);
	if (msp_pack_init(&w->pack, options && options->level >= 0 ? options->level : default_level(fd)) < 0 || !w->name) {
		msp_writer_free(w);
		return NULL;
	}
	return w;
}

void msp_writer_free(struct msp_writer *w)
{
	if (!w)
		return;
	msp_pack_free(&w->pack);
	free(w->name);
	free(w);
}

static int no_memory(const struct msp_writer *w, struct msp_error *err)
{
	return msp_error_set(err, MSP_NOMEM, "%s: no memory left to write a block", w->name);
}

/* A disk that begins to write when the last byte is there lets everybody wait for it. Only a hint: what fails here fsync(2) says. */
static void send_on(struct msp_writer *w)
{
	uint64_t whole = w->stored / FLUSH_EVERY * FLUSH_EVERY; /* no page is sent twice */

	if (!w->flushed || whole <= w->on_way)
		return;
	(void)sync_file_range(w->fd, (off_t)w->on_way, (off_t)(whole - w->on_way), SYNC_FILE_RANGE_WRITE);
	w->on_way = whole;
}

static int put_pieces(struct msp_writer *w, struct iovec *iov, int n, struct msp_error *err)
{
	size_t size = 0;
	int s;

	for (int i = 0; i < n; i++)
		size += iov[i].iov_len;
	s = msp_writev_all(w->fd, iov, n, w->name, w->poll, w->context, err);
	w->stored += size;
	if (s == MSP_OK)
		send_on(w);
	return s;
}

static int put_bytes(struct msp_writer *w, const void *data, size_t n, struct msp_error *err)
{
	struct iovec iov = {.iov_base = (void *)(uintptr_t)data, .iov_len = n};

	return put_pieces(w, &iov, 1, err);
}

/* ---- segments ---------------------------------------------------------- */

int msp_writer_begin(struct msp_writer *w, const struct msp_header *h, struct msp_error *err)
{
	uint8_t fixed[HEADER_FIXED], crc[4];
	uint32_t length = (uint32_t)h->pipeline.len;

	if (w->in_segment)
		return msp_error_set(err, MSP_USAGE, "%s: a segment begins inside another", w->name);
	if (h->pipeline.len > PIPELINE_MAX)
		return msp_error_set(err, MSP_FAIL, "%s: the history of the stream is longer than 16 MiB", w->name);
	put32(fixed, WIRE_HEADER);
	put32(fixed + 4, HEADER_FIXED - 4 + length);
	memcpy(fixed + 8, "MSPH", 4);
	put16(fixed + 12, MSP_STREAM_VERSION);
	put16(fixed + 14, 0);
	memcpy(fixed + 16, h->origin.byte, 16);
	put64(fixed + 32, h->index);
	put32(fixed + 40, h->part);
	put32(fixed + 44, h->parts);
	put32(fixed + 48, length);
	w->header_crc = msp_crc32c(msp_crc32c(0, fixed, sizeof(fixed)), h->pipeline.data, length);
	put32(crc, w->header_crc);
	w->in_segment = true;
	w->in_ensemble = w->block_in_ensemble = false;
	w->blocks = 0;
	memset(&w->segment, 0, sizeof(w->segment));
	struct iovec iov[3] = {{fixed, sizeof(fixed)}, {h->pipeline.data, length}, {crc, sizeof(crc)}};
	return put_pieces(w, iov, 3, err);
}

/* ---- blocks ------------------------------------------------------------ */

static void descriptor(const struct msp_writer *w, uint8_t *d, size_t stored, uint32_t crc)
{
	put32(d, WIRE_BLOCK);
	put32(d + 4, BLOCK_SIZE - 8);
	memcpy(d + 8, "MSPB", 4);
	put32(d + 12, w->objects);
	put64(d + 16, w->block.live);
	put64(d + 24, w->block.dead);
	put32(d + 32, (uint32_t)w->block.ensembles);
	d[36] = (uint8_t)(w->block_in_ensemble | w->in_ensemble << 1);
	for (int a = 0; a < AREAS; a++) {
		d[37 + a] = msp_pack_encoding(&w->pack, a);
		put64(d + 48 + 8 * a, w->pack.area[a].data.len);
	}
	put64(d + 40, w->pack.heads.len);
	memcpy(d + 72, w->block.digest.byte, 16);
	put64(d + 88, stored);
	put32(d + 96, crc);
	put32(d + 100, msp_crc32c(0, d, 100));
}

static int flush_block(struct msp_writer *w, struct msp_error *err)
{
	uint8_t d[BLOCK_SIZE];
	struct iovec *iov = NULL;
	size_t payload = msp_pack_payload(&w->pack), stored = 0;
	uint32_t crc = 0;
	int n = 0, s;

	if (w->objects == 0)
		return MSP_OK;
	w->block.bytes = payload;
	if (msp_pack_frame(&w->pack, &iov, &n, &stored) < 0)
		return no_memory(w, err);
	for (int i = 1; i < n; i++)
		crc = msp_crc32c(crc, iov[i].iov_base, iov[i].iov_len);
	descriptor(w, d, stored, crc);
	iov[0] = (struct iovec){d, sizeof(d)};
	s = put_pieces(w, iov, n, err);
	free(iov);
	if (s < 0)
		return s;
	msp_totals_add(&w->segment, &w->block);
	w->sum.bytes += payload;
	memset(&w->block, 0, sizeof(w->block));
	w->blocks++;
	w->objects = 0;
	w->block_in_ensemble = w->in_ensemble;
	msp_pack_clear(&w->pack);
	return MSP_OK;
}

/* ---- objects ----------------------------------------------------------- */

static int check_bracket(struct msp_writer *w, const struct msp_object *o, struct msp_error *err)
{
	if (o->kind == MSP_ENSEMBLE_BEGIN && w->in_ensemble)
		return msp_error_set(err, MSP_USAGE, "%s: an ensemble begins inside another", w->name);
	if (o->kind == MSP_ENSEMBLE_END && !w->in_ensemble)
		return msp_error_set(err, MSP_USAGE, "%s: an ensemble ends that did not begin", w->name);
	return MSP_OK;
}

static size_t samples_size(const struct msp_object *o)
{
	return o->live ? o->samples.len : 0;
}

static void count(struct msp_writer *w, const struct msp_object *o)
{
	struct msp_id digest = msp_object_digest(o);

	w->objects++;
	w->block.digest = msp_id_sum(w->block.digest, digest);
	w->sum.digest = msp_id_sum(w->sum.digest, digest);
	if (o->kind == MSP_ENSEMBLE_BEGIN) {
		w->in_ensemble = true;
		w->block.ensembles++;
		w->sum.ensembles++;
	} else if (o->kind == MSP_ENSEMBLE_END) {
		w->in_ensemble = false;
	} else {
		*(o->live ? &w->block.live : &w->block.dead) += 1;
		*(o->live ? &w->sum.live : &w->sum.dead) += 1;
	}
}

/* A large object of an uncompressed stream: its samples go out from where they are. */
static int put_directly(struct msp_writer *w, const struct msp_object *o, int a, size_t size, struct msp_error *err)
{
	struct msp_bytes own = w->pack.area[a].data;
	int s;

	w->pack.area[a].data = (struct msp_bytes){o->samples.data, size, 0};
	count(w, o);
	s = flush_block(w, err);
	own.len = 0;
	w->pack.area[a].data = own;
	return s;
}

int msp_writer_put(struct msp_writer *w, const struct msp_object *o, struct msp_error *err)
{
	size_t size = samples_size(o), target = w->pack.level == 0 ? RAW_BLOCK : BLOCK_TARGET;
	int a = area_of(o->type, o->width), s = MSP_OK;
	bool direct = w->pack.level == 0 && size >= RAW_BLOCK / 4;

	if (!w->in_segment)
		return msp_error_set(err, MSP_USAGE, "%s: an object outside of a segment", w->name);
	if (a == -2 || (a == -1 && size > 0) || size % (o->width ? o->width : 1) != 0)
		return msp_error_set(err, MSP_USAGE, "%s: samples of %u bytes", w->name, o->width);
	if (check_bracket(w, o, err) < 0)
		return err ? err->status : MSP_USAGE;
	if (direct || msp_pack_payload(&w->pack) + size + o->metadata.len + o->elog.len + 160 > target || w->objects == UINT32_MAX)
		s = flush_block(w, err);
	if (s < 0)
		return s;
	s = msp_pack_add(&w->pack, o, a, direct ? 0 : size);
	if (s < 0)
		return s == MSP_USAGE ? msp_error_set(err, MSP_FAIL, "%s: an object's metadata exceed 4 GiB", w->name)
		                      : no_memory(w, err);
	if (direct)
		return put_directly(w, o, a, size, err);
	count(w, o);
	return MSP_OK;
}

int msp_writer_put_block(struct msp_writer *w, const struct msp_block *b, struct msp_error *err)
{
	int s;

	if (!w->in_segment)
		return msp_error_set(err, MSP_USAGE, "%s: a block outside of a segment", w->name);
	s = flush_block(w, err);
	if (s < 0)
		return s;
	if (b->in_ensemble != w->in_ensemble)
		return msp_error_set(err, MSP_USAGE, "%s: a block of another ensemble", w->name);
	s = put_bytes(w, b->frames, b->size, err);
	if (s < 0)
		return s;
	w->blocks++;
	w->in_ensemble = w->block_in_ensemble = b->ends_in_ensemble;
	msp_totals_add(&w->segment, &b->totals);
	msp_totals_add(&w->sum, &b->totals);
	return MSP_OK;
}

int msp_writer_end(struct msp_writer *w, bool more, struct msp_error *err)
{
	uint8_t t[TRAILER_SIZE];
	int s;

	if (!w->in_segment)
		return msp_error_set(err, MSP_USAGE, "%s: a segment ends that did not begin", w->name);
	if (w->in_ensemble)
		return msp_error_set(err, MSP_USAGE, "%s: a segment ends inside an ensemble", w->name);
	s = flush_block(w, err);
	if (s < 0)
		return s;
	put32(t, WIRE_TRAILER);
	put32(t + 4, TRAILER_SIZE - 8);
	memcpy(t + 8, "MSPT", 4);
	put32(t + 12, more);
	put64(t + 16, w->blocks);
	put64(t + 24, w->segment.live);
	put64(t + 32, w->segment.dead);
	put64(t + 40, w->segment.ensembles);
	put64(t + 48, w->segment.bytes);
	memcpy(t + 56, w->segment.digest.byte, 16);
	put32(t + 72, w->header_crc);
	put32(t + 76, msp_crc32c(0, t, 76));
	memcpy(t + 80, SEGMENT_END, 16);
	w->in_segment = false;
	return put_bytes(w, t, sizeof(t), err);
}

int msp_writer_level(const struct msp_writer *w)
{
	return w->pack.level;
}

bool msp_writer_in_segment(const struct msp_writer *w)
{
	return w->in_segment;
}

bool msp_writer_in_ensemble(const struct msp_writer *w)
{
	return w->in_ensemble;
}

uint64_t msp_writer_segment_bytes(const struct msp_writer *w)
{
	return w->segment.bytes + msp_pack_payload(&w->pack);
}

uint64_t msp_writer_stored(const struct msp_writer *w)
{
	return w->stored;
}

const struct msp_totals *msp_writer_sum(const struct msp_writer *w)
{
	return &w->sum;
}

void msp_totals_add(struct msp_totals *sum, const struct msp_totals *t)
{
	sum->live += t->live;
	sum->dead += t->dead;
	sum->ensembles += t->ensembles;
	sum->bytes += t->bytes;
	sum->digest = msp_id_sum(sum->digest, t->digest);
}
