/* miniSEED in a file that can be read twice: the same objects in the same order as from memory, each as soon as it is whole. */
#include "foreign.h"

#include "mspipe/stream.h"

#include <string.h>
#include <unistd.h>

enum { LENGTH = 512, RECORDS = 6000, CHANNELS = 12 };

static uint8_t file[RECORDS * LENGTH];
static uint64_t state = 1;

static unsigned pick(unsigned n)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(state >> 33) % n;
}

/* Ten samples a second, from this second of the day; encoding 3: integers, 11: frames of Steim-2 that hold nothing. */
static void record(uint8_t *r, unsigned channel, unsigned second, int encoding)
{
	memset(r, 0, LENGTH);
	memcpy(r, "000001D STA  00BHZXX", 20);
	r[11] = (uint8_t)('A' + channel);
	r[20] = 2011 >> 8;
	r[21] = 2011 & 255;
	r[23] = 70;
	r[24] = (uint8_t)(second / 3600);
	r[25] = (uint8_t)(second / 60 % 60);
	r[26] = (uint8_t)(second % 60);
	r[31] = r[33] = 10;
	r[35] = 1;
	r[39] = 1;
	r[45] = 64;
	r[47] = 48;
	r[48] = 1000 >> 8, r[49] = 1000 & 255, r[52] = (uint8_t)encoding, r[53] = 1, r[54] = 9;
	if (encoding == 3)
		for (int i = 64; i < 104; i++)
			r[i] = (uint8_t)pick(256);
}

/* gap, broken: one record in so many has a gap before it, or does not decode; 0: none. */
static void fill(bool in_turn, unsigned gap, unsigned broken)
{
	unsigned second[CHANNELS] = {0};

	for (unsigned i = 0; i < RECORDS; i++) {
		unsigned c = in_turn ? i / (RECORDS / CHANNELS) : pick(CHANNELS);

		second[c] += gap && pick(gap) == 0 ? 3 : 1;
		record(file + (size_t)i * LENGTH, c, second[c], broken && pick(broken) == 0 ? 11 : 3);
	}
}

static int store(size_t n)
{
	int fd = msp_scratch_open(&err);

	CHECKF(fd >= 0 && write(fd, file, n) == (ssize_t)n && lseek(fd, 0, SEEK_SET) == 0, "%s", err.text);
	if (fd < 0)
		exit(1);
	return fd;
}

struct seen {
	struct msp_id in_order, sum;
	unsigned n;
	uint64_t first_at; /* how far the input was read when the first was given */
	int end;
};

/* between: what happens to the file after the first object. thirds: only every third run counts. */
static bool thirds;

static struct seen all(struct msp_input *in, void (*between)(int fd), int fd)
{
	struct seen s = { .end = -1 };
	struct msp_object o;

	CHECKF(in != NULL, "%s", err.text);
	if (in == NULL)
		exit(1);
	msp_object_init(&o);
	while ((s.end = msp_input_next(in, &o, &err)) == 1) {
		struct msp_id d = msp_object_digest(&o);

		if (thirds && msp_input_run(in) % 3 != 0)
			continue;
		if (s.n++ == 0) {
			s.first_at = msp_input_offset(in);
			if (between != NULL)
				between(fd);
		}
		s.sum = msp_id_sum(s.sum, d);
		s.in_order = msp_id_next(s.in_order, d, msp_input_run(in));
	}
	msp_object_free(&o);
	msp_input_free(in);
	return s;
}

static struct seen from_file(size_t n, void (*between)(int fd))
{
	int fd = store(n);
	struct seen s = all(msp_input_open(fd, "test", NULL, &err), between, fd);

	close(fd);
	return s;
}

static struct seen from_memory(size_t n)
{
	return all(over(file, n, NULL), NULL, -1);
}

