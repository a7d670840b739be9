/* SPDX-License-Identifier: GPL-2.0 */
#ifndef _RUNNER_H
#define _RUNNER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define RUNNER_QUEUE	64	/* environments that wait for their turn */
#define RUNNER_VARS	24

/**
 * struct runner - runs a command again and again, one at a time
 * @command:	for sh -c
 * @limit:	seconds after which one is ended
 * @pid:	of the one that runs; 0: none
 * @ends_at:	when it is asked to end, then when it is made to
 * @asked:	it has been asked to
 * @queue:	environments, a ring
 * @first:	index of the first one in @queue
 * @nr:		how many are in @queue
 * @dropped:	those that found no room, since the last one that did
 * @dropped_total: since the beginning
 */
struct runner {
	const char *command;
	double limit;
	pid_t pid;
	double ends_at;
	bool asked;
	char **queue[RUNNER_QUEUE];
	size_t first, nr;
	unsigned int dropped;
	unsigned long long dropped_total;
};

char **runner_env(void);
__attribute__((format(printf, 3, 4)))
void runner_set(char **env, const char *name, const char *format, ...);
bool runner_add(struct runner *runner, char **env);
void runner_turn(struct runner *runner);
double runner_wait(const struct runner *runner);
void runner_end(struct runner *runner);

#endif /* _RUNNER_H */
