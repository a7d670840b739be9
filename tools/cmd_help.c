// SPDX-License-Identifier: GPL-2.0
/*
 * tcpstatectl help
 */
#include <stdio.h>

#include "tcpstatectl.h"

static void print_option(const struct option_info *info)
{
	char name[40];

	snprintf(name, sizeof(name), "--%s%s%s", info->name,
		 info->arg ? " " : "", info->arg ? info->arg : "");
	if (info->letter > ' ')
		printf("  -%c, %-15s %s\n", info->letter, name, info->summary);
	else
		printf("      %-15s %s\n", name, info->summary);
}

static void list_options(const struct verb *verb)
{
	const struct option_info *info;

	puts("\nOptions:");
	for (info = option_infos; info->name; info++)
		if (verb_takes(verb, info->letter))
			print_option(info);
}

/**
 * help_verb() - print what one command does
 * @verb:	the command
 *
 * Return: exit status.
 */
int help_verb(const struct verb *verb)
{
	printf("Usage: tcpstatectl %s [OPTIONS]%s%s\n\n%s", verb->name,
	       *verb->args ? " " : "", verb->args, verb->text);
	list_options(verb);
	return STATUS_DONE;
}

static int help_all(void)
{
	const struct verb *verb;

	puts("Usage: tcpstatectl [OPTIONS] [COMMAND]\n\n"
	     "Shows what the tcpstates kernel module knows of the TCP\n"
	     "connections in this network namespace.\n\n"
	     "Commands:");
	for (verb = verbs; verb->name; verb++)
		printf("  %-14s %s\n", verb->name, verb->summary);
	list_options(NULL);
	puts("\nExit status: 0 done, 1 wrong usage, 2 the module is not loaded or\n"
	     "the kernel refused.  The manual: man tcpstatectl");
	return STATUS_DONE;
}

/**
 * cmd_help() - run "help"
 * @options:	not looked at
 * @argc:	0 or 1
 * @argv:	the command to explain
 *
 * Return: exit status.
 */
int cmd_help(const struct options *options, int argc, char **argv)
{
	const struct verb *verb;

	(void)options;
	if (!argc)
		return help_all();
	verb = verb_find(argv[0]);
	return verb ? help_verb(verb) : STATUS_USAGE;
}
