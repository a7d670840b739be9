// SPDX-License-Identifier: GPL-2.0
/*
 * Whose a socket is: process, user, cgroup.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conns.h"

/**
 * whose_begin() - begin to ask
 * @whose:	filled
 * @options:	-n, --no-processes
 */
void whose_begin(struct whose *whose, const struct options *options)
{
	memset(whose, 0, sizeof(*whose));
	whose->numeric = options->given['n'];
	whose->lean = options->given[OPT_NO_PROCESSES];
	whose->owners = output_must(tcpstates_owners_new());
}

/**
 * whose_want() - this one will be printed
 * @whose:	who is asked
 * @inode:	of the socket's file
 */
void whose_want(struct whose *whose, const struct tcpstates_num *inode)
{
	if (inode->known && !whose->lean &&
	    tcpstates_owners_want(whose->owners, inode->value))
		output_must(NULL);
}

/**
 * whose_find() - look for the processes, and say once what could not be seen
 * @whose:	who is asked
 */
void whose_find(struct whose *whose)
{
	int denied = tcpstates_owners_find(whose->owners);
	static bool said;

	if (said)
		return;
	said = denied;
	if (denied < 0)
		output_error("cannot read /proc: processes are not shown");
	else if (denied)
		output_error("%d processes cannot be looked into: run as root to see theirs",
			     denied);
}

static const struct tcpstates_owner *
owners_of(const struct whose *whose, const struct tcpstates_num *inode,
	  size_t *nr)
{
	*nr = 0;
	return inode->known ? tcpstates_owners_of(whose->owners, inode->value,
						  nr) : NULL;
}

/* Those of one process follow each other. */
static size_t count_processes(const struct tcpstates_owner *owner, size_t nr)
{
	size_t processes = nr > 0, i;

	for (i = 1; i < nr; i++)
		processes += owner[i].pid != owner[i - 1].pid;
	return processes;
}

/**
 * whose_name() - the process: NAME/PID, and how many more
 * @whose:	who is asked
 * @text:	where to
 * @inode:	of the socket's file
 *
 * Return: @text, printable, "-" if it is not known.
 */
char *whose_name(struct whose *whose, char text[WHOSE_SIZE],
		 const struct tcpstates_num *inode)
{
	const struct tcpstates_owner *owner;
	size_t nr, processes;
	char *end;

	owner = owners_of(whose, inode, &nr);
	processes = count_processes(owner, nr);
	if (processes > 1) {
		snprintf(text, WHOSE_SIZE, "%s/%d,+%zu", owner->name,
			 owner->pid, processes - 1);
	} else if (processes) {
		end = stpcpy(text, owner->name);
		*end = '/';
		put_number(end + 1, owner->pid);
	} else {
		snprintf(text, WHOSE_SIZE, "-");
	}
	return text;
}

/**
 * whose_process() - fill the next cell: the process
 * @whose:	who is asked
 * @table:	the table
 * @inode:	of the socket's file
 */
void whose_process(struct whose *whose, struct table *table,
		   const struct tcpstates_num *inode)
{
	char text[WHOSE_SIZE];

	table_safe(table, whose_name(whose, text, inode));
}

static size_t count_of(const int *pids, size_t nr, int pid)
{
	size_t i, n = 0;

	for (i = 0; i < nr; i++)
		n += pids[i] == pid;
	return n;
}

/**
 * whose_most() - the process that has most of some sockets
 * @whose:	who is asked; whose_find() has been called
 * @inodes:	of the sockets' files
 * @nr:		how many, MOST_SOCKETS at most
 *
 * Return: see struct most.
 */
struct most whose_most(const struct whose *whose,
		       const unsigned long long *inodes, size_t nr)
{
	size_t i, n, found = 0, record = 0;
	struct most most = { 0 };
	int pids[MOST_SOCKETS];
	const char *name;

	for (i = 0; i < nr; i++) {
		name = tcpstates_owner_of(whose->owners, inodes[i],
					  &pids[found]);
		if (!name)
			continue;
		n = count_of(pids, found + 1, pids[found]);
		most.others += n == 1;
		if (n > record) {
			record = n;
			most.name = name;
			most.pid = pids[found];
			most.inode = inodes[i];
		}
		found++;
	}
	most.others -= !!most.others;
	return most;
}

