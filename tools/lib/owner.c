// SPDX-License-Identifier: GPL-2.0
/*
 * Which processes have a socket open: /proc/PID/fd, as ss -p does.
 *
 * Only sockets that were asked for are remembered.
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

/**
 * struct tcpstates_owners - sockets and their processes
 * @wanted:	inodes that were asked for, in order once they are looked for
 * @nr_wanted:	length of @wanted
 * @room_wanted: for how many there is room
 * @found:	who has them open: by inode, process and descriptor
 * @nr_found:	length of @found
 * @room_found:	for how many there is room
 * @denied:	processes that could not be looked into
 * @error:	0 or a negative errno: not all that was found is in @found
 */
struct tcpstates_owners {
	unsigned long long *wanted;
	size_t nr_wanted, room_wanted;
	struct tcpstates_owner *found;
	size_t nr_found, room_found;
	int denied;
	int error;
};

static int compare_inodes(const void *a, const void *b)
{
	const unsigned long long *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int compare_owners(const void *a, const void *b)
{
	const struct tcpstates_owner *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return x->pid != y->pid ? x->pid - y->pid : x->fd - y->fd;
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
	size_t room = owners->room_wanted ? 2 * owners->room_wanted : 64;
	unsigned long long *wanted = owners->wanted;

	if (owners->nr_wanted == owners->room_wanted) {
		wanted = reallocarray(wanted, room, sizeof(*wanted));
		if (!wanted)
			return -ENOMEM;
		owners->wanted = wanted;
		owners->room_wanted = room;
	}
	wanted[owners->nr_wanted++] = inode;
	return 0;
}

static void remember(struct tcpstates_owners *owners,
		     const struct tcpstates_owner *owner)
{
	size_t room = owners->room_found ? 2 * owners->room_found : 64;
	struct tcpstates_owner *found = owners->found;

	if (owners->nr_found == owners->room_found) {
		found = reallocarray(found, room, sizeof(*found));
		if (!found) {
			owners->error = -ENOMEM;
			return;
		}
		owners->found = found;
		owners->room_found = room;
	}
	found[owners->nr_found++] = *owner;
}

static void set_name(struct tcpstates_owner *owner)
{
	char path[64], *text;
	size_t len;

	snprintf(path, sizeof(path), "/proc/%d/comm", owner->pid);
	if (tcpstates_file_read(path, sizeof(path), &text, &len)) {
		snprintf(owner->name, sizeof(owner->name), "?");
		return;
	}
	/* A name may hold newlines; only the last one is not its own. */
	if (len && text[len - 1] == '\n')
		text[len - 1] = '\0';
	tcpstates_escape(owner->name, sizeof(owner->name), text);
	free(text);
}

static void look_at(struct tcpstates_owners *owners, int dir, const char *fd,
		    struct tcpstates_owner *owner)
{
	static const char socket[] = "socket:[";
	const size_t len = sizeof(socket) - 1;
	char link[64];
	ssize_t n = readlinkat(dir, fd, link, sizeof(link) - 1);

	if (n <= 0)
		return;
	link[n] = '\0';
	if (strncmp(link, socket, len))
		return;
	owner->inode = strtoull(link + len, NULL, 10);
	if (!bsearch(&owner->inode, owners->wanted, owners->nr_wanted,
		     sizeof(*owners->wanted), compare_inodes))
		return;
	owner->fd = atoi(fd);
	if (!*owner->name)
		set_name(owner);
	remember(owners, owner);
}

static void look_into(struct tcpstates_owners *owners, const char *pid)
{
	struct tcpstates_owner owner = { .pid = atoi(pid) };
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
			look_at(owners, dirfd(dir), entry->d_name, &owner);
	closedir(dir);
}

/**
 * tcpstates_owners_find() - look for all that was asked for
 * @owners:	who was asked
 *
 * Return: how many processes could not be looked into, or a negative errno if
 * /proc could not, or there was no memory.
 */
int tcpstates_owners_find(struct tcpstates_owners *owners)
{
	struct dirent *entry;
	DIR *dir;

	if (!owners->nr_wanted)
		return 0;
	dir = opendir("/proc");
	if (!dir)
		return -errno;
	qsort(owners->wanted, owners->nr_wanted, sizeof(*owners->wanted),
	      compare_inodes);
	owners->nr_found = 0;
	owners->denied = 0;
	owners->error = 0;
	while ((entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			look_into(owners, entry->d_name);
	closedir(dir);
	if (owners->nr_found)
		qsort(owners->found, owners->nr_found, sizeof(*owners->found),
		      compare_owners);
	return owners->error ? owners->error : owners->denied;
}

/**
 * tcpstates_owners_of() - all that have a socket open
 * @owners:	who was asked
 * @inode:	of the socket's file
 * @nr:		where to put how many they are
 *
 * Return: the first of them; they are in the order of processes, and of
 * descriptors of each.
 */
const struct tcpstates_owner *
tcpstates_owners_of(const struct tcpstates_owners *owners,
		    unsigned long long inode, size_t *nr)
{
	size_t low = 0, high = owners->nr_found, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (owners->found[middle].inode < inode)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < owners->nr_found; high++)
		if (owners->found[high].inode != inode)
			break;
	*nr = high - low;
	return *nr ? &owners->found[low] : NULL;
}

/**
 * tcpstates_owner_of() - whose a socket is
 * @owners:	who was asked
 * @inode:	of the socket's file
 * @pid:	where to put the number of the process
 *
 * Return: the name of the process, of the lowest number if they are several,
 * printable; NULL: nobody's, as far as can be seen.
 */
const char *tcpstates_owner_of(const struct tcpstates_owners *owners,
			       unsigned long long inode, int *pid)
{
	const struct tcpstates_owner *owner;
	size_t nr;

	owner = tcpstates_owners_of(owners, inode, &nr);
	if (!owner)
		return NULL;
	*pid = owner->pid;
	return owner->name;
}

/**
 * tcpstates_owners_free() - forget who owns what
 * @owners:	who was asked, or NULL
 */
void tcpstates_owners_free(struct tcpstates_owners *owners)
{
	if (!owners)
		return;
	free(owners->wanted);
	free(owners->found);
	free(owners);
}
