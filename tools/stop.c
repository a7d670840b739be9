// SPDX-License-Identifier: GPL-2.0
/*
 * Signals that end the command, where it has something to tidy up first.
 */
#include <signal.h>
#include <stddef.h>

#include "stop.h"

/* The signal; written where a signal is handled */
static int caught;

static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGQUIT };

#define SIGNALS	(sizeof(signals) / sizeof(signals[0]))

static void note(int signal)
{
	__atomic_store_n(&caught, signal, __ATOMIC_RELAXED);
}

/**
 * stop_catch() - from now on, signals only ask for the end
 *
 * One that was ignored before is ignored further on.
 */
void stop_catch(void)
{
	struct sigaction old, new = { .sa_handler = note };
	size_t i;

	for (i = 0; i < SIGNALS; i++)
		if (!sigaction(signals[i], NULL, &old) &&
		    old.sa_handler != SIG_IGN)
			sigaction(signals[i], &new, NULL);
}

/**
 * stop_wanted() - has somebody asked for the end
 *
 * Return: true if so.
 */
bool stop_wanted(void)
{
	return __atomic_load_n(&caught, __ATOMIC_RELAXED);
}

/**
 * stop_finish() - all is tidy
 *
 * Ends the process by the signal it was sent, so that a shell knows.
 */
void stop_finish(void)
{
	if (!stop_wanted())
		return;
	signal(caught, SIG_DFL);
	raise(caught);
}
