// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl netns
 */
#include <ctype.h>
#include <stdio.h>

#include <linux/tcpstates.h>

#include "interval.h"
#include "spaces.h"
#include "tcpstatectl.h"

static unsigned long long total(const struct space *space)
{
	unsigned long long sum = 0;
	unsigned int i;

	for (i = 1; i <= TCPSTATES_STATES; i++)
		if (i != TCPSTATES_TCP_STATE_LISTEN)
			sum += space->netns.current[i].value;
	return sum;
}

static void print_text(const struct spaces *spaces,
		       const struct interval *interval)
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
	const struct space *space = spaces->space;
	struct tcpstates_num num = { .known = true };
	size_t i;

	for (; space < spaces->space + spaces->nr; space++) {
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
	if (interval->passed)
		putchar('\n');
	table_print(table);
}

static struct json_object *one_json(const struct space *space)
{
	struct json_object *object = json_new(), *states = json_new();
	unsigned int i;
	char name[32], *c;

	space_json(object, space);
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

static void print_json(const struct spaces *spaces,
		       const struct interval *interval, bool pretty)
{
	struct json_object *root = json_new(), *list = json_new_list();
	size_t i;

	json_add_uint(root, "version", 1);
	for (i = 0; i < spaces->nr; i++)
		json_append(list, one_json(&spaces->space[i]));
	json_add(root, "netns", list);
	interval_json(interval, root);
	output_json(root, pretty);
}

static int run_turn(const struct interval *interval, void *arg)
{
	const struct options *options = arg;
	struct spaces spaces;
	int status = spaces_get(&spaces);

	if (!status && (options->given['j'] || options->given['p']))
		print_json(&spaces, interval, options->given['p']);
	else if (!status)
		print_text(&spaces, interval);
	spaces_free(&spaces);
	return status;
}

/**
 * cmd_netns() - run "netns"
 * @options:	-j, -p, --interval, --count
 * @argc:	not looked at
 * @argv:	not looked at
 *
 * Return: exit status.
 */
int cmd_netns(const struct options *options, int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return interval_run(options, run_turn, (void *)options);
}
