/* Output files: the old one or the whole new one; links, permissions, odd targets; and the writer's refusals. */
#include "unit.h"

#include "mspipe/stream.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void put(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	CHECK(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static bool holds(const char *path, const char *text)
{
	char buf[100] = "";
	FILE *f = fopen(path, "r");

	if (!f)
		return false;
	size_t n = fread(buf, 1, sizeof(buf) - 1, f);
	fclose(f);
	return n == strlen(text) && memcmp(buf, text, n) == 0;
}

static int files(void)
{
	DIR *d = opendir(".");
	int n = 0;

	while (d && readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static struct msp_outfile *begin(const char *path, const char *text)
{
	struct msp_error err = {0};
	struct msp_outfile *f = msp_outfile_open(path, &err);

	CHECKF(f != NULL, "%s", err.text);
	if (f)
		CHECK(msp_write_all(msp_outfile_fd(f), text, strlen(text), path, NULL, NULL, NULL) == MSP_OK);
	return f;
}

static void commits(void)
{
	struct stat st;

	put("a", "old");
	CHECK(chmod("a", 0640) == 0);
	struct msp_outfile *f = begin("a", "new");
	CHECK(holds("a", "old"));
	msp_outfile_abort(f);
	CHECK(holds("a", "old") && files() == 1);
	f = begin("a", "new");
	CHECK(msp_outfile_commit(f, NULL) == MSP_OK);
	CHECK(holds("a", "new") && files() == 1);
	CHECK(stat("a", &st) == 0 && (st.st_mode & 0777) == 0640); /* permissions stay */

	CHECK(symlink("a", "link") == 0);
	CHECK(msp_outfile_commit(begin("link", "through"), NULL) == MSP_OK);
	CHECK(holds("a", "through") && lstat("link", &st) == 0 && S_ISLNK(st.st_mode));

	CHECK(chmod("a", 0666) == 0 && umask(022) != 0777 && msp_outfile_commit(begin("link", "again"), NULL) == MSP_OK);
	CHECK(stat("a", &st) == 0 && (st.st_mode & 0777) == 0666); /* the umask is for new files */

	CHECK(mkdir("far", 0777) == 0 && symlink("far/there", "dangling") == 0 && symlink("../dangling", "far/twice") == 0);
	msp_outfile_abort(begin("far/twice", "no"));
	CHECK(access("far/there", F_OK) != 0);
	CHECK(msp_outfile_commit(begin("far/twice", "made"), NULL) == MSP_OK && holds("far/there", "made"));
	CHECK(lstat("dangling", &st) == 0 && S_ISLNK(st.st_mode) && lstat("far/twice", &st) == 0 && S_ISLNK(st.st_mode));

	CHECK(mkdir("dir", 0777) == 0 && msp_outfile_commit(begin("dir/b", "b"), NULL) == MSP_OK && holds("dir/b", "b"));
}

static void commits_together(void)
{
	struct msp_error err = {0};

	CHECK(mkdir("t", 0777) == 0 && mkdir("t/d", 0777) == 0 && chdir("t") == 0);
	put("a", "old");
	struct msp_outfile *all[4] = {begin("a", "1"), begin("d/b", "2"), begin("/dev/null", "3"), begin("d/c", "4")};
	msp_outfile_push(all[1]);
	CHECK(msp_outfile_park(all[3], NULL) == MSP_OK); /* closed before the others */
	CHECK(holds("a", "old") && access("d/b", F_OK) != 0 && access("d/c", F_OK) != 0);
	CHECK(msp_outfile_commit_all(all, 4, &err) == MSP_OK);
	CHECK(holds("a", "1") && holds("d/b", "2") && holds("d/c", "4") && files() == 2);

	/* the third cannot have its name: the two before lose theirs, the fourth gets none */
	struct msp_outfile *none[4] = {begin("n", "1"), begin("d/n", "2"), begin("m", "3"), begin("o", "4")};
	CHECK(mkdir("m", 0777) == 0);
	CHECK(msp_outfile_commit_all(none, 4, &err) == MSP_FAIL && strncmp(err.text, "m: ", 3) == 0);
	CHECK(access("n", F_OK) != 0 && access("d/n", F_OK) != 0 && access("o", F_OK) != 0 && files() == 3);
	CHECK(msp_outfile_commit_all(NULL, 0, &err) == MSP_OK);
	CHECK(chdir("..") == 0);
}

static void refusals(void)
{
	struct msp_error err = {0};

	CHECK(!msp_outfile_open("none/b", &err) && strstr(err.text, "none/b: No such file"));
	CHECK(!msp_outfile_open("dir", &err) && strstr(err.text, "dir: Is a directory"));
	CHECK(!msp_outfile_open("", &err) && strstr(err.text, "'': No such file"));
	CHECK(symlink("loop", "loop") == 0 && !msp_outfile_open("loop", &err) && strstr(err.text, "loop: Too many levels"));
	CHECK(symlink("none/b", "lost") == 0 && !msp_outfile_open("lost", &err) && strstr(err.text, "lost: No such file"));
	struct msp_outfile *full = begin("/dev/null", "nothing"); /* no regular file: written as it is */
	CHECK(msp_outfile_temporary(full) == NULL && msp_outfile_commit(full, NULL) == MSP_OK);
	struct stat st;
	CHECK(stat("/dev/null", &st) == 0 && S_ISCHR(st.st_mode));
}

static void writer(void)
{
	struct msp_error err = {0};
	int fd = open("w", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	struct msp_writer *w = msp_writer_new(fd, "w", NULL);
	struct msp_header h = {.index = 0};
	struct msp_object o;

	msp_object_init(&o);
	CHECK(w && msp_object_reset(&o, MSP_TIMESERIES, MSP_F64, 0) == MSP_OK);
	CHECK(msp_writer_put(w, &o, &err) == MSP_USAGE);
	CHECK(msp_writer_end(w, false, &err) == MSP_USAGE);
	CHECK(msp_writer_begin(w, &h, &err) == MSP_OK && msp_writer_begin(w, &h, &err) == MSP_USAGE);
	CHECK(msp_object_reset(&o, MSP_ENSEMBLE_END, MSP_NONE, 0) == MSP_OK);
	CHECK(msp_writer_put(w, &o, &err) == MSP_USAGE && strstr(err.text, "did not begin"));
	CHECK(msp_object_reset(&o, MSP_ENSEMBLE_BEGIN, MSP_NONE, 0) == MSP_OK && msp_writer_put(w, &o, &err) == MSP_OK);
	CHECK(msp_writer_put(w, &o, &err) == MSP_USAGE && strstr(err.text, "inside another"));
	CHECK(msp_writer_end(w, false, &err) == MSP_USAGE);
	msp_object_free(&o);
	msp_writer_free(w);
	close(fd);
}

int main(void)
{
	char dir[] = "/tmp/unitXXXXXX", command[100];

	CHECK(mkdtemp(dir) && chdir(dir) == 0);
	commits();
	commits_together();
	refusals();
	writer();
	snprintf(command, sizeof(command), "rm -r %s", dir);
	CHECK(system(command) == 0);
	return unit_end("stream_outfile");
}
