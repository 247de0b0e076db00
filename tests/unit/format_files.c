/* Around the readers: cutting, plans, names of files, directories of files, and reading in pieces. */
#include "unit.h"

#include "mspipe/format.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct msp_error err;

/* ---- cutting ----------------------------------------------------------- */

static void check_cut(void)
{
	struct msp_object o;
	bool changed;

	msp_object_init(&o);
	if (msp_object_reset(&o, MSP_SEISMOGRAM, MSP_I32, 10) != MSP_OK)
		exit(1);
	for (int i = 0; i < 30; i++)
		((int32_t *)(void *)o.samples.data)[i] = i;
	o.dt = 0.1;
	o.start = 5 * MSP_NS;
	CHECK(msp_object_cut(&o, INT64_MIN, INT64_MAX, &changed) == 1 && !changed && o.npts == 10);
	CHECK(msp_object_cut(&o, 6 * MSP_NS, 7 * MSP_NS, &changed) == 0 && !changed && o.npts == 10);
	CHECK(msp_object_cut(&o, 0, 5 * MSP_NS - 1, &changed) == 0);
	CHECK(msp_object_cut(&o, 5 * MSP_NS + 10, 5 * MSP_NS + 20, &changed) == 0); /* between two samples */
	/* both ends are included, and a nanosecond decides */
	CHECK(msp_object_cut(&o, 5 * MSP_NS + 200000000, 5 * MSP_NS + 499999999, &changed) == 1 && changed);
	CHECKF(o.npts == 3 && o.start == 5 * MSP_NS + 200000000, "%d", (int)o.npts);
	CHECK(o.samples.len == 9 * 4);
	for (int c = 0; c < 3; c++)
		for (int i = 0; i < 3; i++)
			CHECK(((int32_t *)(void *)o.samples.data)[3 * c + i] == 10 * c + i + 2);
	CHECK(msp_object_cut(&o, 5 * MSP_NS + 400000000, 5 * MSP_NS + 400000000, &changed) == 1 && o.npts == 1);
	msp_object_free(&o);
}

/* ---- names ------------------------------------------------------------- */

static const char *expand(const char *pattern, const char *value)
{
	static struct msp_bytes name;
	struct msp_object o;
	int rc;

	msp_object_init(&o);
	if (msp_object_reset(&o, MSP_TIMESERIES, MSP_NONE, 0) != MSP_OK || msp_meta_set_string(&o, "v", value) != MSP_OK)
		exit(1);
	rc = msp_name_expand(pattern, &o, &name, &err);
	msp_object_free(&o);
	return rc == MSP_OK ? (const char *)name.data : "refused";
}

static void check_names(void)
{
	static const struct { const char *pattern, *value, *name; } one[] = {
		{ "%{v}.sac", "AAK", "AAK.sac" }, { "%{v}", "../../x", "_._.._x" }, { "%{v}", ".", "_" }, { "%{v}", "..", "_." },
		{ "a%{v}", "/", "a_" }, { ".%{v}", "x", "_x" }, { "%%%{v}%%", "\n\x7f", "%__%" }, { "%{none}-%{v}", "", "_-_" },
		{ "%{npts}", "", "0" },
	};
	char longest[300];

	for (size_t i = 0; i < sizeof one / sizeof one[0]; i++) {
		const char *got = expand(one[i].pattern, one[i].value);

		CHECKF(strcmp(got, one[i].name) == 0, "%zu: %s", i, got);
	}
	memset(longest, 'x', sizeof longest);
	longest[240] = '\0';
	CHECK(strcmp(expand("%{v}", longest), longest) == 0);
	longest[240] = 'x';
	longest[241] = '\0';
	CHECK(strcmp(expand("%{v}", longest), "refused") == 0);
	CHECK(msp_name_check("%{a}%%x", &err) == MSP_OK);
	CHECK(msp_name_check("a/b", &err) == MSP_USAGE && msp_name_check("%{a", &err) == MSP_USAGE && msp_name_check("%a", &err) == MSP_USAGE);
	CHECK(msp_name_check("", &err) == MSP_USAGE && msp_name_check("%{}", &err) == MSP_USAGE);
}

/* ---- a directory of files ---------------------------------------------- */

static long size_of(const char *dir, const char *name)
{
	char path[300];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", dir, name);
	return stat(path, &st) == 0 ? (long)st.st_size : -1;
}

static void check_directory(const char *dir)
{
	struct msp_outdir *d = msp_outdir_open(dir, &err);
	char name[64];

	CHECKF(d != NULL, "%s", err.text);
	if (d == NULL)
		return;
	for (int i = 0; i < 700; i++) {
		snprintf(name, sizeof name, "f%d", i);
		CHECK(!msp_outdir_has(d, name) && msp_outdir_add(d, name, "abc", 3, &err) == MSP_OK && msp_outdir_has(d, name));
	}
	CHECK(msp_outdir_add(d, "f5", "de", 2, &err) == MSP_OK && msp_outdir_files(d) == 700);
	CHECK(size_of(dir, "f5") == -1); /* not there yet */
	CHECK(msp_outdir_commit(d, &err) == MSP_OK);
	CHECK(size_of(dir, "f5") == 5 && size_of(dir, "f699") == 3);
	d = msp_outdir_open(dir, &err); /* given up: nothing changes */
	CHECK(d != NULL && msp_outdir_add(d, "f5", "new", 3, &err) == MSP_OK);
	msp_outdir_abort(d);
	CHECK(size_of(dir, "f5") == 5);
	for (int i = 0; i < 700; i++) {
		snprintf(name, sizeof name, "%s/f%d", dir, i);
		CHECK(unlink(name) == 0);
	}
	CHECK(rmdir(dir) == 0); /* nothing hidden is left */
}

