// SPDX-License-Identifier: GPL-2.0
/*
 * The options, and what is said about wrong ones.
 */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "nearest.h"
#include "output.h"
#include "tcpstatectl.h"

#define OPTIONS_MAX	24

const struct option_info option_infos[] = {
	{ 'j', "json",		NULL,	"print JSON, on one line" },
	{ 'p', "pretty",	NULL,	"print JSON, indented" },
	{ 'n', "numeric",	NULL,	"print numbers of users, not names" },
	{ 'P', "percentiles",	NULL,	"print percentiles, not bars" },
	{ 'f', "follow",	NULL,	"print alerts as they are raised and cleared" },
	{ OPT_EXEC, "exec",	"CMD",	"run a command for each of them" },
	{ 'N', "netns",		"NAME",	"look into that network namespace (name or PID)" },
	{ OPT_ALL_NETNS, "all-netns", NULL, "look into all network namespaces" },
	{ OPT_NO_PROCESSES, "no-processes", NULL, "do not look for the processes" },
	{ OPT_INTERVAL, "interval", "SECS", "again and again, so many seconds apart" },
	{ OPT_COUNT, "count", "TIMES", "end after so many times" },
	{ OPT_COLOR, "color", "WHEN", "colours: auto, always or never" },
	{ 'h', "help",		NULL,	"print help, of a command if one is given" },
	{ 'V', "version",	NULL,	"the same as the command version" },
	{ 0 }
};

/**
 * verb_takes() - whether a command takes an option
 * @verb:	the command, NULL stands for any
 * @letter:	the option
 *
 * Return: true if so.
 */
bool verb_takes(const struct verb *verb, char letter)
{
	return !verb || letter == 'h' || letter == 'V' || letter == 'N' ||
	       letter == OPT_COLOR || strchr(verb->options, letter);
}

static const struct option_info *option_find(int letter)
{
	const struct option_info *info;

	for (info = option_infos; info->name; info++)
		if (info->letter == letter)
			return info;
	return NULL;
}

/* All options, as getopt_long() wants them. */
static void list_options(struct option *longs, char *letters)
{
	const struct option_info *info;

	for (info = option_infos; info->name; info++) {
		*longs++ = (struct option){
			.name = info->name,
			.has_arg = info->arg ? required_argument : no_argument,
			.val = info->letter,
		};
		if (info->letter < ' ')
			continue;
		*letters++ = info->letter;
		if (info->arg)
			*letters++ = ':';
	}
	*longs = (struct option){ 0 };
	*letters = '\0';
}

/**
 * options_nearest() - the long option that was probably meant
 * @typed:	what was typed, without dashes
 *
 * Return: its name.
 */
const char *options_nearest(const char *typed)
{
	const char *names[OPTIONS_MAX] = { NULL };
	const struct option_info *info;

	for (info = option_infos; info->name; info++)
		names[info - option_infos] = info->name;
	return nearest_word(typed, names);
}

/* Say what getopt_long() stumbled over: @word, or the letter in optopt. */
static void bad_option(const char *word)
{
	char safe[64], letter[2] = { (char)optopt };
	const struct option_info *info = option_find(optopt);

	tcpstates_escape(safe, sizeof(safe), optopt ? letter : word);
	if (info && info->arg)
		output_error("option '--%s' wants a value: %s", info->name,
			     info->arg);
	else if (info)
		output_error("option '--%s' takes no value", info->name);
	else if (optopt)
		output_error("no option '-%s': see 'tcpstatectl help'", safe);
	else
		output_error("no option '%s': did you mean '--%s'?", safe,
			     options_nearest(word + 2));
}

/**
 * options_parse() - parse options, say what is wrong with them
 * @options:	where to note them
 * @argc:	number of words
 * @argv:	words; the first is passed over, options are moved to the front
 *
 * Return: index of the first word that is no option, or -1 after a message.
 */
int options_parse(struct options *options, int argc, char **argv)
{
	struct option longs[OPTIONS_MAX];
	char letters[2 * OPTIONS_MAX];
	int letter;

	list_options(longs, letters);
	opterr = 0;
	while ((letter = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (letter == '?') {
			bad_option(argv[optind - 1]);
			return -1;
		}
		options->given[letter] = true;
		options->value[letter] = optarg;
	}
	return optind;
}

/**
 * options_fit() - say so if a command does not take what was given
 * @options:	what was given
 * @verb:	the command
 *
 * Return: true if it takes all of them.
 */
bool options_fit(const struct options *options, const struct verb *verb)
{
	const struct option_info *info;

	for (info = option_infos; info->name; info++) {
		if (!options->given[(int)info->letter] ||
		    verb_takes(verb, info->letter))
			continue;
		output_error("'%s' has no option '--%s': see 'tcpstatectl help %s'",
			     verb->name, info->name, verb->name);
		return false;
	}
	return true;
}
