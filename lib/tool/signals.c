/* Signals. The only state of the library that belongs to the process: a signal
 * does. A signal sets a flag; the job unwinds, cleans up and dies by the same signal, so that the shell sees the truth. */
#include "tool/job.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop_signal, status_wanted;

static void on_stop(int signal)
{
	if (stop_signal != 0) {
		msp_signals_die(signal); /* asked twice: at once, without cleaning up */
		return;
	}
	stop_signal = signal;
	alarm(1); /* should a system call have begun just now and block: SIGALRM interrupts it */
}

static void on_status(int signal)
{
	(void)signal;
	status_wanted = 1;
}

static void on_alarm(int signal)
{
	(void)signal;
	if (stop_signal != 0)
		alarm(1);
}

static void install(int signal, void (*handler)(int))
{
	struct sigaction old, new;

	/* what the caller ignores (nohup) stays ignored */
	if (sigaction(signal, NULL, &old) != 0 || old.sa_handler == SIG_IGN)
		return;
	memset(&new, 0, sizeof(new));
	sigemptyset(&new.sa_mask);
	new.sa_handler = handler; /* no SA_RESTART: a blocked read or write must notice */
	sigaction(signal, &new, NULL);
}

void msp_signals_install(void)
{
	static const int stops[] = {SIGHUP, SIGINT, SIGTERM, SIGXCPU};

	for (size_t i = 0; i < sizeof(stops) / sizeof(*stops); i++)
		install(stops[i], on_stop);
	install(SIGUSR1, on_status);
	install(SIGALRM, on_alarm);
}

int msp_signals_stop(void)
{
	return stop_signal;
}

bool msp_signals_status(void)
{
	bool wanted = status_wanted != 0;

	status_wanted = 0;
	return wanted;
}

void msp_signals_die(int signal)
{
	struct sigaction act;
	sigset_t only;

	memset(&act, 0, sizeof(act));
	act.sa_handler = SIG_DFL;
	sigemptyset(&act.sa_mask);
	sigaction(signal, &act, NULL);
	sigemptyset(&only);
	sigaddset(&only, signal);
	sigprocmask(SIG_UNBLOCK, &only, NULL);
	raise(signal);
	_exit(128 + signal); /* not reached */
}
