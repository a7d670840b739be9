// SPDX-License-Identifier: GPL-2.0
/*
 * Which process has a socket open: /proc/PID/fd, as ss -p does.
 *
 * Only sockets that were asked for are remembered; of several processes that
 * have one open, the first in the order of /proc is named.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tcpstates.h"

#define NAME_SIZE	64	/* of a process: 16 bytes, escaped */

/**
 * struct owned - a socket that somebody asks for
 * @inode:	of its file
 * @pid:	0: not found
 * @name:	of the process, printable
 */
struct owned {
	unsigned long long inode;
	int pid;
	char name[NAME_SIZE];
};

/**
 * struct tcpstates_owners - sockets and their processes
 * @owned:	sockets that were asked for, in order once they are looked for
 * @nr:		length of @owned
 * @room:	for how many there is room
 * @denied:	processes that could not be looked into
 */
struct tcpstates_owners {
	struct owned *owned;
	size_t nr, room;
	int denied;
};

static int compare(const void *a, const void *b)
{
	const struct owned *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

/**
 * tcpstates_owners_new() - begin to ask
 *
 * Return: to be freed by tcpstates_owners_free(); NULL: no memory.
 */
struct tcpstates_owners *tcpstates_owners_new(void)
{
	return calloc(1, sizeof(struct tcpstates_owners));
}

/**
 * tcpstates_owners_want() - ask for a socket
 * @owners:	whom to ask
 * @inode:	of the socket's file
 *
 * Return: 0, or -ENOMEM.
 */
int tcpstates_owners_want(struct tcpstates_owners *owners,
			  unsigned long long inode)
{
	size_t room = owners->room ? 2 * owners->room : 64;
	struct owned *owned = owners->owned;

	if (owners->nr == owners->room) {
		owned = reallocarray(owned, room, sizeof(*owned));
		if (!owned)
			return -ENOMEM;
		owners->owned = owned;
		owners->room = room;
	}
	owned[owners->nr++] = (struct owned){ .inode = inode };
	return 0;
}

static struct owned *find(const struct tcpstates_owners *owners,
			  unsigned long long inode)
{
	struct owned key = { .inode = inode };

	return owners->nr ? bsearch(&key, owners->owned, owners->nr,
				    sizeof(key), compare) : NULL;
}

/* Whoever asked twice is told once. */
static void put_in_order(struct tcpstates_owners *owners)
{
	size_t i, n = 0;

	qsort(owners->owned, owners->nr, sizeof(*owners->owned), compare);
	for (i = 0; i < owners->nr; i++)
		if (!n || owners->owned[n - 1].inode != owners->owned[i].inode)
			owners->owned[n++] = owners->owned[i];
	owners->nr = n;
}

static void set_name(struct owned *owned, const char *pid)
{
	char path[64], comm[64], *text;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%.20s/comm", pid);
	owned->pid = atoi(pid);
	if (tcpstates_file_read(path, sizeof(comm) - 1, &text, &len)) {
		snprintf(owned->name, sizeof(owned->name), "?");
		return;
	}
	/* A name may hold newlines; only the last one is not its own. */
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	tcpstates_escape(owned->name, sizeof(owned->name), text);
	free(text);
}

static void look_at(struct tcpstates_owners *owners, const char *pid, int dir,
		    const char *fd)
{
	unsigned long long inode;
	struct owned *owned;
	char link[64];
	ssize_t n = readlinkat(dir, fd, link, sizeof(link) - 1);

	if (n <= 0)
		return;
	link[n] = '\0';
	if (sscanf(link, "socket:[%llu]", &inode) != 1)
		return;
	owned = find(owners, inode);
	if (owned && !owned->pid)
		set_name(owned, pid);
}

static void look_into(struct tcpstates_owners *owners, const char *pid)
{
	struct dirent *entry;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.20s/fd", pid);
	dir = opendir(path);
	if (!dir) {
		owners->denied += errno == EACCES || errno == EPERM;
		return;
	}
	while ((entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			look_at(owners, pid, dirfd(dir), entry->d_name);
	closedir(dir);
}

/**
 * tcpstates_owners_find() - look for all that was asked for
 * @owners:	who was asked
 *
 * Return: how many processes could not be looked into, or a negative errno if
 * /proc could not.
 */
int tcpstates_owners_find(struct tcpstates_owners *owners)
{
	struct dirent *entry;
	DIR *dir;

	if (!owners->nr)
		return 0;
	put_in_order(owners);
	dir = opendir("/proc");
	if (!dir)
		return -errno;
	owners->denied = 0;
	while ((entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			look_into(owners, entry->d_name);
	closedir(dir);
	return owners->denied;
}

/**
 * tcpstates_owner_of() - whose a socket is
 * @owners:	who was asked
 * @inode:	of the socket's file
 * @pid:	where to put the number of the process
 *
 * Return: the name of the process, printable; NULL: nobody's, as far as can be
 * seen.
 */
const char *tcpstates_owner_of(const struct tcpstates_owners *owners,
			       unsigned long long inode, int *pid)
{
	const struct owned *owned = find(owners, inode);

	if (!owned || !owned->pid)
		return NULL;
	*pid = owned->pid;
	return owned->name;
}

/**
 * tcpstates_owners_free() - forget who owns what
 * @owners:	who was asked, or NULL
 */
void tcpstates_owners_free(struct tcpstates_owners *owners)
{
	if (owners)
		free(owners->owned);
	free(owners);
}
