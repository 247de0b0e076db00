/* store FILE.msp OUT - how fast the stream writer makes a compressed file of FILE's objects, and how small: the objects are read into memory,
 * written to OUT at level 1 several times, and the best time is taken (the disk is not waited for). The samples alone go to OUT.samples, for
 * another program to compress. Prints "MB_per_s stored_bytes sample_bytes". */
#include "bench.h"

#include "mspipe/stream.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static struct msp_object *object;
static size_t objects;
static uint64_t bytes;

static void die(const char *what)
{
	fprintf(stderr, "store: %s\n", what);
	exit(1);
}

static void load(const char *path)
{
	struct msp_error err = {0};
	struct msp_reader *r = msp_reader_new(NULL);
	struct msp_object o;
	int fd = open(path, O_RDONLY), s;

	msp_object_init(&o);
	if (fd < 0 || !r || msp_reader_input(r, fd, path, &err) < 0)
		die(path);
	while ((s = msp_reader_next(r, &o, &err)) > 0 && s != MSP_READ_END) {
		if (s != MSP_READ_OBJECT)
			continue;
		object = realloc(object, (objects + 1) * sizeof(*object));
		if (!object)
			die("no memory");
		msp_object_init(&object[objects]);
		if (msp_object_copy(&object[objects], &o) < 0)
			die("no memory");
		bytes += object[objects++].samples.len;
	}
	if (s < 0)
		die(err.text);
	msp_object_free(&o);
	msp_reader_free(r);
	close(fd);
}

static double write_all(const char *path, uint64_t *stored)
{
	struct msp_writer_options options = {.level = 1};
	struct msp_error err = {0};
	int fd = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0666);
	struct msp_writer *w = msp_writer_new(fd, path, &options);
	struct msp_header h = {.index = 0};
	double t = cpu_time();

	if (fd < 0 || !w || msp_writer_begin(w, &h, &err) < 0)
		die(path);
	for (size_t i = 0; i < objects; i++)
		if (msp_writer_put(w, &object[i], &err) < 0)
			die(err.text);
	if (msp_writer_end(w, false, &err) < 0)
		die(err.text);
	t = cpu_time() - t;
	*stored = msp_writer_stored(w);
	msp_writer_free(w);
	close(fd);
	return t;
}

int main(int argc, char **argv)
{
	double best = 1e9;
	uint64_t stored = 0;
	char name[4096];
	FILE *f;

	if (argc != 3)
		return 2;
	load(argv[1]);
	snprintf(name, sizeof(name), "%s.samples", argv[2]);
	f = fopen(name, "w");
	if (!f)
		die(name);
	for (size_t i = 0; i < objects; i++)
		if (object[i].samples.len > 0 && fwrite(object[i].samples.data, object[i].samples.len, 1, f) != 1)
			die(name);
	if (fclose(f) != 0)
		die(name);
	for (int i = 0; i < 7; i++) {
		double t = write_all(argv[2], &stored);
		best = t < best ? t : best;
	}
	printf("%.0f %llu %llu\n", (double)bytes / best / 1e6, (unsigned long long)stored, (unsigned long long)bytes);
	return 0;
}