/* ---- reading in pieces, and plans -------------------------------------- */

/* 3000 runs of one record each, of 512 and 4096 bytes by turns: longer than the pieces in which a file is read. */
static void make_records(struct msp_bytes *file)
{
	struct msp_object o;

	msp_object_init(&o);
	if (msp_object_reset(&o, MSP_TIMESERIES, MSP_I32, 50) != MSP_OK)
		exit(1);
	o.dt = 1;
	CHECK(msp_meta_set_string(&o, "sta", "AAA") == MSP_OK);
	for (int k = 0; k < 3000; k++) {
		struct msp_mseed_options options = { k % 2 ? 512 : 4096 };

		for (int i = 0; i < 50; i++)
			((int32_t *)(void *)o.samples.data)[i] = i * k;
		o.start = 100 * k * MSP_NS;
		if (msp_mseed_write(&o, &options, file, NULL, &err) != MSP_OK)
			exit(1);
	}
	msp_object_free(&o);
}

static struct msp_input *through_file(const struct msp_bytes *file, FILE **f)
{
	*f = tmpfile();
	if (*f == NULL || fwrite(file->data, 1, file->len, *f) != file->len || fflush(*f) != 0 || lseek(fileno(*f), 0, SEEK_SET) != 0)
		exit(1);
	return msp_input_open(fileno(*f), "file", NULL, &err);
}

static void check_pieces(const struct msp_bytes *file)
{
	FILE *f;
	struct msp_input *a = through_file(file, &f), *b = msp_input_memory(file->data, file->len, "memory", NULL, &err);
	struct msp_object x, y;
	int n = 0, rc;

	msp_object_init(&x);
	msp_object_init(&y);
	while ((rc = msp_input_next(a, &x, &err)) == 1 && msp_input_next(b, &y, &err) == 1) {
		struct msp_id dx = msp_object_digest(&x), dy = msp_object_digest(&y);

		CHECK(x.live && x.npts == 50 && msp_id_equal(&dx, &dy) && ((int32_t *)(void *)x.samples.data)[49] == 49 * n);
		n++;
	}
	CHECKF(rc == 0 && n == 3000 && msp_input_next(b, &y, &err) == 0, "%d %d", rc, n);
	CHECK(msp_input_offset(a) == file->len);
	msp_input_free(a);
	msp_input_free(b);
	msp_object_free(&x);
	msp_object_free(&y);
	fclose(f);
}

static int every_seventh(void *context, struct msp_object *o)
{
	(void)o;
	return (*(int *)context)++ % 7 == 0;
}

static int nothing_but_trouble(void *context, struct msp_object *o)
{
	(void)context, (void)o;
	return MSP_USAGE;
}

static void check_plan(const struct msp_bytes *file)
{
	struct msp_plan plan = { 0 };
	struct msp_input_options headers = { .headers = true }, wanted = { .want = msp_plan_wants, .want_context = &plan };
	struct msp_input *in = msp_input_memory(file->data, file->len, "memory", &headers, &err);
	struct msp_object o;
	int n = 0;

	CHECK(msp_plan_make(&plan, in, every_seventh, &n, &err) == MSP_OK && plan.n == 3000 && plan.kept == 429 && n == 3000);
	msp_input_free(in);
	msp_object_init(&o);
	in = msp_input_memory(file->data, file->len, "memory", &wanted, &err);
	for (n = 0; msp_input_next(in, &o, &err) == 1; n++)
		CHECK(o.start == 700 * n * MSP_NS && msp_input_run(in) == 7 * (uint64_t)n);
	CHECK(n == 429 && msp_input_skipped(in)->unwanted == 3000 - 429);
	msp_input_free(in);
	in = msp_input_memory(file->data, file->len, "memory", &headers, &err);
	CHECK(msp_plan_make(&plan, in, nothing_but_trouble, NULL, &err) == MSP_USAGE);
	CHECK(!msp_plan_wants(&plan, 0));
	msp_input_free(in);
	msp_plan_free(&plan);
	msp_object_free(&o);
}

/* ---- formats ----------------------------------------------------------- */

static void check_sniff(void)
{
	static const uint8_t magic[12] = { 0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0, 'M', 'S', 'P', 'H' };
	uint8_t damaged[12];

	CHECK(msp_format_sniff(magic, 12) == MSP_FORMAT_MSP);
	for (size_t n = 1; n <= 12; n++)
		CHECK(msp_format_sniff(magic, n) == MSP_FORMAT_MSP); /* however short it was cut */
	for (int i = 0; i < 12; i++) {
		memcpy(damaged, magic, 12);
		damaged[i] ^= 0xff;
		CHECK(msp_format_sniff(damaged, 12) == MSP_FORMAT_MSP); /* any byte may be damaged */
	}
	CHECK(msp_format_sniff("", 0) == MSP_FORMAT_UNKNOWN && msp_format_sniff("hello", 5) == MSP_FORMAT_UNKNOWN);
	CHECK(msp_format_parse("SAC") == MSP_FORMAT_SAC && msp_format_parse("miniseed") == MSP_FORMAT_MSEED);
	CHECK(msp_format_parse("gse2") == MSP_FORMAT_UNKNOWN && strcmp(msp_format_name(MSP_FORMAT_MSEED), "mseed") == 0);
}

int main(void)
{
	char dir[] = "/tmp/msp-unit-XXXXXX";
	struct msp_bytes file = { 0 };

	check_cut();
	check_names();
	if (mkdtemp(dir) != NULL)
		check_directory(dir);
	make_records(&file);
	check_pieces(&file);
	check_plan(&file);
	msp_bytes_free(&file);
	check_sniff();
	return unit_end("format_files");
}
