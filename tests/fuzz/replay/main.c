/* Feeds every file of a corpus directory to a fuzz target, without libFuzzer: the corpus is a regression test that
 * any compiler can build. A crash, a sanitizer report or a hang is the failure; the last line counts the files. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned fed, unreadable;

/* The input lies at the end of a block of just its size, so that valgrind and ASan see a read past it. */
static int feed(const char *path)
{
	struct stat st;
	FILE *f = fopen(path, "rb");
	if (!f || fstat(fileno(f), &st) != 0 || !S_ISREG(st.st_mode)) {
		perror(path);
		if (f)
			fclose(f);
		return -1;
	}
	size_t n = (size_t)st.st_size;
	uint8_t *data = malloc(n ? n : 1);
	if (!data || fread(data, 1, n, f) != n) {
		perror(path);
		free(data);
		fclose(f);
		return -1;
	}
	fclose(f);
	alarm(60); /* a hang ends here, with the file's name the last one printed */
	fprintf(stderr, "%s\n", path);
	LLVMFuzzerTestOneInput(data, n);
	alarm(0);
	free(data);
	return 0;
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		if (!dir) {
			perror(argv[i]);
			unreadable++;
			continue;
		}
		const struct dirent *e;
		while ((e = readdir(dir))) {
			char path[4096];
			if (e->d_name[0] == '.')
				continue;
			int n = snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
			if (n < 0 || (size_t)n >= sizeof path || feed(path) != 0)
				unreadable++;
			else
				fed++;
		}
		closedir(dir);
	}
	if (fed == 0)
		unreadable++;
	const char *name = strrchr(argv[0], '/');
	printf("%s: %u passed, %u failed\n", name ? name + 1 : argv[0], fed, unreadable);
	return unreadable != 0;
}