static void check_same(bool in_turn, unsigned gap, unsigned broken)
{
	struct seen a, b;

	fill(in_turn, gap, broken);
	a = from_memory(sizeof file);
	b = from_file(sizeof file, NULL);
	CHECK(a.end == 0 && b.end == 0 && a.n >= CHANNELS);
	CHECKF(a.n == b.n, "%u, %u", a.n, b.n);
	CHECK(msp_id_equal(&a.sum, &b.sum));
	CHECK(broken || msp_id_equal(&a.in_order, &b.in_order));
	if (in_turn && !gap) /* the first goes out when the second has hardly begun */
		CHECKF(b.first_at <= sizeof file / CHANNELS, "%" PRIu64, b.first_at);
}

/* ---- runs that were chosen ------------------------------------------------- */

static int third(void *headers, struct msp_object *o)
{
	(void)o;
	return msp_input_run(headers) % 3 == 0;
}

static void check_planned(bool in_turn, unsigned gap)
{
	struct msp_input_options headers = { .headers = true }, chosen = { .want = msp_plan_wants };
	struct msp_plan plan = { 0 };
	struct msp_input *in;
	struct seen a, b;
	int fd;

	fill(in_turn, gap, 0);
	fd = store(sizeof file);
	in = msp_input_open(fd, "test", &headers, &err);
	CHECK(in != NULL && msp_plan_make(&plan, in, third, in, &err) == MSP_OK);
	msp_input_free(in);
	CHECK(lseek(fd, 0, SEEK_SET) == 0);
	chosen.want_context = &plan;
	b = all(msp_input_open(fd, "test", &chosen, &err), NULL, fd);
	close(fd);
	thirds = true;
	a = from_memory(sizeof file);
	thirds = false;
	CHECK(a.end == 0 && b.end == 0 && a.n == plan.kept);
	CHECKF(a.n == b.n && msp_id_equal(&a.in_order, &b.in_order), "%u, %u", a.n, b.n);
	if (in_turn && !gap)
		CHECKF(b.first_at <= sizeof file / CHANNELS, "%" PRIu64, b.first_at);
	msp_plan_free(&plan);
}

/* ---- a file that changes meanwhile ---------------------------------------- */

static void cut(int fd)
{
	CHECK(ftruncate(fd, sizeof file / 2) == 0);
}

static void grow(int fd)
{
	CHECK(pwrite(fd, file, sizeof file / 2, sizeof file / 2) == (ssize_t)(sizeof file / 2));
}

static void check_changes(void)
{
	struct seen half, more;

	fill(true, 0, 0);
	more = from_file(sizeof file, cut);
	CHECK(more.end == MSP_FAIL && strstr(err.text, "it was cut while it was read") != NULL);
	half = from_memory(sizeof file / 2);
	more = from_file(sizeof file / 2, grow);
	CHECK(half.end == 0 && more.end == 0 && msp_id_equal(&half.in_order, &more.in_order));
}

/* What is no record ends it for both. */
static void check_broken(void)
{
	struct seen a, b;

	fill(false, 40, 0);
	memset(file + sizeof file / 2 + 7 * LENGTH, 'x', 100);
	a = from_memory(sizeof file);
	b = from_file(sizeof file, NULL);
	CHECK(a.end == 0 && b.end == 0 && a.n == b.n && msp_id_equal(&a.in_order, &b.in_order));
	a = from_memory(sizeof file / 2 - 100);
	b = from_file(sizeof file / 2 - 100, NULL);
	CHECK(a.end == 0 && b.end == 0 && a.n == b.n && msp_id_equal(&a.in_order, &b.in_order));
}

int main(void)
{
	check_same(true, 0, 0);
	check_same(true, 100, 0);
	check_same(false, 0, 0);
	check_same(false, 100, 0);
	check_same(false, 3000, 0);
	check_same(true, 0, 50);
	check_same(false, 200, 50);
	check_planned(true, 0);
	check_planned(false, 100);
	check_planned(false, 3000);
	check_changes();
	check_broken();
	return unit_end("ahead");
}
