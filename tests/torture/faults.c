/* Runs a command again and again, the K-th call of a kind failing, K = 1, 2, ..., until it runs without
 * a failure.
 *
 *     faults KIND MAX SHIM FILE TARGET COMMAND [ARGUMENT...]
 *
 * FILE comes on standard input. TARGET is the file that the command commits, or -; it lies in the
 * working directory, which is otherwise empty. KIND is one that shim.c knows; at most MAX values of K
 * are tried, evenly spread, when there are more calls. KIND short and eintr are one run that must end as
 * if nothing was. What must hold of each run: no crash and no hang; status 0 with the output (and
 * TARGET) of an undisturbed run (a stream: the content, by mscheck --full --digest), or status 1 or 4
 * with a message, and TARGET as it was; no other file is left. */
#include "process.h"

struct run {
	int status;
	bool injected;
	struct data out, err, target;
};

static const char *shim, *target;
static char **command;
static struct data input;

/* What mscheck says of a stream, or NULL if it is none. */
static char *digest(const struct data *d)
{
	char *argv[] = {"mscheck", "--full", "--digest", "-", NULL}, buffer[200] = "";
	int in = memory(d->p, d->n), out = memory(NULL, 0), status;
	pid_t pid = begin();

	if (pid == 0)
		become(argv, in, out, out);
	status = end(pid);
	if (pread(out, buffer, sizeof(buffer) - 1, 0) < 0)
		die("digest");
	close(in);
	close(out);
	return status == 0 ? strdup(buffer) : NULL;
}

/* The same bytes, or two streams of the same content (a writer that lacks memory may compress less). */
static bool equal(const struct data *a, const struct data *b)
{
	char *x, *y;
	bool yes;

	if (same(a, b))
		return true;
	if (!a->p || !b->p || a->n < 12 || memcmp(a->p + 8, "MSPH", 4) != 0)
		return false;
	x = digest(a);
	y = digest(b);
	yes = x && y && strcmp(x, y) == 0;
	free(x);
	free(y);
	return yes;
}

static void child(const char *what, int in, int out, int err, int mark)
{
	char fd[16];

	alarm(20);
	if (dup2(mark, 9) < 0)
		die("dup2");
	snprintf(fd, sizeof(fd), "%d", 9);
	setenv("MSP_SHIM", what, 1);
	setenv("MSP_SHIM_FD", fd, 1);
	if (*what)
		setenv("LD_PRELOAD", shim, 1);
	become(command, in, out, err);
}

static struct run run(const char *what)
{
	struct run r;
	int in = memory(input.p, input.n), out = memory(NULL, 0), err = memory(NULL, 0), mark = memory(NULL, 0);
	pid_t pid = begin();

	if (pid == 0)
		child(what, in, out, err, mark);
	r.status = exit_status(end(pid));
	close(in);
	r.out = slurp(out);
	r.err = slurp(err);
	r.target = slurp_path(target);
	struct data m = slurp(mark);
	r.injected = m.n > 0;
	free(m.p);
	return r;
}

static bool may_be(const char *name)
{
	return strcmp(name, target) == 0;
}

static int complain(const char *what, const struct run *r, const char *why)
{
	printf("%s: %s: exit %d: %.400s\n", what, why, r->status, r->err.p);
	return 1;
}

static int judge(const char *what, const struct run *r, const struct run *good, const struct data *old)
{
	const char *left = litter(may_be);

	if (left) {
		unlink(left);
		return complain(what, r, left);
	}
	if (r->status == 0) {
		if (!equal(&r->out, &good->out))
			return complain(what, r, "status 0 with another output");
		if (!equal(&r->target, &good->target))
			return complain(what, r, "status 0 with another target");
		return 0;
	}
	if (r->status != 1 && r->status != 4)
		return complain(what, r, "neither 0, 1 nor 4");
	if (r->err.n == 0)
		return complain(what, r, "no message");
	if (!same(&r->target, old) && !equal(&r->target, &good->target))
		return complain(what, r, "the target is neither old nor whole");
	return 0;
}

static void release(struct run *r)
{
	free(r->out.p);
	free(r->err.p);
	free(r->target.p);
}

static void put_old(const struct data *old)
{
	unlink(target);
	if (old->p)
		put_path(target, old);
}

int main(int argc, char **argv)
{
	char old_text[] = "the old file\n", what[64];
	struct data none = {NULL, 0}, old = {old_text, sizeof(old_text) - 1};
	long max, k, step = 1, calls = 0, failures = 0;
	int bad = 0;

	if (argc < 7)
		return 125;
	max = atol(argv[2]);
	shim = argv[3];
	input = slurp_path(argv[4]);
	if (!input.p)
		die(argv[4]);
	target = argv[5];
	command = argv + 6;
	if (strcmp(target, "-") == 0)
		old = none;
	put_old(&none);
	struct run good = run("");
	if (good.status != 0)
		return complain("undisturbed", &good, "fails");
	if (max == 0) { /* short, eintr: one run, that ends well */
		put_old(&old);
		struct run r = run(argv[1]);
		if (r.status != 0)
			bad = complain(argv[1], &r, "is not survived");
		bad |= judge(argv[1], &r, &good, &old);
		put_old(&none);
		return bad;
	}
	/* how many calls are there? */
	for (k = 1; k < 1000000; k *= 2) {
		snprintf(what, sizeof(what), "%s:%ld", argv[1], k);
		put_old(&none);
		struct run r = run(what);
		bool reached = r.injected;
		release(&r);
		if (!reached)
			break;
	}
	if (k > max)
		step = k / max;
	for (k = 1; bad < 5; k += k < 50 ? 1 : step) {
		struct data *before = k % 2 ? &old : &none;
		snprintf(what, sizeof(what), "%s:%ld", argv[1], k);
		put_old(before);
		struct run r = run(what);
		bool injected = r.injected;
		if (!injected && r.status != 0)
			bad += complain(what, &r, "fails though nothing failed");
		bad += judge(what, &r, &good, before);
		calls++;
		failures += r.status != 0;
		release(&r);
		if (!injected)
			break;
	}
	put_old(&none);
	printf("%s: %ld runs, %ld of them failed\n", argv[1], calls, failures);
	return bad != 0;
}
