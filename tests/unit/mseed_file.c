/* A miniSEED file whose records are passed without being read gives what it gives from memory, where all of it lies: whole, cut
 * anywhere, and with bytes changed. */
#include "noise.h"
#include "unit.h"

#include "mspipe/format.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct msp_error err;
static uint64_t state = 88172645463325252u;

/* Runs of four channels, with every number of blockettes; some channels by turns. Most of them in records that are passed; after one that is
 * not, more than is read at once. */
static void make_file(struct msp_bytes *file)
{
	static const uint32_t length[] = { 4096, 8192, 4096, 4096, 8192 }, other[] = { 512, 16384, 256, 2048 };
	struct msp_object o;

	msp_object_init(&o);
	if (msp_object_reset(&o, MSP_TIMESERIES, MSP_I32, 900) != MSP_OK)
		exit(1);
	for (int k = 0; k < 240; k++) {
		struct msp_mseed_options options = { k % 60 == 59 ? other[k / 60] : length[k % 5] };
		char sta[2] = { (char)('A' + k / 3 % 4), '\0' };

		o.dt = k % 4 == 0 ? 0.31830989 : 0.25; /* no ratio of two small numbers: it needs a blockette 100 */
		o.start = 1000 * k * MSP_NS + (k % 3) * 1000;
		for (int i = 0; i < 900; i++)
			((int32_t *)(void *)o.samples.data)[i] = (int32_t)random_below(&state, 1u << 20);
		if (msp_meta_set_string(&o, "sta", sta) != MSP_OK || msp_mseed_write(&o, &options, file, NULL, &err) != MSP_OK)
			exit(1);
	}
	msp_object_free(&o);
}

static bool every_other(void *unused, uint64_t run)
{
	(void)unused;
	return run % 2 == 0;
}

static bool same(struct msp_input *a, struct msp_input *b)
{
	const struct msp_input_skips *s = msp_input_skipped(a), *t = msp_input_skipped(b);
	struct msp_input_span p, q;
	struct msp_object x, y;
	bool ok = true;
	int rc = 1;

	msp_object_init(&x);
	msp_object_init(&y);
	while (ok && rc == 1) {
		struct msp_id dx, dy;

		rc = msp_input_next(a, &x, &err);
		ok = msp_input_next(b, &y, &err) == rc && rc >= 0 && msp_input_offset(a) == msp_input_offset(b);
		if (rc != 1 || !ok)
			break;
		dx = msp_object_digest(&x);
		dy = msp_object_digest(&y);
		msp_input_span(a, &p);
		msp_input_span(b, &q);
		ok = msp_id_equal(&dx, &dy) && msp_input_run(a) == msp_input_run(b) && p.offset == q.offset && p.end == q.end &&
		     p.last == q.last && p.mixed == q.mixed;
	}
	ok = ok && s->control == t->control && s->text == t->text && s->empty == t->empty && s->unwanted == t->unwanted;
	msp_object_free(&x);
	msp_object_free(&y);
	return ok;
}

/* How much of fd was read is what the kernel's offset cannot say: only whether the same comes of it. */
static bool same_from(FILE *f, const struct msp_bytes *image, const struct msp_input_options *options)
{
	struct msp_input *a = msp_input_memory(image->data, image->len, "x", options, &err), *b;
	bool ok;

	if (fseek(f, 0, SEEK_SET) != 0 || ftruncate(fileno(f), 0) != 0 || fwrite(image->data, 1, image->len, f) != image->len ||
	    fflush(f) != 0 || lseek(fileno(f), 0, SEEK_SET) != 0)
		exit(1);
	b = msp_input_open(fileno(f), "x", options, &err);
	if (a == NULL || b == NULL)
		exit(1);
	ok = same(a, b);
	msp_input_free(a);
	msp_input_free(b);
	return ok;
}

static void check_all(FILE *f, const struct msp_bytes *image, const char *what, size_t at)
{
	const struct msp_input_options headers = { .headers = true, .format = MSP_FORMAT_MSEED },
	                               some = { .want = every_other, .format = MSP_FORMAT_MSEED };

	CHECKF(same_from(f, image, &headers), "headers, %s at %zu", what, at);
	CHECKF(same_from(f, image, &some), "some runs, %s at %zu", what, at);
}

/* A file that becomes shorter while it is read is told from one that ends. */
static void check_shrunk(FILE *f, const struct msp_bytes *file)
{
	struct msp_input_options headers = { .headers = true, .least = file->len };
	struct msp_input *in;
	struct msp_object o;
	int rc;

	if (ftruncate(fileno(f), (off_t)file->len) != 0 || lseek(fileno(f), 0, SEEK_SET) != 0)
		exit(1);
	in = msp_input_open(fileno(f), "x", &headers, &err);
	if (in == NULL || ftruncate(fileno(f), (off_t)file->len / 2) != 0)
		exit(1);
	msp_object_init(&o);
	while ((rc = msp_input_next(in, &o, &err)) == 1)
		;
	CHECKF(rc == MSP_FAIL && strstr(err.text, "cut while it was read") != NULL, "%d %s", rc, err.text);
	msp_object_free(&o);
	msp_input_free(in);
}

int main(void)
{
	struct msp_bytes file = { 0 }, image = { 0 };
	FILE *f = tmpfile();

	if (f == NULL)
		return 1;
	make_file(&file);
	check_all(f, &file, "whole", 0);
	for (int k = 0; k < 150; k++) {
		image = file;
		image.len = (size_t)random_below(&state, file.len);
		check_all(f, &image, "cut", image.len);
	}
	image = (struct msp_bytes){ 0 };
	for (int k = 0; k < 300; k++) {
		size_t at = (size_t)random_below(&state, file.len / 512) * 512 + (size_t)random_below(&state, 128);

		if (msp_bytes_set(&image, file.data, file.len) != MSP_OK)
			return 1;
		image.data[at] = (uint8_t)(k % 3 ? random_below(&state, 256) : image.data[at] ^ 1u << random_below(&state, 8));
		check_all(f, &image, "changed", at);
	}
	check_all(f, &file, "whole", 0);
	check_shrunk(f, &file);
	fclose(f);
	msp_bytes_free(&file);
	msp_bytes_free(&image);
	return unit_end("mseed_file");
}
