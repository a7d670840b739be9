// SPDX-License-Identifier: GPL-2.0
/*
 * All network namespaces: the module has their numbers, names and processes are
 * in the file system, and by these one gets there.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conns.h"
#include "spaces.h"

#define NAMED	"/run/netns"
#define HOME	"/proc/self/ns/net"

static int collect(const struct tcpstates_netns *netns, void *arg)
{
	struct spaces *spaces = arg;

	if (spaces->nr == spaces->room) {
		spaces->room = spaces->room ? 2 * spaces->room : 64;
		spaces->space = output_must(reallocarray(spaces->space,
							 spaces->room,
							 sizeof(struct space)));
	}
	spaces->space[spaces->nr++] = (struct space){ .netns = *netns };
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct space *x = a, *y = b;

	return (x->netns.ino > y->netns.ino) - (x->netns.ino < y->netns.ino);
}

static struct space *find(const struct spaces *spaces, unsigned long long ino)
{
	struct space key = { .netns.ino = ino };

	return spaces->nr ? bsearch(&key, spaces->space, spaces->nr,
				    sizeof(key), compare) : NULL;
}

static void name_path(char path[512], const char *name)
{
	snprintf(path, 512, NAMED "/%.400s", name);
}

static void pid_path(char path[512], const char *pid)
{
	snprintf(path, 512, "/proc/%.20s/ns/net", pid);
}

static void add_name(const struct spaces *spaces, const char *name)
{
	struct space *space;
	struct stat st;
	char path[512];

	name_path(path, name);
	if (*name == '.' || stat(path, &st))
		return;
	space = find(spaces, st.st_ino);
	if (space && !space->name)
		space->name = output_must(strdup(name));
}

static void add_pid(const struct spaces *spaces, const char *pid)
{
	struct space *space;
	struct stat st;
	char path[512];

	pid_path(path, pid);
	if (!isdigit((unsigned char)*pid) || stat(path, &st))
		return;
	space = find(spaces, st.st_ino);
	if (space && !space->pid)
		space->pid = atoi(pid);
}

static void look_through(const char *path, const struct spaces *spaces,
			 void (*add)(const struct spaces *spaces,
				     const char *name))
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		add(spaces, entry->d_name);
	closedir(dir);
}

/**
 * spaces_get() - list all namespaces, or say why that cannot be done
 * @spaces:	filled; to be freed with spaces_free()
 *
 * Return: STATUS_DONE, or STATUS_REFUSED after a message.
 */
int spaces_get(struct spaces *spaces)
{
	struct tcpstates_error error;
	struct tcpstates_nl *nl;
	int status = conns_open(&nl);

	memset(spaces, 0, sizeof(*spaces));
	if (status)
		return status;
	if (tcpstates_netns(nl, collect, spaces, &error))
		status = conns_fail(&error);
	tcpstates_nl_close(nl);
	if (spaces->nr)
		qsort(spaces->space, spaces->nr, sizeof(*spaces->space),
		      compare);
	look_through(NAMED, spaces, add_name);
	look_through("/proc", spaces, add_pid);
	return status;
}

static int open_space(const struct space *space)
{
	char path[512], pid[16];
	struct stat st;
	int fd;

	snprintf(pid, sizeof(pid), "%d", space->pid);
	if (space->name)
		name_path(path, space->name);
	else
		pid_path(path, pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || (!fstat(fd, &st) && st.st_ino == space->netns.ino))
		return fd;
	/* The name, or the process, has gone elsewhere meanwhile. */
	close(fd);
	errno = ENOENT;
	return -1;
}

/* Return: 0, or a negative errno. */
static int enter(const struct space *space)
{
	int fd, ret;

	if (!space->name && !space->pid)
		return -ENXIO;
	fd = open_space(space);
	if (fd < 0)
		return -errno;
	ret = setns(fd, CLONE_NEWNET) ? -errno : 0;
	close(fd);
	return ret;
}

static void say_closed(unsigned int closed)
{
	if (closed)
		output_error("left out: %u network namespaces without a name or process",
			     closed);
}

static int go_home(int home)
{
	int status = STATUS_DONE;

	if (setns(home, CLONE_NEWNET)) {
		output_error("cannot return to this network namespace: %s",
			     strerror(errno));
		status = STATUS_REFUSED;
	}
	return status;
}

static int cannot_enter(const struct space *space, int err)
{
	char label[SPACE_LABEL];

	output_error("cannot enter the network namespace '%s': %s",
		     space_label(label, space), strerror(-err));
	return STATUS_REFUSED;
}

/**
 * spaces_each() - do something in each namespace
 * @spaces:	where to go
 * @run:	what to do there; returns an exit status
 * @arg:	for @run
 *
 * Namespaces that have gone meanwhile are passed over, those that cannot be
 * reached are counted and said.  Ends where it began.
 *
 * Return: the first exit status that is not STATUS_DONE.
 */
int spaces_each(const struct spaces *spaces,
		int (*run)(const struct space *space, void *arg), void *arg)
{
	int home = open(HOME, O_RDONLY | O_CLOEXEC), status = STATUS_DONE, ret;
	const struct space *space = spaces->space;
	unsigned int closed = 0;
	bool away = false;

	if (home < 0) {
		output_error("cannot open " HOME ": %s", strerror(errno));
		return STATUS_REFUSED;
	}
	for (; !status && space < spaces->space + spaces->nr; space++) {
		ret = enter(space);
		away |= !ret;
		if (!ret)
			status = run(space, arg);
		else if (ret == -ENXIO)
			closed++;
		else if (ret != -ENOENT)
			status = cannot_enter(space, ret);
	}
	say_closed(closed);
	ret = away ? go_home(home) : STATUS_DONE;
	close(home);
	return status ? status : ret;
}

/**
 * spaces_free() - forget them
 * @spaces:	left empty
 */
void spaces_free(struct spaces *spaces)
{
	size_t i;

	for (i = 0; i < spaces->nr; i++)
		free(spaces->space[i].name);
	free(spaces->space);
	memset(spaces, 0, sizeof(*spaces));
}

/**
 * space_label() - what people call a namespace
 * @label:	where to
 * @space:	the namespace
 *
 * Return: @label: its name, printable; else "pid:" and the number of a process
 * in it, which -N takes, too; else its number.
 */
char *space_label(char label[SPACE_LABEL], const struct space *space)
{
	if (space->name)
		tcpstates_escape(label, SPACE_LABEL, space->name);
	else if (space->pid)
		snprintf(label, SPACE_LABEL, "pid:%d", space->pid);
	else
		snprintf(label, SPACE_LABEL, "%llu", space->netns.ino);
	return label;
}

/**
 * table_netns() - fill the next cell with what people call a namespace
 * @table:	the table
 * @space:	the namespace; NULL: none
 */
void table_netns(struct table *table, const struct space *space)
{
	char label[SPACE_LABEL];

	table_safe(table, space ? space_label(label, space) : "-");
}

/**
 * space_json() - members netns, name, pid
 * @object:	where to
 * @space:	the namespace
 */
void space_json(struct json_object *object, const struct space *space)
{
	struct tcpstates_num pid = { space->pid, space->pid };

	json_add_uint(object, "netns", space->netns.ino);
	json_add_word(object, "name", space->name);
	json_add_num(object, "pid", &pid);
}
