// SPDX-License-Identifier: GPL-2.0
/*
 * What other sources say at the end of a scenario, in its own namespace, as
 * sections of standard output ("== NAME") for walk.awk.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tcp_walk.h"

/* Forget what the tracepoint recorded so far. */
void report_clear(const char *trace)
{
	int fd = open(trace, O_WRONLY | O_TRUNC);

	if (fd < 0)
		die(NULL, "cannot clear %s: %s", trace, strerror(errno));
	close(fd);
}

static void copy_out(const char *section, const char *path)
{
	char buf[16384];
	ssize_t len;
	int fd;

	printf("== %s\n", section);
	fflush(stdout);
	fd = open(path, O_RDONLY);
	if (fd < 0)
		return;		/* walk.awk misses it where it matters */
	while ((len = read(fd, buf, sizeof(buf))) > 0)
		if (write(STDOUT_FILENO, buf, len) != len)
			break;
	close(fd);
}

static void run_ss(void)
{
	pid_t pid;

	printf("== ss\n");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		execlp("ss", "ss", "-Htan", NULL);
		fprintf(stderr, "tcp_walk: cannot run ss: %s\n",
			strerror(errno));
		_exit(WALK_FAIL);
	}
	waitpid(pid, NULL, 0);
}

void report_print(const char *trace)
{
	copy_out("proc", "/proc/tcpstates");
	copy_out("trace", trace);
	copy_out("snmp", "/proc/net/snmp");
	run_ss();
}
