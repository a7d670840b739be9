// SPDX-License-Identifier: GPL-2.0
/*
 * --exec: a command for each alert, one at a time, for a bounded time, from a
 * bounded queue.  What finds no room there is counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "interval.h"
#include "output.h"
#include "runner.h"

#define MERCY	5.0	/* seconds between SIGTERM and SIGKILL */

/**
 * runner_env() - begin an environment
 *
 * Return: room for RUNNER_VARS variables, beside those of this process; the
 * runner frees it.
 */
char **runner_env(void)
{
	return output_must(calloc(RUNNER_VARS + 1, sizeof(char *)));
}

/**
 * runner_set() - add a variable to an environment
 * @env:	of runner_env()
 * @name:	of the variable
 * @format:	as of printf()
 */
void runner_set(char **env, const char *name, const char *format, ...)
{
	char *value, *variable;
	va_list args;
	size_t i;

	for (i = 0; env[i]; i++)
		;
	if (i == RUNNER_VARS)
		return;
	va_start(args, format);
	if (vasprintf(&value, format, args) < 0 ||
	    asprintf(&variable, "%s=%s", name, value) < 0)
		output_must(NULL);
	va_end(args);
	free(value);
	env[i] = variable;
}

static void free_env(char **env)
{
	size_t i;

	for (i = 0; env[i]; i++)
		free(env[i]);
	free(env);
}

/**
 * runner_add() - run the command once more, when it is its turn
 * @runner:	the runner
 * @env:	of runner_env()
 *
 * Return: false if there is no room: that is counted.
 */
bool runner_add(struct runner *runner, char **env)
{
	if (runner->nr == RUNNER_QUEUE) {
		runner->dropped++;
		runner->dropped_total++;
		free_env(env);
		return false;
	}
	runner_set(env, "ALERT_DROPPED", "%u", runner->dropped);
	runner->dropped = 0;
	runner->queue[(runner->first + runner->nr++) % RUNNER_QUEUE] = env;
	return true;
}

static bool is_set(char *const *env, const char *variable)
{
	size_t len = strcspn(variable, "=") + 1, i;

	for (i = 0; env[i]; i++)
		if (!strncmp(env[i], variable, len))
			return true;
	return false;
}

/* Ours, and what of theirs has another name: shells differ in whom they trust. */
static char **whole_env(char **env)
{
	size_t ours = 0, theirs = 0, i;
	char **whole;

	while (env[ours])
		ours++;
	while (environ[theirs])
		theirs++;
	whole = output_must(calloc(ours + theirs + 1, sizeof(*whole)));
	memcpy(whole, env, ours * sizeof(*whole));
	for (i = 0; i < theirs; i++)
		if (!is_set(env, environ[i]))
			whole[ours++] = environ[i];
	return whole;
}

/*
 * A group of its own, no signal held back, nothing to read; it may not write
 * between lines of ours.
 */
static int spawn(struct runner *runner, char **env)
{
	const char *const argv[] = { "sh", "-c", runner->command, NULL };
	posix_spawn_file_actions_t files;
	char **whole = whole_env(env);
	posix_spawnattr_t attr;
	sigset_t none, all;
	int err;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETPGROUP |
				 POSIX_SPAWN_SETSIGMASK |
				 POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, 2, 1);
	err = posix_spawn(&runner->pid, "/bin/sh", &files, &attr,
			  (char *const *)argv, whole);
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	free(whole);
	return err;
}

static void begin(struct runner *runner)
{
	char **env = runner->queue[runner->first];
	int err;

	runner->first = (runner->first + 1) % RUNNER_QUEUE;
	runner->nr--;
	fflush(stdout);
	err = spawn(runner, env);
	if (err) {
		output_error("cannot run the command: %s", strerror(err));
		runner->pid = 0;
	}
	runner->asked = false;
	runner->ends_at = interval_now() + runner->limit;
	free_env(env);
}

static void say_how(int status)
{
	if (WIFSIGNALED(status))
		output_error("the command was ended by signal %d",
			     WTERMSIG(status));
	else if (WEXITSTATUS(status))
		output_error("the command ended with status %d",
			     WEXITSTATUS(status));
}

/* Return: true if none runs (any more). */
static bool reap(struct runner *runner)
{
	int status = 0;

	if (!runner->pid)
		return true;
	if (waitpid(runner->pid, &status, WNOHANG) == 0)
		return false;
	say_how(status);
	runner->pid = 0;
	return true;
}

static void limit(struct runner *runner)
{
	if (interval_now() < runner->ends_at)
		return;
	kill(-runner->pid, runner->asked ? SIGKILL : SIGTERM);
	if (!runner->asked)
		output_error("the command has taken %.0f s: it is ended",
			     runner->limit);
	runner->asked = true;
	runner->ends_at = interval_now() + MERCY;
}

/**
 * runner_turn() - see whether one has ended, and begin the next one
 * @runner:	the runner
 *
 * To be called when runner_wait() has passed, after SIGCHLD, and after
 * runner_add().
 */
void runner_turn(struct runner *runner)
{
	if (!reap(runner)) {
		limit(runner);
		return;
	}
	while (!runner->pid && runner->nr)
		begin(runner);
}

/**
 * runner_wait() - for how long there is nothing to do
 * @runner:	the runner
 *
 * Return: seconds; negative: for ever.
 */
double runner_wait(const struct runner *runner)
{
	double left = runner->ends_at - interval_now();

	if (!runner->pid)
		return -1;
	return left > 0 ? left : 0;
}

/**
 * runner_end() - no more
 * @runner:	the runner
 *
 * The one that runs is left alone.
 */
void runner_end(struct runner *runner)
{
	if (runner->nr)
		output_error("the command was not run for the last %zu alerts",
			     runner->nr);
	if (runner->dropped_total)
		output_error("the command was not run for %llu alerts: its queue was full",
			     runner->dropped_total);
	for (; runner->nr; runner->nr--) {
		free_env(runner->queue[runner->first]);
		runner->first = (runner->first + 1) % RUNNER_QUEUE;
	}
}
