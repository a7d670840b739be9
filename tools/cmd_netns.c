// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl netns
 */
#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <linux/tcpstates.h>

#include "conns.h"

#define NAMED	"/run/netns"

/**
 * struct space - one namespace
 * @netns:	what the module knows
 * @name:	of "ip netns"; NULL: none
 * @pid:	a process in it; 0: none that can be seen
 */
struct space {
	struct tcpstates_netns netns;
	char *name;
	int pid;
};

struct list {
	struct space *space;
	size_t nr, room;
};

static int collect(const struct tcpstates_netns *netns, void *arg)
{
	struct list *list = arg;

	if (list->nr == list->room) {
		list->room = list->room ? 2 * list->room : 64;
		list->space = output_must(reallocarray(list->space, list->room,
						       sizeof(*list->space)));
	}
	list->space[list->nr++] = (struct space){ .netns = *netns };
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct space *x = a, *y = b;

	return (x->netns.ino > y->netns.ino) - (x->netns.ino < y->netns.ino);
}

static struct space *find(const struct list *list, unsigned long long ino)
{
	struct space key = { .netns.ino = ino };

	return list->nr ? bsearch(&key, list->space, list->nr, sizeof(key),
				  compare) : NULL;
}

static void add_name(const struct list *list, const char *name)
{
	struct space *space;
	struct stat st;
	char path[512];

	snprintf(path, sizeof(path), NAMED "/%.400s", name);
	if (*name == '.' || stat(path, &st))
		return;
	space = find(list, st.st_ino);
	if (space && !space->name)
		space->name = output_must(strdup(name));
}

static void add_pid(const struct list *list, const char *pid)
{
	struct space *space;
	struct stat st;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%.20s/ns/net", pid);
	if (!isdigit((unsigned char)*pid) || stat(path, &st))
		return;
	space = find(list, st.st_ino);
	if (space && !space->pid)
		space->pid = atoi(pid);
}

static void look_through(const char *path, const struct list *list,
			 void (*add)(const struct list *list, const char *name))
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return;
	while ((entry = readdir(dir)))
		add(list, entry->d_name);
	closedir(dir);
}

static unsigned long long total(const struct space *space)
{
	unsigned long long sum = 0;
	unsigned int i;

	for (i = 1; i <= TCPSTATES_STATES; i++)
		if (i != TCPSTATES_TCP_STATE_LISTEN)
			sum += space->netns.current[i].value;
	return sum;
}

static void print_text(const struct list *list)
{
	static const struct column columns[] = {
		{ "NETNS", ALIGN_LEFT }, { "NAME", ALIGN_LEFT },
		{ "PID", ALIGN_RIGHT }, { "LISTEN", ALIGN_RIGHT },
		{ "SYN_RECV", ALIGN_RIGHT }, { "ESTABLISHED", ALIGN_RIGHT },
		{ "CLOSE_WAIT", ALIGN_RIGHT }, { "TIME_WAIT", ALIGN_RIGHT },
		{ "ALL", ALIGN_RIGHT },
		{ 0 }
	};
	static const unsigned int shown[] = {
		TCPSTATES_TCP_STATE_LISTEN, TCPSTATES_TCP_STATE_SYN_RECV,
		TCPSTATES_TCP_STATE_ESTABLISHED,
		TCPSTATES_TCP_STATE_CLOSE_WAIT, TCPSTATES_TCP_STATE_TIME_WAIT,
	};
	struct table *table = table_new(columns);
	const struct space *space = list->space;
	struct tcpstates_num num = { .known = true };
	size_t i;

	for (; space < list->space + list->nr; space++) {
		num.value = space->netns.ino;
		table_num(table, &num);
		table_text(table, space->name ? space->name : "-");
		num = (struct tcpstates_num){ space->pid, space->pid };
		table_num(table, &num);
		for (i = 0; i < sizeof(shown) / sizeof(shown[0]); i++)
			table_num(table, &space->netns.current[shown[i]]);
		num = (struct tcpstates_num){ total(space), true };
		table_num(table, &num);
	}
	table_print(table);
}

static struct json_object *space_json(const struct space *space)
{
	struct json_object *object = json_new(), *states = json_new();
	struct tcpstates_num pid = { space->pid, space->pid };
	unsigned int i;
	char name[32], *c;

	json_add_uint(object, "netns", space->netns.ino);
	json_add_word(object, "name", space->name);
	json_add_num(object, "pid", &pid);
	for (i = 1; i <= TCPSTATES_STATES; i++) {
		if (i == TCPSTATES_TCP_STATE_CLOSED)
			continue;
		snprintf(name, sizeof(name), "%s", tcpstates_state_name(i));
		for (c = name; *c; c++)
			*c = (char)tolower((unsigned char)*c);
		json_add_num(states, name, &space->netns.current[i]);
	}
	json_add(object, "current", states);
	return object;
}

static void print_json(const struct list *list, bool pretty)
{
	struct json_object *root = json_new(), *spaces = json_new_list();
	size_t i;

	json_add_uint(root, "version", 1);
	for (i = 0; i < list->nr; i++)
		json_append(spaces, space_json(&list->space[i]));
	json_add(root, "netns", spaces);
	output_json(root, pretty);
}

static void print(const struct options *options, struct list *list)
{
	size_t i;

	if (list->nr)
		qsort(list->space, list->nr, sizeof(*list->space), compare);
	look_through(NAMED, list, add_name);
	look_through("/proc", list, add_pid);
	if (options->given['j'] || options->given['p'])
		print_json(list, options->given['p']);
	else
		print_text(list);
	for (i = 0; i < list->nr; i++)
		free(list->space[i].name);
}

/**
 * cmd_netns() - run "netns"
 * @options:	-j, -p
 * @argc:	not looked at
 * @argv:	not looked at
 *
 * Return: exit status.
 */
int cmd_netns(const struct options *options, int argc, char **argv)
{
	struct tcpstates_error error;
	struct list list = { 0 };
	struct tcpstates_nl *nl;
	int status = conns_open(&nl);

	(void)argc;
	(void)argv;
	if (status)
		return status;
	if (tcpstates_netns(nl, collect, &list, &error))
		status = conns_fail(&error);
	else
		print(options, &list);
	free(list.space);
	tcpstates_nl_close(nl);
	return status;
}
