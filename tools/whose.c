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
 * @options:	-n
 */
void whose_begin(struct whose *whose, const struct options *options)
{
	memset(whose, 0, sizeof(*whose));
	whose->numeric = options->given['n'];
	whose->owners = output_must(tcpstates_owners_new());
}

/**
 * whose_want() - this one will be printed
 * @whose:	who is asked
 * @inode:	of the socket's file
 */
void whose_want(struct whose *whose, const struct tcpstates_num *inode)
{
	if (inode->known && tcpstates_owners_want(whose->owners, inode->value))
		output_must(NULL);
}

/**
 * whose_find() - look for the processes, and say what could not be seen
 * @whose:	who is asked
 */
void whose_find(struct whose *whose)
{
	int denied = tcpstates_owners_find(whose->owners);

	if (denied < 0)
		output_error("cannot read /proc: processes are not shown");
	else if (denied)
		output_error("%d processes cannot be looked into: run as root to see theirs",
			     denied);
}

/**
 * whose_process() - fill the next cell: NAME/PID
 * @whose:	who is asked
 * @table:	the table
 * @inode:	of the socket's file
 */
void whose_process(struct whose *whose, struct table *table,
		   const struct tcpstates_num *inode)
{
	const char *name = NULL;
	char text[128] = "-";
	int pid;

	if (inode->known)
		name = tcpstates_owner_of(whose->owners, inode->value, &pid);
	if (name)
		snprintf(text, sizeof(text), "%s/%d", name, pid);
	table_safe(table, text);
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
	const struct passwd *user = NULL;

	if (uid->known && !whose->numeric)
		user = getpwuid((uid_t)uid->value);
	if (user)
		table_text(table, user->pw_name);
	else
		table_num(table, uid);
}

/* Most sockets in a row have the same. */
static const char *path_of(struct whose *whose,
			   const struct tcpstates_num *cgroup)
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
	const char *path = path_of(whose, cgroup);

	if (path)
		table_text(table, path);
	else
		table_num(table, cgroup);
}

/**
 * whose_json() - members process, uid, inode, cgroup, cgroup_path
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
	struct json_object *process = NULL;
	const char *name = NULL;
	int pid = 0;

	if (inode->known)
		name = tcpstates_owner_of(whose->owners, inode->value, &pid);
	if (name) {
		process = json_new();
		json_add(process, "name",
			 output_must(json_object_new_string(name)));
		json_add_uint(process, "pid", pid);
	}
	json_add(object, "process", process);
	json_add_num(object, "uid", uid);
	json_add_num(object, "inode", inode);
	json_add_num(object, "cgroup", cgroup);
	json_add_word(object, "cgroup_path", path_of(whose, cgroup));
}

/**
 * whose_end() - forget it all
 * @whose:	who was asked
 */
void whose_end(struct whose *whose)
{
	tcpstates_owners_free(whose->owners);
	free(whose->path);
}