/* NULL: not found; most sockets in a row have the same user. */
static const char *user_name(struct whose *whose, unsigned long long uid)
{
	const struct passwd *user;

	if (!whose->looked_up || uid != whose->uid) {
		user = getpwuid((uid_t)uid);
		free(whose->user);
		whose->user = user ? output_must(strdup(user->pw_name)) : NULL;
		whose->uid = uid;
		whose->looked_up = true;
	}
	return whose->user;
}

/**
 * whose_user() - fill the next cell: a user's name, or number
 * @whose:	who is asked
 * @table:	the table
 * @uid:	the user
 */
void whose_user(struct whose *whose, struct table *table,
		const struct tcpstates_num *uid)
{
	const char *user = NULL;

	if (uid->known && !whose->numeric)
		user = user_name(whose, uid->value);
	if (user)
		table_text(table, user);
	else
		table_num(table, uid);
}

/**
 * whose_user_name() - a user's name, or number
 * @whose:	who is asked
 * @text:	where to
 * @uid:	the user
 *
 * Return: @text, printable, "-" if he is not known.
 */
char *whose_user_name(struct whose *whose, char text[USER_SIZE],
		      const struct tcpstates_num *uid)
{
	const char *user = NULL;

	if (uid->known && !whose->numeric)
		user = user_name(whose, uid->value);
	if (user)
		tcpstates_escape(text, USER_SIZE, user);
	else if (uid->known)
		snprintf(text, USER_SIZE, "%llu", uid->value);
	else
		snprintf(text, USER_SIZE, "-");
	return text;
}

/**
 * whose_path() - the path of a cgroup
 * @whose:	who is asked
 * @cgroup:	its number; most sockets in a row have the same
 *
 * Return: of any origin; NULL if it is not known.
 */
const char *whose_path(struct whose *whose, const struct tcpstates_num *cgroup)
{
	if (!cgroup->known || !cgroup->value)
		return NULL;
	if (cgroup->value != whose->cgroup) {
		free(whose->path);
		whose->path = tcpstates_cgroup_path(cgroup->value);
		whose->cgroup = cgroup->value;
	}
	return whose->path;
}

/**
 * whose_cgroup() - fill the next cell: a cgroup's path, or number
 * @whose:	who is asked
 * @table:	the table
 * @cgroup:	its number
 */
void whose_cgroup(struct whose *whose, struct table *table,
		  const struct tcpstates_num *cgroup)
{
	const char *path = whose_path(whose, cgroup);

	if (path)
		table_text(table, path);
	else
		table_num(table, cgroup);
}

static struct json_object *process_json(const struct tcpstates_owner *owner)
{
	struct json_object *process = json_new();

	json_add(process, "name",
		 output_must(json_object_new_string(owner->name)));
	json_add_uint(process, "pid", owner->pid);
	return process;
}

/* Each process once, with all its descriptors of the socket. */
static struct json_object *processes_json(const struct tcpstates_owner *owner,
					  size_t nr)
{
	struct json_object *list = json_new_list(), *process, *fds = NULL;
	size_t i;

	for (i = 0; i < nr; i++) {
		if (!i || owner[i].pid != owner[i - 1].pid) {
			process = process_json(&owner[i]);
			fds = json_new_list();
			json_add(process, "fds", fds);
			json_append(list, process);
		}
		json_append(fds, output_must(json_object_new_int(owner[i].fd)));
	}
	return list;
}

/**
 * whose_json() - members process, processes, uid, inode, cgroup, cgroup_path
 * @whose:	who is asked
 * @object:	where to
 * @inode:	of the socket's file
 * @uid:	the user
 * @cgroup:	the number of the cgroup
 */
void whose_json(struct whose *whose, struct json_object *object,
		const struct tcpstates_num *inode,
		const struct tcpstates_num *uid,
		const struct tcpstates_num *cgroup)
{
	const struct tcpstates_owner *owner;
	size_t nr;

	owner = owners_of(whose, inode, &nr);
	json_add(object, "process", nr ? process_json(owner) : NULL);
	json_add(object, "processes",
		 whose->lean ? NULL : processes_json(owner, nr));
	json_add_num(object, "uid", uid);
	json_add_num(object, "inode", inode);
	json_add_num(object, "cgroup", cgroup);
	json_add_word(object, "cgroup_path", whose_path(whose, cgroup));
}

/**
 * whose_end() - forget it all
 * @whose:	who was asked
 */
void whose_end(struct whose *whose)
{
	tcpstates_owners_free(whose->owners);
	free(whose->path);
	free(whose->user);
}
