/* Runs a command on every spoilt form of a stream, and says where it took one for whole.
 *
 *     sweep cut|bounds|flip KIND FILE MSCHECK COMMAND [ARGUMENT...]
 *
 * The stream comes on standard input. cut: every prefix of FILE, the empty one too. bounds: those that
 * end at a frame's boundary, or a byte before or after it. flip: every byte with one bit inverted, and
 * with all of them. What must hold of each run: exit status 4 and a message; no file is left in the
 * (empty) working directory; where KIND is filter or blocks, what was written fails `MSCHECK --full`
 * (equal outputs are checked once). A flip may also end in status 0 and just the output of the whole
 * FILE, but for a sink. */
#include "process.h"

#define WORKERS 2
#define TIMEOUT 20

static struct data whole, reference;
static char **command;
static const char *mscheck, *kind;
static bool writes_stream;
static struct data *checked; /* outputs that fail mscheck, as they should */
static size_t nchecked;

static int run(char **argv, int in, int out, int err)
{
	pid_t pid = begin();

	if (pid == 0) {
		alarm(TIMEOUT);
		become(argv, in, out, err);
	}
	return exit_status(end(pid));
}

/* Is `out` refused by mscheck --full? */
static bool refused(const struct data *out)
{
	char full[] = "--full";
	char *argv[] = {(char *)(uintptr_t)mscheck, full, NULL};

	for (size_t i = 0; i < nchecked; i++)
		if (same(&checked[i], out))
			return true;
	int in = memory(out->p, out->n), sink = memory(NULL, 0);
	int status = run(argv, in, sink, sink);
	close(in);
	close(sink);
	if (status != 4)
		return false;
	if (nchecked < 500) {
		checked = realloc(checked, (nchecked + 1) * sizeof(*checked));
		if (!checked)
			die("realloc");
		checked[nchecked].p = malloc(out->n + 1);
		if (!checked[nchecked].p)
			die("malloc");
		memcpy(checked[nchecked].p, out->p, out->n);
		checked[nchecked++].n = out->n;
	}
	return true;
}

static bool none_may_be(const char *name)
{
	(void)name;
	return false;
}

static int complain(const char *how, size_t at, unsigned bits, const char *what, int status, const struct data *err)
{
	printf("%s %zu (bits 0x%02x): %s: exit %d: %.300s\n", how, at, bits, what, status, err->p);
	return 1;
}

/* One run on the n bytes at p; 1 if it was wrong. */
static int attempt(const char *how, size_t at, unsigned bits, const char *p, size_t n)
{
	int in = memory(p, n), out = memory(NULL, 0), err = memory(NULL, 0);
	int status = run(command, in, out, err), bad = 0;
	struct data o = slurp(out), e = slurp(err);
	const char *left = litter(none_may_be);

	close(in);
	if (status == 0 && bits && same(&o, &reference) && strcmp(kind, "sink") != 0)
		bad = 0; /* the same content */
	else if (status != 4)
		bad = complain(how, at, bits, "not refused", status, &e);
	else if (e.n == 0)
		bad = complain(how, at, bits, "no message", status, &e);
	else if (writes_stream && !refused(&o))
		bad = complain(how, at, bits, "what it wrote passes mscheck", status, &e);
	if (left) {
		bad = complain(how, at, bits, left, status, &e);
		exit(1);
	}
	free(o.p);
	free(e.p);
	return bad;
}

static size_t get(size_t at, unsigned bytes)
{
	size_t v = 0;

	for (unsigned i = bytes; i-- > 0;)
		v = v << 8 | (uint8_t)whole.p[at + i];
	return v;
}

static int bounds(unsigned me)
{
	size_t at = 0, count = 0;
	int bad = 0;

	for (;;) {
		for (size_t k = at ? at - 1 : 0; k <= at + 1 && k < whole.n; k++)
			if (count++ % WORKERS == me)
				bad |= attempt("cut at", k, 0, whole.p, k);
		if (at >= whole.n)
			return bad;
		/* a descriptor names the length of the frame that follows it */
		size_t length = 8 + get(at + 4, 4), stored = get(at, 4) == 0x184D2A51 ? get(at + 88, 8) : 0;
		at += length;
		if (stored) {
			for (size_t k = at - 1; k <= at + 1; k++)
				if (count++ % WORKERS == me)
					bad |= attempt("cut at", k, 0, whole.p, k);
			at += stored;
		}
	}
}

static int flips(unsigned me)
{
	int bad = 0;

	for (size_t k = me; k < whole.n; k += WORKERS) {
		/* the bit is chosen by the place: the same in every run of the test */
		unsigned bits[2] = {1u << ((k * 2654435761u >> 7) % 8), 0xFF};
		for (int i = 0; i < 2; i++) {
			whole.p[k] ^= (char)bits[i];
			bad |= attempt("flip at", k, bits[i], whole.p, whole.n);
			whole.p[k] ^= (char)bits[i];
		}
	}
	return bad;
}

static int cuts(unsigned me)
{
	int bad = 0;

	for (size_t k = me; k < whole.n; k += WORKERS)
		bad |= attempt("cut at", k, 0, whole.p, k);
	return bad;
}

static int worker(const char *mode, unsigned me)
{
	char dir[32];
	int bad;

	snprintf(dir, sizeof(dir), "sweep.%u", me);
	if (mkdir(dir, 0777) < 0 || chdir(dir) < 0)
		die(dir);
	bad = strcmp(mode, "cut") == 0 ? cuts(me) : strcmp(mode, "bounds") == 0 ? bounds(me) : flips(me);
	if (chdir("..") < 0 || rmdir(dir) < 0)
		die(dir);
	fflush(stdout);
	return bad;
}

int main(int argc, char **argv)
{
	int bad = 0, fd, out, err;

	if (argc < 6)
		return 125;
	kind = argv[2];
	whole = slurp_path(argv[3]);
	if (!whole.p)
		die(argv[3]);
	mscheck = argv[4];
	command = argv + 5;
	writes_stream = strcmp(kind, "filter") == 0 || strcmp(kind, "blocks") == 0;
	/* the whole file must be taken, else the test shows nothing */
	fd = memory(whole.p, whole.n);
	out = memory(NULL, 0);
	err = memory(NULL, 0);
	int status = run(command, fd, out, err);
	reference = slurp(out);
	if (status != 0) {
		struct data e = slurp(err);
		return complain("the whole stream,", whole.n, 0, "refused", status, &e);
	}
	close(fd);
	close(err);
	for (unsigned i = 0; i < WORKERS; i++) {
		fflush(stdout);
		if (begin() == 0)
			_exit(worker(argv[1], i));
	}
	for (unsigned i = 0; i < WORKERS; i++) {
		if (wait(&status) < 0)
			die("wait");
		bad |= !WIFEXITED(status) || WEXITSTATUS(status) != 0;
	}
	return bad;
}
