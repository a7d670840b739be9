// SPDX-License-Identifier: GPL-2.0
/*
 * Option -N: look into another network namespace.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "output.h"
#include "tcpstatectl.h"

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

/* A namespace may be called by a number: then that is meant. */
static int open_netns(const char *name)
{
	char path[256];
	int fd;

	if (!*name || *name == '.' || strchr(name, '/')) {
		errno = ENOENT;
		return -1;
	}
	snprintf(path, sizeof(path), "/run/netns/%.200s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 || !is_number(name))
		return fd;
	snprintf(path, sizeof(path), "/proc/%.20s/ns/net", name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/**
 * netns_enter() - go to another network namespace, or say why not
 * @name:	its name, as "ip netns" has it, or the number of a process
 *
 * Return: 0, or -1 after a message.
 */
int netns_enter(const char *name)
{
	int fd = open_netns(name), ret;
	char safe[64];

	tcpstates_escape(safe, sizeof(safe), name);
	if (fd < 0) {
		output_error("no network namespace '%s': %s (a name of 'ip netns', or a process)",
			     safe, strerror(errno));
		return -1;
	}
	ret = setns(fd, CLONE_NEWNET);
	if (ret)
		output_error("cannot enter the network namespace '%s': %s",
			     safe, strerror(errno));
	close(fd);
	return ret;
}
