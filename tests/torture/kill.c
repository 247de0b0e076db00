/* Kills a stage of a pipeline at a random moment, many times, and looks at what is left.
 *
 *     kill RUNS SEED TARGET STAGE... , where a stage is its words, and stages are separated by the word ','
 *
 * The last stage commits TARGET, in the working directory, where nothing else lies but what is named
 * in.* and killer.*. No shell and no pipefail: what the stages do is all that protects the target. In
 * turn, the target is absent before a run, or an old file; the signal is SIGTERM or SIGKILL; the moment
 * is anywhere, or near the end, where the commit is. After each run:
 * - the target is what it was, or the same as that of an undisturbed run, byte for byte (a stage may be
 *   killed when it has written its last byte), and if the sink says 0 it is the latter;
 * - the stage that was killed died by that signal, or had ended before;
 * - the others ended with 0, 4 (input cut) or by SIGPIPE;
 * - no other file is left. After SIGKILL of the sink one is tolerated: between linkat() and rename() the
 *   kernel has nothing better; it is counted, and so rare that more than 2 % of such runs are a failure. */
#include "process.h"

#include <signal.h>
#include <time.h>

#define STAGES 8

static char **stage[STAGES];
static int nstages;
static const char *target;
static uint64_t state;

static uint64_t chance(uint64_t below)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (state >> 33) % below;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

static void start(pid_t *pid)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC), err = open("killer.err", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	for (int i = 0; i < nstages; i++) {
		int next[2] = {-1, -1};
		if (i < nstages - 1 && pipe2(next, O_CLOEXEC) < 0)
			die("pipe");
		pid[i] = begin();
		if (pid[i] == 0) {
			alarm(60);
			become(stage[i], in, next[1] >= 0 ? next[1] : 1, err);
		}
		close(in);
		if (next[1] >= 0)
			close(next[1]);
		in = next[0];
	}
	close(err);
}

static void finish(const pid_t *pid, int *status)
{
	for (int i = 0; i < nstages; i++)
		status[i] = end(pid[i]);
}

static bool may_be(const char *name)
{
	return strcmp(name, target) == 0 || strncmp(name, "killer.", 7) == 0 || strncmp(name, "in.", 3) == 0;
}

static int complain(long run, int victim, int sig, uint64_t when, const int *status, const char *what)
{
	struct data err = slurp_path("killer.err");

	printf("run %ld: stage %d, signal %d after %llu us: %s; wait statuses", run, victim + 1, sig, (unsigned long long)when, what);
	for (int i = 0; i < nstages; i++)
		printf(" 0x%x", (unsigned)status[i]);
	printf("\n%.*s", (int)(err.n > 600 ? 600 : err.n), err.p ? err.p : "");
	free(err.p);
	return 1;
}

int main(int argc, char **argv)
{
	static const char old_text[] = "the old file\n";
	struct data whole, old = {(char *)(uintptr_t)old_text, sizeof(old_text) - 1};
	pid_t pid[STAGES];
	int status[STAGES], bad = 0;
	long runs, committed = 0, early = 0, tolerated = 0, sink_kills = 0;
	uint64_t longest = 0;

	if (argc < 5)
		return 125;
	runs = atol(argv[1]);
	state = strtoull(argv[2], NULL, 10);
	target = argv[3];
	stage[nstages++] = argv + 4;
	for (int i = 4; i < argc; i++)
		if (strcmp(argv[i], ",") == 0) {
			argv[i] = NULL;
			stage[nstages++] = argv + i + 1;
		}
	for (int i = 0; i < 3; i++) { /* how long it takes, and what comes out */
		uint64_t t = now();
		start(pid);
		finish(pid, status);
		t = now() - t;
		longest = t > longest ? t : longest;
		for (int k = 0; k < nstages; k++)
			if (status[k] != 0)
				return complain(0, -1, 0, 0, status, "the undisturbed run fails");
	}
	whole = slurp_path(target);
	if (!whole.p)
		return complain(0, -1, 0, 0, status, "the undisturbed run commits nothing");
	for (long run = 0; run < runs && bad < 5; run++) {
		int victim = (int)(run % nstages), sig = run / nstages % 2 ? SIGKILL : SIGTERM;
		bool with_old = run / nstages / 2 % 2;
		uint64_t when = chance(3) ? chance(longest * 11 / 10) : longest * 8 / 10 + chance(longest * 3 / 10);
		const char *left;

		unlink(target);
		if (with_old)
			put_path(target, &old);
		uint64_t began = now();
		start(pid);
		while (now() - began < when)
			usleep(when - (now() - began) > 300 ? 100 : 1);
		kill(pid[victim], sig);
		finish(pid, status);
		struct data got = slurp_path(target);
		bool is_new = same(&got, &whole), is_old = with_old ? same(&got, &old) : !got.p;
		bool dead = WIFSIGNALED(status[victim]) && WTERMSIG(status[victim]) == sig;
		if (!is_new && !is_old)
			bad += complain(run, victim, sig, when, status, "the target is neither the old file nor the whole new one");
		else if (status[nstages - 1] == 0 && !is_new)
			bad += complain(run, victim, sig, when, status, "the sink says 0 and has not committed");
		if (!dead && status[victim] != 0 && (victim == 0 || !WIFEXITED(status[victim]) || WEXITSTATUS(status[victim]) != 4))
			bad += complain(run, victim, sig, when, status, "the stage did not die by the signal");
		for (int i = 0; i < nstages; i++)
			if (i != victim && status[i] != 0 && !(WIFEXITED(status[i]) && WEXITSTATUS(status[i]) == 4) &&
			    !(WIFSIGNALED(status[i]) && WTERMSIG(status[i]) == SIGPIPE))
				bad += complain(run, victim, sig, when, status, "another stage ended in an unexpected way");
		left = litter(may_be);
		if (left && sig == SIGKILL && victim == nstages - 1) {
			tolerated++;
			unlink(left);
		} else if (left) {
			bad += complain(run, victim, sig, when, status, left);
			unlink(left);
		}
		sink_kills += sig == SIGKILL && victim == nstages - 1 && dead;
		committed += is_new;
		early += dead;
		/* the machine may be busier or idler than it was: half of the kills should find their stage alive */
		longest = dead ? longest + longest / 16 : longest - longest / 16;
		if (longest < 1000)
			longest = 1000;
		free(got.p);
	}
	printf("%ld runs of at last about %llu ms: %ld stages died of it, %ld runs committed, %ld of %ld killed sinks left a name\n", runs,
	       (unsigned long long)longest / 1000, early, committed, tolerated, sink_kills);
	if (tolerated * 50 > sink_kills)
		bad++;
	if (early * 4 < runs || committed * 20 < runs || committed == runs) {
		printf("the kills did not hit the runs: the test shows nothing\n");
		bad++;
	}
	return bad != 0;
}
